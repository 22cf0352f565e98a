"""How a line of the streams panel is painted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from explorer.ui.look import text, theme
from explorer.ui.streams.streams_model import DETAIL_ROLE, FRESH_ROLE, NODE_ROLE, StreamRow

Index = QModelIndex | QPersistentModelIndex


class StreamDelegate(QStyledItemDelegate):
    """Name at the left, version or count at the right; the category, muted, before the id in flat lists."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(40, theme.row_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colours = theme.colours()
        painter.save()
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        node = index.data(NODE_ROLE)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(area, QColor(colours.selection))
        elif index.data(FRESH_ROLE):
            painter.fillRect(area, QColor(colours.flash))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(colours.hover))
        left, right = area.left() + theme.S, area.right() - theme.M
        middle = Qt.AlignmentFlag.AlignVCenter
        detail = index.data(DETAIL_ROLE) or ""
        small = theme.mono_font(11)
        painter.setFont(small)
        width = painter.fontMetrics().horizontalAdvance(detail)
        painter.setPen(QColor(colours.muted))
        painter.drawText(QRect(right - width, area.top(), width, area.height()), middle, detail)
        right -= width + theme.M
        words = index.data(Qt.ItemDataRole.DisplayRole)
        if isinstance(node, StreamRow):
            if not index.parent().isValid():
                prefix = text.shown(node.category, 30)
                painter.setFont(theme.sans_font(12))
                painter.drawText(QRect(left, area.top(), max(0, right - left), area.height()), middle, prefix)
                left += painter.fontMetrics().horizontalAdvance(prefix) + theme.scaled(6) if prefix else 0
            painter.setFont(theme.mono_font())
            mode = Qt.TextElideMode.ElideMiddle
        else:
            font = theme.sans_font()
            font.setWeight(font.Weight.Medium)
            painter.setFont(font)
            mode = Qt.TextElideMode.ElideRight
        painter.setPen(QColor(colours.text))
        room = max(0, right - left)
        line = painter.fontMetrics().elidedText(words, mode, room)
        painter.drawText(QRect(left, area.top(), room, area.height()), middle, line)
        painter.restore()
