"""Stores written by the Python library `eventsourcing` 9.x, in its SQLite and PostgreSQL tables.

A row is (originator_id, originator_version, topic, state). `state` is JSON, which the library may have compressed (zlib
unless the application brought a compressor) and then encrypted. Time, and the aggregate's class, are inside of it;
there are no event ids. The position is the rowid, or the column notification_id. Topics are never resolved: that would
import the application's modules.
"""

from __future__ import annotations

import codecs
import re
import uuid
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from explorer.model import StreamKey
from explorer.stores.layout import Catalog, Instance, Layout, Native, Stored, StoredSnapshot, Table, time_of

COLUMNS = ("originator_id", "originator_version", "topic", "state")
WHOLE = 128 * 1024 * 1024  # bytes that a compressed payload may have when it is read whole
HEAD = 64 * 1024  # the same when only its beginning is wanted
EXACT = 256 * 1024  # bytes of JSON that are looked through for what the payload tells; longer ones at their head only


# -- names -------------------------------------------------------------------------------------------------------------


def _split(key: Native, first_type: str | None) -> StreamKey:
    """The category is what the first event's class is nested in: Order of Order.Created."""
    return StreamKey((first_type or "").rpartition(".")[0], id_of(key[0]))


def id_of(value: Any) -> str:
    """originator_id as shown. UUIDs look the same however they are stored; what would look like another is marked."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value)) if len(value) == 16 else f"bytes:{value.hex()}"
    text = str(value)
    if re.fullmatch(r"[0-9a-f]{32}", text):
        return str(uuid.UUID(text))
    return f"text:{text}" if _uuid(text) or text.startswith(("text:", "bytes:")) else text


def _uuid(text: str) -> uuid.UUID | None:
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        return None
    return uuid.UUID(text)


def _join_uuid(stream: StreamKey) -> Native | None:
    known = _uuid(stream.id)
    return None if known is None else (known,)


def _join_binary(stream: StreamKey) -> Native | None:
    known = _uuid(stream.id)
    if known is not None:
        return (known.bytes,)
    try:
        return (bytes.fromhex(stream.id.removeprefix("bytes:")),) if stream.id.startswith("bytes:") else None
    except ValueError:
        return None


def _join_text(stream: StreamKey) -> Native | None:
    known = _uuid(stream.id)
    return (known.hex if known is not None else stream.id.removeprefix("text:"),)


def _join_any_text(stream: StreamKey) -> Native | None:
    return (stream.id,)


def _split_any_text(key: Native, first_type: str | None) -> StreamKey:
    return StreamKey((first_type or "").rpartition(".")[0], str(key[0]))


# -- payloads ----------------------------------------------------------------------------------------------------------


class _Known(msgspec.Struct):
    """What the payload tells about its event; the rest is skipped without being kept."""

    timestamp: Any = None
    class_version: Any = None


class _KnownSnapshot(msgspec.Struct):
    timestamp: Any = None
    topic: Any = None
    state: msgspec.Raw = msgspec.Raw(b"")


_known = msgspec.json.Decoder(_Known)
_known_snapshot = msgspec.json.Decoder(_KnownSnapshot)
_TIMESTAMP = re.compile(rb'"timestamp":\s*(?:\{"_type_":\s*"datetime_iso",\s*"_data_":\s*)?"([0-9T:.+Z-]{10,40})"')
_SNAPSHOT_HEAD = re.compile(rb'\{"timestamp":(?:\{[^{}]*\}|"[^"]*"),"topic":"[^"]*","state":')
_OBJECT = re.compile(rb'\s*\{\s*(?:["}]|$)')
_ARRAY = re.compile(rb'\s*\[\s*(?:["\]\[{0-9tfn-]|$)')


def _json(text: bytes) -> bool:
    """Does it begin as JSON does? What is encrypted begins with any bytes, now and then with these."""
    if _OBJECT.match(text):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text[:64])
    except UnicodeDecodeError:
        return False
    return _ARRAY.match(text) is not None


def _plain(stored: bytes, cut: bool) -> tuple[bytes, bool, str | None]:
    """(JSON text, is it cut, problem). With a problem the bytes are as stored."""
    if not stored or _json(stored):
        return stored, cut, None
    if len(stored) > 2 and stored[0] == 0x78 and int.from_bytes(stored[:2], "big") % 31 == 0:
        limit = HEAD if cut else WHOLE
        inflate = zlib.decompressobj()
        try:
            text = inflate.decompress(stored, limit)
        except zlib.error:
            pass  # bytes that only look like it
        else:
            if inflate.unconsumed_tail and not cut:
                return stored, cut, f"The payload is compressed and larger than {WHOLE // 1024**2} MB."
            if not inflate.eof and not cut:
                return stored, cut, "The payload is compressed and ends too early."
            if _json(text):
                return text, cut, None
    return stored, cut, "The payload is encrypted, or in an encoding that this program does not know."


def _moment(value: Any) -> datetime | None:
    """A datetime as the library's transcoder writes it, or as ISO text."""
    if isinstance(value, dict):
        value = value.get("_data_") if value.get("_type_") == "datetime_iso" else None
    return time_of(value) if isinstance(value, str) else None


