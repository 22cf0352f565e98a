"""Walking through the events of a store, and what is kept of them: for judging whether it reads as it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from explorer import payload
from explorer.model import Event, EventQuery, Page, Position, StreamKey
from explorer.stores.store import Store

T = TypeVar("T")

PREVIEW = 64 * 1024  # bytes of a payload that are read and judged; of larger ones only the beginning is read


class Seen(NamedTuple):
    """What is kept of an event that was walked past."""

    key: StreamKey
    version: int
    position: Position | None
    type: str
    event_id: str | None
    recorded_at: datetime | None
    size: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class Walk:
    """The events in the order of the store: all of them up to the head at the start, or the first of more."""

    events: tuple[Seen, ...]
    whole: bool
    head: Position | None

    @property
    def extent(self) -> str:
        count = f"{len(self.events):,} event{'' if len(self.events) == 1 else 's'}"
        return count if self.whole else f"the first {count} of more"

    def streams(self) -> dict[StreamKey, list[Seen]]:
        found: dict[StreamKey, list[Seen]] = {}
        for event in self.events:
            found.setdefault(event.key, []).append(event)
        return found


def pages(fetch: Callable[[object], Page[T]]) -> Iterator[T]:
    """All rows of a paged reading, page by page."""
    cursor: object = None
    while True:
        page = fetch(cursor)
        yield from page.rows
        if page.next is None:
            return
        cursor = page.next


def seen(event: Event) -> Seen:
    """With a look at the payload, if all of it is there."""
    problem = event.problem
    if problem is None and len(event.data) >= event.size:
        problem = payload.decode(event.data).problem
    return Seen(
        event.stream,
        event.version,
        event.position,
        event.type,
        event.event_id,
        event.recorded_at,
        event.size,
        problem,
    )


def every(store: Store, query: EventQuery) -> Iterator[Event]:
    """All events of a query, in pages of at most 1,000 and of the query's limit, payloads cut to `PREVIEW`."""
    limit = min(1000, query.limit)
    return pages(lambda cursor: store.events(replace(query, after=cursor, limit=limit, preview=PREVIEW)))


def walked(store: Store, most: int) -> Walk:
    """From the start, at most so many events."""
    head = store.head()
    events: list[Seen] = []
    for event in every(store, EventQuery(limit=max(1, most))):
        if above(event.position, head):
            break
        if len(events) >= most:
            return Walk(tuple(events), False, head)
        events.append(seen(event))
    return Walk(tuple(events), True, head)


def above(position: Position | None, head: Position | None) -> bool:
    """Did this arrive after the start? Only numbers can be compared outside of the database."""
    return isinstance(position, int) and (head is None or (isinstance(head, int) and position > head))


def seen_lightly(event: Event) -> Seen:
    """Without a look at the payload."""
    return Seen(event.stream, event.version, event.position, event.type, event.event_id, None, event.size, None)
