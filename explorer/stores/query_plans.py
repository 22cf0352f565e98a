"""How a database carries out the statements of a page: through an index, or by going through the whole table?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from explorer.model import EventQuery, StreamKey
from explorer.stores.connection import Connection, Rows
from explorer.stores.reader import SqlStore
from explorer.stores.store import Store

LARGE = 1024 * 1024  # bytes of a table that PostgreSQL may read through instead of using an index: it is faster so
MANY = 10_000  # rows that it may sort, likewise


class Recorder:
    """A connection that notes the statements which go through it, with their parameters, each but once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements: dict[str, Mapping[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        self.statements.setdefault(sql, parameters or {})
        return self._connection.rows(sql, parameters)


def slow_statements(store: Store, key: StreamKey | None, large: int = LARGE, many: int = MANY) -> list[str]:
    """What in the statements of any page costs more the larger the store is; a line each, none if nothing.

    `key`: a stream that there is. `large` and `many`: see `LARGE` and `MANY`.
    """
    assert isinstance(store, SqlStore)
    recorder = Recorder(store._connection)
    _turn_pages(SqlStore(cast(Connection, recorder), store.instance, store.info), key)
    return [
        f"{grows} for {' '.join(sql.split())}"
        for sql, parameters in recorder.statements.items()
        for grows in _grows(store._connection, sql, parameters, store.instance.tables, large, many)
    ]


def _turn_pages(store: SqlStore, key: StreamKey | None) -> None:
    """Ask for everything that a window shows without being told that it will take long."""
    head = store.head()
    for newest_first in (False, True):
        page = store.events(EventQuery(newest_first=newest_first, limit=20, preview=100))
        store.events(EventQuery(newest_first=newest_first, limit=20, preview=100, after=page.next))
    streams = store.streams(limit=20)
    store.streams(limit=20, after=streams.next)
    store.recent_streams(20)
    if isinstance(head, int):
        store.events_in([(1, 5), (7, 7)], 20)
    if store.info.snapshots:
        store.snapshots(limit=20, preview=100)
    if key is None:
        return
    store.stream(key)
    store.types()
    event = store.event(key, 1)
    store.stream_events(key, after=1, upto=10, limit=20, preview=100)
    if store.info.snapshots:
        store.snapshots(key, limit=20, preview=100)
        store.snapshot(key)
    if store.instance.category:
        store.types(key.category)
        store.streams(key.category, limit=20)
        for newest_first in (False, True):
            query = EventQuery(key.category, newest_first=newest_first, limit=3, preview=100)
            page = store.events(query)
            store.events(replace(query, after=page.next))
    if store.instance.indexed_event_id and event is not None and event.event_id is not None:
        store.events_by_id([event.event_id])


def _grows(
    connection: Connection, sql: str, parameters: Mapping[str, Any], tables: Sequence[str], large: int, many: int
) -> list[str]:
    if not re.match(r"\s*(SELECT|WITH)\b", sql, re.IGNORECASE):
        return []
    if connection.dialect == "sqlite":
        steps = [str(row[3]) for row in connection.rows(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        return [step for step in steps if _sqlite_grows(step, " WHERE " in sql, tables)]
    plan = json.loads(connection.rows(f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}", parameters)[0][0])[0]["Plan"]
    return [line for node in _nodes(plan) if (line := _postgres_grows(connection, node, large, many))]


def _sqlite_grows(step: str, conditional: bool, tables: Sequence[str]) -> bool:
    if step.startswith("USE TEMP B-TREE") or "AUTOMATIC" in step:
        return True
    # A LIMIT ends a scan in the order of the rowid, but for a condition that few rows fulfil.
    scan = re.match(r"SCAN (\S+)(.*)", step)
    return conditional and scan is not None and scan[1] in tables and "USING" not in scan[2]


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every node of the plan but scans that a LIMIT ends at once."""
    yield plan
    for child in plan.get("Plans", ()):
        if plan["Node Type"] != "Limit" or child["Node Type"] != "Seq Scan" or "Filter" in child:
            yield from _nodes(child)


def _postgres_grows(connection: Connection, node: Mapping[str, Any], large: int, many: int) -> str:
    kind = node["Node Type"]
    if kind == "Seq Scan":
        name = f'"{node["Schema"]}"."{node["Relation Name"]}"'
        size = connection.rows("SELECT pg_relation_size(to_regclass(:name))", {"name": name})[0][0]
        return f"reads through {name}" if size > large else ""
    if kind in ("Sort", "HashAggregate") or (kind == "Aggregate" and node.get("Strategy") in ("Hashed", "Mixed")):
        count = max((child["Plan Rows"] for child in node.get("Plans", ())), default=0)
        return f"{kind} of {count:,} rows" if count > many else ""
    return ""
