"""What comes of a branch: its state beside the stored one, as differences and as a tree, at the end or at a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QMenu, QSplitter, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from explorer.engine.asks_branches import BranchDiff, BranchState, BranchText
from explorer.engine.messages import DiffPage, DiffRow, Row, Rows
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.branch.editing import Editing
from explorer.ui.look import text, theme
from explorer.ui.pane import PaneHead, copy_text, copy_value, text_source
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.text_pages import TextWindow
from explorer.ui.parts.tree_model import PagedTreeModel
from explorer.ui.parts.value_cells import is_cut
from explorer.ui.parts.value_tree import MenuEntry, ValueTree
from explorer.ui.stream.diff_pages import DiffPages
from explorer.ui.stream.diff_table import DiffTable, row_text
from explorer.ui.workspace import Workspace


class OutcomeView(QWidget):
    """Shows the branch that `editing` has folded last. `row` None: the ends."""

    def __init__(self, workspace: Workspace, editing: Editing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._editing = workspace, editing
        self._row = -1  # of the cursor
        self._rows = DiffPages(workspace, self._failed, self)
        self.head = PaneHead("Differences", self)
        self.at_end = self._choice("End", "States after the last events of both")
        self.at_row = self._choice("This row", "States after the selected row of both")
        self._where = QButtonGroup(self)
        for button in (self.at_end, self.at_row):
            self._where.addButton(button)
            self.head.add(button)
        self.at_end.setChecked(True)
        self._where.buttonClicked.connect(lambda _button: self.refresh())
        self.model = self._rows.model
        self.model.titles = ("", "Path", "As stored", "What if")
        self.table = DiffTable(self.model, self)
        self.table.full_wanted.connect(self._open_full)
        self.table.copy_wanted.connect(lambda row: copy_text(workspace, row_text(row)))
        self.table.menu_wanted.connect(self._menu)
        self._rows.stale_changed.connect(self.table.set_stale)
        self.banner = Banner(self)
        self.empty = EmptyState("Nothing differs", icon_name="check", parent=self)
        self.tree_head = PaneHead("State of the branch", self)
        self.tree_model = PagedTreeModel(parent=self)
        self.tree = ValueTree(self.tree_model, "State of the branch", self)
        self.tree.entries = self._entries()
        self.tree.full_wanted.connect(lambda row: self._open_value(row.path))
        self.tree.copy_wanted.connect(lambda row: self._copy(row.path, "state"))
        self.tree_model.failed.connect(self._failed)
        self.tree_model.settled.connect(self._settled)
        self.nothing = EmptyState("The state is empty", "No event has put anything into it.", parent=self)
        self.splitter = QSplitter(Qt.Orientation.Vertical, self)
        self.splitter.setChildrenCollapsible(False)
        self._pages = [
            self._pane(self.head, self.banner, self.table, self.empty),
            self._pane(self.tree_head, None, self.tree, self.nothing),
        ]
        self.splitter.setSizes([500, 500])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.splitter)

    def _choice(self, words: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text.menu_text(words))
        button.setToolTip(text.tooltip(tip))
        button.setCheckable(True)
        return button

    def _pane(self, head: PaneHead, banner: Banner | None, one: QWidget, other: QWidget) -> QStackedLayout:
        pane = QWidget(self)
        column = QVBoxLayout(pane)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        if banner is not None:
            column.addWidget(banner)
        stack = QStackedLayout()
        stack.addWidget(one)
        stack.addWidget(other)
        column.addLayout(stack, 1)
        pane.setMinimumSize(theme.scaled(180), theme.scaled(72))
        self.splitter.addWidget(pane)
        return stack

    # -- what it shows ------------------------------------------------------------------------------------------------

    @property
    def row(self) -> int | None:
        return None if self.at_end.isChecked() else self._row

    def set_row(self, row: int) -> None:
        """The cursor stands in another row."""
        self._row = row
        if self.at_row.isChecked():
            self.refresh()

    def refresh(self) -> None:
        """Ask for what is to be seen now."""
        branch, key, row = self._editing.shown, self._editing.key, self.row
        if branch is None or key is None:
            return
        where = "at the end" if row is None else "at this row"
        ask = BranchDiff(key.category, key.id, row, branch.edits)

        def arrived(page: DiffPage) -> None:
            self.banner.clear()
            text.set_label(self.head.note, text.plural(page.total, "difference") if page.total else "")
            if branch.edits:
                same = f"The branch and the stream as it is stored have the same state {where}."
                self.empty.say("Nothing differs", same, icon_name="check")
            else:
                self.empty.say("Nothing has been changed yet", self._what_to_do(), icon_name="branch")
            self._pages[0].setCurrentIndex(0 if page.total else 1)

        self._rows.ask(ask, arrived)
        text.set_label(self.tree_head.heading, f"State of the branch {where}")

        def fetch(
            path: str, start: int, limit: int, then: Callable[[Rows], None], failed: Callable[[ExplorerError], None]
        ) -> None:
            state = BranchState(key.category, key.id, row, branch.edits, path, start, limit)
            self._workspace.engine(state, then, failed, owner=self, text="Reading the state")

        self.tree_model.set_source(fetch)
        self.tree_model.refresh()

    def _what_to_do(self) -> str:
        """The keys of the rows, as they are now."""
        steps = (("skip", "skips"), ("edit", "edits"), ("insert", "inserts before"), ("truncate", "cuts off after"))
        keys = self._workspace.actions.key_text
        words = [f"{keys(f'branch_{id}').split(' or ')[0]} {does}" for id, does in steps]
        up, down = (keys(f"branch_{id}").split(" or ")[0] for id in ("up", "down"))
        return f"{', '.join(words)} the selected event; {up} and {down} move it."

    def clear(self) -> None:
        """There is no branch."""
        self._rows.drop()
        self.tree_model.set_source(None)
        self.tree_model.clear()
        self.model.reset(DiffPage(0, 0, ()))

    @property
    def asking(self) -> bool:
        """What is shown is not yet what was asked for last."""
        return self._rows.asking or self.tree_model.loading

    def set_stale(self, stale: bool) -> None:
        self.table.set_stale(stale)
        self.tree.set_stale(stale)

    def _settled(self) -> None:
        self._pages[1].setCurrentIndex(0 if self.tree_model.rowCount() else 1)

    def _failed(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self.banner.show_error(error, retry=self.refresh)

    # -- values -------------------------------------------------------------------------------------------------------

    def _text(self, path: str, what: str, form: str) -> BranchText | None:
        branch, key = self._editing.shown, self._editing.key
        if branch is None or key is None:
            return None
        return BranchText(key.category, key.id, branch.edits, what, self.row, path.replace("/~-", "/"), form)

    def _open(self, ask: BranchText | None, title: str) -> None:
        if ask is not None:
            TextWindow(title, text_source(self._workspace, self, ask), self).show()

    def _open_full(self, row: DiffRow, after: bool) -> None:
        path = row.path if after or not row.origin else row.origin
        side = "what if" if after else "as stored"
        self._open(self._text(path, "state" if after else "stored", "json"), f"{row.path or '/'} {side}")

    def _open_value(self, path: str) -> None:
        self._open(self._text(path, "state", "json"), f"{path or '/'} what if")

    def _copy(self, path: str, what: str) -> None:
        ask = self._text(path, what, "exact")
        if ask is not None:
            copy_value(self._workspace, self, ask, plain=True)

    def _entries(self) -> list[MenuEntry | None]:
        def there(row: Row) -> bool:
            return row.mark != "-"

        return [
            MenuEntry("Copy value", lambda row: self._copy(row.path, "state"), "copy", when=there),
            MenuEntry("Copy path", lambda row: copy_text(self._workspace, row.path or "/")),
            None,
            MenuEntry(
                "Open in full",
                lambda row: self._open_value(row.path),
                "external",
                when=lambda row: there(row) and (is_cut(row) or row.size > 0),
            ),
        ]

    def _menu(self, row: DiffRow, where: Any) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy path").triggered.connect(lambda: copy_text(self._workspace, row.path))
        menu.addAction("Copy line").triggered.connect(lambda: copy_text(self._workspace, row_text(row)))
        if row.before:
            path = row.origin or row.path
            menu.addAction("Copy as stored").triggered.connect(lambda: self._copy(path, "stored"))
        if row.after:
            menu.addAction("Copy what if").triggered.connect(lambda: self._copy(row.path, "state"))
        menu.popup(where)
