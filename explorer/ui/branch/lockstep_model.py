"""The rows of base and branch as a table: as many as there are, fetched where somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer

from explorer.engine.asks_branches import BranchPage, BranchRow
from explorer.ui.look import text

Index = QModelIndex | QPersistentModelIndex
KEPT = 20_000  # rows that are kept; others are fetched again
AHEAD = 60  # rows that are fetched before the one that is wanted

SIGNS = {"skipped": "−", "cut off": "−", "moved away": "−", "edited": "~", "inserted": "+", "moved here": ">"}
MARKS = {"skipped": "-", "cut off": "-", "moved away": "-", "edited": "~", "inserted": "+", "moved here": ">"}
"""What was done to a line as a mark of the theme, and as people see it."""

DIVERGES = "differs from here"


class Column(IntEnum):
    SIGN = 0
    VERSION = 1
    TYPE = 2
    BRANCH_VERSION = 3
    BRANCH_TYPE = 4
    HOW = 5


TITLES = ("", "v", "As stored", "v", "What if", "What was done")


class LockstepModel(QAbstractTableModel):
    """`fetch(start)` is asked for rows that are not here; it must lead to `put` or `fetch_failed` later."""

    def __init__(self, fetch: Callable[[int], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.diverges: int | None = None
        self._total = 0
        self._rows: dict[int, BranchRow] = {}
        self._fetch = fetch
        self._fetching = False
        self._wanted: int | None = None
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._fetch_wanted)

    # -- rows ---------------------------------------------------------------------------------------------------------

    def show_page(self, page: BranchPage) -> None:
        """The rows are others now; those of this page are known."""
        before = self._total
        self._rows = {page.start + n: row for n, row in enumerate(page.rows)}
        self._fetching = False
        self.diverges = page.diverges
        if page.total > before:
            self.beginInsertRows(QModelIndex(), before, page.total - 1)
            self._total = page.total
            self.endInsertRows()
        elif page.total < before:
            self.beginRemoveRows(QModelIndex(), page.total, before - 1)
            self._total = page.total
            self.endRemoveRows()
        self._changed(0, self._total - 1)

    def put(self, page: BranchPage) -> None:
        """The answer to `fetch`."""
        if page.total != self._total or page.diverges != self.diverges:
            self.show_page(page)
            return
        self._fetching = False
        if len(self._rows) + len(page.rows) > KEPT:
            self._rows.clear()
        self._rows |= {page.start + n: row for n, row in enumerate(page.rows)}
        self._changed(page.start, page.start + len(page.rows) - 1)

    def fetch_failed(self) -> None:
        self._fetching = False

    def clear(self) -> None:
        self.beginResetModel()
        self._rows.clear()
        self._total, self.diverges, self._fetching, self._wanted = 0, None, False, None
        self.endResetModel()

    def row(self, number: int) -> BranchRow | None:
        """The row; None where there is none, or it is not here: then it is fetched."""
        found = self._rows.get(number)
        if found is None and 0 <= number < self._total:
            self._wanted = number
            if not self._soon.isActive():
                self._soon.start()
        return found

    def neighbour(self, number: int, by: int, *, count: int = 1) -> BranchRow | None:
        """The row of an event that the branch has, above (by -1) or below (1) this one; the `count`-th."""
        number += by
        while (row := self._rows.get(number)) is not None:
            if row.branch_version:
                count -= 1
                if not count:
                    return row
            number += by
        return None

    def row_of(self, line: int) -> int | None:
        """Where the branch has this line, of the rows that are here."""
        found = [number for number, row in self._rows.items() if row.line == line]
        return next((n for n in found if self._rows[n].branch_version), found[0] if found else None)

    def types(self) -> set[str]:
        """Event types of the rows that are here."""
        return {kind for row in self._rows.values() for kind in (row.type, row.branch_type) if kind}

    def _fetch_wanted(self) -> None:
        if self._wanted is not None and self._wanted in self._rows:
            self._wanted = None
        if self._wanted is not None and not self._fetching:
            self._fetching = True
            self._fetch(max(0, self._wanted - AHEAD))

    def _changed(self, first: int, last: int) -> None:
        last = min(last, self._total - 1)
        if first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    # -- QAbstractTableModel ------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else self._total

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return TITLES[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                right = section in (Column.VERSION, Column.BRANCH_VERSION)
                side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
                return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= self._total:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(index.row(), index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = self.text(index.row(), index.column())
            if index.column() == Column.SIGN:
                return "error" if words == "!" else self.how(index.row())
            return words
        if role == Qt.ItemDataRole.ToolTipRole:
            return text.tooltip(self._tooltip(index.row()))
        return None

    def text(self, number: int, column: int) -> str:
        row = self.row(number)
        if row is None:
            return "…" if column in (Column.TYPE, Column.BRANCH_TYPE) else ""
        if column == Column.SIGN:
            return "!" if row.error else SIGNS.get(row.how, "≠" if number == self.diverges else "")
        if column == Column.VERSION:
            return text.number(row.version) if row.version else ""
        if column == Column.TYPE:
            return text.shown(row.type, 200)
        if column == Column.BRANCH_VERSION:
            return text.number(row.branch_version) if row.branch_version else ""
        if column == Column.BRANCH_TYPE:
            return text.shown(row.branch_type, 200)
        return self.how(number)

    def how(self, number: int) -> str:
        """All that is to be said about a row, for one line."""
        row = self._rows.get(number)
        if row is None:
            return ""
        words = [row.how, text.shown(row.error, 200), DIVERGES if number == self.diverges else ""]
        return " · ".join(word for word in words if word)

    def _tooltip(self, number: int) -> str:
        row = self._rows.get(number)
        if row is None:
            return ""
        words = []
        if row.version:
            words.append(f"as stored: v {row.version} {row.type}")
        if row.branch_version:
            words.append(f"what if: v {row.branch_version} {row.branch_type}")
        words += [row.how, row.error, DIVERGES if number == self.diverges else ""]
        return "\n".join(word for word in words if word)
