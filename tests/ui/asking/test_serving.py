"""Services and the load beside a window: real processes on real stores, started, stopped, killed, left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer.errors import Invalid
from explorer.stores import Store, StoreSpec, open_store
from explorer.ui.asking.serving import ServiceState, Serving
from explorer.ui.workspace import Workspace
from tests.instances import customer, order, reserved
from tests.test_companion import gone
from tests.ui.opened import WAIT, make_shop, workspace_on


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, writable=True, create=True))
    customer(store)
    yield store
    store.close()


def of(services: Serving, name: str) -> ServiceState:
    return next(one for one in services.known() if one.name == name)


def started(qtbot: QtBot, services: Serving, name: str = "customer") -> int:
    services.start(name)
    assert of(services, name).state == "starting"
    qtbot.waitUntil(lambda: of(services, name).state == "live", timeout=WAIT)
    pid = of(services, name).pid
    assert pid is not None
    return pid


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("own_url", ["sqlite"], indirect=True)
def test_listed_but_not_started_by_themselves(qtbot: QtBot, own_url: str) -> None:
    with workspace_on(qtbot, StoreSpec(own_url, writable=True)) as workspace:
        known = {one.name: one for one in workspace.services.known()}
        assert {"customer", "order"} <= set(known)
        assert not any(one.running for one in known.values())
        assert workspace.services.infos["order"].meanwhile == "orders stay PENDING"
        with pytest.raises(Invalid, match="no service nobody"):
            workspace.services.start("nobody")
    assert workspace.services.known() == []


def test_nothing_to_serve_in_a_store_that_is_only_read(qtbot: QtBot, tmp_path: Path) -> None:
    with workspace_on(qtbot, StoreSpec(make_shop(str(tmp_path / "shop.sqlite")))) as workspace:
        assert workspace.services.known() == []
        assert not workspace.services.can_load
        with pytest.raises(Invalid, match="writable"):
            workspace.services.load(5)


def test_started_stopped_and_started_again(qtbot: QtBot, own_url: str, store: Store) -> None:
    with workspace_on(qtbot, StoreSpec(own_url, writable=True)) as workspace:
        services = workspace.services
        first = started(qtbot, services)
        order(store, "o-1")
        qtbot.waitUntil(lambda: reserved(store) == ["o-1"], timeout=WAIT)
        services.stop("customer")
        assert of(services, "customer").state == "stopping"
        qtbot.waitUntil(lambda: of(services, "customer").state == "stopped", timeout=WAIT)
        assert gone(first)
        order(store, "o-2")
        qtbot.wait(200)
        assert reserved(store) == ["o-1"]
        second = started(qtbot, services)
        assert second != first
        qtbot.waitUntil(lambda: reserved(store) == ["o-1", "o-2"], timeout=WAIT)
    assert gone(second), "ended with the store"


def test_a_killed_one_is_shown_as_such(qtbot: QtBot, tmp_path: Path) -> None:
    url = make_shop(str(tmp_path / "shop.sqlite"))
    with workspace_on(qtbot, StoreSpec(url, writable=True)) as workspace:
        services = workspace.services
        os.kill(started(qtbot, services), signal.SIGKILL)
        qtbot.waitUntil(lambda: of(services, "customer").state == "ended", timeout=WAIT)
        known = of(services, "customer")
        assert not known.running
        assert known.detail == "Its process was ended by SIGKILL."
        started(qtbot, services)


def test_closing_waits_for_nobody_whatever_the_services_do(qtbot: QtBot, tmp_path: Path) -> None:
    url = make_shop(str(tmp_path / "shop.sqlite"))
    with workspace_on(qtbot, StoreSpec(url, writable=True)) as workspace:
        services = workspace.services
        frozen = started(qtbot, services)
        os.kill(frozen, signal.SIGSTOP)  # it cannot listen
        services.start("order")  # and this one has hardly begun
    assert gone(frozen), "nobody waits for it"


def test_the_load(qtbot: QtBot, tmp_path: Path) -> None:
    url = make_shop(str(tmp_path / "shop.sqlite"))
    with workspace_on(qtbot, StoreSpec(url, writable=True)) as workspace:
        services = workspace.services
        assert services.can_load
        services.load(20)
        qtbot.waitUntil(lambda: services.load_state.orders >= 15, timeout=WAIT)
        reached = services.load_state.reached
        assert reached is not None
        assert 0 < reached < 25
        services.load(0)
        for _ in range(60):  # it ends as soon as it has heard of it
            before = events(workspace, qtbot)
            qtbot.wait(500)
            if events(workspace, qtbot) == before:
                break
        else:
            pytest.fail("It goes on ordering.")
        assert services.load_state.rate == 0


def events(workspace: Workspace, qtbot: QtBot) -> int:
    counted: list[int] = []
    workspace.browse(lambda store: store.count(), counted.append)
    qtbot.waitUntil(lambda: bool(counted), timeout=WAIT)
    return counted[0]
