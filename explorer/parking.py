"""The parked events of a subscription, as its owner knows them: which sequences stand still, and which go on.

An event that cannot be handled is put aside together with its *sequence*: later events of the same sequence queue
behind it, all others go on. Only the first of a sequence has a reason; one without a reason at the front is next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from explorer.model import Event, StreamKey
from explorer.stores.store import Parked, Store
from explorer.subscription import Arrival, Subscription

PAGE = 50  # parked events read at once
SCAN = 1_000  # likewise, when an instance becomes the owner
GONE = "This event is no longer in the store."
LONGEST = 2_000  # characters of a reason that are kept


class Parking:
    """It asks the store only when somebody wants something of it: nobody looks for parked events at each event."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.known = False  # it was read what there is
        self.asked = False  # somebody wants something that was not looked at yet
        self.sequences: set[str] = set()  # those of which something is parked
        self.new: list[Parked] = []  # to be written with the next move of the checkpoint
        self._going: deque[str] = deque()  # sequences that go on

    def begin(self, store: Store) -> None:
        """Become the owner: what was begun is gone on with. Raises what reading raises."""
        self.known, self.asked, self.new = False, True, []
        first: dict[str, Parked] = {}
        after = None
        while page := store.parked(self._name, SCAN, after=after):
            for one in page:
                first.setdefault(one.sequence, one)
            after = page[-1].position
        self.sequences = set(first)
        self._going = deque(sequence for sequence, one in first.items() if not one.reason)
        self.known = True

    @property
    def pending(self) -> bool:
        """Is there something to do in the store?"""
        return not self.known or self.asked or bool(self._going)

    def put(self, event: Event, sequence: str, reason: str = "", attempts: int = 0) -> Parked:
        """Park an event, or one that waits behind another: with the next move of the checkpoint."""
        assert isinstance(event.position, int)
        parked = Parked(
            self._name, sequence, event.position, event.event_id, event.category, event.id, event.version, event.type,
            _text(reason), attempts, datetime.now(UTC),
        )  # fmt: skip
        self.new.append(parked)
        self.sequences.add(sequence)
        return parked

    def has_put(self, event: Event) -> bool:
        """Is this event among those that are to be written?"""
        return any(one.position == event.position for one in self.new)

    def next(self, store: Store) -> list[Parked]:
        """The next events to be handled, all of one sequence, in order; none if there is nothing to do. To be asked
        when nothing is to be written. Raises what reading raises."""
        while self._going:
            sequence = self._going[0]
            if page := store.parked(self._name, PAGE, sequence=sequence):
                return page
            self._going.popleft()
            self.sequences.discard(sequence)
        return []

    def wanted(self, store: Store) -> list[Parked]:
        """What is to be skipped; sequences that are to be tried again go on. Raises what the store raises."""
        if not self.known:
            self.begin(store)
        if not self.asked:
            return []
        self.asked = False
        skips = []
        for one in store.parked(self._name, SCAN, wanted=True):
            if one.wanted == "skip":
                skips.append(one)
                continue
            first = store.parked(self._name, 1, sequence=one.sequence)
            if first and first[0].position != one.position:  # said of the sequence, so that nobody sees to it twice
                store.want(self._name, one.position, "")
            self._go_on(one.sequence)
        return skips

    def gone(self, skipped: Parked, store: Store) -> None:
        """This one was skipped: what waited behind it is next, unless it waited itself. Raises what reading raises."""
        first = store.parked(self._name, 1, sequence=skipped.sequence)
        if not first or not first[0].reason:
            self._go_on(skipped.sequence)

    def stop(self, sequence: str) -> None:
        """Its first event has failed again."""
        if sequence in self._going:
            self._going.remove(sequence)

    def _go_on(self, sequence: str) -> None:
        if sequence not in self._going:
            self._going.append(sequence)


def parked_event(store: Store, parked: Parked) -> Event | None:
    """The event, whole; None if it is no longer there. Raises what reading raises."""
    event = store.event(StreamKey(parked.category, parked.id), parked.version)
    same = event is not None and (event.position, event.event_id) == (parked.position, parked.event_id)
    return event if same else None


def failed_again(parked: Parked, reason: str, attempts: int) -> Parked:
    """The same, after so many more attempts: nothing is wanted of it any more."""
    return replace(
        parked, reason=_text(reason), attempts=parked.attempts + attempts, parked_at=datetime.now(UTC), wanted=""
    )


def _text(reason: str) -> str:
    """What every database can keep."""
    return reason[:LONGEST].replace("\0", "␀").encode("utf-8", "replace").decode()


class AlsoParked(Subscription):
    """The parked events that are to be handled now, then those of the store."""

    def __init__(
        self, store: Store, checkpoint: bytes, look: Callable[[Store], list[Parked]], parking: Parking, **how: Any
    ) -> None:
        super().__init__(store, checkpoint=checkpoint or None, **how)
        self._look = look
        self._parking = parking
        self._again: deque[tuple[Parked, Arrival]] = deque()
        self.parked: Parked | None = None  # what was handed out last, if it was parked
        self.last: Arrival | None = None  # what was handed out last

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
        arrival: Arrival | None
        if self._again:
            self.parked, arrival = self._again.popleft()
        else:
            self.parked, arrival = None, super().next()
        self.last = arrival or self.last
        return arrival

    def stop(self) -> None:
        """What was read behind the parked event that has failed again stays parked."""
        self._again.clear()

    @property
    def _waiting(self) -> bool:
        return bool(self._again) or self._parking.pending


def _gone(parked: Parked) -> Event:
    """In the place of a parked event that is no longer in the store."""
    place = (parked.category, parked.id, parked.version, parked.position, parked.type)
    return Event(*place, b"", event_id=parked.event_id, problem=GONE)
