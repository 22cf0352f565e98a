"""Snapshots: saved states that are a cache and never the truth. Taking them, by hand and in passing, and verifying what
they say against a replay of the events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from explorer import fold, payload
from explorer.diff import Change, diff
from explorer.errors import ExplorerError, Invalid, ReducerFailed
from explorer.fold import StepFailed
from explorer.loading import events_of, load
from explorer.model import Aggregate, Domain, Snapshot, StreamKey
from explorer.plugins import fingerprint
from explorer.stores.store import Store

IDENTICAL = "identical"
OLDER_SCHEMA = "older schema"
REDUCER_CHANGED = "reducer changed"
CORRUPT = "corrupt"
AHEAD = "ahead of the stream"
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a snapshot is worth. `differences` lead from the snapshot to the state that the events make."""

    verdict: str  # one of the words above
    detail: str = ""
    differences: tuple[Change, ...] = ()
    events_saved: int = 0  # events a load does not read thanks to it
    seconds_full: float = 0.0  # folding the stream from event 1
    seconds_snapshot: float = 0.0  # the same from the snapshot


def take_snapshot(
    store: Store, domain: Domain, aggregate: Aggregate, key: StreamKey, version: int | None = None
) -> Snapshot:
    """Fold the events from the first up to `version` (None: all) and save the state.

    Raises `Invalid` when there is no such version, `ReducerFailed` when an event cannot be folded.
    """
    return _save(store, domain, aggregate, key, version, snapshots=False)


def snapshot_if_due(store: Store, domain: Domain, aggregate: Aggregate, key: StreamKey, before: int, after: int) -> str:
    """Take the periodic snapshot if the commit from version `before` to `after` crossed a multiple of
    `Aggregate.snapshot_every`. → what was done, "" when none was due.

    The events are written already: whatever fails here is told, not raised.
    """
    every = aggregate.snapshot_every
    if every <= 0 or before // every == after // every or not store.info.snapshots:
        return ""
    try:
        snapshot = _save(store, domain, aggregate, key, after, snapshots=True)
    except ExplorerError as error:
        return f"The periodic snapshot of {key.category} {key.id} was not taken: {error}"
    return f"Snapshot of {key.category} {key.id} at version {snapshot.version}."


def _save(
    store: Store, domain: Domain, aggregate: Aggregate, key: StreamKey, version: int | None, snapshots: bool
) -> Snapshot:
    loaded = load(store, domain, aggregate, key, upto=version, snapshots=snapshots)
    if loaded.version == 0 or (version is not None and loaded.version != version):
        raise Invalid(f"{key.category} {key.id} has no version {version or 1}.")
    if loaded.incomplete:
        raise Invalid(f"{key.category} {key.id} cannot be folded: {loaded.incomplete}.")
    try:
        state = payload.encode(fold.as_json(aggregate, loaded.state))
    except StepFailed as error:
        raise ReducerFailed(str(error), loaded.version) from error
    snapshot = Snapshot(
        category=key.category,
        id=key.id,
        version=loaded.version,
        state=state,
        taken_at=datetime.now(UTC),
        aggregate=aggregate.name,
        schema_version=aggregate.schema_version,
        fingerprint=fingerprint(domain, aggregate),
        last_event_id=loaded.last_event_id,
        size=len(state),
    )
    store.save_snapshot(snapshot)
    return snapshot


def verify_snapshot(
    store: Store, domain: Domain | None, aggregate: Aggregate | None, snapshot: Snapshot
) -> Verification:
    """Compare a snapshot (with its whole state) to what the events make. Grows with the stream: background work."""
    key = StreamKey(snapshot.category, snapshot.id)
    decoded = payload.decode(snapshot.state)
    problem = snapshot.problem or decoded.problem
    if problem is not None:
        return Verification(UNREADABLE, problem)
    if domain is None or aggregate is None:
        return Verification(UNREADABLE, f"No domain claims the category {key.category}: nothing to compare with.")
    stream = store.stream(key)
    if stream is None or stream.version < snapshot.version:
        at = f"is at version {stream.version}" if stream else "does not exist"
        return Verification(AHEAD, f"The stream {at}.")
    code = fingerprint(domain, aggregate)
    try:
        started = time.perf_counter()
        loaded = load(store, domain, aggregate, key, upto=snapshot.version, snapshots=False)
        seconds = time.perf_counter() - started
        state = fold.as_json(aggregate, loaded.state)
    except (ReducerFailed, StepFailed) as error:
        return Verification(
            CORRUPT if snapshot.fingerprint == code else REDUCER_CHANGED, f"The events cannot be folded: {error}"
        )
    if loaded.version == 0 or loaded.incomplete:
        return Verification(UNREADABLE, "The events up to its version are not stored: nothing to compare with.")
    differences = tuple(diff(decoded.value, state))
    detail, verdict = _verdict(snapshot, aggregate, code, bool(differences))
    if snapshot.last_event_id is not None and loaded.last_event_id != snapshot.last_event_id:
        verdict, detail = CORRUPT, f"Version {snapshot.version} is another event than the one it was taken after."
    rest, from_snapshot = _timed(store, domain, aggregate, key, decoded.value, snapshot.version)
    return Verification(
        verdict, detail, differences, snapshot.version, round(seconds + rest, 6), round(from_snapshot + rest, 6)
    )


def _verdict(snapshot: Snapshot, aggregate: Aggregate, code: str, differs: bool) -> tuple[str, str]:
    """Detail and verdict."""
    older = snapshot.schema_version != aggregate.schema_version
    schema = f"It has schema version {snapshot.schema_version}, the aggregate {aggregate.schema_version}."
    if not differs:
        if older:
            return f"{schema} Commands do not use it.", IDENTICAL
        if snapshot.fingerprint != code:
            return "Taken by other code, so commands do not use it.", IDENTICAL
        return "", IDENTICAL
    if older:
        return schema, OLDER_SCHEMA
    if snapshot.fingerprint != code:
        return "The code that folds has changed since it was taken.", REDUCER_CHANGED
    return "The same code makes another state of the same events.", CORRUPT


def _timed(
    store: Store, domain: Domain, aggregate: Aggregate, key: StreamKey, value: Any, version: int
) -> tuple[float, float]:
    """Seconds for the events after the snapshot, and for loading the snapshot itself."""
    started = time.perf_counter()
    try:
        state = fold.from_json(aggregate, value)
        loaded = time.perf_counter() - started
        started = time.perf_counter()
        for event in events_of(store, key, version):
            state = fold.evolve(aggregate, state, fold.readable(event, domain.upcast))
    except StepFailed:
        return 0.0, 0.0  # of a state that the code cannot work with there is nothing to measure
    return time.perf_counter() - started, loaded
