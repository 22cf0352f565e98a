"""Previews: what a command or events written by hand would do. Nothing here writes an event."""

from __future__ import annotations

from uuid import uuid4

from explorer import commands, payload
from explorer.commands import Decision
from explorer.engine.folding import claim
from explorer.engine.messages import (
    ROWS,
    Done,
    EventDraft,
    Preview,
    PreviewAppend,
    PreviewCommand,
    SnapshotIfDue,
)
from explorer.engine.rows import diff_row
from explorer.engine.turns import Turn
from explorer.errors import Invalid
from explorer.model import Aggregate, Json, NewEvent, StreamKey
from explorer.plugins import Loaded, build_command, named
from explorer.stores import Store


def preview_command(store: Store, domains: Loaded, ask: PreviewCommand) -> Turn:
    """Raises Invalid for a command that cannot be made, and what `commands.preview` raises."""
    yield None
    found = named(domains.domains, ask.aggregate)
    if found is None:
        raise Invalid(f"There is no aggregate {ask.aggregate}.", "A plug-in that brings it may be missing.")
    domain, aggregate = found
    require_own(store, domains, aggregate, ask.id)
    fields = {name: field_value(name, text) for name, text in ask.fields.items()}
    command = build_command(aggregate, ask.command, fields)
    return _preview(commands.preview(store, domain, aggregate, ask.id, command, metadata=commands.by_hand(ask.reason)))


def preview_append(store: Store, domains: Loaded, ask: PreviewAppend) -> Turn:
    """Raises Invalid for what is not JSON, naming the event."""
    yield None
    key = StreamKey(ask.category, ask.id)
    domain, aggregate = claim(store, domains, key)
    common = commands.by_hand(ask.reason)
    events = [new_event(draft, common, number) for number, draft in enumerate(ask.events, 1)]
    return _preview(commands.preview_events(store, domain, aggregate, key, events, ask.expected))


def snapshot_if_due(store: Store, domains: Loaded, ask: SnapshotIfDue) -> Turn:
    yield None
    key = StreamKey(ask.category, ask.id)
    domain, aggregate = claim(store, domains, key)
    if domain is None or aggregate is None or not store.info.writable:
        return Done()
    return Done(commands.snapshot_if_due(store, domain, aggregate, key, ask.before, ask.after))


def require_own(store: Store, domains: Loaded, aggregate: Aggregate, id: str) -> None:
    """Raises Invalid where a stream of the aggregate's category holds the events of something else."""
    key = StreamKey(aggregate.claims[0], id)
    if claim(store, domains, key)[1] is None:
        raise Invalid(
            f"The stream {key.category}/{key.id} holds none of the events of {aggregate.name}.",
            "Another program's aggregate has the same name; a plug-in can bring what folds it.",
        )


def field_value(name: str, text: str) -> Json:
    """A field of a command from its JSON text. Raises Invalid, naming the field."""
    try:
        return payload.parse(text)
    except Invalid as error:
        raise Invalid(f"{name}: {error}", error.hint) from None


def new_event(draft: EventDraft, common: dict[str, Json], number: int) -> NewEvent:
    """An event as it is to be written, with an id and with who wrote it. Raises Invalid, naming the event."""
    where = f"Event {number}"
    if not draft.type.strip():
        raise Invalid(f"{where} has no type.")
    try:
        data, metadata = payload.parse(draft.data), payload.parse(draft.metadata)
    except Invalid as error:
        raise Invalid(f"{where}: {error}", error.hint) from None
    if not isinstance(metadata, dict):
        raise Invalid(f"{where}: metadata must be an object.")
    return NewEvent(draft.type, data, draft.event_id or str(uuid4()), {**common, **metadata})


def _preview(decision: Decision) -> Preview:
    changes = decision.changes
    return Preview(
        category=decision.key.category,
        id=decision.key.id,
        expected=decision.expected,
        refused=decision.refused,
        loaded=decision.loaded,
        events=tuple(map(_draft, decision.events)),
        changes=tuple(map(diff_row, changes[:ROWS])),
        changes_total=len(changes),
        error=decision.error,
    )


def _draft(event: NewEvent) -> EventDraft:
    data, metadata = payload.encode(event.data), payload.encode(dict(event.metadata))
    return EventDraft(event.type, data.decode(), metadata.decode(), event.event_id)
