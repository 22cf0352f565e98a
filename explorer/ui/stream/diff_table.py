"""Differences as a table: what happened where, before and after in columns that line up, − and + before them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from explorer.engine.messages import CUT, DiffPage, DiffRow
from explorer.ui.look import text, theme
from explorer.ui.parts.painted_table import PaintedTable, Place
from explorer.ui.parts.written import Written

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole
MARKS = {"add": "+", "remove": "-", "replace": "~", "move": ">"}
SIGNS = {"add": "+", "remove": "−", "replace": "~", "move": ">"}
FITTED = 60  # rows whose paths decide how wide their column is
SPOKEN = {"add": "added", "remove": "removed", "replace": "replaced", "move": "moved"}


class Column:
    """Plain numbers, as they are named for every cell that is painted."""

    OP = 0
    PATH = 1
    BEFORE = 2
    AFTER = 3


class DiffModel(QAbstractTableModel):
    """Differences as they came, page by page; `fetch(start)` is asked for the next page at the end."""

    replaced = Signal()  # other differences are shown

    titles = ("", "Path", "Before", "After")

    def __init__(self, fetch: Callable[[int], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[DiffRow] = []
        self.total = 0
        self._fetch = fetch
        self._fetching = False

    def reset(self, page: DiffPage) -> None:
        """Show these in place of what is shown. The header is not laid out again for it, as for another model."""
        known, wanted = len(self.rows), len(page.rows)
        self.total, self._fetching = page.total, False
        if wanted < known:
            self.beginRemoveRows(QModelIndex(), wanted, known - 1)
            self.rows = self.rows[:wanted]
            self.endRemoveRows()
        shared = len(self.rows)
        self.rows = list(page.rows[:shared])
        if shared:
            self.dataChanged.emit(self.index(0, 0), self.index(shared - 1, len(self.titles) - 1))
        if wanted > shared:
            self.beginInsertRows(QModelIndex(), shared, wanted - 1)
            self.rows = list(page.rows)
            self.endInsertRows()
        self.replaced.emit()

    def append(self, page: DiffPage) -> None:
        self._fetching = False
        if page.start == len(self.rows) and page.rows:
            self.beginInsertRows(QModelIndex(), page.start, page.start + len(page.rows) - 1)
            self.rows.extend(page.rows)
            self.endInsertRows()

    def fetch_failed(self) -> None:
        self._fetching = False

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.titles)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and len(self.rows) < self.total and not self._fetching

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._fetching = True
            self._fetch(len(self.rows))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self.titles[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return SPOKEN[row.op] if index.column() == Column.OP else self.text(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return text.tooltip(self._tooltip(row))
        return None

    @staticmethod
    def text(row: DiffRow, column: int) -> str:
        if column == Column.OP:
            return SIGNS[row.op]
        if column == Column.PATH:
            return path_text(row)
        return text.shown(row.before if column == Column.BEFORE else row.after, 2 * CUT)

    @staticmethod
    def _tooltip(row: DiffRow) -> str:
        words = [f"{SPOKEN[row.op]} {row.path or '/'}"]
        if row.origin:
            words.append(f"from {row.origin}")
        if row.key:
            words.append(row.key)
        if row.op != "move":
            words += [f"{sign} {value}" for sign, value in (("−", row.before), ("+", row.after)) if value]
        return "\n".join(words)


def path_text(row: DiffRow) -> str:
    """Where it happened, for one line: the path, with the key of an element for its index; where it came from."""
    tokens = row.path.split("/")[1:]
    if row.key:
        at = next((n for n in range(len(tokens) - 1, -1, -1) if tokens[n].isdecimal()), None)
        if at is not None:
            tokens[at] = row.key
    path = text.shown("/".join(tokens) or "/", CUT)
    return f"{path} ← {text.shown(row.origin.removeprefix('/'), CUT)}" if row.origin else path


class DiffTable(PaintedTable):
    """The differences; what is cut opens in full by Enter or double-click."""

    menu_wanted = Signal(object, object)  # DiffRow, QPoint on the screen
    full_wanted = Signal(object, bool)  # DiffRow, after (else before)
    copy_wanted = Signal(object)

    def __init__(self, model: DiffModel, parent: QWidget | None = None) -> None:
        super().__init__("Differences", parent)
        self.stale = False
        self.differences = model
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(theme.scaled(24))
        header.setSectionResizeMode(Column.AFTER, QHeaderView.ResizeMode.Stretch)
        model.replaced.connect(self._replaced)
        self.doubleClicked.connect(self._open)
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        colours = theme.colours()
        self._written = Written(theme.mono_font(), fixed=True)
        self._gap, self._sign = theme.scaled(6), theme.scaled(14)
        self._text, self._faint = QColor(colours.text), QColor(colours.faint)
        self._selection = QColor(colours.selection)
        self._marks = {mark: theme.mark_colours(mark) for mark in ("", *MARKS.values())}
        self.verticalHeader().setDefaultSectionSize(theme.row_height())
        self.setColumnWidth(Column.OP, theme.scaled(24))
        self.viewport().update()

    def paint_row(
        self, painter: QPainter, row: int, top: int, height: int, places: Sequence[Place], selected: bool
    ) -> None:
        difference = self.differences.rows[row]
        for column, left, width in places:
            words = self.differences.text(difference, column)
            mark, sign = MARKS[difference.op], ""
            if column == Column.BEFORE:
                mark, sign = ("-", "−") if difference.before and difference.op != "move" else ("", "")
            elif column == Column.AFTER:
                mark, sign = ("+", "+") if difference.after and difference.op != "move" else ("", "")
            fore, back = self._marks[mark]
            if selected:
                painter.fillRect(left, top, width, height, self._selection)
            elif column >= Column.BEFORE and mark:
                painter.fillRect(left, top, width, height - 1, back)
            painter.setPen(self._faint if self.stale else self._text if column == Column.PATH else fore)
            if column == Column.OP:
                self._written.draw(painter, left, top, width, height, words, "center")
                continue
            left, width = left + self._gap, width - self._gap - theme.S
            if sign:
                self._written.draw(painter, left, top, width, height, sign)
            if column >= Column.BEFORE:
                left, width = left + self._sign, width - self._sign
            self._written.draw(painter, left, top, width, height, words, cut_left=column == Column.PATH)

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(320), theme.scaled(160))

    def fit_columns(self) -> None:
        """As much room for the paths as they need, within bounds; the rest for before and after alike."""
        room = self.viewport().width() - self.columnWidth(Column.OP)
        rows = self.differences.rows[:FITTED]
        widest = max((self._written.width(path_text(row)) for row in rows), default=0) + theme.L
        path = round(max(room * 0.24, min(widest, room * 0.44)))
        self.setColumnWidth(Column.PATH, path)
        self.setColumnWidth(Column.BEFORE, (room - path) // 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_columns()

    def _replaced(self) -> None:
        self.clearSelection()
        self.setCurrentIndex(QModelIndex())
        self.scrollToTop()
        self.fit_columns()

    def set_stale(self, stale: bool) -> None:
        if stale != self.stale:
            self.stale = stale
            self.viewport().update()

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here, not the beginning of a search."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().data(ROW_ROLE) if self.currentIndex().isValid() else None
        if row is not None and event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit(row)
        elif row is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        row: DiffRow = index.data(ROW_ROLE)
        self.full_wanted.emit(row, bool(row.after) and index.column() != Column.BEFORE)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        if index.isValid():
            where = self.visualRect(index).bottomLeft() if keyboard else event.pos()
            self.menu_wanted.emit(index.data(ROW_ROLE), self.viewport().mapToGlobal(where))


def row_text(row: DiffRow) -> str:
    """A difference as one line of text."""
    sides = [f"{sign} {value}" for sign, value in (("−", row.before), ("+", row.after)) if value]
    return "  ".join([SIGNS[row.op], path_text(row), *sides])
