"""Following a store for as long as somebody wants: looks again when something changed, reconnects, goes on.

The window has a loop of its own (it pauses and hands batches over one at a time); this one serves the command line
and the services, and blocks its thread.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from explorer.cancellation import Cancellation
from explorer.errors import Cancelled, ConnectionLost, ExplorerError, Fenced, StoreReplaced, TableChanged
from explorer.stores.store import Store
from explorer.subscription import Arrival, Backoff, Subscription

SHORTEST = 0.05  # seconds between two looks at least, also when woken: a few events are read at a time
LONGEST = 1.0
BATCH = 500
BEAT = 1.0  # seconds between signs of life


@dataclass(frozen=True, slots=True)
class Standing:
    """How following stands: "live", "standby" (another instance has the subscription), "reconnecting", "failing" (what
    is done with an event fails and is tried again) or "paused", and a sentence. What is only told: "refused" and
    "parked"."""

    state: str
    detail: str = ""


class Held(Exception):
    """Raised by what handles an arrival: not now. The same arrival comes again as soon as `beat` lets it."""


class Interval:
    """Seconds between two looks: short while things happen, longer the longer nothing does."""

    def __init__(self, shortest: float = SHORTEST, longest: float = LONGEST, factor: float = 1.5) -> None:
        self._shortest = shortest
        self._longest = longest
        self._factor = factor
        self.seconds = shortest

    def busy(self) -> None:
        self.seconds = self._shortest

    def quiet(self) -> None:
        self.seconds = min(self.seconds * self._factor, self._longest)


def follow(
    open: Callable[[], Store],
    begin: Callable[[Store], Subscription],
    handle: Callable[[Store, Arrival], None],
    cancellation: Cancellation,
    *,
    rest: Callable[[Store, Subscription], None] | None = None,
    beat: Callable[[Store], Standing | None] | None = None,
    leave: Callable[[Store], None] | None = None,
    tell: Callable[[Standing], None] | None = None,
    again: bool = True,
    batch: int = BATCH,
) -> None:
    """Open the store, begin a subscription on it and handle each arrival, until cancelled.

    An arrival whose handling raises an expected error (or any `Exception`, for domain code may raise anything) is
    handled again, after ever longer pauses, before any later one: the order is kept and nothing is dropped. After
    a batch of at most `batch` arrivals, and while nothing comes, `rest` is called, to save the checkpoint; `beat` at
    least each second while the store is there, as a sign of life: while it returns a standing, nothing is handled;
    `leave` at the end, if the store is there. `tell` hears of every change of standing. When one of these raises
    `Fenced`, what is not committed is forgotten, and following begins again.

    Raises `StoreReplaced`: what was begun cannot go on with another store. Any other expected error is tried again,
    or raised with `again=False`.
    """
    _Following(
        open, begin, handle, cancellation, rest, beat, leave, tell or (lambda standing: None), again, batch
    ).run()


class _Following:
    def __init__(
        self,
        open: Callable[[], Store],
        begin: Callable[[Store], Subscription],
        handle: Callable[[Store, Arrival], None],
        cancellation: Cancellation,
        rest: Callable[[Store, Subscription], None] | None,
        beat: Callable[[Store], Standing | None] | None,
        leave: Callable[[Store], None] | None,
        tell: Callable[[Standing], None],
        again: bool,
        batch: int,
    ) -> None:
        self._open = open
        self._begin = begin
        self._handle = handle
        self._cancellation = cancellation
        self._rest = rest
        self._beat = beat
        self._leave = leave
        self._tell = tell
        self._again = again
        self._batch = batch
        self._store: Store | None = None
        self._subscription: Subscription | None = None
        self._backoff = Backoff()
        self._arrival: Arrival | None = None  # handed out, not handled yet
        self._to_rest = False
        self._not_before = 0.0  # when to try again what has failed
        self._beaten = 0.0
        self._looked = 0.0
        self._held: Standing | None = None  # why nothing is to be handled now
        self._dirty = True  # something was committed that has not been asked for yet
        self._standing: Standing | None = None

    def run(self) -> None:
        interval = Interval()
        try:
            while not self._cancellation.cancelled:
                try:
                    store, subscription = self._connected()
                    pause = self._not_before - time.monotonic()
                    with store.cancelling(self._cancellation):
                        self._beats(store)
                        if pause <= 0 and self._held is None:
                            self._look(store, subscription, interval)
                    if self._held is not None:
                        self._says(self._held)
                        self._cancellation.wait(BEAT / 2)
                        continue
                    if pause > 0:
                        self._cancellation.wait(min(pause, BEAT))
                        continue
                    self._backoff.succeeded()
                    self._says(Standing("live", subscription.notice or subscription.waiting_for()))
                    if not subscription.behind:
                        store.wait(interval.seconds, self._cancellation)
                        self._cancellation.wait(max(0.0, self._looked + SHORTEST - time.monotonic()))
                except Cancelled:
                    return
                except Held:
                    self._beaten = 0.0
                except Fenced as error:
                    self._held, self._beaten = None, 0.0
                    self._subscription, self._arrival, self._to_rest, self._dirty = None, None, False, True
                    self._says(Standing("standby", f"{error} {error.hint}".strip()))
                except ExplorerError as error:
                    if not self._again or isinstance(error, StoreReplaced):
                        raise
                    if isinstance(error, ConnectionLost):
                        self._disconnect()
                    # What helps against an altered table is no other connection.
                    state = "failing" if isinstance(error, TableChanged) else "reconnecting"
                    self._says(Standing(state, f"{error} {error.hint}".strip()))
                    self._cancellation.wait(self._backoff.failed())
                except _Failed as failure:
                    if not self._again:
                        raise failure.cause from None
                    self._says(Standing("failing", str(failure)))
                    self._not_before = time.monotonic() + self._backoff.failed()
        finally:
            if self._store is not None and self._leave is not None:
                with contextlib.suppress(ExplorerError):  # what is left behind is found out by others, only later
                    self._leave(self._store)
            self._disconnect()

    def _connected(self) -> tuple[Store, Subscription]:
        if self._store is None:
            self._store = self._open()
            if self._subscription is not None:
                self._subscription.reconnect(self._store)
        if self._subscription is None:
            self._subscription = self._begin(self._store)
        return self._store, self._subscription

    def _disconnect(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _look(self, store: Store, subscription: Subscription, interval: Interval) -> None:
        self._looked = time.monotonic()
        if self._arrival is None and not self._to_rest:
            # Read before the query: what is committed in between is seen by the next look.
            self._dirty = store.changed() or self._dirty
            if self._dirty or not subscription.idle:
                subscription.fetch(self._batch)
                self._dirty = False
            self._arrival = subscription.next()
        if self._arrival is None and not self._to_rest:
            interval.quiet()
            if self._rest is not None:
                self._rest(store, subscription)
            return
        interval.busy()
        self._to_rest = True
        while self._arrival is not None:
            self._cancellation.check()
            self._handled(store, self._arrival)
            self._arrival = None
            self._backoff.succeeded()  # what comes next is no worse for what was wrong with this one
            self._beats(store)
            if self._held is None:
                self._cancellation.check()  # while everything that was handed out is done
                self._arrival = subscription.next()
        if self._rest is not None:
            self._rest(store, subscription)
        self._to_rest = False

    def _beats(self, store: Store) -> None:
        now = time.monotonic()
        if self._beat is not None and now - self._beaten >= BEAT:
            self._held = self._beat(store)
            self._beaten = now

    def _handled(self, store: Store, arrival: Arrival) -> None:
        try:
            self._handle(store, arrival)
        except (Cancelled, ConnectionLost, Fenced, Held):
            raise
        # Domain code may raise anything; it is said, and tried again, for its cause may have been mended by then.
        except (Exception, SystemExit) as error:
            event = arrival.event
            raise _Failed(f"{event.type} at position {event.position}: {what_failed(error)}", error) from error

    def _says(self, standing: Standing) -> None:
        if standing != self._standing:
            self._standing = standing
            self._tell(standing)


def what_failed(error: BaseException) -> str:
    """What was raised, as a phrase that is never empty: an expected error's sentence, else its type as well."""
    if isinstance(error, ExplorerError) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class _Failed(Exception):
    """What handles an arrival has raised something."""

    def __init__(self, sentence: str, cause: BaseException) -> None:
        super().__init__(sentence)
        self.cause = cause
