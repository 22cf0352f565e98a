"""What is noted of the event under the cursor of a stream, and writing it, in place."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QStackedLayout, QWidget

from explorer.notes import LONGEST, Note
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.stream.event_model import EventModel
from explorer.ui.workspace import Workspace

LINES = 3  # of the text that is being written
SHOWN = 4  # lines of a note; Edit shows all


class _Field(QPlainTextEdit):
    """Ctrl+Enter keeps what was written, Esc what was there before."""

    def __init__(self, bar: NoteBar) -> None:
        super().__init__(bar)
        self._bar = bar
        self.setTabChangesFocus(True)
        self.setAccessibleName("Note")
        self.setPlaceholderText("What is to be remembered of this event. Ctrl+Enter keeps it, Esc does not.")

    def event(self, event: QEvent) -> bool:
        # Elsewhere these keys are for something else.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _ends(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._bar.give_up()
        elif _ends(event):
            self._bar.keep()
        else:
            super().keyPressEvent(event)


def _ends(event: QKeyEvent) -> bool:
    enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return event.key() == Qt.Key.Key_Escape or (enter and event.modifiers() == Qt.KeyboardModifier.ControlModifier)


class NoteBar(QWidget):
    """Hidden where nothing is noted. It also tells the table of events what is noted of each."""

    def __init__(self, workspace: Workspace, category: str, id: str, events: EventModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace, self._category, self._id = workspace, category, id
        self._events = events
        self._version, self._type = 0, ""
        self._writing: Note | None = None  # what was there when somebody began to write
        self.setObjectName("banner")
        self.setProperty("kind", "info")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Note on the event")
        self._icon = QLabel(self)
        self._icon.setPixmap(icon("note", "accent").pixmap(theme.icon_size(14)))
        self.words = text.plain_label("", self, wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.edit_button = QPushButton("Edit", self)
        self.edit_button.clicked.connect(self.edit)
        self.field = _Field(self)
        self.keep_button = QPushButton("Keep", self)
        self.keep_button.clicked.connect(self.keep)
        self.cancel_button = QPushButton("Cancel", self)
        self.cancel_button.clicked.connect(self.give_up)
        shown, written = QWidget(self), QWidget(self)
        for page, parts in (
            (shown, (self.words, self.edit_button)),
            (written, (self.field, self.keep_button, self.cancel_button)),
        ):
            line = QHBoxLayout(page)
            line.setContentsMargins(0, 0, 0, 0)
            line.setSpacing(theme.M)
            line.addWidget(parts[0], 1)
            for button in parts[1:]:
                line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self._pages = QStackedLayout()
        self._pages.addWidget(shown)
        self._pages.addWidget(written)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(theme.M + theme.S, theme.S, theme.M, theme.S)
        whole.setSpacing(theme.M)
        whole.addWidget(self._icon)
        whole.addLayout(self._pages, 1)
        self.hide()
        workspace.noting.changed.connect(self._noted)
        theme.signals().changed.connect(self._fit)
        self._fit()
        self._noted()

    def _fit(self) -> None:
        height = self.field.fontMetrics().lineSpacing() * LINES + theme.scaled(12)
        self.field.setFixedHeight(height)

    # -- what is shown -----------------------------------------------------------------------------------------------

    def show_event(self, version: int, type: str) -> None:
        """What is noted of another event. What is being written stays until it is kept or given up."""
        self._version, self._type = version, type
        if self._writing is None:
            self._show()

    def _noted(self) -> None:
        self._events.set_notes(self._workspace.noting.of_stream(self._category, self._id))
        if self._writing is None:
            self._show()

    def _show(self) -> None:
        note = self._workspace.noting.note(self._category, self._id, self._version)
        text.set_label(self.words, "\n".join(note.text.split("\n")[:SHOWN]))
        self._pages.setCurrentIndex(0)
        self._hold(False)
        self.setVisible(bool(note.text))

    def _hold(self, writing: bool) -> None:
        """As high as the page in sight."""
        self.field.setVisible(writing)
        self.keep_button.setVisible(writing)
        self.cancel_button.setVisible(writing)

    # -- writing -----------------------------------------------------------------------------------------------------

    def edit(self) -> None:
        """Write a note on the event under the cursor, or another one."""
        if self._writing is None:
            note = self._workspace.noting.note(self._category, self._id, self._version)
            self._writing = msgspec.structs.replace(note, type=self._type)
            self.field.setPlainText(note.text)
            self.field.selectAll()
        self._pages.setCurrentIndex(1)
        self._hold(True)
        self.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def keep(self) -> None:
        """An empty text takes the note away."""
        writing, words = self._writing, self.field.toPlainText().strip()
        if writing is None:
            return
        if len(words) > LONGEST:
            self._workspace.message.emit(
                f"A note has at most {text.number(LONGEST)} characters; this one has {text.number(len(words))}."
            )
            return
        self._writing = None
        if not self._workspace.noting.write(msgspec.structs.replace(writing, text=words)):
            self._writing = writing  # what was written is not lost
            return
        at = text.number(writing.version)
        self._workspace.message.emit(f"Noted on v {at}." if words else f"Nothing is noted on v {at} any more.")
        self._leave()

    def give_up(self) -> None:
        """What was there stays."""
        self._writing = None
        self._leave()

    def _leave(self) -> None:
        self._show()
        parent = self.parentWidget()
        if parent is not None:
            parent.setFocus(Qt.FocusReason.OtherFocusReason)

    def toggle_bookmark(self) -> None:
        """Bookmark the event under the cursor, or no longer."""
        note = self._workspace.noting.note(self._category, self._id, self._version)
        changed = msgspec.structs.replace(note, type=self._type, bookmark=not note.bookmark)
        if self._workspace.noting.write(changed):
            how = "Bookmarked" if changed.bookmark else "No longer bookmarked:"
            self._workspace.message.emit(f"{how} v {text.number(self._version)}.")
