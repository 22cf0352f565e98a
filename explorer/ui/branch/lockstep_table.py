"""Base and branch side by side, a line for each event of either; one cursor for both."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, Signal
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
_ABOUT = (Column.SIGN, Column.HOW)


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

    def paint_row(
        self,
        painter: QPainter,
        number: int,
        top: int,
        height: int,
        places: Sequence[Place],
        *,
        selected: bool,
        stale: bool,
    ) -> None:
        colours, row = theme.colours(), self._model.row(number)
        mark = "" if row is None else MARKS.get(row.how, "")
        fore, back = theme.mark_colours(mark)
        gone = mark == "-"
        failed, diverges = row is not None and bool(row.error), number == self._model.diverges
        for column, left, width in places:
            words = self._model.text(number, column)
            mine = column >= Column.BRANCH_VERSION  # the side of the branch
            if selected:
                painter.fillRect(left, top, width, height, QColor(colours.selection))
                if column == Column.SIGN:
                    painter.fillRect(left, top, 2, height, QColor(colours.accent))
            elif failed and mine:
                painter.fillRect(left, top, width, height, QColor(colours.error_back))
            elif mark and (column == Column.SIGN or mine != gone):
                painter.fillRect(left, top, width, height, back)
            if diverges:
                painter.fillRect(left, top, width, theme.scaled(2), QColor(colours.what_if))
            marked = mark and (column in _ABOUT or mine != gone)
            colour = fore if marked else QColor(colours.muted if column in _VERSIONS else colours.text)
            if failed and column in _ABOUT:
                colour = QColor(colours.error)
            elif diverges and not mark and column in _ABOUT:
                colour = QColor(colours.what_if)
            if stale or row is None:
                colour = QColor(colours.faint)
            painter.setPen(colour)
            if column == Column.SIGN:
                self._paint_sign(painter, left, top, width, height, words)
            elif column in _VERSIONS:
                self._mono.draw(painter, left, top, width - self._gap, height, words, "right")
            elif column == Column.HOW:
                self._sans.draw(painter, left + self._gap, top, width - 2 * self._gap, height, words)
            elif words:
                kind = "" if row is None else row.branch_type if mine else row.type
                written = self._gone if gone and not mine else self._sans
                self._paint_type(painter, left, top, width, height, words, kind, written)

    def _paint_sign(self, painter: QPainter, left: int, top: int, width: int, height: int, words: str) -> None:
        if words == "!":
            side = theme.scaled(14)
            where = QPoint(left + (width - side) // 2, top + (height - side) // 2)
            icons.paint(painter, "error", where, side, theme.colours().error)
            return
        self._mono.draw(painter, left, top, width, height, words, "center")

    def _paint_type(
        self, painter: QPainter, left: int, top: int, width: int, height: int, words: str, kind: str, written: Written
    ) -> None:
        begin, room = left + 2 * self._gap + self._dot, width - 3 * self._gap - self._dot - 1
        if room > 0:
            written.draw(painter, begin, top, room, height, shortened(words, self._metrics, room))
        colour = theme.type_colour(kind) if kind else theme.shade(theme.colours().faint)
        icons.paint_dot(painter, left + self._gap, top + height // 2, self._dot, colour)


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
        self._cells.paint_row(painter, row, top, height, places, selected=selected, stale=self.stale)

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
