"""How far a step goes: one event, one transaction, or a span of time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from explorer.engine.asks_watches import NextAppend, Stop
from explorer.errors import ExplorerError
from explorer.ui.stream.stream_panes import StreamPanes
from explorer.ui.stream.timeline import Timeline

EVENT, TRANSACTION = "event", "transaction"
SPANS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}  # seconds
UNITS = (EVENT, TRANSACTION, *SPANS)


def after(timeline: Timeline, ordinal: int, by: int, seconds: int) -> int:
    """The last event within so many spans of time after this one; the next where none is. Backwards: the last event
    that is at least so much older."""
    at = timeline.time(ordinal)
    forward = by > 0
    near = ordinal + (1 if forward else -1)
    if at is None:
        return max(0, min(timeline.count - 1, near))
    found = timeline.ordinal_at(at + by * seconds * 1_000_000)
    if found is None:
        found = 0
    found = max(found, near) if forward else min(found, near)
    return max(0, min(timeline.count - 1, found))


class Stepping(QObject):
    """Makes the steps of a transport that are not by one event. None goes beyond where playing is to stop."""

    def __init__(self, tab: StreamPanes, go_to: Callable[[int], None]) -> None:
        super().__init__(tab)
        self._tab = tab
        self._go_to = go_to
        self._asking = False
        self.unit = EVENT

    def use(self, unit: str) -> None:
        """One of `UNITS`."""
        self.unit = unit
        self._tab.transport.leap = None if unit == EVENT else self._leap

    def _leap(self, by: int) -> None:
        transport = self._tab.transport
        if not self._tab.timeline.count or self._asking:
            return
        if self.unit == TRANSACTION:
            self._asking = True
            ask = NextAppend(self._tab.category, self._tab.id, transport.at, by > 0, self._tab.replaying.generic)
            self._tab.workspace.engine(ask, self._found, self._failed, owner=self, text="Looking for a transaction")
        else:
            self._arrive(after(self._tab.timeline, transport.at, by, SPANS[self.unit]))

    def _found(self, stop: Stop) -> None:
        self._asking = False
        if stop.ordinal is not None and stop.ordinal < self._tab.timeline.count:
            self._arrive(stop.ordinal)
        elif self._tab.transport.playing:
            self._tab.transport.stop()

    def _failed(self, error: ExplorerError) -> None:
        self._asking = False
        self._tab.transport.stop()
        self._tab.workspace.message.emit(str(error))

    def _arrive(self, ordinal: int) -> None:
        transport = self._tab.transport
        if transport.playing and transport.stop_at is not None:
            limit = min if transport.direction > 0 else max
            ordinal = limit(ordinal, transport.stop_at)
        self._go_to(ordinal)
