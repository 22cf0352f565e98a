"""Snapshots: taking one, and comparing what is saved with what the events make."""

from __future__ import annotations

from explorer import commands
from explorer.engine.folding import claim
from explorer.engine.messages import ROWS, Done, Progress, TakeSnapshot, Verdict, VerifySnapshots
from explorer.engine.rows import diff_row
from explorer.engine.turns import Turn
from explorer.errors import Invalid, ReadOnly
from explorer.model import Snapshot, StreamKey
from explorer.plugins import Loaded
from explorer.stores import Store

MOST = 100_000  # snapshots that one ask looks at


def take(store: Store, domains: Loaded, key: StreamKey, version: int | None) -> Snapshot:
    """Fold and save. Raises Invalid, ReadOnly, ReducerFailed."""
    domain, aggregate = claim(store, domains, key)
    if domain is None or aggregate is None:
        raise Invalid(f"No domain claims {key.category}/{key.id}: there is no state to save.")
    require_snapshots(store)
    return commands.take_snapshot(store, domain, aggregate, key, version)


def require_snapshots(store: Store) -> None:
    """Raises ReadOnly where no snapshot can be taken."""
    if not store.info.snapshots:
        raise ReadOnly("This store has no place for snapshots.")
    if store.info.bundle:
        raise ReadOnly("This is a bundle: it is only for reading.", "Take snapshots in the store it was taken from.")
    if not store.info.writable:
        raise ReadOnly("This store is open read-only.", "Open it for writing to take snapshots.")


def take_snapshot(store: Store, domains: Loaded, ask: TakeSnapshot) -> Turn:
    yield None
    snapshot = take(store, domains, StreamKey(ask.category, ask.id), ask.version)
    return Done(f"Snapshot of {ask.category} {ask.id} at version {snapshot.version}.")


def chosen(store: Store, category: str | None, id: str | None, version: int | None) -> list[Snapshot]:
    """The snapshots that are meant, newest version first, without their states."""
    key = StreamKey(category, id) if category is not None and id is not None else None
    found = store.snapshots(key, limit=MOST, preview=0)
    return [
        snapshot
        for snapshot in found
        if (category is None or snapshot.category == category) and version in (None, snapshot.version)
    ]


def verify(store: Store, domains: Loaded, snapshot: Snapshot) -> commands.Verification:
    """Compare one snapshot, given without its state, with what the events make."""
    key = StreamKey(snapshot.category, snapshot.id)
    whole = store.snapshot(key, snapshot.version)
    domain, aggregate = claim(store, domains, key)
    return commands.verify_snapshot(store, domain, aggregate, whole or snapshot)


def verify_snapshots(store: Store, domains: Loaded, ask: VerifySnapshots) -> Turn:
    yield None
    found = chosen(store, ask.category, ask.id, ask.version)
    for number, snapshot in enumerate(found):
        if len(found) > 1:
            yield Progress(number, len(found), "snapshots")
        verification = verify(store, domains, snapshot)
        yield Verdict(
            category=snapshot.category,
            id=snapshot.id,
            version=snapshot.version,
            verdict=verification.verdict,
            detail=verification.detail,
            differences=tuple(map(diff_row, verification.differences[:ROWS])),
            events_saved=verification.events_saved,
            seconds_full=verification.seconds_full,
            seconds_snapshot=verification.seconds_snapshot,
        )
    return Done(f"{len(found)} snapshot{'s'[: len(found) != 1]} compared.")
