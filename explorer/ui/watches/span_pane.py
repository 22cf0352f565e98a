"""The intervals of one watch in the stream one looks at; a row leads to the event that began it."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QStackedLayout, QWidget

from explorer.engine.asks_watches import CourseSpans, SpanPage, SpanRow
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.asking.watched import Known
from explorer.ui.look import theme
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.watches.watch_rows import span_columns
from explorer.ui.workspace import Workspace

PAGE = 200


class SpanPane(QWidget):
    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._stream = ("", "")
        self._known: Known | None = None
        self._count = 0
        self.model = RowsModel(span_columns(), self, self._fetch)
        self.table = RowsTable(self.model, "Intervals of the watch", self)
        self.empty = EmptyState(parent=self)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.empty)
        self.table.opened.connect(self._open)
        theme.signals().changed.connect(self.model.refresh)

    def show_watch(self, stream: tuple[str, str], known: Known | None, count: int) -> None:
        """Of this stream, which has so many events; read again only where that is something else."""
        if (stream, known, count) == (self._stream, self._known, self._count):
            return
        another = (stream, known) != (self._stream, self._known)
        self._stream, self._known, self._count = stream, known, count
        if another:
            self.model.reset()
        if known is None or not stream[0]:
            self.empty.say(
                "No watch is selected", "Its intervals in the stream one looks at are shown here.", icon_name="eye"
            )
            self._pages.setCurrentWidget(self.empty)
            return
        self._pages.setCurrentWidget(self.table)
        self._ask(0)

    def _fetch(self) -> None:
        self._ask(len(self.model.rows))

    def _ask(self, start: int) -> None:
        if self._known is None:
            return
        ask = CourseSpans(*self._stream, self._known.watched, start, PAGE)
        self._workspace.engine(
            ask, partial(self._told, ask), self._failed, topic="watch spans", owner=self, text="Reading intervals"
        )

    def _told(self, ask: CourseSpans, page: SpanPage) -> None:
        more = ask.start + len(page.rows) < page.total
        if ask.start:
            self.model.fetched(page.rows, more)
        else:
            self.model.reset(page.rows, more)

    def _failed(self, error: ExplorerError) -> None:
        self.model.fetch_failed()
        if not isinstance(error, Cancelled):
            self.empty.say("The intervals cannot be told", str(error), icon_name="warning")
            self._pages.setCurrentWidget(self.empty)

    def _open(self, row: SpanRow) -> None:
        self._workspace.stream_wanted.emit(*self._stream, row.version)
