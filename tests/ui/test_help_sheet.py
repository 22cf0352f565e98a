"""The keys sheet: lists everything, finds, changes keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTreeWidgetItem
from pytestqt.qtbot import QtBot

from explorer.ui.actions import ACTIONS, Actions
from explorer.ui.help_sheet import HelpSheet


@pytest.fixture
def sheet(qtbot: QtBot) -> HelpSheet:
    sheet = HelpSheet(Actions())
    qtbot.addWidget(sheet)
    sheet.show()
    return sheet


def items(sheet: HelpSheet) -> dict[str, QTreeWidgetItem]:
    found = {}
    for row in range(sheet.list.topLevelItemCount()):
        head = sheet.list.topLevelItem(row)
        assert head is not None
        for place in range(head.childCount()):
            item = head.child(place)
            assert item is not None
            found[str(item.data(0, Qt.ItemDataRole.UserRole))] = item
    return found


def test_lists_every_action_that_has_a_key(sheet: HelpSheet) -> None:
    assert set(items(sheet)) >= {action.id for action in ACTIONS if action.keys}
    assert items(sheet)["goto"].text(1) == "Ctrl+K or Ctrl+P"


def test_filters_by_action_and_by_key(sheet: HelpSheet) -> None:
    QTest.keyClicks(sheet.filter, "ctrl+k")
    assert [id for id, item in items(sheet).items() if not item.isHidden()] == ["goto"]
    sheet.filter.setText("full screen")
    assert [id for id, item in items(sheet).items() if not item.isHidden()] == ["full_screen"]


def test_a_key_is_changed_and_set_back(sheet: HelpSheet) -> None:
    sheet.choose("refresh")
    assert sheet.edit.keySequence() == QKeySequence("F5")
    sheet.edit.setKeySequence(QKeySequence("Ctrl+R"))
    QTest.mouseClick(sheet.set, Qt.MouseButton.LeftButton)
    assert sheet.actions_.keys("refresh") == ("Ctrl+R",)
    assert items(sheet)["refresh"].text(1) == "Ctrl+R"
    QTest.mouseClick(sheet.reset, Qt.MouseButton.LeftButton)
    assert sheet.actions_.keys("refresh") == ("F5",)


def test_a_key_that_is_taken_says_by_whom_and_moves(sheet: HelpSheet) -> None:
    sheet.choose("refresh")
    sheet.edit.setKeySequence(QKeySequence("Ctrl+K"))
    assert "Go to anything" in sheet.clash.text()
    QTest.mouseClick(sheet.set, Qt.MouseButton.LeftButton)
    assert sheet.actions_.keys("refresh") == ("Ctrl+K",)
    assert sheet.actions_.keys("goto") == ("Ctrl+P",)
