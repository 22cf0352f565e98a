"""Several instances of one service, as processes: one works, the others stand by; stopped, continued and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal

import pytest

from explorer import commands
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER, CreateCustomer
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, CreateOrder
from explorer.model import StreamKey
from explorer.projections import LEASE
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.store import Subscribed

TAKEN_OVER = 10.0  # seconds


class Service:
    """The customer service in a process of its own."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.service", url, "customer"], stdout=subprocess.PIPE, text=True
        )
        stack.callback(self.end)

    @property
    def pid(self) -> int:
        return self.process.pid

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    commands.issue(store, DOMAIN, CUSTOMER, "c", CreateCustomer("Ada", Money(Decimal(1_000_000))))
    yield store
    store.close()


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


def owned_by(store: Store, pid: int, seconds: float = TAKEN_OVER) -> float:
    """Wait until this process owns the subscription. → seconds"""
    began = time.monotonic()
    while (owner := known(store)) is None or not owner.owner.startswith(f"{pid}@"):
        assert time.monotonic() - began < seconds, f"{owner} instead of {pid}"
        time.sleep(0.02)
    return time.monotonic() - began


def until_reserved(store: Store, id_: str, seconds: float = TAKEN_OVER) -> None:
    end = time.monotonic() + seconds
    while id_ not in reserved(store):
        assert time.monotonic() < end, f"{id_} is not in {reserved(store)}"
        time.sleep(0.02)


def test_a_stopped_owner_that_comes_back_commits_nothing(own_url: str, store: Store) -> None:
    with ExitStack() as stack:
        first = Service(own_url, stack)
        owned_by(store, first.pid)
        order(store, "before")
        until_reserved(store, "before")
        second = Service(own_url, stack)
        os.kill(first.pid, signal.SIGSTOP)
        order(store, "while stopped")
        took = owned_by(store, second.pid)
        assert took >= LEASE - 2.0, "not before the owner was silent for a while"
        until_reserved(store, "while stopped")
        taken = known(store)
        os.kill(first.pid, signal.SIGCONT)
        for number in range(20):
            order(store, f"after {number}")
        until_reserved(store, "after 19")
        time.sleep(1.5)  # the first one has beaten, and has been told
        assert sorted(reserved(store)) == sorted(set(reserved(store))), "done once each"
        now = known(store)
        assert taken is not None
        assert now is not None
        assert (now.owner, now.epoch) == (taken.owner, taken.epoch), "it stays where it is"


def test_after_a_kill_another_instance_goes_on(own_url: str, store: Store) -> None:
    with ExitStack() as stack:
        first = Service(own_url, stack)
        owned_by(store, first.pid)
        second = Service(own_url, stack)
        order(store, "one")
        until_reserved(store, "one")
        first.end()
        order(store, "two")
        owned_by(store, second.pid)
        until_reserved(store, "two")
        assert sorted(reserved(store)) == ["one", "two"]
