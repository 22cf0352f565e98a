"""The cells of a tree of values: signs and writers in the gutter, names, values in the colours of their kinds."""

from __future__ import annotations

import math
from typing import Protocol

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from explorer.engine.messages import CUT, Row
from explorer.ui.look import text, theme
from explorer.ui.parts.tree_nodes import CONTAINERS, Column, TreeOfValues

Index = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine
CHANGED = ("+", "-", "~", ">")
SIGNS = {"+": "+", "-": "−", "~": "~", ">": ">", ".": "•"}
WRITER = 46  # pixels beside the signs for the version that wrote a line last
FRESH, OLD = 0.34, 0.05  # how strong the ground of such a version is: of the last event, and of one long ago


def is_cut(row: Row) -> bool:
    """Whether the row shows only the beginning of its value."""
    return row.kind not in CONTAINERS and row.size > CUT


def link_text(row: Row) -> str:
    return f"{extent(row)} · Open full"


def extent(row: Row) -> str:
    """How large a cut value is."""
    unit = "B" if row.kind == "bytes" else "characters"
    return f"{text.number(row.size)} {unit}"


def heat(age: int) -> float:
    """How strong the ground of a version is that is so many versions old, from 0 to 1."""
    return OLD + (FRESH - OLD) / (1 + math.log2(1 + max(0, age)))


class Tree(Protocol):
    """What cells ask of the tree that they are in."""

    @property
    def values(self) -> TreeOfValues: ...

    stale: bool
    writers: bool
    version: int


class ValueCells(QStyledItemDelegate):
    """Cells in the colours of their marks and kinds, painted straight from the rows."""

    def __init__(self, tree: Tree, parent: QWidget) -> None:
        super().__init__(parent)
        self._tree = tree

    def apply_theme(self) -> None:
        """Fonts and colours are kept from one theme to the next."""
        colours = theme.colours()
        self.plain, self.bold, self.gone, self.link = (
            theme.mono_font(),
            theme.mono_font(),
            theme.mono_font(),
            theme.sans_font(12),
        )
        self.small = theme.mono_font(11)
        self.bold.setBold(True)
        self.gone.setBold(True)
        self.gone.setStrikeOut(True)
        self._metrics = {
            id(font): QFontMetrics(font) for font in (self.plain, self.bold, self.gone, self.link, self.small)
        }
        self._height = theme.row_height()
        self._text, self._muted, self._faint = QColor(colours.text), QColor(colours.muted), QColor(colours.faint)
        self._accent = QColor(colours.accent)
        kinds = {"number": colours.accent, "boolean": colours.move, "null": colours.move, "bytes": colours.muted}
        self._kinds = {kind: QColor(colour) for kind, colour in kinds.items()}
        self._marks = {mark: theme.mark_colours(mark)[0] for mark in SIGNS}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.scaled(40), self._height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        node = self._tree.values.node_at(index)
        row, area, column = node.row, option.rect, index.column()
        if row is None:
            if column == Column.KEY:
                self._draw(painter, area, index.data(), self._accent, self.link)
            return
        mark = row.mark
        strong = mark in CHANGED
        font = self.gone if mark == "-" else self.bold if strong else self.plain
        if column == Column.MARK:
            if self._tree.writers:
                area = self._paint_writer(painter, area, row)
            if mark:
                painter.setFont(self.bold)
                painter.setPen(self._faint if self._tree.stale else self._marks.get(mark, self._text))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, SIGNS.get(mark, ""))
        elif column == Column.KEY:
            self._draw(painter, area, row.key, self._marks[mark] if strong else self._text, font)
        elif row.kind in CONTAINERS:
            self._draw(painter, area, row.text, self._muted, self.gone if mark == "-" else self.plain)
        else:
            if is_cut(row):
                area = self._paint_link(painter, area, row)
            colour = self._marks[mark] if strong else self._kinds.get(row.kind, self._text)
            self._draw(painter, area, f'"{row.text}"' if row.kind == "string" else row.text, colour, font)

    def _paint_writer(self, painter: QPainter, area: QRect, row: Row) -> QRect:
        """The version that wrote the line last, on a ground that is the stronger the newer it is; what room is left."""
        room = QRect(area.left(), area.top(), theme.scaled(WRITER), area.height())
        if row.written > 0:
            ground = QColor(self._accent)
            ground.setAlphaF(heat(self._tree.version - row.written))
            painter.fillRect(room.adjusted(0, 1, -1, -1), ground)
        words = f"v{text.number(row.written)}" if row.written > 0 else "–" if row.written == 0 else ""
        inner = room.adjusted(2, 0, -theme.S, 0)
        painter.setFont(self.small)
        painter.setPen(self._faint if self._tree.stale else self._muted)
        cut = self._metrics[id(self.small)].elidedText(words, Qt.TextElideMode.ElideLeft, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, cut)
        return QRect(room.right() + 1, area.top(), area.right() - room.right(), area.height())

    def _paint_link(self, painter: QPainter, area: QRect, row: Row) -> QRect:
        """Where what is cut can be opened; what room is left."""
        link = self.link_rect(area, row)
        painter.setFont(self.link)
        painter.setPen(self._faint if self._tree.stale else self._accent)
        painter.drawText(link, Qt.AlignmentFlag.AlignCenter, link_text(row))
        return QRect(area.left(), area.top(), max(0, link.left() - theme.M - area.left()), area.height())

    def link_rect(self, area: QRect, row: Row) -> QRect:
        """The link stands at the right edge of the cell of the value."""
        width = self._metrics[id(self.link)].horizontalAdvance(link_text(row)) + theme.M
        return QRect(max(area.left(), area.right() - width), area.top(), width, area.height())

    def _draw(self, painter: QPainter, area: QRect, words: str, colour: QColor, font: QFont) -> None:
        room = area.adjusted(theme.S, 0, -theme.S, 0)
        cut = self._metrics[id(font)].elidedText(text.shown(words, 2 * CUT), Qt.TextElideMode.ElideRight, room.width())
        painter.setFont(font)
        painter.setPen(self._faint if self._tree.stale else colour)
        painter.drawText(room, _LEFT, cut)
