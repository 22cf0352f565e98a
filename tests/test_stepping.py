"""A step in one pass finds what converting and comparing find one after the other."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from explorer.applying import apply
from explorer.diff import diff, same
from explorer.json_state import convert
from explorer.stepping import step
from tests.test_payload import values

objects = st.dictionaries(st.text(max_size=3), values, max_size=6)


@st.composite
def steps(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A state, and one made of it as reducers do: shared, copied, with members set, taken out and set below."""
    before = draw(objects)
    after = copy.deepcopy(before) if draw(st.booleans()) else dict(before)
    for name in draw(st.lists(st.sampled_from(sorted(before)), max_size=3)) if before else ():
        value = before[name]
        what = draw(st.sampled_from(["set", "remove", "below", "copy"]))
        if what == "remove":
            after.pop(name, None)
        elif what == "below" and isinstance(value, dict):
            after[name] = {**value, draw(st.text(max_size=2)): draw(values)}
        elif what == "below" and isinstance(value, list):
            after[name] = [*value[1:], draw(values)]
        elif what == "copy":
            after[name] = copy.deepcopy(value)
        else:
            after[name] = draw(values)
    return before, {**after, **draw(st.dictionaries(st.text(max_size=3), values, max_size=2))}


@given(steps())
def test_as_convert_and_diff(given: tuple[dict[str, Any], dict[str, Any]]) -> None:
    before, after = given
    stepped = step(before, after)
    converted, plain = convert(after, before, before)
    assert (stepped is not None) == plain
    if stepped is None:
        return
    kept, changes = stepped
    assert same(kept, converted)
    assert (kept is before) == same(before, after)
    assert changes == diff(before, converted)
    assert same(apply(before, changes), after)


class Text(str):
    """A subclass, as libraries have them."""


def test_what_is_no_json_is_left_to_converting() -> None:
    before: Any = {"a": 1, "b": {"c": 2}}
    circular: dict[str, Any] = {}
    circular["self"] = circular
    for value in (1.5, {1, 2}, (1,), Text("x"), float("nan"), "\ud800", circular, [{"x": 1.5}]):
        assert step(before, {**before, "a": value}) is None
        assert step(before, {**before, "new": value}) is None
        assert step(before, {**before, "b": {"c": value}}) is None
    assert step(before, {**before, 1: "x"}) is None
    assert step(before, {**before, "\ud800": "x"}) is None
    assert step([1], [2]) is None
    assert step(before, None) is None


def test_what_is_equal_is_shared_again() -> None:
    before: dict[str, Any] = {"a": {"b": [1, {"c": 2}]}, "d": 1}
    kept, changes = step(before, {"d": 2, "a": copy.deepcopy(before["a"])}) or (None, [])
    assert isinstance(kept, dict)
    assert kept["a"] is before["a"]
    assert [(change.op, change.path) for change in changes] == [("replace", "/d")]
    assert step(before, copy.deepcopy(before)) == (before, [])
