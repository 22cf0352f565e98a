"""Named subscriptions in a store of our own: who owns one, and where it stands.

Several instances of a service may run; one of them owns the subscription. The owner's *epoch* stands in the row of the
checkpoint, and the checkpoint moves by compare-and-set of epoch and former checkpoint, in the transaction of what is
written for the events it passes. So an owner that was held up and comes back after another has claimed the
subscription can compute what it likes: it commits nothing. (Fencing tokens, as M. Kleppmann describes them.)
"""

from __future__ import annotations

from explorer.errors import ConnectionLost, Fenced
from explorer.stores.connection import CommitLost, Duplicate
from explorer.stores.layout import Run, quoted, time_of
from explorer.stores.layouts.own import OWNED
from explorer.stores.own import moment_of, table_of
from explorer.stores.reading import Reading, as_text
from explorer.stores.store import Advance, Claim, Subscribed


def subscriptions(reading: Reading) -> tuple[Subscribed, ...]:
    """See `Store.subscriptions`."""
    owned = reading.connection.columns(f"SELECT * FROM {_table(reading)}")
    ownership = "owner, epoch, beat" if "epoch" in owned else "'', 0, 0"
    sql = f"SELECT name, {ownership}, checkpoint, saved_at FROM {_table(reading)} ORDER BY name"
    return tuple(
        Subscribed(as_text(name), as_text(owner), epoch, beat, bytes(checkpoint), time_of(saved_at))
        for name, owner, epoch, beat, checkpoint, saved_at in reading.connection.rows(sql)
    )


def claim(reading: Reading, name: str, owner: str, epoch: int) -> Claim | None:
    """See `Store.claim`."""
    table, now = _table(reading), moment_of(reading.instance, None)
    parameters = {"name": name, "owner": owner, "epoch": epoch, "now": now, "none": b""}
    try:
        with reading.connection.transaction() as run:
            _add_ownership(reading, run)
            claimed = run(
                f"UPDATE {table} SET owner = :owner, epoch = epoch + 1, beat = beat + 1"
                " WHERE name = :name AND epoch = :epoch RETURNING epoch",
                parameters,
            )
            if not claimed and not epoch:
                claimed = run(
                    f"INSERT INTO {table} (name, checkpoint, saved_at, owner, epoch)"
                    " VALUES (:name, :none, :now, :owner, 1) ON CONFLICT DO NOTHING RETURNING epoch",
                    parameters,
                )
    except Duplicate:  # another one has just added the row
        return None
    except CommitLost:  # whose it is now, the next look tells
        raise _lost() from None
    return Claim(name, claimed[0][0]) if claimed else None


def advancing(reading: Reading, advance: Advance, run: Run) -> None:
    """Move a checkpoint within this transaction. Raises `Fenced`, which rolls it back."""
    moved = run(
        f"UPDATE {_table(reading)} SET checkpoint = :after, saved_at = :now, beat = beat + 1"
        " WHERE name = :name AND epoch = :epoch AND checkpoint = :before RETURNING epoch",
        {
            "name": advance.claim.name,
            "epoch": advance.claim.epoch,
            "before": advance.before,
            "after": advance.after,
            "now": moment_of(reading.instance, None),
        },
    )
    if not moved:
        raise _fenced(advance.claim)


def advance(reading: Reading, moved: Advance) -> None:
    """See `Store.advance`."""
    try:
        with reading.connection.transaction() as run:
            advancing(reading, moved, run)
    except CommitLost:
        now = {known.name: (known.epoch, known.checkpoint) for known in subscriptions(reading)}
        if now.get(moved.claim.name) != (moved.claim.epoch, moved.after):
            raise _lost() from None


def beat(reading: Reading, claim: Claim) -> None:
    """See `Store.beat`."""
    if not _set(reading, claim, "beat = beat + 1"):
        raise _fenced(claim)


def release(reading: Reading, claim: Claim) -> None:
    """See `Store.release`."""
    _set(reading, claim, "owner = ''")


def _set(reading: Reading, claim: Claim, what: str) -> bool:
    sql = f"UPDATE {_table(reading)} SET {what} WHERE name = :name AND epoch = :epoch RETURNING epoch"
    try:
        with reading.connection.transaction() as run:
            return bool(run(sql, {"name": claim.name, "epoch": claim.epoch}))
    except CommitLost:  # neither a beat nor a release is worth asking again
        raise _lost() from None


def _table(reading: Reading) -> str:
    return table_of(reading.instance, "checkpoints")


def _fenced(claim: Claim) -> Fenced:
    return Fenced(f"Another instance has taken over {claim.name}.", "This one stands by.")


def _lost() -> ConnectionLost:
    return ConnectionLost("The connection broke while a subscription's row was being written.")


def _add_ownership(reading: Reading, run: Run) -> None:
    table = _table(reading)
    if reading.instance.dialect == "sqlite":
        there = {row[0] for row in run("SELECT name FROM pragma_table_info('checkpoints')", {})}
        for name, kind in OWNED:
            if name not in there:
                run(f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {kind}", {})
    elif not run(
        "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(:table) AND attname = 'epoch' AND NOT attisdropped",
        {"table": table},
    ):
        for name, kind in OWNED:
            run(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {quoted(name)} {kind}", {})
