"""A store filled at once is the same as one appended to."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal

from explorer.model import EventQuery, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.stores.bulk import fill

A, B = StreamKey("Order", "a/'☃"), StreamKey("Customer", "b")


def new(kind: str, moment: datetime | None = None) -> NewEvent:
    return NewEvent(kind, {"total": Decimal("1.10"), "big": 10**30}, str(uuid.uuid4()), {"user": "x"}, moment)


def test_a_filled_store(own_url: str) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    history = [(A, new("First", moment)), (B, new("First")), (A, new("Second"))]
    assert fill(StoreSpec(own_url), history) == 3
    store = open_store(StoreSpec(own_url, writable=True))
    events = store.events(EventQuery()).rows
    assert [(e.stream, e.version, e.type, e.position) for e in events] == [
        (A, 1, "First", 1),
        (B, 1, "First", 2),
        (A, 2, "Second", 3),
    ]
    assert [e.event_id for e in events] == [event.event_id for _, event in history]
    assert events[0].data == b'{"total":1.10,"big":1000000000000000000000000000000}'
    assert events[0].metadata == b'{"user":"x"}'
    assert events[0].recorded_at == moment
    assert [e.version for e in store.append(A, 2, [new("Third")])] == [3]
    store.close()


def test_what_fills_large_holes_comes_in_order_and_cut_at_the_end(own_url: str) -> None:
    fill(StoreSpec(own_url), ((A, new("Counted")) for _ in range(4_000)))
    store = open_store(StoreSpec(own_url))
    holes = [(3_001, 4_000), (1, 900), (1_001, 2_000), (2_001, 3_000)]
    found = [event.position for event in store.events_in(holes, limit=1_000)]
    assert found == [*range(1, 901), *range(1_001, 1_101)]
    store.close()


def test_an_empty_history_makes_an_empty_store(own_url: str) -> None:
    assert fill(StoreSpec(own_url), []) == 0
    store = open_store(StoreSpec(own_url))
    assert store.head() is None
    store.close()
