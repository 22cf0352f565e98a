"""Causes and effects in the window, by clicks and keys, on real stores of three kinds; and out of it again."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from explorer.model import NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.ui.causality.causality_page import NOTHING, CausalityPage
from explorer.ui.look import theme
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from explorer.ui.workspace import Workspace
from tests import stores_written
from tests.ui.conftest import PATIENCE, Make, opened

ORDER, CUSTOMER = StreamKey("Order", "o-1"), StreamKey("Customer", "c-1")
COMMAND = {"correlation_id": "cmd", "causation_id": "cmd", "origin": "simulate"}


def caused(by: str, service: str | None = None) -> dict[str, object]:
    words: dict[str, object] = {"correlation_id": "cmd", "causation_id": by}
    return words if service is None else {**words, "service": service}


def write(url: str, key: StreamKey, type: str, event_id: str, metadata: object) -> None:
    """As another program would."""
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        last = len(store.stream_events(key))
        store.append(key, last, [NewEvent(type, {"of": event_id}, event_id, metadata)])  # type: ignore[arg-type]
    finally:
        store.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """An order that is approved once credit is reserved, a revision that is inferred only, and a stranger."""
    url = str(tmp_path / "own.sqlite")
    write(url, ORDER, "OrderCreated", "e1", COMMAND)
    write(url, CUSTOMER, "CustomerCreditReserved", "e2", caused("e1", "customer"))
    write(url, ORDER, "OrderApproved", "e3", caused("e2", "order"))
    write(url, StreamKey("Order", "alone"), "OrderCreated", "alone", {})
    write(url, ORDER, "OrderShipped", "e4", {"correlation_id": "cmd"})
    return url


@pytest.fixture
def show(qtbot: QtBot) -> Callable[[Workspace, StreamKey, int], CausalityPage]:
    def show(workspace: Workspace, key: StreamKey, version: int) -> CausalityPage:
        page = CausalityPage(workspace)
        qtbot.addWidget(page)
        page.resize(1100, 700)
        page.show()
        qtbot.waitExposed(page)
        page.activateWindow()
        page.ask(key.category, key.id, version)
        qtbot.waitUntil(lambda: not page.tracing.busy, timeout=PATIENCE)
        page.canvas.setFocus()
        return page

    return show


Show = Callable[[Workspace, StreamKey, int], CausalityPage]


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace, url: str, show: Show) -> CausalityPage:
    """Asked about the reservation of credit."""
    return show(opened(qtbot, workspace, url), CUSTOMER, 1)


def types(page: CausalityPage) -> list[str]:
    return [mark.event.type for mark in page.canvas.diagram.marks]


def lanes(page: CausalityPage) -> list[str]:
    return [lane.name for lane in page.canvas.diagram.lanes]


def at(page: CausalityPage) -> str:
    return page.canvas.diagram.marks[page.canvas.at].event.type


def press(page: CausalityPage, *keys: Qt.Key) -> str:
    for key in keys:
        QTest.keyClick(page.canvas, key)
    return at(page)


def spot(page: CausalityPage, number: int) -> QPoint:
    return page.canvas.area_of(number).center().toPoint()


# -- what is shown -----------------------------------------------------------------------------------------------------


def test_an_order_its_customer_and_the_services_between(page: CausalityPage) -> None:
    assert types(page) == ["OrderCreated", "CustomerCreditReserved", "OrderApproved", "OrderShipped"]
    assert lanes(page) == ["simulate", "Order o-1", "customer", "Customer c-1", "order"]
    assert [mark.link and mark.link.recorded for mark in page.canvas.diagram.marks] == [None, True, True, False]
    assert at(page) == "CustomerCreditReserved"
    assert page.canvas.isVisible()
    assert page.head.heading.text() == "CustomerCreditReserved · Customer c-1 v 1"
    assert page.head.note.text() == "4 events · 2 streams · 3 services"
    assert page.looked.text() == "Looked at 4 events of the log: this is all of it."
    assert not page.further.isVisible()
    assert page.legend.isVisible()
    assert page.facts.cause.text() == "Caused by OrderCreated of Order o-1, v 1 (recorded: named by its id)"
    assert page.facts.effects.text() == "Led to OrderApproved of Order o-1, v 2"
    assert page.facts.writer.text() == "written by the service customer"
    assert "Customer c-1 · version 1" in page.facts.where.text()


def test_along_causes_effects_and_time_by_keys(page: CausalityPage) -> None:
    keys = Qt.Key
    assert press(page, keys.Key_Left) == "OrderCreated"
    assert press(page, keys.Key_Left) == "OrderCreated"
    assert press(page, keys.Key_Right, keys.Key_Right) == "OrderApproved"
    assert press(page, keys.Key_Up) == "CustomerCreditReserved"
    assert press(page, keys.Key_Down, keys.Key_Down) == "OrderShipped"
    assert "inferred: the event before of the same correlation" in page.facts.cause.text()
    assert press(page, keys.Key_Right) == "OrderShipped"
    assert press(page, keys.Key_Home) == "OrderCreated"
    assert press(page, keys.Key_End) == "OrderShipped"
    assert "OrderShipped of Order o-1, v 3" in page.canvas.accessibleDescription()


def test_back_to_the_effect_from_which_one_came(qtbot: QtBot, workspace: Workspace, url: str, show: Show) -> None:
    write(url, StreamKey("Invoice", "i"), "Invoiced", "e5", caused("e1"))
    page = show(opened(qtbot, workspace, url), StreamKey("Invoice", "i"), 1)
    assert press(page, Qt.Key.Key_Left) == "OrderCreated"
    assert press(page, Qt.Key.Key_Right) == "Invoiced"


def test_a_click_selects_and_the_links_lead_on(page: CausalityPage) -> None:
    QTest.mouseClick(page.canvas.viewport(), Qt.MouseButton.LeftButton, pos=spot(page, 2))
    assert at(page) == "OrderApproved"
    QTest.mouseClick(page.facts.go_cause, Qt.MouseButton.LeftButton)
    assert at(page) == "CustomerCreditReserved"
    QTest.mouseClick(page.facts.go_effect, Qt.MouseButton.LeftButton)
    assert at(page) == "OrderApproved"


def test_opening_the_stream(qtbot: QtBot, page: CausalityPage) -> None:
    with qtbot.waitSignal(page.workspace.stream_wanted) as wanted:
        QTest.mouseDClick(page.canvas.viewport(), Qt.MouseButton.LeftButton, pos=spot(page, 2))
    assert wanted.args == ["Order", "o-1", 2]
    with qtbot.waitSignal(page.workspace.stream_wanted) as wanted:
        press(page, Qt.Key.Key_Left, Qt.Key.Key_Return)
    assert wanted.args == ["Customer", "c-1", 1]
    with qtbot.waitSignal(page.workspace.stream_wanted) as wanted:
        QTest.mouseClick(page.facts.open, Qt.MouseButton.LeftButton)
    assert wanted.args == ["Customer", "c-1", 1]


def test_zoom_by_wheel_keys_and_fit(page: CausalityPage) -> None:
    place = QPointF(spot(page, 0))
    before = page.canvas.area_of(0)

    def wheel(delta: int) -> None:
        turned = QWheelEvent(
            place, page.canvas.viewport().mapToGlobal(place), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(page.canvas.viewport(), turned)

    wheel(240)
    assert page.canvas.zoom > 1.3
    assert page.canvas.area_of(0).width() > before.width() * 1.3
    press(page, Qt.Key.Key_Minus, Qt.Key.Key_Minus)
    assert page.canvas.zoom == pytest.approx(1.0, abs=0.01)
    press(page, Qt.Key.Key_Plus)
    assert page.canvas.zoom > 1.1
    page.resize(500, 420)
    press(page, Qt.Key.Key_0)
    assert page.canvas.zoom < 1
    assert all(page.canvas.in_sight(number) for number in range(4))


def test_in_little_room_the_diagram_comes_first(qtbot: QtBot, page: CausalityPage) -> None:
    press(page, Qt.Key.Key_End)
    page.resize(420, 180)
    qtbot.waitUntil(lambda: page.canvas.in_sight(page.canvas.at), timeout=PATIENCE)
    assert not page.facts.isVisible()
    assert not page.looked.isVisible()
    page.resize(900, 600)
    assert page.facts.isVisible()
    assert page.looked.isVisible()


def test_what_lies_under_the_pointer(page: CausalityPage) -> None:
    over = page.canvas._tooltip
    assert over(spot(page, 1)).startswith("CustomerCreditReserved\nCustomer c-1 · version 1\n")
    names = {over(QPoint(x, 10)) for x in range(0, 1000, 10)}
    assert {"service\ncustomer", "Order\no-1"} <= names
    assert over(QPoint(page.canvas.viewport().width() - 2, page.canvas.viewport().height() - 2)) == ""


def test_the_same_as_a_table(qtbot: QtBot, page: CausalityPage) -> None:
    QTest.mouseClick(page.as_table, Qt.MouseButton.LeftButton)
    model = page.table.model_
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, page)
    assert page.table.isVisible()
    words = [str(model.index(row, 2).data()) for row in range(model.rowCount())]
    assert words == ["OrderCreated", "└─ CustomerCreditReserved", "   └─ OrderApproved", "      └┄ OrderShipped"]
    page.table.setFocus()
    assert page.table.currentIndex().row() == 1
    QTest.keyClick(page.table, Qt.Key.Key_Down)
    assert at(page) == "OrderApproved"
    with qtbot.waitSignal(page.workspace.stream_wanted) as wanted:
        QTest.keyClick(page.table, Qt.Key.Key_Return)
    assert wanted.args == ["Order", "o-1", 2]
    QTest.mouseClick(page.as_table, Qt.MouseButton.LeftButton)
    assert page.canvas.isVisible()
    assert at(page) == "OrderApproved"


def test_an_event_without_links(qtbot: QtBot, workspace: Workspace, url: str, show: Show) -> None:
    page = show(opened(qtbot, workspace, url), StreamKey("Order", "alone"), 1)
    assert page.empty.isVisible()
    assert page.empty.sentence.text() == NOTHING
    assert page.empty.hint.text().startswith("Its metadata are empty.")
    assert page.facts.isVisible()
    assert not page.export.isEnabled()


def test_nothing_asked_and_nothing_there(qtbot: QtBot, workspace: Workspace, url: str, show: Show) -> None:
    page = CausalityPage(opened(qtbot, workspace, url))
    qtbot.addWidget(page)
    page.show()
    assert "press C" in page.empty.hint.text()
    page.ask("Order", "nowhere", 7)
    qtbot.waitUntil(lambda: page.empty.sentence.text() == "This event is not there.", timeout=PATIENCE)


# -- the log -----------------------------------------------------------------------------------------------------------


def test_looking_further(qtbot: QtBot, tmp_path: Path, workspace: Workspace, show: Show) -> None:
    url = str(tmp_path / "long.sqlite")
    store = open_store(StoreSpec(url, writable=True, create=True))
    store.append(ORDER, 0, [NewEvent("First", {}, "a", {})])
    store.append(StreamKey("Other", "x"), 0, [NewEvent("Other", {}, f"o{n}") for n in range(5_200)])
    store.append(CUSTOMER, 0, [NewEvent("Last", {}, "z", {"causation_id": "a"})])
    store.close()
    page = show(opened(qtbot, workspace, url), ORDER, 1)
    assert "Looked at 5\u2009000 events of the log; there may be more" in page.looked.text()
    assert page.empty.isVisible()
    QTest.mouseClick(page.further, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: types(page) == ["First", "Last"] and not page.tracing.busy, timeout=PATIENCE)
    assert page.canvas.isVisible()
    assert not page.further.isVisible()


def test_effects_that_arrive_are_added(qtbot: QtBot, page: CausalityPage, url: str) -> None:
    press(page, Qt.Key.Key_Right)
    write(url, StreamKey("Invoice", "i"), "Invoiced", "e5", {"causation_id": "e3", "service": "billing"})
    write(url, StreamKey("Order", "strange"), "OrderCreated", "e6", {"correlation_id": "another"})
    write(url, StreamKey("Invoice", "i"), "Paid", "e7", {"causation_id": "e5"})
    qtbot.waitUntil(lambda: types(page)[4:] == ["Invoiced", "Paid"], timeout=PATIENCE)
    assert at(page) == "OrderApproved"
    assert page.facts.effects.text().startswith("Led to ")
    assert "billing" in lanes(page)
    assert page.head.note.text().startswith("6 events · 3 streams · 4 services")


def test_a_chain_does_not_grow_for_ever(qtbot: QtBot, page: CausalityPage, url: str) -> None:
    page.tracing._most = 6
    for number in range(5, 9):
        write(url, StreamKey("Invoice", "i"), "Invoiced", f"e{number}", caused("e3"))
    qtbot.waitUntil(lambda: page.tracing.full and len(types(page)) == 6, timeout=PATIENCE)
    assert page.looked.text() == "The first 6 events of it; there are more that belong to it."
    QTest.mouseClick(page.further, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(types(page)) == 8, timeout=PATIENCE)
    assert not page.tracing.full
    assert not page.further.isVisible()


def test_what_arrives_below_is_told_and_moves_nothing(qtbot: QtBot, page: CausalityPage, url: str) -> None:
    page.resize(700, 380)
    page.canvas.verticalScrollBar().setValue(0)
    press(page, Qt.Key.Key_Home)
    for number in range(5, 9):
        write(url, StreamKey("Invoice", "i"), "Invoiced", f"e{number}", caused("e3"))
    qtbot.waitUntil(lambda: len(types(page)) == 8, timeout=PATIENCE)
    qtbot.waitUntil(page.chip.isVisible, timeout=PATIENCE)
    assert page.canvas.verticalScrollBar().value() == 0
    QTest.mouseClick(page.chip, Qt.MouseButton.LeftButton)
    assert page.canvas.in_sight(7)
    assert not page.chip.isVisible()


def test_what_arrives_while_hidden_is_read_afterwards(qtbot: QtBot, page: CausalityPage, url: str) -> None:
    page.hide()
    with qtbot.waitSignal(page.workspace.arrived, timeout=PATIENCE):
        write(url, CUSTOMER, "CustomerNotified", "e5", caused("e3"))
    QTest.qWait(400)
    assert len(types(page)) == 4
    page.show()
    qtbot.waitUntil(lambda: types(page)[4:] == ["CustomerNotified"], timeout=PATIENCE)


# -- other stores ------------------------------------------------------------------------------------------------------


def test_message_db(qtbot: QtBot, workspace: Workspace, postgres_url: str, show: Show) -> None:
    stores_written.message_db(postgres_url, streams=1, events=1)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET search_path TO message_store, public")
        for name, metadata in (
            ("order-7", {}),
            ("payment-7", {"causationMessageStreamName": "order-7", "causationMessagePosition": 0}),
            ("order:command-7", {"causationMessageStreamName": "payment-7", "causationMessagePosition": 0}),
        ):
            connection.execute(
                "SELECT write_message(gen_random_uuid()::varchar, %s, 'Done', '{}', %s)", (name, json.dumps(metadata))
            )
    page = show(opened(qtbot, workspace, postgres_url), StreamKey("payment", "7"), 1)
    assert lanes(page) == ["order 7", "payment 7", "order:command 7"]
    assert all(mark.link is None or mark.link.recorded for mark in page.canvas.diagram.marks)
    assert press(page, Qt.Key.Key_Left) == "Done"
    assert "Led to Done of payment 7, v 1" in page.facts.effects.text()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET search_path TO message_store, public")
        connection.execute(
            "SELECT write_message(gen_random_uuid()::varchar, 'refund-7', 'Late', '{}', %s)",
            (json.dumps({"causationMessageStreamName": "payment-7", "causationMessagePosition": 0}),),
        )
    qtbot.waitUntil(lambda: "refund 7" in lanes(page), timeout=PATIENCE)


def test_eventuate(qtbot: QtBot, workspace: Workspace, tmp_path: Path, show: Show) -> None:
    url = str(tmp_path / "eventuate.sqlite")
    stores_written.eventuate(url, streams=2)
    page = show(opened(qtbot, workspace, url), StreamKey(stores_written.ORDER, "o-0001"), 2)
    assert [kind.rsplit(".")[-1] for kind in types(page)] == [
        "OrderCreatedEvent", "CustomerCreditReservedEvent", "OrderApprovedEvent",
    ]  # fmt: skip
    assert [mark.cause for mark in page.canvas.diagram.marks] == [None, 0, 1]
    drawing = page.canvas.drawing
    assert drawing.cut(types(page)[0], drawing.font, 140, Qt.TextElideMode.ElideLeft).endswith("OrderCreatedEvent")


def test_a_store_whose_metadata_say_nothing(qtbot: QtBot, shop_workspace: Workspace, show: Show) -> None:
    page = show(shop_workspace, StreamKey("Order", "o-001"), 2)
    assert page.empty.sentence.text() == NOTHING
    assert "metadata are empty" in page.empty.hint.text()


# -- out of the program ------------------------------------------------------------------------------------------------


def test_svg_is_a_document_with_all_that_is_shown(qtbot: QtBot, page: CausalityPage, tmp_path: Path) -> None:
    file = tmp_path / "diagram.svg"
    with qtbot.waitSignal(page.workspace.message, timeout=PATIENCE):
        page.export.save_to(str(file), "svg")
    root = ET.parse(file).getroot()
    words = {"".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {
        "OrderCreated",
        "CustomerCreditReserved",
        "OrderApproved",
        "customer",
        "o-1",
        "service",
        "recorded",
        "inferred",
    } <= words
    assert {one.get("font-family") for one in root.iter() if one.get("font-family")} >= {
        "Inter, system-ui, sans-serif", "JetBrains Mono, monospace",
    }  # fmt: skip
    assert root.find("{http://www.w3.org/2000/svg}title") is not None
    dashed = [one for one in root.iter() if one.get("stroke-dasharray", "none") not in ("none", "")]
    assert dashed


def test_a_picture_of_twice_the_size(qtbot: QtBot, page: CausalityPage, tmp_path: Path) -> None:
    file = tmp_path / "diagram.png"
    with qtbot.waitSignal(page.workspace.message, timeout=PATIENCE):
        page.export.save_to(str(file), "png")
    picture = QImage(str(file))
    width, height = page.canvas.drawing.whole_size
    assert (picture.width(), picture.height()) == (int(width * 2), int(height * 2))
    chip = page.canvas.drawing.chip(0)
    x = (page.canvas.drawing.gutter + chip.left() + 12) * 2
    y = (page.canvas.drawing.head + chip.center().y()) * 2
    assert picture.pixelColor(round(x), round(y)).name() == theme.type_colour("OrderCreated", False).name()


def test_mermaid_to_a_file_and_to_the_clipboard(qtbot: QtBot, page: CausalityPage, tmp_path: Path) -> None:
    file = tmp_path / "diagram.mmd"
    with qtbot.waitSignal(page.workspace.message, timeout=PATIENCE):
        page.export.save_to(str(file), "mmd")
    page.export.copy_text()
    assert QGuiApplication.clipboard().text() == file.read_text()
    assert file.read_text().startswith("sequenceDiagram\n")
    QGuiApplication.clipboard().clear()
    with qtbot.waitSignal(page.workspace.message, timeout=PATIENCE):
        page.export.copy_picture()
    assert not QGuiApplication.clipboard().image().isNull()


def test_the_file_is_asked_for_without_blocking(qtbot: QtBot, page: CausalityPage, tmp_path: Path) -> None:
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    menu = page.export.menu()
    next(action for action in menu.actions() if action.text() == "Save as SVG…").trigger()
    dialog = page.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    assert dialog.isVisible()
    file = tmp_path / "named"
    dialog.selectFile(str(file))
    with qtbot.waitSignal(page.workspace.message, timeout=PATIENCE):
        dialog.accept()
    assert file.with_suffix(".svg").exists()


@pytest.mark.parametrize("kind", ["svg", "png", "mmd"])
def test_a_file_that_cannot_be_written(qtbot: QtBot, page: CausalityPage, tmp_path: Path, kind: str) -> None:
    page.export.save_to(str(tmp_path / "nowhere" / "x"), kind)
    qtbot.waitUntil(page.banner.isVisible, timeout=PATIENCE)
    assert "could not be written" in page.banner.sentence.text()


# -- in the window -----------------------------------------------------------------------------------------------------


def shown_page(window: Window) -> CausalityPage:
    page = window.tabs.currentWidget()
    assert isinstance(page, CausalityPage)
    return page


def test_from_the_stream_the_list_and_the_feed(qtbot: QtBot, make_window: Make, url: str) -> None:
    window = make_window(url)
    tab = window.tabs.show_stream("Order", "o-1", 2)
    qtbot.waitUntil(lambda: tab.version == 2, timeout=PATIENCE)
    tab.table.setFocus()
    QTest.keyClick(tab.table, Qt.Key.Key_C)
    page = shown_page(window)
    qtbot.waitUntil(lambda: page.canvas.isVisible() and at(page) == "OrderApproved", timeout=PATIENCE)
    assert page.canvas.hasFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Return)
    current = window.tabs.currentWidget()
    assert isinstance(current, StreamTab)

    for place, table in ((0, window.tabs.all_events.table), (None, window.feed.table)):
        if place is not None:
            window.tabs.setCurrentIndex(place)
        model = table.model_
        qtbot.waitUntil(lambda model=model: len(model.rows) == 5, timeout=PATIENCE)  # type: ignore[misc]
        row = next(number for number, one in enumerate(model.rows) if one.event_id == "e2")
        table.setFocus()
        table.selectRow(row)
        QTest.keyClick(table, Qt.Key.Key_C)
        page = shown_page(window)
        qtbot.waitUntil(lambda page=page: at(page) == "CustomerCreditReserved", timeout=PATIENCE)  # type: ignore[misc]
        menu = table.menu_of(model.rows[row], "")
        assert "Causes and effects" in [action.text() for action in menu.actions()]
        menu.deleteLater()
    assert len([one for one in range(window.tabs.count()) if window.tabs.tabText(one) == "Causes and effects"]) == 1
    press(page, Qt.Key.Key_Left, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: page.head.heading.text() == "OrderCreated · Order o-1 v 1", timeout=PATIENCE)


def test_closing_the_store_while_it_looks(qtbot: QtBot, make_window: Make, url: str) -> None:
    window = make_window(url)
    window.workspace.causes_wanted.emit("Order", "o-1", 1)
    window.close_store()
    qtbot.waitUntil(window.first_page.isVisible, timeout=PATIENCE)


def test_it_comes_back_with_the_window(qtbot: QtBot, make_window: Make, url: str) -> None:
    window = make_window(url)
    window.workspace.causes_wanted.emit("Order", "o-1", 2)
    state = json.loads(json.dumps(window.tabs.state()))
    window.tabs.close_tab(window.tabs.currentIndex())
    window.tabs.restore(state)
    page = shown_page(window)
    qtbot.waitUntil(lambda: page.canvas.isVisible() and at(page) == "OrderApproved", timeout=PATIENCE)
