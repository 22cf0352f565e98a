"""Where an append goes: the stream, and the version it is expected to be at."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QGridLayout, QLineEdit, QPushButton, QWidget

from explorer.model import StreamInfo, StreamKey
from explorer.ui.commands.field_editors import mark_invalid
from explorer.ui.look import text, theme
from explorer.ui.workspace import Arrived, Workspace


class AppendTarget(QWidget):
    """Category, id and expected version. The version is filled in with what is there, until one types another.

    `changed` when the append would go elsewhere, or at another version. `types_seen`: event types of the category.
    """

    changed = Signal()
    types_seen = Signal(object)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._there: int | None = None  # the version the stream is at; None while nobody knows
        self._decided = False  # somebody typed the expected version
        self.category = QComboBox(self)
        self.category.setEditable(True)
        self.category.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.category.setAccessibleName("Category")
        self.category.setMinimumWidth(theme.scaled(160))
        complete(self.category)
        self.id = QLineEdit(self)
        self.id.setAccessibleName("Stream id")
        self.id.setFont(theme.mono_font())
        self.id.setProperty("mono", True)
        self.expected_field = QLineEdit(self)
        self.expected_field.setAccessibleName("Expected version")
        self.expected_field.setFont(theme.mono_font())
        self.expected_field.setProperty("mono", True)
        self.expected_field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.there_button = QPushButton(self)
        self.there_button.setProperty("link", True)
        self.there_button.setToolTip("Expect the version that is there now")
        self.there_button.setAutoDefault(False)
        self.there_button.setMinimumWidth(theme.scaled(128))

        head = QGridLayout(self)
        head.setContentsMargins(theme.L, theme.M + theme.S, theme.L, theme.M + theme.S)
        head.setHorizontalSpacing(theme.M)
        head.setVerticalSpacing(2)
        fields = (("Category", self.category), ("Stream id", self.id), ("Expected version", self.expected_field))
        for column, (title, field) in enumerate(fields):
            label = text.plain_label(title, self)
            label.setProperty("muted", True)
            label.setBuddy(field)
            head.addWidget(label, 0, column)
            head.addWidget(field, 1, column)
        head.addWidget(self.there_button, 1, 3)
        head.setColumnStretch(1, 1)

        self._later = QTimer(self, singleShot=True, interval=250)
        self._later.timeout.connect(self.look)
        self.category.editTextChanged.connect(self._stream_typed)
        self.id.textChanged.connect(self._stream_typed)
        self.expected_field.textEdited.connect(self._expected_typed)
        self.there_button.clicked.connect(self.expect_there)
        workspace.arrived.connect(self._arrived)
        workspace.opened.connect(self.look)

    @property
    def key(self) -> StreamKey:
        return StreamKey(self.category.currentText().strip(), self.id.text().strip())

    @property
    def expected(self) -> int | None:
        """The expected version; None when what stands there is no version."""
        shown = self.expected_field.text().strip()
        return int(shown) if shown.isascii() and shown.isdecimal() and len(shown) < 19 else None

    def problem(self) -> str:
        """Why nothing can be appended there; "" when it can."""
        if not self.key.category or not self.key.id:
            return "The stream needs a category and an id."
        if self.expected is None:
            return "The expected version is a whole number; 0 for a new stream."
        return ""

    def set_stream(self, category: str, id: str) -> None:
        self.category.setEditText(category)
        self.id.setText(id)
        self.look()

    def look(self) -> None:
        """Ask which version the stream is at, and which types and categories there are."""
        self._later.stop()
        if not self._workspace.is_open:
            return
        key = self.key
        browse = self._workspace.browse
        browse(lambda store: store.categories(), self._show_categories, topic="append categories", owner=self)
        if not key.category:
            return
        browse(
            lambda store: (*store.types(key.category), *store.types()),
            lambda types: self.types_seen.emit(tuple(dict.fromkeys(types))),
            topic="append types",
            owner=self,
        )
        if key.id:
            browse(lambda store: store.stream(key), self._show_stream, topic="append stream", owner=self)

    def stands_at(self, version: int) -> None:
        """Somebody learned the version of the stream."""
        self._there = version
        self.there_button.setText(text.menu_text(f"there now: {version}") if version else "new stream: 0")

    def expect_there(self) -> None:
        """Expect the version that is there."""
        if self._there is None:
            return
        self._decided = False
        if self.expected_field.text() != str(self._there):
            self.expected_field.setText(str(self._there))
            self._say()

    def _show_categories(self, categories: tuple[str, ...]) -> None:
        fill(self.category, categories)

    def _show_stream(self, info: StreamInfo | None) -> None:
        self.stands_at(info.version if info is not None else 0)
        if not self._decided:
            self.expect_there()

    def _stream_typed(self) -> None:
        self._there = None
        self._decided = False
        self.there_button.setText("")
        self._later.start()
        self._say()

    def _expected_typed(self) -> None:
        self._decided = True
        self._say()

    def _say(self) -> None:
        wrong = self.expected is None and bool(self.expected_field.text())
        mark_invalid(self.expected_field, wrong)
        self.changed.emit()

    def _arrived(self, rows: list[Arrived]) -> None:
        """Say that the stream went on; what is expected stays what one has decided on."""
        key = self.key
        versions = [row.version for row in rows if row.category == key.category and row.id == key.id]
        if versions:
            self.stands_at(max(*versions, self._there or 0))


def complete(box: QComboBox) -> None:
    """Complete what is typed by any entry that contains it."""
    completer = QCompleter(box.model(), box)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    box.setCompleter(completer)


def fill(box: QComboBox, entries: tuple[str, ...]) -> None:
    """Other entries to choose from; what was typed stays. Entries with invisible characters are left out: chosen from a
    list they would be taken for what they look like."""
    typed = box.currentText()
    blocked = box.blockSignals(True)
    box.clear()
    box.addItems([text.shown(entry) for entry in entries if text.shown(entry) == entry])
    box.setEditText(typed)
    box.blockSignals(blocked)
