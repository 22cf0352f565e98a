"""Writing a bundle, see `bundled`: events and snapshots into a database, all of it into one file."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from explorer import __version__
from explorer.errors import Invalid
from explorer.model import Event, Position, Snapshot
from explorer.stores.bundled import LARGEST, MANIFEST, MOST_NOTED, STORE, Manifest, Member, is_bundle
from explorer.stores.layouts import own

_EVERY = 500  # events between two looks at how large it has become
_TABLES = (
    # As in our own store, but for what only writing needs: streams of others may repeat a version or have no ids.
    "CREATE TABLE streams (category TEXT, id TEXT, version INTEGER, PRIMARY KEY (category, id)) WITHOUT ROWID",
    "CREATE TABLE events (position INTEGER PRIMARY KEY, category TEXT, id TEXT, version INTEGER, type TEXT,"
    " data TEXT, metadata TEXT, event_id TEXT, recorded_at TEXT)",
    "CREATE TABLE snapshots (category TEXT, id TEXT, version INTEGER, state TEXT, taken_at TEXT, aggregate TEXT,"
    " schema_version INTEGER, fingerprint TEXT, last_event_id TEXT)",
    "CREATE TABLE checkpoints (name TEXT PRIMARY KEY, checkpoint BLOB, saved_at TEXT)",
    *own.parked("sqlite", "parked"),
)
_INDEXES = (
    "CREATE INDEX events_of_stream ON events (category, id, version)",
    "CREATE INDEX events_of_category ON events (category, position)",
    "CREATE INDEX events_by_id ON events (event_id, version)",
    "CREATE INDEX snapshots_of_stream ON snapshots (category, id, version)",
)
# Texts go in as the bytes they are: what is no UTF-8 comes out again as it was.
_TEXT = "CAST(? AS TEXT)"
_EVENT = f"INSERT INTO events VALUES (?, {_TEXT}, {_TEXT}, ?, {_TEXT}, {_TEXT}, {_TEXT}, {_TEXT}, ?)"
_SNAPSHOT = f"INSERT INTO snapshots VALUES ({_TEXT}, {_TEXT}, ?, {_TEXT}, ?, {_TEXT}, ?, {_TEXT}, {_TEXT})"
_STREAM = f"INSERT INTO streams VALUES ({_TEXT}, {_TEXT}, ?)"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a bundle was taken from, and what was replaced in it."""

    title: str
    layout: str
    pseudonyms: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()


def written(
    path: Path,
    origin: Origin,
    events: Iterable[Event],
    snapshots: Iterable[Snapshot],
    noted: Iterable[tuple[str, bytes]],
) -> Generator[int, None, Manifest]:
    """Write a bundle, in turns: yields how many events are in. The file is there when all of it is, or not at all.

    `snapshots` are asked for after all `events`, and `noted` (files and what is in them) after both. A bundle that is
    there already is replaced, any other file is not. Raises `Invalid` where it cannot be written or would be too large,
    and whatever the iterables raise.
    """
    if path.exists() and not is_bundle(str(path), path.name):
        raise Invalid(f"{path.name} is there already, and is no bundle.", "Name another file: it is left as it is.")
    try:
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}"))
    except OSError as error:
        raise Invalid(f"No bundle can be written to {path.parent}: {error.strerror}.") from error
    try:
        counts = yield from _filled(folder / STORE, events, snapshots)
        packed = folder / "packed"
        manifest = _packed(packed, folder / STORE, origin, counts, dict(noted))
        os.replace(packed, path)
        return manifest
    except (OSError, sqlite3.Error) as error:
        raise Invalid(f"The bundle {path.name} cannot be written: {error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _filled(
    path: Path, events: Iterable[Event], snapshots: Iterable[Snapshot]
) -> Generator[int, None, tuple[int, int, int]]:
    """→ how many streams, events and snapshots."""
    places: list[Position | None] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as driver:
        driver.execute("PRAGMA journal_mode = OFF")
        driver.execute("PRAGMA synchronous = OFF")
        for table in _TABLES:
            driver.execute(table)
        driver.execute("BEGIN")
        versions: dict[tuple[str, str], int] = {}
        coming = iter(events)
        while batch := list(islice(coming, _EVERY)):
            driver.executemany(_EVENT, [_event_row(len(places) + n, event) for n, event in enumerate(batch, 1)])
            for event in batch:
                places.append(event.position)
                key = event.category, event.id
                versions[key] = max(event.version, versions.get(key, 0))
            _require_room(driver)
            yield len(places)
        driver.executemany(_STREAM, [(_bytes(c), _bytes(id), version) for (c, id), version in versions.items()])
        _put_in_order(driver, places)
        kept = 0
        for snapshot in snapshots:
            driver.execute(_SNAPSHOT, _snapshot_row(snapshot))
            _require_room(driver)
            kept += 1
        for index in _INDEXES:
            driver.execute(index)
        driver.execute("COMMIT")
        _require_room(driver)
    return len(versions), len(places), kept


