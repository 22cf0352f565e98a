"""The lines of the diagram, and what they mean: solid with a filled tip recorded, dashed with an open tip inferred."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.colours import Colours

DASHES = [4.0, 3.0]
LEGEND = (("recorded", True), ("inferred", False))
LEGEND_LINE = 30  # pixels of a line in the legend


def dash(pen: QPen) -> None:
    """Make it the line of an inferred link."""
    pen.setStyle(Qt.PenStyle.CustomDashLine)
    pen.setDashPattern(DASHES)


def paint_tip(painter: QPainter, at: QPointF, way: str, recorded: bool, pen: QPen, unit: float) -> None:
    """The tip of an arrow: filled where the link is recorded, else open."""
    long, wide = 8 * unit, 4 * unit
    dx, dy = {"right": (-1, 0), "left": (1, 0), "down": (0, -1), "up": (0, 1)}[way]
    back = QPointF(at.x() + dx * long, at.y() + dy * long)
    one = QPointF(back.x() + dy * wide, back.y() + dx * wide)
    two = QPointF(back.x() - dy * wide, back.y() - dx * wide)
    painter.setPen(pen)
    if recorded:
        painter.setBrush(pen.color())
        painter.drawPolygon(QPolygonF([at, one, two]))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([one, at, two]))


def paint_legend(painter: QPainter, at: QPointF, colours: Colours) -> None:
    """What the lines mean, from this point to the right of it."""
    unit, font = theme.zoom() / 100, theme.sans_font(11)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    x, y = at.x(), at.y()
    for words, recorded in LEGEND:
        pen = QPen(QColor(colours.muted), 1.25 * unit)
        tip = QPointF(x + LEGEND_LINE * unit, y)
        line = QPen(pen)
        if not recorded:
            dash(line)
        painter.setPen(line)
        painter.drawLine(QLineF(x, y, tip.x() - unit, y))
        paint_tip(painter, tip, "right", recorded, pen, unit)
        x = tip.x() + theme.S * unit
        painter.drawText(QPointF(x, y + metrics.capHeight() / 2), words)
        x += metrics.horizontalAdvance(words) + theme.L * unit


class Legend(QWidget):
    """A solid line with a filled head: recorded; a dashed one with an open head: inferred."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Legend: solid lines are recorded links, dashed lines are inferred")
        self.setToolTip(
            text.tooltip(
                "Recorded: the metadata of the effect name its cause.\n"
                "Inferred: they only share a correlation, and this was the event before."
            )
        )
        theme.signals().changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(theme.sans_font(11))
        words = sum(metrics.horizontalAdvance(word) for word, _ in LEGEND)
        return QSize(words + 2 * theme.scaled(LEGEND_LINE + theme.M + theme.L), theme.scaled(22))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_legend(painter, QPointF(theme.scaled(theme.M), self.height() / 2), theme.colours())
        painter.end()
