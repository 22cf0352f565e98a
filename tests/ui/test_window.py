"""The window as a whole: what it says of the store, tabs and history, what it remembers, how it closes."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from explorer import settings as settings_module
from explorer.model import EventQuery
from explorer.stores import Store, StoreSpec
from explorer.ui.app import Bugs
from explorer.ui.bug_dialog import BugDialog
from explorer.ui.look import theme
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from tests.ui.conftest import PATIENCE, Make, end
from tests.ui.sample import EVENTS, append, make_shop, new

pytestmark = pytest.mark.usefixtures("cold")


def shown(qtbot: QtBot, window: Window, id: str, version: int) -> StreamTab:
    tab = window.tabs.tab_of("Order", id)
    assert tab is not None
    qtbot.waitUntil(lambda: tab.version == version, timeout=PATIENCE)
    return tab


# -- what it says ----------------------------------------------------------------------------------------------------


def test_reading_only_is_unmistakable(window: Window) -> None:
    assert window.strip.badge.text() == "READ-ONLY"
    assert "(read-only)" in window.windowTitle()
    assert window.strip.title.text() == "shop.sqlite"
    assert window.strip.kind.text() == "own store · SQLite"


def test_writing_is_unmistakable(make_window: Make, shop: str) -> None:
    window = make_window(shop, writable=True)
    assert window.strip.badge.text() == "● WRITABLE"
    assert "(writable)" in window.windowTitle()


def test_the_head_tells_how_following_stands_and_a_click_changes_it(qtbot: QtBot, window: Window, shop: str) -> None:
    live = window.strip.live
    qtbot.waitUntil(lambda: re.fullmatch(r"Live   \d+\.\d s", live.text()) is not None, timeout=PATIENCE)
    QTest.mouseClick(live, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: live.text() == "Paused", timeout=PATIENCE)
    append(shop, "Wish", "1", 0, new("Wished", {}), new("Wished", {}))
    qtbot.waitUntil(lambda: live.text() == "Paused, 2 new", timeout=PATIENCE)
    QTest.mouseClick(live, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: live.text().startswith("Live"), timeout=PATIENCE)
    assert live.width() >= live.sizeHint().width()


def test_at_150_percent_it_fits_a_projector(qtbot: QtBot, make_window: Make, shop: str, qapp: QApplication) -> None:
    window = make_window(shop)
    tab = window.tabs.show_stream("Order", "o-001")
    qtbot.waitUntil(lambda: tab.timeline.folded > 0, timeout=PATIENCE)
    for _ in range(3):
        window.workspace.actions.trigger("zoom_in")
    assert theme.zoom() == 150
    qtbot.waitUntil(lambda: tab.transport.version.sizeHint().width() <= tab.transport.version.width(), timeout=PATIENCE)
    least = window.minimumSizeHint()
    assert least.width() <= 1280
    assert least.height() <= 800
    window.workspace.actions.trigger("zoom_reset")


def test_among_tabs_a_panel_has_no_second_title(qtbot: QtBot, window: Window) -> None:
    titles = {dock.objectName(): dock.titleBarWidget() for dock in window.docks}
    qtbot.waitUntil(lambda: titles["feed"].height() == 0, timeout=PATIENCE)
    assert titles["streams"].height() > 0
    for dock in window.docks:
        if window.tabifiedDockWidgets(dock) and dock.objectName() != "feed":
            dock.close()
    qtbot.waitUntil(lambda: titles["feed"].height() > 0, timeout=PATIENCE)


def test_the_foot_tells_head_and_number(qtbot: QtBot, window: Window, shop: str) -> None:
    qtbot.waitUntil(lambda: f"≈ {EVENTS} events" in window.status.facts.text(), timeout=PATIENCE)
    assert f"head {EVENTS}" in window.status.facts.text()
    append(shop, "Wish", "1", 0, new("Wished", {}))
    qtbot.waitUntil(lambda: f"≈ {EVENTS + 1} events" in window.status.facts.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: f"head {EVENTS + 1}" in window.status.facts.text(), timeout=PATIENCE)


def test_a_long_ask_is_shown_with_cancel(qtbot: QtBot, window: Window) -> None:
    def endless(store: Store) -> None:
        while True:
            store.events(EventQuery(find="nothing at all has this"))

    window.workspace.background(endless, lambda _none: None, lambda _error: None, text="Looking everywhere")
    qtbot.waitUntil(lambda: bool(window.status._asks), timeout=PATIENCE)
    running = window.status._asks[0]
    assert "Looking everywhere" in running.words.text()
    QTest.mouseClick(running.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.status._asks, timeout=PATIENCE)


def test_times_are_switched_at_the_foot(window: Window) -> None:
    for mode, short in (("utc", "UTC"), ("relative", "Relative"), ("delta", "Δ")):
        action = next(one for one in window.status.time_menu.actions() if one.data() == mode)
        action.trigger()
        assert window.workspace.time_mode == mode
        assert window.status.time.text() == short


def test_every_control_has_a_name(window: Window) -> None:
    window.tabs.show_stream("Order", "o-001")
    from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLineEdit

    nameless = [
        f"{type(one).__name__} in {type(one.parent()).__name__}"
        for kind in (QAbstractButton, QAbstractItemView, QComboBox, QLineEdit)
        for one in window.findChildren(kind)
        if one.isVisible() and not (one.accessibleName() or getattr(one, "text", lambda: "")())
        # Qt's own parts of its widgets.
        and not one.objectName().startswith("qt_") and "QTabBar" not in type(one.parent()).__name__
        and type(one.parent()).__name__ not in ("QTableView", "QComboBoxPrivateContainer", "QMenuBar")
        and "Header" not in type(one).__name__
        and not isinstance(one.parent(), QLineEdit)
    ]  # fmt: skip
    assert nameless == []


def test_all_labels_are_plain(window: Window) -> None:
    window.tabs.show_stream("Order", "o-001")
    rich = [one for one in window.findChildren(QLabel) if one.text() and one.textFormat() != Qt.TextFormat.PlainText]
    assert [(one.text(), type(one.parent()).__name__) for one in rich] == []


# -- tabs and history ------------------------------------------------------------------------------------------------


def test_a_stream_is_opened_once(qtbot: QtBot, window: Window) -> None:
    window.workspace.stream_wanted.emit("Order", "o-001", 1)
    shown(qtbot, window, "o-001", 1)
    window.workspace.stream_wanted.emit("Order", "o-001", 2)
    shown(qtbot, window, "o-001", 2)
    assert len(window.tabs.streams()) == 1


def test_back_and_forth_with_versions(qtbot: QtBot, window: Window) -> None:
    trigger = window.workspace.actions.trigger
    window.tabs.show_stream("Order", "o-001")
    shown(qtbot, window, "o-001", 2).go_to(0)
    window.tabs.show_stream("Order", "o-002")
    shown(qtbot, window, "o-002", 2)
    trigger("history_back")
    current = window.tabs.currentWidget()
    assert isinstance(current, StreamTab)
    assert (current.id, current.version) == ("o-001", 1)
    trigger("history_back")
    assert window.tabs.currentIndex() == 0
    assert not window.workspace.actions.possible("history_back")
    trigger("history_forward")
    trigger("history_forward")
    assert window.tabs.currentWidget() is window.tabs.tab_of("Order", "o-002")


def test_back_opens_again_what_was_closed(window: Window) -> None:
    window.tabs.show_stream("Order", "o-001")
    window.tabs.setCurrentIndex(0)
    window.tabs.close_tab(1)
    window.workspace.actions.trigger("history_back")
    assert window.tabs.tab_of("Order", "o-001") is not None


def test_the_middle_button_closes_a_tab_but_not_the_first(window: Window) -> None:
    window.tabs.show_stream("Order", "o-001")
    bar = window.tabs.tabBar()
    for place in (1, 0):
        QTest.mouseClick(bar, Qt.MouseButton.MiddleButton, pos=bar.tabRect(place).center())
    assert window.tabs.count() == 1


def test_hostile_names_in_tabs_and_titles(make_window: Make, tmp_path: Path) -> None:
    path = tmp_path / "R&D [*] <b>.sqlite"
    append(str(path), "A&B", "<img src=x>\n\u202e", 0, new("Happened", {}))
    window = make_window(str(path))
    window.tabs.show_stream("A&B", "<img src=x>\n\u202e")
    assert window.tabs.tabText(1) == "A&&B <img src=x>⏎⟨202E⟩"
    assert "&lt;img" in window.tabs.tabToolTip(1)
    assert "R&D [*][*] <b>.sqlite" in window.windowTitle()


# -- remembering -----------------------------------------------------------------------------------------------------


def test_tabs_cursor_and_docks_come_back(qtbot: QtBot, make_window: Make, shop: str) -> None:
    first = make_window(shop)
    first.tabs.show_stream("Order", "o-001")
    shown(qtbot, first, "o-001", 2).go_to(0)
    first.tabs.show_stream("Order", "o-002")
    shown(qtbot, first, "o-002", 2)
    first.tabs.setCurrentIndex(1)
    first.docks[1].close()
    end(qtbot, first)
    second = make_window(shop, settings=settings_module.load())
    assert [tab.id for tab in second.tabs.streams()] == ["o-001", "o-002"]
    assert second.tabs.currentIndex() == 1
    shown(qtbot, second, "o-001", 1)
    assert not second.docks[1].isVisible()
    assert second.settings.recent[0].title == "shop.sqlite"
    second.workspace.actions.trigger("reset_layout")
    assert second.docks[1].isVisible()


def test_another_store_has_a_window_of_its_own(qtbot: QtBot, make_window: Make, shop: str, tmp_path: Path) -> None:
    window = make_window(shop)
    window.tabs.show_stream("Order", "o-001")
    other = str(tmp_path / "other.sqlite")
    append(other, "Wish", "1", 0, new("Wished", {}))
    with qtbot.waitSignal(window.workspace.opened, timeout=PATIENCE):
        window.open(StoreSpec(other))
    assert window.tabs.streams() == []
    qtbot.waitUntil(lambda: len(window.tabs.all_events.model.rows) == 1, timeout=PATIENCE)
    with qtbot.waitSignal(window.workspace.opened, timeout=PATIENCE):
        window.open(StoreSpec(shop))
    assert [tab.id for tab in window.tabs.streams()] == ["o-001"]


def test_a_state_of_another_version_does_no_harm(make_window: Make, shop: str, window: Window) -> None:
    assert window.workspace.info is not None
    identity = window.workspace.info.identity
    for state in ({"docks": "!!", "geometry": 7, "tabs": {"streams": [1, ["x"]], "current": "y"}}, {"tabs": 5}):
        settings_module.save_connection_state(identity, state)
        again = make_window(shop)
        assert again.workspace.is_open
        assert again.tabs.count() == 1


def test_keys_are_remembered(qtbot: QtBot, make_window: Make) -> None:
    window = make_window()
    window.workspace.actions.set_keys("refresh", ("Ctrl+R",))
    end(qtbot, window)
    assert settings_module.load().keys == {"refresh": ["Ctrl+R"]}


# -- closing ---------------------------------------------------------------------------------------------------------


def test_waiting_writes_are_listed_and_asked_about(qtbot: QtBot, make_window: Make, shop: str) -> None:
    window = make_window(shop, writable=True)
    go, begun = threading.Event(), threading.Event()

    def slow(_store: Store) -> None:
        begun.set()
        go.wait(60)

    window.workspace.write(slow, lambda _none: None, text="first")
    window.workspace.write(lambda _store: None, lambda _none: None, text="Append <b>OrderShipped</b> to o-001")
    assert begun.wait(60)
    window.close()
    box = window.findChild(QMessageBox)
    assert box is not None
    assert box.informativeText() == "• Append <b>OrderShipped</b> to o-001"
    assert box.textFormat() == Qt.TextFormat.PlainText
    stay = next(one for one in box.buttons() if box.buttonRole(one) == QMessageBox.ButtonRole.RejectRole)
    QTest.mouseClick(stay, Qt.MouseButton.LeftButton)
    assert window.isVisible()
    go.set()
    qtbot.waitUntil(lambda: not window.workspace.pending_writes(), timeout=PATIENCE)


def test_closes_while_everything_runs(qtbot: QtBot, window: Window) -> None:
    begun = threading.Event()

    def endless(store: Store) -> None:
        begun.set()
        while True:
            store.events(EventQuery(find="nothing at all has this"))

    window.tabs.show_stream("Order", "o-001")
    window.workspace.browse(endless, lambda _none: None)
    window.workspace.background(endless, lambda _none: None)
    assert begun.wait(60)
    with qtbot.waitSignal(window.gone, timeout=PATIENCE):
        window.close()
    assert not window.isVisible()


def test_a_folder_that_cannot_be_written_does_not_keep_it_open(
    qtbot: QtBot, window: Window, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "nowhere"
    file.write_text("")
    monkeypatch.setenv(settings_module.HOME, str(file))
    with qtbot.waitSignal(window.gone, timeout=PATIENCE):
        window.close()


# -- while it is open ------------------------------------------------------------------------------------------------


def test_a_store_that_was_replaced_says_so_and_can_be_opened_again(
    qtbot: QtBot, window: Window, shop: str, tmp_path: Path
) -> None:
    qtbot.waitUntil(lambda: window.workspace.live.state == "live", timeout=PATIENCE)
    other = tmp_path / "other.sqlite"
    make_shop(str(other), orders=1)
    for file in tmp_path.glob("shop.sqlite*"):
        file.unlink()
    other.rename(shop)
    qtbot.waitUntil(lambda: window.banner.isVisible(), timeout=PATIENCE)
    assert window.banner.retry.isVisible()
    with qtbot.waitSignal(window.workspace.opened, timeout=PATIENCE):
        QTest.mouseClick(window.banner.retry, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(window.tabs.all_events.model.rows) == 5, timeout=PATIENCE)


# -- bugs ------------------------------------------------------------------------------------------------------------


def test_what_nobody_expected_is_one_dialog(qtbot: QtBot, qapp: QApplication) -> None:
    dialog = BugDialog()
    qtbot.addWidget(dialog)
    for _ in range(2):
        try:
            raise ValueError("<b>surprise</b>")
        except ValueError as error:
            dialog.add(error)
    words = dialog.text.toPlainText()
    assert words.count("ValueError: <b>surprise</b>") == 1
    dialog.copy()
    assert "surprise" in qapp.clipboard().text()
    dialog.hide()


def test_bugs_from_threads_come_there_too(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    bugs = Bugs(echo=False)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bugs._dialog is not None and bugs._dialog.isVisible(), timeout=PATIENCE)
    assert bugs._dialog is not None
    assert "ZeroDivisionError" in bugs._dialog.text.toPlainText()
    bugs._dialog.close()
    assert "ZeroDivisionError" in capsys.readouterr().err


# -- looks -----------------------------------------------------------------------------------------------------------


def test_it_can_be_painted_in_every_look(qapp: QApplication, window: Window, qtbot: QtBot) -> None:
    for setting, zoom in (("light", 100), ("dark", 100), ("dark", 200), ("light", 200)):
        theme.apply(qapp, setting, zoom)
        qtbot.wait(50)
        picture = window.grab().toImage()
        ground = picture.pixelColor(QPoint(picture.width() // 2, 4)).lightness()
        assert (ground < 128) == (setting == "dark")


def test_the_window_lives_while_thousands_of_events_arrive(qtbot: QtBot, window: Window, shop: str) -> None:
    """Not a measurement: on a busy machine a late timer says nothing. It must not stand still, that is all."""
    beats: list[float] = []
    timer = QTimer(window, interval=20)
    timer.timeout.connect(lambda: beats.append(time.monotonic()))
    timer.start()

    def write() -> None:
        for start in range(0, 4_000, 500):
            append(shop, "Note", "1", start, *(new("Noted", {"n": n}) for n in range(500)))

    writer = threading.Thread(target=write)
    writer.start()
    qtbot.waitUntil(lambda: len(window.feed._kept) >= 4_000, timeout=PATIENCE)
    timer.stop()
    writer.join()
    assert len(beats) > 5


def test_what_is_opened_while_another_store_closes_is_shown(qtbot: QtBot, window: Window) -> None:
    spec = window.workspace.spec
    assert spec is not None
    closed: list[bool] = []
    window.workspace.closed.connect(lambda: closed.append(window.workspace.is_open))
    window.close_store()
    with qtbot.waitSignal(window.workspace.opened, timeout=PATIENCE):
        window.open(spec)
    qtbot.waitUntil(lambda: bool(closed), timeout=PATIENCE)
    assert closed == [False], "first the one is let go, then the other opened"
    assert window.pages.currentWidget() is window.tabs
