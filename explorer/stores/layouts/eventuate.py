"""Eventuate Local: `events`, `entities` and `snapshots` in PostgreSQL, and copies of these tables in SQLite.

An event id is 128 bits as text: two words of 16 hexadecimal digits with a dash between, of which the first is the time
in milliseconds. It orders the events of a stream and those of the store, roughly by time: writers with other clocks
come between. In "database id" mode a column `id` orders both, and event ids are empty, but for rows from before.

No version is stored, so events are counted: the version of an event, and of a snapshot, which names the last event in
it, is how many events of the stream there are up to that one. In "database id" mode the id in a snapshot is in no row,
as a part of it is the writer's configuration: snapshots are not shown.

Categories are whole names of Java classes: the last part alone could not be turned back into what is stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from explorer.stores.layout import TIMES, Catalog, Instance, Layout, Stored, Table

EVENTS = ("event_id", "event_type", "event_data", "entity_type", "entity_id", "triggering_event")
ENTITIES = ("entity_type", "entity_id", "entity_version")
SNAPSHOTS = (*ENTITIES, "snapshot_type", "snapshot_json")

_EVENT_ID = re.compile(r"([0-9a-f]{16})-[0-9a-f]{16}")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


# -- events ------------------------------------------------------------------------------------------------------------


def time_in(event_id: str | None) -> datetime | None:
    """The time that an event id begins with; None if it is no such id."""
    found = _EVENT_ID.fullmatch(event_id or "")
    return TIMES["ms"](int(found[1], 16)) if found else None


def merged(trigger: str, metadata: bytes) -> bytes:
    """Metadata with the token of the triggering event as one more member. What is no object, or has such a member,
    stands whole, as text, beside it.
    """
    token = json.dumps(trigger).encode()
    body = metadata.strip()
    if not body:
        return b'{"triggering_event":' + token + b"}"
    try:
        free = "triggering_event" not in _object.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        free = False
    if free:  # as text, so that the rest stays exactly what was stored
        rest = body[1:].lstrip()
        return b'{"triggering_event":' + token + (b"" if rest.startswith(b"}") else b",") + rest
    whole = json.dumps(metadata.decode("utf-8", "replace")).encode()
    return b'{"triggering_event":' + token + b',"metadata":' + whole + b"}"


def _decode(row: Stored) -> Stored:
    """The SELECT gives the metadata as "length:token" and what is stored, the token being the triggering event's."""
    length, _, rest = row.metadata.partition(b":")
    metadata = rest
    if length.isdigit():
        text = rest.decode("utf-8", "surrogateescape")
        trigger, stored = text[: int(length)], text[int(length) :].encode("utf-8", "surrogateescape")
        metadata = merged(trigger, stored) if trigger else stored
    return row._replace(metadata=metadata, recorded_at=time_in(row.event_id))


# -- tables ------------------------------------------------------------------------------------------------------------


def _find(catalog: Catalog) -> Sequence[Instance]:
    tables = [table for table in catalog.with_columns(*EVENTS) if not table.view and catalog.beside(table, *ENTITIES)]
    found = []
    for table in tables:
        snapshots = [other for other in catalog.beside(table, *SNAPSHOTS) if not other.view]
        alone = sum(other.schema == table.schema for other in tables) == 1
        found.append(_instance(catalog.dialect, table, snapshots[0] if alone and len(snapshots) == 1 else None))
    return found


def _instance(dialect: str, table: Table, snapshots: Table | None) -> Instance:
    numbered = table.has("id") and "int" in table.type_of("id")
    event_id = table.column("event_id")
    order = table.column("id") if numbered else event_id
    token = f"CAST({table.column('triggering_event')} AS text)"
    metadata = f"coalesce(CAST({table.column('metadata')} AS text), '')" if table.has("metadata") else "''"
    if numbered:
        snapshots = None
    return Instance(
        layout="eventuate",
        name=table.title,
        dialect=dialect,
        events=(
            f"SELECT {table.column('entity_type')} AS entity_type, {table.column('entity_id')} AS entity_id,"
            f" {order} AS version, {order} AS position, {table.column('event_type')} AS type,"
            f" {table.column('event_data')} AS data,"
            f" coalesce(CAST(length({token}) AS text) || ':' || {token}, ':') || {metadata} AS metadata,"
            f" {f'''nullif({event_id}, '')''' if numbered else event_id} AS event_id FROM {table.sql}"
        ),
        key=("entity_type", "entity_id"),
        counted=True,
        indexed_event_id=not numbered,
        decode=_decode,
        # SQLite has one writer at a time, but ids of another host's clock may still come before the last one.
        commit_ordered=numbered and dialect == "sqlite",
        snapshots=None if snapshots is None else _snapshots(snapshots),
        events_table=table.sql if dialect == "postgresql" else None,
        notice="The store keeps no version numbers: events are counted.",
        tables=(table.title,) if snapshots is None else (table.title, snapshots.title),
    )


def _snapshots(table: Table) -> str:
    version = table.column("entity_version")
    return (
        f"SELECT {table.column('entity_type')} AS entity_type, {table.column('entity_id')} AS entity_id,"
        f" {version} AS version, {version} AS last_event_id, {table.column('snapshot_type')} AS aggregate,"
        f" {table.column('snapshot_json')} AS state FROM {table.sql}"
    )


LAYOUT = Layout(name="eventuate", title="Eventuate Local", find=_find)
