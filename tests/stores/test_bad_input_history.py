"""Histories that no library would write: everything stored is shown, and the check says what is wrong with it."""

from __future__ import annotations

import sqlite3
import uuid
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from explorer.model import EventQuery, StreamKey
from explorer.stores import Store, conformance
from tests.stores.conftest import Opening

IDENT = uuid.UUID("3f2b1c00-0000-4000-8000-0000000000aa")
KEY = StreamKey("Order", str(IDENT))
START = datetime(2024, 3, 1, tzinfo=UTC)
Row = tuple[int, int]  # version, seconds after START

Make = Callable[[Sequence[Row]], Store]


def state(seconds: int) -> bytes:
    moment = (START + timedelta(seconds=seconds)).isoformat()
    return b'{"timestamp":{"_type_":"datetime_iso","_data_":"%s"}}' % moment.encode()


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path, opening: Opening) -> Make:
    """Makes a store of one stream with these rows, in tables like the library's but without what keeps them sound."""

    def sqlite(rows: Sequence[Row]) -> Store:
        path = tmp_path / "shop.sqlite"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB)"
            )
            connection.execute("CREATE INDEX of_stream ON stored_events (originator_id, originator_version)")
            connection.executemany(
                "INSERT INTO stored_events VALUES (?, ?, 'm:Order.Changed', ?)",
                [(IDENT.hex, version, state(seconds)) for version, seconds in rows],
            )
            connection.commit()
        return opening(str(path))

    def postgresql(rows: Sequence[Row]) -> Store:
        url = request.getfixturevalue("postgres_url")
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE shop_events (originator_id uuid NOT NULL, originator_version bigint NOT NULL, topic text,"
                " state bytea, notification_id bigserial PRIMARY KEY)"
            )
            cursor.execute("CREATE INDEX of_stream ON shop_events (originator_id, originator_version)")
            cursor.executemany(
                "INSERT INTO shop_events (originator_id, originator_version, topic, state)"
                " VALUES (%s, %s, 'm:Order.Changed', %s)",
                [(IDENT, version, state(seconds)) for version, seconds in rows],
            )
        return opening(url)

    return sqlite if request.param == "sqlite" else postgresql


def failed(store: Store) -> dict[str, str]:
    return {check.name: check.detail for check in conformance.check(store) if not check.ok}


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ((1, 2, 2, 3), "v2 where v3 should be"),
        ((1, 1), "v1 where v2 should be"),
        ((1, 2, 5, 6), "v5 where v3 should be"),
        ((4, 5, 6), "v4 where v1 should be"),
        ((0, 1, 2), "v0 where v1 should be"),
        ((-3, 1, 9_000_000_000_000), "v-3 where v1 should be"),
    ],
)
def test_versions_with_holes_and_duplicates_are_all_shown(make: Make, versions: Sequence[int], said: str) -> None:
    store = make([(version, number) for number, version in enumerate(versions)])
    assert [event.version for event in store.events(EventQuery()).rows] == list(versions)
    assert [event.version for event in store.stream_events(KEY, after=-10)] == sorted(versions)
    for version in versions:
        event = store.event(KEY, version)
        assert event is not None
        assert event.version == version
    assert [stream.version for stream in store.streams().rows] == [max(versions)]
    found = failed(store)
    assert said in found.pop("versions")
    # Version 0 and below are not reached by reading from the start; of duplicates only one can be looked up.
    assert set(found) <= {"stream", "event"}


def test_time_that_runs_backwards_is_a_warning(make: Make) -> None:
    store = make([(1, 100), (2, 50), (3, 60)])
    assert failed(store) == {}
    details = {check.name: check.detail for check in conformance.check(store)}
    assert details["times"] == f"warning: time runs backwards at Order {IDENT} v2"
    described = store.stream(KEY)
    assert described is not None
    assert (described.first_at, described.last_at) == (START + timedelta(seconds=100), START + timedelta(seconds=60))


def test_positions_out_of_the_order_of_versions(make: Make) -> None:
    store = make([(2, 0), (1, 0), (3, 0)])
    assert [event.version for event in store.events(EventQuery()).rows] == [2, 1, 3]
    assert [event.version for event in store.stream_events(KEY)] == [1, 2, 3]
    assert "versions" in failed(store)


ANYTHING: list[tuple[Any, Any, Any, Any]] = [
    (None, 1, "m:Order.Created", b"{}"),
    (b"\x00\x01", 1, "m:Order.Created", b"{}"),
    (7, 1, "m:Order.Created", b"{}"),
    ("a", None, "m:Order.Created", b"{}"),
    ("b", "three", "m:Order.Created", b"{}"),
    ("c", 1.5, "m:Order.Created", b"{}"),
    ("d", 1, None, b"{}"),
    ("e", 1, b"\xff\xfe", b"{}"),
    ("f", 1, "", b"{}"),
    ("g", 1, "m:Order.Created", None),
    ("h", 1, "m:Order.Created", "text"),
    ("i", 1, "m:Order.Created", 17),
    ("j", 2**62, "m:Order.Created", b"{}"),
    ("k", 1, "m:Order.Created", zlib.compress(b'{"a":"' + b"x" * 5_000_000 + b'"}')),
    ("", 1, "m:Order.Created", b"{}"),
]


@pytest.mark.parametrize("preview", [None, 100])
def test_sqlite_keeps_anything_in_any_column(tmp_path: Path, opening: Opening, preview: int | None) -> None:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB)"
        )
        connection.execute("CREATE INDEX of_stream ON stored_events (originator_id, originator_version)")
        connection.executemany("INSERT INTO stored_events VALUES (?, ?, ?, ?)", ANYTHING)
        connection.commit()
    store = opening(str(path))
    events = store.events(EventQuery(preview=preview)).rows
    assert len(events) == len(ANYTHING)
    assert all(preview is None or len(event.data) <= preview for event in events)
    size = next(event.size for event in events if event.id == "k")
    assert size == 5_000_008 if preview is None else size > preview
    assert store.streams().rows
    assert store.recent_streams()
    assert store.types()
    for event in events:
        store.stream(event.stream)
        store.event(event.stream, event.version)
    assert {"versions", "payloads"} <= set(failed(store))
