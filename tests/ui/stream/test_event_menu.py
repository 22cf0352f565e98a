"""What of an event can be taken elsewhere, by its menu."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from explorer.stores import StoreSpec
from explorer.ui.stream.event_menu import event_menu
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.workspace import Workspace
from tests.ui.opened import ORDER, WAIT, make_shop, workspace_on


@pytest.fixture
def workspace(tmp_path: Path, qtbot: QtBot) -> Iterator[Workspace]:
    with workspace_on(qtbot, StoreSpec(make_shop(str(tmp_path / "shop.sqlite")))) as workspace:
        yield workspace


@pytest.fixture
def tab(workspace: Workspace, qtbot: QtBot) -> StreamTab:
    tab = StreamTab(workspace, ORDER.category, ORDER.id)
    qtbot.addWidget(tab)
    tab.show()
    qtbot.waitUntil(lambda: tab.cursor_at == 1, timeout=WAIT)
    return tab


def action(menu: QMenu, title: str) -> QAction:
    return next(one for one in menu.actions() if one.text() == title)


def test_the_stream_up_to_an_event_as_a_pytest_file_and_bookmarking(
    workspace: Workspace, tab: StreamTab, qtbot: QtBot
) -> None:
    for ordinal, status in ((0, "PENDING"), (1, "APPROVED")):
        QGuiApplication.clipboard().setText("")
        menu = event_menu(workspace, tab.timeline, ordinal, ORDER, tab)
        action(menu, "Copy as pytest file, up to here").trigger()
        qtbot.waitUntil(lambda: "def test_" in QGuiApplication.clipboard().text(), timeout=WAIT)
        source = QGuiApplication.clipboard().text()
        assert source.count("stream.given(") + source.count("stream.when(") == ordinal + 1
        assert status in source
        names: dict[str, Any] = {}
        exec(compile(source, "test_copied.py", "exec"), names)
        names[f"test_order_7f3a_v{ordinal + 1}"]()
        menu.close()
    menu = event_menu(workspace, tab.timeline, 1, ORDER, tab)
    action(menu, "Bookmark, or no longer").trigger()
    assert [note.event for note in workspace.noting.notes] == [(*_place(), 2)]
    menu.close()


def _place() -> tuple[str, str]:
    return ORDER.category, ORDER.id
