from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.diff import same
from explorer.engine.messages import CUT, Row
from explorer.engine.rows import at, compare, json_text, marked_rows, place, rows
from explorer.errors import Invalid
from explorer.model import Json

BEFORE: Json = {
    "status": "PENDING",
    "lines": [{"sku": "A-1", "quantity": 1}, {"sku": "B-2", "quantity": 1}, {"sku": "C-3", "quantity": 1}],
    "note": "hello",
    "same": {"x": 1},
}
AFTER: Json = {
    "status": "APPROVED",
    "lines": [{"sku": "C-3", "quantity": 5}, {"sku": "A-1", "quantity": 1}, {"sku": "D-4", "quantity": 1}],
    "same": {"x": 1},
    "new": {"amount": Decimal("1.10")},
}


def brief(page: Any) -> list[tuple[str, str, str]]:
    return [(row.key, row.path, row.mark) for row in page.rows]


def test_members_of_a_state_with_what_changed() -> None:
    assert brief(marked_rows(AFTER, BEFORE)) == [
        ("status", "/status", "~"),
        ("lines", "/lines", "."),
        ("note", "/note", "-"),
        ("same", "/same", ""),
        ("new", "/new", "+"),
    ]


def test_elements_known_by_their_key_with_what_moved_and_what_is_gone() -> None:
    page = marked_rows(AFTER, BEFORE, "/lines")
    by_key = {row.key: row for row in page.rows}
    assert {key: row.mark for key, row in by_key.items()} in (
        {"sku=A-1": ">", "sku=B-2": "-", "sku=C-3": ".", "sku=D-4": "+"},
        {"sku=A-1": "", "sku=B-2": "-", "sku=C-3": ">", "sku=D-4": "+"},
    )
    assert page.total == 4
    gone = by_key["sku=B-2"]
    assert brief(marked_rows(AFTER, BEFORE, gone.path)) == [
        ("sku", f"{gone.path}/sku", "-"),
        ("quantity", f"{gone.path}/quantity", "-"),
    ]
    inside = marked_rows(AFTER, BEFORE, by_key["sku=C-3"].path)
    assert brief(inside) == [("sku", "/lines/0/sku", ""), ("quantity", "/lines/0/quantity", "~")]


def test_the_value_of_a_removed_member_is_the_one_it_had() -> None:
    assert marked_rows(AFTER, BEFORE, "/note").rows == (Row("", "/note", "string", "hello", 5, "-"),)


def test_what_is_new_is_new_throughout() -> None:
    assert marked_rows(AFTER, BEFORE, "/new").rows == (Row("amount", "/new/amount", "number", "1.10", 4, "+"),)


def test_pages_put_together_are_the_whole() -> None:
    before: Json = {f"k{n}": n for n in range(100)}
    after: Json = {f"k{n}": n for n in range(100) if n % 7}
    whole = marked_rows(after, before, limit=1000)
    assert whole.total == len(whole.rows) == 100
    assert [row.key for row in whole.rows] == [f"k{n}" for n in range(100)]
    pieces = [row for start in range(0, 100, 9) for row in marked_rows(after, before, start=start, limit=9).rows]
    assert pieces == list(whole.rows)


def test_a_path_that_leads_nowhere() -> None:
    for path in ("/nothing", "/lines/9", "/lines/-1", "/lines/01", "/status/deeper", "/lines/x"):
        with pytest.raises(Invalid):
            rows(AFTER, path)
        with pytest.raises(Invalid):
            marked_rows(AFTER, AFTER, path)


def test_names_with_slashes_tildes_and_great_length() -> None:
    long = "n" * 100_000
    value: Json = {"a/b": {"~": 1}, long: {"x": 2}}
    slash, great = rows(value).rows
    assert at(value, slash.path) == {"~": 1}
    assert rows(value, slash.path).rows[0].path == "/a~1b/~0"
    assert len(great.key) == CUT
    assert len(great.path) < 10
    assert at(value, great.path) == {"x": 2}
    gone = marked_rows({}, value).rows[1]
    assert (gone.mark, len(gone.path) < 10) == ("-", True)
    assert place({}, value, gone.path).value == {"x": 2}


def test_large_values_are_cut() -> None:
    many: Json = {"text": "x" * 1_000_000, "list": list(range(100_000)), "number": 10**4000}
    text, elements, number = rows(many).rows
    assert (len(text.text), text.size) == (CUT, 1_000_000)
    assert (elements.text, elements.size) == ("100,000 elements", 100_000)
    assert len(number.text) == CUT
    assert len(json_text(many)) == CUT


def test_values_as_text() -> None:
    value: Json = {
        "none": None,
        "yes": True,
        "exact": Decimal("1.10"),
        "money": {"amount": Decimal("2.50")},
        "empty": {},
    }
    assert [(row.kind, row.text) for row in rows(value).rows] == [
        ("null", "null"),
        ("boolean", "true"),
        ("number", "1.10"),
        ("object", "amount: 2.50"),
        ("object", "empty object"),
    ]
    assert json_text(value) == '{"none":null,"yes":true,"exact":1.10,"money":{"amount":2.50},"empty":{}}'


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "~/"]),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["id", "a", "b", "/"]), inner, max_size=4)
        | st.lists(st.fixed_dictionaries({"id": st.integers(0, 5), "x": inner}), max_size=5)
    ),
    max_leaves=20,
)


@given(values, values)
def test_every_path_in_the_marked_tree_leads_to_its_value(before: Any, after: Any) -> None:
    open_paths = [""]
    while open_paths:
        path = open_paths.pop()
        page = marked_rows(after, before, path)
        assert page.total == len(page.rows)
        for row in page.rows:
            here = place(after, before, row.path)
            if row.mark == "-":
                assert here.gone
            elif row.mark in ("", "."):
                assert isinstance(here.value, dict | list) or row.mark == ""
                if row.mark == "" and path.count("/") < 1 and compare(before, after) is not None:
                    assert same(here.before, here.value)  # type: ignore[arg-type]
            if row.kind in ("object", "array") and row.size:
                open_paths.append(row.path)
