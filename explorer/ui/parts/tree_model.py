"""A tree of values fetched in pages: states and payloads of any size, without ever holding more than was looked at.

The model asks its source for members of a container as rows (`messages.Row`). `refresh()` asks again for all that is
on show and puts the answers in at once, so that expansion, selection and scroll position outlive a step in time and no
half-changed tree is ever painted. While answers are under way only the newest wish to refresh is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QModelIndex, QObject, Signal

from explorer.engine.messages import ROWS, Row, Rows
from explorer.errors import ExplorerError
from explorer.ui.parts.tree_nodes import NO_IDENTITY, Index, Node, TreeOfValues

Source = Callable[[str, int, int, Callable[[Rows], None], Callable[[ExplorerError], None]], None]
"""(path, start, limit, then, failed): fetch one page of members; calls exactly one of both, now or later."""


class PagedTreeModel(TreeOfValues):
    """Columns: mark, key, value. See the module's docstring."""

    about_to_change = Signal()  # the answers of a refresh are going to be put in
    settled = Signal()  # they have been
    pending_changed = Signal(bool)  # a refresh is under way, or no longer
    problem_changed = Signal(str)  # why there is nothing better to show; "" when all is well
    failed = Signal(object)  # ExplorerError

    def __init__(self, source: Source | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._epoch = 0
        self._waiting = 0  # answers of the running refresh that have not come
        self._again = False
        self._pages: dict[tuple[int, int], Rows] = {}  # (node number, start) → page, of the running refresh
        self._failure: ExplorerError | None = None
        self.problem = ""
        # A view says what is on show: which containers are open, and the lowest line that can be seen.
        self.is_expanded: Callable[[QModelIndex], bool] | None = None
        self.lowest_visible: Callable[[], QModelIndex] = QModelIndex

    # -- fetching -----------------------------------------------------------------------------------------------------

    def canFetchMore(self, parent: Index) -> bool:
        node = self._node(parent)
        return self._source is not None and node.container and node.children is None and not node.fetching

    def fetchMore(self, parent: Index) -> None:
        node = self._node(parent)
        if self.canFetchMore(parent):
            self._fetch(node, 0)

    def set_source(self, source: Source | None) -> None:
        """From now on rows come from here; what is on show stays until the next `refresh`."""
        self._source = source

    def clear(self) -> None:
        """Forget everything, and answers that are still to come."""
        self.beginResetModel()
        self._epoch += 1
        self._waiting, self._again = 0, False
        self._pages.clear()
        self._nodes.clear()
        self._root = self._make(None, None, NO_IDENTITY)
        self.endResetModel()
        self._set_problem("")
        self.pending_changed.emit(False)

    def load_more(self, index: Index) -> None:
        """Fetch the next page in place of the line "… n more"."""
        node = self._node(index)
        if node.more and node.parent is not None and not node.parent.fetching:
            self._fetch(node.parent, len(node.parent.members))

    def _fetch(self, node: Node, start: int) -> None:
        if self._source is None:
            return
        node.fetching = True
        epoch, number = self._epoch, node.number

        def arrived(rows: Rows) -> None:
            if epoch != self._epoch or number not in self._nodes:
                return  # a refresh or another source came between; that brings what is on show
            node.fetching = False
            if node.parent is None:
                self._set_problem(rows.problem)
            known = node.members
            if rows.start == len(known):
                self._merge(node, [child.row for child in known if child.row is not None] + list(rows.rows), rows.total)

        def refused(error: ExplorerError) -> None:
            if epoch == self._epoch:
                node.fetching = False
                self.failed.emit(error)

        self._source(node.path, start, ROWS, arrived, refused)

    @property
    def pending(self) -> bool:
        return self._waiting > 0

    @property
    def loading(self) -> bool:
        """A refresh or the members of some container are under way."""
        return self.pending or any(node.fetching for node in self._nodes.values())

    def refresh(self) -> None:
        """Ask again for all that is on show; what is collapsed is forgotten and fetched when it is opened again."""
        if self._source is None:
            return
        if self._waiting:
            self._again = True
            return
        self._epoch += 1
        self._again = False
        self._pages.clear()
        self._failure = None
        wanted = list(self._on_show(self._root, self._ends()))
        self._waiting = len(wanted)
        self.pending_changed.emit(True)
        for node, start in wanted:
            self._ask_page(node, start)

    def _ends(self) -> dict[int, int]:
        """For the containers that reach below what can be seen: how many of their members can be."""
        ends: dict[int, int] = {}
        lowest = self.lowest_visible()
        if lowest.isValid():
            node = self._node(lowest)
            while node.parent is not None:
                ends[node.parent.number] = node.position + 1
                node = node.parent
        return ends

    def _on_show(self, node: Node, ends: dict[int, int]) -> Iterator[tuple[Node, int]]:
        node.fetching = False
        end = min(len(node.members), ends.get(node.number, len(node.members)))
        for start in range(0, max(end, 1), ROWS):
            yield node, start
        for child in node.members:
            child.fetching = False
            if child.container and self._is_open(child):
                yield from self._on_show(child, ends)

    def _is_open(self, node: Node) -> bool:
        if self.is_expanded is None:
            return node.children is not None
        return self.is_expanded(self.index_of(node))

    def _ask_page(self, node: Node, start: int) -> None:
        epoch = self._epoch
        assert self._source is not None

        def arrived(rows: Rows) -> None:
            if epoch == self._epoch:
                self._pages[node.number, start] = rows
                self._answered()

        def refused(error: ExplorerError) -> None:
            if epoch == self._epoch:
                # A container that is gone in this state is no failure: its parent's rows say so.
                if node.parent is None:
                    self._failure = error
                self._answered()

        self._source(node.path, start, ROWS, arrived, refused)

    def _answered(self) -> None:
        self._waiting -= 1
        if self._waiting:
            return
        if self._failure is None:
            self.about_to_change.emit()
            self._apply(self._root)
        self._pages.clear()
        if self._failure is not None:
            self.failed.emit(self._failure)
        if self._again:
            self.refresh()
            return
        self.pending_changed.emit(False)
        self.settled.emit()

    def _apply(self, node: Node) -> None:
        """Put the answers of a refresh in, from the root down."""
        rows: list[Row] = []
        total = 0
        start = 0
        while (page := self._pages.get((node.number, start))) is not None:
            if start == 0 and node.parent is None:
                self._set_problem(page.problem)
            rows += page.rows
            total = page.total
            if len(page.rows) < ROWS:
                break
            start += ROWS
        if start == 0 and (node.number, 0) not in self._pages:
            self._drop_children(node)
            return
        self._merge(node, rows, total)
        for child in node.members:
            if (child.number, 0) in self._pages and child.container:
                self._apply(child)
            elif child.children is not None:
                self._drop_children(child)

    def _drop_children(self, node: Node) -> None:
        if node.children:
            self.beginRemoveRows(self.index_of(node), 0, len(node.children) - 1)
            for child in node.children:
                self._forget(child)
            node.children = None
            self.endRemoveRows()
        node.children = None
        node.total = 0

    def _set_problem(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self.problem_changed.emit(problem)
