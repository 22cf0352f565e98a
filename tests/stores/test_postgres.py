"""What is special about PostgreSQL: read-only transactions, odd values, notifications, locks, poolers."""

from __future__ import annotations

import threading
import time
import uuid
from pathlib import Path

import psycopg
import pytest

from explorer.cancellation import Cancellation
from explorer.errors import Ambiguous, Busy, CannotOpen, ExplorerError, ReadOnly
from explorer.model import EventQuery, NewEvent, StreamKey
from explorer.stores import Store, postgres
from explorer.stores.address import PostgresAddress, address
from explorer.stores.layouts.own import CHANNEL
from explorer.stores.postgres import ANNOUNCED, PostgresConnection
from explorer.stores.reader import SqlStore
from tests.patience import PATIENCE
from tests.stores.conftest import Opening

KEY = StreamKey("Order", "7")


def new() -> NewEvent:
    return NewEvent("Changed", {}, str(uuid.uuid4()))


def connection_of(store: Store) -> PostgresConnection:
    assert isinstance(store, SqlStore)
    assert isinstance(store._connection, PostgresConnection)
    return store._connection


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("DELETE FROM event_store.events RETURNING 1", ReadOnly),
        ("SELECT nextval('event_store.events_position_seq')", ReadOnly),
        ("CREATE TABLE x (y int)", ReadOnly),
        ("SELECT 1 FROM nowhere", ExplorerError),
        ("SELECT 1 / 0", ExplorerError),
    ],
)
def test_nothing_but_reading_is_possible(
    opening: Opening, postgres_url: str, sql: str, error: type[ExplorerError]
) -> None:
    store = opening(postgres_url, create=True)
    store.append(KEY, 0, [new()])
    with pytest.raises(error):
        connection_of(store).rows(sql)
    assert store.count() == 1


def test_a_query_that_takes_too_long_is_stopped(
    opening: Opening, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.stores.postgres.SESSION", "SET statement_timeout = '200ms'")
    monkeypatch.setattr("explorer.stores.postgres.READING", "BEGIN READ ONLY; SET LOCAL statement_timeout = '200ms'")
    for store in (opening(postgres_url, create=True), opening(postgres_url)):
        with pytest.raises(Busy, match="too long"):
            connection_of(store).rows("SELECT pg_sleep(30)")
        assert store.count() == 0


def test_a_role_that_may_only_select(opening: Opening, postgres_url: str) -> None:
    opening(postgres_url, create=True).append(KEY, 0, [new()])
    name = f"reader_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE ROLE {name} LOGIN".encode())
        try:
            reader = postgres_url.replace("postgres@", f"{name}@")
            with pytest.raises(ExplorerError) as raised:
                opening(reader).count()
            assert "permission" in f"{raised.value} {raised.value.hint}"
            server.execute(f"GRANT USAGE ON SCHEMA event_store TO {name}".encode())
            server.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA event_store TO {name}".encode())
            store = opening(reader)
            assert store.count() == 1
            assert store.writers() == frozenset()
            with pytest.raises(ReadOnly):
                opening(reader, writable=True).append(KEY, 1, [new()])
            store.close()
        finally:
            server.execute(f"DROP OWNED BY {name} CASCADE".encode())
            server.execute(f"DROP ROLE {name}".encode())


