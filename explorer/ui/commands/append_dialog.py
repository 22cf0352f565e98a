"""Append raw events: any types, any payloads, to any stream, at an expected version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from explorer.engine.messages import EventDraft, Preview, PreviewAppend
from explorer.errors import Conflict, ExplorerError
from explorer.model import Event
from explorer.ui.commands.append_target import AppendTarget, complete, fill
from explorer.ui.commands.committing import Committing, Sent
from explorer.ui.commands.event_drafts import DraftEvent, EventDrafts, by_hand
from explorer.ui.commands.outcome_view import OutcomeView
from explorer.ui.commands.preview_view import PreviewView, heading
from explorer.ui.look import text, theme
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.json_editor import JsonEditor, laid_out
from explorer.ui.strip import hairline
from explorer.ui.workspace import Workspace


class AppendDialog(QDialog):
    """A window beside the main one; `show()` it.

    `draft` prefills it: `category` and `id` of the stream; `type`, `data`, `metadata` (JSON texts) of the first event.
    With `version` instead of `data`, the event of that version is read and copied ("like this one").
    """

    def __init__(
        self, workspace: Workspace, draft: Mapping[str, Any] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._preview: Preview | None = None
        self._previewing = False
        self._unknown: Sent | None = None
        self._closing = False
        self._type_typed = False
        self._showing: DraftEvent | None = None
        self.committing = Committing(workspace, self)
        self.setWindowTitle("Append events")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self._build()
        self._connect()
        self.resize(theme.scaled(1080), theme.scaled(700))
        self._prefill(dict(draft or {}))

    # -- widgets -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.target = AppendTarget(self._workspace, self)
        self.type = QComboBox(self)
        self.type.setEditable(True)
        self.type.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.type.setAccessibleName("Event type")
        complete(self.type)
        self.drafts = EventDrafts(self)
        self.data = JsonEditor("Payload", self)
        self.metadata = JsonEditor("Metadata", self, object_wanted=True)
        self.reason = QLineEdit(self)
        self.reason.setAccessibleName("Reason")
        self.reason.setPlaceholderText("optional; kept in the metadata of the events")
        self.outcome = OutcomeView(self)
        self.view = PreviewView(self)
        self._no_preview = EmptyState(
            "Not previewed yet",
            "Preview folds these events onto the stream and shows what they would change.",
            icon_name="eye",
            action="Preview",
            on_action=self.preview,
            parent=self,
        )
        self.why_not = text.plain_label("", self)
        self.why_not.setProperty("muted", True)
        self.close_button = QPushButton("Close", self)
        self.preview_button = QPushButton("Preview", self)
        self.preview_button.setToolTip("What these events would change (Ctrl+Enter)")
        self.append_button = QPushButton("Append", self)
        self.append_button.setProperty("primary", True)
        for button in (self.close_button, self.preview_button, self.append_button):
            button.setAutoDefault(False)

        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.target)
        whole.addWidget(hairline(parent=self))
        whole.addWidget(self._panes(), 1)
        whole.addWidget(hairline(parent=self))
        whole.addLayout(self._foot())

    def _panes(self) -> QSplitter:
        left = QWidget(self)
        left.setObjectName("panel")
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(_titled("Events, in this order", left))
        column.addWidget(self.drafts, 1)

        middle = QWidget(self)
        grid = QVBoxLayout(middle)
        grid.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        grid.setSpacing(theme.S)
        grid.addWidget(heading("Type", middle))
        grid.addWidget(self.type)
        grid.addSpacing(theme.S)
        editors = QSplitter(Qt.Orientation.Vertical, middle)
        editors.setChildrenCollapsible(False)
        editors.addWidget(_with_heading("Payload", self.data, middle))
        editors.addWidget(_with_heading("Metadata (origin, user and reason are added)", self.metadata, middle))
        editors.setStretchFactor(0, 3)
        editors.setStretchFactor(1, 1)
        editors.setSizes([300, 120])
        grid.addWidget(editors, 1)

        inside = QWidget(self)
        inside.setObjectName("panel")
        results = QVBoxLayout(inside)
        results.setContentsMargins(theme.M + theme.S, theme.M, theme.M + theme.S, theme.M)
        results.setSpacing(theme.M)
        results.addWidget(self.outcome)
        results.addWidget(self.view)
        results.addWidget(self._no_preview, 1)
        results.addStretch(0)
        right = QScrollArea(self)
        right.setWidgetResizable(True)
        right.setFrameShape(QFrame.Shape.NoFrame)
        right.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        right.setWidget(inside)

        panes = QSplitter(Qt.Orientation.Horizontal, self)
        panes.setChildrenCollapsible(False)
        for pane, stretch in ((left, 0), (middle, 3), (right, 2)):
            panes.addWidget(pane)
            panes.setStretchFactor(panes.count() - 1, stretch)
        panes.setSizes([theme.scaled(190), theme.scaled(520), theme.scaled(370)])
        return panes

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        foot.setSpacing(theme.M)
        label = text.plain_label("Why", self)
        label.setProperty("muted", True)
        foot.addWidget(label)
        foot.addWidget(self.reason, 1)
        foot.addWidget(self.why_not)
        foot.addWidget(self.close_button)
        foot.addWidget(self.preview_button)
        foot.addWidget(self.append_button)
        return foot

    def _connect(self) -> None:
        self.drafts.chosen.connect(self._show_event)
        self.drafts.changed.connect(self._outdate)
        self.type.editTextChanged.connect(self._type_changed)
        for editor in (self.data, self.metadata):
            editor.checked.connect(self.drafts.refresh)
            editor.checked.connect(self._refresh)
            editor.edit.textChanged.connect(self._outdate)
        self.target.changed.connect(self._outdate)
        self.target.types_seen.connect(lambda types: fill(self.type, types))
        self.reason.textEdited.connect(self._outdate)
        self.close_button.clicked.connect(self.close)
        self.preview_button.clicked.connect(self.preview)
        self.append_button.clicked.connect(self.append)
        self.outcome.event_wanted.connect(self._workspace.stream_wanted.emit)
        self.outcome.again_wanted.connect(self._again)
        self.committing.written.connect(self._written)
        self.committing.conflicted.connect(self._conflicted)
        self.committing.failed.connect(lambda error: self.outcome.show_error(error, self.append))
        self.committing.unknown.connect(self._lost)
        self.committing.settled.connect(self._settled)
        self.committing.not_settled.connect(self.outcome.show_not_settled)
        self.committing.snapshot_taken.connect(self._workspace.message)
        self.committing.busy_changed.connect(lambda busy: self._refresh())
        self._workspace.opened.connect(self._refresh)
        self._workspace.closed.connect(self._refresh)
        for keys, step in (("Ctrl+Return", self.preview), ("Ctrl+Shift+Return", self.append)):
            QShortcut(QKeySequence(keys), self).activated.connect(step)

    # -- what it starts with -----------------------------------------------------------------------------------------

    def _prefill(self, draft: dict[str, Any]) -> None:
        category, id, _ = self._workspace.current_stream
        self.target.set_stream(str(draft.get("category", category)), str(draft.get("id", id)))
        data, metadata = _as_text(draft.get("data", "")), _as_text(draft.get("metadata", ""))
        event = DraftEvent(self, str(draft.get("type", "")), laid_out(data), laid_out(metadata))
        self.drafts.put(event)
        if draft.get("version") and not data:
            key, version = self.target.key, int(draft["version"])
            self._workspace.browse(
                lambda store: store.event(key, version), lambda found: self._like(event, found), owner=self
            )
        first = self.type if self.target.key.category else self.target.category
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def _like(self, event: DraftEvent, found: Event | None) -> None:
        """Fill in what the event is to be like."""
        if found is None:
            return
        if wrong := event.be_like(found):
            self.outcome.show_notice("warning", wrong)
        if self.drafts.current is event:
            self._show_event(event)
        self.drafts.refresh()

    # -- the events --------------------------------------------------------------------------------------------------

    def _show_event(self, event: DraftEvent) -> None:
        self._showing = None
        self.type.setEditText(event.type)
        self.data.set_document(event.data)
        self.metadata.set_document(event.metadata)
        self._showing = event

    def _type_changed(self, typed: str) -> None:
        if self._showing is not None and self._showing.type != typed:
            self._showing.type = typed
            self._type_typed = True
            self.drafts.refresh()
            self._outdate()

    def problem(self) -> str:
        """Why nothing can be previewed or appended; "" when it can."""
        if wrong := self.target.problem():
            return wrong
        for number, event in enumerate(self.drafts.events, 1):
            if wrong := event.problem():
                return f"Event {number}: {wrong}" if len(self.drafts.events) > 1 else wrong
        return ""

    def _by_hand(self) -> tuple[EventDraft, ...]:
        return by_hand(self.drafts.events, self.reason.text().strip())

    # -- preview and append ------------------------------------------------------------------------------------------

    def preview(self) -> None:
        """Fold the events onto the stream, in the engine; write nothing."""
        problem = self.problem()
        if problem:
            self.outcome.show_notice("warning", "This cannot be previewed yet.", problem)
            return
        self._previewing = True
        self._refresh()
        key = self.target.key
        ask = PreviewAppend(key.category, key.id, self._by_hand(), self.target.expected, self.reason.text().strip())
        self._workspace.engine(ask, self._previewed, self._not_previewed, topic="append preview", owner=self)

    def _previewed(self, preview: Preview) -> None:
        self._previewing = False
        self._preview = preview
        self.outcome.clear()
        if preview.refused:
            self.outcome.show_refused(preview.refused)
        self.view.show_preview(preview)
        self._no_preview.hide()
        self._refresh()

    def _not_previewed(self, error: ExplorerError) -> None:
        self._previewing = False
        self.outcome.show_error(error, self.preview)
        self._refresh()

    def append(self) -> None:
        """Write the events, at the expected version."""
        problem = self.committing.why_not() or self.problem()
        expected = self.target.expected
        if problem or expected is None:
            self.outcome.show_notice("warning", "This cannot be appended yet.", problem)
            return
        if self.committing.busy:
            return
        self.outcome.clear()
        events = self._preview.events if self._preview is not None else self._by_hand()
        self.committing.append(self.target.key, expected, events)

    def _written(self, events: list[Event]) -> None:
        self.drafts.written()
        self._type_typed = False
        self._forget_preview()
        if events:
            self.target.stands_at(max(event.version for event in events))
            self.target.expect_there()
        self.outcome.show_written(events)
        self._refresh()

    def _conflicted(self, conflict: Conflict) -> None:
        self.target.stands_at(conflict.found)
        self.outcome.show_conflict(conflict, f"Expect v{conflict.found} and preview again")
        self.view.set_stale(True)
        self._preview = None

    def _lost(self, sent: Sent, error: ExplorerError) -> None:
        self._unknown = sent
        self.outcome.show_unknown(sent, error)

    def _settled(self, sent: Sent, found: list[Event]) -> None:
        self._unknown = None
        if found:
            self._written(found)
        self.outcome.show_settled(sent, found)

    def _again(self) -> None:
        if self._unknown is not None:
            self.committing.look(self._unknown)
            return
        self.target.expect_there()
        self.preview()

    def _outdate(self) -> None:
        if self._preview is not None:
            self._preview = None
            self.view.set_stale(True)
        if self._unknown is None:
            self.outcome.clear()
        self._closing = False
        self._refresh()

    def _forget_preview(self) -> None:
        self._preview = None
        self.view.clear()
        self._no_preview.show()

    def _refresh(self) -> None:
        why_not, busy = self.committing.why_not(), self.committing.busy
        problem = self.problem()
        count, expected = len(self.drafts.events), self.target.expected
        what = "Append" if count == 1 else f"Append {count} events"
        what = what if expected is None else f"{what} after v{expected}"
        self.append_button.setText("Writing…" if busy else text.menu_text(what))
        self.append_button.setEnabled(not busy and not why_not and not problem)
        self.append_button.setToolTip(
            text.tooltip(why_not or problem or "Write them in one transaction (Ctrl+Shift+Enter)")
        )
        self.preview_button.setEnabled(not busy and not self._previewing)
        self.preview_button.setText("Previewing…" if self._previewing else "Preview")
        text.set_label(self.why_not, f"Preview only. {why_not}" if why_not else "")
        self.why_not.setVisible(bool(why_not))

    # -- closing -----------------------------------------------------------------------------------------------------

    @property
    def unwritten(self) -> bool:
        """Something was typed that has not been written."""
        documents = [document for event in self.drafts.events for document in (event.data, event.metadata)]
        return self._type_typed or any(document.isModified() for document in documents)

    def reject(self) -> None:
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """What was typed is not lost by a single Escape."""
        if self.unwritten and not self._closing and self.isVisible():
            self._closing = True
            self.outcome.show_notice("warning", "These events are not written.", "Close again to throw them away.")
            event.ignore()
            return
        event.accept()  # QDialog's own would call reject() again


def _as_text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _titled(title: str, parent: QWidget) -> QLabel:
    label = heading(title, parent)
    label.setContentsMargins(theme.M + theme.S, theme.M, theme.M, theme.S)
    return label


def _with_heading(title: str, widget: QWidget, parent: QWidget) -> QWidget:
    box = QWidget(parent)
    column = QVBoxLayout(box)
    column.setContentsMargins(0, theme.S, 0, theme.S)
    column.setSpacing(theme.S)
    column.addWidget(heading(title, box))
    column.addWidget(widget, 1)
    return box
