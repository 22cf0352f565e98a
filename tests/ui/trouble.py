"""Opening what makes trouble in the window, and hearing what the window says about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer.errors import ExplorerError
from explorer.model import StreamKey
from explorer.stores import StoreSpec
from explorer.ui.parts.banner import Banner
from explorer.ui.start.open_dialog import OpenDialog
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from tests.ui.opened import WAIT
from tests.ui.shown_streams import settle

Make = Callable[..., Window]


@dataclass(frozen=True)
class Told:
    """A failure and the banner that was to say it."""

    banner: Banner
    error: ExplorerError


def said(qtbot: QtBot, told: list[Told], kind: type[ExplorerError], within: QWidget, wait: int = WAIT) -> Told:
    """Wait until a failure of this class can be read somewhere in this widget."""

    def found() -> list[Told]:
        return [
            one
            for one in told
            if isinstance(one.error, kind)
            and within.isAncestorOf(one.banner)
            and one.banner.isVisible()
            and str(one.error)[:100] in one.banner.sentence.text()
        ]

    qtbot.waitUntil(lambda: bool(found()), timeout=wait)
    return found()[-1]


def refused(qtbot: QtBot, window: Window, spec: StoreSpec) -> tuple[ExplorerError, OpenDialog]:
    """Open what cannot be opened; the failure and the dialog that shows it."""
    with qtbot.waitSignal(window.workspace.open_failed, timeout=WAIT) as failed:
        window.open(spec)
    qtbot.waitUntil(lambda: any(one.isVisible() for one in window.findChildren(OpenDialog)), timeout=WAIT)
    dialog = next(one for one in window.findChildren(OpenDialog) if one.isVisible())
    error = failed.args[0]
    assert dialog.banner.isVisible()
    assert str(error)[:100] in dialog.banner.sentence.text()
    return error, dialog


def opened(qtbot: QtBot, window: Window, spec: StoreSpec, plugins: tuple[str, ...] = ()) -> Window:
    with qtbot.waitSignals([window.workspace.opened, window.workspace.engine_ready], timeout=WAIT):
        window.open(spec, plugins)
    return window


def closed(qtbot: QtBot, window: Window) -> None:
    """Close the store; nothing of it is open any more, so that its file can be looked at."""
    with qtbot.waitSignal(window.workspace.closed, timeout=WAIT):
        window.close_store()


def tab_on(qtbot: QtBot, window: Window, key: StreamKey) -> StreamTab:
    window.workspace.stream_wanted.emit(key.category, key.id, None)
    return next(tab for tab in window.findChildren(StreamTab) if (tab.category, tab.id) == (key.category, key.id))


def replayed(qtbot: QtBot, window: Window, key: StreamKey) -> StreamTab:
    tab = tab_on(qtbot, window, key)
    qtbot.waitUntil(lambda: tab.replaying.result is not None, timeout=WAIT)
    settle(qtbot, tab)
    return tab
