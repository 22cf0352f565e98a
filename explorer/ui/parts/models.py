"""The one table model: rows already fetched, shown by column declarations. Never touches a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QIcon, QPainter

from explorer.ui.look import text, theme
from explorer.ui.parts.written import Align

CUT = text.CUT
ROW_ROLE = Qt.ItemDataRole.UserRole  # the row itself
FLASHING = 12  # rows that may light up at once: where everything is new, nothing stands out
FLASH_MS = 900

Index = QModelIndex | QPersistentModelIndex
_ALIGN = {
    "left": Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    "right": Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
    "center": Qt.AlignmentFlag.AlignCenter,
}


@dataclass(frozen=True, slots=True)
class Column:
    """How one column shows a row. The functions are called while painting: they must be quick.

    What `text` and `tooltip` return may be anything from the store; the model makes it harmless.
    """

    title: str | Callable[[], str]
    text: Callable[[Any], str]
    tooltip: Callable[[Any], str] | None = None
    align: Align = "left"
    mono: bool = False
    foreground: Callable[[Any], QColor | None] | None = None
    background: Callable[[Any], QColor | None] | None = None
    icon: Callable[[Any], QIcon | None] | None = None
    paint: Callable[[QPainter, QRect, Any], None] | None = None  # in place of icon and text
    cut_left: bool = False  # names that differ at their end: where room is short, the beginning is left out
    width: int = 0  # pixels at zoom 100 %; 0: takes what is left
    cut: int = CUT


class RowsModel(QAbstractTableModel):
    """Rows (tuples or frozen dataclasses) under column declarations.

    `fetch` is called when the view reaches the end while `has_more`; it must lead to `fetched(rows, more)` (or
    `fetch_failed()`) later. Live rows come by `append` or `prepend`, with `flash` to let them light up once.
    """

    def __init__(
        self, columns: Sequence[Column], parent: QObject | None = None, fetch: Callable[[], None] | None = None
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: list[Any] = []
        self.fetch = fetch
        self.has_more = False
        self.fetching = False
        self._flashing: tuple[int, int] | None = None
        self._flash_end = QTimer(self, interval=FLASH_MS, singleShot=True)
        self._flash_end.timeout.connect(self._flash_over)

    # -- changing ------------------------------------------------------------------------------------------

    def reset(self, rows: Sequence[Any] = (), more: bool = False) -> None:
        """Show these rows and forget the others."""
        self.beginResetModel()
        self.rows = list(rows)
        self.has_more = more
        self.fetching = False
        self._flashing = None
        self.endResetModel()

    def append(self, rows: Sequence[Any], flash: bool = False) -> None:
        """Add rows at the end."""
        if not rows:
            return
        first = len(self.rows)
        self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
        self.rows.extend(rows)
        self.endInsertRows()
        if flash:
            self._flash(first, len(self.rows) - 1)

    def prepend(self, rows: Sequence[Any], flash: bool = False) -> None:
        """Add rows at the top, in this order."""
        if not rows:
            return
        self.beginInsertRows(QModelIndex(), 0, len(rows) - 1)
        self.rows[:0] = rows
        if self._flashing is not None:
            self._flashing = (self._flashing[0] + len(rows), self._flashing[1] + len(rows))
        self.endInsertRows()
        if flash:
            self._flash(0, len(rows) - 1)

    def fetched(self, rows: Sequence[Any], more: bool) -> None:
        """The answer to `fetch`."""
        self.fetching = False
        self.has_more = more
        self.append(rows)

    def fetch_failed(self) -> None:
        """Nothing came; the next scroll to the end asks again."""
        self.fetching = False

    def replace(self, row: int, value: Any) -> None:
        """Show another value in this row."""
        self.rows[row] = value
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))

    def drop_first(self, count: int) -> None:
        """Forget rows at the top (bounded lists)."""
        self._drop(0, min(count, len(self.rows)))

    def drop_last(self, count: int) -> None:
        """Forget rows at the end; they can be fetched again."""
        keep = max(0, len(self.rows) - count)
        self._drop(keep, len(self.rows) - keep)

    def _drop(self, first: int, count: int) -> None:
        if count <= 0:
            return
        self.beginRemoveRows(QModelIndex(), first, first + count - 1)
        del self.rows[first : first + count]
        if self._flashing is not None and first == 0:
            low, high = self._flashing
            self._flashing = (max(0, low - count), high - count) if high >= count else None
        self.endRemoveRows()

    def refresh(self) -> None:
        """Column functions give other texts now (time mode, theme)."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self.columns) - 1))

    # -- flashing ------------------------------------------------------------------------------------------

    def _flash(self, first: int, last: int) -> None:
        if self._flashing is not None:
            self._flash_over()
        if last - first >= FLASHING:
            return
        self._flashing = (first, last)
        self._flash_end.start()
        self._repaint(first, last)

    def _flash_over(self) -> None:
        if self._flashing is not None:
            first, last = self._flashing
            self._flashing = None
            self._repaint(first, last)

    def _repaint(self, first: int, last: int) -> None:
        last = min(last, len(self.rows) - 1)
        if 0 <= first <= last:
            self.dataChanged.emit(
                self.index(first, 0), self.index(last, len(self.columns) - 1), [Qt.ItemDataRole.BackgroundRole]
            )

    # -- QAbstractTableModel -------------------------------------------------------------------------------

    def row(self, index: Index) -> Any:
        """The row behind an index, or None."""
        return self.rows[index.row()] if index.isValid() and index.row() < len(self.rows) else None

    def background(self, number: int, column: Column) -> QColor | None:
        """What lies behind a cell of this row."""
        if self._flashing is not None and self._flashing[0] <= number <= self._flashing[1]:
            return QColor(theme.colours().flash)
        return column.background(self.rows[number]) if column.background else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.columns)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self.has_more and self.fetch is not None and not self.fetching

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent) and self.fetch is not None:
            self.fetching = True
            self.fetch()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and section < len(self.columns):
            if role == Qt.ItemDataRole.DisplayRole:
                title = self.columns[section].title
                return title if isinstance(title, str) else title()
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _ALIGN[self.columns[section].align]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        column = self.columns[index.column()]
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text.shown(column.text(row), column.cut)
        if role == Qt.ItemDataRole.ToolTipRole:
            return text.tooltip(column.tooltip(row)) if column.tooltip else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN[column.align]
        if role == Qt.ItemDataRole.FontRole:
            return theme.mono_font() if column.mono else None
        if role == Qt.ItemDataRole.ForegroundRole:
            return column.foreground(row) if column.foreground else None
        if role == Qt.ItemDataRole.BackgroundRole:
            return self.background(index.row(), column)
        if role == Qt.ItemDataRole.DecorationRole:
            return column.icon(row) if column.icon else None
        if role == ROW_ROLE:
            return row
        return None
