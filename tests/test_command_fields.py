"""Commands described as data, and built from JSON values."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal, Optional
from uuid import UUID

import pytest

from explorer.command_fields import build_command, command_info, commands_of
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, CreateOrder
from explorer.engine.messages import FieldInfo
from explorer.errors import Invalid, PluginBroken, Refused
from explorer.model import Aggregate, Json
from explorer.payload import decode


class Speed(enum.Enum):
    SLOW = "slow"
    FAST = "fast"


PRICE = Money(Decimal("1.50"))


@dataclass(frozen=True)
class Everything:
    """Does all there is.

    Not shown.
    """

    text: str
    whole: int
    exact: Decimal
    rough: float
    flag: bool
    speed: Speed
    size: Literal["S", "M", 3]
    price: Money
    lines: tuple[Line, ...]
    names: list[str]
    numbers: Sequence[int]
    when: datetime
    day: date
    identity: UUID
    anything: Json
    mapping: Mapping[str, Any]
    perhaps: int | None
    older: Optional[str] = None  # noqa: UP045
    defaulted: Money = PRICE
    made: list[int] = field(default_factory=lambda: [1])
    helped: str = field(default="x", metadata={"help": "Says what it is."})


@dataclass(frozen=True)
class Undocumented:
    odd: bool = False

    def __post_init__(self) -> None:
        if self.odd:
            raise ValueError("too odd")


@dataclass(frozen=True)
class Ruled:
    creates: ClassVar[bool] = True

    def __post_init__(self) -> None:
        raise Refused("Never.")


AGGREGATE = Aggregate("Thing", dict, lambda state, event: state, commands=(Everything, Undocumented, Ruled))

GIVEN: dict[str, Any] = {
    "text": "t",
    "whole": 3,
    "exact": Decimal("1.10"),
    "rough": Decimal("1.5"),
    "flag": True,
    "speed": "fast",
    "size": 3,
    "price": {"amount": 2},
    "lines": [{"sku": "A", "quantity": 1, "price": {"amount": Decimal("0.50")}}],
    "names": ["a", "b"],
    "numbers": [1, 2],
    "when": "2026-01-31T09:30:00+00:00",
    "day": "2026-01-31",
    "identity": "00000000-0000-0000-0000-000000000001",
    "anything": {"deep": [None]},
    "mapping": {"a": 1},
}


def test_description() -> None:
    info = command_info(Everything)
    assert (info.name, info.help) == ("Everything", "Does all there is.")
    by_name = {known.name: known for known in info.fields}
    money = (FieldInfo("amount", "decimal"),)
    assert by_name["text"] == FieldInfo("text", "text")
    kinds = {known.name: known.kind for known in info.fields}
    assert kinds == {
        "text": "text",
        "whole": "integer",
        "exact": "decimal",
        "rough": "decimal",
        "flag": "boolean",
        "speed": "choice",
        "size": "choice",
        "price": "object",
        "lines": "list",
        "names": "list",
        "numbers": "list",
        "when": "text",
        "day": "text",
        "identity": "text",
        "anything": "object",
        "mapping": "object",
        "perhaps": "integer",
        "older": "text",
        "defaulted": "object",
        "made": "list",
        "helped": "text",
    }
    assert by_name["speed"].choices == ("slow", "fast")
    assert by_name["size"].choices == ("S", "M", "3")
    assert by_name["price"].fields == money
    assert [inner.name for inner in by_name["lines"].fields] == ["sku", "quantity", "price"]
    assert by_name["names"].fields == (FieldInfo("", "text"),)
    assert by_name["numbers"].fields == (FieldInfo("", "integer"),)
    assert (by_name["perhaps"].required, by_name["perhaps"].default) == (False, "null")
    assert (by_name["older"].required, by_name["older"].default) == (False, "null")
    assert by_name["defaulted"].default == '{"amount":1.50}'
    assert by_name["made"].default == "[1]"
    assert by_name["helped"] == FieldInfo("helped", "text", False, '"x"', "Says what it is.")


def test_a_command_without_a_docstring_has_no_help() -> None:
    assert command_info(Undocumented).help == ""


def test_what_creates() -> None:
    assert [info.creates for info in commands_of(AGGREGATE)] == [False, False, True]
    undeclared = Aggregate("Thing", dict, lambda state, event: state, commands=(Everything, Undocumented))
    assert [info.creates for info in commands_of(undeclared)] == [True, True]


def test_building() -> None:
    built = build_command(AGGREGATE, "Everything", GIVEN)
    assert built == Everything(
        text="t",
        whole=3,
        exact=Decimal("1.10"),
        rough=1.5,
        flag=True,
        speed=Speed.FAST,
        size=3,
        price=Money(Decimal(2)),
        lines=(Line("A", 1, Money(Decimal("0.50"))),),
        names=["a", "b"],
        numbers=(1, 2),
        when=datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        day=date(2026, 1, 31),
        identity=UUID(int=1),
        anything={"deep": [None]},
        mapping={"a": 1},
        perhaps=None,
    )
    assert str(built.exact) == "1.10"
    assert isinstance(built.price.amount, Decimal)


@pytest.mark.parametrize(
    ("name", "value", "made"),
    [
        ("whole", "12", 12),
        ("exact", "1.10", Decimal("1.10")),
        ("exact", 7, Decimal(7)),
        ("flag", "false", False),
        ("price", 3, Money(Decimal(3))),
        ("price", "3.50", Money(Decimal("3.50"))),
        ("size", "3", 3),
        ("perhaps", 4, 4),
        ("older", None, None),
        ("anything", None, None),
        ("names", [], []),
    ],
)
def test_what_is_understood_too(name: str, value: Any, made: Any) -> None:
    assert getattr(build_command(AGGREGATE, "Everything", {**GIVEN, name: value}), name) == made


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"text": 3}, "text: 3 is not a text."),
        ({"text": None}, "text: null is not a text."),
        ({"whole": Decimal("1.5")}, "whole: 1.5 is not a whole number."),
        ({"whole": "x"}, 'whole: "x" is not a number.'),
        ({"whole": True}, "whole: true is not a number."),
        ({"exact": "NaN"}, 'exact: "NaN" is not a number.'),
        ({"exact": []}, "exact: [] is not a number."),
        ({"flag": 1}, "flag: 1 is neither true nor false."),
        ({"speed": "medium"}, 'speed: "medium" is not one of slow, fast.'),
        ({"size": 4}, "size: 4 is not one of S, M, 3."),
        ({"price": []}, "price: [] is not an object with amount."),
        ({"price": {}}, "price.amount is missing."),
        ({"price": {"amount": 1, "currency": "EUR"}}, "Money has no field currency in price."),
        ({"lines": {}}, "lines: {} is not a list."),
        ({"lines": [3]}, "lines[0]: 3 is not an object with sku, quantity, price."),
        ({"lines": [{"sku": "A", "quantity": "x", "price": 1}]}, 'lines[0].quantity: "x" is not a number.'),
        ({"numbers": [1, "b"]}, 'numbers[1]: "b" is not a number.'),
        ({"when": "soon"}, 'when: "soon" is not a date and time like 2026-01-31T09:30:00+00:00.'),
        ({"day": 3}, "day: 3 is not a date like 2026-01-31."),
        ({"identity": "x"}, 'identity: "x" is not a UUID.'),
        ({"mapping": 3}, "mapping: 3 is not an object."),
        ({"older": 3}, "older: 3 is not a text."),
        ({"extra": 3}, "Everything has no field extra."),
    ],
)
def test_what_cannot_be_used_is_named(change: dict[str, Json], sentence: str) -> None:
    with pytest.raises(Invalid) as raised:
        build_command(AGGREGATE, "Everything", {**GIVEN, **change})
    assert str(raised.value) == sentence


def test_missing_fields_and_unknown_commands() -> None:
    given = {name: value for name, value in GIVEN.items() if name != "whole"}
    with pytest.raises(Invalid, match=r"^whole is missing\.$"):
        build_command(AGGREGATE, "Everything", given)
    with pytest.raises(Invalid, match=r"^Thing has no command Nothing\.$") as raised:
        build_command(AGGREGATE, "Nothing", {})
    assert raised.value.hint == "It has: Everything, Undocumented, Ruled."


def test_what_a_command_itself_does_not_accept() -> None:
    with pytest.raises(Invalid, match=r"^Undocumented: ValueError: too odd"):
        build_command(AGGREGATE, "Undocumented", {"odd": True})
    with pytest.raises(Refused, match="Never"):
        build_command(AGGREGATE, "Ruled", {})


@pytest.mark.parametrize("command", [int, 3, dict])
def test_a_command_is_a_dataclass(command: Any) -> None:
    with pytest.raises(PluginBroken):
        command_info(command)


def test_types_that_cannot_be_found() -> None:
    @dataclass
    class Odd:
        what: "Unknown"  # type: ignore[name-defined]  # noqa: F821, UP037

    with pytest.raises(PluginBroken, match="types of Odd"):
        command_info(Odd)


def test_an_order_from_json_text() -> None:
    fields = decode(b'{"customerId":"c","lines":[{"sku":"A","quantity":2,"price":{"amount":12.50}}]}').value
    assert isinstance(fields, dict)
    built = build_command(ORDER, "CreateOrder", fields)
    assert built == CreateOrder("c", (Line("A", 2, Money(Decimal("12.50"))),))
