"""Two streams side by side in the window, by keys, on a real store with a real engine."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.ui.compare.compare_page import ENDS, MARKED, PAYLOADS, ROW, ComparePage
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from tests.ui.conftest import Make
from tests.ui.sample import append
from tests.ui.shown_streams import STORY, WAIT, story


@pytest.fixture
def window(make_window: Make, shop: str) -> Window:
    """The story, and an order in which nothing was revised."""
    append(shop, "Order", STORY.id, 0, *story())
    plain = story()
    append(shop, "Order", "plain", 0, plain[0], plain[1], plain[4])
    return make_window(shop)


def stream(qtbot: QtBot, window: Window, category: str, id: str, version: int) -> StreamTab:
    tab = window.tabs.show_stream(category, id, version)
    qtbot.waitUntil(lambda: tab.version == version and tab.timeline.folded >= version, timeout=WAIT)
    tab.table.setFocus()
    return tab


def settled(qtbot: QtBot, window: Window) -> ComparePage:
    page = window.tabs.page("compare")
    assert isinstance(page, ComparePage)
    qtbot.waitUntil(lambda: bool(page.model.rows) and not page.diff.asking, timeout=WAIT)
    return page


def differences(page: ComparePage) -> dict[str, tuple[str, str]]:
    return {row.path: (row.before, row.after) for row in page.diff.model.rows}


def test_a_good_order_beside_a_bad_one(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(stream(qtbot, window, "Order", "story", 4).table, Qt.Key.Key_M)
    QTest.keyClick(stream(qtbot, window, "Order", "plain", 1).table, Qt.Key.Key_D)
    page = settled(qtbot, window)
    assert window.tabs.currentWidget() is page
    assert page.head.heading.text() == "Order story ↔ Order plain"
    assert page.head.note.text() == "2 events only on the left"
    cells = [[page.model.index(row, column).data() for column in range(6)] for row in range(5)]
    assert cells[1] == ["", "2", "OrderApproved", "2", "OrderApproved", ""]
    assert cells[2] == ["−", "3", "OrderRevised", "", "", "only left · differs from here"]
    assert cells[4] == ["", "5", "OrderShipped", "3", "OrderShipped", ""]
    assert page.ways[MARKED].isChecked()
    assert differences(page)["/status"] == ('"APPROVED"', '"PENDING"')
    assert page.diff.model.titles == ("", "Path", "story v4", "plain v1")
    qtbot.waitUntil(page.table.hasFocus, timeout=WAIT)
    QTest.keyClick(page.table, Qt.Key.Key_Up)
    settled(qtbot, window)
    assert page.ways[ROW].isChecked()
    assert not differences(page)
    QTest.mouseClick(page.ways[ENDS], Qt.MouseButton.LeftButton)
    settled(qtbot, window)
    assert differences(page)["/orderTotal/amount"] == ("26.50", "21.00")
    QTest.mouseClick(page.ways[PAYLOADS], Qt.MouseButton.LeftButton)
    settled(qtbot, window)
    assert not differences(page)
    page.swap()
    settled(qtbot, window)
    assert page.head.note.text() == "2 events only on the right"
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    tab = window.tabs.currentWidget()
    assert isinstance(tab, StreamTab)


def test_what_arrives_is_aligned_too(qtbot: QtBot, window: Window, shop: str) -> None:
    QTest.keyClick(stream(qtbot, window, "Order", "story", 4).table, Qt.Key.Key_M)
    QTest.keyClick(stream(qtbot, window, "Order", "plain", 1).table, Qt.Key.Key_D)
    page = settled(qtbot, window)
    append(shop, "Order", "plain", 3, *story()[2:3])
    qtbot.waitUntil(lambda: len(page.model.rows) == 6, timeout=WAIT)
    assert "1 event only on the right" in page.head.note.text()


def test_why_two_streams_are_not_compared(qtbot: QtBot, window: Window) -> None:
    said: list[str] = []
    window.workspace.message.connect(said.append)
    tab = stream(qtbot, window, "Order", "story", 4)
    QTest.keyClick(tab.table, Qt.Key.Key_D)
    assert said[-1] == "Mark a version for compare first (M)."
    QTest.keyClick(tab.table, Qt.Key.Key_M)
    QTest.keyClick(stream(qtbot, window, "Customer", "c-0", 1).table, Qt.Key.Key_D)
    assert said[-1] == "What is marked is of another category: Order."
    assert window.tabs.page("compare") is None
