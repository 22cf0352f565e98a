"""Every key of the window, pressed in the window: what it does is seen, not that it was called."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from explorer.engine.asks_watches import Break
from explorer.settings import Settings
from explorer.stores import StoreSpec
from explorer.ui.actions import ACTIONS
from explorer.ui.look import theme
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from explorer.watching import Watch
from tests.ui.conftest import PATIENCE, Make

LONG = ("Order", "o-000")


@dataclass(frozen=True)
class Case:
    """A key, what has to be so before, and what has to be so afterwards."""

    keys: str
    then: Callable[[Window], bool]
    before: Callable[[Window], object] = lambda _window: None
    at: Callable[[Window], QWidget] | None = None


def tab(window: Window) -> StreamTab:
    current = window.tabs.currentWidget()
    assert isinstance(current, StreamTab)
    return current


def at_first(window: Window) -> None:
    tab(window).go_to(0)


def all_events(window: Window) -> None:
    window.tabs.setCurrentIndex(0)


def dialog_shown(window: Window) -> bool:
    return window.opening.dialog is not None and window.opening.dialog.isVisible()


def mark_first(window: Window) -> None:
    at_first(window)
    tab(window).toggle_mark()
    tab(window).go_to(1)


def wanted_command(window: Window) -> None:
    window.command.setFocus()


def watched(window: Window) -> None:
    at_first(window)
    window.workspace.watches.add(Watch("Order", "event.version == 1"))


def stopping(window: Window) -> None:
    at_first(window)
    tab(window).stops.toggle(Break("type", "OrderApproved"))


def paused(window: Window) -> None:
    window.workspace.pause(True)


def other_stream(window: Window) -> None:
    window.tabs.show_stream("Order", "o-001")


def other_stream_behind(window: Window) -> None:
    other_stream(window)
    all_events(window)


def went_back(window: Window) -> None:
    other_stream(window)
    window.workspace.actions.trigger("history_back")


def closed_tab(window: Window) -> None:
    window.tabs.close_tab(window.tabs.currentIndex())


def zoomed(window: Window) -> None:
    window.workspace.actions.trigger("zoom_in")


def events_table(window: Window) -> QWidget:
    return tab(window).table


def feed_table(window: Window) -> QWidget:
    return window.tabs.all_events.table


CASES = {
    "go to anything": Case("Ctrl+K", lambda w: w.goto.field.hasFocus()),
    "go to anything too": Case("Ctrl+P", lambda w: w.goto.field.hasFocus()),
    "command palette": Case("Ctrl+Shift+P", lambda w: w.goto.field.text() == ">" and w.goto.isVisible()),
    "open": Case("Ctrl+O", dialog_shown),
    "open read-only": Case(
        "Ctrl+Shift+O", lambda w: dialog_shown(w) and not (w.opening.dialog and w.opening.dialog.writable.isEnabled())
    ),
    "new tab": Case("Ctrl+T", lambda w: w.goto.field.hasFocus()),
    "close tab": Case("Ctrl+W", lambda w: w.tabs.count() == 1),
    "reopen tab": Case("Ctrl+Shift+T", lambda w: tab(w).id == "o-000", before=closed_tab),
    "next tab": Case("Ctrl+Tab", lambda w: w.tabs.currentIndex() == 0),
    "previous tab": Case("Ctrl+Shift+Tab", lambda w: w.tabs.currentIndex() == 0),
    "first tab": Case("Alt+1", lambda w: w.tabs.currentIndex() == 0),
    "second tab": Case("Alt+2", lambda w: w.tabs.currentIndex() == 1, before=all_events),
    "third tab": Case("Alt+3", lambda w: w.tabs.currentIndex() == 2, before=other_stream_behind),
    "back": Case("Alt+Left", lambda w: tab(w).id == "o-000", before=other_stream),
    "forward": Case("Alt+Right", lambda w: tab(w).id == "o-001", before=went_back),
    "filter": Case("/", lambda w: w.streams.filter.hasFocus(), at=lambda w: w.streams.tree),
    "filter too": Case("Ctrl+L", lambda w: w.streams.filter.hasFocus(), at=lambda w: w.streams.tree),
    "filter events": Case("/", lambda w: w.tabs.all_events.filters.words.hasFocus(), before=all_events, at=feed_table),
    "filter the feed": Case("Ctrl+L", lambda w: w.feed.filters.words.hasFocus(), at=lambda w: w.feed.table),
    "find in all events": Case(
        "Ctrl+F", lambda w: w.tabs.all_events.filters.words.hasFocus(), before=all_events, at=feed_table
    ),
    "find in a stream": Case("Ctrl+F", lambda w: tab(w).pane.finder.isVisible(), at=events_table),
    "refresh": Case(
        "F5", lambda w: len(w.tabs.all_events.model.rows) > 5, before=lambda w: w.tabs.all_events.model.reset()
    ),
    "pause": Case("Ctrl+Shift+Space", lambda w: w.workspace.live.state == "paused"),
    "resume": Case("Ctrl+Shift+Space", lambda w: w.workspace.live.state == "live", before=paused),
    "step back anywhere": Case("Ctrl+[", lambda w: tab(w).version == 1, at=lambda w: w.streams.tree),
    "step forward anywhere": Case(
        "Ctrl+]", lambda w: tab(w).version == 2, before=at_first, at=lambda w: w.streams.tree
    ),
    "step back": Case("Left", lambda w: tab(w).version == 1, at=events_table),
    "step forward": Case("Right", lambda w: tab(w).version == 2, before=at_first, at=events_table),
    "first": Case("Home", lambda w: tab(w).version == 1, at=events_table),
    "last": Case("End", lambda w: tab(w).version == 2, before=at_first, at=events_table),
    "play": Case("Space", lambda w: tab(w).version == 2, before=at_first, at=events_table),
    "play backwards": Case("Shift+Space", lambda w: tab(w).version == 1, at=events_table),
    "go to version": Case("Ctrl+G", lambda w: tab(w).transport.go_to.hasFocus(), at=events_table),
    "next flip": Case("F8", lambda w: tab(w).version == 2, before=watched),
    "next stop": Case("F9", lambda w: tab(w).version == 2, before=stopping),
    "note": Case("N", lambda window: tab(window).note.field.hasFocus(), at_first),
    "bookmark": Case("Ctrl+D", lambda window: window.workspace.noting.note(*LONG, 1).bookmark, at_first),
    "mark": Case("M", lambda w: tab(w).marks == (1,), at=events_table),
    "diff marked": Case("D", lambda w: tab(w)._comparing, before=mark_first, at=events_table),
    "causes": Case("C", lambda w: w.tabs.tabText(w.tabs.currentIndex()) == "Causes and effects", at=events_table),
    "what if": Case("Ctrl+B", lambda w: w.tabs.tabText(w.tabs.currentIndex()) == "What if", at=events_table),
    "larger": Case("Ctrl++", lambda _w: theme.zoom() == 115),
    "larger too": Case("Ctrl+=", lambda _w: theme.zoom() == 115),
    "smaller": Case("Ctrl+-", lambda _w: theme.zoom() == 85),
    "normal size": Case("Ctrl+0", lambda _w: theme.zoom() == 100, before=zoomed),
    "full screen": Case("F11", lambda w: w.isFullScreen()),
    "help": Case("F1", lambda w: w._help is not None and w._help.isVisible()),
}


def waited(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < until
        QTest.qWait(10)


@pytest.fixture(scope="module")
def shared(qapp: QApplication, shop_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One window for all keys: starting one for each would take minutes."""
    folder = tmp_path_factory.mktemp("keys")
    for file in shop_template.parent.iterdir():
        shutil.copy(file, folder / file.name)
    theme.apply(qapp, "light", 100)
    window = Window(Settings())
    window.resize(1280, 800)
    window.show()
    window.open(StoreSpec(str(folder / shop_template.name)))
    waited(lambda: bool(window.workspace.aggregates) and not window.workspace.occupied)
    yield window
    gone: list[bool] = []
    window.gone.connect(lambda: gone.append(True))
    window.close()
    waited(lambda: bool(gone))
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def window(shared: Window, qapp: QApplication) -> Iterator[Window]:
    """The shop, with an order open at its end; put back afterwards."""
    shared.activateWindow()
    waited(shared.isActiveWindow)
    shared.streams.tree.setFocus()
    opened = shared.tabs.show_stream(*LONG)
    waited(lambda: opened.version == 2 and opened.timeline.folded == 2)
    waited(lambda: shared.workspace.live.state == "live")
    yield shared
    shared.goto.close_()
    for dialog in shared.findChildren(QDialog):
        dialog.hide()
    shared.setWindowState(shared.windowState() & ~Qt.WindowState.WindowFullScreen)
    if theme.zoom() != 100:
        theme.apply(qapp, "light", 100)
    shared.workspace.pause(False)
    shared.tabs.clear()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_key_does_what_the_sheet_says(window: Window, case: Case) -> None:
    case.before(window)
    if case.before is paused:
        waited(lambda: window.workspace.live.state == "paused")
    target = case.at(window) if case.at is not None else window
    if target is not window:
        target.setFocus()
        assert target.hasFocus()
    QTest.keySequence(target, QKeySequence(case.keys))
    waited(lambda: case.then(window))


