"""What an event carries: payload and metadata, as tree, JSON, raw text or bytes; as stored, and beside it as upcast."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QWidget,
)

from explorer.engine import messages
from explorer.engine.messages import Row, Rows, TextPage
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.look import text, theme
from explorer.ui.pane import STALE_MS, PaneHead, copy_text, copy_value, say_problem, text_source
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.text_pages import TextPages, TextWindow
from explorer.ui.parts.tree_model import PagedTreeModel
from explorer.ui.parts.value_cells import is_cut
from explorer.ui.parts.value_tree import MenuEntry, ValueTree
from explorer.ui.recipes import event_sql, events_command
from explorer.ui.workspace import Workspace

FORMS = (("Tree", "tree"), ("JSON", "json"), ("Raw", "raw"), ("Hex", "hex"))
SHORT = 400  # pixels below which the heading is only the version
NARROW = 360  # pixels below which what is stored and upcast stand above one another


class PayloadSide(QWidget):
    """One reading of the payload (`which`: "stored", "upcast", "metadata") in one form."""

    def __init__(self, workspace: Workspace, category: str, id: str, which: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._category, self._id = workspace, category, id
        self.which = which
        self.form = "tree"
        self._version: int | None = None
        self._shown: tuple[int, str, str] | None = None  # version, which, form
        self.title = text.plain_label("", self)
        self.title.setObjectName("heading")
        self.title.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        self.title.hide()
        self.problem = Banner(self)
        self.problem.dismiss.hide()
        self.model = PagedTreeModel(parent=self)
        self.tree = ValueTree(self.model, "Payload", self)
        self.tree.hide_marks()
        self.tree.entries = self._entries()
        self.tree.full_wanted.connect(self._open_full)
        self.tree.copy_wanted.connect(lambda row: self._copy(row, plain=True))
        self.pages = TextPages("Payload as text", self)
        self._stale = QTimer(self, interval=STALE_MS, singleShot=True)
        self._stale.timeout.connect(lambda: self._set_stale(True))
        self.model.settled.connect(self._tree_settled)
        self.model.failed.connect(self._failed)
        self.pages.loaded.connect(self._page_loaded)
        self.pages.failed.connect(self._failed)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self.pages)
        put_in_column(self, self.title, self.problem, self._stack)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def set_title(self, title: str) -> None:
        text.set_label(self.title, title)
        self.title.setVisible(bool(title))

    def show_event(self, version: int | None) -> None:
        """The event of this version; None: none."""
        self._version = version
        if version is None:
            self._shown = None
            self.model.set_source(None)
            self.model.clear()
            self.pages.show_source(None)
            self.problem.clear()
        elif self.isVisible():
            self._show()

    def set_form(self, form: str) -> None:
        self.form = form
        self._show()

    def set_which(self, which: str) -> None:
        self.which = which
        self._show()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._show()

    def _show(self) -> None:
        if self._version is None or not self.isVisible() or self._shown == (self._version, self.which, self.form):
            return
        self._shown = (self._version, self.which, self.form)
        self._stale.start()
        if self.form == "tree":
            self.model.set_source(self._source(self._version, self.which))
            self.model.refresh()
        else:
            self._show_text(self.form)

    def _show_text(self, form: str) -> None:
        assert self._version is not None
        ask = messages.Text(self._category, self._id, self._version, self.which, form)
        self.pages.show_source(text_source(self._workspace, self, ask))

    def _source(self, version: int, which: str) -> Callable[..., None]:
        def fetch(
            path: str, start: int, limit: int, then: Callable[[Rows], None], failed: Callable[[ExplorerError], None]
        ) -> None:
            ask = messages.PayloadRows(self._category, self._id, version, which, path, start, limit)
            self._workspace.engine(ask, then, failed, owner=self, text="Reading the payload")

        return fetch

    def _tree_settled(self) -> None:
        if self.form != "tree":
            return
        self._settle()
        say_problem(self.problem, self.model.problem)
        if self.model.problem and self.which == "stored":
            self._stack.setCurrentIndex(1)
            self._show_text("raw")  # better than nothing: as it is stored
        else:
            self._stack.setCurrentIndex(0)

    def _page_loaded(self, page: TextPage) -> None:
        self._settle()
        if self.form != "tree":
            say_problem(self.problem, page.problem)
            self._stack.setCurrentIndex(1)

    def _settle(self) -> None:
        self._stale.stop()
        self._set_stale(False)

    def _set_stale(self, stale: bool) -> None:
        self.tree.set_stale(stale)
        self.pages.set_stale(stale)

    def _failed(self, error: ExplorerError) -> None:
        self._settle()
        if not isinstance(error, Cancelled):
            self.problem.show_error(error)

    # -- menu -------------------------------------------------------------------------------------------------------

    def _entries(self) -> list[MenuEntry | None]:
        return [
            MenuEntry("Copy value", lambda row: self._copy(row, plain=True), "copy"),
            MenuEntry("Copy path", lambda row: copy_text(self._workspace, row.path or "/")),
            MenuEntry("Copy as JSON", lambda row: self._copy(row, plain=False)),
            MenuEntry("Copy as SQL", self._copy_sql, when=lambda _row: self._sql() != ""),
            MenuEntry("Copy as command line", self._copy_command),
            None,
            MenuEntry("Open in full", self._open_full, "external", when=lambda row: is_cut(row) or row.size > 0),
        ]

    def _ask(self, row: Row, form: str) -> messages.Text:
        assert self._version is not None
        return messages.Text(self._category, self._id, self._version, self.which, form, row.path)

    def _copy(self, row: Row, *, plain: bool) -> None:
        copy_value(self._workspace, self, self._ask(row, "exact"), plain=plain)

    def _open_full(self, row: Row) -> None:
        title = f"{row.path or '/'} · {self._id} v{self._version}"
        TextWindow(title, text_source(self._workspace, self, self._ask(row, "json")), self).show()

    def _sql(self) -> str:
        return event_sql(self._workspace, self._category, self._id, self._version or 0)

    def _copy_sql(self, _row: Row) -> None:
        copy_text(self._workspace, self._sql())

    def _copy_command(self, _row: Row) -> None:
        copy_text(self._workspace, events_command(self._workspace, self._category, self._id))


class PayloadView(QWidget):
    """The pane: payload or metadata, its form, and what is stored beside what it is read as today."""

    def __init__(self, workspace: Workspace, category: str, id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._version: int | None = None
        self.head = PaneHead("Event", self)
        self.payload_button = self._choice("Payload", True)
        self.metadata_button = self._choice("Metadata", False)
        group = QButtonGroup(self)
        group.addButton(self.payload_button)
        group.addButton(self.metadata_button)
        group.buttonClicked.connect(lambda _button: self._choose())
        self.form = QComboBox(self)
        self.form.setAccessibleName("Form of the payload")
        self.form.setToolTip("Tree, JSON, as stored, or bytes")
        for title, name in FORMS:
            self.form.addItem(title, name)
        self.form.currentIndexChanged.connect(self._set_form)
        self.head.add(self.payload_button)
        self.head.add(self.metadata_button)
        self.head.add(self.form)
        self.beside = self.head.add_tool("columns", "Stored beside upcast", self._choose, checkable=True)
        self.left = PayloadSide(workspace, category, id, "stored", self)
        self.right = PayloadSide(workspace, category, id, "upcast", self)
        self.right.hide()
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.left)
        self._splitter.addWidget(self.right)
        put_in_column(self, self.head, self._splitter)

    def _choice(self, title: str, checked: bool) -> QToolButton:
        button = QToolButton(self)
        button.setText(text.menu_text(title))
        button.setCheckable(True)
        button.setChecked(checked)
        button.setAutoExclusive(True)
        return button

    def show_event(self, version: int | None) -> None:
        """The event of this version; None: none."""
        self._version = version
        self._say_heading()
        self.left.show_event(version)
        self.right.show_event(version)

    def _say_heading(self) -> None:
        word = "" if self.width() < theme.scaled(SHORT) else "Event "
        version = self._version
        text.set_label(self.head.heading, "Event" if version is None else f"{word}v {text.number(version)}")

    def _choose(self) -> None:
        metadata = self.metadata_button.isChecked()
        both = self.beside.isChecked() and not metadata
        self.beside.setEnabled(not metadata)
        self.left.set_title("Stored" if both else "")
        self.right.set_title("Upcast" if both else "")
        self.right.setVisible(both)
        self.left.set_which("metadata" if metadata else "stored")

    def _set_form(self) -> None:
        form = str(self.form.currentData())
        self.left.set_form(form)
        self.right.set_form("json" if form in ("raw", "hex") else form)  # only what is stored has bytes

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._say_heading()
        narrow = self.width() < theme.scaled(NARROW)
        self._splitter.setOrientation(Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal)
