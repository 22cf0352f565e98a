"""What-if branches in the window, by keys and clicks, on a real store with a real engine. The store stays as it is."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget
from pytestqt.qtbot import QtBot

from explorer import branches, settings
from explorer.model import StreamKey
from explorer.ui.branch.branch_page import BranchPage
from explorer.ui.branch.lockstep_model import Column
from explorer.ui.branch.what_if_head import WHAT_IF
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from explorer.ui.workspace import Workspace
from tests.ui.conftest import Make, opened
from tests.ui.sample import append, new
from tests.ui.shown_streams import LONG, STORY, WAIT, looping_plugin, readings, store, story

CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


@pytest.fixture
def told(shop: str) -> str:
    store(shop, STORY, story())
    return shop


@pytest.fixture
def ready(qtbot: QtBot) -> Callable[[BranchPage], BranchPage]:
    """Waits until all that was asked for is shown."""

    def ready(page: BranchPage) -> BranchPage:
        qtbot.waitUntil(
            lambda: (
                page.editing.shown is not None
                and not page.editing.running
                and page.editing.shown.edits == page.editing.branch.edits
                and not page.outcome.asking
            ),
            timeout=WAIT,
        )
        return page

    return ready


Ready = Callable[[BranchPage], BranchPage]


def shown(qtbot: QtBot, workspace: Workspace, ready: Ready, key: StreamKey, line: int | None) -> BranchPage:
    page = BranchPage(workspace)
    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    qtbot.waitExposed(page)
    page.activateWindow()
    page.ask(key.category, key.id, line)
    return ready(page)


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace, told: str, ready: Ready) -> BranchPage:
    """Of the story, at its third event."""
    return shown(qtbot, opened(qtbot, workspace, told), ready, STORY, 2)


def rows(page: BranchPage) -> list[tuple[str, str, str, str]]:
    """Versions as stored and in the branch, the branch's type, and what is said about it."""
    model = page.model
    columns = (Column.VERSION, Column.BRANCH_VERSION, Column.BRANCH_TYPE, Column.HOW)
    return [tuple(model.index(row, column).data() for column in columns) for row in range(model.rowCount())]


def differences(page: BranchPage) -> dict[str, tuple[str, str]]:
    return {row.path: (row.before, row.after) for row in page.outcome.model.rows}


def press(page: BranchPage, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    def focused() -> bool:  # where there is no screen, a list that popped up stays the active window for a while
        if not page.table.hasFocus():
            page.window().activateWindow()
        return page.table.hasFocus()

    for _ in range(200):
        if focused():
            break
        QTest.qWait(20)
    assert page.table.hasFocus()
    QTest.keyClick(page.table, key, modifier)


def type_json(page: BranchPage, words: str) -> None:
    """As somebody does who selects all of it first."""
    edit = page.editor.json.edit
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_A, CONTROL)
    QTest.keyClicks(edit, words)
    page.editor.json.check_now()


def kept(workspace: Workspace) -> tuple[branches.Branch, ...]:
    assert workspace.info is not None
    return branches.kept(workspace.info.identity)


# -- looking and editing -----------------------------------------------------------------------------------------------


def test_an_event_is_skipped_and_what_comes_of_it_is_seen(
    qtbot: QtBot, page: BranchPage, ready: Ready, told: str
) -> None:
    before = Path(told).read_bytes()
    assert (page.head.sentence.text(), page.head.place.text()) == (WHAT_IF, "Order story")
    assert [row[0] for row in rows(page)] == [row[1] for row in rows(page)] == ["1", "2", "3", "4", "5"]
    assert page.table.at == 2
    assert not differences(page)
    press(page, Qt.Key.Key_S)
    ready(page)
    assert rows(page)[2] == ("3", "", "", "skipped · differs from here")
    assert rows(page)[4] == ("5", "4", "OrderShipped", "")
    assert page.model.index(2, Column.SIGN).data() == "−"
    assert page.table.at == 2
    assert differences(page)["/orderTotal/amount"] == ("26.50", "21.00")
    assert page.head.where.text() == "states differ from row 3"
    tree = {node.row.path: (node.row.mark, node.row.text) for node in page.outcome.tree_model.walk() if node.row}
    assert tree["/revision"] == ("~", "1")
    press(page, Qt.Key.Key_Up)
    QTest.mouseClick(page.outcome.at_row, Qt.MouseButton.LeftButton)
    ready(page)
    assert not differences(page)
    QTest.mouseClick(page.outcome.at_end, Qt.MouseButton.LeftButton)
    ready(page)
    page.table.setFocus()
    press(page, Qt.Key.Key_Z, CONTROL)
    ready(page)
    assert rows(page)[2][3] == ""
    assert page.head.where.text() == ""
    press(page, Qt.Key.Key_Z, CONTROL | SHIFT)
    ready(page)
    assert rows(page)[2][3] == "skipped · differs from here"
    assert [one.edits for one in qtbot_kept(qtbot, page)] == [(branches.Skip(2),)]
    assert Path(told).read_bytes() == before


