"""What can be asked of an engine about who wrote a value."""

from __future__ import annotations

from msgspec import Struct

from explorer.engine.ask import ROWS, Ask


class PathHistory(Ask, frozen=True, tag=True):
    """Who wrote what a row of a state stands for, the last one first. → `Writings`.

    `path` is that of a row of the state after `ordinal`, as `StateRows` gave it; later events are told of as well.
    """

    category: str
    id: str
    ordinal: int
    path: str
    limit: int = ROWS
    generic: bool = False


class Written(Struct, frozen=True, array_like=True):
    """An event that wrote there."""

    ordinal: int
    version: int
    type: str
    time_us: int | None  # microseconds since the epoch, UTC
    op: str  # "add", "replace" or "remove"
    before: str  # JSON text, cut; "" where there was nothing
    after: str
    command: str = ""  # that decided it, where its metadata say so
    correlation: str = ""


class Writings(Struct, frozen=True, tag=True):
    track: str  # the path that stays with an element of a list: "/lines/[sku=A-1]/quantity"
    rows: tuple[Written, ...]
    more: bool  # there are earlier ones
    there: bool  # something stands there after the last event


class NextWriting(Ask, frozen=True, tag=True):
    """The nearest event after the ordinal `start` (`backwards`: before it) that wrote what a row of the state after
    `ordinal` stands for. → `WritingFound`."""

    category: str
    id: str
    ordinal: int
    path: str
    start: int
    backwards: bool = False
    generic: bool = False


class WritingFound(Struct, frozen=True, tag=True):
    ordinal: int | None


OfWriters = PathHistory | NextWriting
AboutWriters = Writings | WritingFound
