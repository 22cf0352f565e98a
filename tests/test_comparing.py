"""Streams aligned; a category under two versions of the code that folds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.cancellation import Cancellation
from explorer.comparing import LONGEST, Pair, align, ends_differently
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.order import ORDER, evolve
from explorer.errors import Cancelled, Invalid
from explorer.model import Event, StreamKey
from explorer.stores import StoreSpec, open_store
from tests.cli.running import own_shop


def events(*kinds: str) -> list[Event]:
    """Each a type, or type:key."""
    return [
        Event("C", "i", n, None, kind.partition(":")[0], f'{{"sku": "{kind.partition(":")[2]}"}}'.encode())
        for n, kind in enumerate(kinds, 1)
    ]


def test_events_of_the_same_type_and_key_stand_for_each_other() -> None:
    good, bad = events("Made", "Added:A", "Added:B", "Sent"), events("Made", "Added:B", "Held", "Sent")
    assert align(good, bad) == [Pair(0, 0), Pair(1, None), Pair(2, 1), Pair(None, 2), Pair(3, 3)]
    assert align(events("Made", "Added:A"), events("Made", "Added:C")) == [Pair(0, 0), Pair(1, 1)]


@given(*[st.lists(st.sampled_from(["a", "b", "c:1", "c:2"]), max_size=12)] * 2)
def test_every_event_comes_once_and_in_order(one: list[str], other: list[str]) -> None:
    pairs = align(events(*one), events(*other))
    assert [pair.one for pair in pairs if pair.one is not None] == list(range(len(one)))
    assert [pair.other for pair in pairs if pair.other is not None] == list(range(len(other)))
    both = [pair for pair in pairs if pair.one is not None and pair.other is not None]
    assert all(one[p.one].partition(":")[0] == other[p.other].partition(":")[0] for p in both)  # type: ignore[index]


def test_streams_that_are_too_long_to_align() -> None:
    with pytest.raises(Invalid):
        align(events("a") * (LONGEST + 1), [])


def test_which_streams_end_differently_and_since_when(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)

    def later(state: Any, event: Any) -> Any:
        state = evolve(state, event)
        return {**state, "urgent": True} if event.type == "OrderRevised" and event.id == "o2" else state

    def failing(state: Any, event: Any) -> Any:
        if event.type == "OrderApproved":
            raise ValueError("not yet")
        return evolve(state, event)

    store = open_store(StoreSpec(url))
    looked: list[int] = []
    ours = (DOMAIN, ORDER)
    flag = Cancellation()
    try:
        assert list(ends_differently(store, "Order", ours, ours, flag, looked.append)) == []
        assert looked == [1, 2]
        (found,) = ends_differently(store, "Order", ours, (DOMAIN, replace(ORDER, evolve=later)), flag)
        assert (found.key, found.version, found.type) == (StreamKey("Order", "o2"), 3, "OrderRevised")
        assert [(one.op, one.path, one.after) for one in found.changes] == [("add", "/urgent", True)]
        failed = list(ends_differently(store, "Order", ours, (DOMAIN, replace(ORDER, evolve=failing)), flag))
        assert [(one.key.id, one.version) for one in failed] == [("o1", 2), ("o2", 2)]
        assert all("not yet" in one.errors[1] and not one.errors[0] for one in failed)
        flag.cancel()
        with pytest.raises(Cancelled):
            list(ends_differently(store, "Order", ours, ours, flag))
    finally:
        store.close()
