"""A table view over `RowsModel`, set up the same way everywhere: rows 24 px, hairlines, keys, copying."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.cells import Cells
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.painted_table import PaintedTable, Place

AT_END = 50  # pixels: nearer than this, the list stands at its end


class RowsTable(PaintedTable):
    """`opened` when a row is double-clicked or Enter is pressed on it."""

    opened = Signal(object)  # the row
    scrolled = Signal()

    def __init__(self, model: RowsModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.model_ = model
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.verticalHeader().setMinimumSectionSize(1)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(theme.scaled(32))
        for number, column in enumerate(model.columns):
            mode = QHeaderView.ResizeMode.Interactive if column.width else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(number, mode)
        self.doubleClicked.connect(self._open)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self.scrolled.emit())
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        self._cells = Cells(self.model_)
        self.verticalHeader().setDefaultSectionSize(theme.row_height())
        for number, column in enumerate(self.model_.columns):
            if column.width:
                self.setColumnWidth(number, theme.scaled(column.width))
        self.viewport().update()

    def paint_row(
        self, painter: QPainter, row: int, top: int, height: int, places: Sequence[Place], selected: bool
    ) -> None:
        self._cells.paint_row(painter, row, top, height, places, selected)

    # -- where it stands ----------------------------------------------------------------------------------------------

    def at_top(self) -> bool:
        return self.verticalScrollBar().value() <= AT_END

    def at_bottom(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.maximum() - bar.value() <= AT_END

    def keep(self, change: int) -> None:
        """`change` rows were added above (negative: removed): show what was shown before."""
        bar = self.verticalScrollBar()
        self.updateGeometries()
        bar.setValue(bar.value() + change * self.verticalHeader().defaultSectionSize())

    # -- opening and copying -------------------------------------------------------------------------------------------

    def _open(self, index: QModelIndex) -> None:
        row = self.model_.row(index)
        if row is not None:
            self.opened.emit(row)

    def selected_rows(self) -> list[object]:
        numbers = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return [self.model_.rows[number] for number in numbers]

    def copy(self) -> None:
        """The selected rows, columns parted by tabs."""
        lines = []
        for row in self.selected_rows():
            lines.append("\t".join(text.shown(column.text(row), 10_000) for column in self.model_.columns))
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._open(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(self.viewport().mapFromGlobal(event.globalPos()))
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
        self.show_menu(index, event.globalPos())

    def show_menu(self, index: QModelIndex, at: QPoint) -> None:
        row = self.model_.row(index)
        if row is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        cell = self.model_.columns[index.column()].text(row)
        menu.addAction(icon("copy"), "Copy value", lambda: QGuiApplication.clipboard().setText(cell))
        menu.addAction("Copy rows", self.copy)
        menu.popup(at)
