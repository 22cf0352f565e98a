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
    "compensation",
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
    loaded, events, rule = _decided(store, domain, aggregate, id, command, category, metadata, event_id, keep=True)
    if rule is not None:
        before = _json(aggregate, loaded.state)
        return Decision(loaded.key, loaded.version, (), str(rule), loaded.text, before, before)
    return _decision(domain, aggregate, loaded, events)


def compensation(store: Store, domain: Domain, aggregate: Aggregate, event: Event) -> tuple[Any, Decision] | None:
    """The command that makes good again what this event did, as the domain declares it, and what it would do now; None
    where none is declared. Writes nothing. Raises `ReducerFailed` when making the command fails, and as `preview`."""
    try:
        known = fold.readable(event, domain.upcast)
        make = aggregate.compensate.get(known.type)
        if make is None:
            return None
        command = make(known)
    except StepFailed as error:
        raise ReducerFailed(str(error), event.version) from error
    except (Exception, SystemExit) as error:  # as the rules, it is the plug-in's code
        raise ReducerFailed(
            f"The command that compensates {event.type} could not be made: {failure(error)}", event.version
        ) from error
    return command, preview(store, domain, aggregate, event.id, command, category=event.category)


def _decided(
    store: Store,
    domain: Domain,
    aggregate: Aggregate,
    id: str,
    command: Any,
    category: str | None,
    metadata: Mapping[str, Json] | None,
    event_id: Callable[[int], str] | None,
    keep: bool = False,
) -> tuple[LoadedState, tuple[NewEvent, ...], Refused | None]:
    """Load and decide: the events, or the rule that refuses. Without `keep` the state may be another afterwards."""
    if aggregate.decide is None:
        raise Invalid(f"{aggregate.name} takes no commands.")
    loaded = load(store, domain, aggregate, StreamKey(category or aggregate.claims[0], id))
    try:
        decided = aggregate.decide(fold.copied(loaded.state) if keep else loaded.state, command)
        pairs = [(str(kind), payload.to_json(data)) for kind, data in decided]
    except Refused as rule:
        return loaded, (), rule
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
    return loaded, events, None


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


def commit(store: Store, key: StreamKey, decision: Decision) -> list[Event]:
    """Write exactly the events of the decision, at the version it was made on. It never decides again.

    Raises `Refused` for a refused one, and what `Store.append` raises: `Conflict` above all.
    """
    if decision.refused:
        raise Refused(decision.refused)
    if not decision.events:
        return []
    return store.append(key, decision.expected, decision.events)


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
    """Load, decide and commit at once, as programs do; after a conflict decide again on the new state.

    With `advance` a subscription's checkpoint moves in the same transaction; not if there is nothing to write.

    Raises `Refused`, the `Conflict` of the last attempt, what `preview` raises but for the states, which nobody sees
    here, and what `Store.append` raises. The periodic snapshot is taken.
    """
    for attempt in chain(range(attempts - 1), [None]):
        loaded, events, rule = _decided(store, domain, aggregate, id, command, category, metadata, event_id)
        if rule is not None:
            raise rule
        if not events:
            return []
        try:
            written = store.append(loaded.key, loaded.version, events, advance)
        except Conflict:
            if attempt is None:
                raise
            continue
        snapshot_if_due(store, domain, aggregate, loaded.key, loaded.version, written[-1].version)
        return written
    raise AssertionError("the last attempt returns or raises")
