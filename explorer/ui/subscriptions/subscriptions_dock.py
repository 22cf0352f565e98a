"""Who works on this store and how far each is; starting, stopping and troubling the services; what is parked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSplitter, QStackedLayout, QToolButton, QWidget

from explorer.stores.store import Store
from explorer.ui.commands.committing import why_not_writable
from explorer.ui.look import icons, text, theme
from explorer.ui.pane import PaneHead
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.question import Question
from explorer.ui.parts.table import RowsTable
from explorer.ui.subscriptions.load_dial import LoadDial
from explorer.ui.subscriptions.parked_pane import ParkedPane
from explorer.ui.subscriptions.subscription_rows import MEANS, OWNER, Line, columns, lines
from explorer.ui.workspace import Workspace

ROOM = 640  # pixels of a table below which some columns give way
WORDS = 860  # pixels of the dock from which its tools have words beside their icons
DELAYS = (0.0, 0.5, 2.0, 5.0, 10.0)  # seconds before each event


class _Table(RowsTable):
    """Its menu is that of the dock."""

    def __init__(self, model: RowsModel, menu: Callable[[QMenu], None], parent: QWidget) -> None:
        super().__init__(model, "Subscriptions", parent)
        self._fill = menu
        self.setSelectionMode(RowsTable.SelectionMode.SingleSelection)

    def show_menu(self, index: QModelIndex, at: QPoint) -> None:
        if index.isValid():
            self.selectRow(index.row())
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self._fill(menu)
            menu.popup(at)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for column in (OWNER, MEANS):
            self.setColumnHidden(column, self.width() < theme.scaled(ROOM))


class SubscriptionsDock(QWidget):
    """A line for each subscription, with what can be done about it in the head, the menu and by keys."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._doomed: tuple[Line, bool] | None = None  # what is to be reset, and whether to the end
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._build()
        self._connect()
        self._show()

    # -- widgets -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.head = PaneHead("", self)
        self.start_button = QToolButton(self)
        self.start_button.setIconSize(QSize(theme.scaled(14), theme.scaled(14)))
        self.start_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.start_button.clicked.connect(self.toggle)
        self.head.add(self.start_button)
        self.slow_button = self.head.add_tool("clock", "Slow the service down", lambda: None)
        self.slow_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.slow_button)
        menu.aboutToShow.connect(lambda: self._fill_slow(menu))
        self.slow_button.setMenu(menu)
        self.fail_button = self.head.add_tool("zap", "Make the service fail", self.toggle_failing, checkable=True)
        self.pause_button = self.head.add_tool("pause", "Pause the subscription", self.toggle_paused, checkable=True)
        self.reset_button = self.head.add_tool("history", "Reset the subscription", lambda: None)
        self.reset_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        reset = QMenu(self.reset_button)
        self.to_beginning = reset.addAction("To the beginning…", partial(self.ask_to_reset, False))
        self.to_end = reset.addAction("To the end…", partial(self.ask_to_reset, True))
        self.reset_button.setMenu(reset)
        for button, words in (
            (self.slow_button, "Slow"), (self.fail_button, "Fail"), (self.pause_button, "Pause"),
            (self.reset_button, "Reset"),
        ):  # fmt: skip
            button.setText(text.menu_text(words))
        self.dial = LoadDial(self._workspace.services, self)
        self.head.add(self.dial)

        self.banner = Banner(self)
        self.question = Question("Reset it", "Keep it", self)
        self.model = RowsModel(columns(), self)
        self.table = _Table(self.model, self._fill_menu, self)
        self.parked = ParkedPane(self._workspace, self)
        self.setFocusProxy(self.table)
        self._panes = QSplitter(Qt.Orientation.Horizontal, self)
        self._panes.setChildrenCollapsible(False)
        self._panes.addWidget(self.table)
        self._panes.addWidget(self.parked)
        self._panes.setSizes([theme.scaled(480), theme.scaled(480)])
        self.empty = EmptyState(parent=self)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self._panes)
        self._pages.addWidget(self.empty)
        put_in_column(self, self.head, self.banner, self.question, pages)

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.opened.connect(self._opened)
        workspace.closed.connect(self._opened)
        workspace.services.changed.connect(self._show)
        workspace.subscriptions_changed.connect(lambda _subscribed: self._show())
        workspace.refresh_wanted.connect(workspace.subscriptions.look)
        workspace.watch_subscriptions(self)
        theme.signals().changed.connect(self.model.refresh)
        self.table.selectionModel().selectionChanged.connect(lambda: self._selected())
        self.parked.failed.connect(self.banner.show_error)
        self.question.answered.connect(lambda yes: self.reset() if yes else self._keep())
        bind = workspace.actions.bind
        bind("service_toggle", self.toggle, self, self.start_button.isEnabled)
        bind("service_fail", self.toggle_failing, self, self.fail_button.isEnabled)
        bind("subscription_pause", self.toggle_paused, self, self.pause_button.isEnabled)
        bind("load", self.dial.toggle, self, lambda: workspace.services.can_load)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words beside the icons where there is room."""
        super().resizeEvent(event)
        wide = self.width() >= theme.scaled(WORDS)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if wide else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in (self.slow_button, self.fail_button, self.pause_button, self.reset_button):
            button.setToolButtonStyle(style)

    # -- the list ----------------------------------------------------------------------------------------------------

    def _opened(self) -> None:
        self.banner.clear()
        self._keep()
        self._show()

    def _show(self) -> None:
        workspace = self._workspace
        made = lines(workspace.services, workspace.subscriptions) if workspace.is_open else []
        rows: list[Line] = self.model.rows
        if [one.name for one in made] == [one.name for one in rows]:
            for row, line in enumerate(made):
                if line != rows[row]:
                    self.model.replace(row, line)
        else:
            name = self.selected.name if self.selected is not None else ""
            self.model.reset(made)
            again = [row for row, line in enumerate(made) if line.name == name]
            if made:
                self.table.selectRow(again[0] if again else 0)
        problem = workspace.subscriptions.problem
        if problem is not None and self.banner.isHidden():
            self.banner.show_error(problem, workspace.subscriptions.look)
        parked = sum(line.parked for line in made)
        count = f"{len(made)} subscription{'s' if len(made) != 1 else ''}" if made else ""
        text.set_label(self.head.note, f"{count}, {text.number(parked)} parked" if parked else count)
        self._selected()
        self._say_why_empty()

    @property
    def selected(self) -> Line | None:
        rows = self.table.selectionModel().selectedRows()
        line: Line | None = self.model.row(rows[0]) if rows else None
        return line

    def _selected(self) -> None:
        line, why_not = self.selected, why_not_writable(self._workspace.info)
        if self._doomed is not None and (line is None or line.name != self._doomed[0].name):
            self._keep()
        self.parked.setVisible(any(one.parked for one in self.model.rows))
        self.parked.show_line(line, self._workspace.subscriptions.found.parked, why_not)
        service = line.service if line is not None else None
        runs = service is not None and service.running
        title = line.title if line is not None else ""
        self.start_button.setText("Stop" if runs else "Start")
        self.start_button.setIcon(icons.icon("stop" if runs else "play", "text"))
        self._offer(self.start_button, service is not None, f"{'Stop' if runs else 'Start'} {title}", why_not)
        self._offer(self.slow_button, runs, f"Slow {title} down", why_not)
        failing = runs and service is not None and service.failing
        self.fail_button.setChecked(failing)
        self._offer(self.fail_button, runs, f"Stop making {title} fail" if failing else f"Make {title} fail", why_not)
        known, paused = line is not None and line.known, line is not None and line.paused
        self.pause_button.setChecked(paused)
        self._offer(self.pause_button, known, f"{'Resume' if paused else 'Pause'} {title}", why_not)
        # Going through everything again would put rows onto those that are there.
        rows = "Its rows are made anew by a rebuild, in the panel Read models." if line and line.keeps_rows else ""
        self._offer(self.reset_button, known, f"Reset {title}…", why_not or rows)

    def _offer(self, button: QToolButton, possible: bool, words: str, why_not: str) -> None:
        button.setEnabled(possible and not why_not)
        button.setToolTip(text.tooltip(why_not or words))
        button.setAccessibleName(text.shown(words))

    def _say_why_empty(self) -> None:
        info = self._workspace.info
        if self.model.rows:
            self._pages.setCurrentWidget(self._panes)
            return
        self._pages.setCurrentWidget(self.empty)
        if info is None:
            self.empty.say("No store is open.", "Who works on it is listed here.", icon_name="users")
        elif info.layout != "own":
            self.empty.say(
                "This store keeps no subscriptions.",
                f"It is one of another library ({info.layout}): its subscribers keep their place elsewhere, and our "
                "services work on stores of our own.",
                icon_name="users",
            )
        elif not info.writable:
            self.empty.say(
                "Nobody has subscribed to this store yet.",
                "Services can be started when it is open for writing: open it again and tick “Allow writing”.",
                icon_name="users",
            )
        else:
            self.empty.say("Services are being looked for.", "The engine lists them.", icon_name="users")

    # -- menus -------------------------------------------------------------------------------------------------------

    def _fill_slow(self, menu: QMenu) -> None:
        menu.clear()
        line = self.selected
        service = line.service if line is not None else None
        for seconds in DELAYS:
            words = f"Wait {seconds:g} s before each event" if seconds else "As fast as it can"
            action = menu.addAction(text.menu_text(words), partial(self.slow, seconds))
            action.setCheckable(True)
            action.setChecked(service is not None and service.slow == seconds)

    def _fill_menu(self, menu: QMenu) -> None:
        """The head's tools in words."""
        for button, do in (
            (self.start_button, self.toggle),
            (self.fail_button, self.toggle_failing),
            (self.pause_button, self.toggle_paused),
        ):
            action = menu.addAction(button.icon(), text.menu_text(button.accessibleName()), do)
            action.setEnabled(button.isEnabled())
        slow = menu.addMenu(icons.icon("clock"), "Slow down")
        self._fill_slow(slow)
        slow.setEnabled(self.slow_button.isEnabled())
        reset = menu.addMenu(icons.icon("history"), "Reset")
        reset.addActions([self.to_beginning, self.to_end])
        reset.setEnabled(self.reset_button.isEnabled())
        menu.addSeparator()
        menu.addAction(icons.icon("copy"), "Copy row", self.table.copy)

    # -- doing -------------------------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Start the service of the selected subscription, or stop it."""
        line = self.selected
        if line is not None and line.service is not None and self.start_button.isEnabled():
            services = self._workspace.services
            (services.stop if line.service.running else services.start)(line.service.name)

    def slow(self, seconds: float) -> None:
        """Have the selected service wait so long before each event."""
        line = self.selected
        if line is not None and line.service is not None:
            self._workspace.services.slow(line.service.name, seconds)

    def toggle_failing(self) -> None:
        """Have the selected service fail, or work again."""
        line = self.selected
        if line is not None and line.service is not None:
            self._workspace.services.fail(line.service.name, not line.service.failing)
        self._selected()

    def toggle_paused(self) -> None:
        """Pause the selected subscription, or have it go on."""
        line = self.selected
        if line is not None:
            name, paused = line.name, not line.paused
            self._write(lambda store: store.pause(name, paused), f"{'Pausing' if paused else 'Resuming'} {line.title}")
        self._selected()

    def ask_to_reset(self, to_end: bool) -> None:
        """Ask in place; nothing happens yet."""
        line = self.selected
        if line is None:
            return
        self._doomed = line, to_end
        if to_end:
            means = "What is stored now is passed over, as if it had been seen, and never reacted to."
        else:
            means = "It goes through every event again; what it has written already it recognises and writes once."
        where = "end" if to_end else "beginning"
        self.question.ask(f"Reset {line.title} to the {where}? {means} Its parked events are forgotten.")

    def _keep(self) -> None:
        self._doomed = None
        self.question.hide()

    def reset(self) -> None:
        doomed = self._doomed
        self._keep()
        if doomed is not None:
            line, to_end = doomed
            self._write(partial(_reset, line.name, to_end), f"Resetting {line.title}")

    def _write(self, job: Callable[[Store], None], words: str) -> None:
        self.banner.clear()
        looks = self._workspace.subscriptions
        self._workspace.write(job, lambda _: looks.look(), self.banner.show_error, owner=self, text=words)


def _reset(name: str, to_end: bool, store: Store) -> None:
    from explorer.subscription import Subscription

    if not to_end:
        store.reset(name)
        return
    end = Subscription(store, "ordered", start="head")
    end.poll()
    store.reset(name, end.checkpoint())
