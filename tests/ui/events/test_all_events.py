"""All events: order, filters, paging, live without moving what one looks at."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.ui.events.all_events import PAGE, AllEventsPanel
from explorer.ui.events.event_rows import KEPT, Filter, cut, preview_text
from explorer.ui.workspace import Arrived, Workspace
from tests.ui.conftest import PATIENCE, opened
from tests.ui.sample import EVENTS, ORDERS, append, new


def shown(panel: AllEventsPanel, column: int = 2) -> list[str]:
    return [str(panel.model.index(row, column).data()) for row in range(panel.model.rowCount())]


@pytest.fixture
def panel(qtbot: QtBot, shop_workspace: Workspace) -> AllEventsPanel:
    panel = AllEventsPanel(shop_workspace)
    QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal, panel)
    qtbot.addWidget(panel)
    panel.resize(900, 500)
    panel.show()
    qtbot.waitExposed(panel)
    panel.activateWindow()
    qtbot.waitUntil(lambda: len(panel.model.rows) == EVENTS, timeout=PATIENCE)
    return panel


def settled(qtbot: QtBot, panel: AllEventsPanel, count: int) -> None:
    qtbot.waitUntil(lambda: len(panel.model.rows) == count and not panel.workspace.occupied, timeout=PATIENCE)


def test_newest_first_and_turned_round(qtbot: QtBot, panel: AllEventsPanel) -> None:
    assert panel.model.rows[0].id == "o-029"
    QTest.mouseClick(panel.order, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.model.rows[0].id == "c-0", timeout=PATIENCE)
    assert panel.order.text() == "Oldest first"


def test_nothing_is_added_to_a_list_that_is_going_to_be_another(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    path = str(tmp_path / "long.sqlite")
    append(path, "Note", "1", 0, *(new("Noted", {"n": number}) for number in range(PAGE * 3)))
    panel = AllEventsPanel(opened(qtbot, workspace, path))
    qtbot.addWidget(panel)
    panel.show()
    panel.reload()
    qtbot.waitUntil(lambda: len(panel.model.rows) == PAGE and panel.model.canFetchMore(QModelIndex()), timeout=PATIENCE)
    panel.set_newest_first(False)
    panel.table.scrollToBottom()  # which would fetch more
    assert not panel.model.canFetchMore(QModelIndex())
    qtbot.waitUntil(lambda: panel.model.rows[0].version == 1, timeout=PATIENCE)
    assert [row.version for row in panel.model.rows] == list(range(1, len(panel.model.rows) + 1))
    qtbot.waitUntil(lambda: panel.model.canFetchMore(QModelIndex()), timeout=PATIENCE)


def test_a_row_says_everything_about_an_event(panel: AllEventsPanel) -> None:
    first = [str(panel.model.index(0, column).data()) for column in range(panel.model.columnCount())]
    assert first[0] == str(EVENTS)
    assert first[2] == "OrderApproved"
    assert first[3] == "Order o-029"
    assert first[4] == "2"
    assert first[5].startswith('{"customerId":"c-2"')
    header = [str(panel.model.headerData(column, Qt.Orientation.Horizontal)) for column in range(6)]
    assert header[1].startswith("Time ")


def test_by_category_type_and_text(qtbot: QtBot, panel: AllEventsPanel) -> None:
    panel.filters.category.setCurrentIndex(panel.filters.category.findData("Customer"))
    panel.filters.category.activated.emit(panel.filters.category.currentIndex())
    settled(qtbot, panel, 3)
    panel.filters.clear()
    settled(qtbot, panel, EVENTS)
    QTest.keyClicks(panel.filters.type, "*Approved")
    settled(qtbot, panel, ORDERS)
    QTest.keyClicks(panel.filters.words, "o-01")
    settled(qtbot, panel, 10)
    assert set(shown(panel)) == {"OrderApproved"}
    assert panel.filters.clear_button.isVisible()
    QTest.mouseClick(panel.filters.clear_button, Qt.MouseButton.LeftButton)
    settled(qtbot, panel, EVENTS)


def test_escape_in_a_field_clears_the_filter(qtbot: QtBot, panel: AllEventsPanel) -> None:
    QTest.keyClicks(panel.filters.words, "o-01")
    settled(qtbot, panel, 20)
    QTest.keyClick(panel.filters.words, Qt.Key.Key_Escape)
    settled(qtbot, panel, EVENTS)


def test_nothing_found_says_why(qtbot: QtBot, panel: AllEventsPanel) -> None:
    QTest.keyClicks(panel.filters.words, "nowhere")
    qtbot.waitUntil(lambda: panel.empty.isVisible(), timeout=PATIENCE)
    assert "nowhere" in panel.empty.hint.text()
    QTest.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    settled(qtbot, panel, EVENTS)


def test_double_click_and_enter_open_the_stream_at_the_version(qtbot: QtBot, panel: AllEventsPanel) -> None:
    at = panel.table.visualRect(panel.model.index(1, 2)).center()
    with qtbot.waitSignal(panel.workspace.stream_wanted) as heard:
        QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
        QTest.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert heard.args == ["Order", "o-029", 1]
    with qtbot.waitSignal(panel.workspace.stream_wanted):
        QTest.keyClick(panel.table, Qt.Key.Key_Return)


def chosen(panel: AllEventsPanel, row: int, title: str) -> None:
    """Take this entry of the menu of a row."""
    menu = panel.table.menu_of(panel.model.rows[row], "the cell")
    next(action for action in menu.actions() if action.text() == title).trigger()
    menu.deleteLater()


def test_what_the_menu_of_an_event_does(qtbot: QtBot, panel: AllEventsPanel, qapp: QApplication) -> None:
    clipboard = qapp.clipboard()
    for title, copied in (
        ("Copy value", "the cell"),
        ("Copy event id", panel.model.rows[1].event_id),
        ("Copy as SQL", "SELECT * FROM events WHERE category = 'Order' AND id = 'o-029' AND version = 1;"),
    ):
        chosen(panel, 1, title)
        assert clipboard.text() == copied
    chosen(panel, 1, "Copy as command line")
    assert clipboard.text().startswith("esx events ")
    chosen(panel, 1, "Copy payload")
    qtbot.waitUntil(lambda: '"orderTotal":{"amount":39.80}' in clipboard.text(), timeout=PATIENCE)
    chosen(panel, 1, "Only this type")
    settled(qtbot, panel, ORDERS)
    panel.filters.clear()
    settled(qtbot, panel, EVENTS)
    chosen(panel, EVENTS - 1, "Only this category")
    settled(qtbot, panel, 3)
    with qtbot.waitSignal(panel.workspace.stream_wanted) as heard:
        chosen(panel, 0, "Open stream at this version")
    assert heard.args == ["Customer", "c-2", 1]


def test_copying_rows(panel: AllEventsPanel, qapp: QApplication) -> None:
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = panel.table.model_.columns
    assert qapp.clipboard().text().count("\t") == len(copied) - 1


def test_at_the_top_new_events_appear(qtbot: QtBot, panel: AllEventsPanel, shop: str) -> None:
    append(shop, "Wish", "1", 0, new("Wished", {}))
    settled(qtbot, panel, EVENTS + 1)
    assert shown(panel)[0] == "Wished"
    assert panel.model.index(0, 0).data(Qt.ItemDataRole.BackgroundRole) is not None
    assert not panel.chip.isVisible()


def test_further_down_nothing_moves_and_a_chip_counts(qtbot: QtBot, panel: AllEventsPanel, shop: str) -> None:
    bar = panel.table.verticalScrollBar()
    bar.setValue(bar.maximum())
    before = panel.table.indexAt(QPoint(5, 5)).row(), bar.value()
    append(shop, "Wish", "1", 0, new("Wished", {}), new("Wished", {}))
    qtbot.waitUntil(lambda: panel.chip.count == 2, timeout=PATIENCE)
    assert (panel.table.indexAt(QPoint(5, 5)).row(), bar.value()) == before
    assert "2 new" in panel.chip.text()
    QTest.mouseClick(panel.chip, Qt.MouseButton.LeftButton)
    settled(qtbot, panel, EVENTS + 2)
    assert panel.table.at_top()
    assert not panel.chip.isVisible()


def test_filters_apply_to_what_arrives(qtbot: QtBot, panel: AllEventsPanel, shop: str) -> None:
    QTest.keyClicks(panel.filters.type, "Wish*")
    qtbot.waitUntil(lambda: panel.empty.isVisible(), timeout=PATIENCE)
    append(shop, "Wish", "1", 0, new("Noted", {}), new("Wished", {}))
    settled(qtbot, panel, 1)
    assert shown(panel) == ["Wished"]
    assert panel.table.isVisible()


def test_a_text_in_the_depth_of_a_long_payload_is_found_live(qtbot: QtBot, panel: AllEventsPanel, shop: str) -> None:
    QTest.keyClicks(panel.filters.words, "o-00")
    settled(qtbot, panel, 20)
    append(shop, "Wish", "1", 0, new("Wished", {"text": "x" * 9000 + " like o-00 deep down"}))
    settled(qtbot, panel, 21)
    assert shown(panel)[0] == "Wished"


def test_oldest_first_follows_only_at_the_end(qtbot: QtBot, panel: AllEventsPanel, shop: str) -> None:
    panel.set_newest_first(False)
    qtbot.waitUntil(lambda: panel.model.rows[0].id == "c-0", timeout=PATIENCE)
    append(shop, "Wish", "1", 0, new("Wished", {}))
    qtbot.waitUntil(lambda: panel.chip.count == 1, timeout=PATIENCE)
    panel.chip.say(0)
    panel.reload()
    settled(qtbot, panel, EVENTS + 1)
    panel.table.scrollToBottom()
    append(shop, "Wish", "1", 1, new("Granted", {}))
    settled(qtbot, panel, EVENTS + 2)
    assert panel.table.at_bottom()
    assert shown(panel)[-1] == "Granted"


def test_pages_come_while_scrolling(qtbot: QtBot, workspace: Workspace, tmp_path: object) -> None:
    path = f"{tmp_path}/long.sqlite"
    append(path, "Note", "1", 0, *(new("Noted", {"n": number}) for number in range(PAGE * 2 + 10)))
    opened(qtbot, workspace, path)
    panel = AllEventsPanel(workspace)
    qtbot.addWidget(panel)
    panel.resize(900, 400)
    panel.show()
    qtbot.waitUntil(lambda: len(panel.model.rows) >= PAGE, timeout=PATIENCE)

    def enough(expected: int) -> bool:
        return len(panel.model.rows) >= expected

    for expected in (PAGE * 2, PAGE * 2 + 10):
        panel.table.scrollToBottom()
        qtbot.waitUntil(partial(enough, expected), timeout=PATIENCE)
    assert [row.version for row in panel.model.rows] == list(range(PAGE * 2 + 10, 0, -1))
    assert not panel.model.has_more


def test_refresh_shows_it_again(qtbot: QtBot, panel: AllEventsPanel) -> None:
    panel.model.drop_first(5)
    panel.workspace.refresh()
    settled(qtbot, panel, EVENTS)


def test_times_change_with_the_mode(panel: AllEventsPanel) -> None:
    panel.workspace.set_time_mode("utc")
    assert panel.model.headerData(1, Qt.Orientation.Horizontal) == "Time UTC"
    panel.workspace.set_time_mode("delta")
    assert panel.model.headerData(1, Qt.Orientation.Horizontal) == "Δ"
    assert panel.model.index(0, 1).data().startswith(("+", "first"))
    panel.workspace.set_time_mode("relative")
    assert panel.model.index(0, 1).data().endswith(("ago", "now"))


# -- rows and filters ------------------------------------------------------------------------------------------------


def row(type: str = "T", id: str = "1", data: bytes = b"{}", size: int = 0) -> Arrived:
    return Arrived("A", id, 1, 1, type, 0, "e", size or len(data), data, False)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Filter(), True),
        (Filter(category="A"), True),
        (Filter(category="B"), False),
        (Filter(category=""), False),
        (Filter(type="Order*"), True),
        (Filter(type="*Cre?ted"), True),
        (Filter(type="order*"), False),
        (Filter(type="[O]rder*"), False),
        (Filter(find="NEEDLE"), True),
        (Filter(find="ordercr"), True),
        (Filter(find="x-77"), True),
        (Filter(find="straw"), False),
    ],
)
def test_what_a_filter_lets_in(wanted: Filter, fits: bool) -> None:
    assert wanted.matches(row("OrderCreated", "X-77", b'{"a": "the Needle"}')) is fits


def test_a_filter_knows_when_it_cannot_know() -> None:
    assert Filter(find="x").knows(row(data=b"abc"))
    assert not Filter(find="x").knows(row(data=b"abc", size=9000))
    assert Filter(find="b").knows(row(data=b"abc", size=9000))
    assert Filter(type="T").knows(row(data=b"abc", size=9000))


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b'{"a":1}', '{"a":1}'),
        ("é".encode() * KEPT, "é" * (KEPT // 2) + "…"),
        (b"x" + "é".encode() * KEPT, "x" + "é" * ((KEPT - 1) // 2) + "…"),
        (b"\x80\x04\x95", "3 B: 80 04 95"),
        (b"", ""),
    ],
)
def test_previews_of_payloads(data: bytes, shown: str) -> None:
    assert preview_text(data[:400], len(data)) == shown


def test_a_long_list_keeps_little_of_each() -> None:
    assert len(cut(row(data=b"x" * 4000)).data_preview) == KEPT
