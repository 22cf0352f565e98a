"""Differences between JSON values, and making one of the other by them."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.applying import apply
from explorer.diff import Change, diff, key_member, pointer, same, tokens
from tests.test_payload import exactly, values

A = {"sku": "A", "quantity": 1}
B = {"sku": "B", "quantity": 2}
C = {"sku": "C", "quantity": 3}


def told(before: Any, after: Any) -> list[tuple[str, str, str, str]]:
    return [(change.op, change.path, change.origin, change.key) for change in diff(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (1, 1, []),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        (1, 2, [("replace", "", "", "")]),
        (None, {}, [("replace", "", "", "")]),
        ({}, {"a": None}, [("add", "/a", "", "")]),
        ({"a": None}, {}, [("remove", "/a", "", "")]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3, "d": 4}}, [
            ("remove", "/a/b", "", ""), ("replace", "/a/c", "", ""), ("add", "/a/d", "", ""),
        ]),
        ({"a/b~": 1}, {"a/b~": 2}, [("replace", "/a~1b~0", "", "")]),
        ([1, 2, 3], [1, 3], [("remove", "/1", "", "")]),
        ([1, 2, 3], [1, 5, 3], [("replace", "/1", "", "")]),
        (["a", "b", "c"], ["c", "a", "b"], [("move", "/0", "/2", "")]),
        ([[1], [2]], [[1], [2], [3]], [("add", "/2", "", "")]),
        ([{"x": 1}, {"x": 2}], [{"x": 1}, {"x": 3}, {"x": 4}], [("replace", "/1/x", "", ""), ("add", "/2", "", "")]),
        ([A, B, C], [A, C], [("remove", "/1", "", "sku=B")]),
        ([A, B], [A, B, C], [("add", "/2", "", "sku=C")]),
        ([A, B, C], [C, A, B], [("move", "/0", "/2", "sku=C")]),
        ([A, B, C], [{"sku": "C", "quantity": 9}, A], [
            ("remove", "/1", "", "sku=B"), ("move", "/0", "/2", "sku=C"), ("replace", "/0/quantity", "", "sku=C"),
        ]),
        ({"lines": [A, {**B, "tags": ["x", "y"]}]}, {"lines": [{**B, "tags": ["y"]}]}, [
            ("remove", "/lines/0", "", "sku=A"), ("remove", "/lines/1/tags/0", "", "sku=B"),
        ]),
        ([{"orderRef_id": 1}], [{"orderRef_id": 2}], [
            ("remove", "/0", "", "orderRef_id=1"), ("add", "/0", "", "orderRef_id=2"),
        ]),
    ],
)  # fmt: skip
def test_differences(before: Any, after: Any, changes: list[tuple[str, str, str, str]]) -> None:
    assert told(before, after) == changes
    assert same(apply(before, diff(before, after)), after)


def test_a_change_carries_what_was_and_what_is() -> None:
    assert diff({"a": 1, "b": 2}, {"a": Decimal("1.0"), "c": 3}) == [
        Change("remove", "/b", "", "", 2, None),
        Change("replace", "/a", "", "", 1, Decimal("1.0")),
        Change("add", "/c", "", "", None, 3),
    ]


@pytest.mark.parametrize("one", [True, 1, Decimal("1.0"), Decimal("1.00"), "1"])
@pytest.mark.parametrize("other", [True, 1, Decimal("1.0"), Decimal("1.00"), "1"])
def test_equal_numbers_of_other_types_or_digits_differ(one: Any, other: Any) -> None:
    alike = type(one) is type(other) and str(one) == str(other)
    before: Any
    after: Any
    for before, after in ((one, other), ({"a": one}, {"a": other}), ([one], [other]), ([[one]], [[other]])):
        assert same(before, after) == alike
        assert (diff(before, after) == []) == alike
        assert exactly(apply(before, diff(before, after))) == exactly(after)


@pytest.mark.parametrize(
    ("elements", "member"),
    [
        ([{"name": "x", "sku": 1}, {"name": "x", "sku": 2}], "sku"),
        ([{"id": 1, "sku": 1}, {"id": 1, "sku": 2}], "sku"),
        ([{"id": "1"}, {"id": 1}], "id"),
        ([{"id": 1}, {"id": True}], None),
        ([{"id": 1}, {"id": None}], None),
        ([{"id": Decimal("1.5")}], None),
        ([{"id": 1}, 2], None),
        ([{"id": 1}, {}], None),
        ([{"lineId": 1}, {"lineId": 2}], "lineId"),
        ([{"valid": 1}, {"valid": 2}], None),
        ([], None),
        ([1, 2], None),
    ],
)
def test_the_key_of_a_list(elements: list[Any], member: str | None) -> None:
    assert key_member(elements, elements) == member


@given(values, values)
def test_any_two_values(before: Any, after: Any) -> None:
    made = apply(before, diff(before, after))
    assert same(made, after)
    assert diff(made, after) == []


keyed = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(0, 8)},
        optional={
            "name": st.sampled_from("xyz"),
            "tags": st.lists(st.integers(0, 5), max_size=5),
            "lines": st.lists(
                st.fixed_dictionaries({"sku": st.sampled_from("ABCD")}, optional={"quantity": st.integers(0, 2)}),
                max_size=4,
            ),
        },
    ),
    max_size=9,
    unique_by=lambda element: element["id"],
)


@given(keyed, keyed)
def test_keyed_lists_with_moves(before: Any, after: Any) -> None:
    changes = diff({"list": before}, {"list": after})
    assert same(apply({"list": before}, changes), {"list": after})
    # Elements with the same key are never taken out and put in again.
    kept = {element["id"] for element in before} & {element["id"] for element in after}
    top = [change for change in changes if len(tokens(change.path)) == 2 and change.op in ("add", "remove")]
    assert not any(change.key == f"id={identity}" for change in top for identity in kept)


@given(st.lists(values, max_size=6), st.randoms(use_true_random=False))
def test_plain_lists_edited_anywhere(before: list[Any], chance: random.Random) -> None:
    after = list(before)
    for _ in range(chance.randint(0, 4)):
        if after and chance.random() < 0.5:
            del after[chance.randrange(len(after))]
        else:
            after.insert(chance.randint(0, len(after)), chance.choice([1, "x", {"a": 1}, {"a": 2}, [3], None]))
    assert same(apply(before, diff(before, after)), after)


@given(values, values)
def test_differences_depend_on_values_only_not_on_what_is_shared(before: Any, after: Any) -> None:
    def copied(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: copied(child) for key, child in value.items()}
        return [copied(child) for child in value] if isinstance(value, list) else value

    joined = {"one": before, "two": [before, after]}
    later = {"one": after, "two": [after, before]}
    assert diff(joined, later) == diff(copied(joined), copied(later))


def test_what_did_not_change_is_shared_and_the_value_before_is_untouched() -> None:
    before: Any = {"a": {"x": 1}, "b": [A, B], "c": {"y": 2}}
    after: Any = {"a": {"x": 1}, "b": [A, B], "c": {"y": 3}}
    made: Any = apply(before, diff(before, after))
    assert made["a"] is before["a"]
    assert made["b"] is before["b"]
    assert before["c"] == {"y": 2}


def test_the_deepest_payloads_compare() -> None:
    before: Any = 1
    after: Any = 2
    for level in range(500):
        before, after = ([before], [after]) if level % 2 else ({"a": before}, {"a": after})
    (change,) = diff(before, after)
    assert len(tokens(change.path)) == 500
    assert same(apply(before, [change]), after)


@pytest.mark.parametrize("names", [[], ["a"], ["a/b", "~", "", "~1", 0], ["ü", " "]])
def test_pointers(names: list[str | int]) -> None:
    assert tokens(pointer(names)) == [str(name) for name in names]
