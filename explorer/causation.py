"""What events say of their cause: ids and metadata that tie a reaction to the event that it reacts to, and how such
metadata are read, ours and those of other libraries.
"""

from __future__ import annotations

import getpass
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4, uuid5

from explorer.model import DomainEvent, Event, Json

_CORRELATION = ("correlation_id", "correlationId", "$correlationId", "correlationStreamName")
_CAUSE = ("causation_id", "causationId", "$causationId")
_SERVICE = ("service", "origin")
_LONGEST = 1000  # characters of an id or a stream's name
_EVENTUATE_ID = re.compile("([0-9a-f]{16})-[0-9a-f]{16}")

CAUSED = UUID("6f0f2a1e-6f6c-5e0e-9d5b-1f6f5b3a7c10")
"""The namespace of the ids of events that policies cause."""


def caused_id(subscription: str, trigger: str, command: str, event: int) -> str:
    """The id of an event caused by the event `trigger`: always the same for the same place in the same reaction, so
    that doing it again changes nothing.

    `command` is the command's number in the reaction, `event` the event's number in what the command emits.
    """
    return str(uuid5(CAUSED, f"{subscription}\n{trigger}\n{command}\n{event}"))


def caused_by(trigger: DomainEvent) -> dict[str, Json]:
    """Metadata of events that a policy's reaction to this event causes."""
    correlation = trigger.metadata.get("correlation_id")
    identity = event_identity(trigger)
    return {"correlation_id": correlation if isinstance(correlation, str) else identity, "causation_id": identity}


def event_identity(event: DomainEvent | Event) -> str:
    """The event's id, or its place in its stream where the store keeps no ids."""
    return event.event_id or f"{event.category}/{event.id}/{event.version}"


def by_hand(reason: str = "") -> dict[str, Json]:
    """Metadata of events that a person writes with the explorer, as the start of a new correlation."""
    command = str(uuid4())
    metadata: dict[str, Json] = {
        "correlation_id": command,
        "causation_id": command,
        "origin": "event-store-explorer",
        "user": _user(),
    }
    if reason:
        metadata["reason"] = reason
    return metadata


def simulated(command: str) -> dict[str, Json]:
    """Metadata of events of the simulated command of this id, as the start of a new correlation: nobody's hand."""
    return {"correlation_id": command, "causation_id": command, "origin": "simulate"}


def decided_on(command: str, snapshot: int | None, events: int) -> dict[str, Json]:
    """Metadata of events that this command (its name) decided, on a state loaded from the snapshot at this version, if
    from one, and so many events after it."""
    return {"command": command, "decided_on": {"snapshot": snapshot or 0, "events": events}}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, in a container
        return platform.node()


# -- what is said, by whatever library ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What an event's metadata say of where it comes from, as far as it can be used."""

    correlation: str | None = None  # of all that one first command led to; for Message DB the name of a stream
    cause: str | None = None  # the id of the event or command before
    stream: str | None = None  # Message DB: the name of the stream of the event before
    version: int | None = None  # likewise its version there, from 1
    position: int | None = None  # likewise where it stands in the whole store; for Eventuate where ids are not stored
    service: str | None = None  # who wrote it
    user: str | None = None  # who wrote it by hand
    command: str | None = None  # the name of the command that decided it
    snapshot: int | None = None  # version of the snapshot that its state was loaded from; 0: from none
    events: int | None = None  # read after that. None: it was not decided, or nobody says on what


def said(metadata: object) -> Said:
    """Read metadata of our own and of other libraries. Never raises: what cannot be used is as if it were not there.

    Known are `correlation_id` and `causation_id` (our own, Rails Event Store), both with a capital in the middle
    (Emmett), with a dollar in front too (KurrentDB), Message DB's `correlationStreamName`,
    `causationMessageStreamName`, `causationMessagePosition` (from 0) and `causationMessageGlobalPosition`, and
    Eventuate's `triggering_event`: an id, whose first half is the position where the database draws the ids and no
    event's own is stored. What a command decided on (`decided_on`) only our own say.
    """
    if not isinstance(metadata, Mapping):
        return Said()
    stream, native = _text(metadata, "causationMessageStreamName"), _number(metadata, "causationMessagePosition")
    known = stream is not None and native is not None
    basis = metadata.get("decided_on")
    loaded = basis if isinstance(basis, Mapping) else {}
    triggering = _triggering(_text(metadata, "triggering_event"))
    position = _number(metadata, "causationMessageGlobalPosition")
    return Said(
        correlation=_text(metadata, *_CORRELATION),
        cause=_text(metadata, *_CAUSE) or triggering,
        stream=stream if known else None,
        version=native + 1 if known and native is not None else None,
        position=_drawn(triggering) if position is None else position,
        service=_text(metadata, *_SERVICE),
        user=_text(metadata, "user"),
        command=_text(metadata, "command"),
        snapshot=_number(loaded, "snapshot"),
        events=_number(loaded, "events"),
    )


def _text(metadata: Mapping[Any, Any], *names: str) -> str | None:
    for name in names:
        value = metadata.get(name)
        # A NUL or half a surrogate pair is nothing that a database could be asked for.
        if isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable():
            return value
    return None


def _number(metadata: Mapping[Any, Any], name: str) -> int | None:
    value = metadata.get(name)
    return value if type(value) is int and 0 <= value < 2**62 else None


def _triggering(token: str | None) -> str | None:
    """The event's id in Eventuate's `etpo:<event id>:<topic>:<partition>:<offset>`."""
    parts = token.split(":") if token else []
    return parts[1] if len(parts) == 5 and parts[0] == "etpo" and parts[1] else None


def _drawn(event_id: str | None) -> int | None:
    """The number that a database drew for the event of this id, if one did; else a time, at which nothing stands."""
    found = _EVENTUATE_ID.fullmatch(event_id or "")
    number = int(found[1], 16) if found else None
    return number if number is not None and number < 2**62 else None
