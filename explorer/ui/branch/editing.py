"""The branch that is looked at: what is done to it, what an engine makes of it, and the others of its stream."""

from __future__ import annotations

from msgspec import structs
from PySide6.QtCore import QObject, QTimer, Signal

from explorer.branches import AnyEdit, Branch, Skip
from explorer.engine.asks_branches import BranchPage, FoldBranch
from explorer.engine.messages import Progress
from explorer.errors import Cancelled, ExplorerError
from explorer.model import StreamKey
from explorer.ui.branch.keeping import Keeping
from explorer.ui.workspace import Arrived, Ask, Workspace

SLOW_MS = 1000  # after so long a fold is worth a progress bar with Cancel


class Editing(QObject):
    """One fold at a time; of what is wanted meanwhile only the newest. An edit that cannot be done is taken back."""

    folded = Signal(object)  # BranchPage: the rows of the branch as it is now
    listed = Signal()  # names of branches, or which of them is looked at
    failed = Signal(object)  # ExplorerError
    slow = Signal(bool)  # a fold takes more than a second, or is over
    progressed = Signal(int)  # events folded

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.keeping = Keeping(self)
        self.keeping.failed.connect(self.failed)
        self.key: StreamKey | None = None
        self.branch = Branch("", "", "")
        self.shown: Branch | None = None  # whose rows were folded last
        self.all: list[Branch] = []  # of the stream; the one that is looked at among them, as it was when it was left
        self._epoch = 0  # of the stream: answers about another one are dropped
        self._asked: Ask | None = None
        self._again = False
        self._line: int | None = None  # to be in sight after the next fold
        self._slow = QTimer(self, interval=SLOW_MS, singleShot=True)
        self._slow.timeout.connect(lambda: self.slow.emit(True))
        workspace.arrived.connect(self._on_arrived)
        workspace.refresh_wanted.connect(self.fold)

    # -- which branch -------------------------------------------------------------------------------------------------

    def show_stream(self, key: StreamKey, line: int | None, *, without: str = "") -> None:
        """The branch of this stream that was made last, or a new one. `without`: a new one of this name in which the
        event of that line did not happen."""
        info = self._workspace.info
        if info is None:
            return
        self._line = line
        if key == self.key and self.all:
            self._begin(line, without)
            return
        self._drop()
        self.key, self.all, self.shown = key, [], None
        epoch = self._epoch

        def come(found: tuple[Branch, ...]) -> None:
            if epoch == self._epoch:
                self.all = list(found)
                self._begin(line, without)

        self.keeping.read(info.identity, key, come)

    def _begin(self, line: int | None, without: str) -> None:
        if without and line is not None:
            self.new(without, (Skip(line),))
        elif self.shown is None or self.at < 0:
            if self.all:
                self.choose(len(self.all) - 1)
            else:
                self.new()
        else:
            self.fold()

    @property
    def at(self) -> int:
        """Which of `all` is looked at."""
        return next((n for n, one in enumerate(self.all) if one.name == self.branch.name), -1)

    def choose(self, at: int) -> None:
        """Look at this one of `all`."""
        if 0 <= at < len(self.all):
            self.branch = self.all[at]
            self.listed.emit()
            self.fold()

    def new(self, name: str = "", edits: tuple[AnyEdit, ...] = ()) -> None:
        """Begin another branch of the stream."""
        assert self.key is not None
        self.branch = Branch(self._free(name or "Branch 1"), self.key.category, self.key.id, edits)
        self.all.append(self.branch)
        self._keep()
        self.listed.emit()
        self.fold()

    def rename(self, name: str) -> None:
        """Another name; one that is taken gets a number."""
        name = name.strip()
        if name and name != self.branch.name and self.at >= 0:
            at = self.at
            self.branch = structs.replace(self.branch, name=self._free(name))
            self.all[at] = self.branch
            self._keep()
            self.listed.emit()

    def delete(self) -> None:
        """Forget the branch that is looked at."""
        at = self.at
        if at < 0:
            return
        del self.all[at]
        self._keep()
        if self.all:
            self.choose(min(at, len(self.all) - 1))
        else:
            self.new()

    def _free(self, name: str) -> str:
        names = {one.name for one in self.all}
        if name not in names:
            return name
        stem = name.rstrip("0123456789").rstrip()
        return next(found for n in range(2, len(names) + 3) if (found := f"{stem} {n}") not in names)

    def _keep(self) -> None:
        info = self._workspace.info
        if info is not None and self.key is not None:
            kept = tuple(one for one in self.all if one.edits or one.undone)
            self.keeping.keep(info.identity, self.key, kept)

    # -- what is done to it -------------------------------------------------------------------------------------------

    def do(self, edit: AnyEdit, line: int | None = None) -> None:
        """One edit more; the row of this line is to be in sight then."""
        self._become(self.branch.edited(edit), line)

    def undo(self) -> None:
        self._become(self.branch.undo(), None)

    def redo(self) -> None:
        self._become(self.branch.redo(), None)

    def _become(self, branch: Branch, line: int | None) -> None:
        if branch is not self.branch:
            self.branch = branch
            self._line = line
            self.fold()

    # -- folding ------------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self._asked is not None

    def fold(self) -> None:
        """Have the rows told anew."""
        if self.key is None or not self.branch.category + self.branch.id:
            return
        if self._asked is not None:
            self._again = True
            return
        branch, epoch = self.branch, self._epoch
        ask = FoldBranch(self.key.category, self.key.id, branch.edits, line=self._line)
        self._slow.start()

        def come(page: BranchPage) -> None:
            if epoch != self._epoch:
                return
            self._over()
            self.shown = branch
            self._note(branch)
            if self._again:
                self._again = False
                self.fold()
            else:
                self._line = None
                self.folded.emit(page)

        def refused(error: ExplorerError) -> None:
            if epoch != self._epoch:
                return
            self._over()
            self._again = False
            if self.branch.name != branch.name:  # another one has been chosen meanwhile
                self.fold()
                return
            if self.shown is not None and self.shown.name == branch.name and not isinstance(error, Cancelled):
                self.branch = self.shown  # the edit cannot be done
            self.failed.emit(error)

        def part(progress: Progress) -> None:
            if epoch == self._epoch:
                self.progressed.emit(progress.done)

        self._asked = self._workspace.engine(ask, come, refused, part, owner=self, text="Folding a branch")

    def cancel(self) -> None:
        if self._asked is not None:
            self._asked.cancel()

    def page(self, start: int) -> FoldBranch | None:
        """The ask for rows from `start` of what is shown."""
        if self.shown is None or self.key is None:
            return None
        return FoldBranch(self.key.category, self.key.id, self.shown.edits, start)

    def forget(self) -> None:
        """The store is being closed."""
        self._drop()
        self.key, self.all, self.shown, self.branch = None, [], None, Branch("", "", "")

    def _note(self, branch: Branch) -> None:
        """It can be folded: keep it as it is now."""
        at = self.at
        if at >= 0 and self.all[at] != branch and branch.name == self.branch.name:
            self.all[at] = branch
            self._keep()
            self.listed.emit()

    def _over(self) -> None:
        self._asked = None
        self._slow.stop()
        self.slow.emit(False)

    def _drop(self) -> None:
        self._epoch += 1
        self.cancel()
        self._over()
        self._again = False

    def _on_arrived(self, rows: list[Arrived]) -> None:
        if self.shown is not None and any(StreamKey(row.category, row.id) == self.key for row in rows):
            self.fold()
