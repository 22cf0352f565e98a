"""What can be asked of an engine about what-if branches. All of it is in memory: nothing is written."""

from __future__ import annotations

from msgspec import Struct

from explorer.branches import AnyEdit
from explorer.engine.ask import ROWS, Ask


class FoldBranch(Ask, frozen=True, tag=True):
    """Fold a stream with these edits beside the stream as it is stored. → `BranchPage`."""

    category: str
    id: str
    edits: tuple[AnyEdit, ...] = ()
    start: int = 0
    limit: int = ROWS


class BranchRow(Struct, frozen=True, array_like=True):
    """One line of both; versions are 0 where there is no event on that side."""

    line: int  # the name of the line in edits
    version: int
    type: str
    branch_version: int
    branch_type: str
    how: str  # see `branches.Row`
    error: str = ""  # why the branch's event cannot be folded


class BranchPage(Struct, frozen=True, tag=True):
    start: int
    total: int
    rows: tuple[BranchRow, ...]
    diverges: int | None = None  # the first row after which the states differ


class BranchState(Ask, frozen=True, tag=True):
    """Members at `path` of the branch's state after this row (-1: before all), marked against the base's. → `Rows`."""

    category: str
    id: str
    row: int
    edits: tuple[AnyEdit, ...] = ()
    path: str = ""
    start: int = 0
    limit: int = ROWS
    base: bool = False  # the base's state instead, without marks


class BranchDiff(Ask, frozen=True, tag=True):
    """Differences from the state of the base to that of the branch after this row (None: the ends). → `DiffPage`."""

    category: str
    id: str
    row: int | None = None
    edits: tuple[AnyEdit, ...] = ()
    start: int = 0
    limit: int = ROWS
