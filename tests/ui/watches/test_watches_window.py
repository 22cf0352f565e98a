"""From a suspicion to the event that broke it, in the window, by mouse and keys: no stream is known beforehand."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.watches.watches_dock import WatchesDock
from tests.ui.conftest import Make
from tests.ui.opened import WAIT, click, type_into
from tests.ui.sample import append, new


def test_the_event_that_broke_an_invariant_is_found(qtbot: QtBot, make_window: Make, shop: str) -> None:
    shipped = new("OrderShipped", {"customerId": "c-1", "tracking": "x"})
    revised = new("OrderRevised", {"customerId": "c-1", "lines": [], "orderTotal": {"amount": 1}, "revision": 2})
    append(shop, "Order", "o-017", 2, revised, shipped, new("OrderCancelled", {"customerId": "c-1", "reason": ""}))
    window = make_window(shop)
    qtbot.waitUntil(lambda: bool(window.workspace.aggregates), timeout=WAIT)
    window.tabs.show_stream("Order", "o-000")
    window.arrangement.raise_panel("watches")
    dock = window.arrangement.panel("watches")
    assert isinstance(dock, WatchesDock)
    qtbot.waitUntil(lambda: len(dock.model.rows) == 2 and dock.model.rows[1].told is not None, timeout=WAIT)
    dock.table.selectRow(1)
    click(dock.check_button)
    qtbot.waitUntil(lambda: not dock.search.running, timeout=WAIT)
    assert [(row.id, row.first, row.sentence) for row in dock.search.model.rows] == [
        ("o-017", 4, "Broken at v4 by OrderShipped, healed at v5.")
    ]
    dock.search.table.setFocus()
    dock.search.table.selectRow(0)
    QTest.keyClick(dock.search.table, Qt.Key.Key_Return)
    tab = window.tabs.currentWidget()
    assert isinstance(tab, StreamTab)
    qtbot.waitUntil(lambda: (tab.id, tab.version) == ("o-017", 4), timeout=WAIT)
    qtbot.waitUntil(lambda: [course.kinds for _, course in tab.bands.rows] == ["t", "tft"], timeout=WAIT)
    QTest.keyClick(tab, Qt.Key.Key_F8)
    qtbot.waitUntil(lambda: tab.version == 5, timeout=WAIT)
    click(dock.add_button)
    type_into(dock.form.source, "state.revision")
    QTest.keyClick(dock.form.source, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [row.now for row in dock.model.rows][2:] == ["2"], timeout=WAIT)
