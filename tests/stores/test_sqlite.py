"""What is special about SQLite files: read-only in earnest, odd text, side files."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from explorer.cancellation import Cancellation
from explorer.errors import ExplorerError, Invalid
from explorer.model import EventQuery, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.stores.reader import SqlStore
from explorer.stores.sqlite import SqliteConnection
from explorer.stores.sqlite_file import look
from tests.patience import PATIENCE
from tests.stores.conftest import Opening

KEY = StreamKey("Order", "7")
TABLE = "CREATE TABLE t (k, v INTEGER, p INTEGER PRIMARY KEY, kind TEXT, body, UNIQUE (k, v))"
TOML = """name = "odd"
events = "SELECT k, v AS version, p AS position, kind AS type, body AS data FROM t"
key = ["k"]
category = "Odd"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.sqlite"
    store = open_store(StoreSpec(str(path), create=True))
    store.append(KEY, 0, [NewEvent("Created", {"n": n}, str(n)) for n in range(50)])
    store.close()
    return path


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM events",
        "CREATE TABLE x (y)",
        "ATTACH 'x.sqlite' AS x",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "VACUUM INTO 'x.sqlite'",
        "SELECT load_extension('x')",
        "BEGIN IMMEDIATE",
    ],
)
def test_nothing_but_reading_is_possible(own: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sql: str) -> None:
    monkeypatch.chdir(tmp_path)
    connection = SqliteConnection(str(own), "ro", "own.sqlite")
    with pytest.raises(ExplorerError):
        connection.rows(sql)
    assert connection.rows("SELECT count(*) FROM events") == [(50,)]
    connection.close()
    assert not (tmp_path / "x.sqlite").exists()


def test_reading_does_not_change_the_file(own: Path, opening: Opening) -> None:
    before = hashlib.sha256(own.read_bytes()).hexdigest(), own.stat().st_mtime_ns
    store = opening(str(own))
    store.events(EventQuery(find="x", type="C*"))
    store.streams()
    store.count()
    store.changed()
    store.close()
    assert (hashlib.sha256(own.read_bytes()).hexdigest(), own.stat().st_mtime_ns) == before


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_text_comes_out_as_utf8(opening: Opening, tmp_path: Path, encoding: str) -> None:
    path, layout = tmp_path / "odd.sqlite", tmp_path / "odd.toml"
    layout.write_text(TOML)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"PRAGMA encoding = '{encoding}'")
        file.execute(TABLE)
        file.execute("INSERT INTO t VALUES ('Zoë😀', 1, 1, 'Öffnung', '{\"a\":\"Zoë😀\"}')")
    store = opening(str(path), layout=str(layout))
    event = store.stream_events(StreamKey("Odd", "Zoë😀"))[0]
    assert (event.type, event.data.decode(), event.size) == ("Öffnung", '{"a":"Zoë😀"}', len(event.data))
    assert [e.id for e in store.events(EventQuery(preview=4)).rows] == ["Zoë😀"]


def test_whatever_stands_in_a_column_stops_nothing(opening: Opening, tmp_path: Path) -> None:
    """SQLite keeps any type in any column, and text that is no UTF-8."""
    path, layout = tmp_path / "odd.sqlite", tmp_path / "odd.toml"
    layout.write_text(TOML)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(TABLE)
        for row in [
            "(CAST(X'fffe61' AS TEXT), 1, 1, 'A', CAST(X'7b22ff7d' AS TEXT))",
            "('a' || char(0) || 'b', 1, 2, 'A', X'00ff')",
            "('numbers', 'one', 3, 17, 4.5)",
            "('nothing', 1, 4, NULL, NULL)",
            "(42, 1, 5, X'41', 7)",
        ]:
            file.execute(f"INSERT INTO t VALUES {row}")
    store = opening(str(path), layout=str(layout))
    events = store.events(EventQuery()).rows
    assert [event.position for event in events] == [1, 2, 3, 4, 5]
    assert [event.data for event in events] == [b'{"\xff}', b"\x00\xff", b"4.5", b"", b"7"]
    assert [event.type for event in events] == ["A", "A", "17", "", "A"]
    assert events[2].problem is not None
    # What came out as it was goes in again the same way.
    strange = store.stream_events(events[0].stream)
    assert [event.position for event in strange] == [1]
    assert [event.position for event in store.stream_events(events[1].stream)] == [2]
    with pytest.raises(Invalid):
        store.stream_events(StreamKey("Odd", "\ud800"))


