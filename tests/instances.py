"""Instances of the customer service in processes of their own, to be stopped, continued and killed.

As a program (`python -m tests.instances URL`) it is one of them.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from decimal import Decimal

from explorer import commands
from explorer.cancellation import Cancellation
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER, CreateCustomer
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, CreateOrder
from explorer.follow import Standing
from explorer.model import StreamKey
from explorer.policies import run_service
from explorer.stores import Store, StoreSpec
from explorer.stores.store import Subscribed
from tests.patience import PATIENCE


class Service:
    """The customer service in a process of its own."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self._url = url
        self.process = subprocess.Popen([sys.executable, "-m", "tests.instances", url], stdout=subprocess.PIPE)
        stack.callback(self.end)
        assert self.process.stdout is not None
        # It works, or stands by: how long a process takes to start is not what is measured.
        assert self.process.stdout.readline().strip() in (b"live", b"standby")

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        """Stop it for now, outside of a transaction: in SQLite one that is stopped inside holds the only write lock,
        and nobody can do anything until it goes on."""
        while True:
            os.kill(self.pid, signal.SIGSTOP)
            if self._url.startswith("postgresql") or _can_be_written(self._url):
                return
            self.go_on()
            time.sleep(0.05)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def _can_be_written(path: str) -> bool:
    with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as driver:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        driver.execute("ROLLBACK")
        return True


def customer(store: Store) -> None:
    commands.issue(store, DOMAIN, CUSTOMER, "c", CreateCustomer("Ada", Money(Decimal(1_000_000))))


def order(store: Store, id_: str) -> None:
    lines = (Line(sku="tea", quantity=1, price=Money(Decimal(1))),)
    commands.issue(store, DOMAIN, ORDER, id_, CreateOrder(customerId="c", lines=lines))


def reserved(store: Store) -> list[str]:
    return [
        event.data.decode().split('"orderId":"')[1].split('"')[0]
        for event in store.stream_events(StreamKey("Customer", "c"), limit=10_000)
        if event.type == "CustomerCreditReserved"
    ]


def known(store: Store) -> Subscribed | None:
    return next(iter(store.subscriptions()), None)


def owned_by(store: Store, pid: int) -> float:
    """Wait until this process owns the subscription. → seconds"""
    began = time.monotonic()
    while (owner := known(store)) is None or not owner.owner.startswith(f"{pid}@"):
        assert time.monotonic() - began < PATIENCE, f"{owner} instead of {pid}"
        time.sleep(0.02)
    return time.monotonic() - began


def until_reserved(store: Store, id_: str) -> None:
    end = time.monotonic() + PATIENCE
    while id_ not in reserved(store):
        assert time.monotonic() < end, f"{id_} is not in {reserved(store)}"
        time.sleep(0.02)


if __name__ == "__main__":

    def tell(service: str, standing: Standing) -> None:
        print(standing.state, flush=True)

    run_service(StoreSpec(sys.argv[1]), DOMAIN, "customer", Cancellation(), tell)