def test_every_key_of_the_sheet_is_tried_somewhere() -> None:
    """Those of the docks and of the state tree have their own tests; tabs beyond the third are like it."""
    tried = {QKeySequence(case.keys).toString() for case in CASES.values()}
    elsewhere = {
        "preview",
        "commit",
        "undo",
        "redo",
        "blame",
        "previous_change",
        "next_change",
        "find_next",
        "find_previous",
    }
    elsewhere |= {"service_toggle", "service_fail", "subscription_pause", "parked_retry", "parked_skip"}
    elsewhere |= {f"branch_{what}" for what in ("skip", "edit", "insert", "up", "down", "truncate", "restore")}
    elsewhere |= {"previous_flip", "watch", "previous_stop"}
    elsewhere |= {"story_next", "story_back", "story_reset"}
    elsewhere |= {f"tab_{n}" for n in range(4, 10)} | {"quit"}
    missing = [
        action.id
        for action in ACTIONS
        if action.keys
        and action.id not in elsewhere
        and not tried & {QKeySequence(key).toString() for key in action.keys}
    ]
    assert missing == []


@pytest.mark.parametrize("keys", ["Left", "Right", "Home", "End", "Space", "M", "D", "C", "N", "/"])
def test_single_keys_are_text_where_one_types(window: Window, keys: str) -> None:
    field = window.streams.filter
    field.setText("ab")
    field.setFocus()
    before = tab(window).version, tab(window).marks
    QTest.keySequence(field, QKeySequence(keys))
    assert (tab(window).version, tab(window).marks) == before
    assert field.hasFocus()
    field.clear()


def test_menus_have_their_letters(window: Window) -> None:
    titles = [action.text() for action in window.menuBar().actions()]
    assert titles == ["&Store", "&Go", "&Timeline", "&Write", "&Run", "&Present", "&View", "&Help"]


def test_quit_closes_the_window(qtbot: QtBot, make_window: Make) -> None:
    window = make_window()
    with qtbot.waitSignal(window.gone, timeout=PATIENCE):
        QTest.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
