"""The watches of the category one looks at: what each is now, how it went along the stream, which streams break it."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from explorer.engine.asks_watches import CourseTold, WatchCourses, WatchedValues, WatchValues
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.asking.watched import Known
from explorer.ui.look import text, theme
from explorer.ui.pane import Latest, PaneHead
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.watches.search_pane import SearchPane
from explorer.ui.watches.span_pane import SpanPane
from explorer.ui.watches.watch_form import WatchForm
from explorer.ui.watches.watch_rows import WatchRow, watch_columns
from explorer.ui.workspace import Arrived, Workspace
from explorer.watching import Watch

SETTLE = 150  # milliseconds after arrivals
HERE, EVERYWHERE = 0, 1


class WatchesDock(QWidget):
    """Follows the active stream."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._stream = ("", "")
        self._version = 0
        self._told: dict[int, CourseTold] = {}
        self._missed = True  # something changed while it was out of sight
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._later = QTimer(self, singleShot=True, interval=SETTLE)
        self._later.timeout.connect(self.reload)
        self._values = Latest(workspace, self)
        self._build()
        self._connect()
        self._opened()

    def _build(self) -> None:
        self.head = PaneHead("", self)
        self.add_button = self.head.add_tool("plus", "Watch a path or an expression", self.add)
        self.edit_button = self.head.add_tool("edit", "Edit the selected watch", self.edit)
        self.remove_button = self.head.add_tool("trash", "Remove the selected watch", self.remove)
        self.column_button = self.head.add_tool(
            "columns", "Show the selected watch as a column beside the events", self.toggle_column, checkable=True
        )
        self.check_button = self.head.add_tool("search", "Check all streams for the selected watch", self.check_all)
        self.check_button.setText("Check all streams")
        self.check_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.side = QComboBox(self)
        self.side.addItems(["In this stream", "In all streams"])
        self.side.setAccessibleName("Where")
        self.head.add(self.side)
        self.banner = Banner(self)
        self.form = WatchForm(self)
        self.model = RowsModel(watch_columns(), self)
        self.table = RowsTable(self.model, "Watches", self)
        self.spans = SpanPane(self._workspace, self)
        self.search = SearchPane(self._workspace, self)
        right = QWidget(self)
        self._sides = QStackedLayout(right)
        self._sides.addWidget(self.spans)
        self._sides.addWidget(self.search)
        self._panes = QSplitter(Qt.Orientation.Horizontal, self)
        self._panes.setChildrenCollapsible(False)
        self._panes.addWidget(self.table)
        self._panes.addWidget(right)
        self._show_side(HERE)
        self.empty = EmptyState(parent=self)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self._panes)
        self._pages.addWidget(self.empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        for widget in (self.head, self.banner, self.form):
            whole.addWidget(widget)
        whole.addWidget(pages, 1)

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.opened.connect(self._opened)
        workspace.closed.connect(self._opened)
        workspace.watches.changed.connect(self.reload)
        workspace.refresh_wanted.connect(self.reload)
        workspace.arrived.connect(self._arrived)
        workspace.current_stream_changed.connect(self._stream_changed)
        self.side.currentIndexChanged.connect(self._show_side)
        self.table.selectionModel().selectionChanged.connect(lambda: self._selected())
        self.table.opened.connect(lambda _row: self.edit())
        self.form.saved.connect(self._save)
        self.form.left.connect(self.table.setFocus)
        theme.signals().changed.connect(self.model.refresh)

    def _show_side(self, side: int) -> None:
        self._sides.setCurrentIndex(side)
        self._panes.setSizes([theme.scaled(width) for width in ((700, 380) if side == HERE else (520, 560))])

    # -- what it shows -------------------------------------------------------------------------------------------------

    def _opened(self) -> None:
        category, id, self._version = self._workspace.current_stream
        self._stream = category, id
        self.form.hide()
        self.banner.clear()
        self.reload()

    def _stream_changed(self, category: str, id: str, version: int) -> None:
        another = (category, id) != self._stream
        self._stream, self._version = (category, id), version
        if another:
            self.form.hide()
            self.reload()
        elif self.isVisible():
            self._ask_values()
        else:
            self._missed = True

    def _arrived(self, rows: list[Arrived]) -> None:
        if any((row.category, row.id) == self._stream for row in rows) and not self._later.isActive():
            self._later.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._missed:
            self.reload()

    @property
    def known(self) -> tuple[Known, ...]:
        return self._workspace.watches.of(self._stream[0]) if self._stream[0] else ()

    def reload(self) -> None:
        """Have every watch told again; what is selected stays selected."""
        self._missed = not self.isVisible()
        if self._missed:
            return
        known = self.known
        before = {row.known: row for row in self.model.rows}
        rows = [before.get(one, WatchRow(one)) for one in known]
        if [row.known for row in self.model.rows] != list(known):
            selected = self.selected
            self.model.reset(rows)
            again = [number for number, row in enumerate(rows) if selected is not None and row.known == selected.known]
            if rows:
                self.table.selectRow(again[0] if again else 0)
        self._selected()
        self._say_why_empty()
        if known and self._stream[1]:
            watched = tuple(one.watched for one in known)
            self._workspace.engine(
                WatchCourses(*self._stream, watched),
                lambda _done: self._ask_values(),
                self._failed,
                partial(self._part, self._stream, known),
                topic="watches dock",
                owner=self,
                text="Following the watches",
            )

    def _part(self, stream: tuple[str, str], known: tuple[Known, ...], part: Any) -> None:
        if isinstance(part, CourseTold) and stream == self._stream and known == self.known:
            row = self.model.rows[part.number]
            self.model.replace(part.number, WatchRow(row.known, part, row.letter, row.now))
            self._selected()

    def _ask_values(self) -> None:
        known, stream = self.known, self._stream
        if known and self._version:
            ask = WatchValues(*stream, tuple(one.watched for one in known), self._version)
            self._values.ask(ask, partial(self._valued, stream, known), self._failed)

    def _valued(self, stream: tuple[str, str], known: tuple[Known, ...], values: WatchedValues) -> None:
        if stream != self._stream or known != self.known or len(self.model.rows) != len(known):
            return
        for number, (letter, now) in enumerate(zip(values.kinds, values.texts, strict=True)):
            row: WatchRow = self.model.rows[number]
            if (row.letter, row.now) != (letter, now):
                self.model.replace(number, WatchRow(row.known, row.told, letter, now))

    def _failed(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self.banner.show_error(error, self.reload)

    @property
    def selected(self) -> WatchRow | None:
        rows = self.table.selectionModel().selectedRows()
        row: WatchRow | None = self.model.row(rows[0]) if rows else None
        return row

    def _selected(self) -> None:
        row = self.selected
        own = row is not None and row.known.own
        self.add_button.setEnabled(bool(self._stream[0]))
        self.edit_button.setEnabled(own)
        self.remove_button.setEnabled(own)
        self.check_button.setEnabled(row is not None)
        self.column_button.setEnabled(row is not None)
        self.column_button.setChecked(row is not None and row.known == self._workspace.watches.column)
        declared = "Declared by the domain: it is changed there" if row is not None and not own else ""
        self.edit_button.setToolTip(text.tooltip(declared or "Edit the selected watch"))
        self.remove_button.setToolTip(text.tooltip(declared or "Remove the selected watch"))
        how = f": {row.how}" if row is not None and row.how else ""
        text.set_label(self.head.note, f"{' '.join(self._stream)}{how}" if self._stream[0] else "")
        count = row.told.count if row is not None and row.told is not None else 0
        self.spans.show_watch(self._stream, row.known if row is not None and count else None, count)

    def _say_why_empty(self) -> None:
        if self.model.rows:
            self._pages.setCurrentWidget(self._panes)
            return
        self._pages.setCurrentWidget(self.empty)
        if not self._stream[0]:
            self.empty.say("No stream is open.", "What is watched in its category is shown here.", icon_name="eye")
            return
        self.empty.say(
            f"Nothing of {self._stream[0]} is watched yet.",
            "Watch a value of the state (W), or an expression that has to be true.",
            icon_name="eye",
            action="Watch something",
            on_action=self.add,
        )

    # -- changing ------------------------------------------------------------------------------------------------------

    def add(self) -> None:
        """Write a new one."""
        if self._stream[0]:
            self.form.ask(self._stream[0])

    def edit(self) -> None:
        row = self.selected
        if row is not None and row.known.own:
            self.form.ask(self._stream[0], row.known.watch)

    def _save(self, watch: Watch, old: Watch | None) -> None:
        if old is None:
            self._workspace.watches.add(watch)
        else:
            self._workspace.watches.replace(old, watch)
        for number, row in enumerate(self.model.rows):
            if row.known.watch == watch:
                self.table.selectRow(number)
        self.table.setFocus()

    def remove(self) -> None:
        row = self.selected
        if row is not None and row.known.own:
            watch = row.known.watch
            self._workspace.watches.remove(watch)
            self._workspace.message.emit(f"{watch.title} is not watched any more.")

    def toggle_column(self) -> None:
        """Show the selected watch beside the events, or no longer."""
        row, watches = self.selected, self._workspace.watches
        watches.show_as_column(row.known if row is not None and row.known != watches.column else None)
        self._selected()

    def check_all(self) -> None:
        """Search all streams of the category for events after which the selected watch is false."""
        row = self.selected
        if row is not None:
            self.side.setCurrentIndex(EVERYWHERE)
            self.search.search(row.known.watch)
