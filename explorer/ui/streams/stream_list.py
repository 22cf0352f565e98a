"""Streams as a flat list: those a filter found, or those that changed last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.model import Page, StreamInfo
from explorer.ui.streams.streams_model import FRESH_ROLE, StreamRow, row_of, stream_data

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class StreamListModel(QAbstractListModel):
    """`fetch()` is called at the end while there is more; `fetched` brings the next page."""

    def __init__(self, parent: QObject | None = None, fetch: Callable[[], None] | None = None) -> None:
        super().__init__(parent)
        self._fetch = fetch
        self.rows: list[StreamRow] = []
        self._more = False
        self._fetching = False
        self._fresh: set[tuple[str, str]] = set()

    def reset(self, page: Page[StreamInfo]) -> None:
        """Show this page and forget the others."""
        self.beginResetModel()
        self.rows = [row_of(info) for info in page.rows]
        self._more = page.next is not None
        self._fetching = False
        self._fresh.clear()
        self.endResetModel()

    def fetched(self, page: Page[StreamInfo]) -> None:
        """The next page."""
        self._fetching = False
        self._more = page.next is not None
        if page.rows:
            first = len(self.rows)
            self.beginInsertRows(QModelIndex(), first, first + len(page.rows) - 1)
            self.rows.extend(row_of(info) for info in page.rows)
            self.endInsertRows()

    def fetch_failed(self) -> None:
        self._fetching = False

    def arrived(self, rows: Sequence[StreamRow]) -> None:
        """Streams that have new events: those in the list change in place."""
        newest = {(row.category, row.id): row for row in rows}
        for place, row in enumerate(self.rows):
            new = newest.get((row.category, row.id))
            if new is not None and new.version > row.version:
                self.rows[place] = new
                self._fresh.add((row.category, row.id))
                index = self.index(place)
                self.dataChanged.emit(index, index)

    def to_top(self, rows: Sequence[StreamRow], limit: int) -> None:
        """Streams that have just changed come first, the newest of them at the top; at most `limit` in all."""
        wanted = {(row.category, row.id) for row in rows}
        for place in range(len(self.rows) - 1, -1, -1):
            if (self.rows[place].category, self.rows[place].id) in wanted:
                self._remove(place, place)
        self.beginInsertRows(QModelIndex(), 0, len(rows) - 1)
        self.rows[:0] = rows
        self._fresh |= wanted
        self.endInsertRows()
        if len(self.rows) > limit:
            self._remove(limit, len(self.rows) - 1)

    def _remove(self, first: int, last: int) -> None:
        self.beginRemoveRows(QModelIndex(), first, last)
        del self.rows[first : last + 1]
        self.endRemoveRows()

    def settle(self) -> None:
        """What has just changed has been seen."""
        if self._fresh and self.rows:
            self._fresh.clear()
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1), [FRESH_ROLE])

    # -- QAbstractListModel -------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._more and not self._fetching and self._fetch is not None

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent) and self._fetch is not None:
            self._fetching = True
            self._fetch()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        return stream_data(self.rows[index.row()], role, self._fresh)
