"""How the tables of one kind of store read as our events: the types every file in `layouts/` speaks.

A `Layout` is found in a `Catalog` of tables, by columns and never by names, once for each store in the database: an
`Instance`. The instance's one SELECT is wrapped as a subquery; the reader puts filter, order and limit around it. Both
databases flatten that and use the store's indexes as long as what is compared is a bare column. Hence the native `key`:
the columns the store's index starts with, compared with values exactly as the driver returns them. (category, id) is
derived from it in Python, and back, by `split` and `join`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from explorer.model import StreamKey

Native: TypeAlias = tuple[Any, ...]
"""The values of an instance's `key` columns, exactly as the driver returned them: str, int, bytes, UUID …"""


# -- what is in the database -------------------------------------------------------------------------------------------


def normal(name: str) -> str:
    """A column name as signatures compare it: lower case, no underscores."""
    return name.replace("_", "").lower()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view; partitions of a table are never listed."""

    schema: str  # "" on SQLite
    name: str
    columns: Mapping[str, str]  # name as written → declared type in lower case
    rowid: bool = False  # SQLite: not a view and not WITHOUT ROWID
    view: bool = False
    indexes: tuple[str, ...] = ()  # names; for layouts that lean on one that an older version does not have

    @property
    def sql(self) -> str:
        """The quoted name, with its schema."""
        return f"{quoted(self.schema)}.{quoted(self.name)}" if self.schema else quoted(self.name)

    @property
    def title(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def has(self, *columns: str) -> bool:
        """Are all these columns there, whatever their case and underscores?"""
        present = {normal(name) for name in self.columns}
        return all(normal(column) in present for column in columns)

    def column(self, name: str) -> str:
        """The quoted name of this column as the table writes it. Raises KeyError."""
        wanted = normal(name)
        for column in self.columns:
            if normal(column) == wanted:
                return quoted(column)
        raise KeyError(name)

    def type_of(self, name: str) -> str:
        """Declared type in lower case ("" when SQLite has none). Raises KeyError."""
        wanted = normal(name)
        for column, declared in self.columns.items():
            if normal(column) == wanted:
                return declared
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a database holds, as far as the connected role may see it."""

    dialect: str  # "sqlite" or "postgresql"
    tables: tuple[Table, ...]
    functions: frozenset[str] = frozenset()  # PostgreSQL: "schema.name", outside of the system schemas

    def with_columns(self, *columns: str, without: Sequence[str] = ()) -> tuple[Table, ...]:
        """Tables having all of these columns and none of those."""
        return tuple(t for t in self.tables if t.has(*columns) and not any(t.has(column) for column in without))

    def beside(self, table: Table, *columns: str) -> tuple[Table, ...]:
        """Tables of the same schema having all of these columns."""
        return tuple(t for t in self.with_columns(*columns) if t.schema == table.schema)


# -- how one store reads -----------------------------------------------------------------------------------------------


class Stored(NamedTuple):
    """One row of an instance's SELECT, before `decode` and `split`."""

    key: Native
    version: int  # the store's own number
    position: Any
    type: str
    data: bytes  # JSON as text in UTF-8, or whatever is stored; cut to a preview when `cut`
    metadata: bytes
    event_id: str | None
    recorded_at: datetime | None  # aware, UTC
    size: int  # bytes of the whole data as stored
    cut: bool = False
    problem: str | None = None


class StoredSnapshot(NamedTuple):
    """One row of an instance's SELECT of snapshots, before `decode_snapshot` and `split`."""

    key: Native
    version: int
    state: bytes
    taken_at: datetime | None
    aggregate: str | None
    schema_version: int | None
    fingerprint: str | None
    last_event_id: str | None
    size: int
    cut: bool = False
    problem: str | None = None


class Written(NamedTuple):
    """An event about to be inserted."""

    version: int  # ours, from 1
    type: str
    data: bytes
    metadata: bytes
    event_id: str
    recorded_at: datetime


Run: TypeAlias = Callable[[str, Mapping[str, Any] | Sequence[Mapping[str, Any]]], list[tuple[Any, ...]]]
"""Execute one statement with `:name` parameters inside the open transaction (a sequence of mappings: once for each,
batched); returns its rows. A colon that is no parameter is written `\\:`."""

Append: TypeAlias = Callable[[Run, Native, int, Sequence[Written]], "list[Any] | None"]
"""(run, key, expected, events) → the positions drawn, in the order of the events, or None if the stream is not at the
expected version; what was written before that was found out is rolled back. Idempotence, retries, conflicts and their
explanation are not its business: a unique violation may simply come through."""


def key_is_category_and_id(key: Native, first_type: str | None) -> StreamKey:
    """`split` where the key columns are category and id themselves."""
    return StreamKey(str(key[0]), str(key[1]))


