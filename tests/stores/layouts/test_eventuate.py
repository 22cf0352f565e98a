"""Eventuate Local: what it stores besides the events, numbers that are counted, and orders that fold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer import payload
from explorer.domains.customers_orders import DOMAIN
from explorer.errors import Ambiguous
from explorer.model import Event, EventQuery, StreamKey
from explorer.plugins import aggregate_for
from explorer.replay import Replay
from explorer.stores import Store, conformance
from explorer.stores.layouts.eventuate import merged, time_in
from explorer.subscription import Subscription
from tests import stores_written as written
from tests.stores.conftest import Opening

INSTALLED = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=written.INSTALLED_AT)
LONG = StreamKey(written.ORDER, "long")
OTHER = StreamKey(written.ORDER, "other")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "copy.sqlite")
    found: str = request.getfixturevalue("postgres_url")
    return found


def run(url: str, sql: str, *rows: tuple[object, ...]) -> None:
    """A statement for each of these rows; `?` is a parameter, `events` and `snapshots` are the store's tables."""
    if "://" not in url:
        with closing(sqlite3.connect(url)) as file:
            file.executemany(sql, rows)
            file.commit()
        return
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET search_path TO eventuate")
        cursor.executemany(sql.replace("?", "%s").encode(), rows)


def write(url: str, key: StreamKey, *numbers: int, database_id: bool = False) -> None:
    """Events of this stream, the data being their number, which is also when they were drawn."""
    columns = "event_type, event_data, entity_type, entity_id"
    rows = [("Changed", str(number), key.category, key.id) for number in numbers]
    if database_id:
        sql = f"INSERT INTO events (id, event_id, {columns}) VALUES (?, '', ?, ?, ?, ?)"
        run(url, sql, *((written.INSTALLED_AT + number, *row) for number, row in zip(numbers, rows, strict=True)))
    else:
        sql = f"INSERT INTO events (event_id, {columns}) VALUES (?, ?, ?, ?, ?)"
        run(url, sql, *((written.eventuate_id(number), *row) for number, row in zip(numbers, rows, strict=True)))


def seen(events: list[Event] | tuple[Event, ...]) -> list[tuple[str, int, int]]:
    return [(event.id, event.version, int(event.data)) for event in events]


# -- what folds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_id", [False, True])
def test_an_order_is_approved(opening: Opening, url: str, database_id: bool) -> None:
    written.eventuate(url, database_id=database_id)
    store = opening(url)
    assert store.categories() == (written.CUSTOMER, written.ORDER)
    for key, expected in {
        StreamKey(written.ORDER, "o-0001"): {"status": "APPROVED", "customerId": "c-0001"},
        StreamKey(written.CUSTOMER, "c-0002"): {"name": "Zoë 😀"},
    }.items():
        claim = aggregate_for([DOMAIN], key.category)
        assert claim is not None
        replay = Replay(claim[1], claim[0].upcast)
        replay.extend(store.stream_events(key))
        assert (replay.count, replay.errors) == (2, {})
        state = replay.state(1)
        assert isinstance(state, dict)
        assert expected.items() <= state.items()


# -- what stands beside the events -------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_id", [False, True])
def test_ids_times_and_causes(opening: Opening, url: str, database_id: bool) -> None:
    written.eventuate(url, database_id=database_id)
    store = opening(url)
    created, _ = store.stream_events(StreamKey(written.CUSTOMER, "c-0001"))
    assert (created.event_id, created.recorded_at) == (written.eventuate_id(1), INSTALLED + timedelta(milliseconds=1))
    assert created.metadata == b'{"tenant": 1.10}'
    _, approved = store.stream_events(StreamKey(written.ORDER, "o-0001"))
    assert approved.event_id == (None if database_id else written.eventuate_id(13))
    assert approved.recorded_at == (None if database_id else INSTALLED + timedelta(milliseconds=13))
    assert approved.position == (written.INSTALLED_AT + 13 if database_id else written.eventuate_id(13))
    token = f"etpo:{written.eventuate_id(9)}:{written.CUSTOMER}:0:1"
    assert approved.metadata == b'{"triggering_event":"' + token.encode() + b'","tenant": 1.10}'
    _, plain = store.stream_events(StreamKey(written.ORDER, "o-0002"))
    assert payload.decode(plain.metadata).value == {
        "triggering_event": f"etpo:{written.eventuate_id(10)}:{written.CUSTOMER}:0:2"
    }
    assert store.stream_events(StreamKey(written.ORDER, "o-0002"))[0].metadata == b""
    assert [event.event_id for event in store.events_by_id([written.eventuate_id(1)])] == [written.eventuate_id(1)]


