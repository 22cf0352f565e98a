"""What would make good what a branch goes without: commands that the domain declares. A preview: nothing is issued."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from explorer.branches import Branch
from explorer.engine.asks_branches import Mend, MendPage, Mends
from explorer.errors import Cancelled, ExplorerError
from explorer.model import StreamKey
from explorer.ui.look import text, theme
from explorer.ui.pane import PaneHead
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import Column, RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.workspace import Workspace


def _effect(mend: Mend) -> str:
    if mend.refused:
        return f"refused: {mend.refused}"
    if not mend.command:
        return "the domain declares no command for it"
    return f"+ {', '.join(mend.events)}" if mend.events else "nothing: it is as it should be"


def _tone(mend: Mend) -> QColor | None:
    colours = theme.colours()
    if mend.refused:
        return QColor(colours.error)
    return QColor(colours.muted) if not mend.command else QColor(colours.add)


COLUMNS = (
    Column("v", lambda mend: text.number(mend.version), align="right", mono=True, width=44),
    Column("Without", lambda mend: mend.type, width=150),
    Column("Command", lambda mend: f"{mend.command} {mend.fields}".strip(), tooltip=lambda mend: mend.fields),
    Column("It would append", _effect, tooltip=_effect, foreground=_tone),
)


class MendsView(QWidget):
    """`left` when it is not wanted any more."""

    left = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._ask: Mends | None = None
        self.head = PaneHead("What would make it good", self)
        text.set_label(self.head.note, "a preview: nothing is written")
        self.head.add_tool("close", "Close (Esc)", self.left.emit)
        self.banner = Banner(self)
        self.model = RowsModel(COLUMNS, self, self._fetch)
        self.table = RowsTable(self.model, "Commands that would make it good", self)
        self.empty = EmptyState(parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.empty)
        put_in_column(self, self.head, self.banner, self._pages)

    def show_branch(self, key: StreamKey, branch: Branch) -> None:
        """Ask about the events that this branch goes without."""
        self._ask = Mends(key.category, key.id, branch.edits)
        self.model.reset()
        self.banner.clear()
        self.empty.say("Asking the domain…", icon_name="search")
        self._pages.setCurrentIndex(1)
        self._fetch()

    def _fetch(self) -> None:
        wanted = self._ask
        if wanted is None:
            return
        known = len(self.model.rows)
        ask = Mends(wanted.category, wanted.id, wanted.edits, known)

        def arrived(page: MendPage) -> None:
            if wanted is not self._ask:
                return
            self.model.fetched(page.mends, page.start + len(page.mends) < page.total)
            self._pages.setCurrentIndex(0 if page.total else 1)
            if not page.total:
                self.empty.say(
                    "The branch goes without no event",
                    "Skip an event (S) or cut the stream off (T): then it is asked what would make it good.",
                    icon_name="info",
                )
            elif not known:
                self.table.setFocus(Qt.FocusReason.OtherFocusReason)
                self.table.selectRow(0)

        def refused(error: ExplorerError) -> None:
            if wanted is self._ask:
                self.model.fetch_failed()
                if not isinstance(error, Cancelled):
                    self.banner.show_error(error)

        self._workspace.engine(ask, arrived, refused, owner=self, text="Asking what would make it good")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.left.emit()
        else:
            super().keyPressEvent(event)
