"""The nouns: what an event store holds, and what a plug-in brings to make sense of it. Imports nothing of ours.

Everything is frozen. Events leave the stores with their payload as the bytes that were stored; `payload.decode` makes
values of them where somebody looks. Versions count from 1 whatever the store does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"
"""A JSON value. Non-integers are Decimal, never float; integers have any size; keys keep their order."""

Position: TypeAlias = "int | str | tuple[int | str, ...]"
"""Where an event stands in the whole store: sortable, opaque outside `stores/`. A store without one uses None."""

Key: TypeAlias = "tuple[Json, ...]"
"""The values of a table's key columns, in their order. They are texts."""

Row: TypeAlias = "Mapping[str, Json]"
"""Column → value, key columns included. Times are texts in ISO 8601."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class StreamKey:
    """The name of one stream: the events of one aggregate."""

    category: str
    id: str


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded fact, as stored."""

    category: str
    id: str
    version: int  # counts from 1 in its stream
    position: Position | None
    type: str
    data: bytes  # JSON text as stored (UTF-8), or whatever bytes are stored; may be cut, see `size`
    metadata: bytes = b""  # likewise; empty when there is none
    event_id: str | None = None
    recorded_at: datetime | None = None  # aware, UTC
    size: int = 0  # bytes of the whole data; more than len(data) when it was cut for a list
    problem: str | None = None  # why `data` is not readable JSON, found by the layout's decoder
    native_version: int | None = None  # the store's own number, where it differs from `version`

    @property
    def stream(self) -> StreamKey:
        return StreamKey(self.category, self.id)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is to be appended. `event_id` makes appending it again harmless."""

    type: str
    data: Json
    event_id: str
    metadata: Mapping[str, Json] = field(default_factory=dict)
    recorded_at: datetime | None = None  # aware; None: now. Only a made-up or imported history says otherwise


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A saved state of one stream at a version: a cache, never the truth."""

    category: str
    id: str
    version: int  # the last event included
    state: bytes  # JSON text
    taken_at: datetime | None = None  # aware, UTC
    aggregate: str | None = None  # the aggregate that took it
    schema_version: int | None = None  # as the aggregate declared it then
    fingerprint: str | None = None  # of the domain's source files and schema version then
    last_event_id: str | None = None
    size: int = 0  # bytes of the whole state; more than len(state) when it was cut for a list
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One line of a list of streams. `events` is None until somebody counted."""

    category: str
    id: str
    version: int
    events: int | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    last_type: str | None = None

    @property
    def key(self) -> StreamKey:
        return StreamKey(self.category, self.id)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and where the next ones start.

    `next` is an opaque cursor, None at the end. A page may hold fewer rows than the limit, even none, and still have a
    next: a filter that no index serves is looked through in bounded stretches.
    """

    rows: tuple[T, ...]
    next: Any = None


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events of the whole store, in position order (or newest first). Streams are read by `stream_events`."""

    category: str | None = None
    type: str | None = None  # a glob: * and ?
    find: str | None = None  # text contained in the stored payload, type or id
    after: Any = None  # a position, or a page's `next`; exclusive in the direction of reading
    newest_first: bool = False
    limit: int = 200
    preview: int | None = None  # cut payloads to so many bytes; None reads them whole


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What is known of an open store."""

    layout: str  # "own", "eventsourcing", "message-db", or the name in a TOML file
    title: str  # short, without secrets: "shop.sqlite" or "shop on db.example"
    dialect: str  # "sqlite" or "postgresql"
    writable: bool  # appending is possible and was asked for
    ordered: bool  # events have a global position
    snapshots: bool  # there is a place where snapshots are kept
    identity: str  # stable key of this connection for notes and checkpoints, without secrets
    commit_ordered: bool = False  # positions become visible in order: no holes to remember
    static: bool = False  # a copy or an immutable view: nothing will arrive until it is reopened
    instance: str = ""  # which of several stores in the database, as shown to the user
    notice: str = ""  # something the user should know: "static view", "positions may change on VACUUM" …
    bundle: str = ""  # of a bundle: the title of the store that it was taken from


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """An event as reducers and policies see it: upcast and decoded. They must not change `data`."""

    category: str
    id: str
    version: int
    type: str
    data: Any
    metadata: Mapping[str, Any] = field(default_factory=dict)
    event_id: str | None = None
    recorded_at: datetime | None = None
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A decider: how a stream folds and, if it takes commands, how it decides.

    State is whatever `evolve` returns; for showing, comparing and snapshots it is turned into JSON by `dump`
    (frozen dataclasses, mappings, sequences, Decimal, datetime are understood without it).
    `decide` returns the (type, data) pairs to append, none if nothing is to happen, or raises `errors.Refused`.
    """

    name: str
    initial: Callable[[], Any]
    evolve: Callable[[Any, DomainEvent], Any]
    decide: Callable[[Any, Any], Sequence[tuple[str, Json]]] | None = None
    commands: tuple[type, ...] = ()  # frozen dataclasses; their fields make forms and command-line options
    categories: tuple[str, ...] = ()  # the categories it claims; empty: its name
    snapshot_every: int = 100  # events between periodic snapshots; 0: never
    schema_version: int = 1  # of the state, stored with snapshots
    load: Callable[[Json], Any] | None = None  # JSON back to a state; None: the state is JSON already
    dump: Callable[[Any], Json] | None = None
    events: tuple[str, ...] = ()  # types it folds: a stream that begins with none of them is not its own; empty: any
    compensate: Mapping[str, Callable[[DomainEvent], Any]] = field(default_factory=dict)
    """Event type → the command that makes good again what the event did. Only ever shown, with what it would do."""

    invariants: Mapping[str, str] = field(default_factory=dict)
    """Name → an expression (see `expressions`) that has to be true after every event of every stream."""

    @property
    def claims(self) -> tuple[str, ...]:
        return self.categories or (self.name,)


@dataclass(frozen=True, slots=True)
class CommandFor:
    """A command and the aggregate it is for: what a policy wants to happen."""

    aggregate: str
    id: str
    command: Any


@dataclass(frozen=True, slots=True)
class Policy:
    """A stateless reaction: event → commands. `refused` says what happens instead when a rule refuses one of them."""

    name: str
    service: str  # the service that runs it
    on: tuple[str, ...]  # event types
    react: Callable[[DomainEvent], Sequence[CommandFor]]
    refused: Callable[[DomainEvent, CommandFor, str], Sequence[CommandFor]] | None = None
    meanwhile: str = ""  # what is so while nobody runs it, in plain words: "orders stay PENDING"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a read model. In the database it lies beside the events, its name with the prefix `read_`."""

    name: str  # [a-z][a-z0-9_]*
    key: tuple[str, ...]  # text columns, the primary key
    columns: Mapping[str, str]  # the others: "text", "integer", "decimal", "boolean" or "time"; they may all be null


