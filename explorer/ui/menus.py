"""The menu bar, made from the table of actions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu

from explorer.settings import Recent, Settings
from explorer.ui.actions import ACTIONS, GROUPS, Actions
from explorer.ui.look import text
from explorer.ui.look.icons import icon

_LINES_BEFORE = {
    "refresh", "close_store", "quit", "history_back", "filter", "new_tab", "goto_version", "previous_change", "mark",
    "note", "causes", "preview", "undo", "snapshot_take", "zoom_in", "full_screen", "reset_layout", "about",
    "services_start", "load", "service_toggle", "parked_retry",
}  # fmt: skip


def fill_menu_bar(window: QMainWindow, actions: Actions, docks: Callable[[], list[QDockWidget]]) -> None:
    """One menu for each group; what nothing in this window does is left out."""
    bar = window.menuBar()
    for group in GROUPS:
        menu = bar.addMenu("&" + text.menu_text(group))
        if group == "View":
            panels = menu.addMenu(icon("columns"), "Panels")
            panels.aboutToShow.connect(partial(_fill_panels, panels, docks))
            menu.addSeparator()
        for action in ACTIONS:
            made = actions.qaction(action.id, window)
            if action.group != group or not action.menu or not actions.bound(action.id):
                continue
            if action.id in _LINES_BEFORE and not menu.isEmpty():
                menu.addSeparator()
            menu.addAction(made)
        menu.aboutToShow.connect(actions.refresh_enabled)
        menu.aboutToHide.connect(actions.enable_all, Qt.ConnectionType.QueuedConnection)


def _fill_panels(menu: QMenu, docks: Callable[[], list[QDockWidget]]) -> None:
    menu.clear()
    for dock in docks():
        menu.addAction(dock.toggleViewAction())


def fill_open_menu(
    menu: QMenu, actions: Actions, settings: Settings, window: QMainWindow, open: Callable[[Recent], None]
) -> None:
    """Open ▾: the ways to open, what was open before, closing."""
    menu.clear()
    for id in ("open", "open_read_only", "demo"):
        menu.addAction(actions.qaction(id, window))
    if settings.recent:
        menu.addSection("Recent")
    for recent in settings.recent:
        words = recent.title or recent.url
        state = "writable" if recent.writable else "read-only"
        made = menu.addAction(icon("database"), text.menu_text(f"{words}   {state}"), partial(open, recent))
        made.setToolTip(text.tooltip(recent.url))
    menu.setToolTipsVisible(True)
    menu.addSeparator()
    menu.addAction(actions.qaction("close_store", window))
    actions.refresh_enabled()
