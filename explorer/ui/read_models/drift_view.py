"""What a check for drift has found: the rows that are not what a fresh rebuild makes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QWidget

from explorer.engine.messages import Drifted, DriftRow
from explorer.ui.look import icons, text, theme
from explorer.ui.pane import PaneHead
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.models import Column, RowsModel
from explorer.ui.parts.table import RowsTable

_KINDS = {"missing": ("minus", "error"), "extra": ("plus", "warning"), "different": ("edit", "warning")}


def _said(row: DriftRow) -> str:
    if row.kind == "missing":
        return "The events make this row, the table does not have it."
    if row.kind == "extra":
        return "No event makes this row."
    return "; ".join(
        f"{name}: {stored or 'nothing'} instead of {fresh or 'nothing'}" for name, stored, fresh in row.columns
    )


def _icon(row: DriftRow) -> QIcon | None:
    return icons.icon(*_KINDS[row.kind]) if row.kind in _KINDS else None


def _colour(row: DriftRow) -> QColor | None:
    return QColor(getattr(theme.colours(), _KINDS[row.kind][1])) if row.kind in _KINDS else None


class DriftView(QWidget):
    """Hidden until there is something to show."""

    def __init__(self, open_row: Callable[[DriftRow], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = PaneHead("Drift", self)
        self.close_button = self.head.add_tool("close", "Close what the check has found", self.hide)
        self.model = RowsModel(
            (
                Column("Row", lambda row: f"{row.table} {' '.join(row.key)}", mono=True, width=150),
                Column("Is", lambda row: row.kind, icon=_icon, foreground=_colour, width=100),
                Column("What differs", _said, _said),
            ),
            self,
        )
        self.table = RowsTable(self.model, "Rows that differ from a fresh rebuild", self)
        self.table.opened.connect(open_row)
        put_in_column(self, self.head, self.table)
        theme.signals().changed.connect(self.model.refresh)
        self.hide()

    def show_drift(self, found: Drifted) -> None:
        self.model.reset(found.differences)
        cut = found.differing > len(found.differences)
        first = f"the first {text.number(len(found.differences))} of " if cut else ""
        of = f"{text.number(found.rows)} rows up to position {text.number(found.position)}"
        text.set_label(self.head.note, f"{first}{text.number(found.differing)} of {of}")
        self.setVisible(bool(found.differing))
