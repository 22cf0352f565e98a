"""The tabs: all events first, then one for each open stream or page; where one has been, and what was closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QMenu, QTabBar, QTabWidget, QWidget

from explorer.model import StreamKey
from explorer.ui.events.all_events import AllEventsPanel
from explorer.ui.look import text
from explorer.ui.look.icons import icon
from explorer.ui.pages import KEPT, PAGES
from explorer.ui.workspace import Workspace

if TYPE_CHECKING:
    from explorer.ui.branch.branch_page import BranchPage
    from explorer.ui.causality.causality_page import CausalityPage
    from explorer.ui.compare.code_page import CodePage
    from explorer.ui.compare.compare_page import ComparePage
    from explorer.ui.stream.stream_tab import StreamTab

HISTORY = 200
MOST = 40  # tabs that are restored


class Place(NamedTuple):
    """Where one is: a stream at a version, a page, or all events ("", "", 0)."""

    category: str
    id: str
    version: int
    page: str = ""  # one of PAGES


EVERYTHING = Place("", "", 0)


class _Bar(QTabBar):
    """Closes a tab by the middle button."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            place = self.tabAt(event.position().toPoint())
            if place > 0:
                self.tabCloseRequested.emit(place)
        super().mouseReleaseEvent(event)


class Tabs(QTabWidget):
    """Opens, finds and closes the tabs of the store's streams."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._history: list[Place] = [EVERYTHING]
        self._at = 0
        self._moving = False
        self._closed: list[Place] = []
        self._pages: dict[str, QWidget] = {}  # the open ones
        bar = _Bar(self)
        self.setTabBar(bar)
        self.setAccessibleName("Open streams")
        self.setDocumentMode(True)
        self.setMovable(True)
        self.setTabsClosable(True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setUsesScrollButtons(True)
        bar.setExpanding(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        bar.customContextMenuRequested.connect(self._menu)
        self.all_events = AllEventsPanel(workspace, self)
        self.addTab(self.all_events, icon("events"), "All events")
        for side in (QTabBar.ButtonPosition.RightSide, QTabBar.ButtonPosition.LeftSide):
            bar.setTabButton(0, side, None)
        self.tabCloseRequested.connect(self.close_tab)
        self.currentChanged.connect(self._on_current)
        bar.tabMoved.connect(self._keep_first)
        workspace.stream_wanted.connect(self.show_stream)
        workspace.causes_wanted.connect(self.show_causes)
        workspace.branch_wanted.connect(self.show_branch)
        workspace.compare_wanted.connect(self.show_compared)
        workspace.current_stream_changed.connect(self._on_version)
        workspace.closing.connect(self.clear)
        self._bind()

    def _bind(self) -> None:
        bind = self.workspace.actions.bind
        bind("close_tab", lambda: self.close_tab(self.currentIndex()), self, lambda: self.currentIndex() > 0)
        bind("reopen_tab", self.reopen, self, lambda: bool(self._closed))
        bind("next_tab", lambda: self._turn(1), self, lambda: self.count() > 1)
        bind("previous_tab", lambda: self._turn(-1), self, lambda: self.count() > 1)
        for number in range(1, 10):
            bind(
                f"tab_{number}",
                partial(self.setCurrentIndex, number - 1),
                self,
                partial(lambda number: self.count() >= number, number),
            )
        bind("compare_code", self._compare_code, self, lambda: self.workspace.is_open)
        bind("branch", self._branch_here, self, lambda: self._stream_at(self.currentIndex()) is not None)
        bind("history_back", lambda: self._travel(-1), self, lambda: self._at > 0)
        bind("history_forward", lambda: self._travel(1), self, lambda: self._at < len(self._history) - 1)

    # -- streams -------------------------------------------------------------------------------------------

    def streams(self) -> list[StreamTab]:
        """The open streams, from the left."""
        tabs = [self._stream_at(place) for place in range(self.count())]
        return [tab for tab in tabs if tab is not None]

    def _stream_at(self, place: int) -> StreamTab | None:
        widget = self.widget(place)
        if widget is None or widget is self.all_events or widget in self._pages.values():
            return None
        return cast("StreamTab", widget)

    def tab_of(self, category: str, id: str) -> StreamTab | None:
        return next((tab for tab in self.streams() if (tab.category, tab.id) == (category, id)), None)

    def show_stream(self, category: str, id: str, version: int | None = None) -> StreamTab:
        """Show this stream, at this version if one is named; its tab is opened if there is none."""
        tab = self.tab_of(category, id)
        if tab is None:
            from explorer.ui.stream.stream_tab import StreamTab  # late: the first page comes without it

            tab = StreamTab(self.workspace, category, id, version)
            name = f"{category} {id}".strip() or "(no name)"
            place = self.addTab(tab, text.tab_text(name))
            self.setTabToolTip(place, text.tooltip(f"{category}\n{id}"))
            self._add_close_button(place)
        elif version is not None:
            tab.go_to_version(version)
        if self.currentWidget() is tab:
            self._visit(Place(category, id, version or tab.version))
        else:
            self.setCurrentWidget(tab)
        tab.setFocus(Qt.FocusReason.OtherFocusReason)
        return tab

    def show_page(self, name: str) -> QWidget:
        """Show this page; its tab is opened if there is none. Raises KeyError for a page that there is not."""
        widget = self._pages.get(name)
        if widget is None:
            kind = PAGES[name]
            widget = self._pages[name] = kind.make(self.workspace, self)
            self._add_close_button(self.addTab(widget, icon(kind.icon), text.tab_text(kind.title)))
        self.setCurrentWidget(widget)
        widget.setFocus(Qt.FocusReason.OtherFocusReason)
        return widget

    def show_causes(self, category: str, id: str, version: int) -> None:
        """Show what led to this event and what it led to."""
        cast("CausalityPage", self.show_page("causality")).ask(category, id, version)

    def show_branch(self, category: str, id: str, ordinal: int | None = None, without: str = "") -> None:
        """Show what-if branches of a stream; see `BranchPage.ask`."""
        cast("BranchPage", self.show_page("branch")).ask(category, id, ordinal, without)

    def show_compared(self, category: str, id: str, version: int) -> None:
        """Show this stream beside the one in which a version was marked last."""
        marked = self.workspace.marked
        if marked is None or marked[:2] == (category, id):
            self.workspace.message.emit("Mark a version for compare first (M).")
        elif marked[0] != category:
            self.workspace.message.emit(f"What is marked is of another category: {marked[0]}.")
        else:
            one, other = StreamKey(*marked[:2]), StreamKey(category, id)
            cast("ComparePage", self.show_page("compare")).ask(one, marked[2], other, version)

    def _compare_code(self) -> None:
        category, id, _version = self.workspace.current_stream
        cast("CodePage", self.show_page("code")).ask(category, id)

    def _branch_here(self) -> None:
        tab = self._stream_at(self.currentIndex())
        if tab is not None:
            self.show_branch(tab.category, tab.id, tab.cursor_at if tab.cursor_at >= 0 else None)

    def page(self, name: str) -> QWidget | None:
        """The page of this name, if it is open."""
        return self._pages.get(name)

    def _asked(self) -> list[str | int]:
        """The event whose causes and effects are shown; empty when none is."""
        page = self._pages.get("causality")
        place = cast("CausalityPage", page).tracing.place if page is not None else None
        return [place[0].category, place[0].id, place[1]] if place is not None else []

    def _branched(self) -> list[str]:
        """The stream whose branches are shown; empty when none are."""
        page = self._pages.get("branch")
        key = cast("BranchPage", page).editing.key if page is not None else None
        return [key.category, key.id] if key is not None else []

    def _page_at(self, place: int) -> str:
        """The name of the page in this place, empty when something else is there."""
        widget = self.widget(place)
        return next((name for name, page in self._pages.items() if page is widget), "")

    def _add_close_button(self, place: int) -> None:
        button = self.tabBar().tabButton(place, QTabBar.ButtonPosition.RightSide)
        if button is not None:
            button.setAccessibleName("Close tab")

    def close_tab(self, place: int) -> None:
        """Close a stream's tab or a page; it can be reopened."""
        here, widget = self._place_at(place), self.widget(place)
        if widget is None or here == EVERYTHING:
            return
        if here.page == "branch" and (stream := self._branched()):
            here = Place(stream[0], stream[1], 0, "branch")
        self._closed.append(here)
        self._pages.pop(here.page, None)
        self.removeTab(place)
        widget.deleteLater()

    def reopen(self) -> None:
        """Open again what was closed last."""
        while self._closed:
            place = self._closed.pop()
            if place.page and place.page not in self._pages:
                self.show_page(place.page)
                if place.id:
                    self.show_branch(place.category, place.id)
                return
            if not place.page and self.tab_of(place.category, place.id) is None:
                self.show_stream(place.category, place.id, place.version or None)
                return

    def clear(self) -> None:
        """The store is being closed."""
        self._moving = True
        for tab in (*self.streams(), *self._pages.values()):
            self.removeTab(self.indexOf(tab))
            tab.deleteLater()
        self._pages.clear()
        self._moving = False
        self._history, self._at = [EVERYTHING], 0
        self._closed.clear()

    def open_tabs(self) -> Sequence[tuple[str, Callable[[], None]]]:
        """Titles of streams, and what shows each, for the go-to palette."""
        return [(f"{tab.category} {tab.id}".strip(), partial(self.setCurrentWidget, tab)) for tab in self.streams()]

    # -- remembering ---------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The open streams and where each stands, and the open pages."""
        return {
            "pages": [name for name in self._pages if name in KEPT],
            "causes": self._asked(),
            "branch": self._branched(),
            "streams": [[tab.category, tab.id, 0 if tab.at_last else tab.version] for tab in self.streams()][:MOST],
            "current": self._page_at(self.currentIndex()) or self.currentIndex(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Open them again. What does not fit (an older file) is left out."""
        self._moving = True
        pages, streams = state.get("pages"), state.get("streams")
        for one in streams if isinstance(streams, list) else []:
            match one:
                case [str(category), str(id), int(version)]:
                    self.show_stream(category, id, version or None)
        for name in pages if isinstance(pages, list) else []:
            if name in PAGES:
                self.show_page(name)
        match state.get("causes"):
            case [str(category), str(id), int(version)]:
                self.show_causes(category, id, version)
        match state.get("branch"):
            case [str(category), str(id)]:
                self.show_branch(category, id)
        current = state.get("current")
        if isinstance(current, str) and current in self._pages:
            current = self.indexOf(self._pages[current])
        self.setCurrentIndex(current if isinstance(current, int) and 0 <= current < self.count() else 0)
        self._moving = False
        self._history, self._at = [self.here()], 0

    # -- back and forth ------------------------------------------------------------------------------------

    def here(self) -> Place:
        """Where one is."""
        return self._place_at(self.currentIndex())

    def _place_at(self, place: int) -> Place:
        tab, page = self._stream_at(place), self._page_at(place)
        if page:
            return Place("", "", 0, page)
        return Place(tab.category, tab.id, tab.version) if tab is not None else EVERYTHING

    def _visit(self, place: Place) -> None:
        if self._moving:
            return
        if place == self._history[self._at]:
            return
        self._history = [*self._history[: self._at + 1], place][-HISTORY:]
        self._at = len(self._history) - 1

    def _on_version(self, category: str, id: str, version: int) -> None:
        """Stepping within a stream is no new place; leaving it comes back to where one stood."""
        here = self._history[self._at]
        if (here.category, here.id) == (category, id) and category + id:
            self._history[self._at] = Place(category, id, version)

    def _travel(self, by: int) -> None:
        wanted = self._at + by
        if not 0 <= wanted < len(self._history):
            return
        self._at = wanted
        place = self._history[wanted]
        self._moving = True
        if place == EVERYTHING:
            self.setCurrentIndex(0)
        elif place.page:
            self.show_page(place.page)
        else:
            self.show_stream(place.category, place.id, place.version or None)
        self._moving = False

    def _turn(self, by: int) -> None:
        self.setCurrentIndex((self.currentIndex() + by) % self.count())

    def _on_current(self, _place: int) -> None:
        here = self.here()
        self._visit(here)
        if here.page == "branch" and self._branched():
            return  # the page says itself where it stands
        if not here.version and not here.category + here.id:
            self.workspace.current_stream_changed.emit("", "", 0)

    def _keep_first(self, _source: int, _target: int) -> None:
        first = self.indexOf(self.all_events)
        if first > 0:
            self.tabBar().moveTab(first, 0)

    def _menu(self, at: QPoint) -> None:
        place = self.tabBar().tabAt(at)
        tab, widget = self._stream_at(place), self.widget(place)
        if widget is None or widget is self.all_events:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("close"), "Close", lambda: self.close_tab(self.indexOf(widget)))
        menu.addAction("Close the others", lambda: self._close_others(widget))
        if tab is not None:
            menu.addSeparator()
            menu.addAction(icon("copy"), "Copy the stream's id", lambda: QGuiApplication.clipboard().setText(tab.id))
        menu.popup(self.tabBar().mapToGlobal(at))

    def _close_others(self, keep: QWidget) -> None:
        for widget in [*self.streams(), *self._pages.values()]:
            if widget is not keep:
                self.close_tab(self.indexOf(widget))
