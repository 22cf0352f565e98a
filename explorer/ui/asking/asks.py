"""What has been asked and not answered yet: newer asks take the place of older ones, long ones are told to the foot."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.ui.asking.worker import LINGER, Ask

WRITE = "write"  # the topic that never gives way


class Asks(QObject):
    """Of one workspace."""

    busy_changed = Signal(object)  # list[Ask] that run for more than 0.3 s

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._asks: list[Ask] = []
        self._busy: list[Ask] = []
        self._timer = QTimer(self, interval=100)
        self._timer.timeout.connect(self._look)

    @property
    def occupied(self) -> bool:
        """Something has been asked and not answered yet."""
        return any(not one.done and not one.stale for one in self._asks)

    def track(self, ask: Ask) -> None:
        """Note an ask, and let it take the place of an older one of its topic."""
        self._asks = [one for one in self._asks if not one.done and not one.stale]
        if ask.topic is not None and ask.topic != WRITE:
            for one in self._asks:
                if one.topic == ask.topic:
                    one.supersede()
        self._asks.append(ask)
        if not self._timer.isActive():
            self._timer.start()

    def drop(self) -> None:
        """Nobody wants any answer any more; writes go on."""
        self._timer.stop()
        for ask in self._asks:
            if ask.topic != WRITE:
                ask.supersede()
        self._asks.clear()
        self._tell([])

    def _look(self) -> None:
        self._asks = [one for one in self._asks if not one.done and not one.stale]
        now = time.monotonic()
        self._tell([one for one in self._asks if now - one.asked > LINGER])
        if not self._asks:
            self._timer.stop()

    def _tell(self, busy: list[Ask]) -> None:
        if busy or self._busy:
            self._busy = busy
            self.busy_changed.emit(list(busy))
