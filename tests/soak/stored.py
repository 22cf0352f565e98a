"""What a store of our own holds, read from its tables by the bare drivers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
    recorded_at: datetime

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
    parked: list[tuple[str, int, str]]  # subscription, position, reason
    read_models: dict[str, dict[tuple[str, ...], dict[str, Any]]]  # table → key → the other columns
    unreadable: list[str] = field(default_factory=list)  # sentences


KEYS = {
    "read_orders": ("order_id",),
    "read_customers": ("customer_id",),
    "read_customer_orders": ("customer_id", "order_id"),
}
COLUMNS = {
    "read_orders": (
        *("customer_id", "status", "order_total", "approved_total", "revision", "reason", "tracking"),
        *("placed_at", "changed_at"),
    ),
    "read_customers": ("name", "credit_limit", "reserved", "orders", "open_orders"),
    "read_customer_orders": ("status", "order_total", "approved_total", "revision", "reserved"),
}
_DECIMALS = ("order_total", "approved_total", "credit_limit", "reserved")
_TIMES = ("placed_at", "changed_at")


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
    stored = Stored([], {}, [], {}, [], {})
    sql = (
        f"SELECT position, category, id, version, type, data{text}, metadata{text}, event_id, recorded_at"
        f" FROM {schema}events ORDER BY position"
    )
    for position, category, id, version, kind, data, metadata, event_id, at in rows(sql):
        where = f"position {position}"
        values = _json(stored, data, where), _json(stored, metadata, where)
        stored.events.append(Recorded(position, category, id, version, kind, *values, event_id, _time(at)))
    for category, id, version in rows(f"SELECT category, id, version FROM {schema}streams"):
        stored.heads[category, id] = version
    sql = f"SELECT category, id, version, state{text}, last_event_id FROM {schema}snapshots"
    for category, id, version, state, last in rows(sql):
        where = f"the snapshot of {category} {id} at version {version}"
        stored.snapshots.append(Saved((category, id), version, _json(stored, state, where), last))
    for name, checkpoint in rows(f"SELECT name, checkpoint FROM {schema}checkpoints"):
        stored.checkpoints[name] = _json(stored, bytes(checkpoint) or b"null", f"the checkpoint of {name}")
    tables = {name for (name,) in rows(_TABLES if schema else "SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "parked" in tables:
        parked = rows(f"SELECT subscription, position, reason FROM {schema}parked ORDER BY position")
        stored.parked = [(name, position, reason) for name, position, reason in parked]
    for name in KEYS.keys() & tables:
        stored.read_models[name] = {}
        for row in rows(f"SELECT {', '.join((*KEYS[name], *COLUMNS[name]))} FROM {schema}{name}"):
            width = len(KEYS[name])
            others = zip(COLUMNS[name], row[width:], strict=True)
            stored.read_models[name][tuple(row[:width])] = {column: _value(column, value) for column, value in others}
    return stored


_TABLES = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'event_store'"


def _value(column: str, value: Any) -> Any:
    if value is None:
        return None
    return Decimal(value) if column in _DECIMALS else _time(value) if column in _TIMES else value


def _time(value: Any) -> datetime:
    """In UTC; SQLite has a text."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def _json(stored: Stored, text: Any, where: str) -> Any:
    """Exact: all numbers that are no integers are Decimal."""
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, TypeError) as error:
        stored.unreadable.append(f"{where} is not JSON: {error}")
        return {}
