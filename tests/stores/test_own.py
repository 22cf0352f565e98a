"""Our own store: appends against a model, snapshots, and being made by several at once."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer import payload
from explorer.errors import CannotOpen, Conflict, ExplorerError, Invalid
from explorer.model import Event, EventQuery, NewEvent, Snapshot, StreamKey
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.query_plans import slow_statements

KEY = StreamKey("Order", "7")


def new(kind: str = "Changed", number: int = 0) -> NewEvent:
    return NewEvent(kind, {"n": number}, str(uuid.uuid4()))


@contextmanager
def opened(url: str, **options: bool) -> Iterator[Store]:
    store = open_store(StoreSpec(url, **{"writable": True, "create": True, **options}))  # type: ignore[arg-type]
    try:
        yield store
    finally:
        store.close()


# -- against a model ---------------------------------------------------------------------------------------------------

STREAMS = [StreamKey("Order", "1"), StreamKey("Order", "2"), StreamKey("Order-", "1"), StreamKey("Ördér", "ß")]
APPENDS = st.lists(
    st.tuples(
        st.integers(0, len(STREAMS) - 1),  # which stream
        st.sampled_from(["right", "right", "right", "low", "high", "again"]),  # expected version, or the same once more
        st.integers(1, 4),  # events
    ),
    max_size=12,
)


def play(store: Store, appends: list[tuple[int, str, int]]) -> None:
    """Append as told, compare with what a list of events for each stream would say."""
    model: dict[StreamKey, list[NewEvent]] = {key: [] for key in STREAMS}
    for index, how, count in appends:
        key = STREAMS[index]
        present = model[key]
        if how == "again" and present:
            repeated = present[:count]
            assert ids(store.append(key, 0, repeated)) == [event.event_id for event in repeated]
            continue
        events = [new(number=number) for number in range(count)]
        expected = len(present) + {"low": -1, "high": 1}.get(how, 0)
        if expected == len(present):
            written = store.append(key, expected, events)
            assert [event.version for event in written] == list(range(expected + 1, expected + count + 1))
            assert written == store.stream_events(key, after=expected)
            present += events
        elif expected >= 0:
            with pytest.raises(Conflict) as raised:
                store.append(key, expected, events)
            assert (raised.value.found, len(raised.value.between)) == (len(present), max(0, len(present) - expected))
    for key, present in model.items():
        found = store.stream_events(key)
        assert [(e.version, e.event_id) for e in found] == [(n, e.event_id) for n, e in enumerate(present, 1)]
        info = store.stream(key)
        assert (info.version if info else 0) == len(present)
    total = sum(map(len, model.values()))
    assert store.count() == total
    positions = [event.position for event in store.events(EventQuery(limit=1000)).rows]
    assert len(positions) == total
    assert positions == sorted(set(positions))  # type: ignore[type-var]


def ids(events: list[Event]) -> list[str | None]:
    return [event.event_id for event in events]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(APPENDS)
def test_appends_do_what_a_model_does_on_sqlite(tmp_path: Path, appends: list[tuple[int, str, int]]) -> None:
    path = tmp_path / f"{uuid.uuid4()}.sqlite"
    with opened(str(path)) as store:
        play(store, appends)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(APPENDS)
def test_appends_do_what_a_model_does_on_postgresql(postgres_url: str, appends: list[tuple[int, str, int]]) -> None:
    with opened(postgres_url) as store:
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute("TRUNCATE event_store.events, event_store.streams")
        play(store, appends)


# -- appending ---------------------------------------------------------------------------------------------------------


def test_a_large_append_is_one(own_url: str) -> None:
    with opened(own_url) as store:
        events = [new(number=number) for number in range(5_000)]
        written = store.append(KEY, 0, events)
        assert [event.version for event in written] == list(range(1, 5_001))
        assert written[::999] == store.stream_events(KEY, limit=5_000)[::999]
        with pytest.raises(Invalid):
            store.append(KEY, 5_000, [new(), replace(new(), type="")])
        assert store.count() == 5_000


def test_what_an_append_needs(own_url: str) -> None:
    event = new()
    with opened(own_url) as store:
        assert store.append(KEY, 0, []) == []
        for key, expected, events in [
            (KEY, -1, [event]),
            (StreamKey("", "7"), 0, [event]),
            (StreamKey("Order", ""), 0, [event]),
            (KEY, 0, [event, event]),
            (KEY, 0, [replace(event, event_id="")]),
        ]:
            with pytest.raises(Invalid):
                store.append(key, expected, events)
        store.append(KEY, 0, [event])
        with pytest.raises(Invalid, match="used already, by Order 7"):
            store.append(StreamKey("Order", "8"), 0, [event])
        with pytest.raises(Invalid, match="Some of these"):
            store.append(KEY, 1, [event, new()])


def test_a_history_may_say_when_it_happened(own_url: str) -> None:
    moment = datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC)
    with opened(own_url) as store:
        store.append(KEY, 0, [replace(new(), recorded_at=moment), new()])
        first, second = store.stream_events(KEY)
        assert first.recorded_at == moment
        assert second.recorded_at is not None
        assert abs((second.recorded_at - datetime.now(UTC)).total_seconds()) < 60
        info = store.stream(KEY)
        assert info is not None
        assert (info.first_at, info.last_at, info.events) == (moment, second.recorded_at, 2)


def test_a_deleted_head_is_not_used_again(tmp_path: Path) -> None:
    path = tmp_path / "own.sqlite"
    with opened(str(path)) as store:
        store.append(KEY, 0, [new(), new()])
        with closing(sqlite3.connect(path, isolation_level=None)) as owner:
            owner.execute("DELETE FROM events WHERE position = 2")
        assert store.append(StreamKey("Order", "8"), 0, [new()])[0].position == 3


def test_eight_writers_of_one_stream(own_url: str) -> None:
    """Whoever loses is told so; nobody is told the wrong thing."""
    with opened(own_url):
        pass
    won: list[str] = []
    lost: list[int] = []
    failures: list[BaseException] = []

    def write() -> None:
        try:
            with opened(own_url, create=False) as store:
                for _ in range(15):
                    info = store.stream(KEY)
                    event = new()
                    try:
                        store.append(KEY, info.version if info else 0, [event])
                        won.append(event.event_id)
                    except Conflict as conflict:
                        lost.append(conflict.found)
        except ExplorerError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(won) + len(lost) == 8 * 15
    with opened(own_url) as store:
        events = store.stream_events(KEY)
        assert [event.version for event in events] == list(range(1, len(won) + 1))
        assert {event.event_id for event in events} == set(won)


# -- making ------------------------------------------------------------------------------------------------------------


def test_several_make_the_same_store_at_once(own_url: str) -> None:
    failures: list[ExplorerError] = []

    def make(number: int) -> None:
        try:
            with opened(own_url) as store:
                store.append(StreamKey("Order", str(number)), 0, [new()])
        except ExplorerError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with opened(own_url, create=False) as store:
        assert store.count() == 6


def test_what_is_known_of_it(own_url: str) -> None:
    with opened(own_url) as store:
        info = store.info
        sqlite = info.dialect == "sqlite"
        assert (info.layout, info.writable, info.ordered, info.snapshots) == ("own", True, True, True)
        assert info.commit_ordered is sqlite
        assert store.writers() == frozenset()
    with opened(own_url, writable=False, create=False) as store:
        assert not store.info.writable


def test_no_store_is_made_among_other_tables(tmp_path: Path) -> None:
    path = tmp_path / "cook.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(CannotOpen), opened(str(path)):
        pass
    assert path.read_bytes() == before


def test_no_store_is_made_unasked(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    with pytest.raises(CannotOpen), opened(str(path), create=False):
        pass
    assert not path.exists()


# -- snapshots ---------------------------------------------------------------------------------------------------------


def test_snapshots_are_kept_replaced_and_deleted(own_url: str) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    full = Snapshot("Order", "7", 2, b'{"a":1.10}', moment, "Order", 3, "f00", "id-2", size=10)
    with opened(own_url) as store:
        store.append(KEY, 0, [new(), new(), new()])
        assert store.snapshots() == []
        assert store.snapshot(KEY) is None
        store.save_snapshot(full)
        store.save_snapshot(Snapshot("Order", "7", 3, payload.encode("x" * 5_000)))
        store.save_snapshot(Snapshot("Order", "8", 1, b"[]"))
        assert store.snapshot(KEY, 2) == full
        newest = store.snapshot(KEY)
        assert newest is not None
        assert (newest.version, newest.size) == (3, 5_002)
        assert [(s.id, s.version) for s in store.snapshots()] == [("8", 1), ("7", 3), ("7", 2)]
        cut = store.snapshots(KEY, limit=1, preview=100)[0]
        assert (len(cut.state), cut.size) == (100, 5_002)
        store.save_snapshot(replace(full, state=b"{}", size=2))
        assert store.snapshot(KEY, 2) == replace(full, state=b"{}", size=2)
        store.delete_snapshot(KEY, 3)
        with pytest.raises(Invalid, match="no snapshot at version 3"):
            store.delete_snapshot(KEY, 3)
        assert [s.version for s in store.snapshots(KEY)] == [2]


def test_the_base_of_a_shortened_stream_stays(own_url: str) -> None:
    with opened(own_url) as store:
        store.append(KEY, 0, [new() for _ in range(5)])
        for version in (3, 4):
            store.save_snapshot(Snapshot("Order", "7", version, b"{}"))
        shorten = "DELETE FROM {}events WHERE version <= 3"
        if own_url.startswith("postgresql"):
            with psycopg.connect(own_url) as server:
                server.execute(shorten.format("event_store.").encode())
        else:
            with closing(sqlite3.connect(own_url)) as file, file:
                file.execute(shorten.format(""))
        with pytest.raises(Invalid, match="begin at version 4"):
            store.delete_snapshot(KEY, 3)
        store.delete_snapshot(KEY, 4)
        assert [s.version for s in store.snapshots(KEY)] == [3]


# -- speed -------------------------------------------------------------------------------------------------------------


def test_every_page_goes_through_an_index(own_url: str) -> None:
    with opened(own_url) as store:
        for number in range(200):
            key = StreamKey(f"Category{number % 7}", str(number))
            store.append(key, 0, [new(f"Type{n % 3}", n) for n in range(20)])
        if own_url.startswith("postgresql"):
            with psycopg.connect(own_url, autocommit=True) as server:
                server.execute("ANALYZE event_store.events")
        assert slow_statements(store, StreamKey("Category3", "3")) == []