@pytest.mark.parametrize(
    ("metadata", "rest"),
    [
        (b"", b""),
        (b"{}", b""),
        (b' { "a": 1.10, "a": 2 } ', b',"a": 1.10, "a": 2 }'),
        (b"nonsense \xff", b',"metadata":"nonsense \\ufffd"}'),
        (b"[1]", b',"metadata":"[1]"}'),
        (b'{"triggering_event": 1}', b',"metadata":"{\\"triggering_event\\": 1}"}'),
    ],
)
def test_a_cause_stands_in_the_metadata(metadata: bytes, rest: bytes) -> None:
    assert merged('e"1', metadata) == b'{"triggering_event":"e\\"1"' + (rest or b"}")


@given(st.text(), st.binary())
@example("\udcff", b"{")
def test_no_metadata_is_too_odd(trigger: str, metadata: bytes) -> None:
    assert merged(trigger, metadata).startswith(b'{"triggering_event":')


@pytest.mark.parametrize("event_id", [None, "", "x", "1-2", "f" * 16 + "-" + "0" * 16, "0" * 33])
def test_what_is_no_event_id_tells_no_time(event_id: str | None) -> None:
    assert time_in(event_id) is None


def test_odd_rows_read_all_the_same(opening: Opening, url: str) -> None:
    written.eventuate(url, streams=0)
    sql = "INSERT INTO events (event_id, event_type, event_data, entity_type, entity_id, triggering_event, metadata)"
    run(
        url,
        f"{sql} VALUES (?, ?, ?, ?, ?, ?, ?)",
        ("odd", None, "{", "", "", "12:é😀:", "{"),
        ("odder", "CDC-IGNORED", "{}", "a.b", "1", "", "12:x"),
    )
    events = opening(url).events(EventQuery(preview=100)).rows
    assert [(e.category, e.id, e.version, e.type, e.recorded_at) for e in events] == [
        ("", "", 1, "", None),
        ("a.b", "1", 1, "CDC-IGNORED", None),
    ]
    assert payload.decode(events[0].metadata).value == {"triggering_event": "12:é😀:", "metadata": "{"}
    assert events[1].metadata == b"12:x"


# -- numbers that are counted ------------------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["classic", "database id"])
def long(request: pytest.FixtureRequest, url: str, opening: Opening) -> Store:
    """Ten events of one stream, with those of another between and after them."""
    written.eventuate(url, streams=0, database_id=request.param)
    write(url, LONG, *range(10, 110, 10), database_id=request.param)
    write(url, OTHER, 35, 36, 200, database_id=request.param)
    return opening(url)


def test_a_stream_in_stretches(long: Store) -> None:
    whole = [("long", number, number * 10) for number in range(1, 11)]
    assert seen(long.stream_events(LONG)) == whole
    for after in range(12):
        assert seen(long.stream_events(LONG, after=after, limit=3)) == whole[after : after + 3]
        assert seen(long.stream_events(LONG, after=after, upto=7)) == whole[after:7]
        event = long.event(LONG, after)
        assert (seen([event]) if event else []) == (whole[after - 1 : after] if after else [])
    described = long.stream(LONG)
    assert described is not None
    assert (described.version, described.events) == (10, 10)
    assert [(stream.id, stream.version) for stream in long.streams().rows] == [("long", 10), ("other", 3)]
    assert long.stream(StreamKey(written.ORDER, "none")) is None


def test_pages_of_all_events(long: Store) -> None:
    whole = seen(long.events(EventQuery()).rows)
    assert whole[2:6] == [("long", 3, 30), ("other", 1, 35), ("other", 2, 36), ("long", 4, 40)]
    assert whole[-2:] == [("long", 10, 100), ("other", 3, 200)]
    for query in (EventQuery(limit=4), EventQuery(limit=4, newest_first=True)):
        pages = conformance.pages(lambda cursor, query=query: long.events(replace(query, after=cursor)))  # type: ignore[misc]
        assert seen(list(pages)) == (whole[::-1] if query.newest_first else whole)
    found = seen(long.events(EventQuery(find="35")).rows)
    assert found == [("other", 1, 35)]