def _require_room(driver: sqlite3.Connection) -> None:
    pages, size = (driver.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if pages * size > LARGEST:
        raise Invalid(f"The bundle would be larger than {LARGEST // 1024**2} MB unpacked.", "Choose fewer streams.")


def _put_in_order(driver: sqlite3.Connection, places: list[Position | None]) -> None:
    """Give events the positions that they had where those are numbers, else numbers in the same order."""
    known: list[Any] = [place for place in places if place is not None]
    if len(known) < len(places):
        return  # without positions the order of streams is all there is
    numbers = all(type(place) is int and 0 <= place < 2**62 for place in known)
    if not numbers or len(set(known)) < len(known):
        try:
            order = sorted(range(len(known)), key=known.__getitem__)
        except TypeError:  # positions of several kinds
            return
        known = [0] * len(order)
        for place, number in enumerate(order, 1):
            known[number] = place
    if known == list(range(1, len(known) + 1)):
        return
    # Over negative numbers, as a position that is given may still be another event's.
    driver.executemany(
        "UPDATE events SET position = ? WHERE position = ?", ((-place - 1, n) for n, place in enumerate(known, 1))
    )
    driver.execute("UPDATE events SET position = -position - 1")


def _event_row(number: int, event: Event) -> tuple[Any, ...]:
    return (
        number, _bytes(event.category), _bytes(event.id), event.version, _bytes(event.type), event.data, event.metadata,
        _bytes(event.event_id), _moment(event.recorded_at),
    )  # fmt: skip


def _snapshot_row(snapshot: Snapshot) -> tuple[Any, ...]:
    return (
        _bytes(snapshot.category), _bytes(snapshot.id), snapshot.version, snapshot.state, _moment(snapshot.taken_at),
        _bytes(snapshot.aggregate), snapshot.schema_version, _bytes(snapshot.fingerprint),
        _bytes(snapshot.last_event_id),
    )  # fmt: skip


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def _packed(
    path: Path, store: Path, origin: Origin, counts: tuple[int, int, int], noted: Mapping[str, bytes]
) -> Manifest:
    with store.open("rb") as file:
        members = {STORE: Member(store.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())}
    for name, content in noted.items():
        if len(content) > MOST_NOTED:
            raise Invalid(f"What is noted ({name}) is larger than {MOST_NOTED // 1024**2} MB.")
        members[name] = Member(len(content), hashlib.sha256(content).hexdigest())
    streams, events, snapshots = counts
    manifest = Manifest(
        title=origin.title,
        layout=origin.layout,
        streams=streams,
        events=events,
        snapshots=snapshots,
        members=members,
        pseudonyms=origin.pseudonyms,
        plugins=origin.plugins,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        made_by=__version__,
    )
    raw = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, raw)
        archive.write(store, STORE)
        for name, content in noted.items():
            archive.writestr(name, content)
        archive.comment = hashlib.sha256(raw).hexdigest().encode()
    return manifest