def _told(text: bytes, cut: bool) -> tuple[datetime | None, int | None]:
    """Time and class version as a payload tells them."""
    if not cut and len(text) <= EXACT:
        try:
            known = _known.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            pass  # not JSON as it should be: the head may still tell the time
        else:
            version = known.class_version
            return _moment(known.timestamp), version if isinstance(version, int) else None
    found = _TIMESTAMP.search(text[:4096])
    return (time_of(found[1].decode()) if found else None), None


def _decode(row: Stored) -> Stored:
    text, cut, problem = _plain(row.data, row.cut)
    moment, version = (None, None) if problem else _told(text, cut)
    metadata: dict[str, str | int] = {"topic": row.metadata.decode("utf-8", "replace")}
    if version is not None:
        metadata["schema_version"] = version
    return row._replace(
        data=text,
        metadata=msgspec.json.encode(metadata),
        recorded_at=moment,
        # Of compressed text that was cut only the beginning is known; more than that there is.
        size=max(row.size, len(text) + 1) if cut else len(text),
        problem=row.problem or problem,
    )


def _decode_snapshot(row: StoredSnapshot) -> StoredSnapshot:
    text, cut, problem = _plain(row.state, row.cut)
    size = max(row.size, len(text) + 1) if cut else len(text)
    if problem is None and not cut:
        try:
            known = _known_snapshot.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            problem = "The snapshot is not JSON as the library writes it."
        else:
            state = bytes(known.state)
            aggregate = known.topic.rpartition(":")[2] if isinstance(known.topic, str) else None
            return row._replace(
                state=state or text, size=len(state or text), taken_at=_moment(known.timestamp), aggregate=aggregate
            )
    moment, _ = (None, None) if problem else _told(text, cut)
    head = None if problem else _SNAPSHOT_HEAD.match(text)
    return row._replace(
        state=text[head.end() :] if head else text, size=size, taken_at=moment, problem=row.problem or problem
    )


# -- tables ------------------------------------------------------------------------------------------------------------


def _find(catalog: Catalog) -> Sequence[Instance]:
    tables = [table for table in catalog.with_columns(*COLUMNS) if not table.view]
    return [
        _instance(catalog.dialect, table, _snapshots_of(table, tables))
        for table in tables
        if not _keeps_snapshots(table)
    ]


def _keeps_snapshots(table: Table) -> bool:
    """The library gives both kinds of table the same columns, but snapshots no place in the order of all events."""
    return "snapshot" in table.name.lower() and not table.has("notification_id") and not table.has("id")


def _snapshots_of(events: Table, tables: Sequence[Table]) -> Table | None:
    head, found, tail = events.name.rpartition("events")
    for table in tables:
        if found and table.schema == events.schema and table.name == f"{head}snapshots{tail}":
            return table
    return None


def _instance(dialect: str, table: Table, snapshots: Table | None) -> Instance:
    postgres = dialect == "postgresql"
    notice = ""
    position = None
    if table.has("notification_id"):
        position = table.column("notification_id")
    elif table.has("id"):
        position = table.column("id")
    elif table.rowid:
        position = "rowid"
        notice = "Positions are SQLite's rowids: VACUUM may change them."
    topic = table.column("topic")
    colon = f"strpos({topic}, ':')" if postgres else f"instr({topic}, ':')"
    key_type = table.type_of("originator_id")
    split, join = _split, _join_text
    if key_type.startswith("uuid"):
        join = _join_uuid
    elif key_type.startswith(("binary", "blob", "bytea")):
        join = _join_binary
    elif postgres:
        split, join = _split_any_text, _join_any_text
    return Instance(
        layout="eventsourcing",
        name=table.title,
        dialect=dialect,
        events=(
            f"SELECT {table.column('originator_id')} AS originator_id, {table.column('originator_version')} AS version,"
            f" substr({topic}, {colon} + 1) AS type, {table.column('state')} AS data, {topic} AS metadata"
            + (f", {position} AS position" if position else "")
            + f" FROM {table.sql}"
        ),
        key=("originator_id",),
        split=split,
        join=join,
        split_by_type=True,
        positions=position is not None,
        # The library locks the table before it draws a position, but not by every path, and others need not.
        commit_ordered=not postgres,
        indexed_event_id=False,
        decode=_decode,
        encoded=True,
        snapshots=None if snapshots is None else _snapshots(snapshots),
        decode_snapshot=_decode_snapshot,
        channel=table.name.replace(".", "_") if postgres else None,
        events_table=table.sql if postgres else None,
        notice=notice,
        tables=(table.title,) if snapshots is None else (table.title, snapshots.title),
    )


def _snapshots(table: Table) -> str:
    return (
        f"SELECT {table.column('originator_id')} AS originator_id, {table.column('originator_version')} AS version,"
        f" {table.column('state')} AS state FROM {table.sql}"
    )


LAYOUT = Layout(name="eventsourcing", title="Python eventsourcing", find=_find)
