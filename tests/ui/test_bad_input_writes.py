"""Committing from the window under bad conditions: all or nothing, and it says which, where one is writing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer import settings
from explorer.errors import Busy, ExplorerError, OutcomeUnknown, StoreFull, StoreReplaced
from explorer.stores import StoreSpec
from explorer.ui.asking import outcomes
from explorer.ui.commands.command_dock import CommandDock
from explorer.ui.window import Window
from tests import stores_damaged as damaged
from tests.postgres_proxy import Proxy
from tests.postgres_server import PostgresServer
from tests.stores.test_bad_input_writes import connections_of, somebody_else_writing, through
from tests.ui.heart import beating
from tests.ui.opened import ORDER, WAIT, append, click, field, make_shop, new, stored
from tests.ui.trouble import Told, closed, opened, replayed, said


def ready_to_ship(qtbot: QtBot, window: Window, tracking: str = "T-1") -> CommandDock:
    """ShipOrder, previewed: what remains is Commit."""
    window.workspace.current_stream_changed.emit(ORDER.category, ORDER.id, 2)
    dock = window.command
    dock.chooser.choose("Order", "ShipOrder")
    field(dock, "tracking").setText(tracking[:-1])
    QTest.keyClicks(field(dock, "tracking"), tracking[-1])
    QTest.keyClick(field(dock, "tracking"), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(dock.commit_button.isEnabled, timeout=WAIT)
    return dock


def written(qtbot: QtBot, dock: CommandDock, words: str = "Written: OrderShipped as v3.") -> None:
    qtbot.waitUntil(lambda: words in dock.outcome.sentence, timeout=WAIT)


def pending(window: Window) -> list[outcomes.Noted]:
    """Writes whose outcome is not known yet."""
    assert window.workspace.info is not None
    return outcomes.pending(window.workspace.info.identity)


def test_a_second_writer_holding_the_lock(
    qtbot: QtBot, empty_window: Window, told: list[Told], own_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.stores.sqlite.BUSY_SECONDS", 0.5)
    monkeypatch.setattr("explorer.stores.postgres.WRITING", "BEGIN READ WRITE; SET LOCAL lock_timeout = '500ms'")
    make_shop(own_url)
    window = opened(qtbot, empty_window, StoreSpec(own_url, writable=True))
    dock = ready_to_ship(qtbot, window)
    with somebody_else_writing(own_url), beating():
        click(dock.commit_button)
        said(qtbot, told, Busy, dock)
        assert dock.outcome.banner.retry.isVisible()
        # Reading goes on meanwhile.
        assert replayed(qtbot, window, ORDER).timeline.count == 2
    assert len(stored(own_url, ORDER)) == 2
    with beating():
        click(dock.outcome.banner.retry)
        written(qtbot, dock)
    assert len(stored(own_url, ORDER)) == 3
    assert not pending(window)


def test_a_conflict(qtbot: QtBot, empty_window: Window, own_url: str) -> None:
    make_shop(own_url)
    window = opened(qtbot, empty_window, StoreSpec(own_url, writable=True))
    dock = ready_to_ship(qtbot, window)
    append(own_url, ORDER, 2, [new("OrderNoted", {"note": "call first"})])
    with beating():
        click(dock.commit_button)
        qtbot.waitUntil(lambda: "Conflict: expected v2, found v3." in dock.outcome.sentence, timeout=WAIT)
        assert "Nothing was written" in dock.outcome.banner.hint.text()
        assert field(dock, "tracking").text() == "T-1"
    assert [event.type for event in stored(own_url, ORDER)][2:] == ["OrderNoted"]
    with beating():
        click(dock.outcome.again)
        qtbot.waitUntil(dock.commit_button.isEnabled, timeout=WAIT)
        click(dock.commit_button)
        written(qtbot, dock, "Written: OrderShipped as v4.")
    assert not pending(window)


def limited(qtbot: QtBot, window: Window, pages: int | None) -> None:
    """The database may not grow any more, as SQLite itself reports a full disk; None: it may again."""
    done: list[int] = []

    def limit(store: object) -> None:
        driver = next(one for one in connections_of(store) if isinstance(one, sqlite3.Connection))
        most = pages if pages is not None else 1_000_000
        done.append(driver.execute(f"PRAGMA max_page_count={most}").fetchone()[0])

    window.workspace.write(limit, lambda _: None)
    qtbot.waitUntil(lambda: bool(done), timeout=WAIT)


def test_a_full_disk(qtbot: QtBot, empty_window: Window, told: list[Told], tmp_path: Path) -> None:
    url = make_shop(str(tmp_path / "own.sqlite"))
    window = opened(qtbot, empty_window, StoreSpec(url, writable=True))
    limited(qtbot, window, 1)  # SQLite makes it what there is
    dock = ready_to_ship(qtbot, window, "T" * 30_000)
    with beating():
        click(dock.commit_button)
        shown = said(qtbot, told, StoreFull, dock)
        assert "Nothing was written" in shown.banner.sentence.text()
        assert shown.banner.hint.text()
        assert replayed(qtbot, window, ORDER).timeline.count == 2
    assert len(stored(url, ORDER)) == 2
    limited(qtbot, window, None)
    with beating():
        click(dock.outcome.banner.retry)
        written(qtbot, dock)
    assert len(stored(url, ORDER)) == 3
    assert not pending(window)


@contextmanager
def no_room_for_notes(window: Window) -> Iterator[None]:
    """The folder of the program's own data cannot be written, on a full disk say."""
    assert window.workspace.info is not None
    folder = settings.connection_folder(window.workspace.info.identity)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in the way")
    yield
    folder.unlink()


