"""Taking snapshots by hand and in passing, and verifying what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER
from explorer.errors import Invalid, ReducerFailed
from explorer.model import Aggregate, DomainEvent, NewEvent, Snapshot, StreamKey
from explorer.payload import decode
from explorer.snapshots import snapshot_if_due, take_snapshot, verify_snapshot
from explorer.stores import Store, StoreSpec, open_store

KEY = StreamKey("Customer", "c-1")


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, writable=True, create=True))
    first = NewEvent("CustomerCreated", {"name": "n", "creditLimit": {"amount": 0}}, "e 1")
    rest = [
        NewEvent("CustomerCreditLimitChanged", {"creditLimit": {"amount": number}}, f"e {number}")
        for number in range(2, 31)
    ]
    store.append(KEY, 0, [first, *rest])
    yield store
    store.close()


def test_taking_by_hand(store: Store) -> None:
    taken = take_snapshot(store, DOMAIN, CUSTOMER, KEY, 7)
    stored = store.snapshot(KEY, 7)
    assert stored is not None
    assert decode(stored.state).value == {"name": "n", "creditLimit": {"amount": 7}, "reservations": {}}
    assert (stored.aggregate, stored.schema_version, stored.last_event_id) == ("Customer", 1, "e 7")
    assert stored.fingerprint == taken.fingerprint
    assert stored.taken_at is not None
    assert take_snapshot(store, DOMAIN, CUSTOMER, KEY).version == 30


@pytest.mark.parametrize(("identity", "version"), [("c-1", 31), ("nobody", None), ("nobody", 1)])
def test_there_is_nothing_to_take(store: Store, identity: str, version: int | None) -> None:
    with pytest.raises(Invalid, match="has no version"):
        take_snapshot(store, DOMAIN, CUSTOMER, StreamKey("Customer", identity), version)


@pytest.mark.parametrize(
    ("before", "after", "due"), [(0, 9, False), (9, 10, True), (0, 30, True), (10, 19, False), (19, 21, True)]
)
def test_periodic_ones_are_taken_when_a_commit_crosses_the_multiple(
    store: Store, before: int, after: int, due: bool
) -> None:
    every_ten = replace(CUSTOMER, snapshot_every=10)
    text = snapshot_if_due(store, DOMAIN, every_ten, KEY, before, after)
    assert text == (f"Snapshot of Customer c-1 at version {after}." if due else "")
    assert [snapshot.version for snapshot in store.snapshots(KEY)] == ([after] if due else [])


def test_never_means_never(store: Store) -> None:
    assert snapshot_if_due(store, DOMAIN, replace(CUSTOMER, snapshot_every=0), KEY, 0, 30) == ""


def test_a_periodic_one_that_fails_does_not_fail_the_command(store: Store) -> None:
    def evolve(state: Any, event: DomainEvent) -> Any:
        raise KeyError("x")

    text = snapshot_if_due(store, DOMAIN, replace(CUSTOMER, evolve=evolve), KEY, 0, 100)
    assert text.startswith("The periodic snapshot of Customer c-1 was not taken: Version 1")
    assert store.snapshots(KEY) == []


def test_a_read_only_store_keeps_none(own_url: str, store: Store) -> None:
    reading = open_store(StoreSpec(own_url))
    try:
        text = snapshot_if_due(reading, DOMAIN, CUSTOMER, KEY, 0, 100)
    finally:
        reading.close()
    assert "was not taken" in text


# -- verifying ---------------------------------------------------------------------------------------------------------


def taken(store: Store, version: int = 20) -> Snapshot:
    take_snapshot(store, DOMAIN, CUSTOMER, KEY, version)
    snapshot = store.snapshot(KEY, version)
    assert snapshot is not None
    return snapshot


def test_identical(store: Store) -> None:
    verification = verify_snapshot(store, DOMAIN, CUSTOMER, taken(store))
    assert (verification.verdict, verification.detail, verification.differences) == ("identical", "", ())
    assert verification.events_saved == 20
    assert verification.seconds_full > 0
    assert verification.seconds_snapshot > 0


OTHER = b'{"name":"n","creditLimit":{"amount":21},"reservations":{}}'


@pytest.mark.parametrize(
    ("changes", "verdict", "paths"),
    [
        ({"state": OTHER}, "corrupt", ["/creditLimit/amount"]),
        ({"state": OTHER, "fingerprint": "other"}, "reducer changed", ["/creditLimit/amount"]),
        ({"state": OTHER, "fingerprint": None}, "reducer changed", ["/creditLimit/amount"]),
        ({"state": OTHER, "schema_version": 3}, "older schema", ["/creditLimit/amount"]),
        ({"state": b'{"name":"n"}', "schema_version": 0}, "older schema", ["/creditLimit", "/reservations"]),
        ({"fingerprint": "other"}, "identical", []),
        ({"schema_version": 3}, "identical", []),
        ({"last_event_id": "other"}, "corrupt", []),
        ({"state": b"{"}, "unreadable", []),
        ({"state": b"\xff"}, "unreadable", []),
        ({"problem": "cut short"}, "unreadable", []),
        ({"version": 31}, "ahead of the stream", []),
        ({"id": "nobody"}, "ahead of the stream", []),
        ({"state": b'{"creditLimit":{"amount":20},"reservations":{},"name":"n"}'}, "identical", []),
    ],
)
def test_verdicts(store: Store, changes: dict[str, Any], verdict: str, paths: list[str]) -> None:
    verification = verify_snapshot(store, DOMAIN, CUSTOMER, replace(taken(store), **changes))
    assert verification.verdict == verdict
    assert [change.path for change in verification.differences] == paths
    assert bool(verification.detail) == (verdict != "identical" or "state" not in changes)


def test_without_a_reducer_there_is_nothing_to_compare_with(store: Store) -> None:
    verification = verify_snapshot(store, None, None, taken(store))
    assert verification.verdict == "unreadable"
    assert "No domain claims" in verification.detail


def test_a_reducer_that_fails_now(store: Store) -> None:
    snapshot = taken(store)

    def evolve(state: Any, event: DomainEvent) -> Any:
        raise KeyError("x")

    failing: Aggregate = replace(CUSTOMER, evolve=evolve)
    assert verify_snapshot(store, DOMAIN, failing, snapshot).verdict == "corrupt"
    changed = verify_snapshot(store, DOMAIN, failing, replace(snapshot, fingerprint="other"))
    assert changed.verdict == "reducer changed"
    assert "cannot be folded" in changed.detail
    with pytest.raises(ReducerFailed):
        take_snapshot(store, DOMAIN, failing, KEY)
