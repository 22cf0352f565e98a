"""What can be asked of an engine about watches: how they went, which streams break them, where playing stops."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from explorer.engine.ask import ROWS, Ask
from explorer.watching import Broken

MOST = 2_000  # intervals of a course that cross; of longer ones it crosses as so many columns
COLUMNS = 1_000
SPARK = 160  # points of a sparkline


class Watched(Struct, frozen=True, array_like=True):
    """What is watched in a stream. `truth`: as an invariant, of which nothing but true and false is a value."""

    source: str
    truth: bool = False


class WatchCourses(Ask, frozen=True, tag=True):
    """How these watches went over a stream. → a `CourseTold` part for each, then `Watching`."""

    category: str
    id: str
    watches: tuple[Watched, ...]
    generic: bool = False


class CourseTold(Struct, frozen=True, tag=True):
    """How a watch went. Kinds are letters: t true, f false, x cannot be told, v a value, n nothing there, m several."""

    number: int  # among those asked for
    mistake: str = ""  # it cannot be understood; then nothing else is said
    position: int = 0  # of the mistake
    count: int = 0  # events
    starts: tuple[int, ...] = ()  # first ordinals of the intervals; empty where there are more than `MOST` …
    kinds: str = ""  # … and a letter for each, or for each of at most `COLUMNS` columns of the whole
    intervals: int = 0
    is_truth: bool = True
    broken: bool = False
    sentence: str = ""
    spark: tuple[float | None, ...] = ()  # values that are numbers, the last one of each of so many columns


class Watching(Struct, frozen=True, tag=True):
    count: int  # events of the stream


class WatchValues(Ask, frozen=True, tag=True):
    """The values of watches after the event of this version (the last up to it). → `WatchedValues`."""

    category: str
    id: str
    watches: tuple[Watched, ...]
    version: int
    generic: bool = False


class WatchedValues(Struct, frozen=True, tag=True):
    version: int
    kinds: str  # a letter for each
    texts: tuple[str, ...]  # the values as JSON text, cut; or the reasons


class WatchColumn(Ask, frozen=True, tag=True):
    """The values of a watch after each event of a stretch. → `WatchedColumn`."""

    category: str
    id: str
    watch: Watched
    start: int  # ordinal
    limit: int = ROWS
    generic: bool = False


class WatchedColumn(Struct, frozen=True, tag=True):
    start: int
    kinds: str  # a letter for each event
    texts: tuple[str, ...]  # as in `WatchedValues`


class CourseSpans(Ask, frozen=True, tag=True):
    """The intervals of a watch. → `SpanPage`."""

    category: str
    id: str
    watch: Watched
    start: int = 0
    limit: int = ROWS
    generic: bool = False


class SpanRow(Struct, frozen=True, array_like=True):
    first: int  # ordinal
    last: int
    version: int  # of the first event
    last_version: int
    kind: str  # a letter
    text: str  # the value as JSON text, cut; or the reason
    type: str  # of the first event


class SpanPage(Struct, frozen=True, tag=True):
    start: int
    total: int
    rows: tuple[SpanRow, ...]


class NextFlip(Ask, frozen=True, tag=True):
    """Where the first of these watches flips after this ordinal, or before it. → `Stop`."""

    category: str
    id: str
    watches: tuple[Watched, ...]
    ordinal: int
    forward: bool = True
    generic: bool = False


class Break(Struct, frozen=True, array_like=True):
    """Where playing is to stop. kind: "path" (its value changes), "type" (an event of this type), "expression" (it
    becomes true) or "error" (the reducer fails)."""

    kind: str
    what: str = ""


class NextBreak(Ask, frozen=True, tag=True):
    """The next event after this ordinal, or before it, at which one of these holds. → `Stop`."""

    category: str
    id: str
    breaks: tuple[Break, ...]
    ordinal: int
    forward: bool = True
    generic: bool = False


class NextAppend(Ask, frozen=True, tag=True):
    """The last event of the next transaction after this ordinal, or of the one before: events that one command or one
    append wrote together. → `Stop`."""

    category: str
    id: str
    ordinal: int
    forward: bool = True
    generic: bool = False


class Stop(Struct, frozen=True, tag=True):
    ordinal: int | None  # None: there is none
    number: int = 0  # of the watch or break, among those asked for


class FindViolations(Ask, frozen=True, tag=True):
    """Look through every stream of a category for events after which this is false. It goes on where it was broken off,
    unless `again`. → `BrokenStreams` and `Progress` parts, then `Searched`."""

    category: str
    source: str
    again: bool = False


class BrokenStreams(Struct, frozen=True, tag=True):
    rows: tuple[Broken, ...]


class Searched(Struct, frozen=True, tag=True):
    looked: int  # streams
    events: int
    broken: int


OfWatches: TypeAlias = (
    WatchCourses | WatchValues | WatchColumn | CourseSpans | NextFlip | NextBreak | NextAppend | FindViolations
)
AboutWatches: TypeAlias = (
    CourseTold | Watching | WatchedValues | WatchedColumn | SpanPage | Stop | BrokenStreams | Searched
)
