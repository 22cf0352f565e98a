"""Python eventsourcing: ids come back, payloads are unpacked within bounds, nothing stored is believed."""

from __future__ import annotations

import os
import uuid
import zlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.model import StreamKey
from explorer.stores.layout import Catalog, Instance, Stored, StoredSnapshot, Table
from explorer.stores.layouts import eventsourcing
from explorer.stores.layouts.eventsourcing import LAYOUT

IDENT = uuid.UUID("3f2b1c00-0000-4000-8000-0000000000aa")
COLUMNS = {"originator_id": "text", "originator_version": "integer", "topic": "text", "state": "blob"}
BODY = b'{"timestamp":{"_type_":"datetime_iso","_data_":"2024-03-01T10:00:00.000001+00:00"},"name":"Zo\xc3\xab"}'
MOMENT = datetime(2024, 3, 1, 10, 0, 0, 1, tzinfo=UTC)


def table(name: str = "stored_events", schema: str = "", rowid: bool = True, **columns: str) -> Table:
    return Table(schema, name, {**COLUMNS, **columns}, rowid=rowid)


def instance(dialect: str = "sqlite", **columns: str) -> Instance:
    (found,) = LAYOUT.find(Catalog(dialect, (table("stored_events", "", True, **columns),)))
    return found


def row(data: bytes, *, cut: bool = False, size: int | None = None) -> Stored:
    return Stored((IDENT.hex,), 1, 1, "Order.Created", data, b"m:Order.Created", None, None, size or len(data), cut)


def decoded(data: bytes, **facts: Any) -> Stored:
    decode = instance().decode
    assert decode is not None
    return decode(row(data, **facts))


# -- ids ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("native", "shown"),
    [
        (IDENT.hex, str(IDENT)),
        (str(IDENT), f"text:{IDENT}"),
        ("order-7", "order-7"),
        ("text:x", "text:text:x"),
        ("bytes:00", "text:bytes:00"),
        (IDENT.hex.upper(), IDENT.hex.upper()),
        ("", ""),
        ("ä/'\"\n<b>\u202e😀", "ä/'\"\n<b>\u202e😀"),
    ],
)
def test_ids_in_text_columns_of_sqlite(native: str, shown: str) -> None:
    found = instance()
    assert found.split((native,), "Order.Created") == StreamKey("Order", shown)
    assert found.join(StreamKey("Order", shown)) == (native,)


@given(st.text(alphabet="0123456789abcdef-:txys", max_size=40) | st.uuids().map(str) | st.uuids().map(lambda u: u.hex))
def test_every_text_id_comes_back(native: str) -> None:
    found = instance()
    assert found.join(found.split((native,), None)) == (native,)


@pytest.mark.parametrize("native", [IDENT.bytes, b"", b"\x00\xff", b"x" * 17])
def test_ids_in_binary_columns(native: bytes) -> None:
    found = instance(originator_id="binary(16)")
    assert found.join(found.split((native,), None)) == (native,)


def test_ids_in_uuid_and_text_columns_of_postgresql() -> None:
    found = instance("postgresql", originator_id="uuid", notification_id="bigint")
    assert found.split((IDENT,), None).id == str(IDENT)
    assert found.join(StreamKey("", str(IDENT))) == (IDENT,)
    assert found.join(StreamKey("", "order-7")) is None
    found = instance("postgresql", notification_id="bigint")
    assert found.join(found.split((str(IDENT),), None)) == (str(IDENT),)


@pytest.mark.parametrize(
    ("first_type", "category"),
    [("Order.Created", "Order"), ("Outer.Order.Created", "Outer.Order"), ("Registered", ""), (None, ""), ("", "")],
)
def test_the_category_is_what_the_first_event_is_nested_in(first_type: str | None, category: str) -> None:
    assert instance().split(("x",), first_type).category == category


# -- tables ------------------------------------------------------------------------------------------------------------


def test_every_application_of_a_database_is_found_with_its_own_snapshots() -> None:
    tables = [
        table("shop_events", "public", notification_id="bigint"),
        table("shop_snapshots", "public"),
        table("depot_events", "public", notification_id="bigint"),
        table("shop_events", "archive", notification_id="bigint"),
        table("my_snapshots_events", "archive", notification_id="bigint"),
    ]
    found = {i.name: i for i in LAYOUT.find(Catalog("postgresql", tuple(tables)))}
    assert set(found) == {
        "public.shop_events",
        "public.depot_events",
        "archive.shop_events",
        "archive.my_snapshots_events",
    }
    assert [name for name, i in found.items() if i.snapshots] == ["public.shop_events"]
    assert all(i.positions and not i.commit_ordered for i in found.values())
    assert found["public.shop_events"].channel == "shop_events"


def test_sqlite_has_positions_only_where_the_table_has_rowids() -> None:
    assert instance().positions
    (found,) = LAYOUT.find(Catalog("sqlite", (table(rowid=False),)))
    assert not found.positions


