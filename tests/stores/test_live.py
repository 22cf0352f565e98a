"""Somebody else's library goes on writing while we look: we see what it writes, and it never notices us."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import psycopg
import pytest

from explorer.cancellation import Cancellation
from explorer.model import Event, EventQuery
from explorer.stores import Store, StoreSpec, conformance, open_store
from explorer.subscription import Subscription
from tests import stores_damaged as damaged
from tests import stores_written as written
from tests.patience import PATIENCE
from tests.stores.conftest import Opening

Row = tuple[str, int, object]


def row(event: Event) -> Row:
    return event.id, event.version, event.position


def everything(store: Store) -> list[Row]:
    return [row(event) for event in conformance.pages(lambda cursor: store.events(EventQuery(after=cursor, limit=50)))]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "shop.sqlite")
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.mark.parametrize("compressed", [False, True])
def test_what_the_library_writes_meanwhile_arrives(opening: Opening, url: str, compressed: bool) -> None:
    written.eventsourcing(url, compressed=compressed)
    with written.eventsourcing_keeps_writing(url, seconds=0.005, compressed=compressed) as writer:
        store = opening(url)
        subscription = Subscription(store, mode="eager", checkpoint=None)
        known = set(everything(store))
        arrived: list[Row] = []
        facts: list[Row] = [writer.next() for _ in range(20)]
        until = time.monotonic() + PATIENCE
        while len(arrived) < 100 and time.monotonic() < until:
            arrived += [row(arrival.event) for arrival in subscription.poll(1000)]
            store.streams(limit=50)
            store.recent_streams()
            store.wait(0.05, Cancellation())
        facts += writer.stop()
        arrived += [row(arrival.event) for arrival in subscription.poll(10_000)]
        assert len(arrived) == len(set(arrived))
        assert set(facts) <= set(arrived)
        assert known <= set(everything(store))
        assert set(facts) <= set(everything(store))
        store.close()


def test_waiting_ends_when_something_arrives(opening: Opening, url: str) -> None:
    written.eventsourcing(url)
    with written.eventsourcing_keeps_writing(url, seconds=0.7) as writer:
        writer.next()
        store = opening(url)
        while store.changed():
            store.events(EventQuery())
        began = time.monotonic()
        store.wait(10 * PATIENCE, Cancellation())
        assert time.monotonic() - began < PATIENCE
        assert store.changed()
        store.close()
        writer.stop()


def test_looking_does_not_change_the_file(tmp_path: Path) -> None:
    """Neither while nobody writes nor in the end after somebody did: what the library wrote is all that is there."""
    path = tmp_path / "shop.sqlite"
    written.eventsourcing(str(path), snapshots=True)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    look_at_everything(str(path))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


@pytest.mark.parametrize("mode", ["wal", "rollback"])
def test_the_library_never_waits_for_us(tmp_path: Path, mode: str) -> None:
    """Its process would end with an error if one of our reads held a lock for longer than it is willing to wait."""
    path = tmp_path / "shop.sqlite"
    written.eventsourcing_many(str(path), 2000)
    if mode == "rollback":
        damaged.in_rollback_mode(path)
    with written.eventsourcing_keeps_writing(str(path), seconds=0.001) as writer:
        writer.next()
        for _ in range(4):
            look_at_everything(str(path))
            for _ in range(25):
                writer.next()
        writer.stop()


def look_at_everything(url: str) -> None:
    store = open_store(StoreSpec(url))
    assert all(check.ok for check in conformance.check(store, 300))
    store.count()
    store.close()


def test_messages_arrive_from_message_db(opening: Opening, postgres_url: str) -> None:
    written.message_db(postgres_url)
    store = opening(postgres_url)
    subscription = Subscription(store, mode="eager", checkpoint=None)
    while subscription.poll(1000):
        pass
    with psycopg.connect(postgres_url) as slow, psycopg.connect(postgres_url) as fast:
        # The one that drew its position first commits last.
        first = written.message_db_write(slow, "loan", "1", 1)
        second = written.message_db_write(fast, "account", "new", 1)
        fast.commit()
        arrived = subscription.poll(1000)
        assert [(a.event.stream.category, a.event.id, a.late) for a in arrived] == [("account", second.id, False)]
        slow.commit()
        arrived = subscription.poll(1000)
        assert [(a.event.category, a.event.id, a.event.native_version, a.late) for a in arrived] == [
            ("loan", first.id, 0, True)
        ]
    assert subscription.poll(1000) == []
