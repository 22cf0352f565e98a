"""Servers that are not there, do not answer or go away, in the window: said in place, and found again."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator

import psycopg
import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from explorer.errors import CannotOpen, ConnectionLost, ExplorerError, NeedsPassword, NoEventStore
from explorer.stores import StoreSpec
from explorer.ui.window import Window
from tests import postgres_server
from tests.patience import PATIENCE
from tests.postgres_proxy import Proxy
from tests.postgres_server import PASSWORD, PostgresServer
from tests.ui.heart import beating
from tests.ui.opened import ORDER, WAIT, append, click, make_shop, new, stored
from tests.ui.trouble import Told, closed, opened, refused, replayed, said


@pytest.fixture(scope="module")
def fragile() -> Iterator[PostgresServer]:
    """A server that may be stopped and frozen."""
    with postgres_server.postgres_server() as server:
        yield server


@pytest.fixture
def shop_url(fragile: PostgresServer) -> Iterator[str]:
    with fragile.database() as url:
        yield make_shop(url)
        fragile.thaw()


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[Proxy]:
    between = Proxy(f"{postgres.folder}/.s.PGSQL.{postgres.port}")
    yield between
    between.close()


def through(proxy: Proxy, url: str) -> str:
    name = url.partition("@/")[2].partition("?")[0]
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}?sslmode=disable&gssencmode=disable"


# -- opening ---------------------------------------------------------------------------------------------------------


NO_STORES = (
    ("down", CannotOpen, "no server answers"),
    ("no host", CannotOpen, "no such host"),
    ("wrong password", NeedsPassword, "wrong user name or password"),
    ("no password", NeedsPassword, "password"),
    ("no user", CannotOpen, "wrong user name or password"),
    ("no database", CannotOpen, "no such database"),
    ("no store", NoEventStore, "holds no tables"),
    ("mute", CannotOpen, "does not answer"),
    ("frozen", CannotOpen, "does not answer"),
)


def test_a_server_that_has_no_store_for_us(
    qtbot: QtBot, empty_window: Window, fragile: PostgresServer, shop_url: str
) -> None:
    for case, error, words in NO_STORES:
        _refused(qtbot, empty_window, fragile, shop_url, case, error, words)


def _refused(
    qtbot: QtBot,
    window: Window,
    fragile: PostgresServer,
    shop_url: str,
    case: str,
    error: type[ExplorerError],
    words: str,
) -> None:
    tcp = fragile.url("postgres", tcp=True)
    with socket.create_server(("127.0.0.1", 0)) as mute, socket.create_server(("127.0.0.1", 0)) as down:
        port = down.getsockname()[1]
        down.close()
        url = {
            "down": f"postgresql://postgres@127.0.0.1:{port}/shop",
            "mute": f"postgresql://postgres@127.0.0.1:{mute.getsockname()[1]}/shop",
            "frozen": shop_url,
            "no host": "postgresql://postgres@nowhere.invalid/shop",
            "wrong password": fragile.url("postgres", tcp=True, password="wr@ng/secret"),
            "no password": fragile.url("postgres", tcp=True, password=None),
            "no user": tcp.replace("//postgres", "//nobody", 1),
            "no database": f"{tcp.rpartition('/')[0]}/nothing",
            "no store": fragile.url("postgres"),
        }[case]
        if case == "frozen":
            fragile.freeze()
        with beating():
            failure, dialog = refused(qtbot, window, StoreSpec(url))
    assert isinstance(failure, error), case
    assert words in str(failure)
    assert failure.hint
    shown = f"{failure} {failure.hint} {dialog.banner.sentence.text()} {window.windowTitle()}"
    for secret in ("wr@ng", "ng/secret", PASSWORD):
        assert secret not in shown
    dialog.close()


# -- a server that does not answer -----------------------------------------------------------------------------------


def running(window: Window) -> list[QToolButton]:
    """The buttons in the status bar that cancel what runs."""
    return [
        one for one in window.status.findChildren(QToolButton) if one.accessibleName() == "Cancel" and one.isVisible()
    ]


def test_a_server_frozen_while_browsing(
    qtbot: QtBot, empty_window: Window, fragile: PostgresServer, shop_url: str
) -> None:
    window = opened(qtbot, empty_window, StoreSpec(shop_url))
    events = window.tabs.all_events
    qtbot.waitUntil(lambda: len(events.model.rows) == 3, timeout=WAIT)
    replayed(qtbot, window, ORDER)
    fragile.freeze()
    with beating():
        window.workspace.refresh()
        qtbot.waitUntil(lambda: bool(running(window)), timeout=WAIT)  # it says what it waits for
        qtbot.waitUntil(lambda: "no answer" in window.strip.live.text(), timeout=WAIT)
        assert len(events.model.rows) == 3  # what was read stays
        began = time.monotonic()
        while running(window):
            click(running(window)[0])
            qtbot.wait(100)
            assert time.monotonic() - began < PATIENCE
    fragile.thaw()
    with beating():
        append(shop_url, ORDER, 2, [new("OrderCancelled", {"customerId": "c1"})])
        qtbot.waitUntil(lambda: len(events.model.rows) == 4, timeout=2 * WAIT)
        qtbot.waitUntil(lambda: window.workspace.live.state == "live", timeout=WAIT)
        qtbot.waitUntil(lambda: "no answer" not in window.strip.live.text(), timeout=WAIT)
        window.workspace.refresh()
        qtbot.waitUntil(lambda: not running(window) and len(events.model.rows) == 4, timeout=WAIT)
        assert not events.banner.isVisible()
    closed(qtbot, window)


# -- a connection that breaks ----------------------------------------------------------------------------------------


def test_a_connection_cut_in_the_middle_of_a_query(
    qtbot: QtBot, empty_window: Window, told: list[Told], proxy: Proxy, postgres_url: str
) -> None:
    make_shop(postgres_url)
    window = opened(qtbot, empty_window, StoreSpec(through(proxy, postgres_url)))
    events = window.tabs.all_events
    qtbot.waitUntil(lambda: len(events.model.rows) == 3, timeout=WAIT)
    states: list[str] = []
    window.workspace.live_changed.connect(lambda state: states.append(state.state))
    with psycopg.connect(postgres_url) as owner, beating():
        # Whoever reads the table waits for this lock: long enough to be cut.
        owner.execute("LOCK TABLE event_store.events IN ACCESS EXCLUSIVE MODE")
        window.workspace.refresh()
        qtbot.waitUntil(lambda: bool(running(window)), timeout=WAIT)
        proxy.refuse = True
        proxy.cut()
        said(qtbot, told, CannotOpen, events)  # it was tried again at once
        assert events.banner.retry.isVisible()
        assert len(events.model.rows) == 3
        qtbot.waitUntil(lambda: "reconnecting" in states, timeout=WAIT)
        assert "Reconnecting" in window.strip.live.text()
    proxy.refuse = False
    with beating():
        click(events.banner.retry)
        qtbot.waitUntil(lambda: not events.banner.isVisible() and len(events.model.rows) == 3, timeout=WAIT)
        qtbot.waitUntil(lambda: window.workspace.live.state == "live", timeout=2 * WAIT)
        assert replayed(qtbot, window, ORDER).timeline.count == 2
    assert len(stored(postgres_url, ORDER)) == 2
    closed(qtbot, window)


def test_a_connection_cut_while_a_stream_is_read(
    qtbot: QtBot, empty_window: Window, told: list[Told], proxy: Proxy, postgres_url: str
) -> None:
    """By the engine, which has a connection of its own."""
    make_shop(postgres_url)
    window = opened(qtbot, empty_window, StoreSpec(through(proxy, postgres_url)))
    with psycopg.connect(postgres_url) as owner, beating():
        owner.execute("LOCK TABLE event_store.events IN ACCESS EXCLUSIVE MODE")
        window.workspace.stream_wanted.emit(ORDER.category, ORDER.id, None)
        tab = window.tabs.streams()[-1]
        qtbot.wait(500)
        proxy.refuse = True
        proxy.cut()
        said(qtbot, told, ConnectionLost, tab, 2 * WAIT)
        assert tab.banner.retry.isVisible()
    proxy.refuse = False
    with beating():
        click(tab.banner.retry)
        qtbot.waitUntil(lambda: tab.timeline.count == 2 and tab.replaying.result is not None, timeout=2 * WAIT)
        qtbot.waitUntil(lambda: not tab.banner.isVisible(), timeout=WAIT)
    closed(qtbot, window)


def test_a_server_that_stops_and_comes_back(
    qtbot: QtBot, empty_window: Window, fragile: PostgresServer, shop_url: str
) -> None:
    window = opened(qtbot, empty_window, StoreSpec(shop_url))
    states: list[str] = []
    window.workspace.live_changed.connect(lambda state: states.append(state.state))
    with beating():
        fragile.stop(signal.SIGINT)
        qtbot.waitUntil(lambda: "reconnecting" in states, timeout=WAIT)
        assert "Reconnecting" in window.strip.live.text()
        assert window.strip.live.toolTip()
    fragile.start()
    with beating():
        qtbot.waitUntil(lambda: states[-1] == "live", timeout=2 * WAIT)
        with qtbot.waitSignal(window.workspace.arrived, timeout=WAIT):
            append(shop_url, ORDER, 2, [new("OrderCancelled", {"customerId": "c1"})])
        assert replayed(qtbot, window, ORDER).timeline.count == 3
    closed(qtbot, window)
