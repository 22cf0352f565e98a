"""Message DB: names of streams come apart and together again."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer.model import StreamKey
from explorer.stores.layouts.message_db import join, split


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("account-123", StreamKey("account", "123")),
        ("account-3f2b-99", StreamKey("account", "3f2b-99")),
        ("account:command+position-a+b", StreamKey("account:command+position", "a+b")),
        ("account", StreamKey("account", "")),
        ("account-", StreamKey("account-", "")),
        ("-x", StreamKey("", "x")),
        ("", StreamKey("", "")),
    ],
)
def test_a_name_is_split_at_its_first_dash(name: str, key: StreamKey) -> None:
    assert split((name,), None) == key
    assert join(key) == (name,)


@given(st.text(alphabet="ab-:😀/\n"))
def test_every_name_comes_back(name: str) -> None:
    assert join(split((name,), None)) == (name,)


@given(st.text(alphabet="ab-:"), st.text(alphabet="ab-:"))
@example("a-", "b")
@example("-", "")
def test_what_joins_splits_into_the_same(category: str, ident: str) -> None:
    key = StreamKey(category, ident)
    native = join(key)
    assert native is None or split(native, None) == key
