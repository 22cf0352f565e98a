"""A panel that is made when it is first seen."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from explorer.ui.parts.later import Later
from tests.ui.conftest import Make


def test_it_is_made_when_it_is_painted(qtbot: QtBot) -> None:
    made: list[QWidget] = []

    def make(parent: QWidget) -> QWidget:
        made.append(QLabel("here", parent))
        return made[-1]

    later = Later(make)
    qtbot.addWidget(later)
    assert made == []
    later.resize(200, 100)
    later.show()
    qtbot.waitUntil(lambda: bool(made))
    assert later.panel is made[0]
    later.update()
    qtbot.wait(20)
    assert len(made) == 1


def test_the_window_comes_without_panels_behind_others(qtbot: QtBot, make_window: Make, shop: str) -> None:
    window = make_window(shop)
    laters = window.findChildren(Later)
    assert len(laters) == 3
    assert all(not one.findChildren(QWidget) for one in laters)
    window.arrangement.raise_panel("notes")
    panel = window.arrangement.panel("notes")
    qtbot.waitUntil(lambda: panel.isVisible() and not panel.visibleRegion().isEmpty())
    assert [bool(one.findChildren(QWidget)) for one in laters].count(True) == 1
