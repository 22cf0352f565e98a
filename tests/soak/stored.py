"""What a store of our own holds, read from its tables by the bare drivers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg

Rows = list[tuple[Any, ...]]
Stream = tuple[str, str]  # category, id


@dataclass(frozen=True)
class Recorded:
    """One row of the events, payloads decoded."""

    position: int
    category: str
    id: str
    version: int
    type: str
    data: Any
    metadata: Any
    event_id: str

    @property
    def stream(self) -> Stream:
        return self.category, self.id

    def __str__(self) -> str:
        return f"position {self.position}, {self.category} {self.id} version {self.version} ({self.type})"


@dataclass(frozen=True)
class Saved:
    """One row of the snapshots, its state decoded."""

    stream: Stream
    version: int
    state: Any
    last_event_id: str | None


@dataclass
class Stored:
    events: list[Recorded]  # by position
    heads: dict[Stream, int]
    snapshots: list[Saved]
    checkpoints: dict[str, Any]  # decoded, by the subscription's name
    unreadable: list[str] = field(default_factory=list)  # sentences


def read(url: str) -> Stored:
    """Everything, as one moment has it."""
    if "://" in url:
        with psycopg.connect(url) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return _read(lambda sql: connection.execute(sql.encode()).fetchall(), "event_store.", "::text")
    with closing(sqlite3.connect(f"file:{url}?mode=ro", uri=True, isolation_level=None)) as file:
        file.execute("BEGIN")
        return _read(lambda sql: file.execute(sql).fetchall(), "", "")


def decided(url: str, since: datetime) -> list[tuple[datetime, datetime | None]]:
    """When each order was created after that moment, and when it was approved or rejected (None: not yet, or it was
    cancelled before)."""
    if "://" in url:
        with psycopg.connect(url) as connection:
            sql = _DECIDED.format("event_store.", "metadata ->> 'correlation_id'", "%s")
            return connection.execute(sql.encode(), (since,)).fetchall()
    with closing(sqlite3.connect(f"file:{url}?mode=ro", uri=True)) as file:
        sql = _DECIDED.format("", "json_extract(metadata, '$.correlation_id')", "?")
        found = file.execute(sql, (since.isoformat(timespec="microseconds"),))
        return [tuple(at and datetime.fromisoformat(at) for at in row) for row in found]  # type: ignore[misc]


_DECIDED = """WITH of_orders AS (
    SELECT type, recorded_at, {1} AS correlation FROM {0}events WHERE category = 'Order' AND recorded_at >= {2}
) SELECT created.recorded_at, answer.recorded_at FROM of_orders AS created LEFT JOIN of_orders AS answer
    ON answer.correlation = created.correlation AND answer.type IN ('OrderApproved', 'OrderRejected')
WHERE created.type = 'OrderCreated'"""


def _read(rows: Callable[[str], Rows], schema: str, text: str) -> Stored:
    stored = Stored([], {}, [], {})
    sql = (
        f"SELECT position, category, id, version, type, data{text}, metadata{text}, event_id"
        f" FROM {schema}events ORDER BY position"
    )
    for position, category, id, version, kind, data, metadata, event_id in rows(sql):
        where = f"position {position}"
        values = _json(stored, data, where), _json(stored, metadata, where)
        stored.events.append(Recorded(position, category, id, version, kind, *values, event_id))
    for category, id, version in rows(f"SELECT category, id, version FROM {schema}streams"):
        stored.heads[category, id] = version
    sql = f"SELECT category, id, version, state{text}, last_event_id FROM {schema}snapshots"
    for category, id, version, state, last in rows(sql):
        where = f"the snapshot of {category} {id} at version {version}"
        stored.snapshots.append(Saved((category, id), version, _json(stored, state, where), last))
    for name, checkpoint in rows(f"SELECT name, checkpoint FROM {schema}checkpoints"):
        stored.checkpoints[name] = _json(stored, bytes(checkpoint) or b"null", f"the checkpoint of {name}")
    return stored


def _json(stored: Stored, text: Any, where: str) -> Any:
    """Exact: all numbers that are no integers are Decimal."""
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, TypeError) as error:
        stored.unreadable.append(f"{where} is not JSON: {error}")
        return {}
