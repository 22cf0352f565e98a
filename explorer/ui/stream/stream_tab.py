"""One stream as a recording: step through its events, see the state after each and what each of them changed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from explorer.errors import Cancelled, EngineStopped, ExplorerError
from explorer.model import StreamKey
from explorer.ui.look import text
from explorer.ui.pane import copy_text
from explorer.ui.stream.event_menu import event_menu
from explorer.ui.stream.reducer_check import ReducerCheck
from explorer.ui.stream.stopping import Stops
from explorer.ui.stream.stream_panes import StreamPanes
from explorer.ui.stream.watch_column import WatchAsColumn
from explorer.ui.stream.watching import WatchesOfStream
from explorer.ui.workspace import Workspace


class StreamTab(StreamPanes):
    """The owner of the cursor. `version`: where to stand at first; None: at the end, following."""

    def __init__(
        self, workspace: Workspace, category: str, id: str, version: int | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(workspace, category, id, parent)
        self.cursor_at = -1  # ordinal; -1 while there is no event
        self.marks: tuple[int, ...] = ()  # ordinals of at most two events marked for compare
        self._target = version  # where to go as soon as it is known
        self._comparing = False
        self._known = 0  # events that were announced
        self._generation = 0  # of the timeline that the panes show
        self._loaded = False  # the first replay is done: what comes from now on is new
        self._dirty = False  # the panes do not show the cursor's step
        self._connect()
        self._bind()
        self.watches = WatchesOfStream(self, self.go_to)
        self.watch_column = WatchAsColumn(self)
        self.stops = Stops(self, self.go_to)
        self.reducer_check = ReducerCheck(self, self.go_to_version)
        self.show_above(self.reducer_check.banner)
        self.replaying.start()

    def _connect(self) -> None:
        for wanted in (self.transport.wanted, self.ribbon.moved, self.table.wanted, self.state.step_wanted):
            wanted.connect(self.go_to)
        self.transport.refused.connect(self.workspace.message)
        self.transport.go_to.left.connect(self.table.setFocus)
        self.table.scrolled.connect(self._scrolled)
        self.table.menu_wanted.connect(self._menu)
        self.table.copied.connect(self._copy_event)
        self.pane.chip.clicked.connect(self.go_last)
        self.diff.step_wanted.connect(self._compare_step)
        self.replaying.grew.connect(self._grew)
        self.replaying.grew.connect(self.state.history.refresh)
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
        actions.bind("causes", self.show_causes, self, some)
        actions.bind("note", self.note.edit, self, some)
        actions.bind("bookmark", self.note.toggle_bookmark, self, some)
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

    def _set_cursor(self, ordinal: int, *, panes: bool = True) -> None:
        """`panes` false: only the timeline; while a long stream streams in its states are nobody's concern."""
        if not 0 <= ordinal < self.timeline.count:
            return
        self.cursor_at = ordinal
        self.table.set_cursor(ordinal)
        self.ribbon.setValue(ordinal)
        self.transport.set_cursor(ordinal)
        if not panes:
            self._dirty = True
            return
        self._show_step()

    def _show_step(self) -> None:
        """Bring the panes to the cursor; later, if nobody looks or it is not folded yet."""
        ordinal = self.cursor_at
        self._dirty = not self.isVisible() or ordinal >= self.timeline.folded
        if ordinal < 0:
            return
        if self.isVisible():
            self._tell_place()
            self.payload.show_event(self.version)
        self._tell_step_problem(ordinal)
        self.note.show_event(self.version, self.timeline.type(ordinal))
        if self._dirty:
            self.state.set_stale(True)
            self.diff.set_stale(True)
            return
        generic = self.replaying.generic
        self.state.show_step(ordinal, self.version, generic=generic)
        self._show_diff()

    def _tell_place(self) -> None:
        self.workspace.stand_at(self.category, self.id, self.version)

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
        self.workspace.marked = (self.category, self.id, self.timeline.versions[marks[-1]]) if marks else None
        self.events.set_marks(marks)
        self.ribbon.set_marks(marks)
        if self._comparing:
            self._comparing = bool(marks)
            self._show_diff()

    def diff_marked(self) -> None:
        """Differences between the two marked versions, or between the marked one and the cursor; again: this step."""
        if self._comparing:
            self._compare_step()
        elif not self.marks:
            self.workspace.compare_wanted.emit(self.category, self.id, self.version)
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
        loading = not self._loaded
        following = self._target is None and (
            self.cursor_at < 0 or (self.cursor_at >= known - 1 and self.table.at_end())
        )
        told_anew = count < self._known
        self._known = count
        if self.timeline.generation != self._generation:
            self._generation, self._dirty = self.timeline.generation, True
        self.events.sync(flash=not loading and not told_anew)
        self.ribbon.timeline_changed()
        self.transport.timeline_changed()
        self._update_progress()
        if count:
            self.show_content(True)
        if count > known:
            self._place_cursor(following, count - known, loading)
        elif self.cursor_at >= count:
            self._set_cursor(count - 1)
        streaming_in = loading and following
        if self._dirty and not streaming_in and self.isVisible() and self.cursor_at < self.timeline.folded:
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
            self._set_cursor(self.timeline.count - 1, panes=not loading)
            self.table.scrollToBottom()
        elif not loading:
            self.pane.count_new(new)

    def _finished(self) -> None:
        self._loaded = True
        self.transport.reading_done()
        self.banner.clear()
        self.table.fit_columns()
        if not self.timeline.count:
            self.empty.say("There are no events in this stream", "It may have been deleted, or not written yet.")
            self.show_content(False)
            return
        if self._target is not None or self.cursor_at < 0:
            if self._target is not None:
                self.workspace.message.emit(f"There is no version {self._target} in this stream.")
            self._target = None
            self.go_last()
        assert self.replaying.result is not None
        self.show_badges(self.replaying.result)
        if self._dirty:
            self._show_step()

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
            self.show_content(False)

    def _retry(self) -> None:
        self._come_back()
        self.replaying.start(generic=self.replaying.generic)

    def show_generic(self) -> None:
        """Replay without domain code: payloads merged."""
        self.banner.clear()
        self.state.set_stale(True)
        self.diff.set_stale(True)
        self._dirty = True
        self._come_back()
        self.replaying.start(generic=True)

    def _come_back(self) -> None:
        """What is known is going to be told anew: stand at the same version afterwards."""
        if self._target is None and self.cursor_at >= 0 and not self.at_last:
            self._target = self.version

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

    def show_causes(self) -> None:
        """Of the event under the cursor."""
        self.workspace.causes_wanted.emit(self.category, self.id, self.version)

    def _copy_event(self) -> None:
        if self.cursor_at >= 0:
            model = self.events
            words = [str(model.index(self.cursor_at, column).data()) for column in range(model.columnCount())]
            copy_text(self.workspace, "\t".join(words))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.cursor_at >= 0:
            self._tell_place()
            if self._dirty:
                QTimer.singleShot(0, self, self._show_step)
