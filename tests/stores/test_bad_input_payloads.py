"""What was stored may be anything: it is shown as it is, said what is wrong with it, and stops nobody."""

from __future__ import annotations

import sqlite3
import uuid
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from explorer import payload
from explorer.model import EventQuery, StreamKey
from explorer.stores import conformance
from tests import stores_written as written
from tests.stores.conftest import Opening

MB = 1024 * 1024

EXACT = {
    "30 digits": b'{"n":123456789012345678901234567890}',
    "1e400": b'{"n":1e400}',
    "1.10": b'{"n":1.10,"m":-0.0,"k":1E-400}',
    "NUL": b'{"s":"a\\u0000b"}',
    "markup": b'{"s":"<img src=file:///etc/passwd onerror=alert(1)>"}',
    "emoji and right-to-left": '{"s":"😀 \u202eevil\u202c"}'.encode(),
    "no object": b"[17]",
    "one line of 1 MB": b'{"s":"' + b"x" * MB + b'"}',
    "100,000 keys": b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(100_000)) + b"}",
}
BROKEN = {
    "malformed": b'{"n":1,}',
    "cut off": b'{"timestamp":{"_type_":"datetime_iso","_data_":"2024-03-01',
    "NaN": b'{"n":NaN}',
    "Infinity": b'{"n":-Infinity}',
    "lone surrogate": b'{"s":"\\ud800"}',
    "duplicate keys": b'{"a":1,"a":2}',
    "10,000 deep": b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "invalid UTF-8": b'{"s":"\xff\xfe"}',
    "raw NUL": b'{"s":"a\x00b"}',
    "empty": b"",
    "nothing but spaces": b"   ",
    "a pickle": b"\x80\x04\x95\x17\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93.",
    "half of a compressed one": zlib.compress(b'{"a":1}' * 100)[:20],
}


@dataclass(frozen=True, slots=True)
class Shop:
    """A store of the real library with a row for each payload that the library would never write."""

    url: str
    streams: dict[str, StreamKey]


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    rows = {name: (uuid.uuid4(), data) for name, data in {**EXACT, **BROKEN}.items()}
    streams = {name: StreamKey("Order", str(ident)) for name, (ident, _) in rows.items()}
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("payloads") / "shop.sqlite"
        written.eventsourcing(str(path))
        with closing(sqlite3.connect(path)) as connection:
            connection.executemany(
                "INSERT INTO stored_events VALUES (?, 1, 'm:Order.Created', ?)",
                [(ident.hex, data) for ident, data in rows.values()],
            )
            connection.commit()
        written.eventsourcing(str(path))
        yield Shop(str(path), streams)
        return
    with request.getfixturevalue("postgres").database() as url:
        written.eventsourcing(url)
        with psycopg.connect(url) as database, database.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO shop_events (originator_id, originator_version, topic, state)"
                " VALUES (%s, 1, 'm:Order.Created', %s)",
                list(rows.values()),
            )
        written.eventsourcing(url)
        yield Shop(url, streams)


@pytest.mark.parametrize("name", EXACT)
def test_what_is_unusual_comes_back_exactly(opening: Opening, shop: Shop, name: str) -> None:
    store = opening(shop.url)
    event = store.event(shop.streams[name], 1)
    assert event is not None
    assert (event.data, event.size, event.problem) == (EXACT[name], len(EXACT[name]), None)
    decoded = payload.decode(event.data)
    assert decoded.problem is None
    assert payload.decode(payload.encode(decoded.value)).value == decoded.value


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_comes_back_as_it_is_with_a_sentence(opening: Opening, shop: Shop, name: str) -> None:
    store = opening(shop.url)
    event = store.event(shop.streams[name], 1)
    assert event is not None
    assert event.data == BROKEN[name]
    problem = event.problem or payload.decode(event.data).problem
    assert problem
    assert not problem[0].islower()
    assert problem.endswith(".")


@pytest.mark.parametrize("preview", [None, 4096, 1, 0])
def test_a_bad_payload_stops_no_page(opening: Opening, shop: Shop, preview: int | None) -> None:
    store = opening(shop.url)
    rows = list(conformance.pages(lambda cursor: store.events(EventQuery(after=cursor, limit=7, preview=preview))))
    assert len(rows) == 2 * 20 + len(shop.streams)
    assert {row.stream for row in rows} >= set(shop.streams.values())
    for row in rows:
        if preview is not None and preview < row.size:
            assert len(row.data) < row.size
            assert len(row.data) <= conformance.PREVIEW


def test_the_check_names_what_is_broken_and_nothing_else(opening: Opening, shop: Shop) -> None:
    store = opening(shop.url)
    failed = {check.name: check.detail for check in conformance.check(store) if not check.ok}
    assert set(failed) == {"payloads"}
    assert f"{len(BROKEN) - 3} more" in failed["payloads"]


def test_searching_goes_past_them(opening: Opening, shop: Shop) -> None:
    store = opening(shop.url)
    found = list(conformance.pages(lambda cursor: store.events(EventQuery(after=cursor, find="onerror"))))
    assert [event.stream for event in found] == [shop.streams["markup"]]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_payload_of_50_mb(opening: Opening, dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    ident = uuid.uuid4()
    data = b'{"s":"' + b"x" * (50 * MB) + b'"}'
    if dialect == "sqlite":
        url = str(tmp_path / "shop.sqlite")
        written.eventsourcing(url, streams=1)
        with closing(sqlite3.connect(url)) as connection:
            connection.execute("INSERT INTO stored_events VALUES (?, 1, 'm:Order.Created', ?)", (ident.hex, data))
            connection.commit()
    else:
        url = request.getfixturevalue("postgres_url")
        written.eventsourcing(url, streams=1)
        with psycopg.connect(url) as database:
            database.execute(
                "INSERT INTO shop_events (originator_id, originator_version, topic, state)"
                " VALUES (%s, 1, 'm:Order.Created', %b)",
                (ident, data),
            )
    store = opening(url)
    page = store.events(EventQuery(preview=4096))
    assert len(page.rows[-1].data) == 4096
    assert page.rows[-1].size == len(data)
    event = store.event(StreamKey("Order", str(ident)), 1)
    assert event is not None
    assert event.data == data
