"""The branches of a stream in the user's data folder, read and written without keeping the window waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from explorer import branches
from explorer.branches import Branch
from explorer.errors import ExplorerError, Invalid
from explorer.model import StreamKey
from explorer.ui.asking.worker import Delivery, in_thread

_FILE = threading.Lock()  # one reads or writes at a time


class Keeping(QObject):
    """Writes come one after the other, and of those that wait only the newest of a stream."""

    failed = Signal(object)  # ExplorerError

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._delivery = Delivery(self)
        self._waiting: dict[tuple[str, StreamKey], tuple[Branch, ...]] = {}
        self._writing = False

    def read(self, identity: str, key: StreamKey, then: Callable[[tuple[Branch, ...]], None]) -> None:
        """Those of this stream, in a moment. What is to be written counts already."""

        def read() -> tuple[Branch, ...] | ExplorerError:
            try:
                with _FILE:
                    return tuple(one for one in branches.kept(identity) if _stream(one) == key)
            except Invalid as error:
                return error

        def come(found: tuple[Branch, ...] | ExplorerError) -> None:
            if isinstance(found, ExplorerError):
                self.failed.emit(found)
                then(())
            else:
                then(self._waiting.get((identity, key), found))

        in_thread(self._delivery, read, come)

    def keep(self, identity: str, key: StreamKey, of_stream: tuple[Branch, ...]) -> None:
        """Keep these branches of this stream, and no others."""
        self._waiting[identity, key] = of_stream
        if not self._writing:
            self._write()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, {}
        self._writing = True

        def write() -> ExplorerError | None:
            try:
                with _FILE:
                    for (identity, key), mine in waiting.items():
                        others = [one for one in branches.kept(identity) if _stream(one) != key]
                        branches.keep(identity, (*others, *mine))
            except Invalid as error:
                return error
            except OSError as error:
                return Invalid(f"The branches cannot be kept: {error.strerror or error}")
            return None

        def written(error: ExplorerError | None) -> None:
            self._writing = False
            if error is not None:
                self.failed.emit(error)
            if self._waiting:
                self._write()

        in_thread(self._delivery, write, written)


def _stream(branch: Branch) -> StreamKey:
    return StreamKey(branch.category, branch.id)
