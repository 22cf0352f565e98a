"""What a snapshot every so many events would save: counted by hand, and true once it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from explorer.bundle import at_once
from explorer.errors import Invalid
from explorer.loading import load
from explorer.model import Aggregate, Domain, DomainEvent, NewEvent, StreamKey
from explorer.snapshot_plans import Taken, newest_usable, plan, take_due
from explorer.snapshots import take_snapshot
from explorer.stores import Store, StoreSpec, open_store

LENGTHS = {"a": 3, "b": 10, "c": 27, "d": 40}


def evolve(state: Any, event: DomainEvent) -> Any:
    if event.type == "bad":
        raise ValueError("no")
    return {"n": state["n"] + 1}


METER = Aggregate("Meter", lambda: {"n": 0}, evolve, snapshot_every=20)
DOMAIN = Domain("Test", (METER,), files=(__file__,))


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, writable=True, create=True))
    for id, count in LENGTHS.items():
        store.append(StreamKey("Meter", id), 0, [NewEvent("read", {}, f"{id} {n}") for n in range(count)])
    store.append(StreamKey("Other", "x"), 0, [NewEvent("read", {}, f"x {n}") for n in range(50)])
    yield store
    store.close()


@pytest.mark.parametrize("every", [1, 10, 20, 30, 100])
def test_the_figures_are_those_of_the_streams(store: Store, every: int) -> None:
    found = at_once(plan(store, (DOMAIN,), every=(every,)))
    (policy,) = found.policies
    lengths = list(LENGTHS.values())
    assert (found.streams, found.events, found.most, found.declared) == (4, 80, 40, 20)
    assert policy.streams == sum(length >= every for length in lengths)
    assert policy.due == policy.streams  # none has one yet
    assert policy.snapshots == sum(length // every for length in lengths)
    rests = [length % every if length >= every else length for length in lengths]
    assert (policy.events, policy.most) == (sum(rests), max(rests))
    assert found.measured == 4
    assert found.seconds > 0
    assert (policy.size > 0) == (policy.snapshots > 0)


def test_taking_those_that_would_profit_makes_it_true(store: Store) -> None:
    take_snapshot(store, DOMAIN, METER, StreamKey("Meter", "d"), 35)
    taken = [one for one in take_due(store, (DOMAIN,), 10) if one is not None]
    assert taken == [Taken(StreamKey("Meter", "b"), 10), Taken(StreamKey("Meter", "c"), 27)]
    (policy,) = at_once(plan(store, (DOMAIN,), every=(10,))).policies
    assert (policy.streams, policy.due) == (3, 0)
    for id in ("b", "c", "d"):
        loaded = load(store, DOMAIN, METER, StreamKey("Meter", id))
        assert loaded.events_read < 10
        assert loaded.state == {"n": LENGTHS[id]}
    assert list(take_due(store, (DOMAIN,), 10)) == []


def test_what_other_code_took_does_not_count(store: Store) -> None:
    key = StreamKey("Meter", "d")
    take_snapshot(store, DOMAIN, METER, key)
    assert newest_usable(store, (DOMAIN, METER), key) == 40
    newer = replace(METER, schema_version=2)
    assert newest_usable(store, (replace(DOMAIN, aggregates=(newer,)), newer), key) == 0


def test_streams_that_cannot_be_folded_are_counted_and_told(store: Store) -> None:
    store.append(StreamKey("Meter", "e"), 0, [NewEvent("bad", {}, f"e {n}") for n in range(12)])
    assert at_once(plan(store, (DOMAIN,))).failed == 1
    told = {one.key.id: one.problem for one in take_due(store, (DOMAIN,), 10) if one is not None}
    assert told.pop("e").startswith("Version 1 (bad)")
    assert told == {"b": "", "c": "", "d": ""}


def test_without_a_domain_there_is_nothing_to_plan_for(store: Store) -> None:
    with pytest.raises(Invalid, match="nothing to plan for"):
        at_once(plan(store, (DOMAIN,), "Other"))
    with pytest.raises(Invalid, match="none"):
        list(take_due(store, (DOMAIN,), 0))


def test_many_streams_are_measured_by_a_few(own_url: str) -> None:
    store = open_store(StoreSpec(own_url, writable=True, create=True))
    try:
        for number in range(210):
            events = [NewEvent("read", {}, f"{number} {n}") for n in range(1 + number % 3)]
            store.append(StreamKey("Meter", f"{number:03}"), 0, events)
        turns = 0

        def told(_: int) -> None:
            nonlocal turns
            turns += 1

        found = at_once(plan(store, (DOMAIN,)), told)
    finally:
        store.close()
    assert (found.streams, found.events) == (210, 70 * 6)
    assert 24 <= found.measured <= 48
    assert turns > found.measured
