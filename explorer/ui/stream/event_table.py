"""The event table of a stream tab: the events under one another, the cursor as the selected row."""

from __future__ import annotations

import re

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetrics, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from explorer.ui.look import icons, theme
from explorer.ui.parts.chip import Chip
from explorer.ui.parts.find_bar import FindBar
from explorer.ui.parts.table import set_up
from explorer.ui.stream.event_model import Column, EventModel

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
NEAR_END = 50  # pixels within which the table counts as standing at its end
WATCH = 80  # pixels of a watch that is a column
NARROW = 420  # pixels below which the titles are short
_SINGLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_LEFT, _RIGHT = _SINGLE | Qt.AlignmentFlag.AlignLeft, _SINGLE | Qt.AlignmentFlag.AlignRight
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


class _Delegate(QStyledItemDelegate):
    """Paints every cell straight from the columns: asking the model role by role takes several times as long, and a
    jump paints them all."""

    def __init__(self, model: EventModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.apply_theme()

    def apply_theme(self) -> None:
        """Fonts and colours are kept from one theme to the next."""
        colours = theme.colours()
        self._sans, self._mono, self._small = theme.sans_font(), theme.mono_font(), theme.sans_font(10)
        self._metrics = QFontMetrics(self._sans)
        self._dot, self._flag, self._gap = theme.scaled(DOT), theme.scaled(14), theme.scaled(6)
        self._selection, self._accent = QColor(colours.selection), QColor(colours.accent)
        self._text, self._move, self._base = QColor(colours.text), QColor(colours.move), QColor(colours.base)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        ordinal, column, area = index.row(), index.column(), option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        back = self._selection if selected else self._model.background(ordinal)
        if back is not None:
            painter.fillRect(area, back)
        painter.setPen(self._model.foreground(ordinal, column) or self._text)
        words = self._model.text(ordinal, column)
        if column == Column.TYPE:
            self._paint_type(painter, area, ordinal, words)
            return
        painter.setFont(self._mono)
        if column == Column.WATCH:
            words = QFontMetrics(self._mono).elidedText(
                words, Qt.TextElideMode.ElideRight, area.width() - 2 * self._gap
            )
        painter.drawText(area.adjusted(0, 0, -self._gap, 0), _RIGHT, words)
        if column == Column.NUMBER:
            if selected:
                painter.fillRect(QRect(area.left(), area.top(), 2, area.height()), self._accent)
            self._paint_flag(painter, area, ordinal)
        elif column == Column.CHANGES:
            self._paint_sign(painter, area, ordinal)

    def _paint_type(self, painter: QPainter, area: QRect, ordinal: int, words: str) -> None:
        left = area.left() + 2 * self._gap + self._dot
        note = self._model.note(ordinal)
        room = area.right() - self._gap - left
        if note and room > self._flag + self._gap:
            room -= self._flag + self._gap
        else:
            note = ""
        painter.setFont(self._sans)
        painter.drawText(
            QRect(left, area.top(), max(room, 0), area.height()), _LEFT, shortened(words, self._metrics, room)
        )
        if note:
            where = QPoint(area.right() - self._gap - self._flag, area.center().y() - self._flag // 2)
            icons.paint(painter, note, where, self._flag, theme.colours().accent)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._model.colour(ordinal))
        top = area.center().y() - self._dot / 2 + 0.5
        painter.drawEllipse(QRectF(area.left() + self._gap, top, self._dot, self._dot))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_flag(self, painter: QPainter, area: QRect, ordinal: int) -> None:
        """The letter of an event that is marked for compare."""
        mark = self._model.mark(ordinal)
        if mark:
            side = self._flag
            flag = QRect(area.left() + theme.S, area.center().y() - side // 2, side, side)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._move)
            painter.drawRoundedRect(flag, 3, 3)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(self._base)
            painter.setFont(self._small)
            painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, mark)

    def _paint_sign(self, painter: QPainter, area: QRect, ordinal: int) -> None:
        """An error of the reducer, or a flaw of the stream."""
        sign = self._model.sign(ordinal)
        if sign:
            side = self._flag
            where = QPoint(area.left() + theme.S, area.center().y() - side // 2)
            icons.paint(painter, sign, where, side, getattr(theme.colours(), sign))


class EventTable(QTableView):
    """`wanted` says which ordinal the user moved to; `set_cursor` puts the selection there without saying so."""

    wanted = Signal(int)
    menu_wanted = Signal(int, QPoint)  # ordinal, where on the screen
    scrolled = Signal()
    copied = Signal()

    def __init__(self, model: EventModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.events = model
        self._silent = False
        self.setModel(model)
        self._cells = _Delegate(model, self)
        self.setItemDelegate(self._cells)
        set_up(self, "Events")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setIconSize(theme.icon_size(14))
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
        self._cells.apply_theme()
        self.verticalHeader().setDefaultSectionSize(theme.row_height())
        self.fit_columns()
        self.viewport().update()

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
        self.scrollTo(index)
        self._silent = False

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
