"""The list beside the diagram: the same, a line for each event, for the keyboard and for those who do not see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QWidget

from explorer.pattern import Happened, happened, how
from explorer.ui.events.event_rows import in_words, type_icon
from explorer.ui.look import text
from explorer.ui.parts.models import Column, RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.pattern.traffic import Traffic
from explorer.ui.workspace import Arrived

MOST = 500  # lines; all events are in the list of all events
TRIM = 100  # forgotten at once


def of_row(row: Arrived, narration: Mapping[str, str]) -> Happened:
    """An event as it arrived, in the words of its domain."""
    return happened(
        row.category, row.id, row.version, row.type, row.position, row.event_id, row.recorded_at_us, row.metadata,
        in_words(row, narration),
    )  # fmt: skip


def columns(mode: Callable[[], str], traffic: Callable[[], Traffic]) -> Sequence[Column]:
    """Time, type, stream and version, how it came about, who has got it."""

    def time(event: Happened) -> str:
        if mode() == "relative":
            return text.when(event.at, "relative") or "—"
        return text.clock(event.at, mode()).rpartition(" ")[2] or "—"

    def picture(event: Happened) -> QIcon:
        return type_icon(event.type)

    def stream(event: Happened) -> str:
        return f"{event.place} v{event.version}"

    def told(event: Happened) -> str:
        return how(event, traffic().cause(event))

    def got(event: Happened) -> str:
        return ", ".join(name or "not named" for name in traffic().got(event))

    return (
        Column(
            lambda: f"Time {text.clock_zone(mode())}" if mode() != "relative" else "Time ago",
            time,
            tooltip=lambda event: text.when(event.at, "utc" if mode() == "utc" else "local", full=True),
            mono=True,
            width=108,
        ),
        Column(
            "Event",
            lambda event: event.name,
            tooltip=lambda event: event.type,
            icon=lambda event: type_icon(event.type),
            cut_left=True,
            width=160,
        ),
        Column("Stream", stream, tooltip=stream, width=104),
        Column("How it came about", told, tooltip=told),
        Column("Got by", got, tooltip=got, width=104),
    )


class HappenedList(RowsTable):
    """`chosen` when another line is gone to, not when `show_event` does."""

    chosen = Signal(object)  # Happened

    def __init__(self, mode: Callable[[], str], traffic: Callable[[], Traffic], parent: QWidget | None = None) -> None:
        super().__init__(RowsModel(columns(mode, traffic), parent), "What just happened", parent)
        self.model_.setParent(self)
        self._showing = False
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.selectionModel().currentRowChanged.connect(self._on_current)

    def add(self, events: Sequence[Happened]) -> None:
        """The newest at the end. What one looks at stays where it is, unless one looks at the end."""
        at_end = self.at_bottom()
        self.model_.append(events[-MOST:])
        excess = len(self.model_.rows) - MOST
        if excess > (TRIM if at_end else MOST):
            # A line that one stands on may go: nothing is gone to instead.
            self._showing = True
            self.model_.drop_first(excess)
            self._showing = False
            if not at_end:
                self.keep(-excess)
        if at_end:
            self.scrollToBottom()

    def delivered(self) -> None:
        """Somebody has got some of them."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        rows, column = len(self.model_.rows), len(self.model_.columns) - 1
        if rows:
            low, high = (
                self.model_.index(max(0, first), column),
                self.model_.index(last if last >= 0 else rows - 1, column),
            )
            self.model_.dataChanged.emit(low, high)

    def show_event(self, event: Happened) -> None:
        """Go to its line, if there is one."""
        rows = self.model_.rows
        for row in range(len(rows) - 1, -1, -1):
            if rows[row] == event:
                if row != self.currentIndex().row():
                    self._showing = True
                    self.setCurrentIndex(self.model_.index(row, 0))
                    self._showing = False
                return

    def _on_current(self, index: QModelIndex, _before: QModelIndex) -> None:
        event = self.model_.row(index)
        if event is not None and not self._showing:
            self.chosen.emit(event)
