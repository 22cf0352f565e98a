"""The verb services: what is run reacts, who runs what is listed, and what cannot be run says why."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from explorer.model import StreamKey
from explorer.stores import StoreSpec, open_store
from tests import stores_written
from tests.cli.running import Run, program
from tests.patience import PATIENCE, until

LISTED = [
    *("subscription", "owner", "epoch", "position", "lag", "saved_at"),
    *("state", "detail", "paused", "parked"),
]


@pytest.fixture
def url(own_url: str, run: Run) -> str:
    """A store with a customer and an order that nobody has answered yet."""
    customer = ("--id", "c", "--set", "name=Ada", "--set", 'creditLimit={"amount": 100}')
    assert run("issue", own_url, "Customer", "CreateCustomer", *customer, "--create").code == 0
    lines = 'lines=[{"sku": "tea", "quantity": 1, "price": {"amount": 10}}]'
    assert run("issue", own_url, "Order", "CreateOrder", "--id", "o", "--set", "customerId=c", "--set", lines).code == 0
    return own_url


def types(url: str, category: str, id_: str) -> list[str]:
    store = open_store(StoreSpec(url))
    found = [event.type for event in store.stream_events(StreamKey(category, id_))]
    store.close()
    return found


def served(run: Run, words: Sequence[str], true: Callable[[], bool]) -> set[tuple[str, str]]:
    """Have services run for a second, and for another one until this is true. → what they said: service and state"""
    said: set[tuple[str, str]] = set()
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        done = run("services", "run", *words, "--seconds", "1")
        assert done.code == 0
        said |= {(row["service"], row["state"]) for row in done.rows(["service", "state", "detail"])}
    return said


def test_services_react_and_are_listed(url: str, run: Run) -> None:
    assert run("services", "list", url).rows(LISTED) == []

    def lags() -> list[int]:
        return [row["lag"] for row in run("services", "list", url).rows(LISTED)]

    assert served(run, [url], lambda: lags() == [0] * 4) >= {("customer", "live"), ("order", "live")}
    assert types(url, "Order", "o") == ["OrderCreated", "OrderApproved"]
    listed = run("services", "list", url).rows(LISTED)
    names = ("customer", "order", "views.customers", "views.orders")
    assert [row["subscription"] for row in listed] == [f"customers_orders.{name}" for name in names]
    assert [(row["owner"], row["lag"]) for row in listed] == [(None, 0)] * 4


def test_one_service_alone(url: str, run: Run) -> None:
    reserved = ["CustomerCreated", "CustomerCreditReserved"]
    said = served(run, [url, "--service", "customer"], lambda: types(url, "Customer", "c") == reserved)
    assert said == {("customer", "live")}
    assert types(url, "Order", "o") == ["OrderCreated"]


def test_two_that_run_do_everything_once(url: str, tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "other"]

    def said(service: str) -> int:  # whoever stands by says so once
        return sum(file.read_text().count(f"has customers_orders.{service}.") for file in files)

    with ExitStack() as stack:
        both = [
            stack.enter_context(program("services", "run", url, stdout=stack.enter_context(file.open("w"))))
            for file in files
        ]
        until(lambda: said("customer") and said("order") and len(types(url, "Order", "o")) == 2)
        for one in both:
            one.send_signal(signal.SIGINT)
        for one in both:
            _, err = one.communicate(timeout=PATIENCE)
            assert (one.returncode, err.split()[-1]) == (130, "Interrupted.")
    assert said("customer") == said("order") == 1
    assert types(url, "Customer", "c") == ["CustomerCreated", "CustomerCreditReserved"]
    assert types(url, "Order", "o") == ["OrderCreated", "OrderApproved"]


def test_what_cannot_be_run_says_why(url: str, run: Run, tmp_path: Path) -> None:
    done = run("services", "run", url, "--service", "nobody")
    assert done.code == 2
    assert "customers_orders.customer" in done.err
    foreign = str(tmp_path / "foreign.sqlite")
    stores_written.eventsourcing(foreign)
    assert run("services", "run", foreign, "--seconds", "1").code == 1
    assert run("services", "list", foreign).rows(LISTED) == []
    assert run("services", "run", f"{url}-missing", "--seconds", "1").code == 3
