"""Tables whose rows are painted straight from what is shown, without asking the style for each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import QAbstractItemModel, QItemSelectionModel, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

Place: TypeAlias = tuple[int, int, int]
"""Of a column that is in sight: its number, where it begins, how wide it is; pixels of the viewport."""


class PaintedTable(QTableView):
    """Whole rows of one height, without lines; nothing is edited in them, and Tab leaves the table.

    A subclass paints its rows straight from what it keeps: a style that is asked for each cell takes several times as
    long. What lies behind the table is not painted again together with it.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        if model is not None:
            # The header shows nothing of the selection; it would be painted again whenever that changes.
            self.horizontalHeader().setSelectionModel(QItemSelectionModel(model, self.horizontalHeader()))

    def selectRow(self, row: int) -> None:
        """Select this row alone, whatever keys somebody holds just now: Qt would not select with Ctrl."""
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(self.model().index(row, 0), flags.ClearAndSelect | flags.Rows)

    def paint_row(
        self, painter: QPainter, row: int, top: int, height: int, places: Sequence[Place], selected: bool
    ) -> None:
        """Paint what is in sight of a row. Plain numbers, as every object of Qt costs more than what it says."""
        raise NotImplementedError

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            self._paint(painter, event.rect())
        finally:  # Qt ends the program where a table goes whose painter has not ended
            painter.end()

    def _paint(self, painter: QPainter, area: QRect) -> None:
        viewport, header = self.viewport(), self.horizontalHeader()
        painter.fillRect(area, viewport.palette().color(viewport.backgroundRole()))
        row, height = self.rowAt(area.top()), self.verticalHeader().defaultSectionSize()
        if row < 0:
            return
        left, right = area.left(), area.right()
        places = [
            (column, at, width)
            for column in range(header.count())
            if (width := header.sectionSize(column))
            and (at := header.sectionViewportPosition(column)) <= right
            and at + width > left
        ]
        chosen = [(one.top(), one.bottom()) for one in self.selectionModel().selection().toList()]
        top = self.rowViewportPosition(row)
        for number in range(row, min(row + (area.bottom() - top) // height + 1, self.model().rowCount())):
            self.paint_row(painter, number, top, height, places, any(first <= number <= last for first, last in chosen))
            top += height
