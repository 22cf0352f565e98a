"""Read models: rows that projections make of the events, live; made anew, and compared with a fresh rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from explorer.engine.messages import CheckRows, Done, Drifted, DriftRow, Progress, ReadModelInfo, RebuildRows, TableInfo
from explorer.engine.text import value_text
from explorer.errors import Cancelled, ExplorerError, TableChanged
from explorer.model import Key, StreamKey, Table
from explorer.subscription import reached
from explorer.ui.commands.committing import why_not_writable
from explorer.ui.look import text, theme
from explorer.ui.pane import PaneHead
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.progress import ProgressCard
from explorer.ui.parts.question import Question
from explorer.ui.parts.table import RowsTable
from explorer.ui.read_models.drift_view import DriftView
from explorer.ui.read_models.row_model import Line, LinesModel, title
from explorer.ui.workspace import Workspace

if TYPE_CHECKING:
    from explorer.stores.store import Store, Subscribed

REBUILD = "Rebuild the rows from the first event…"
PAGE = 200  # rows that come at a time
MOST = 2_000  # rows in the list
PACE = 250  # milliseconds between two looks at the rows while things happen
SLOW = 1_000  # likewise with many rows
SHOW_PROGRESS = 1_000  # milliseconds after which one sees how far it is

Found = tuple[list[Line], bool, int | None]


class ReadModelsDock(QWidget):
    """The rows are read again when events come, at most four times a second, and only while they are in sight."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._chosen: tuple[ReadModelInfo, TableInfo] | None = None
        self._wanted = PAGE
        self._head: int | None = None
        self._standing: Subscribed | None = None
        self._asked: Any = None
        self._progress = (0, 0, "")
        self._missed = True
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._later = QTimer(self, singleShot=True, interval=PACE)
        self._later.timeout.connect(self.reload)
        self._reveal = QTimer(self, singleShot=True, interval=SHOW_PROGRESS)
        self._build()
        self._connect()
        self._opened()

    # -- widgets -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.head = PaneHead("", self)
        self.choice = QComboBox(self)
        self.choice.setAccessibleName("Which table")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.head.add(self.choice)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("Filter rows")
        self.filter.setAccessibleName("Filter rows")
        self.filter.setClearButtonEnabled(True)
        self.filter.setFixedWidth(theme.scaled(190))
        self.head.add(self.filter)
        self.check_button = self.head.add_tool("compare", "Check for drift: compare with a fresh rebuild", self.check)
        self.rebuild_button = self.head.add_tool(
            "refresh", "Rebuild the rows from the first event…", self.ask_to_rebuild
        )
        self.banner = Banner(self)
        self.question = Question("Rebuild", "Leave them", self)
        self.drift = DriftView(self._open_differing, self)
        self.empty = EmptyState(parent=self)
        place = QWidget(self)
        self._pages = QStackedLayout(place)
        self._pages.addWidget(self.empty)
        self.table: RowsTable | None = None
        self.model: LinesModel | None = None
        panes = QSplitter(Qt.Orientation.Horizontal, self)
        panes.setChildrenCollapsible(False)
        panes.addWidget(place)
        panes.addWidget(self.drift)
        panes.setSizes([theme.scaled(560), theme.scaled(540)])
        self.card = ProgressCard("How far the rebuild or the check is", panes)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        for widget in (self.head, self.banner, self.question):
            whole.addWidget(widget)
        whole.addWidget(panes, 1)

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.opened.connect(self._opened)
        workspace.closed.connect(self._opened)
        workspace.engine_ready.connect(self._opened)
        workspace.refresh_wanted.connect(self.reload)
        workspace.arrived.connect(lambda rows: self._news())
        workspace.subscriptions_changed.connect(self._stands)
        workspace.watch_subscriptions(self)
        self.choice.currentIndexChanged.connect(lambda index: self._choose())
        self.filter.textChanged.connect(lambda words: self._from_the_start())
        self.question.answered.connect(lambda yes: self.rebuild() if yes else None)
        self._reveal.timeout.connect(self._show_progress)
        self.card.cancelled.connect(self.cancel)

    # -- which rows --------------------------------------------------------------------------------------------------

    def _opened(self) -> None:
        self.banner.clear()
        self.question.hide()
        self.drift.hide()
        self._standing, self._head = None, None
        self.choice.blockSignals(True)
        self.choice.clear()
        if self._workspace.info is not None and self._workspace.info.layout == "own":
            for view in self._workspace.read_models:
                for table in view.tables:
                    self.choice.addItem(title(table), (view, table))
        self.choice.blockSignals(False)
        self._choose()

    def _choose(self) -> None:
        chosen = self.choice.currentData()
        self._chosen = chosen if isinstance(chosen, tuple) else None
        self.drift.hide()
        if self.table is not None:
            self._pages.removeWidget(self.table)
            self.table.deleteLater()
            self.table = self.model = None
        if self._chosen is not None:
            self.model = LinesModel(self._chosen[1], self)
            self.model.fetch = self._more
            self.table = RowsTable(self.model, f"Rows of {title(self._chosen[1])}", self)
            self.table.opened.connect(lambda line: self._open(line.key))
            self._pages.addWidget(self.table)
        self._standing_of(list(self._workspace.subscriptions.found.subscribed))
        self._from_the_start()

    def _from_the_start(self) -> None:
        self._wanted = PAGE
        if self.model is not None:
            self.model.reset()
        self.reload()

    def _more(self) -> None:
        if self._wanted < MOST:
            self._wanted += PAGE
            self.reload()

    def _news(self) -> None:
        if not self.isVisible():
            self._missed = True
        elif not self._later.isActive():
            self._later.start(PACE if self._wanted <= 2 * PAGE else SLOW)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._missed:
            self.reload()

    def reload(self) -> None:
        """Read the rows again; what is looked at stays where it is."""
        if self._chosen is None or self._workspace.info is None:
            self._say()
            return
        if not self.isVisible():
            self._missed = True
            return
        self._missed = False
        table, find, wanted = _table(self._chosen[1]), self.filter.text().strip(), self._wanted
        self._workspace.browse(
            lambda store: _lines(store, table, find, wanted),
            self._read,
            self._not_read,
            topic="rows of a read model",
            owner=self,
            text="Reading rows",
        )

    def _read(self, found: Found) -> None:
        lines, more, self._head = found
        if self.model is None or self.table is None:
            return
        top = max(0, self.table.rowAt(0))
        moved = self.model.merge(lines, more and self._wanted < MOST, top)
        if moved and not self.table.at_top():
            self.table.keep(moved)
        self.banner.clear()
        self._say()

    def _not_read(self, error: ExplorerError) -> None:
        if isinstance(error, TableChanged) and (self._standing is None or not self._standing.checkpoint):
            self._say()  # there was never one
            return
        self.banner.show_error(error, self.reload)
        self._say()

    # -- how it stands -----------------------------------------------------------------------------------------------

    def _stands(self, known: list[Subscribed]) -> None:
        before = self._standing
        self._standing_of(known)
        if before is None or self._standing is None or before.checkpoint != self._standing.checkpoint:
            self._news()
        self._say()

    def _standing_of(self, known: list[Subscribed]) -> None:
        name = self._chosen[0].subscription if self._chosen is not None else ""
        self._standing = next((one for one in known if one.name == name), None)

    def _say(self) -> None:
        """Where the rows stand, why there are none, and what can be done."""
        text.set_label(self.head.note, self._note())
        busy, why_not = self._asked is not None, why_not_writable(self._workspace.info)
        self.check_button.setEnabled(self._chosen is not None and not busy)
        self.rebuild_button.setEnabled(self._chosen is not None and not busy and not why_not)
        self.rebuild_button.setToolTip(text.tooltip(why_not or REBUILD))
        self.choice.setEnabled(self.choice.count() > 0)
        if self.model is not None and self.model.rows and self.table is not None:
            self._pages.setCurrentWidget(self.table)
            return
        self._pages.setCurrentWidget(self.empty)
        self._say_why_empty()

    def _note(self) -> str:
        if self._chosen is None or self._standing is None:
            return ""
        known, position = self._standing, reached(self._standing.checkpoint)
        said = [f"up to position {text.number(position)}" if isinstance(position, int) else "at the beginning"]
        if self._head is not None and isinstance(position, int):
            behind = max(0, self._head - position)
            said.append(f"{text.number(behind)} behind" if behind else "nothing behind")
        said.append((known.state or "running") if known.owner else f"waiting for service {self._chosen[0].service}")
        if known.parked:
            said.append(f"{text.number(known.parked)} parked")
        return " · ".join(said)

    def _say_why_empty(self) -> None:
        say, info = self.empty.say, self._workspace.info
        if info is None:
            say("No store is open.", "Rows that projections make of its events are shown here.", icon_name="table")
        elif info.layout != "own":
            say("Read models are kept in stores of our own.", "This one is only read.", icon_name="table")
        elif self._chosen is None:
            say("No domain has a read model.", "A plug-in brings them as projections.", icon_name="table")
        elif self.filter.text().strip():
            say("No row holds this text.", icon_name="table", action="Clear filter", on_action=self.filter.clear)
        elif self._standing is not None and self._standing.owner:
            say("No rows yet.", "They come with the first events.", icon_name="table")
        else:
            service = self._chosen[0].service
            can = not why_not_writable(info)
            say(
                "No rows yet.",
                f"No service {service} runs here: start it in Subscriptions, or make the rows once.",
                icon_name="table",
                action="Make them now" if can else "",
                on_action=self.rebuild if can else None,
            )

    # -- opening -----------------------------------------------------------------------------------------------------

    def _open(self, key: tuple[str, ...]) -> None:
        """The stream that the row is about: that whose id is the last part of the key."""
        if self._chosen is None:
            return
        domain = self._chosen[0].domain
        claims = [one for info in self._workspace.aggregates if info.domain == domain for one in info.categories]

        def found(stream: StreamKey | None) -> None:
            if stream is None:
                self._workspace.message.emit(f"There is no stream {key[-1]}.")
            else:
                self._workspace.stream_wanted.emit(stream.category, stream.id, None)

        self._workspace.browse(
            lambda store: next((k for c in claims if store.stream(k := StreamKey(c, key[-1])) is not None), None),
            found,
            owner=self,
        )

    def _open_differing(self, row: DriftRow) -> None:
        self._open(row.key)

    # -- rebuilding and checking ---------------------------------------------------------------------------------------

    def ask_to_rebuild(self) -> None:
        """Ask in place; nothing happens yet."""
        if self._chosen is not None:
            tables = ", ".join(title(table) for table in self._chosen[0].tables)
            self.question.ask(
                f"Rebuild {tables} from the first event? The rows of now stay until the new ones are there."
            )

    def rebuild(self) -> None:
        if self._chosen is not None:
            self.drift.hide()
            self._begin(RebuildRows(self._chosen[0].name), self._rebuilt)

    def check(self) -> None:
        """Compare the rows with a fresh rebuild."""
        if self._chosen is not None:
            self._begin(CheckRows(self._chosen[0].name), self._checked)

    def cancel(self) -> None:
        if self._asked is not None:
            self._asked.cancel()

    def _begin(self, ask: RebuildRows | CheckRows, then: Any) -> None:
        self.question.hide()
        self.banner.clear()
        self._progress = (0, 0, "Rebuilding" if isinstance(ask, RebuildRows) else "Checking")
        self._asked = self._workspace.engine(
            ask, then, self._did_not, self._part, topic="read model", owner=self, lane="scan", text=self._progress[2]
        )
        self._reveal.start()
        self._say()

    def _part(self, part: object) -> None:
        if isinstance(part, Progress):
            self._progress = (part.done, part.total or 0, part.what)
            if self.card.isVisible():
                self._show_progress()

    def _show_progress(self) -> None:
        done, total, what = self._progress
        self.card.say(what, done, total)
        self.card.show()

    def _over(self) -> None:
        self._asked = None
        self._reveal.stop()
        self.card.hide()
        self._say()

    def _rebuilt(self, done: Done) -> None:
        self._over()
        self._workspace.message.emit(done.message)
        self.banner.show_notice("info", done.message)
        self.reload()

    def _checked(self, found: Drifted) -> None:
        self._over()
        self.drift.show_drift(found)
        where = f"{text.number(found.rows)} rows up to position {text.number(found.position)}"
        if found.differing:
            said = f"{text.number(found.differing)} of {where} differ from a fresh rebuild."
            self.banner.show_notice("warning", " ".join((said, found.notice)).strip(), "Rebuild mends them.")
        else:
            self.banner.show_notice("info", f"No drift: {where} are what a fresh rebuild makes.")

    def _did_not(self, error: ExplorerError) -> None:
        self._over()
        if isinstance(error, Cancelled):
            self._workspace.message.emit("Cancelled; the rows are as they were.")
        else:
            self.banner.show_error(error)


def _table(info: TableInfo) -> Table:
    return Table(info.name, info.key, dict(info.columns))


def _lines(store: Store, table: Table, find: str, wanted: int) -> Found:
    """At most so many rows from the beginning, whether there are more, and where the store ends."""
    head = store.head()
    lines: list[Line] = []
    after: Key | None = None
    while True:
        page = store.rows(table, after, min(PAGE, wanted - len(lines)), find)
        for row in page.rows:
            key = tuple(str(row[column]) for column in table.key)
            lines.append(Line(key, (*key, *(value_text(row[column]) for column in table.columns))))
        after = page.next
        if after is None or len(lines) >= wanted:
            return lines, after is not None, head if isinstance(head, int) else None
