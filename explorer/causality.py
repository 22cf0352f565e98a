"""The chain of causes and effects of an event, across streams: what led to it, and what it led to.

`chain_of` is pure: events, and what their metadata say, become links. `trace` finds the events in a store: causes by
look-ups, effects and siblings in bounded stretches of the log, whatever the size of the store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from explorer import payload
from explorer.cancellation import Cancellation
from explorer.causation import Said, event_identity, said
from explorer.errors import Invalid
from explorer.model import DomainEvent, Event, EventQuery, Position, StreamKey
from explorer.stores import Store
from explorer.stores.layouts import message_db

LOOKED = 5_000  # events of the log that are looked at, if nobody says otherwise
MEMBERS = 1_000  # events in a chain at most
LOOKUPS = 100  # causes of causes that are looked up one by one
_PAGE = 500
_PREVIEW = 64  # bytes of payloads, which are of no interest here
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
SAME_COMMAND = "written by the same command"  # the `why` of such a link


@dataclass(frozen=True, slots=True)
class Link:
    """One event led to another. The ids are `event_identity`: the place in the stream where there are no ids."""

    cause_event_id: str
    effect_event_id: str
    recorded: bool  # said by metadata; else inferred from a correlation and the order
    why: str  # a phrase for people


@dataclass(frozen=True, slots=True)
class Looked:
    """A stretch of the log that was looked at."""

    first: Position | None  # of the first event in it
    last: Position | None
    events: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Events in the order of the store, and at most one link to each: a forest, whatever the metadata say."""

    events: tuple[DomainEvent, ...]
    links: tuple[Link, ...]
    looked: tuple[Looked, ...] = ()
    cut: bool = False  # there is more in the log than was looked at, or in the chain than is kept

    def tree(self) -> Iterator[tuple[int, DomainEvent, Link | None]]:
        """(depth, event, the link to it): each event once, after its cause, effects in the order of the store."""
        links = {link.effect_event_id: link for link in self.links}
        effects: dict[str | None, list[DomainEvent]] = defaultdict(list)
        for event in self.events:
            link = links.get(event_identity(event))
            effects[link.cause_event_id if link else None].append(event)
        pending = [(0, event) for event in reversed(effects[None])]
        while pending:
            depth, event = pending.pop()
            identity = event_identity(event)
            yield depth, event, links.get(identity)
            pending += [(depth + 1, effect) for effect in reversed(effects[identity])]


# -- pure --------------------------------------------------------------------------------------------------------------


def chain_of(events: Iterable[DomainEvent]) -> Chain:
    """Link these events. Of several with one id only the first is kept; a circle of causes is cut open."""
    known: dict[str, DomainEvent] = {}
    for event in in_order(events):
        known.setdefault(event_identity(event), event)
    kept = tuple(known.values())
    links = _uncircled(_links(_Known(kept)), list(known))
    return Chain(kept, tuple(links[identity] for identity in known if identity in links))


def in_order(events: Iterable[DomainEvent]) -> list[DomainEvent]:
    """By position; by time, stream and version where positions are missing or cannot be compared."""
    given = list(events)
    if all(event.position is not None for event in given):
        try:
            return sorted(given, key=lambda event: event.position)  # type: ignore[arg-type, return-value]
        except TypeError:  # numbers and texts
            pass
    return sorted(given, key=lambda e: (e.recorded_at or _LONG_AGO, e.category, e.id, e.version))


def stream_name(event: DomainEvent | StreamKey) -> str:
    """As Message DB names streams."""
    return f"{event.category}-{event.id}" if event.id else event.category


@dataclass(frozen=True, slots=True)
class Ties:
    """All names by which a further event may say that it belongs to a chain."""

    ids: frozenset[str]
    places: frozenset[tuple[str, int]]
    positions: frozenset[Position]
    correlations: frozenset[str]

    def hold(self, words: Said) -> bool:
        """Does an event that says this belong to it?"""
        return (
            words.cause in self.ids
            or words.correlation in self.correlations
            or (words.stream or "", words.version or 0) in self.places
            or words.position in self.positions
        )


def ties_of(chain: Chain) -> Ties:
    """How later events would name those of this chain."""
    ids = frozenset(event_identity(event) for event in chain.events)
    streams = {stream_name(event) for event in chain.events}
    causes = {said(event.metadata).cause for event in chain.events}  # commands that may write further events
    said_so = {said(event.metadata).correlation for event in chain.events}
    return Ties(
        ids | {cause for cause in causes if cause is not None},
        frozenset((stream_name(event), event.version) for event in chain.events),
        frozenset(event.position for event in chain.events if event.position is not None),
        ids | streams | {name for name in said_so if name is not None},
    )


