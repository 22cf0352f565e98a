"""Categories and their streams as a tree, fetched in pages; and a line for a stream in any list."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.model import Page, StreamInfo
from explorer.ui.look import text

Index = QModelIndex | QPersistentModelIndex
NODE_ROLE = Qt.ItemDataRole.UserRole  # StreamRow, or the name of a category
DETAIL_ROLE = Qt.ItemDataRole.UserRole + 1  # what stands at the right end of the line
FRESH_ROLE = Qt.ItemDataRole.UserRole + 2  # it has just changed

GROWN = 300  # streams of a category up to which those that are new come into the list by themselves

_NOWHERE = QModelIndex()


class StreamRow(NamedTuple):
    """A stream in a list."""

    category: str
    id: str
    version: int
    last_at_us: int | None = None
    last_type: str | None = None


def row_of(info: StreamInfo) -> StreamRow:
    return StreamRow(info.category, info.id, info.version, text.microseconds(info.last_at), info.last_type)


class Category:
    """One category: the streams fetched so far, and where the next ones start."""

    def __init__(self, number: int, name: str) -> None:
        self.number = number  # stable, unlike its place
        self.name = name
        self.rows: list[StreamRow] = []
        self.places: dict[str, int] = {}
        self.next: Any = None
        self.last: Any = None  # where the page began that was read last
        self.grown = False  # there are new ones, which are read when somebody comes to the end
        self.begun = False
        self.fetching = False

    @property
    def complete(self) -> bool:
        return self.begun and self.next is None and not self.grown


class StreamsModel(QAbstractItemModel):
    """`fetch(category, after)` is called when a category is opened or its end is reached; `fetched` brings the page."""

    def __init__(self, fetch: Callable[[str, Any], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._fetch = fetch
        self._categories: list[Category] = []
        self._numbers: dict[int, Category] = {}
        self._count = 0
        self._fresh: set[tuple[str, str]] = set()

    # -- changing -----------------------------------------------------------------------------------------------------

    def reset(self, names: Sequence[str] = ()) -> None:
        """These categories, none of them read yet."""
        self.beginResetModel()
        self._categories = []
        self._numbers = {}
        for name in names:
            self._add(name)
        self._fresh.clear()
        self.endResetModel()

    def _add(self, name: str) -> Category:
        self._count += 1
        category = Category(self._count, name)
        self._categories.append(category)
        self._numbers[category.number] = category
        return category

    def fetched(self, name: str, page: Page[StreamInfo]) -> None:
        """The next streams of a category."""
        category = self.category(name)
        if category is None:
            return
        category.fetching = False
        category.begun = True
        category.next = page.next
        rows = [row_of(info) for info in page.rows if info.id not in category.places]
        self._append(category, rows)
        self._changed(category)

    def failed(self, name: str) -> None:
        """Nothing came; opening it again asks again."""
        category = self.category(name)
        if category is not None:
            category.fetching = False

    def _append(self, category: Category, rows: list[StreamRow]) -> None:
        if not rows:
            return
        first = len(category.rows)
        self.beginInsertRows(self.index_of(category), first, first + len(rows) - 1)
        for row in rows:
            category.places[row.id] = len(category.rows)
            category.rows.append(row)
        self.endInsertRows()

    def arrived(self, rows: Sequence[StreamRow]) -> list[str]:
        """Streams that have new events: known ones change in place, new ones come at the end of a list that has been
        read to its end, unless it is long: with each new line the tree is laid out anew as a whole. Returns the
        categories that were not known."""
        unknown: dict[str, None] = {}
        added: dict[Category, dict[str, StreamRow]] = {}
        for category_name in dict.fromkeys(row.category for row in rows):
            category = self.category(category_name)
            if category is None:
                unknown[category_name] = None
                continue
            changed: list[int] = []
            new = added[category] = {}
            for row in rows:
                if row.category != category_name:
                    continue
                place = category.places.get(row.id)
                if place is None:
                    new[row.id] = row
                elif row.version > category.rows[place].version:
                    category.rows[place] = row
                    self._fresh.add((row.category, row.id))
                    changed.append(place)
            self._lines_changed(category, changed)
            if new and category.complete:
                self._changed(category)
        # Only now: for whatever changes behind a new line the tree is laid out once more.
        for category, new in added.items():
            if not category.complete or not new:
                continue
            if len(category.rows) >= GROWN:
                category.grown = True
            else:
                self._fresh.update((row.category, row.id) for row in new.values())
                self._append(category, list(new.values()))
        return list(unknown)

    def add_category(self, name: str) -> None:
        """One that was not there before."""
        if self.category(name) is None:
            place = len(self._categories)
            self.beginInsertRows(QModelIndex(), place, place)
            self._add(name)
            self.endInsertRows()

    def settle(self) -> None:
        """What has just changed has been seen."""
        if self._fresh:
            fresh, self._fresh = self._fresh, set()
            for category in self._categories:
                places = [category.places[id] for name, id in fresh if name == category.name and id in category.places]
                self._lines_changed(category, places, [FRESH_ROLE])

    def _lines_changed(self, category: Category, places: Sequence[int], roles: Sequence[int] = ()) -> None:
        """All from the first to the last at once: a tree looks for the line of each that it is told of."""
        if places:
            first, last = (self.createIndex(place, 0, category.number) for place in (min(places), max(places)))
            self.dataChanged.emit(first, last, roles)

    def _changed(self, category: Category) -> None:
        index = self.index_of(category)
        self.dataChanged.emit(index, index)

    # -- looking ------------------------------------------------------------------------------------------------------

    def category(self, name: str) -> Category | None:
        return next((one for one in self._categories if one.name == name), None)

    @property
    def categories(self) -> list[Category]:
        return list(self._categories)

    def index_of(self, category: Category) -> QModelIndex:
        return self.createIndex(self._categories.index(category), 0, 0)

    def index_of_stream(self, name: str, id: str) -> QModelIndex:
        """The line of a stream, invalid when it has not been read."""
        category = self.category(name)
        place = category.places.get(id) if category is not None else None
        if category is None or place is None:
            return QModelIndex()
        return self.createIndex(place, 0, category.number)

    def _category_at(self, index: Index) -> Category | None:
        if index.isValid() and index.internalId() == 0 and index.row() < len(self._categories):
            return self._categories[index.row()]
        return None

    # -- QAbstractItemModel -------------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        if column != 0 or row < 0:
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, 0, 0) if row < len(self._categories) else QModelIndex()
        category = self._category_at(parent)
        if category is None or row >= len(category.rows):
            return QModelIndex()
        return self.createIndex(row, 0, category.number)

    def parent(self, index: Index = _NOWHERE) -> QModelIndex:  # type: ignore[override]
        if not index.isValid() or index.internalId() == 0:
            return QModelIndex()
        category = self._numbers.get(index.internalId())
        return self.index_of(category) if category is not None else QModelIndex()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if not parent.isValid():
            return len(self._categories)
        category = self._category_at(parent)
        return len(category.rows) if category is not None else 0

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 1

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        if not parent.isValid():
            return bool(self._categories)
        category = self._category_at(parent)
        return category is not None and (not category.begun or bool(category.rows))

    def canFetchMore(self, parent: Index) -> bool:
        category = self._category_at(parent)
        # Not what has grown: a tree that is laid out asks for it, whether anybody sees its end or not.
        return category is not None and not (category.complete or category.grown or category.fetching)

    def fetchMore(self, parent: Index) -> None:
        category = self._category_at(parent)
        if category is not None and self.canFetchMore(parent):
            category.fetching = True
            category.last = category.next
            self._fetch(category.name, category.last)

    def fetch_grown(self, at: Index) -> None:
        """Somebody sees this line, the last one of its category: read the streams that have come meanwhile."""
        category = self._numbers.get(at.internalId()) if at.isValid() else None
        if category is not None and category.grown and not category.fetching and at.row() == len(category.rows) - 1:
            category.fetching, category.grown = True, False
            self._fetch(category.name, category.last)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        category = self._category_at(index)
        if category is not None:
            if role == Qt.ItemDataRole.DisplayRole:
                return text.shown(category.name) or "(no category)"
            if role == NODE_ROLE:
                return category.name
            if role == DETAIL_ROLE and category.begun:
                return f"{text.number(len(category.rows))}{'' if category.complete else '+'}"
            return None
        owner = self._numbers.get(index.internalId())
        if owner is None or index.row() >= len(owner.rows):
            return None
        return stream_data(owner.rows[index.row()], role, self._fresh)


def stream_data(row: StreamRow, role: int, fresh: Container[tuple[str, str]]) -> Any:
    """What the line of one stream shows, in the tree and in the list alike."""
    if role == Qt.ItemDataRole.DisplayRole:
        return text.shown(row.id) or "(empty)"
    if role == Qt.ItemDataRole.ToolTipRole:
        return text.tooltip(tooltip_of(row))
    if role == NODE_ROLE:
        return row
    if role == DETAIL_ROLE:
        return f"v{row.version}"
    if role == FRESH_ROLE:
        return (row.category, row.id) in fresh
    return None


def tooltip_of(row: StreamRow) -> str:
    words = f"{row.category} {row.id}\nversion {row.version}"
    if row.last_type:
        words += f"\nlast: {row.last_type}"
    if row.last_at_us is not None:
        words += f"\n{text.when(row.last_at_us)}"
    return words
