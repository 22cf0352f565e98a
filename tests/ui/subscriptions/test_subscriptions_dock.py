"""The Subscriptions panel by clicks and keys, on real stores with real processes of services."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from explorer.stores import Store, StoreSpec, open_store
from explorer.ui.subscriptions.subscription_rows import Line
from explorer.ui.subscriptions.subscriptions_dock import SubscriptionsDock
from explorer.ui.workspace import Workspace
from tests import stores_written
from tests.instances import customer, order, reserved
from tests.test_demo import types
from tests.ui.opened import WAIT, click, workspace_on


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, writable=True, create=True))
    customer(store)
    yield store
    store.close()


@pytest.fixture
def workspace(own_url: str, store: Store, qtbot: QtBot) -> Iterator[Workspace]:
    with workspace_on(qtbot, StoreSpec(own_url, writable=True)) as workspace:
        yield workspace


@pytest.fixture
def dock(workspace: Workspace, qtbot: QtBot) -> SubscriptionsDock:
    return shown(workspace, qtbot)


sqlite = pytest.mark.parametrize("own_url", ["sqlite"], indirect=True)


def shown(workspace: Workspace, qtbot: QtBot) -> SubscriptionsDock:
    dock = SubscriptionsDock(workspace)
    qtbot.addWidget(dock)
    dock.resize(1200, 320)
    dock.show()
    qtbot.waitExposed(dock)
    dock.activateWindow()
    qtbot.waitUntil(lambda: bool(dock.model.rows), timeout=WAIT)
    return dock


def line(dock: SubscriptionsDock, title: str) -> Line:
    found: Line = next(one for one in dock.model.rows if one.title == title)
    return found


def choose(dock: SubscriptionsDock, title: str) -> None:
    """By a click into its row."""
    row = dock.model.rows.index(line(dock, title))
    place = dock.table.visualRect(dock.model.index(row, 0)).center()
    QTest.mouseClick(dock.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert dock.selected is not None
    assert dock.selected.title == title


def becomes(qtbot: QtBot, dock: SubscriptionsDock, title: str, state: str) -> None:
    qtbot.waitUntil(lambda: line(dock, title).state == state, timeout=WAIT)


def start(qtbot: QtBot, dock: SubscriptionsDock, *titles: str) -> None:
    for title in titles:
        choose(dock, title)
        assert dock.start_button.text() == "Start"
        click(dock.start_button)
    for title in titles:
        becomes(qtbot, dock, title, "live")


def _reserved(store: Store, count: int) -> bool:
    return len(reserved(store)) == count


def _parked_or_reserved(dock: SubscriptionsDock, store: Store, count: int) -> bool:
    return line(dock, "customer").parked > 0 or _reserved(store, count)


def parked_order(qtbot: QtBot, dock: SubscriptionsDock, store: Store) -> str:
    """Order until the customer service parks one: by then it has heard that it is to fail. → the id"""
    for number in range(60):
        id_ = f"o-{number}"
        order(store, id_)
        qtbot.waitUntil(partial(_parked_or_reserved, dock, store, number + 1), timeout=WAIT)
        if line(dock, "customer").parked:
            return id_
    pytest.fail("It goes on without failing.")


def again_until(qtbot: QtBot, dock: SubscriptionsDock, retry: Callable[[], None], true: Callable[[], bool]) -> None:
    """Retry, and once more where the service has not heard yet that it is to fail no longer."""

    def tried() -> bool:
        if not true() and any(one.reason and not one.wanted for one in dock.parked.model.rows):
            retry()
        return true()

    qtbot.waitUntil(tried, timeout=WAIT)


def trigger(menu: QMenu | None, words: str) -> None:
    assert menu is not None
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == words).trigger()


@sqlite
def test_an_order_waits_for_a_stopped_service(qtbot: QtBot, dock: SubscriptionsDock, store: Store) -> None:
    start(qtbot, dock, "order", "customer")
    order(store, "o-1")
    qtbot.waitUntil(lambda: types(store, "o-1") == ["OrderCreated", "OrderApproved"], timeout=WAIT)
    qtbot.waitUntil(lambda: line(dock, "customer").owner.startswith("this window"), timeout=WAIT)
    assert dock.start_button.text() == "Stop"
    click(dock.start_button)
    becomes(qtbot, dock, "customer", "stopped")
    assert line(dock, "customer").sentence.startswith("Nobody runs customer: orders stay PENDING")
    order(store, "o-2")
    qtbot.waitUntil(lambda: (line(dock, "customer").lag or 0) > 0, timeout=WAIT)
    assert types(store, "o-2") == ["OrderCreated"]
    click(dock.start_button)
    qtbot.waitUntil(lambda: types(store, "o-2") == ["OrderCreated", "OrderApproved"], timeout=WAIT)
    qtbot.waitUntil(lambda: line(dock, "customer").lag == 0, timeout=WAIT)


def test_made_to_fail_then_parked_then_tried_again(
    qtbot: QtBot, workspace: Workspace, dock: SubscriptionsDock, store: Store
) -> None:
    start(qtbot, dock, "order", "customer")
    click(dock.fail_button)
    assert line(dock, "customer").words == "made to fail"
    id_ = parked_order(qtbot, dock, store)
    pane = dock.parked
    qtbot.waitUntil(lambda: [one.type for one in pane.model.rows] == ["OrderCreated"], timeout=WAIT)
    assert "made to fail" in pane.model.rows[0].reason
    with qtbot.waitSignal(workspace.stream_wanted, timeout=WAIT) as wanted:
        pane.table.setFocus()
        QTest.keyClick(pane.table, Qt.Key.Key_Return)
    assert wanted.args == ["Order", id_, 1]
    assert types(store, id_) == ["OrderCreated"]
    click(dock.fail_button)
    assert not dock.fail_button.isChecked()
    pane.table.setFocus()
    answered = ["OrderCreated", "OrderApproved"]
    again_until(qtbot, dock, lambda: QTest.keyClick(pane.table, Qt.Key.Key_R), lambda: types(store, id_) == answered)
    qtbot.waitUntil(lambda: line(dock, "customer").parked == 0 and not pane.model.rows, timeout=WAIT)


@sqlite
def test_skipping_asks_first(qtbot: QtBot, workspace: Workspace, dock: SubscriptionsDock, store: Store) -> None:
    start(qtbot, dock, "customer")
    click(dock.fail_button)
    first = parked_order(qtbot, dock, store)
    order(store, "second")
    pane = dock.parked
    qtbot.waitUntil(lambda: len(pane.model.rows) == 2, timeout=WAIT)
    click(dock.fail_button)
    pane.table.selectRow(0)
    pane.table.setFocus()
    with qtbot.waitSignal(workspace.causes_wanted) as wanted:
        QTest.keyClick(pane.table, Qt.Key.Key_C)
    assert wanted.args == ["Order", first, 1]
    QTest.keyClick(pane.table, Qt.Key.Key_Delete)
    assert pane.question.isVisible()
    assert pane.question.no.hasFocus()
    assert f"Skip OrderCreated of Order {first} (v1)?" in pane.question.sentence.text()
    click(pane.question.no)
    qtbot.wait(600)
    assert len(pane.model.rows) == 2
    click(pane.skip_button)
    click(pane.question.yes)
    qtbot.waitUntil(lambda: [one.id for one in pane.model.rows] == ["second"], timeout=WAIT)
    again_until(qtbot, dock, lambda: click(pane.retry_all_button), lambda: "second" in reserved(store))
    assert first not in reserved(store)


@sqlite
def test_slowed_down(qtbot: QtBot, workspace: Workspace, dock: SubscriptionsDock, store: Store) -> None:
    start(qtbot, dock, "customer")
    trigger(dock.slow_button.menu(), "Wait 2 s before each event")
    assert line(dock, "customer").words == "live, slow 2 s"
    for number in range(10):  # the first ones may come before it has heard of it
        began = time.monotonic()
        order(store, f"o-{number}")
        qtbot.waitUntil(partial(_reserved, store, number + 1), timeout=WAIT)
        if time.monotonic() - began >= 2:
            break
    else:
        pytest.fail("It is as fast as ever.")
    trigger(dock.slow_button.menu(), "As fast as it can")
    assert line(dock, "customer").words == "live"


@sqlite
def test_a_killed_one_is_shown_and_started_again(
    qtbot: QtBot, workspace: Workspace, dock: SubscriptionsDock, store: Store
) -> None:
    start(qtbot, dock, "customer")
    pid = next(one.pid for one in workspace.services.known() if one.name == "customer")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    becomes(qtbot, dock, "customer", "ended")
    assert line(dock, "customer").sentence.startswith("Its process was ended by SIGKILL. Nobody runs customer")
    order(store, "o-1")
    dock.table.setFocus()
    QTest.keyClick(dock.table, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: reserved(store) == ["o-1"], timeout=WAIT)


@sqlite
def test_paused_and_reset_by_keys_and_with_a_question(qtbot: QtBot, dock: SubscriptionsDock, store: Store) -> None:
    start(qtbot, dock, "customer")
    order(store, "o-1")
    qtbot.waitUntil(lambda: line(dock, "customer").known and line(dock, "customer").lag == 0, timeout=WAIT)
    dock.table.setFocus()
    QTest.keyClick(dock.table, Qt.Key.Key_P)
    becomes(qtbot, dock, "customer", "paused")
    order(store, "o-2")
    qtbot.wait(1500)
    assert reserved(store) == ["o-1"]
    QTest.keyClick(dock.table, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: reserved(store) == ["o-1", "o-2"], timeout=WAIT)
    epoch = store.subscriptions()[0].epoch
    dock.to_beginning.trigger()
    assert dock.question.isVisible()
    assert "goes through every event again" in dock.question.sentence.text()
    click(dock.question.no)
    assert store.subscriptions()[0].epoch == epoch
    dock.to_beginning.trigger()
    click(dock.question.yes)
    qtbot.waitUntil(lambda: store.subscriptions()[0].epoch > epoch + 1, timeout=WAIT)
    qtbot.waitUntil(lambda: line(dock, "customer").lag == 0, timeout=WAIT)
    assert reserved(store) == ["o-1", "o-2"], "what is done again changes nothing"


@sqlite
def test_two_windows_one_owns_the_other_stands_by(
    qtbot: QtBot, own_url: str, dock: SubscriptionsDock, store: Store
) -> None:
    start(qtbot, dock, "customer")
    qtbot.waitUntil(lambda: line(dock, "customer").owner.startswith("this window"), timeout=WAIT)
    with workspace_on(qtbot, StoreSpec(own_url, writable=True)) as other:
        second = shown(other, qtbot)
        qtbot.waitUntil(lambda: line(second, "customer").owner.startswith("process "), timeout=WAIT)
        choose(second, "customer")
        click(second.start_button)
        becomes(qtbot, second, "customer", "standby")
        click(dock.start_button)
        becomes(qtbot, second, "customer", "live")
        order(store, "o-1")
        qtbot.waitUntil(lambda: reserved(store) == ["o-1"], timeout=WAIT)
        qtbot.waitUntil(lambda: line(dock, "customer").owner.startswith("process "), timeout=WAIT)
        second.hide()


@sqlite
def test_the_load_by_its_dial(qtbot: QtBot, workspace: Workspace, dock: SubscriptionsDock) -> None:
    dial = dock.dial
    assert dial.isVisible()
    dial.slider.setFocus()
    QTest.keyClick(dial.slider, Qt.Key.Key_Right)
    QTest.keyClick(dial.slider, Qt.Key.Key_Right)
    assert workspace.services.load_state.rate == 5
    assert dial.rate.text() == "5 /s"
    qtbot.waitUntil(lambda: " /s, " in dial.reached.text(), timeout=WAIT)
    click(dial.button)
    assert workspace.services.load_state.rate == 0
    assert (dial.rate.text(), dial.reached.text(), dial.slider.value()) == ("off", "", 0)
    click(dial.button)
    assert workspace.services.load_state.rate == 5, "as it was last"


@sqlite
def test_nothing_is_looked_at_out_of_sight(qtbot: QtBot, workspace: Workspace, dock: SubscriptionsDock) -> None:
    heard: list[object] = []
    workspace.subscriptions_changed.connect(heard.append)
    qtbot.waitUntil(lambda: len(heard) >= 2, timeout=WAIT)
    dock.hide()
    qtbot.wait(700)
    heard.clear()
    qtbot.wait(1200)
    assert heard == []
    dock.show()
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT)


@sqlite
def test_the_models_are_sound(qtbot: QtBot, dock: SubscriptionsDock, store: Store) -> None:
    for model in (dock.model, dock.parked.model):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    start(qtbot, dock, "customer")
    click(dock.fail_button)
    parked_order(qtbot, dock, store)
    qtbot.waitUntil(lambda: len(dock.parked.model.rows) == 1, timeout=WAIT)


@sqlite
def test_a_store_that_is_only_read_says_why(qtbot: QtBot, own_url: str, store: Store) -> None:
    with workspace_on(qtbot, StoreSpec(own_url)) as reading:
        dock = SubscriptionsDock(reading)
        qtbot.addWidget(dock)
        dock.show()
        qtbot.waitUntil(lambda: dock.empty.isVisible(), timeout=WAIT)
        assert dock.empty.sentence.text() == "Nobody has subscribed to this store yet."
        assert "open it again" in dock.empty.hint.text()
        assert not dock.dial.isVisible()
        claim = store.claim("somebody.else", "a program")
        assert claim is not None
        qtbot.waitUntil(lambda: [one.name for one in dock.model.rows] == ["somebody.else"], timeout=WAIT)
        assert line(dock, "somebody.else").owner == "a program"
        assert not dock.pause_button.isEnabled()
        assert "read-only" in dock.pause_button.toolTip()


def test_a_store_of_another_library_says_why(qtbot: QtBot, tmp_path: Path) -> None:
    path = str(tmp_path / "shop.sqlite")
    stores_written.eventsourcing(path)
    with workspace_on(qtbot, StoreSpec(path)) as reading:
        dock = SubscriptionsDock(reading)
        qtbot.addWidget(dock)
        dock.show()
        qtbot.waitUntil(lambda: dock.empty.isVisible(), timeout=WAIT)
        assert dock.empty.sentence.text() == "This store keeps no subscriptions."
