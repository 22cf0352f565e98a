"""Rows of a read model as a list in the order of their keys, which changes without moving what one looks at."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer
from PySide6.QtGui import QColor

from explorer.engine.messages import TableInfo
from explorer.ui.look import text, theme
from explorer.ui.parts.models import FLASH_MS, FLASHING, Column, RowsModel

_WIDTHS = {"integer": 90, "decimal": 110, "boolean": 80, "time": 196, "text": 150}


class Line(NamedTuple):
    """A row: its key, and its values as texts, key first."""

    key: tuple[str, ...]
    values: tuple[str, ...]


def columns(table: TableInfo) -> tuple[Column, ...]:
    kinds = [(name, "text") for name in table.key] + list(table.columns)

    def column(place: int, name: str, kind: str) -> Column:
        return Column(
            name.replace("_", " "),
            lambda line: line.values[place],
            lambda line: line.values[place],
            align="right" if kind in ("integer", "decimal") else "left",
            mono=kind != "text" or place < len(table.key),
            width=_WIDTHS[kind],  # none takes what is left: of many columns the last would be squeezed
        )

    return tuple(column(place, name, kind) for place, (name, kind) in enumerate(kinds))


class LinesModel(RowsModel):
    """Takes the rows as they are now and changes only what is different."""

    def __init__(self, table: TableInfo, parent: QObject | None = None) -> None:
        super().__init__(columns(table), parent)
        self._lit: set[tuple[str, ...]] = set()
        self._dark = QTimer(self, interval=FLASH_MS, singleShot=True)
        self._dark.timeout.connect(self._put_out)

    def merge(self, lines: Sequence[Line], more: bool, top: int) -> int:
        """Become these lines. → how many more there are now above the row `top`."""
        wanted = {line.key: line for line in lines}
        self.has_more = more
        self.fetching = False
        before = self.rows[top].key if top < len(self.rows) else None
        lit: set[tuple[str, ...]] = set()
        for number in range(len(self.rows) - 1, -1, -1):
            if self.rows[number].key not in wanted:
                self.beginRemoveRows(QModelIndex(), number, number)
                del self.rows[number]
                self.endRemoveRows()
        known = {line.key: number for number, line in enumerate(self.rows)}
        for key, line in wanted.items():
            if key in known and self.rows[known[key]] != line:
                self.replace(known[key], line)
                lit.add(key)
        if not self.rows:
            super().reset(lines, more)
            return 0
        order = {line.key: number for number, line in enumerate(lines)}
        places = [order[line.key] for line in self.rows]
        for number, line in enumerate(lines):
            if line.key not in known:
                place = bisect_left(places, number)
                self.beginInsertRows(QModelIndex(), place, place)
                self.rows.insert(place, line)
                places.insert(place, number)
                self.endInsertRows()
                lit.add(line.key)
        self._light(lit)
        now = next((number for number, line in enumerate(self.rows) if line.key == before), top)
        return now - top

    def background(self, number: int, column: Column) -> QColor | None:
        if self._lit and self.rows[number].key in self._lit:
            return QColor(theme.colours().flash)
        return super().background(number, column)

    def _light(self, keys: set[tuple[str, ...]]) -> None:
        if not keys or len(keys) > FLASHING:
            return
        self._lit |= keys
        self._dark.start()
        self._repaint(0, len(self.rows) - 1)

    def _put_out(self) -> None:
        self._lit.clear()
        if self.rows:
            last = self.index(len(self.rows) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.BackgroundRole])


def title(table: TableInfo) -> str:
    """What the table is called where one is chosen."""
    return text.shown(table.name.replace("_", " ").capitalize())
