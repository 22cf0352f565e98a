"""The menu of one event of a stream: what of it can be taken elsewhere."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from explorer.branches import Truncate
from explorer.engine.asks_branches import BranchText
from explorer.model import StreamKey
from explorer.ui.look import text
from explorer.ui.look.icons import icon
from explorer.ui.pane import copy_text, copy_value
from explorer.ui.recipes import event_sql, events_command
from explorer.ui.stream.timeline import Timeline
from explorer.ui.workspace import Workspace


def event_menu(workspace: Workspace, timeline: Timeline, ordinal: int, key: StreamKey, parent: QWidget) -> QMenu:
    """Deletes itself when it is closed."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    time, version = timeline.time(ordinal), timeline.versions[ordinal]
    causes = menu.addAction(icon("causes"), "Causes and effects")
    causes.triggered.connect(lambda: workspace.causes_wanted.emit(key.category, key.id, version))
    branch = menu.addAction(icon("branch"), "What if this had not happened")
    without = f"Without v{version} {timeline.type(ordinal)}"
    branch.triggered.connect(lambda: workspace.branch_wanted.emit(key.category, key.id, ordinal, without))
    marked = workspace.marked
    if marked is not None and marked[0] == key.category and marked[1] != key.id:
        compare = menu.addAction(icon("compare"), text.menu_text(f"Compare with {marked[1]} v{marked[2]}"))
        compare.triggered.connect(lambda: workspace.compare_wanted.emit(key.category, key.id, version))
    menu.addAction(icon("note"), "Write a note").triggered.connect(lambda: workspace.actions.trigger("note"))
    menu.addAction(icon("star"), "Bookmark, or no longer").triggered.connect(
        lambda: workspace.actions.trigger("bookmark")
    )
    menu.addSeparator()
    for title, words in (
        ("Copy type", timeline.type(ordinal)),
        ("Copy time", text.when(time, "utc", full=True)),
        ("Copy event id", timeline.event_ids[ordinal]),
        ("Copy position", timeline.positions[ordinal]),
        ("Copy as SQL", event_sql(workspace, key.category, key.id, version)),
        ("Copy as command line", events_command(workspace, key.category, key.id)),
    ):
        if words:
            menu.addAction(title).triggered.connect(lambda _on=False, it=words: copy_text(workspace, it))
    upto = BranchText(key.category, key.id, (Truncate(ordinal),), "test", plugins=_files(workspace))
    test = menu.addAction("Copy as pytest file, up to here")
    test.triggered.connect(lambda: copy_value(workspace, parent, upto, plain=False))
    if workspace.writable:
        draft = {"category": key.category, "id": key.id, "version": version}
        menu.addSeparator()
        menu.addAction("Append one like this…").triggered.connect(lambda: workspace.append_wanted.emit(draft))
    return menu


def _files(workspace: Workspace) -> tuple[str, ...]:
    return tuple(str(Path(file).resolve()) for file in workspace.plugins)
