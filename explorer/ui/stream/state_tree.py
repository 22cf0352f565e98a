"""The state after one event, as a tree in which what the event changed is marked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from explorer.engine import messages
from explorer.engine.asks_writers import NextWriting, WritingFound
from explorer.engine.messages import Row, Rows
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.look import text, theme
from explorer.ui.pane import STALE_MS, PaneHead, copy_text, copy_value, text_source
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.find_bar import FindBar
from explorer.ui.parts.text_pages import TextWindow
from explorer.ui.parts.tree_model import PagedTreeModel
from explorer.ui.parts.tree_nodes import Role
from explorer.ui.parts.value_cells import is_cut
from explorer.ui.parts.value_tree import MenuEntry, ValueTree
from explorer.ui.recipes import event_sql, state_command
from explorer.ui.stream.path_history import PathHistoryPane
from explorer.ui.workspace import Workspace

ROOM = 260  # pixels from which the history of a path stands below the state


class StateTree(QWidget):
    """The pane. `show_step` says which state; quick steps never queue up, the tree asks for the newest only."""

    step_wanted = Signal(int)  # ordinal of an event that wrote the selected value

    def __init__(self, workspace: Workspace, category: str, id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._category, self._id = workspace, category, id
        self._ordinal = -1
        self._version = 0
        self._generic = False
        self._followed: tuple[int, str] | None = None  # ordinal and path of the row whose changes are gone through
        self._jumping = False  # there from another change of it
        self._missing: str | None = None  # the path that is selected because that row is not there
        self.head = PaneHead("State", self)
        self.model = PagedTreeModel(parent=self)
        self.tree = ValueTree(self.model, "State", self)
        self.tree.entries = self._entries()
        self.tree.full_wanted.connect(self._open_full)
        self.tree.copy_wanted.connect(self._copy_value)
        self.tree.writers_wanted.connect(self.show_writers)
        self.tree.show_writers()
        self.history = PathHistoryPane(workspace, category, id, self)
        self.history.wanted.connect(self.step_wanted)
        self.history.closed.connect(self._history_closed)
        self.banner = Banner(self)
        self.empty = EmptyState(parent=self)
        self.finder = FindBar(self.tree.find_text, self)
        self.finder.closed.connect(self.tree.setFocus)
        self._stale = QTimer(self, interval=STALE_MS, singleShot=True)
        self._stale.timeout.connect(lambda: self.tree.set_stale(True))
        self.model.pending_changed.connect(self._pending)
        self.model.settled.connect(self._settled)
        self.model.failed.connect(self._failed)

        self._body = QWidget(self)
        self._stack = QStackedLayout(self._body)
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self.empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.head)
        whole.addWidget(self.banner)
        whole.addWidget(self._body, 3)
        whole.addWidget(self.finder)
        whole.addWidget(self.history, 2)
        workspace.actions.bind("blame", self.show_writers, self, self._some)
        workspace.actions.bind("previous_change", lambda: self._jump(backwards=True), self, self._selected_or_followed)
        workspace.actions.bind("next_change", lambda: self._jump(backwards=False), self, self._selected_or_followed)
        workspace.actions.bind("find", self.finder.ask, self)
        workspace.actions.bind("find_next", lambda: self.finder.again(1), self)
        workspace.actions.bind("find_previous", lambda: self.finder.again(-1), self)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def show_step(self, ordinal: int, version: int, *, generic: bool = False) -> None:
        """The state after this ordinal, marked against the one before it."""
        self._ordinal, self._version, self._generic = ordinal, version, generic
        self.model.set_source(self._source(ordinal, generic))
        self.model.refresh()
        self.history.show_cursor(ordinal)

    def show_nothing(self, sentence: str, hint: str = "") -> None:
        """There is no state to show."""
        self.model.set_source(None)
        self.model.clear()
        text.set_label(self.head.heading, "State")
        self.empty.say(sentence, hint, icon_name="info")
        self._stack.setCurrentIndex(1)

    def set_stale(self, stale: bool) -> None:
        """What is shown is not what the cursor stands at, and cannot be had at once."""
        self._stale.stop()
        self.tree.set_stale(stale)

    def _source(self, ordinal: int, generic: bool) -> Callable[..., None]:
        def fetch(
            path: str, start: int, limit: int, then: Callable[[Rows], None], failed: Callable[[ExplorerError], None]
        ) -> None:
            ask = messages.StateRows(
                self._category,
                self._id,
                ordinal,
                path,
                start,
                limit,
                against=ordinal - 1,
                generic=generic,
                writers=True,
            )
            self._workspace.engine(ask, then, failed, owner=self, text="Reading the state")

        return fetch

    def _pending(self, pending: bool) -> None:
        if pending and not self._stale.isActive() and not self.tree.stale:
            self._stale.start()
        elif not pending:
            self._stale.stop()
            self.tree.set_stale(False)

    def _settled(self) -> None:
        self.banner.clear()
        self.tree.show_version(self._version)
        text.set_label(self.head.heading, f"State at v {text.number(self._version)}")
        if self.model.rowCount():
            self._stack.setCurrentIndex(0)
            if self._jumping:
                self._select_followed()
        else:
            self.empty.say("The state is empty", self.model.problem or "No event has put anything into it yet.")
            self._stack.setCurrentIndex(1)

    def _failed(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self.banner.show_error(error, retry=self.model.refresh)

    # -- who wrote it -----------------------------------------------------------------------------------------------

    def _selected(self) -> Row | None:
        index = self.tree.currentIndex()
        row: Row | None = index.data(Role.ROW) if index.isValid() else None
        return row

    def _some(self) -> bool:
        return self._selected() is not None

    def _selected_or_followed(self) -> bool:
        return self._some() or self._followed is not None

    def show_writers(self, row: Row | None = None) -> None:
        """All events that ever wrote what this row, or the selected one, stands for."""
        row = row or self._selected()
        if row is not None:
            self.history.ask(self._ordinal, row.path, self._generic)
            self.history.show_cursor(self._ordinal)
            self._share_room()

    def _history_closed(self) -> None:
        self._share_room()
        self.tree.setFocus()

    def _share_room(self) -> None:
        """Where there is no room for both, the history stands in the place of the state."""
        beside = self.history.isHidden() or self.height() >= theme.scaled(ROOM)
        if self._body.isHidden() == beside:
            self._body.setVisible(beside)
            (self.tree if beside else self.history).setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _jump(self, *, backwards: bool) -> None:
        """To the nearest event that wrote the selected value."""
        row = self._selected()
        if self._missing is not None and row is not None and row.path != self._missing:
            self._missing = None  # somebody has selected another one
        if self._missing is None and row is not None and (self._followed is None or self._followed[1] != row.path):
            self._followed = self._ordinal, row.path
        if self._followed is None:
            return
        ask = NextWriting(self._category, self._id, *self._followed, self._ordinal, backwards, self._generic)
        self._workspace.engine(ask, self._jumped, self._failed, owner=self, text="Looking for the next change")

    def _select_followed(self) -> None:
        """The row whose changes are gone through may have come to be another one (a list that was empty, say), or be
        missing; then that which is selected instead is not meant."""
        self._jumping = False
        path = self._followed[1] if self._followed is not None else None
        node = next((one for one in self.model.walk() if one.row is not None and one.row.path == path), None)
        if node is not None:
            self.tree.setCurrentIndex(self.model.index_of(node))
        row = self._selected()
        self._missing = (row.path if row is not None else "") if node is None else None

    def _jumped(self, found: WritingFound) -> None:
        if found.ordinal is None:
            self._workspace.message.emit("No other event that way wrote the selected value.")
        else:
            self._jumping = True
            self.step_wanted.emit(found.ordinal)

    # -- menu -------------------------------------------------------------------------------------------------------

    def _entries(self) -> list[MenuEntry | None]:
        return [
            MenuEntry("Who wrote this", self.show_writers, "history"),
            None,
            MenuEntry("Copy value", self._copy_value, "copy"),
            MenuEntry("Copy path", lambda row: copy_text(self._workspace, row.path or "/")),
            MenuEntry("Copy as JSON", lambda row: self._copy(row, plain=False)),
            MenuEntry("Copy as SQL", self._copy_sql, when=lambda _row: self._event_sql() != ""),
            MenuEntry("Copy as command line", self._copy_command),
            None,
            MenuEntry("Open in full", self._open_full, "external", when=lambda row: is_cut(row) or row.size > 0),
        ]

    def _place(self, row: Row) -> tuple[int, str]:
        """Ordinal and path at which the row's value stands: what is removed stands in the state before."""
        if row.mark == "-":
            return self._ordinal - 1, row.path.replace("/~-", "/")
        return self._ordinal, row.path

    def _ask(self, row: Row, form: str) -> messages.Text:
        ordinal, path = self._place(row)
        return messages.Text(self._category, self._id, ordinal, "state", form, path, generic=self._generic)

    def _open_full(self, row: Row) -> None:
        source = text_source(self._workspace, self, self._ask(row, "json"))
        TextWindow(f"{row.path or '/'} · {self._id} v{self._version}", source, self).show()

    def _copy(self, row: Row, *, plain: bool) -> None:
        copy_value(self._workspace, self, self._ask(row, "exact"), plain=plain)

    def _copy_value(self, row: Row) -> None:
        if row.kind in ("number", "boolean", "null") and not is_cut(row):
            copy_text(self._workspace, row.text)
        else:
            self._copy(row, plain=True)

    def _event_sql(self) -> str:
        return event_sql(self._workspace, self._category, self._id, self._version)

    def _copy_sql(self, _row: Row) -> None:
        copy_text(self._workspace, self._event_sql())

    def _copy_command(self, _row: Row) -> None:
        copy_text(self._workspace, state_command(self._workspace, self._category, self._id, self._version))
