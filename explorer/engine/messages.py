"""What crosses the pipe between the program and an engine process: plain data only, in msgpack, ≤ 64 kB a message.

An *ask* is answered by any number of *parts* and then one *answer*, or one `Failure`. Which parts and which answer
belong to an ask stands in its docstring. Payloads and states stay in the engine; what is to be shown crosses as rows
of cut texts, in pages. Paths are JSON Pointers (RFC 6901).
"""

from __future__ import annotations

from msgspec import Struct

from explorer.descriptions import AggregateInfo as AggregateInfo
from explorer.descriptions import CommandInfo as CommandInfo
from explorer.descriptions import FieldInfo as FieldInfo
from explorer.descriptions import ReadModelInfo as ReadModelInfo
from explorer.descriptions import ServiceInfo as ServiceInfo
from explorer.descriptions import TableInfo as TableInfo
from explorer.engine.ask import ROWS as ROWS
from explorer.engine.ask import Ask as Ask
from explorer.engine.ask import DiffRow as DiffRow
from explorer.engine.asks_branches import AboutBranch as AboutBranch
from explorer.engine.asks_branches import OfBranch as OfBranch
from explorer.engine.asks_bundles import BundleSaved, SaveBundle
from explorer.engine.asks_comparing import AboutComparison, OfComparison
from explorer.engine.asks_decisions import DecisionRuns, DecisionsMapped, MapDecisions
from explorer.engine.asks_snapshots import PlanSnapshots, SnapshotPlan, TakeDue
from explorer.engine.asks_watches import AboutWatches, OfWatches
from explorer.engine.asks_writers import AboutWriters, OfWriters

CUT = 200  # characters of one value in a row
LINE = 2_000  # characters of one line of text at most
MESSAGE = 64 * 1024  # bytes


# -- opening -----------------------------------------------------------------------------------------------------------


class Open(Ask, frozen=True, tag=True):
    """Open the store and the plug-ins; first ask of a lane. → `Opened`."""

    url: str
    layout: str | None = None
    instance: str | None = None
    writable: bool = False
    password: str | None = None
    copy: bool = False
    plugins: tuple[str, ...] = ()

    def __repr__(self) -> str:  # no secrets in logs and tracebacks
        return f"Open({self.layout or 'any layout'})"


class Opened(Struct, frozen=True, tag=True):
    aggregates: tuple[AggregateInfo, ...]
    problems: tuple[str, ...] = ()  # broken plug-ins: a line each, saying why
    narration: dict[str, str] = {}  # event type → template, see `narration`
    services: tuple[ServiceInfo, ...] = ()
    rows: tuple[str, ...] = ()  # categories of which a domain says what row would be kept, the most interesting first
    read_models: tuple[ReadModelInfo, ...] = ()


# -- replay ------------------------------------------------------------------------------------------------------------


class Replay(Ask, frozen=True, tag=True):
    """Read and fold a stream, or extend what was folded by what has arrived. → `EventColumns` and `StepColumns` parts
    in stretches (facts of a stretch always before its steps), then `Replayed`.

    `known`: the number of events whose columns the asker has already (0: send all); nothing is read twice.
    `generic`: do not run domain code; merge payloads.
    """

    category: str
    id: str
    known: int = 0
    generic: bool = False


class EventColumns(Struct, frozen=True, tag=True):
    """Facts of consecutive events of the stream, a column each, equally long, ordinal `start`…"""

    start: int  # ordinal (0-based) of the first; ordinals count stored events, versions may have holes or repeat
    versions: list[int]
    types: list[int]  # index into `names`
    names: list[str]
    times: list[int | None]  # microseconds since the epoch, UTC
    positions: list[str]  # as text, "" when there is none
    event_ids: list[str]
    sizes: list[int]  # bytes of the payload
    problems: dict[int, str] = {}  # ordinal → unreadable payload, missing or repeated version, time running backwards


class StepColumns(Struct, frozen=True, tag=True):
    """What each of these events did to the state."""

    start: int
    changes: list[int]  # how many paths changed
    errors: dict[int, str] = {}  # ordinal → the reducer raised: the sentence


class Replayed(Struct, frozen=True, tag=True):
    """The stream as folded: `count` events, ordinals 0 … count-1."""

    count: int
    aggregate: str | None  # None: the generic fold
    slow: str = ""  # why the slow path was taken ("the reducer changes its input")
    incomplete: str = ""  # the first stored version is above 1
    seconds: float = 0.0


class WhoFolds(Ask, frozen=True, tag=True):
    """Which aggregate a stream is folded by, from its first events alone. → `FoldedBy`."""

    category: str
    id: str


