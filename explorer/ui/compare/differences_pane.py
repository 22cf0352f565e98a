"""Differences between two things that have names: a head, the table, what is said when nothing differs."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QStackedLayout, QWidget

from explorer.engine.asks_comparing import AlignedDiff
from explorer.engine.messages import DiffPage, DiffRow
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.look import text
from explorer.ui.pane import PaneHead, copy_text
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.stream.diff_pages import DiffPages
from explorer.ui.stream.diff_table import DiffTable, row_text
from explorer.ui.workspace import Workspace

LANE = "scan"  # aligning takes its time: what is looked at elsewhere does not wait for it


class DifferencesPane(QWidget):
    """`show_ask` fetches them page by page; `show_rows` shows those that are here."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._rows = DiffPages(workspace, self._failed, self, LANE)
        self.head = PaneHead("Differences", self)
        self.model = self._rows.model
        self.table = DiffTable(self.model, self)
        self.table.copy_wanted.connect(lambda row: copy_text(workspace, row_text(row)))
        self.table.menu_wanted.connect(self._menu)
        self._rows.stale_changed.connect(self.table.set_stale)
        self.banner = Banner(self)
        self.empty = EmptyState("Nothing differs", icon_name="check", parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.empty)
        put_in_column(self, self.head, self.banner, self._pages)

    def set_names(self, one: str, other: str) -> None:
        """Whose values stand in which column."""
        self.model.titles = ("", "Path", text.shown(one, 40), text.shown(other, 40))
        self.model.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, 3)

    @property
    def asking(self) -> bool:
        """What is shown is not yet what was asked for last."""
        return self._rows.asking

    def show_ask(self, ask: AlignedDiff, nothing: str) -> None:
        """What this ask says; `nothing`: why there is nothing, if there is."""
        self._rows.ask(ask, lambda page: self._show(page, "Nothing differs", nothing))

    def show_rows(self, page: DiffPage) -> None:
        """These."""
        self._rows.drop()
        self.model.reset(page)
        self._show(page, "Nothing differs", "")

    def say(self, sentence: str, hint: str = "", icon_name: str = "compare") -> None:
        """There is nothing to compare."""
        self._rows.drop()
        self.model.reset(DiffPage(0, 0, ()))
        text.set_label(self.head.note, "")
        self.empty.say(sentence, hint, icon_name=icon_name)
        self._pages.setCurrentIndex(1)

    def _show(self, page: DiffPage, sentence: str, hint: str) -> None:
        self.banner.clear()
        text.set_label(self.head.note, text.plural(page.total, "difference") if page.total else "")
        self.empty.say(sentence, hint, icon_name="check")
        self._pages.setCurrentIndex(0 if page.total else 1)

    def _failed(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self.banner.show_error(error)

    def _menu(self, row: DiffRow, where: Any) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy path").triggered.connect(lambda: copy_text(self._workspace, row.path))
        menu.addAction("Copy line").triggered.connect(lambda: copy_text(self._workspace, row_text(row)))
        menu.popup(where)
