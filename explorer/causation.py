"""What events say of their cause: ids and metadata that tie a reaction to the event that it reacts to."""

from __future__ import annotations

import getpass
import platform
from uuid import UUID, uuid4, uuid5

from explorer.model import DomainEvent, Json

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


def event_identity(event: DomainEvent) -> str:
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


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, in a container
        return platform.node()
