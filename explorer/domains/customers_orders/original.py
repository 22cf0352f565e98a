"""The events of the original Eventuate example, which carry the names of Java classes, as today's."""

from __future__ import annotations

from typing import Any

ORIGINAL = "net.chrisrichardson.eventstore.examples.customersandorders"


def upcast(event_type: str, schema_version: int, data: Any) -> tuple[str, Any]:
    """`….orders.events.OrderCreatedEvent` is `OrderCreated`; the reducers bear the lack of lines and revision."""
    if event_type.startswith(ORIGINAL):
        event_type = event_type.rpartition(".")[2].removesuffix("Event")
    return event_type, data
