"""Notes and bookmarks by keys and mouse: written on the event, shown beside it, found again in the dock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from explorer import notes, settings
from explorer.errors import ExplorerError
from explorer.notes import LONGEST, Note
from explorer.stores import StoreSpec
from explorer.ui.notes.notes_dock import NotesDock
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.workspace import Workspace
from tests.ui.opened import ORDER, WAIT, click, make_shop, type_into, workspace_on

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def workspace(tmp_path: Path, qtbot: QtBot) -> Iterator[Workspace]:
    with workspace_on(qtbot, StoreSpec(make_shop(str(tmp_path / "shop.sqlite")))) as workspace:
        yield workspace


@pytest.fixture
def tab(workspace: Workspace, qtbot: QtBot) -> StreamTab:
    tab = StreamTab(workspace, ORDER.category, ORDER.id)
    qtbot.addWidget(tab)
    tab.resize(1000, 600)
    tab.show()
    qtbot.waitUntil(lambda: tab.cursor_at == 1 and tab.timeline.folded == 2, timeout=WAIT)
    tab.table.setFocus()
    return tab


@pytest.fixture
def dock(workspace: Workspace, qtbot: QtBot) -> NotesDock:
    dock = NotesDock(workspace)
    QAbstractItemModelTester(dock.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    qtbot.addWidget(dock)
    dock.resize(900, 200)
    dock.show()
    return dock


def kept(workspace: Workspace) -> list[tuple[int, str, str, bool]]:
    assert workspace.info is not None
    return [(one.version, one.type, one.text, one.bookmark) for one in notes.kept(workspace.info.identity)]


def test_writing_a_note_on_an_event(workspace: Workspace, tab: StreamTab) -> None:
    assert tab.note.isHidden()
    QTest.keyClick(tab.table, Qt.Key.Key_N)
    assert tab.note.field.hasFocus()
    QTest.keyClicks(tab.note.field, "here")
    QTest.keyClick(tab.note.field, Qt.Key.Key_Return)
    QTest.keyClicks(tab.note.field, "it begins: n & <b>")
    QTest.keyClick(tab.note.field, Qt.Key.Key_Return, CTRL)
    assert kept(workspace) == [(2, "OrderApproved", "here\nit begins: n & <b>", False)]
    assert tab.note.words.text() == "here\nit begins: n & <b>"
    assert tab.table.hasFocus()
    assert (tab.events.note(0), tab.events.note(1)) == ("", "note")
    assert "it begins" in tab.events.describe(1)
    tab.go_to(0)
    assert tab.note.isHidden()
    tab.go_to(1)
    assert tab.note.words.isVisible()


def test_what_is_being_written_stays_with_its_event_and_bookmarks(workspace: Workspace, tab: StreamTab) -> None:
    QTest.keyClick(tab.table, Qt.Key.Key_N)
    QTest.keyClicks(tab.note.field, "of the second")
    tab.go_to(0)
    assert tab.note.field.toPlainText() == "of the second"
    click(tab.note.keep_button)
    assert kept(workspace) == [(2, "OrderApproved", "of the second", False)]
    assert tab.note.isHidden()  # nothing is noted of the first
    tab.go_to(1)
    workspace.actions.trigger("bookmark")
    assert kept(workspace) == [(2, "OrderApproved", "of the second", True)]
    assert tab.events.note(1) == "star"
    workspace.actions.trigger("bookmark")
    assert kept(workspace) == [(2, "OrderApproved", "of the second", False)]


def test_giving_up_and_taking_away(workspace: Workspace, tab: StreamTab) -> None:
    workspace.noting.write(Note("Order", ORDER.id, 2, "OrderApproved", "was there"))
    assert tab.note.words.text() == "was there"
    click(tab.note.edit_button)
    QTest.keyClicks(tab.note.field, "other")  # what was there is selected
    assert tab.note.field.toPlainText() == "other"
    QTest.keyClick(tab.note.field, Qt.Key.Key_Escape)
    assert tab.note.words.text() == "was there"
    click(tab.note.edit_button)
    QTest.keyClick(tab.note.field, Qt.Key.Key_Delete)
    click(tab.note.keep_button)
    assert tab.note.isHidden()
    assert kept(workspace) == []


def test_a_note_that_cannot_be_kept_is_not_lost(workspace: Workspace, tab: StreamTab, qtbot: QtBot) -> None:
    QTest.keyClick(tab.table, Qt.Key.Key_N)
    tab.note.field.setPlainText("x" * (LONGEST + 1))
    with qtbot.waitSignal(workspace.message) as said:
        click(tab.note.keep_button)
    assert "at most" in said.args[0]
    assert tab.note.field.isVisible()
    tab.note.field.setPlainText("short")
    assert workspace.info is not None
    folder = settings.connection_folder(workspace.info.identity)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where the folder would be")
    failures: list[ExplorerError] = []
    workspace.failure.connect(failures.append)
    click(tab.note.keep_button)
    assert len(failures) == 1
    assert tab.note.field.toPlainText() == "short"
    assert tab.note.field.isVisible()


def test_the_list_goes_to_the_event_and_removes(workspace: Workspace, dock: NotesDock, qtbot: QtBot) -> None:
    assert "Nothing is noted yet" in dock.empty.accessibleDescription() or dock.empty.isVisible()
    workspace.noting.write(Note("Order", ORDER.id, 2, "OrderApproved", "why?"))
    workspace.noting.write(Note("Customer", "c1", 1, "CustomerCreated", bookmark=True))
    assert [note.event for note in dock.model.rows] == [("Customer", "c1", 1), ("Order", ORDER.id, 2)]
    type_into(dock.filter, "WHY")
    assert [note.text for note in dock.model.rows] == ["why?"]
    dock.table.setFocus()
    with qtbot.waitSignal(workspace.stream_wanted) as wanted:
        QTest.keyClick(dock.table, Qt.Key.Key_Return)
    assert wanted.args == ["Order", ORDER.id, 2]
    type_into(dock.filter, "nothing like it")
    assert dock.empty.isVisible()
    # What another program notes is seen when everything is read again.
    assert workspace.info is not None
    notes.noted(workspace.info.identity, Note("Order", ORDER.id, 1, "OrderCreated", "nothing like it, from outside"))
    workspace.refresh()
    assert [note.version for note in dock.model.rows] == [1]
    notes.noted(workspace.info.identity, Note("Order", ORDER.id, 1))
    workspace.refresh()
    # Removing asks first.
    type_into(dock.filter, "why")
    click(dock.remove_button)
    assert "v2 of Order" in dock.question.sentence.text()
    click(dock.question.no)
    assert len(kept(workspace)) == 2
    workspace.actions.trigger("note_remove")
    click(dock.question.yes)
    assert [version for version, *_ in kept(workspace)] == [1]
    assert not dock.remove_button.isEnabled()


def test_a_damaged_file_is_said_and_left_as_it_is(tmp_path: Path, qtbot: QtBot) -> None:
    spec = StoreSpec(make_shop(str(tmp_path / "shop.sqlite")))
    with workspace_on(qtbot, spec) as workspace:
        assert workspace.info is not None
        path = settings.connection_folder(workspace.info.identity) / notes.FILE
    path.parent.mkdir(parents=True)
    path.write_text("[")
    workspace = Workspace()
    failures: list[ExplorerError] = []
    workspace.failure.connect(failures.append)
    with qtbot.waitSignals([workspace.opened, workspace.engine_ready], timeout=WAIT):
        workspace.open(spec)
    assert "damaged" in str(failures[0])
    assert not workspace.noting.write(Note("Order", ORDER.id, 1, text="new"))
    assert path.read_text() == "["
    with qtbot.waitCallback(timeout=WAIT) as done:
        workspace.close(done)
