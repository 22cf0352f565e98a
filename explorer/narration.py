"""Events in the words of their domain: a template per event type, filled from the payload.

`{customerId}` is a member of the payload, `{orderTotal.amount}` one further inside, `{id}` and `{category}` the stream;
`{{` and `}}` are braces. Never `str.format`: that would let a template reach into objects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from explorer.model import Json

UNKNOWN = "…"  # stands where the payload says nothing
LONGEST = 120  # characters of one value

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


def narrate(template: str, category: str, id: str, data: Json) -> str:
    """The sentence for one event. Never raises: what the payload does not say is "…"."""

    def value(part: re.Match[str]) -> str:
        if part[1] is None:
            return part[0][0]
        path = part[1].strip()
        found = _at(data, path.split("."))
        if found is None and path in ("id", "category"):
            return id if path == "id" else category
        return _words(found)

    return _PART.sub(value, template)


def _at(data: Json, path: list[str]) -> Json:
    for name in path:
        if isinstance(data, dict):
            data = data.get(name)
        elif isinstance(data, list) and name.isascii() and name.isdecimal() and len(name) < 7 and int(name) < len(data):
            data = data[int(name)]
        else:
            return None
    return data


def _words(value: Json) -> str:
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "yes" if value else "no"
        case Decimal() | int():
            text = _number(value)
        case list():
            text = ", ".join(_words(one) for one in value[:5]) + (" …" if len(value) > 5 else "")
        case Mapping():
            text = ", ".join(f"{name} {_words(one)}" for name, one in list(value.items())[:5])
        case _:
            text = value
    return text if len(text) <= LONGEST else text[:LONGEST] + UNKNOWN


def _number(value: int | Decimal) -> str:
    """With all its digits, unless nobody would read them."""
    if isinstance(value, int):
        # Converting very long ones costs time, and Python may refuse it.
        return str(value) if value.bit_length() < 400 else f"a number of {value.bit_length()} bits"
    digits, exponent = len(value.as_tuple().digits), value.as_tuple().exponent
    plain = isinstance(exponent, int) and abs(exponent) + digits < LONGEST
    return f"{value:f}" if plain else str(value)
