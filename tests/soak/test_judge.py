"""The judge accepts what the program wrote, and finds each kind of wrong that is planted in a copy of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import islice, pairwise
from pathlib import Path

import psycopg
import pytest

from explorer.commands import issue, take_snapshot
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER
from explorer.domains.customers_orders.people import plan
from explorer.errors import Refused
from explorer.stores import StoreSpec, open_store
from tests.postgres_server import PostgresServer
from tests.soak.judge import Judgement, judge

ROOT = Path(__file__).resolve().parents[2]
ORDERS = 120
AGGREGATES = {aggregate.name: aggregate for aggregate in DOMAIN.aggregates}
Planting = Callable[[sqlite3.Connection], None]


def fill(url: str) -> None:
    """A load, answered by the services as it comes and until they are idle."""
    with closing(open_store(StoreSpec(url, create=True, writable=True))) as store:
        services = subprocess.Popen(
            [sys.executable, "-m", "explorer", "services", "run", url], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        try:
            until(lambda: len([known for known in store.subscriptions() if known.owner]) >= 4)
            for turn in islice(plan(5, "5"), ORDERS):
                for wanted in turn:
                    with suppress(Refused):  # such as shipping what no service has approved yet
                        issue(store, DOMAIN, AGGREGATES[wanted.aggregate], wanted.id, wanted.command)
                time.sleep(0.01)
            until(lambda: not judge(url).findings)
        finally:
            services.kill()
            services.wait()
        key = max((stream.key for stream in store.streams("Customer").rows), key=lambda key: key.id)
        take_snapshot(store, DOMAIN, CUSTOMER, key, 2)


def until(done: Callable[[], bool], seconds: float = 15) -> None:
    """Wait; whoever looks afterwards says what is not so."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.1)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("judge") / "right.sqlite"
    fill(str(path))
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode = DELETE")  # one file to copy
    return path


