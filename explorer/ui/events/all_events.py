"""All events of the store, newest or oldest first, filtered, live without moving what one looks at."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QToolButton, QWidget

from explorer.errors import Cancelled, ExplorerError
from explorer.model import Event, EventQuery, Page
from explorer.ui.events.event_filter import FilterBar
from explorer.ui.events.event_rows import Filter, columns, cut, row_of
from explorer.ui.events.events_table import EventsTable
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.chip import Chip
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import RowsModel
from explorer.ui.workspace import Arrived, Workspace

PAGE = 200
PREVIEW = 400  # bytes of a payload asked for
ASIDE = 15  # milliseconds after arrivals: they are painted in the live feed first, which takes its turn
PACE = 120  # milliseconds at least between two batches of arrivals
UNREADABLE = 400  # … where one fills the page: nobody reads that, and each is painted as a whole
KEPT = 20_000  # rows; those at the far end are fetched again when somebody scrolls there
TOPIC = "all events"


class AllEventsPanel(QWidget):
    """The whole log as a table."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("panel")
        self.setAccessibleName("All events")
        self.newest_first = True
        self._filter = Filter()
        self._next: Any = None
        self._looked = 0  # events looked through by the scan under way
        self._scanning = False
        self._arrived: list[Arrived] = []  # to be shown, or counted, in a moment
        self._pending = 0  # arrivals that are not shown
        self._seen: set[tuple[str, str, int]] = set()  # the newest rows, against showing an arrival twice

        self.filters = FilterBar(self)
        self.order = QToolButton(self)
        self.order.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.order.clicked.connect(lambda: self.set_newest_first(not self.newest_first))
        self.scan = text.plain_label("", self)
        self.scan.setObjectName("muted")
        self.scan.setAccessibleName("Progress of the search")
        self.stop = QToolButton(self)
        self.stop.setText("Stop")
        self.stop.setIcon(icon("stop"))
        self.stop.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.stop.clicked.connect(self._stop_scan)
        self.banner = Banner(self)
        self.model = RowsModel(
            columns(lambda: workspace.time_mode, lambda row: self.table.time_before(row, self.newest_first)),
            self,
            self._fetch,
        )
        self.table = EventsTable(workspace, self.model, self.filters, "All events", self)
        self.empty = EmptyState(parent=self)
        self.chip = Chip(self.table)
        self.chip.clicked.connect(self._go_to_new)

        head = QWidget(self)
        head.setObjectName("panelhead")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = QHBoxLayout(head)
        line.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        line.setSpacing(theme.M)
        line.addWidget(self.filters, 1)
        line.addWidget(self.scan)
        line.addWidget(self.stop)
        line.addWidget(self.order)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.empty)
        put_in_column(self, head, self.banner, pages)

        self._pace = QTimer(self, interval=PACE, singleShot=True)
        self._pace.timeout.connect(self._take_arrived)
        self._soon = QTimer(self, interval=300, singleShot=True)
        self._soon.timeout.connect(self._read_new)
        self.filters.changed.connect(self._on_filter)
        self.table.scrolled.connect(self._on_scrolled)
        workspace.opened.connect(self._on_opened)
        workspace.closing.connect(self._on_closing)
        workspace.arrived.connect(self._on_arrived)
        workspace.refresh_wanted.connect(self.reload)
        workspace.time_mode_changed.connect(lambda _mode: self.model.refresh())
        workspace.actions.bind("filter", self.focus_filter, self)
        workspace.actions.bind("find", self.focus_filter, self)
        self._show_order()
        self._show_scan()
        if workspace.is_open:
            self._on_opened()

    # -- what is shown ------------------------------------------------------------------------------------------------

    def focus_filter(self) -> None:
        self.filters.words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.words.selectAll()

    def set_newest_first(self, newest: bool) -> None:
        """Turn the list round."""
        self.newest_first = newest
        self._show_order()
        self.reload()

    def reload(self) -> None:
        """Read the first page again."""
        if not self.workspace.is_open:
            return
        self._arrived.clear()  # the store is asked for them
        self._next = None
        self._pending = 0
        self._looked = 0
        self.chip.at_top = self.newest_first
        self.chip.say(0)
        self.model.fetching = True  # what is shown is going to go: nothing is added to it any more
        self.banner.clear()
        self._ask(first=True)

    def _on_opened(self) -> None:
        self.reload()
        self.workspace.browse(lambda store: store.categories(), self.filters.set_categories, owner=self)
        self.workspace.browse(lambda store: store.types(), self.filters.set_types, owner=self)

    def _on_closing(self) -> None:
        self._soon.stop()
        self._arrived.clear()
        self.model.reset()
        self.filters.clear()
        self._seen.clear()

    def _on_filter(self, wanted: Filter) -> None:
        self._filter = wanted
        self.reload()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _query(self, after: Any, limit: int = PAGE) -> EventQuery:
        return EventQuery(
            self._filter.category, self._filter.type, self._filter.find, after, self.newest_first, limit, PREVIEW
        )

    def _fetch(self) -> None:
        self._ask(first=False)

    def _ask(self, first: bool) -> None:
        query = self._query(self._next)
        self._scanning = True
        self._show_scan()
        self.workspace.browse(
            lambda store: store.events(query),
            lambda page: self._answer(page, first),
            self._failed,
            topic=TOPIC,
            owner=self,
            text="Reading events",
        )

    def _answer(self, page: Page[Event], first: bool) -> None:
        rows = [cut(row_of(event)) for event in page.rows]
        self._next = page.next
        more = page.next is not None
        if first:
            self._seen = {(row.category, row.id, row.version) for row in rows}
            self.model.reset(rows, more)
            self.table.scrollToTop()
        else:
            self.model.fetched(rows, more)
        # A filter that no index serves is looked through in stretches: go on until a screen is full.
        self._looked = 0 if len(self.model.rows) >= PAGE else self._looked + 1
        if more and not rows and self._looked:
            self._show_scan()
            self._ask(first=False)
            return
        self._scanning = False
        self._show_scan()
        self._show_page()

    def _failed(self, error: ExplorerError) -> None:
        self._scanning = False
        self.model.fetch_failed()
        self._show_scan()
        if not isinstance(error, Cancelled):
            self.banner.show_error(error, self.reload)
        self._show_page()

    def _stop_scan(self) -> None:
        if self._scanning:
            self.workspace.browse(lambda _store: None, lambda _none: None, topic=TOPIC, owner=self)
            self._scanning = False
            self.model.fetch_failed()
            self._show_scan()
            self._show_page()

    # -- live ---------------------------------------------------------------------------------------------------------

    def _on_arrived(self, rows: list[Arrived]) -> None:
        if self._filter.find and not all(self._filter.knows(row) for row in rows):
            self._soon.start()  # the text may stand in what was cut off: let the store look
            return
        self._arrived += [cut(row) for row in rows if self._filter.matches(row)]
        if not self._pace.isActive():
            self._pace.start(ASIDE)

    def _take_arrived(self) -> None:
        """Soon, but only so often: a page of new rows is painted as a whole."""
        new = [row for row in self._arrived if self._key(row) not in self._seen]
        self._arrived.clear()
        if new:
            page = self.table.viewport().height() // max(1, self.table.rowHeight(0))
            self._pace.start(UNREADABLE if len(new) >= page > 0 else PACE)
            self._take(new)

    @staticmethod
    def _key(row: Arrived) -> tuple[str, str, int]:
        return (row.category, row.id, row.version)

    def _take(self, new: list[Arrived]) -> None:
        following = self.newest_first or not self.model.has_more
        at_end = self.table.at_top() if self.newest_first else self.table.at_bottom()
        if not (following and at_end) and self.model.rows:
            self._pending += len(new)
            self.chip.say(self._pending)
            return
        self._seen.update(self._key(row) for row in new)
        if self.newest_first:
            self.model.prepend(new[::-1], flash=True)
            self.table.scrollToTop()
            self._bound()
        else:
            self.model.append(new, flash=True)
            self.table.scrollToBottom()
        self._show_page()

    def _bound(self) -> None:
        too_many = len(self.model.rows) - KEPT
        if too_many > PAGE and self.model.rows[-too_many - 1].position is not None:
            # Only what is dropped is looked at: all of them would take a tenth of a second with every batch.
            self._seen.difference_update(self._key(row) for row in self.model.rows[-too_many:])
            self.model.drop_last(too_many)
            self._next = self.model.rows[-1].position
            self.model.has_more = True

    def _read_new(self) -> None:
        """Ask the store for what is newer than what is shown: it sees whole payloads."""
        top = self.model.rows[0].position if self.newest_first and self.model.rows else None
        if top is None:
            self._pending += 1
            self.chip.say(self._pending, "or more new")
            return
        query = EventQuery(self._filter.category, self._filter.type, self._filter.find, top, False, PAGE, PREVIEW)

        def answer(page: Page[Event]) -> None:
            new = [cut(row_of(event)) for event in page.rows]
            self._take([row for row in new if self._key(row) not in self._seen])

        self.workspace.browse(lambda store: store.events(query), answer, topic="new events", owner=self)

    def _on_scrolled(self) -> None:
        at_end = self.table.at_top() if self.newest_first else self.table.at_bottom()
        if self._pending and at_end and not self.model.has_more and not self.newest_first:
            self._go_to_new()

    def _go_to_new(self) -> None:
        """Where the new ones are."""
        if self.newest_first:
            self.reload()
        else:
            self.set_newest_first(True)

    # -- small things -------------------------------------------------------------------------------------------------

    def _show_order(self) -> None:
        self.order.setText("Newest first" if self.newest_first else "Oldest first")
        self.order.setIcon(icon("down" if self.newest_first else "up"))
        self.order.setToolTip("Turn the order round")

    def _show_scan(self) -> None:
        searching = self._scanning and self._looked > 0
        self.scan.setVisible(searching)
        self.stop.setVisible(searching)
        where = f", now at {self._next}" if isinstance(self._next, int | str) else ""
        if searching:
            text.set_label(self.scan, f"Searching the whole log{where} …", cut=60)

    def _show_page(self) -> None:
        if self.model.rows:
            self._pages.setCurrentWidget(self.table)
            return
        if not self._filter.empty:
            self.empty.say(
                "No event matches.",
                f"Nothing in this store has {self._filter}.",
                icon_name="filter",
                action="Clear filter",
                on_action=self.filters.clear,
            )
        else:
            self.empty.say(
                "No events yet.",
                "As soon as something is written to this store it is shown here.",
                icon_name="events",
            )
        self._pages.setCurrentWidget(self.empty)
