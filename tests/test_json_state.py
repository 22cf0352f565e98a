"""States of any shape as JSON, sharing with the previous state what is the same."""

from __future__ import annotations

import copy
import enum
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import Invalid
from explorer.json_state import MISSING, convert, to_json
from tests.test_payload import exactly, values


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Mode(enum.StrEnum):
    ON = "on"


Point = namedtuple("Point", "x y")


@dataclass(frozen=True, slots=True)
class Item:
    sku: str
    tags: tuple[str, ...] = ()


class Plain:
    def __init__(self) -> None:
        self.name = "n"
        self._hidden = 1


@dataclass
class Node:
    children: list[Any] = field(default_factory=list)


@pytest.mark.parametrize(
    ("state", "value"),
    [
        (Item("A", ("x",)), {"sku": "A", "tags": ["x"]}),
        (Point(1, "y"), {"x": 1, "y": "y"}),
        (Plain(), {"name": "n"}),
        (OrderedDict(b=1, a=(2,)), {"b": 1, "a": [2]}),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        (frozenset({Item("B"), Item("A")}), [{"sku": "A", "tags": []}, {"sku": "B", "tags": []}]),
        ({Colour.RED: Colour.RED}, {"red": "red"}),
        (Level.HIGH, 3),
        (Mode.ON, "on"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(seconds=90), "0:01:30"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x01\xff", "01ff"),
        (1.5, Decimal("1.5")),
        (1e300, Decimal("1e+300")),
        (Decimal("5"), 5),
        (Decimal("5.0"), Decimal("5.0")),
        (Decimal("-0"), Decimal("-0")),
        (float("nan"), "NaN"),
        (Decimal("Infinity"), "Infinity"),
        ({True: "a", 2: "b"}, {"true": "a", "2": "b"}),
        ({None: 1, UUID(int=2): 2}, {"null": 1, "00000000-0000-0000-0000-000000000002": 2}),
        ("\ud800", "\\ud800"),
        ({"\ud800": [(("deep",),)]}, {"\\ud800": [[["deep"]]]}),
    ],
)
def test_shapes(state: Any, value: Any) -> None:
    assert exactly(to_json(state)) == exactly(value)


@given(values)
def test_plain_json_is_itself(value: Any) -> None:
    assert to_json(value) is value
    assert convert(value, MISSING, MISSING) == (value, True)


@given(values, values)
def test_what_is_equal_is_shared_and_the_rest_is_right(old: Any, new: Any) -> None:
    before = {"a": old, "b": [old, new], "c": 1}
    after = {"a": copy.deepcopy(old), "b": [copy.deepcopy(new), copy.deepcopy(new)], "c": new}
    result, plain = convert(after, before, before)
    assert plain
    assert exactly(result) == exactly(after)
    assert result["a"] is old or exactly(old) == exactly(result["a"])  # type: ignore[call-overload, index]
    again, _ = convert(copy.deepcopy(after), after, result)
    assert again is result


def test_untouched_parts_are_the_same_objects_also_below_foreign_types() -> None:
    before: Any = {"items": [Item("A"), Item("B")], "shipped": {"at": (1, 2)}}
    before_json: Any = to_json(before)
    after: Any = {"items": [Item("C"), *before["items"]], "shipped": before["shipped"]}
    after_json: Any
    after_json, plain = convert(after, before, before_json)
    assert not plain
    assert after_json["shipped"] is before_json["shipped"]
    assert after_json["items"][1] is before_json["items"][0]
    assert after_json["items"][2] is before_json["items"][1]


def test_what_shares_objects_is_entered_all_the_same_without_a_previous_state() -> None:
    state: Any = {"list": [1]}
    saved: Any = to_json(copy.deepcopy(state))
    state["list"].append(2)
    assert convert(state, MISSING, saved)[0] == {"list": [1, 2]}


def test_long_lists_and_objects_cost_by_what_changed() -> None:
    rows: list[Any] = [{"n": n} for n in range(1000)]
    before: dict[str, Any] = {"rows": rows, "index": {str(n): row for n, row in enumerate(rows)}}
    row = {"n": -1}
    after: Any = {"rows": [*rows[:500], row, *rows[501:]], "index": {**before["index"], "500": row, "new": row}}
    result: Any
    result, plain = convert(after, before, before)
    assert plain
    assert result is after
    assert result["rows"][0] is rows[0]


@pytest.mark.parametrize("state", [object(), {"a": [lambda: 1]}, {(1, 2): 3}, {1: 1, "1": 2}])
def test_what_cannot_be_json_is_refused(state: Any) -> None:
    with pytest.raises(Invalid):
        to_json(state)


def test_circular_states_are_refused() -> None:
    node = Node()
    node.children.append(node)
    for state in (node, node.children):
        with pytest.raises(Invalid, match="circular"):
            to_json(state)


@given(st.integers(1, 500))
def test_states_may_be_as_deep_as_payloads(levels: int) -> None:
    state: Any = 1
    for level in range(levels):
        state = [state] if level % 2 else {"a": state}
    assert to_json(state) is state
