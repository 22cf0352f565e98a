"""The events of one append that is being put together: a list to add to, duplicate, remove from and put in order."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeySequence, QPainter, QPixmap, QShortcut, QTextDocument
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer import causation, payload
from explorer.engine.messages import EventDraft
from explorer.errors import Invalid
from explorer.model import Event, Json
from explorer.ui.look import icons, text, theme
from explorer.ui.parts.json_editor import LIMIT, Checked, check, laid_out, new_document

# What is true of the event that was, and not of one like it.
_NOT_COPIED = ("origin", "user", "reason", "correlation_id", "causation_id", "service", "command", "decided_on")


class DraftEvent:
    """One event being written: its type, and its payload and metadata as texts with an undo of their own.

    The event id stays the same until it is written, so that writing it again after a lost answer changes nothing.
    """

    def __init__(self, owner: QObject, type: str = "", data: str = "{}", metadata: str = "{}") -> None:
        self.type = type
        self.data = new_document(data, owner)
        self.metadata = new_document(metadata, owner)
        self.event_id = str(uuid.uuid4())
        self._checked: dict[bool, tuple[int, Checked]] = {}

    def copy(self, owner: QObject) -> DraftEvent:
        return DraftEvent(owner, self.type, self.data.toPlainText(), self.metadata.toPlainText())

    def problem(self) -> str:
        """Why it cannot be written; "" when it can."""
        if not self.type.strip():
            return "The type is missing."
        data = self._check(self.data, False)
        if data.problem:
            return f"Payload: {data.problem}"
        metadata = self._check(self.metadata, True)
        return f"Metadata: {metadata.problem}" if metadata.problem else ""

    def draft(self) -> EventDraft:
        return EventDraft(self.type.strip(), self.data.toPlainText(), self.metadata.toPlainText(), self.event_id)

    def be_like(self, event: Event) -> str:
        """Take over type, payload and metadata of a stored event; returns what could not be taken over, and why."""
        wrong = ""
        self.type = event.type
        if event.problem or len(event.data) > LIMIT:
            large = f"{text.size_text(len(event.data))} are more than can be edited here."
            wrong = f"The payload was not copied. {event.problem or large}"
        else:
            self.data.setPlainText(laid_out(event.data.decode("utf-8", "replace")))
        known = payload.decode(event.metadata) if len(event.metadata) <= LIMIT else payload.Decoded(None)
        if isinstance(known.value, dict):
            kept: dict[str, Json] = {key: value for key, value in known.value.items() if key not in _NOT_COPIED}
            self.metadata.setPlainText(payload.pretty(kept))
        return wrong

    def _check(self, document: QTextDocument, object_wanted: bool) -> Checked:
        known = self._checked.get(object_wanted)
        if known is None or known[0] != document.revision():
            known = document.revision(), check(document.toPlainText(), object_wanted=object_wanted)
            self._checked[object_wanted] = known
        return known[1]


def by_hand(events: Sequence[DraftEvent], reason: str) -> tuple[EventDraft, ...]:
    """The events, and in their metadata what every event written by hand says of itself. Raises `Invalid` for metadata
    that is no JSON object."""
    said = causation.by_hand(reason)
    drafts = []
    for event in events:
        draft = event.draft()
        metadata = payload.parse(draft.metadata)
        if not isinstance(metadata, dict):
            raise Invalid("The metadata is not an object.")
        whole = payload.encode({**said, **metadata}).decode()
        drafts.append(EventDraft(draft.type, draft.data, whole, draft.event_id))
    return tuple(drafts)


class EventDrafts(QWidget):
    """The list. `chosen` when another event is to be edited; `changed` when events came, went or moved."""

    chosen = Signal(object)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.events: list[DraftEvent] = []
        self._removed: list[tuple[int, DraftEvent]] = []
        self.list = QListWidget(self)
        self.list.setAccessibleName("Events of this append")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setIconSize(theme.icon_size(14))
        self.list.currentRowChanged.connect(self._row_changed)
        self.add_button = self._button("plus", "Add an event", "Ctrl+N", self.add)
        self.duplicate_button = self._button("copy", "Duplicate the event", "Ctrl+D", self.duplicate)
        self.remove_button = self._button("minus", "Remove the event", "", self.remove)
        self.up_button = self._button("up", "Move up", "Alt+Up", lambda: self.shift(-1))
        self.down_button = self._button("down", "Move down", "Alt+Down", lambda: self.shift(1))
        for keys, step in ((QKeySequence.StandardKey.Delete, self.remove), (QKeySequence("Ctrl+Z"), self.bring_back)):
            shortcut = QShortcut(QKeySequence(keys), self.list, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(step)
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.S, theme.S, theme.S, theme.S)
        foot.setSpacing(2)
        for button in (self.add_button, self.duplicate_button, self.remove_button):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.up_button)
        foot.addWidget(self.down_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addLayout(foot)

    def _button(self, icon: str, name: str, keys: str, step: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icons.icon(icon))
        button.setAutoRaise(True)
        button.setAccessibleName(name)
        button.setToolTip(text.tooltip(f"{name} ({keys})" if keys else name))
        button.clicked.connect(lambda: step())
        if keys:
            QShortcut(QKeySequence(keys), self, context=Qt.ShortcutContext.WindowShortcut).activated.connect(step)
        return button

    @property
    def current(self) -> DraftEvent | None:
        row = self.list.currentRow()
        return self.events[row] if 0 <= row < len(self.events) else None

    def put(self, event: DraftEvent, at: int | None = None) -> None:
        """Insert an event (at the end) and edit it."""
        row = len(self.events) if at is None else at
        self.events.insert(row, event)
        self.list.insertItem(row, QListWidgetItem())
        self.list.setCurrentRow(row)
        self.refresh()
        self.changed.emit()

    def add(self) -> None:
        self.put(DraftEvent(self))

    def duplicate(self) -> None:
        if self.current is not None:
            self.put(self.current.copy(self), self.list.currentRow() + 1)

    def remove(self) -> None:
        row = self.list.currentRow()
        if len(self.events) > 1 and row >= 0:
            self._removed.append((row, self.events.pop(row)))
            self.list.takeItem(row)
            self._row_changed(self.list.currentRow())
            self.refresh()
            self.changed.emit()

    def bring_back(self) -> None:
        """Undo the last removal."""
        if self._removed:
            row, event = self._removed.pop()
            self.put(event, min(row, len(self.events)))

    def shift(self, by: int) -> None:
        row = self.list.currentRow()
        if 0 <= row + by < len(self.events) and row >= 0:
            self.events.insert(row + by, self.events.pop(row))
            blocked = self.list.blockSignals(True)
            self.list.setCurrentRow(row + by)
            self.list.blockSignals(blocked)
            self.refresh()
            self.changed.emit()

    def written(self) -> None:
        """They are stored: what is written next are other events."""
        for event in self.events:
            event.event_id = str(uuid.uuid4())
            event.data.setModified(False)
            event.metadata.setModified(False)

    def refresh(self) -> None:
        """Show types and problems as they are now."""
        for row, event in enumerate(self.events):
            item = self.list.item(row)
            problem = event.problem()
            item.setText(text.shown(f"{row + 1}  {event.type.strip() or '(no type)'}"))
            item.setToolTip(text.tooltip(problem or event.type))
            item.setIcon(icons.icon("warning", "warning") if problem else _dot(theme.type_colour(event.type.strip())))
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, text.shown(problem))
        row = self.list.currentRow()
        self.remove_button.setEnabled(len(self.events) > 1)
        self.up_button.setEnabled(row > 0)
        self.down_button.setEnabled(0 <= row < len(self.events) - 1)

    def _row_changed(self, row: int) -> None:
        if 0 <= row < len(self.events):
            self.chosen.emit(self.events[row])
            self.up_button.setEnabled(row > 0)
            self.down_button.setEnabled(row < len(self.events) - 1)


def _dot(colour: QColor) -> QIcon:
    """A filled square in the colour of an event type."""
    picture = QPixmap(28, 28)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(8, 8, 12, 12, 3, 3)
    painter.end()
    return QIcon(picture)
