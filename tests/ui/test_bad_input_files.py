"""Files that are no stores, not readable, damaged, left behind or replaced: said in place, and left as they are."""

from __future__ import annotations

import ctypes
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.errors import (
    CannotOpen,
    Damaged,
    ExplorerError,
    NeedsCopy,
    NoEventStore,
    NotADatabase,
)
from explorer.model import StreamKey
from explorer.stores import StoreSpec
from explorer.ui.window import Window
from tests import stores_damaged as damaged
from tests import stores_written as written
from tests.stores import test_bad_input_files as files
from tests.ui.heart import beating
from tests.ui.opened import ORDER, WAIT, append, click, make_shop, new
from tests.ui.trouble import Told, closed, opened, refused, replayed, said, tab_on

# -- what is no store ------------------------------------------------------------------------------------------------


def cut_off(path: Path) -> None:
    written.eventsourcing(str(path))
    with path.open("r+b") as file:
        file.truncate(damaged.PAGE // 2)


NO_STORES: tuple[tuple[Callable[[Path], None], type[ExplorerError]], ...] = (
    (files.text, NotADatabase),
    (files.empty, NotADatabase),
    (files.noise, NotADatabase),
    (files.header_only, ExplorerError),
    (files.folder, NotADatabase),
    (files.missing, CannotOpen),
    (files.dangling, CannotOpen),
    (files.tables_of_something_else, NoEventStore),
    (files.no_tables, NoEventStore),
    (cut_off, ExplorerError),
)


def test_a_file_that_is_no_store(qtbot: QtBot, empty_window: Window, tmp_path: Path) -> None:
    for number, (make, error) in enumerate(NO_STORES):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / "some.sqlite"
        make(path)
        before = damaged.contents(folder)
        with beating():
            failure, dialog = refused(qtbot, empty_window, StoreSpec(str(path)))
            assert isinstance(failure, error), make
            assert "some.sqlite" in str(failure)
        dialog.close()
        assert damaged.contents(folder) == before


# -- left behind -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["the WAL of another user", "a hot journal"])
def test_a_file_left_behind_is_offered_as_a_copy(qtbot: QtBot, empty_window: Window, tmp_path: Path, how: str) -> None:
    made = tmp_path / "made"
    left = tmp_path / "left"
    made.mkdir()
    left.mkdir()
    written.eventsourcing(str(made / "shop.sqlite"))
    statement = "UPDATE stored_events SET topic = topic || 'X'"
    leave = damaged.left_with_a_hot_journal if how == "a hot journal" else damaged.left_with_its_wal
    path = leave(made / "shop.sqlite", left, statement)
    with damaged.of_somebody_else(left), beating():
        before = damaged.contents(left)
        failure, dialog = refused(qtbot, empty_window, StoreSpec(str(path)))
        assert isinstance(failure, NeedsCopy)
        with qtbot.waitSignal(empty_window.workspace.opened, timeout=WAIT):
            click(dialog.offer)
        assert damaged.contents(left) == before


# -- permissions -----------------------------------------------------------------------------------------------------


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter and only we may write."""
    path = Path(tempfile.mkdtemp(prefix="esx-open-"))
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


@contextmanager
def reading_as_nobody() -> Iterator[None]:
    """What this thread and those it starts open meanwhile, they open without the permissions of root."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None)
    libc.setfsgid(65534)
    libc.setfsuid(65534)  # of the calling thread only; with it goes the permission to read everything
    try:
        yield
    finally:
        libc.setfsuid(0)
        libc.setfsgid(0)


@pytest.mark.parametrize("where", ["the file", "its folder"])
def test_no_permission(qtbot: QtBot, empty_window: Window, open_folder: Path, where: str) -> None:
    folder = open_folder / "shop"
    folder.mkdir()
    path = folder / "shop.sqlite"
    written.eventsourcing(str(path))
    before = damaged.contents(folder)
    shut = path if where == "the file" else folder
    shut.chmod(0)
    with reading_as_nobody(), beating():
        failure, dialog = refused(qtbot, empty_window, StoreSpec(str(path)))
    shut.chmod(0o755)
    assert type(failure) is CannotOpen
    assert str(failure) == f"You may not read {path}."
    assert failure.hint in dialog.banner.hint.text()
    assert damaged.contents(folder) == before
    # With the permission it opens, by the button that says so.
    with qtbot.waitSignal(empty_window.workspace.opened, timeout=WAIT):
        click(dialog.open_button)
    closed(qtbot, empty_window)
    assert damaged.contents(folder)[path.name] == before[path.name]


# -- damage ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_a_damaged_middle(tmp_path: Path) -> tuple[Path, StreamKey, StreamKey]:
    """A long store with noise in a page in its middle; the stream that stands there, and one that does not."""
    path = tmp_path / "shop" / "shop.sqlite"
    path.parent.mkdir()
    written.eventsourcing_many(str(path), 4000)
    damaged.in_rollback_mode(path)
    with closing(sqlite3.connect(path)) as connection:
        find = "SELECT originator_id, state FROM stored_events WHERE rowid = ?"
        (there, state), (elsewhere, _) = (connection.execute(find, (row,)).fetchone() for row in (2000, 3990))
    damaged.with_a_damaged_page(path, state)
    return path, StreamKey("Order", str(uuid.UUID(there))), StreamKey("Order", str(uuid.UUID(elsewhere)))


def test_a_damaged_page_in_the_middle(
    qtbot: QtBot, empty_window: Window, told: list[Told], with_a_damaged_middle: tuple[Path, StreamKey, StreamKey]
) -> None:
    path, there, elsewhere = with_a_damaged_middle
    before = damaged.contents(path.parent)
    with beating():
        window = opened(qtbot, empty_window, StoreSpec(str(path)))
        events = window.tabs.all_events
        qtbot.waitUntil(lambda: len(events.model.rows) >= 200, timeout=WAIT)
        assert not events.banner.isVisible()
    with beating():  # back in time, until the damage is met
        while not events.banner.isVisible():
            rows = len(events.model.rows)
            events.table.scrollToBottom()
            qtbot.waitUntil(lambda: len(events.model.rows) > rows or events.banner.isVisible(), timeout=WAIT)  # noqa: B023
        said(qtbot, told, Damaged, events)
        rows = len(events.model.rows)
        assert 200 <= rows < 4000
        assert events.model.rows[0].version
    with beating():  # the same from the other end
        events.set_newest_first(False)
        qtbot.waitUntil(lambda: bool(events.model.rows) and events.model.rows[0].position == 1, timeout=WAIT)
        assert not events.banner.isVisible()
    with beating():
        tab = tab_on(qtbot, window, there)
        assert str(said(qtbot, told, Damaged, tab).error).startswith("shop.sqlite is damaged")
    with beating():
        sound = replayed(qtbot, window, elsewhere)
        assert sound.timeline.count == 20
        assert not sound.banner.isVisible()
    closed(qtbot, window)
    assert damaged.contents(path.parent) == before


# -- while it is open ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_store_that_goes_away(qtbot: QtBot, empty_window: Window, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    url = make_shop(str(folder / "shop.sqlite"))
    other = make_shop(str(tmp_path / "other.sqlite"))
    append(other, ORDER, 2, [new("OrderCancelled", {"customerId": "c1"})])
    before = damaged.contents(tmp_path)["other.sqlite"]
    window = opened(qtbot, empty_window, StoreSpec(url))
    with beating():
        shutil.rmtree(folder)
        folder.mkdir()
        if how == "replaced":
            shutil.copy(other, url)
        qtbot.waitUntil(window.banner.isVisible, timeout=WAIT)
        sentence = f"shop.sqlite was {how}"
        assert window.banner.sentence.text().startswith(sentence)
        assert window.workspace.live.state == "off"
        window.workspace.refresh()
        # What was read before can still be looked at.
        assert window.tabs.all_events.model.rows
        assert window.isVisible()
    if how == "deleted":
        with beating(), qtbot.waitSignal(window.workspace.open_failed, timeout=WAIT) as failed:
            click(window.banner.retry)
        assert type(failed.args[0]) is CannotOpen
        qtbot.waitUntil(lambda: window.opening.dialog is not None and window.opening.dialog.isVisible(), timeout=WAIT)
        assert window.opening.dialog is not None
        QTest.keyClick(window.opening.dialog, Qt.Key.Key_Escape)
        assert not list(folder.iterdir())
        return
    with beating(), qtbot.waitSignals([window.workspace.opened, window.workspace.engine_ready], timeout=WAIT):
        click(window.banner.retry)
    with beating():
        assert replayed(qtbot, window, ORDER).timeline.count == 3  # that of the new file
    assert not window.banner.isVisible()
    closed(qtbot, window)
    assert damaged.contents(folder)["shop.sqlite"] == before
