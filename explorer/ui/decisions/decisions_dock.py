"""Which command would have been accepted after which event of the active stream, and by which rule not."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFormLayout, QLineEdit, QScrollArea, QSplitter, QStackedLayout, QWidget

from explorer import payload
from explorer.descriptions import AggregateInfo, FieldInfo
from explorer.engine.asks_decisions import DecisionRun, DecisionRuns, DecisionsMapped, MapDecisions
from explorer.errors import Cancelled, ExplorerError, Invalid
from explorer.ui.decisions.bands import CommandTable
from explorer.ui.decisions.decision_rows import CommandRow, Standing, run_columns
from explorer.ui.look import text, theme
from explorer.ui.pane import PaneHead
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.workspace import Arrived, Workspace

SETTLE = 300  # milliseconds after typing or arrivals
_PLAIN = ("text", "choice")  # kinds of fields whose value is what was typed


class DecisionsDock(QWidget):
    """Follows the active stream while it is in sight."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._stream = ("", "")
        self._dirty = True  # what is shown is not, or not yet, of this stream and these values
        self._coming: dict[str, list[DecisionRun]] = {}
        self._rows: list[CommandRow] = []
        self._shown: CommandRow | None = None  # whose runs are shown
        self._aggregate = ""  # whose fields the form has
        self.fields: dict[str, tuple[FieldInfo, QLineEdit]] = {}
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._soon = QTimer(self, interval=SETTLE, singleShot=True)
        self._soon.timeout.connect(self._ask)
        self._build()
        workspace.opened.connect(self._changed)
        workspace.closed.connect(self._changed)
        workspace.engine_ready.connect(self._changed)
        workspace.refresh_wanted.connect(self._changed)
        workspace.arrived.connect(self._arrived)
        workspace.current_stream_changed.connect(self._stream_changed)
        theme.signals().changed.connect(self.table.commands.refresh)
        self._changed()

    def _build(self) -> None:
        self.head = PaneHead("", self)
        self.banner = Banner(self)
        self._form = QWidget(self)
        self._form.setObjectName("panel")
        self._lines = QFormLayout(self._form)
        self._lines.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        self._lines.setVerticalSpacing(theme.S)
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._form)
        self.table = CommandTable(self)
        self.runs = RowsModel(run_columns(), self)
        self.run_table = RowsTable(self.runs, "Verdicts on the selected command", self)
        self._panes = QSplitter(Qt.Orientation.Horizontal, self)
        self._panes.setChildrenCollapsible(False)
        for part in (self._scroll, self.table, self.run_table):
            self._panes.addWidget(part)
        self._panes.setSizes([theme.scaled(150), theme.scaled(560), theme.scaled(410)])
        self.empty = EmptyState(icon_name="branch", parent=self)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self._panes)
        self._pages.addWidget(self.empty)
        put_in_column(self, self.head, self.banner, pages)
        self.setFocusProxy(self.table)
        self.table.selectionModel().selectionChanged.connect(lambda: self._show_runs())
        self.table.version_wanted.connect(self._go)
        self.table.opened.connect(lambda row: self._go(row.here.first) if row.here else None)
        self.run_table.opened.connect(lambda run: self._go(run.first))

    # -- which stream ------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        self._stream = self._workspace.current_stream[:2]
        self.table.version = self._workspace.current_stream[2]
        self._rows = []
        self._dirty = True
        self._show()
        self._ask_if_seen()

    def _stream_changed(self, category: str, id: str, version: int) -> None:
        another = (category, id) != self._stream
        self.table.version = version
        if another:
            self._changed()
        else:
            self._place()

    def _arrived(self, rows: list[Arrived]) -> None:
        if any((row.category, row.id) == self._stream for row in rows):
            self._dirty = True
            self._ask_if_seen()

    def _ask_if_seen(self) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._dirty:
            self._ask()

    # -- the form ----------------------------------------------------------------------------------------------------

    def _info(self) -> AggregateInfo | None:
        category = self._stream[0]
        return next((one for one in self._workspace.aggregates if category in one.categories), None)

    def _fill_form(self, info: AggregateInfo) -> None:
        """A line for every name of a field; values that are there stay."""
        if info.name == self._aggregate:
            return
        self._aggregate = info.name
        while self._lines.rowCount():
            self._lines.removeRow(0)
        self.fields = {}
        for command in info.commands:
            for one in command.fields:
                if one.name in self.fields:
                    continue
                line = QLineEdit(self._form)
                line.setPlaceholderText("?")
                line.setFont(theme.mono_font())
                line.setAccessibleName(text.shown(f"{one.name}, of the commands"))
                kind = f"one of {', '.join(one.choices)}" if one.choices else one.kind
                line.setToolTip(text.tooltip(f"{one.help or one.name} ({kind}). Empty: not known."))
                line.textChanged.connect(lambda _words: self._typed())
                label = text.plain_label(one.name, self._form)
                label.setObjectName("muted")
                self._lines.addRow(label, line)
                self.fields[one.name] = (one, line)

    def _typed(self) -> None:
        self._dirty = True
        self._soon.start()

    def _values(self) -> dict[str, str]:
        """Field → JSON text, of those that somebody filled in."""
        values: dict[str, str] = {}
        for name, (field, line) in self.fields.items():
            words = line.text()
            if not words.strip():
                continue
            values[name] = words
            if field.kind in _PLAIN or not _is_json(words):
                values[name] = payload.encode_plain(words).decode()
        return values

    # -- asking ------------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        info = self._info()
        if not self._workspace.is_open or not self._stream[0] or info is None or not info.commands:
            self._rows = []
            self._show()
            return
        if not self.isVisible():
            return
        self._fill_form(info)
        self._dirty = False
        self._coming = {}
        self._workspace.engine(
            MapDecisions(*self._stream, self._values()), self._mapped, self._failed, self._part, topic="decisions",
            owner=self, text="Deciding every command at every version",
        )  # fmt: skip

    def _part(self, part: object) -> None:
        if isinstance(part, DecisionRuns):
            self._coming.setdefault(part.command, []).extend(part.runs)

    def _mapped(self, done: DecisionsMapped) -> None:
        self.banner.clear()
        self._rows = [CommandRow(name, tuple(runs)) for name, runs in self._coming.items()]
        self._coming = {}
        self.table.last = done.version
        self._show()
        if done.incomplete:
            self.banner.show_notice("warning", done.incomplete)

    def _failed(self, error: ExplorerError) -> None:
        self._dirty = True
        if isinstance(error, Cancelled):
            return
        if isinstance(error, Invalid) and self._rows:  # a value: what was known stays in sight
            self.banner.show_error(error)
            return
        self._rows = []
        self._show()
        self.empty.say(str(error), error.hint, icon_name="warning", action="Try again", on_action=self._ask)

    # -- what is shown -----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        self._place()
        self._pages.setCurrentWidget(self._panes if self._rows else self.empty)
        name = " ".join(self._stream) if self._rows else ""
        text.set_label(self.head.note, name)
        if self._rows:
            return
        self.banner.clear()
        info = self._info()
        if not self._workspace.is_open or not self._stream[0]:
            self.empty.say(
                "No stream is open.", "Open one to see which of its commands would have been accepted when.",
                icon_name="branch",
            )  # fmt: skip
        elif info is None and self._workspace.aggregates:
            self.empty.say(f"No domain claims {self._stream[0]}.", "Without rules there is nothing to decide.")
        elif info is not None and not info.commands:
            self.empty.say(f"{info.name} takes no commands.", "There is nothing to decide.")
        else:
            self.empty.say("Deciding …", "Every command, after every event.", icon_name="branch")

    def _place(self) -> None:
        """The version one is looking at is another."""
        chosen = self.table.selectionModel().selectedRows()
        row = chosen[0].row() if chosen else 0
        standing = [Standing(one, one.at(self.table.version)) for one in self._rows]
        if [one.command for one in self.table.commands.rows] == self._rows:
            for number, one in enumerate(standing):
                self.table.commands.replace(number, one)
        else:
            self.table.commands.reset(standing)
            if self._rows:
                self.table.selectRow(min(row, len(self._rows) - 1))
        self._show_runs()

    def _show_runs(self) -> None:
        chosen = self.table.selectionModel().selectedRows()
        standing = self.table.commands.row(chosen[0]) if chosen else None
        command = standing.command if isinstance(standing, Standing) else None
        if command is not self._shown:
            self._shown = command
            self.runs.reset(command.runs if command is not None else ())
        if command is not None:
            self.run_table.selectRow(command.place(self.table.version))

    def _go(self, version: int) -> None:
        """To the event; before the first there is none."""
        self._workspace.stream_wanted.emit(*self._stream, max(1, version))


def _is_json(words: str) -> bool:
    return payload.decode(words.encode()).problem is None
