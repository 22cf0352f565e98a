"""Notes and bookmarks on events: what people want to find again. They are kept in the user's data folder for each
connection, never in the store.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from explorer import keeping
from explorer.errors import Invalid

LONGEST = 4_000  # characters of a note
FILE = "notes.json"


class Note(msgspec.Struct, frozen=True):
    """What somebody noted of one event. Without a text and no bookmark it is no note."""

    category: str
    id: str
    version: int
    type: str = ""  # of the event
    text: str = ""
    bookmark: bool = False
    at: str = ""  # when it was written, ISO 8601 in UTC

    @property
    def event(self) -> tuple[str, str, int]:
        return self.category, self.id, self.version


def kept(identity: str) -> tuple[Note, ...]:
    """The notes of this connection (`StoreInfo.identity`), by stream and version. Raises `Invalid` where their file
    cannot be read."""
    return keeping.kept(identity, FILE, Note, "the notes")


def keep(identity: str, notes: Iterable[Note]) -> None:
    """Keep these notes, and no others. Raises OSError."""
    found = sorted(notes, key=lambda note: note.event)
    keeping.keep(identity, FILE, found)


def noted(identity: str, note: Note) -> tuple[Note, ...]:
    """Keep this note in the place of what was noted of its event: nothing, where it says nothing. → all of them.

    What others noted meanwhile stays. Raises `Invalid` for a text that is too long or a file that cannot be read, and
    OSError.
    """
    if len(note.text) > LONGEST:
        raise Invalid(f"A note has at most {LONGEST:,} characters; this one has {len(note.text):,}.")
    others = [one for one in kept(identity) if one.event != note.event]
    if note.text or note.bookmark:
        others.append(note)
    others.sort(key=lambda one: one.event)
    keep(identity, others)
    return tuple(others)
