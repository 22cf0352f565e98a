"""The command dock: choose a command, fill in its form, see what it would do, do exactly that."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from explorer.engine.messages import FoldedBy, Preview, PreviewCommand, WhoFolds
from explorer.errors import Conflict, ExplorerError
from explorer.model import Event, StreamKey
from explorer.ui.commands.command_chooser import CommandChooser
from explorer.ui.commands.command_form import CommandForm
from explorer.ui.commands.committing import Committing, Sent
from explorer.ui.commands.field_editors import LABEL_WIDTH
from explorer.ui.commands.outcome_view import OutcomeView
from explorer.ui.commands.preview_view import PreviewView
from explorer.ui.look import text, theme
from explorer.ui.parts.empty import EmptyState
from explorer.ui.strip import hairline
from explorer.ui.workspace import Workspace

PLUGIN = (
    "A plug-in brings aggregates and their commands for the categories it claims: add it in the open dialog (Ctrl+O), "
    "or start the program with --plugin FILE.py."
)


class CommandDock(QWidget):
    """Issues commands of the open store's domains: preview, then commit of exactly what was previewed."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._preview: Preview | None = None
        self._previewing = False
        self._unknown: Sent | None = None
        self._starting = False  # the engine: what it knows is not known yet
        self._followed = ("", "")
        self._claimed = False  # an aggregate folds the stream of the active tab
        self.committing = Committing(workspace, self)
        self._build()
        self._connect()
        self._opened()

    # -- widgets -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.chooser = CommandChooser(self)
        self.form = CommandForm(self)
        self.reason = QLineEdit(self)
        self.reason.setAccessibleName("Reason")
        self.reason.setPlaceholderText("optional")
        self.outcome = OutcomeView(self)
        self.view = PreviewView(self)
        self.preview_button = QPushButton("Preview", self)
        self.preview_button.setToolTip("What would be written, and what it changes (Ctrl+Enter)")
        self.commit_button = QPushButton("Commit", self)
        self.commit_button.setProperty("primary", True)
        self._why_not = text.plain_label("", self, wrap=True)
        self._why_not.setProperty("muted", True)

        why = QGridLayout()
        why.setHorizontalSpacing(theme.M)
        why.setColumnMinimumWidth(0, theme.scaled(LABEL_WIDTH))
        why.setColumnStretch(1, 1)
        why_label = text.plain_label("Why", self)
        why_label.setProperty("muted", True)
        why.addWidget(why_label, 0, 0)
        why.addWidget(self.reason, 0, 1)

        self._inside = inside = QWidget(self)
        inside.setObjectName("panel")
        column = QVBoxLayout(inside)
        column.setContentsMargins(theme.M + theme.S, theme.M + theme.S, theme.M + theme.S, theme.M + theme.S)
        column.setSpacing(theme.M)
        column.addWidget(self.chooser)
        column.addWidget(hairline(parent=self))
        column.addWidget(self.form)
        column.addLayout(why)
        column.addSpacing(theme.S)
        column.addWidget(self.outcome)
        column.addWidget(self.view)
        column.addStretch(1)
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inside)
        self._scroll.setMinimumWidth(theme.scaled(264))  # less would cut fields off
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)

        buttons = QHBoxLayout()
        buttons.setSpacing(theme.M)
        buttons.addWidget(self.preview_button, 1)
        buttons.addWidget(self.commit_button, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(theme.M + theme.S, theme.M, theme.M + theme.S, theme.M)
        foot.setSpacing(theme.S)
        foot.addWidget(self._why_not)
        foot.addLayout(buttons)
        self._body = QWidget(self)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addWidget(self._scroll, 1)
        body.addWidget(hairline(parent=self))
        body.addLayout(foot)
        self.empty = EmptyState(parent=self)
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._body)

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.opened.connect(self._start)
        workspace.closed.connect(self._opened)
        workspace.engine_ready.connect(self._engine_ready)
        workspace.engine_failed.connect(self._engine_failed)
        workspace.current_stream_changed.connect(lambda category, id, at: self._follow(category, id))
        self.chooser.command_changed.connect(self._command_chosen)
        self.chooser.id_changed.connect(self._outdate)
        self.form.changed.connect(self._outdate)
        self.reason.textEdited.connect(self._outdate)
        self.preview_button.clicked.connect(self.preview)
        self.commit_button.clicked.connect(self.commit)
        self.outcome.event_wanted.connect(workspace.stream_wanted.emit)
        self.outcome.again_wanted.connect(self._again)
        committing = self.committing
        committing.written.connect(self._written)
        committing.conflicted.connect(self._conflicted)
        committing.failed.connect(lambda error: self._show_failure(error))
        committing.unknown.connect(self._lost)
        committing.settled.connect(self._settled)
        committing.not_settled.connect(self._not_settled)
        committing.snapshot_taken.connect(workspace.message)
        committing.busy_changed.connect(lambda busy: self._refresh())
        actions = workspace.actions
        actions.bind("preview", self.preview, self, lambda: self._offers and self.preview_button.isEnabled())
        actions.bind("commit", self.commit, self, lambda: self._offers and self.chooser.chosen is not None)
        actions.bind("undo", self.form.undo, self.form)
        actions.bind("redo", self.form.redo, self.form)

    # -- what there is to choose -------------------------------------------------------------------------------------

    @property
    def _offers(self) -> bool:
        """Whether there are commands to choose from now."""
        return self._stack.currentWidget() is self._body

    def _start(self) -> None:
        self._starting = True
        self._opened()

    def _engine_ready(self) -> None:
        self._starting = False
        self._followed = ("", "")
        self._follow(*self._workspace.current_stream[:2])
        self._show_aggregates()

    def _follow(self, category: str, id: str) -> None:
        """The active tab shows this stream now."""
        if (category, id) == self._followed:
            return
        self._followed = (category, id)
        self.chooser.follow_stream(category, id)
        if not self._foreign:
            return
        self._claimed = False
        if any(category in info.categories for info in self._workspace.aggregates):
            # It may be called like one of ours and be something else.
            def told(answer: FoldedBy) -> None:
                if (category, id) == self._followed:
                    self._claimed = answer.aggregate is not None
                    self._show_aggregates()

            ask = WhoFolds(category, id)
            self._workspace.engine(ask, told, lambda error: None, topic="who folds", owner=self)
        self._show_aggregates()

    @property
    def _foreign(self) -> bool:
        info = self._workspace.info
        return info is not None and info.layout != "own"

    def _opened(self) -> None:
        self._followed, self._claimed = ("", ""), False
        self._unknown = None
        self._forget_preview()
        self.outcome.clear()
        self._show_aggregates()

    def _show_aggregates(self) -> None:
        workspace = self._workspace
        if self.chooser.show_aggregates(workspace.aggregates) and (self._claimed or not self._foreign):
            self._stack.setCurrentWidget(self._body)
            self._refresh()
            return
        self._stack.setCurrentWidget(self.empty)
        if workspace.info is None:
            self.empty.say("No store is open.", "Commands of its aggregates are issued here.", icon_name="command")
        elif self._starting:
            self.empty.say("Starting the engine…", "Aggregates and their commands come with it.", icon_name="command")
        elif workspace.plugin_problems:
            problems = "\n".join(workspace.plugin_problems)
            self.empty.say("No commands: a plug-in is broken.", problems, icon_name="warning")
        elif workspace.aggregates and self._followed != ("", ""):
            self.empty.say("No aggregate here takes commands for this stream.", PLUGIN, icon_name="command")
        elif workspace.aggregates:
            sentence = "No aggregate here takes commands for this store's streams."
            self.empty.say(sentence, PLUGIN, icon_name="command")
        else:
            self.empty.say("No aggregate here takes commands.", PLUGIN, icon_name="command")

    def _engine_failed(self, sentence: str) -> None:
        self._starting = False
        if self._offers:
            self.outcome.show_notice("error", sentence)
        else:
            self.empty.say("The engine did not start.", sentence, icon_name="error")
            self._stack.setCurrentWidget(self.empty)

    def _command_chosen(self) -> None:
        chosen = self.chooser.chosen
        if chosen is not None:
            self.form.show_command(chosen[0].name, chosen[1])
            self._forget_preview()
            if self._unknown is None:
                self.outcome.clear()

    # -- preview -----------------------------------------------------------------------------------------------------

    def preview(self) -> None:
        """Ask the engine what the command would do."""
        chosen = self.chooser.chosen
        if chosen is None or self.committing.busy:
            return
        aggregate, command = chosen
        values = self.form.values()
        id = self.chooser.id.text().strip()
        self.chooser.mark_id(not id)
        if not id:
            self.outcome.show_notice("warning", "An id is needed.", "Open a stream, or make a new id with +.")
            self.chooser.id.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if values is None:
            self.outcome.show_notice("warning", "Something in the form is not right yet.", self.form.first_problem())
            return
        self._previewing = True
        self._refresh()
        ask = PreviewCommand(aggregate.name, id, command.name, values, self.reason.text().strip())
        self._workspace.engine(ask, self._previewed, self._not_previewed, topic="command preview", owner=self)

    def _previewed(self, preview: Preview) -> None:
        self._previewing = False
        self._preview = preview
        self.view.clear()
        if preview.refused:
            self.outcome.show_refused(preview.refused)
        elif not preview.events:
            self.outcome.show_nothing()
        else:
            self.outcome.clear()
        self.view.show_preview(preview) if not preview.refused else None
        self._refresh()
        self._scroll_to_result()

    def _not_previewed(self, error: ExplorerError) -> None:
        self._previewing = False
        self._forget_preview()
        self.outcome.show_error(error, self.preview)
        self._scroll_to_result()

    def _outdate(self) -> None:
        """What stands in the form is no longer what was previewed."""
        if self._preview is not None:
            self._preview = None
            self.view.set_stale(True)
        if self._unknown is None:
            self.outcome.clear()
        self._refresh()

    def _forget_preview(self) -> None:
        self._preview = None
        self.view.clear()
        self._refresh()

    def _scroll_to_result(self) -> None:
        if layout := self._inside.layout():
            layout.activate()
        target = self.outcome if self.outcome.sentence else self.view
        bottom = target.mapTo(self._inside, target.rect().topLeft()).y() + min(target.height(), 160)
        bar = self._scroll.verticalScrollBar()
        if bottom > bar.value() + self._scroll.viewport().height():
            bar.setValue(bottom - self._scroll.viewport().height())

    # -- commit ------------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Write the previewed events, these and no others."""
        reason = self.committing.why_not()
        if reason:
            self.outcome.show_notice("warning", reason)
        elif self._preview is None:
            self.outcome.show_notice("info", "Preview first (Ctrl+Enter): what is committed is what was previewed.")
        elif self._preview.events and not self.committing.busy:
            preview = self._preview
            self.outcome.clear()
            self.committing.append(StreamKey(preview.category, preview.id), preview.expected, preview.events)

    def _written(self, events: list[Event]) -> None:
        self.chooser.started()
        self._forget_preview()
        self.outcome.show_written(events)
        self._scroll_to_result()
        if events:
            self._workspace.message.emit(f"Written: {events[-1].type} to {events[-1].category} {events[-1].id}")

    def _conflicted(self, conflict: Conflict) -> None:
        self._preview = None
        self.view.set_stale(True)
        self.outcome.show_conflict(conflict)
        self._refresh()
        self._scroll_to_result()

    def _show_failure(self, error: ExplorerError) -> None:
        self.outcome.show_error(error, self.commit)
        self._refresh()
        self._scroll_to_result()

    def _lost(self, sent: Sent, error: ExplorerError) -> None:
        self._unknown = sent
        self._preview = None
        self.view.set_stale(True)
        self.outcome.show_unknown(sent, error)
        self._refresh()

    def _settled(self, sent: Sent, found: list[Event]) -> None:
        self._unknown = None
        self.outcome.show_settled(sent, found)
        self._refresh()

    def _not_settled(self, sent: Sent, error: ExplorerError) -> None:
        self.outcome.show_not_settled(sent, error)

    def _again(self) -> None:
        if self._unknown is not None:
            self.committing.look(self._unknown)
        else:
            self.preview()

    def _refresh(self) -> None:
        """Which buttons can be pressed, and why not."""
        why_not = self.committing.why_not()
        busy = self.committing.busy
        self.preview_button.setEnabled(not self._previewing and not busy and self._workspace.info is not None)
        self.preview_button.setText("Previewing…" if self._previewing else "Preview")
        self.commit_button.setText("Writing…" if busy else "Commit")
        ready = self._preview is not None and bool(self._preview.events)
        self.commit_button.setEnabled(ready and not busy and not why_not)
        self.commit_button.setToolTip(text.tooltip(why_not or "Write exactly what was previewed (Ctrl+Shift+Enter)"))
        text.set_label(self._why_not, f"Preview only. {why_not}" if why_not else "")
        self._why_not.setVisible(bool(why_not))
