"""Money as it stands in events: `{"amount": <exact decimal>}`, and order lines, which cost money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, Inexact, InvalidOperation, Overflow, localcontext
from typing import Any, TypeAlias

from explorer.errors import Refused
from explorer.model import Json

Amount: TypeAlias = "int | Decimal"

_DIGITS = 2_000  # more than any sum of amounts that a person or a program would write


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount, in the shop's one currency."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One position of an order."""

    sku: str
    quantity: int
    price: Money


def money(amount: Amount) -> dict[str, Json]:
    """The JSON object of an amount."""
    return {"amount": amount}


def amount_of(value: Any) -> Amount:
    """The amount of a JSON money object; 0 of anything else, as events written by others may lack it."""
    amount = value.get("amount") if type(value) is dict else None
    return amount if type(amount) is Decimal or type(amount) is int else 0


def total(lines: Sequence[Any]) -> Amount:
    """Σ quantity × price of JSON lines, with all digits. Raises `Refused` where these are too many."""
    with _exact():
        prices: list[Amount] = [line["quantity"] * amount_of(line["price"]) for line in lines]
    return plus(*prices)


def plus(*amounts: Amount) -> Amount:
    """The exact sum; subtract by giving a negated amount. Raises `Refused` where it has too many digits."""
    if not amounts:
        return 0
    with _exact():
        # Not begun with 0: that would write out all the zeros of 1E+400.
        result = amounts[0]
        for amount in amounts[1:]:
            result += amount
        return result


def negated(amount: Amount) -> Amount:
    """The same with all its digits: the minus sign would round a Decimal."""
    return amount.copy_negate() if isinstance(amount, Decimal) else -amount


@contextmanager
def _exact() -> Iterator[None]:
    with localcontext(prec=_DIGITS) as context:
        context.traps[Inexact] = True
        try:
            yield
        except (Inexact, Overflow, InvalidOperation):
            raise Refused(f"The amounts cannot be summed exactly: that takes more than {_DIGITS:,} digits.") from None


def exactly(amount: Decimal) -> Amount:
    """An amount as JSON has it: integral ones without a fraction are integers."""
    exponent = amount.as_tuple().exponent
    return int(amount) if exponent == 0 else amount


def json_lines(lines: Sequence[Line]) -> list[Json]:
    """Lines of a command as they stand in events."""
    return [{"sku": line.sku, "quantity": line.quantity, "price": money(exactly(line.price.amount))} for line in lines]
