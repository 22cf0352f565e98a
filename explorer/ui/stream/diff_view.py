"""What changed between two states: by one step, or between two versions that were marked."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QStackedLayout, QWidget

from explorer.engine import messages
from explorer.engine.messages import DiffPage, DiffRow
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.look import text
from explorer.ui.pane import PaneHead, copy_text, copy_value, text_source
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.text_pages import TextWindow
from explorer.ui.stream.diff_pages import DiffPages
from explorer.ui.stream.diff_table import DiffTable, row_text
from explorer.ui.workspace import Workspace


class DiffView(QWidget):
    """The pane: which two states are compared, and what differs."""

    step_wanted = Signal()  # no longer the marked versions but this step

    def __init__(self, workspace: Workspace, category: str, id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._category, self._id = workspace, category, id
        self._rows = DiffPages(workspace, self._failed, self)
        self.head = PaneHead("What changed", self)
        self.back = self.head.add_tool("close", "Back to the changes of this step", self.step_wanted.emit)
        self.back.hide()
        self.model = self._rows.model
        self.table = DiffTable(self.model, self)
        self.table.menu_wanted.connect(self._menu)
        self.table.full_wanted.connect(self._open_full)
        self.table.copy_wanted.connect(lambda row: copy_text(workspace, row_text(row)))
        self._rows.stale_changed.connect(self.table.set_stale)
        self.banner = Banner(self)
        self.empty = EmptyState("Nothing changed", icon_name="check", parent=self)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        put_in_column(self, self.head, self.banner, self._stack)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def show_between(
        self, before: int, after: int, heading: str, *, marked: bool, nothing: str = "", generic: bool = False
    ) -> None:
        """Differences between the states after two ordinals (-1: the initial state)."""

        def arrived(page: DiffPage) -> None:
            text.set_label(self.head.heading, heading)
            self.back.setVisible(marked)
            self.banner.clear()
            self._count(page.total)
            if not page.total:
                said = nothing or "Nothing changed"
                self.empty.say(said, "The state is the same before and after.", icon_name="check")
            self._stack.setCurrentIndex(0 if page.total else 1)

        self._rows.ask(messages.Diff(self._category, self._id, before, after, generic=generic), arrived)

    def show_nothing(self, heading: str, sentence: str, hint: str = "") -> None:
        """There is no state to compare."""
        self._rows.drop()
        text.set_label(self.head.heading, heading)
        text.set_label(self.head.note, "")
        self.back.hide()
        self.empty.say(sentence, hint, icon_name="info")
        self._stack.setCurrentIndex(1)

    @property
    def asking(self) -> bool:
        """What is shown is not yet what was asked for last."""
        return self._rows.asking

    def set_stale(self, stale: bool) -> None:
        self.table.set_stale(stale)

    def _count(self, total: int) -> None:
        words = "" if not total else "1 change" if total == 1 else f"{text.number(total)} changes"
        text.set_label(self.head.note, words)

    def _failed(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self.banner.show_error(error)

    # -- menu -------------------------------------------------------------------------------------------------------

    def _text_ask(self, row: DiffRow, after: bool, form: str = "json") -> messages.Text | None:
        shown = self._rows.shown
        if not isinstance(shown, messages.Diff):
            return None
        ordinal = shown.after if after else shown.before
        path = row.path if after or not row.origin else row.origin
        return messages.Text(self._category, self._id, ordinal, "state", form, path, generic=shown.generic)

    def _open_full(self, row: DiffRow, after: bool) -> None:
        ask = self._text_ask(row, after)
        if ask is not None:
            side = "after" if after else "before"
            TextWindow(f"{row.path or '/'} {side}", text_source(self._workspace, self, ask), self).show()

    def _copy(self, row: DiffRow, after: bool) -> None:
        ask = self._text_ask(row, after, "exact")
        if ask is not None:
            copy_value(self._workspace, self, ask, plain=True)

    def _menu(self, row: DiffRow, where: Any) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy path").triggered.connect(lambda: copy_text(self._workspace, row.path))
        menu.addAction("Copy line").triggered.connect(lambda: copy_text(self._workspace, row_text(row)))
        for side, value, after in (("before", row.before, False), ("after", row.after, True)):
            if value:
                menu.addSeparator()
                menu.addAction(f"Copy {side}").triggered.connect(lambda _on=False, it=after: self._copy(row, it))
                menu.addAction(f"Open {side} in full").triggered.connect(
                    lambda _on=False, it=after: self._open_full(row, it)
                )
        menu.popup(where)
