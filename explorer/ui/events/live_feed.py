"""What arrives, as it arrives. Pausing loses nothing: what came meanwhile is read from the store afterwards."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QToolButton, QWidget

from explorer.model import Event, EventQuery, Page
from explorer.ui.events.event_filter import FilterBar
from explorer.ui.events.event_rows import IN_WORDS, Filter, columns, cut, in_words, row_of
from explorer.ui.events.events_table import EventsTable
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.look.still import StillLabels
from explorer.ui.parts.chip import Chip
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import RowsModel
from explorer.ui.workspace import Arrived, LiveState, Workspace

KEPT = 200_000  # arrivals; older ones are in the list of all events
FIRST = 100  # events from before the window was opened
SLICE = 4_000  # rows looked through at once when the filter changes


class LiveFeedPanel(QWidget):
    """The newest at the bottom."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("panel")
        self.setAccessibleName("Live feed")
        self._kept: list[Arrived] = []
        self._filter = Filter()
        self._new = 0
        self._forgotten = 0
        self._sifted = -1  # how far filtering what is kept has come; -1: done
        self.filters = FilterBar(self)
        self.pause = QToolButton(self)
        self.pause.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.pause.clicked.connect(lambda: workspace.actions.trigger("live"))
        self.clear = QToolButton(self)
        self.clear.setText("Clear")
        self.clear.setToolTip("Empty this list; the store keeps everything")
        self.clear.clicked.connect(self.forget)
        self.count = text.plain_label("", self)
        self.count.setObjectName("muted")
        shown = columns(
            lambda: workspace.time_mode,
            lambda row: self.table.time_before(row),
            lambda row: in_words(row, workspace.narration),
        )
        self.model = RowsModel(shown, self)
        self.table = EventsTable(workspace, self.model, self.filters, "Live feed", self)
        self.chip = Chip(self.table)
        self.chip.clicked.connect(self._go_to_new)
        self.empty = EmptyState(parent=self)
        head = QWidget(self)
        head.setObjectName("panelhead")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = QHBoxLayout(head)
        line.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        line.setSpacing(theme.M)
        line.addWidget(self.pause)
        line.addWidget(self.filters, 1)
        line.addWidget(StillLabels(self.count, growing=True))
        line.addWidget(self.clear)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.empty)
        put_in_column(self, head, pages)
        self._sifting = QTimer(self, interval=0)
        self._sifting.timeout.connect(self._sift)
        self.filters.changed.connect(self._on_filter)
        self.table.scrolled.connect(self._on_scrolled)
        workspace.opened.connect(self._on_opened)
        workspace.closing.connect(self._on_closing)
        workspace.arrived.connect(self._on_arrived)
        workspace.live_changed.connect(self._show_live)
        workspace.engine_ready.connect(self._show_words)
        workspace.time_mode_changed.connect(lambda _mode: self.model.refresh())
        workspace.actions.bind("filter", self._focus_filter, self)
        self._show_live(workspace.live)
        self._show_words()
        self._show_page()
        if workspace.is_open:
            self._on_opened()

    def forget(self) -> None:
        """Empty the list."""
        self._kept.clear()
        self._forgotten = 0
        self._refill()

    def _focus_filter(self) -> None:
        self.filters.words.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_opened(self) -> None:
        self._kept.clear()
        query = EventQuery(newest_first=True, limit=FIRST, preview=400)

        def answer(page: Page[Event]) -> None:
            known = {(row.category, row.id, row.version) for row in self._kept}
            before = [cut(row_of(event)) for event in reversed(page.rows)]
            self._kept[:0] = [row for row in before if (row.category, row.id, row.version) not in known]
            self._refill()

        self.workspace.browse(lambda store: store.events(query), answer, topic="live feed", owner=self)
        self.workspace.browse(lambda store: store.categories(), self.filters.set_categories, owner=self)
        self.workspace.browse(lambda store: store.types(), self.filters.set_types, owner=self)

    def _on_closing(self) -> None:
        self._sifting.stop()
        self._kept.clear()
        self.model.reset()
        self.filters.clear()

    # -- arriving ------------------------------------------------------------------------------------------

    def _on_arrived(self, rows: list[Arrived]) -> None:
        kept = [cut(row) for row in rows]
        self._kept += kept
        self._bound()
        if self._sifted >= 0:
            return  # what is being filtered now goes on to these
        if self._filter.empty:
            new = kept
        else:
            new = [one for one, row in zip(kept, rows, strict=True) if self._filter.matches(row)]
        if not new:
            return
        at_end = self.table.at_bottom()
        self.model.append(new, flash=True)
        if at_end:
            self.table.scrollToBottom()
        else:
            self._new += len(new)
            self.chip.say(self._new)
        self._show_count()
        if len(self.model.rows) <= len(new):
            self._show_page()

    def _bound(self) -> None:
        """Forget the oldest, a good many at a time, without moving what one looks at."""
        if len(self._kept) <= KEPT + SLICE:
            return
        dropped = self._kept[: len(self._kept) - KEPT]
        del self._kept[: len(dropped)]
        self._forgotten += len(dropped)
        if self._sifted >= 0:  # only what has been looked through can be in the list
            dropped, self._sifted = dropped[: self._sifted], max(0, self._sifted - len(dropped))
        gone = len(dropped) if self._filter.empty else sum(1 for row in dropped if self._filter.matches(row))
        gone = min(gone, len(self.model.rows))
        if gone:
            at_end = self.table.at_bottom()
            self.model.drop_first(gone)
            if not at_end:
                self.table.keep(-gone)

    # -- filtering what is kept ----------------------------------------------------------------------------

    def _on_filter(self, wanted: Filter) -> None:
        self._filter = wanted
        self._refill()

    def _refill(self) -> None:
        """Show what is kept again, in slices, so that the window stays alive over many rows."""
        self.model.reset()
        self._new = 0
        self.chip.say(0)
        self._sifted = 0
        self._sifting.start()

    def _sift(self) -> None:
        rows = self._kept[self._sifted : self._sifted + SLICE]
        self._sifted += len(rows)
        self.model.append(rows if self._filter.empty else [row for row in rows if self._filter.matches(row)])
        if self._sifted >= len(self._kept):
            self._sifted = -1
            self._sifting.stop()
            self.table.scrollToBottom()
        self._show_count()
        self._show_page()

    # -- small things --------------------------------------------------------------------------------------

    def _on_scrolled(self) -> None:
        if self._new and self.table.at_bottom():
            self._new = 0
            self.chip.say(0)

    def _go_to_new(self) -> None:
        self._new = 0
        self.chip.say(0)
        self.table.scrollToBottom()

    def _show_live(self, state: LiveState) -> None:
        paused = state.state == "paused"
        words = "Pause"
        if paused:
            words = f"Resume, {text.number(state.waiting)} new" if state.waiting else "Resume"
        if self.pause.text() != words:  # a new icon, even the same, has the whole window laid out anew
            self.pause.setIcon(icon("play" if paused else "pause"))
            self.pause.setText(text.menu_text(words))
        self.pause.setEnabled(state.state in ("live", "paused"))
        self.pause.setToolTip("What arrives while paused is counted and comes when it goes on.")
        self._show_page()

    def _show_words(self) -> None:
        """The column with words is there where a domain has words."""
        column = next(number for number, one in enumerate(self.model.columns) if one.title == IN_WORDS)
        self.table.setColumnHidden(column, not self.workspace.narration)
        self.model.refresh()

    def _show_count(self) -> None:
        words = text.plural(len(self.model.rows), "event")
        if not self._filter.empty:
            words = f"{text.number(len(self.model.rows))} of {text.number(len(self._kept))}"
        if self._forgotten:
            words += f" · {text.number(self._forgotten)} older ones under All events"
        text.set_label(self.count, words)

    def _show_page(self) -> None:
        if self.model.rows or self._sifted >= 0:
            self._pages.setCurrentWidget(self.table)
            return
        if not self._filter.empty and self._kept:
            self.empty.say(
                "Filtered out.",
                f"None of the {text.number(len(self._kept))} events here has {self._filter}.",
                icon_name="filter",
                action="Clear filter",
                on_action=self.filters.clear,
            )
        elif self.workspace.live.state == "static":
            self.empty.say("Nothing can arrive here.", "This is a static view of the file.", icon_name="pin")
        else:
            self.empty.say("Waiting for events.", "Whatever is written to the store appears here.", icon_name="live")
        self._pages.setCurrentWidget(self.empty)
