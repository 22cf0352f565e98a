"""Appending in one transaction: idempotent by event id, honest about conflicts and about lost answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from explorer import payload
from explorer.errors import Busy, Conflict, ConnectionLost, ExplorerError, Invalid, OutcomeUnknown, ReadOnly
from explorer.model import Event, NewEvent, StreamKey
from explorer.stores.claims import advancing
from explorer.stores.connection import CommitLost, Duplicate
from explorer.stores.event_lists import events_by_id
from explorer.stores.layout import Native, Written
from explorer.stores.reading import Reading
from explorer.stores.store import Advance

ATTEMPTS = 4  # of a commit whose answer was lost
BETWEEN = 1_000  # events between that a conflict brings along


def append(
    reading: Reading, stream: StreamKey, expected: int, new: Sequence[NewEvent], advance: Advance | None = None
) -> list[Event]:
    """See `Store.append`."""
    protocol = reading.instance.append
    key = reading.instance.join(stream)
    if protocol is None or key is None or not reading.connection.writable:
        raise ReadOnly("This store is open for reading only.", "Open it writable, if it is one of ours.")
    if not new:
        return []
    _check(reading, stream, expected, new)
    written = _written(expected, new)
    lost = False
    for attempt in range(ATTEMPTS):
        try:
            positions = _transaction(reading, key, expected, written, advance)
        except CommitLost:
            # Asking again is safe: what is there already is found by its ids.
            lost = True
        except ConnectionLost:
            if not lost and attempt:
                raise
        except Busy:
            # The session that was lost may still hold the lock, and commit after all.
            if not lost:
                raise
        except Duplicate:
            positions = None
        except ExplorerError:  # whatever keeps us from trying again, it does not tell what became of the first attempt
            if not lost:
                raise
            break
        else:
            if positions is not None:
                return [_event(stream, event, position) for event, position in zip(written, positions, strict=True)]
        try:
            found = _explained(reading, key, stream, expected, new)
        except (Conflict, Invalid):
            raise
        except ExplorerError:  # it cannot be looked up now
            if not lost:
                raise
        else:
            if found is not None:
                return found
        time.sleep(0.1 * attempt)
    if lost:
        ids = tuple(event.event_id for event in new)
        raise OutcomeUnknown(
            "The connection broke while the events were being committed: it is not known whether they are stored.",
            ids,
            "Look them up by their event ids, or commit again: nothing is written twice.",
        )
    raise Busy(f"Others keep writing to {stream.category} {stream.id}.", "Try again.")


def _transaction(
    reading: Reading, key: Native, expected: int, events: Sequence[Written], advance: Advance | None
) -> list[object] | None:
    protocol = reading.instance.append
    assert protocol is not None
    try:
        with reading.connection.transaction(channel=reading.instance.channel) as run:
            positions = protocol(run, key, expected, events)
            if positions is None:
                raise _RollBack
            if advance is not None:
                advancing(reading, advance, run)
    except _RollBack:
        return None
    return positions


class _RollBack(Exception):
    """Leaves the transaction without a trace."""


def _check(reading: Reading, stream: StreamKey, expected: int, new: Sequence[NewEvent]) -> None:
    if expected < 0:
        raise Invalid("The expected version is the number of events present: 0 or more.")
    if not stream.category:
        raise Invalid("A stream needs a category.")
    if not stream.id:
        raise Invalid("A stream needs an id.")
    if len({event.event_id for event in new}) < len(new):
        raise Invalid("Two of these events have the same event id.")
    for event in new:
        if not event.type or not event.event_id:
            raise Invalid("An event needs a type and an event id.")
        for text in (stream.category, stream.id, event.type, event.event_id):
            if "\0" in text and not reading.sqlite:
                raise Invalid("PostgreSQL cannot keep the character NUL in a name.")


def _written(expected: int, new: Sequence[NewEvent]) -> list[Written]:
    now = datetime.now(UTC)
    return [
        Written(
            expected + number,
            event.type,
            payload.encode(event.data),
            payload.encode(dict(event.metadata)),
            event.event_id,
            event.recorded_at.astimezone(UTC) if event.recorded_at else now,
        )
        for number, event in enumerate(new, 1)
    ]


def _event(stream: StreamKey, event: Written, position: object) -> Event:
    return Event(
        stream.category,
        stream.id,
        event.version,
        position,  # type: ignore[arg-type]
        event.type,
        event.data,
        event.metadata,
        event.event_id,
        event.recorded_at,
        len(event.data),
    )


def _explained(
    reading: Reading, key: Native, stream: StreamKey, expected: int, new: Sequence[NewEvent]
) -> list[Event] | None:
    """The stored events if they are all there; None if the same attempt may succeed now. Raises Conflict, Invalid."""
    condition, parameters = reading.key_is(key)
    base = reading.instance.version_base
    # The version first: a commit of ours that becomes visible only now must be found by its ids, not be a conflict.
    last = reading.select(condition, "e.version DESC", parameters, 1)
    found = last[0].version if last else 0
    stored = {event.event_id: event for event in events_by_id(reading, [event.event_id for event in new])}
    elsewhere = [event for event in stored.values() if event.stream != stream]
    if elsewhere:
        other = elsewhere[0]
        raise Invalid(f"The event id {other.event_id} is used already, by {other.category} {other.id}.")
    if len(stored) == len(new):
        return [stored[event.event_id] for event in new]
    if stored:
        raise Invalid("Some of these events are stored already, others are not.", "Give the new ones new event ids.")
    if found == expected:
        return None
    after = f"{condition} AND e.version > :after"
    between = reading.select(after, "e.version", {**parameters, "after": expected + base - 1}, BETWEEN)
    count = found - expected
    came = f": {count} event{'s' if count > 1 else ''} came between" if count > 0 else ""
    raise Conflict(
        f"{stream.category} {stream.id} is at version {found}, not {expected}{came}.",
        expected,
        found,
        tuple(between),
        "Look at what came between, and decide again.",
    )
