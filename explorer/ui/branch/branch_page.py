"""The page "What if": a stream as if other events had happened, beside the stream as it is. Nothing is ever written."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFocusEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from explorer.engine.asks_branches import BranchPage as Rows
from explorer.engine.asks_branches import BranchRow
from explorer.errors import Cancelled, ExplorerError
from explorer.model import StreamKey
from explorer.ui.branch.editing import Editing
from explorer.ui.branch.event_editor import EventEditor
from explorer.ui.branch.export_button import ExportButton
from explorer.ui.branch.lockstep_model import LockstepModel
from explorer.ui.branch.lockstep_table import LockstepTable
from explorer.ui.branch.mends_view import MendsView
from explorer.ui.branch.outcome_view import OutcomeView
from explorer.ui.branch.steps import Steps
from explorer.ui.branch.what_if_head import WhatIfHead
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.progress import ProgressCard
from explorer.ui.parts.question import Question
from explorer.ui.workspace import Workspace

NARROW = 640  # pixels below which buttons are icons
WIDE = 980  # pixels from which what comes of it stands beside the rows; else below them


class BranchPage(QWidget):
    """At most one in a window; `ask` shows another stream in it."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("whatif")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("What if")
        self.editing = Editing(workspace, self)
        self._focus_wanted = False
        self._wide: bool | None = None
        self._build()
        self._connect()
        self._bind()

    def _build(self) -> None:
        self.head = WhatIfHead(self.editing, self)
        self.banner = Banner(self)
        self.question = Question("Write over it", "Keep it", self)
        self.step_banner = Banner(self)
        self.model = LockstepModel(self._fetch, self)
        self.table = LockstepTable(self.workspace, self.model, self)
        self.steps = Steps(self.workspace, self.editing, self.table, self.banner, self.open_editor, self)
        self.editor = EventEditor(self.workspace, self)
        self.mends = MendsView(self.workspace, self)
        self.outcome = OutcomeView(self.workspace, self.editing, self)
        self.export = ExportButton(self.workspace, self.editing, self.banner, self.question, self)
        self.good = QToolButton(self)
        self.good.setText("What would make it good")
        self.good.setIcon(icon("check"))
        self.good.setToolTip("Commands that the domain declares for what the branch goes without; only a preview")
        self.good.clicked.connect(self.show_mends)
        keys = self.workspace.actions.key_text
        self.head.add_tool("plus", "Another branch of this stream", "", self.editing.new)
        self.head.add_tool("edit", "Rename the branch", "", self.head.ask_name)
        self.head.add_tool("trash", "Forget the branch", "", self.editing.delete)
        self.undo = self.head.add_tool("undo", "Undo the last edit", keys("undo"), self.editing.undo)
        self.redo = self.head.add_tool("redo", "Redo the edit", keys("redo"), self.editing.redo)
        self.head.add_stretch()
        self.head.add(self.good)
        self.head.add(self.export)
        rows = QWidget(self)
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.table, 1)
        column.addWidget(self.step_banner)
        side = QWidget(self)
        self._side = QStackedLayout(side)
        for view in (self.outcome, self.editor, self.mends):
            self._side.addWidget(view)
        self.outer = QSplitter(Qt.Orientation.Horizontal, self)
        self.outer.setChildrenCollapsible(False)
        for part in (rows, side):
            part.setMinimumSize(theme.scaled(260), theme.scaled(72))
            self.outer.addWidget(part)
        self.empty = EmptyState(
            "No stream has been chosen.", "Select an event in a stream and press Ctrl+B.", icon_name="branch"
        )
        body = QWidget(self)
        self._pages = QStackedLayout(body)
        self._pages.addWidget(self.outer)
        self._pages.addWidget(self.empty)
        self._pages.setCurrentIndex(1)
        self.progress = ProgressCard("Folding the branch", body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        for widget in (self.head, self.banner, self.question):
            whole.addWidget(widget)
        whole.addWidget(body, 1)

    def _connect(self) -> None:
        editing = self.editing
        editing.folded.connect(self._folded)
        editing.failed.connect(self._failed)
        editing.listed.connect(self._listed)
        editing.slow.connect(self._show_progress)
        editing.progressed.connect(lambda done: self.progress.say("Folding the branch", done, self.model.rowCount()))
        self.progress.cancelled.connect(editing.cancel)
        self.head.chosen.connect(self._choose)
        self.head.renamed.connect(editing.rename)
        self.table.moved.connect(self._moved)
        self.table.edit_wanted.connect(self.steps.edit)
        self.table.menu_wanted.connect(self.steps.show_menu)
        self.editor.applied.connect(self.steps.apply)
        self.editor.left.connect(self.show_outcome)
        self.mends.left.connect(self.show_outcome)
        self.workspace.closing.connect(editing.forget)

    def _bind(self) -> None:
        bind, some = self.workspace.actions.bind, self._has_row
        bind("undo", self.editing.undo, self, lambda: bool(self.editing.branch.edits))
        bind("redo", self.editing.redo, self, lambda: bool(self.editing.branch.undone))
        for one in self.steps.all:
            bind(one.id, one.run, self.table, some)

    def ask(self, category: str, id: str, line: int | None = None, without: str = "") -> None:
        """Show branches of this stream, the event of this ordinal in sight. `without`: a new branch of that name in
        which it did not happen."""
        key = StreamKey(category, id)
        self.banner.clear()
        self._focus_wanted = True
        if key != self.editing.key:
            self._begin_anew()
        self.editing.show_stream(key, line, without=without)

    def _begin_anew(self) -> None:
        self.show_outcome()
        self.model.clear()
        self.outcome.clear()
        self.step_banner.clear()
        self.empty.say("Folding the stream…", icon_name="branch")
        self._pages.setCurrentIndex(1)

    def _choose(self, at: int) -> None:
        self.show_outcome()
        self.editing.choose(at)

    # -- rows ---------------------------------------------------------------------------------------------------------

    def _has_row(self) -> bool:
        return self.steps.row() is not None

    def _folded(self, page: Rows) -> None:
        at = page.at if page.at is not None else max(0, self.table.at)
        self.banner.clear()
        self.model.show_page(page)
        self.table.set_stale(False)
        self.table.fit_columns()
        where = "" if page.diverges is None else f"states differ from row {text.number(page.diverges + 1)}"
        edits = self.editing.branch.edits
        text.set_label(self.head.where, where or ("the states never differ" if edits else ""))
        if not page.total:
            self.empty.say("There are no events in this stream", "It may have been deleted, or not written yet.")
        self._pages.setCurrentIndex(0 if page.total else 1)
        self.table.go_to(min(at, page.total - 1))
        self._tell_row()
        self._tell_place()
        self.outcome.set_row(self.table.at)
        if self.outcome.at_end.isChecked():
            self.outcome.refresh()
        self._after_edit()
        if self._focus_wanted:
            self._focus_wanted = False
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _listed(self) -> None:
        branch = self.editing.branch
        self.undo.setEnabled(bool(branch.edits))
        self.redo.setEnabled(bool(branch.undone))

    def _failed(self, error: ExplorerError) -> None:
        self._listed()
        if isinstance(error, Cancelled):
            self.banner.show_notice("warning", "Folding the branch was cancelled.", retry=self.editing.fold)
        else:
            self.banner.show_error(error, self.editing.fold if self.editing.shown is None else None)
        if self.editing.shown is None:
            self.empty.say("The branch could not be folded", str(error), icon_name="warning")
            self._pages.setCurrentIndex(1)
        self.table.set_stale(self.editing.shown is not None and self.editing.shown.edits != self.editing.branch.edits)

    def _show_progress(self, slow: bool) -> None:
        self.progress.setVisible(slow)
        if slow:
            self.progress.say("Folding the branch", 0, self.model.rowCount())
            self.table.set_stale(True)

    def _fetch(self, start: int) -> None:
        ask = self.editing.page(start)
        shown = self.editing.shown
        if ask is None:
            self.model.fetch_failed()
            return

        def come(page: Rows) -> None:
            if shown is self.editing.shown:
                self.model.put(page)
                self._tell_row()

        def refused(error: ExplorerError) -> None:
            self.model.fetch_failed()
            if not isinstance(error, Cancelled):
                self.banner.show_error(error)

        self.workspace.engine(ask, come, refused, owner=self, text="Reading a branch")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tell_place()

    def _tell_place(self) -> None:
        """What is looked at is the stored stream, too; where the branch has an event of its own, none of its events."""
        key, row = self.editing.key, self.steps.row()
        if key is not None and self.isVisible():
            self.workspace.stand_at(key.category, key.id, row.version if row is not None else 0)

    def _moved(self, number: int) -> None:
        self._tell_row()
        self._tell_place()
        self.outcome.set_row(number)

    def _tell_row(self) -> None:
        """What is wrong with the event under the cursor."""
        row: BranchRow | None = self.steps.row()
        if row is not None and row.error and self._side.currentWidget() is not self.editor:
            hint = "The state goes on as it was before this event."
            self.step_banner.show_notice("error", f"v {row.branch_version}: {row.error}", hint)
        else:
            self.step_banner.clear()

    # -- beside the rows ----------------------------------------------------------------------------------------------

    def open_editor(self, heading: str, kind: str, data: str, problem: str = "") -> None:
        """Have an event written; what comes of it goes to the steps."""
        self._side.setCurrentWidget(self.editor)
        self.step_banner.clear()
        self.editor.show_event(heading, kind, data, problem, self.model.types())

    def show_outcome(self) -> None:
        """Neither editor nor commands; the keyboard goes back to the rows."""
        self.steps.written = None
        if self._side.currentWidget() is not self.outcome:
            self._side.setCurrentWidget(self.outcome)
            self._tell_row()
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _after_edit(self) -> None:
        """The branch was folded: an event that the reducer refuses is still being written, others are done."""
        outcome = self.steps.outcome()
        if outcome is not None and self._side.currentWidget() is self.editor:
            if outcome:
                self.editor.say(outcome)
            else:
                self.show_outcome()

    def show_mends(self) -> None:
        """What the domain would do about the events that the branch goes without."""
        if self.editing.shown is not None and self.editing.key is not None:
            self.steps.written = None
            self._side.setCurrentWidget(self.mends)
            self.mends.show_branch(self.editing.key, self.editing.shown)

    # -- the rest -----------------------------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.table.setFocus(event.reason())

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(320), theme.scaled(240))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < theme.scaled(NARROW)
        only, words = Qt.ToolButtonStyle.ToolButtonIconOnly, Qt.ToolButtonStyle.ToolButtonTextOnly
        for button in (self.good, self.export):
            button.setToolButtonStyle(only if narrow else words)
        wide = self.width() >= theme.scaled(WIDE)
        if wide != self._wide:
            self._wide = wide
            horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
            self.outer.setOrientation(horizontal if wide else vertical)
            self.outcome.splitter.setOrientation(vertical if wide else horizontal)
            self.outer.setSizes([560, 440] if wide else [500, 500])
            self.outcome.splitter.setSizes([500, 500])
