"""Writes whose outcome is not known yet, remembered across a crash or a lost connection.

A record is made before a commit is sent and removed when its answer has come. It holds the stream and the event ids,
which is what it takes to look afterwards, and nothing of the payload.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from explorer import settings


class Unfinished(msgspec.Struct, frozen=True):
    """A commit that was sent. `identity` is the connection's (`StoreInfo.identity`), `begun_at` ISO 8601 in UTC."""

    identity: str
    category: str
    id: str
    expected: int
    event_ids: tuple[str, ...]
    types: tuple[str, ...]
    begun_at: str = ""


def _folder() -> Path:
    return settings.data_folder() / "unfinished"


def _file(event_ids: tuple[str, ...]) -> Path:
    return _folder() / (hashlib.sha256("\n".join(event_ids).encode("utf-8", "surrogatepass")).hexdigest()[:32] + ".json")


def remember(write: Unfinished) -> None:
    """Record a write that is about to be sent. Raises OSError when the folder cannot be written."""
    if not write.begun_at:
        write = msgspec.structs.replace(write, begun_at=datetime.now(UTC).isoformat(timespec="seconds"))
    _folder().mkdir(parents=True, exist_ok=True)
    _file(write.event_ids).write_bytes(msgspec.json.encode(write))


def forget(event_ids: tuple[str, ...]) -> None:
    """The outcome is known, or nobody wants to know it any more."""
    _file(event_ids).unlink(missing_ok=True)


def pending(identity: str) -> list[Unfinished]:
    """What was sent to this store and never answered, oldest first. Unreadable records are left alone."""
    found = []
    for file in _folder().glob("*.json"):
        try:
            found.append(msgspec.json.decode(file.read_bytes(), type=Unfinished))
        except (OSError, msgspec.MsgspecError):
            continue
    return sorted((each for each in found if each.identity == identity), key=lambda each: each.begun_at)
