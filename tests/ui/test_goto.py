"""Go to anything, and the command palette: found by typing, taken by keys or mouse."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.model import StreamKey
from explorer.ui.goto import score
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from tests.ui.conftest import PATIENCE, Make

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def titles(window: Window) -> list[str]:
    return [choice.title for choice in window.goto.choices]


def found(qtbot: QtBot, window: Window, title: str) -> None:
    qtbot.waitUntil(lambda: title in titles(window), timeout=PATIENCE)


def current(window: Window) -> StreamTab:
    tab = window.tabs.currentWidget()
    assert isinstance(tab, StreamTab)
    return tab


def test_it_opens_with_what_changed_last(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, CTRL)
    assert window.goto.field.hasFocus()
    found(qtbot, window, "Order o-029")
    assert titles(window)[0] == "Order o-029"


def test_a_stream_by_part_of_its_name(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(window, Qt.Key.Key_P, CTRL)
    QTest.keyClicks(window.goto.field, "o-017")
    found(qtbot, window, "Order o-017")
    QTest.keyClick(window.goto.field, Qt.Key.Key_Return)
    assert (current(window).category, current(window).id) == ("Order", "o-017")
    assert not window.goto.isVisible()


def test_an_event_by_its_id(qtbot: QtBot, window: Window) -> None:
    ids: list[str] = []
    window.workspace.browse(
        lambda store: store.stream_events(StreamKey("Order", "o-004"), upto=1),
        lambda events: ids.extend(one.event_id or "" for one in events),
    )
    qtbot.waitUntil(lambda: bool(ids), timeout=PATIENCE)
    QTest.keyClick(window, Qt.Key.Key_K, CTRL)
    QTest.keyClicks(window.goto.field, ids[0])
    found(qtbot, window, "Order o-004")
    assert window.goto.choices[0].detail == "OrderCreated v1"
    QTest.keyClick(window.goto.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: current(window).version == 1, timeout=PATIENCE)


def test_a_position(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, CTRL)
    QTest.keyClicks(window.goto.field, "#2")
    found(qtbot, window, "Customer c-1")
    assert window.goto.choices[0].right == "position"
    assert "No stream" not in window.goto.foot.text()


def test_an_open_tab(qtbot: QtBot, window: Window) -> None:
    window.tabs.show_stream("Order", "o-001")
    window.tabs.setCurrentIndex(0)
    QTest.keyClick(window, Qt.Key.Key_K, CTRL)
    QTest.keyClicks(window.goto.field, "o-001")
    qtbot.waitUntil(lambda: any(one.detail == "open tab" for one in window.goto.choices), timeout=PATIENCE)
    window.goto.take(next(n for n, one in enumerate(window.goto.choices) if one.detail == "open tab"))
    assert current(window).id == "o-001"


def test_nothing_found_says_so(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, CTRL)
    QTest.keyClicks(window.goto.field, "qqqq")
    qtbot.waitUntil(lambda: "qqqq" in window.goto.foot.text(), timeout=PATIENCE)
    window.goto.field.setText(">qqqq")
    assert "called “qqqq”" in window.goto.foot.text()


def test_escape_gives_the_focus_back(window: Window) -> None:
    window.streams.tree.setFocus()
    QTest.keyClick(window, Qt.Key.Key_K, CTRL)
    QTest.keyClick(window.goto.field, Qt.Key.Key_Escape)
    assert not window.goto.isVisible()
    assert window.streams.tree.hasFocus()


def test_a_click_elsewhere_closes_it(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, CTRL)
    window.streams.filter.setFocus()
    assert not window.goto.isVisible()


def test_arrows_go_round(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, CTRL)
    found(qtbot, window, "Order o-029")
    field, list_ = window.goto.field, window.goto.list
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert list_.currentIndex().row() == len(window.goto.choices) - 1
    QTest.keyClick(field, Qt.Key.Key_Down)
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert list_.currentIndex().row() == 1
    QTest.keyClick(field, Qt.Key.Key_PageDown)
    assert list_.currentIndex().row() == 13


def test_a_click_takes_a_line(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, CTRL)
    found(qtbot, window, "Order o-029")
    at = window.goto.list.visualRect(window.goto.list.model().index(1, 0)).center()
    QTest.mouseClick(window.goto.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert current(window).id == "o-028"


def test_the_command_palette_lists_what_is_possible(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(window, Qt.Key.Key_P, CTRL | SHIFT)
    assert window.goto.field.text() == ">"
    assert {"Refresh", "Full screen", "Keys and help"} <= set(titles(window))
    assert "Append event" not in titles(window)  # read-only
    assert "Close tab" not in titles(window)  # there is none
    QTest.keyClicks(window.goto.field, "keys help")
    assert titles(window)[0] == "Keys and help"
    assert window.goto.choices[0].right == "F1"
    QTest.keyClick(window.goto.field, Qt.Key.Key_Return)
    assert window._help is not None
    assert window._help.isVisible()
    window._help.close()


def test_without_a_store_it_offers_commands(make_window: Make) -> None:
    window = make_window()
    QTest.keyClick(window, Qt.Key.Key_P, CTRL | SHIFT)
    assert "Open" in titles(window)
    assert "Refresh" not in titles(window)


@pytest.mark.parametrize(
    ("words", "title", "fits"),
    [
        ("", "Anything", True),
        ("foll", "Follow the end", True),
        ("end follow", "Follow the end", True),
        ("fte", "Follow the end", True),
        ("xyz", "Follow the end", False),
    ],
)
def test_what_fits(words: str, title: str, fits: bool) -> None:
    assert (score(words, title) is not None) is fits


def test_words_fit_better_than_letters() -> None:
    assert (score("full", "Full screen") or 0) > (score("fusc", "Full screen") or 0)
