"""Long texts in pages: only what is in sight is fetched and laid out, whatever the size."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.engine.messages import TextPage
from explorer.engine.text import TextLines, page
from explorer.errors import ConnectionLost, ExplorerError
from explorer.ui.parts.text_pages import TextPages, TextWindow

Then = Callable[[TextPage], None]
Failed = Callable[[ExplorerError], None]


class Lines:
    """A text as an engine would send it."""

    def __init__(self, text: str) -> None:
        self.text = TextLines(text, len(text))
        self.asked: list[int] = []

    def __call__(self, start: int, then: Then, failed: Failed) -> None:
        self.asked.append(start)
        then(page(self.text, start, 500))


@pytest.fixture
def pages(qtbot: QtBot) -> TextPages:
    widget = TextPages("Text")
    qtbot.addWidget(widget)
    widget.resize(600, 400)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_a_million_lines_cost_no_more_than_those_in_sight(qtbot: QtBot, pages: TextPages) -> None:
    lines = Lines("\n".join(f"line {number}" for number in range(1_000_000)))
    pages.show_source(lines)
    pages.repaint()
    assert (pages.total, lines.asked) == (1_000_000, [0])
    pages.verticalScrollBar().setValue(777_777)
    qtbot.waitUntil(lambda: pages.line(777_777) == "line 777777")
    assert len(lines.asked) <= 3
    for value in range(0, 1_000_000, 40_000):
        pages.verticalScrollBar().setValue(value)
        qtbot.waitUntil(partial(_has, pages, value))
    assert sum(1 for number in range(1_000_000) if pages.line(number)) <= 8_500, "what was scrolled past is let go"


def _has(pages: TextPages, number: int) -> bool:
    return pages.line(number) == f"line {number}"


def test_an_unbroken_line_of_a_megabyte(pages: TextPages) -> None:
    pages.show_source(Lines("x" * 1_000_000))
    computed = time.thread_time()
    pages.repaint()
    assert time.thread_time() - computed < 5, "as one line of wrapped text it would take a minute and a half"
    assert pages.total == 500
    assert pages.horizontalScrollBar().maximum() > 1_000


def test_selecting_and_copying_by_keys_fetches_what_is_missing(qtbot: QtBot, pages: TextPages) -> None:
    pages.show_source(Lines("\n".join(f"line {number}" for number in range(3_000))))
    pages.setFocus()
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(pages, Qt.Key.Key_Down)
    QTest.keyClick(pages, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(pages, Qt.Key.Key_C, control)
    assert QGuiApplication.clipboard().text() == "line 1\nline 2"
    QTest.keyClick(pages, Qt.Key.Key_A, control)
    QTest.keyClick(pages, Qt.Key.Key_C, control)
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text().endswith("line 2999"))
    assert QGuiApplication.clipboard().text().count("\n") == 2_999
    QTest.keyClick(pages, Qt.Key.Key_End)
    assert pages.verticalScrollBar().value() == pages.verticalScrollBar().maximum()


def test_dragging_selects_lines(pages: TextPages) -> None:
    pages.show_source(Lines("\n".join("abcdef")))
    view = pages.viewport()
    height = view.height() // pages.verticalScrollBar().pageStep()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(90, height // 2))
    QTest.mouseMove(view, QPoint(120, 2 * height + height // 2))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(120, 2 * height + height // 2))
    pages.copy()
    assert QGuiApplication.clipboard().text() == "a\nb\nc"


def test_another_source_replaces_the_first_only_when_it_answers(pages: TextPages) -> None:
    pages.show_source(Lines("first"))
    waiting: list[Then] = []
    pages.show_source(lambda start, then, failed: waiting.append(then))
    assert pages.line(0) == "first"
    waiting[0](TextPage(0, 1, 6, ("second",)))
    assert pages.line(0) == "second"


def test_a_failure_is_told(qtbot: QtBot, pages: TextPages) -> None:
    error = ConnectionLost("Gone.")
    with qtbot.waitSignal(pages.failed) as told:
        pages.show_source(lambda start, then, failed: failed(error))
    assert told.args == [error]


def test_a_window_says_how_large_the_value_is(qtbot: QtBot) -> None:
    window = TextWindow("<b>title</b>", Lines("one\ntwo"))
    qtbot.addWidget(window)
    window.show()
    assert window.note.text() == "7 B · 2 lines"
    window.close()
