"""Replays: every state of a stream, whatever its events and reducers do."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.applying import apply
from explorer.diff import same
from explorer.errors import Invalid
from explorer.model import Aggregate, DomainEvent, Event, Snapshot
from explorer.payload import decode, encode
from explorer.replay import BLOCK, Replay
from tests.test_payload import values

EMPTY: dict[str, Any] = {}
START = datetime(2026, 1, 1, tzinfo=UTC)


def event(version: int, data: Any, kind: str = "Noted", **changes: Any) -> Event:
    raw = data if isinstance(data, bytes) else encode(data)
    plain = Event(
        "Note", "n-1", version, version, kind, raw, b"", f"e{version}", START + timedelta(seconds=version), len(raw)
    )
    return replace(plain, **changes)


def events(count: int, data: Callable[[int], Any]) -> list[Event]:
    return [event(number + 1, data(number)) for number in range(count)]


def aggregate(evolve: Callable[[Any, DomainEvent], Any], initial: Callable[[], Any] = dict, **more: Any) -> Aggregate:
    return Aggregate("Note", initial, evolve, **more)


def replayed(folded: Aggregate | None, given: Iterable[Event], **more: Any) -> Replay:
    replay = Replay(folded, **more)
    replay.extend(given)
    return replay


def sharing(state: Any, event: DomainEvent) -> Any:
    return {**state, "count": state.get("count", 0) + 1, **event.data}


def copying(state: Any, event: DomainEvent) -> Any:
    return {**copy.deepcopy(state), "count": state.get("count", 0) + 1, **event.data}


def mutating(state: Any, event: DomainEvent) -> Any:
    state["count"] = state.get("count", 0) + 1
    state.update(event.data)
    return state


@pytest.mark.parametrize("evolve", [sharing, copying, mutating])
@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_every_state_can_be_had_in_any_order(evolve: Callable[..., Any], count: int) -> None:
    stream = events(count, lambda n: {f"k{n % 5}": {"n": n, "amount": Decimal(f"{n}.10")}, "list": [n, {"id": n}]})
    replay = replayed(aggregate(evolve), stream)
    expected: list[Any] = [{}]
    for stored in stream:
        data = decode(stored.data).value
        expected.append(sharing(expected[-1], DomainEvent("Note", "n-1", stored.version, "Noted", data)))
    assert replay.count == count
    assert replay.errors == {}
    assert bool(replay.slow) == (evolve is mutating and count > 0)
    ordinals = list(range(-1, count))
    random.Random(1).shuffle(ordinals)
    for ordinal in ordinals:
        assert same(replay.state(ordinal), expected[ordinal + 1])
    for ordinal in range(count):
        changes = replay.changes(ordinal)
        assert len(changes) == replay.change_counts[ordinal]
        assert same(apply(replay.state(ordinal - 1), changes), replay.state(ordinal))


@given(st.lists(values, max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_it_grows_in_any_portions(payloads: list[Any], cuts: list[int]) -> None:
    stream = [event(number + 1, data) for number, data in enumerate(payloads)]
    at_once = replayed(None, stream)
    in_parts = Replay(None)
    done = 0
    for cut in sorted(cuts):
        in_parts.extend(stream[done : max(done, cut)])
        done = max(done, min(cut, len(stream)))
    in_parts.extend(stream[done:])
    for ordinal in range(-1, len(stream)):
        assert same(at_once.state(ordinal), in_parts.state(ordinal))
    assert at_once.change_counts == in_parts.change_counts


def test_there_is_no_state_beyond_the_events() -> None:
    replay = replayed(None, events(2, lambda n: {"n": n}))
    for ordinal in (-2, 2, 999):
        with pytest.raises(Invalid):
            replay.state(ordinal)


def test_the_generic_fold_merges_payloads_and_keeps_the_others_under_their_type() -> None:
    replay = replayed(
        None,
        [event(1, {"a": 1, "b": {"c": 1}}), event(2, {"b": 2}), event(3, [1], "Listed"), event(4, None, "Nothing")],
    )
    assert replay.generic
    assert replay.state(3) == {"a": 1, "b": 2, "Listed": [1], "Nothing": None}


# -- what reducers do --------------------------------------------------------------------------------------------------


def test_a_step_that_fails_is_marked_and_the_last_good_state_goes_on() -> None:
    def evolve(state: Any, event: DomainEvent) -> Any:
        if event.data == "bad":
            raise KeyError("lines")
        return {**state, str(event.version): event.data}

    replay = replayed(aggregate(evolve), [event(1, "x"), event(2, "bad"), event(3, "y")])
    assert list(replay.errors) == [1]
    assert replay.errors[1].startswith("KeyError: 'lines' (test_replay.py, line ")
    assert replay.state(1) == {"1": "x"}
    assert replay.state(2) == {"1": "x", "3": "y"}
    assert list(replay.change_counts) == [1, 0, 1]


def _recursive(state: Any, event: DomainEvent) -> Any:
    return _recursive(state, event)


def _exiting(state: Any, event: DomainEvent) -> Any:
    sys.exit("enough")


def _hungry(state: Any, event: DomainEvent) -> Any:
    raise MemoryError


class Silent(Exception):
    def __str__(self) -> str:
        raise ValueError("no text either")


def _silent(state: Any, event: DomainEvent) -> Any:
    raise Silent


def _opaque(state: Any, event: DomainEvent) -> Any:
    return object()


def _circular(state: Any, event: DomainEvent) -> Any:
    state = dict(state)
    state["self"] = state
    return state


@pytest.mark.parametrize(
    ("evolve", "sentence"),
    [
        (_recursive, "RecursionError"),
        (_exiting, "SystemExit: enough"),
        (_hungry, "MemoryError"),
        (_silent, "Silent ("),
        (_opaque, "A object cannot be shown as JSON"),
        (_circular, "The state is circular"),
    ],
)
def test_whatever_a_reducer_raises_belongs_to_its_step(evolve: Callable[..., Any], sentence: str) -> None:
    replay = replayed(aggregate(evolve), events(3, lambda n: n))
    assert list(replay.errors) == [0, 1, 2]
    assert replay.errors[0].startswith(sentence)
    assert replay.state(2) == {}


def test_an_initial_state_that_fails_is_said() -> None:
    replay = replayed(aggregate(sharing, initial=lambda: EMPTY["x"]), events(1, lambda n: {"n": n}))
    assert replay.errors[-1].startswith("The initial state failed: KeyError: 'x'")
    assert replay.state(-1) is None


def test_unreadable_payloads_and_failing_upcasters_are_steps_that_fail() -> None:
    def upcast(kind: str, version: int, data: Any) -> tuple[str, Any]:
        if kind == "Broken":
            raise ValueError("no rule")
        return kind, {"upcast": version, **data}

    stream = [
        event(1, {"a": 1}),
        event(2, b"{"),
        event(3, {"b": 1}, "Broken"),
        event(4, {"c": 1}, problem="Compressed by an unknown method."),
        event(5, {"d": 1}, metadata=b'{"schema_version":3}'),
    ]
    replay = replayed(None, stream, upcast=upcast)
    assert replay.errors[1].startswith("The payload cannot be read: Not JSON")
    assert replay.errors[2].startswith("The upcaster failed: ValueError: no rule")
    assert replay.errors[3] == "The payload cannot be read: Compressed by an unknown method."
    assert replay.state(4) == {"upcast": 3, "a": 1, "d": 1}


def test_reducers_see_metadata_times_and_ids() -> None:
    def evolve(state: Any, event: DomainEvent) -> Any:
        return {**event.metadata, "at": event.recorded_at, "id": event.event_id, "category": event.category}

    replay = replayed(aggregate(evolve), [event(1, {}, metadata=b'{"user":"pat"}'), event(2, {}, metadata=b"[1]")])
    assert replay.state(0) == {"user": "pat", "at": "2026-01-01T00:00:01+00:00", "id": "e1", "category": "Note"}
    assert "user" not in replay.state(1)  # type: ignore[operator]


def test_a_reducer_that_changes_its_input_late_makes_the_fold_begin_again() -> None:
    def evolve(state: Any, event: DomainEvent) -> Any:
        if event.type == "Late":
            state["list"].append(event.version)
            return state
        return {**state, "list": [*state.get("list", []), event.version]}

    stream = [event(number, {}, "Late" if number > 600 else "Noted") for number in range(1, 700)]
    replay = replayed(aggregate(evolve), stream, history=lambda: stream)
    assert replay.slow
    assert replay.generation == 1
    for ordinal in (0, 255, 256, 300, 599, 600, 698):
        assert replay.state(ordinal) == {"list": list(range(1, ordinal + 2))}
    without = replayed(aggregate(evolve), stream)
    assert "States before version 601 may be wrong" in without.slow
    assert without.state(698) == {"list": list(range(1, 700))}


def test_a_mutating_reducer_that_raises_half_way_leaves_the_last_good_state() -> None:
    def evolve(state: Any, event: DomainEvent) -> Any:
        state["n"] = event.version
        if event.version == 3:
            raise ValueError("half done")
        return state

    replay = replayed(aggregate(evolve), events(4, lambda n: None))
    assert [replay.state(ordinal) for ordinal in range(4)] == [{"n": 1}, {"n": 2}, {"n": 2}, {"n": 4}]
    assert list(replay.errors) == [2]


@dataclass(frozen=True)
class Basket:
    items: tuple[tuple[str, int], ...] = ()
    total: Decimal = Decimal("0.00")


def test_states_of_any_shape_and_states_with_load_and_dump() -> None:
    def evolve(state: Basket, event: DomainEvent) -> Basket:
        return Basket((*state.items, (event.data, event.version)), state.total + Decimal("1.50"))

    shown = replayed(aggregate(evolve, Basket), events(2, lambda n: f"i{n}"))
    assert same(shown.state(1), {"items": [["i0", 1], ["i1", 2]], "total": Decimal("3.00")})
    assert [change.path for change in shown.changes(1)] == ["/items/1", "/total"]
    dumped = replayed(
        aggregate(evolve, Basket, dump=lambda basket: {"n": len(basket.items)}), events(2, lambda n: f"i{n}")
    )
    assert dumped.state(1) == {"n": 2}


# -- what streams do ---------------------------------------------------------------------------------------------------


def test_events_with_odd_versions_and_times_are_folded_as_they_come() -> None:
    stream = [event(1, {"a": 1}), event(3, {"b": 2}), event(3, {"c": 3}), event(2, {"d": 4}), event(7, {"e": 5})]
    stream.append(event(8, {"f": 6}, recorded_at=START))
    replay = replayed(None, stream)
    assert replay.incomplete == ""
    assert replay.state(5) == {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}


def test_a_stream_whose_beginning_is_not_stored_is_labelled() -> None:
    replay = replayed(None, [event(5, {"a": 1})])
    assert replay.incomplete == "The first stored event is version 5: what came before is not known."
    assert replay.state(0) == {"a": 1}


def test_it_starts_from_the_base_snapshot() -> None:
    base = Snapshot("Note", "n-1", 4, b'{"b":2}')
    replay = replayed(None, [event(5, {"a": 1}), event(6, {"c": 1})], base=base)
    assert replay.incomplete == "Starts from the snapshot at version 4: no earlier event is stored."
    assert replay.state(-1) == {"b": 2}
    assert replay.state(1) == {"b": 2, "a": 1, "c": 1}


@pytest.mark.parametrize("base", [Snapshot("Note", "n-1", 3, b"{}"), Snapshot("Note", "n-1", 4, b"{")])
def test_a_base_snapshot_that_does_not_fit_is_not_used(base: Snapshot) -> None:
    replay = replayed(None, [event(5, {"a": 1})], base=base)
    assert replay.incomplete == "The first stored event is version 5: what came before is not known."
    assert replay.state(0) == {"a": 1}
    assert (-1 in replay.errors) == (base.version == 4)


def test_the_deepest_payloads_are_folded_kept_and_found_again() -> None:
    def deep(number: int) -> Any:
        value: Any = number
        for level in range(499):
            value = [value] if level % 2 else {"a": value}
        return {"deep": value}

    replay = replayed(None, events(BLOCK + 3, deep))
    assert replay.errors == {}
    for ordinal in (0, 1, BLOCK - 1, BLOCK + 2):
        assert same(replay.state(ordinal), deep(ordinal))
    (change,) = replay.changes(5)
    assert (change.before, change.after) == (4, 5)


def test_a_payload_of_many_keys_and_one_of_many_characters() -> None:
    wide = {f"k{number}": number for number in range(100_000)}
    long = {"text": "x" * 5_000_000}
    replay = replayed(None, [event(1, wide), event(2, long), event(3, {"k5": None})])
    assert replay.errors == {}
    assert list(replay.change_counts) == [100_000, 1, 1]
