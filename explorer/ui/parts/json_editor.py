"""An editor for JSON: fixed-width, with line numbers, checked while one types, the error marked where it is.

Nothing above `LIMIT` is taken, let alone decoded: the GUI thread would stand still. Numbers are kept exactly as typed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from PySide6.QtCore import QMimeData, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QShortcut,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextDocumentLayout,
    QPlainTextEdit,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer import payload
from explorer.ui.look import icons, text, theme

LIMIT = 256_000  # bytes; more is neither checked nor written from here
COLOURED = 64_000  # characters; longer texts are shown in one colour
LONG_LINE = 8_000  # characters; likewise
CHECK_AFTER = 120  # milliseconds after the last key

_AT_MOST = f"{text.size_text(LIMIT)} is the most that can be written by hand here."
_TONES = {"check": "good", "warning": "warning", "error": "error"}
_PLACE = re.compile(r"line (\d+)\D+column (\d+)")


class Checked(NamedTuple):
    """A text as JSON: its value, or what is wrong and where (line and column count from 1; 0: nowhere special)."""

    problem: str = ""
    line: int = 0
    column: int = 0
    size: int = 0  # bytes


def check(content: str, *, object_wanted: bool = False) -> Checked:
    """Is this JSON that can be written? Cheap for texts above the limit, which are refused unread."""
    raw = content.encode("utf-8", "surrogatepass")
    if len(raw) > LIMIT:
        return Checked(f"{text.size_text(len(raw))} is too much: {_AT_MOST}", size=len(raw))
    if not content.strip():
        return Checked("JSON is needed; {} is an empty object.", size=len(raw))
    decoded = payload.decode(raw)
    if decoded.problem:
        place = _PLACE.search(decoded.problem)
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        return Checked(decoded.problem, line, column, len(raw))
    if object_wanted and not isinstance(decoded.value, dict):
        return Checked("An object is needed here: {…}.", 1, 1, len(raw))
    return Checked(size=len(raw))


class JsonEditor(QWidget):
    """The editor, and a line below that says what is wrong, or how large it is. `checked` comes after each change."""

    checked = Signal()

    def __init__(self, name: str, parent: QWidget | None = None, *, object_wanted: bool = False) -> None:
        super().__init__(parent)
        self._object_wanted = object_wanted
        self.result = Checked()
        self.edit = _Edit(self)
        self.edit.setAccessibleName(name)
        self.edit.refused.connect(self._refuse)
        self.setFocusProxy(self.edit)
        self._mark = QLabel(self)
        self._mark.setFixedHeight(theme.scaled(18))
        self.status = text.plain_label("", self, wrap=True)
        self.status.setProperty("muted", True)
        self.format_button = QToolButton(self)
        self.format_button.setText("Format")
        self.format_button.setAutoRaise(True)
        self.format_button.setToolTip("Lay out with one member a line (Ctrl+Shift+F)")
        self.format_button.setAccessibleName(f"Format {name}")
        self.format_button.clicked.connect(self.format)
        self._go = QToolButton(self)
        self._go.setText("Go to error")
        self._go.setAutoRaise(True)
        self._go.clicked.connect(self.go_to_error)
        self._go.hide()
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.S, 0, 0, 0)
        foot.setSpacing(theme.S)
        foot.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        foot.addWidget(self.status, 1)
        foot.addWidget(self._go)
        foot.addWidget(self.format_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.edit, 1)
        column.addLayout(foot)
        self._later = QTimer(self, singleShot=True, interval=CHECK_AFTER)
        self._later.timeout.connect(self.check_now)
        self.edit.textChanged.connect(self._later.start)
        shortcut = QShortcut(QKeySequence("Ctrl+Shift+F"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.format)
        self.set_document(new_document("{}", self))

    def set_document(self, document: QTextDocument) -> None:
        """Show another text; each keeps its own undo."""
        self.edit.show_document(document)
        self.check_now()

    def text(self) -> str:
        return self.edit.toPlainText()

    def set_text(self, content: str) -> None:
        """Replace the text, undoable; one above the limit is refused."""
        if len(content) > LIMIT:
            self._refuse(len(content))
            return
        cursor = QTextCursor(self.edit.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(content)
        self.check_now()

    @property
    def valid(self) -> bool:
        self.check_now()
        return not self.result.problem

    def check_now(self) -> None:
        """Check what stands there now, without waiting for the pause after the last key."""
        self._later.stop()
        self.result = check(self.text(), object_wanted=self._object_wanted)
        self._show_result()
        self.checked.emit()

    def format(self) -> None:
        """One member a line; numbers and the order of members stay."""
        if self.valid:
            decoded = payload.decode(self.text().encode())
            pretty = payload.pretty(decoded.value)
            if pretty != self.text():
                self.set_text(pretty)

    def go_to_error(self) -> None:
        place = self.edit.position_of(self.result.line, self.result.column)
        if place is not None:
            cursor = self.edit.textCursor()
            cursor.setPosition(place)
            self.edit.setTextCursor(cursor)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def _refuse(self, size: int) -> None:
        self._say(f"{text.size_text(size)} was not inserted: {_AT_MOST}", "warning")

    def _show_result(self) -> None:
        found = self.result
        self.edit.mark_error(found.line, found.column)
        self._go.setVisible(found.line > 0)
        self.format_button.setEnabled(not found.problem)
        if found.problem:
            self._say(found.problem, "error")
        else:
            self._say(f"Valid JSON, {text.size_text(found.size)}", "check")

    def _say(self, sentence: str, mark: str) -> None:
        text.set_label(self.status, sentence)
        tone = "" if mark == "check" else mark
        if self.status.property("tone") != tone:
            self.status.setProperty("tone", tone)
            self.status.style().unpolish(self.status)
            self.status.style().polish(self.status)
        self._mark.setPixmap(icons.icon(mark, _TONES[mark]).pixmap(14, 14))


def laid_out(content: str) -> str:
    """JSON with a member a line; as it is when it is no JSON or too long; an empty object for nothing."""
    if not content.strip():
        return "{}"
    if len(content) > LIMIT:
        return "{}"
    decoded = payload.decode(content.encode("utf-8", "surrogatepass"))
    return content if decoded.problem else payload.pretty(decoded.value)


def new_document(content: str, parent: QObject) -> QTextDocument:
    """A text of its own for `JsonEditor.set_document`, with its own undo."""
    document = QTextDocument(parent)
    document.setDocumentLayout(QPlainTextDocumentLayout(document))
    document.setDefaultFont(theme.mono_font())
    document.setPlainText(content)
    document.setModified(False)
    _Colours(document)
    return document


class _Edit(QPlainTextEdit):
    """Plain text with line numbers in the left margin; refuses to paste what is too much."""

    refused = Signal(int)  # bytes

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)  # wrapping one line of a megabyte takes minutes
        self.setFont(theme.mono_font())
        self.setTabChangesFocus(True)
        self._numbers = _Numbers(self)
        self._error: tuple[int, int] = (0, 0)
        self.updateRequest.connect(self._scrolled)
        self.blockCountChanged.connect(self._fit_margin)
        self.cursorPositionChanged.connect(self._numbers.update)

    def show_document(self, document: QTextDocument) -> None:
        self.setDocument(document)
        self.setTabStopDistance(2 * self.fontMetrics().horizontalAdvance(" "))
        self._fit_margin()

    def insertFromMimeData(self, source: QMimeData) -> None:
        pasted = source.text()
        if len(pasted) + self.document().characterCount() > LIMIT:
            self.refused.emit(len(pasted))
            return
        self.insertPlainText(pasted)

    def position_of(self, line: int, column: int) -> int | None:
        """Where in the text; None for line 0 or lines that are not there."""
        block = self.document().findBlockByNumber(line - 1)
        if line < 1 or not block.isValid():
            return None
        return block.position() + max(0, min(column - 1, block.length() - 1))

    def mark_error(self, line: int, column: int) -> None:
        self._error = (line, column)
        place = self.position_of(line, column)
        selections: list[QTextEdit.ExtraSelection] = []
        if place is not None:
            whole = QTextEdit.ExtraSelection()
            whole.cursor = QTextCursor(self.document())
            whole.cursor.setPosition(place)
            whole.format.setBackground(QColor(theme.colours().error_back))
            whole.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            spot = QTextEdit.ExtraSelection()
            spot.cursor = QTextCursor(self.document())
            spot.cursor.setPosition(place)
            forward = QTextCursor.MoveOperation.NextCharacter
            if not spot.cursor.movePosition(forward, QTextCursor.MoveMode.KeepAnchor) or spot.cursor.atBlockStart():
                spot.cursor.setPosition(max(0, place - 1))
                spot.cursor.movePosition(forward, QTextCursor.MoveMode.KeepAnchor)
            spot.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
            spot.format.setUnderlineColor(QColor(theme.colours().error))
            spot.format.setForeground(QColor(theme.colours().error))
            selections = [whole, spot]
        self.setExtraSelections(selections)
        self._numbers.update()

    def margin_width(self) -> int:
        digits = max(2, len(str(self.blockCount())))
        return digits * self.fontMetrics().horizontalAdvance("9") + 2 * theme.M

    def _fit_margin(self) -> None:
        self.setViewportMargins(self.margin_width(), 0, 0, 0)
        self._place_margin()

    def _place_margin(self) -> None:
        inside = self.contentsRect()
        self._numbers.setGeometry(QRect(inside.left(), inside.top(), self.margin_width(), inside.height()))

    def _scrolled(self, area: QRect, by: int) -> None:
        if by:
            self._numbers.scroll(0, by)
        else:
            self._numbers.update(0, area.y(), self._numbers.width(), area.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_margin()

    def paint_numbers(self, painter: QPainter, area: QRect) -> None:
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        current = self.textCursor().blockNumber()
        painter.setFont(self.font())
        while block.isValid() and top <= area.bottom():
            height = self.blockBoundingRect(block).height()
            if block.isVisible() and top + height >= area.top():
                number = block.blockNumber()
                role = "error" if number + 1 == self._error[0] else "text" if number == current else "muted"
                painter.setPen(QColor(getattr(theme.colours(), role)))
                # The last block is higher than its line.
                where = QRect(0, round(top), self._numbers.width() - theme.M, self.fontMetrics().height())
                painter.drawText(where, Qt.AlignmentFlag.AlignRight, str(number + 1))
            top += height
            block = block.next()


class _Numbers(QWidget):
    """The margin in which the line numbers stand."""

    def __init__(self, edit: _Edit) -> None:
        super().__init__(edit)
        self._edit = edit

    def sizeHint(self) -> QSize:
        return QSize(self._edit.margin_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Window))
        self._edit.paint_numbers(painter, event.rect())


_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(\b(?:true|false|null)\b)')


class _Colours(QSyntaxHighlighter):
    """Names, texts, numbers and words each in their colour."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        theme.signals().changed.connect(self.rehighlight)

    def highlightBlock(self, line: str) -> None:
        # Colouring a long text, or an unbroken line, at every key would be felt.
        if len(line) > LONG_LINE or self.document().characterCount() > COLOURED:
            return
        colours = theme.colours()
        for match in _TOKEN.finditer(line):
            if match[1]:
                colour = colours.accent if match[2] else colours.good
                self.setFormat(match.start(1), len(match[1]), QColor(colour))
            else:
                self.setFormat(match.start(), len(match[0]), QColor(colours.replace if match[3] else colours.move))
