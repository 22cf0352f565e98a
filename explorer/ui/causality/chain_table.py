"""The diagram as a table: the same events as a tree of causes and effects, for reading aloud, copying and reading."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from explorer.causation import event_identity
from explorer.model import DomainEvent
from explorer.sequence import Diagram
from explorer.ui.causality.drawing import named
from explorer.ui.causality.facts import why, writer
from explorer.ui.events.event_rows import type_icon
from explorer.ui.look import text
from explorer.ui.parts.models import Column, RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.workspace import Workspace

DEEPEST = 12  # levels that are indented


@dataclass(frozen=True, slots=True)
class Row:
    """An event and where it stands in the tree."""

    number: int  # of its mark
    depth: int
    event: DomainEvent
    sign: str  # how it hangs on its cause
    before: int | None  # when its cause happened, microseconds since the epoch
    why: str


def rows_of(diagram: Diagram) -> list[Row]:
    """Each event once, after its cause."""
    found = []
    for depth, event, link in diagram.chain.tree():
        number = diagram.numbers[event_identity(event)]
        cause = diagram.marks[number].cause
        before = None if cause is None else text.microseconds(diagram.marks[cause].event.recorded_at)
        sign = "" if link is None else "└─ " if link.recorded else "└┄ "
        found.append(Row(number, depth, event, sign, before, why(diagram, number)))
    return found


class ChainTable(RowsTable):
    """Its rows are `Row`; `show_diagram` fills it."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        def time(row: Row) -> str:
            moment = text.microseconds(row.event.recorded_at)
            return text.clock(moment, "utc" if workspace.time_mode == "utc" else "local") or "—"

        def after(row: Row) -> str:
            moment = text.microseconds(row.event.recorded_at)
            return "" if row.before is None or moment is None else text.when(moment, "delta", previous=row.before)

        columns = (
            Column(
                lambda: f"Time {text.clock_zone('utc' if workspace.time_mode == 'utc' else 'local')}",
                time,
                mono=True,
                width=150,
            ),
            Column("Δ", after, tooltip=lambda _row: "After its cause", align="right", mono=True, width=108),
            Column(
                "Event",
                lambda row: "   " * (min(row.depth, DEEPEST) - 1) + row.sign + named(row.event.type),
                tooltip=lambda row: row.event.type,
                icon=lambda row: type_icon(row.event.type),
                width=250,
            ),
            Column(
                "Stream",
                lambda row: f"{named(row.event.category)} {row.event.id}".strip(),
                tooltip=lambda row: f"{row.event.category}\n{row.event.id}",
                width=150,
            ),
            Column("v", lambda row: str(row.event.version), align="right", mono=True, width=48),
            Column("Why", lambda row: row.why, tooltip=lambda row: f"{row.why}\n{writer(row.event)}".strip()),
        )
        super().__init__(RowsModel(columns), "Causes and effects as a table", parent)
        self.model_.setParent(self)
        self._diagram: Diagram | None = None
        workspace.time_mode_changed.connect(lambda _mode: self.model_.refresh())

    def show_diagram(self, diagram: Diagram) -> None:
        """Show this one, if it is another than before."""
        if diagram is not self._diagram:
            self._diagram = diagram
            self.model_.reset(rows_of(diagram))

    def show_number(self, number: int) -> None:
        """Put the cursor on the event with this number."""
        current = self.model_.row(self.currentIndex())
        if isinstance(current, Row) and current.number == number:
            return
        for place, row in enumerate(self.model_.rows):
            if row.number == number:
                self.selectRow(place)
                return
