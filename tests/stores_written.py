"""Stores for the tests to read, written by the real libraries where they run here, and what was written into them."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import psycopg

from tests import eventsourcing_shop as shop

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as the explorer should find it."""

    category: str
    id: str
    version: int
    type: str


# -- Python eventsourcing ----------------------------------------------------------------------------------------------


def eventsourcing(
    url: str,
    name: str = "Shop",
    *,
    streams: int = 4,
    lines: int = 3,
    compressed: bool = False,
    encrypted: bool = False,
    snapshots: bool = False,
) -> list[Fact]:
    """Customers and orders, taking turns, written by the real library; in the order of their positions.

    `streams` of each; every order gets so many `lines`; `snapshots` of each order, at its end.
    """
    app = shop.application(url, name, compressed=compressed, encrypted=encrypted)
    written = []
    try:
        for number in range(streams):
            customer = shop.Customer(f"Zoë 😀 {number}", Decimal("100.10"))
            order = (shop.Express if number % 2 else shop.Order)(customer.id)
            category = type(order).__name__
            app.save(customer, order)
            written += [
                Fact("Customer", str(customer.id), 1, "Customer.Created"),
                Fact(category, str(order.id), 1, f"{category}.Created"),
            ]
            for line in range(lines):
                order.add_line(f"A-{line}", Decimal("1.10"))
                app.save(order)
                written.append(Fact(category, str(order.id), line + 2, "Order.LineAdded"))
            if snapshots:
                app.take_snapshot(order.id)
    finally:
        app.close()
    return written