def test_a_journal_in_use_is_not_taken_for_a_left_over_one(opening: Opening, tmp_path: Path) -> None:
    path, layout = tmp_path / "odd.sqlite", tmp_path / "odd.toml"
    layout.write_text(TOML)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA cache_size = 1")
        file.execute(TABLE)
        file.execute("INSERT INTO t VALUES ('a', 1, 1, 'A', '{}')")
        file.execute("BEGIN IMMEDIATE")
        file.execute("INSERT INTO t VALUES ('a', 2, 2, 'A', '{}')")
        assert (tmp_path / "odd.sqlite-journal").exists()
        assert look(str(path), "odd").mode == "ro"
        store = opening(str(path), layout=str(layout))
        assert store.count() == 1
        file.execute("COMMIT")
        assert store.changed()
        assert store.count() == 2


TRY_TO_WRITE = """
import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")
    print("free")
except sqlite3.OperationalError as error:
    print(error)
"""


def test_opening_in_one_thread_does_not_take_the_locks_of_another(own: Path, opening: Opening) -> None:
    """The system drops all locks of a process on a file as soon as any descriptor of it is closed."""
    with closing(sqlite3.connect(own)) as file:
        file.execute("PRAGMA journal_mode = DELETE")
    writer = opening(str(own), writable=True)
    assert isinstance(writer, SqlStore)
    with writer._connection.transaction() as run:
        run("DELETE FROM events WHERE position = 1", {})
        opening(str(own)).close()
        said = subprocess.run(
            [sys.executable, "-c", TRY_TO_WRITE, str(own)], capture_output=True, text=True, check=True
        ).stdout
        assert said.strip() == "database is locked"
    assert writer.count() == 49


def test_a_page_lets_the_writer_go_on(opening: Opening, tmp_path: Path) -> None:
    """In rollback mode an open cursor would make the writer's commit fail."""
    path, layout = tmp_path / "odd.sqlite", tmp_path / "odd.toml"
    layout.write_text(TOML)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as file:
        file.execute(TABLE)
        file.executemany("INSERT INTO t VALUES ('a', ?, ?, 'A', '{}')", [(n, n) for n in range(1, 1000)])
        store = opening(str(path), layout=str(layout))
        for number in range(1000, 1050):
            store.events(EventQuery(limit=10))
            store.streams()
            file.execute("INSERT INTO t VALUES ('a', ?, ?, 'A', '{}')", (number, number))
        assert store.count() == 1049


def test_waiting_ends_with_a_commit(own: Path, opening: Opening) -> None:
    store = opening(str(own))
    writer = open_store(StoreSpec(str(own), writable=True))
    assert store.changed()
    assert not store.changed()
    writer.append(KEY, 50, [NewEvent("Changed", {}, "x")])
    began = time.monotonic()
    store.wait(10 * PATIENCE, Cancellation())
    assert time.monotonic() - began < PATIENCE
    assert store.changed()
    assert not store.changed()
    writer.close()
    cancellation = Cancellation()
    timer = threading.Timer(0.1, cancellation.cancel)
    timer.start()
    store.wait(10 * PATIENCE, cancellation)
    timer.join()
    assert time.monotonic() - began < 2 * PATIENCE


def test_own_commits_are_changes_too(own: Path, opening: Opening) -> None:
    store = opening(str(own), writable=True)
    store.changed()
    assert not store.changed()
    store.append(KEY, 50, [NewEvent("Changed", {}, "x")])
    assert store.changed()
    assert not store.changed()


def test_a_thread_keeps_its_store(own: Path, opening: Opening) -> None:
    store = opening(str(own))
    raised: list[BaseException] = []

    def elsewhere() -> None:
        try:
            store.count()
        except sqlite3.ProgrammingError as error:
            raised.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(raised) == 1


def test_commits_wait_for_the_disk_only_where_they_must(own: Path, tmp_path: Path) -> None:
    """In a WAL a commit outlives a killed program without that; in rollback mode the file would be at risk."""
    connection = SqliteConnection(str(own), "rw", "own.sqlite")
    normal, full = 1, 2
    assert connection.rows("PRAGMA synchronous") == [(normal,)]
    connection.close()
    with closing(sqlite3.connect(own)) as file:
        file.execute("PRAGMA journal_mode = DELETE")
    connection = SqliteConnection(str(own), "rw", "own.sqlite")
    assert connection.rows("PRAGMA synchronous") == [(full,)]
    connection.close()
