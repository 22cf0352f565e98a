"""The window on a PostgreSQL server: live, and closing in time while the server does not answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from explorer.errors import CannotOpen
from explorer.stores import StoreSpec
from explorer.ui.workspace import Workspace
from tests.postgres_server import PostgresServer, postgres_server
from tests.ui.conftest import PATIENCE, Make, close, opened
from tests.ui.sample import EVENTS, append, make_shop, new


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server of our own: it is frozen."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def frozen_url(own_server: PostgresServer) -> Iterator[str]:
    with own_server.database() as url:
        make_shop(url, orders=2)
        yield url
        own_server.thaw()


def test_live_on_a_server(qtbot: QtBot, make_window: Make, postgres_url: str) -> None:
    make_shop(postgres_url)
    window = make_window(postgres_url)
    assert "PostgreSQL" in window.strip.kind.text()
    qtbot.waitUntil(lambda: len(window.tabs.all_events.model.rows) == EVENTS, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.workspace.live.state == "live", timeout=PATIENCE)
    append(postgres_url, "Wish", "1", 0, new("Wished", {}))
    qtbot.waitUntil(lambda: window.tabs.all_events.model.rows[0].type == "Wished", timeout=PATIENCE)
    assert window.status.count_button.isVisible()  # counting a server's events waits until somebody asks


def test_closing_while_the_server_is_frozen(
    qtbot: QtBot, workspace: Workspace, own_server: PostgresServer, frozen_url: str
) -> None:
    opened(qtbot, workspace, frozen_url, writable=True)
    own_server.freeze()
    workspace.browse(lambda store: store.count(), print)
    workspace.background(lambda store: store.count(), print)
    qtbot.wait(200)
    close(qtbot, workspace)  # which does not wait for it
    own_server.thaw()


def test_opening_on_a_frozen_server_can_be_given_up(
    qtbot: QtBot, workspace: Workspace, own_server: PostgresServer, frozen_url: str
) -> None:
    own_server.freeze()
    workspace.open(StoreSpec(frozen_url))
    qtbot.wait(200)
    close(qtbot, workspace)  # which does not wait for it
    own_server.thaw()
    assert not workspace.is_open


def test_a_wrong_password_is_said(qtbot: QtBot, workspace: Workspace, own_server: PostgresServer) -> None:
    with own_server.database():
        url = own_server.url("postgres", tcp=True, password="ver7geheim")
        with qtbot.waitSignal(workspace.open_failed, timeout=PATIENCE) as heard:
            workspace.open(StoreSpec(url))
    assert isinstance(heard.args[0], CannotOpen)
    assert "ver7geheim" not in str(heard.args[0])
