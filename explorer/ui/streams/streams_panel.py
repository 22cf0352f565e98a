"""The streams: a tree by category, or the ones changed last, or those that a filter finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QStackedLayout,
    QToolButton,
    QTreeView,
    QWidget,
)

from explorer.errors import Cancelled, ExplorerError
from explorer.model import Page, StreamInfo
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.chip import Chip
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import FLASH_MS
from explorer.ui.streams.stream_delegate import StreamDelegate
from explorer.ui.streams.stream_list import StreamListModel
from explorer.ui.streams.streams_model import NODE_ROLE, StreamRow, StreamsModel
from explorer.ui.workspace import Arrived, Workspace

PAGE = 200
RECENT = 200
DEBOUNCE_MS = 250
FEW = 6  # categories of which the streams are read at once
ASIDE_MS = 30  # after arrivals, and after other lists that show them: each takes its turn
PACE_MS = 300  # arrivals are put in at most so often: a tree with a new line is laid out anew as a whole
UNREADABLE = 40  # streams that change at once, which nobody reads …
UNREADABLE_MS = 700  # … and after which the next ones wait as long

Index = QModelIndex | QPersistentModelIndex


class StreamsPanel(QWidget):
    """Open a stream by double-click or Enter."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Streams")
        self._find = ""
        self._next: Any = None
        self._changed = 0
        self._undecided = False  # whether the categories are shown open
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("Filter streams")
        self.filter.setAccessibleName("Filter streams")
        self.filter.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter.installEventFilter(self)
        self.clear = QToolButton(self)
        self.clear.setIcon(icon("close"))
        self.clear.setToolTip("Clear filter")
        self.clear.setAccessibleName("Clear filter")
        self.clear.clicked.connect(self.clear_filter)
        self.clear.hide()
        self.by_category = self._mode_button("tree", "By category")
        self.by_change = self._mode_button("history", "Changed last first")
        self.by_category.setChecked(True)
        self._modes = QButtonGroup(self)
        self._modes.addButton(self.by_category)
        self._modes.addButton(self.by_change)
        self.banner = Banner(self)
        self.tree_model = StreamsModel(self._fetch_category, self)
        self.tree = self._view(self.tree_model, "Streams by category")
        self.list_model = StreamListModel(self, self._fetch_found)
        self.list = self._view(self.list_model, "Streams found")
        self.list.setRootIsDecorated(False)
        self.list.setIndentation(theme.S)
        self.empty = EmptyState(parent=self)
        self.chip = Chip(self.list, at_top=True)
        self.chip.clicked.connect(self.reload)

        head = QWidget(self)
        head.setObjectName("panelhead")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = QHBoxLayout(head)
        line.setContentsMargins(theme.M, theme.S, theme.S, theme.S)
        line.setSpacing(2)
        line.addWidget(self.filter, 1)
        line.addWidget(self.clear)
        line.addSpacing(2)
        line.addWidget(self.by_category)
        line.addWidget(self.by_change)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        for one in (self.tree, self.list, self.empty):
            self._pages.addWidget(one)
        put_in_column(self, head, self.banner, pages)

        self._newest: dict[tuple[str, str], StreamRow] = {}  # streams that have changed and are not shown so yet
        self._pace = QTimer(self, interval=PACE_MS, singleShot=True)
        self._pace.timeout.connect(self._take_newest)
        self._soon = QTimer(self, interval=DEBOUNCE_MS, singleShot=True)
        self._soon.timeout.connect(self._apply_filter)
        self._settle = QTimer(self, interval=FLASH_MS, singleShot=True)
        self._settle.timeout.connect(self.tree_model.settle)
        self._settle.timeout.connect(self.list_model.settle)
        self.filter.textChanged.connect(lambda _text: self._soon.start())
        self.filter.returnPressed.connect(self._apply_filter)
        self._modes.buttonClicked.connect(lambda _button: self.reload())
        workspace.opened.connect(self.reload)
        workspace.closing.connect(self._on_closing)
        workspace.arrived.connect(self._on_arrived)
        workspace.refresh_wanted.connect(self.reload)
        self.tree.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        workspace.actions.bind("filter", self.focus_filter, self)
        theme.signals().changed.connect(self._on_theme)
        if workspace.is_open:
            self.reload()

    def _mode_button(self, name: str, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setToolTip(text.tooltip(words))
        button.setAccessibleName(words)
        button.setCheckable(True)
        return button

    def _view(self, model: StreamsModel | StreamListModel, name: str) -> QTreeView:
        view = QTreeView(self)
        view.setModel(model)
        view.setAccessibleName(name)
        view.setHeaderHidden(True)
        view.setUniformRowHeights(True)
        view.setItemDelegate(StreamDelegate(view))
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setExpandsOnDoubleClick(True)
        view.setIndentation(theme.L)
        view.setMouseTracking(True)
        view.doubleClicked.connect(self._open)
        view.installEventFilter(self)
        return view

    # -- filtering ----------------------------------------------------------------------------------------------------

    def focus_filter(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def clear_filter(self) -> None:
        self.filter.clear()
        self._apply_filter()

    def _apply_filter(self) -> None:
        self._soon.stop()
        wanted = self.filter.text().strip()
        self.clear.setVisible(bool(wanted))
        if wanted != self._find:
            self._find = wanted
            self.reload()

    @property
    def view(self) -> QTreeView:
        """The one that is shown now (or would be, were it not empty)."""
        return self.list if self._find or self.by_change.isChecked() else self.tree

    # -- reading ------------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read again what is shown."""
        if not self.workspace.is_open:
            return
        self.banner.clear()
        self._changed = 0
        self.chip.say(0)
        if self._find:
            self._next = None
            self._ask_found(first=True)
        elif self.by_change.isChecked():
            self.workspace.browse(
                lambda store: store.recent_streams(RECENT), self._show_recent, self._failed, topic="streams", owner=self
            )
        else:
            self.workspace.browse(
                lambda store: store.categories(), self._show_categories, self._failed, topic="streams", owner=self
            )

    def _show_categories(self, names: tuple[str, ...]) -> None:
        expanded = {one.name for one in self.tree_model.categories if self.tree.isExpanded(self._index(one.name))}
        self._undecided = not self.tree_model.categories and len(names) <= FEW
        self.tree_model.reset(names)
        for name in names:
            if name in expanded:
                self.tree.expand(self._index(name))
            elif len(names) <= FEW:
                self.tree_model.fetchMore(self._index(name))
        self._show_page()

    def _open_if_they_fit(self) -> None:
        """All categories open when all their streams can be seen; else a long one would hide the others."""
        categories = self.tree_model.categories
        if not self._undecided or not all(one.begun for one in categories):
            return
        self._undecided = False
        lines = sum(1 + len(one.rows) for one in categories)
        fit = lines * self.tree.sizeHintForRow(0) <= self.tree.viewport().height()
        if len(categories) == 1 or (fit and all(one.complete for one in categories)):
            for one in categories:
                self.tree.expand(self.tree_model.index_of(one))

    def _index(self, name: str) -> QModelIndex:
        category = self.tree_model.category(name)
        return self.tree_model.index_of(category) if category is not None else QModelIndex()

    def _show_recent(self, streams: tuple[StreamInfo, ...]) -> None:
        self.list_model.reset(Page(streams))
        self.list.scrollToTop()
        self._show_page()

    def _fetch_category(self, name: str, after: Any) -> None:
        self.workspace.browse(
            lambda store: store.streams(name, None, after, PAGE),
            lambda page: self._answer_category(name, page),
            lambda error: self._failed(error, name),
            topic=f"streams of {name}",
            owner=self,
        )

    def _answer_category(self, name: str, page: Page[StreamInfo]) -> None:
        self.tree_model.fetched(name, page)
        category = self.tree_model.category(name)
        if category is not None and not page.rows and page.next is not None:
            self.tree_model.fetchMore(self.tree_model.index_of(category))
        self._open_if_they_fit()

    def _fetch_found(self) -> None:
        self._ask_found(first=False)

    def _ask_found(self, first: bool) -> None:
        find, after = self._find, self._next

        def answer(page: Page[StreamInfo]) -> None:
            self._next = page.next
            if first:
                self.list_model.reset(page)
                self.list.scrollToTop()
            else:
                self.list_model.fetched(page)
            if page.next is not None and len(self.list_model.rows) < PAGE:
                self.list_model.fetchMore(QModelIndex())
            self._show_page()

        self.workspace.browse(
            lambda store: store.streams(None, find, after, PAGE),
            answer,
            self._failed,
            topic="streams",
            owner=self,
            text=f"Looking for “{text.shown(find, 20)}”",
        )

    def _failed(self, error: ExplorerError, category: str | None = None) -> None:
        if category is not None:
            self.tree_model.failed(category)
        self.list_model.fetch_failed()
        if not isinstance(error, Cancelled):
            self.banner.show_error(error, self.reload)

    def _on_closing(self) -> None:
        self._newest.clear()
        self._soon.stop()
        self.filter.clear()
        self._soon.stop()
        self._find = ""
        self.clear.hide()
        self.tree_model.reset()
        self.list_model.reset(Page(()))

    # -- live ---------------------------------------------------------------------------------------------------------

    def _on_arrived(self, arrivals: list[Arrived]) -> None:
        newest = self._newest
        for one in arrivals:
            key = (one.category, one.id)
            if key not in newest or one.version > newest[key].version:
                newest[key] = StreamRow(one.category, one.id, one.version, one.recorded_at_us, one.type)
        if not self._pace.isActive():
            self._pace.start(ASIDE_MS)

    def _take_newest(self) -> None:
        """Soon, but only so often."""
        if not self._newest:
            return
        rows = list(self._newest.values())
        self._pace.start(UNREADABLE_MS if len(rows) > UNREADABLE else PACE_MS)
        self._newest.clear()
        with self._still(self.tree):
            for name in self.tree_model.arrived(rows):
                self.tree_model.add_category(name)
                if len(self.tree_model.categories) <= FEW:
                    self.tree.expand(self._index(name))
        if self.by_change.isChecked() and not self._find:
            if self.list.verticalScrollBar().value() <= 50 and not self.list.selectionModel().hasSelection():
                self.list_model.to_top(rows[::-1], RECENT)
            else:
                self.list_model.arrived(rows)
                self._changed += len(rows)
                self.chip.say(self._changed, "changed")
        elif self._find:
            self.list_model.arrived(rows)
        if not self._settle.isActive():
            self._settle.start()
        self._show_page()

    @contextmanager
    def _still(self, view: QTreeView) -> Iterator[None]:
        """What is at the top of the view stays there while rows are added above it."""
        top = QPersistentModelIndex(view.indexAt(view.viewport().rect().topLeft()))

        def height() -> int:
            return view.visualRect(view.model().index(top.row(), 0, top.parent())).top()

        before = height() if top.isValid() else 0
        yield
        if top.isValid() and view.isVisible():
            view.verticalScrollBar().setValue(view.verticalScrollBar().value() + height() - before)

    def _on_scrolled(self) -> None:
        """Somebody looks elsewhere: where the end of a category is seen by now, what has come meanwhile is read."""
        line = self.tree.indexAt(self.tree.viewport().rect().topLeft())
        while line.isValid() and self.tree.visualRect(line).top() < self.tree.viewport().height():
            self.tree_model.fetch_grown(line)
            line = self.tree.indexBelow(line)

    # -- small things -------------------------------------------------------------------------------------------------

    def _open(self, index: Index) -> None:
        node = index.data(NODE_ROLE)
        if isinstance(node, StreamRow):
            self.workspace.stream_wanted.emit(node.category, node.id, None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if watched is self.filter:
            if event.key() == Qt.Key.Key_Down:
                self.view.setFocus(Qt.FocusReason.TabFocusReason)
                if not self.view.currentIndex().isValid():
                    self.view.setCurrentIndex(self.view.model().index(0, 0))
                return True
            if event.key() == Qt.Key.Key_Escape and self.filter.text():
                self.clear_filter()
                return True
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(watched, QTreeView):
            index = watched.currentIndex()
            if isinstance(index.data(NODE_ROLE), StreamRow):
                self._open(index)
            else:
                watched.setExpanded(index, not watched.isExpanded(index))
            return True
        return super().eventFilter(watched, event)

    def _on_theme(self) -> None:
        for view in (self.tree, self.list):
            view.setIndentation(theme.scaled(theme.L) if view is self.tree else theme.S)
            view.scheduleDelayedItemsLayout()

    def _show_page(self) -> None:
        view = self.view
        if view.model().rowCount() > 0:
            self._pages.setCurrentWidget(view)
        elif self._find:
            self.empty.say(
                "No stream matches.",
                f"No category or id contains “{self._find}”.",
                icon_name="filter",
                action="Clear filter",
                on_action=self.clear_filter,
            )
            self._pages.setCurrentWidget(self.empty)
        else:
            self.empty.say("No streams yet.", "The first event written makes the first stream.", icon_name="stream")
            self._pages.setCurrentWidget(self.empty)