# -- payloads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, zlib.compress, lambda data: zlib.compress(data, 9)])
def test_payloads_are_unpacked_and_tell_their_time(pack: Any) -> None:
    found = decoded(pack(BODY))
    assert (found.data, found.recorded_at, found.problem, found.size) == (BODY, MOMENT, None, len(BODY))
    assert msgspec.json.decode(found.metadata) == {"topic": "m:Order.Created"}


def test_a_nested_timestamp_is_not_the_time_of_the_event() -> None:
    assert decoded(b'{"a":{"timestamp":"2001-01-01T00:00:00Z"}}').recorded_at is None
    assert decoded(b'{"a":{"timestamp":"2001-01-01T00:00:00Z"},' + BODY[1:]).recorded_at == MOMENT


def test_the_version_of_the_event_class_is_told() -> None:
    found = decoded(b'{"class_version":3,"timestamp":"2024-03-01T10:00:00.000001Z"}')
    assert msgspec.json.decode(found.metadata) == {"topic": "m:Order.Created", "schema_version": 3}
    assert found.recorded_at == MOMENT


@pytest.mark.parametrize(
    "timestamp", ["17", "null", "[]", "{}", '"soon"', '{"_type_":"x","_data_":"2024-03-01"}', "1e999"]
)
def test_a_timestamp_of_another_kind_is_no_time(timestamp: str) -> None:
    found = decoded(b'{"timestamp":' + timestamp.encode() + b"}")
    assert found.recorded_at is None
    assert found.problem is None


def test_a_preview_of_a_payload_tells_the_time_and_that_there_is_more() -> None:
    long = BODY[:-1] + b',"more":"' + b"x" * 100_000 + b'"}'
    for whole in (long, zlib.compress(long + os.urandom(10_000))):
        found = decoded(whole[:4096], cut=True, size=len(whole))
        assert found.recorded_at == MOMENT
        assert found.data.startswith(BODY[:-1])
        assert found.size > len(found.data)
        assert found.problem is None


def test_a_bomb_is_defused() -> None:
    bomb = zlib.compress(b"{" + b'"' + b"a" * (eventsourcing.WHOLE + 10))
    found = decoded(bomb)
    assert found.data == bomb
    assert found.problem is not None
    assert "larger than 128 MB" in found.problem
    assert len(decoded(bomb[:4096], cut=True, size=len(bomb)).data) <= eventsourcing.HEAD


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\x98" + b"\x00" * 40, "encrypted"),
        (zlib.compress(BODY)[:-9], "too early"),
        (zlib.compress(b"\x00\x01\x02"), "encoding"),
        (b"\x78\x9c" + b"\xff" * 30, "encrypted"),
        (b"\x80\x04\x95pickle", "encoding"),
    ],
)
def test_what_cannot_be_read_is_left_as_it_is_and_said(data: bytes, word: str) -> None:
    found = decoded(data)
    assert found.data == data
    assert found.problem is not None
    assert word in found.problem


@pytest.mark.parametrize(
    "data", [b"{", b'{"a":', b'{"timestamp":' + b"[" * 20_000, b'{"a":"\xff"}', b'{"a":NaN}', b"", b"[]"]
)
def test_malformed_json_is_left_to_whoever_decodes_it(data: bytes) -> None:
    found = decoded(data)
    assert (found.data, found.problem) == (data, None)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    for cut in (False, True):
        decoded(data, cut=cut, size=len(data) + 10)
        decoded(b"{" + data, cut=cut, size=len(data) + 10)
        decoded(b"\x78\x9c" + data, cut=cut, size=len(data) + 10)


# -- snapshots ---------------------------------------------------------------------------------------------------------

SNAPSHOT = BODY[: BODY.index(b',"name"')] + b',"topic":"m:Order","state":{"lines":[1.10]}}'


def snapshot(state: bytes, *, cut: bool = False, size: int | None = None) -> StoredSnapshot:
    decode = instance().decode_snapshot
    assert decode is not None
    return decode(StoredSnapshot((IDENT.hex,), 5, state, None, None, None, None, None, size or len(state), cut))


@pytest.mark.parametrize("pack", [bytes, zlib.compress])
def test_a_snapshot_is_the_state_inside_of_it(pack: Any) -> None:
    found = snapshot(pack(SNAPSHOT))
    assert (found.state, found.taken_at, found.aggregate) == (b'{"lines":[1.10]}', MOMENT, "Order")
    assert (found.size, found.problem) == (len(found.state), None)


def test_a_preview_of_a_snapshot() -> None:
    found = snapshot(SNAPSHOT[:-7], cut=True, size=len(SNAPSHOT))
    assert found.state == b'{"lines":['
    assert found.taken_at == MOMENT
    assert found.size > len(found.state)


@pytest.mark.parametrize("state", [b"", b"\x00\x01", b"[1]", b"{", b'{"state":'])
def test_a_snapshot_that_is_none_is_said(state: bytes) -> None:
    assert snapshot(state).problem
