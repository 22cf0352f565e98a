"""Streams of a category that break an invariant: found, stopped, gone on with; nothing of them is kept."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from explorer import violations
from explorer.cancellation import Cancellation
from explorer.errors import Cancelled
from explorer.expressions import Expression
from explorer.model import Aggregate, Domain, DomainEvent, NewEvent, StreamKey
from explorer.plugins import Claim
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.bulk import fill
from explorer.violations import Place, Search
from explorer.watching import Broken


def stored(tmp_path: Path, streams: int, bad: set[int], length: int = 3, name: str = "shop.sqlite") -> Store:
    """Streams "s0000", … that count 1, 2, …; of bad ones the second event counts to -1."""
    spec = StoreSpec(str(tmp_path / name), writable=True, create=True)
    fill(
        spec,
        (
            (
                StreamKey("C", f"s{number:04}"),
                NewEvent("Counted", {"n": -1 if number in bad and n == 2 else n}, str(uuid4())),
            )
            for number in range(streams)
            for n in range(1, length + 1)
        ),
    )
    return open_store(StoreSpec(spec.url))


def found(store: Store, source: str, begun: Place | None = None, claim: Claim = (None, None)) -> list[Broken]:
    place = begun or Place("C", source, "")
    search = Search(store, lambda _events: claim, "C", Expression(source), place)
    rows = [one for one in search.run(Cancellation()) if one is not None]
    assert search.over
    return rows


def test_the_first_and_the_last_violation_of_each_stream(tmp_path: Path) -> None:
    store = stored(tmp_path, 120, {7, 60, 119}, length=4)
    rows = found(store, "state.n > 0")
    assert [row.id for row in rows] == ["s0007", "s0060", "s0119"]
    one = rows[0]
    assert (one.first, one.first_type, one.last, one.times, one.now, one.events) == (2, "Counted", 2, 1, False, 4)
    assert one.sentence == "Broken at v2 by Counted, healed at v3."
    (late, *_) = found(store, "state.n < 2 or before.n < 0")
    assert (late.first, late.last, late.now, late.times) == (2, 4, True, 1)
    (seen, *_) = found(store, "event.data.n != 2")
    assert (seen.id, seen.first, seen.last) == ("s0000", 2, 2)
    (odd, *_) = found(store, "state.m > 0")
    assert (odd.times, odd.failed, odd.first) == (0, 1, 0)
    assert odd.reason == "state.m: There is no member 'm' here."
    store.close()


def test_a_search_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    store = stored(tmp_path, 230, {7, 60, 119, 229})
    identity, source = store.info.identity, "state.n > 0"
    cancellation = Cancellation()
    search = Search(
        store, lambda _events: (None, None), "C", Expression(source), violations.begun(identity, "C", source, "x")
    )
    rows = []
    with pytest.raises(Cancelled):  # noqa: PT012 - it is stopped within
        for one in search.run(cancellation):
            if one is not None:
                rows.append(one.id)
                if one.id == "s0119":
                    cancellation.cancel()
    assert rows == ["s0007", "s0060", "s0119"]
    assert search.place.looked == 100
    violations.remember(identity, search.place)
    assert violations.begun(identity, "C", source, "other code") == Place("C", source, "other code")
    assert violations.begun(identity, "C", "other", "x").looked == 0
    begun = violations.begun(identity, "C", source, "x")
    assert [row.id for row in begun.rows] == ["s0007", "s0060"]
    again = Search(store, lambda _events: (None, None), "C", Expression(source), begun)
    assert [one.id for one in again.run(Cancellation()) if one] == ["s0007", "s0060", "s0119", "s0229"]
    assert (again.looked, again.broken, again.events) == (230, 4, 690)
    violations.forget(identity, again.place)
    assert violations.begun(identity, "C", source, "x").looked == 0
    store.close()


def test_a_reducer_that_changes_its_state_is_no_excuse(tmp_path: Path) -> None:
    def evolve(state: Any, event: DomainEvent) -> Any:
        state["sum"] = state.get("sum", 0) + event.data["n"]
        return state

    store = stored(tmp_path, 3, {1}, length=60)
    domain = Domain("d", (Aggregate("C", dict, evolve),))
    rows = found(store, "event.version == 1 or state.sum > before.sum", claim=(domain, domain.aggregates[0]))
    assert [(row.id, row.first, row.last, row.times) for row in rows] == [("s0001", 2, 2, 1)]
    store.close()


def test_a_reducer_that_fails_leaves_the_last_good_state(tmp_path: Path) -> None:
    def evolve(state: Any, event: DomainEvent) -> Any:
        return {"n": 1 // (event.data["n"] - 2) + 5}

    store = stored(tmp_path, 1, set())
    domain = Domain("d", (Aggregate("C", dict, evolve),))
    assert (
        found(store, "state.n > 0 and (event.version == 1 or before.n > 0)", claim=(domain, domain.aggregates[0])) == []
    )
    store.close()


def test_memory_does_not_grow_with_the_store(tmp_path: Path) -> None:
    peaks = []
    for streams in (100, 1_000):
        store = stored(tmp_path, streams, {3}, name=f"{streams}.sqlite")
        search = Search(store, lambda _events: (None, None), "C", Expression("state.n > 0"), Place("C", "", ""))
        gc.collect()
        tracemalloc.start()
        try:
            for _ in search.run(Cancellation()):
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        store.close()
    assert peaks[1] < 1.5 * peaks[0] + 200_000


def test_a_place_is_told_in_texts() -> None:
    after = ("C", 7, UUID(int=5), b"\x00\xff")
    text = violations.text_of(after)
    assert text is not None
    assert violations.key_of(text) == after
    assert violations.text_of((1.5,)) is None
    assert violations.key_of([]) is None
