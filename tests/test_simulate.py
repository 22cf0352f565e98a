"""The load generator on real stores: what it wants, what comes of it, and what it says of itself."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import islice
from math import inf, nan
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from explorer.cancellation import Cancellation
from explorer.domains.customers_orders import DOMAIN, invariants
from explorer.domains.customers_orders.customer import CUSTOMER, CreateCustomer
from explorer.domains.customers_orders.order import ORDER, CreateOrder
from explorer.domains.customers_orders.people import plan
from explorer.errors import Busy, Invalid, ReadOnly, StoreReplaced
from explorer.fold import evolve, readable
from explorer.model import Event, EventQuery, NewEvent, StreamKey
from explorer.payload import decode
from explorer.policies import Reactions, reacting
from explorer.replay import Replay
from explorer.simulate import Clock, Summary, simulate
from explorer.stores import Store, StoreSpec, open_store, sqlite
from explorer.stores.store import Advance
from explorer.subscription import Arrival
from tests import stores_written
from tests.patience import PATIENCE, until
from tests.postgres_server import postgres_server


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, writable=True, create=True))
    yield store
    store.close()


class Time:
    """Passes when somebody sleeps, and by `cost` whenever somebody looks."""

    def __init__(self, cost: float = 0.0) -> None:
        self.now, self.cost = 1000.0, cost

    def look(self) -> float:
        self.now += self.cost
        return self.now

    def wait(self, cancellation: Cancellation, seconds: float) -> bool:
        self.now += seconds
        return cancellation.cancelled

    @property
    def clock(self) -> Clock:
        return Clock(self.look, self.wait)


def at_once(store: Store, rate: float = 10, seconds: float = 8, **more: Any) -> Summary:
    """Without waiting: the time passes by itself."""
    return simulate(store, rate, seconds, Cancellation(), clock=Time().clock, run="r", **more)


def all_events(store: Store) -> list[Event]:
    found: list[Event] = []
    after: Any = None
    while True:
        page = store.events(EventQuery(after=after, limit=1000))
        found += page.rows
        after = page.next
        if after is None:
            return found


def work_off(store: Store) -> None:
    """What the services do, until they have nothing left to do."""
    reactions = [Reactions(DOMAIN, service) for service in reacting(DOMAIN)]
    done = 0
    while events := all_events(store)[done:]:
        for event in events:
            for reaction in reactions:
                reaction.handle(store, Arrival(event))
        done += len(events)


# -- what is wanted ----------------------------------------------------------------------------------------------------


def test_a_seed_wants_the_same_again_but_for_the_ids() -> None:
    assert list(islice(plan(7, "r"), 500)) == list(islice(plan(7, "r"), 500))
    assert list(islice(plan(7, "r"), 500)) != list(islice(plan(8, "r"), 500))
    renamed = [tuple(replace(c, id=c.id.replace("-s-", "-r-")) for c in turn) for turn in islice(plan(7, "s"), 500)]
    for one, other in zip(renamed, plan(7, "r"), strict=False):
        assert [(c.aggregate, c.id, type(c.command)) for c in one] == [
            (c.aggregate, c.id, type(c.command)) for c in other
        ]


def test_customers_exist_before_they_order_and_hold_at_most_forty_orders() -> None:
    known: set[str] = set()
    orders: Counter[str] = Counter()
    ids: set[str] = set()
    for turn in islice(plan(1, "r"), 5000):
        for wanted in turn:
            if isinstance(wanted.command, CreateCustomer):
                assert wanted.id not in known
                known.add(wanted.id)
            elif isinstance(wanted.command, CreateOrder):
                assert wanted.command.customerId in known
                assert wanted.id not in ids
                ids.add(wanted.id)
                orders[wanted.command.customerId] += 1
            else:
                assert wanted.id in ids
    assert max(orders.values()) == 40
    assert len(ids) == 5000


# -- what comes of it --------------------------------------------------------------------------------------------------


def test_every_stream_replays_and_every_order_begins_with_its_creation(store: Store) -> None:
    summary = at_once(store)
    events = all_events(store)
    assert (summary.orders, summary.due, summary.behind, summary.seconds) == (80, 80, 0, 8.0)
    assert summary.orders_per_second == 10
    assert summary.events == len(events)
    assert summary.conflicts == 0
    # Without services no order is approved: shipping and revising are refused, and nothing else is.
    wanted = [c for turn in islice(plan(1, "r"), 80) for c in turn]
    kinds = Counter(type(c.command).__name__ for c in wanted)
    assert summary.commands == len(wanted)
    assert summary.refused == kinds["ShipOrder"] + kinds["ReviseOrder"] > 0
    assert Counter(event.type for event in events) == {
        "CustomerCreated": kinds["CreateCustomer"],
        "OrderCreated": 80,
        "OrderCancelled": kinds["CancelOrder"],
    }
    for stream in store.streams(limit=1000).rows:
        stored = store.stream_events(stream.key)
        assert stored[0].type == {"Order": "OrderCreated", "Customer": "CustomerCreated"}[stream.category]
        replay = Replay(ORDER if stream.category == "Order" else CUSTOMER, DOMAIN.upcast)
        replay.extend(stored)
        assert replay.errors == {}
        assert replay.count == stream.version


@pytest.mark.parametrize("own_url", ["sqlite"], indirect=True)
def test_with_services_the_invariants_hold_and_about_an_eighth_exceeds_the_limit(store: Store) -> None:
    summary = at_once(store, rate=20, seconds=8, tell=lambda _: work_off(store))
    work_off(store)
    events = all_events(store)
    states: dict[str, dict[str, Any]] = {"Order": {}, "Customer": {}}
    for event in events:
        before = states[event.category].get(event.id)
        seen = readable(event, DOMAIN.upcast)
        aggregate = ORDER if event.category == "Order" else CUSTOMER
        after = evolve(aggregate, before if before is not None else {}, seen)
        assert [wrong for step in invariants.STEPS if (wrong := step(before, seen, after))] == []
        states[event.category][event.id] = after
    assert invariants.reservations_have_orders(states["Customer"], states["Order"]) == []
    types = Counter(event.type for event in events)
    assert 0.05 * summary.orders < types["OrderRejected"] < 0.25 * summary.orders
    assert types["OrderShipped"] > 0
    assert types["OrderRevised"] > 0
    assert "PENDING" not in {order["status"] for order in states["Order"].values()}


def test_a_seed_repeats_to_the_last_byte_on_another_store(tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        store = open_store(StoreSpec(str(tmp_path / f"{name}.sqlite"), writable=True, create=True))
        try:
            at_once(store, seed=5, seconds=4)
            told.append([(e.stream, e.version, e.type, e.data, e.metadata, e.event_id) for e in all_events(store)])
        finally:
            store.close()
    assert told[0] == told[1]


def test_every_command_begins_a_correlation_of_its_own(store: Store) -> None:
    at_once(store, seconds=3)
    metadata: list[Any] = [decode(event.metadata).value for event in all_events(store)]
    assert {tuple(m) for m in metadata} == {("correlation_id", "causation_id", "origin", "command", "decided_on")}
    assert {m["origin"] for m in metadata} == {"simulate"}
    assert all(m["correlation_id"] == m["causation_id"] for m in metadata)
    assert len({m["correlation_id"] for m in metadata}) == len(metadata)  # none of these commands writes two events


def test_runs_at_the_same_time_do_not_collide(own_url: str, store: Store) -> None:
    summaries: list[Summary] = []

    def run() -> None:
        own = open_store(StoreSpec(own_url, writable=True))
        try:
            summaries.append(simulate(own, 40, 1, Cancellation()))
        finally:
            own.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({summary.run for summary in summaries}) == 2
    assert sum(summary.events for summary in summaries) == store.count()


def test_commands_beaten_by_another_writer_are_decided_again_and_counted(
    own_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = store.append
    beaten: set[StreamKey] = set()

    def beaten_once(
        key: StreamKey, expected: int, events: Sequence[NewEvent], advance: Advance | None = None
    ) -> list[Event]:
        if key not in beaten:
            beaten.add(key)
            other.append(key, expected, [NewEvent("SomethingElse", {}, str(uuid4()))])
        return append(key, expected, events, advance)

    monkeypatch.setattr(store, "append", beaten_once)
    other = open_store(StoreSpec(own_url, writable=True))
    try:
        summary = at_once(store, seconds=2)
    finally:
        other.close()
    assert summary.conflicts == len(beaten) >= 20
    assert summary.orders == 20
    assert summary.events == store.count() - len(beaten)


def test_the_same_run_again_is_refused_and_changes_nothing(store: Store) -> None:
    at_once(store, seconds=3)
    count = store.count()
    again = at_once(store, seconds=3)
    assert store.count() == count
    assert again.refused == again.commands


# -- what it says of itself --------------------------------------------------------------------------------------------


def test_what_takes_long_makes_the_next_ones_late_and_leaves_some_behind(store: Store) -> None:
    # Each look at the time takes 50 ms, and each order two of them and more.
    summary = simulate(store, 100, 2, Cancellation(), clock=Time(0.05).clock)
    assert summary.due == 200
    assert 10 <= summary.orders <= 30
    assert summary.behind == 200 - summary.orders
    assert summary.orders_per_second < 15
    # The last one began shortly before the end, and was due long before.
    assert 1500 < summary.late_max_ms < 2000
    assert 500 < summary.late_p50_ms < summary.late_p95_ms <= summary.late_max_ms


def test_it_tells_each_second_also_while_nothing_is_due(store: Store) -> None:
    told: list[Summary] = []
    summary = at_once(store, rate=0.25, seconds=8, tell=told.append)
    assert [round(one.seconds) for one in told] == list(range(1, 9))
    assert [one.orders for one in told] == [1, 1, 1, 1, 2, 2, 2, 2]
    assert summary.orders == 2
    assert summary.late_max_ms == 0


def test_the_real_clock_is_kept(store: Store) -> None:
    summary = simulate(store, 10, 1, Cancellation())
    assert summary.due == 10
    assert summary.seconds >= 1.0


# -- how it ends -------------------------------------------------------------------------------------------------------


def test_cancelled_it_ends_with_what_it_has_done(store: Store) -> None:
    cancellation = Cancellation()
    told: list[Summary] = []

    def tell(summary: Summary) -> None:
        told.append(summary)
        if len(told) == 2:
            cancellation.cancel()

    with store.cancelling(cancellation):
        summary = simulate(store, 5, 60, cancellation, tell=tell, clock=Time().clock)
    assert 10 <= summary.orders <= 11
    assert 2 <= summary.seconds < 4
    assert summary.events == len(all_events(store))


def test_cancelled_while_it_waits(store: Store) -> None:
    cancellation = Cancellation()
    timer = threading.Timer(0.3, cancellation.cancel)
    timer.start()
    summary = simulate(store, 0.001, 10 * PATIENCE, cancellation)
    timer.join()
    assert summary.orders == summary.due == 1
    assert summary.seconds < PATIENCE


@pytest.mark.parametrize("number", [0, -1, nan, inf, -inf, 1e300])
def test_rates_and_seconds_that_make_no_sense(store: Store, number: float) -> None:
    with pytest.raises(Invalid, match="rate"):
        simulate(store, number, 1, Cancellation())
    with pytest.raises(Invalid, match="seconds"):
        simulate(store, 1, number, Cancellation())
    assert store.count() == 0


def test_a_store_that_may_not_be_written(own_url: str, store: Store) -> None:
    reading = open_store(StoreSpec(own_url))
    try:
        with pytest.raises(ReadOnly, match="read-only"):
            simulate(reading, 1, 1, Cancellation())
    finally:
        reading.close()


def test_a_store_of_another_kind(tmp_path: Path) -> None:
    path = str(tmp_path / "shop.sqlite")
    stores_written.eventsourcing(path)
    other = open_store(StoreSpec(path))
    try:
        with pytest.raises(ReadOnly, match="another kind"):
            simulate(other, 1, 1, Cancellation())
    finally:
        other.close()


def test_a_store_that_goes_away_is_said_after_how_far_it_came(tmp_path: Path) -> None:
    path = tmp_path / "own.sqlite"
    store = open_store(StoreSpec(str(path), writable=True, create=True))
    told: list[Summary] = []

    def tell(summary: Summary) -> None:
        told.append(summary)
        path.unlink(missing_ok=True)

    try:
        with pytest.raises(StoreReplaced):
            simulate(store, 5, 60, Cancellation(), tell=tell, clock=Time().clock)
    finally:
        store.close()
    assert len(told) == 2
    assert told[1].orders >= told[0].orders == 5


def test_it_goes_on_after_the_server_has_crashed() -> None:
    with (
        postgres_server() as server,
        server.database() as url,
        ThreadPoolExecutor(1) as threads,
        closing(open_store(StoreSpec(url, writable=True, create=True))) as store,
    ):
        cancellation = Cancellation()
        told: list[Summary] = []
        running = threads.submit(simulate, store, 20, 10 * PATIENCE, cancellation, tell=told.append)
        until(lambda: told and told[-1].orders >= 10)
        server.stop(signal.SIGQUIT)
        until(lambda: told[-1].lost >= 1)
        before = told[-1].orders
        server.start()  # not by another thread: it would end with that
        until(lambda: told[-1].orders >= before + 10)
        cancellation.cancel()
        summary = running.result()
        assert summary.events == len(all_events(store)), "nothing is written twice"


def test_a_store_that_stays_locked_is_said_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.1)
    path = tmp_path / "own.sqlite"
    store = open_store(StoreSpec(str(path), writable=True, create=True))
    with closing(sqlite3.connect(path, isolation_level=None)) as other, closing(store):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            simulate(store, 5, 3, Cancellation(), clock=Time().clock)
