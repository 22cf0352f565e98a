"""Message DB: one table of messages in PostgreSQL, a stream's name being category-id, versions counted from 0.

Commands are messages too, in streams of their own (category account:command). There is no table of snapshots and no
notification. Times are UTC without a zone.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from explorer.model import StreamKey
from explorer.stores.layout import Catalog, Instance, Layout, Native, Table, quoted

COLUMNS = ("global_position", "position", "time", "stream_name", "type", "data", "metadata", "id")


def split(key: Native, first_type: str | None) -> StreamKey:
    """At the first dash. Without one all of it is the category; a category that ends with a dash has an empty id."""
    name = str(key[0])
    category, dash, ident = name.partition("-")
    return StreamKey(category, ident) if ident or not dash else StreamKey(name, "")


def join(stream: StreamKey) -> Native | None:
    category, dash, rest = stream.category.partition("-")
    if dash:
        return (stream.category,) if not rest and not stream.id else None
    return (f"{category}-{stream.id}",) if stream.id else (category,)


def _event_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _find(catalog: Catalog) -> Sequence[Instance]:
    if catalog.dialect != "postgresql":
        return ()
    return [_instance(catalog, table) for table in catalog.with_columns(*COLUMNS) if not table.view]


def _instance(catalog: Catalog, table: Table) -> Instance:
    category = f"{table.schema}.category" in catalog.functions and any(
        index.endswith("messages_category") for index in table.indexes
    )
    name = table.column("stream_name")
    return Instance(
        layout="message-db",
        name=table.title,
        dialect="postgresql",
        events=(
            f"SELECT {name} AS stream_name, {table.column('position')} AS version, {table.column('type')} AS type,"
            f" {table.column('data')} AS data, {table.column('metadata')} AS metadata,"
            f" {table.column('global_position')} AS position, {table.column('id')} AS event_id,"
            f" {table.column('time')} AS recorded_at"
            # Word for word what the index messages_category is on.
            + (f", {quoted(table.schema)}.category({name}) AS category" if category else "")
            + f" FROM {table.sql}"
        ),
        key=("stream_name",),
        split=split,
        join=join,
        version_base=0,
        category=category,
        key_prefix=lambda name: name,  # not with the dash: a stream may have none
        event_id_value=_event_id,
        events_table=table.sql,
        tables=(table.title,),
    )


LAYOUT = Layout(name="message-db", title="Message DB", find=_find)
