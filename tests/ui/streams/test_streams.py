"""The streams panel: tree, filter, changed last, live; by keys and mouse, in a window as it is used."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QTreeView
from pytestqt.qtbot import QtBot

from explorer.model import Page, StreamInfo
from explorer.ui.streams import streams_model
from explorer.ui.streams.stream_list import StreamListModel
from explorer.ui.streams.streams_model import DETAIL_ROLE, FRESH_ROLE, GROWN, StreamRow, StreamsModel
from explorer.ui.streams.streams_panel import StreamsPanel
from explorer.ui.workspace import Workspace
from tests.ui.conftest import PATIENCE, opened
from tests.ui.sample import CUSTOMERS, ORDERS, append, new


def lines(view: QTreeView) -> list[str]:
    """What stands in the view, indented."""
    model = view.model()

    def below(parent: QModelIndex, depth: int) -> list[str]:
        found = []
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            found.append("  " * depth + f"{index.data()} {index.data(DETAIL_ROLE) or ''}".rstrip())
            found += below(index, depth + 1)
        return found

    return below(QModelIndex(), 0)


@pytest.fixture
def panel(qtbot: QtBot, shop_workspace: Workspace) -> StreamsPanel:
    panel = StreamsPanel(shop_workspace)
    QAbstractItemModelTester(panel.tree_model, QAbstractItemModelTester.FailureReportingMode.Fatal, panel)
    QAbstractItemModelTester(panel.list_model, QAbstractItemModelTester.FailureReportingMode.Fatal, panel)
    qtbot.addWidget(panel)
    panel.resize(260, 600)
    panel.show()
    qtbot.waitExposed(panel)
    panel.activateWindow()
    qtbot.waitUntil(lambda: f"Order {ORDERS}" in lines(panel.tree), timeout=PATIENCE)
    qtbot.waitUntil(lambda: f"Customer {CUSTOMERS}" in lines(panel.tree), timeout=PATIENCE)
    panel.tree.expandAll()
    return panel


def test_categories_and_their_streams(panel: StreamsPanel) -> None:
    shown = lines(panel.tree)
    assert shown[0] == f"Customer {CUSTOMERS}"
    assert shown[1] == "  c-0 v1"
    assert shown[CUSTOMERS + 1] == f"Order {ORDERS}"
    assert shown[-1] == "  o-029 v2"


@pytest.mark.parametrize(("height", "opened"), [(1600, True), (400, False)])
def test_categories_are_open_when_all_their_streams_fit(
    qtbot: QtBot, shop_workspace: Workspace, height: int, opened: bool
) -> None:
    panel = StreamsPanel(shop_workspace)
    qtbot.addWidget(panel)
    panel.resize(260, height)
    panel.show()
    qtbot.waitUntil(lambda: {f"Customer {CUSTOMERS}", f"Order {ORDERS}"} <= set(lines(panel.tree)), timeout=PATIENCE)
    assert {panel.tree.isExpanded(panel.tree_model.index(row, 0)) for row in (0, 1)} == {opened}


def test_typing_filters_and_escape_clears(qtbot: QtBot, panel: StreamsPanel) -> None:
    panel.focus_filter()
    QTest.keyClicks(panel.filter, "O-01")
    qtbot.waitUntil(lambda: panel.list.isVisible() and len(lines(panel.list)) == 10, timeout=PATIENCE)
    assert lines(panel.list)[0] == "o-010 v2"
    QTest.keyClick(panel.filter, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: panel.tree.isVisible(), timeout=PATIENCE)


def test_nothing_found_says_why_and_offers_the_way_back(qtbot: QtBot, panel: StreamsPanel) -> None:
    QTest.keyClicks(panel.filter, "no such")
    qtbot.waitUntil(lambda: panel.empty.isVisible(), timeout=PATIENCE)
    assert "no such" in panel.empty.hint.text()
    QTest.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.tree.isVisible(), timeout=PATIENCE)
    assert panel.filter.text() == ""


def test_down_goes_from_the_filter_into_the_list_and_enter_opens(qtbot: QtBot, panel: StreamsPanel) -> None:
    panel.focus_filter()
    QTest.keyClicks(panel.filter, "o-007")
    qtbot.waitUntil(lambda: lines(panel.list) == ["o-007 v2"], timeout=PATIENCE)
    QTest.keyClick(panel.filter, Qt.Key.Key_Down)
    assert panel.list.hasFocus()
    with qtbot.waitSignal(panel.workspace.stream_wanted) as heard:
        QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert heard.args == ["Order", "o-007", None]


def test_a_double_click_opens(qtbot: QtBot, panel: StreamsPanel) -> None:
    index = panel.tree_model.index_of_stream("Customer", "c-1")
    at = panel.tree.visualRect(index).center()
    with qtbot.waitSignal(panel.workspace.stream_wanted) as heard:
        QTest.mouseClick(panel.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)
        QTest.mouseDClick(panel.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert heard.args == ["Customer", "c-1", None]


def test_enter_on_a_category_folds_it(panel: StreamsPanel) -> None:
    category = panel.tree_model.category("Customer")
    assert category is not None
    index = panel.tree_model.index_of(category)
    panel.tree.setCurrentIndex(index)
    panel.tree.setFocus()
    QTest.keyClick(panel.tree, Qt.Key.Key_Return)
    assert not panel.tree.isExpanded(index)
    QTest.keyClick(panel.tree, Qt.Key.Key_Return)
    assert panel.tree.isExpanded(index)


def test_changed_last_first(qtbot: QtBot, panel: StreamsPanel, shop: str) -> None:
    QTest.mouseClick(panel.by_change, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.list.isVisible() and bool(lines(panel.list)), timeout=PATIENCE)
    assert lines(panel.list)[0] == "o-029 v2"
    append(shop, "Order", "o-003", 2, new("OrderCancelled", {"customerId": "c-0", "reason": "x"}))
    qtbot.waitUntil(lambda: lines(panel.list)[0] == "o-003 v3", timeout=PATIENCE)
    assert lines(panel.list)[1] == "o-029 v2"


def test_with_a_selection_the_list_stays_and_a_chip_tells(qtbot: QtBot, panel: StreamsPanel, shop: str) -> None:
    QTest.mouseClick(panel.by_change, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.list.isVisible() and bool(lines(panel.list)), timeout=PATIENCE)
    panel.list.setCurrentIndex(panel.list_model.index(2))
    append(shop, "Order", "o-029", 2, new("OrderCancelled", {"customerId": "c-0", "reason": "x"}))
    append(shop, "Order", "o-003", 2, new("OrderCancelled", {"customerId": "c-0", "reason": "x"}))
    qtbot.waitUntil(lambda: panel.chip.count >= 2, timeout=PATIENCE)
    assert lines(panel.list)[0] == "o-029 v3"  # changed where it stands
    QTest.mouseClick(panel.chip, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: lines(panel.list)[0] == "o-003 v3", timeout=PATIENCE)
    assert not panel.chip.isVisible()


def test_live_changes_in_place_without_moving(qtbot: QtBot, panel: StreamsPanel, shop: str) -> None:
    bar = panel.tree.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    top = panel.tree.indexAt(QPoint(20, 1)).data()
    append(shop, "Order", "o-005", 2, new("OrderCancelled", {"customerId": "c-0", "reason": "x"}))
    append(shop, "Customer", "c-9", 0, new("CustomerCreated", {"name": "Zoë", "creditLimit": {"amount": 1}}))
    append(shop, "Wish", "w-1", 0, new("Wished", {}))
    qtbot.waitUntil(lambda: "Wish 1" in lines(panel.tree), timeout=PATIENCE)
    assert "  o-005 v3" in lines(panel.tree)
    assert "  c-9 v1" in lines(panel.tree)
    assert panel.tree.indexAt(QPoint(20, 1)).data() == top
    index = panel.tree_model.index_of_stream("Order", "o-005")
    qtbot.waitUntil(lambda: not index.data(FRESH_ROLE), timeout=PATIENCE)


def test_an_empty_store_says_why(qtbot: QtBot, workspace: Workspace, tmp_path: object) -> None:
    panel = StreamsPanel(workspace)
    qtbot.addWidget(panel)
    panel.show()
    opened(qtbot, workspace, f"{tmp_path}/new.sqlite", writable=True, create=True)
    qtbot.waitUntil(lambda: panel.empty.isVisible(), timeout=PATIENCE)
    assert "No streams yet" in panel.empty.sentence.text()
    append(f"{tmp_path}/new.sqlite", "Wish", "w-1", 0, new("Wished", {}))
    qtbot.waitUntil(lambda: lines(panel.tree) == ["Wish 1", "  w-1 v1"], timeout=PATIENCE)


def test_hostile_names_are_shown_as_they_are(qtbot: QtBot, workspace: Workspace, tmp_path: object) -> None:
    path = f"{tmp_path}/evil.sqlite"
    names = ["a/b", "<img src=x>", "line\nbreak", "q'uo\"te", "\u202ertl", "🎉", "x" * 5000]
    for name in names:
        append(path, "Evil & co", name, 0, new("Happened", {}))
    panel = StreamsPanel(workspace)
    qtbot.addWidget(panel)
    panel.show()
    opened(qtbot, workspace, path)
    qtbot.waitUntil(lambda: len(lines(panel.tree)) == len(names) + 1, timeout=PATIENCE)
    shown = lines(panel.tree)
    assert "  <img src=x> v1" in shown
    assert "  line⏎break v1" in shown
    assert "  ⟨202E⟩rtl v1" in shown
    index = panel.tree_model.index_of_stream("Evil & co", "<img src=x>")
    assert "&lt;img" in index.data(Qt.ItemDataRole.ToolTipRole)
    panel.grab()


def test_new_streams_of_a_long_category_come_when_its_end_is_seen(
    qtbot: QtBot, panel: StreamsPanel, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams_model, "GROWN", ORDERS)
    asked: list[str] = []
    fetch = panel.tree_model._fetch

    def heard(name: str, after: object) -> None:
        asked.append(name)
        fetch(name, after)

    monkeypatch.setattr(panel.tree_model, "_fetch", heard)
    for number in range(3):
        append(shop, "Order", f"p-{number}", 0, new("OrderCreated", {"customerId": "c-0"}))
        append(shop, "Customer", f"d-{number}", 0, new("CustomerCreated", {"name": "Zoë"}))
    qtbot.waitUntil(lambda: f"Customer {CUSTOMERS + 3}" in lines(panel.tree), timeout=PATIENCE)
    qtbot.waitUntil(lambda: f"Order {ORDERS}+" in lines(panel.tree), timeout=PATIENCE)
    panel.tree.grab()
    assert asked == []
    panel.tree.scrollToBottom()
    qtbot.waitUntil(lambda: f"Order {ORDERS + 3}" in lines(panel.tree), timeout=PATIENCE)
    assert asked == ["Order"]


# -- the models alone ------------------------------------------------------------------------------------------------


def info(id: str, version: int = 1) -> StreamInfo:
    return StreamInfo("A", id, version)


@pytest.mark.usefixtures("qapp")
def test_pages_of_a_category_are_fetched_when_wanted() -> None:
    asked: list[object] = []
    model = StreamsModel(lambda name, after: asked.append((name, after)))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.reset(["A", "B"])
    parent = model.index(0, 0)
    assert model.hasChildren(parent)
    asked.clear()  # the tester fetches too
    model.failed("A")
    model.fetchMore(parent)
    model.fetchMore(parent)
    assert asked == [("A", None)]
    model.fetched("A", Page((info("1"), info("2")), next="cursor"))
    assert parent.data(DETAIL_ROLE) == "2+"
    model.arrived([StreamRow("A", "9", 1)])
    assert model.rowCount(parent) == 2  # it will come with its page
    model.fetched("A", Page((info("2"), info("9"))))
    assert [row.id for row in model.categories[0].rows] == ["1", "2", "9"]
    assert parent.data(DETAIL_ROLE) == "3"
    assert model.arrived([StreamRow("A", "0", 1), StreamRow("C", "1", 1)]) == ["C"]
    assert [row.id for row in model.categories[0].rows] == ["1", "2", "9", "0"]
    model.settle()


@pytest.mark.usefixtures("qapp")
def test_a_long_category_does_not_grow_by_itself_but_when_somebody_comes_to_its_end() -> None:
    asked: list[tuple[str, object]] = []
    model = StreamsModel(lambda name, after: asked.append((name, after)))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.reset(["Order"])
    order = model.index(0, 0)
    model.fetchMore(order)
    first = [info(f"o-{number:04}") for number in range(GROWN - 1)]
    model.fetched("Order", Page(tuple(first), "next"))
    model.fetchMore(order)
    model.fetched("Order", Page((), None))
    model.arrived([StreamRow("Order", "p-1", 1)])
    assert model.rowCount(order) == GROWN
    model.arrived([StreamRow("Order", "p-2", 1), StreamRow("Order", "p-1", 2)])
    assert model.rowCount(order) == GROWN
    assert order.data(DETAIL_ROLE) == f"{GROWN}+"
    assert not model.canFetchMore(order)
    model.fetch_grown(model.index(0, 0, order))
    assert asked[2:] == []
    model.fetch_grown(model.index(GROWN - 1, 0, order))
    assert asked == [("Order", None), ("Order", "next"), ("Order", "next")]
    model.fetched("Order", Page((info("p-1", 2), info("p-2")), None))
    assert model.rowCount(order) == GROWN + 1
    assert not model.canFetchMore(order)


@pytest.mark.usefixtures("qapp")
def test_the_list_keeps_the_newest_at_the_top_and_ends() -> None:
    model = StreamListModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.reset(Page((info("1"), info("2"), info("3"))))
    model.to_top([StreamRow("A", "3", 5), StreamRow("A", "4", 1)], limit=3)
    assert [(row.id, row.version) for row in model.rows] == [("3", 5), ("4", 1), ("1", 1)]
    model.arrived([StreamRow("A", "1", 4), StreamRow("A", "4", 1)])
    assert [(row.id, row.version) for row in model.rows] == [("3", 5), ("4", 1), ("1", 4)]
    model.settle()
