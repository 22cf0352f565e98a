"""The check of a reducer from the tab of a stream: real processes, a plug-in that reads the clock and one that does
not."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.model import StreamKey
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.workspace import Workspace
from tests.ui.conftest import opened
from tests.ui.sample import new
from tests.ui.shown_streams import WAIT, show, store

KEY = StreamKey("Machine", "m")
PLUGIN = """
from datetime import datetime
from explorer.model import Aggregate, Domain

def evolve(state, event):
    if event.type == "Dated":
        return {**state, "at": datetime.now().isoformat()}
    return {**state, "n": state.get("n", 0) + 1}

domain = Domain("Test", (Aggregate("Machine", dict, evolve),), files=(__file__,))
"""


def shown(qtbot: QtBot, workspace: Workspace, folder: Path, *types: str) -> StreamTab:
    url, plugin = str(folder / "machine.sqlite"), folder / "machine.py"
    store(url, KEY, [new(type, {}) for type in types])
    plugin.write_text(PLUGIN)
    workspace.plugins = (str(plugin),)
    return show(qtbot, opened(qtbot, workspace, url), KEY)


def check(qtbot: QtBot, tab: StreamTab) -> str:
    assert tab.workspace.actions.trigger("purity")
    qtbot.waitUntil(tab.reducer_check.banner.isVisible, timeout=WAIT)
    return tab.reducer_check.banner.sentence.text()


def test_a_reducer_that_reads_the_clock(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    tab = shown(qtbot, workspace, tmp_path, "Made", "Run", "Dated", "Run")
    assert tab.version == 4
    assert check(qtbot, tab).startswith("v3: The reducer reads ")
    banner = tab.reducer_check.banner
    assert "differ from here on" in banner._detail.toPlainText()
    assert "/at: " in banner._detail.toPlainText()
    QTest.mouseClick(tab.reducer_check.go_button, Qt.MouseButton.LeftButton)
    assert tab.version == 3


def test_a_reducer_that_does_not(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    tab = shown(qtbot, workspace, tmp_path, "Made", "Run")
    assert check(qtbot, tab) == "The reducer depends on nothing but state and events."
    assert tab.reducer_check.go_button.isHidden()


def test_it_can_be_cancelled(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    tab = shown(qtbot, workspace, tmp_path, "Made")
    assert tab.workspace.actions.trigger("purity")
    asked = tab.reducer_check._asked
    assert asked is not None
    asked.cancel()
    qtbot.waitUntil(tab.reducer_check.banner.isVisible, timeout=WAIT)
    assert tab.reducer_check.banner.sentence.text() == "The check of the reducer was cancelled."


def test_there_is_nothing_to_check_without_a_reducer(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    url = str(tmp_path / "other.sqlite")
    store(url, StreamKey("Other", "o"), [new("Made", {})])
    tab = show(qtbot, opened(qtbot, workspace, url), StreamKey("Other", "o"))
    assert not tab.workspace.actions.trigger("purity")
