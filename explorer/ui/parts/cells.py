"""How the cells of a `RowsTable` are painted: as the style would, at a quarter of its price.

A list that is alive is painted anew with every batch that arrives, a hundred and more cells each time, and the style
asks for eight roles of each and lays out its text. Here a cell is one line, an icon, and what lies behind them.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QStaticText
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem

from explorer.ui.look import text, theme
from explorer.ui.parts.models import Column, RowsModel

Index = QModelIndex | QPersistentModelIndex

_PADDING = 6  # pixels at zoom 100 %, as the style sheet has it
_MARGIN = 3  # pixels that the style leaves beside icon and text
_NARROW = 3.0  # pixels: no letter of the sans font that stands alone is narrower, at any zoom
_KEPT = 2_000  # lines of a font that are laid out


class Cells(QStyledItemDelegate):
    """The delegate of all columns of a table of rows."""

    def __init__(self, model: RowsModel, parent: QAbstractItemView) -> None:
        super().__init__(parent)
        self._model = model
        self._selection_model = parent.selectionModel()
        theme.signals().changed.connect(self._learn)
        self._learn()

    def _learn(self) -> None:
        """The fonts, colours and lengths of the present theme and zoom."""
        colours = theme.colours()
        self._text, self._selection = QColor(colours.text), QColor(colours.selection)
        self._mono, self._sans = _Written(theme.mono_font(), fixed=True), _Written(theme.sans_font(), fixed=False)
        self._inset = theme.scaled(_PADDING) + _MARGIN

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        number = index.row()
        if number >= len(self._model.rows):
            return
        row, column = self._model.rows[number], self._model.columns[index.column()]
        area: QRect = option.rect
        # Not asked of the option: what a flag of Qt costs is a tenth of it all.
        selected = self._selection_model.isSelected(index)
        behind = self._selection if selected else self._model.background(number, column)
        if behind is not None:
            painter.fillRect(area, behind)
        left, top, height = area.x() + self._inset, area.y(), area.height()
        right = area.x() + area.width() - self._inset
        icon = column.icon(row) if column.icon else None
        if icon is not None:
            side = option.decorationSize.width()
            icon.paint(painter, QRect(left, top, side, height))
            left += side + 2 * _MARGIN
        written = self._mono if column.mono else self._sans
        line = text.shown(column.text(row), column.cut)
        if not line:
            return
        colour = column.foreground(row) if column.foreground and not selected else None
        painter.setFont(written.font)
        painter.setPen(self._text if colour is None else colour)
        if written.fixed and line.isascii():  # most of what never comes twice: times, positions, payloads
            line, wide = written.counted(line, column.cut_left, right - left)
            painter.drawText(QPointF(_begin(left, right, wide, column), top + written.baseline(height)), line)
        else:
            words, wide, high = written.fitting(line, column.cut_left, right - left)
            painter.drawStaticText(QPointF(_begin(left, right, wide, column), top + round((height - high) / 2)), words)


def _begin(left: int, right: int, wide: float, column: Column) -> float:
    """Where a line of this width begins."""
    if column.align == "left":
        return float(left)
    return left + (right - left - wide) / (1 if column.align == "right" else 2)


class _Written:
    """Lines in one font. What was laid out before is there at once: a list is painted again and again."""

    def __init__(self, font: QFont, fixed: bool) -> None:
        self.font = font
        self.fixed = fixed  # all letters of ASCII, and the dots for what was left out, are equally wide
        self._metrics = QFontMetricsF(font)
        self._advance = self._metrics.horizontalAdvance("0")
        self.fitting = lru_cache(maxsize=_KEPT)(self._fitting)

    def baseline(self, height: int) -> float:
        """Below the top, of a line that stands in the middle of so much height."""
        return round((height - self._metrics.height()) / 2) + self._metrics.ascent()

    def counted(self, line: str, cut_left: bool, room: int) -> tuple[str, float]:
        """What of a line of letters that are equally wide is shown where there is so much room, and how wide it is."""
        most = int(room / self._advance)
        if len(line) > most:
            line = ("…" + line[1 - most :] if cut_left else line[: most - 1] + "…") if most > 1 else "…" * most
        return line, len(line) * self._advance

    def _fitting(self, line: str, cut_left: bool, room: int) -> tuple[QStaticText, float, float]:
        """What of the line is shown where there is so much room, how wide and how high it is."""
        if line.isascii():  # else what looks like one letter may be several, some of them without any width
            most = int(room / _NARROW) + 1
            if len(line) > most:  # what has no room for sure need not be measured: one letter too many is enough
                line = line[-most:] if cut_left else line[:most]
        mode = Qt.TextElideMode.ElideLeft if cut_left else Qt.TextElideMode.ElideRight
        words = QStaticText(self._metrics.elidedText(line, mode, room))
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
        words.prepare(font=self.font)
        size = words.size()
        return words, size.width(), size.height()
