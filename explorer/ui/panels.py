"""Panels of the docks that are made when they are first seen; each is imported late."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from explorer.ui.workspace import Workspace


def watches(workspace: Workspace, parent: QWidget) -> QWidget:
    from explorer.ui.watches.watches_dock import WatchesDock

    return WatchesDock(workspace, parent)


def decisions(workspace: Workspace, parent: QWidget) -> QWidget:
    from explorer.ui.decisions.decisions_dock import DecisionsDock

    return DecisionsDock(workspace, parent)


def notes(workspace: Workspace, parent: QWidget) -> QWidget:
    from explorer.ui.notes.notes_dock import NotesDock

    return NotesDock(workspace, parent)
