"""A named subscription at work: of several instances one owns it, the others stand by.

What is done about an event and the checkpoint behind it are one transaction, which commits only if the instance still
owns the subscription. So it may be killed, or held up, at any moment. An event that cannot be handled is parked: see
`parking`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

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
)
from explorer.follow import BEAT, Held, Standing, follow, what_failed
from explorer.model import Event
from explorer.parking import Parking, failed_again, parked_event
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.store import Advance, Claim, Parked
from explorer.subscription import Arrival, Subscription

BATCH = 50  # arrivals read ahead
TRIES = 6  # at an event before it is parked: at once, and after 0.1, 0.2, 0.4, 0.8 and 1.6 seconds
SLICE = 0.2  # seconds after which a slowed subscriber looks whether it is to wait any longer

NEVER_PARKED = (
    *(Cancelled, Fenced, Held, ConnectionLost, Conflict, Busy),
    *(StoreFull, OutcomeUnknown, ReadOnly, Damaged),
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


def run_subscriber(
    spec: StoreSpec,
    name: str,
    handler: Handler,
    cancellation: Cancellation,
    tell: Tell | None = None,
    knobs: Knobs | None = None,
) -> None:
    """Handle the events of a store of our own in order, under this name, until cancelled. Blocks; opens and closes it.

    While another instance owns the subscription this one stands by, and takes over when that has released it or has
    given no sign of life for `claiming.LEASE` seconds. When the handler raises, the event is tried again after ever
    longer pauses, five times; then it is parked, and so is what comes behind it of the same sequence, while all other
    events go on. A lost connection, a conflict, a lock or a full disk is waited for as long as it takes. `tell` hears
    of it all. Raises `StoreReplaced`.
    """
    instance = _Instance(name, handler, cancellation, tell or (lambda standing: None), knobs or Knobs())
    follow(
        lambda: open_store(replace(spec, writable=True)),
        instance.begin,
        instance.handle,
        cancellation,
        rest=instance.rest,
        beat=instance.beat,
        leave=instance.leave,
        tell=instance.says,
        batch=BATCH,
    )


class _Source(Subscription):
    """The parked events that are to be handled now, then those of the store."""

    def __init__(
        self, store: Store, checkpoint: bytes, look: Callable[[Store], list[Parked]], parking: Parking
    ) -> None:
        super().__init__(store, "ordered", checkpoint or None)
        self._look = look
        self._parking = parking
        self._again: deque[tuple[Parked, Arrival]] = deque()
        self.parked: Parked | None = None  # what was handed out last, if it was parked

    @property
    def idle(self) -> bool:
        return super().idle and not self._waiting

    @property
    def behind(self) -> bool:
        return super().behind or self._waiting

    def fetch(self, limit: int = 500) -> None:
        if self._waiting and self.store is not None and not self._again:
            for parked in self._look(self.store):
                event = parked_event(self.store, parked) or _gone(parked)
                self._again.append((parked, Arrival(event, late=True)))
        super().fetch(limit)

    def next(self) -> Arrival | None:
        if self._again:
            self.parked, arrival = self._again.popleft()
            return arrival
        self.parked = None
        return super().next()

    def stop(self) -> None:
        """What was read behind the parked event that has failed again stays parked."""
        self._again.clear()

    @property
    def _waiting(self) -> bool:
        return bool(self._again) or self._parking.pending


class _Instance:
    """One instance: it stands by, owns the subscription, or is fenced off."""

    def __init__(self, name: str, handler: Handler, cancellation: Cancellation, tell: Tell, knobs: Knobs) -> None:
        self._name = name
        self._owner = new_owner()
        self._handler = handler
        self._cancellation = cancellation
        self._tell = tell
        self._knobs = knobs
        self._parking = Parking(name)
        self._standing = Standing("live")
        self._beaten = 0.0
        self._failures = 0  # of the event that is being handled
        self._claim: Claim | None = None
        self._source: _Source | None = None
        self._saved = b""  # the checkpoint in the store, for as long as we own it

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
        self._source = _Source(store, self._saved, self._look_aside, self._parking)
        return self._source

    def handle(self, store: Store, arrival: Arrival) -> None:
        assert self._source is not None
        parked = self._source.parked
        if parked is None and not self._handler.reacts(arrival.event):
            return
        if parked is None and self._stands_still(store, arrival.event):
            return
        try:
            self._slowly(store)
            self._try(store, arrival, parked)
        except NEVER_PARKED:
            raise
        # Domain code may raise anything.
        except (Exception, SystemExit) as error:
            self._failures += 1
            if self._failures < (TRIES if parked is None or not parked.reason else 1):
                raise
            self._park(store, arrival.event, parked, what_failed(error))
        self._failures = 0

    def rest(self, store: Store, subscription: Subscription) -> None:
        """What had no effects is behind us as well."""
        self._save(store)

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
        if self._claim is not None:
            store.release(self._claim)

    def says(self, standing: Standing) -> None:
        self._standing = standing
        self._tell(standing)

    # -- one event -----------------------------------------------------------------------------------------------------

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
        if not arrival.event.type:
            raise Invalid("This event is no longer in the store.")
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

    def _save(self, store: Store) -> None:
        """Everything handed out so far is behind us: write what is kept of it, and move the checkpoint."""
        advance = self._advance()
        if self._handler.flush(store, advance):
            self._moved(advance)
        elif advance.after != self._saved or advance.park:
            store.advance(advance)
            self._moved(advance)

    def _moved(self, advance: Advance) -> None:
        self._saved = advance.after
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


def _gone(parked: Parked) -> Event:
    """In the place of a parked event that is no longer in the store: it has no type."""
    return Event(parked.category, parked.id, parked.version, parked.position, "", b"", event_id=parked.event_id)
