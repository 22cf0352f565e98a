"""Where playing stops: at an error, at events of a type, where a value changes, where an expression becomes true; and
how far a step goes. All of it stands in one menu beside the speed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QActionGroup, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton, QWidgetAction

from explorer.engine.asks_watches import Break, NextBreak
from explorer.engine.asks_watches import Stop as Found
from explorer.errors import ExplorerError
from explorer.expressions import Expression, Mistake
from explorer.ui.actions import BY_ID
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.tree_nodes import Role
from explorer.ui.stream.stepping import UNITS, Stepping
from explorer.ui.stream.stream_panes import StreamPanes
from explorer.ui.stream.watching import keyed_path

FAILS = Break("error")
_SHORT = {"transaction": "tx", "second": "s", "minute": "min", "hour": "h", "day": "d"}


class _Field(QLineEdit):
    """Keeps Return from the menu that it stands in, which would do its first entry."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        else:
            super().keyPressEvent(event)


class Stops(QObject):
    """The stops of one stream tab, and its steps."""

    def __init__(self, tab: StreamPanes, go_to: Callable[[int], None]) -> None:
        super().__init__(tab)
        self._tab = tab
        self._go_to = go_to
        self._workspace = tab.workspace
        self.breaks: list[Break] = []
        self.stepping = Stepping(tab, go_to)
        self.button = QToolButton(tab.transport)
        self.button.setAccessibleName("Where playing stops, and how far a step goes")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setIconSize(theme.icon_size(14))
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.menu = QMenu(self.button)
        self.menu.aboutToShow.connect(self._fill)
        self.button.setMenu(self.menu)
        tab.transport.more.addWidget(self.button)
        tab.transport.prepare = self._prepare
        tab.transport.stopped.connect(self._stopped)
        self._units = QActionGroup(self.menu)
        self._reason = 0
        self._asked: tuple[Break, ...] = ()
        actions = self._workspace.actions
        some: Callable[[], bool] = lambda: tab.timeline.count > 0  # noqa: E731 - used twice
        actions.bind("next_stop", partial(self.go_to_stop, True), tab, some)
        actions.bind("previous_stop", partial(self.go_to_stop, False), tab, some)
        for owner in (tab.ribbon, tab.table, tab.transport.slider):
            actions.bind("play_back", partial(tab.transport.toggle_play, -1), owner, some)
        self._show()

    # -- which there are ----------------------------------------------------------------------------------------------

    def toggle(self, one: Break) -> None:
        """Stop there, or no longer."""
        self.breaks = [other for other in self.breaks if other != one] if one in self.breaks else [*self.breaks, one]
        self._tab.transport.stop_at = None
        self._show()

    def clear(self) -> None:
        self.breaks = []
        self._show()

    def use(self, unit: str) -> None:
        """Let a step be one of `stepping.UNITS`."""
        self.stepping.use(unit)
        self._show()

    def _show(self) -> None:
        count = len(self.breaks)
        self.button.setIcon(icon("flag", "accent" if count else "text"))
        unit = _SHORT.get(self.stepping.unit, "")
        self.button.setText(text.menu_text(" · ".join(filter(None, (str(count) if count else "", unit)))))
        stops = "\n".join(f"stop: {self.words_of(one)}" for one in self.breaks) or "Playing stops at the end"
        self.button.setToolTip(text.tooltip(f"{stops}\nstep by {self.stepping.unit}"))
        self._tab.transport.timeline_changed()  # the button may be wider now

    # -- the menu -----------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        menu = self.menu
        menu.clear()
        menu.addAction("Stop playing at").setEnabled(False)
        offered = [FAILS, *self._offered()]
        for one in (*offered, *(one for one in self.breaks if one not in offered)):
            action = menu.addAction(text.menu_text(self.words_of(one)))
            action.setCheckable(True)
            action.setChecked(one in self.breaks)
            action.triggered.connect(partial(self.toggle, one))
        field = _Field(menu)
        field.setPlaceholderText("An expression that becomes true …")
        field.setAccessibleName("Stop where this expression becomes true")
        field.setFont(theme.mono_font())
        field.setMinimumWidth(theme.scaled(300))
        field.entered.connect(partial(self._typed, field))
        typed = QWidgetAction(menu)
        typed.setDefaultWidget(field)
        menu.addAction(typed)
        clear = menu.addAction("Nowhere but at the end", self.clear)
        clear.setEnabled(bool(self.breaks))
        menu.addSeparator()
        self._action("next_stop", partial(self.go_to_stop, True), bool(self.breaks))
        self._action("previous_stop", partial(self.go_to_stop, False), bool(self.breaks))
        self._action("play_back", partial(self._tab.transport.toggle_play, -1), self._tab.timeline.count > 1)
        menu.addSeparator()
        menu.addAction("Step by").setEnabled(False)
        self._units.deleteLater()
        self._units = group = QActionGroup(menu)
        for unit in UNITS:
            action = menu.addAction(text.menu_text(unit.capitalize()))
            action.setCheckable(True)
            action.setChecked(unit == self.stepping.unit)
            action.triggered.connect(partial(self.use, unit))
            group.addAction(action)

    def _action(self, name: str, call: Callable[[], object], possible: bool) -> None:
        """An entry for what has a key, too."""
        words = f"{BY_ID[name].title}  ({self._workspace.actions.key_text(name)})"
        action = self.menu.addAction(text.menu_text(words))
        action.triggered.connect(lambda _checked=False: call())
        action.setEnabled(possible)

    def words_of(self, one: Break) -> str:
        """What a stop is, for people."""
        if one.kind == "error":
            return "An error of the reducer"
        if one.kind == "type":
            return f"Event {one.what}"
        if one.kind == "expression":
            return f"{one.what} becomes true"
        watches = self._workspace.watches.of(self._tab.category)
        name = next((known.watch.name for known in watches if known.watch.source == one.what), "")
        return f"{name}: it flips" if name else f"{one.what} changes"

    def _offered(self) -> list[Break]:
        """What lies near: the type of this event, the selected value, the watches."""
        offered = []
        if self._tab.timeline.count:
            offered.append(Break("type", self._tab.timeline.type(self._tab.transport.at)))
        index = self._tab.state.tree.currentIndex()
        if index.isValid() and index.data(Role.ROW) is not None:
            offered.append(Break("path", keyed_path(self._tab.state.model.node_at(index))))
        for known in self._workspace.watches.of(self._tab.category):
            one = Break("path", known.watch.source)
            if one not in offered:
                offered.append(one)
        return offered

    def _typed(self, field: QLineEdit) -> None:
        source = field.text().strip()
        try:
            Expression(source)
        except Mistake as mistake:
            field.setSelection(mistake.position, 1)
            self._workspace.message.emit(f"Column {mistake.column}: {mistake.sentence}")
            return
        self.toggle(Break("path" if source.startswith("/") else "expression", source))
        self.menu.close()

    # -- stopping -----------------------------------------------------------------------------------------------------

    def _prepare(self, direction: int, begin: Callable[[], None]) -> None:
        """Find out where playing is to stop, then let it begin."""
        self._tab.transport.stop_at = None
        if not self.breaks:
            begin()
            return

        def found(stop: Found) -> None:
            self._tab.transport.stop_at, self._reason = stop.ordinal, stop.number
            begin()

        self._ask(direction > 0, found)

    def go_to_stop(self, forward: bool) -> None:
        """Put the cursor on the next event at which playing would stop, or the one before."""
        if not self.breaks:
            self._workspace.message.emit("Nothing is to stop at: choose it beside the speed.")
            return

        def found(stop: Found) -> None:
            if stop.ordinal is None or stop.ordinal >= self._tab.timeline.count:
                where = "after" if forward else "before"
                self._workspace.message.emit(f"There is no stop {where} v{self._version()}.")
                return
            self._reason = stop.number
            self._go_to(stop.ordinal)
            self._stopped(stop.ordinal)

        self._ask(forward, found)

    def _ask(self, forward: bool, found: Callable[[Found], None]) -> None:
        self._asked = tuple(self.breaks)
        tab = self._tab
        ask = NextBreak(tab.category, tab.id, self._asked, tab.transport.at, forward, tab.replaying.generic)
        self._workspace.engine(ask, found, self._failed, owner=self, text="Looking for the next stop")

    def _failed(self, error: ExplorerError) -> None:
        self._workspace.message.emit(f"The next stop cannot be found: {error}")

    def _stopped(self, ordinal: int) -> None:
        version = self._tab.timeline.versions[ordinal]
        self._workspace.message.emit(f"Stopped at v{version}: {self.words_of(self._asked[self._reason])}")

    def _version(self) -> int:
        return self._tab.timeline.versions[self._tab.transport.at]
