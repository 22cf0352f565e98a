"""What a program without an event store keeps: a table of orders, one row each, which says how things are now.

For the story that shows what is lost when such a row and a message about it are written one after the other; and for
its other half, a program that dies while it commits events.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from explorer.stores.reader import SqlStore
from explorer.stores.sqlite import SqliteConnection
from explorer.stores.store import Store

INSERT = "INSERT INTO orders (id, customer, total, status) VALUES (?, ?, ?, 'PENDING')"
_TABLE = "CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, customer TEXT, total TEXT, status TEXT)"


def add_row(path: Path, id: str, customer: str, total: str) -> None:
    """Insert a row and commit it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_TABLE)
        connection.execute(INSERT, (id, customer, total))


def rows(path: Path) -> tuple[tuple[str, str, str, str], ...]:
    """The rows: id, customer, total, status. None where there is no file yet."""
    if not path.exists():
        return ()
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return tuple(connection.execute("SELECT id, customer, total, status FROM orders ORDER BY rowid").fetchall())


def before_commit(store: Store, call: Callable[[], None]) -> None:
    """Call this when the database is told to commit, before it does. SQLite only."""
    assert isinstance(store, SqlStore)
    connection = store._connection
    assert isinstance(connection, SqliteConnection)
    connection._driver.set_trace_callback(lambda sql: call() if sql == "COMMIT" else None)
