"""Labels whose words change with every step, without the whole window being laid out anew each time.

A label that changes asks for a layout, its parents pass that on up to the window, and every dock is measured again:
several milliseconds. Here the request ends.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from explorer.ui.look import theme


class StillLabels(QWidget):
    """Labels in a row, each as wide as its words; what does not fit is cut off at the right.

    Takes what room its own layout gives it, or exactly what was reserved for the widest words. `growing`: reserves by
    itself what the widest words so far have needed.
    """

    def __init__(self, *labels: QLabel, parent: QWidget | None = None, growing: bool = False) -> None:
        super().__init__(parent)
        self._labels = labels
        self._reserved = 0
        self._measured: tuple[str, QFontMetrics] | None = None
        self._growing = growing
        for label in labels:
            label.setParent(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def reserve(self, words: str) -> bool:
        """As wide as these words in the first label's font. Whether that is another width than before."""
        before, metrics = self._reserved, self._labels[0].fontMetrics()
        if (words, metrics) != self._measured:
            self._measured = words, metrics
            self._reserve(metrics.horizontalAdvance(words) + 2)
        return self._reserved != before

    def _reserve(self, width: int) -> None:
        if width != self._reserved:
            self._reserved = width
            self.setFixedWidth(width)

    def sizeHint(self) -> QSize:
        hints = [label.sizeHint() for label in self._labels]
        width = self._reserved or sum(hint.width() for hint in hints) + theme.S * (len(hints) - 1)
        return QSize(width, max(hint.height() for hint in hints))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._reserved or theme.scaled(48), self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        if self._growing:
            wanted = sum(label.sizeHint().width() + theme.M for label in self._labels)
            if not self._reserved / 2 < wanted <= self._reserved:
                self._reserve(wanted + theme.L)
        left, last = 0, max((at for at, label in enumerate(self._labels) if label.text()), default=0)
        for at, label in enumerate(self._labels):
            room = max(0, self.width() - left)
            # The last one with words takes all the room there is: it keeps its place whatever it says.
            width = room if at == last else min(label.sizeHint().width(), room) if at < last else 0
            label.setGeometry(left, 0, width, self.height())
            left += width + theme.M