def test_events_looked_up_apart(long: Store) -> None:
    events = long.events(EventQuery()).rows
    ids = [event.event_id for event in events if event.event_id]
    assert set(seen(long.events_by_id([*ids[1::4], "none"]))) == set(seen(events)[1::4] if ids else [])
    if isinstance(long.head(), int):
        start = written.INSTALLED_AT
        assert seen(long.events_in([(start + 30, start + 35), (start + 100, start + 300)])) == [
            *(("long", 3, 30), ("other", 1, 35)),
            *(("long", 10, 100), ("other", 3, 200)),
        ]


# -- snapshots ---------------------------------------------------------------------------------------------------------


def test_a_snapshot_has_the_number_of_its_last_event(opening: Opening, url: str) -> None:
    written.eventuate(url, streams=0)
    write(url, LONG, *range(10, 110, 10))
    run(
        url,
        "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, NULL)",
        *((LONG.category, LONG.id, written.eventuate_id(n), "OrderSnapshot", f'{{"n":{n}}}') for n in (30, 100)),
    )
    store = opening(url)
    found = store.snapshots(LONG, preview=100)
    assert [(s.version, s.state, s.aggregate, s.last_event_id, s.taken_at) for s in found] == [
        (10, b'{"n":100}', "OrderSnapshot", written.eventuate_id(100), None),
        (3, b'{"n":30}', "OrderSnapshot", written.eventuate_id(30), None),
    ]
    assert [s.version for version in (None, 10, 3, 4, 0, 11) if (s := store.snapshot(LONG, version))] == [10, 10, 3]


def test_snapshots_of_the_other_mode_are_not_shown(opening: Opening, url: str) -> None:
    written.eventuate(url, database_id=True)
    store = opening(url)
    assert not store.info.snapshots
    assert store.snapshots() == []


# -- following ---------------------------------------------------------------------------------------------------------


def followed(store: Store) -> Subscription:
    """A subscription that has caught up."""
    subscription = Subscription(store, mode="eager", checkpoint=None)
    while subscription.poll(1000):
        pass
    return subscription


def arrived(subscription: Subscription) -> list[tuple[str, int, int, bool]]:
    return sorted((*seen([arrival.event])[0], arrival.late) for arrival in subscription.poll(1000))


def test_an_event_of_a_slower_clock_arrives(opening: Opening, url: str) -> None:
    written.eventuate(url, streams=0)
    write(url, LONG, 10, 30)
    subscription = followed(opening(url))
    write(url, LONG, 40)
    write(url, OTHER, 20)
    assert arrived(subscription) == [("long", 3, 40, False), ("other", 1, 20, True)]
    assert subscription.poll(1000) == []


def test_an_event_that_is_committed_late_arrives(opening: Opening, postgres_url: str) -> None:
    written.eventuate(postgres_url, streams=0, database_id=True)
    write(postgres_url, LONG, 10, database_id=True)
    subscription = followed(opening(postgres_url))
    with psycopg.connect(postgres_url) as slow:
        slow.execute(
            "INSERT INTO eventuate.events (id, event_id, event_type, event_data, entity_type, entity_id)"
            " VALUES (%s, '', 'Changed', '11', %s, 'other')",
            (written.INSTALLED_AT + 11, OTHER.category),
        )
        write(postgres_url, LONG, 12, database_id=True)
        assert arrived(subscription) == [("long", 2, 12, False)]
        slow.commit()
        assert arrived(subscription) == [("other", 1, 11, True)]
    assert subscription.poll(1000) == []


# -- finding it --------------------------------------------------------------------------------------------------------


def test_any_schema(opening: Opening, postgres_url: str) -> None:
    first = written.eventuate(postgres_url, schema="shop")
    written.eventuate(postgres_url, streams=2, schema="depot", database_id=True)
    with pytest.raises(Ambiguous) as raised:
        opening(postgres_url)
    assert sorted(raised.value.choices) == ["depot.events", "shop.events"]
    store = opening(postgres_url, instance="shop.events")
    assert (store.info.layout, store.count()) == ("eventuate", len(first))
    assert [check for check in conformance.check(store) if not check.ok] == []
