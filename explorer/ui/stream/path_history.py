"""Who wrote a value: every event that ever set, changed or removed what a row of the state stands for."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.engine.asks_writers import PathHistory, Writings, Written
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.look import text, theme
from explorer.ui.pane import Latest, PaneHead
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.models import Column, RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.workspace import Workspace

MARKS = {"add": "+", "remove": "-", "replace": "~"}
WAIT_MS = 300  # after an event arrives, until the history is asked for again
ROOM = 460  # pixels below which when it was gives way, then the command
TIME, COMMAND = 1, 4


class PathHistoryPane(QWidget):
    """Hidden until it is asked for something. `wanted`: the ordinal of a row that somebody goes to."""

    wanted = Signal(int)
    closed = Signal()

    def __init__(self, workspace: Workspace, category: str, id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._category, self._id = workspace, category, id
        self._ask: PathHistory | None = None
        self._cursor = -1
        self.current = -1  # ordinal of the event that wrote what the cursor sees
        self.head = PaneHead("Who wrote this", self)
        self.head.add_tool("close", "Close (Esc)", self.close_it)
        self.banner = Banner(self)
        self.model = RowsModel(_columns(self), self)
        self.table = RowsTable(self.model, "Events that wrote this value", self)
        self.table.clicked.connect(lambda index: self._go(self.model.row(index)))
        self.table.opened.connect(self._go)
        self._latest = Latest(workspace, self)
        self._again = QTimer(self, interval=WAIT_MS, singleShot=True)
        self._again.timeout.connect(self._send)
        workspace.time_mode_changed.connect(lambda _mode: self.model.refresh())
        theme.signals().changed.connect(self.model.refresh)
        put_in_column(self, self.head, self.banner, self.table)
        self.setFocusProxy(self.table)
        self.hide()

    @property
    def time_mode(self) -> str:
        return self._workspace.time_mode

    def ask(self, ordinal: int, path: str, generic: bool) -> None:
        """Show who wrote what this row of the state after `ordinal` stands for."""
        self._ask = PathHistory(self._category, self._id, ordinal, path, generic=generic)
        self.model.reset()
        self.banner.clear()
        text.set_label(self.head.heading, f"Who wrote {path or 'the state'}")
        text.set_label(self.head.note, "")
        self.show()
        self._send()

    def refresh(self) -> None:
        """Events have come; soon."""
        if self.isVisible() and self._ask is not None and not self._again.isActive():
            self._again.start()

    def show_cursor(self, ordinal: int) -> None:
        """Mark the event that wrote what is shown at this ordinal."""
        before, self._cursor = self.current, ordinal
        self._find_current()
        if self.current != before:
            self.model.refresh()

    def _find_current(self) -> None:
        self.current = next((row.ordinal for row in self.model.rows if row.ordinal <= self._cursor), -1)

    def close_it(self) -> None:
        self._ask = None
        self._latest.drop()
        self.hide()
        self.closed.emit()

    def _send(self) -> None:
        if self._ask is not None:
            self._latest.ask(self._ask, self._show, self._failed)

    def _show(self, told: Writings) -> None:
        text.set_label(self.head.heading, f"Who wrote {told.track or 'the state'}")
        text.set_label(self.head.note, sentence(told))
        if list(told.rows) != self.model.rows:
            self.model.reset(told.rows)
        self._find_current()

    def _failed(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self.banner.show_error(error, retry=self._send)

    def _go(self, row: object) -> None:
        if isinstance(row, Written):
            self.wanted.emit(row.ordinal)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_it()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.table.setColumnHidden(TIME, self.width() < theme.scaled(ROOM))
        self.table.setColumnHidden(COMMAND, self.width() < theme.scaled(ROOM * 3 // 2))


def sentence(told: Writings) -> str:
    """What the rows come to."""
    if not told.rows:
        return "never written: it began with this value" if told.there else "nothing is there, and never was"
    last = f"v {text.number(told.rows[0].version)}"
    times = f"{text.number(len(told.rows))} times or more" if told.more else text.plural(len(told.rows), "time")
    return f"{times}, last by {last}" if told.there else f"{times}, removed by {last}"


def _columns(pane: PathHistoryPane) -> tuple[Column, ...]:
    def colour(row: Written) -> QColor:
        return theme.mark_colours(MARKS[row.op])[0]

    def here(row: Written) -> QColor | None:
        return QColor(theme.colours().selection) if row.ordinal == pane.current else None

    def what(row: Written) -> str:
        sign = {"add": "+ ", "remove": "− "}.get(row.op, "")
        return sign + (f"{row.before} → {row.after}" if row.op == "replace" else row.after or row.before)

    def told(row: Written) -> str:
        lines = [f"v {text.number(row.version)} {row.type}", text.when(row.time_us, full=True), what(row)]
        lines += [f"command {row.command}"] if row.command else []
        lines += [f"correlation {row.correlation}"] if row.correlation else []
        return "\n".join(lines)

    def version(row: Written) -> str:
        return f"{'▸ ' if row.ordinal == pane.current else ''}{text.number(row.version)}"

    def zone() -> str:
        return f"Time {text.clock_zone(pane.time_mode)}"

    return (
        Column("v", version, told, align="right", mono=True, background=here, width=56),
        Column(zone, lambda row: text.clock(row.time_us, pane.time_mode), told, background=here, width=130),
        Column("Event", lambda row: row.type, told, background=here, cut_left=True, width=150),
        Column("Was → became", what, told, mono=True, foreground=colour, background=here),
        Column("Command", lambda row: row.command, told, background=here, width=120),
    )
