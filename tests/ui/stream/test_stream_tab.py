"""The stream tab on a real store with a real engine: stepping, comparing, finding, following, failing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.model import StreamKey
from explorer.ui.parts.tree_nodes import Column as TreeColumn
from explorer.ui.stream.event_model import Column
from explorer.ui.stream.payload_view import PayloadSide
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from explorer.ui.workspace import Workspace
from tests.ui.conftest import opened
from tests.ui.opened import WAIT
from tests.ui.sample import new
from tests.ui.shown_streams import LONG, STORY, looping_plugin, readings, settle, show, store, story


@pytest.fixture
def told(shop: str) -> str:
    store(shop, STORY, story())
    return shop


@pytest.fixture
def tab(qtbot: QtBot, workspace: Workspace, told: str) -> StreamTab:
    """The story, at its last event."""
    return show(qtbot, opened(qtbot, workspace, told), STORY)


def state_lines(tab: StreamTab) -> dict[str, tuple[str, str]]:
    """Path → (mark, value) of every line that can be seen."""
    lines = {}
    for node in tab.state.model.walk():
        assert node.row is not None
        lines[f"{node.row.path}{' (gone)' if node.row.mark == '-' else ''}"] = (node.row.mark, node.row.text)
    return lines


def differences(tab: StreamTab) -> list[tuple[str, str, str, str]]:
    model = tab.diff.model
    return [tuple(model.index(row, column).data() for column in range(4)) for row in range(model.rowCount())]


def press(widget: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(widget, key, modifier)


def test_opens_at_the_last_event_with_its_state_and_changes(tab: StreamTab) -> None:
    assert (tab.version, tab.transport.version.text()) == (5, "v 5 of 5")
    assert tab.workspace.current_stream == (STORY.category, STORY.id, 5)
    assert state_lines(tab)["/status"] == ("~", "SHIPPED")
    assert differences(tab)[0][:2] == ("~", "status")
    assert tab.state.head.heading.text() == "State at v 5"
    assert tab.badges["fold"].text() == "Order"
    assert not tab.banner.isVisible()
    assert not tab.step_banner.isVisible()


def test_keys_of_the_timeline(qtbot: QtBot, tab: StreamTab) -> None:
    tab.activateWindow()
    for widget in (tab.table, tab.ribbon):
        widget.setFocus()
        qtbot.waitUntil(widget.hasFocus)
        press(widget, Qt.Key.Key_Home)
        assert tab.version == 1
        press(widget, Qt.Key.Key_Right)
        press(widget, Qt.Key.Key_Right)
        assert tab.version == 3
        press(widget, Qt.Key.Key_Left)
        assert tab.version == 2
        press(widget, Qt.Key.Key_End)
        assert tab.version == 5
        press(widget, Qt.Key.Key_Home)
        settle(qtbot, tab)
        assert state_lines(tab)["/status"][1] == "PENDING"
    press(widget, Qt.Key.Key_Space)
    assert tab.transport.playing
    press(widget, Qt.Key.Key_Space)
    assert not tab.transport.playing


def test_step_three_marks_what_the_revision_changed(qtbot: QtBot, tab: StreamTab) -> None:
    tab.go_to_version(3)
    settle(qtbot, tab)
    lines = state_lines(tab)
    assert lines["/status"] == ("~", "PENDING")
    assert lines["/revision"] == ("~", "2")
    assert lines["/lines/0/quantity"] == ("~", "3")
    assert lines["/lines/1"][0] == "+"
    gone = [path for path, (mark, _value) in lines.items() if mark == "-" and path.count("/") == 2]
    assert len(gone) == 1
    signs = {row[1]: row[0] for row in differences(tab)}
    assert signs["status"] == "~"
    assert signs["lines/sku=TEA/quantity"] == "~"
    assert signs["lines/sku=SPOON"] == "+"
    assert signs["lines/sku=MUG"] == "−"
    mark = tab.state.model.index(0, TreeColumn.MARK)
    assert mark.data(Qt.ItemDataRole.AccessibleTextRole) in ("changed", "")


def test_what_is_open_stays_open_while_stepping(qtbot: QtBot, tab: StreamTab) -> None:
    tree, model = tab.state.tree, tab.state.model
    tab.go_to_version(2)
    settle(qtbot, tab)
    node = next(node for node in model.walk() if node.row is not None and node.row.path == "/lines/0/price")
    tree.setExpanded(model.index_of(node), True)
    qtbot.waitUntil(lambda: "/lines/0/price/amount" in state_lines(tab), timeout=WAIT)
    closed = next(node for node in model.walk() if node.row is not None and node.row.path == "/orderTotal")
    tree.setExpanded(model.index_of(closed), False)
    for version in (3, 1, 4, 2):
        tab.go_to_version(version)
        settle(qtbot, tab)
    qtbot.waitUntil(lambda: "/lines/0/price/amount" in state_lines(tab), timeout=WAIT)
    assert "/orderTotal/amount" not in state_lines(tab)


def test_mouse_on_ribbon_table_and_slider(qtbot: QtBot, tab: StreamTab) -> None:
    where = QPoint(round(tab.ribbon.x_of(1)), 30)
    QTest.mouseClick(tab.ribbon, Qt.MouseButton.LeftButton, pos=where)
    assert tab.version == 2
    cell = tab.table.visualRect(tab.events.index(3, Column.TYPE)).center()
    QTest.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert tab.version == 4
    QTest.mousePress(tab.ribbon, Qt.MouseButton.LeftButton, pos=QPoint(round(tab.ribbon.x_of(0)), 30))
    QTest.mouseMove(tab.ribbon, QPoint(round(tab.ribbon.x_of(2)), 30))
    QTest.mouseRelease(tab.ribbon, Qt.MouseButton.LeftButton, pos=QPoint(round(tab.ribbon.x_of(2)), 30))
    assert tab.version in (1, 3)
    tab.transport.slider.setFocus()
    press(tab.transport.slider, Qt.Key.Key_End)
    assert tab.version == 5
    QTest.mouseClick(tab.transport.first, Qt.MouseButton.LeftButton)
    assert tab.version == 1
    assert not tab.transport.back.isEnabled()


def wheel(widget: QWidget, steps: int) -> None:
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        widget.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_one_notch_of_the_wheel_is_one_event(tab: StreamTab) -> None:
    wheel(tab.ribbon, 2)
    assert tab.version == 3
    wheel(tab.ribbon, -1)
    assert tab.version == 4
    wheel(tab.ribbon, 20)
    assert tab.version == 1


def test_go_to_version_or_time(qtbot: QtBot, tab: StreamTab) -> None:
    for typed, version in (("3", 3), ("v2", 2), ("2999-01-01", 5), (" 1 ", 1)):
        tab.go_to_version(4)
        tab.transport.ask_where()
        QTest.keyClicks(tab.transport.go_to, typed)
        press(tab.transport.go_to, Qt.Key.Key_Return)
        assert tab.version == version, typed
        assert tab.transport.go_to.text() == ""


def test_what_leads_nowhere_says_so_and_stays(qtbot: QtBot, tab: StreamTab) -> None:
    nowhere = (("99", "no version 99"), ("1999-01-01", "No event is that old"), ("soon", "Type a version"))
    for typed, says in nowhere:
        tab.transport.go_to.clear()
        with qtbot.waitSignal(tab.workspace.message) as message:
            tab.transport.ask_where()
            QTest.keyClicks(tab.transport.go_to, typed)
            press(tab.transport.go_to, Qt.Key.Key_Return)
        assert says in message.args[0]
        assert tab.version == 5
        assert tab.transport.go_to.text() == typed


def test_play_goes_on_to_the_end_and_stops(qtbot: QtBot, tab: StreamTab) -> None:
    tab.transport.speed.setCurrentIndex(tab.transport.speed.count() - 1)
    QTest.mouseClick(tab.transport.play, Qt.MouseButton.LeftButton)
    assert tab.version == 1, "from the first event when it stood at the last"
    qtbot.waitUntil(lambda: not tab.transport.playing, timeout=WAIT)
    assert tab.version == 5


def test_two_marked_versions_are_compared(qtbot: QtBot, tab: StreamTab) -> None:
    tab.activateWindow()
    tab.table.setFocus()
    qtbot.waitUntil(tab.table.hasFocus)
    for version in (4, 2):
        tab.go_to_version(version)
        press(tab.table, Qt.Key.Key_M)
    assert [tab.timeline.versions[mark] for mark in tab.marks] == [4, 2]
    assert tab.events.mark(1) == "A"
    assert tab.events.mark(3) == "B"
    press(tab.table, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: tab.diff.head.heading.text() == "v 2 → v 4", timeout=WAIT)
    assert {row[1]: row[2:] for row in differences(tab)}["revision"] == ("1", "2")
    tab.go_to_version(5)
    settle(qtbot, tab)
    assert tab.diff.head.heading.text() == "v 2 → v 4", "a compare stays while stepping"
    QTest.mouseClick(tab.diff.back, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.diff.head.heading.text() == "What v 5 changed", timeout=WAIT)


def test_one_mark_is_compared_with_the_cursor_as_it_moves(qtbot: QtBot, tab: StreamTab) -> None:
    tab.go_to_version(1)
    tab.toggle_mark()
    tab.go_to_version(3)
    tab.diff_marked()
    qtbot.waitUntil(lambda: tab.diff.head.heading.text() == "v 1 → v 3", timeout=WAIT)
    tab.go_to_version(5)
    qtbot.waitUntil(lambda: tab.diff.head.heading.text() == "v 1 → v 5", timeout=WAIT)
    tab.go_to_version(1)
    tab.toggle_mark()
    qtbot.waitUntil(lambda: tab.diff.head.heading.text() == "What v 1 changed", timeout=WAIT)
    assert tab.marks == ()


def test_diff_without_a_mark_is_with_what_was_marked_elsewhere(qtbot: QtBot, tab: StreamTab) -> None:
    with qtbot.waitSignal(tab.workspace.compare_wanted) as wanted:
        tab.diff_marked()
    assert wanted.args == [STORY.category, STORY.id, 5]


def test_find_in_events_and_in_the_state(qtbot: QtBot, tab: StreamTab) -> None:
    finder = tab.pane.finder
    finder.ask()
    QTest.keyClicks(finder.field, "approved")
    assert tab.version == 2
    press(finder.field, Qt.Key.Key_Return)
    assert tab.version == 4
    finder.again(-1)
    assert tab.version == 2
    QTest.keyClicks(finder.field, "xxx")
    assert finder.verdict.text() == "nothing found"
    press(finder.field, Qt.Key.Key_Escape)
    assert not finder.isVisible()
    settle(qtbot, tab)
    finder = tab.state.finder
    finder.ask()
    QTest.keyClicks(finder.field, "mug")
    node = tab.state.model.node_at(tab.state.tree.currentIndex())
    assert node.row is not None
    assert "MUG" in node.row.text + node.row.key


def test_payload_metadata_and_forms(qtbot: QtBot, tab: StreamTab) -> None:
    side = tab.payload.left
    tab.go_to_version(3)
    settle(qtbot, tab)
    assert side.model.index(0, TreeColumn.KEY).data() == "customerId"
    for form, first in (("json", "{"), ("raw", '{"customerId"'), ("hex", "00000000  7b 22")):
        tab.payload.form.setCurrentIndex(tab.payload.form.findData(form))
        qtbot.waitUntil(partial(_begins, side, first), timeout=WAIT)
    QTest.mouseClick(tab.payload.metadata_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: side.pages.line(0).startswith("00000000  7b 7d"), timeout=WAIT)
    QTest.mouseClick(tab.payload.payload_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(tab.payload.beside, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.payload.right.pages.line(0) == "{", timeout=WAIT)
    assert tab.payload.right.title.text() == "Upcast"


def _begins(side: PayloadSide, words: str) -> bool:
    return side.pages.line(0).startswith(words)


def test_copying(qtbot: QtBot, tab: StreamTab) -> None:
    clipboard = QGuiApplication.clipboard()
    tree, model = tab.state.tree, tab.state.model
    rows = {node.row.path: node.row for node in model.walk() if node.row is not None}
    entries = {entry.title: entry for entry in tree.entries if entry is not None}

    def copied(title: str, path: str) -> Callable[[], str]:
        clipboard.setText("")
        entries[title].run(rows[path])
        qtbot.waitUntil(lambda: clipboard.text() != "", timeout=WAIT)
        return clipboard.text

    assert copied("Copy value", "/status")() == "SHIPPED"
    assert copied("Copy as JSON", "/status")() == '"SHIPPED"'
    assert copied("Copy value", "/orderTotal")() == '{"amount":26.50}'
    assert copied("Copy path", "/lines/0/quantity")() == "/lines/0/quantity"
    assert "WHERE category = 'Order' AND id = 'story' AND version = 5" in copied("Copy as SQL", "/status")()
    command = copied("Copy as command line", "/status")()
    assert command.startswith("esx state ")
    assert "--category=Order --id=story --version=5" in command


# -- flaws -------------------------------------------------------------------------------------------------------------


def test_a_failing_reducer_marks_its_step_and_goes_on(
    qtbot: QtBot, workspace: Workspace, shop: str, tmp_path: Path
) -> None:
    key = StreamKey("Machine", "m-1")
    store(shop, key, [new(type, {}) for type in ("Started", "Wrong", "Stopped")])
    workspace.plugins = (looping_plugin(tmp_path),)
    tab = show(qtbot, opened(qtbot, workspace, shop), key)
    assert list(tab.timeline.errors) == [1]
    assert not tab.step_banner.isVisible()
    assert state_lines(tab)["/n"] == ("~", "2")
    tab.go_to_version(2)
    settle(qtbot, tab)
    assert tab.step_banner.isVisible()
    assert "no such thing" in tab.step_banner.sentence.text()
    assert tab.events.sign(1) == "error"
    assert state_lines(tab)["/n"] == ("", "1"), "the last good state"
    assert "failed" in tab.diff.empty.sentence.text()


def test_a_reducer_that_never_ends(qtbot: QtBot, workspace: Workspace, shop: str, tmp_path: Path) -> None:
    key = StreamKey("Machine", "m-2")
    store(shop, key, [new(type, {"a": number}) for number, type in enumerate(("Started", "Stuck", "Stopped"))])
    workspace.plugins = (looping_plugin(tmp_path),)
    opened(qtbot, workspace, shop)
    tab = StreamTab(workspace, key.category, key.id)
    qtbot.addWidget(tab)
    tab.resize(1000, 700)
    tab.show()
    qtbot.waitUntil(tab.progress.isVisible, timeout=WAIT)
    QTest.mouseClick(tab.progress.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(tab.banner.isVisible, timeout=WAIT)
    assert tab.generic_button.isVisible()
    assert tab.banner.retry.isVisible()
    QTest.mouseClick(tab.generic_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.replaying.result is not None, timeout=WAIT)
    settle(qtbot, tab)
    assert tab.badges["fold"].text() == "generic fold"
    assert state_lines(tab) == {"/a": ("~", "2")}
    assert not tab.banner.isVisible()
    assert tab.version == 3


def test_an_unclaimed_category_says_generic_fold(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    store(shop, LONG, readings(0, 3))
    tab = show(qtbot, opened(qtbot, workspace, shop), LONG)
    assert tab.badges["fold"].text() == "generic fold"
    assert state_lines(tab)["/value"] == ("~", "0.2")


def test_a_stream_that_is_not_there_says_so(qtbot: QtBot, shop_workspace: Workspace) -> None:
    tab = StreamTab(shop_workspace, "Order", "nowhere")
    qtbot.addWidget(tab)
    tab.show()
    qtbot.waitUntil(lambda: tab.replaying.result is not None, timeout=WAIT)
    assert tab.empty.isVisible()
    assert "no events" in tab.empty.sentence.text()
    assert tab.transport.version.text() == "no events"


def test_opens_at_the_version_that_was_asked_for(qtbot: QtBot, workspace: Workspace, told: str) -> None:
    tab = show(qtbot, opened(qtbot, workspace, told), STORY, 2)
    assert tab.version == 2


# -- live --------------------------------------------------------------------------------------------------------------


def test_follows_at_the_end_and_counts_elsewhere(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    store(shop, LONG, readings(0, 200))
    tab = show(qtbot, opened(qtbot, workspace, shop), LONG)
    assert tab.version == 200
    store(shop, LONG, readings(200, 3), expected=200)
    qtbot.waitUntil(lambda: tab.version == 203, timeout=WAIT)
    assert tab.table.at_end()
    settle(qtbot, tab)
    tab.go_to_version(10)
    settle(qtbot, tab)
    store(shop, LONG, readings(203, 7), expected=203)
    qtbot.waitUntil(lambda: tab.timeline.count == 210, timeout=WAIT)
    qtbot.waitUntil(tab.pane.chip.isVisible, timeout=WAIT)
    assert tab.version == 10, "the cursor stays"
    assert tab.pane.chip.text() == "7 new"
    store(shop, LONG, readings(210, 2), expected=210)
    qtbot.waitUntil(lambda: tab.pane.chip.text() == "9 new", timeout=WAIT)
    QTest.mouseClick(tab.pane.chip, Qt.MouseButton.LeftButton)
    assert tab.version == 212
    assert not tab.pane.chip.isVisible()


def test_the_cursor_stays_in_sight_where_room_is_lost(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    store(shop, LONG, readings(0, 200))
    tab = show(qtbot, opened(qtbot, workspace, shop), LONG)

    def in_sight() -> bool:
        return (
            tab.table.viewport().rect().contains(tab.table.visualRect(tab.table.currentIndex()).adjusted(0, 0, 0, -1))
        )

    assert in_sight()
    tab.resize(tab.width(), tab.height() - 150)
    qtbot.waitUntil(in_sight, timeout=WAIT)
    tab.table.verticalScrollBar().setValue(0)
    tab.resize(tab.width(), tab.height() - 50)
    QTest.qWait(50)
    assert not in_sight(), "who looks at other events is not brought back"
    tab.go_to(0)
    tab.table.scrollToBottom()
    tab.resize(tab.width(), tab.height() + 50)
    QTest.qWait(50)
    assert not in_sight()


# -- long --------------------------------------------------------------------------------------------------------------


def test_a_long_stream_shows_while_it_is_being_folded(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    store(shop, LONG, readings(0, 10_000))
    tab = show(qtbot, opened(qtbot, workspace, shop), LONG)
    assert (tab.timeline.count, tab.timeline.folded, tab.version) == (10_000, 10_000, 10_000)
    assert tab.events.rowCount() == 10_000
    for version in (1, 9_999, 5_000, 123):
        tab.go_to_version(version)
        settle(qtbot, tab)
        assert tab.state.head.heading.text().replace("\u2009", "").endswith(f"v {version}")
    tab.table.verticalScrollBar().setValue(0)
    assert not tab.table.at_end()


def test_keys_that_work_anywhere_in_the_window(qtbot: QtBot, make_window: Callable[..., Window], told: str) -> None:
    window = make_window(told)
    window.workspace.stream_wanted.emit(STORY.category, STORY.id, None)
    tab = next(tab for tab in window.findChildren(StreamTab) if tab.id == STORY.id)
    qtbot.waitUntil(lambda: tab.replaying.result is not None and tab.version == 5, timeout=WAIT)
    control = Qt.KeyboardModifier.ControlModifier
    tab.state.tree.setFocus()
    qtbot.waitUntil(tab.state.tree.hasFocus)
    press(tab.state.tree, Qt.Key.Key_BracketLeft, control)
    assert tab.version == 4
    press(tab.state.tree, Qt.Key.Key_BracketRight, control)
    assert tab.version == 5
    press(tab.state.tree, Qt.Key.Key_G, control)
    assert tab.transport.go_to.hasFocus()
    QTest.keyClicks(tab.transport.go_to, "md2")
    assert tab.marks == (), "letters belong to the text field"
    tab.state.tree.setFocus()
    press(tab.state.tree, Qt.Key.Key_F, control)
    assert tab.state.finder.field.hasFocus()
    tab.table.setFocus()
    press(tab.table, Qt.Key.Key_F, control)
    assert tab.pane.finder.field.hasFocus()
    QTest.keyClicks(tab.pane.finder.field, "created")
    assert tab.version == 1
    press(tab.pane.finder.field, Qt.Key.Key_F3)
    assert tab.version == 1
    assert window.workspace.current_stream == (STORY.category, STORY.id, 1)
    qtbot.waitUntil(lambda: not tab.state.model.pending, timeout=WAIT)
