"""The truth ribbon and the keys of watches in a stream tab, on a real store with a real engine."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from explorer.engine.asks_watches import CourseTold
from explorer.model import Json, StreamKey
from explorer.ui.parts.tree_nodes import Role
from explorer.ui.stream.bands import HEIGHT, stretches
from explorer.ui.stream.event_model import Column
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.stream.watching import keyed_path
from explorer.ui.workspace import Workspace
from explorer.watching import Watch
from tests.ui.conftest import opened
from tests.ui.sample import new
from tests.ui.shown_streams import LONG, STORY, WAIT, readings, settle, show, store, story

DECLARED = ["the total is the sum of the lines", "only what is approved is shipped"]


@pytest.fixture
def tab(qtbot: QtBot, workspace: Workspace, shop: str) -> StreamTab:
    """The story, at its last event, with its bands."""
    store(shop, STORY, story())
    with qtbot.waitSignal(workspace.engine_ready, timeout=WAIT):
        opened(qtbot, workspace, shop)
    tab = show(qtbot, workspace, STORY)
    qtbot.waitUntil(lambda: titles(tab) == DECLARED, timeout=WAIT)
    return tab


def titles(tab: StreamTab) -> list[str]:
    return [title for title, _ in tab.bands.rows]


def add(qtbot: QtBot, tab: StreamTab, *watches: Watch) -> None:
    for watch in watches:
        tab.workspace.watches.add(watch)
    wanted = [watch.title for watch in watches]
    qtbot.waitUntil(lambda: titles(tab)[2:] == wanted, timeout=WAIT)


def flip(qtbot: QtBot, tab: StreamTab, version: int, *, back: bool = False) -> None:
    tab.workspace.actions.trigger("previous_flip" if back else "next_flip")
    qtbot.waitUntil(lambda: tab.version == version, timeout=WAIT)


def test_bands_show_every_interval(qtbot: QtBot, tab: StreamTab) -> None:
    assert tab.bands.isVisible()
    assert [course.kinds for _, course in tab.bands.rows] == ["t", "t"]
    revised = Watch("Order", 'event.type != "OrderRevised"', "never revised", invariant=True)
    add(qtbot, tab, revised, Watch("Order", "state.approved.revision == 1"))
    told = dict(tab.bands.rows)
    assert (told["never revised"].starts, told["never revised"].kinds) == ((0, 2, 3), "tft")
    assert told["never revised"].broken
    assert told["state.approved.revision == 1"].kinds == "xtf"
    assert "never revised: Broken at v3 by OrderRevised, healed at v4." in tab.bands.accessibleDescription()
    where = QPointF(tab.ribbon.x_of(2), 2.5 * HEIGHT)
    assert tab.bands.words_at(where) == (
        "never revised\nfalse from v 3 to v 3\nBroken at v3 by OrderRevised, healed at v4."
    )
    picture = tab.bands.grab().toImage()
    broken, whole = (picture.pixelColor(round(tab.ribbon.x_of(at)), round(2.5 * HEIGHT)) for at in (2, 0))
    assert broken != whole  # a full block there, a thin line here


def test_f8_goes_from_flip_to_flip(qtbot: QtBot, tab: StreamTab) -> None:
    add(qtbot, tab, Watch("Order", 'event.type != "OrderRevised"', "never revised", invariant=True))
    tab.go_to(0)
    flip(qtbot, tab, 3)
    flip(qtbot, tab, 4)
    with qtbot.waitSignal(tab.workspace.message, timeout=WAIT) as said:
        tab.workspace.actions.trigger("next_flip")
    assert said.args == ["No watch flips after v4."]
    flip(qtbot, tab, 3, back=True)
    with qtbot.waitSignal(tab.workspace.message, timeout=WAIT) as said:
        tab.workspace.actions.trigger("previous_flip")
    assert said.args == ["No watch flips before v3."]


def test_a_click_on_a_band_goes_there(qtbot: QtBot, tab: StreamTab) -> None:
    QTest.mouseClick(tab.bands, Qt.MouseButton.LeftButton, pos=QPoint(round(tab.ribbon.x_of(1)), 5))
    assert tab.version == 2


def test_w_watches_the_selected_value_by_its_key(qtbot: QtBot, tab: StreamTab) -> None:
    model = tab.state.model
    for key in ("lines", "sku=SPOON"):
        node = next(node for node in model.walk() if node.row is not None and node.row.key == key)
        tab.state.tree.expand(model.index_of(node))
        qtbot.waitUntil(lambda: not model.loading, timeout=WAIT)
    quantity = next(n for n in model.walk() if n.row is not None and n.row.path == "/lines/1/quantity")
    assert keyed_path(quantity) == "/lines/sku=SPOON/quantity"
    tab.state.tree.setCurrentIndex(model.index_of(quantity))
    assert tab.state.tree.currentIndex().data(Role.ROW) == quantity.row
    tab.state.tree.setFocus()
    QTest.keyClick(tab.state.tree, Qt.Key.Key_W)
    assert [one.watch for one in tab.workspace.watches.of("Order") if one.own] == [
        Watch("Order", "/lines/sku=SPOON/quantity")
    ]


def test_bands_grow_with_what_arrives(qtbot: QtBot, tab: StreamTab, shop: str) -> None:
    wrong: Json = {"customerId": "c-0", "tracking": "DHL 2"}
    store(shop, STORY, [new("OrderShipped", wrong)], 5)
    qtbot.waitUntil(lambda: dict(tab.bands.rows)[DECLARED[1]].kinds == "tf", timeout=WAIT)
    assert dict(tab.bands.rows)[DECLARED[1]].count == 6


def test_nothing_watched_is_nothing_shown(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    store(shop, LONG, readings(0, 20))
    tab = show(qtbot, opened(qtbot, workspace, shop), LONG)
    assert not tab.bands.isVisible()
    with qtbot.waitSignal(workspace.message) as said:
        tab.workspace.actions.trigger("next_flip")
    assert said.args == ["Nothing of Meter is watched yet."]
    workspace.watches.add(Watch("Meter", "state.value < 1"))
    qtbot.waitUntil(lambda: [course.kinds for _, course in tab.bands.rows] == ["tf"], timeout=WAIT)
    workspace.watches.add(Watch("Meter", "/value"))
    settle(qtbot, tab)
    workspace.watches.remove(Watch("Meter", "state.value < 1"))
    qtbot.waitUntil(lambda: not tab.bands.isVisible(), timeout=WAIT)


def test_columns_stand_for_very_many_intervals() -> None:
    course = CourseTold(0, count=3000, kinds="tmf", intervals=2500)
    assert [(one.first, one.end, one.kind) for one in stretches(course)] == [
        (0, 1000, "t"), (1000, 2000, "m"), (2000, 3000, "f"),
    ]  # fmt: skip


def test_a_tab_that_nobody_sees_asks_when_it_is_seen(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    store(shop, STORY, story())
    tab = show(qtbot, opened(qtbot, workspace, shop), STORY)
    qtbot.waitUntil(lambda: titles(tab) == DECLARED, timeout=WAIT)
    tab.hide()
    workspace.watches.add(Watch(StreamKey("Order", "").category, "true"))
    qtbot.wait(50)
    assert titles(tab) == DECLARED
    tab.show()
    qtbot.waitUntil(lambda: titles(tab) == [*DECLARED, "true"], timeout=WAIT)


def column(tab: StreamTab) -> list[str]:
    """What the column of the watch shows."""
    model = tab.events
    if model.columnCount() <= Column.WATCH:
        return []
    return [str(model.index(row, Column.WATCH).data()) for row in range(model.rowCount())]


def test_a_watch_is_a_column_beside_the_events(qtbot: QtBot, tab: StreamTab, shop: str) -> None:
    QAbstractItemModelTester(tab.events, QAbstractItemModelTester.FailureReportingMode.Fatal, tab)
    watches = tab.workspace.watches
    total = Watch("Order", "/orderTotal/amount")
    watches.add(total)
    watches.show_as_column(next(one for one in watches.of("Order") if one.watch == total))
    qtbot.waitUntil(lambda: column(tab) == ["21.00", "21.00", "26.50", "26.50", "26.50"], timeout=WAIT)
    assert tab.events.headerData(Column.WATCH, Qt.Orientation.Horizontal) == "/orderTotal/amount"
    store(shop, STORY, [new("OrderCancelled", {"customerId": "c-0", "reason": "late"})], 5)
    qtbot.waitUntil(lambda: column(tab)[5:] == ["26.50"], timeout=WAIT)
    shipped = next(one for one in watches.of("Order") if one.watch.title == DECLARED[1])
    watches.show_as_column(shipped)
    qtbot.waitUntil(lambda: column(tab) == ["true"] * 6, timeout=WAIT)
    assert watches.column == shipped
    odd = Watch("Order", "state.approved.revision == 1")
    watches.add(odd)
    watches.show_as_column(next(one for one in watches.of("Order") if one.watch == odd))
    qtbot.waitUntil(lambda: column(tab) == ["⚠", "true", "true", "false", "false", "false"], timeout=WAIT)
    tab.grab()
    watches.remove(odd)
    assert column(tab) == []
