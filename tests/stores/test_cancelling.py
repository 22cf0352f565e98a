"""Stopping early: between statements, in the middle of one, on a frozen server, while connecting again."""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from explorer.cancellation import Cancellation
from explorer.errors import Cancelled, ConnectionLost, OutcomeUnknown
from explorer.model import EventQuery, NewEvent, StreamKey
from explorer.stores import Store, StoreSpec, open_store
from tests.patience import PATIENCE
from tests.postgres_server import PostgresServer, postgres_server

KEY = StreamKey("Order", "7")
SLOW = {
    "sqlite": """WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000000000)
        SELECT 'a' AS k, n AS version, n AS position, 't' AS type, '{}' AS data FROM n""",
    "postgresql": "SELECT 'a' AS k, 1 AS version, 1 AS position, 't' AS type, '{}' AS data, pg_sleep(600) AS slept",
}


def new() -> NewEvent:
    return NewEvent("Changed", {}, str(uuid.uuid4()))


@contextmanager
def opened(url: str, **options: object) -> Iterator[Store]:
    store = open_store(StoreSpec(url, **options))  # type: ignore[arg-type]
    try:
        yield store
    finally:
        store.close()


@contextmanager
def cancelled_after(seconds: float) -> Iterator[Cancellation]:
    cancellation = Cancellation()
    timer = threading.Timer(seconds, cancellation.cancel)
    timer.start()
    try:
        yield cancellation
    finally:
        timer.cancel()
        timer.join()


def cancelled_inside(store: Store, job: Callable[[], object]) -> None:
    cancellation = Cancellation()
    with store.cancelling(cancellation):
        cancellation.cancel()
        job()


@pytest.fixture
def slow_layout(own_url: str, tmp_path: Path) -> str:
    """A description whose SELECT does not come to an end."""
    with opened(own_url, create=True):
        pass
    path = tmp_path / "slow.toml"
    dialect = "postgresql" if own_url.startswith("postgresql") else "sqlite"
    path.write_text(f'name = "slow"\nevents = """{SLOW[dialect]}"""\nkey = ["k"]\ncategory = "Slow"\n')
    return str(path)


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.3])
def test_a_statement_is_stopped_and_the_store_goes_on(own_url: str, slow_layout: str, delay: float) -> None:
    with opened(own_url, layout=slow_layout) as store:
        for _ in range(2):
            began = time.monotonic()
            with cancelled_after(delay) as cancellation, pytest.raises(Cancelled), store.cancelling(cancellation):
                store.count()
            assert time.monotonic() - began < delay + PATIENCE
        assert store.changed() in (True, False)


def test_what_is_cancelled_before_does_not_begin(own_url: str) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with opened(own_url, create=True) as store:
        with pytest.raises(Cancelled), store.cancelling(cancellation):
            raise AssertionError("never reached")
        with pytest.raises(Cancelled):
            cancelled_inside(store, lambda: store.append(KEY, 0, [new()]))
        assert store.count() == 0
        assert store.append(KEY, 0, [new()])


def test_blocks_within_blocks(own_url: str) -> None:
    with opened(own_url, create=True) as store, store.cancelling(Cancellation()):
        with pytest.raises(Cancelled):
            cancelled_inside(store, store.head)
        assert store.head() is None


def test_many_cancels_at_any_moment_lose_nothing(own_url: str) -> None:
    """Each append has either happened or not, and says which, or that it does not know."""
    written: set[str] = set()
    unknown: set[str] = set()
    with opened(own_url, create=True) as store:
        for number in range(40):
            event = new()
            key = StreamKey("Order", str(number))
            with cancelled_after(number * 0.0002) as cancellation:
                try:
                    with store.cancelling(cancellation):
                        store.append(key, 0, [event])
                        written.add(event.event_id)
                except Cancelled:
                    written |= {event.event_id for _ in store.events_by_id([event.event_id])}
                except OutcomeUnknown:  # a machine so slow that the connection was cut while it committed
                    unknown.add(event.event_id)
        stored = {e.event_id for e in store.events(EventQuery(limit=1000)).rows}
        assert written <= stored <= written | unknown


def test_waiting_for_a_lock_can_be_stopped(tmp_path: Path) -> None:
    path = str(tmp_path / "own.sqlite")
    with opened(path, create=True) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with cancelled_after(0.3) as cancellation, pytest.raises(Cancelled), store.cancelling(cancellation):
            store.append(KEY, 0, [new()])
        assert time.monotonic() - began < PATIENCE
        other.execute("ROLLBACK")
        assert store.append(KEY, 0, [new()])


def test_waiting_for_a_lock_on_postgresql_can_be_stopped(postgres_url: str) -> None:
    with opened(postgres_url, create=True) as store:
        store.append(KEY, 0, [new()])
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT * FROM event_store.streams FOR UPDATE")
            began = time.monotonic()
            with cancelled_after(0.3) as cancellation, pytest.raises(Cancelled), store.cancelling(cancellation):
                store.append(KEY, 1, [new()])
            assert time.monotonic() - began < PATIENCE
        assert store.append(KEY, 1, [new()])[0].version == 2


# -- a server that does not answer -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fragile() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.mark.parametrize("read", [lambda store: store.head(), lambda store: store.append(KEY, 1, [new()])])
def test_a_frozen_server_holds_nobody_up(fragile: PostgresServer, read: Callable[[Store], object]) -> None:
    with fragile.database() as url, opened(url, create=True) as store:
        store.append(KEY, 0, [new()])
        fragile.freeze()
        try:
            began = time.monotonic()
            with cancelled_after(0.2) as cancellation, pytest.raises(Cancelled), store.cancelling(cancellation):
                read(store)
            assert time.monotonic() - began < PATIENCE
            # The connection is gone: now it is the new one that gets no answer.
            began = time.monotonic()
            with cancelled_after(0.2) as cancellation, pytest.raises(Cancelled), store.cancelling(cancellation):
                read(store)
            assert time.monotonic() - began < PATIENCE
        finally:
            fragile.thaw()
        assert store.head() == 1
        assert store.append(KEY, 1, [new()])[0].version == 2


def test_closing_does_not_wait_for_a_frozen_server(fragile: PostgresServer) -> None:
    with fragile.database() as url:
        store = open_store(StoreSpec(url, create=True))
        fragile.freeze()
        try:
            began = time.monotonic()
            store.close()
            assert time.monotonic() - began < PATIENCE
        finally:
            fragile.thaw()


def test_a_server_that_comes_back_is_used_again(fragile: PostgresServer) -> None:
    with fragile.database() as url, opened(url, create=True) as store:
        store.append(KEY, 0, [new()])
        fragile.stop()
        try:
            with pytest.raises(ConnectionLost) as raised:
                store.head()
            assert raised.value.hint
            with pytest.raises(ConnectionLost):
                store.append(KEY, 1, [new()])
        finally:
            fragile.start()
        assert store.append(KEY, 1, [new()])[0].version == 2
        assert store.head() is not None
        fragile.stop()
        fragile.start()
        # An idle connection that was ended meanwhile is nobody's trouble.
        assert store.append(KEY, 2, [new()])[0].version == 3
        fragile.stop()
        fragile.start()
        assert store.count() == 3
