"""Bad input, opened in the window: the right sentence in its place, the window goes on, files stay as they are."""

from __future__ import annotations

import shutil
import signal
import socket
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.errors import CannotOpen, ExplorerError, NeedsCopy, NoEventStore, NotADatabase
from explorer.model import StreamKey
from explorer.stores import StoreSpec
from explorer.ui.command_dock import CommandDock
from explorer.ui.open_dialog import OpenDialog
from explorer.ui.stream_tab import StreamTab
from explorer.ui.window import Window
from tests import stores_damaged as damaged
from tests import stores_written as written
from tests.postgres_server import PostgresServer
from tests.stores import test_bad_input_files as files
from tests.stores.test_bad_input_payloads import BROKEN, EXACT, MB
from tests.ui.heart import beating
from tests.ui.opened import ORDER, WAIT, append, click, field, make_shop, new, stored, type_into
from tests.ui.streams import settle

Make = Callable[..., Window]


@pytest.fixture
def empty_window(make_window: Make) -> Window:
    return make_window()


def refused(qtbot: QtBot, window: Window, spec: StoreSpec) -> tuple[ExplorerError, OpenDialog]:
    """Open what cannot be opened; the failure and the dialog that shows it."""
    with qtbot.waitSignal(window.workspace.open_failed, timeout=WAIT) as failed:
        window.open(spec)
    qtbot.waitUntil(lambda: any(one.isVisible() for one in window.findChildren(OpenDialog)), timeout=WAIT)
    dialog = next(one for one in window.findChildren(OpenDialog) if one.isVisible())
    error = failed.args[0]
    assert dialog.banner.isVisible()
    assert str(error)[:100] in dialog.banner.sentence.text()
    return error, dialog


def opened(qtbot: QtBot, window: Window, spec: StoreSpec, plugins: tuple[str, ...] = ()) -> Window:
    with qtbot.waitSignals([window.workspace.opened, window.workspace.engine_ready], timeout=WAIT):
        window.workspace.plugins = plugins
        window.open(spec)
    return window


def tab_on(qtbot: QtBot, window: Window, key: StreamKey) -> StreamTab:
    window.workspace.stream_wanted.emit(key.category, key.id, None)
    return next(tab for tab in window.findChildren(StreamTab) if (tab.category, tab.id) == (key.category, key.id))


def replayed(qtbot: QtBot, window: Window, key: StreamKey) -> StreamTab:
    tab = tab_on(qtbot, window, key)
    qtbot.waitUntil(lambda: tab.replaying.result is not None, timeout=WAIT)
    settle(qtbot, tab)
    return tab


# -- what is no store ------------------------------------------------------------------------------------------------


def cut_off(path: Path) -> None:
    written.eventsourcing(str(path))
    with path.open("r+b") as file:
        file.truncate(damaged.PAGE // 2)


@pytest.mark.parametrize(
    ("make", "error"),
    [
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
    ],
)
def test_a_file_that_is_no_store(
    qtbot: QtBot, empty_window: Window, tmp_path: Path, make: Callable[[Path], None], error: type[ExplorerError]
) -> None:
    path = tmp_path / "some.sqlite"
    make(path)
    before = damaged.contents(tmp_path)
    with beating():
        failure, dialog = refused(qtbot, empty_window, StoreSpec(str(path)))
        assert isinstance(failure, error)
        assert "some.sqlite" in str(failure)
    dialog.close()
    # SQLite leaves an empty WAL beside a file of ours that was in WAL mode; the file itself is as it was.
    after = damaged.contents(tmp_path)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) <= {"some.sqlite-wal", "some.sqlite-shm"}


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


