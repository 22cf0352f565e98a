"""The command path: load a stream's state, decide, show what would happen, and commit exactly that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import uuid4

from explorer import fold, payload
from explorer.causation import by_hand, caused_by, decided_on
from explorer.diff import Change, diff
from explorer.errors import Conflict, ExplorerError, Invalid, ReducerFailed, Refused
from explorer.fold import StepFailed, failure
from explorer.loading import LoadedState, load
from explorer.model import Aggregate, Domain, Event, Json, NewEvent, StreamKey
from explorer.snapshots import Verification, snapshot_if_due, take_snapshot, verify_snapshot
from explorer.stores.store import Advance, Store

__all__ = [
    "Decision",
    "LoadedState",
    "Verification",
    "by_hand",
    "caused_by",
    "commit",
    "issue",
    "load",
    "preview",
    "preview_events",
    "snapshot_if_due",
    "take_snapshot",
    "verify_snapshot",
]

ATTEMPTS = 10  # at one command, when others write to the same stream


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command would do. `events` have their final ids and metadata: `commit` writes exactly these."""

    key: StreamKey
    expected: int  # version the stream was at
    events: tuple[NewEvent, ...]
    refused: str  # the rule that refuses, or ""
    loaded: str  # see `LoadedState.text`
    before: Json
    after: Json
    error: str = ""  # the reducer failed on one of the events

    @property
    def changes(self) -> list[Change]:
        return diff(self.before, self.after)


# -- deciding ----------------------------------------------------------------------------------------------------------


def preview(
    store: Store,
    domain: Domain,
    aggregate: Aggregate,
    id: str,
    command: Any,
    *,
    category: str | None = None,
    metadata: Mapping[str, Json] | None = None,
    event_id: Callable[[int], str] | None = None,
) -> Decision:
    """Load, decide and fold; write nothing.

    `category`: where the stream is, if not the first that the aggregate claims. `metadata`: of every event, to which
    the command and what it was decided on are added; none given is `by_hand()`. `event_id`: the id of the event at an
    index, so that doing it again is harmless; else random.

    Raises `Invalid` when the aggregate takes no commands or decides what is not JSON, `ReducerFailed` when the stream
    cannot be folded or `decide` fails.
    """
    if aggregate.decide is None:
        raise Invalid(f"{aggregate.name} takes no commands.")
    key = StreamKey(category or aggregate.claims[0], id)
    loaded = load(store, domain, aggregate, key)
    try:
        decided = aggregate.decide(fold.copied(loaded.state), command)
        pairs = [(str(kind), payload.to_json(data)) for kind, data in decided]
    except Refused as rule:
        before = _json(aggregate, loaded.state)
        return Decision(key, loaded.version, (), str(rule), loaded.text, before, before)
    except ExplorerError:
        raise
    # The rules are the plug-in's code: a bug in them is said to whoever issued the command.
    except (Exception, SystemExit) as error:
        raise ReducerFailed(
            f"{type(command).__name__} could not be decided: {failure(error)}", loaded.version
        ) from error
    common = {
        **(by_hand() if metadata is None else metadata),
        **decided_on(type(command).__name__, loaded.snapshot, loaded.events_read),
    }
    events = tuple(
        NewEvent(kind, data, event_id(index) if event_id else str(uuid4()), dict(common))
        for index, (kind, data) in enumerate(pairs)
    )
    return _decision(domain, aggregate, loaded, events)


def preview_events(
    store: Store,
    domain: Domain | None,
    aggregate: Aggregate | None,
    key: StreamKey,
    events: Sequence[NewEvent],
    expected: int | None = None,
) -> Decision:
    """What appending these events would do; `aggregate` None is the generic fold. Writes nothing.

    `expected` None is the version read; another one is kept, and the commit finds the conflict.
    """
    aggregate = aggregate or fold.GENERIC
    decision = _decision(domain, aggregate, load(store, domain, aggregate, key), tuple(events))
    if expected is None or expected == decision.expected:
        return decision
    return Decision(
        key, expected, decision.events, "", decision.loaded, decision.before, decision.after, decision.error
    )


def _decision(
    domain: Domain | None, aggregate: Aggregate, loaded: LoadedState, events: tuple[NewEvent, ...]
) -> Decision:
    # A copy, as the reducer may change what it is given.
    before = payload.decode_plain(payload.encode_plain(_json(aggregate, loaded.state)))
    after, state, error = before, loaded.state, ""
    for number, event in enumerate(events, loaded.version + 1):
        stored = Event(
            loaded.key.category,
            loaded.key.id,
            number,
            None,
            event.type,
            payload.encode(event.data),
            payload.encode(dict(event.metadata)),
            event.event_id,
            event.recorded_at or datetime.now(UTC),
        )
        try:
            state = fold.evolve(aggregate, state, fold.readable(stored, domain.upcast if domain else None))
            after = fold.as_json(aggregate, state)
        except StepFailed as failed:
            error = error or f"Version {number} ({event.type}): {failed}"
    return Decision(loaded.key, loaded.version, events, "", loaded.text, before, after, error)


def _json(aggregate: Aggregate, state: Any) -> Json:
    try:
        return fold.as_json(aggregate, state)
    except StepFailed as error:
        raise ReducerFailed(str(error), 0) from error


# -- committing --------------------------------------------------------------------------------------------------------


def commit(store: Store, key: StreamKey, decision: Decision, advance: Advance | None = None) -> list[Event]:
    """Write exactly the events of the decision, at the version it was made on. It never decides again.

    With `advance` a subscription's checkpoint moves in the same transaction; not if there is nothing to write.

    Raises `Refused` for a refused one, and what `Store.append` raises: `Conflict` above all.
    """
    if decision.refused:
        raise Refused(decision.refused)
    if not decision.events:
        return []
    return store.append(key, decision.expected, decision.events, advance)


def issue(
    store: Store,
    domain: Domain,
    aggregate: Aggregate,
    id: str,
    command: Any,
    *,
    category: str | None = None,
    metadata: Mapping[str, Json] | None = None,
    event_id: Callable[[int], str] | None = None,
    attempts: int = ATTEMPTS,
    advance: Advance | None = None,
) -> list[Event]:
    """Preview and commit at once, as programs do; after a conflict decide again on the new state.

    Raises `Refused`, the `Conflict` of the last attempt, and what `preview` raises. The periodic snapshot is taken.
    """
    for attempt in chain(range(attempts - 1), [None]):
        decision = preview(
            store, domain, aggregate, id, command, category=category, metadata=metadata, event_id=event_id
        )
        try:
            written = commit(store, decision.key, decision, advance)
        except Conflict:
            if attempt is None:
                raise
            continue
        if written:
            snapshot_if_due(store, domain, aggregate, decision.key, decision.expected, written[-1].version)
        return written
    raise AssertionError("the last attempt returns or raises")
