"""The sample history: the same for the same seed, true to the rules but for its mistakes, streaming."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

import pytest

from explorer.domains.customers_orders import DOMAIN, invariants
from explorer.domains.customers_orders.sample import SPAN, START, Written, history
from explorer.model import DomainEvent, StreamKey

AGGREGATES = {aggregate.name: aggregate for aggregate in DOMAIN.aggregates}


def played(written: Iterable[Written]) -> tuple[dict[StreamKey, Any], list[DomainEvent], Counter[str]]:
    """Final states, all events, and how often each invariant was broken."""
    states: dict[StreamKey, Any] = {}
    events: list[DomainEvent] = []
    versions: Counter[StreamKey] = Counter()
    broken: Counter[str] = Counter()
    for append in written:
        assert versions[append.key] == append.expected
        for new in append.events:
            versions[append.key] += 1
            category, identity = append.key.category, append.key.id
            event = DomainEvent(
                category, identity, versions[append.key], new.type, new.data, new.metadata, new.event_id
            )
            event = replace(event, recorded_at=new.recorded_at)
            before = states.get(append.key)
            states[append.key] = AGGREGATES[category].evolve(before, event)
            broken.update(
                check.__name__ for check in invariants.STEPS if check(before, event, states[append.key]) is not None
            )
            events.append(event)
    return states, events, broken


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_believable_and_has_one_mistake_of_each_kind(seed: int) -> None:
    states, events, broken = played(history(3000, seed))
    assert 3000 <= len(events) <= 3020
    assert broken == {"reservations_within_limit": 1, "total_is_sum_of_lines": 1, "shipped_as_approved": 1}
    orders = {key.id: state for key, state in states.items() if key.category == "Order"}
    customers = {key.id: state for key, state in states.items() if key.category == "Customer"}
    assert invariants.reservations_have_orders(customers, orders) == []
    assert {order["status"] for order in orders.values()} == {"APPROVED", "REJECTED", "CANCELLED", "SHIPPED"}
    types = Counter(event.type for event in events)
    assert len(types) == 12
    assert len({event.event_id for event in events}) == len(events)
    times: list[datetime] = [event.recorded_at for event in events if event.recorded_at is not None]
    assert times == sorted(times)
    assert len(times) == len(events)
    assert times[0] >= START
    assert times[-1] < START + 1.5 * SPAN
    assert max(Counter((event.category, event.id) for event in events).values()) > 100


def test_every_event_says_what_caused_it() -> None:
    _, events, _ = played(history(1000))
    known = {event.event_id: event for event in events}
    caused = 0
    for event in events:
        cause = known.get(event.metadata["causation_id"])
        if cause is not None:
            caused += 1
            assert cause.metadata["correlation_id"] == event.metadata["correlation_id"]
            assert cause.category != event.category or event.metadata.get("origin")
        else:
            assert event.metadata["causation_id"] == event.metadata["correlation_id"]
    assert caused > 300
    by_hand = [event for event in events if "origin" in event.metadata]
    assert by_hand
    assert all(event.metadata["user"] and event.metadata["reason"] for event in by_hand)


def test_the_same_seed_gives_the_same_history() -> None:
    assert list(history(200, 7)) == list(history(200, 7))
    assert list(history(200, 7)) != list(history(200, 8))


@pytest.mark.parametrize("size", [1, 10, 100])
def test_any_size(size: int) -> None:
    _, events, _ = played(history(size))
    assert size <= len(events) <= size + 12


def test_a_large_one_streams() -> None:
    appends = list(islice(history(1_000_000), 500))
    assert len(appends) == 500