def extended(chain: Chain, events: Iterable[Event]) -> Chain:
    """The chain with further events of the store."""
    return replace(chain_of([*chain.events, *map(read, events)]), looked=chain.looked, cut=chain.cut)


class _Known:
    """Events and what they say, to be found by every way in which metadata name an event."""

    def __init__(self, events: Sequence[DomainEvent]) -> None:
        self.events = events
        self.identities = [event_identity(event) for event in events]
        self.said = [said(event.metadata) for event in events]
        self._ids = {identity: number for number, identity in enumerate(self.identities)}
        self._places = {(stream_name(event), event.version): number for number, event in enumerate(events)}
        self._positions = {event.position: number for number, event in enumerate(events)}
        named = {said.correlation for said in self.said}
        self.correlations = [
            said.correlation
            # What began a correlation may carry its name instead of saying it.
            or next((name for name in (self.identities[number], stream_name(events[number])) if name in named), None)
            for number, said in enumerate(self.said)
        ]

    def cause(self, number: int) -> tuple[int, str] | None:
        """The event before, and in which words it is named."""
        words = self.said[number]
        for found, why in (
            (self._ids.get(words.cause or ""), "named by its id"),
            (self._places.get((words.stream or "", words.version or 0)), "named by its stream and version"),
            (self._positions.get(words.position) if words.position is not None else None, "named by its position"),
        ):
            if found is not None and found != number:
                return found, why
        return None


def _links(known: _Known) -> dict[str, Link]:
    """The link to each event that has one, by the event's identity. There may be circles."""
    links: dict[str, Link] = {}
    last_of: dict[str, int] = {}  # correlation → the event before
    appended: dict[tuple[str, str, str], int] = {}  # command and stream → the last event of that append
    for number, event in enumerate(known.events):
        identity, words, correlation = known.identities[number], known.said[number], known.correlations[number]
        found = known.cause(number)
        recorded = True
        if found is None and words.cause is not None:
            append = (words.cause, event.category, event.id)
            before = appended.get(append)
            if before is not None and known.events[before].version == event.version - 1:
                found = before, SAME_COMMAND
            appended[append] = number
        if found is None and correlation is not None and correlation in last_of:
            found, recorded = (last_of[correlation], "the event before of the same correlation"), False
        if correlation is not None:
            last_of[correlation] = number
        if found is not None:
            links[identity] = Link(known.identities[found[0]], identity, recorded, found[1])
    return links


def _uncircled(links: dict[str, Link], order: Sequence[str]) -> dict[str, Link]:
    """Without one link of every circle: an inferred one if there is one, else the link to the earliest event."""
    left = dict(links)
    rank = {identity: number for number, identity in enumerate(order)}
    walked: dict[str, int] = {}  # event → the walk that came by first
    for number, start in enumerate(order):
        path: list[str] = []
        current: str | None = start
        while current is not None and current not in walked:
            walked[current] = number
            path.append(current)
            link = left.get(current)
            current = link.cause_event_id if link else None
        if current is not None and walked[current] == number:
            circle = path[path.index(current) :]
            del left[min(circle, key=lambda identity: (left[identity].recorded, rank[identity]))]
    return left


def _related(known: _Known, start: Iterable[str], most: int) -> tuple[list[DomainEvent], bool]:
    """The events that hang together with these by a recorded cause or a correlation, nearest first; and: were there
    more than `most`?"""
    neighbours: dict[int, list[int]] = defaultdict(list)
    same: dict[str, list[int]] = defaultdict(list)
    for number, correlation in enumerate(known.correlations):
        if correlation is not None:
            same[correlation].append(number)
        found = known.cause(number)
        if found is not None:
            neighbours[number].append(found[0])
            neighbours[found[0]].append(number)
    wanted = set(start)
    pending = [number for number, identity in enumerate(known.identities) if identity in wanted]
    members = dict.fromkeys(pending)
    for number in pending:  # grows on the way
        correlation = known.correlations[number]
        for other in (*neighbours[number], *(same.pop(correlation, ()) if correlation is not None else ())):
            if other not in members:
                if len(members) >= most:
                    return [known.events[member] for member in members], True
                members[other] = None
                pending.append(other)
    return [known.events[member] for member in members], False


# -- in a store --------------------------------------------------------------------------------------------------------


def find(store: Store, name: str) -> Event | None:
    """The event of this id, or at `Category/id/version` as stores without ids have it: a look-up each. By id, its cost
    grows with the store only where no index serves the ids."""
    if not name.isprintable():
        return None
    try:
        found = store.events_by_id([name])
    except Invalid:  # a column of UUIDs or numbers refuses what is none
        found = []
    if found:
        return found[0]
    category, slash, rest = name.partition("/")
    ident, last_slash, version = rest.rpartition("/")
    if not (slash and last_slash and version.isascii() and version.isdecimal() and len(version) < 18):
        return None
    return store.event(StreamKey(category, ident), int(version))


