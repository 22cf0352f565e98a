"""Named subscriptions in a store of our own: who owns one, where it stands, and what others want of its owner.

Several instances of a service may run; one of them owns the subscription. The owner's *epoch* stands in the row of the
checkpoint, and the checkpoint moves by compare-and-set of epoch and former checkpoint, in the transaction of what is
written for the events it passes. So an owner that was held up and comes back after another has claimed the
subscription can compute what it likes: it commits nothing. (Fencing tokens, as M. Kleppmann describes them.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from explorer.errors import ConnectionLost, Fenced, Invalid
from explorer.stores.connection import CommitLost, Duplicate
from explorer.stores.layout import Run, quoted, time_of
from explorer.stores.layouts import own as layout
from explorer.stores.own import moment_of, table_of
from explorer.stores.parking import parking
from explorer.stores.parking import table as parked_table
from explorer.stores.reading import Reading, as_text
from explorer.stores.store import Advance, Asked, Claim, Subscribed

_BEFORE = ("''", "0", "0", "0", "''", "''")  # what a store says that was made before there were these columns


def subscriptions(reading: Reading) -> tuple[Subscribed, ...]:
    """See `Store.subscriptions`."""
    table = _table(reading)
    there = reading.connection.columns(f"SELECT * FROM {table}")
    owned = [name if name in there else before for (name, _), before in zip(layout.OWNED, _BEFORE, strict=True)]
    count = f"(SELECT count(*) FROM {parked_table(reading)} AS p WHERE p.subscription = c.name)"
    sql = (
        f"SELECT name, checkpoint, saved_at, {', '.join(owned)}, {count if 'paused' in there else 0}"
        f" FROM {table} AS c ORDER BY name"
    )
    return tuple(map(_subscribed, reading.connection.rows(sql)))


def _subscribed(row: tuple[Any, ...]) -> Subscribed:
    name, checkpoint, saved_at, owner, epoch, beat, paused, state, detail, parked = row
    return Subscribed(
        as_text(name), as_text(owner), epoch, beat, bytes(checkpoint), time_of(saved_at), bool(paused),
        as_text(state), as_text(detail), parked,
    )  # fmt: skip


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
    """Move a checkpoint within this transaction, and park what is to be. Raises `Fenced`, which rolls it back."""
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
    if advance.park or advance.unpark:
        parking(reading, advance, run)


def advance(reading: Reading, moved: Advance, also: Callable[[Run], None] | None = None) -> None:
    """See `Store.advance`. `also`: what else is written in this transaction."""
    try:
        with reading.connection.transaction() as run:
            advancing(reading, moved, run)
            if also is not None:
                also(run)
    except CommitLost:
        now = {known.name: (known.epoch, known.checkpoint) for known in subscriptions(reading)}
        # A checkpoint that was not to move does not tell whether the rest has happened: that is found out by reading.
        if moved.before == moved.after or now.get(moved.claim.name) != (moved.claim.epoch, moved.after):
            raise _lost() from None


def beat(reading: Reading, claim: Claim, state: str, detail: str) -> Asked:
    """See `Store.beat`."""
    found = _set(
        reading,
        "beat = beat + 1, state = :state, detail = :detail WHERE name = :name AND epoch = :epoch RETURNING paused,"
        f" EXISTS (SELECT 1 FROM {parked_table(reading)} WHERE subscription = :name AND wanted <> '')",
        {"name": claim.name, "epoch": claim.epoch, "state": state, "detail": detail},
    )
    if not found:
        raise _fenced(claim)
    paused, wanted = found[0]
    return Asked(bool(paused), bool(wanted))


def release(reading: Reading, claim: Claim) -> None:
    """See `Store.release`."""
    what = "owner = '', state = '', detail = '' WHERE name = :name AND epoch = :epoch RETURNING epoch"
    _set(reading, what, {"name": claim.name, "epoch": claim.epoch})


def pause(reading: Reading, name: str, paused: bool) -> None:
    """See `Store.pause`."""
    what = "paused = :paused WHERE name = :name RETURNING epoch"
    if not _set(reading, what, {"name": name, "paused": int(paused)}, upgrade=True):
        raise _unknown(name)


def reset(reading: Reading, name: str, checkpoint: bytes) -> None:
    """See `Store.reset`."""
    try:
        with reading.connection.transaction() as run:
            _add_ownership(reading, run)
            found = run(
                f"UPDATE {_table(reading)} SET checkpoint = :checkpoint, saved_at = :now, owner = '', state = '',"
                " detail = '', epoch = epoch + 1, beat = beat + 1 WHERE name = :name RETURNING epoch",
                {"name": name, "checkpoint": checkpoint, "now": moment_of(reading.instance, None)},
            )
            if not found:
                raise _unknown(name)
            run(f"DELETE FROM {parked_table(reading)} WHERE subscription = :name", {"name": name})
    except CommitLost:
        raise _lost() from None


def adopt(reading: Reading, moved: Advance, name: str, accepts: Callable[[bytes], bool], run: Run) -> bool:
    """Within this transaction: the subscription `name` stands from now on where that of `moved` stands after it, which
    goes; its owner is fenced off, and it has the parked events of the other. → False, and nothing is changed, where it
    does not accept this in place of the checkpoint that it has. Raises `Fenced` for the claim of `moved`."""
    table, parked = _table(reading), parked_table(reading)
    both = {"name": name, "other": moved.claim.name}
    there = {"name": name, "after": moved.after, "now": moment_of(reading.instance, None)}
    # First of all, and whatever comes of it: from here on its owner waits.
    found = run(f"UPDATE {table} SET beat = beat + 1 WHERE name = :name RETURNING checkpoint", {"name": name})
    if found and not accepts(bytes(found[0][0])):
        return False
    advancing(reading, moved, run)
    if found:
        run(
            f"UPDATE {table} SET checkpoint = :after, saved_at = :now, owner = '', state = '', detail = '',"
            " epoch = epoch + 1 WHERE name = :name",
            there,
        )
    else:
        run(
            f"INSERT INTO {table} (name, checkpoint, saved_at, owner, epoch) VALUES (:name, :after, :now, '', 1)", there
        )
    run(f"DELETE FROM {parked} WHERE subscription = :name", {"name": name})
    run(f"UPDATE {parked} SET subscription = :name WHERE subscription = :other", both)
    run(f"DELETE FROM {table} WHERE name = :other", {"other": moved.claim.name})
    return True


def remove(reading: Reading, claim: Claim, run: Run) -> None:
    """Within this transaction: the subscription goes, with what it has parked. Raises `Fenced`."""
    sql = f"DELETE FROM {_table(reading)} WHERE name = :name AND epoch = :epoch RETURNING epoch"
    if not run(sql, {"name": claim.name, "epoch": claim.epoch}):
        raise _fenced(claim)
    run(f"DELETE FROM {parked_table(reading)} WHERE subscription = :name", {"name": claim.name})


def want(reading: Reading, name: str, position: int, what: str) -> None:
    """See `Store.want`."""
    try:
        with reading.connection.transaction() as run:
            _add_ownership(reading, run)
            found = run(
                f"UPDATE {parked_table(reading)} SET wanted = :what WHERE subscription = :name AND position = :position"
                " RETURNING position",
                {"name": name, "position": position, "what": what},
            )
            if not found:
                raise Invalid(f"{name} has not parked position {position}.", "What it has parked: services parked.")
    except CommitLost:
        raise _lost() from None


def _set(reading: Reading, what: str, parameters: dict[str, object], upgrade: bool = False) -> list[tuple[object, ...]]:
    try:
        with reading.connection.transaction() as run:
            if upgrade:
                _add_ownership(reading, run)
            return run(f"UPDATE {_table(reading)} SET {what}", parameters)
    except CommitLost:  # doing it again is harmless
        raise _lost() from None


def _table(reading: Reading) -> str:
    return table_of(reading.instance, "checkpoints")


def _fenced(claim: Claim) -> Fenced:
    return Fenced(f"Another instance has taken over {claim.name}.", "This one stands by.")


def _unknown(name: str) -> Invalid:
    return Invalid(f"There is no subscription {name}.", "What there is: services list.")


def _lost() -> ConnectionLost:
    return ConnectionLost("The connection broke while a subscription's row was being written.")


def _add_ownership(reading: Reading, run: Run) -> None:
    """What a store does not have that was made before there was such a thing."""
    table, dialect = _table(reading), reading.instance.dialect
    if dialect == "sqlite":
        there = {row[0] for row in run("SELECT name FROM pragma_table_info('checkpoints')", {})}
    else:
        of_table = "SELECT CAST(attname AS text) FROM pg_attribute WHERE attrelid = to_regclass(:table)"
        there = {row[0] for row in run(f"{of_table} AND NOT attisdropped", {"table": table})}
    missing = [(name, kind) for name, kind in layout.OWNED if name not in there]
    if not missing:
        return
    # PostgreSQL: another program may be at it right now.
    unless = "" if dialect == "sqlite" else "IF NOT EXISTS "
    for name, kind in missing:
        run(f"ALTER TABLE {table} ADD COLUMN {unless}{quoted(name)} {kind}", {})
    for statement in layout.parked(dialect, parked_table(reading)):
        run(statement, {})
