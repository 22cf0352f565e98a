"""One stream as a recording: step through its events, see the state after each and what each of them changed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import Cancelled, EngineStopped, ExplorerError
from explorer.model import StreamKey
from explorer.ui import text, theme
from explorer.ui.banner import Banner
from explorer.ui.diff_view import DiffView
from explorer.ui.empty import EmptyState
from explorer.ui.event_menu import event_menu
from explorer.ui.event_model import EventModel
from explorer.ui.event_table import EventPane
from explorer.ui.pane import copy_text
from explorer.ui.payload_view import PayloadView
from explorer.ui.progress import ProgressStrip
from explorer.ui.replaying import Replaying
from explorer.ui.ribbon import Ribbon
from explorer.ui.state_tree import StateTree
from explorer.ui.transport import Transport
from explorer.ui.workspace import Workspace

WIDE = 1060  # pixels from which state and changes stand beside one another
EVENTS_SHARE = 0.36  # of the width, at first
EVENTS_LEAST, EVENTS_MOST = 360, 480  # pixels


class StreamTab(QWidget):
    """The composition, and the owner of the cursor. `version`: where to stand at first; None: at the end, following."""

    def __init__(
        self, workspace: Workspace, category: str, id: str, version: int | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.workspace, self.category, self.id = workspace, category, id
        self.setAccessibleName(f"Stream {text.shown(category)} {text.shown(id)}")
        self.replaying = Replaying(workspace, category, id, self)
        self.timeline = self.replaying.timeline
        self.cursor_at = -1  # ordinal; -1 while there is no event
        self.marks: tuple[int, ...] = ()  # ordinals of at most two events marked for compare
        self._target = version  # where to go as soon as it is known
        self._comparing = False
        self._known = 0  # events that were announced
        self._dirty = False  # the panes do not show the cursor's step
        self._build()
        self._connect()
        self._bind()
        self.replaying.start()

    # -- building -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.transport = Transport(self.timeline, self)
        self.ribbon = Ribbon(self.timeline, self)
        self.banner = Banner(self)
        self.generic_button = QPushButton("Show with the generic fold", self.banner)
        self.step_banner = Banner(self)
        self.events = EventModel(self.timeline, self)
        self.events.mode = self.workspace.time_mode
        self.pane = EventPane(self.events, self)
        self.table = self.pane.table
        self.state = StateTree(self.workspace, self.category, self.id, self)
        self.badges = {name: self._badge(kind) for name, kind in (("fold", "readonly"), ("incomplete", "writable"))}
        for badge in self.badges.values():
            self.state.head.add(badge)
        self.diff = DiffView(self.workspace, self.category, self.id, self)
        self.payload = PayloadView(self.workspace, self.category, self.id, self)
        self.empty = EmptyState("Reading the stream…", icon_name="stream", parent=self)
        self.ribbon.describe = self.events.describe
        self.progress = ProgressStrip("Replay", self)
        self.generic_button.hide()
        layout = self.banner.layout()
        assert layout is not None
        layout.addWidget(self.generic_button)
        layout.setAlignment(self.generic_button, Qt.AlignmentFlag.AlignLeft)

        self.detail = QSplitter(Qt.Orientation.Vertical, self)
        self.inner = QSplitter(Qt.Orientation.Vertical, self)
        self.outer = QSplitter(Qt.Orientation.Horizontal, self)
        composition: tuple[tuple[QSplitter, tuple[QWidget, QWidget]], ...] = (
            (self.detail, (self.diff, self.payload)),
            (self.inner, (self.state, self.detail)),
            (self.outer, (self.pane, self.inner)),
        )
        for splitter, parts in composition:
            splitter.setChildrenCollapsible(False)
            for part in parts:
                splitter.addWidget(part)
        self.outer.setStretchFactor(1, 1)
        self.inner.setSizes([500, 500])
        self.pane.setMinimumWidth(theme.scaled(180))

        body = QWidget(self)
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.outer)
        self._stack.addWidget(self.empty)
        self._stack.setCurrentIndex(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        line = QFrame(self)
        line.setObjectName("hairline")
        for widget in (self.transport, self.ribbon, line, self.progress, self.banner, self.step_banner):
            whole.addWidget(widget)
        whole.addWidget(body, 1)
        self.setFocusProxy(self.table)

    def _badge(self, kind: str) -> QLabel:
        badge = text.plain_label("", self)
        badge.setObjectName("badge")
        badge.setProperty("kind", kind)
        badge.hide()
        return badge

    def _connect(self) -> None:
        for wanted in (self.transport.wanted, self.ribbon.moved, self.table.wanted):
            wanted.connect(self.go_to)
        self.transport.refused.connect(self.workspace.message)
        self.transport.go_to.left.connect(self.table.setFocus)
        self.table.scrolled.connect(self._scrolled)
        self.table.menu_wanted.connect(self._menu)
        self.table.copied.connect(self._copy_event)
        self.pane.chip.clicked.connect(self.go_last)
        self.diff.step_wanted.connect(self._compare_step)
        self.replaying.grew.connect(self._grew)
        self.replaying.finished.connect(self._finished)
        self.replaying.failed.connect(self._failed)
        self.replaying.slow.connect(self._show_progress)
        self.replaying.progressed.connect(self._update_progress)
        self.progress.cancelled.connect(self.replaying.cancel)
        self.generic_button.clicked.connect(self.show_generic)
        self.banner.closed.connect(self.generic_button.hide)
        self.workspace.time_mode_changed.connect(self._set_time_mode)
        self._set_time_mode(self.workspace.time_mode)

    def _bind(self) -> None:
        actions = self.workspace.actions
        some = self._has_events
        timeline: tuple[QWidget, ...] = (self.ribbon, self.table)
        for name, by in (("step_back", -1), ("step_forward", 1)):
            actions.bind(name, partial(self.transport.step, by), self, some)
            for owner in timeline:
                actions.bind(f"{name}_here", partial(self.transport.step, by), owner, some)
        for owner in timeline:
            actions.bind("first", lambda: self.go_to(0), owner, some)
            actions.bind("last", self.go_last, owner, some)
            actions.bind("play", self.transport.toggle_play, owner, some)
        actions.bind("play", self.transport.toggle_play, self.transport.slider, some)
        actions.bind("goto_version", self.transport.ask_where, self, some)
        actions.bind("mark", self.toggle_mark, self, some)
        actions.bind("diff_marked", self.diff_marked, self, some)
        actions.bind("find", self.pane.finder.ask, self.pane, some)
        actions.bind("find_next", lambda: self.pane.finder.again(1), self.pane, some)
        actions.bind("find_previous", lambda: self.pane.finder.again(-1), self.pane, some)

    def _has_events(self) -> bool:
        return self.cursor_at >= 0

    # -- the cursor ---------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """The version under the cursor; 0 when there is none."""
        return self.timeline.versions[self.cursor_at] if self.cursor_at >= 0 else 0

    @property
    def at_last(self) -> bool:
        return self.cursor_at == self.timeline.count - 1

    def go_to(self, ordinal: int) -> None:
        """Put the cursor on this event."""
        self._target = None
        self._set_cursor(ordinal)

    def go_to_version(self, version: int | None) -> None:
        """Put the cursor on this version, when it is known; None: on the last."""
        found = self.timeline.count - 1 if version is None else self.timeline.ordinal_of(version)
        if found is not None and found >= 0:
            self.go_to(found)
        else:
            self._target = version

    def go_last(self) -> None:
        self.go_to(self.timeline.count - 1)
        self.table.scrollToBottom()

    def _set_cursor(self, ordinal: int) -> None:
        if not 0 <= ordinal < self.timeline.count:
            return
        self.cursor_at = ordinal
        self.table.set_cursor(ordinal)
        self.ribbon.setValue(ordinal)
        self.transport.set_cursor(ordinal)
        self._show_step()
        if self.isVisible():
            self.workspace.current_stream_changed.emit(self.category, self.id, self.version)

    def _show_step(self) -> None:
        """Bring the panes to the cursor; later, if nobody looks or it is not folded yet."""
        ordinal = self.cursor_at
        self._dirty = not self.isVisible() or ordinal >= self.timeline.folded
        if ordinal < 0:
            return
        if self.isVisible():
            self.payload.show_event(self.version)
        self._tell_step_problem(ordinal)
        if self._dirty:
            self.state.set_stale(True)
            self.diff.set_stale(True)
            return
        generic = self.replaying.generic
        self.state.show_step(ordinal, self.version, generic=generic)
        self._show_diff()

    def _show_diff(self) -> None:
        ordinal, versions, generic = self.cursor_at, self.timeline.versions, self.replaying.generic
        if self._comparing:
            first, second = self._compared()
            if second < self.timeline.folded:
                heading = f"v {text.number(versions[first])} → v {text.number(versions[second])}"
                self.diff.show_between(first, second, heading, marked=True, generic=generic)
                return
        nothing = "The reducer failed here, so nothing changed" if ordinal in self.timeline.errors else ""
        heading = f"What v {text.number(self.version)} changed"
        self.diff.show_between(ordinal - 1, ordinal, heading, marked=False, nothing=nothing, generic=generic)

    def _tell_step_problem(self, ordinal: int) -> None:
        error, problem = self.timeline.errors.get(ordinal), self.timeline.problems.get(ordinal)
        if error:
            hint = "The state shown is the last good one; replay goes on with the next event."
            self.step_banner.show_notice("error", error, hint)
        elif problem:
            self.step_banner.show_notice("warning", problem)
        else:
            self.step_banner.clear()

    # -- comparing ----------------------------------------------------------------------------------------------------

    def toggle_mark(self) -> None:
        """Mark the event under the cursor for compare, or no longer. Of two that are marked the older one gives way."""
        ordinal = self.cursor_at
        if ordinal in self.marks:
            self._set_marks(tuple(mark for mark in self.marks if mark != ordinal))
        else:
            self._set_marks((*self.marks[-1:], ordinal))

    def _set_marks(self, marks: tuple[int, ...]) -> None:
        self.marks = marks
        self.events.set_marks(marks)
        self.ribbon.set_marks(marks)
        if self._comparing and not marks:
            self._comparing = False
        if self._comparing:
            self._show_diff()

    def diff_marked(self) -> None:
        """Differences between the two marked versions, or between the marked one and the cursor; again: this step."""
        if self._comparing:
            self._compare_step()
        elif not self.marks:
            self.workspace.message.emit("Mark a version for compare first (M).")
        else:
            self._comparing = True
            self._show_diff()

    def _compared(self) -> tuple[int, int]:
        ordinals = self.marks if len(self.marks) == 2 else (self.marks[0], self.cursor_at)
        return min(ordinals), max(ordinals)

    def _compare_step(self) -> None:
        self._comparing = False
        self._show_diff()

    # -- what comes from the engine -----------------------------------------------------------------------------------

    def _grew(self) -> None:
        """Events or steps were added: show them without moving what is looked at."""
        known, count = min(self._known, self.timeline.count), self.timeline.count
        loading = self.replaying.result is None
        following = self._target is None and (
            self.cursor_at < 0 or (self.cursor_at >= known - 1 and self.table.at_end())
        )
        told_anew = count < self._known
        self._known = count
        self.events.sync(flash=not loading and not told_anew)
        self.ribbon.timeline_changed()
        self.transport.timeline_changed()
        self._update_progress()
        if count:
            self._stack.setCurrentIndex(0)
        if count > known:
            self._place_cursor(following, count - known, loading)
        elif self.cursor_at >= count:
            self._set_cursor(count - 1)
        if self._dirty and self.isVisible() and self.cursor_at < self.timeline.folded:
            self._show_step()

    def _place_cursor(self, following: bool, new: int, loading: bool) -> None:
        if self.cursor_at < 0:
            self.table.fit_columns()
        if self._target is not None:
            found = self.timeline.ordinal_of(self._target)
            if found is not None:
                self._target = None
                self._set_cursor(found)
        elif following:
            self._set_cursor(self.timeline.count - 1)
            self.table.scrollToBottom()
        elif not loading:
            self.pane.count_new(new)

    def _finished(self) -> None:
        self.banner.clear()
        self.table.fit_columns()
        if not self.timeline.count:
            self.empty.say("There are no events in this stream", "It may have been deleted, or not written yet.")
            self._stack.setCurrentIndex(1)
            return
        if self._target is not None or self.cursor_at < 0:
            if self._target is not None:
                self.workspace.message.emit(f"There is no version {self._target} in this stream.")
            self._target = None
            self.go_last()
        self._show_badges()
        if self._dirty:
            self._show_step()

    def _show_badges(self) -> None:
        result = self.replaying.result
        assert result is not None
        fold, incomplete = self.badges["fold"], self.badges["incomplete"]
        if result.aggregate is None:
            text.set_label(fold, "generic fold")
            fold.setToolTip(
                "Payloads merged in order; no reducer knows this category"
                if not self.replaying.generic
                else "Payloads merged in order, because you asked for it"
            )
        elif result.slow:
            text.set_label(fold, f"{result.aggregate} · slow")
            fold.setToolTip(text.tooltip(result.slow))
        else:
            text.set_label(fold, result.aggregate)
            fold.setToolTip("The reducer that folds this stream")
        fold.show()
        text.set_label(incomplete, "incomplete")
        incomplete.setToolTip(text.tooltip(result.incomplete))
        incomplete.setVisible(bool(result.incomplete))

    def _failed(self, error: ExplorerError) -> None:
        self.banner.show_error(error, retry=self._retry)
        stopped = isinstance(error, (Cancelled, EngineStopped)) and not self.replaying.generic
        self.generic_button.setVisible(stopped)
        if isinstance(error, Cancelled):
            self.banner.show_notice(
                "warning", "The replay was cancelled.", "What was folded until then is shown.", retry=self._retry
            )
        if not self.timeline.count:
            self.empty.say("Nothing could be read", str(error), icon_name="warning")
            self._stack.setCurrentIndex(1)

    def _retry(self) -> None:
        self.replaying.start(generic=self.replaying.generic)

    def show_generic(self) -> None:
        """Replay without domain code: payloads merged."""
        self.banner.clear()
        self.state.set_stale(True)
        self.diff.set_stale(True)
        self._dirty = True
        self.replaying.start(generic=True)

    def _show_progress(self, slow: bool) -> None:
        self.progress.setVisible(slow)
        self._update_progress()

    def _update_progress(self) -> None:
        if not self.progress.isHidden():
            self.progress.say("Replaying", self.replaying.done, self.replaying.total)

    # -- the rest -----------------------------------------------------------------------------------------------------

    def _scrolled(self) -> None:
        if self.table.at_end():
            self.pane.no_new()

    def _set_time_mode(self, mode: str) -> None:
        self.events.set_mode(mode)
        self.table.fit_columns()
        self.transport.set_utc(mode == "utc")

    def _menu(self, ordinal: int, where: QPoint) -> None:
        self.go_to(ordinal)
        menu = event_menu(self.workspace, self.timeline, ordinal, StreamKey(self.category, self.id), self)
        menu.addSeparator()
        mark = menu.addAction("No longer mark for compare" if ordinal in self.marks else "Mark for compare")
        mark.triggered.connect(self.toggle_mark)
        if self.marks and self.marks != (ordinal,):
            menu.addAction("Diff with the marked version").triggered.connect(self._diff_from_menu)
        menu.popup(where)

    def _diff_from_menu(self) -> None:
        self._comparing = True
        self._show_diff()

    def _copy_event(self) -> None:
        if self.cursor_at >= 0:
            model = self.events
            words = [str(model.index(self.cursor_at, column).data()) for column in range(model.columnCount())]
            copy_text(self.workspace, "\t".join(words))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.cursor_at >= 0:
            self.workspace.current_stream_changed.emit(self.category, self.id, self.version)
            if self._dirty:
                QTimer.singleShot(0, self, self._show_step)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not event.oldSize().isValid() or event.oldSize().width() < 200:
            events = max(EVENTS_LEAST, min(EVENTS_MOST, self.width() * EVENTS_SHARE))
            self.outer.setSizes([round(events), round(self.width() - events)])
        wide = self.width() >= theme.scaled(WIDE)
        wanted = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.inner.orientation() != wanted:
            self.inner.setOrientation(wanted)
