"""The pattern, live: what happens in this store now, as a diagram that moves and as a list of lines.

Three ways to watch: live (many things at once become one dot with their number), slow (one event after the other), and
step by step. What arrives while nobody looks is kept, within bounds, and nothing runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontMetrics, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QScrollArea, QSplitter, QVBoxLayout, QWidget

from explorer.model import Event, EventQuery, Page
from explorer.pattern import Happened, Step, facts, how, words
from explorer.stores.store import Subscribed
from explorer.ui.asking.polling import PREVIEW
from explorer.ui.events.event_rows import row_of
from explorer.ui.look import text, theme
from explorer.ui.look.still import StillLabels
from explorer.ui.parts.column import put_in_column
from explorer.ui.pattern.diagram import Diagram
from explorer.ui.pattern.happened_list import HappenedList, of_row
from explorer.ui.pattern.mode_bar import Mode, ModeBar
from explorer.ui.pattern.painting import NEWEST
from explorer.ui.pattern.row_or_events import RowOrEventsPanel
from explorer.ui.pattern.script import Script, pulses, summary
from explorer.ui.pattern.traffic import Stand, Traffic
from explorer.ui.workspace import Arrived, Workspace

BEFORE = 40  # events from before it was opened
UNSEEN = 2_000  # events kept while nobody looks
TOGETHER = 500  # milliseconds: what happens within it is told at once
PACE = 1_600  # milliseconds for a step, slowly
SILENT = 6.0  # seconds without a sign of life of an owner, after which nobody works there
WIDE = 1_000  # pixels in which row and events have room beside the diagram


class PatternPage(QWidget):
    """A page of the tabs."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("panel")
        self.setAccessibleName("Pattern")
        self.mode: Mode = "live"
        self.script = Script()
        self.traffic = Traffic()
        self._ready = False  # what was before has been read
        self._unseen: deque[Arrived] = deque(maxlen=UNSEEN)
        self._steps: list[Step] = []  # to be told together
        self._owners: dict[
            str, tuple[tuple[int, int], int]
        ] = {}  # subscription → (epoch, beat), looks without a new one
        self._wide_once = False
        self._build()
        self._together = QTimer(self, interval=TOGETHER, singleShot=True)
        self._together.timeout.connect(self._tell_together)
        self._pace = QTimer(self, interval=PACE, singleShot=True)
        self._pace.timeout.connect(self._next_slowly)
        workspace.subscriptions_changed.connect(self._on_subscriptions)
        workspace.watch_subscriptions(self)
        workspace.arrived.connect(self._on_arrived)
        workspace.services.changed.connect(self._name_services)
        workspace.engine_ready.connect(self._name_services)
        workspace.time_mode_changed.connect(lambda _mode: self.list.model_.refresh())
        self._bind()
        self._name_services()
        self.set_mode("live")

    def _build(self) -> None:
        self.bar = ModeBar(self)
        self.bar.mode_wanted.connect(self.set_mode)
        self.bar.back_wanted.connect(self.step_back)
        self.bar.forward_wanted.connect(self.step_forward)
        self.bar.now_wanted.connect(self.to_now)
        self.bar.compare_wanted.connect(self._arrange)
        self.diagram = Diagram(self)
        self.diagram.picked.connect(self.choose)
        self.diagram.opened.connect(self._open)
        self.list = HappenedList(lambda: self.workspace.time_mode, lambda: self.traffic, self)
        self.list.chosen.connect(self._on_line)
        self.list.opened.connect(self._open)
        self.sentence = text.plain_label("", self, wrap=True)
        self.sentence.setObjectName("sentence")
        self.sentence.setAccessibleName("What is shown")
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.facts = text.plain_label("", self)
        self.facts.setObjectName("muted")
        self.facts.setAccessibleName("The chosen event")
        telling = QWidget(self)
        lines = QVBoxLayout(telling)
        lines.setContentsMargins(theme.L, theme.S, theme.L, theme.M)
        lines.setSpacing(2)
        lines.addWidget(self.sentence)
        lines.addWidget(StillLabels(self.facts, parent=telling))
        around = self._around = QScrollArea(self)
        around.setWidgetResizable(True)
        around.setFrameShape(QScrollArea.Shape.NoFrame)
        around.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        around.setWidget(self.diagram)
        upper = QWidget(self)
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(around, 1)
        column.addWidget(telling)
        self.compared = RowOrEventsPanel(self.workspace, self)
        self.parts = QSplitter(Qt.Orientation.Vertical, self)
        self.parts.setChildrenCollapsible(False)
        self.parts.addWidget(upper)
        self.parts.addWidget(self.list)
        self.parts.setStretchFactor(0, 3)
        self.parts.setStretchFactor(1, 2)
        self.beside = QSplitter(Qt.Orientation.Horizontal, self)
        self.beside.setChildrenCollapsible(False)
        self.beside.addWidget(self.parts)
        self.beside.addWidget(self.compared)
        self.beside.setStretchFactor(0, 3)
        self.beside.setStretchFactor(1, 2)
        self.compared.hide()
        put_in_column(self, self.bar, self.beside)
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._wide_once and self.width() >= theme.scaled(WIDE):
            self._wide_once = True
            self.bar.compare.setChecked(True)
        self._arrange()

    def _arrange(self) -> None:
        """Row and events beside the diagram; below it, where the list is, if there is too little room."""
        wanted, wide = self.bar.compare.isChecked(), self.width() >= theme.scaled(WIDE)
        if wide and self.compared.parent() is not self.beside:
            self.beside.addWidget(self.compared)
        elif not wide and self.compared.parent() is not self.parts:
            self.parts.addWidget(self.compared)
        if wanted and self.compared.isHidden():
            self.compared.show()
            self.beside.setSizes([self.width() * 3 // 5, self.width() * 2 // 5])
            self.parts.setSizes([self.height() * 3 // 5, self.height() * 2 // 5, self.height() // 2])
        elif not wanted:
            self.compared.hide()
        self.list.setVisible(wide or not wanted)

    def _bind(self) -> None:
        bind = self.workspace.actions.bind
        bind("play", self.play_or_step, self)
        bind("first", self.to_first, self)
        bind("last", self.to_now, self)
        for where in ("_here", ""):
            bind(f"step_forward{where}", self.step_forward, self)
            bind(f"step_back{where}", self.step_back, self)
        bind("causes", self._show_causes, self, lambda: self.list.currentIndex().isValid())

    def _apply_theme(self) -> None:
        self._around.setMinimumHeight(theme.scaled(110))
        self.list.setMinimumHeight(theme.scaled(64))
        # Room for two lines, so that nothing moves from step to step.
        self.sentence.setMinimumHeight(2 * QFontMetrics(theme.sans_font(15)).lineSpacing())

    # -- arriving ------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.workspace.is_open:
            if not self._ready:
                self._read_before()
            self._take_unseen()
            self._go_on()

    def hideEvent(self, event: QHideEvent) -> None:
        self._together.stop()
        self._pace.stop()
        super().hideEvent(event)

    def _read_before(self) -> None:
        query = EventQuery(newest_first=True, limit=BEFORE, preview=PREVIEW)

        def answer(page: Page[Event]) -> None:
            self._ready = True
            self._add([row_of(one) for one in reversed(page.rows)], new=False)
            self._take_unseen()

        self.workspace.browse(lambda store: store.events(query), answer, topic="pattern", owner=self)

    def _on_arrived(self, rows: list[Arrived]) -> None:
        self._unseen.extend(rows)
        if self._ready and self.isVisible():
            self._take_unseen()

    def _take_unseen(self) -> None:
        if self._ready and self._unseen:
            rows = list(self._unseen)
            self._unseen.clear()
            self._add(rows, new=True)

    def _add(self, rows: Sequence[Arrived], *, new: bool) -> None:
        narration = self.workspace.narration
        steps = self.traffic.arrived([of_row(row, narration) for row in rows])
        self._tell(steps, moving=new)

    def _name_services(self) -> None:
        """Those that this window can run are there, also before they have begun."""
        self.traffic.name([service.name for service in self.workspace.services.known()])
        self.diagram.set_subscribers(self.traffic.subscribers())

    def _on_subscriptions(self, known: Sequence[Subscribed]) -> None:
        """Where they stand now. While nobody looks, nothing: the next look tells what has happened since."""
        if not self._ready or not self.isVisible():
            return
        positions = self.workspace.subscriptions.found.positions
        stands = [self._stand(one, position) for one, position in zip(known, positions, strict=False)]
        self._tell(self.traffic.moved(stands), moving=True)
        self.diagram.set_subscribers(self.traffic.subscribers())
        self.list.delivered()

    def _stand(self, one: Subscribed, position: int | None) -> Stand:
        gone = not one.owner or self.workspace.subscriptions.silence(one.name) > SILENT
        state = "paused" if one.paused else "stopped" if gone else one.state or "live"
        return Stand(one.name, position or 0, state, one.detail, one.parked)

    # -- telling -------------------------------------------------------------------------------------------------------

    def _tell(self, steps: Sequence[Step], *, moving: bool) -> None:
        if not steps:
            return
        self.script.add(steps, follow=self.mode == "live" or not moving)
        if not moving:
            before = [step.event for step in steps if step.kind == "append"]
            self.list.add(before)
            self._show_standing()
            self._compare_current(before)
            return
        self._steps += steps
        if not self._together.isActive() and self.isVisible():
            self._together.start(0 if len(steps) < 8 else TOGETHER)
        self._go_on()

    def compare(self, category: str, id: str, question: int | None = None) -> None:
        """Show row or events of this stream, and ask both the question of this number, from 1."""
        self._wide_once = True
        self.bar.compare.setChecked(True)
        self._arrange()
        self.compared.show_stream(category, id)
        if question is not None:
            self.compared.ask(question - 1)

    def _compare_current(self, before: Sequence[Happened]) -> None:
        """Begin with the stream one comes from, else with what moved last."""
        category, id, version = self.workspace.current_stream
        if version:
            self.compared.show_stream(category, id)
        else:
            self.compared.follow([(event.category, event.id) for event in before])

    def _tell_together(self) -> None:
        """What has happened since the last time, at once."""
        steps, self._steps = self._steps, []
        if not steps:
            return
        self._together.start(TOGETHER)
        events = [step.event for step in steps if step.kind == "append"]
        self.list.add(events)
        self._show_standing()
        if self.mode != "step":
            self.compared.follow([(event.category, event.id) for event in events])
        if self.mode == "live":
            self.diagram.play(pulses(steps))
            self._say(summary(steps, self.traffic.cause))
        self._show_backlog()

    def _show_standing(self) -> None:
        if self.mode == "live":
            self.diagram.set_recent(self.script.stored(NEWEST))
        self.diagram.set_subscribers(self.traffic.subscribers())

    def _say(self, sentence: str) -> None:
        text.set_label(self.sentence, sentence)
        self.diagram.setAccessibleDescription(text.shown(sentence, 300))

    # -- modes ---------------------------------------------------------------------------------------------------------

    def set_mode(self, mode: Mode) -> None:
        """Watch it live, slowly, or step by step from the event that came last."""
        before, self.mode = self.mode, mode
        self.bar.show_mode(mode)
        self._pace.stop()
        if mode == "live":
            self.script.to_end()
            self.diagram.show_step(None)
            self.diagram.set_recent(self.script.stored(NEWEST))
            self._say_nothing_happens()
        elif mode == "slow":
            if before == "live":
                self._say("Each event is played one after the other. Waiting for the next one …")
            self._go_on()
        else:
            if before == "live" or self.script.shown is None:
                self.script.to_last_event()
            self._show_step()
        self._show_backlog()

    def _say_nothing_happens(self) -> None:
        ours = "Issue a command in Command, or start the load in Subscriptions."
        theirs = "What another program writes to this store will move here."
        self._say(f"Nothing is happening now. {ours if self.workspace.writable else theirs}")

    def play_or_step(self) -> None:
        """The next step; from live or slow, stop and go step by step."""
        if self.mode == "step":
            self.step_forward()
        else:
            self.set_mode("step")

    def step_forward(self) -> None:
        self._step_by_step()
        if self.script.next() is None:
            self.workspace.message.emit("Nothing more has happened.")
        self._show_step()

    def step_back(self) -> None:
        self._step_by_step()
        if self.script.back() is None:
            self.workspace.message.emit("This is the first step that is kept.")
        self._show_step(moving=False)

    def to_first(self) -> None:
        """The first step that is kept."""
        self._step_by_step()
        self.script.to_start()
        self._show_step()

    def to_now(self) -> None:
        """Leave out what has not been shown yet."""
        self.script.to_end()
        if self.mode != "live":
            self._show_step(moving=False)
        self._show_backlog()

    def _step_by_step(self) -> None:
        if self.mode != "step":
            self.mode = "step"
            self.bar.show_mode("step")
            self._pace.stop()

    def _go_on(self) -> None:
        if self.mode == "slow" and not self._pace.isActive() and self.script.waiting and self.isVisible():
            self._next_slowly()
        self._show_backlog()

    def _next_slowly(self) -> None:
        if self.mode != "slow" or not self.isVisible():
            return
        if self.script.next() is not None:
            self._show_step()
            self._pace.start()

    def _show_step(self, *, moving: bool = True) -> None:
        step = self.script.shown
        self.diagram.show_step(step, moving=moving)
        self.diagram.set_recent(self.script.stored(NEWEST))
        if step is None:
            self._say_nothing_happens()
        else:
            number, count = self.script.place()
            self._say(f"{number} of {count}   {words(step)}" if count > 1 else words(step))
            self.choose(step.event)
        self._show_backlog()

    def _show_backlog(self) -> None:
        self.bar.show_script(self.script, self.mode)

    # -- choosing ------------------------------------------------------------------------------------------------------

    def choose(self, event: Happened) -> None:
        """Show the facts of this event."""
        self.diagram.select(event)
        when = text.when(event.at, self.workspace.time_mode if self.workspace.time_mode == "utc" else "local")
        told = how(event, self.traffic.cause(event))
        line = " · ".join(part for part in (facts(event), when, told) if part)
        text.set_label(self.facts, line)
        self.facts.setToolTip(text.tooltip(line))
        self.list.show_event(event)
        self.compared.show_stream(event.category, event.id)

    def _on_line(self, event: Happened) -> None:
        self.choose(event)
        if self.mode == "step" and self.script.to_event(event) is not None:
            self._show_step()

    def _open(self, event: Happened) -> None:
        self.workspace.stream_wanted.emit(event.category, event.id, event.version)

    def _show_causes(self) -> None:
        event = self.list.model_.row(self.list.currentIndex())
        if event is not None:
            self.workspace.causes_wanted.emit(event.category, event.id, event.version)
