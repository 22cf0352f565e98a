"""The event table of a stream tab: the events under one another, the cursor as the selected row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetrics, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QVBoxLayout, QWidget

from explorer.ui.look import icons, theme
from explorer.ui.parts.chip import Chip
from explorer.ui.parts.find_bar import FindBar
from explorer.ui.parts.painted_table import PaintedTable, Place
from explorer.ui.parts.written import Written
from explorer.ui.stream.event_model import Column, EventModel

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
NEAR_END = 50  # pixels within which the table counts as standing at its end
WATCH = 80  # pixels of a watch that is a column
NARROW = 420  # pixels below which the titles are short
DOT = 8  # pixels of the dot in the colour of the type


def shortened(name: str, metrics: QFontMetrics, room: int) -> str:
    """An event type cut to the room at the beginning of a word: what tells types apart stands at the end.

    `CustomerCreditReserved` becomes `…CreditReserved`, `io.eventuate.OrderCreated` `…OrderCreated`.
    """
    if metrics.horizontalAdvance(name) <= room:
        return name
    for word in _WORD.finditer(name):
        cut = f"…{name[word.start() :]}"
        if word.start() and metrics.horizontalAdvance(cut) <= room:
            return cut
    return metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)


class _Cells:
    """Paints every row straight from the columns, in the fonts and colours of one theme and zoom: asking the model role
    by role takes several times as long, and a jump paints them all."""

    def __init__(self, model: EventModel) -> None:
        self._model = model
        colours = theme.colours()
        sans = theme.sans_font()
        self._sans, self._mono = Written(sans, fixed=False), Written(theme.mono_font(), fixed=True)
        self._small = theme.sans_font(10)
        metrics = QFontMetrics(sans)
        self._shortened = lru_cache(maxsize=500)(lambda name, room: shortened(name, metrics, room))
        self._dot, self._flag, self._gap = theme.scaled(DOT), theme.scaled(14), theme.scaled(6)
        self._selection, self._accent = QColor(colours.selection), QColor(colours.accent)
        self._text, self._move, self._base = QColor(colours.text), QColor(colours.move), QColor(colours.base)

    def paint_row(
        self, painter: QPainter, ordinal: int, top: int, height: int, places: Sequence[Place], selected: bool
    ) -> None:
        model = self._model
        back = self._selection if selected else model.background(ordinal)
        shown = model.row(ordinal)
        for column, left, width in places:
            if back is not None:
                painter.fillRect(left, top, width, height, back)
            words, colour = shown[column]
            painter.setPen(self._text if colour is None else colour)
            if column == Column.TYPE:
                self._paint_type(painter, ordinal, left, top, width, height, words)
                continue
            self._mono.draw(painter, left, top, width - self._gap, height, words, "right")
            if column == Column.NUMBER:
                if selected:
                    painter.fillRect(left, top, 2, height, self._accent)
                if mark := model.mark(ordinal):
                    self._paint_flag(painter, left, top, height, mark)
            elif column == Column.CHANGES and (sign := model.sign(ordinal)):
                where = QPoint(left + theme.S, top + (height - self._flag) // 2)
                icons.paint(painter, sign, where, self._flag, getattr(theme.colours(), sign))

    def _paint_type(
        self, painter: QPainter, ordinal: int, left: int, top: int, width: int, height: int, words: str
    ) -> None:
        left, room = left + 2 * self._gap + self._dot, width - 3 * self._gap - self._dot - 1
        note = self._model.note(ordinal)
        if note and room > self._flag + self._gap:
            room -= self._flag + self._gap
        else:
            note = ""
        if room > 0:
            self._sans.draw(painter, left, top, room, height, self._shortened(words, room))
        if note:
            where = QPoint(left + room + self._gap, top + (height - self._flag) // 2)
            icons.paint(painter, note, where, self._flag, theme.colours().accent)
        icons.paint_dot(
            painter, left - self._gap - self._dot, top + height // 2, self._dot, self._model.colour(ordinal)
        )

    def _paint_flag(self, painter: QPainter, left: int, top: int, height: int, mark: str) -> None:
        """The letter of an event that is marked for compare."""
        side = self._flag
        flag = QRect(left + theme.S, top + (height - side) // 2, side, side)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._move)
        painter.drawRoundedRect(flag, 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self._base)
        painter.setFont(self._small)
        painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, mark)


class EventTable(PaintedTable):
    """`wanted` says which ordinal the user moved to; `set_cursor` puts the selection there without saying so."""

    wanted = Signal(int)
    menu_wanted = Signal(int, QPoint)  # ordinal, where on the screen
    scrolled = Signal()
    copied = Signal()

    def __init__(self, model: EventModel, parent: QWidget | None = None) -> None:
        super().__init__("Events", parent)
        self.events = model
        self._silent = False
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(theme.scaled(28))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(Column.TYPE, QHeaderView.ResizeMode.Stretch)
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        model.columnsInserted.connect(self._columns_changed)
        model.columnsRemoved.connect(self._columns_changed)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self.scrolled.emit())
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        self._cells = _Cells(self.events)
        self.verticalHeader().setDefaultSectionSize(theme.row_height())
        self.fit_columns()
        self.viewport().update()

    def paint_row(
        self, painter: QPainter, row: int, top: int, height: int, places: Sequence[Place], selected: bool
    ) -> None:
        self._cells.paint_row(painter, row, top, height, places, selected)

    def fit_columns(self) -> None:
        """Widths by the longest that numbers and times can be: no look at the rows."""
        advance = QFontMetrics(theme.mono_font()).horizontalAdvance("0000000000") / 10
        versions = self.events.timeline.versions
        digits = len(str(versions[-1])) if versions else 2
        padding = theme.scaled(12)
        narrow = self.width() < theme.scaled(NARROW)
        self.events.set_narrow(narrow)
        time = {"relative": 12, "delta": 12}.get(self.events.mode, 18)
        changes = theme.scaled(44)
        if not narrow:
            changes = self.horizontalHeader().fontMetrics().horizontalAdvance("Changes") + padding
        self.setColumnWidth(Column.NUMBER, round(max(digits, 2) * advance) + padding + theme.scaled(14))
        self.setColumnWidth(Column.TIME, round(time * advance) + padding)
        self.setColumnWidth(Column.CHANGES, changes)
        watched = self.events.columnCount() > Column.WATCH
        self.setColumnHidden(Column.CHANGES, watched and narrow)  # else there is no room for the types
        if watched:
            self.setColumnWidth(Column.WATCH, theme.scaled(WATCH))

    def _columns_changed(self) -> None:
        self.fit_columns()
        if self.currentIndex().isValid():
            self.selectionModel().clearSelection()  # it does not reach over a new column by itself
            self.set_cursor(self.currentIndex().row())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        cursor, height = self.currentIndex().row(), self.verticalHeader().defaultSectionSize()
        above = cursor * height - self.verticalScrollBar().value()
        if 0 <= above <= event.oldSize().height() - height:
            self._bring_into_sight(cursor)  # what came above or below took its place
        if (self.width() < theme.scaled(NARROW)) != self.events.narrow:
            self.fit_columns()

    # -- the cursor -------------------------------------------------------------------------------------------------

    def set_cursor(self, ordinal: int) -> None:
        """Select this event and bring it into sight."""
        index = self.events.index(ordinal, Column.TYPE)
        if not index.isValid():
            return
        self._silent = True
        self.setCurrentIndex(index)
        self._silent = False
        self._bring_into_sight(ordinal)

    def _bring_into_sight(self, ordinal: int) -> None:
        """As `scrollTo` does, which asks for the place of every column."""
        bar, height = self.verticalScrollBar(), self.verticalHeader().defaultSectionSize()
        room = self.viewport().height()
        if bar.value() > ordinal * height:
            bar.setValue(ordinal * height)
        elif bar.value() + room < (ordinal + 1) * height:
            bar.setValue((ordinal + 1) * height - room)

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not self._silent and current.isValid():
            self.wanted.emit(current.row())

    # -- the end ----------------------------------------------------------------------------------------------------

    def at_end(self) -> bool:
        """Whether the last row is in sight, or nearly."""
        bar = self.verticalScrollBar()
        return bar.maximum() - bar.value() <= NEAR_END

    # -- keys and menu ----------------------------------------------------------------------------------------------

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here, not the beginning of a search."""

    def keyPressEvent(self, event: object) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):  # type: ignore[attr-defined]
            self.copied.emit()
            return
        super().keyPressEvent(event)  # type: ignore[arg-type]

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            where = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
        else:
            where = event.globalPos()
        if index.isValid():
            self.menu_wanted.emit(index.row(), where)


class EventPane(QWidget):
    """The table with its find line and the chip that says how many arrived below."""

    def __init__(self, model: EventModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = EventTable(model, self)
        self.finder = FindBar(self._search, self)
        self.finder.closed.connect(self.table.setFocus)
        self.chip = Chip(self.table)
        self.chip.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.table, 1)
        whole.addWidget(self.finder)

    # -- new rows below ---------------------------------------------------------------------------------------------

    def count_new(self, number: int) -> None:
        """So many more rows were added below what is in sight."""
        self.chip.say(self.chip.count + number)

    def no_new(self) -> None:
        self.chip.say(0)

    # -- finding ----------------------------------------------------------------------------------------------------

    def _search(self, what: str, direction: int, again: bool) -> str:
        model = self.table.events
        start = self.table.currentIndex().row() + (direction if again else 0)
        found = model.timeline.find(what, max(start, 0) if not again else start, direction)
        if found is None:
            return "nothing found"
        self.table.wanted.emit(found)
        return f"v {model.timeline.versions[found]}"
