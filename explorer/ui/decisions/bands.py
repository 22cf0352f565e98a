"""A command's verdicts along the versions of its stream, painted as bands with words in them."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from explorer.engine.asks_decisions import DecisionRun
from explorer.ui.decisions.decision_rows import VERDICTS, CommandRow, Standing, command_columns
from explorer.ui.look import text, theme
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.table import RowsTable

BAND = 2  # the column that is painted
_WORDS = 28  # pixels from which a band has words in it
_GAP = 3  # pixels above and below
_SINGLE = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine


class CommandTable(RowsTable):
    """A row for each command. `version_wanted` where somebody clicks on a band."""

    version_wanted = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        self.commands = RowsModel(command_columns(self._paint_bands))
        super().__init__(self.commands, "Commands and their verdicts", parent)
        self.commands.setParent(self)
        self.last = 0  # version of the stream
        self.version = 0  # that one is looking at
        self.setSelectionMode(self.SelectionMode.SingleSelection)

    def across(self, area: QRect, version: int) -> int:
        """Where a version begins; version 0, before the first event, has a place of its own."""
        return area.left() + round(area.width() * version / (self.last + 1))

    def version_at(self, index: QModelIndex, x: int) -> int:
        area = self.visualRect(index)
        place = (x - area.left()) * (self.last + 1) // max(1, area.width())
        return max(0, min(self.last, place))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and index.column() == BAND and event.button() == Qt.MouseButton.LeftButton:
            self.version_wanted.emit(self.version_at(index, event.position().toPoint().x()))

    def _paint_bands(self, painter: QPainter, area: QRect, row: Standing) -> None:
        colours = theme.colours()
        painter.setFont(theme.sans_font(11))
        metrics = QFontMetrics(painter.font())
        gap = theme.scaled(_GAP)
        for run, left, right in self._bands(row.command, area):
            band = QRect(left, area.top() + gap, max(1, right - left - 1), area.height() - 2 * gap)
            _, tone, back = VERDICTS[run.verdict]
            painter.fillRect(band, QColor(getattr(colours, back)))
            painter.fillRect(QRect(band.left(), band.top(), min(2, band.width()), band.height()), _tone(tone))
            if band.width() >= theme.scaled(_WORDS):
                inside = band.adjusted(theme.scaled(6), 0, -2, 0)
                painter.setPen(QColor(colours.text))
                words = text.shown(run.words, 120)
                painter.drawText(
                    inside, _SINGLE, metrics.elidedText(words, Qt.TextElideMode.ElideRight, inside.width())
                )
        here = self.across(area, self.version), self.across(area, self.version + 1)
        painter.setPen(QColor(colours.accent))
        painter.drawRect(QRect(here[0], area.top(), max(1, here[1] - here[0] - 1), area.height() - 1))

    def _bands(self, command: CommandRow, area: QRect) -> Iterator[tuple[DecisionRun, int, int]]:
        """What is to be painted from where to where; of runs that share a pixel the last."""
        across = self.across
        if len(command.runs) <= area.width():
            for run in command.runs:
                yield run, across(area, run.first), across(area, run.last + 1)
            return
        for x in range(area.left(), area.right() + 1):
            run_here = command.at((x - area.left()) * (self.last + 1) // max(1, area.width()))
            if run_here is not None:
                yield run_here, x, x + 2


def _tone(name: str) -> QColor:
    return QColor(getattr(theme.colours(), name))
