"""Who wrote a value: the events that ever set, changed or removed what stands at a place of a state.

A place is a *track*: it leads through objects by names and through lists by the key of an element, so that it stays
with an order line that moves up when another one is taken out. Elements without a key are told apart by their value
where they are plain and unique, else by their index.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from explorer import payload
from explorer.diff import escaped, key_member, same, tokens
from explorer.errors import Invalid
from explorer.json_state import MISSING
from explorer.model import Json
from explorer.replay import Replay

__all__ = [
    "MISSING",
    "Keyed",
    "Part",
    "Track",
    "Writing",
    "followed",
    "last_writers",
    "parts_of",
    "text_of",
    "track_of",
    "writings",
]


_FEW = 8  # pairs of states that are looked at however long it takes
LOOKS = 200  # pairs of states that are looked at for who wrote within a list last


class Keyed(NamedTuple):
    """An element of a list: that whose member has this value; without a member, that which is this value."""

    member: str
    value: Json


Part: TypeAlias = "str | int | Keyed"
Track: TypeAlias = tuple[Part, ...]
"""Names of members, indexes and keys of elements, from the whole state down."""


class Writing(NamedTuple):
    """An event that wrote to a track. `before` and `after` are MISSING where there was nothing, or is nothing now."""

    ordinal: int
    before: Any
    after: Any

    @property
    def op(self) -> str:
        """As in `diff.Change`: "add", "remove" or "replace"."""
        return "add" if self.before is MISSING else "remove" if self.after is MISSING else "replace"


def track_of(state: Json, path: str) -> Track:
    """The track of what a JSON Pointer leads to in this state. A token `[sku=A-1]` (the key as in JSON, or a text
    without quotes) leads to an element by its key, `[A-1]` to a plain one by its value; what is not in the state is
    taken at its word. Raises `Invalid` for what is no path."""
    if path and not path.startswith("/"):
        raise Invalid(f"The path {path} does not begin with a slash.", "For example /lines/[sku=A-1]/quantity")
    track: list[Part] = []
    here: Any = state
    for token in tokens(path):
        part: Part = token
        if type(here) is list:
            part = _keyed(token) if token.startswith("[") and token.endswith("]") else _element(here, token)
        elif here is MISSING and token.startswith("[") and token.endswith("]"):
            part = _keyed(token)
        track.append(part)
        here = _step(here, part)
    return tuple(track)


def text_of(track: Track) -> str:
    """As `track_of` reads it."""
    return "".join(f"/{escaped(_text(part))}" for part in track)


def followed(state: Json, track: Track) -> Any:
    """What stands there in this state; MISSING where nothing does."""
    here: Any = state
    for part in track:
        here = _step(here, part)
        if here is MISSING:
            break
    return here


def writings(
    replay: Replay, track: Track, upto: int | None = None, after: int | None = None
) -> Iterator[Writing | None]:
    """Who wrote there, the last one first; None for an event that wrote near by, so that others can have their turn.

    `upto`: not after the event of this ordinal. `after`: only later events than this one, the first one first.
    """
    near = replay.writers.of(_members(track))
    if after is not None:
        places = range(bisect_right(near, after), len(near))
    else:
        places = range((len(near) if upto is None else bisect_right(near, upto)) - 1, -1, -1)
    for place in places:
        ordinal = near[place]
        before, after_it = followed(replay.state(ordinal - 1), track), followed(replay.state(ordinal), track)
        yield None if _same(before, after_it) else Writing(ordinal, before, after_it)


def last_writers(
    replay: Replay, above: Track, parts: Sequence[Part], upto: int, looks: int = LOOKS, seconds: float = math.inf
) -> list[int | None]:
    """Of each of these members of what stands at `above` the last event, up to this ordinal, that wrote there; -1 where
    none did. Within a list the states have to be looked at, at most so many pairs, for so long: None where that does
    not tell."""
    members = _members(above)
    if all(type(part) is str for part in (*above, *parts)):
        found = (replay.writers.last(f"{members}/{escaped(str(part))}", upto) for part in parts)
        return [-1 if ordinal is None else ordinal for ordinal in found]
    near = replay.writers.of(members)
    last: dict[Part, int] = {}
    first = bisect_right(near, upto)
    looked, until = 0, time.perf_counter() + seconds
    while looked < min(looks, first) and len(last) < len(parts):
        if looked >= _FEW and time.perf_counter() > until:
            break
        looked += 1
        ordinal = near[first - looked]
        before, after = followed(replay.state(ordinal - 1), above), followed(replay.state(ordinal), above)
        if before is after:
            continue
        old, new = _by_part(before, parts), _by_part(after, parts)
        for part in parts:
            if part not in last and not _same(old[part], new[part]):
                last[part] = ordinal
    return [last.get(part, None if looked < first else -1) for part in parts]


def _by_part(container: Any, parts: Sequence[Part]) -> dict[Part, Any]:
    if type(container) is not list:
        return {part: _step(container, part) for part in parts}
    places: dict[Part, Any] = {}
    for member in {part.member for part in parts if isinstance(part, Keyed)}:
        for one in reversed(container):  # the first of several is the one
            value = one if not member else one.get(member, MISSING) if type(one) is dict else MISSING
            if type(value) is str or type(value) is int:
                places[Keyed(member, value)] = one
    plain = (str, int)
    return {
        part: places.get(part, MISSING)
        if isinstance(part, Keyed) and type(part.value) in plain
        else _step(container, part)
        for part in parts
    }


def _members(track: Track) -> str:
    """The path up to the first list."""
    names = []
    for part in track:
        if type(part) is not str:
            break
        names.append(f"/{escaped(part)}")
    return "".join(names)


def parts_of(elements: list[Any]) -> Callable[[int], Part]:
    """By what an element of this list is followed, given its index."""
    member = key_member(elements)
    if member is not None:
        return lambda index: Keyed(member, elements[index][member])
    plain = Counter(map(_scalar, elements))
    return lambda index: (
        Keyed("", elements[index]) if _scalar(elements[index]) and plain[_scalar(elements[index])] == 1 else index
    )


def _scalar(value: Any) -> tuple[type, str] | None:
    kind = type(value)
    return None if kind is dict or kind is list else (kind, str(value))


def _element(elements: list[Any], token: str) -> Part:
    if not (token.isascii() and token.isdecimal()):
        return token
    index = int(token[:18])
    return parts_of(elements)(index) if index < len(elements) else index


def _step(here: Any, part: Part) -> Any:
    if type(part) is str:
        return here.get(part, MISSING) if type(here) is dict else MISSING
    if type(here) is not list:
        return MISSING
    if type(part) is int:
        return here[part] if part < len(here) else MISSING
    assert isinstance(part, Keyed)
    member, value = part
    if member:
        found = (one for one in here if type(one) is dict and member in one and _same(one[member], value))
    else:
        found = (one for one in here if _same(one, value))
    return next(found, MISSING)


def _same(one: Any, other: Any) -> bool:
    return one is other or (one is not MISSING and other is not MISSING and same(one, other))


def _text(part: Part) -> str:
    if not isinstance(part, Keyed):
        return str(part)
    member, value = part
    as_it_is = type(value) is str and _plain(value) is None and (member or "=" not in value)
    words = value if as_it_is else payload.encode_plain(value).decode()
    return f"[{member}={words}]" if member else f"[{words}]"


def _keyed(token: str) -> Keyed:
    inner = token[1:-1]
    member, sign, words = inner.partition("=")
    if not sign or inner.startswith('"'):
        member, words = "", inner
    known = _plain(words)
    return Keyed(member, words if known is None else known[0])


def _plain(words: str) -> tuple[Json] | None:
    """The plain value that these words are in JSON."""
    decoded = payload.decode(words.encode("utf-8", "surrogatepass"))
    if decoded.problem is not None or type(decoded.value) is dict or type(decoded.value) is list:
        return None
    return (decoded.value,)
