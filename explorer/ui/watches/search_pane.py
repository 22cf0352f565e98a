"""All streams of a category, searched for events after which a watch is false; a row leads to the first of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QStackedLayout, QWidget

from explorer.engine.asks_watches import BrokenStreams, FindViolations, Searched
from explorer.engine.messages import Progress
from explorer.errors import Cancelled, EngineStopped, ExplorerError
from explorer.ui.look import text, theme
from explorer.ui.look.still import StillLabels
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.watches.watch_rows import broken_columns
from explorer.ui.workspace import Ask, Workspace
from explorer.watching import Broken, Watch

MOST = 5_000  # streams that are listed


class SearchPane(QWidget):
    """One search at a time; one that was cancelled goes on where it was."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._ask: Ask | None = None
        self.watch: Watch | None = None  # that is or was searched with
        self._stopping = False
        self._number = 0  # of the search
        self._broken = 0
        self.words = text.plain_label("", self)
        self.words.setAccessibleName("How far the search is")
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Search")
        self.bar.setRange(0, 0)
        self.bar.setMaximumWidth(theme.scaled(120))
        self.cancel = QPushButton("Cancel", self)
        self.go_on = QPushButton("Go on", self)
        self.again = QPushButton("Begin again", self)
        self.banner = Banner(self)
        self.model = RowsModel(broken_columns(), self)
        self.table = RowsTable(self.model, "Streams that are broken", self)
        self.empty = EmptyState(parent=self)
        line = QHBoxLayout()
        line.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        line.setSpacing(theme.M)
        line.addWidget(StillLabels(self.words, parent=self), 1)
        for widget in (self.bar, self.cancel, self.go_on, self.again):
            line.addWidget(widget)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.empty)
        put_in_column(self, line, self.banner, pages)
        self.cancel.clicked.connect(self.stop)
        self.go_on.clicked.connect(lambda: self.search(self.watch))
        self.again.clicked.connect(lambda: self.search(self.watch, again=True))
        self.table.opened.connect(self._open)
        workspace.closed.connect(self._forget)
        theme.signals().changed.connect(self.model.refresh)
        self._forget()

    @property
    def running(self) -> bool:
        return self._ask is not None

    def search(self, watch: Watch | None, *, again: bool = False) -> None:
        """Look through every stream of the watch's category, from where it was broken off or from the beginning."""
        if watch is None:
            return
        self.stop()
        self.watch = watch
        self._stopping = False
        self._broken = 0
        self.model.reset()
        self.banner.clear()
        self._say(f"{watch.title}: looking…")
        self._show_running(True)
        self._pages.setCurrentWidget(self.table)
        self._number += 1

        def of_this(call: Callable[[Any], None]) -> Callable[[Any], None]:
            """What comes of an earlier search is not told any more."""
            number = self._number
            return lambda said: call(said) if number == self._number else None

        self._ask = self._workspace.engine(
            FindViolations(watch.category, watch.source, again),
            of_this(self._searched),
            of_this(self._failed),
            of_this(self._part),
            owner=self,
            lane="scan",
            text=f"Looking for broken streams of {watch.category}",
        )

    def stop(self) -> None:
        """What was found stays."""
        if self._ask is not None:
            self._stopping = True
            self._ask.cancel()

    def _part(self, part: Any) -> None:
        if isinstance(part, BrokenStreams):
            room = MOST - len(self.model.rows)
            self.model.append(part.rows[: max(0, room)])
            self._broken += sum(row.times > 0 for row in part.rows)
        elif isinstance(part, Progress) and self.watch is not None:
            self._say(f"{text.plural(self._broken, 'stream')} broken so far of {part.what}")

    def _searched(self, done: Searched) -> None:
        self._ask = None
        self._show_running(False)
        assert self.watch is not None
        looked = f"{text.plural(done.looked, 'stream')} ({text.plural(done.events, 'event')})"
        self._say(f"{text.number(done.broken)} of {text.plural(done.looked, 'stream')} broken: {self.watch.title}")
        if not self.model.rows:
            self.empty.say(
                "No stream breaks it", f"{looked} of {self.watch.category} were looked at.", icon_name="check"
            )
            self._pages.setCurrentWidget(self.empty)

    def _failed(self, error: ExplorerError) -> None:
        self._ask = None
        self._show_running(False)
        # An engine that does not hear of it in time is ended.
        if isinstance(error, Cancelled) or (self._stopping and isinstance(error, EngineStopped)):
            self._say(f"Stopped: {text.plural(self._broken, 'stream')} broken so far.")
            self.go_on.show()
        else:
            self.banner.show_error(error)

    def _show_running(self, running: bool) -> None:
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        self.go_on.hide()
        self.again.setVisible(not running and self.watch is not None)

    def _say(self, words: str) -> None:
        text.set_label(self.words, words)

    def _open(self, row: Broken) -> None:
        self._workspace.stream_wanted.emit(row.category, row.id, row.first or row.failed)

    def _forget(self) -> None:
        self._ask = None
        self._number += 1
        self.watch = None
        self.model.reset()
        self._show_running(False)
        self._say("")
        self.empty.say(
            "No search was made yet",
            "“Check all streams” looks through every stream of the category for events after which a watch is false.",
            icon_name="search",
        )
        self._pages.setCurrentWidget(self.empty)