def category_and_id_are_key(stream: StreamKey) -> Native | None:
    """`join` where the key columns are category and id themselves."""
    return (stream.category, stream.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One event store in one database: where its events are and how they read.

    `events` is one SELECT without ORDER BY and LIMIT (`:` needs no escaping) whose columns are named

        the columns of `key`   bare columns, NOT NULL
        version                bare, integer, NOT NULL; the store's own number (of any type if `counted`)
        type
        data                   json, jsonb, text, or bytes; the reader finds out and cuts previews in SQL
        position               bare; only if `positions`
        category               bare, or an expression with an index of its own; only if `category`
        metadata, event_id, recorded_at   if there are such; missing ones are NULL

    The index that serves a stream starts with the key and goes on with version; position has an index of its own.
    `snapshots` likewise: key, version, state and, where there are such, taken_at, aggregate, schema_version,
    fingerprint, last_event_id. `streams` likewise, for stores that keep a row for each stream: key, version (of the
    last event); an index serves its key.
    """

    layout: str  # "own", "eventsourcing", "message-db", …
    name: str  # which store in the database, as shown to the user and as `--instance` takes it: a table or schema name
    dialect: str
    events: str
    key: tuple[str, ...]
    split: Callable[[Native, str | None], StreamKey] = key_is_category_and_id
    """(key values, type of the stream's first event: only if `split_by_type`, else None) → (category, id)."""

    join: Callable[[StreamKey], Native | None] = category_and_id_are_key
    """(category, id) → key values; None if no such key can exist (an id that is no UUID …)."""

    split_by_type: bool = False
    version_base: int = 1  # the store's own number of the first event in a stream
    counted: bool = False
    """The store numbers no events: `version` is what orders those of a stream, of any type and unique in it. The reader
    numbers them by counting in the index, which costs by the length of the stream. Not with `version_base` or `append`.
    """

    positions: bool = True
    commit_ordered: bool = False  # positions become visible in their order
    category: bool = False  # the SELECT has a `category` column that an index serves
    key_prefix: Callable[[str], str] | None = None
    """Category → text that exactly the keys of its streams begin with, where the key is one text column."""

    time: Callable[[Any], datetime | None] | None = None  # of the recorded_at and taken_at columns; None: `time_of`
    event_id_value: Callable[[str], Any] | None = None
    """Our event id → the value to compare the event_id column with, None if there can be no such; unset: the text."""

    indexed_event_id: bool = True  # an index serves event_id
    decode: Callable[[Stored], Stored] | None = None
    """Makes JSON of what is stored, and fills in what only the payload tells (time, metadata, event id, type). Never
    raises on data: says `problem` and leaves the bytes. With `cut`, data is a beginning: decode what is there."""

    encoded: bool = False  # `decode` changes the bytes: searching text has to decode first
    streams: str | None = None
    snapshots: str | None = None
    decode_snapshot: Callable[[StoredSnapshot], StoredSnapshot] | None = None
    channel: str | None = None  # PostgreSQL: a NOTIFY channel that wakes; unquoted
    events_table: str | None = None  # PostgreSQL: quoted name of the table whose RowExclusiveLock writers hold
    append: Append | None = None  # how to write safely, where that is known
    notice: str = ""  # something the user should know
    tables: tuple[str, ...] = ()  # titles of the tables it reads


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of store. `find` names every store of this kind in the catalogue; it looks at columns, never at rows."""

    name: str
    title: str
    find: Callable[[Catalog], Sequence[Instance]] = field(repr=False)


# -- time --------------------------------------------------------------------------------------------------------------

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_of(value: Any) -> datetime | None:
    """A database timestamp (naive means UTC) or ISO text → aware UTC; None if it cannot be read as one."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        if value.endswith("+00:00"):  # what our own store writes, without the detour over a conversion
            value = value[:-6]
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


def _since_epoch(per_second: int) -> Callable[[Any], datetime | None]:
    def convert(value: Any) -> datetime | None:
        try:
            if isinstance(value, int):
                return EPOCH + timedelta(microseconds=value * 1_000_000 // per_second)
            return None if value is None else EPOCH + timedelta(seconds=float(value) / per_second)
        except (ValueError, TypeError, OverflowError):
            return None

    return convert


TIMES: Mapping[str, Callable[[Any], datetime | None]] = {
    "timestamp": time_of,
    "iso": time_of,
    "s": _since_epoch(1),
    "ms": _since_epoch(1_000),
    "us": _since_epoch(1_000_000),
    "ns": _since_epoch(1_000_000_000),
}
"""Ways of storing a time, by the name a TOML description uses. All give aware UTC, or None for what is unreadable."""


def microseconds(moment: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)
