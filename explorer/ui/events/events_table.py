"""A table of events of the whole store: what can be done with one of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from explorer.model import Event, StreamKey
from explorer.ui.events.event_filter import FilterBar
from explorer.ui.events.event_rows import Filter
from explorer.ui.look import text
from explorer.ui.look.icons import icon
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.recipes import event_sql, events_command
from explorer.ui.workspace import Arrived, Workspace


class EventsTable(RowsTable):
    """Opens the stream at the version; copies; filters by what is under the pointer."""

    def __init__(
        self, workspace: Workspace, model: RowsModel, filters: FilterBar, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(model, name, parent)
        self._workspace = workspace
        self._filters = filters
        workspace.actions.bind("causes", self.show_causes, self, lambda: self.currentIndex().isValid())
        self.opened.connect(lambda row: workspace.stream_wanted.emit(row.category, row.id, row.version))

    def time_before(self, row: Arrived, newest_first: bool = False) -> int | None:
        """For Δ: the time of the event before it in the log, as far as it is in the list. Quick for rows in sight."""
        rows = self.model_.rows
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        last = last if last >= 0 else len(rows) - 1
        for number in range(max(0, first - 1), min(len(rows), last + 2)):
            if rows[number] is row:
                before = number + 1 if newest_first else number - 1
                time: int | None = rows[before].recorded_at_us if 0 <= before < len(rows) else None
                return time
        return None

    def show_menu(self, index: QModelIndex, at: QPoint) -> None:
        row = self.model_.row(index)
        if isinstance(row, Arrived):
            self.menu_of(row, self.model_.columns[index.column()].text(row)).popup(at)

    def menu_of(self, row: Arrived, cell: str) -> QMenu:
        """Deletes itself when it is closed."""
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction(icon("stream"), "Open stream at this version", partial(self.opened.emit, row))
        menu.addAction(icon("causes"), "Causes and effects", partial(self._causes, row))
        menu.addSeparator()
        now = self._filters.filter()
        self._add(menu, "filter", "Only this type", partial(self._narrow, Filter(now.category, row.type, now.find)))
        self._add(menu, "", "Only this category", partial(self._narrow, Filter(row.category, now.type, now.find)))
        menu.addSeparator()
        self._add(menu, "copy", "Copy value", partial(_copy, cell))
        self._add(menu, "", "Copy rows", self.copy)
        self._add(menu, "json", "Copy payload", partial(self._copy_payload, row))
        for title, words in (
            ("Copy event id", row.event_id or ""),
            ("Copy as SQL", event_sql(self._workspace, row.category, row.id, row.version)),
            ("Copy as command line", events_command(self._workspace, row.category, row.id)),
        ):
            if words:
                self._add(menu, "", title, partial(_copy, words))
        if self._workspace.writable:
            draft = {"category": row.category, "id": row.id, "version": row.version}
            menu.addSeparator()
            self._add(menu, "like", "Append one like this…", partial(self._workspace.append_wanted.emit, draft))
        return menu

    def show_causes(self) -> None:
        """Of the event under the cursor."""
        row = self.model_.row(self.currentIndex())
        if isinstance(row, Arrived):
            self._causes(row)

    def _causes(self, row: Arrived) -> None:
        self._workspace.causes_wanted.emit(row.category, row.id, row.version)

    @staticmethod
    def _add(menu: QMenu, name: str, title: str, call: Callable[[], object]) -> None:
        action = menu.addAction(text.menu_text(title))
        if name:
            action.setIcon(icon(name))
        action.triggered.connect(lambda _on=False: call())

    def _narrow(self, wanted: Filter) -> None:
        self._filters.set_filter(wanted)

    def _copy_payload(self, row: Arrived) -> None:
        """As it is stored, whole; what is no text as hexadecimal digits."""

        def copy(event: Event | None) -> None:
            if event is None:
                self._workspace.message.emit("This event is not in the store any more.")
                return
            try:
                words = event.data.decode()
            except UnicodeDecodeError:
                words = event.data.hex(" ")
            _copy(words)
            self._workspace.message.emit(f"Copied {text.size_text(len(event.data))}.")

        key, version = StreamKey(row.category, row.id), row.version
        self._workspace.browse(lambda store: store.event(key, version), copy, owner=self)


def _copy(words: str) -> None:
    QGuiApplication.clipboard().setText(words)