@dataclass(frozen=True, slots=True)
class Put:
    """Insert a row; if there is one of this key, set just these columns of it."""

    table: str
    key: Key
    values: Row


@dataclass(frozen=True, slots=True)
class Delete:
    """Take a row out; harmless if there is none."""

    table: str
    key: Key


RowChange: TypeAlias = Put | Delete

ReadRow: TypeAlias = Callable[[str, Key], "Row | None"]
"""(table, key) → the row as it is after the events before this one, or None."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Folds events into the rows of a read model: (event, how to read a row) → what changes.

    Rows follow from the events alone, in the order of their positions: `project` looks at nothing else, not even at a
    clock, so that the same events make the same rows again.
    """

    name: str
    on: tuple[str, ...]  # event types, as they are after the upcaster
    tables: tuple[Table, ...]
    project: Callable[[DomainEvent, ReadRow], Sequence[RowChange]]
    service: str = "views"  # the service that runs it


@dataclass(frozen=True, slots=True)
class CrudRow:
    """The row that a system without events would keep of an aggregate: what would be left of its past."""

    aggregate: str
    table: str  # "ORDERS"
    columns: Mapping[str, str]  # column → place in the state, a JSON Pointer; `id` and `updated_at` are there anyway


@dataclass(frozen=True, slots=True)
class Question:
    """What people ask of the past of an aggregate, and by what rule its events answer."""

    aggregate: str
    text: str  # "Why was it rejected?"
    types: tuple[str, ...] = ()  # events of these types answer …
    changed: str = ""  # … or those that changed this place of the state, a JSON Pointer; neither: the last event
    because: bool = False  # so does the event that led to it, where that is recorded
    row: str = ""  # what the row says to it, with its {columns}, see `narration`; empty: it does not say


@dataclass(frozen=True, slots=True)
class Domain:
    """What a plug-in brings."""

    name: str
    aggregates: tuple[Aggregate, ...] = ()
    policies: tuple[Policy, ...] = ()
    upcast: Callable[[str, int, Any], tuple[str, Any]] | None = None
    """(type, schema_version from the event's metadata or 1, data) → (type, data) of today; must not change `data`."""

    files: tuple[str, ...] = ()  # source files whose change makes snapshots suspect
    projections: tuple[Projection, ...] = ()
    narration: Mapping[str, str] = field(default_factory=dict)
    """Event type → a sentence in plain words with {fields} of its payload, see `narration`."""

    rows: tuple[CrudRow, ...] = ()  # to compare the events with; what people are most interested in first
    questions: tuple[Question, ...] = ()  # to ask both
