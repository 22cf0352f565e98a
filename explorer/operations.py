"""What watch expressions are made of when they run: operations on JSON values that are exact, and always end.

Each costs steps, paid out of what `Work` has left, wherever its time depends on a value. An operation that cannot be
done raises `Impossible` with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import GeneratorType
from typing import Any

from explorer.exact import EXACT, Impossible, kind, less, numbers

STEPS = 1_000_000  # of one evaluation: about 0.1 s
TOO_LONG = f"This takes more than {STEPS:,} steps."
_LONG = 1_000  # characters from which looking at a text costs steps

# -- members -----------------------------------------------------------------------------------------------------------

# `value.name` is a plain subscription: of what values are, only objects have members that texts name.
_SUBSCRIBED: Mapping[str, str] = {
    "list": "a list",
    "tuple": "a list",
    "string": "a text",
    "'NoneType'": "null",
    "'bool'": "true or false",
    "'int'": "a number",
    "'decimal.Decimal'": "a number",
}  # by the first word of what Python says of it


def no_member(error: KeyError | TypeError) -> str:
    """Why a subscription found nothing."""
    if isinstance(error, KeyError):
        return f"There is no member {error.args[0]!r} here."
    held = _SUBSCRIBED.get(str(error).split(" ")[0])
    return f"This has no members: it is {held}." if held else "The parts do not fit their names."


def item(value: Any, key: Any) -> Any:
    """`value[key]`"""
    held = type(value)
    if held is dict and type(key) is str:
        return value[key]
    if (held is list or held is tuple or held is str) and type(key) is int:
        if -len(value) <= key < len(value):
            return value[key]
        raise Impossible(f"There is no element {key}: it has {len(value):,}.")
    raise Impossible(f"{kind(value).capitalize()} has no element that {kind(key)} names.")


def get(value: Any, name: Any, instead: Any = None) -> Any:
    """`value.get(name, instead)`"""
    if type(value) is not dict or type(name) is not str:
        raise Impossible(f"get() is asked of an object, with a text; this is {kind(value)}.")
    return value.get(name, instead)


class Work:
    """The operations whose time depends on values, and the steps that are left for them."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = STEPS

    def pay(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise Impossible(TOO_LONG)

    def over(self, value: Any, weight: int = 1) -> Any:
        """What a loop goes over, each round of which takes so many steps."""
        held = type(value)
        if held is list or held is dict or held is tuple:
            self.left -= len(value) * weight
            if self.left < 0:
                raise Impossible(TOO_LONG)
            return value
        if held is GeneratorType:  # of a loop that has paid
            return value
        raise Impossible(f"This goes over lists and objects, not over {kind(value)}.")

    def add(self, one: Any, other: Any) -> Any:
        held = type(one)
        if held is int and type(other) is int:
            return one + other
        if held is type(other) and (held is str or held is list or held is tuple):
            self.pay(len(one) + len(other))
            return one + other
        numbers("+", one, other)
        return EXACT.add(one, other)

    def equal(self, one: Any, other: Any) -> bool:
        held, there = type(one), type(other)
        if held is there:
            if held is str:
                if len(one) > _LONG:
                    self.pay(len(one) >> 6)
                return one == other  # type: ignore[no-any-return]
            if held is int or held is bool or held is Decimal or one is None:
                return one == other  # type: ignore[no-any-return]
        if (held is int or held is Decimal) and (there is int or there is Decimal):
            return one == other  # type: ignore[no-any-return]
        if held is dict and there is dict:
            if one is other or len(one) != len(other):
                return one is other
            self.pay(len(one))
            return all(name in other and self.equal(value, other[name]) for name, value in one.items())
        if (held is list or held is tuple) and (there is list or there is tuple):
            if one is other or len(one) != len(other):
                return one is other
            self.pay(len(one))
            return all(map(self.equal, one, other))
        return False

    def unequal(self, one: Any, other: Any) -> bool:
        return not self.equal(one, other)

    def contains(self, value: Any, where: Any) -> bool:
        """`value in where`"""
        held = type(where)
        if held is dict:
            if type(value) is not str:
                raise Impossible(f"Members of an object are named by texts; this is {kind(value)}.")
            return value in where
        if held is list or held is tuple:
            self.pay(len(where))
            return any(self.equal(value, element) for element in where)
        if held is str and type(value) is str:
            self.pay(len(where) * (1 + len(value) // _LONG) >> 6)
            return value in where
        raise Impossible(f"Nothing can be in {kind(where)} that is {kind(value)}.")

    def misses(self, value: Any, where: Any) -> bool:
        return not self.contains(value, where)

    def sliced(self, value: Any, start: Any, end: Any) -> Any:
        if type(value) not in (list, tuple, str):
            raise Impossible(f"No part can be cut out of {kind(value)}.")
        for place in (start, end):
            if place is not None and type(place) is not int:
                raise Impossible(f"Where to cut is told by integers, not by {kind(place)}.")
        part = value[start:end]
        self.pay(len(part))
        return part

    # -- functions -----------------------------------------------------------------------------------------------------

    def length(self, value: Any) -> int:
        if type(value) in (list, dict, str, tuple):
            return len(value)
        raise Impossible(f"{kind(value).capitalize()} has no length.")

    def sum(self, values: Any, start: Any = 0) -> Any:
        total = start
        numbers("sum()", start, 0)
        add = EXACT.add
        for value in self.over(values):
            held = type(value)
            if held is Decimal or (held is int and type(total) is Decimal):
                total = add(total, value)
            elif held is int:
                total += value
            else:
                raise Impossible(f"sum() adds numbers; this is {kind(value)}.")
        return total

    def any(self, values: Any) -> bool:
        return any(self.over(values))

    def all(self, values: Any) -> bool:
        return all(self.over(values))

    def smallest(self, *values: Any, default: Any = Impossible) -> Any:
        return self._extreme("min()", less, values, default)

    def largest(self, *values: Any, default: Any = Impossible) -> Any:
        return self._extreme("max()", lambda one, other: less(other, one), values, default)

    def _extreme(self, what: str, before: Callable[[Any, Any], bool], values: tuple[Any, ...], default: Any) -> Any:
        best: Any = Impossible
        for value in self.over(values[0] if len(values) == 1 else values):
            if best is Impossible:
                less(value, value)  # of a single one, too, it must be known that it can be compared
                best = value
            elif before(value, best):
                best = value
        if best is Impossible:
            if default is Impossible:
                raise Impossible(f"{what} of nothing; give it a default=.")
            return default
        return best

    def sorted(self, values: Any, reverse: Any = False) -> list[Any]:
        elements = list(self.over(values))
        self.pay(len(elements) * (len(elements).bit_length() + 1))
        for element in elements:
            less(elements[0], element)
        return sorted(elements, reverse=bool(reverse))

    def distinct(self, values: Any) -> list[Any]:
        """`set(values)`: each plain value once, in the order in which they come."""
        found: dict[Any, Any] = {}
        for value in self.over(values):
            if type(value) in (dict, list, tuple):
                raise Impossible(f"set() is made of plain values; this is {kind(value)}.")
            found.setdefault((type(value) is bool, value), value)
        return list(found.values())

    def listed(self, values: Any) -> list[Any]:
        return list(self.over(values))

    def range(self, *limits: Any) -> list[int]:
        if not all(type(limit) is int for limit in limits) or not 1 <= len(limits) <= 2:
            raise Impossible("range() is given one or two integers.")
        counted = range(*limits)
        if counted and counted[-1].bit_length() > 60:
            raise Impossible("range() goes too far.")
        self.pay(len(counted))
        return list(counted)

    def enumerated(self, values: Any) -> list[Any]:
        return list(enumerate(self.over(values)))

    def zipped(self, *values: Any) -> list[Any]:
        for one in values:
            self.over(one)
        return list(zip(*values, strict=False))

    # -- methods -------------------------------------------------------------------------------------------------------

    def values(self, value: Any) -> list[Any]:
        return list(self._object("values", value).values())

    def keys(self, value: Any) -> list[Any]:
        return list(self._object("keys", value))

    def items(self, value: Any) -> list[Any]:
        return list(self._object("items", value).items())

    def _object(self, name: str, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Impossible(f"{name}() is asked of an object; this is {kind(value)}.")
        self.pay(len(value))
        return value

    def of_text(self, name: str) -> Callable[..., Any]:
        """A method of texts, whose arguments are texts, too."""
        method: Any = getattr(str, name)

        def called(value: Any, *given: Any) -> Any:
            for one in (value, *given):
                if type(one) is not str:
                    raise Impossible(f"{name}() is asked of a text, and given texts; this is {kind(one)}.")
            self.pay(len(value) >> 4)
            return method(value, *given)

        return called
