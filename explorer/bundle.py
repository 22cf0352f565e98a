"""Taking streams of a store along in one file, with their snapshots and with what was noted of them: see
`stores.bundled` for the file, and for opening it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from explorer import branches, notes, payload, watching
from explorer.branches import AnyEdit, Edit, Insert
from explorer.errors import Invalid
from explorer.loading import events_of
from explorer.model import Event, Json, Snapshot, StreamKey
from explorer.pseudonyms import KINDS, NUMBERS, Pseudonyms
from explorer.stores.bundled import Manifest
from explorer.stores.bundling import Origin, written
from explorer.stores.store import Store

UNREADABLE = b"left out: it cannot be read, so nothing in it could be replaced"
_MOST = 100_000  # snapshots of a stream

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Saved:
    """What is in a bundle that was written."""

    manifest: Manifest
    notes: int
    branches: int
    watches: int
    size: int  # bytes of the file


def save(
    store: Store,
    keys: Sequence[StreamKey],
    path: Path,
    pseudonyms: Pseudonyms | None = None,
    plugins: Sequence[str] = (),
) -> Generator[int, None, Saved]:
    """Write these streams of the store to a bundle, in turns: yields how many events are in. Of `plugins`, which are
    files, only the names go in.

    With `pseudonyms` texts of notes and names of branches and watches are left out, and so are snapshots where numbers
    are replaced: sums would no longer be right. Raises `Invalid` where there is no such stream or nothing can be
    written.
    """
    if not keys:
        raise Invalid("No stream was chosen for the bundle.")
    for key in keys:
        if not store.stream_events(key, limit=1, preview=0):
            raise Invalid(f"There is no stream {key.category}/{key.id} in this store.")
    chosen = frozenset(keys)
    marked = [note for note in notes.kept(store.info.identity) if StreamKey(note.category, note.id) in chosen]
    forked = [one for one in branches.kept(store.info.identity) if StreamKey(one.category, one.id) in chosen]
    categories = {key.category for key in keys}
    watched = [watch for watch in watching.kept(store.info.identity) if watch.category in categories]
    kinds = tuple(kind for kind in KINDS if pseudonyms is not None and kind in pseudonyms.kinds)
    title = store.info.bundle or store.info.title
    if pseudonyms is not None:
        marked = [_note(note, pseudonyms) for note in marked if note.bookmark]
        forked = [_branch(one, f"branch {number}", pseudonyms) for number, one in enumerate(forked, 1)]
        title = "a store"

    def noted() -> Iterator[tuple[str, bytes]]:
        """Asked for when all events are in: only then is known what was replaced."""
        sources = [_watch(one, pseudonyms) for one in watched] if pseudonyms is not None else watched
        found: dict[str, Sequence[Any]] = {notes.FILE: marked, branches.FILE: forked, watching.FILE: sources}
        for name, ones in found.items():
            if ones:
                yield name, msgspec.json.encode(tuple(ones))

    manifest = yield from written(
        path,
        Origin(title, store.info.layout, kinds, tuple(Path(file).name for file in plugins)),
        _events(store, keys, pseudonyms),
        _snapshots(store, keys, pseudonyms),
        noted(),
    )
    return Saved(manifest, len(marked), len(forked), len(watched), path.stat().st_size)


def _events(store: Store, keys: Sequence[StreamKey], pseudonyms: Pseudonyms | None) -> Iterator[Event]:
    for key in keys:
        for event in events_of(store, key):
            yield event if pseudonyms is None else _event(event, pseudonyms)


def _event(event: Event, pseudonyms: Pseudonyms) -> Event:
    data = UNREADABLE if event.problem else _replaced(event.data, pseudonyms.payload)
    return replace(
        event,
        id=pseudonyms.id(event.id),
        data=data,
        metadata=_replaced(event.metadata, pseudonyms.metadata) if event.metadata else b"",
        event_id=None if event.event_id is None else pseudonyms.event_id(event.event_id),
    )


def _snapshots(store: Store, keys: Sequence[StreamKey], pseudonyms: Pseudonyms | None) -> Iterator[Snapshot]:
    if not store.info.snapshots or (pseudonyms is not None and NUMBERS in pseudonyms.kinds):
        return
    for key in keys:
        for known in store.snapshots(key, limit=_MOST, preview=0):
            snapshot = store.snapshot(key, known.version)
            if snapshot is None:
                continue
            if pseudonyms is None:
                yield snapshot
            elif snapshot.problem is None:
                last = snapshot.last_event_id
                yield replace(
                    snapshot,
                    id=pseudonyms.id(snapshot.id),
                    state=_replaced(snapshot.state, pseudonyms.state),
                    last_event_id=None if last is None else pseudonyms.event_id(last),
                )


def _replaced(raw: bytes, how: Callable[[Json], Json]) -> bytes:
    decoded = payload.decode(raw)
    return UNREADABLE if decoded.problem is not None else payload.encode(how(decoded.value))


def _note(note: notes.Note, pseudonyms: Pseudonyms) -> notes.Note:
    return msgspec.structs.replace(note, id=pseudonyms.id(note.id), text="")


def _watch(watch: watching.Watch, pseudonyms: Pseudonyms) -> watching.Watch:
    return msgspec.structs.replace(watch, name="", source=pseudonyms.source(watch.source))


def _branch(branch: branches.Branch, name: str, pseudonyms: Pseudonyms) -> branches.Branch:
    def edits(given: tuple[AnyEdit, ...]) -> tuple[AnyEdit, ...]:
        return tuple(
            msgspec.structs.replace(one, data=_replaced(one.data.encode(), pseudonyms.payload).decode())
            if isinstance(one, Edit | Insert)
            else one
            for one in given
        )

    return msgspec.structs.replace(
        branch, name=name, id=pseudonyms.id(branch.id), edits=edits(branch.edits), undone=edits(branch.undone)
    )


def at_once(work: Generator[Any, None, T], told: Callable[[Any], None] = lambda _: None) -> T:
    """Do such work without turns."""
    while True:
        try:
            told(next(work))
        except StopIteration as done:
            result: T = done.value
            return result