def eventsourcing_many(url: str, events: int, name: str = "Shop", *, each: int = 20) -> None:
    """So many events in streams of `each`, fast: by the library's recorder, below its aggregates."""
    app = shop.application(url, name)
    try:
        for _ in range(max(1, events // each)):
            # Ascending, so that what is written together stands together in the index too.
            order = shop.Order(uuid.UUID(int=time.time_ns() << 64))
            for number in range(each - 1):
                order.add_line(f"A-{number}", Decimal("1.10"))
            app.recorder.insert_events([app.mapper.to_stored_event(e) for e in order.collect_events()])
    finally:
        app.close()


class KeepsWriting:
    """The real library writing to a store from a process of its own, until `stop()`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin: IO[str] = process.stdin
        self._stdout: IO[str] = process.stdout

    def next(self) -> tuple[str, int, int]:
        """(id, version, position) of the next event it wrote; waits for it. Raises AssertionError if it has ended."""
        line = self._stdout.readline()
        assert line, f"the writer ended with {self._process.wait()}"
        ident, version, position = json.loads(line)
        return str(ident), int(version), int(position)

    def stop(self) -> list[tuple[str, int, int]]:
        """Tell it to end; the events it wrote since the last `next()`."""
        self._stdin.close()
        left = [json.loads(line) for line in self._stdout]
        assert self._process.wait(60) == 0
        return [(str(i), int(v), int(p)) for i, v, p in left]


@contextmanager
def eventsourcing_keeps_writing(url: str, *, seconds: float = 0.01, compressed: bool = False) -> Iterator[KeepsWriting]:
    """A process in which the real library writes an event to a Shop every so many seconds."""
    command = [sys.executable, "-m", "tests.eventsourcing_shop", url, "--seconds", str(seconds)]
    if compressed:
        command.append("--compressed")
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield KeepsWriting(process)
        finally:
            process.kill()


# -- Message DB --------------------------------------------------------------------------------------------------------

PACKAGE = "@eventide/message-db"
OWN_SQL = Path(__file__).with_name("message_db.sql")


@lru_cache(maxsize=1)
def message_db_sql() -> tuple[str, ...]:
    """The statements that install Message DB: those of its npm package, our own where that cannot be had.

    The extension is left out: it is not in the server's wheel, and what is used of it has long been built in.
    """
    with tempfile.TemporaryDirectory(prefix="esx-npm-") as folder:
        try:
            packed = subprocess.run(
                ["npm", "pack", PACKAGE, "--silent", "--cache", f"{folder}/cache"],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return (OWN_SQL.read_text(),)
        with tarfile.open(Path(folder) / packed.stdout.split()[-1]) as archive:
            contents = {
                member.name.removeprefix("package/database/"): file.read().decode()
                for member in archive
                if member.name.endswith((".sql", ".sh")) and (file := archive.extractfile(member))
            }
    installed = [
        file
        for script in ("install.sh", "install-functions.sh", "install-indexes.sh", "install-views.sh")
        for file in re.findall(r"(?:-f|run_psql_file) \$base/(\S+\.sql)", contents[script])
    ]
    return tuple(contents[file] for file in installed if not file.startswith("extensions/"))


def message_db(url: str, *, streams: int = 4, events: int = 4) -> list[Fact]:
    """Message DB with accounts and the commands to them, taking turns, written by its own function."""
    facts = []
    with psycopg.connect(url) as connection:
        for sql in message_db_sql():
            connection.execute(sql.encode())
        connection.commit()
        for version in range(1, events + 1):
            for number in range(streams):
                facts.append(message_db_write(connection, "account", f"{number}-a", version))
                facts.append(message_db_write(connection, "account:command", f"{number}-a", version))
                connection.commit()
    return facts


def message_db_write(connection: psycopg.Connection, category: str, ident: str, version: int) -> Fact:
    """One message through `write_message`, expecting it to become this version (from 1)."""
    connection.execute("SET search_path TO message_store, public")
    connection.execute(
        "SELECT write_message(%s, %s, %s, %s, %s, %s)",
        (
            str(uuid.uuid4()),
            f"{category}-{ident}" if ident else category,
            "Deposited",
            json.dumps({"amount": version, "memo": "Zoë 😀"}),
            json.dumps({"correlationStreamName": "bank-1"}),
            version - 2,
        ),
    )
    return Fact(category, ident, version, "Deposited")


# -- Eventuate Local ---------------------------------------------------------------------------------------------------

PACKAGE_OF_SHOP = "net.chrisrichardson.eventstore.examples.customersandorders"
CUSTOMER = f"{PACKAGE_OF_SHOP}.customersservice.domain.Customer"
ORDER = f"{PACKAGE_OF_SHOP}.ordersservice.domain.Order"
INSTALLED_AT = 1_700_000_000_000  # ms

# As its scripts for PostgreSQL make them; {s} is the schema with a dot. SQLite takes the same.
EVENTUATE_SQL = """
CREATE TABLE {s}events (
    {id}event_id varchar(1000){key}, event_type varchar(1000), event_data varchar(1000) NOT NULL,
    entity_type varchar(1000) NOT NULL, entity_id varchar(1000) NOT NULL, triggering_event varchar(1000),
    metadata varchar(1000), published smallint DEFAULT 0
);
CREATE INDEX events_idx ON {s}events (entity_type, entity_id, {order});
CREATE INDEX events_published_idx ON {s}events (published, {order});
CREATE TABLE {s}entities (
    entity_type varchar(1000), entity_id varchar(1000), entity_version varchar(1000) NOT NULL,
    PRIMARY KEY (entity_type, entity_id)
);
CREATE TABLE {s}snapshots (
    entity_type varchar(1000), entity_id varchar(1000), entity_version varchar(1000),
    snapshot_type varchar(1000) NOT NULL, snapshot_json varchar(1000) NOT NULL, triggering_events varchar(1000),
    PRIMARY KEY (entity_type, entity_id, entity_version)
);
"""


def eventuate_id(number: int) -> str:
    """The event id drawn `number` milliseconds after the installation."""
    return f"{INSTALLED_AT + number:016x}-{0x0242AC1200020000:016x}"


def eventuate(url: str, *, streams: int = 4, database_id: bool = False, schema: str = "eventuate") -> list[Fact]:
    """Orders that customers' credit approves, four events each, as Eventuate Local stores them; each service's turn.

    With `database_id`, the first events are from before that mode: they have event ids.
    """
    sqlite = "://" not in url
    prefix = "" if sqlite else f"{schema}."
    sql = EVENTUATE_SQL.format(
        s=prefix,
        id="id bigint PRIMARY KEY, " if database_id else "",
        key="" if database_id else " PRIMARY KEY",
        order="id" if database_id else "event_id",
    )
    history = [fact for turn in range(4) for fact in _orders(streams, turn)]
    rows: list[tuple[Any, ...]] = []
    for number, (fact, data, trigger) in enumerate(history):
        event_id = eventuate_id(number) if not database_id or number < streams else ""
        metadata = '{"tenant": 1.10}' if number % 2 else None
        row = (event_id, fact.type, json.dumps(data), fact.category, fact.id, trigger, metadata)
        rows.append((INSTALLED_AT + number, *row) if database_id else row)
    ends = {(fact.category, fact.id): eventuate_id(number) for number, (fact, _, _) in enumerate(history)}
    entities = [(*key, end) for key, end in ends.items()]
    snapshots = [
        (*key, end, f"{CUSTOMER}Snapshot", '{"creditLimit":{"amount":1000}}')
        for key, end in ends.items()
        if key[0] == CUSTOMER
    ]
    columns = ("id, " if database_id else "") + "event_id, event_type, event_data, entity_type, entity_id"
    inserts: list[tuple[str, Sequence[tuple[Any, ...]]]] = [
        (f"events ({columns}, triggering_event, metadata)", rows),
        ("entities (entity_type, entity_id, entity_version)", entities),
        ("snapshots (entity_type, entity_id, entity_version, snapshot_type, snapshot_json)", snapshots),
    ]
    if sqlite:
        with closing(sqlite3.connect(url)) as file:
            file.executescript(sql)
            for table, values in inserts:
                for value in values:
                    file.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(value))})", value)
            file.commit()
        return [fact for fact, _, _ in history]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema};{sql}".encode())
        for table, values in inserts:
            for value in values:
                cursor.execute(f"INSERT INTO {prefix}{table} VALUES ({', '.join(['%s'] * len(value))})".encode(), value)
    return [fact for fact, _, _ in history]


def _orders(streams: int, turn: int) -> Iterator[tuple[Fact, object, str | None]]:
    """What happens to every order in this turn: the event, its data and the token of the event that caused it."""
    for number in range(streams):
        customer, order = f"c-{number:04}", f"o-{number:04}"
        total = {"amount": 720}
        category, ident, version, kind, data = (
            (CUSTOMER, customer, 1, "customers.events.CustomerCreated", {"name": "Zoë 😀", "creditLimit": total}),
            (ORDER, order, 1, "orders.events.OrderCreated", {"orderTotal": total, "customerId": customer}),
            (CUSTOMER, customer, 2, "customers.events.CustomerCreditReserved", {"orderId": order, "orderTotal": total}),
            (ORDER, order, 2, "orders.events.OrderApproved", {"customerId": customer}),
        )[turn]
        topic = ORDER if category == CUSTOMER else CUSTOMER
        cause = f"etpo:{eventuate_id((turn - 1) * streams + number)}:{topic}:0:{number}" if turn > 1 else None
        yield Fact(category, ident, version, f"{PACKAGE_OF_SHOP}.{kind}Event"), data, cause
