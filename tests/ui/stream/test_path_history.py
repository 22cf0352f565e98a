"""Who wrote a value, by mouse and keys: the gutter, the history of a path, going from change to change."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from explorer.model import StreamKey
from explorer.ui.parts.tree_nodes import Column
from explorer.ui.parts.value_cells import heat
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.workspace import Workspace
from tests.ui.conftest import opened
from tests.ui.sample import money, new
from tests.ui.shown_streams import STORY, WAIT, settle, show, store, story


@pytest.fixture
def told(shop: str) -> str:
    store(shop, STORY, story())
    return shop


@pytest.fixture
def tab(qtbot: QtBot, workspace: Workspace, told: str) -> StreamTab:
    """The story, at its last event."""
    return show(qtbot, opened(qtbot, workspace, told), STORY)


def index_of(tab: StreamTab, path: str) -> QModelIndex:
    return next(
        tab.state.model.index_of(node)
        for node in tab.state.model.walk()
        if node.row is not None and node.row.path == path
    )


def select(qtbot: QtBot, tab: StreamTab, path: str) -> None:
    tab.activateWindow()
    tab.state.tree.setCurrentIndex(index_of(tab, path))
    tab.state.tree.setFocus()
    qtbot.waitUntil(tab.state.tree.hasFocus)


def history(qtbot: QtBot, tab: StreamTab, count: int) -> list[tuple[str, ...]]:
    pane = tab.state.history
    qtbot.waitUntil(lambda: pane.isVisible() and len(pane.model.rows) == count, timeout=WAIT)
    return [tuple(pane.model.index(row, column).data() for column in (0, 2, 3)) for row in range(count)]


def test_the_gutter_says_who_wrote_each_line_last(qtbot: QtBot, tab: StreamTab) -> None:
    def written() -> dict[str, int]:
        rows = (node.row for node in tab.state.model.walk())
        return {row.path: row.written for row in rows if row is not None}

    assert written()["/status"] == 5
    assert written()["/lines"] == 3
    assert written()["/customerId"] == 1
    tab.go_to_version(2)
    settle(qtbot, tab)
    assert (written()["/status"], written()["/lines"]) == (2, 1)
    assert "last written by v 2" in index_of(tab, "/status").data(Qt.ItemDataRole.ToolTipRole)
    strengths = [heat(age) for age in (0, 1, 2, 10, 1000)]
    assert strengths == sorted(strengths, reverse=True)


def test_b_tells_of_all_that_wrote_the_selected_value(qtbot: QtBot, tab: StreamTab) -> None:
    select(qtbot, tab, "/status")
    QTest.keyClick(tab.state.tree, Qt.Key.Key_B)
    rows = history(qtbot, tab, 5)
    assert rows[0] == ("▸ 5", "OrderShipped", '"APPROVED" → "SHIPPED"')
    assert [row[0] for row in rows] == ["▸ 5", "4", "3", "2", "1"]
    pane = tab.state.history
    QAbstractItemModelTester(pane.model, QAbstractItemModelTester.FailureReportingMode.Fatal, pane)
    assert pane.head.heading.text() == "Who wrote /status"
    assert pane.head.note.text() == "5 times, last by v 5"
    # A row is a way to its event.
    QTest.mouseClick(
        pane.table.viewport(), Qt.MouseButton.LeftButton, pos=pane.table.visualRect(pane.model.index(3, 2)).center()
    )
    assert tab.version == 2
    assert history(qtbot, tab, 5)[3][0] == "▸ 2"
    pane.table.setFocus()
    QTest.keyClick(pane.table, Qt.Key.Key_Escape)
    assert not pane.isVisible()


def test_an_element_of_a_list_is_followed_by_its_key(qtbot: QtBot, tab: StreamTab) -> None:
    tab.go_to_version(3)
    settle(qtbot, tab)
    index = index_of(tab, "/lines/0/quantity")
    place = tab.state.tree.visualRect(index.siblingAtColumn(Column.MARK))
    QTest.mouseClick(
        tab.state.tree.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.left() + 4, place.center().y())
    )
    rows = history(qtbot, tab, 2)
    assert tab.state.history.head.heading.text() == "Who wrote /lines/[sku=TEA]/quantity"
    assert [row[0] for row in rows] == ["▸ 3", "1"]


def test_from_change_to_change(qtbot: QtBot, tab: StreamTab) -> None:
    select(qtbot, tab, "/lines")
    tab.workspace.actions.trigger("previous_change")
    qtbot.waitUntil(lambda: tab.version == 3, timeout=WAIT)
    settle(qtbot, tab)
    tab.workspace.actions.trigger("previous_change")
    qtbot.waitUntil(lambda: tab.version == 1, timeout=WAIT)
    settle(qtbot, tab)
    with qtbot.waitSignal(tab.workspace.message, timeout=WAIT):
        tab.workspace.actions.trigger("previous_change")
    tab.workspace.actions.trigger("next_change")
    qtbot.waitUntil(lambda: tab.version == 3, timeout=WAIT)


def test_a_row_that_becomes_another_one_is_gone_after(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    """A customer's reservations: empty at first, then an object that can be opened."""
    key = StreamKey("Customer", "c-9")
    reserved = {"orderId": "o", "orderTotal": money("1.00"), "revision": 1}
    store(shop, key, [new("CustomerCreated", {"name": "A", "creditLimit": money("5.00")}),
                      new("CustomerCreditReserved", reserved)])  # fmt: skip
    tab = show(qtbot, opened(qtbot, workspace, shop), key)
    select(qtbot, tab, "/reservations")
    tab.workspace.actions.trigger("previous_change")
    qtbot.waitUntil(lambda: tab.version == 1, timeout=WAIT)
    settle(qtbot, tab)
    tab.workspace.actions.trigger("next_change")
    qtbot.waitUntil(lambda: tab.version == 2, timeout=WAIT)
    settle(qtbot, tab)
    assert tab.state.model.node_at(tab.state.tree.currentIndex()).path == "/reservations"


def test_it_grows_with_what_arrives(qtbot: QtBot, workspace: Workspace, told: str) -> None:
    tab = show(qtbot, opened(qtbot, workspace, told), STORY)
    select(qtbot, tab, "/status")
    QTest.keyClick(tab.state.tree, Qt.Key.Key_B)
    history(qtbot, tab, 5)
    store(told, StreamKey(STORY.category, STORY.id), [new("OrderCancelled", {"customerId": "c"})], expected=5)
    tab.replaying.start()  # as the window does when the polling thread tells of events of this stream
    rows = history(qtbot, tab, 6)
    assert rows[0][1] == "OrderCancelled"
