"""States of any shape as JSON values, sharing with the previous state all that is the same.

A reducer that shares what it did not touch is converted at the price of what changed: an object that is also in the
previous state is not entered. What was copied but is equal becomes the previous object again, so that whatever compares
two converted states finds what changed by identity, and kept states cost memory by what changed.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import compress
from operator import is_not
from typing import Any

from explorer.errors import Invalid
from explorer.model import Json


class _Missing:
    """Stands for a value that is not there; None is one that is."""


MISSING = _Missing()
_FEW = 4


def to_json(state: object) -> Json:
    """The JSON value of a state, the state itself where it is plain JSON already.

    Dataclasses, named tuples and ordinary objects become objects of their (public) fields, mappings objects, sets
    sorted lists, dates and times ISO 8601 texts, enums their values, floats and integral Decimals the number they stand
    for; NaN and infinities, which JSON lacks, become texts. Raises `Invalid` for anything else and for circular states.
    """
    return convert(state, MISSING, MISSING)[0]


def convert(new: object, old: object, old_json: object) -> tuple[Json, bool]:
    """`to_json(new)`, given the previous state and its JSON value (both `MISSING` if there is none), and whether `new`
    is plain JSON: then the value is equal to it and can stand for it, perhaps sharing more with the previous state.

    `old` given as `MISSING` and `old_json` not: `new` is entered whatever it shares with the previous state.
    """
    if new is old:
        return old_json, old is old_json  # type: ignore[return-value]
    foreign: list[Any] = []
    try:
        return _CONVERSIONS.get(type(new), _other)(new, old, old_json, foreign), not foreign
    except RecursionError:
        raise Invalid("The state is circular or nested too deeply.") from None


# Each takes the new value, what it may be shared with (or MISSING), the JSON value of that (or MISSING) and a list that
# is not empty any more when something was not plain JSON. Containers call the conversions of their elements directly:
# one frame for each level of nesting.


def _plain(new: Any, old: object, old_json: object, foreign: list[Any]) -> Json:
    return old_json if type(old_json) is type(new) and old_json == new else new  # type: ignore[return-value]


def _text(new: str, old: object, old_json: object, foreign: list[Any]) -> Json:
    text = new if new.isascii() else without_surrogates(new)
    if text is not new:
        foreign.append(new)
    return old_json if type(old_json) is str and old_json == text else text


def _number(new: Decimal, old: object, old_json: object, foreign: list[Any]) -> Json:
    number = _decimal(new)
    if number is not new:
        foreign.append(new)
    return old_json if type(old_json) is type(number) and str(old_json) == str(number) else number


def _object(new: dict[Any, Any], old: object, old_json: object, foreign: list[Any]) -> Json:
    before: dict[Any, Any] = old if type(old) is dict else {}
    before_json: dict[str, Json] = old_json if type(old_json) is dict else {}
    # Where the previous state was plain JSON, what it shares with the new one needs no look.
    touched = changed_keys(before, new) if before and before is before_json else list(new)
    converted: dict[Any, Any] = {}
    plain = before is before_json or not before
    renamed = False
    same = before_json is old_json and len(before_json) == len(new)
    for key in touched:
        value = new[key]
        name = key if type(key) is str and key.isascii() else _name(key)
        known = before_json.get(name, MISSING)
        old_value = before.get(key, MISSING)
        kind = type(value)
        child: Any
        if value is old_value:
            child = known
            if known is not value:
                foreign.append(value)
        # Most members are texts and integers: handled here, as calls cost more than they do.
        elif kind is type(known) and (kind is str or kind is int) and known == value:
            child = known
        elif kind is int or (kind is str and value.isascii()):
            child = value
        else:
            child = _CONVERSIONS.get(kind, _other)(value, old_value, known, foreign)
        converted[key] = child
        if child is not known:
            same = False
        if child is not value:
            plain = False
        if name is not key:
            foreign.append(key)
            renamed = True
    if same:
        return before_json
    if not renamed:
        return new if plain else {**new, **converted}
    result = {_name(key): converted.get(key, value) for key, value in new.items()}
    if len(result) != len(new):
        raise Invalid("Two keys of an object in the state have the same text.")
    return result


def changed_keys(before: dict[Any, Any], after: dict[Any, Any]) -> list[Any]:
    """The keys of `after` whose value is not the very object that `before` has for it, in order."""
    if len(before) == len(after):  # most often of the same keys
        try:
            return [key for key, value in after.items() if before[key] is not value]
        except KeyError:
            pass
    known = before.get
    return [key for key, value in after.items() if known(key, MISSING) is not value]


def _list(new: list[Any], old: object, old_json: object, foreign: list[Any]) -> Json:
    before: list[Any] = old if type(old) is list else []
    before_json: list[Any] = old_json if type(old_json) is list else []
    length = len(new)
    if before and len(before) == len(before_json):
        common = min(length, len(before))
        touched = [*compress(range(common), map(is_not, new, before)), *range(common, length)]
        result = before_json[:common] + [None] * (length - common)
        # Where an element was before. Of plain JSON only worth knowing when many are not where they were.
        shifted = touched and touched[0] < common and (before is not before_json or len(touched) > _FEW)
        places = {id(value): index for index, value in enumerate(before)} if shifted else {}
        if before is not before_json:
            foreign.append(before)
    else:
        touched = list(range(length))
        result = [None] * length
        places = {}
    plain = before is before_json or not before
    same = before_json is old_json and len(before_json) == length
    for index in touched:
        value = new[index]
        known = before_json[index] if index < len(before_json) else MISSING
        place = places.get(id(value))
        if place is None:
            shared = before[index] if index < len(before) else MISSING
            child = _CONVERSIONS.get(type(value), _other)(value, shared, known, foreign)
        else:
            child = before_json[place]
        result[index] = child
        if child is not value:
            plain = False
        if child is not known:
            same = False
    if same:
        return before_json
    return new if plain else result


def _other(new: Any, old: Any, old_json: Any, foreign: list[Any]) -> Json:
    foreign.append(new)
    kind = type(new)
    simple = _simple(new)
    if simple is not MISSING:
        return _CONVERSIONS[type(simple)](simple, MISSING, old_json, foreign)
    if isinstance(new, enum.Enum):
        return _CONVERSIONS.get(type(new.value), _other)(new.value, MISSING, old_json, foreign)
    members, old_members = _members(new), (_members(old) if type(old) is kind else None)
    if members is not None:
        return _object(members, MISSING if old_members is None else old_members, old_json, foreign)
    if isinstance(new, Set):
        elements = [_CONVERSIONS.get(type(value), _other)(value, MISSING, MISSING, foreign) for value in new]
        return _list(sorted(elements, key=_order), MISSING, old_json, foreign)
    if isinstance(new, (list, tuple, deque)):
        return _list(list(new), list(old) if type(old) is kind else MISSING, old_json, foreign)
    raise Invalid(f"A {kind.__qualname__} cannot be shown as JSON; give the aggregate a `dump`.")


def _simple(value: Any) -> Any:
    """A text, number or boolean for what is written as one, else MISSING."""
    if isinstance(value, enum.Enum):
        return MISSING
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, timedelta)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, float):
        return Decimal(repr(float(value)))
    # Subclasses of plain types.
    for plain in (int, str, Decimal):
        if isinstance(value, plain):
            return plain(value)
    return MISSING


def _members(value: Any) -> dict[Any, Any] | None:
    """What becomes an object: fields of dataclasses, named tuples and ordinary objects, items of mappings."""
    if isinstance(value, Mapping):
        return dict(value)
    kind = type(value)
    if dataclasses.is_dataclass(kind):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(kind)}
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return dict(zip(kind._fields, value, strict=True))
    if hasattr(value, "__dict__") and not callable(value) and not isinstance(value, (list, tuple, deque, Set)):
        return {name: member for name, member in vars(value).items() if not name.startswith("_")}
    return None


def _name(key: Any) -> str:
    """The text of an object's key."""
    if type(key) is str:
        return key if key.isascii() else without_surrogates(key)
    if isinstance(key, enum.Enum):
        return _name(key.value)
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    if isinstance(key, str):
        return without_surrogates(str(key))
    if isinstance(key, (int, Decimal, uuid.UUID)):
        return str(key)
    if isinstance(key, (date, datetime)):
        return key.isoformat()
    raise Invalid(f"A {type(key).__qualname__} cannot be a key of a JSON object; give the aggregate a `dump`.")


def _decimal(number: Decimal) -> Json:
    if not number.is_finite():
        return str(number)
    # JSON knows one kind of number: what is written as an integer is read as one.
    sign, digits, exponent = number.as_tuple()
    if exponent == 0 and len(digits) <= 4_300 and (digits != (0,) or not sign):
        return int(number)
    return number


def without_surrogates(text: str) -> str:
    """The text with lone halves of surrogate pairs, which UTF-8 cannot hold, as escapes; itself without any."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _order(value: Json) -> tuple[str, Any]:
    """A total order over JSON values of all kinds, for sets."""
    if isinstance(value, (bool, int, Decimal)):
        return "0", value
    return (type(value).__name__, value) if isinstance(value, str) else (type(value).__name__, repr(value))


_CONVERSIONS: dict[type, Callable[[Any, Any, Any, list[Any]], Json]] = {
    str: _text,
    int: _plain,
    bool: _plain,
    type(None): _plain,
    Decimal: _number,
    dict: _object,
    list: _list,
}
