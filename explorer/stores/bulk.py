"""Filling a new store of our own with a whole history at once: for the demo, for tests, for imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from explorer import payload
from explorer.model import NewEvent, StreamKey
from explorer.stores import own
from explorer.stores.address import PostgresAddress, SqliteAddress, address
from explorer.stores.connection import Connection
from explorer.stores.layouts.own import SCHEMA
from explorer.stores.sqlite import SqliteConnection
from explorer.stores.store import StoreSpec

_STREAM = "INSERT INTO {streams} (category, id, version) VALUES (:category, :id, :version)"
_EVENT = (
    "INSERT INTO {events} (category, id, version, type, data, metadata, event_id, recorded_at)"
    " VALUES (:category, :id, :version, :type, {data}, {metadata}, :event_id, :recorded_at)"
)


def fill(spec: StoreSpec, history: Iterable[tuple[StreamKey, NewEvent]]) -> int:
    """Make a store where there is none yet and put these events in, in this order, in one transaction. → how many.

    Raises CannotOpen when it cannot be made; a store that holds events already fails by its unique indexes.
    """
    where = address(spec.url, spec.password)
    connection = _made(where)
    try:
        return _fill(connection, history)
    finally:
        connection.close()


def _made(where: SqliteAddress | PostgresAddress) -> Connection:
    if isinstance(where, SqliteAddress):
        own.create_sqlite(where.path)
        return SqliteConnection(where.path, "rw", where.title)
    from explorer.stores.postgres import PostgresConnection  # late: its driver takes a tenth of a second to import

    connection = PostgresConnection(where)
    try:
        connection.writable = True
        own.create_postgresql(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _fill(connection: Connection, history: Iterable[tuple[StreamKey, NewEvent]]) -> int:
    sqlite = connection.dialect == "sqlite"
    versions: Counter[StreamKey] = Counter()
    rows: list[Mapping[str, Any]] = []
    now = datetime.now(UTC)
    for stream, event in history:
        versions[stream] += 1
        moment = (event.recorded_at or now).astimezone(UTC)
        rows.append(
            {
                "category": stream.category,
                "id": stream.id,
                "version": versions[stream],
                "type": event.type,
                "data": payload.encode(event.data).decode(),
                "metadata": payload.encode(dict(event.metadata)).decode(),
                "event_id": event.event_id,
                "recorded_at": moment.isoformat(timespec="microseconds") if sqlite else moment,
            }
        )
    if not rows:
        return 0
    json = {"data": ":data", "metadata": ":metadata"}
    if not sqlite:
        json = {name: f"CAST({value} AS json)" for name, value in json.items()}
    schema = "" if sqlite else f"{SCHEMA}."
    with connection.transaction() as run:
        run(
            _STREAM.format(streams=f"{schema}streams"),
            [{"category": stream.category, "id": stream.id, "version": count} for stream, count in versions.items()],
        )
        run(_EVENT.format(events=f"{schema}events", **json), rows)
    return len(rows)
