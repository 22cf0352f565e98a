"""How far something long has come, with Cancel."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from explorer.ui import text, theme

PACE = 0.25  # seconds


class ProgressStrip(QWidget):
    """Hidden until something takes longer than a second."""

    cancelled = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self._said = 0.0
        self.words = text.plain_label("", self)
        self.words.setObjectName("muted")
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(name)
        self.cancel = QPushButton("Cancel", self)
        self.cancel.clicked.connect(self.cancelled)
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        line.setSpacing(theme.M)
        line.addWidget(self.words)
        line.addWidget(self.bar, 1)
        line.addWidget(self.cancel)
        self.hide()

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
