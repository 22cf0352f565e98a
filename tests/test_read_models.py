"""Projections on real stores: rows are what a fold of the events makes, whatever is killed, poisoned or altered."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from explorer.cancellation import Cancellation
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.sample import history
from explorer.errors import Busy, Cancelled, Invalid, TableChanged
from explorer.follow import Standing
from explorer.model import (
    Domain,
    DomainEvent,
    Json,
    NewEvent,
    Projection,
    Put,
    ReadRow,
    Row,
    RowChange,
    StreamKey,
    Table,
)
from explorer.policies import run_service, services, subscription_names
from explorer.projecting import projection_subscription
from explorer.read_models import Drift, Progress, check, rebuild
from explorer.rows import REBUILD
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.bulk import fill
from explorer.subscription import reached
from tests.patience import PATIENCE, until
from tests.stores.test_read_models import execute

CUSTOMERS, ORDERS = DOMAIN.projections
START = datetime(2026, 3, 2, tzinfo=UTC)
LIMIT: Json = {"creditLimit": {"amount": 5}}


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    yield store
    store.close()


def sample(count: int, seed: int = 1) -> list[tuple[StreamKey, NewEvent]]:
    span = timedelta(hours=count / 10)
    return [(w.key, event) for w in history(count, seed, START, span) for event in w.events]


@pytest.fixture
def filled(own_url: str) -> Iterator[Store]:
    fill(StoreSpec(own_url), sample(700))
    store = open_store(StoreSpec(own_url, writable=True))
    yield store
    store.close()


@contextmanager
def running(url: str, domain: Domain = DOMAIN) -> Iterator[list[Standing]]:
    """The service of the views, in a thread of its own."""
    cancellation = Cancellation()
    told: list[Standing] = []
    thread = threading.Thread(
        target=run_service, args=(StoreSpec(url), domain, "views", cancellation, lambda _, said: told.append(said))
    )
    thread.start()
    try:
        yield told
    finally:
        cancellation.cancel()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def caught_up(store: Store, domain: Domain = DOMAIN) -> bool:
    names = {projection_subscription(domain, one) for one in domain.projections}
    there = {known.name: reached(known.checkpoint) for known in store.subscriptions()}
    return all(there.get(name) == store.head() for name in names)


def everything(store: Store, table: Table) -> list[Row]:
    found: list[Row] = []
    after = None
    while True:
        page = store.rows(table, after)
        found += page.rows
        after = page.next
        if after is None:
            return found


def looked_at(store: Store, domain: Domain = DOMAIN, place: int = 0) -> Drift:
    return check(store, domain, domain.projections[place], Cancellation())


def no_drift(store: Store, domain: Domain = DOMAIN) -> None:
    for place in range(len(domain.projections)):
        drift = looked_at(store, domain, place)
        assert drift.differences == ()
        assert drift.rows > 0


def append(store: Store, *events: tuple[StreamKey, NewEvent]) -> None:
    for key, event in events:
        known = store.stream(key)
        store.append(key, known.version if known else 0, [event])


def test_the_views_are_a_service_with_a_subscription_for_each() -> None:
    assert services(DOMAIN) == ("customer", "order", "views")
    assert subscription_names(DOMAIN, "views") == ("customers_orders.views.customers", "customers_orders.views.orders")
    assert subscription_names(DOMAIN, "customer") == ("customers_orders.customer",)


def test_rows_follow_the_events(own_url: str, filled: Store) -> None:
    with running(own_url) as told:
        until(lambda: caught_up(filled))
        key = StreamKey("Customer", "new")
        created: Json = {"name": "Ada", "creditLimit": {"amount": 10}}
        append(filled, (key, NewEvent("CustomerCreated", created, "e-1")))
        until(lambda: filled.row(CUSTOMERS.tables[0], ("new",)))
        until(lambda: caught_up(filled))
    assert [standing.state for standing in told] == ["live"]
    no_drift(filled)
    rows = everything(filled, ORDERS.tables[0])
    assert len(rows) == len({row["order_id"] for row in rows}) > 100


KILLED = """
import sys
from explorer.cancellation import Cancellation
from explorer.domains.customers_orders import DOMAIN
from explorer.policies import run_service
from explorer.stores import StoreSpec
run_service(StoreSpec(sys.argv[1]), DOMAIN, "views", Cancellation())
"""


def started(url: str, program: str, stack: ExitStack) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.DEVNULL)

    def end() -> None:
        process.kill()
        process.wait()

    stack.callback(end)
    return process


def test_killed_at_any_moment(own_url: str, store: Store) -> None:
    """Rows and checkpoint are one: whenever it is killed, the next instance goes on as if nothing had been."""
    events = sample(1_200, 5)
    chance = random.Random(3)
    with ExitStack() as stack:
        written = 0

        def more(count: int) -> None:
            nonlocal written
            append(store, *events[written : written + count])
            written += count

        def places() -> dict[str, int]:
            """The last event of each; the first checkpoint may be before all events."""
            found = {known.name: reached(known.checkpoint) for known in store.subscriptions()}
            return {name: place for name, place in found.items() if isinstance(place, int)}

        more(30)
        assert {key.category for key, _ in events[:20]} == {"Customer", "Order"}, "rows of both, once these are read"
        for _ in range(2):
            process = started(own_url, KILLED, stack)
            before = places()
            end = time.monotonic() + PATIENCE
            while len(now := places()) < 2 or any(place <= before.get(name, 20) for name, place in now.items()):
                assert time.monotonic() < end
                more(1)
                time.sleep(0.05)
            more(chance.randrange(1, 30))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            no_drift(store)
        more(20)
        with running(own_url):
            until(lambda: caught_up(store))
        no_drift(store)


def test_drift_is_found(own_url: str, filled: Store) -> None:
    with running(own_url):
        until(lambda: caught_up(filled))
    orders = [str(row["order_id"]) for row in everything(filled, ORDERS.tables[0])]
    execute(own_url, f"UPDATE read_orders SET order_total = '0.07', reason = 'mine' WHERE order_id = '{orders[3]}'")
    execute(own_url, f"DELETE FROM read_orders WHERE order_id = '{orders[5]}'")
    execute(own_url, "INSERT INTO read_orders (order_id, status) VALUES ('of mine', 'LOST')")
    drift = looked_at(filled, place=1)
    assert (drift.differing, drift.position, drift.failed) == (3, filled.head(), 0)
    by_kind = {difference.kind: difference for difference in drift.differences}
    different = by_kind["different"]
    assert (different.key, different.columns) == ((orders[3],), ("order_total", "reason"))
    assert different.stored is not None
    assert different.fresh is not None
    assert different.stored["reason"] == "mine"
    assert different.fresh["reason"] != "mine"
    assert (by_kind["missing"].key, by_kind["extra"].key) == ((orders[5],), ("of mine",))
    assert by_kind["missing"].fresh is not None
    assert by_kind["missing"].fresh["order_id"] == orders[5]
    rebuild(filled, DOMAIN, ORDERS, Cancellation())
    no_drift_in_orders = looked_at(filled, place=1)
    assert (no_drift_in_orders.differing, no_drift_in_orders.rows) == (0, len(orders))


def test_nothing_to_check_yet(store: Store) -> None:
    with pytest.raises(Invalid, match="has no rows yet") as raised:
        looked_at(store)
    assert "Run the service views" in raised.value.hint


def test_a_rebuild_while_all_goes_on(own_url: str, filled: Store) -> None:
    """Readers see rows all the time, the live instance goes on from the new ones, and a check beside it agrees."""
    events = sample(3_000, 9)
    stop = threading.Event()

    def load() -> None:
        writer = open_store(StoreSpec(own_url, writable=True))
        for key, event in events:
            if stop.is_set():
                break
            append(writer, (key, event))
        writer.close()

    with running(own_url) as told:
        until(lambda: caught_up(filled))
        execute(own_url, "UPDATE read_orders SET reason = 'wrong'")
        thread = threading.Thread(target=load)
        thread.start()
        try:
            seen: list[Progress] = []
            watcher = open_store(StoreSpec(own_url))
            counts: list[int] = []
            watching = threading.Event()

            def watch() -> None:
                other = open_store(StoreSpec(own_url))
                while not watching.is_set():
                    counts.append(len(other.rows(ORDERS.tables[0], limit=100).rows))
                other.close()

            observer = threading.Thread(target=watch)
            observer.start()
            done = rebuild(filled, DOMAIN, ORDERS, Cancellation(), seen.append)
            assert done.events >= 700
            assert seen
            assert seen[-1].position <= (done.position or 0)
            for _ in range(2):
                for place in (0, 1):
                    assert check(watcher, DOMAIN, DOMAIN.projections[place], Cancellation()).differing == 0
            watching.set()
            observer.join()
            watcher.close()
            assert set(counts) == {100}
        finally:
            watching.set()
            stop.set()
            thread.join()
        until(lambda: caught_up(filled))
    no_drift(filled)
    assert not any(row["reason"] == "wrong" for row in everything(filled, ORDERS.tables[0]))
    assert "failing" not in {standing.state for standing in told}
    assert not any(known.name.endswith(REBUILD) for known in filled.subscriptions())


ALTERED = ["ALTER TABLE read_orders RENAME COLUMN status TO state", "DROP TABLE read_orders"]


@pytest.mark.parametrize("sql", ALTERED)
def test_an_altered_table_is_said_and_mended_by_a_rebuild(own_url: str, filled: Store, sql: str) -> None:
    with running(own_url) as told:
        until(lambda: caught_up(filled))
        execute(own_url, sql)
        created: Json = {"customerId": "c", "lines": [], "orderTotal": {"amount": 1}, "revision": 1}
        append(filled, (StreamKey("Order", "o-new"), NewEvent("OrderCreated", created, "e-new")))
        until(lambda: told[-1].state == "failing")
        assert told[-1].detail.startswith("orders: ")
        assert "Rebuild" in told[-1].detail
        with pytest.raises(TableChanged):
            looked_at(filled, place=1)
        rebuild(filled, DOMAIN, ORDERS, Cancellation())
        until(lambda: caught_up(filled) and told[-1].state == "live")
    assert filled.parked() == []
    assert filled.row(ORDERS.tables[0], ("o-new",)) is not None
    no_drift(filled)


def test_rows_from_a_future_that_is_no_more(own_url: str, filled: Store) -> None:
    """The store was restored from a backup, the rows were not."""
    with running(own_url):
        until(lambda: caught_up(filled))
    head = filled.head()
    assert isinstance(head, int)
    execute(own_url, f"DELETE FROM events WHERE position > {head - 100}")
    drift = looked_at(filled, place=1)
    assert drift.notice == f"The rows stand at position {head}, but the store ends at {head - 100}."
    assert drift.differing > 0
    with running(own_url) as told:
        append(filled, (StreamKey("Customer", "c-new"), NewEvent("CustomerCreditLimitChanged", LIMIT, "e-new")))
        until(lambda: any("was reset or restored" in said.detail and said.state == "failing" for said in told))
        for projection in DOMAIN.projections:
            rebuild(filled, DOMAIN, projection, Cancellation())
        until(lambda: told[-1].state == "live")
        until(lambda: caught_up(filled))
    no_drift(filled)


def test_a_cancelled_rebuild_leaves_all_as_it_was(own_url: str, filled: Store) -> None:
    with running(own_url):
        until(lambda: caught_up(filled))
    before = everything(filled, ORDERS.tables[0])
    cancellation = Cancellation()
    with pytest.raises(Cancelled):
        rebuild(filled, DOMAIN, ORDERS, cancellation, lambda progress: cancellation.cancel())
    assert everything(filled, ORDERS.tables[0]) == before
    assert len(filled.subscriptions()) == 2
    with pytest.raises(TableChanged, match="is not there"):
        filled.rows(Table("orders__rebuild", ORDERS.tables[0].key, ORDERS.tables[0].columns))


REBUILD_KILLED = """
import os, signal, sys
from explorer.cancellation import Cancellation
from explorer.domains.customers_orders import DOMAIN
from explorer.read_models import rebuild
from explorer.stores import StoreSpec, open_store
rebuild(open_store(StoreSpec(sys.argv[1], writable=True)), DOMAIN, DOMAIN.projections[1], Cancellation(),
        lambda progress: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_killed_rebuild_is_begun_anew(own_url: str, filled: Store) -> None:
    with running(own_url):
        until(lambda: caught_up(filled))
    before = everything(filled, ORDERS.tables[0])
    with ExitStack() as stack:
        assert started(own_url, REBUILD_KILLED, stack).wait(PATIENCE) == -signal.SIGKILL
    assert everything(filled, ORDERS.tables[0]) == before
    assert any(known.name.endswith(REBUILD) for known in filled.subscriptions())
    rebuild(filled, DOMAIN, ORDERS, Cancellation())
    assert len(filled.subscriptions()) == 2
    assert everything(filled, ORDERS.tables[0]) == before
    no_drift(filled)


def test_two_rebuilds_at_once_are_one_too_many(own_url: str, filled: Store) -> None:
    def again(progress: Progress) -> None:
        other = open_store(StoreSpec(own_url, writable=True))
        try:
            with pytest.raises(Busy, match="is being rebuilt already"):
                rebuild(other, DOMAIN, ORDERS, Cancellation())
        finally:
            other.close()

    beats = threading.Event()

    def beat() -> None:
        """The other one lives, although it waits here for us."""
        mine = open_store(StoreSpec(own_url, writable=True))
        while not beats.wait(0.1):
            for known in mine.subscriptions():
                if known.name.endswith(REBUILD):
                    execute(own_url, f"UPDATE checkpoints SET beat = beat + 1 WHERE name = '{known.name}'")
        mine.close()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        rebuild(filled, DOMAIN, ORDERS, Cancellation(), again)
    finally:
        beats.set()
        thread.join()
    assert looked_at(filled, place=1).differing == 0


COUNTS = Table("counts", ("stream",), {"events": "integer", "last": "text"})


def counting(event: DomainEvent, read: ReadRow) -> Sequence[RowChange]:
    if event.data.get("poison"):
        raise ValueError("poison")
    known: Any = read("counts", (event.id,)) or {"events": 0}
    return [Put("counts", (event.id,), {"events": known["events"] + 1, "last": event.data.get("last")})]


COUNTING = Domain("counting", projections=(Projection("counts", ("Said",), (COUNTS,), counting),))


def said(id_: str, number: int, **data: Any) -> tuple[StreamKey, NewEvent]:
    return StreamKey("Thing", id_), NewEvent("Said", data, f"{id_}-{number}")


def test_a_poisonous_event_is_parked_and_nothing_else(own_url: str, store: Store) -> None:
    append(store, *(said("a", n) for n in range(3)), said("b", 0, poison=True), said("a", 3), said("b", 1))
    append(store, said("c", 0, last=5), said("a", 4))
    with running(own_url, COUNTING):
        until(lambda: caught_up(store, COUNTING))
    parked = store.parked("counting.views.counts")
    assert [(one.id, one.version, bool(one.reason)) for one in parked] == [
        ("b", 1, True),
        ("b", 2, False),
        ("c", 1, True),
    ]
    assert [one.reason for one in parked] == ["ValueError: poison", "", "counts.last: 5 is no text."]
    assert everything(store, COUNTS) == [{"stream": "a", "events": 5, "last": None}]
    assert looked_at(store, COUNTING).differing == 0
    done = rebuild(store, COUNTING, COUNTING.projections[0], Cancellation())
    assert done.parked == 3
    assert [(one.subscription, one.id, one.version) for one in store.parked()] == [
        ("counting.views.counts", one.id, one.version) for one in parked
    ]
    assert looked_at(store, COUNTING).differing == 0
    store.want("counting.views.counts", parked[0].position, "skip")
    with running(own_url, COUNTING):
        until(lambda: len(store.parked()) == 1)
    assert {row["stream"]: row["events"] for row in everything(store, COUNTS)} == {"a": 5, "b": 1}
    drift = looked_at(store, COUNTING)
    assert (drift.differing, drift.failed) == (0, 1)
