"""Following real stores: what others commit arrives soon, in order where that is asked for, and after a lost server."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import pytest

from explorer import follow as following_a_store
from explorer.cancellation import Cancellation
from explorer.errors import StoreReplaced
from explorer.follow import Interval, Standing, follow
from explorer.model import NewEvent, StreamKey
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.address import PostgresAddress, address
from explorer.stores.layout import Written
from explorer.stores.postgres import PostgresConnection
from explorer.stores.reader import SqlStore
from explorer.subscription import Arrival, Mode, Subscription
from tests.patience import PATIENCE, until
from tests.postgres_server import PostgresServer, postgres_server

KEY = StreamKey("Order", "1")


def new(number: int) -> NewEvent:
    return NewEvent("Happened", {"number": number}, str(uuid.uuid4()))


class Follower:
    """Follows in a thread and keeps what it gets."""

    def __init__(self, url: str, mode: Mode = "eager", broken: int = 0) -> None:
        self.url = url
        self.mode = mode
        self.broken = broken  # so many times handling fails
        self.arrivals: list[Arrival] = []
        self.checkpoint: bytes | None = None
        self.standings: list[Standing] = []
        self.failure: BaseException | None = None
        self.cancellation = Cancellation()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    @property
    def versions(self) -> list[int]:
        return [arrival.event.version for arrival in self.arrivals]

    def run(self) -> None:
        try:
            follow(
                lambda: open_store(StoreSpec(self.url)),
                lambda store: Subscription(store, self.mode),
                self.handle,
                self.cancellation,
                rest=self.rest,
                tell=self.standings.append,
            )
        except StoreReplaced as error:
            self.failure = error

    def handle(self, store: Store, arrival: Arrival) -> None:
        if self.broken:
            self.broken -= 1
            raise ZeroDivisionError("a policy's mistake")
        self.arrivals.append(arrival)

    def rest(self, store: Store, subscription: Subscription) -> None:
        self.checkpoint = subscription.checkpoint()

    def stop(self) -> None:
        self.cancellation.cancel()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@contextmanager
def following(url: str, mode: Mode = "eager", broken: int = 0) -> Iterator[Follower]:
    follower = Follower(url, mode, broken)
    try:
        yield follower
    finally:
        follower.stop()


@contextmanager
def writing(url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(url, create=True, writable=True))
    try:
        yield store
    finally:
        store.close()


@pytest.mark.parametrize("mode", ["eager", "ordered"])
def test_what_is_appended_wakes_and_arrives_once(own_url: str, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following_a_store, "Interval", partial(Interval, longest=10 * PATIENCE, factor=1e6))
    with writing(own_url) as store:
        store.append(KEY, 0, [new(n) for n in range(700)])
        with following(own_url, mode) as follower:
            until(lambda: len(follower.arrivals) == 700)
            time.sleep(0.3)  # the interval has grown: only data_version or NOTIFY wakes it
            store.append(KEY, 700, [new(700)])
            until(lambda: len(follower.arrivals) == 701)
            until(lambda: follower.checkpoint is not None)
        assert follower.versions == list(range(1, 702))
        resumed = Subscription(store, mode, follower.checkpoint)
        assert resumed.poll() == []


def test_a_failing_handler_is_reported_and_tried_again_before_later_events(own_url: str) -> None:
    with writing(own_url) as store:
        store.append(KEY, 0, [new(1), new(2)])
        with following(own_url, "ordered", broken=2) as follower:
            until(lambda: len(follower.arrivals) == 2)
        assert follower.versions == [1, 2]
        states = [standing.state for standing in follower.standings]
        assert "failing" in states
        assert "ZeroDivisionError: a policy's mistake" in follower.standings[0].detail
        assert states[-1] == "live"


def test_a_server_that_was_away_is_followed_on() -> None:
    with postgres_server() as server, server.database() as url:
        with writing(url) as store:
            store.append(KEY, 0, [new(1)])
        with following(url, "ordered") as follower:
            until(lambda: follower.versions == [1])
            server.stop()
            until(lambda: follower.standings[-1].state == "reconnecting")
            assert follower.standings[-1].detail
            server.start()
            with writing(url) as store:
                store.append(KEY, 1, [new(2)])
            until(lambda: follower.versions == [1, 2])
            until(lambda: follower.standings[-1].state == "live")


def test_a_replaced_file_ends_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("replaced")
    url, other = str(folder / "store.sqlite"), str(folder / "other.sqlite")
    for path in (url, other):
        with writing(path) as store:
            store.append(KEY, 0, [new(1)])
    with following(url) as follower:
        until(lambda: follower.versions == [1])
        os.replace(other, url)
        until(lambda: follower.failure is not None)
        assert isinstance(follower.failure, StoreReplaced)


@contextmanager
def slow_append(url: str, store: Store, key: StreamKey) -> Iterator[None]:
    """An append that has drawn its position and is not committed before the end of the block."""
    where = address(url)
    assert isinstance(where, PostgresAddress)
    assert isinstance(store, SqlStore)
    assert store.instance.append is not None
    connection = PostgresConnection(where)
    connection.writable = True
    try:
        with connection.transaction() as run:
            event = Written(1, "Slow", b"{}", b"{}", str(uuid.uuid4()), datetime.now(UTC))
            assert store.instance.append(run, (key.category, key.id), 0, [event])
            yield
    finally:
        connection.close()


def test_a_position_committed_late_on_postgresql(postgres_url: str) -> None:
    with (
        writing(postgres_url) as store,
        following(postgres_url) as eager,
        following(postgres_url, "ordered") as ordered,
    ):
        with slow_append(postgres_url, store, StreamKey("Slow", "1")):
            assert len(store.writers()) == 1
            store.append(KEY, 0, [new(1)])
            until(lambda: [a.event.position for a in eager.arrivals] == [2])
            until(lambda: any("waiting for" in standing.detail for standing in ordered.standings))
            assert ordered.arrivals == []
        until(lambda: len(eager.arrivals) == len(ordered.arrivals) == 2)
        assert [(a.event.position, a.late) for a in eager.arrivals] == [(2, False), (1, True)]
        assert [(a.event.position, a.late) for a in ordered.arrivals] == [(1, False), (2, False)]


def test_a_transaction_elsewhere_in_the_cluster_holds_nobody_up(postgres: PostgresServer, postgres_url: str) -> None:
    with (
        postgres.database() as other_url,
        writing(other_url) as other,
        writing(postgres_url) as store,
        slow_append(other_url, other, KEY),
    ):
        with pytest.raises(ZeroDivisionError), slow_append(postgres_url, store, StreamKey("Slow", "1")):
            raise ZeroDivisionError("rolled back")
        store.append(KEY, 0, [new(1)])
        assert store.writers() == frozenset()
        subscription = Subscription(store, "ordered")
        assert [arrival.event.position for arrival in subscription.poll()] == [2]
