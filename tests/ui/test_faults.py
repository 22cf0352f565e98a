"""The window, its services and its store while things go wrong that nobody can keep from going wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pytestqt.qtbot import QtBot

from explorer.model import StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.ui.window import Window
from tests.instances import customer, order
from tests.postgres_server import PostgresServer, postgres_server
from tests.soak.judge import judge
from tests.ui.conftest import Make
from tests.ui.opened import WAIT, new

SERVICES = ("customer", "order")


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server of our own: it crashes."""
    with postgres_server() as server:
        yield server


def running(qtbot: QtBot, window: Window) -> None:
    """Both services, started from the window."""
    serving = window.workspace.services
    qtbot.waitUntil(lambda: {known.name for known in serving.known()} >= set(SERVICES), timeout=WAIT)
    for name in SERVICES:
        serving.start(name)
    live(qtbot, window)


def live(qtbot: QtBot, window: Window) -> None:
    def all_live() -> bool:
        known = {known.name: known.state for known in window.workspace.services.known()}
        return all(known[name] == "live" for name in SERVICES)

    qtbot.waitUntil(all_live, timeout=WAIT)


def placed(url: str, *ids: str) -> None:
    with closing(open_store(StoreSpec(url, writable=True))) as store:
        for id_ in ids:
            order(store, id_)


def approved(qtbot: QtBot, window: Window, id_: str) -> None:
    """The window has been told of it by its live feed."""

    def told() -> bool:
        return any(row.id == id_ and row.type == "OrderApproved" for row in window.feed.model.rows)

    qtbot.waitUntil(told, timeout=WAIT)


def idle_and_right(qtbot: QtBot, url: str) -> None:
    """By the opinion of somebody who knows nothing of us."""
    qtbot.waitUntil(lambda: not judge(url).findings, timeout=WAIT)


def test_a_server_that_crashes_under_window_and_services(
    qtbot: QtBot, make_window: Make, own_server: PostgresServer
) -> None:
    with own_server.database() as url:
        with closing(open_store(StoreSpec(url, create=True, writable=True))) as store:
            customer(store)
        window = make_window(url, writable=True)
        running(qtbot, window)
        placed(url, "before")
        approved(qtbot, window, "before")
        placed(url, "at-the-last-moment")
        own_server.stop(signal.SIGQUIT)
        qtbot.waitUntil(lambda: window.workspace.live.state == "reconnecting", timeout=WAIT)
        own_server.start()
        qtbot.waitUntil(lambda: window.workspace.live.state == "live", timeout=WAIT)
        approved(qtbot, window, "at-the-last-moment")
        placed(url, "after")
        approved(qtbot, window, "after")
        live(qtbot, window)
        idle_and_right(qtbot, url)
        window.close()


def test_a_killed_service_is_said_and_started_again(qtbot: QtBot, make_window: Make, own_url: str) -> None:
    with closing(open_store(StoreSpec(own_url, create=True, writable=True))) as store:
        customer(store)
    window = make_window(own_url, writable=True)
    running(qtbot, window)
    serving = window.workspace.services
    pid = next(known.pid for known in serving.known() if known.name == "customer")
    assert pid is not None
    placed(own_url, "o-1", "o-2", "o-3")
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not next(k for k in serving.known() if k.name == "customer").running, timeout=WAIT)
    placed(own_url, "o-4")
    serving.start("customer")
    approved(qtbot, window, "o-4")
    idle_and_right(qtbot, own_url)


@pytest.mark.parametrize("own_url", ["sqlite"], indirect=True)
def test_a_clock_that_goes_backwards(qtbot: QtBot, make_window: Make, own_url: str) -> None:
    """An event recorded before the one in front of it: handled, shown, and marked where its stream is looked at."""
    with closing(open_store(StoreSpec(own_url, create=True, writable=True))) as store:
        customer(store)
        order(store, "o-1")
        key = StreamKey("Order", "o-1")
        earlier = datetime.now(UTC) - timedelta(days=2)
        window = make_window(own_url, writable=True)
        running(qtbot, window)
        approved(qtbot, window, "o-1")
        store.append(key, 2, [replace(new("OrderShipped", {"customerId": "c", "tracking": "1"}), recorded_at=earlier)])
    tab = window.tabs.show_stream("Order", "o-1")
    qtbot.waitUntil(lambda: any("earlier" in words for words in tab.timeline.problems.values()), timeout=WAIT)
    placed(own_url, "o-2")
    approved(qtbot, window, "o-2")
