"""How often snapshots are to be taken: a slider over what was found in the streams of this store, and taking them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QSlider, QStackedLayout, QVBoxLayout, QWidget

from explorer.engine.asks_snapshots import PlanSnapshots, PolicyRow, SnapshotPlan, TakeDue
from explorer.engine.messages import Done, Progress
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.commands.committing import why_not_writable
from explorer.ui.look import text, theme
from explorer.ui.parts.empty import EmptyState
from explorer.ui.workspace import Workspace

_FACTS = ("Without any", "With them", "They cost")


class PolicyView(QWidget):
    """Looks at the store when it is first shown, and again when asked to."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.plan: SnapshotPlan | None = None
        self._busy = False
        self.setObjectName("panel")
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setAccessibleName("Events between snapshots")
        self.slider.setPageStep(3)
        self.slider.setMaximumWidth(theme.scaled(420))
        self.slider.valueChanged.connect(lambda _place: self._show())
        self.every = text.plain_label("", self)
        self.every.setMinimumWidth(theme.scaled(150))
        self.take_button = QPushButton("Take now", self)
        self.take_button.clicked.connect(self.take)
        self.again_button = QPushButton("Look again", self)
        self.again_button.clicked.connect(self.look)
        line = QHBoxLayout()
        line.setSpacing(theme.M)
        line.addWidget(self.every)
        line.addWidget(self.slider, 1)
        line.addWidget(self.take_button)
        line.addWidget(self.again_button)
        line.addStretch(1)
        facts = QGridLayout()
        facts.setHorizontalSpacing(theme.L)
        facts.setVerticalSpacing(theme.S)
        facts.setColumnStretch(1, 1)
        self.facts = {name: text.plain_label("", self) for name in _FACTS}
        for row, name in enumerate(_FACTS):
            label = text.plain_label(name, self)
            label.setObjectName("muted")
            facts.addWidget(label, row, 0)
            facts.addWidget(self.facts[name], row, 1)
        self.how = text.plain_label("", self)
        self.how.setObjectName("muted")
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.M + theme.S, theme.S, theme.M, theme.S)
        column.setSpacing(theme.S)
        column.addLayout(line)
        column.addLayout(facts)
        column.addWidget(self.how)
        column.addStretch(1)
        self.empty = EmptyState(icon_name="camera", parent=self)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(page)
        self._pages.addWidget(self.empty)
        self._page = page
        self.setFocusProxy(self.slider)
        workspace.opened.connect(self.forget)
        workspace.closed.connect(self.forget)
        self.forget()

    def forget(self) -> None:
        """Another store, or none."""
        self.plan = None
        self._busy = False
        self._show()

    # -- looking -----------------------------------------------------------------------------------------------------

    def look_once(self) -> None:
        if self.plan is None and not self._busy:
            self.look()

    def look(self) -> None:
        """At every stream that a domain folds; some of them are measured."""
        self._set_busy("Looking at the streams …")
        self._workspace.engine(
            PlanSnapshots(), self._found, self._failed, self._part, topic="snapshot plan", owner=self, lane="scan",
            text="Looking at what snapshots would save",
        )  # fmt: skip

    def _part(self, part: object) -> None:
        if isinstance(part, Progress):
            self.empty.say(f"Looking at the streams: {text.number(part.done)}", icon_name="camera")

    def _found(self, plan: SnapshotPlan) -> None:
        first = self.plan is None
        self.plan, self._busy = plan, False
        self.slider.setRange(0, len(plan.policies) - 1)
        if first:
            declared = [n for n, one in enumerate(plan.policies) if one.every <= plan.declared]
            self.slider.setValue(declared[-1] if declared else len(plan.policies) // 2)
        self._show()

    def _failed(self, error: ExplorerError) -> None:
        self._busy = False
        if isinstance(error, Cancelled):
            self.empty.say("It was cancelled.", action="Look again", on_action=self.look)
        else:
            self.empty.say(str(error), error.hint, icon_name="warning", action="Look again", on_action=self.look)
        self._pages.setCurrentWidget(self.empty)

    def _set_busy(self, words: str) -> None:
        self._busy = True
        self.empty.say(words, "Nothing is written.", icon_name="camera")
        self._show()

    # -- what is shown -----------------------------------------------------------------------------------------------

    @property
    def policy(self) -> PolicyRow | None:
        return None if self.plan is None else self.plan.policies[self.slider.value()]

    def _show(self) -> None:
        plan, policy = self.plan, self.policy
        self._pages.setCurrentWidget(self.empty if plan is None else self._page)
        self.take_button.setEnabled(False)
        if plan is None or policy is None:
            return
        number = text.number
        text.set_label(self.every, f"Every {number(policy.every)} events")
        streams = text.plural(plan.streams, "stream")
        text.set_label(
            self.facts["Without any"],
            f"{streams}, each loaded once: {number(plan.events)} events read, at most {number(plan.most)} for one;"
            f" about {text.duration(plan.seconds)}",
        )
        share = f" ({100 * (1 - policy.seconds / plan.seconds):.0f} % less)" if plan.seconds > policy.seconds else ""
        text.set_label(
            self.facts["With them"],
            f"{number(policy.events)} events read, at most {number(policy.most)} for one;"
            f" about {text.duration(policy.seconds)}{share}",
        )
        text.set_label(
            self.facts["They cost"],
            f"{text.plural(policy.snapshots, 'snapshot')} of {text.plural(policy.streams, 'stream')},"
            f" about {text.size_text(round(policy.size))}",
        )
        said = f"The domain says every {number(plan.declared)}." if plan.declared else "The domain takes none."
        failed = f" {text.plural(plan.failed, 'stream')} could not be folded." if plan.failed else ""
        text.set_label(
            self.how, f"{said} Times and sizes are those of {number(plan.measured)} measured streams, extended.{failed}"
        )
        self.slider.setAccessibleDescription(text.shown(f"{self.every.text()}: {self.facts['With them'].text()}", 500))
        self._show_taking(policy)

    def _show_taking(self, policy: PolicyRow) -> None:
        reason = why_not_writable(self._workspace.info)
        if not reason and not policy.due:
            reason = "No stream has so many events after a snapshot that commands could use."
        self.take_button.setText(text.menu_text(f"Take now ({text.number(policy.due)})"))
        self.take_button.setEnabled(not reason and not self._busy)
        streams = text.plural(policy.due, "stream")
        self.take_button.setToolTip(text.tooltip(reason or f"Take one at the end of {streams} that would profit"))

    # -- taking ------------------------------------------------------------------------------------------------------

    def take(self) -> None:
        """Of all streams that would profit, now."""
        policy = self.policy
        if policy is None or self._busy:
            return
        self._busy = True
        self._show()
        self._workspace.engine(
            TakeDue(policy.every), self._taken, self._not_taken, self._told, owner=self, lane="scan",
            text="Taking snapshots",
        )  # fmt: skip

    def _told(self, part: object) -> None:
        if isinstance(part, Progress):
            self.take_button.setText(text.menu_text(f"Taking … {text.number(part.done)}"))

    def _taken(self, done: Done) -> None:
        self._busy = False
        self._workspace.message.emit(done.message)
        self._workspace.snapshots_changed.emit("", "")
        self.look()

    def _not_taken(self, error: ExplorerError) -> None:
        self._busy = False
        self._show()
        if not isinstance(error, Cancelled):
            self._workspace.notice.emit("error", str(error), error.hint)
