"""What people keep beside a store: lists in files of the user's data folder, one folder for each connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from explorer import settings
from explorer.errors import Invalid

T = TypeVar("T")


def kept(identity: str, file: str, kind: type[T], what: str) -> tuple[T, ...]:
    """What this file of a connection (`StoreInfo.identity`) holds; nothing where there is none. `what`: as people call
    it ("the notes"). Raises `Invalid` where it cannot be read."""
    path = settings.connection_folder(identity) / file
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Invalid(f"{what.capitalize()} cannot be read: {error}") from error
    try:
        return msgspec.json.decode(raw, type=tuple[kind, ...])  # type: ignore[valid-type]
    except msgspec.DecodeError as error:
        raise Invalid(f"The file of {what} is damaged: {error}", f"Mend or delete {path}.") from error


def keep(identity: str, file: str, things: Iterable[object]) -> None:
    """Keep these, and no others. Raises OSError."""
    settings.write(settings.connection_folder(identity) / file, msgspec.to_builtins(tuple(things)))
