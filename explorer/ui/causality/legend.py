"""What the lines of the diagram mean."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.ui.causality.drawing import DASHES, GUESSED, SURE
from explorer.ui.look import text, theme

WORDS = (("recorded", SURE), ("inferred", GUESSED))
LINE = 30  # pixels


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
        words = sum(metrics.horizontalAdvance(word) for word, _ in WORDS)
        return QSize(words + 2 * theme.scaled(LINE + theme.M + theme.L), theme.scaled(22))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour, font = QColor(theme.colours().muted), theme.sans_font(11)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        x, y, long = float(theme.scaled(theme.M)), self.height() / 2, theme.scaled(LINE)
        tip, wide = theme.scaled(8), theme.scaled(4)
        for words, style in WORDS:
            pen = QPen(colour, theme.scaled(100) * 0.0125)
            if style == GUESSED:
                pen.setStyle(style)
                pen.setDashPattern(DASHES)
            painter.setPen(pen)
            painter.drawLine(QLineF(x, y, x + long - 1, y))
            painter.setPen(QPen(colour, pen.widthF()))
            head = [QPointF(x + long - tip, y - wide), QPointF(x + long, y), QPointF(x + long - tip, y + wide)]
            if style == SURE:
                painter.setBrush(colour)
                painter.drawPolygon(QPolygonF(head))
            else:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawPolyline(QPolygonF(head))
            x += long + theme.scaled(theme.S)
            width = metrics.horizontalAdvance(words)
            painter.drawText(QPointF(x, y + metrics.capHeight() / 2), words)
            x += width + theme.scaled(theme.L)
        painter.end()
