"""One table of actions: who is called, when it is possible, which keys it has."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QListWidget, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from explorer.ui.actions import ACTIONS, BY_ID, GROUPS, Actions
from explorer.ui.look.icons import icon


def test_the_table_is_in_order() -> None:
    assert len(BY_ID) == len(ACTIONS)
    for action in ACTIONS:
        assert action.group in GROUPS
        assert re.fullmatch(r"[a-z_0-9]+", action.id)
        assert all(not QKeySequence(key).isEmpty() for key in action.keys)
        if action.icon:
            icon(action.icon)


def test_no_key_is_given_twice() -> None:
    anywhere = [key for action in ACTIONS if action.scope == "window" for key in action.keys]
    assert len(anywhere) == len(set(anywhere))
    for own in (True, False):  # what stands in a branch is nowhere else, and nothing else is there
        panel = [one for one in ACTIONS if one.scope == "panel" and one.id.startswith("branch_") == own]
        there = [key for action in panel for key in action.keys]
        assert len(there) == len(set(there))


def test_menus_keep_their_keys() -> None:
    """F10 and Alt with a letter open menus."""
    keys = {key for action in ACTIONS for key in action.keys}
    assert "F10" not in keys
    assert not [key for key in keys if re.fullmatch(r"Alt\+[A-Z]", key)]


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    window = QMainWindow()
    central = QWidget(window)
    line = QHBoxLayout(central)
    window.one = QListWidget(central)  # type: ignore[attr-defined]
    window.two = QListWidget(central)  # type: ignore[attr-defined]
    window.field = QLineEdit(central)  # type: ignore[attr-defined]
    for widget in (window.one, window.two, window.field):  # type: ignore[attr-defined]
        line.addWidget(widget)
    window.setCentralWidget(central)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    return window


def test_the_one_with_the_focus_is_called(window: QMainWindow) -> None:
    actions, called = Actions(), list[str]()
    one, two = window.one, window.two  # type: ignore[attr-defined]
    actions.bind("find", lambda: called.append("one"), one)
    actions.bind("find", lambda: called.append("two"), two)
    actions.bind("find", lambda: called.append("window"), window)
    one.setFocus()
    actions.trigger("find")
    two.setFocus()
    actions.trigger("find")
    window.field.setFocus()  # type: ignore[attr-defined]
    actions.trigger("find")
    assert called == ["one", "two", "window"]


def test_hidden_ones_and_gone_ones_are_not(window: QMainWindow, qapp: QApplication) -> None:
    actions, called = Actions(), list[str]()
    window.field.setFocus()  # type: ignore[attr-defined]
    gone = QObject()
    actions.bind("find", lambda: called.append("one"), window.one)  # type: ignore[attr-defined]
    actions.bind("find", lambda: called.append("two"), window.two)  # type: ignore[attr-defined]
    actions.bind("find", lambda: called.append("gone"), gone)
    del gone
    window.two.hide()  # type: ignore[attr-defined]
    actions.trigger("find")
    assert called == ["one"]


def test_what_is_not_possible_says_so(qtbot: QtBot, window: QMainWindow) -> None:
    actions = Actions()
    actions.bind("refresh", lambda: None, window, enabled=lambda: False)
    with qtbot.waitSignal(actions.impossible) as heard:
        assert not actions.trigger("refresh")
    assert heard.args == ["Refresh"]


def test_window_keys_work_anywhere_panel_keys_only_there(window: QMainWindow) -> None:
    actions, called = Actions(), list[str]()
    actions.bind("refresh", lambda: called.append("refresh"), window)
    actions.bind("mark", lambda: called.append("mark"), window.one)  # type: ignore[attr-defined]
    actions.qaction("refresh", window)
    actions.qaction("mark", window)
    for widget in (window.one, window.two):  # type: ignore[attr-defined]
        widget.setFocus()
        QTest.keyClick(widget, Qt.Key.Key_F5)
        QTest.keyClick(widget, Qt.Key.Key_M)
    assert called == ["refresh", "mark", "refresh"]


def test_single_letters_are_text_in_a_text_field(window: QMainWindow) -> None:
    actions, called = Actions(), list[str]()
    actions.bind("filter", lambda: called.append("filter"), window)
    central = window.centralWidget()
    assert central is not None
    actions.bind("mark", lambda: called.append("mark"), central)
    actions.qaction("filter", window)
    field: QLineEdit = window.field  # type: ignore[attr-defined]
    field.setFocus()
    QTest.keyClicks(field, "m/")
    assert field.text() == "m/"
    assert called == []
    window.one.setFocus()  # type: ignore[attr-defined]
    QTest.keyClick(window.one, Qt.Key.Key_Slash)  # type: ignore[attr-defined]
    QTest.keyClick(window.one, Qt.Key.Key_M)  # type: ignore[attr-defined]
    assert called == ["filter", "mark"]


def test_keys_can_be_changed_and_set_back(window: QMainWindow) -> None:
    actions, called = Actions({"refresh": ["F6"]}), list[str]()
    actions.bind("refresh", lambda: called.append("refresh"), window)
    actions.bind("mark", lambda: called.append("mark"), window.one)  # type: ignore[attr-defined]
    actions.qaction("refresh", window)
    window.one.setFocus()  # type: ignore[attr-defined]
    QTest.keyClick(window.one, Qt.Key.Key_F5)  # type: ignore[attr-defined]
    QTest.keyClick(window.one, Qt.Key.Key_F6)  # type: ignore[attr-defined]
    actions.set_keys("mark", ("K",))
    QTest.keyClick(window.one, Qt.Key.Key_M)  # type: ignore[attr-defined]
    QTest.keyClick(window.one, Qt.Key.Key_K)  # type: ignore[attr-defined]
    assert called == ["refresh", "mark"]
    assert actions.own_keys() == {"refresh": ["F6"], "mark": ["K"]}
    assert actions.holder("F6", "mark") == "refresh"
    assert actions.holder("F6", "refresh") is None
    actions.set_keys("refresh", None)
    actions.set_keys("mark", BY_ID["mark"].keys)
    assert actions.own_keys() == {}


def test_keys_as_people_read_them() -> None:
    assert Actions().key_text("goto") == "Ctrl+K or Ctrl+P"
