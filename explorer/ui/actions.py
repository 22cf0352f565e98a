"""One table of everything that can be done by a key, a menu entry or the palettes.

Menus, key bindings, the command palette and the help sheet all derive from it. Panels bind callbacks to the ids;
several may bind the same one, and the one that has the focus (else the one in sight) is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from explorer.ui.look import text
from explorer.ui.look.icons import icon


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done.

    scope "window": the keys work anywhere in the window (text fields keep the characters they need). scope "panel":
    they work only while the binding's owner, or something inside it, has the focus.
    """

    id: str
    title: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    group: str = "View"
    scope: Literal["window", "panel"] = "window"
    menu: bool = True


ACTIONS: tuple[Action, ...] = (
    Action("open", "Open…", ("Ctrl+O",), "open", "Store"),
    Action("open_read_only", "Open read-only…", ("Ctrl+Shift+O",), "lock", "Store"),
    Action("demo", "Open the demo", (), "sparkles", "Store"),
    Action("bundle", "Save a bundle…", (), "box", "Store"),
    Action("refresh", "Refresh", ("F5",), "refresh", "Store"),
    Action("live", "Pause or resume live", ("Ctrl+Shift+Space",), "live", "Store"),
    Action("close_store", "Close store", (), "unplug", "Store"),
    Action("quit", "Quit", ("Ctrl+Q",), "", "Store"),
    Action("goto", "Go to anything…", ("Ctrl+K", "Ctrl+P"), "search", "Go"),
    Action("palette", "Command palette…", ("Ctrl+Shift+P",), "command", "Go"),
    Action("history_back", "Back", ("Alt+Left",), "left", "Go"),
    Action("history_forward", "Forward", ("Alt+Right",), "right", "Go"),
    Action("filter", "Filter", ("/", "Ctrl+L"), "filter", "Go"),
    Action("find", "Find in pane", ("Ctrl+F",), "search", "Go"),
    Action("find_next", "Next match", ("F3",), "", "Go"),
    Action("find_previous", "Previous match", ("Shift+F3",), "", "Go"),
    Action("new_tab", "New tab", ("Ctrl+T",), "plus", "Go"),
    Action("close_tab", "Close tab", ("Ctrl+W",), "close", "Go"),
    Action("reopen_tab", "Reopen closed tab", ("Ctrl+Shift+T",), "", "Go"),
    Action("next_tab", "Next tab", ("Ctrl+Tab", "Ctrl+PgDown"), "", "Go"),
    Action("previous_tab", "Previous tab", ("Ctrl+Shift+Tab", "Ctrl+PgUp"), "", "Go"),
    *(Action(f"tab_{n}", f"Tab {n}", (f"Alt+{n}",), "", "Go", menu=False) for n in range(1, 10)),
    Action("step_back", "Step back", ("Ctrl+[",), "back", "Timeline"),
    Action("step_forward", "Step forward", ("Ctrl+]",), "forward", "Timeline"),
    Action("step_back_here", "Step back", ("Left",), "back", "Timeline", "panel", menu=False),
    Action("step_forward_here", "Step forward", ("Right",), "forward", "Timeline", "panel", menu=False),
    Action("first", "First version", ("Home",), "first", "Timeline", "panel"),
    Action("last", "Last version", ("End",), "last", "Timeline", "panel"),
    Action("play", "Play or pause", ("Space",), "play", "Timeline", "panel"),
    Action("goto_version", "Go to version…", ("Ctrl+G",), "hash", "Timeline"),
    Action("blame", "Who wrote the selected value", ("B",), "history", "Timeline", "panel"),
    Action("previous_change", "Previous change of the selected path", ("Alt+Up",), "up", "Timeline"),
    Action("next_change", "Next change of the selected path", ("Alt+Down",), "down", "Timeline"),
    Action("play_back", "Play backwards or pause", ("Shift+Space",), "", "Timeline", "panel"),
    Action("next_stop", "Next stop", ("F9",), "flag", "Timeline"),
    Action("previous_stop", "Previous stop", ("Shift+F9",), "", "Timeline"),
    Action("next_flip", "Next flip of a watch", ("F8",), "", "Timeline"),
    Action("previous_flip", "Previous flip of a watch", ("Shift+F8",), "", "Timeline"),
    Action("watch", "Watch the selected value", ("W",), "eye", "Timeline", "panel"),
    Action("mark", "Mark for compare", ("M",), "bookmark", "Timeline", "panel"),
    Action("diff_marked", "Diff with the marked version", ("D",), "compare", "Timeline", "panel"),
    Action("note", "Write a note on the event", ("N",), "note", "Timeline", "panel"),
    Action("bookmark", "Bookmark the event, or no longer", ("Ctrl+D",), "star", "Timeline"),
    Action("decisions", "Which command would be accepted when", (), "check", "Go"),
    Action("notes", "Notes and bookmarks", (), "note", "Go"),
    Action("note_remove", "Remove the selected note…", (), "trash", "Go", "panel", menu=False),
    Action("causes", "Causes and effects", ("C",), "causes", "Timeline", "panel"),
    Action("branch", "What if: branch from this event", ("Ctrl+B",), "branch", "Timeline"),
    Action("compare_code", "Compare two versions of the code…", (), "code", "Timeline"),
    Action("purity", "Check whether the reducer is pure", (), "check", "Timeline"),
    Action("branch_skip", "In a branch: skip the event", ("S", "Del"), "minus", "Timeline", "panel", menu=False),
    Action("branch_edit", "In a branch: edit the event", ("E", "Return"), "edit", "Timeline", "panel", menu=False),
    Action("branch_insert", "In a branch: insert an event", ("I",), "plus", "Timeline", "panel", menu=False),
    Action("branch_up", "In a branch: move the event up", ("Alt+Up",), "up", "Timeline", "panel", menu=False),
    Action("branch_down", "In a branch: move the event down", ("Alt+Down",), "down", "Timeline", "panel", menu=False),
    Action("branch_truncate", "In a branch: nothing after this", ("T",), "last", "Timeline", "panel", menu=False),
    Action("branch_restore", "In a branch: as it is stored", ("R",), "history", "Timeline", "panel", menu=False),
    Action("append", "Append event…", (), "append", "Write"),
    Action("append_like", "Append one like this…", (), "like", "Write"),
    Action("preview", "Preview command", ("Ctrl+Return", "Ctrl+Enter"), "eye", "Write"),
    Action("commit", "Commit command", ("Ctrl+Shift+Return", "Ctrl+Shift+Enter"), "check", "Write"),
    Action("undo", "Undo what is not yet written", ("Ctrl+Z",), "undo", "Write", "panel"),
    Action("redo", "Redo what is not yet written", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Write", "panel"),
    Action("snapshot_take", "Take a snapshot", (), "camera", "Write"),
    Action("pattern", "The pattern, live", (), "activity", "View"),
    Action("subscriptions", "Subscriptions", (), "users", "Run"),
    Action("services_start", "Start all services", (), "play", "Run"),
    Action("services_stop", "Stop all services", (), "stop", "Run"),
    Action("load", "Start or stop a load of orders", (), "activity", "Run"),
    Action("service_toggle", "Start or stop the selected service", ("S",), "play", "Run", "panel"),
    Action("service_fail", "Make the selected service fail, or no longer", ("X",), "zap", "Run", "panel"),
    Action("subscription_pause", "Pause or resume the selected subscription", ("P",), "pause", "Run", "panel"),
    Action("parked_retry", "Retry the parked event", ("R",), "refresh", "Run", "panel"),
    Action("parked_skip", "Skip the parked event…", ("Del",), "forward", "Run", "panel"),
    Action("story", "What event sourcing is: a story", (), "play", "Present"),
    Action("story_open", "Open a story…", (), "open", "Present"),
    Action("story_next", "Next step", ("F4",), "forward", "Present"),
    Action("story_back", "Step before", ("Shift+F4",), "back", "Present"),
    Action("story_reset", "Begin the story again", ("F7",), "undo", "Present"),
    Action("story_end", "End the story", (), "close", "Present"),
    Action("zoom_in", "Larger", ("Ctrl++", "Ctrl+="), "", "View"),
    Action("zoom_out", "Smaller", ("Ctrl+-",), "", "View"),
    Action("zoom_reset", "Normal size", ("Ctrl+0",), "", "View"),
    Action("full_screen", "Full screen", ("F11",), "maximize", "View"),
    Action("theme", "Light, dark or as the system", (), "moon", "View"),
    Action("time_mode", "Local time, UTC, relative or Δ", (), "clock", "View"),
    Action("reset_layout", "Reset layout", (), "columns", "View"),
    Action("help", "Keys and help", ("F1",), "keyboard", "Help"),
    Action("about", "About", (), "info", "Help"),
)
BY_ID = {one.id: one for one in ACTIONS}
GROUPS = ("Store", "Go", "Timeline", "Write", "Run", "Present", "View", "Help")


@dataclass(eq=False, slots=True)
class Binding:
    """A callback for an action, alive as long as its owner."""

    callback: Callable[[], object]
    owner: QObject
    enabled: Callable[[], bool] | None = None
    shortcut: QAction | None = field(default=None)

    @property
    def alive(self) -> bool:
        return shiboken6.isValid(self.owner)

    @property
    def possible(self) -> bool:
        return self.alive and (self.enabled is None or self.enabled())


class Actions(QObject):
    """The bindings of one window. Without a window (tests of single panels) it still binds and triggers."""

    changed = Signal()  # bindings or keys are different now
    impossible = Signal(str)  # title of an action that was asked for and cannot be done now

    def __init__(self, keys: dict[str, list[str]] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bindings: dict[str, list[Binding]] = {one.id: [] for one in ACTIONS}
        self._own_keys = dict(keys or {})
        self._actions: dict[str, QAction] = {}

    # -- binding -------------------------------------------------------------------------------------------

    def bind(
        self,
        id: str,
        callback: Callable[[], object],
        owner: QObject,
        enabled: Callable[[], bool] | None = None,
    ) -> None:
        """Call this when the action is asked for. Ends with the owner. Raises KeyError for an unknown id."""
        action = BY_ID[id]
        binding = Binding(callback, owner, enabled)
        self._bindings[id] = [one for one in self._bindings[id] if one.alive]
        self._bindings[id].insert(0, binding)
        if action.scope == "panel" and isinstance(owner, QWidget):
            binding.shortcut = QAction(owner)
            binding.shortcut.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            binding.shortcut.setShortcuts(self._sequences(id))
            binding.shortcut.triggered.connect(lambda: self._run(action, binding))
            owner.addAction(binding.shortcut)
        self.changed.emit()

    def binding(self, id: str) -> Binding | None:
        """The binding that would be called now: the one with the focus inside, else one in sight; latest first."""
        alive = [one for one in self._bindings[id] if one.possible]
        focus = QApplication.focusWidget()

        def rank(one: Binding) -> int:
            if not isinstance(one.owner, QWidget):
                return 1
            if focus is not None and (one.owner is focus or one.owner.isAncestorOf(focus)):
                return 3 if not one.owner.isWindow() else 2
            return 2 if one.owner.isVisible() else 0

        return max(alive, key=rank, default=None)

    def possible(self, id: str) -> bool:
        return self.binding(id) is not None

    def bound(self, id: str) -> bool:
        """Whether anything in this window does it at all, be it possible now or not."""
        return any(one.alive for one in self._bindings[id])

    def trigger(self, id: str) -> bool:
        """Do it. False, and `impossible`, when nothing can do it now."""
        binding = self.binding(id)
        if binding is None:
            self.impossible.emit(BY_ID[id].title)
            return False
        binding.callback()
        return True

    def _run(self, action: Action, binding: Binding) -> None:
        if binding.possible:
            binding.callback()
        else:
            self.impossible.emit(action.title)

    # -- menus and keys ------------------------------------------------------------------------------------

    def qaction(self, id: str, window: QWidget) -> QAction:
        """The QAction of the window for menus and tool buttons; made once, with its keys if they are for anywhere."""
        if id not in self._actions:
            action = BY_ID[id]
            made = QAction(action.title, window)
            made.setObjectName(id)
            if action.icon:
                made.setIcon(icon(action.icon))
            made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            made.triggered.connect(lambda: self.trigger(id))
            self._actions[id] = made
            self._show_keys(id)
            window.addAction(made)
        return self._actions[id]

    def refresh_enabled(self) -> None:
        """Before a menu is shown."""
        for id, action in self._actions.items():
            action.setEnabled(self.possible(id))

    def enable_all(self) -> None:
        """After a menu is hidden: a disabled QAction would swallow nothing, but its key would fall through."""
        for action in self._actions.values():
            action.setEnabled(True)

    def keys(self, id: str) -> tuple[str, ...]:
        """The keys as they are now."""
        return tuple(self._own_keys.get(id, BY_ID[id].keys))

    def own_keys(self) -> dict[str, list[str]]:
        """What differs from the table, for the settings."""
        return dict(self._own_keys)

    def set_keys(self, id: str, keys: tuple[str, ...] | None) -> None:
        """Other keys for an action; None: those of the table again."""
        if keys is None or keys == BY_ID[id].keys:
            self._own_keys.pop(id, None)
        else:
            self._own_keys[id] = list(keys)
        self._show_keys(id)
        for binding in self._bindings[id]:
            if binding.alive and binding.shortcut is not None:
                binding.shortcut.setShortcuts(self._sequences(id))
        self.changed.emit()

    def holder(self, key: str, besides: str) -> str | None:
        """The other action that has this key already."""
        wanted = QKeySequence(key)
        for one in ACTIONS:
            if one.id != besides and wanted in self._sequences(one.id):
                return one.id
        return None

    def key_text(self, id: str) -> str:
        """The keys for people: `Ctrl+K or Ctrl+P`."""
        native = QKeySequence.SequenceFormat.NativeText
        texts = [one.toString(native) for one in self._sequences(id)]
        return " or ".join(dict.fromkeys(texts))

    def _sequences(self, id: str) -> list[QKeySequence]:
        return [QKeySequence(key, QKeySequence.SequenceFormat.PortableText) for key in self.keys(id)]

    def _show_keys(self, id: str) -> None:
        made = self._actions.get(id)
        if made is None:
            return
        action = BY_ID[id]
        if action.scope == "window":
            made.setShortcuts(self._sequences(id))
        else:  # shown in the menu, but heard by the panel alone
            first = self.key_text(id).split(" or ")[0]
            made.setText(text.menu_text(action.title) + "\t" + text.menu_text(first))
