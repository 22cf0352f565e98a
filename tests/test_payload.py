"""JSON texts to exact values and back, and everything that a text can have wrong with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import Invalid
from explorer.payload import DEPTH, decode, decode_plain, depth, encode, parse, pretty

numbers = st.integers() | st.decimals(allow_nan=False, allow_infinity=False).filter(
    lambda d: d.as_tuple().exponent != 0
)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def exactly(value: Any) -> Any:
    """Something that is equal only for values of the same types, digits and order of keys."""
    if isinstance(value, dict):
        return [(key, exactly(child)) for key, child in value.items()]
    if isinstance(value, list):
        return ["list", *map(exactly, value)]
    return (type(value), str(value))


@given(values)
def test_what_is_encoded_is_decoded_again_exactly(value: Any) -> None:
    text = encode(value)
    assert exactly(decode(text).value) == exactly(value)
    assert decode(text).problem is None
    assert exactly(decode_plain(text)) == exactly(value)
    assert exactly(parse(pretty(value))) == exactly(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.10", Decimal("1.10")),
        ("1e400", Decimal("1E+400")),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("-0", Decimal("-0")),
        ("-0.50", Decimal("-0.50")),
        ("[-0, -0,-0]", [Decimal("-0")] * 3),
        (
            '{"a":-0,"b":{"at":"2024-01-01","c":\t-0}}',
            {"a": Decimal("-0"), "b": {"at": "2024-01-01", "c": Decimal("-0")}},
        ),
        ("[-0.0,-0e1,1.5e-05]", [Decimal("-0.0"), Decimal("-0e1"), Decimal("1.5e-05")]),
        ("1" * 4300, int("1" * 4300)),
        ("1" * 5000, Decimal("1" * 5000)),
        ("true", True),
        ("null", None),
        (' {"a" :\t1}\r\n', {"a": 1}),
        ('{"a:b":":","c":"\\u003a"}', {"a:b": ":", "c": ":"}),
        ('"\\u0000"', "\x00"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("\ufeff[1]", [1]),
    ],
)
def test_values_are_exact(text: str, value: Any) -> None:
    decoded = decode(text.encode())
    assert decoded.problem is None
    assert exactly(decoded.value) == exactly(value)
    assert exactly(decode(encode(value)).value) == exactly(value)


def test_the_order_of_keys_is_kept() -> None:
    assert encode(decode(b'{"z":1,"a":{"y":2,"b":3}}').value) == b'{"z":1,"a":{"y":2,"b":3}}'


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "Empty: there is no JSON text."),
        (b" \n", "Empty: there is no JSON text."),
        (b'{"a":1,"a":1}', "The key “a” occurs twice in one object."),
        (b'{"x":"\\u003a","b":{"k":1,"k":2}}', "The key “k” occurs twice in one object."),
        (b'{"a":1,"\\u0061":2}', "The key “a” occurs twice in one object."),
        (b"[NaN]", "NaN is not JSON."),
        (b"Infinity", "Infinity is not JSON."),
        (b"-Infinity", "-Infinity is not JSON."),
        (b'"\\ud800"', "Half of a surrogate pair, \\ud800, stands alone in '\\ud800'."),
        (b'{"\\udc00":1}', "Half of a surrogate pair, \\udc00, stands alone in '\\udc00'."),
        (b"[1,\n]", "Not JSON: expecting value at line 2, column 1."),
        (b'{"a":1,\n"b" 2}', "Not JSON: expecting ':' delimiter at line 2, column 5."),
        (b"[1] x", "Not JSON: extra data at line 1, column 5."),
        (b'"abc', "Not JSON: unterminated string at line 1, column 1."),
        (b"\xffabc", "Not UTF-8: byte 0xff at offset 0."),
        (b'"\xed\xa0\x80"', "Not UTF-8: byte 0xed at offset 1."),
        (b"[" * 10_000, f"Nested more than {DEPTH} levels deep at line 1, column 501."),
        (b"[\n" * 501 + b"]" * 501, f"Nested more than {DEPTH} levels deep at line 501, column 1."),
        (b"1e9999999999999999999", "The number 1e9999999999999999999 is beyond what can be represented."),
    ],
)
def test_problems_are_sentences(raw: bytes, problem: str) -> None:
    decoded = decode(raw)
    assert decoded.value is None
    assert decoded.problem == problem
    with pytest.raises(Invalid) as raised:
        parse(raw)
    assert str(raised.value) == problem


@given(st.binary(max_size=40))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    decoded = decode(raw)
    assert decoded.value is None or decoded.problem is None


def test_the_greatest_depth_is_accepted() -> None:
    raw = b"[" * DEPTH + b"]" * DEPTH
    decoded = decode(raw)
    assert decoded.problem is None
    assert depth(decoded.value) == DEPTH
    assert encode(decoded.value) == raw


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({1: 2}, "The key 1 at the top is not a text."),
        ({"a": [{"b": (1,)}]}, "A tuple at /a/0/b is not JSON."),
        ([1.5], "A float at /0 is not JSON."),
        ([Decimal("NaN")], "NaN at /0 is not JSON."),
        (Decimal("-Infinity"), "-Infinity at the top is not JSON."),
        ({"a": "\ud800"}, "The text at /a holds half of a surrogate pair."),
        ({"\ud800": 1}, "A key at the top holds half of a surrogate pair."),
    ],
)
def test_what_is_not_json_is_refused_naming_where(value: Any, sentence: str) -> None:
    with pytest.raises(Invalid) as raised:
        encode(value)
    assert str(raised.value) == sentence


def test_an_integer_that_python_would_not_print_is_refused() -> None:
    with pytest.raises(Invalid, match="more than 4,300 digits"):
        encode([10**5000])


def test_what_is_nested_too_deeply_is_not_encoded() -> None:
    value: Any = []
    for _ in range(DEPTH):
        value = [value]
    with pytest.raises(Invalid):
        encode(value)


def test_what_a_person_typed_with_half_a_surrogate_pair() -> None:
    with pytest.raises(Invalid):
        parse('"\ud800"')
