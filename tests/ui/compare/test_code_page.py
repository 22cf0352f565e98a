"""Which streams end differently under another plug-in, in the window, on a real store; plug-ins that fail and hang."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.ui.compare.code_page import CodePage
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from tests.engine.test_comparisons import OTHER
from tests.ui.conftest import Make
from tests.ui.sample import append
from tests.ui.shown_streams import STORY, WAIT, story


@pytest.fixture
def page(qtbot: QtBot, make_window: Make, shop: str) -> CodePage:
    """Opened from the story's tab."""
    append(shop, "Order", STORY.id, 0, *story())
    window = make_window(shop)
    tab = window.tabs.show_stream(STORY.category, STORY.id)
    qtbot.waitUntil(lambda: tab.version == 5, timeout=WAIT)
    assert window.workspace.actions.trigger("compare_code")
    page = window.tabs.page("code")
    assert isinstance(page, CodePage)
    qtbot.waitUntil(page.file_field.hasFocus, timeout=WAIT)
    return page


def compare(qtbot: QtBot, page: CodePage, file: Path, source: str) -> None:
    file.write_text(source)
    page.file_field.setFocus()
    page.file_field.clear()
    QTest.keyClicks(page.file_field, str(file))
    QTest.keyClick(page.file_field, Qt.Key.Key_Return)
    assert page.running


def over(qtbot: QtBot, page: CodePage) -> None:
    qtbot.waitUntil(lambda: not page.running, timeout=WAIT)


def test_which_streams_end_differently_and_since_when(qtbot: QtBot, page: CodePage, tmp_path: Path) -> None:
    assert page.category.currentText() == "Order"
    assert not page.begin_button.isEnabled()
    compare(qtbot, page, tmp_path / "other.py", OTHER)
    over(qtbot, page)
    assert page.head.note.text() == "1 of 31 streams end differently."
    assert [page.model.index(0, column).data() for column in range(5)] == ["story", "3", "OrderRevised", "1", ""]
    assert [(row.path, row.before, row.after) for row in page.diff.model.rows] == [("/revision", "2", "99")]
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    window = page.window()
    assert isinstance(window, Window)
    tab = window.tabs.currentWidget()
    assert isinstance(tab, StreamTab)
    qtbot.waitUntil(lambda: (tab.id, tab.version) == ("story", 3), timeout=WAIT)


def test_one_stream_alone_and_the_same_code(qtbot: QtBot, page: CodePage, tmp_path: Path) -> None:
    assert page.only.text() == "Only story"
    page.only.setChecked(True)
    compare(qtbot, page, tmp_path / "other.py", OTHER.replace("99", "2"))
    over(qtbot, page)
    assert page.empty.sentence.text() == "No stream ends differently"
    assert page.head.note.text() == "0 of 1 streams end differently."


def test_a_plug_in_that_is_broken_and_one_that_never_ends(qtbot: QtBot, page: CodePage, tmp_path: Path) -> None:
    compare(qtbot, page, tmp_path / "broken.py", "import nothing_like_this")
    over(qtbot, page)
    assert "nothing_like_this" in page.banner.sentence.text()
    hanging = OTHER.replace("state = ORDER", 'while event.type == "OrderRevised": pass\n    state = ORDER')
    compare(qtbot, page, tmp_path / "hanging.py", hanging)
    QTest.qWait(300)
    assert page.bar.isVisible()
    QTest.mouseClick(page.cancel_button, Qt.MouseButton.LeftButton)
    over(qtbot, page)
    assert page.banner.isVisible()
    compare(qtbot, page, tmp_path / "other.py", OTHER)  # what came before is not in the way
    over(qtbot, page)
    assert page.model.rowCount() == 1
