"""Pseudonyms: equal stays equal, different stays different, and nothing that was to be hidden is left."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import payload
from explorer.model import Json, StreamKey
from explorer.pseudonyms import IDS, NUMBERS, STRINGS, Pseudonyms

KEY = b"k" * 32
numbers = st.integers(-(10**40), 10**40) | st.decimals(allow_nan=False, allow_infinity=False, places=2)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(texts, inside, max_size=4),
    max_leaves=12,
)


def pseudonyms(*kinds: str, kept: tuple[str, ...] = (), streams: tuple[StreamKey, ...] = ()) -> Pseudonyms:
    return Pseudonyms(kinds, streams, kept, KEY)


def leaves(value: Json) -> list[Json]:
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    return [value]


@given(st.lists(numbers | texts, max_size=30))
def test_equal_ones_get_equal_pseudonyms_and_others_other_ones(given: list[Json]) -> None:
    replaced = pseudonyms(STRINGS, NUMBERS).payload(given)
    assert isinstance(replaced, list)
    for one, other in zip(given, replaced, strict=True):
        for second, second_other in zip(given, replaced, strict=True):
            same = one == second and isinstance(one, str) == isinstance(second, str)
            assert same == (other == second_other)


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_numbers_of_as_many_digits_are_exchanged_among_themselves(digits: int) -> None:
    every = [n for n in range(10 ** (digits - 1), 10**digits) if n % 10]
    hidden = pseudonyms(NUMBERS)
    assert sorted(hidden.payload(n) for n in every) == every  # type: ignore[type-var]


@given(numbers)
def test_a_number_keeps_its_kind_sign_and_length(number: int | Decimal) -> None:
    found = pseudonyms(NUMBERS).payload(number)
    assert type(found) is type(number)
    assert isinstance(found, int | Decimal)
    assert (found > 0, found == 0) == (number > 0, number == 0)
    assert len(str(found)) == len(str(number))
    text = payload.encode(found)
    assert payload.decode(text).value == found


def test_whole_and_decimal_numbers_that_are_equal_stay_equal() -> None:
    hidden = pseudonyms(NUMBERS)
    assert hidden.payload(110) == hidden.payload(Decimal("110.00"))
    assert str(hidden.payload(Decimal("0.10"))).startswith("0.")
    long = Decimal("9" * 5000)
    found = hidden.payload(long)
    assert found != long
    assert len(f"{found:f}") == 5000


@given(values)
def test_shape_names_and_what_is_no_text_or_number_stay(value: Json) -> None:
    found = pseudonyms(STRINGS, NUMBERS).payload(value)
    before, after = leaves(value), leaves(found)
    assert [type(one) for one in before] == [type(one) for one in after]
    for one, other in zip(before, after, strict=True):
        assert one == other if one in (None, True, False, "", 0) else one is not other
    if isinstance(value, dict):
        assert isinstance(found, dict)
        assert list(found) == list(value)


def test_members_that_are_to_stay_do() -> None:
    value: Json = {"status": {"of": "it"}, "name": "Ada", "lines": [{"status": "x", "sku": "A"}]}
    found = pseudonyms(STRINGS, kept=("status",)).payload(value)
    assert isinstance(found, dict)
    assert found["status"] == {"of": "it"}
    assert found["name"] != "Ada"
    assert "'status': 'x'" in str(found["lines"])
    assert "A" not in str(found["lines"])


def test_ids_of_the_streams_stay_together_with_what_refers_to_them() -> None:
    streams = (StreamKey("Customer", "c-1"),)
    event: Json = {"customerId": "c-1", "reservations": {"c-1": 3}}
    assert pseudonyms(STRINGS, streams=streams).payload(event) == event  # or else nobody would find the stream
    hidden = pseudonyms(IDS, streams=streams)
    id = hidden.id("c-1")
    assert id != "c-1"
    assert hidden.payload(event) == {"customerId": id, "reservations": {id: 3}}


def test_metadata_keep_what_finds_causes() -> None:
    uuid = "5f0f2a1e-6f6c-5e0e-9d5b-1f6f5b3a7c10"
    found = pseudonyms(STRINGS).metadata({"correlation_id": uuid, "user": "ada", "command": "CancelOrder", "id": "e1"})
    assert isinstance(found, dict)
    assert (found["correlation_id"], found["command"]) == (uuid, "CancelOrder")
    assert "ada" not in found.values()
    assert found["id"] == pseudonyms(STRINGS).event_id("e1")


def test_a_uuid_becomes_another_uuid_and_without_the_key_nobody_can_try() -> None:
    from uuid import UUID

    uuid = "5f0f2a1e-6f6c-4e0e-9d5b-1f6f5b3a7c10"
    found = pseudonyms(STRINGS).payload(uuid)
    assert isinstance(found, str)
    assert str(UUID(found)) == found != uuid
    assert Pseudonyms((STRINGS,)).payload("Ada") != Pseudonyms((STRINGS,)).payload("Ada")


def test_states_get_the_pseudonyms_that_payloads_got() -> None:
    hidden = pseudonyms(STRINGS)
    name = hidden.payload("Ada")
    assert hidden.state({"status": "PENDING", "names": {"Ada": "Ada"}}) == {"status": "PENDING", "names": {name: name}}
