"""The form of one command, made from its description. What was typed stays while one looks at another command."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from explorer.engine.messages import CommandInfo, FieldInfo
from explorer.ui.commands.field_values import Content, blank, json_text, problems
from explorer.ui.commands.part_editors import ObjectEditor
from explorer.ui.look import text, theme


@dataclass(slots=True)
class _Draft:
    """One command's form: what stands in it, and the way back and forth."""

    content: Content
    undo: list[Content] = field(default_factory=list)
    redo: list[Content] = field(default_factory=list)
    source: object = None  # the widget of the last edit: edits of one field are undone in one go
    attempted: bool = False  # Preview was tried: what is still empty is pointed out too


class CommandForm(QWidget):
    """Shows the fields of one command at a time; keeps a draft for every (aggregate, command) it has shown."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drafts: dict[tuple[str, str], _Draft] = {}
        self._draft = _Draft({})
        self._fields = FieldInfo(name="", kind="object")
        self._editor: ObjectEditor | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.M)
        self._nothing = text.plain_label("This command has no fields.", self)
        self._nothing.setProperty("muted", True)
        self._nothing.hide()
        self._column.addWidget(self._nothing)

    def show_command(self, aggregate: str, command: CommandInfo) -> None:
        """Show this command's fields with what was typed into them before."""
        self._fields = FieldInfo(name="", kind="object", fields=command.fields)
        self._draft = self._drafts.setdefault((aggregate, command.name), _Draft(blank(self._fields)))
        if self._editor is not None:
            self._column.removeWidget(self._editor)
            self._editor.hide()
            self._editor.deleteLater()
        self._editor = ObjectEditor(self._fields, self)
        self._editor.set_content(self._draft.content)
        self._editor.changed.connect(self._edited)
        self._editor.undo_wanted.connect(self.undo)
        self._editor.redo_wanted.connect(self.redo)
        self._column.insertWidget(0, self._editor)
        self._editor.show()
        self._nothing.setVisible(not command.fields)
        self._order()
        self._show_problems()

    @property
    def editor(self) -> ObjectEditor:
        """The editors of the command shown. Raises AssertionError before the first `show_command`."""
        assert self._editor is not None
        return self._editor

    def values(self) -> dict[str, str] | None:
        """JSON texts by field name; None when something is wrong or missing, which is then pointed out in place."""
        self._draft.attempted = True
        self._show_problems()
        content = self._draft.content
        if problems(self._fields, content) or not isinstance(content, dict):
            return None
        texts = {each.name: json_text(each, content[each.name]) for each in self._fields.fields}
        return {name: value for name, value in texts.items() if value is not None}

    def first_problem(self) -> str:
        """What is wrong first, "" when nothing is."""
        found = problems(self._fields, self._draft.content)
        return next((f"{path.strip('/').replace('/', ' ')}: {what}" for path, what in found.items()), "")

    def clear(self) -> None:
        """Back to an empty form; what was typed can be had again by undo."""
        self._put(blank(self._fields), self._draft.undo)
        self._draft.redo.clear()
        self._draft.attempted = False
        self._show_problems()

    def undo(self) -> None:
        if self._draft.undo:
            self._put(self._draft.undo.pop(), self._draft.redo)

    def redo(self) -> None:
        if self._draft.redo:
            self._put(self._draft.redo.pop(), self._draft.undo)

    def _put(self, content: Content, kept_in: list[Content]) -> None:
        kept_in.append(self._draft.content)
        self._draft.content = content
        self._draft.source = None
        self.editor.set_content(content)
        self._order()
        self._show_problems()
        self.changed.emit()

    def _edited(self, source: object) -> None:
        if source is not self._draft.source or source is None:
            self._draft.undo.append(self._draft.content)
        self._draft.source = source
        self._draft.redo.clear()
        self._draft.content = self.editor.content()
        if not isinstance(source, QLineEdit):
            self._order()
        self._show_problems()
        self.changed.emit()

    def _order(self) -> None:
        """Rows that come later are further on in the chain of Tab than what stands below them."""
        inputs = self.editor.inputs()
        for before, after in itertools.pairwise(inputs):
            QWidget.setTabOrder(before, after)

    def _show_problems(self) -> None:
        self.editor.show_problems(problems(self._fields, self._draft.content, missing=self._draft.attempted), "")
