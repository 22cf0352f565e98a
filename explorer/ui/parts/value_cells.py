"""The cells of a tree of values: signs and writers in the gutter, names, values in the colours of their kinds."""

from __future__ import annotations

import math
from collections.abc import Iterable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from explorer.engine.messages import CUT, Row
from explorer.ui.look import text, theme
from explorer.ui.parts.painted_table import Place
from explorer.ui.parts.tree_nodes import CONTAINERS, Column
from explorer.ui.parts.written import Written

Index = QModelIndex | QPersistentModelIndex
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


class ValueCells(QStyledItemDelegate):
    """Cells in the colours of their marks and kinds, painted straight from the rows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.stale = False  # what is shown is not what was asked for last: grey
        self.writers = False  # beside each line the version that wrote it last
        self.version = 0  # of the state that is shown

    def apply_theme(self) -> None:
        """Fonts and colours are kept from one theme to the next."""
        colours = theme.colours()
        bold, gone = theme.mono_font(), theme.mono_font()
        bold.setBold(True)
        gone.setBold(True)
        gone.setStrikeOut(True)
        self._plain, self._bold = Written(theme.mono_font(), fixed=True), Written(bold, fixed=True)
        self._gone, self._small = Written(gone, fixed=True), Written(theme.mono_font(11), fixed=True)
        self._link = Written(theme.sans_font(12), fixed=False)
        self._height, self._writer = theme.row_height(), theme.scaled(WRITER)
        self._text, self._muted, self._faint = QColor(colours.text), QColor(colours.muted), QColor(colours.faint)
        self._accent = QColor(colours.accent)
        kinds = {"number": colours.accent, "boolean": colours.move, "null": colours.move, "bytes": colours.muted}
        self._kinds = {kind: QColor(colour) for kind, colour in kinds.items()}
        self._marks = {mark: theme.mark_colours(mark)[0] for mark in SIGNS}
        red, green, blue = self._accent.red(), self._accent.green(), self._accent.blue()
        self._grounds = [QColor(red, green, blue, alpha) for alpha in range(256)]

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.scaled(40), self._height)

    def paint_row(self, painter: QPainter, row: Row, top: int, height: int, places: Iterable[Place]) -> None:
        """Paint a value's mark, name and text."""
        mark = row.mark
        strong = mark in CHANGED
        written = self._gone if mark == "-" else self._bold if strong else self._plain
        for column, left, width in places:
            if column == Column.MARK:
                if self.writers:
                    self._paint_writer(painter, left, top, height, row.written)
                    left, width = left + self._writer, width - self._writer
                if mark:
                    painter.setPen(self._faint if self.stale else self._marks.get(mark, self._text))
                    self._bold.draw(painter, left, top, width, height, SIGNS.get(mark, ""), "center")
                continue
            words = row.key
            if column == Column.KEY:
                colour = self._marks[mark] if strong else self._text
            elif row.kind in CONTAINERS:
                words, colour = row.text, self._muted
                written = self._gone if mark == "-" else self._plain
            else:
                words = f'"{row.text}"' if row.kind == "string" else row.text
                colour = self._marks[mark] if strong else self._kinds.get(row.kind, self._text)
                if is_cut(row):
                    width = self._paint_link(painter, QRect(left, top, width, height), row)
            painter.setPen(self._faint if self.stale else colour)
            written.draw(painter, left + theme.S, top, width - 2 * theme.S, height, text.shown(words, 2 * CUT))

    def paint_more(self, painter: QPainter, left: int, top: int, width: int, height: int, words: str) -> None:
        """The line that stands for members that were not fetched."""
        painter.setPen(self._faint if self.stale else self._accent)
        self._link.draw(painter, left + theme.S, top, width - 2 * theme.S, height, words)

    def _paint_writer(self, painter: QPainter, left: int, top: int, height: int, version: int) -> None:
        """The version that wrote the line last, on a ground that is the stronger the newer it is."""
        if version > 0:
            ground = self._grounds[round(255 * heat(self.version - version))]
            painter.fillRect(left, top + 1, self._writer - 1, height - 2, ground)
        words = f"v{text.number(version)}" if version > 0 else "–" if version == 0 else ""
        painter.setPen(self._faint if self.stale else self._muted)
        self._small.draw(painter, left + 2, top, self._writer - 2 - theme.S, height, words, "right", cut_left=True)

    def _paint_link(self, painter: QPainter, area: QRect, row: Row) -> int:
        """Where what is cut can be opened; how much room is left beside it."""
        link = self.link_rect(area, row)
        painter.setPen(self._faint if self.stale else self._accent)
        self._link.draw(painter, link.left(), link.top(), link.width(), link.height(), link_text(row), "center")
        return max(0, link.left() - theme.M - area.left())

    def link_rect(self, area: QRect, row: Row) -> QRect:
        """The link stands at the right edge of the cell of the value."""
        width = math.ceil(self._link.width(link_text(row))) + theme.M
        return QRect(max(area.left(), area.right() - width), area.top(), width, area.height())
