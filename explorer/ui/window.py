"""The main window: composes the panels, opens and closes stores, remembers how it was left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDockWidget,
    QMainWindow,
    QMenu,
    QMessageBox,
    QStackedWidget,
    QToolBar,
    QWidget,
)

from explorer import settings as settings_module
from explorer.errors import ExplorerError
from explorer.model import StreamKey
from explorer.settings import Recent, Settings
from explorer.stores.store import StoreSpec
from explorer.ui import menus, panels
from explorer.ui.arrangement import Arrangement, from_text, to_text
from explorer.ui.commands.command_dock import CommandDock
from explorer.ui.events.live_feed import LiveFeedPanel
from explorer.ui.goto import COMMAND, GoTo
from explorer.ui.look import text, theme
from explorer.ui.look.icons import app_icon
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.later import Later
from explorer.ui.read_models.read_models_dock import ReadModelsDock
from explorer.ui.snapshots.snapshots_dock import SnapshotsDock
from explorer.ui.start.first_page import FirstPage
from explorer.ui.start.opening import Opening
from explorer.ui.status import MODES, Status
from explorer.ui.story.caption_bar import CaptionBar
from explorer.ui.story.stage import Stage
from explorer.ui.story.story_mode import StoryMode
from explorer.ui.streams.streams_panel import StreamsPanel
from explorer.ui.strip import Strip
from explorer.ui.subscriptions.subscriptions_dock import SubscriptionsDock
from explorer.ui.tabs import Tabs
from explorer.ui.workspace import LiveState, Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.ui.help_sheet import HelpSheet

NAME = "Event Store Explorer"
SIZE = QSize(1280, 800)
ZOOMS = (75, 85, 100, 115, 130, 150, 175, 200, 250)
LOW = 132  # height of the panels at the bottom while a story is played, pixels at zoom 100 %
THEMES = {"system": "as the system", "light": "light", "dark": "dark"}


class Window(QMainWindow):
    """`gone` when it has closed and nothing of it runs any more."""

    gone = Signal()

    def __init__(self, settings: Settings, plugins: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.settings = settings
        self.workspace = Workspace(settings, self, plugins)
        self._closing = False
        self._help: HelpSheet | None = None
        self.setObjectName("window")
        self.setWindowIcon(app_icon())
        self.setWindowTitle(NAME)
        self.setAcceptDrops(True)
        self.resize(SIZE)
        self.open_menu = QMenu(self)
        self.open_menu.aboutToShow.connect(self._fill_open_menu)
        self.open_menu.aboutToHide.connect(self.workspace.actions.enable_all, Qt.ConnectionType.QueuedConnection)
        self.strip = Strip(self.workspace, self.open_menu, self)
        self.banner = Banner(self)
        self.first_page = FirstPage(settings, self)
        self.tabs = Tabs(self.workspace, self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.first_page)
        self.pages.addWidget(self.tabs)
        central = QWidget(self)
        put_in_column(central, self.banner, self.pages)
        self.setCentralWidget(central)
        self.status = Status(self.workspace, self)
        self.setStatusBar(self.status)
        self.streams = StreamsPanel(self.workspace)
        self.command = CommandDock(self.workspace)
        self.feed = LiveFeedPanel(self.workspace)
        self.snapshots = SnapshotsDock(self.workspace)
        self.read_models = ReadModelsDock(self.workspace)
        self.subscriptions = SubscriptionsDock(self.workspace)
        self.arrangement = Arrangement(self)
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        self.arrangement.add("streams", "Streams", self.streams, left, 250)
        self.arrangement.add("command", "Command", self.command, right, 330)
        self.arrangement.add("feed", "Live feed", self.feed, bottom, 160)
        self.arrangement.add("snapshots", "Snapshots", self.snapshots, bottom, 160)
        self.arrangement.add("watches", "Watches", self._later(panels.watches), bottom, 160)
        self.arrangement.add("read_models", "Read models", self.read_models, bottom, 160)
        self.arrangement.add("subscriptions", "Subscriptions", self.subscriptions, bottom, 160)
        self.arrangement.add("decisions", "Decisions", self._later(panels.decisions), bottom, 160)
        self.arrangement.add("notes", "Notes", self._later(panels.notes), bottom, 160)
        self.arrangement.delivered()
        self.opening = Opening(self.workspace, settings, self.first_page, self, self.leave_store)
        stage = Stage(self.workspace, self.tabs, self.arrangement, self._set_zoom)
        self.story = StoryMode(stage, self.opening, CaptionBar(self.workspace.actions, self), self)
        self.goto = GoTo(self.workspace, self, self.tabs.open_tabs)
        self._bind()
        menus.fill_menu_bar(self, self.workspace.actions, lambda: self.docks)
        self._strip_bar = self._add_bar("Head", self.strip, Qt.ToolBarArea.TopToolBarArea)
        self._story_bar = self._add_bar("Story", self.story.bar, Qt.ToolBarArea.BottomToolBarArea)
        self._story_bar.hide()
        self._connect()
        self._show_work(False)
        if settings.geometry:
            self.restoreGeometry(from_text(settings.geometry))

    @property
    def docks(self) -> list[QDockWidget]:
        return self.arrangement.docks

    # -- composing -----------------------------------------------------------------------------------------

    def _add_bar(self, title: str, widget: QWidget, area: Qt.ToolBarArea) -> QToolBar:
        """Above or below the docks, over the whole width."""
        bar = QToolBar(text.title(title), self)
        self.addToolBar(area, bar)
        bar.setObjectName(title.lower())
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.toggleViewAction().setVisible(False)
        bar.setStyleSheet("QToolBar { padding: 0; border: none; }")
        layout = bar.layout()
        if layout is not None:
            layout.setContentsMargins(0, 0, 0, 0)
        bar.addWidget(widget)
        return bar

    def _show_work(self, shown: bool) -> None:
        self.arrangement.show(shown)
        self.status.setVisible(shown)

    def _bind(self) -> None:
        bind = self.workspace.actions.bind
        is_open: Callable[[], bool] = lambda: self.workspace.is_open  # noqa: E731 - used many times below
        bind("open", self.opening.choose, self)
        bind("open_read_only", partial(self.opening.choose, read_only=True), self)
        bind("demo", self.opening.open_demo, self)
        bind("refresh", self.workspace.refresh, self, is_open)
        bind("live", self._toggle_live, self, lambda: self.workspace.live.state in ("live", "paused"))
        bind("close_store", self.close_store, self, is_open)
        bind("quit", self.close, self)
        bind("goto", self.goto.open, self, is_open)
        bind("palette", partial(self.goto.open, COMMAND), self)
        bind("filter", self.streams.focus_filter, self, is_open)
        bind("new_tab", self.goto.open, self, is_open)
        bind("append", partial(self.workspace.append_wanted.emit, None), self, lambda: self.workspace.writable)
        bind("append_like", self._append_like, self, lambda: self.workspace.writable and self._event_in_sight())
        bind("pattern", partial(self.tabs.show_page, "pattern"), self, is_open)
        bind("subscriptions", partial(self.arrangement.raise_panel, "subscriptions"), self, is_open)
        bind("bundle", self._save_bundle, self, is_open)
        bind("decisions", partial(self.arrangement.raise_panel, "decisions"), self, is_open)
        bind("notes", partial(self.arrangement.raise_panel, "notes"), self, is_open)
        services = self.workspace.services
        bind("services_start", services.start_all, self, lambda: any(not one.running for one in services.known()))
        bind("services_stop", services.stop_all, self, lambda: any(one.running for one in services.known()))
        bind("zoom_in", partial(self._zoom, 1), self)
        bind("zoom_out", partial(self._zoom, -1), self)
        bind("zoom_reset", partial(self._zoom, 0), self)
        bind("full_screen", self._full_screen, self)
        bind("theme", self._next_theme, self)
        bind("time_mode", self._next_time_mode, self)
        bind("reset_layout", self.reset_layout, self, is_open)
        bind("help", self.show_help, self)
        bind("about", self._about, self)

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.opened.connect(self._on_opened)
        workspace.append_wanted.connect(self._append)
        workspace.failure.connect(self.banner.show_error)
        workspace.notice.connect(self.banner.show_notice)
        workspace.live_changed.connect(self._on_live)
        workspace.engine_ready.connect(self._on_engine_ready)
        workspace.engine_failed.connect(
            lambda sentence: self.banner.show_notice("error", sentence, "States and commands cannot be shown now.")
        )
        workspace.actions.impossible.connect(lambda title: workspace.message.emit(f"{title}: not possible here now."))
        workspace.actions.changed.connect(self._note_keys)
        self.first_page.open_wanted.connect(self.opening.choose)
        self.first_page.demo_wanted.connect(self.opening.open_demo)
        self.first_page.chosen.connect(self.opening.open_recent)
        self.first_page.story_wanted.connect(self.story.begin)
        self.story.failed.connect(self._story_failed)
        self.story.playing_changed.connect(self._on_story)

    def _later(self, make: Callable[[Workspace, QWidget], QWidget]) -> Later:
        return Later(partial(make, self.workspace))

    # -- what is open --------------------------------------------------------------------------------------

    def open(self, spec: StoreSpec, plugins: tuple[str, ...] = ()) -> None:
        """Close what is open and open this. What fails comes back in the open dialog."""
        self.opening.open(spec, plugins)

    def close_store(self) -> None:
        """Back to the first page."""
        self.opening.close_then(lambda: None)

    def leave_store(self, then: Callable[[], None]) -> None:
        """Close what is open, show the first page, then do that."""

        def closed() -> None:
            self._show_work(False)
            self.pages.setCurrentWidget(self.first_page)
            self.first_page.refresh()
            self.setWindowTitle(NAME)
            then()

        def close() -> None:
            self._remember()
            self.workspace.close(closed)

        self._ask_about_writes(close)

    def _on_opened(self) -> None:
        info, spec = self.workspace.info, self.workspace.spec
        assert info is not None
        assert spec is not None
        self.banner.clear()
        if not self.story.playing:  # its store is gone afterwards
            self.settings.remember(
                Recent(
                    spec.url,
                    info.title,
                    spec.layout,
                    spec.instance,
                    info.writable,
                    datetime.now(UTC).isoformat(timespec="seconds"),
                    list(self.workspace.plugins),
                )
            )
        state = "writable" if info.writable else "read-only"
        self.setWindowTitle(text.title(f"{info.title} ({state}) – {NAME}"))
        self.pages.setCurrentWidget(self.tabs)
        self._show_work(True)
        saved = settings_module.connection_state(info.identity)
        self.arrangement.restore(saved.get("docks"))
        if isinstance(saved.get("geometry"), str):
            self.restoreGeometry(from_text(saved["geometry"]))
        tabs = saved.get("tabs")
        self.tabs.restore(tabs if isinstance(tabs, dict) else {})
        if info.notice:
            self.banner.show_notice("info", info.notice)
        if not self.tabs.streams():
            self.streams.tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _story_failed(self, error: ExplorerError) -> None:
        banner = self.banner if self.workspace.is_open else self.first_page.banner
        banner.show_error(error)

    def _on_story(self, playing: bool) -> None:
        """Room for what is shown: commands are issued by the story."""
        if playing:
            self.arrangement.low(LOW)
        self._story_bar.setVisible(playing)
        for dock in self.docks:
            if dock.objectName() == "command":
                dock.setVisible(not playing and self.workspace.is_open)

    def _on_engine_ready(self) -> None:
        problems = self.workspace.plugin_problems
        if problems:
            self.banner.show_notice(
                "warning", problems[0], "Its categories are shown with the generic fold.", detail="\n".join(problems)
            )

    def _on_live(self, state: LiveState) -> None:
        if state.state == "off" and state.detail:
            self.banner.show_notice(
                "error", state.detail, "What is shown may be out of date.", retry=self.opening.open_again
            )

    def _fill_open_menu(self) -> None:
        menus.fill_open_menu(self.open_menu, self.workspace.actions, self.settings, self, self.opening.open_recent)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.open(StoreSpec(url.toLocalFile()))
                return

    # -- what one can do -----------------------------------------------------------------------------------

    def _append(self, draft: Mapping[str, object] | None) -> None:
        if not self.workspace.writable:
            self.workspace.message.emit("This store is open read-only: nothing can be appended.")
            return
        from explorer.ui.commands.append_dialog import AppendDialog  # late: the first page comes without it

        AppendDialog(self.workspace, draft, self).show()

    def _save_bundle(self) -> None:
        from explorer.ui.notes.bundle_dialog import BundleDialog, told  # late: the first page comes without it

        place = self.workspace.current_stream[:2]
        streams = [StreamKey(tab.category, tab.id) for tab in self.tabs.streams()]
        streams.sort(key=lambda one: (one.category, one.id) != place)
        dialog = BundleDialog(self.workspace, streams, self)
        dialog.saved.connect(lambda path, done: self.banner.show_notice("info", *told(path, done)))
        dialog.open()

    def _event_in_sight(self) -> bool:
        return self.workspace.current_stream[2] > 0

    def _append_like(self) -> None:
        category, id, version = self.workspace.current_stream
        self.workspace.append_wanted.emit({"category": category, "id": id, "version": version})

    def _toggle_live(self) -> None:
        self.workspace.pause(self.workspace.live.state == "live")

    def _zoom(self, by: int) -> None:
        now = theme.zoom()
        larger, smaller = [z for z in ZOOMS if z > now], [z for z in ZOOMS if z < now]
        self._set_zoom(
            (larger[0] if larger else now) if by > 0 else (smaller[-1] if smaller else now) if by < 0 else 100
        )

    def _set_zoom(self, wanted: int) -> None:
        """Percent."""
        self.settings.zoom = wanted
        self._apply_theme()
        self.workspace.message.emit(f"Size {wanted} %")

    def _next_theme(self) -> None:
        names = list(THEMES)
        self.settings.theme = names[(names.index(self.settings.theme) + 1) % len(names)]
        self._apply_theme()
        self.workspace.message.emit(f"Colours: {THEMES[self.settings.theme]}")

    def _apply_theme(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, self.settings.theme, self.settings.zoom)

    def _next_time_mode(self) -> None:
        modes = list(MODES)
        mode = modes[(modes.index(self.workspace.time_mode) + 1) % len(modes)]
        self.workspace.set_time_mode(mode)
        self.workspace.message.emit(f"Times: {MODES[mode]}")

    def _full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def reset_layout(self) -> None:
        """All panels where they were delivered."""
        self.arrangement.reset()

    def _note_keys(self) -> None:
        self.settings.keys = self.workspace.actions.own_keys()

    def show_help(self) -> None:
        if self._help is None:
            from explorer.ui.help_sheet import HelpSheet

            self._help = HelpSheet(self.workspace.actions, self)
        self._help.show()
        self._help.raise_()
        self._help.activateWindow()

    def _about(self) -> None:
        from explorer import __version__

        box = self._box(QMessageBox.Icon.NoIcon, f"{NAME} {__version__}")
        box.setInformativeText("Open an event store, look at it, replay it, write to it, watch it live. MIT licence.")
        box.setIconPixmap(app_icon().pixmap(48, 48))
        box.open()

    def _box(self, picture: QMessageBox.Icon, sentence: str) -> QMessageBox:
        box = QMessageBox(self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setIcon(picture)
        box.setWindowTitle(NAME)
        box.setText(text.lines_shown(sentence))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return box

    # -- closing -------------------------------------------------------------------------------------------

    def _ask_about_writes(self, then: Callable[[], None]) -> None:
        """Writes that have not started would be lost: list them and ask."""
        pending = self.workspace.pending_writes()
        if not pending:
            then()
            return
        box = self._box(QMessageBox.Icon.Warning, "This has been asked to be written and has not started:")
        box.setInformativeText(text.lines_shown("\n".join(f"• {one}" for one in pending)))
        drop = box.addButton("Close without writing it", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("Wait", QMessageBox.ButtonRole.RejectRole)
        drop.clicked.connect(then)
        box.open()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        if not self._closing:
            self._ask_about_writes(self._leave)

    def _leave(self) -> None:
        self._closing = True
        self._remember()
        self.hide()
        for dialog in self.findChildren(QDialog):
            dialog.hide()
        self.workspace.close(self.gone.emit)
        self.opening.end()

    def _remember(self) -> None:
        """How it is left. A folder that cannot be written loses nothing but that."""
        self.settings.geometry = to_text(self.saveGeometry())
        info = self.workspace.info
        try:
            if info is not None and not self.story.playing:
                state = {
                    "geometry": self.settings.geometry,
                    "docks": self.arrangement.state(),
                    "tabs": self.tabs.state(),
                }
                settings_module.save_connection_state(info.identity, state)
            settings_module.save(self.settings)
        except OSError as error:
            self.workspace.message.emit(f"What the window looks like cannot be remembered: {error.strerror}.")