def qtbot_kept(qtbot: QtBot, page: BranchPage) -> tuple[branches.Branch, ...]:
    """What is kept, when all of it has been."""
    wanted = tuple(one for one in page.editing.all if one.edits or one.undone)
    qtbot.waitUntil(lambda: kept(page.workspace) == wanted, timeout=WAIT)
    return wanted


def test_an_event_is_written_anew_and_every_mistake_is_said_at_its_place(
    qtbot: QtBot, page: BranchPage, ready: Ready
) -> None:
    press(page, Qt.Key.Key_E)
    qtbot.waitUntil(page.editor.isVisible, timeout=WAIT)
    assert page.editor.type.text() == "OrderRevised"
    assert '"amount": 26.50' in page.editor.json.text()
    assert page.editor.json.edit.hasFocus()
    type_json(page, '{"lines": [],')
    assert page.editor.json.result.line == 1
    assert not page.editor.apply_button.isEnabled()
    type_json(page, "7")
    QTest.mouseClick(page.editor.apply_button, Qt.MouseButton.LeftButton)
    ready(page)
    assert page.editor.isVisible()
    assert "Error" in page.editor.problem.text()
    assert rows(page)[2][3].startswith("edited · ")
    assert page.model.index(2, Column.SIGN).data(Qt.ItemDataRole.AccessibleTextRole) == "error"
    type_json(page, '{"customerId": "c-0", "lines": [], "orderTotal": {"amount": 1.10}, "revision": 2}')
    QTest.mouseClick(page.editor.apply_button, Qt.MouseButton.LeftButton)
    ready(page)
    assert not page.editor.isVisible()
    assert differences(page)["/orderTotal/amount"] == ("26.50", "1.10")
    press(page, Qt.Key.Key_Return)
    qtbot.waitUntil(page.editor.isVisible, timeout=WAIT)
    assert '"amount": 1.10' in page.editor.json.text()
    QTest.keyClick(page.editor.json.edit, Qt.Key.Key_Escape)
    assert not page.editor.isVisible()
    assert page.table.hasFocus(), (QApplication.focusWidget(), QApplication.activeWindow())
    press(page, Qt.Key.Key_R)
    ready(page)
    assert rows(page)[2] == ("3", "3", "OrderRevised", "")


def test_an_event_is_put_in_moved_and_taken_out_again(qtbot: QtBot, page: BranchPage, ready: Ready) -> None:
    press(page, Qt.Key.Key_I)
    qtbot.waitUntil(page.editor.type.hasFocus, timeout=WAIT)
    QTest.keyClicks(page.editor.type, "S")  # a letter here, not a command
    assert page.editor.problem.isHidden()
    QTest.keyClick(page.editor.type, Qt.Key.Key_Backspace)
    assert page.editor.problem.text() == "The type is missing."
    QTest.keyClicks(page.editor.type, "OrderCancelled")
    type_json(page, '{"customerId": "c-0"}')
    QTest.mouseClick(page.editor.apply_button, Qt.MouseButton.LeftButton)
    ready(page)
    assert rows(page)[2][1:] == ("3", "OrderCancelled", "inserted · differs from here")
    assert rows(page)[2][0] == ""
    assert page.table.at == 2
    press(page, Qt.Key.Key_Down, ALT)
    ready(page)
    assert [row[2] for row in rows(page)][2:4] == ["OrderRevised", "OrderCancelled"]
    assert page.table.at == 3
    press(page, Qt.Key.Key_Up, ALT)
    press(page, Qt.Key.Key_Up, ALT)
    ready(page)
    assert page.table.at in (1, 2)
    press(page, Qt.Key.Key_Delete)
    ready(page)
    assert all(row[3] == "" for row in rows(page))
    page.table.go_to(3)
    press(page, Qt.Key.Key_Up, ALT)
    ready(page)
    assert [row[3].split(" · ")[0] for row in rows(page)] == ["", "", "moved here", "", "moved away", ""]
    press(page, Qt.Key.Key_T)
    ready(page)
    assert [row[3].split(" · ")[0] for row in rows(page)][3:] == ["cut off", "moved away", "cut off"]


