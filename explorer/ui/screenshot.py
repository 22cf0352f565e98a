"""Paints the window to a file: waits until the store is open and what is shown has come, then grabs it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, QTimer

from explorer.errors import ExplorerError
from explorer.ui.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.model import StreamInfo

SIZE = QSize(1440, 900)
QUIET = 0.6  # seconds without anything under way
PATIENCE = 40.0  # seconds; then it is painted as it is


class Screenshot(QObject):
    """Ends by `finish(exit code)`."""

    def __init__(self, window: Window, file: Path, finish: Callable[[int], None]) -> None:
        super().__init__(window)
        self._window = window
        self._file = file
        self._finish = finish
        self._begun = time.monotonic()
        self._quiet_since = self._begun
        self._timer = QTimer(self, interval=50)
        self._timer.timeout.connect(self._look)
        workspace = window.workspace
        workspace.opened.connect(self._opened)
        workspace.open_failed.connect(self._failed)
        workspace.engine_ready.connect(self.soon)
        workspace.engine_failed.connect(lambda _sentence: self.soon())

    def soon(self) -> None:
        """Paint as soon as nothing is under way."""
        self._quiet_since = time.monotonic()
        self._timer.start()

    def _opened(self) -> None:
        self._window.resize(SIZE)
        if not self._window.tabs.streams():
            self._window.workspace.browse(lambda store: store.recent_streams(100), self._show_one, owner=self)

    def _show_one(self, streams: Sequence[StreamInfo]) -> None:
        """A stream with something to see: the longest of those of a category that takes commands."""
        if streams:
            orders = [one for one in streams if one.category == "Order"] or list(streams)
            best = max(orders, key=lambda one: one.version)
            self._window.workspace.stream_wanted.emit(best.category, best.id, None)

    def _look(self) -> None:
        now = time.monotonic()
        if self._window.workspace.occupied:
            self._quiet_since = now
        if now - self._quiet_since >= QUIET or now - self._begun >= PATIENCE:
            self._timer.stop()
            self._paint()

    def _paint(self) -> None:
        saved = self._window.grab().save(str(self._file))
        if not saved:
            print(f"The picture could not be written to {self._file}.", file=sys.stderr)
        self._finish(0 if saved else 1)

    def _failed(self, error: ExplorerError) -> None:
        print(f"{error} {error.hint}".strip(), file=sys.stderr)
        self._finish(3)
