"""The verb services: what is run reacts, who runs what is listed, and what cannot be run says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.model import StreamKey
from explorer.stores import StoreSpec, open_store
from tests import stores_written
from tests.cli.running import Run, program

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


def test_services_react_and_are_listed(url: str, run: Run) -> None:
    assert run("services", "list", url).rows(LISTED) == []
    done = run("services", "run", url, "--seconds", "3")
    assert done.code == 0
    assert {(row["service"], row["state"]) for row in done.rows(["service", "state", "detail"])} >= {
        ("customer", "live"),
        ("order", "live"),
    }
    assert types(url, "Order", "o") == ["OrderCreated", "OrderApproved"]
    listed = run("services", "list", url).rows(LISTED)
    names = ("customer", "order", "views.customers", "views.orders")
    assert [row["subscription"] for row in listed] == [f"customers_orders.{name}" for name in names]
    assert [(row["owner"], row["lag"]) for row in listed] == [(None, 0)] * 4


def test_one_service_alone(url: str, run: Run) -> None:
    assert run("services", "run", url, "--service", "customer", "--seconds", "2").code == 0
    assert types(url, "Order", "o") == ["OrderCreated"]
    assert types(url, "Customer", "c") == ["CustomerCreated", "CustomerCreditReserved"]


def test_two_that_run_do_everything_once(url: str) -> None:
    both = [program("services", "run", url, "--seconds", "4") for _ in range(2)]
    said = []
    for one in both:
        out, err = one.communicate(timeout=30)
        assert (one.returncode, err) == (0, "")
        said.append(out)
    for service in ("customer", "order"):  # whoever stands by says so once
        assert sum(out.count(f"has customers_orders.{service}.") for out in said) == 1
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
