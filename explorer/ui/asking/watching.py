"""Who has subscribed to the open store, where each of them stands and what is parked: one look for all who want it.

About twice a second, for as long as somebody who wants it can be seen.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from explorer.errors import ExplorerError
from explorer.ui.asking.worker import Ask, valid

if TYPE_CHECKING:
    from explorer.model import Position, StoreInfo
    from explorer.stores.store import Parked, Store, Subscribed

LOOK_MS = 500
TROUBLED_MS = 2_000  # between looks while they fail
RECENT = 4.0  # seconds over which rates are measured
PARKED = 500  # parked events that are listed


@dataclass(frozen=True, slots=True)
class Look:
    """What one look has found."""

    subscribed: tuple[Subscribed, ...] = ()
    parked: tuple[Parked, ...] = ()
    positions: tuple[int | None, ...] = ()  # of each of `subscribed`; None: at the very beginning
    head: Position | None = None


class Asks(Protocol):
    """What is needed of the workspace."""

    info: StoreInfo | None

    def browse(
        self,
        job: Callable[[Store], Look],
        then: Callable[[Look], None],
        failed: Callable[[ExplorerError], None] | None = None,
        *,
        owner: QObject | None = None,
        text: str = "Reading",
    ) -> Ask: ...


class Watching(QObject):
    """`changed` after each look. Only stores of our own keep subscriptions; others are not asked."""

    changed = Signal(object)  # list[Subscribed]

    def __init__(self, parent: QObject, workspace: Asks) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._owners: list[QWidget] = []
        self._asked: Ask | None = None
        self.found = Look()
        self.problem: ExplorerError | None = None  # of the last look
        self.looked = False  # there was a look since the store was opened
        self._moved: dict[str, deque[tuple[float, int]]] = {}  # when each was at which position, lately
        self._signs: dict[str, tuple[tuple[int, int, bytes], float]] = {}  # the last sign of life, and when it came
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._tick)

    def watch(self, owner: QWidget) -> None:
        """Look whenever this widget is in sight, until it is destroyed."""
        self._owners = [one for one in self._owners if valid(one)]
        self._owners.append(owner)
        owner.installEventFilter(self)
        if owner.isVisible():
            self.look()

    def forget(self) -> None:
        """The store is another one, or none."""
        self._asked, self.found, self.problem, self.looked = None, Look(), None, False
        self._moved.clear()
        self._signs.clear()
        self.changed.emit([])

    def look(self) -> None:
        """Look now, if somebody is in sight and no look is under way."""
        self._owners = [one for one in self._owners if valid(one)]
        info = self._workspace.info
        if info is None or info.layout != "own" or not any(one.isVisible() for one in self._owners):
            self._timer.stop()
            return
        if not self._timer.isActive():
            self._timer.start()
        if self._asked is None:
            self._asked = self._workspace.browse(_look, self._found, self._failed, owner=self, text="Reading who reads")

    def rate(self, name: str) -> float | None:
        """Events a second that it has gone past lately; None: not known yet."""
        moved = self._moved.get(name)
        if moved is None or len(moved) < 2:
            return None
        (began, before), (now, there) = moved[0], moved[-1]
        return max(0, there - before) / (now - began) if now > began else None

    def silence(self, name: str) -> float:
        """Seconds since its owner has given a sign of life, as far as we have looked."""
        known = self._signs.get(name)
        return time.monotonic() - known[1] if known is not None else 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            QTimer.singleShot(0, self, self.look)
        return False

    def _tick(self) -> None:
        if self.problem is not None and self._timer.interval() == LOOK_MS:
            self._timer.setInterval(TROUBLED_MS)
        elif self.problem is None:
            self._timer.setInterval(LOOK_MS)
        self.look()

    def _found(self, found: Look) -> None:
        self._asked, self.found, self.problem, self.looked = None, found, None, True
        now = time.monotonic()
        for known, position in zip(found.subscribed, found.positions, strict=True):
            moved = self._moved.setdefault(known.name, deque())
            if moved and position is not None and position < moved[-1][1]:  # it was reset
                moved.clear()
            moved.append((now, position or 0))
            while len(moved) > 2 and now - moved[0][0] > RECENT:
                moved.popleft()
            sign = (known.epoch, known.beat, known.checkpoint)
            if known.name not in self._signs or self._signs[known.name][0] != sign:
                self._signs[known.name] = (sign, now)
        self.changed.emit(list(found.subscribed))

    def _failed(self, error: ExplorerError) -> None:
        self._asked, self.problem, self.looked = None, error, True
        self.changed.emit(list(self.found.subscribed))


def _look(store: Store) -> Look:
    from explorer.subscription import reached

    subscribed = store.subscriptions()
    reaches = (reached(one.checkpoint) for one in subscribed)
    positions = tuple(one if isinstance(one, int) else None for one in reaches)
    return Look(subscribed, tuple(store.parked(limit=PARKED)), positions, store.head())
