"""Our own store: streams, events, snapshots, checkpoints and parked events, in SQLite and PostgreSQL.

An append writes the row of its stream first: that row is the optimistic lock. Then come the events. Payloads are JSON
text exactly as it was given, never a parsed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from explorer.stores.layout import Append, Catalog, Instance, Layout, Native, Run, Table, Written

SCHEMA = "event_store"  # on PostgreSQL
CHANNEL = "event_store_appended"
APPLICATION_ID = 0x45535831  # "ESX1" in the header of a SQLite file

EVENT_COLUMNS = ("position", "category", "id", "version", "type", "data", "metadata", "event_id", "recorded_at")
STREAM_COLUMNS = ("category", "id", "version")
SNAPSHOT_COLUMNS = (
    *("category", "id", "version", "state", "taken_at"),
    *("aggregate", "schema_version", "fingerprint", "last_event_id"),
)
CHECKPOINT_COLUMNS = ("name", "checkpoint", "saved_at")
OWNED = (
    ("owner", "text NOT NULL DEFAULT ''"),
    ("epoch", "bigint NOT NULL DEFAULT 0"),
    ("beat", "bigint NOT NULL DEFAULT 0"),
    ("paused", "smallint NOT NULL DEFAULT 0"),
    ("state", "text NOT NULL DEFAULT ''"),
    ("detail", "text NOT NULL DEFAULT ''"),
)
"""What a checkpoint says of its owner. Stores made before there was such a column get it when one is claimed."""

_OWNED = ", ".join(f"{name} {kind}" for name, kind in OWNED)

PARKED_COLUMNS = (
    *("subscription", "sequence", "position", "event_id", "category", "id", "version", "type"),
    *("reason", "attempts", "parked_at", "wanted"),
)
_PARKED = """CREATE TABLE IF NOT EXISTS {parked} (
    subscription {text} NOT NULL,
    sequence {text} NOT NULL,
    position bigint NOT NULL,
    event_id {text},
    category {text} NOT NULL,
    id {text} NOT NULL,
    version bigint NOT NULL,
    type text NOT NULL,
    reason text NOT NULL,
    attempts integer NOT NULL,
    parked_at {time} NOT NULL,
    wanted text NOT NULL,
    PRIMARY KEY (subscription, position)
)"""


def parked(dialect: str, table: str) -> tuple[str, ...]:
    """The statements that make the table of parked events, under this quoted name, where it is not there yet."""
    text, time = ("text", "text") if dialect == "sqlite" else ('text COLLATE "C"', "timestamptz")
    return (
        _PARKED.format(parked=table, text=text, time=time),
        f"CREATE INDEX IF NOT EXISTS parked_sequences ON {table} (subscription, sequence, position)",
        f"CREATE INDEX IF NOT EXISTS parked_wanted ON {table} (subscription, position) WHERE wanted <> ''",
    )


SQLITE = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    """CREATE TABLE streams (
        category TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version > 0),
        PRIMARY KEY (category, id)
    ) WITHOUT ROWID""",
    # Without AUTOINCREMENT the position of a deleted head would be used again.
    """CREATE TABLE events (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        category TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version > 0),
        type TEXT NOT NULL,
        data TEXT NOT NULL,
        metadata TEXT NOT NULL,
        event_id TEXT NOT NULL UNIQUE,
        recorded_at TEXT NOT NULL,
        UNIQUE (category, id, version)
    )""",
    "CREATE INDEX events_of_category ON events (category, position)",
    """CREATE TABLE snapshots (
        category TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        state TEXT NOT NULL,
        taken_at TEXT NOT NULL,
        aggregate TEXT,
        schema_version INTEGER,
        fingerprint TEXT,
        last_event_id TEXT,
        PRIMARY KEY (category, id, version)
    )""",
    f"CREATE TABLE checkpoints (name TEXT PRIMARY KEY, checkpoint BLOB NOT NULL, saved_at TEXT NOT NULL, {_OWNED})",
    *parked("sqlite", "parked"),
)

POSTGRESQL = (
    f"CREATE SCHEMA {SCHEMA}",
    f"""CREATE TABLE {SCHEMA}.streams (
        category text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        version bigint NOT NULL CHECK (version > 0),
        PRIMARY KEY (category, id)
    )""",
    # Positions drawn ahead by a session (CACHE above 1) would come out of order by far more than a commit's time.
    f"""CREATE TABLE {SCHEMA}.events (
        position bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
        category text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        version bigint NOT NULL CHECK (version > 0),
        type text NOT NULL,
        data json NOT NULL,
        metadata json NOT NULL,
        event_id text COLLATE "C" NOT NULL UNIQUE,
        recorded_at timestamptz NOT NULL,
        UNIQUE (category, id, version)
    )""",
    f"CREATE INDEX events_of_category ON {SCHEMA}.events (category, position)",
    f"""CREATE TABLE {SCHEMA}.snapshots (
        category text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        version bigint NOT NULL,
        state json NOT NULL,
        taken_at timestamptz NOT NULL,
        aggregate text,
        schema_version integer,
        fingerprint text,
        last_event_id text,
        PRIMARY KEY (category, id, version)
    )""",
    f"""CREATE TABLE {SCHEMA}.checkpoints (
        name text COLLATE "C" PRIMARY KEY, checkpoint bytea NOT NULL, saved_at timestamptz NOT NULL, {_OWNED}
    )""",
    *parked("postgresql", f"{SCHEMA}.parked"),
)


def _find(catalog: Catalog) -> Sequence[Instance]:
    return [
        _instance(catalog, events, streams[0], snapshots[0])
        for events in catalog.with_columns(*EVENT_COLUMNS)
        if (streams := [t for t in catalog.beside(events, *STREAM_COLUMNS) if len(t.columns) == len(STREAM_COLUMNS)])
        and (snapshots := catalog.beside(events, *SNAPSHOT_COLUMNS))
        and catalog.beside(events, *CHECKPOINT_COLUMNS)
    ]


def _instance(catalog: Catalog, events: Table, streams: Table, snapshots: Table) -> Instance:
    sqlite = catalog.dialect == "sqlite"
    return Instance(
        layout="own",
        name="own" if sqlite else events.schema,
        dialect=catalog.dialect,
        events=f"SELECT {', '.join(EVENT_COLUMNS)} FROM {events.sql}",
        key=("category", "id"),
        category=True,
        commit_ordered=sqlite,
        streams=f"SELECT {', '.join(STREAM_COLUMNS)} FROM {streams.sql}",
        snapshots=f"SELECT {', '.join(SNAPSHOT_COLUMNS)} FROM {snapshots.sql}",
        channel=None if sqlite else CHANNEL,
        events_table=None if sqlite else events.sql,
        append=_append_sqlite if sqlite else _appending(events, streams),
        tables=tuple(
            t.title
            for t in (
                *(events, streams, snapshots),
                *catalog.beside(events, *CHECKPOINT_COLUMNS),
                *catalog.beside(events, *PARKED_COLUMNS),
            )
        ),
    )


# -- appending ---------------------------------------------------------------------------------------------------------


def _append_sqlite(run: Run, key: Native, expected: int, events: Sequence[Written]) -> list[Any] | None:
    stream = {"category": key[0], "id": key[1], "expected": expected, "count": len(events)}
    if expected:
        moved = run(
            "UPDATE streams SET version = version + :count"
            " WHERE category = :category AND id = :id AND version = :expected RETURNING version",
            stream,
        )
    else:
        moved = run(
            "INSERT INTO streams (category, id, version) VALUES (:category, :id, :count)"
            " ON CONFLICT DO NOTHING RETURNING version",
            stream,
        )
    if not moved:
        return None
    run(
        "INSERT INTO events (category, id, version, type, data, metadata, event_id, recorded_at)"
        " VALUES (:category, :id, :version, :type, :data, :metadata, :event_id, :recorded_at)",
        [
            {
                "category": key[0],
                "id": key[1],
                "version": event.version,
                "type": event.type,
                "data": event.data.decode(),
                "metadata": event.metadata.decode(),
                "event_id": event.event_id,
                "recorded_at": event.recorded_at.isoformat(timespec="microseconds"),
            }
            for event in events
        ],
    )
    drawn = run(
        "SELECT position FROM events WHERE category = :category AND id = :id AND version > :expected ORDER BY version",
        stream,
    )
    return [row[0] for row in drawn]


# One statement: the events are made from the row that the first part has locked.
_POSTGRESQL_APPEND = """WITH stream AS ({stream} RETURNING version), recorded AS (
    INSERT INTO {events} (category, id, version, type, data, metadata, event_id, recorded_at)
    SELECT :category, :id, CAST(:expected AS bigint) + new.number, new.type, CAST(new.data AS json),
        CAST(new.metadata AS json), new.event_id, new.recorded_at
    FROM stream, unnest(
        CAST(:types AS text[]), CAST(:data AS text[]), CAST(:metadata AS text[]), CAST(:event_ids AS text[]),
        CAST(:times AS timestamptz[])
    ) WITH ORDINALITY AS new(type, data, metadata, event_id, recorded_at, number)
    ORDER BY new.number
    RETURNING position, version
) SELECT position FROM recorded ORDER BY version"""
_NEW_STREAM = (
    "INSERT INTO {streams} (category, id, version) VALUES (:category, :id, CAST(:count AS bigint))"
    " ON CONFLICT DO NOTHING"
)
_NEXT_VERSION = (
    "UPDATE {streams} SET version = version + CAST(:count AS bigint)"
    " WHERE category = :category AND id = :id AND version = CAST(:expected AS bigint)"
)


def _appending(events: Table, streams: Table) -> Append:
    """`_append_postgresql` for these tables."""
    stream = [part.format(streams=streams.sql) for part in (_NEW_STREAM, _NEXT_VERSION)]
    create, extend = (_POSTGRESQL_APPEND.format(stream=part, events=events.sql) for part in stream)

    def append(run: Run, key: Native, expected: int, new: Sequence[Written]) -> list[Any] | None:
        return _append_postgresql(run, extend if expected else create, key, expected, new)

    return append


def _append_postgresql(
    run: Run, statement: str, key: Native, expected: int, events: Sequence[Written]
) -> list[Any] | None:
    drawn = run(
        statement,
        {
            "category": key[0],
            "id": key[1],
            "expected": expected,
            "count": len(events),
            "types": [event.type for event in events],
            "data": [event.data.decode() for event in events],
            "metadata": [event.metadata.decode() for event in events],
            "event_ids": [event.event_id for event in events],
            "times": [event.recorded_at for event in events],
        },
    )
    return [row[0] for row in drawn] or None


LAYOUT = Layout(name="own", title="Event-store explorer", find=_find)