def test_no_room_for_the_programs_own_notes(qtbot: QtBot, empty_window: Window, tmp_path: Path) -> None:
    """What is written does not depend on them."""
    url = make_shop(str(tmp_path / "own.sqlite"))
    window = opened(qtbot, empty_window, StoreSpec(url, writable=True))
    dock = ready_to_ship(qtbot, window)
    with no_room_for_notes(window), beating():
        click(dock.commit_button)
        written(qtbot, dock)
    assert len(stored(url, ORDER)) == 3


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_store_that_goes_away_before_the_commit(
    qtbot: QtBot, empty_window: Window, told: list[Told], tmp_path: Path, how: str
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    url = make_shop(str(folder / "own.sqlite"))
    other = make_shop(str(tmp_path / "other.sqlite"))
    append(other, ORDER, 2, [new("OrderNoted", {"note": "of the other"})])
    before = damaged.contents(tmp_path)["other.sqlite"]
    window = opened(qtbot, empty_window, StoreSpec(url, writable=True))
    dock = ready_to_ship(qtbot, window)
    shutil.rmtree(folder)
    folder.mkdir()
    if how == "replaced":
        shutil.copy(other, url)
    with beating():
        click(dock.commit_button)
        failure = heard(qtbot, told, StoreReplaced)
        assert f"own.sqlite was {how}" in str(failure)
        qtbot.waitUntil(
            lambda: "was not written" in dock.outcome.sentence or how in dock.outcome.sentence, timeout=WAIT
        )
        assert "Written" not in dock.outcome.sentence
        qtbot.waitUntil(lambda: f"own.sqlite was {how}" in window.banner.sentence.text(), timeout=WAIT)
    closed(qtbot, window)
    assert damaged.contents(folder) == ({"own.sqlite": before} if how == "replaced" else {})


def heard(qtbot: QtBot, told: list[Told], kind: type[ExplorerError]) -> ExplorerError:
    qtbot.waitUntil(lambda: any(isinstance(one.error, kind) for one in told), timeout=WAIT)
    return next(one.error for one in told if isinstance(one.error, kind))


# -- the answer is lost ----------------------------------------------------------------------------------------------


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[Proxy]:
    between = Proxy(f"{postgres.folder}/.s.PGSQL.{postgres.port}")
    yield between
    between.close()


def lose(proxy: Proxy) -> None:
    proxy.swallow_commit = proxy.refuse = True


def let_through(proxy: Proxy) -> None:
    proxy.swallow_commit = proxy.refuse = False


@contextmanager
def failing(dock: CommandDock, then: Callable[[], None]) -> Iterator[list[ExplorerError]]:
    """What the dock hears of outcomes that are not known; `then` is done before it looks."""
    errors: list[ExplorerError] = []

    def hear(_sent: object, error: ExplorerError) -> None:
        errors.append(error)
        then()

    dock.committing.unknown.connect(hear)
    yield errors
    dock.committing.unknown.disconnect(hear)


def test_an_answer_lost_between_commit_and_reply(
    qtbot: QtBot, empty_window: Window, proxy: Proxy, postgres_url: str
) -> None:
    make_shop(postgres_url)
    window = opened(qtbot, empty_window, StoreSpec(through(proxy, postgres_url), writable=True))
    dock = ready_to_ship(qtbot, window)
    with failing(dock, lambda: let_through(proxy)) as errors, beating():
        lose(proxy)
        click(dock.commit_button)
        written(qtbot, dock, "Written: OrderShipped as v3. The answer was lost, but they are there.")
    assert [type(error) for error in errors] == [OutcomeUnknown]
    assert len(stored(postgres_url, ORDER)) == 3
    assert not pending(window)
    with beating():
        qtbot.waitUntil(lambda: window.workspace.live.state == "live", timeout=2 * WAIT)
        assert replayed(qtbot, window, ORDER).timeline.count == 3


def test_an_answer_that_nobody_can_look_for_yet(
    qtbot: QtBot, empty_window: Window, proxy: Proxy, postgres_url: str
) -> None:
    make_shop(postgres_url)
    window = opened(qtbot, empty_window, StoreSpec(through(proxy, postgres_url), writable=True))
    dock = ready_to_ship(qtbot, window)
    with failing(dock, lambda: None) as errors, beating():
        lose(proxy)
        click(dock.commit_button)
        qtbot.waitUntil(lambda: dock.outcome.sentence.startswith("It is not known whether"), timeout=WAIT)
        assert len(pending(window)) == 1  # looked up at the next start, if not before
        assert dock.outcome.again.isVisible()
        assert not dock.commit_button.isEnabled()
    assert [type(error) for error in errors] == [OutcomeUnknown]
    let_through(proxy)
    with beating():
        click(dock.outcome.again)
        written(qtbot, dock, "Written: OrderShipped as v3. The answer was lost, but they are there.")
    assert len(stored(postgres_url, ORDER)) == 3
    assert not pending(window)


def test_a_connection_that_broke_before_the_commit(
    qtbot: QtBot, empty_window: Window, proxy: Proxy, postgres_url: str
) -> None:
    """Nothing was written, and it says so; it can be done again."""
    make_shop(postgres_url)
    window = opened(qtbot, empty_window, StoreSpec(through(proxy, postgres_url), writable=True))
    dock = ready_to_ship(qtbot, window)
    with psycopg.connect(postgres_url) as other, failing(dock, lambda: let_through(proxy)), beating():
        other.execute("SELECT * FROM event_store.streams FOR UPDATE")
        click(dock.commit_button)
        qtbot.wait(300)
        proxy.refuse = True
        proxy.cut()
        qtbot.waitUntil(lambda: dock.outcome.sentence.startswith("It was not written"), timeout=WAIT)
        other.rollback()
    assert len(stored(postgres_url, ORDER)) == 2
    with beating():
        click(dock.outcome.again)
        qtbot.waitUntil(dock.commit_button.isEnabled, timeout=2 * WAIT)
        click(dock.commit_button)
        written(qtbot, dock)
    assert len(stored(postgres_url, ORDER)) == 3


def test_the_outcome_of_an_earlier_run_is_looked_up(qtbot: QtBot, empty_window: Window, tmp_path: Path) -> None:
    """A write that was under way when the program ended, and that had happened."""
    url = make_shop(str(tmp_path / "own.sqlite"))
    window = opened(qtbot, empty_window, StoreSpec(url))
    assert window.workspace.info is not None
    events = stored(url, ORDER)
    ids = tuple(event.event_id for event in events if event.event_id)
    outcomes.note(window.workspace.info.identity, "Writing OrderApproved to Order 7f3a", ids)
    closed(qtbot, window)
    with beating():
        opened(qtbot, window, StoreSpec(url))
        qtbot.waitUntil(window.banner.isVisible, timeout=WAIT)
        assert "was written" in window.banner.sentence.text()
    assert not pending(window)
