"""Files that are no stores, or not any more: a clear failure, and nothing on the disk has changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.errors import (
    CannotOpen,
    Damaged,
    ExplorerError,
    Invalid,
    NeedsCopy,
    NoEventStore,
    NotADatabase,
    StoreReplaced,
)
from explorer.model import Event, EventQuery, StreamKey
from explorer.stores import StoreSpec, conformance, open_store
from tests import stores_damaged as damaged
from tests import stores_written as written
from tests.stores.conftest import Opening
from tests.stores_written import Fact


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, list[Fact]]:
    """A store of the real library, closed by it, in a folder of its own."""
    folder = tmp_path / "shop"
    folder.mkdir()
    path = folder / "shop.sqlite"
    return path, written.eventsourcing(str(path))


def facts(path: Path, **options: bool) -> list[Fact]:
    store = open_store(StoreSpec(str(path), **options))  # type: ignore[arg-type]
    try:
        page = store.events(EventQuery(limit=1000))
        return [Fact(event.category, event.id, event.version, event.type) for event in page.rows]
    finally:
        store.close()


def count(path: Path) -> int:
    store = open_store(StoreSpec(str(path)))
    try:
        return store.count()
    finally:
        store.close()


# -- not a store -------------------------------------------------------------------------------------------------------


def text(path: Path) -> None:
    path.write_text("Dear diary, this is not a database.\n" * 100)


def short(path: Path) -> None:
    path.write_bytes(b"SQL")


def empty(path: Path) -> None:
    path.touch()


def noise(path: Path) -> None:
    path.write_bytes(os.urandom(8192))


def header_only(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    pass


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("not some.sqlite"))


def tables_of_something_else(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT, steps TEXT)")
        connection.commit()


def no_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=1")
        connection.commit()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (text, NotADatabase, "not a SQLite database"),
        (short, NotADatabase, "not a SQLite database"),
        (empty, NotADatabase, "empty"),
        (noise, NotADatabase, "not a SQLite database"),
        (header_only, ExplorerError, ""),
        (folder, NotADatabase, "folder"),
        (missing, CannotOpen, "no such file|no file|does not exist"),
        (dangling, CannotOpen, "no such file|no file|does not exist"),
        (tables_of_something_else, NoEventStore, ""),
        (no_tables, NoEventStore, ""),
    ],
)
@pytest.mark.parametrize("writable", [False, True])
def test_what_is_no_store(
    opening: Opening,
    tmp_path: Path,
    make: Callable[[Path], None],
    error: type[ExplorerError],
    words: str,
    writable: bool,
) -> None:
    path = tmp_path / "some.sqlite"
    make(path)
    before = damaged.contents(tmp_path)
    with pytest.raises(error, match=f"(?i){words}") as raised:
        opening(str(path), writable=writable)
    assert "some.sqlite" in str(raised.value)
    assert damaged.contents(tmp_path) == before


def test_a_database_without_a_store_tells_what_it_holds(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "cook.sqlite"
    tables_of_something_else(path)
    with pytest.raises(NoEventStore) as raised:
        opening(str(path))
    assert "recipes" in f"{raised.value} {raised.value.hint}"
    assert raised.value.hint


# -- permissions -------------------------------------------------------------------------------------------------------

TRY = """
    from explorer.errors import ExplorerError
    from explorer.model import EventQuery
    from explorer.stores import StoreSpec, open_store
    try:
        store = open_store(StoreSpec(sys.argv[1], copy=len(sys.argv) > 2))
        print(len(store.events(EventQuery(limit=1000)).rows))
        store.close()
    except ExplorerError as error:
        print(type(error).__name__, str(error))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter and only we may write."""
    path = Path(tempfile.mkdtemp(prefix="esx-open-"))
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


def test_a_file_that_may_not_be_read(shop: tuple[Path, list[Fact]], open_folder: Path) -> None:
    path = open_folder / "secret.sqlite"
    shutil.copy(shop[0], path)
    path.chmod(0)
    said = damaged.as_nobody(TRY, str(path))
    assert said == f"CannotOpen You may not read {path}."


@pytest.mark.parametrize("sides", [("",), ("", "-wal", "-shm")])
def test_a_store_in_use_of_somebody_else_who_lets_us_read_only(
    shop: tuple[Path, list[Fact]], open_folder: Path, sides: tuple[str, ...]
) -> None:
    """Neither the folder nor the side files can be written by us: the owner must not notice that we looked."""
    path, events = shop
    with closing(sqlite3.connect(path, isolation_level=None)) as owner:
        owner.execute("PRAGMA wal_autocheckpoint=0")
        owner.execute("UPDATE stored_events SET topic = topic WHERE rowid = 1")
        for side in sides:
            shutil.copy(f"{path}{side}", open_folder / f"shop.sqlite{side}")
            (open_folder / f"shop.sqlite{side}").chmod(0o444)
    open_folder.chmod(0o555)
    before = damaged.contents(open_folder)
    assert damaged.as_nobody(TRY, str(open_folder / "shop.sqlite")) == str(len(events))
    assert damaged.contents(open_folder) == before


# -- left behind -------------------------------------------------------------------------------------------------------

LAST = "UPDATE stored_events SET topic = 'm:Order.Renamed' WHERE rowid = (SELECT max(rowid) FROM stored_events)"
ALL = "UPDATE stored_events SET state = zeroblob(20000)"


def test_a_file_left_behind_with_the_wal_of_another_user_is_read_from_a_copy(
    opening: Opening, shop: tuple[Path, list[Fact]], tmp_path: Path
) -> None:
    path, events = shop
    (tmp_path / "backup").mkdir()
    path = damaged.left_with_its_wal(path, tmp_path / "backup", LAST)
    with damaged.of_somebody_else(path.parent):
        before = damaged.contents(path.parent)
        with pytest.raises(NeedsCopy) as raised:
            opening(str(path))
        assert raised.value.hint
        assert damaged.contents(path.parent) == before
        # The copy has what stands in the WAL only.
        assert facts(path, copy=True) == [*events[:-1], replace(events[-1], type="Order.Renamed")]
        assert damaged.contents(path.parent) == before


def test_a_file_of_ours_left_behind_with_its_wal_is_read_in_place(
    shop: tuple[Path, list[Fact]], tmp_path: Path
) -> None:
    path, events = shop
    (tmp_path / "backup").mkdir()
    path = damaged.left_with_its_wal(path, tmp_path / "backup", LAST)
    before = damaged.contents(path.parent)
    assert facts(path) == [*events[:-1], replace(events[-1], type="Order.Renamed")]
    after = damaged.contents(path.parent)
    assert {name: after[name] for name in before} == before


def test_a_file_in_wal_mode_without_its_wal_is_a_static_view(opening: Opening, shop: tuple[Path, list[Fact]]) -> None:
    path, events = shop
    with damaged.of_somebody_else(path.parent):
        before = damaged.contents(path.parent)
        assert list(before) == ["shop.sqlite"]
        store = opening(str(path))
        info = store.info
        assert info.static
        assert info.notice
        assert not store.changed()
        assert len(store.events(EventQuery(limit=1000)).rows) == len(events)
        assert damaged.contents(path.parent) == before
    # The owner comes back, and finds nothing in the way.
    with closing(sqlite3.connect(path, isolation_level=None)) as owner:
        owner.execute(LAST)
        # From then on it is followed as any other.
        assert store.changed()
        assert not store.info.static
        assert store.events(EventQuery(newest_first=True, limit=1)).rows[0].type == "Order.Renamed"
        assert not store.changed()
        owner.execute("DELETE FROM stored_events WHERE rowid = 1")
        assert store.changed()


def test_a_hot_journal_is_played_back_in_a_copy(
    opening: Opening, shop: tuple[Path, list[Fact]], tmp_path: Path
) -> None:
    path, events = shop
    (tmp_path / "crashed").mkdir()
    path = damaged.left_with_a_hot_journal(path, tmp_path / "crashed", ALL)
    before = damaged.contents(path.parent)
    with pytest.raises(NeedsCopy) as raised:
        opening(str(path))
    assert raised.value.hint
    assert facts(path, copy=True) == events
    assert damaged.contents(path.parent) == before


def test_no_copy_stays_behind(shop: tuple[Path, list[Fact]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = shop
    (tmp_path / "backup").mkdir()
    (tmp_path / "temporary").mkdir()
    path = damaged.left_with_its_wal(path, tmp_path / "backup", LAST)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with damaged.of_somebody_else(path.parent):
        assert facts(path, copy=True)
    assert list((tmp_path / "temporary").iterdir()) == []


# -- damage ------------------------------------------------------------------------------------------------------------


def test_a_damaged_page_in_the_middle_stops_only_who_reads_it(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    written.eventsourcing_many(str(path), 4000)
    damaged.in_rollback_mode(path)
    with closing(sqlite3.connect(path)) as connection:
        middle = connection.execute("SELECT state FROM stored_events WHERE rowid = 2000").fetchone()[0]
    damaged.with_a_damaged_page(path, middle)
    before = damaged.contents(tmp_path)
    store = opening(str(path))
    assert len(store.events(EventQuery(limit=50)).rows) == 50
    read: list[Event] = []
    with pytest.raises(Damaged) as raised:
        read.extend(conformance.pages(lambda cursor: store.events(EventQuery(limit=50, after=cursor))))
    assert 50 <= len(read) < 4000
    assert raised.value.hint
    # It goes on working where nothing is wrong.
    assert len(store.events(EventQuery(limit=50)).rows) == 50
    assert len(store.events(EventQuery(limit=50, newest_first=True)).rows) == 50
    assert damaged.contents(tmp_path) == before


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    written.eventsourcing_many(str(path), 2000)
    damaged.in_rollback_mode(path)
    with path.open("r+b") as file:
        file.truncate(damaged.pages_of(path) // 2 * damaged.PAGE)
    before = damaged.contents(tmp_path)
    with pytest.raises((Damaged, CannotOpen), match="damaged"):
        count(path)
    assert damaged.contents(tmp_path) == before


# -- while it is open --------------------------------------------------------------------------------------------------


def test_a_store_deleted_while_it_is_open(opening: Opening, shop: tuple[Path, list[Fact]]) -> None:
    path, _ = shop
    store = opening(str(path))
    path.unlink()
    with pytest.raises(StoreReplaced, match="deleted"):
        store.changed()


def test_a_store_replaced_while_it_is_open(opening: Opening, shop: tuple[Path, list[Fact]], tmp_path: Path) -> None:
    path, _ = shop
    store = opening(str(path))
    other = tmp_path / "other.sqlite"
    written.eventsourcing(str(other), streams=1)
    other.replace(path)
    with pytest.raises(StoreReplaced, match="replaced"):
        store.changed()
    assert len(facts(path)) == 5


def test_an_id_that_looks_like_nothing_is_not_found(opening: Opening, shop: tuple[Path, list[Fact]]) -> None:
    store = opening(str(shop[0]))
    for ident in ("", "'; DROP TABLE stored_events; --", "x" * 100_000, "\0", "😀"):
        assert store.stream(StreamKey("Order", ident)) is None
        assert store.stream_events(StreamKey("Order", ident)) == []
        assert store.event(StreamKey("Order", ident), 1) is None
    with pytest.raises(Invalid, match="surrogate"):
        store.stream(StreamKey("Order", "\ud800"))
