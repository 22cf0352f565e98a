"""Streams of other libraries whose names hold anything that text can hold: found again by what is shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg

from explorer.model import EventQuery
from explorer.stores import Store, conformance
from tests import stores_written as written
from tests.stores.conftest import Opening

NAMES = [
    "a/b//c/../..",
    'it\'s "quoted" `so`',
    "two\nlines\r\n\tand a tab",
    "<b>bold</b><img src=x>&amp;",
    "\u202eright to left\u202c \u200b",
    "😀👨‍👩‍👧 Zoë",
    "'; DROP TABLE stored_events; --",
    "100%_\\?*[a]",
    ":name $1 %s {x} \\:",
    "-",
    "--",
    " ",
    "",
    "x" * 1500,
    "3f2b1c00-0000-4000-8000-0000000000aa",
    "3f2b1c0000004000800000000000aabb",
    "text:bytes:00",
]


def found_again(store: Store, names: Sequence[str] = NAMES) -> None:
    """Every stream that is shown can be opened by its name, and holds one event."""
    events = store.events(EventQuery(limit=1000)).rows
    assert len({event.stream for event in events}) == len(events) == len(names)
    assert {stream.key for stream in store.streams().rows} == {event.stream for event in events}
    for event in events:
        assert store.stream_events(event.stream) == [event]
        described = store.stream(event.stream)
        assert described is not None
        assert described.key == event.stream
        assert event.stream in {stream.key for stream in store.streams(find=event.id[:40]).rows}
    assert [check for check in conformance.check(store) if not check.ok] == []


def test_text_ids_of_eventsourcing_on_sqlite(tmp_path: Path, opening: Opening) -> None:
    path = tmp_path / "shop.sqlite"
    written.eventsourcing(str(path), streams=0)
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO stored_events VALUES (?, 1, 'm:Order.Created', '{}')", [(name,) for name in NAMES]
        )
        connection.commit()
    found_again(opening(str(path)))


def test_text_ids_of_eventsourcing_on_postgresql(postgres_url: str, opening: Opening) -> None:
    written.eventsourcing(postgres_url, streams=0)
    with psycopg.connect(postgres_url) as connection, connection.cursor() as cursor:
        for table in ("shop_events", "shop_snapshots"):
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN originator_id TYPE text".encode())
        cursor.executemany(
            "INSERT INTO shop_events (originator_id, originator_version, topic, state)"
            " VALUES (%s, 1, 'm:Order.Created', '{}')",
            [(name,) for name in NAMES],
        )
    found_again(opening(postgres_url))


def message_db(url: str, names: Sequence[str]) -> None:
    written.message_db(url, streams=0)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO message_store.messages (stream_name, position, type, data) VALUES (%s, 0, 'Opened', '{}')",
            [(name,) for name in names],
        )


def test_ids_of_message_db(postgres_url: str, opening: Opening) -> None:
    names = [name for name in NAMES if name]
    message_db(postgres_url, [f"account-{name}" for name in names])
    store = opening(postgres_url)
    found_again(store, names)
    assert store.categories() == ("account",)
    assert [event.id for event in store.events(EventQuery()).rows] == names


def test_names_of_message_db_without_a_category_or_an_id(postgres_url: str, opening: Opening) -> None:
    message_db(postgres_url, ["account", "account-", "-", "-1", "", "account--"])
    store = opening(postgres_url)
    events = store.events(EventQuery()).rows
    assert [(event.category, event.id) for event in events] == [
        ("account", ""),
        ("account-", ""),
        ("-", ""),
        ("", "1"),
        ("", ""),
        ("account", "-"),
    ]
    assert all(store.stream_events(event.stream) == [event] for event in events)
