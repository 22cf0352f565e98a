"""How a line of the streams panel is painted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from explorer.ui.look import text, theme
from explorer.ui.streams.streams_model import DETAIL_ROLE, FRESH_ROLE, NODE_ROLE, StreamRow

Index = QModelIndex | QPersistentModelIndex

_MIDDLE = Qt.AlignmentFlag.AlignVCenter
_SELECTED = QStyle.StateFlag.State_Selected
_MOUSE_OVER = QStyle.StateFlag.State_MouseOver


class StreamDelegate(QStyledItemDelegate):
    """Name at the left, version or count at the right; the category, muted, before the id in flat lists."""

    def __init__(self, parent: QAbstractItemView) -> None:
        super().__init__(parent)
        theme.signals().changed.connect(self._learn)
        self._learn()

    def _learn(self) -> None:
        """The fonts, colours and lengths of the present theme and zoom: made for each line they cost more than it."""
        colours = theme.colours()
        self._text, self._muted = QColor(colours.text), QColor(colours.muted)
        self._selection, self._flash, self._hover = map(QColor, (colours.selection, colours.flash, colours.hover))
        self._detail, self._prefix = _Written(theme.mono_font(11)), _Written(theme.sans_font(12))
        self._stream = _Written(theme.mono_font())
        self._category = _Written(theme.sans_font(weight=QFont.Weight.Medium))
        self._gap = theme.scaled(6)
        self._row = theme.row_height()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(40, self._row)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        node = index.data(NODE_ROLE)
        if state & _SELECTED:
            painter.fillRect(area, self._selection)
        elif index.data(FRESH_ROLE):
            painter.fillRect(area, self._flash)
        elif state & _MOUSE_OVER:
            painter.fillRect(area, self._hover)
        left, right = area.left() + theme.S, area.right() - theme.M
        top, height = area.top(), area.height()
        detail = index.data(DETAIL_ROLE) or ""
        width = self._detail.metrics.horizontalAdvance(detail)
        painter.setFont(self._detail.font)
        painter.setPen(self._muted)
        painter.drawText(QRect(right - width, top, width, height), _MIDDLE, detail)
        right -= width + theme.M
        written, mode = self._category, Qt.TextElideMode.ElideRight
        if isinstance(node, StreamRow):
            written, mode = self._stream, Qt.TextElideMode.ElideMiddle
            prefix = "" if index.parent().isValid() else text.shown(node.category, 30)
            if prefix:
                painter.setFont(self._prefix.font)
                painter.drawText(QRect(left, top, max(0, right - left), height), _MIDDLE, prefix)
                left += self._prefix.metrics.horizontalAdvance(prefix) + self._gap
        room = max(0, right - left)
        line = written.metrics.elidedText(index.data(Qt.ItemDataRole.DisplayRole), mode, room)
        painter.setFont(written.font)
        painter.setPen(self._text)
        painter.drawText(QRect(left, top, room, height), _MIDDLE, line)


class _Written:
    """A font, and how wide its letters are."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.metrics = QFontMetrics(font)
