"""What the owner of a subscription does about each event: it is handled, tried again, or parked.

What is done about an event and the checkpoint behind it are one transaction, which commits only if the instance still
owns the subscription. So it may be killed, or held up, at any moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from explorer.cancellation import Cancellation
from explorer.claiming import claimed, new_owner
from explorer.errors import (
    Busy,
    Cancelled,
    Conflict,
    ConnectionLost,
    Damaged,
    ExplorerError,
    Fenced,
    Invalid,
    OutcomeUnknown,
    ReadOnly,
    StoreFull,
    TableChanged,
)
from explorer.follow import BEAT, Held, Standing, what_failed
from explorer.model import Event
from explorer.parking import GONE, AlsoParked, Parking, failed_again
from explorer.stores.store import Advance, Claim, Parked, Store
from explorer.subscription import Arrival, Subscription

TRIES = 6  # at an event before it is parked: at once, and after 0.1, 0.2, 0.4, 0.8 and 1.6 seconds
UNSAVED = 0.25  # seconds that the checkpoint may stay behind events that nothing is done about
TOGETHER = 0.2  # seconds in which what comes is written together, where effects are kept for `flush`
SLICE = 0.2  # seconds after which a slowed subscriber looks whether it is to wait any longer

NEVER_PARKED = (
    *(Cancelled, Fenced, Held, ConnectionLost, Conflict, Busy),
    *(StoreFull, OutcomeUnknown, ReadOnly, Damaged, TableChanged),
)
"""What is not the fault of an event: it is tried again until it works."""

Tell = Callable[[Standing], None]


class Handler(Protocol):
    """What is done about events, and how it is written. It belongs to the thread that runs it."""

    def reacts(self, event: Event) -> bool:
        """False for an event that it has nothing to do with: that is never slowed down, failed or parked."""
        ...

    def sequence(self, event: Event) -> str:
        """The sequence key: of events with the same one a later one is never handled before an earlier one."""
        ...

    def handle(self, store: Store, arrival: Arrival, advance: Advance) -> bool:
        """Do it. → whether `advance` was part of the transaction in which its effects were written: not where there
        were none, or where they are kept for `flush`.

        May raise anything; then it has kept nothing of this event, and is called again.
        """
        ...

    def flush(self, store: Store, advance: Advance) -> bool:
        """Write what was kept of the events before, in one transaction with `advance`. → False if there is nothing.
        What it raises is not the fault of an event: it is called again."""
        ...

    def forget(self) -> None:
        """Drop what was kept: those events come again."""
        ...


@dataclass(slots=True)
class Knobs:
    """Trouble made on purpose, to be seen. May be changed from another thread while the subscriber runs."""

    slow: float = 0.0  # seconds before each event that it reacts to
    failing: bool = False  # every event that it reacts to fails


class Instance:
    """One instance: it stands by, owns the subscription, or is fenced off."""

    def __init__(
        self, name: str, handler: Handler, cancellation: Cancellation, tell: Tell, knobs: Knobs, how: Mapping[str, Any]
    ) -> None:
        self._name = name
        self._owner = new_owner()
        self._handler = handler
        self._cancellation = cancellation
        self._tell = tell
        self._knobs = knobs
        self._how = how  # it reads: see `Subscription`
        self._parking = Parking(name)
        self._standing = Standing("live")
        self._beaten = 0.0
        self._failures = 0  # of the event that is being handled
        self._claim: Claim | None = None
        self._source: AlsoParked | None = None
        self._handled: Arrival | None = None  # the last one that was
        self._saved = b""  # the checkpoint in the store, for as long as we own it
        self._moved_at = 0.0  # when that was saved
        self._reacted = False  # since then, to an event

    # -- what `follow` calls -------------------------------------------------------------------------------------------

    def begin(self, store: Store) -> Subscription:
        self._handler.forget()
        self._failures = 0
        self._standing = Standing("live")
        with store.cancelling(self._cancellation):
            self._claim = claimed(store, self._name, self._owner, self._cancellation, self._tell)
            # Only now: until then the former owner may have moved it.
            self._saved = next(known.checkpoint for known in store.subscriptions() if known.name == self._name)
            self._parking.begin(store)
        self._source = AlsoParked(store, self._saved, self._look_aside, self._parking, **self._how)
        self._handled = None
        if not self._saved and (self._how.get("start") == "head" or self._how.get("after") is not None):
            with store.cancelling(self._cancellation):  # from now on, also if nothing comes before the next start
                self._source.fetch()
                self._save(store)
        return self._source

    def handle(self, store: Store, arrival: Arrival) -> None:
        assert self._source is not None
        parked = self._source.parked
        if parked is not None or self._handler.reacts(arrival.event):
            self._reacted = True
            if parked is not None or not self._stands_still(store, arrival.event):
                self._react(store, arrival, parked)
        self._handled = arrival

    def rest(self, store: Store, subscription: Subscription) -> None:
        """What had no effects is behind us as well; what it does not react to a moment later: that may come again, and
        a transaction for each such event would be as many as there are events."""
        if not self._reacted and time.monotonic() - self._moved_at < UNSAVED:
            return
        if self._save(store) and not subscription.behind:
            self._cancellation.wait(TOGETHER)

    def beat(self, store: Store) -> Standing | None:
        if self._claim is None:
            return None
        self._beaten = time.monotonic()
        slow = self._knobs.slow
        detail = self._standing.detail or (f"Slowed down: {slow:g} s before each event." if slow else "")
        asked = store.beat(self._claim, self._standing.state, detail)
        self._parking.asked = asked.wanted
        return Standing("paused", "It handles nothing until it is resumed.") if asked.paused else None

    def leave(self, store: Store) -> None:
        if self._claim is None:
            return
        try:
            if self._source is not None and self._source.last is self._handled:
                self._save(store)
        finally:
            store.release(self._claim)

    def says(self, standing: Standing) -> None:
        self._standing = standing
        self._tell(standing)

    # -- one event -----------------------------------------------------------------------------------------------------

    def _react(self, store: Store, arrival: Arrival, parked: Parked | None) -> None:
        try:
            self._slowly(store)
            self._try(store, arrival, parked)
        except NEVER_PARKED:
            raise
        # Domain code may raise anything.
        except (Exception, SystemExit) as error:
            self._failures += 1
            tries = TRIES if parked is None or not parked.reason else 1
            if self._failures < tries or not isinstance(arrival.event.position, int):
                raise
            self._park(store, arrival.event, parked, what_failed(error))
        self._failures = 0

    def _try(self, store: Store, arrival: Arrival, parked: Parked | None) -> None:
        if self._knobs.failing:
            raise _MadeToFail("made to fail")
        if parked is None:
            advance = self._advance()
            if self._handler.handle(store, arrival, advance):
                self._moved(advance)
            elif self._knobs.slow:  # nobody waits for the rest of the batch
                self._save(store)
            return
        if arrival.event.problem == GONE:
            raise Invalid(GONE)
        self._save(store)
        assert self._claim is not None
        advance = Advance(self._claim, self._saved, self._saved, unpark=(parked.position,))
        if not self._handler.handle(store, arrival, advance) and not self._handler.flush(store, advance):
            store.advance(advance)

    def _stands_still(self, store: Store, event: Event) -> bool:
        """It waits behind a parked event of its sequence, or was parked itself a moment ago and could not be saved."""
        if self._parking.has_put(event):
            self._save(store)
            self._failures = 0
            return True
        if not self._parking.sequences or (sequence := self._sequence(event)) not in self._parking.sequences:
            return False
        self._parking.put(event, sequence)
        return True

    def _park(self, store: Store, event: Event, parked: Parked | None, reason: str) -> None:
        if parked is None:
            self._parking.put(event, self._sequence(event), reason, self._failures)
            self._save(store)
        else:
            assert self._source is not None
            assert self._claim is not None
            again = failed_again(parked, reason, self._failures)
            store.advance(Advance(self._claim, self._saved, self._saved, park=(again,)))
            self._parking.stop(parked.sequence)
            self._source.stop()
        self._tell(Standing("parked", f"{event.type} at position {event.position}: {reason}"))

    def _save(self, store: Store) -> bool:
        """Everything handed out so far is behind us: write what is kept of it, and move the checkpoint. → whether
        something was kept."""
        advance = self._advance()
        kept = self._handler.flush(store, advance)
        if kept:
            self._moved(advance)
        elif advance.after != self._saved or advance.park:
            store.advance(advance)
            self._moved(advance)
        self._reacted = False
        return kept

    def _moved(self, advance: Advance) -> None:
        self._saved, self._moved_at, self._reacted = advance.after, time.monotonic(), False
        self._parking.new.clear()

    def _advance(self) -> Advance:
        assert self._claim is not None
        assert self._source is not None
        return Advance(self._claim, self._saved, self._source.checkpoint(), park=tuple(self._parking.new))

    def _sequence(self, event: Event) -> str:
        try:
            return self._handler.sequence(event)
        except (Exception, SystemExit):  # domain code, and what it says of no event must hold up the others
            return stream_sequence(event)

    def _slowly(self, store: Store) -> None:
        """Wait as long as the knob says, which may be turned meanwhile, and go on giving signs of life."""
        began = time.monotonic()
        while (left := began + self._knobs.slow - time.monotonic()) > 0:
            self._cancellation.check()
            self._cancellation.wait(min(left, SLICE))
            if time.monotonic() - self._beaten >= BEAT and self.beat(store) is not None:
                raise Held

    def _look_aside(self, store: Store) -> list[Parked]:
        """The parked events that are to be handled now; those that are to be skipped are dropped before."""
        assert self._claim is not None
        try:
            for skipped in self._parking.wanted(store):
                store.advance(Advance(self._claim, self._saved, self._saved, unpark=(skipped.position,)))
                self._parking.gone(skipped, store)
            return self._parking.next(store)
        except ConnectionLost:  # what has become of it is found out afresh
            self._parking.known = False
            raise


class _MadeToFail(ExplorerError):
    """See `Knobs.failing`."""


def stream_sequence(event: Event) -> str:
    """The sequence key where nothing else is said: the events of one stream stay in order."""
    return f"{event.category}/{event.id}"