def test_what_cannot_be_done_is_said(qtbot: QtBot, page: BranchPage, ready: Ready) -> None:
    press(page, Qt.Key.Key_S)
    ready(page)
    with qtbot.waitSignal(page.workspace.message) as said:
        press(page, Qt.Key.Key_S)
    assert said.args == ["This event was skipped: R puts it back."]
    page.editing.do(branches.Skip(77))
    qtbot.waitUntil(page.banner.isVisible, timeout=WAIT)
    assert "no line 77" in page.banner.sentence.text()
    assert page.editing.branch.edits == (branches.Skip(2),)


def test_the_model_of_the_rows(qtbot: QtBot, page: BranchPage, ready: Ready) -> None:
    tester = QAbstractItemModelTester(page.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for key in (Qt.Key.Key_S, Qt.Key.Key_R, Qt.Key.Key_T):
        press(page, key)
        ready(page)
    page.model.clear()
    assert page.model.rowCount() == 0
    tester.deleteLater()


def test_an_event_with_which_the_reducer_never_ends_is_taken_back(
    qtbot: QtBot, workspace: Workspace, shop: str, tmp_path: Path, ready: Ready
) -> None:
    key = StreamKey("Machine", "m-1")
    store(shop, key, [new("Started", {}), new("Stopped", {})])
    workspace.plugins = (looping_plugin(tmp_path),)
    page = shown(qtbot, opened(qtbot, workspace, shop), ready, key, 1)
    press(page, Qt.Key.Key_I)
    qtbot.waitUntil(page.editor.type.hasFocus, timeout=WAIT)
    QTest.keyClicks(page.editor.type, "Stuck")
    QTest.mouseClick(page.editor.apply_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.progress.isVisible, timeout=WAIT)
    QTest.mouseClick(page.progress.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.banner.isVisible, timeout=WAIT)
    assert page.progress.isHidden()
    assert page.editing.branch.edits == ()
    assert [row[2] for row in rows(page)] == ["Started", "Stopped"]
    page.show_outcome()
    press(page, Qt.Key.Key_S)
    ready(page)
    assert rows(page)[1][3].startswith("skipped")


# -- several branches --------------------------------------------------------------------------------------------------


def test_branches_have_names_and_are_kept(qtbot: QtBot, page: BranchPage, ready: Ready) -> None:
    press(page, Qt.Key.Key_S)
    ready(page)
    page.editing.new()
    ready(page)
    assert [one.name for one in page.editing.all] == ["Branch 1", "Branch 2"]
    assert all(row[3] == "" for row in rows(page))
    page.head.ask_name()
    QTest.keyClicks(page.head.name_field, "cut short")
    QTest.keyClick(page.head.name_field, Qt.Key.Key_Return)
    page.table.setFocus()
    press(page, Qt.Key.Key_T)
    ready(page)
    assert page.head.names.currentText() == "cut short   1 edit"
    names = page.head.names
    names.setFocus()
    QTest.keyClick(names, Qt.Key.Key_Up)
    ready(page)
    assert rows(page)[2][3].startswith("skipped")
    assert [one.name for one in qtbot_kept(qtbot, page)] == ["Branch 1", "cut short"]
    another = shown(qtbot, page.workspace, ready, STORY, None)
    assert another.editing.branch.name == "cut short"
    assert rows(another)[3][3].startswith("cut off")
    another.editing.delete()
    ready(another)
    assert [one.name for one in qtbot_kept(qtbot, another)] == ["Branch 1"]


def test_a_damaged_file_of_branches_is_said(qtbot: QtBot, workspace: Workspace, told: str, ready: Ready) -> None:
    opened(qtbot, workspace, told)
    assert workspace.info is not None
    branches.keep(workspace.info.identity, (branches.Branch("one", "Order", "story", (branches.Skip(0),)),))
    file = settings.connection_folder(workspace.info.identity) / "branches.json"
    file.write_bytes(b"{")
    page = shown(qtbot, workspace, ready, STORY, None)
    assert page.editing.branch.edits == ()
    assert file.read_bytes() == b"{"


# -- taking it elsewhere -----------------------------------------------------------------------------------------------


def test_a_branch_becomes_a_test_and_no_file_is_written_over_unasked(
    qtbot: QtBot, page: BranchPage, ready: Ready, tmp_path: Path
) -> None:
    press(page, Qt.Key.Key_S)
    ready(page)
    file = tmp_path / "test_order.py"
    page.export.ask("test")
    dialog = page.export.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.selectedFiles()[0].endswith("test_order_story.py")
    with qtbot.waitSignal(page.export.saved, timeout=WAIT):
        dialog.fileSelected.emit(str(file))
    dialog.close()
    (test,) = [one for name, one in runpy.run_path(str(file)).items() if name.startswith("test_")]
    test()
    page.export.save_to(str(file), "mend")
    qtbot.waitUntil(page.question.isVisible, timeout=WAIT)
    written = file.read_text()
    QTest.mouseClick(page.question.no, Qt.MouseButton.LeftButton)
    assert file.read_text() == written
    page.export.save_to(str(file), "mend")
    qtbot.waitUntil(page.question.isVisible, timeout=WAIT)
    with qtbot.waitSignal(page.export.saved, timeout=WAIT):
        QTest.mouseClick(page.question.yes, Qt.MouseButton.LeftButton)
    (test,) = [one for name, one in runpy.run_path(str(file)).items() if name.startswith("test_")]
    with pytest.raises(AssertionError, match="orderTotal"):
        test()
    page.export.save_to(str(tmp_path / "nowhere" / "x.py"), "test")
    qtbot.waitUntil(page.banner.isVisible, timeout=WAIT)
    assert "cannot be written" in page.banner.sentence.text()


def test_what_would_make_it_good_is_shown_and_not_done(qtbot: QtBot, page: BranchPage, ready: Ready, told: str) -> None:
    before = Path(told).read_bytes()
    QTest.mouseClick(page.good, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "goes without no event" in page.mends.empty.sentence.text(), timeout=WAIT)
    QTest.keyClick(page.mends, Qt.Key.Key_Escape)
    page.table.go_to(0)
    press(page, Qt.Key.Key_S)
    ready(page)
    QTest.mouseClick(page.good, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.mends.table.isVisible, timeout=WAIT)
    cells = [page.mends.model.index(0, column).data() for column in range(4)]
    assert cells[:2] == ["1", "OrderCreated"]
    assert cells[2].startswith("CancelOrder ")
    assert cells[3].startswith("refused: ")  # it has been shipped
    assert Path(told).read_bytes() == before


# -- long and live -----------------------------------------------------------------------------------------------------


def test_rows_of_a_long_stream_are_fetched_where_somebody_looks(
    qtbot: QtBot, workspace: Workspace, shop: str, ready: Ready
) -> None:
    store(shop, LONG, readings(0, 3_000))
    page = shown(qtbot, opened(qtbot, workspace, shop), ready, LONG, 1_500)
    assert page.table.at == 1_500
    press(page, Qt.Key.Key_S)
    ready(page)
    page.table.scrollToBottom()
    qtbot.waitUntil(lambda: page.model.index(2_999, Column.BRANCH_VERSION).data() == "2\u2009999", timeout=WAIT)
    page.table.setCurrentIndex(page.model.index(2_999, 0))
    press(page, Qt.Key.Key_S)
    ready(page)
    assert page.model.index(2_999, Column.HOW).data() == "skipped"
    press(page, Qt.Key.Key_Home, CONTROL)
    qtbot.waitUntil(lambda: page.model.index(0, Column.TYPE).data() == "Measured", timeout=WAIT)


def test_what_arrives_is_in_the_branch_too(qtbot: QtBot, page: BranchPage, ready: Ready, told: str) -> None:
    press(page, Qt.Key.Key_S)
    ready(page)
    append(told, "Order", "story", 5, new("OrderDelivered", {"customerId": "c-0"}))
    qtbot.waitUntil(lambda: page.model.rowCount() == 6, timeout=WAIT)
    ready(page)
    assert rows(page)[5][:3] == ("6", "5", "OrderDelivered")
    assert page.table.at == 2


# -- in the window -----------------------------------------------------------------------------------------------------


def wait_for(qtbot: QtBot, window: Window, ready: Ready) -> BranchPage:
    page = window.tabs.page("branch")
    assert isinstance(page, BranchPage)
    return ready(page)


def test_from_a_stream_by_key_and_from_the_menu_of_an_event(
    qtbot: QtBot, make_window: Make, told: str, ready: Ready
) -> None:
    window = make_window(told)
    tab = window.tabs.show_stream(*(STORY.category, STORY.id))
    qtbot.waitUntil(lambda: tab.cursor_at == 4 and tab.timeline.folded == 5, timeout=WAIT)
    tab.go_to(1)
    QTest.keyClick(tab.table, Qt.Key.Key_B, CONTROL)
    page = wait_for(qtbot, window, ready)
    assert (window.tabs.currentWidget(), page.table.at) == (page, 1)
    qtbot.waitUntil(page.table.hasFocus, timeout=WAIT)
    place = window.workspace
    assert place.current_stream == (STORY.category, STORY.id, 2)  # the panels below still show that stream
    press(page, Qt.Key.Key_Down)
    assert place.current_stream == (STORY.category, STORY.id, 3)
    press(page, Qt.Key.Key_Up)
    press(page, Qt.Key.Key_E)
    qtbot.waitUntil(page.editor.json.edit.hasFocus, timeout=WAIT)
    type_json(page, '{"customerId": "c-1", "revision": 1}')
    QTest.keyClick(page.editor.json.edit, Qt.Key.Key_Return, CONTROL)
    ready(page)
    assert rows(page)[1][3] == "edited"
    assert not page.editor.isVisible()
    press(page, Qt.Key.Key_Down, ALT)  # which is a key of the state's tree, too
    ready(page)
    assert [row[2] for row in rows(page)][1:4] == ["", "OrderRevised", "OrderApproved"]
    press(page, Qt.Key.Key_Z, CONTROL)
    ready(page)
    assert rows(page)[1][3] == "edited"
    window.tabs.setCurrentWidget(tab)
    assert menu_entry(tab, 2, "What if this had not happened")
    ready(page)
    assert page.editing.branch.name == "Without v3 OrderRevised"
    assert rows(page)[2][3].startswith("skipped")
    state = window.tabs.state()
    assert state["branch"] == ["Order", "story"]
    window.tabs.close_tab(window.tabs.currentIndex())
    assert window.workspace.actions.trigger("reopen_tab")
    assert wait_for(qtbot, window, ready).editing.key == STORY
    window.tabs.close_tab(window.tabs.currentIndex())
    window.tabs.restore(state)
    again = wait_for(qtbot, window, ready)
    assert again is not page
    assert again.editing.branch.name == "Without v3 OrderRevised"


def menu_entry(tab: StreamTab, ordinal: int, title: str) -> bool:
    """Choose this entry of the menu of an event."""
    tab.table.menu_wanted.emit(ordinal, tab.mapToGlobal(QPoint(200, 200)))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    (action,) = [one for one in menu.actions() if one.text() == title]
    menu.setActiveAction(action)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    return True


def test_the_menu_of_a_row_does_what_the_keys_do(qtbot: QtBot, page: BranchPage, ready: Ready) -> None:
    def choose(number: int, title: str) -> None:
        page.table.menu_wanted.emit(number, page.mapToGlobal(QPoint(200, 200)))
        menu: QWidget | None = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        (action,) = [one for one in menu.actions() if one.text().split("\t")[0] == title]
        menu.setActiveAction(action)
        QTest.keyClick(menu, Qt.Key.Key_Return)

    choose(1, "This had not happened")
    ready(page)
    assert rows(page)[1][3].startswith("skipped")
    choose(1, "As it is stored")
    ready(page)
    choose(4, "Move up")
    ready(page)
    assert [row[2] for row in rows(page)][3:5] == ["OrderShipped", "OrderApproved"]
    with qtbot.waitSignal(page.workspace.stream_wanted) as wanted:
        choose(0, "Open the stream at this version")
    assert wanted.args == ["Order", "story", 1]
