"""What is noted of the events of this store, to go there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QLineEdit, QStackedLayout, QWidget

from explorer.notes import Note
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.pane import PaneHead
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import Column, RowsModel
from explorer.ui.parts.question import Question
from explorer.ui.parts.table import RowsTable
from explorer.ui.workspace import Workspace


def _sign(note: Note) -> QIcon:
    return icon("star" if note.bookmark else "note", "accent")


def _first_line(note: Note) -> str:
    return note.text.replace("\n", "  ") or "Bookmark"


def _written(note: Note) -> datetime | None:
    try:
        return datetime.fromisoformat(note.at).astimezone(UTC)
    except ValueError:  # the file is the user's
        return None


def _columns(time_mode: Callable[[], str]) -> tuple[Column, ...]:
    return (
        Column("Stream", lambda note: f"{note.category} {note.id}", mono=True, icon=_sign, cut_left=True, width=160),
        Column("Version", lambda note: text.number(note.version), align="right", mono=True, width=64),
        Column("Event", lambda note: note.type, cut_left=True, width=150),
        Column("Note", _first_line, lambda note: note.text),
        Column("Written", lambda note: text.when(_written(note), time_mode()), width=176),
    )


class NotesDock(QWidget):
    """Enter or a double click goes to the event."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._doomed: Note | None = None
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.head = PaneHead("", self)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("Filter notes")
        self.filter.setAccessibleName("Filter notes")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMaximumWidth(theme.scaled(220))
        self.head.add(self.filter)
        self.remove_button = self.head.add_tool("trash", "Remove the selected note", self.ask_to_remove)
        self.question = Question("Remove", "Keep", self)
        self.model = RowsModel(_columns(lambda: workspace.time_mode), self)
        self.table = RowsTable(self.model, "Notes and bookmarks", self)
        self.empty = EmptyState(icon_name="note", parent=self)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.empty)
        put_in_column(self, self.head, self.question, pages)
        self.setFocusProxy(self.table)
        workspace.noting.changed.connect(self._show)
        workspace.actions.changed.connect(self._say_why_empty)
        workspace.actions.bind("note_remove", self.ask_to_remove, self.table, lambda: self.selected is not None)
        workspace.time_mode_changed.connect(lambda _mode: self.model.refresh())
        self.filter.textChanged.connect(lambda _words: self._show())
        self.table.opened.connect(lambda note: workspace.stream_wanted.emit(*note.event))
        self.table.selectionModel().selectionChanged.connect(lambda: self._refresh())
        self.question.answered.connect(lambda yes: self._remove() if yes else self._stay())
        self._show()

    @property
    def selected(self) -> Note | None:
        rows = self.table.selectionModel().selectedRows()
        note: Note | None = self.model.row(rows[0]) if rows else None
        return note

    def _show(self) -> None:
        """What is selected stays selected."""
        selected, words = self.selected, self.filter.text().casefold()
        every = self._workspace.noting.notes
        rows = [note for note in every if words in f"{note.category} {note.id} {note.type} {note.text}".casefold()]
        self.model.reset(rows)
        again = [n for n, note in enumerate(rows) if selected is not None and note.event == selected.event]
        if rows:
            self.table.selectRow(again[0] if again else 0)
        text.set_label(self.head.note, text.plural(len(every), "note") if every else "")
        self._say_why_empty()
        self._refresh()

    def _say_why_empty(self) -> None:
        self._pages.setCurrentWidget(self.table if self.model.rows else self.empty)
        if self._workspace.noting.notes:
            self.empty.say("No note says that.", icon_name="filter", action="Clear filter", on_action=self.filter.clear)
            return
        keys = self._workspace.actions.key_text
        self.empty.say(
            "Nothing is noted yet.",
            f"{keys('note')} on an event of a stream writes a note, {keys('bookmark')} bookmarks it."
            " Both are kept in your own folder, never in the store.",
            icon_name="note",
        )

    def _refresh(self) -> None:
        self.remove_button.setEnabled(self.selected is not None)

    def ask_to_remove(self) -> None:
        """Ask in place; nothing happens yet."""
        self._doomed = self.selected
        if self._doomed is not None:
            category, id, version = self._doomed.event
            self.question.ask(f"Remove what is noted of v{version} of {category} {id}?")

    def _stay(self) -> None:
        self._doomed = None
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _remove(self) -> None:
        doomed, self._doomed = self._doomed, None
        if doomed is not None:
            self._workspace.noting.write(msgspec.structs.replace(doomed, text="", bookmark=False))
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
