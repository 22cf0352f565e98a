"""One step of a fold: an event made readable, a reducer run with its failures caught, its state as JSON."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from explorer import payload
from explorer.errors import ExplorerError, Invalid
from explorer.json_state import MISSING, convert
from explorer.model import Aggregate, DomainEvent, Event, Json

Upcast: TypeAlias = Callable[[str, int, Any], tuple[str, Any]]


class StepFailed(ExplorerError):
    """One event cannot be folded: its payload is unreadable, or an upcaster, reducer or `dump` raised."""


def merged(state: Any, event: DomainEvent) -> Any:
    """The generic fold, for a category that nobody claims: the members of all payloads, the last written wins.

    A payload that is no object is kept under its event type. Nothing is guessed from names.
    """
    members = event.data if type(event.data) is dict else {event.type: event.data}
    return {**state, **members}


GENERIC = Aggregate(name="", initial=dict, evolve=merged, snapshot_every=0)
"""Folds a category that no domain claims."""


def readable(event: Event, upcast: Upcast | None = None) -> DomainEvent:
    """The event as reducers and policies see it: decoded and upcast. Raises `StepFailed`."""
    if event.problem is not None:
        raise StepFailed(f"The payload cannot be read: {event.problem}")
    decoded = payload.decode(event.data)
    if decoded.problem is not None:
        raise StepFailed(f"The payload cannot be read: {decoded.problem}")
    kind, data = event.type, decoded.value
    metadata = Metadata(event.metadata)
    if upcast is not None:
        version = metadata.get("schema_version", 1) if b"schema_version" in event.metadata else 1
        try:
            kind, data = upcast(kind, version if type(version) is int else 1, data)
        except (Exception, SystemExit) as error:  # any code may be in an upcaster; its failure belongs to this step
            raise StepFailed(f"The upcaster failed: {failure(error)}") from error
    return DomainEvent(
        event.category,
        event.id,
        event.version,
        kind,
        data,
        metadata,
        event.event_id,
        event.recorded_at,
        event.position,
    )


class Metadata(Mapping[str, Any]):
    """An event's metadata, decoded when somebody looks: most reducers never do. Empty when there is no JSON object."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._members: dict[str, Any] | None = None

    @property
    def members(self) -> dict[str, Any]:
        if self._members is None:
            value = payload.decode(self._raw).value if self._raw else None
            self._members = value if isinstance(value, dict) else {}
        return self._members

    def __getitem__(self, key: str) -> Any:
        return self.members[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def __repr__(self) -> str:
        return repr(self.members)


def initial(aggregate: Aggregate) -> Any:
    """The state before the first event. Raises `StepFailed`."""
    try:
        return aggregate.initial()
    except (Exception, SystemExit) as error:  # as in `evolve`
        raise StepFailed(f"The initial state failed: {failure(error)}") from error


def evolve(aggregate: Aggregate, state: Any, event: DomainEvent) -> Any:
    """The state after the event. Raises `StepFailed` for whatever the reducer raises."""
    try:
        return aggregate.evolve(state, event)
    # Reducers are other people's code, written for events that turned out differently: whatever they raise (also
    # RecursionError, MemoryError and a call of sys.exit) is a fact about this one step that the user wants to see.
    except (Exception, SystemExit) as error:
        raise StepFailed(failure(error)) from error


def copied(state: Any) -> Any:
    """A copy that shares nothing that could be changed. Raises `StepFailed` when the state cannot be copied."""
    try:
        return copy.deepcopy(state)
    except (Exception, SystemExit) as error:  # as in `evolve`: states may say how they are copied
        raise StepFailed(f"The state cannot be copied: {failure(error)}") from error


def as_json(aggregate: Aggregate, state: Any) -> Json:
    """A state as JSON. Raises `StepFailed` when `dump` raises or the state cannot be JSON."""
    return shared_json(aggregate, state, MISSING, MISSING)[0]


def shared_json(aggregate: Aggregate, state: Any, old: Any, old_json: Any) -> tuple[Json, bool]:
    """As `as_json`, sharing what is the same with the previous state, given as it is and as JSON; and whether the state
    is plain JSON, so that the value can stand for it. See `json_state.convert`."""
    try:
        if aggregate.dump is not None:
            return convert(aggregate.dump(state), MISSING, old_json)[0], False
        return convert(state, old, old_json)
    except Invalid as invalid:
        raise StepFailed(str(invalid)) from invalid
    except (Exception, SystemExit) as error:  # as in `evolve`: `dump` and the members of states are other people's code
        raise StepFailed(f"The state cannot be shown: {failure(error)}") from error


def from_json(aggregate: Aggregate, value: Json) -> Any:
    """A state made of JSON, such as a snapshot's. Raises `StepFailed` when `load` raises."""
    if aggregate.load is None:
        return value
    try:
        return aggregate.load(value)
    except (Exception, SystemExit) as error:  # as in `evolve`
        raise StepFailed(f"The saved state cannot be loaded: {failure(error)}") from error


def failure(error: BaseException) -> str:
    """What was raised and where, in one line: "KeyError: 'lines' (aggregates.py, line 42)"."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # the __str__ of somebody's exception class is somebody's code too
        text = ""
    place = ""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    if frames and frames[-1].lineno is not None and not frames[-1].filename.startswith("<"):
        place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"
    name = type(error).__name__
    return f"{name}: {text[:300]}{place}" if text else f"{name}{place}"
