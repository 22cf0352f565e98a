"""What can be asked of an engine about two streams side by side, and about two versions of the code."""

from __future__ import annotations

from msgspec import Struct

from explorer.engine.ask import ROWS, Ask, DiffRow


class Align(Ask, frozen=True, tag=True):
    """Which event of one stream is which of another one of its category. → `AlignedPage`."""

    category: str
    id: str
    other: str
    start: int = 0
    limit: int = ROWS


class AlignedRow(Struct, frozen=True, array_like=True):
    """Two events that stand for each other; versions are 0 where a stream has none like that of the other."""

    version: int
    type: str
    other_version: int
    other_type: str
    same: bool  # the same type and payload


class AlignedPage(Struct, frozen=True, tag=True):
    start: int
    total: int
    rows: tuple[AlignedRow, ...]
    only_one: int = 0  # events that only the one stream has
    only_other: int = 0
    first: int | None = None  # the first row after which the states differ


class AlignedDiff(Ask, frozen=True, tag=True):
    """Differences from the one stream to the other in this row (None: at the ends). → `DiffPage`.

    `what`: "state", after the last events of both up to there; "payload", of the events in it. `versions`: the states
    after these versions of both instead.
    """

    category: str
    id: str
    other: str
    row: int | None = None
    what: str = "state"
    versions: tuple[int, int] | None = None
    start: int = 0
    limit: int = ROWS


class FoldUnder(Ask, frozen=True, tag=True):
    """Fold the streams of a category (one of them, if `id` is given) by the code that is loaded and by that of another
    plug-in file. → `EndsApart` and `Progress` parts, then `Done`."""

    category: str
    plugin: str
    id: str | None = None


class EndsApart(Struct, frozen=True, tag=True):
    """A stream that ends differently: by the code that is loaded → by the other."""

    id: str
    version: int  # the first after which the states differ; 0: before the first event
    kind: str  # type of that event
    total: int  # differences of the ends
    changes: tuple[DiffRow, ...]  # the first of them
    error: str = ""  # why the first event that failed did, by the code that is loaded
    other_error: str = ""


OfAligned = Align | AlignedDiff
OfComparison = OfAligned | FoldUnder
AboutComparison = AlignedPage | EndsApart
