"""One stream as an engine knows it: the facts of its events, and its replay, both growing as events arrive."""

from __future__ import annotations

import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from explorer import fold
from explorer.engine.messages import EventColumns, StepColumns
from explorer.fold import StepFailed
from explorer.loading import events_of
from explorer.model import Aggregate, Domain, Event, Position, Snapshot, StreamKey
from explorer.oddities import Oddities
from explorer.plugins import Claim, Loaded, aggregate_for
from explorer.replay import Replay, Taker
from explorer.stores import Store
from explorer.stores.layout import microseconds

STRETCH = 500  # events read at once, and columns sent in one message
SLICE = 0.015  # seconds of folding before others get their turn

_NO_TIME = -(1 << 63)


BEGINNING = 20  # events of a stream by which it is known whose it is


def claim(store: Store, domains: Loaded, key: StreamKey) -> Claim:
    """Who folds this stream: who claims its category, if it begins as that aggregate's streams do. (None, None) is the
    generic fold."""
    return claim_by(domains, key.category, lambda: store.stream_events(key, limit=BEGINNING))


def claim_by(domains: Loaded, category: str, beginning: Callable[[], Sequence[Event]]) -> Claim:
    """As `claim`, for who knows the first events, or can get them when they are wanted."""
    found = aggregate_for(domains.domains, category)
    if found is None:
        return None, None
    if found[1].events and not _is_of(*found, beginning()):
        return None, None
    return found


def _is_of(domain: Domain, aggregate: Aggregate, events: Sequence[Event]) -> bool:
    """Whether any of these first events of a stream is one that the aggregate folds. None at all: a new stream."""
    if not aggregate.events or not events or any(event.type in aggregate.events for event in events):
        return True
    # Only now: an upcaster wants payloads, which may be long.
    return domain.upcast is not None and any(_type_of_today(event, domain) in aggregate.events for event in events)


def _type_of_today(event: Event, domain: Domain) -> str:
    try:
        return fold.readable(event, domain.upcast).type
    except StepFailed:
        return event.type


class Folding:
    """Facts and states of one stream. Ordinals count stored events from 0; what is read is never read again."""

    def __init__(self, key: StreamKey, domain: Domain | None, aggregate: Aggregate | None) -> None:
        self.key = key
        self.domain = domain
        self.aggregate = aggregate
        self.takers: list[Taker] = []  # which have seen every step so far
        self.replay = self._fresh(None, None)
        self.seconds = 0.0  # spent folding
        self._bytes = 0
        self._read_upto = 0
        self._unfolded: deque[Event] = deque()
        self._names: dict[str, int] = {}
        self._type_names: list[str] = []
        self._versions = array("q")
        self._types = array("l")
        self._times = array("q")
        self._sizes = array("q")
        self._positions: list[Position | None] = []
        self._event_ids: list[str] = []
        self._problems: dict[int, str] = {}
        self._oddities = Oddities()

    @property
    def read(self) -> int:
        """Events whose facts are known."""
        return len(self._versions)

    @property
    def folded(self) -> int:
        """Events whose states are known."""
        return self.replay.count

    @property
    def memory(self) -> int:
        """Bytes that keeping this costs, about: objects take several times the room of their text."""
        return 8 * self._bytes + 800 * self.read

    def advance(self, store: Store) -> bool:
        """Fold what was read, for a moment; when all is folded read more. False: there is no more at present."""
        if self._unfolded:
            self._fold()
            return True
        return self._read_on(store)

    def ordinal(self, version: int) -> int:
        """Of the last event up to this version, -1 if there is none. All that there is must have been read."""
        for ordinal in range(len(self._versions) - 1, -1, -1):
            if self._versions[ordinal] <= version:
                return ordinal
        return -1

    def type(self, ordinal: int) -> str:
        return self._type_names[self._types[ordinal]]

    def version(self, ordinal: int) -> int:
        return self._versions[ordinal] if ordinal >= 0 else 0

    def _read_on(self, store: Store) -> bool:
        events = store.stream_events(self.key, after=self._read_upto, limit=STRETCH)
        if events and not self.read:
            if self.domain and self.aggregate and not _is_of(self.domain, self.aggregate, events[:BEGINNING]):
                self.domain = self.aggregate = None
            first = events[0].version
            base = store.snapshot(self.key, first - 1) if first > 1 and store.info.snapshots else None
            self.replay = self._fresh(store, base)
        for event in events:
            self._note(event)
        self._unfolded.extend(events)
        return bool(events)

    def _fresh(self, store: Store | None, base: Snapshot | None) -> Replay:
        return Replay(
            self.aggregate,
            self.domain.upcast if self.domain else None,
            base=base,
            # Wanted when a reducer turns out to change its input; read to where that was.
            history=(lambda: events_of(store, self.key)) if store is not None else None,
            takers=self.takers,
        )

    def _note(self, event: Event) -> None:
        ordinal = len(self._versions)
        stamp = _NO_TIME if event.recorded_at is None else microseconds(event.recorded_at)
        odd = self._oddities.of(event.version, event.recorded_at)
        problem = event.problem or odd
        if problem:
            self._problems[ordinal] = problem
        self._read_upto = max(self._read_upto, event.version)
        self._versions.append(event.version)
        number = self._names.setdefault(event.type, len(self._names))
        if number == len(self._type_names):
            self._type_names.append(event.type)
        self._types.append(number)
        self._times.append(stamp)
        self._sizes.append(max(event.size, len(event.data)))
        self._positions.append(event.position)
        self._event_ids.append(event.event_id or "")
        self._bytes += len(event.data) + len(event.metadata)

    def _fold(self) -> None:
        started = time.perf_counter()
        self.replay.extend(self._for_a_moment(started + SLICE))
        self.seconds += time.perf_counter() - started

    def _for_a_moment(self, until: float) -> Iterator[Event]:
        # Taken off only when the next is asked for, so that an event is not lost if folding it is broken off.
        while self._unfolded:
            yield self._unfolded[0]
            self._unfolded.popleft()
            if time.perf_counter() > until:
                return

    # -- columns ---------------------------------------------------------------------------------------------------

    def facts(self, start: int) -> EventColumns:
        """Facts of at most `STRETCH` events."""
        end = min(start + STRETCH, self.read)
        local: dict[int, int] = {}
        types = [local.setdefault(number, len(local)) for number in self._types[start:end]]
        return EventColumns(
            start=start,
            versions=self._versions[start:end].tolist(),
            types=types,
            names=[self._type_names[number] for number in local],
            times=[None if stamp == _NO_TIME else stamp for stamp in self._times[start:end]],
            positions=["" if p is None else position_text(p) for p in self._positions[start:end]],
            event_ids=self._event_ids[start:end],
            sizes=self._sizes[start:end].tolist(),
            problems={n: text for n, text in self._problems.items() if start <= n < end} if self._problems else {},
        )

    def steps(self, start: int) -> StepColumns:
        """What at most `STRETCH` events did."""
        end = min(start + STRETCH, self.folded)
        errors = self.replay.errors
        return StepColumns(
            start=start,
            changes=list(self.replay.change_counts[start:end]),
            errors={n: text for n, text in errors.items() if start <= n < end} if errors else {},
        )


def position_text(position: Position) -> str:
    """A position as people read and type it."""
    return ".".join(map(str, position)) if isinstance(position, tuple) else str(position)
