"""What can be asked of an engine about what-if branches. All of it is in memory: nothing is written."""

from __future__ import annotations

from msgspec import Struct

from explorer.branches import AnyEdit
from explorer.engine.ask import ROWS, Ask


class FoldBranch(Ask, frozen=True, tag=True):
    """Fold a stream with these edits beside the stream as it is stored. → `Progress` parts, then `BranchPage`."""

    category: str
    id: str
    edits: tuple[AnyEdit, ...] = ()
    start: int = 0
    limit: int = ROWS
    line: int | None = None  # the page is to hold the row of this line, wherever that is; `start` is a wish then


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
    at: int | None = None  # the row of the line that was asked for, where the branch has it
    aggregate: str | None = None  # None: the generic fold


class BranchState(Ask, frozen=True, tag=True):
    """Members at `path` of the branch's state after this row (-1: before all), marked against the base's. → `Rows`."""

    category: str
    id: str
    row: int | None = None  # None: the end
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


class BranchText(Ask, frozen=True, tag=True):
    """A text of a branch, in pages. → `TextPage`.

    `what`: "type" or "data" of the branch's event in this row (the base's, where the branch has none); "test", a pytest
    file that says that the branch ends as it does; "mend", one that says that the events as they are stored should have
    ended as the branch does; "state" or "stored", of branch or base, after this row (None: the end), at `path`.
    `form`: "exact", or for states "json", laid out as lines. `plugins`: files that the test names.
    """

    category: str
    id: str
    edits: tuple[AnyEdit, ...] = ()
    what: str = "data"
    row: int | None = None
    path: str = ""
    form: str = "exact"
    plugins: tuple[str, ...] = ()
    start: int = 0
    limit: int = 500


class Mends(Ask, frozen=True, tag=True):
    """What the domain would do now about the events that the branch goes without. → `MendPage`. Nothing is written."""

    category: str
    id: str
    edits: tuple[AnyEdit, ...] = ()
    start: int = 0
    limit: int = 20


class Mend(Struct, frozen=True, array_like=True):
    """About one event. `command` "": the domain declares none."""

    version: int
    type: str
    command: str = ""
    fields: str = ""  # JSON text, cut
    events: tuple[str, ...] = ()  # types of what it would append, the first of them
    refused: str = ""  # the rule that refuses it now, or why it could not be tried


class MendPage(Struct, frozen=True, tag=True):
    start: int
    total: int
    mends: tuple[Mend, ...]


OfBranch = FoldBranch | BranchState | BranchDiff | BranchText | Mends
AboutBranch = BranchPage | MendPage
