"""Exact arithmetic for watch expressions: integers and Decimals, never rounded unseen, never too long to end.

An operation that cannot be done raises `Impossible` with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

DIGITS = 2_000  # of an exact result that is no integer
QUOTIENT = 50  # digits of a quotient that has no end
_BITS = 20_000  # of an integer
_TOO_LONG = f"An integer has more than {_BITS * 3 // 10:,} digits."

EXACT = Context(prec=DIGITS, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_ROUNDED = Context(prec=QUOTIENT, traps=[InvalidOperation, DivisionByZero, Overflow])

_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    tuple: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    Decimal: "a number",
    type(None): "null",
}


class Impossible(Exception):
    """Why an expression has no value here."""


def kind(value: object) -> str:
    """What a value is, in plain words."""
    return _KINDS.get(type(value), "something else")


def numbers(what: str, one: Any, other: Any) -> bool:
    """Whether both are integers. Raises `Impossible` where one is no number, or too long."""
    held, there = type(one), type(other)
    if held is int:
        if one.bit_length() > _BITS:
            raise Impossible(_TOO_LONG)
    elif held is not Decimal:
        raise Impossible(f"{what} needs numbers; this is {kind(one)}.")
    if there is int:
        if other.bit_length() > _BITS:
            raise Impossible(_TOO_LONG)
    elif there is not Decimal:
        raise Impossible(f"{what} needs numbers; this is {kind(other)}.")
    return held is int and there is int


def subtract(one: Any, other: Any) -> Any:
    if numbers("-", one, other):
        return one - other
    return EXACT.subtract(one, other)


def multiply(one: Any, other: Any) -> Any:
    held, there = type(one), type(other)
    if held is Decimal and there is Decimal:
        return EXACT.multiply(one, other)
    if numbers("*", one, other):
        if one.bit_length() + other.bit_length() > _BITS:
            raise Impossible(f"The product has more than {_BITS * 3 // 10:,} digits.")
        return one * other
    return EXACT.multiply(one, other)


def divide(one: Any, other: Any) -> Any:
    """Exact where the quotient ends, else rounded to `QUOTIENT` digits."""
    whole = numbers("/", one, other)
    if other == 0:
        raise Impossible("This divides by zero.")
    if whole and one % other == 0:
        return one // other
    try:
        return EXACT.divide(one, other)
    except Inexact:
        return _ROUNDED.divide(one, other)


def floor_divide(one: Any, other: Any) -> Any:
    return _floored("//", one, other)[0]


def remainder(one: Any, other: Any) -> Any:
    return _floored("%", one, other)[1]


def _floored(what: str, one: Any, other: Any) -> tuple[Any, Any]:
    """As Python does it for integers: the remainder has the sign of the divisor."""
    whole = numbers(what, one, other)
    if other == 0:
        raise Impossible("This divides by zero.")
    if whole:
        return one // other, one % other
    quotient, rest = EXACT.divmod(one, other)
    if rest and (rest < 0) != (other < 0):
        return EXACT.subtract(quotient, 1), EXACT.add(rest, other)
    return quotient, rest


def negative(value: Any) -> Any:
    numbers("-", value, 0)
    return value.copy_negate() if type(value) is Decimal else -value


def positive(value: Any) -> Any:
    numbers("+", value, 0)
    return value


def absolute(value: Any) -> Any:
    numbers("abs()", value, 0)
    return value.copy_abs() if type(value) is Decimal else abs(value)


def whole(value: Any) -> int:
    """`int(value)`: of a number what stands before the point, of a text the integer that it is."""
    held = type(value)
    if held is int or held is bool:
        return int(value)
    if held is Decimal:
        if not value.is_finite() or value.adjusted() > DIGITS:
            raise Impossible("The number is too large to be made an integer.")
        return int(value)
    if held is str and len(value) <= DIGITS:
        try:
            return int(value)
        except ValueError:
            pass
    raise Impossible(f"int() cannot make an integer of {_named(value)}.")


def number(value: Any) -> Any:
    """The number that a text is; a number itself."""
    held = type(value)
    if held is int or held is Decimal:
        return value
    if held is str and len(value) <= DIGITS:
        try:
            found = Decimal(value)
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite():
            return found
    raise Impossible(f"number() cannot make a number of {_named(value)}.")


def _named(value: Any) -> str:
    return f"the text {value[:40]!r}" if type(value) is str else kind(value)


def text(value: Any) -> str:
    """`str(value)`, of plain values; true, false and null as in JSON."""
    held = type(value)
    if held is str:
        return value  # type: ignore[no-any-return]
    if held is bool or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if held is int or held is Decimal:
        numbers("str()", value, 0)
        if held is Decimal or value.bit_length() <= 14_000:  # Python refuses to print longer ones
            return str(value)
    raise Impossible(f"str() cannot make a text of {kind(value)}.")


def less(one: Any, other: Any) -> bool:
    held = type(one)
    if held is type(other) and (held is int or held is str):
        return one < other  # type: ignore[no-any-return]
    if held is str or type(other) is str:
        raise Impossible(f"A text cannot be compared with {kind(other if held is str else one)}.")
    numbers("A comparison", one, other)
    return one < other  # type: ignore[no-any-return]


def less_or_equal(one: Any, other: Any) -> bool:
    held = type(one)
    if held is type(other) and (held is int or held is str or held is Decimal):
        return one <= other  # type: ignore[no-any-return]
    return less(one, other) or one == other
