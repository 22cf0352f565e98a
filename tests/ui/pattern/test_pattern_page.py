"""The pattern page on real stores, with real services beside it, driven by clicks and keys."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QLabel, QMenu, QWidget
from pytestqt.qtbot import QtBot

from explorer import commands
from explorer.descriptions import ServiceInfo
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER, CreateCustomer
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, CreateOrder
from explorer.services import ServiceProcess
from explorer.stores import StoreSpec, open_store
from explorer.ui.pattern.diagram import FRAME
from explorer.ui.pattern.pattern_page import PatternPage
from explorer.ui.pattern.row_or_events import NOTHING, EventLine
from explorer.ui.workspace import Arrived, Workspace
from tests import stores_written
from tests.ui.conftest import PATIENCE, Make, opened


@pytest.fixture
def store_path(tmp_path: Path) -> str:
    path = str(tmp_path / "shop.sqlite")
    open_store(StoreSpec(path, writable=True, create=True)).close()
    return path


def money(amount: int) -> Money:
    return Money(Decimal(amount))


def customer(path: str, limit: int = 100) -> None:
    with closing(open_store(StoreSpec(path, writable=True))) as store:
        commands.issue(store, DOMAIN, CUSTOMER, "c-1", CreateCustomer("Zoë", money(limit)))


def order(path: str, id: str, price: int = 10) -> None:
    with closing(open_store(StoreSpec(path, writable=True))) as store:
        commands.issue(store, DOMAIN, ORDER, id, CreateOrder("c-1", (Line("A", 1, money(price)),)))


@contextmanager
def service(path: str, name: str) -> Iterator[ServiceProcess]:
    running = ServiceProcess(StoreSpec(path), (), ServiceInfo(name, DOMAIN.name, name, ()))
    try:
        yield running
    finally:
        running.end()


def shown(qtbot: QtBot, workspace: Workspace) -> PatternPage:
    page = PatternPage(workspace)
    qtbot.addWidget(page)
    page.resize(1000, 640)
    page.show()
    qtbot.waitExposed(page)
    page.setFocus()
    return page


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace, store_path: str) -> PatternPage:
    return shown(qtbot, opened(qtbot, workspace, store_path, writable=True))


def types(page: PatternPage) -> list[str]:
    return [event.type for event in page.list.model_.rows]


def until(qtbot: QtBot, true: Callable[[], bool]) -> None:
    qtbot.waitUntil(true, timeout=3 * PATIENCE)  # services and engines are processes that have to start


def still(qtbot: QtBot, page: PatternPage) -> None:
    """Wait until nothing moves; then nothing is painted either, once what had to be painted has been."""
    until(qtbot, lambda: not page.diagram.moving and not page._together.isActive())
    for _ in range(20):
        painted = page.diagram.painted
        qtbot.wait(8 * FRAME)
        if page.diagram.painted == painted:
            return
    pytest.fail("It goes on painting though nothing happens.")


def standing(page: PatternPage, key: str) -> tuple[str, int] | None:
    """Of a service, in the diagram: its state, and how many events wait for it."""
    found = [one for one in page.diagram.scene.subscribers if one.key == key]
    return (found[0].state, found[0].waiting) if found else None


def cell(page: PatternPage, row: int, column: int) -> str:
    return str(page.list.model_.index(row, column).data())


# -- live --------------------------------------------------------------------------------------------------------------


def test_an_order_goes_through_the_pattern(qtbot: QtBot, page: PatternPage, store_path: str) -> None:
    assert page.sentence.text().startswith("Nothing is happening now. Issue a command in Command")
    still(qtbot, page)
    with service(store_path, "customer"), service(store_path, "order"):
        until(qtbot, lambda: standing(page, "customer") == standing(page, "order") == ("live", 0))
        customer(store_path)
        until(qtbot, lambda: types(page) == ["CustomerCreated"])
        assert page.diagram.moving
        order(store_path, "o-1")
        until(qtbot, lambda: types(page)[1:] == ["OrderCreated", "CustomerCreditReserved", "OrderApproved"])
        until(qtbot, lambda: all(cell(page, row, 4).count(",") == 1 for row in range(4)))  # both have got it
        assert "CreateOrder decided on no events" in cell(page, 1, 3)
        assert cell(page, 2, 3) == (
            "the customer service reacted to OrderCreated of Order o-1 · ReserveCredit decided on 1 event"
        )
        assert standing(page, "customer") == standing(page, "order") == ("live", 0)
        still(qtbot, page)
        assert page.diagram.scene.working is not None


def test_a_stopped_service_has_events_waiting_that_can_be_clicked(
    qtbot: QtBot, page: PatternPage, store_path: str
) -> None:
    with service(store_path, "customer"):
        customer(store_path)
        until(qtbot, lambda: types(page) == ["CustomerCreated"] and standing(page, "customer") == ("live", 0))
    for number in range(3):
        order(store_path, f"o-{number}")
    until(qtbot, lambda: standing(page, "customer") == ("stopped", 3))
    until(qtbot, lambda: page.diagram._picture is not None)  # what can be clicked is known when it has been painted
    box = page.diagram._places().subscribers["customer"]
    QTest.mouseClick(page.diagram, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    assert page.facts.text().startswith("OrderCreated · Order o-0 v1 · position 2")
    with qtbot.waitSignal(page.workspace.stream_wanted) as wanted:
        QTest.mouseDClick(page.diagram, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    assert wanted.args == ["Order", "o-0", 1]


def test_much_at_once_is_calm(qtbot: QtBot, page: PatternPage) -> None:
    """Many events are some dots with numbers, painted thirty times a second at most."""
    until(qtbot, lambda: page._ready)
    said = json.dumps({"correlation_id": "c", "causation_id": "c", "decided_on": {"snapshot": 0, "events": 1}}).encode()
    for start in range(0, 1_200, 100):
        rows = [
            Arrived("Order", f"o-{n}", 1, n + 1, "OrderCreated", n, f"e{n}", 2, b"{}", False, said)
            for n in range(start, start + 100)
        ]
        page.workspace.arrived.emit(rows)
        qtbot.wait(20)
    before, began = page.diagram.painted, time.monotonic()
    qtbot.wait(300)
    painted = page.diagram.painted - before
    assert painted <= (time.monotonic() - began) * 1000 / FRAME + 3
    assert len(page.diagram._dots) <= 12
    still(qtbot, page)
    assert len(page.list.model_.rows) <= 600
    assert page.list.model_.rows[-1].id == "o-1199"
    assert page.diagram.scene.recent[-1].id == "o-1199"
    assert page.script.left_out == 0


def test_hidden_nothing_runs_and_nothing_is_lost(qtbot: QtBot, page: PatternPage, store_path: str) -> None:
    until(qtbot, lambda: page._ready)
    page.hide()
    painted = page.diagram.painted
    customer(store_path)
    with qtbot.waitSignal(page.workspace.arrived, timeout=PATIENCE):
        pass
    timers = (page._together, page._pace, page.diagram._frames)
    assert not any(timer.isActive() for timer in timers)
    until(qtbot, lambda: not page.workspace.subscriptions._timer.isActive())
    assert page.diagram.painted == painted
    page.show()
    until(qtbot, lambda: types(page) == ["CustomerCreated"])


# -- slow and step by step ---------------------------------------------------------------------------------------------


def test_step_by_step_by_keys(qtbot: QtBot, page: PatternPage, store_path: str) -> None:
    QAbstractItemModelTester(page.list.model_, QAbstractItemModelTester.FailureReportingMode.Fatal, page)
    until(qtbot, lambda: page.workspace.narration != {})
    customer(store_path)
    until(qtbot, lambda: types(page) == ["CustomerCreated"])
    order(store_path, "o-1")
    until(qtbot, lambda: types(page) == ["CustomerCreated", "OrderCreated"])
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert page.mode == "step"
    said = []
    for _ in range(4):
        said.append(page.sentence.text().split("   ")[1])
        assert page.facts.text().startswith("OrderCreated · Order o-1 v1")
        QTest.keyClick(page, Qt.Key.Key_Right)
    assert [words.split()[1] for words in said] == ["issues", "o-1", "rules", "is"]
    assert page.script.waiting == 0
    assert [event.type for event in page.diagram.scene.recent] == ["CustomerCreated", "OrderCreated"]
    QTest.keyClick(page, Qt.Key.Key_Left)
    # At this step it is not stored yet.
    assert page.sentence.text().endswith("decide on this state: OrderCreated – c-1 orders for 10.")
    assert [event.type for event in page.diagram.scene.recent] == ["CustomerCreated"]
    assert page.list.model_.row(page.list.currentIndex()).type == "OrderCreated"
    assert "1 event waiting" in page.bar.backlog.text()
    QTest.keyClick(page, Qt.Key.Key_Home)
    assert "CreateCustomer" in page.sentence.text()
    page.diagram.setFocus()
    with qtbot.waitSignal(page.workspace.stream_wanted) as wanted:
        QTest.keyClick(page.diagram, Qt.Key.Key_Return)
    assert wanted.args == ["Customer", "c-1", 1]
    page.list.setFocus()
    QTest.keyClick(page.list, Qt.Key.Key_Down)
    assert page.script.shown is not None
    assert (page.script.shown.kind, page.script.shown.event.type) == ("issue", "OrderCreated")
    with qtbot.waitSignal(page.workspace.causes_wanted) as wanted:
        QTest.keyClick(page.list, Qt.Key.Key_C)
    assert wanted.args == ["Order", "o-1", 1]
    QTest.keyClick(page, Qt.Key.Key_End)
    assert page.script.waiting == 0
    still(qtbot, page)


def test_slowly_each_event_is_played_after_the_other(qtbot: QtBot, page: PatternPage, store_path: str) -> None:
    until(qtbot, lambda: page._ready)
    QTest.mouseClick(page.bar.modes["slow"], Qt.MouseButton.LeftButton)
    page._pace.setInterval(250)
    customer(store_path)
    order(store_path, "o-1")
    order(store_path, "o-2")
    until(qtbot, lambda: "2 events waiting" in page.bar.backlog.text())
    heard = set()
    until(qtbot, lambda: heard.add(page.sentence.text()) or page.script.waiting == 0)  # type: ignore[func-returns-value]
    assert len([words for words in heard if words[1:5] == " of "]) >= 8
    still(qtbot, page)
    assert not page._pace.isActive()


# -- other stores ------------------------------------------------------------------------------------------------------


def test_read_only_it_says_that_others_write(qtbot: QtBot, workspace: Workspace, store_path: str) -> None:
    page = shown(qtbot, opened(qtbot, workspace, store_path))
    assert "another program writes" in page.sentence.text()


def test_message_db(qtbot: QtBot, workspace: Workspace, postgres_url: str) -> None:
    stores_written.message_db(postgres_url, streams=1, events=1)
    page = shown(qtbot, opened(qtbot, workspace, postgres_url))
    until(qtbot, lambda: types(page) == ["Deposited", "Deposited"])
    metadata = {
        "correlationStreamName": "bank-1", "causationMessageStreamName": "account:command-0-a",
        "causationMessagePosition": 0, "causationMessageGlobalPosition": 2, "service": "accounts",
    }  # fmt: skip
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET search_path TO message_store, public")
        connection.execute(
            "SELECT write_message(gen_random_uuid()::varchar, 'account-0-a', 'Withdrawn', '{}', %s, 0)",
            (json.dumps(metadata),),
        )
    until(qtbot, lambda: types(page)[2:] == ["Withdrawn"])
    assert cell(page, 2, 3) == "the accounts service reacted to account:command-0-a v1"
    assert [(one.label, one.state) for one in page.diagram.scene.subscribers] == [("accounts", "")]


def test_eventuate(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    path = str(tmp_path / "copy.sqlite")
    stores_written.eventuate(path, streams=1)
    page = shown(qtbot, opened(qtbot, workspace, path))
    until(qtbot, lambda: len(types(page)) == 4)
    assert cell(page, 3, 1) == "OrderApprovedEvent"
    assert cell(page, 3, 3) == ("something that is not named reacted to CustomerCreditReservedEvent of Customer c-0000")
    page.set_mode("step")
    assert "Something that is not named reacts to CustomerCreditReservedEvent" in page.sentence.text()
    with closing(sqlite3.connect(path)) as file:
        columns = "event_id, event_type, event_data, entity_type, entity_id"
        values = stores_written.eventuate_id(90), "New", "{}", stores_written.ORDER, "x"
        file.execute(f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?)", values)
        file.commit()
    until(qtbot, lambda: types(page)[4:] == ["New"])
    page.step_forward()
    page.step_forward()
    assert page.sentence.text().startswith("New is appended as version 1 of Order x")


# -- in the window -----------------------------------------------------------------------------------------------------


def test_it_is_a_page_that_is_opened_from_the_menu_and_comes_back(
    qtbot: QtBot, make_window: Make, store_path: str
) -> None:
    window = make_window(store_path, writable=True)
    action = window.workspace.actions.qaction("pattern", window)
    assert "View" in {menu.title().replace("&", "") for menu in action.associatedObjects() if isinstance(menu, QMenu)}
    action.trigger()
    page = window.tabs.currentWidget()
    assert isinstance(page, PatternPage)
    assert page.hasFocus() or page.isAncestorOf(window.focusWidget())
    customer(store_path)
    until(qtbot, lambda: types(page) == ["CustomerCreated"])
    page.list.setCurrentIndex(page.list.model_.index(0, 0))
    QTest.keyClick(page.list, Qt.Key.Key_Return)
    assert [tab.id for tab in window.tabs.streams()] == ["c-1"]
    window.workspace.actions.trigger("history_back")
    assert window.tabs.currentWidget() is page


# -- row or events -----------------------------------------------------------------------------------------------------


def test_both_are_asked_why_it_was_rejected(qtbot: QtBot, page: PatternPage, store_path: str) -> None:
    page.resize(1200, 700)
    until(qtbot, lambda: page.compared.isVisible() and page.workspace.rows != ())
    assert "No stream yet" in page.compared.empty.sentence.text()
    with service(store_path, "customer"), service(store_path, "order"):
        customer(store_path, 50)
        order(store_path, "o-1", 60)
        until(qtbot, lambda: page.compared.title.text() == "Order o-1" and len(lines_of(page.compared.events)) == 2)
        # The customer's events that came between have not taken its place.
        QTest.mouseClick(page.compared._buttons.buttons()[0], Qt.MouseButton.LeftButton)
        until(qtbot, lambda: len(lines_of(page.compared.answers)) == 2)
        assert "does not say why" in page.compared.row_says.findChildren(QLabel)[0].text()
        rejected, because = lines_of(page.compared.answers)
        assert rejected.accessibleName().startswith("Order o-1 is rejected: credit limit, v2")
        assert because.accessibleName().startswith("because c-1 cannot pay 60 for order o-1: only 50")
        with qtbot.waitSignal(page.workspace.stream_wanted) as wanted:
            QTest.keyClick(because, Qt.Key.Key_Return)
        assert wanted.args == ["Customer", "c-1", 2]
        with qtbot.waitSignal(page.workspace.stream_wanted) as wanted:
            QTest.mouseDClick(rejected, Qt.MouseButton.LeftButton)
        assert wanted.args == ["Order", "o-1", 2]
        QTest.mouseClick(page.compared._buttons.buttons()[2], Qt.MouseButton.LeftButton)
        until(qtbot, lambda: page.compared.shown is not None and page.compared.shown.asked == 2)
        assert page.compared.answers.findChildren(QLabel)[-1].text() == NOTHING
    QTest.mouseClick(page.bar.compare, Qt.MouseButton.LeftButton)
    assert not page.compared.isVisible()
    page.resize(700, 500)
    QTest.mouseClick(page.bar.compare, Qt.MouseButton.LeftButton)
    assert page.compared.isVisible()
    assert not page.list.isVisible()


def lines_of(part: QWidget) -> list[EventLine]:
    return [line for line in part.findChildren(EventLine) if not line.isHidden()]
