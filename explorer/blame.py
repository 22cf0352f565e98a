"""Who wrote a value: the events that ever set, changed or removed what stands at a place of a state.

A place is a *track*: it leads through objects by names and through lists by the key of an element, so that it stays
with an order line that moves up when another one is taken out. Elements without a key are told apart by their value
where they are plain and unique, else by their index.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
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
    "Track",
    "Writing",
    "followed",
    "last_written",
    "text_of",
    "track_of",
    "writings",
]


class Keyed(NamedTuple):
    """An element of a list: that whose member has this value; without a member, that which is this value."""

    member: str
    value: Json


Track: TypeAlias = tuple[str | int | Keyed, ...]
"""Names of members, indexes and keys of elements, from the whole state down."""


class Writing(NamedTuple):
    """An event that wrote to a track. `before` and `after` are MISSING where there was nothing, or is nothing now."""

    ordinal: int
    before: Any
    after: Any


def track_of(state: Json, path: str) -> Track:
    """The track of what a JSON Pointer leads to in this state. A token `[sku=A-1]` (the key as in JSON, or a text
    without quotes) leads to an element by its key, `[A-1]` to a plain one by its value; what is not in the state is
    taken at its word. Raises `Invalid` for what is no path."""
    if path and not path.startswith("/"):
        raise Invalid(f"The path {path} does not begin with a slash.", "For example /lines/[sku=A-1]/quantity")
    track: list[str | int | Keyed] = []
    here: Any = state
    for token in tokens(path):
        part: str | int | Keyed = token
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


def writings(replay: Replay, track: Track, upto: int | None = None) -> Iterator[Writing | None]:
    """Who wrote there, the last one first; None for an event that wrote near by, so that others can have their turn.

    `upto`: not after the event of this ordinal.
    """
    near = replay.writers.of(_members(track))
    for place in range(bisect_right(near, upto) if upto is not None else len(near), 0, -1):
        ordinal = near[place - 1]
        before, after = followed(replay.state(ordinal - 1), track), followed(replay.state(ordinal), track)
        yield None if _same(before, after) else Writing(ordinal, before, after)


def last_written(replay: Replay, track: Track, upto: int, looks: int) -> int | None:
    """The last event up to this ordinal that wrote there; None where none did. Where a list has to be followed through
    the states, at most so many are looked at; then the event that is left wrote there, or one before it."""
    path = _members(track)
    if all(type(part) is str for part in track):
        return replay.writers.last(path, upto)
    near = replay.writers.of(path)
    first = bisect_right(near, upto)
    for place in range(first, max(0, first - looks), -1):
        ordinal = near[place - 1]
        if not _same(followed(replay.state(ordinal - 1), track), followed(replay.state(ordinal), track)):
            return ordinal
    return near[first - looks - 1] if first > looks else None


def _members(track: Track) -> str:
    """The path up to the first list."""
    names = []
    for part in track:
        if type(part) is not str:
            break
        names.append(f"/{escaped(part)}")
    return "".join(names)


def _element(elements: list[Any], token: str) -> int | Keyed | str:
    if not (token.isascii() and token.isdecimal()):
        return token
    index = int(token[:18])
    if index >= len(elements):
        return index
    member = key_member(elements)
    if member is not None:
        return Keyed(member, elements[index][member])
    value = elements[index]
    if type(value) is dict or type(value) is list:
        return index
    return Keyed("", value) if sum(1 for one in elements if _same(one, value)) == 1 else index


def _step(here: Any, part: str | int | Keyed) -> Any:
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


def _text(part: str | int | Keyed) -> str:
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
