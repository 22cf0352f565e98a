"""Writing an event of a branch: its type and its payload. It happens in the branch alone."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from explorer.ui.look import text, theme
from explorer.ui.pane import PaneHead
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.json_editor import LIMIT, JsonEditor, new_document
from explorer.ui.workspace import Workspace


class EventEditor(QWidget):
    """`applied` with type and payload as JSON text; `left` when nothing is to be done."""

    applied = Signal(str, str)
    left = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.head = PaneHead("Edit the event", self)
        self.type = QLineEdit(self)
        self.type.setAccessibleName("Type of the event")
        self.type.setPlaceholderText("Type of the event")
        self.type.textChanged.connect(self._check)
        self.apply_button = QPushButton("Apply to the branch", self)
        self.apply_button.setProperty("primary", True)
        self.apply_button.setToolTip("Fold the branch with it (Ctrl+Enter). Nothing is written.")
        self.apply_button.clicked.connect(self.apply)
        self.cancel_button = QPushButton("Cancel", self)
        self.cancel_button.setToolTip("Leave it as it is (Esc)")
        self.cancel_button.clicked.connect(self.leave)
        self.problem = text.plain_label("", self, wrap=True)
        self.problem.setProperty("tone", "error")
        self.problem.setAccessibleName("What is wrong with the event")
        self.problem.hide()
        self.json = JsonEditor("Payload of the event", self)
        self.json.checked.connect(self._check)
        line = QHBoxLayout()
        line.setContentsMargins(theme.M, theme.M, theme.M, 0)
        line.setSpacing(theme.M)
        line.addWidget(self.type, 1)
        line.addWidget(self.cancel_button)
        line.addWidget(self.apply_button)
        below = QVBoxLayout()
        below.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        below.addWidget(self.problem)
        below.addWidget(self.json, 1)
        put_in_column(self, self.head, line, below)
        workspace.actions.bind("preview", self.apply, self, self.isVisible)

    def show_event(self, heading: str, type: str, data: str, problem: str, types: Iterable[str]) -> None:
        """Edit this one. `problem`: what is wrong with it as it is; `types`: those that may be meant."""
        text.set_label(self.head.heading, heading)
        self.type.setText(type)
        completer = QCompleter(sorted(set(types)), self.type)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.type.setCompleter(completer)
        self.json.set_document(new_document(data, self.json))
        self.say(problem)
        self._check()
        (self.json if type else self.type).setFocus(Qt.FocusReason.OtherFocusReason)

    def say(self, problem: str) -> None:
        """What is wrong with the event, beside its payload."""
        text.set_label(self.problem, problem)
        self.problem.setVisible(bool(problem))

    def apply(self) -> None:
        """Take it over, if it can be."""
        if not self.type.text().strip():
            self.say("The type is missing.")
            self.type.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not self.json.valid:
            self.json.go_to_error()
        else:
            self.applied.emit(self.type.text().strip(), self.json.text())

    def leave(self) -> None:
        self.left.emit()

    def _check(self) -> None:
        missing = not self.type.text().strip()
        self.apply_button.setEnabled(not missing and not self.json.result.problem)
        if missing != (self.problem.text() == "The type is missing."):
            self.say("The type is missing." if missing else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.leave()
        else:
            super().keyPressEvent(event)


def too_large(size: int) -> str:
    """Why a payload of so many bytes is not edited; "" when it can be."""
    if size <= LIMIT:
        return ""
    return f"The payload has {text.size_text(size)}; {text.size_text(LIMIT)} is the most that is edited here."
