"""The JSON editor: what is wrong is said with its place, too much is refused, numbers stay."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.ui.parts.json_editor import LIMIT, JsonEditor, check


@pytest.fixture
def editor(qtbot: QtBot) -> JsonEditor:
    editor = JsonEditor("Payload")
    qtbot.addWidget(editor)
    editor.resize(400, 300)
    editor.show()
    qtbot.waitExposed(editor)
    return editor


def write(editor: JsonEditor, content: str) -> None:
    QTest.keyClick(editor.edit, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(editor.edit, content)


def test_malformed_json_is_marked_at_its_place(editor: JsonEditor, qtbot: QtBot) -> None:
    editor.set_text('{\n  "a": 1,\n  "b" 2\n}')
    with qtbot.waitSignal(editor.checked):
        QTest.keyClick(editor.edit, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(editor.edit, " ")
    assert (editor.result.line, editor.result.column) == (3, 7)
    assert "line 3, column 7" in editor.status.text()
    assert len(editor.edit.extraSelections()) == 2
    assert not editor.valid
    editor.go_to_error()
    cursor = editor.edit.textCursor()
    assert (cursor.blockNumber() + 1, cursor.positionInBlock() + 1) == (3, 7)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "needed"),
        ("{", "Not JSON"),
        ('{"a":NaN}', "NaN"),
        ('{"a":1,"a":2}', "twice"),
        ('"\\ud800"', "surrogate"),
        ("[" * 600 + "]" * 600, "levels"),
        ("x" * (LIMIT + 1), "too much"),
    ],
)
def test_what_cannot_be_written_is_said(content: str, words: str) -> None:
    assert words in check(content).problem


@pytest.mark.parametrize("content", ['{"a":1.10}', '{"a":123456789012345678901234567890}', '{"a":1e400}', "[1,2]"])
def test_formatting_keeps_numbers_as_they_are(editor: JsonEditor, content: str) -> None:
    write(editor, content)
    editor.check_now()
    QTest.mouseClick(editor.format_button, Qt.MouseButton.LeftButton)
    assert "".join(editor.text().split()) == content.replace("1e400", "1E+400")
    assert editor.valid


def test_formatting_can_be_undone(editor: JsonEditor) -> None:
    write(editor, '{"a":1}')
    editor.format()
    assert editor.text() == '{\n  "a": 1\n}'
    QTest.keyClick(editor.edit, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.text() == '{"a":1}'


def test_metadata_must_be_an_object(qtbot: QtBot) -> None:
    editor = JsonEditor("Metadata", object_wanted=True)
    qtbot.addWidget(editor)
    editor.set_text("[1]")
    assert not editor.valid
    assert "object" in editor.result.problem


def test_a_huge_paste_is_refused_at_once(editor: JsonEditor) -> None:
    before = editor.text()
    data = QMimeData()
    data.setText('{"a":"' + "x" * 1_000_000 + '"}')
    QGuiApplication.clipboard().setMimeData(data)
    computed = time.thread_time()
    QTest.keyClick(editor.edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert time.thread_time() - computed < 3
    assert editor.text() == before
    assert "was not inserted" in editor.status.text()


def test_tab_leaves_the_editor(editor: JsonEditor) -> None:
    editor.edit.setFocus()
    QTest.keyClick(editor.edit, Qt.Key.Key_Tab)
    assert not editor.edit.hasFocus()
    assert "\t" not in editor.text()
