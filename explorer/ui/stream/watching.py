"""The watches of one stream tab: their bands, the next flip, and watching what is selected in the state."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer

from explorer.diff import pointer, unescaped
from explorer.engine.asks_watches import CourseTold, NextFlip, Stop, WatchCourses, Watching
from explorer.engine.messages import Row
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.parts.tree_nodes import Node, Role
from explorer.ui.parts.value_tree import MenuEntry
from explorer.ui.stream.replaying import cancel_all
from explorer.ui.stream.stream_panes import StreamPanes
from explorer.ui.workspace import Ask
from explorer.watching import Watch

PACE_MS = 200  # while events arrive the bands follow at most so often


class WatchesOfStream(QObject):
    """Asks for the courses when the stream has grown or the watches have changed, once at a time, while one can see."""

    def __init__(self, tab: StreamPanes, go_to: Callable[[int], None]) -> None:
        super().__init__(tab)
        self._tab = tab
        self._go_to = go_to
        self._workspace = tab.workspace
        self._list = tab.workspace.watches
        self._told: dict[int, CourseTold] = {}
        self._running: list[Ask] = []  # at most one
        self._again = False
        running = self._running
        self.destroyed.connect(lambda: cancel_all(running))  # nobody waits for it any more
        tab.installEventFilter(self)
        tab.bands.wanted.connect(go_to)
        tab.replaying.finished.connect(self._grew)
        self._list.changed.connect(self.refresh)
        self._later = QTimer(self, interval=PACE_MS, singleShot=True)
        self._later.timeout.connect(self.refresh)
        actions, some = self._workspace.actions, lambda: tab.timeline.count > 0
        actions.bind("next_flip", partial(self.go_to_flip, True), tab, some)
        actions.bind("previous_flip", partial(self.go_to_flip, False), tab, some)
        actions.bind("watch", self._watch_current, tab.state.tree, some)
        tab.state.tree.entries.append(MenuEntry("Watch this value", self.watch, "eye"))

    def _grew(self) -> None:
        """At once at first, then not with every event of a stream that many write to."""
        if not self._told:
            self.refresh()
        elif not self._later.isActive():
            self._later.start()

    def refresh(self) -> None:
        """Have the bands show what is so now; when the tab is seen next, if nobody sees it."""
        if not self._tab.isVisible():
            self._again = True
            return
        if self._running:
            self._again = True
            return
        if not self._tab.timeline.count or self._tab.replaying.result is None:
            return
        self._again = False
        known = self._list.of(self._tab.category)
        if not known:
            self._tab.bands.show_courses([])
            return
        self._told = {}
        watched = tuple(one.watched for one in known)
        ask = WatchCourses(self._tab.category, self._tab.id, watched, self._tab.replaying.generic)
        titles = [one.watch.title for one in known]
        asked = self._workspace.engine(
            ask, partial(self._answered, titles), self._refused, self._part, owner=self, text="Following the watches"
        )
        self._running.append(asked)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and self._again:
            QTimer.singleShot(0, self, self.refresh)
        return False

    def _part(self, part: Any) -> None:
        if isinstance(part, CourseTold):
            self._told[part.number] = part

    def _answered(self, titles: list[str], _answer: Watching) -> None:
        self._tab.bands.show_courses([(titles[number], course) for number, course in sorted(self._told.items())])
        self._over()

    def _refused(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self._workspace.message.emit(f"The watches cannot be told: {error}")
        self._over()

    def _over(self) -> None:
        self._running.clear()
        if self._again:
            QTimer.singleShot(0, self, self.refresh)

    # -- flips --------------------------------------------------------------------------------------------------------

    def go_to_flip(self, forward: bool) -> None:
        """Put the cursor on the next (or previous) event at which a watch is not what it was."""
        known = self._list.of(self._tab.category)
        if not known:
            self._workspace.message.emit(f"Nothing of {self._tab.category} is watched yet.")
            return
        truths = [one for number, one in enumerate(known) if number in self._told and self._told[number].is_truth]
        known = tuple(truths) or known  # other values may change with every event
        watched = tuple(one.watched for one in known)
        ask = NextFlip(
            self._tab.category, self._tab.id, watched, self._tab.transport.at, forward, self._tab.replaying.generic
        )

        def found(stop: Stop) -> None:
            if stop.ordinal is None or stop.ordinal >= self._tab.timeline.count:
                where = "after" if forward else "before"
                self._workspace.message.emit(f"No watch flips {where} v{self._version()}.")
                return
            self._go_to(stop.ordinal)
            self._workspace.message.emit(f"v{self._version()}: {known[stop.number].watch.title}")

        self._workspace.engine(ask, found, owner=self, text="Looking for the next flip")

    def _version(self) -> int:
        return self._tab.timeline.versions[self._tab.transport.at]

    # -- watching a value ---------------------------------------------------------------------------------------------

    def _watch_current(self) -> None:
        index = self._tab.state.tree.currentIndex()
        row = index.data(Role.ROW) if index.isValid() else None
        if row is None:
            self._workspace.message.emit("Select a value of the state first.")
        else:
            self.watch(row)

    def watch(self, row: Row) -> None:
        """Keep a watch of this value of the state."""
        index = self._tab.state.tree.currentIndex()
        here = index.isValid() and index.data(Role.ROW) == row
        path = keyed_path(self._tab.state.model.node_at(index)) if here else row.path
        self._list.add(Watch(self._tab.category, path))
        self._workspace.message.emit(f"{path} is watched in every {self._tab.category}.")


def keyed_path(node: Node) -> str:
    """The path to a line of a state in which elements of lists are named by their key, where they have one."""
    names: list[str] = []
    at: Node | None = node
    while at is not None and at.row is not None:
        token = at.row.path.rpartition("/")[2]
        names.append(at.row.key if "=" in at.row.key and token.lstrip("~-").isdecimal() else unescaped(token))
        at = at.parent
    return pointer(reversed(names))
