"""Lines of text in one font, at a price that lists can pay which are painted anew with every step and every arrival."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Literal, TypeAlias

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QStaticText

Align: TypeAlias = Literal["left", "right", "center"]

_NARROW = 3.0  # pixels: no letter of the sans font that stands alone is narrower, at any zoom
_ASCII = frozenset(map(chr, range(32, 127)))
_USUAL = "\u2009\u202f…–−→"  # what else most lines are made of
_KEPT = 2_000  # lines of a font that are laid out


class Written:
    """Draws lines in a font; `fixed` where all letters of ASCII, and the dots for what was left out, are equally wide.

    Nothing is measured then; in other fonts what was laid out before is there at once: a list is painted again and
    again.
    """

    def __init__(self, font: QFont, *, fixed: bool) -> None:
        self.font = font
        self._fixed = fixed
        self._metrics = QFontMetricsF(font)
        self._high, self._ascent = self._metrics.height(), self._metrics.ascent()
        self._advance = self._metrics.horizontalAdvance("0")
        usual = _USUAL if fixed else ""
        self._even = _ASCII.union(one for one in usual if self._metrics.horizontalAdvance(one) == self._advance)
        # Not a method: what is laid out must go with its table, and not when some thread collects garbage.
        self._fitting = lru_cache(maxsize=_KEPT)(partial(_fit, font, self._metrics))

    def draw(
        self,
        painter: QPainter,
        left: int,
        top: int,
        width: int,
        height: int,
        line: str,
        align: Align = "left",
        *,
        cut_left: bool = False,
    ) -> None:
        """Draw the line with the painter's pen, in the middle of the height; what has no room becomes dots."""
        painter.setFont(self.font)
        if self._is_even(line):  # most of what never comes twice: times, versions, payloads
            most = int(width / self._advance)
            if len(line) > most:
                line = ("…" + line[1 - most :] if cut_left else line[: most - 1] + "…") if most > 1 else "…" * most
            wide = len(line) * self._advance
            baseline = top + round((height - self._high) / 2) + self._ascent
            painter.drawText(QPointF(_begin(left, width, wide, align), baseline), line)
        else:
            words, wide, high = self._fitting(line, cut_left, width)
            painter.drawStaticText(QPointF(_begin(left, width, wide, align), top + round((height - high) / 2)), words)

    def width(self, line: str) -> float:
        """How wide the line is, pixels."""
        if self._is_even(line):
            return len(line) * self._advance
        return self._metrics.horizontalAdvance(line)

    def _is_even(self, line: str) -> bool:
        """Whether all letters of the line are equally wide."""
        return self._fixed and (line.isascii() or self._even.issuperset(line))


def _fit(font: QFont, metrics: QFontMetricsF, line: str, cut_left: bool, room: int) -> tuple[QStaticText, float, float]:
    """What of the line is shown where there is so much room, how wide and how high it is."""
    if line.isascii():  # else what looks like one letter may be several, some of them without any width
        most = int(room / _NARROW) + 1
        if len(line) > most:  # what has no room for sure need not be measured: one letter too many is enough
            line = line[-most:] if cut_left else line[:most]
    mode = Qt.TextElideMode.ElideLeft if cut_left else Qt.TextElideMode.ElideRight
    words = QStaticText(metrics.elidedText(line, mode, room))
    words.setTextFormat(Qt.TextFormat.PlainText)
    words.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    words.prepare(font=font)
    size = words.size()
    return words, size.width(), size.height()


def _begin(left: int, width: int, wide: float, align: Align) -> float:
    """Where a line of this width begins."""
    if align == "left":
        return float(left)
    return left + (width - wide) / (1 if align == "right" else 2)