@pytest.mark.parametrize("case", ["down", "mute", "wrong password", "no database", "no store"])
def test_a_server_that_has_no_store_for_us(
    qtbot: QtBot, empty_window: Window, postgres: PostgresServer, postgres_url: str, case: str
) -> None:
    tcp = postgres.url("postgres", tcp=True)
    with socket.create_server(("127.0.0.1", 0)) as mute, socket.create_server(("127.0.0.1", 0)) as down:
        port = down.getsockname()[1]
        down.close()
        url = {
            "down": f"postgresql://postgres@127.0.0.1:{port}/shop",
            "mute": f"postgresql://postgres@127.0.0.1:{mute.getsockname()[1]}/shop",
            "wrong password": postgres.url("postgres", tcp=True, password="wr@ng/secret"),
            "no database": f"{tcp.rpartition('/')[0]}/nothing",
            "no store": postgres_url,
        }[case]
        if case == "no store":
            with psycopg.connect(postgres_url) as connection:
                connection.execute("CREATE TABLE recipes (name text)")
        with beating():
            failure, dialog = refused(qtbot, empty_window, StoreSpec(url))
    assert isinstance(failure, NoEventStore if case == "no store" else CannotOpen)
    assert "wr@ng" not in f"{failure} {failure.hint} {dialog.banner.sentence.text()} {empty_window.windowTitle()}"
    dialog.close()


# -- what is stored --------------------------------------------------------------------------------------------------


@pytest.fixture
def payloads(tmp_path: Path) -> tuple[Path, dict[str, StreamKey]]:
    """A store of the real library with a stream for each payload that the library would never write."""
    path = tmp_path / "shop.sqlite"
    written.eventsourcing(str(path))
    rows = {name: (uuid.uuid4(), data) for name, data in {**EXACT, **BROKEN}.items()}
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO stored_events VALUES (?, 1, 'm:Order.Created', ?)",
            [(ident.hex, data) for ident, data in rows.values()],
        )
        connection.commit()
    damaged.in_rollback_mode(path)
    return path, {name: StreamKey("Order", str(ident)) for name, (ident, _) in rows.items()}


def test_any_payload_can_be_looked_at(
    qtbot: QtBot, empty_window: Window, payloads: tuple[Path, dict[str, StreamKey]]
) -> None:
    path, streams = payloads
    before = damaged.contents(path.parent)
    window = opened(qtbot, empty_window, StoreSpec(str(path)))
    for name, key in streams.items():
        with beating():
            tab = replayed(qtbot, window, key)
            assert tab.timeline.count == 1, name
        said = {**tab.timeline.problems, **tab.timeline.errors}
        problem = tab.payload.left.problem
        assert bool(said) == (name in BROKEN), name
        assert problem.isVisible() == (name in BROKEN), name
        window.tabs.close_tab(window.tabs.currentIndex())
    window.close_store()
    qtbot.waitUntil(lambda: not window.workspace.is_open, timeout=WAIT)
    assert damaged.contents(path.parent)[path.name] == before[path.name]


