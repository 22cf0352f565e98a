"""The editors of single values that a form is made of.

Every editor holds *content* (see `field_values`), says `changed` when the user changed it, and shows problems in place.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer.engine.messages import FieldInfo
from explorer.ui.commands.field_values import Content, inner, is_raw
from explorer.ui.look import text, theme

INPUT = 26  # pixels; height of a field
LABEL_WIDTH = 92  # pixels; room for "customerId", and for a table of three columns beside a dock's margins


def mark_invalid(field: QWidget, wrong: bool) -> None:
    """Show on a field whether what stands in it can be used."""
    if bool(field.property("invalid")) != wrong:
        field.setProperty("invalid", wrong)
        field.style().unpolish(field)
        field.style().polish(field)


class FieldEditor(QWidget):
    """Base: an editor of one field. `content()` and `set_content()` are inverse; setting does not emit `changed`."""

    changed = Signal(object)  # the widget that was typed into: edits of the same one are undone together
    undo_wanted = Signal()
    redo_wanted = Signal()

    def __init__(self, field: FieldInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field

    def content(self) -> Content:
        raise AssertionError("every kind of editor has its own")

    def set_content(self, content: Content) -> None:
        raise AssertionError("every kind of editor has its own")

    def show_problems(self, problems: Mapping[str, str], path: str) -> None:
        raise AssertionError("every kind of editor has its own")

    def inputs(self) -> list[QWidget]:
        """What takes keys, in the order of Tab."""
        raise AssertionError("every kind of editor has its own")

    def adopt(self, editor: FieldEditor) -> None:
        """Pass on what an inner editor says."""
        editor.changed.connect(self.changed)
        editor.undo_wanted.connect(self.undo_wanted)
        editor.redo_wanted.connect(self.redo_wanted)


class ValueEditor(FieldEditor):
    """One value: a line, a check box or a choice."""

    def __init__(self, field: FieldInfo, name: str, parent: QWidget | None = None, *, cell: bool = False) -> None:
        super().__init__(field, parent)
        self._cell = cell
        self._problem = QLabel(self)
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setProperty("tone", "error")
        self._problem.setWordWrap(True)
        self._problem.hide()
        self.input = self._make_input()
        self.input.setAccessibleName(text.shown(name))
        if field.help:
            self.input.setToolTip(text.tooltip(field.help))
            self.input.setAccessibleDescription(text.shown(field.help))
        self.setFocusProxy(self.input)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.input)
        column.addWidget(self._problem)

    def _make_input(self) -> QWidget:
        if self.field.kind == "boolean":
            box = QCheckBox(self)
            box.toggled.connect(lambda: self.changed.emit(box))
            return box
        if self.field.kind == "choice":
            choice = QComboBox(self)
            choice.addItems(([] if self.field.required else [""]) + list(self.field.choices))
            choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            choice.currentIndexChanged.connect(lambda: self.changed.emit(choice))
            return choice
        line = QLineEdit(self)
        line.setMinimumWidth(40)
        if self.field.kind in ("integer", "decimal") or is_raw(self.field):
            line.setFont(theme.mono_font())
            line.setProperty("mono", True)
            if self._cell and not is_raw(self.field):
                line.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if not self.field.required and not self._cell:
            line.setPlaceholderText("optional JSON" if is_raw(self.field) else "optional")
        line.textEdited.connect(lambda: self.changed.emit(line))
        line.installEventFilter(self)
        return line

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A line's own undo knows that line only; the form's undo knows every field and the rows of tables."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.matches(QKeySequence.StandardKey.Undo):
                self.undo_wanted.emit()
                return True
            if event.matches(QKeySequence.StandardKey.Redo):
                self.redo_wanted.emit()
                return True
        return super().eventFilter(watched, event)

    def inputs(self) -> list[QWidget]:
        return [self.input]

    def content(self) -> Content:
        if isinstance(self.input, QCheckBox):
            return "true" if self.input.isChecked() else "false"
        if isinstance(self.input, QComboBox):
            return self.input.currentText()
        assert isinstance(self.input, QLineEdit)
        return self.input.text()

    def set_content(self, content: Content) -> None:
        value = content if isinstance(content, str) else ""
        if isinstance(self.input, QLineEdit):
            if self.input.text() != value:
                self.input.setText(value)
            return
        blocked = self.input.blockSignals(True)
        if isinstance(self.input, QCheckBox):
            self.input.setChecked(value == "true")
        elif isinstance(self.input, QComboBox):
            self.input.setCurrentIndex(max(0, self.input.findText(value)))
        self.input.blockSignals(blocked)

    def show_problems(self, problems: Mapping[str, str], path: str) -> None:
        problem = problems.get(path, "")
        mark_invalid(self.input, bool(problem))
        if self._cell:  # a table has one line for all its cells
            self.input.setToolTip(text.tooltip(problem or self.field.help))
            return
        self._problem.setText(text.shown(problem))
        self._problem.setVisible(bool(problem))


class OneInObject(FieldEditor):
    """An object of a single plain field, edited as that field."""

    def __init__(self, field: FieldInfo, name: str, parent: QWidget | None = None, *, cell: bool = False) -> None:
        super().__init__(field, parent)
        self._only = inner(field)
        required = self._only if field.required else _optional(self._only)
        self._editor = ValueEditor(required, name, self, cell=cell)
        self.adopt(self._editor)
        self.setFocusProxy(self._editor)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._editor)

    def inputs(self) -> list[QWidget]:
        return self._editor.inputs()

    def content(self) -> Content:
        return {self._only.name: self._editor.content()}

    def set_content(self, content: Content) -> None:
        self._editor.set_content(content.get(self._only.name, "") if isinstance(content, dict) else "")

    def show_problems(self, problems: Mapping[str, str], path: str) -> None:
        self._editor.show_problems(problems, f"{path}/{self._only.name}")


def _optional(field: FieldInfo) -> FieldInfo:
    return FieldInfo(field.name, field.kind, False, field.default, field.help, field.choices, field.fields)


def value_editor(field: FieldInfo, name: str, parent: QWidget, *, cell: bool = False) -> FieldEditor:
    """The editor of a field with one value."""
    if inner(field) is not field:
        return OneInObject(field, name, parent, cell=cell)
    return ValueEditor(field, name, parent, cell=cell)
