"""Making our own store, and saving its snapshots."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from explorer.errors import CannotOpen, Invalid
from explorer.model import Snapshot, StreamKey
from explorer.stores.connection import Connection
from explorer.stores.layout import Instance, quoted
from explorer.stores.layouts import own
from explorer.stores.reading import Reading
from explorer.stores.sqlite_file import looking
from explorer.stores.translate import from_sqlite

# Two programs may make the same store at once; this number is the key of their lock.
LOCK = 0x45535831


# -- making ------------------------------------------------------------------------------------------------------------


def create_sqlite(path: str) -> None:
    """Make a store in a new or empty file. Harmless if there is one already. Raises CannotOpen."""
    title = Path(path).name
    if os.path.isdir(path):
        raise CannotOpen(f"{title} is a folder.", "Name a file in it.")
    if not os.path.isdir(os.path.dirname(path)):
        raise CannotOpen(f"There is no folder {os.path.dirname(path)}.")
    try:
        with looking, closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as driver:
            _create_sqlite(driver, title)
    except sqlite3.Error as error:
        known = from_sqlite(error, title)
        if isinstance(known, CannotOpen):
            raise known from error
        raise CannotOpen(f"{title} cannot be made: {known or error}") from error


def _create_sqlite(driver: sqlite3.Connection, title: str) -> None:
    driver.execute("BEGIN IMMEDIATE")
    there = {row[0] for row in driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not there:
        for statement in own.SQLITE:
            driver.execute(statement)
        driver.execute("COMMIT")
    else:
        driver.execute("ROLLBACK")
        if not {"streams", "events", "snapshots", "checkpoints"} <= there:
            raise CannotOpen(f"{title} already holds other tables.", "Name a new file for the store.")
    # Readers and the writer do not wait for each other.
    driver.execute("PRAGMA journal_mode = WAL")


def create_postgresql(connection: Connection) -> None:
    """Make a store in a schema of its own. Harmless if there is one already."""
    with connection.transaction() as run:
        run("SELECT pg_advisory_xact_lock(:lock)", {"lock": LOCK})
        if run("SELECT 1 FROM pg_namespace WHERE nspname = :schema", {"schema": own.SCHEMA}):
            return
        for statement in own.POSTGRESQL:
            run(statement, {})


# -- snapshots ---------------------------------------------------------------------------------------------------------


def table_of(instance: Instance, name: str) -> str:
    """A table of our own store, as SQL."""
    return quoted(name) if instance.dialect == "sqlite" else f"{quoted(instance.name)}.{quoted(name)}"


def moment_of(instance: Instance, moment: datetime | None) -> Any:
    """A time (None: now) as the store keeps it."""
    moment = (moment or datetime.now(UTC)).astimezone(UTC)
    return moment.isoformat(timespec="microseconds") if instance.dialect == "sqlite" else moment


def _write(reading: Reading, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with reading.connection.transaction() as run:
        return run(sql, parameters)


def save_snapshot(reading: Reading, snapshot: Snapshot) -> None:
    """See `Store.save_snapshot`."""
    instance = reading.instance
    columns = own.SNAPSHOT_COLUMNS
    state = "CAST(:state AS json)" if instance.dialect == "postgresql" else ":state"
    values = ", ".join(state if column == "state" else f":{column}" for column in columns)
    replaced = ", ".join(f"{column} = excluded.{column}" for column in columns[3:])
    try:
        text = snapshot.state.decode()
    except UnicodeDecodeError:
        raise Invalid("The state of a snapshot is JSON text in UTF-8.") from None
    _write(
        reading,
        f"INSERT INTO {table_of(instance, 'snapshots')} ({', '.join(columns)}) VALUES ({values})"
        f" ON CONFLICT (category, id, version) DO UPDATE SET {replaced}",
        {
            "category": snapshot.category,
            "id": snapshot.id,
            "version": snapshot.version,
            "state": text,
            "taken_at": moment_of(instance, snapshot.taken_at),
            "aggregate": snapshot.aggregate,
            "schema_version": snapshot.schema_version,
            "fingerprint": snapshot.fingerprint,
            "last_event_id": snapshot.last_event_id,
        },
    )


def delete_snapshot(reading: Reading, stream: StreamKey, version: int) -> None:
    """See `Store.delete_snapshot`."""
    instance = reading.instance
    condition, parameters = reading.key_is((stream.category, stream.id))
    first = reading.select(condition, "e.version", parameters, 1, preview=0)
    if first and first[0].version > 1 and version == first[0].version - 1:
        raise Invalid(
            f"The events of {stream.category} {stream.id} begin at version {first[0].version}:"
            " without this snapshot nothing before them would be known.",
            "It is the base of the stream and stays.",
        )
    gone = _write(
        reading,
        f"DELETE FROM {table_of(instance, 'snapshots')}"
        " WHERE category = :category AND id = :id AND version = :version RETURNING version",
        {"category": stream.category, "id": stream.id, "version": version},
    )
    if not gone:
        raise Invalid(f"{stream.category} {stream.id} has no snapshot at version {version}.")