def test_a_payload_of_50_mb(qtbot: QtBot, empty_window: Window, tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    written.eventsourcing(str(path))
    ident = uuid.uuid4()
    data = b'{"lines":[' + b",".join(b'{"sku":"A-%d","text":"%s"}' % (n, b"x" * 90) for n in range(50 * MB // 120))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO stored_events VALUES (?, 1, 'm:Order.Created', ?)", (ident.hex, data + b"]}"))
        connection.commit()
    window = opened(qtbot, empty_window, StoreSpec(str(path)))
    with beating():
        tab = tab_on(qtbot, window, StreamKey("Order", str(ident)))
        qtbot.waitUntil(lambda: tab.replaying.result is not None or tab.banner.isVisible(), timeout=4 * WAIT)
        settle(qtbot, tab)
    assert tab.timeline.count == 1


NAMES = (
    "a/b",
    'o\'clock "quoted"',
    "two\nlines\ttabs",
    "<img src=file:///etc/passwd>&amp;",
    "\u202eevil",
    "😀é",
    "[*]",
)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_can_be_looked_at(qtbot: QtBot, empty_window: Window, tmp_path: Path, name: str) -> None:
    url = str(tmp_path / "own.sqlite")
    key = StreamKey(f"Order {name}", name)
    append(url, key, 0, [new(f"Created {name}", {name: name})])
    window = opened(qtbot, empty_window, StoreSpec(url))
    with beating():
        tab = replayed(qtbot, window, key)
    assert tab.timeline.count == 1
    assert "\n" not in window.tabs.tabText(window.tabs.currentIndex())
    assert "\u202e" not in window.tabs.tabText(window.tabs.currentIndex()) + window.windowTitle()


@pytest.mark.parametrize("versions", [(1, 2, 2, 3), (1, 2, 5, 6), (4, 5, 6)], ids=str)
def test_versions_that_are_missing_or_come_twice(
    qtbot: QtBot, empty_window: Window, tmp_path: Path, versions: tuple[int, ...]
) -> None:
    path = tmp_path / "shop.sqlite"
    ident = uuid.uuid4()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB)"
        )
        connection.execute("CREATE INDEX of_stream ON stored_events (originator_id, originator_version)")
        stamps = [b'{"timestamp":{"_type_":"datetime_iso","_data_":"2024-01-01T00:00:%02d+00:00"}}' % (50 - n)
                  for n in range(len(versions))]  # fmt: skip
        connection.executemany(
            "INSERT INTO stored_events VALUES (?, ?, 'm:Order.Changed', ?)",
            [(ident.hex, version, stamp) for version, stamp in zip(versions, stamps, strict=True)],
        )
        connection.commit()
    window = opened(qtbot, empty_window, StoreSpec(str(path)))
    with beating():
        tab = replayed(qtbot, window, StreamKey("Order", str(ident)))
    assert [tab.timeline.versions[n] for n in range(tab.timeline.count)] == list(versions)
    assert tab.timeline.problems, "a hole, a duplicate, and time that runs backwards"


# -- domain code -----------------------------------------------------------------------------------------------------

REDUCERS = {
    "loops": "while True: pass",
    "loops in a regular expression": "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')",
    "eats memory": "hog = [bytearray(1 << 20) for _ in range(1 << 20)]",
    "kills its process": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "exits": "import os; os._exit(3)",
    "raises": "raise KeyError('no such thing')",
    "recurses": "evolve(state, event)",
    "changes its input": "state.setdefault('seen', []).append(event.type); state['n'] = 1; return state",
}
ENDS_BY_ITSELF = ("raises", "eats memory", "recurses", "changes its input")


def plugin(folder: Path, does: str) -> str:
    path = folder / "plugin.py"
    path.write_text(
        "from explorer.model import Aggregate, Domain\n\n"
        f"def evolve(state, event):\n    if event.version == 2:\n        {does}\n"
        "    return {**state, 'last': event.type}\n\n"
        "domain = Domain('Test', (Aggregate('Machine', dict, evolve),), files=(__file__,))\n"
    )
    return str(path)


@pytest.mark.parametrize("name", REDUCERS)
def test_a_reducer_that_does_what_it_should_not(qtbot: QtBot, empty_window: Window, tmp_path: Path, name: str) -> None:
    url = make_shop(str(tmp_path / "own.sqlite"))
    key = StreamKey("Machine", "m")
    append(url, key, 0, [new(type, {}) for type in ("Started", "Changed", "Stopped")])
    window = opened(qtbot, empty_window, StoreSpec(url), (plugin(tmp_path, REDUCERS[name]),))
    with beating():
        tab = tab_on(qtbot, window, key)
        if name in ENDS_BY_ITSELF:
            qtbot.waitUntil(lambda: tab.replaying.result is not None, timeout=2 * WAIT)
            settle(qtbot, tab)
            assert tab.timeline.folded == 3
            assert list(tab.timeline.errors) == ([] if name == "changes its input" else [1])
        else:
            if name.startswith("loops"):
                qtbot.waitUntil(tab.progress.isVisible, timeout=WAIT)
                click(tab.progress.cancel)
            qtbot.waitUntil(tab.banner.isVisible, timeout=2 * WAIT)
            assert tab.generic_button.isVisible()
    with beating():
        order = replayed(qtbot, window, ORDER)
    assert order.timeline.count == 2
    assert not order.timeline.errors


# -- while it is open ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_store_that_goes_away(qtbot: QtBot, empty_window: Window, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    url = make_shop(str(folder / "shop.sqlite"))
    window = opened(qtbot, empty_window, StoreSpec(url))
    other = make_shop(str(tmp_path / "other.sqlite"))
    with beating():
        states: list[str] = []
        window.workspace.live_changed.connect(lambda state: states.append(f"{state.state} {state.detail}"))
        shutil.rmtree(folder)
        if how == "replaced":
            folder.mkdir()
            shutil.copy(other, url)
        qtbot.waitUntil(lambda: any("reconnecting" in said or "off" in said for said in states), timeout=WAIT)
        window.workspace.refresh()
        qtbot.wait(300)
    assert window.isVisible()


@pytest.fixture
def stoppable() -> Iterator[PostgresServer]:
    from tests import postgres_server

    with postgres_server.postgres_server() as server:
        yield server


def test_a_server_that_stops_and_comes_back(qtbot: QtBot, empty_window: Window, stoppable: PostgresServer) -> None:
    with stoppable.database() as url:
        make_shop(url)
        window = opened(qtbot, empty_window, StoreSpec(url))
        states: list[str] = []
        window.workspace.live_changed.connect(lambda state: states.append(state.state))
        with beating():
            stoppable.stop(signal.SIGINT)
            qtbot.waitUntil(lambda: "reconnecting" in states, timeout=WAIT)
        stoppable.start()
        with beating():
            qtbot.waitUntil(lambda: states[-1] == "live", timeout=2 * WAIT)
            append(url, ORDER, 2, [new("OrderCancelled", {"customerId": "c1"})])
            with qtbot.waitSignal(window.workspace.arrived, timeout=WAIT):
                pass
            assert replayed(qtbot, window, ORDER).timeline.count == 3
        window.close_store()
        qtbot.waitUntil(lambda: not window.workspace.is_open, timeout=WAIT)


# -- writing ---------------------------------------------------------------------------------------------------------


def ready_to_ship(qtbot: QtBot, window: Window) -> CommandDock:
    window.workspace.current_stream_changed.emit(ORDER.category, ORDER.id, 2)
    dock = window.command
    dock.chooser.choose("Order", "ShipOrder")
    type_into(field(dock, "tracking"), "T-1")
    QTest.keyClick(field(dock, "tracking"), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(dock.commit_button.isEnabled, timeout=WAIT)
    return dock


def test_a_second_writer_holding_the_lock(
    qtbot: QtBot, empty_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.stores.sqlite.BUSY_SECONDS", 0.5)
    url = make_shop(str(tmp_path / "own.sqlite"))
    window = opened(qtbot, empty_window, StoreSpec(url, writable=True))
    dock = ready_to_ship(qtbot, window)
    with closing(sqlite3.connect(url, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with beating():
            click(dock.commit_button)
            qtbot.waitUntil(lambda: bool(dock.outcome.sentence), timeout=WAIT)
            assert dock.outcome.banner.retry.isVisible()
        other.execute("ROLLBACK")
    assert len(stored(url, ORDER)) == 2
    click(dock.outcome.banner.retry)
    qtbot.waitUntil(lambda: "Written" in dock.outcome.sentence, timeout=WAIT)
    assert len(stored(url, ORDER)) == 3


def test_a_full_disk(qtbot: QtBot, empty_window: Window, tmp_path: Path) -> None:
    """The database may not grow, as SQLite itself reports a full disk."""
    url = make_shop(str(tmp_path / "own.sqlite"))
    window = opened(qtbot, empty_window, StoreSpec(url, writable=True))
    limited: list[int] = []

    def limit(store: object) -> None:
        driver = next(one for one in files_connections(store) if isinstance(one, sqlite3.Connection))
        pages = driver.execute("PRAGMA page_count").fetchone()[0]
        limited.append(driver.execute(f"PRAGMA max_page_count={pages}").fetchone()[0])

    window.workspace.write(limit, lambda _: None)
    qtbot.waitUntil(lambda: bool(limited), timeout=WAIT)
    window.workspace.current_stream_changed.emit(ORDER.category, ORDER.id, 2)
    dock = window.command
    dock.chooser.choose("Order", "ShipOrder")
    field(dock, "tracking").setText("T" * 30_000)
    QTest.keyClicks(field(dock, "tracking"), "1")
    click(dock.preview_button)
    qtbot.waitUntil(dock.commit_button.isEnabled, timeout=WAIT)
    with beating():
        click(dock.commit_button)
        qtbot.waitUntil(lambda: bool(dock.outcome.sentence), timeout=WAIT)
        assert dock.outcome.banner.isVisible()
    assert len(stored(url, ORDER)) == 2


def files_connections(store: object) -> Iterator[object]:
    from tests.stores.test_bad_input_writes import connections_of

    return connections_of(store)
