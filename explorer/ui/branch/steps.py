"""What can be done to the event under the cursor of a branch, by keys and from its menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from explorer.branches import Edit, Insert, Move, Restore, Skip, Truncate
from explorer.engine.asks_branches import BranchRow, BranchText
from explorer.engine.messages import TextPage
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.branch.editing import Editing
from explorer.ui.branch.event_editor import too_large
from explorer.ui.branch.lockstep_table import LockstepTable
from explorer.ui.look import text
from explorer.ui.look.icons import icon
from explorer.ui.pane import text_source
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.json_editor import laid_out
from explorer.ui.workspace import Workspace


class Step(NamedTuple):
    """An action of the window, as the menu of a row names it."""

    id: str
    title: str
    icon: str
    run: Callable[[], None]


class Written(NamedTuple):
    """An event that is being written: in place of this line, or put in before it (None: at the end)."""

    line: int | None
    inserted: bool
    applied: bool = False


class Steps:
    """`open_editor(heading, type, payload, problem)` has an event written; it comes back by `apply`."""

    def __init__(
        self,
        workspace: Workspace,
        editing: Editing,
        table: LockstepTable,
        banner: Banner,
        open_editor: Callable[[str, str, str, str], None],
        owner: QWidget,
    ) -> None:
        self._workspace, self._editing, self._table, self._banner = workspace, editing, table, banner
        self._model, self._open_editor, self._owner = table.lockstep, open_editor, owner
        self.written: Written | None = None
        self.all = (
            Step("branch_skip", "This had not happened", "minus", self.skip),
            Step("branch_edit", "Edit…", "edit", self.edit),
            Step("branch_insert", "Insert an event before it…", "plus", self.insert),
            Step("branch_up", "Move up", "up", partial(self.move, -1)),
            Step("branch_down", "Move down", "down", partial(self.move, 1)),
            Step("branch_truncate", "Nothing after this", "last", self.truncate),
            Step("branch_restore", "As it is stored", "history", self.restore),
        )

    def row(self) -> BranchRow | None:
        """What stands under the cursor."""
        return self._model.row(self._table.at) if self._table.at >= 0 else None

    def _there(self) -> BranchRow | None:
        """The row under the cursor, if the branch has its event."""
        row = self.row()
        if row is not None and not row.branch_version:
            self._workspace.message.emit(f"This event was {row.how or 'taken out'}: R puts it back.")
            return None
        return row

    def skip(self) -> None:
        """The event under the cursor did not happen."""
        if (row := self._there()) is not None:
            below = self._model.neighbour(self._table.at, 1) if row.line < 0 else row
            self._editing.do(Skip(row.line), below.line if below is not None else None)

    def restore(self) -> None:
        """The event under the cursor happened, as it is stored."""
        row = self.row()
        if row is not None and row.line < 0:
            self._workspace.message.emit("This event is in the branch alone: S takes it out.")
        elif row is not None and row.how:
            self._editing.do(Restore(row.line), row.line)

    def truncate(self) -> None:
        """Nothing happened after the event under the cursor."""
        if (row := self._there()) is not None:
            self._editing.do(Truncate(row.line), row.line)

    def move(self, by: int) -> None:
        """The event under the cursor happened before the one above it (by -1), or after the one below it (1)."""
        row = self._there()
        if row is None or self._model.neighbour(self._table.at, by) is None:
            return
        before = self._model.neighbour(self._table.at, by, count=1 if by < 0 else 2)
        self._editing.do(Move(row.line, before.line if before is not None else None), row.line)

    # -- writing events -----------------------------------------------------------------------------------------------

    def edit(self) -> None:
        """Write the event under the cursor anew."""
        row, at = self._there(), self._table.at
        shown, key = self._editing.shown, self._editing.key
        if row is None or shown is None or key is None:
            return

        def fetch(what: str, then: Callable[[str, str], None]) -> None:
            ask = BranchText(key.category, key.id, shown.edits, what, at)
            source = text_source(self._workspace, self._owner, ask)
            pieces: list[str] = []

            def come(page: TextPage) -> None:
                pieces.extend(page.lines)
                if shown is not self._editing.shown:
                    return
                if why := too_large(page.size):
                    self._banner.show_notice("warning", why)
                elif page.lines and len(pieces) < page.total:
                    source(len(pieces), come, self._failed)
                else:
                    then("".join(pieces), page.problem)

            source(0, come, self._failed)

        def write(kind: str, data: str, problem: str) -> None:
            self.written = Written(row.line, False)
            heading = f"Edit v {text.number(row.branch_version)} in the branch"
            self._open_editor(heading, kind, laid_out(data), problem or row.error)

        fetch("type", lambda kind, _: fetch("data", partial(write, kind)))

    def insert(self) -> None:
        """Another event happened before the one under the cursor."""
        if (row := self._there()) is not None:
            self.written = Written(row.line, True)
            self._open_editor(f"Insert an event before v {text.number(row.branch_version)}", "", "{}", "")

    def append(self) -> None:
        """Another event happened at the end."""
        self.written = Written(None, True)
        self._open_editor("Insert an event at the end", "", "{}", "")

    def apply(self, kind: str, data: str) -> None:
        """The event has been written."""
        written = self.written
        if written is None:
            return
        if written.inserted:
            # Lines that are put in are numbered -1, -2 … in their order.
            made = -1 - sum(isinstance(edit, Insert) for edit in self._editing.branch.edits)
            self._editing.do(Insert(written.line, kind, data), made)
            self.written = Written(made, False, True)
        elif written.line is not None:
            self._editing.do(Edit(written.line, kind, data), written.line)
            self.written = written._replace(applied=True)

    def outcome(self) -> str | None:
        """Why the reducer refuses the event that has been written, "" where it does not; None where none has been."""
        if self.written is None or not self.written.applied or self.written.line is None:
            return None
        at = self._model.row_of(self.written.line)
        row = self._model.row(at) if at is not None else None
        return row.error if row is not None else ""

    def _failed(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self._banner.show_error(error)

    # -- menu ---------------------------------------------------------------------------------------------------------

    def show_menu(self, number: int, where: QPoint) -> None:
        """Of this row, which the cursor goes to."""
        self._table.setCurrentIndex(self._model.index(number, 0))
        row, key = self.row(), self._editing.key
        if row is None or key is None:
            return
        menu = QMenu(self._owner)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for step in self.all:
            keys = self._workspace.actions.key_text(step.id).split(" or ")[0]
            action = menu.addAction(icon(step.icon), f"{text.menu_text(step.title)}\t{text.menu_text(keys)}", step.run)
            if step.id == "branch_restore":
                action.setEnabled(bool(row.how) and row.line >= 0)
            else:
                action.setEnabled(bool(row.branch_version))
            if step.id == "branch_insert":
                menu.addAction("Insert an event at the end…", self.append)
        if row.version:
            menu.addSeparator()
            menu.addAction(
                icon("stream"),
                "Open the stream at this version",
                lambda: self._workspace.stream_wanted.emit(key.category, key.id, row.version),
            )
        menu.popup(where)
