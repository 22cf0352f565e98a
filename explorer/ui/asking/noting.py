"""What people noted of the events of the open store, as the panels see it: read when it is opened, written at once.

The file is a small one in the user's own folder; reading and writing it are no waiting that anybody would notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from PySide6.QtCore import QObject, Signal

from explorer import notes
from explorer.errors import ExplorerError, Invalid
from explorer.notes import Note


class Noting(QObject):
    changed = Signal()
    failed = Signal(object)  # ExplorerError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.notes: tuple[Note, ...] = ()  # by stream and version
        self._identity = ""
        self._streams: dict[tuple[str, str], dict[int, Note]] = {}

    def open(self, identity: str) -> None:
        """The store with this `StoreInfo.identity`; empty: none."""
        self._identity = identity
        found: tuple[Note, ...] = ()
        if identity:
            try:
                found = notes.kept(identity)
            except ExplorerError as error:
                self.failed.emit(error)
        self._take(found)

    def of_stream(self, category: str, id: str) -> Mapping[int, Note]:
        """Version → what is noted of it."""
        return self._streams.get((category, id), {})

    def note(self, category: str, id: str, version: int) -> Note:
        """What is noted of an event; an empty note if nothing is."""
        return self.of_stream(category, id).get(version) or Note(category, id, version)

    def write(self, note: Note) -> bool:
        """Keep this in the place of what was noted of the event; nothing, where it says nothing. False, and `failed`,
        if it cannot be."""
        if not self._identity:
            return False
        stamped = msgspec.structs.replace(note, at=datetime.now(UTC).isoformat(timespec="seconds"))
        try:
            self._take(notes.noted(self._identity, stamped))
        except OSError as error:
            self.failed.emit(Invalid(f"The note cannot be kept: {error}."))
            return False
        except ExplorerError as error:
            self.failed.emit(error)
            return False
        return True

    def _take(self, found: tuple[Note, ...]) -> None:
        self.notes = found
        self._streams = {}
        for note in found:
            self._streams.setdefault((note.category, note.id), {})[note.version] = note
        self.changed.emit()
