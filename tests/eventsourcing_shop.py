"""An application of the real library `eventsourcing`, which writes the stores that the tests read.

As a program it keeps writing until its standard input is closed, one line of JSON on standard output for each event:

    python -m tests.eventsourcing_shop URL [--seconds S] [--application NAME] [--compressed]
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import uuid
from decimal import Decimal
from typing import Any

import psycopg.conninfo
from eventsourcing.application import Application
from eventsourcing.cryptography import AESCipher
from eventsourcing.domain import Aggregate, event

KEY = AESCipher.create_key(16)


class Customer(Aggregate):
    def __init__(self, name: str, credit_limit: Decimal) -> None:
        self.name = name
        self.credit_limit = credit_limit

    @event("Renamed")
    def rename(self, name: str) -> None:
        self.name = name


class Order(Aggregate):
    def __init__(self, customer_id: uuid.UUID) -> None:
        self.customer_id = customer_id
        self.lines: list[dict[str, Any]] = []

    @event("LineAdded")
    def add_line(self, sku: str, price: Decimal) -> None:
        self.lines.append({"sku": sku, "price": price})


class Express(Order):
    """Its first event is Express.Created, the others are those of Order."""


class Shop(Application[uuid.UUID]):
    pass


class Depot(Application[uuid.UUID]):
    pass


APPLICATIONS: dict[str, type[Application[uuid.UUID]]] = {"Shop": Shop, "Depot": Depot}


def application(
    url: str, name: str = "Shop", *, compressed: bool = False, encrypted: bool = False
) -> Application[uuid.UUID]:
    """The application on a SQLite file or a PostgreSQL database; makes its tables. To be closed."""
    if url.startswith("postgresql:"):
        parts = psycopg.conninfo.conninfo_to_dict(url)
        env = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts["host"]),
            "POSTGRES_PORT": str(parts["port"]),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": str(parts.get("password", "")),
        }
    else:
        env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": url}
    if compressed:
        env["COMPRESSOR_TOPIC"] = "eventsourcing.compressor:ZlibCompressor"
    if encrypted:
        env["CIPHER_TOPIC"] = "eventsourcing.cryptography:AESCipher"
        env["CIPHER_KEY"] = KEY
    return APPLICATIONS[name](env={**env, "IS_SNAPSHOTTING_ENABLED": "y"})


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("--seconds", type=float, default=0.01)
    arguments.add_argument("--application", default="Shop")
    arguments.add_argument("--compressed", action="store_true")
    given = arguments.parse_args()
    over = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=listen, daemon=True).start()
    app = application(given.url, given.application, compressed=given.compressed)
    order: Order | None = None
    while not over.is_set():
        if order is None or order.version >= 20:
            order = Order(uuid.uuid4())
        order.add_line(f"A-{order.version}", Decimal("1.10"))
        for recorded in app.save(order):
            happened = recorded.domain_event
            print(
                json.dumps([str(happened.originator_id), happened.originator_version, recorded.notification.id]),
                flush=True,
            )
        over.wait(given.seconds)
    app.close()


if __name__ == "__main__":
    main()
