"""Named subscriptions in a folder of the user's, for stores that cannot keep them or may only be read.

The same as `Store` says of them, with a file for each. Its owner holds a lock of the operating system for as long as
it lives, so a killed one is followed at once, and one that is held up keeps it. What is written replaces the file as a
whole. Effects elsewhere and the file are not one transaction: after a kill the last events come again.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from explorer import settings
from explorer.errors import Damaged, Fenced, Invalid, StoreFull
from explorer.stores.store import Advance, Asked, Claim, Parked, Subscribed

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes], wait: bool) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes], wait: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass
class _Record:
    """What the file of a subscription says."""

    name: str
    owner: str = ""
    epoch: int = 0
    beat: int = 0
    checkpoint: str = ""
    saved_at: datetime | None = None
    paused: bool = False
    state: str = ""
    detail: str = ""
    parked: list[Parked] = field(default_factory=list)  # by position


class Filed:
    """See `Store`, named subscriptions. Raises `StoreFull` where the folder cannot be written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owned: dict[str, IO[bytes]] = {}  # the locks of what we own

    def close(self) -> None:
        """Give up what is still owned; closing a file releases its lock."""
        for file in self._owned.values():
            file.close()
        self._owned.clear()

    def subscriptions(self) -> tuple[Subscribed, ...]:
        found = [_read(path) for path in self._folder.glob("*.json")]
        return tuple(
            Subscribed(
                one.name, one.owner, one.epoch, one.beat, one.checkpoint.encode(), one.saved_at, one.paused, one.state,
                one.detail, len(one.parked),
            )
            for one in sorted(found, key=lambda one: one.name)
        )  # fmt: skip

    def claim(self, name: str, owner: str, epoch: int) -> Claim | None:
        if not self._own(name):
            return None
        with self._changing(name, new=True) as record:
            if record.epoch == epoch:
                record.owner, record.epoch, record.beat = owner, epoch + 1, record.beat + 1
                return Claim(name, record.epoch)
        return None

    def advance(self, advance: Advance) -> None:
        claim = advance.claim
        self._still_own(claim)
        with self._changing(claim.name) as record:
            there = {one.position: one for one in record.parked}
            gone = [position for position in advance.unpark if position not in there]
            if (record.epoch, record.checkpoint.encode()) != (claim.epoch, advance.before) or gone:
                raise Fenced(f"Another instance has taken over {claim.name}.", "This one stands by.")
            for position in advance.unpark:
                del there[position]
            for one in advance.park:
                before = there.get(one.position)
                skip = before is not None and before.wanted == "skip"
                there[one.position] = replace(one, wanted="skip") if skip else one
            record.parked = [there[position] for position in sorted(there)]
            record.checkpoint, record.saved_at = advance.after.decode(), datetime.now(UTC)
            record.beat += 1

    def beat(self, claim: Claim, state: str, detail: str) -> Asked:
        self._still_own(claim)
        with self._changing(claim.name) as record:
            if record.epoch != claim.epoch:
                raise Fenced(f"Another instance has taken over {claim.name}.", "This one stands by.")
            record.beat, record.state, record.detail = record.beat + 1, state, detail
            return Asked(record.paused, any(one.wanted for one in record.parked))

    def release(self, claim: Claim) -> None:
        with self._changing(claim.name) as record:
            if record.epoch == claim.epoch:
                record.owner = record.state = record.detail = ""
        held = self._owned.pop(claim.name, None)
        if held is not None:
            held.close()

    def pause(self, name: str, paused: bool) -> None:
        with self._changing(name) as record:
            record.paused = paused

    def reset(self, name: str, checkpoint: bytes) -> None:
        with self._changing(name) as record:
            record.checkpoint, record.saved_at, record.parked = checkpoint.decode(), datetime.now(UTC), []
            record.owner = record.state = record.detail = ""
            record.epoch, record.beat = record.epoch + 1, record.beat + 1

    def parked(
        self, name: str | None, limit: int, sequence: str | None, after: int | None, wanted: bool
    ) -> list[Parked]:
        found = [_read(path) for path in self._folder.glob("*.json")] if name is None else [self._known(name)]
        return [
            one
            for record in sorted(found, key=lambda record: record.name)
            for one in record.parked
            if (sequence is None or one.sequence == sequence)
            and (after is None or one.position > after)
            and (one.wanted or not wanted)
        ][:limit]

    def want(self, name: str, position: int, what: str) -> None:
        with self._changing(name) as record:
            if position not in [one.position for one in record.parked]:
                raise Invalid(f"{name} has not parked position {position}.", "What it has parked: services parked.")
            record.parked = [replace(one, wanted=what) if one.position == position else one for one in record.parked]

    def _own(self, name: str) -> bool:
        if name in self._owned:
            return True
        file = self._opened(name, "owner")
        try:
            _lock(file, wait=False)
        except OSError:
            file.close()
            return False
        self._owned[name] = file
        return True

    def _still_own(self, claim: Claim) -> None:
        """The lock went with the connection that was lost: it is taken again, unless somebody was faster."""
        if not self._own(claim.name):
            raise Fenced(f"Another instance has taken over {claim.name}.", "This one stands by.")

    def _known(self, name: str) -> _Record:
        path = self._path(name, "json")
        return _read(path) if path.exists() else _Record(name)

    @contextmanager
    def _changing(self, name: str, new: bool = False) -> Iterator[_Record]:
        """The record, which nobody else changes meanwhile; written at the end of the block, unless that raises."""
        with self._opened(name, "lock") as file:
            _lock(file, wait=True)
            if not new and not self._path(name, "json").exists():
                raise Invalid(f"There is no subscription {name}.", "What there is: services list.")
            record = self._known(name)
            yield record
            try:
                settings.write(self._path(name, "json"), record)
            except OSError as error:
                raise self._cannot_write(error) from error

    def _opened(self, name: str, kind: str) -> IO[bytes]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return self._path(name, kind).open("ab")
        except OSError as error:
            raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> StoreFull:
        return StoreFull(f"The folder {self._folder} cannot be written: {error.strerror or error}.")

    def _path(self, name: str, kind: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.{kind}"


def _read(path: Path) -> _Record:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Record)
    except (OSError, msgspec.DecodeError) as error:
        raise Damaged(f"{path} is not the file of a subscription: {error}.", "Remove it to begin anew.") from error