def test_values_that_python_cannot_hold(opening: Opening, postgres_url: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(
            "CREATE TABLE t (k uuid, v int, p bigint PRIMARY KEY, body jsonb, at timestamptz, UNIQUE (k, v))"
        )
        moments = ["infinity", "-infinity", "0044-03-15 BC", "294276-12-31", "2026-01-02 03:04:05.000006+05:30"]
        for number, moment in enumerate(moments):
            server.execute(
                "INSERT INTO t VALUES (%s, 1, %s, %s, %s)", [uuid.UUID(int=number), number, '{"n":1.10e5}', moment]
            )
    (tmp_path / "t.toml").write_text(
        """events = "SELECT k, v AS version, p AS position, 'T' AS type, body AS data, at AS recorded_at FROM t"
        key = ["k"]\ncategory = "T"\n"""
    )
    store = opening(postgres_url, layout=str(tmp_path / "t.toml"))
    events = store.events(EventQuery()).rows
    assert [event.recorded_at is None for event in events] == [True, True, True, True, False]
    assert str(events[4].recorded_at) == "2026-01-01 21:34:05.000006+00:00"
    assert events[0].data == b'{"n": 110000}'
    assert [row.id for row in store.streams().rows] == [str(uuid.UUID(int=n)) for n in range(5)]


def test_a_notification_wakes(opening: Opening, postgres_url: str) -> None:
    writer = opening(postgres_url, create=True)
    store = opening(postgres_url)
    assert store.changed()
    assert not store.changed()
    for number in range(3):
        time.sleep(2 * ANNOUNCED)  # sooner it would not be announced before the writer waits
        writer.append(KEY, number, [new()])
        began = time.monotonic()
        store.wait(10 * PATIENCE, Cancellation())
        assert time.monotonic() - began < PATIENCE
        assert store.changed()
        assert not store.changed()
    cancellation = Cancellation()
    timer = threading.Timer(0.1, cancellation.cancel)
    timer.start()
    began = time.monotonic()
    store.wait(10 * PATIENCE, cancellation)
    assert time.monotonic() - began < PATIENCE
    timer.join()


def test_a_burst_is_announced_at_its_beginning_and_at_its_end(
    opening: Opening, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ANNOUNCED", 3600.0)
    writer = opening(postgres_url, create=True)
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        for number in range(5):
            writer.append(KEY, number, [new()])
        assert len(list(listener.notifies(timeout=0.5))) == 1, "of the first"
        for said in (1, 0):
            writer.wait(0, Cancellation())
            assert len(list(listener.notifies(timeout=0.5))) == said, "the rest is said once"


def test_writers_are_those_who_may_hold_a_position(opening: Opening, postgres_url: str) -> None:
    store = opening(postgres_url, create=True)
    store.append(KEY, 0, [new()])
    insert = """INSERT INTO event_store.events (category, id, version, type, data, metadata, event_id, recorded_at)
        VALUES ('Order', '8', 1, 'T', '{}', '{}', 'x', now())"""
    assert store.writers() == frozenset()
    with psycopg.connect(postgres_url) as other, psycopg.connect(postgres_url) as idle:
        idle.execute("SELECT * FROM event_store.events")
        other.execute(insert.encode())
        writers = store.writers()
        assert len(writers) == 1
        assert store.writers() == writers
        other.rollback()
        assert store.writers() == frozenset()
        store.append(KEY, 1, [new()])
        assert [event.position for event in store.events(EventQuery()).rows] == [1, 3]
        assert store.events_in([(2, 2)]) == []
        idle.rollback()


def test_prepared_statements_mixed_up_by_a_pooler(opening: Opening, postgres_url: str) -> None:
    store = opening(postgres_url, create=True)
    for _ in range(8):
        store.append(KEY, store.count(), [new()])
    driver = connection_of(store)._driver
    assert driver is not None
    # As after another session of the pool: what we have prepared is not there.
    driver.pgconn.exec_(b"DEALLOCATE ALL")
    assert len(store.append(KEY, 8, [new()])) == 1
    assert store.count() == 9
    assert driver is not connection_of(store)._driver


def test_several_stores_in_one_database(opening: Opening, postgres_url: str) -> None:
    opening(postgres_url, create=True).append(KEY, 0, [new()])
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("CREATE SCHEMA second")
        for name in ("streams", "events", "snapshots", "checkpoints"):
            server.execute(f"CREATE TABLE second.{name} (LIKE event_store.{name} INCLUDING ALL)".encode())
    with pytest.raises(Ambiguous) as raised:
        opening(postgres_url)
    assert raised.value.choices == ("event_store", "second")
    assert opening(postgres_url, instance="event_store").count() == 1
    second = opening(f"{postgres_url}#second", writable=True)
    assert second.info.instance == "second"
    assert second.append(KEY, 0, [new()])[0].version == 1
    assert [second.count(), opening(postgres_url, instance="event_store").count()] == [1, 1]
    with pytest.raises(CannotOpen, match="no event store 'third'"):
        opening(postgres_url, instance="third")


def test_the_password_shows_nowhere(postgres_url: str) -> None:
    where = address(postgres_url, "S3CRET")
    assert isinstance(where, PostgresAddress)
    connection = PostgresConnection(where)
    assert (
        "S3CRET" not in f"{connection.__dict__} {connection._engine!r} {connection._engine.url} {connection._driver!r}"
    )
    connection.close()
