"""Events that a named subscription has put aside, in a store of our own: listing them, and putting them there."""

from __future__ import annotations

from typing import Any

from explorer.errors import Fenced
from explorer.stores.layout import Run, time_of
from explorer.stores.layouts.own import PARKED_COLUMNS
from explorer.stores.own import moment_of, table_of
from explorer.stores.reading import Reading, as_text
from explorer.stores.store import Advance, Parked

_KEY = ("subscription", "position")


def table(reading: Reading) -> str:
    """Its name, as SQL."""
    return table_of(reading.instance, "parked")


def kept(reading: Reading) -> bool:
    """False in a store made before events were parked, in which no subscription has been claimed since."""
    checkpoints = table_of(reading.instance, "checkpoints")
    return "paused" in reading.connection.columns(f"SELECT * FROM {checkpoints}")


def parked(
    reading: Reading, name: str | None, limit: int, sequence: str | None, after: int | None, wanted: bool
) -> list[Parked]:
    """See `Store.parked`."""
    if not kept(reading):
        return []
    given: dict[str, Any] = {"subscription": name, "sequence": sequence, "after": after}
    conditions = {"subscription": "subscription = :subscription", "sequence": "sequence = :sequence"}
    said = [sql for column, sql in conditions.items() if given[column] is not None]
    said += ["position > :after"] if after is not None else []
    said += ["wanted <> ''"] if wanted else []
    sql = (
        f"SELECT {', '.join(PARKED_COLUMNS)} FROM {table(reading)} WHERE {' AND '.join(said) or '1 = 1'}"
        " ORDER BY subscription, position LIMIT :limit"
    )
    parameters = {key: value for key, value in given.items() if value is not None} | {"limit": limit}
    return [_parked(row) for row in reading.connection.rows(sql, parameters)]


def _parked(row: tuple[Any, ...]) -> Parked:
    subscription, sequence, position, event_id, category, id_, version, type_, reason, attempts, parked_at, wanted = row
    return Parked(
        as_text(subscription), as_text(sequence), position, None if event_id is None else as_text(event_id),
        as_text(category), as_text(id_), version, as_text(type_), as_text(reason), attempts, time_of(parked_at),
        as_text(wanted),
    )  # fmt: skip


def parking(reading: Reading, advance: Advance, run: Run) -> None:
    """Within the transaction that moves the checkpoint. Raises `Fenced` where somebody else has been at it."""
    name = advance.claim.name
    for position in advance.unpark:
        if not run(
            f"DELETE FROM {table(reading)} WHERE subscription = :name AND position = :position RETURNING position",
            {"name": name, "position": position},
        ):
            raise Fenced(f"Position {position} is no longer parked for {name}.", "It was done already.")
    if not advance.park:
        return
    others = [column for column in PARKED_COLUMNS if column not in (*_KEY, "wanted")]
    run(
        f"INSERT INTO {table(reading)} AS known ({', '.join(PARKED_COLUMNS)})"
        f" VALUES ({', '.join(f':{column}' for column in PARKED_COLUMNS)}) ON CONFLICT ({', '.join(_KEY)}) DO UPDATE"
        f" SET {', '.join(f'{column} = excluded.{column}' for column in others)},"
        " wanted = CASE WHEN known.wanted = 'skip' THEN 'skip' ELSE excluded.wanted END",
        [
            {
                "subscription": name,
                "sequence": one.sequence,
                "position": one.position,
                "event_id": one.event_id,
                "category": one.category,
                "id": one.id,
                "version": one.version,
                "type": one.type,
                "reason": one.reason,
                "attempts": one.attempts,
                "parked_at": moment_of(reading.instance, one.parked_at),
                "wanted": one.wanted,
            }
            for one in advance.park
        ],
    )
