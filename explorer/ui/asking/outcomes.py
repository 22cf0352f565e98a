"""Writes whose outcome may stay unknown: noted before they run, forgotten once it is known, else looked up at the next
start.

Kept in the user's data folder, one file for each write, with the ids of the events it appends.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from explorer import settings
from explorer.errors import ConnectionLost, ExplorerError, OutcomeUnknown, StoreReplaced
from explorer.ui.look import text


@dataclass(frozen=True, slots=True)
class Noted:
    """A write that was begun."""

    name: str
    text: str
    event_ids: tuple[str, ...]
    at: str  # ISO 8601, UTC


def is_unknown(error: ExplorerError) -> bool:
    """After this failure, does nobody know whether it was written? A file that has gone was looked for before."""
    return isinstance(error, OutcomeUnknown | ConnectionLost) and not isinstance(error, StoreReplaced)


def note(identity: str, what: str, event_ids: tuple[str, ...]) -> str:
    """Note a write that is about to run; returns its name, "" when nothing was noted.

    Nothing is noted without event ids. Where the disk has no room for the note, the write must not fail for that: all
    that is lost is the look-up at the next start.
    """
    if not event_ids:
        return ""
    name = uuid.uuid4().hex
    noted = Noted(name, what, event_ids, datetime.now(UTC).isoformat(timespec="seconds"))
    try:
        settings.write(settings.connection_folder(identity) / "writes" / f"{name}.json", noted)
    except OSError:
        return ""
    return name


def forget(identity: str, name: str) -> None:
    """Its outcome is known."""
    if name:
        (settings.connection_folder(identity) / "writes" / f"{name}.json").unlink(missing_ok=True)


def pending(identity: str) -> list[Noted]:
    """Writes whose outcome nobody came to know, oldest first."""
    found = []
    for file in (settings.connection_folder(identity) / "writes").glob("*.json"):
        try:
            found.append(msgspec.json.decode(file.read_bytes(), type=Noted))
        except (OSError, msgspec.DecodeError):
            continue
    return sorted(found, key=lambda one: one.at)


def sentence(noted: Noted, found: int) -> tuple[str, str]:
    """What to say about it: a sentence and a hint."""
    wanted = len(noted.event_ids)
    what = text.shown(noted.text)
    if found == wanted:
        return f"“{what}” of {noted.at} was written.", "The program had ended before the answer came."
    if found == 0:
        return f"“{what}” of {noted.at} was not written.", "The program had ended before the answer came; do it again."
    return f"Of “{what}” of {noted.at}, {found} of {wanted} events are stored.", "Look at the stream before going on."
