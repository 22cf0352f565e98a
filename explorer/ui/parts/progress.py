"""How far something long has come, with Cancel."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.still import StillLabels

PACE = 0.25  # seconds
WIDTH = 380  # pixels


class ProgressCard(QWidget):
    """Hidden until something takes longer than a second. Floats over the lower right corner of its parent: what is
    looked at does not move when it comes and goes.
    """

    cancelled = Signal()

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._over = parent
        self._said = 0.0
        self.words = text.plain_label("", self)
        self.words.setObjectName("muted")
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(name)
        self.cancel = QPushButton("Cancel", self)
        self.cancel.clicked.connect(self.cancelled)
        left = QVBoxLayout()
        left.setSpacing(theme.S)
        left.addWidget(StillLabels(self.words))
        left.addWidget(self.bar)
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.M + theme.S, theme.M, theme.M, theme.M)
        line.setSpacing(theme.L)
        line.addLayout(left, 1)
        line.addWidget(self.cancel)
        self.hide()
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def showEvent(self, event: QShowEvent) -> None:
        self._place()
        self.raise_()

    def _place(self) -> None:
        area = self._over.rect()
        size = QSize(min(theme.scaled(WIDTH), area.width() - 2 * theme.L), self.sizeHint().height())
        self.setGeometry(QRect(area.bottomRight() - QPoint(size.width() + theme.L, size.height() + theme.L), size))

    def say(self, what: str, done: int, total: int) -> None:
        """`total` 0: nobody knows how many there are."""
        now = time.monotonic()
        if now - self._said < PACE and done < total:
            return  # a progress bar paints at once, and everything else that waits to be painted with it
        self._said = now
        words = f"{what}: {text.number(done)} events"
        text.set_label(self.words, f"{words} of {text.number(total)}" if total else words)
        self.bar.setRange(0, total)
        self.bar.setValue(min(done, total) if total else -1)
