"""The polling thread: follows the store by a subscription and hands what arrives to the GUI thread.

One batch is under way at a time, so that a GUI that is busy is not buried. Pausing keeps the subscription's checkpoint:
while paused a second look only counts, and resuming goes on from the checkpoint, so that nothing is lost and nothing
is kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from explorer.cancellation import Cancellation
from explorer.errors import Cancelled, ConnectionLost, ExplorerError, StoreReplaced
from explorer.ui.look.text import microseconds

if TYPE_CHECKING:
    from explorer.model import Position
    from explorer.stores.store import Store
    from explorer.subscription import Arrival, Subscription

PREVIEW = 4096  # bytes of a payload kept for lists
METADATA = 1_000  # bytes of the metadata of an event that arrives: ours have a third of it
BATCH = 250  # events handed over at once
PACE = 0.05  # seconds between full batches: five thousand events a second at most
FRAME = 0.07  # seconds between any two: each has the lists painted anew, so a few at a time cost as much as many
INTERVAL = 0.1  # seconds between looks while things happen; longer the longer nothing does
IDLE_INTERVAL = 1.0
SILENT = 3.0  # seconds without an answer of the store that are worth saying


class Arrived(NamedTuple):
    """A new event as the panels keep it: atoms only, cheap for the garbage collector."""

    category: str
    id: str
    version: int
    position: Position | None
    type: str
    recorded_at_us: int | None  # microseconds since the epoch, UTC
    event_id: str | None
    size: int
    data_preview: bytes
    late: bool
    metadata: bytes = b""  # the beginning of it


@dataclass(frozen=True, slots=True)
class LiveState:
    """How following stands. state: "live", "paused", "reconnecting", "static" (nothing can arrive) or "off"."""

    state: str
    detail: str = ""
    age: float = 0.0  # seconds since the store answered last, when these are too many; else 0.0
    waiting: int = 0  # arrivals counted while paused
    head: Position | None = None
    lag: int = 0  # events that are stored but have not been handed over yet, as far as positions tell


def row_of(arrival: Arrival) -> Arrived:
    event = arrival.event
    return Arrived(
        event.category, event.id, event.version, event.position, event.type, microseconds(event.recorded_at),
        event.event_id, event.size or len(event.data), event.data[:PREVIEW], arrival.late,
        event.metadata[:METADATA],
    )  # fmt: skip


class Polling:
    """One daemon thread. `arrived(rows)`, `changed(state)`, `ready()` and `bug(error)` are called in it.

    `arrived` must lead to `taken()` from any thread before the next batch comes.
    """

    def __init__(
        self,
        open: Callable[[], Store],
        arrived: Callable[[list[Arrived]], None],
        changed: Callable[[LiveState], None],
        ready: Callable[[], None],
        bug: Callable[[BaseException], None],
    ) -> None:
        self._open = open
        self._arrived = arrived
        self._changed = changed
        self._ready = ready
        self._bug = bug
        self._stop = Cancellation()
        self._taken = threading.Event()
        self._paused = False
        self._state = LiveState("off")
        self._quiet_since = self._answered = time.monotonic()
        self._telling = threading.Lock()
        self._threads = [threading.Thread(target=job, name="polling", daemon=True) for job in (self._run, self._watch)]
        for thread in self._threads:
            thread.start()

    def pause(self, paused: bool) -> None:
        self._paused = paused

    @property
    def silence(self) -> float:
        """Seconds since the store answered last."""
        return max(0.0, time.monotonic() - self._answered)

    def taken(self) -> None:
        self._taken.set()

    def stop(self) -> None:
        """End soon, whatever the store does. Does not wait."""
        self._stop.cancel()
        self._taken.set()

    def join(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    # -- in the thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        from explorer.subscription import Backoff

        backoff = Backoff()
        following: _Following | None = None
        told = False
        while not self._stop.cancelled:
            try:
                if following is None or following.lost:
                    store = self._open()
                    following = _Following(store) if following is None else following.again(store)
                paused = self._paused  # once for both: what is changed between them must end the rest
                with following.store.cancelling(self._stop):
                    self._step(following, paused)
                self._answered = time.monotonic()
                backoff.succeeded()
                if not told:
                    told = True
                    self._ready()
                self._rest(following, paused)
            except Cancelled:
                break
            except ExplorerError as error:
                if isinstance(error, ConnectionLost) and following is not None:
                    following.close()
                state = "off" if isinstance(error, StoreReplaced) else "reconnecting"
                self._tell(replace(self._state, state=state, detail=f"{error} {error.hint}".strip()))
                if not told:
                    told = True
                    self._ready()
                if isinstance(error, StoreReplaced):
                    break
                self._stop.wait(backoff.failed())
            except Exception as error:  # a bug: it is shown as one; following has ended, the window works on
                self._tell(replace(self._state, state="off", detail="Following has stopped because of a bug."))
                self._bug(error)
                if not told:
                    self._ready()
                break
        if following is not None:
            following.close()

    def _step(self, following: _Following, paused: bool) -> None:
        if paused:
            following.count()
            self._tell_standing(following, "paused")
            return
        rows = following.take(BATCH)
        if rows:
            self._quiet_since = time.monotonic()
            self._taken.clear()
            self._arrived(rows)
        self._tell_standing(following, "static" if following.store.info.static else "live")
        if rows:
            while not self._taken.wait(0.5):
                self._answered = time.monotonic()  # it is the window that is busy
                self._stop.check()
            self._stop.check()

    def _tell_standing(self, following: _Following, state: str) -> None:
        self._tell(
            LiveState(state, following.notice, 0.0, following.waiting, following.head, following.lag(self._paused))
        )

    def _rest(self, following: _Following, paused: bool) -> None:
        if following.behind:
            self._stop.wait(PACE)
            return
        self._stop.wait(max(0.0, self._quiet_since + FRAME - time.monotonic()))
        quiet = time.monotonic() - self._quiet_since
        interval = min(IDLE_INTERVAL, INTERVAL + quiet / 60)
        until = time.monotonic() + interval
        with following.store.cancelling(self._stop):
            while not self._stop.cancelled and self._paused == paused:
                following.store.wait(min(0.1, interval), self._stop)
                if following.store.changed():
                    following.dirty = True
                    break
                self._answered = time.monotonic()
                if following.pending and time.monotonic() >= until:
                    break

    def _tell(self, state: LiveState) -> None:
        with self._telling:
            if state != self._state:
                self._state = state
                self._changed(state)

    def _watch(self) -> None:
        """In a thread of its own: say when the store does not answer, which a frozen server never does by itself."""
        silent = False
        while not self._stop.wait(1.0):
            with self._telling:
                age = time.monotonic() - self._answered
                was, silent = silent, age > SILENT and self._state.state in ("live", "paused")
                if was or silent:
                    self._changed(replace(self._state, age=age if silent else 0.0))


class _Following:
    """The subscription, and while paused the one that counts."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lost = False
        self.dirty = True
        self.head: Position | None = None
        self.waiting = 0
        self._counter: Subscription | None = None
        self._delivered: Position | None = None
        self._subscription = self._subscribe(None)
        self._delivered = self.head = store.head()

    def _subscribe(self, checkpoint: bytes | None) -> Subscription:
        from explorer.subscription import Subscription

        return Subscription(self.store, "eager", checkpoint, start="head", preview=PREVIEW)

    def again(self, store: Store) -> _Following:
        """Go on with a connection that was opened again."""
        self.store, self.lost, self.dirty = store, False, True
        self._subscription.reconnect(store)
        if self._counter is not None:
            self._counter.reconnect(store)
        return self

    def close(self) -> None:
        if not self.lost:
            self.lost = True
            self.store.close()

    def take(self, limit: int) -> list[Arrived]:
        """The next rows. What was counted while paused comes again, now for the panels."""
        if self._counter is not None:
            self._counter = None
            self.waiting = 0
        self._look()
        rows = [row_of(one) for one in self._subscription.poll(limit)]
        if rows and rows[-1].position is not None:
            self._delivered = rows[-1].position
        return rows

    def count(self) -> None:
        if self._counter is None:
            self._counter = self._subscribe(self._subscription.checkpoint())
            self.waiting = 0
        self._look()
        self.waiting += len(self._counter.poll(BATCH * 4))

    def _look(self) -> None:
        if self.dirty:
            self.dirty = False
            self.head = self.store.head()

    @property
    def _current(self) -> Subscription:
        return self._counter or self._subscription

    @property
    def behind(self) -> bool:
        return self._current.behind

    @property
    def pending(self) -> bool:
        return not self._current.idle

    @property
    def notice(self) -> str:
        return self._current.notice or self._current.waiting_for()

    def lag(self, paused: bool) -> int:
        if paused:
            return self.waiting
        if isinstance(self.head, int) and isinstance(self._delivered, int) and self.behind:
            return max(0, self.head - self._delivered)
        return 0
