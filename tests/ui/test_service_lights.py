"""The services in the head of the window, and the ways to them: by clicks, by the palette, by the menu."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.ui.window import Window
from tests.ui.conftest import Make
from tests.ui.opened import WAIT, click


@pytest.fixture
def writable(qtbot: QtBot, make_window: Make, shop: str) -> Window:
    window = make_window(shop, writable=True)
    qtbot.waitUntil(lambda: bool(window.strip.services.lights), timeout=WAIT)
    return window


def words(window: Window) -> dict[str, str]:
    return {name: light.text() for name, light in window.strip.services.lights.items()}


def test_a_dot_and_a_word_for_each(qtbot: QtBot, writable: Window) -> None:
    assert writable.strip.services.isVisible()
    assert words(writable)["customer"] == "customer stopped"
    assert "orders stay PENDING" in writable.strip.services.lights["customer"].toolTip()
    writable.workspace.services.start("customer")
    qtbot.waitUntil(lambda: words(writable)["customer"] == "customer", timeout=WAIT)
    writable.workspace.services.slow("customer", 2)
    assert words(writable)["customer"] == "customer slow, 2 s"
    writable.workspace.services.fail("customer", True)
    assert words(writable)["customer"] == "customer made to fail"
    assert writable.strip.services.lights["customer"].accessibleName() == "Service customer: made to fail"
    writable.workspace.actions.trigger("services_stop")
    qtbot.waitUntil(lambda: words(writable)["customer"] == "customer stopped", timeout=WAIT)


def test_a_click_shows_the_panel(writable: Window) -> None:
    dock = next(one for one in writable.docks if one.objectName() == "subscriptions")
    dock.close()
    click(writable.strip.services.lights["order"])
    assert dock.isVisible()
    assert writable.subscriptions.table.hasFocus()


def test_a_service_is_started_from_the_palette(qtbot: QtBot, writable: Window) -> None:
    QTest.keyClick(writable, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(writable.goto.field, "start order service")
    assert writable.goto.choices[0].title == "Start the order service"
    QTest.keyClick(writable.goto.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: words(writable)["order"] == "order", timeout=WAIT)
    assert words(writable)["customer"] == "customer stopped"


def test_there_are_none_where_nothing_can_be_served(window: Window, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.workspace.engine_ready, timeout=WAIT):
        pass
    assert not window.strip.services.isVisible()
    assert not window.workspace.actions.possible("services_start")