class FoldedBy(Struct, frozen=True, tag=True):
    aggregate: str | None  # None: the generic fold


class Row(Struct, frozen=True, array_like=True):
    """One line of a tree: a member of an object or an element of a list."""

    key: str  # member name, or index, or the key of a keyed element ("sku=A-1")
    path: str
    kind: str  # "object", "array", "string", "number", "boolean", "null", "bytes"
    text: str  # the value, cut to CUT characters; of containers a short summary
    size: int  # members, elements, or characters
    mark: str = ""  # "+", "-", "~", ">" (moved) against the compared state; "." something below changed
    written: int = -1  # version of the event that wrote here last, 0 if none did; -1: not told


class Rows(Struct, frozen=True, tag=True):
    """A page of rows of one container, from `start`, of `total`."""

    start: int
    total: int
    rows: tuple[Row, ...]
    problem: str = ""  # why there is nothing better to show


class StateRows(Ask, frozen=True, tag=True):
    """Members of the state at `path` after the event of this ordinal (-1: initial state). → `Rows`.

    `against`: the ordinal of the state to mark changes against (None: no marks). Removed members come, marked "-".
    A `path` of a removed member shows the value it had; paths of rows are to be given back as they came (see `rows`:
    what is removed from a list, and members with very long names, have tokens that are no plain JSON Pointer).
    `generic`: of the generic fold, as in `Replay`. `writers`: with the version that wrote each row last.
    """

    category: str
    id: str
    ordinal: int
    path: str = ""
    start: int = 0
    limit: int = ROWS
    against: int | None = None
    generic: bool = False
    writers: bool = False


class Diff(Ask, frozen=True, tag=True):
    """Differences between the states after two ordinals of one stream (-1: initial state). → `DiffPage`."""

    category: str
    id: str
    before: int
    after: int
    start: int = 0
    limit: int = ROWS
    generic: bool = False


class DiffPage(Struct, frozen=True, tag=True):
    start: int
    total: int
    rows: tuple[DiffRow, ...]


class PayloadRows(Ask, frozen=True, tag=True):
    """Members of an event's payload at `path`. → `Rows`. `which`: "stored", "upcast" or "metadata"."""

    category: str
    id: str
    version: int
    which: str = "stored"
    path: str = ""
    start: int = 0
    limit: int = ROWS


class Text(Ask, frozen=True, tag=True):
    """A long value as lines, in pages. → `TextPage`.

    `what`: "stored", "upcast" or "metadata" of the event of that version; "state" after that ordinal (`version` is then
    the ordinal); "snapshot" at that version. `form`: "json" (indented), "raw" (as stored, controls made visible),
    "hex", "exact" (the JSON text as it is, in pieces that make it up when put together: for copying).
    `path` selects a part (not for raw and hex).
    """

    category: str
    id: str
    version: int
    what: str = "stored"
    form: str = "json"
    path: str = ""
    start: int = 0  # line
    limit: int = 500  # lines; fewer come where a message would grow too large
    generic: bool = False


class TextPage(Struct, frozen=True, tag=True):
    start: int
    total: int  # lines
    size: int  # bytes of the whole value
    lines: tuple[str, ...]
    problem: str = ""


# -- the row or the events ---------------------------------------------------------------------------------------------


class RowOrEvents(Ask, frozen=True, tag=True):
    """The row that a system without events would keep of a stream, beside its events; and what both answer to the
    `question` of this number, if one is asked. → `Compared`."""

    category: str
    id: str
    question: int | None = None


class Saying(Struct, frozen=True, array_like=True):
    """An event in plain words."""

    category: str
    id: str
    version: int
    type: str
    at: int | None  # microseconds since the epoch, UTC
    words: str
    by: str = ""  # who wrote it, as far as anybody says
    because: bool = False  # it led to the one before it in the list


class Compared(Struct, frozen=True, tag=True):
    category: str
    id: str
    table: str = ""
    declared: bool = False  # the domain says what the row would have; else a general rule
    row: dict[str, str] = {}  # column → value; empty: null
    events: tuple[Saying, ...] = ()  # the newest, oldest first
    count: int = 0  # events of the stream; 0: there is none
    questions: tuple[str, ...] = ()
    asked: int | None = None
    row_says: str = ""
    answers: tuple[Saying, ...] = ()  # none: it did not happen


# -- commands and appends ----------------------------------------------------------------------------------------------


class EventDraft(Struct, frozen=True):
    """An event that is to be written, as JSON texts."""

    type: str
    data: str
    metadata: str = "{}"
    event_id: str = ""  # empty: the engine makes one


