"""Differences fetched page by page, of the newest of what was wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import structs
from PySide6.QtCore import QObject

from explorer.engine.asks_branches import BranchDiff
from explorer.engine.asks_comparing import AlignedDiff
from explorer.engine.messages import Diff, DiffPage
from explorer.errors import ExplorerError
from explorer.ui.pane import Latest
from explorer.ui.stream.diff_table import DiffModel
from explorer.ui.workspace import Workspace

AskOfDiff: TypeAlias = Diff | AlignedDiff | BranchDiff


class DiffPages(QObject):
    """A model of differences and what is asked for them. `failed` hears of what goes wrong."""

    def __init__(
        self,
        workspace: Workspace,
        failed: Callable[[ExplorerError], None],
        parent: QObject,
        lane: str = "interactive",
    ) -> None:
        super().__init__(parent)
        self._workspace, self._failed, self._lane = workspace, failed, lane
        self._latest = Latest(workspace, self, lane)
        self.stale_changed = self._latest.stale_changed
        self.shown: AskOfDiff | None = None  # what the rows are the answer to
        self.model = DiffModel(self._more, self)

    @property
    def asking(self) -> bool:
        """What is shown is not yet what was asked for last."""
        return self._latest.running

    def ask(self, message: AskOfDiff, then: Callable[[DiffPage], None]) -> None:
        """Show what this asks for; `then` is called when the first page is there."""

        def arrived(page: DiffPage) -> None:
            self.shown = message
            self.model.reset(page)
            then(page)

        self._latest.ask(message, arrived, self._failed)

    def drop(self) -> None:
        """Nothing is wanted any more; the rows stay."""
        self._latest.drop()
        self.shown = None

    def _more(self, start: int) -> None:
        shown = self.shown
        if shown is None:
            self.model.fetch_failed()
            return

        def arrived(page: DiffPage) -> None:
            if shown == self.shown:
                self.model.append(page)

        def refused(error: ExplorerError) -> None:
            self.model.fetch_failed()
            self._failed(error)

        more = structs.replace(shown, start=start)
        self._workspace.engine(more, arrived, refused, owner=self, lane=self._lane)
