"""Export a branch as a pytest file. A file that is there is written over only when that was asked and answered."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from explorer.engine.asks_branches import BranchText
from explorer.engine.messages import TextPage
from explorer.errors import Cancelled, ExplorerError, Invalid
from explorer.ui.asking.worker import Delivery, in_thread
from explorer.ui.branch.editing import Editing
from explorer.ui.look import text
from explorer.ui.look.icons import icon
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.question import Question
from explorer.ui.workspace import Workspace

WAYS = {
    "test": ("The branch ends as it does here…", "Given the events of the branch. It passes as long as that is so."),
    "mend": (
        "The stored events should end as the branch does…",
        "Given the events as they are stored. It fails until the reducer makes of them what the branch ends with.",
    ),
}


class ExportButton(QToolButton):
    """Failures are said in the banner, what is in the way by the question."""

    saved = Signal(str)  # path

    def __init__(
        self, workspace: Workspace, editing: Editing, banner: Banner, question: Question, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._workspace, self._editing, self._banner, self._question = workspace, editing, banner, question
        self._delivery = Delivery(self)
        self._in_the_way: tuple[str, str] | None = None  # path and what is to be written there
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for what, (title, tip) in WAYS.items():
            action = menu.addAction(title, partial(self.ask, what))
            action.setToolTip(text.tooltip(tip))
        self.setText("Export as test ▾")
        self.setIcon(icon("external"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setAccessibleName("Export as test")
        self.setToolTip("Write a pytest file: given these events, then that is so")
        self.setMenu(menu)
        question.answered.connect(self._answered)

    def ask(self, what: str) -> None:
        """Ask for a file; `what` is one of WAYS."""
        key = self._editing.key
        if key is None:
            return
        name = re.sub(r"\W+", "_", f"test_{key.category}_{key.id}", flags=re.ASCII).strip("_").lower()
        dialog = QFileDialog(self, "Export as test", "", "Python files (*.py)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # asked when it is there: see `_write`
        dialog.setDefaultSuffix("py")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.selectFile(f"{name[:80]}.py")
        dialog.fileSelected.connect(lambda path: self.save_to(path, what))
        dialog.open()

    def save_to(self, path: str, what: str) -> None:
        """Write it there."""
        branch, key = self._editing.shown, self._editing.key
        if branch is None or key is None:
            return
        files = tuple(str(Path(file).resolve()) for file in self._workspace.plugins)
        pieces: list[str] = []

        def fetch() -> None:
            ask = BranchText(key.category, key.id, branch.edits, what, plugins=files, start=len(pieces))
            self._workspace.engine(ask, arrived, self._failed, owner=self, text="Writing a test")

        def arrived(page: TextPage) -> None:
            pieces.extend(page.lines)
            if page.lines and len(pieces) < page.total:
                fetch()
            else:
                self._write(path, "".join(pieces), over=False)

        fetch()

    def _write(self, path: str, words: str, *, over: bool) -> None:
        def write() -> ExplorerError | bool:
            try:
                with Path(path).open("w" if over else "x", encoding="utf-8") as file:
                    file.write(words)
            except FileExistsError:
                return False
            except OSError as error:
                return Invalid(f"The test cannot be written: {error.strerror or error}", "Choose another place.")
            return True

        def done(outcome: ExplorerError | bool) -> None:
            if isinstance(outcome, ExplorerError):
                self._failed(outcome)
            elif outcome:
                self._workspace.message.emit(f"Written: {path}. Run it with pytest.")
                self.saved.emit(path)
            else:
                self._in_the_way = path, words
                self._question.ask(f"{Path(path).name} is there already. Write over it?")

        in_thread(self._delivery, write, done)

    def _answered(self, yes: bool) -> None:
        waiting, self._in_the_way = self._in_the_way, None
        if yes and waiting is not None:
            self._write(*waiting, over=True)

    def _failed(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self._banner.show_error(error)
