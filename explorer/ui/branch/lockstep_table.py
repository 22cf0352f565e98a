"""Base and branch side by side, a line for each event of either; one cursor for both."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from explorer.ui.branch.lockstep_model import MARKS, Column, LockstepModel
from explorer.ui.look import icons, theme
from explorer.ui.parts.painted_table import PaintedTable, Place
from explorer.ui.parts.written import Written
from explorer.ui.stream.event_table import shortened
from explorer.ui.workspace import Workspace

DOT = 8  # pixels of the dot in the colour of the type
HOW = 190  # pixels of what is said about a row
_VERSIONS = (Column.VERSION, Column.BRANCH_VERSION)


class _Cells:
    """Paints every row, in the fonts and colours of one theme and zoom."""

    def __init__(self, model: LockstepModel) -> None:
        self._model = model
        gone = theme.sans_font()
        gone.setStrikeOut(True)
        self._metrics = QFontMetrics(theme.sans_font())
        self._sans, self._gone = Written(theme.sans_font(), fixed=False), Written(gone, fixed=False)
        self._mono = Written(theme.mono_font(), fixed=True)
        self._gap, self._dot = theme.scaled(6), theme.scaled(DOT)

    def paint(self, painter: QPainter, number: int, column: int, area: QRect, *, selected: bool, stale: bool) -> None:
        left, top, width, height = area.left(), area.top(), area.width(), area.height()
        colours, words = theme.colours(), self._model.text(number, column)
        row = self._model.row(number)
        mark = "" if row is None else MARKS.get(row.how, "")
        fore, back = theme.mark_colours(mark)
        gone = mark == "-"
        mine = column >= Column.BRANCH_VERSION  # the side of the branch
        if selected:
            painter.fillRect(area, QColor(colours.selection))
            if column == Column.SIGN:
                painter.fillRect(QRect(area.left(), area.top(), 2, area.height()), QColor(colours.accent))
        elif row is not None and row.error and mine:
            painter.fillRect(area, QColor(colours.error_back))
        elif mark and (column == Column.SIGN or mine != gone):
            painter.fillRect(area, back)
        if number == self._model.diverges:
            painter.fillRect(QRect(area.left(), area.top(), area.width(), theme.scaled(2)), QColor(colours.what_if))
        marked = mark and (column in (Column.SIGN, Column.HOW) or mine != gone)
        colour = fore if marked else QColor(colours.muted if column in _VERSIONS else colours.text)
        if row is not None and row.error and column in (Column.SIGN, Column.HOW):
            colour = QColor(colours.error)
        elif number == self._model.diverges and not mark:
            colour = QColor(colours.what_if) if column in (Column.SIGN, Column.HOW) else colour
        if stale or row is None:
            colour = QColor(colours.faint)
        painter.setPen(colour)
        if column == Column.SIGN:
            self._paint_sign(painter, area, words)
        elif column in _VERSIONS:
            self._mono.draw(painter, left, top, width - self._gap, height, words, "right")
        elif column == Column.HOW:
            self._sans.draw(painter, left + self._gap, top, width - 2 * self._gap, height, words)
        elif words:
            kind = "" if row is None else row.branch_type if mine else row.type
            self._paint_type(painter, area, words, kind, gone and not mine)

    def _paint_sign(self, painter: QPainter, area: QRect, words: str) -> None:
        if words == "!":
            side = theme.scaled(14)
            where = QPoint(area.center().x() - side // 2, area.center().y() - side // 2)
            icons.paint(painter, "error", where, side, theme.colours().error)
            return
        self._mono.draw(painter, area.left(), area.top(), area.width(), area.height(), words, "center")

    def _paint_type(self, painter: QPainter, area: QRect, words: str, kind: str, gone: bool) -> None:
        left = area.left() + 2 * self._gap + self._dot
        room = area.right() - self._gap - left
        if room > 0:
            cut = shortened(words, self._metrics, room)
            (self._gone if gone else self._sans).draw(painter, left, area.top(), room, area.height(), cut)
        colour = theme.type_colour(kind) if kind else theme.shade(theme.colours().faint)
        icons.paint_dot(painter, area.left() + self._gap, area.top() + area.height() // 2, self._dot, colour)


class LockstepTable(PaintedTable):
    """`moved` when the cursor stands in another row."""

    moved = Signal(int)
    edit_wanted = Signal()
    menu_wanted = Signal(int, QPoint)  # row, where on the screen

    def __init__(self, workspace: Workspace, model: LockstepModel, parent: QWidget | None = None) -> None:
        super().__init__("Events as stored and in the branch", parent)
        self._actions = workspace.actions
        self.lockstep = model
        self.stale = False
        self._silent = False
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(theme.scaled(24))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for column in (Column.TYPE, Column.BRANCH_TYPE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        self.doubleClicked.connect(lambda _index: self.edit_wanted.emit())
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        self._cells = _Cells(self.lockstep)
        self.verticalHeader().setDefaultSectionSize(theme.row_height())
        self.fit_columns()
        self.viewport().update()

    def paint_row(
        self, painter: QPainter, row: int, top: int, height: int, places: Sequence[Place], selected: bool
    ) -> None:
        for column, left, width in places:
            area = QRect(left, top, width, height)
            self._cells.paint(painter, row, column, area, selected=selected, stale=self.stale)

    def fit_columns(self) -> None:
        """Widths by the longest that versions can be; the types share what is left."""
        advance = QFontMetrics(theme.mono_font()).horizontalAdvance("0")
        digits = max(2, len(str(self.lockstep.rowCount())) * 4 // 3)
        self.setColumnWidth(Column.SIGN, theme.scaled(26))
        for column in _VERSIONS:
            self.setColumnWidth(column, digits * advance + theme.scaled(14))
        self.setColumnWidth(
            Column.HOW, max(min(theme.scaled(HOW), self.width() // 3), min(self.width() // 4, theme.scaled(340)))
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_columns()

    def set_stale(self, stale: bool) -> None:
        if stale != self.stale:
            self.stale = stale
            self.viewport().update()

    # -- the cursor ---------------------------------------------------------------------------------------------------

    @property
    def at(self) -> int:
        """The row of the cursor; -1 where there is none."""
        return self.currentIndex().row()

    def go_to(self, number: int) -> None:
        """Put the cursor in this row and bring it into sight, without saying so."""
        index = self.lockstep.index(number, Column.BRANCH_TYPE)
        if index.isValid():
            self._silent = True
            self.setCurrentIndex(index)
            self.scrollTo(index)
            self._silent = False

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not self._silent and current.isValid():
            self.moved.emit(current.row())

    # -- keys and menu ------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        # Keys that mean something else elsewhere in the window are the table's own while it has the focus.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._moves(event):
            event.accept()
            return True
        return super().event(event)

    def _moves(self, event: QKeyEvent) -> str:
        pressed = QKeySequence(event.keyCombination())
        for id in ("branch_up", "branch_down"):
            if any(QKeySequence(key) == pressed for key in self._actions.keys(id)):
                return id
        return ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if id := self._moves(event):
            self._actions.trigger(id)
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here, not the beginning of a search."""

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        if index.isValid():
            where = self.visualRect(index).bottomLeft() if keyboard else event.pos()
            self.menu_wanted.emit(index.row(), self.viewport().mapToGlobal(where))