class PreviewCommand(Ask, frozen=True, tag=True):
    """Load, decide, fold; write nothing. → `Preview`. `fields` are JSON texts by field name."""

    aggregate: str
    id: str
    command: str
    fields: dict[str, str]
    reason: str = ""  # goes into the metadata


class PreviewAppend(Ask, frozen=True, tag=True):
    """Fold these events onto the stream; write nothing. → `Preview`. `expected` None: what is there now."""

    category: str
    id: str
    events: tuple[EventDraft, ...]
    expected: int | None = None
    reason: str = ""


class Preview(Struct, frozen=True, tag=True):
    """What would be written, and what it would do. `events` have their final ids and metadata."""

    category: str
    id: str
    expected: int  # version the stream is at; commit with exactly this
    refused: str = ""  # the rule that refuses
    loaded: str = ""  # "snapshot v100 + 3 events", "12 events"
    events: tuple[EventDraft, ...] = ()
    changes: tuple[DiffRow, ...] = ()  # the first ROWS
    changes_total: int = 0
    error: str = ""  # the reducer failed on one of them


class SnapshotIfDue(Ask, frozen=True, tag=True):
    """After a commit: take the periodic snapshot if one was crossed. → `Done` ("" when none was due)."""

    category: str
    id: str
    before: int
    after: int


# -- snapshots ---------------------------------------------------------------------------------------------------------


class TakeSnapshot(Ask, frozen=True, tag=True):
    """Fold up to `version` (None: the end) and save. → `Done`."""

    category: str
    id: str
    version: int | None = None


class VerifySnapshots(Ask, frozen=True, tag=True):
    """Compare content with replay. → a `Verdict` part for each, then `Done`. No id: all of the store."""

    category: str | None = None
    id: str | None = None
    version: int | None = None


class Verdict(Struct, frozen=True, tag=True):
    category: str
    id: str
    version: int
    verdict: str  # "identical", "older schema", "reducer changed", "corrupt", "ahead of the stream", "unreadable"
    detail: str = ""
    differences: tuple[DiffRow, ...] = ()  # snapshot → replay, the first ROWS
    events_saved: int = 0  # events a load does not read thanks to it
    seconds_full: float = 0.0  # replay from event 1
    seconds_snapshot: float = 0.0  # the same from the snapshot


# -- read models -------------------------------------------------------------------------------------------------------


class RebuildRows(Ask, frozen=True, tag=True):
    """Make the rows of a read model anew. → `Progress` parts, then `Done`."""

    name: str


class CheckRows(Ask, frozen=True, tag=True):
    """Compare the rows of a read model with a fresh rebuild in memory. → `Progress` parts, then `Drifted`."""

    name: str


class DriftRow(Struct, frozen=True, array_like=True):
    """A row that is not what a fresh rebuild makes."""

    table: str
    key: tuple[str, ...]
    kind: str  # "missing", "extra", "different"
    columns: tuple[tuple[str, str, str], ...] = ()  # name, as it is stored, as it should be


class Drifted(Struct, frozen=True, tag=True):
    position: int
    rows: int  # compared
    differing: int
    differences: tuple[DriftRow, ...] = ()  # the first of them
    notice: str = ""


class Done(Struct, frozen=True, tag=True):
    message: str = ""


class Progress(Struct, frozen=True, tag=True):
    """A part of any ask that takes long."""

    done: int
    total: int | None
    what: str = ""


class Failure(Struct, frozen=True, tag=True):
    """An expected failure (`kind` is the class name in `errors`) or a bug (`kind` "" and `detail` the traceback)."""

    kind: str
    sentence: str
    hint: str = ""
    detail: str = ""


AnyAsk = (
    Open
    | Replay
    | WhoFolds
    | StateRows
    | Diff
    | PayloadRows
    | Text
    | RowOrEvents
    | PreviewCommand
    | PreviewAppend
    | SnapshotIfDue
    | TakeSnapshot
    | VerifySnapshots
    | RebuildRows
    | CheckRows
    | SaveBundle
    | MapDecisions
    | PlanSnapshots
    | TakeDue
    | OfBranch
    | OfComparison
    | OfWatches
    | OfWriters
)
AnyReply = (
    Opened
    | EventColumns
    | StepColumns
    | Replayed
    | FoldedBy
    | Rows
    | DiffPage
    | TextPage
    | Compared
    | Preview
    | Verdict
    | Drifted
    | BundleSaved
    | DecisionRuns
    | DecisionsMapped
    | SnapshotPlan
    | AboutBranch
    | AboutComparison
    | AboutWatches
    | AboutWriters
    | Done
    | Progress
    | Failure
)
