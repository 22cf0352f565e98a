"""The live feed: arrivals at the bottom, lossless pause, filters over what is kept, never moving what one looks at."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from explorer.ui.events import live_feed
from explorer.ui.events.event_rows import Filter
from explorer.ui.events.live_feed import FIRST, LiveFeedPanel
from explorer.ui.workspace import Arrived, Workspace
from tests.ui.conftest import PATIENCE
from tests.ui.sample import EVENTS, append, new

START = min(FIRST, EVENTS)


def types(panel: LiveFeedPanel) -> list[str]:
    return [row.type for row in panel.model.rows]


@pytest.fixture
def panel(qtbot: QtBot, shop_workspace: Workspace) -> LiveFeedPanel:
    panel = LiveFeedPanel(shop_workspace)
    QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal, panel)
    # Pausing is an action of the window.
    shop_workspace.actions.bind(
        "live", lambda: shop_workspace.pause(shop_workspace.live.state == "live"), shop_workspace
    )
    qtbot.addWidget(panel)
    panel.resize(900, 220)
    panel.show()
    qtbot.waitExposed(panel)
    qtbot.waitUntil(lambda: len(panel.model.rows) == START, timeout=PATIENCE)
    return panel


def test_begins_with_what_was_last_and_goes_on(qtbot: QtBot, panel: LiveFeedPanel, shop: str) -> None:
    assert panel.model.rows[-1].id == "o-029"
    append(shop, "Wish", "1", 0, new("Wished", {}), new("Granted", {}))
    qtbot.waitUntil(lambda: types(panel)[-2:] == ["Wished", "Granted"], timeout=PATIENCE)
    assert panel.table.at_bottom()


def test_scrolled_up_it_stays_and_a_chip_counts(qtbot: QtBot, panel: LiveFeedPanel, shop: str) -> None:
    panel.table.scrollToTop()
    append(shop, "Wish", "1", 0, new("Wished", {}), new("Granted", {}))
    qtbot.waitUntil(lambda: panel.chip.count == 2, timeout=PATIENCE)
    assert panel.table.indexAt(QPoint(5, 5)).row() == 0
    QTest.mouseClick(panel.chip, Qt.MouseButton.LeftButton)
    assert panel.table.at_bottom()
    assert not panel.chip.isVisible()


def test_pause_counts_and_resume_brings_everything(qtbot: QtBot, panel: LiveFeedPanel, shop: str) -> None:
    qtbot.waitUntil(lambda: panel.pause.isEnabled(), timeout=PATIENCE)
    QTest.mouseClick(panel.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.pause.text() == "Resume", timeout=PATIENCE)
    for version in range(4):
        append(shop, "Wish", "1", version, new(f"Wished{version}", {}))
    qtbot.waitUntil(lambda: "4 new" in panel.pause.text(), timeout=PATIENCE)
    assert len(panel.model.rows) == START
    QTest.mouseClick(panel.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: types(panel)[-4:] == [f"Wished{n}" for n in range(4)], timeout=PATIENCE)


def test_the_filter_applies_to_what_came_while_paused(qtbot: QtBot, panel: LiveFeedPanel, shop: str) -> None:
    qtbot.waitUntil(lambda: panel.pause.isEnabled(), timeout=PATIENCE)
    QTest.mouseClick(panel.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.workspace.live.state == "paused", timeout=PATIENCE)
    append(shop, "Wish", "1", 0, new("Wished", {}), new("Noted", {}), new("Wished", {}))
    QTest.keyClicks(panel.filters.type, "Wish*")
    qtbot.waitUntil(lambda: panel.empty.isVisible(), timeout=PATIENCE)
    QTest.mouseClick(panel.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: types(panel) == ["Wished", "Wished"], timeout=PATIENCE)


def test_the_time_since_the_event_before(panel: LiveFeedPanel) -> None:
    panel.workspace.set_time_mode("delta")
    assert panel.model.index(len(panel.model.rows) - 1, 1).data().startswith("+")
    assert panel.model.index(len(panel.model.rows) - 2, 1).data().startswith("+")


def test_filter_and_clear_filter(qtbot: QtBot, panel: LiveFeedPanel) -> None:
    QTest.keyClicks(panel.filters.words, "o-029")
    qtbot.waitUntil(lambda: len(panel.model.rows) == 2, timeout=PATIENCE)
    assert panel.count.text() == f"2 of {START}"
    QTest.keyClicks(panel.filters.words, "zzz")
    qtbot.waitUntil(lambda: panel.empty.isVisible(), timeout=PATIENCE)
    assert "Filtered out" in panel.empty.sentence.text()
    QTest.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(panel.model.rows) == START, timeout=PATIENCE)


def test_clear_empties_the_list_only(qtbot: QtBot, panel: LiveFeedPanel, shop: str) -> None:
    QTest.mouseClick(panel.clear, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.empty.isVisible(), timeout=PATIENCE)
    assert "Waiting" in panel.empty.sentence.text()
    append(shop, "Wish", "1", 0, new("Wished", {}))
    qtbot.waitUntil(lambda: types(panel) == ["Wished"], timeout=PATIENCE)
    assert panel.table.isVisible()


def test_a_row_opens_its_stream(qtbot: QtBot, panel: LiveFeedPanel) -> None:
    panel.table.selectRow(START - 1)
    with qtbot.waitSignal(panel.workspace.stream_wanted) as heard:
        QTest.keyClick(panel.table, Qt.Key.Key_Return)
    assert heard.args == ["Order", "o-029", 2]


def arrivals(first: int, count: int) -> list[Arrived]:
    return [
        Arrived("A", "1", number, number, "Even" if number % 2 == 0 else "Odd", 0, None, 2, b"{}", False)
        for number in range(first, first + count)
    ]


def test_it_is_bounded_and_what_one_looks_at_stays(
    qtbot: QtBot, panel: LiveFeedPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "KEPT", 500)
    monkeypatch.setattr(live_feed, "SLICE", 100)
    panel.forget()
    panel.workspace.arrived.emit(arrivals(0, 600))
    qtbot.waitUntil(lambda: len(panel.model.rows) == 600, timeout=PATIENCE)
    panel.table.scrollTo(panel.model.index(300, 0), panel.table.ScrollHint.PositionAtTop)
    top = panel.model.rows[panel.table.indexAt(QPoint(5, 5)).row()]
    panel.workspace.arrived.emit(arrivals(600, 80))
    assert len(panel.model.rows) <= 600
    assert panel.model.rows[panel.table.indexAt(QPoint(5, 5)).row()] == top
    assert "older ones" in panel.count.text()


def test_filtering_many_goes_in_slices_and_misses_nothing(
    qtbot: QtBot, panel: LiveFeedPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "SLICE", 50)
    panel.forget()
    qtbot.waitUntil(lambda: not panel.model.rows, timeout=PATIENCE)
    panel.workspace.arrived.emit(arrivals(0, 1000))
    panel.filters.set_filter(Filter(type="Even"))
    panel.workspace.arrived.emit(arrivals(1000, 10))  # while it is still looking through the others
    qtbot.waitUntil(lambda: len(panel.model.rows) == 505, timeout=PATIENCE)
    assert [row.version for row in panel.model.rows] == list(range(0, 1010, 2))
