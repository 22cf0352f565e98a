"""How the rows of a `RowsTable` are painted: as the style would, at a quarter of its price.

A list that is alive is painted anew with every batch that arrives, a hundred and more cells each time, and the style
asks for eight roles of each and lays out its text. Here a cell is one line, an icon, and what lies behind them.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter

from explorer.ui.look import text, theme
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.painted_table import Place
from explorer.ui.parts.written import Written

_PADDING = 6  # pixels at zoom 100 %, as the style sheet has it
_MARGIN = 3  # pixels that the style leaves beside icon and text
_ICON = 14  # pixels at zoom 100 %


class Cells:
    """The fonts, colours and lengths of one theme and zoom, and painting with them."""

    def __init__(self, model: RowsModel) -> None:
        self._model = model
        colours = theme.colours()
        self._text, self._selection = QColor(colours.text), QColor(colours.selection)
        self._mono, self._sans = Written(theme.mono_font(), fixed=True), Written(theme.sans_font(), fixed=False)
        self._inset, self._icon = theme.scaled(_PADDING) + _MARGIN, theme.scaled(_ICON)

    def paint_row(
        self, painter: QPainter, number: int, top: int, height: int, places: Sequence[Place], selected: bool
    ) -> None:
        """Paint what is in sight of a row."""
        row, columns = self._model.rows[number], self._model.columns
        for number_of_column, left, width in places:
            column = columns[number_of_column]
            behind = self._selection if selected else self._model.background(number, column)
            if behind is not None:
                painter.fillRect(left, top, width, height, behind)
            if column.paint is not None:
                column.paint(painter, QRect(left, top, width, height), row)
                continue
            left, width = left + self._inset, width - 2 * self._inset
            icon = column.icon(row) if column.icon else None
            if icon is not None:
                icon.paint(painter, QRect(left, top, self._icon, height))
                left, width = left + self._icon + 2 * _MARGIN, width - self._icon - 2 * _MARGIN
            line = text.shown(column.text(row), column.cut)
            if line:
                colour = column.foreground(row) if column.foreground and not selected else None
                painter.setPen(self._text if colour is None else colour)
                written = self._mono if column.mono else self._sans
                written.draw(painter, left, top, width, height, line, column.align, cut_left=column.cut_left)