def trace(
    store: Store,
    event: Event,
    cancellation: Cancellation | None = None,
    limit: int = LOOKED,
    most: int = MEMBERS,
) -> Chain:
    """The chain of this event: its causes, however long ago they were, and what follows from them within `limit`
    events of the log; the nearest `most` of them. Raises Cancelled, and whatever reading the store raises.

    Effects stand after their cause in the log: half of what may be looked at goes on from the first cause, the rest
    from where that ends, or from the event itself if it is further on. A little goes back from the first cause where
    its correlation is older than itself.
    """
    flag = cancellation or Cancellation()
    above = _causes(store, event, flag)
    first = in_order(above)[0]
    back = _stretch(store, first.position, limit // 10 if _began_before(first) else 0, flag, newest_first=True)
    forward = _stretch(store, first.position, limit // 2, flag)
    stretches = [_Stretch(back.events[::-1], back.next), forward]
    if forward.next is not None:
        left = limit - len(back.events) - len(forward.events)
        if _beyond(event.position, forward.events):
            stretches.append(_stretch(store, event.position, left, flag))
        else:
            further = _stretch(store, forward.next, left, flag)
            stretches[1] = _Stretch(forward.events + further.events, further.next)
    seen = {event_identity(one): one for one in above}
    for one in (one for stretch in stretches for one in stretch.events):
        seen.setdefault(event_identity(one), one)
    flag.check()
    members, many = _related(_Known(in_order(seen.values())), [event_identity(one) for one in above], most)
    looked = tuple(
        Looked(stretch.events[0].position, stretch.events[-1].position, len(stretch.events))
        for stretch in stretches
        if stretch.events
    )
    cut = many or any(stretch.next is not None for stretch in stretches)
    return replace(chain_of(members), looked=looked, cut=cut)


def _causes(store: Store, event: Event, flag: Cancellation) -> list[DomainEvent]:
    """The event, the one before it, and so on to the first that names none, or none that is there."""
    current: DomainEvent | None = read(event)
    found: dict[str, DomainEvent] = {}
    while current is not None and len(found) < LOOKUPS and event_identity(current) not in found:
        found[event_identity(current)] = current
        flag.check()
        cause = _named(store, current)
        current = None if cause is None else read(cause)
    return list(found.values())


def _named(store: Store, event: DomainEvent) -> Event | None:
    """The event that this one says came before it."""
    words = said(event.metadata)
    found = None
    if words.position is not None and isinstance(event.position, int):  # first: there need not be an index of the ids
        found = next(iter(store.events_in([(words.position, words.position)], 1)), None)
    if found is None and words.cause is not None:
        found = find(store, words.cause)
    if found is None and words.stream is not None and words.version is not None:
        found = store.event(message_db.split((words.stream,), None), words.version)
    return found


def _began_before(event: DomainEvent) -> bool:
    """Is its correlation older than itself and the command that wrote it?"""
    words = said(event.metadata)
    return words.correlation not in (None, words.cause, event_identity(event))


@dataclass(frozen=True, slots=True)
class _Stretch:
    events: list[DomainEvent]
    next: object  # where the log goes on; None at its end


def _stretch(store: Store, after: object, most: int, flag: Cancellation, newest_first: bool = False) -> _Stretch:
    """At most so many events of the log after a position or a page, in pages. A store without positions is read from
    its beginning, in the order of its streams."""
    if most < 1 or (after is None and newest_first):
        return _Stretch([], None)
    events: list[DomainEvent] = []
    cursor: object = after
    while len(events) < most:
        flag.check()
        size = min(_PAGE, most - len(events))
        page = store.events(EventQuery(after=cursor, newest_first=newest_first, limit=size, preview=_PREVIEW))
        events += [read(event) for event in page.rows]
        if page.next is None:
            return _Stretch(events, None)
        cursor = page.next
    return _Stretch(events, cursor)


def _beyond(position: Position | None, events: Sequence[DomainEvent]) -> bool:
    """Does it come after the last of these?"""
    last = events[-1].position if events else None
    try:
        return position is not None and (last is None or position > last)  # type: ignore[operator]
    except TypeError:
        return False


def read(event: Event) -> DomainEvent:
    """With its metadata decoded, empty where they are no object, and without its payload."""
    metadata = payload.decode(event.metadata).value if event.metadata else None
    return DomainEvent(
        event.category,
        event.id,
        event.version,
        event.type,
        None,
        metadata if isinstance(metadata, dict) else {},
        event.event_id,
        event.recorded_at,
        event.position,
    )