@pytest.fixture
def store(right: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    shutil.copy(right, tmp_path / "store.sqlite")
    with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as file:
        file.create_function("again", 0, lambda: "5b6b0d3c-9d9c-5f4e-8a51-000000000001")
        yield file


def judged(tmp_path: Path) -> Judgement:
    return judge(str(tmp_path / "store.sqlite"))


def test_it_accepts_a_right_store(right: Path) -> None:
    judgement = judge(str(right))
    assert judgement.findings == []
    counts = judgement.counts
    assert counts["decided_again"] == counts["events"] > 350
    assert counts["caused"] > 200
    assert counts["without_effect"] > 0
    assert counts["orders"] == ORDERS
    assert {"APPROVED", "REJECTED", "SHIPPED", "CANCELLED"} == set(counts["orders_by_status"])
    assert {"OrderRevised", "CustomerCreditLimitExceeded", "CustomerCreditReleased"} <= set(counts["types"])
    assert counts["snapshots"] == 1
    assert counts["subscriptions"] == 4
    assert counts["read_models"]["read_orders"] == ORDERS
    assert counts["read_models"]["read_customers"] == counts["customers"]
    assert counts["parked"] == 0


def test_it_imports_nothing_of_the_program(right: Path) -> None:
    program = (
        "import sys, runpy; sys.modules['explorer'] = None; sys.argv = ['judge', sys.argv[1]];"
        "runpy.run_module('tests.soak.judge', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(right)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["wrong"] == []


def test_on_postgresql(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        fill(url)
        assert judge(url).findings == []
        with psycopg.connect(url) as connection:
            connection.execute(
                'UPDATE event_store.events SET data = \'{"customerId": "nobody", "revision": 1}\' WHERE position ='
                " (SELECT min(position) FROM event_store.events WHERE type = 'OrderApproved')"
            )
        (wrong,) = judge(url).findings
        assert "ApproveOrder would have emitted" in wrong


def one(file: sqlite3.Connection, kind: str, what: str = "position", more: str = "") -> object:
    """A column of an event of this type from the middle of the store."""
    rows = file.execute(f"SELECT {what} FROM events WHERE type = ? {more} ORDER BY position", (kind,)).fetchall()
    return rows[len(rows) // 2][0]


def change(kind: str, sql: str, more: str = "") -> Planting:
    """Set something of one event of this type."""

    def planting(file: sqlite3.Connection) -> None:
        assert file.execute(f"UPDATE events SET {sql} WHERE position = ?", (one(file, kind, more=more),)).rowcount == 1

    return planting


def run(*statements: str) -> Planting:
    def planting(file: sqlite3.Connection) -> None:
        for sql in statements:
            assert file.execute(sql).rowcount != 0, sql

    return planting


def lost(kind: str) -> Planting:
    """The last event of a stream is gone, as if it had never been decided."""

    def planting(file: sqlite3.Connection) -> None:
        position, category, id, version = file.execute(
            "SELECT e.position, e.category, e.id, e.version FROM events e JOIN streams s USING (category, id)"
            " WHERE e.type = ? AND e.version = s.version ORDER BY e.position",
            (kind,),
        ).fetchone()
        file.execute("DELETE FROM events WHERE position = ?", (position,))
        file.execute("UPDATE streams SET version = ? WHERE category = ? AND id = ?", (version - 1, category, id))

    return planting


def twice(kind: str) -> Planting:
    """An effect of a service is there again, under another id."""

    def planting(file: sqlite3.Connection) -> None:
        position = one(file, kind)
        file.execute(
            "INSERT INTO events (category, id, version, type, data, metadata, event_id, recorded_at)"
            " SELECT category, id, (SELECT version + 1 FROM streams s WHERE (s.category, s.id) = (e.category, e.id)),"
            " type, data, metadata, again(), recorded_at FROM events e WHERE position = ?",
            (position,),
        )
        file.execute(
            "UPDATE streams SET version = version + 1 WHERE (category, id) ="
            " (SELECT category, id FROM events WHERE position = ?)",
            (position,),
        )

    return planting


def swapped(file: sqlite3.Connection) -> None:
    """Two effects of the customer service on one customer stand in the other order."""
    rows = file.execute(
        "SELECT id, version FROM events WHERE type = 'CustomerCreditReserved' ORDER BY id, version"
    ).fetchall()
    id, version = next(first for first, second in pairwise(rows) if second == (first[0], first[1] + 1))
    for before, after in ((version, 10_000), (version + 1, version), (10_000, version + 1)):
        file.execute("UPDATE events SET version = ? WHERE id = ? AND version = ?", (after, id, before))


PLANTED: dict[str, tuple[Planting, str]] = {
    "a gap": (change("OrderShipped", "version = version + 1"), "has the versions"),
    "the row of a stream": (run("UPDATE streams SET version = 99 WHERE id = 'O-5-1'"), "the row of"),
    "a stream without events": (run("INSERT INTO streams VALUES ('Order', 'empty', 1)"), "has no events"),
    "data that are not JSON": (change("OrderCreated", "data = '{'"), "is not JSON"),
    "a total": (
        change("OrderCreated", "data = json_set(data, '$.orderTotal.amount', 1)"),
        "CreateOrder would have emitted",
    ),
    "an amount that is reserved": (
        change("CustomerCreditReserved", "data = json_set(data, '$.orderTotal.amount', 1)"),
        "ReserveCredit would have emitted",
    ),
    "a limit that is not exceeded": (
        change("CustomerCreated", "data = json_set(data, '$.creditLimit.amount', 100000000)",
               "AND id IN (SELECT id FROM events WHERE type = 'CustomerCreditLimitExceeded')"),
        "'CustomerCreditReserved'",
    ),
    "a limit that is exceeded": (
        change("CustomerCreated", "data = json_set(data, '$.creditLimit.amount', 0)"),
        "'CustomerCreditLimitExceeded'",
    ),
    "an approved revision": (
        change("OrderApproved", "data = json_set(data, '$.revision', 7)"),
        "ApproveOrder would have emitted",
    ),
    "a reason": (
        change("OrderRejected", "data = json_set(data, '$.reason', 'no')"),
        "RejectOrder would have emitted",
    ),
    "shipped without approval": (
        change("OrderApproved", "type = 'OrderRejected', data = json_set(data, '$.reason', 'credit limit')",
               "AND id IN (SELECT id FROM events WHERE type = 'OrderShipped')"),
        "ShipOrder would have been refused: REJECTED",
    ),
    "a cause that does not exist": (
        change("OrderApproved", "metadata = json_set(metadata, '$.causation_id', 'gone')"),
        "its cause gone does not exist",
    ),
    "a cause that the service does not hear of": (
        change("OrderApproved",
               "metadata = json_set(metadata, '$.causation_id',"
               " (SELECT event_id FROM events WHERE type = 'CustomerCreated' LIMIT 1))"),
        "does not react to",
    ),
    "a cause of another order": (
        change("OrderApproved",
               "metadata = json_set(metadata, '$.causation_id', (SELECT o.event_id FROM events o"
               " WHERE o.type = 'CustomerCreditReserved' AND json_extract(o.data, '$.orderId') <> events.id LIMIT 1))"),
        "the service order writes to",
    ),
    "another service": (
        change("OrderApproved", "metadata = json_set(metadata, '$.service', 'customer')"),
        "the service customer does not react to",
    ),
    "written by nobody": (
        change("OrderApproved", "metadata = json_remove(metadata, '$.service')"),
        "only a service writes such an event",
    ),
    "another correlation": (
        change("OrderApproved", "metadata = json_set(metadata, '$.correlation_id', 'other')"),
        "its correlation is not that of its cause",
    ),
    "another command": (
        change("OrderShipped", "metadata = json_set(metadata, '$.command', 'CancelOrder')"),
        "it says that CancelOrder led to it, and not ShipOrder",
    ),
    "decided on something else": (
        change("OrderShipped", "metadata = json_set(metadata, '$.decided_on.events', 1)"),
        "it says that it was decided on",
    ),
    "no metadata": (change("OrderApproved", "metadata = '{}'"), "does not say what led to it"),
    "an id of its own": (
        change("OrderApproved", "event_id = '0d9c6f5e-1111-4222-8333-444455556666'"),
        "is not made from its cause's",
    ),
    "released twice": (twice("CustomerCreditReleased"), "a second time"),
    "approved twice": (twice("OrderApproved"), "ApproveOrder would have emitted nothing"),
    "in another order": (swapped, "the service customer handled"),
    "an approval that was lost": (lost("OrderApproved"), "has not answered it"),
    "an order that is left pending": (lost("OrderApproved"), "is still PENDING"),
    "a release that was lost": (lost("CustomerCreditReleased"), "which should hold nothing"),
    "an unknown type": (change("OrderShipped", "type = 'OrderVanished'"), "unknown type OrderVanished"),
    "the state of a snapshot": (
        run("UPDATE snapshots SET state = json_set(state, '$.creditLimit.amount', 3)"),
        "the snapshot of Customer",
    ),
    "a snapshot of what is not there": (run("UPDATE snapshots SET version = 5000"), "of a version that is not there"),
    "the last event of a snapshot": (run("UPDATE snapshots SET last_event_id = 'x'"), "names another event"),
    "a parked event": (
        run("INSERT INTO parked VALUES ('customers_orders.order', 'x', 3, 'e', 'Order', 'O', 1, 'OrderCreated',"
            " 'KeyError', 5, '2026-01-01', '')"),
        "has parked the event at position 3: KeyError",
    ),
    "a row of a read model": (
        run("UPDATE read_orders SET status = 'LOST' WHERE order_id = 'O-5-1'"),
        "read_orders, order_id O-5-1: status is 'LOST'",
    ),
    "a sum in a read model": (
        run("UPDATE read_customers SET reserved = '-1' WHERE customer_id = 'C-5-1'"),
        "read_customers, customer_id C-5-1: reserved is Decimal('-1')",
    ),
    "a row that is missing": (
        run("DELETE FROM read_customer_orders WHERE order_id = 'O-5-2'"),
        "order_id O-5-2: the row is missing",
    ),
    "a row too many": (
        run("INSERT INTO read_orders (order_id) VALUES ('nobody')"),
        "read_orders, order_id nobody: nothing led to this row",
    ),
    "a checkpoint that lags": (
        run("UPDATE checkpoints SET checkpoint ="
            " CAST('{\"kind\":\"position\",\"position\":3,\"holes\":[]}' AS BLOB) WHERE name LIKE '%order'"),
        "stands at 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTED)
def test_it_finds(what: str, store: sqlite3.Connection, tmp_path: Path) -> None:
    planting, sentence = PLANTED[what]
    planting(store)
    found = judged(tmp_path).findings
    assert any(sentence in finding for finding in found), found
    assert len(found) < 60, "one wrong thing is not the end of all others"
