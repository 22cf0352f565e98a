"""The state of a stream for the command path: from the newest usable snapshot and the events after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from explorer import fold, payload
from explorer.errors import ReducerFailed
from explorer.fold import StepFailed
from explorer.model import Aggregate, Domain, Event, Snapshot, StreamInfo, StreamKey
from explorer.plugins import fingerprint
from explorer.stores.store import Store
from explorer.stores.walk import pages

PAGE = 1000
_CANDIDATES = 20  # snapshots looked at for one that is usable


@dataclass(frozen=True, slots=True)
class LoadedState:
    """The state of a stream after its last event, or up to a version."""

    key: StreamKey
    state: Any  # as the aggregate has it
    version: int  # of the last event; 0 when there is none
    last_event_id: str | None
    events_read: int
    snapshot: int | None = None  # version of the snapshot it was loaded from
    incomplete: str = ""

    @property
    def text(self) -> str:
        """How it was loaded: "snapshot v100 + 3 events", "12 events"."""
        events = f"{self.events_read:,} event{'' if self.events_read == 1 else 's'}"
        loaded = events if self.snapshot is None else f"snapshot v{self.snapshot} + {events}"
        return f"{loaded}; {self.incomplete}" if self.incomplete else loaded


def load(
    store: Store,
    domain: Domain | None,
    aggregate: Aggregate,
    key: StreamKey,
    *,
    upto: int | None = None,
    snapshots: bool = True,
) -> LoadedState:
    """Fold the stream, from the newest usable snapshot if there is one (and `snapshots`).

    A snapshot is usable if the same code took it of the same events: aggregate, schema version, fingerprint and the id
    of the last event agree. Raises `ReducerFailed` when an event cannot be folded, whatever the store raises.
    """
    upcast = domain.upcast if domain else None
    if snapshots and domain is not None and store.info.snapshots:
        for snapshot, state in _usable(store, domain, aggregate, key, upto):
            events = events_of(store, key, snapshot.version - 1, upto)
            last = next(events, None)
            if last is not None and (last.version, last.event_id) == (snapshot.version, snapshot.last_event_id):
                return _folded(aggregate, upcast, key, state, last, events, snapshot.version)
    events = events_of(store, key, 0, upto)
    try:
        state = fold.initial(aggregate)
    except StepFailed as error:
        raise ReducerFailed(str(error), 0) from error
    return _folded(aggregate, upcast, key, state, None, events, None)


def matching(
    store: Store, domain: Domain, aggregate: Aggregate, key: StreamKey, upto: int | None = None
) -> Iterator[Snapshot]:
    """The newest snapshots that this code took, without their states."""
    ours = aggregate.name, aggregate.schema_version, fingerprint(domain, aggregate)
    for known in store.snapshots(key, limit=_CANDIDATES, preview=1):
        if upto is not None and known.version > upto:
            continue
        if (known.aggregate, known.schema_version, known.fingerprint) == ours:
            yield known


def _usable(
    store: Store, domain: Domain, aggregate: Aggregate, key: StreamKey, upto: int | None
) -> Iterator[tuple[Snapshot, Any]]:
    for known in matching(store, domain, aggregate, key, upto):
        snapshot = store.snapshot(key, known.version)
        if snapshot is None or snapshot.problem is not None:
            continue
        decoded = payload.decode(snapshot.state)
        if decoded.problem is None:
            try:
                yield snapshot, fold.from_json(aggregate, decoded.value)
            except StepFailed:
                continue  # a cache that cannot be read is no cache: verifying it says why


def streams_of(store: Store, category: str | None = None, find: str | None = None) -> Iterator[StreamInfo]:
    """The streams of a store as `Store.streams` orders and finds them, in pages. Raises what the store raises."""
    return pages(lambda after: store.streams(category, find, after=after))


def events_of(store: Store, key: StreamKey, after: int = 0, upto: int | None = None) -> Iterator[Event]:
    """The events of a stream with whole payloads, version > after (≤ upto), in pages. Raises what the store raises."""
    while True:
        page = store.stream_events(key, after=after, limit=PAGE, upto=upto)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].version


def _folded(
    aggregate: Aggregate,
    upcast: fold.Upcast | None,
    key: StreamKey,
    state: Any,
    last: Event | None,
    events: Iterator[Event],
    snapshot: int | None,
) -> LoadedState:
    read, incomplete = 0, ""
    for event in events:
        if last is None and event.version > 1:
            incomplete = f"what came before version {event.version} is not stored"
        try:
            state = fold.evolve(aggregate, state, fold.readable(event, upcast))
        except StepFailed as error:
            raise ReducerFailed(
                f"Version {event.version} ({event.type}) of {key.category} {key.id} cannot be folded: {error}",
                event.version,
                "Replay shows the states before and after it.",
            ) from error
        last = event
        read += 1
    version, event_id = (last.version, last.event_id) if last else (0, None)
    return LoadedState(key, state, version, event_id, read, snapshot, incomplete)
