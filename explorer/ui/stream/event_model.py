"""The events of one stream as a table model straight over the columns: no object per row, any number of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QColor

from explorer.notes import Note
from explorer.ui.look import text, theme
from explorer.ui.parts.models import FLASH_MS
from explorer.ui.stream.timeline import Timeline

Index = QModelIndex | QPersistentModelIndex


class Column:
    """Plain numbers, as they are named for every cell that is painted."""

    NUMBER = 0
    TIME = 1
    TYPE = 2
    CHANGES = 3
    WATCH = 4  # only while a watch is shown as a column


TITLES = ("#", "Time", "Type", "Changes")


def clock(at: int, before: int | None, mode: str) -> str:
    """A time for a narrow column whose header names the zone: with its date where that differs from the one before.

    Never longer than 18 characters.
    """
    utc = mode == "utc"
    now = text.calendar(at // 1_000_000, utc)
    if now is None:
        return f"{at} µs"
    then = None if before is None else text.calendar(before // 1_000_000, utc)
    if then is not None and then.year != now.year:
        return f"{now.year}-{now.day} {now.time[:5]}"
    time = f"{now.time}.{at // 1000 % 1000:03d}"
    return time if then is not None and then.day == now.day else f"{now.day} {time}"


class EventModel(QAbstractTableModel):
    """Columns: #, time, type, changes; a watch, if one is shown. `sync()` announces what was added to the timeline."""

    def __init__(self, timeline: Timeline, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.timeline = timeline
        self.mode = "local"
        self.stale = False
        self.narrow = False
        self._rows = 0
        self._folded = 0
        self._generation = 0
        self._marks: tuple[int, ...] = ()
        self._notes: Mapping[int, Note] = {}  # by version
        self._watch = ""  # title of the watch that is a column
        self._watched: Callable[[int], tuple[str, str]] | None = None
        self._flash_from: int | None = None
        self._flash_end = QTimer(self, interval=FLASH_MS, singleShot=True)
        self._flash_end.timeout.connect(self._flash_over)

    # -- changing ---------------------------------------------------------------------------------------------------

    def set_timeline(self, timeline: Timeline) -> None:
        """Show another one (the stream was read anew)."""
        self.beginResetModel()
        self.timeline = timeline
        self._rows, self._folded, self._generation = timeline.count, timeline.folded, timeline.generation
        self._flash_from = None
        self.endResetModel()

    def sync(self, flash: bool = False) -> None:
        """Events or steps were added to the timeline."""
        if self.timeline.generation != self._generation:
            self._told_anew()
        first, count = self._rows, self.timeline.count
        if count > first:
            self.beginInsertRows(QModelIndex(), first, count - 1)
            self._rows = count
            if flash:
                self._flash_from = first if self._flash_from is None else self._flash_from
                self._flash_end.start()
            self.endInsertRows()
        if self.timeline.folded > self._folded:
            top, self._folded = self._folded, self.timeline.folded
            self._repaint(top, self._folded - 1)

    def _told_anew(self) -> None:
        """Rows go only where there are fewer: selection and place outlive it."""
        self._generation, self._folded, self._flash_from = self.timeline.generation, 0, None
        if self.timeline.count < self._rows:
            self.beginRemoveRows(QModelIndex(), self.timeline.count, self._rows - 1)
            self._rows = self.timeline.count
            self.endRemoveRows()
        self._repaint(0, self._rows - 1)

    def set_marks(self, ordinals: tuple[int, ...]) -> None:
        for ordinal in {*self._marks, *ordinals}:
            self._repaint(ordinal, ordinal)
        self._marks = tuple(sorted(ordinals))

    def set_notes(self, notes: Mapping[int, Note]) -> None:
        """What is noted, by version."""
        self._notes = notes
        self._repaint(0, self._rows - 1)

    def set_watch(self, title: str, watched: Callable[[int], tuple[str, str]] | None) -> None:
        """Show a watch as a column: its letter and text by ordinal; None: no longer."""
        if (watched is None) != (self._watched is None):
            change, done = (
                (self.beginRemoveColumns, self.endRemoveColumns)
                if watched is None
                else (self.beginInsertColumns, self.endInsertColumns)
            )
            change(QModelIndex(), Column.WATCH, Column.WATCH)
            self._watch, self._watched = title, watched
            done()
        self._watch, self._watched = title, watched
        if watched is not None:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.WATCH, Column.WATCH)
            self.watch_changed()

    def watch_changed(self) -> None:
        """Other values of the watch are known."""
        if self._watched is not None and self._rows:
            self.dataChanged.emit(self.index(0, Column.WATCH), self.index(self._rows - 1, Column.WATCH))

    def set_mode(self, mode: str) -> None:
        """How times are shown; see `text.when`."""
        self.mode = mode
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.TIME, Column.TIME)
        self._repaint(0, self._rows - 1)

    def set_narrow(self, narrow: bool) -> None:
        """Short titles."""
        if narrow != self.narrow:
            self.narrow = narrow
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.CHANGES, Column.CHANGES)

    def _flash_over(self) -> None:
        first, self._flash_from = self._flash_from, None
        if first is not None:
            self._repaint(first, self._rows - 1)

    def _repaint(self, first: int, last: int) -> None:
        last = min(last, self._rows - 1)
        if 0 <= first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, self.columnCount() - 1))

    # -- QAbstractTableModel ------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(TITLES) + (self._watched is not None)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            if section == Column.CHANGES and self.narrow:
                return "±"
            if section == Column.WATCH:
                return text.shown(self._watch, 60)
            return self._time_title() if section == Column.TIME else TITLES[section]
        if role == Qt.ItemDataRole.ToolTipRole and section == Column.CHANGES:
            return "How many places of the state the event changed"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            left = section == Column.TYPE
            side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _time_title(self) -> str:
        return {"relative": "Time ago", "delta": "Δ"}.get(self.mode, f"Time {text.clock_zone(self.mode)}")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        ordinal = index.row()
        if not index.isValid() or ordinal >= self._rows:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.row(ordinal)[column][0]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            left = column == Column.TYPE
            side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole:
            return None if column == Column.TYPE else theme.mono_font()
        if role == Qt.ItemDataRole.ForegroundRole:
            return self.row(ordinal)[column][1]
        if role == Qt.ItemDataRole.BackgroundRole:
            return self.background(ordinal)
        if role == Qt.ItemDataRole.ToolTipRole:
            return text.tooltip(self.describe(ordinal))
        return None

    # What is shown; the table asks here, row by row, without the way through roles.

    def row(self, ordinal: int) -> list[tuple[str, QColor | None]]:
        """The text of each column and its colour; None: that of plain text."""
        timeline, colours = self.timeline, theme.colours()
        changes = timeline.changes_at(ordinal)
        if self.stale:
            quiet = theme.shade(colours.faint)
            loud: QColor | None = quiet
        elif ordinal in timeline.errors:
            quiet = loud = theme.shade(colours.error)
        else:
            quiet = theme.shade(colours.muted)
            loud = None if changes else quiet
        shown: list[tuple[str, QColor | None]] = [
            (str(timeline.versions[ordinal]), quiet),
            (self._time(ordinal), quiet),
            (text.shown(timeline.type(ordinal), 120), loud),
            ("…" if changes is None else text.number(changes), loud),
        ]
        if self._watched is not None:
            letter, value = self._watched(ordinal)
            tone = {"f": colours.error, "x": colours.warning, "t": colours.good}.get(letter)
            colour = quiet if self.stale else theme.shade(tone) if tone else None
            shown.append((text.shown(value, 60), colour))
        return shown

    def _time(self, ordinal: int) -> str:
        time = self.timeline.time(ordinal)
        if time is None:
            return "—"
        before = self.timeline.time(ordinal - 1) if ordinal else None
        if self.mode in ("relative", "delta"):
            return text.when(time, self.mode, previous=before)
        return clock(time, before, self.mode)

    def background(self, ordinal: int) -> QColor | None:
        colours = theme.colours()
        if self._flash_from is not None and ordinal >= self._flash_from:
            return QColor(colours.flash)
        if ordinal in self.timeline.errors:
            return QColor(colours.error_back)
        return QColor(colours.warning_back) if ordinal in self.timeline.problems else None

    def colour(self, ordinal: int) -> QColor:
        """The colour of the event's type."""
        return theme.type_colour(self.timeline.type(ordinal), theme.is_dark())

    def mark(self, ordinal: int) -> str:
        """The letter of an event that is marked for compare, A or B; none for others."""
        return "AB"[self._marks.index(ordinal)] if ordinal in self._marks else ""

    def sign(self, ordinal: int) -> str:
        """The icon "error" where the reducer failed, "warning" where the stream has a flaw, else none."""
        if ordinal in self.timeline.errors:
            return "error"
        return "warning" if ordinal in self.timeline.problems else ""

    def note(self, ordinal: int) -> str:
        """The icon "star" of a bookmark or "note" of a note, else none."""
        note = self._notes.get(self.timeline.versions[ordinal]) if self._notes else None
        return "" if note is None else "star" if note.bookmark else "note"

    def describe(self, ordinal: int) -> str:
        """All that is known of an event in a few lines: for tooltips."""
        timeline = self.timeline
        changes = timeline.changes_at(ordinal)
        words = [f"v {timeline.versions[ordinal]} · {text.shown(timeline.type(ordinal), 120)}"]
        time = timeline.time(ordinal)
        if time is not None:
            words.append(text.when(time, "utc" if self.mode == "utc" else "local", full=True))
        if changes is not None:
            words.append("1 change" if changes == 1 else f"{text.number(changes)} changes")
        for problem in (timeline.errors.get(ordinal), timeline.problems.get(ordinal)):
            if problem:
                words.append(text.shown(problem, 400))
        note = self._notes.get(timeline.versions[ordinal])
        if note is not None:
            words += ["Bookmarked"] * note.bookmark + [text.shown(note.text, 400)] * bool(note.text)
        return "\n".join(words)
