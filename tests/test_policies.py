"""Policies on real stores: reactions happen once, whatever is killed, refused, conflicting or raising."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from explorer import commands
from explorer.cancellation import Cancellation
from explorer.causation import caused_id
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER, CreateCustomer
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, CancelOrder, CreateOrder
from explorer.errors import Conflict, Invalid
from explorer.follow import Standing
from explorer.model import CommandFor, Domain, DomainEvent, Event, EventQuery, NewEvent, Policy, StreamKey
from explorer.policies import Reactions, reacting, run_service
from explorer.stores import Store, StoreSpec, open_store
from explorer.subscription import Arrival
from tests.patience import PATIENCE, until


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    yield store
    store.close()


@contextmanager
def running(url: str, domain: Domain = DOMAIN) -> Iterator[list[Standing]]:
    """All services of the domain, each in a thread."""
    cancellation = Cancellation()
    told: list[Standing] = []
    threads = [
        threading.Thread(
            target=run_service,
            args=(StoreSpec(url), domain, service, cancellation, lambda _, standing: told.append(standing)),
        )
        for service in reacting(domain)
    ]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        cancellation.cancel()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def money(amount: str) -> Money:
    return Money(Decimal(amount))


def customer(store: Store, id_: str = "c", limit: str = "100") -> None:
    commands.issue(store, DOMAIN, CUSTOMER, id_, CreateCustomer("Ada", money(limit)))


def order(store: Store, id_: str = "o", customer_id: str = "c", price: str = "10") -> list[Event]:
    lines = (Line(sku="tea", quantity=1, price=money(price)),)
    return commands.issue(store, DOMAIN, ORDER, id_, CreateOrder(customerId=customer_id, lines=lines))


def types(store: Store, category: str, id_: str) -> list[str]:
    return [event.type for event in store.stream_events(StreamKey(category, id_))]


def until_types(store: Store, category: str, id_: str, wanted: list[str]) -> None:
    end = time.monotonic() + PATIENCE
    while (found := types(store, category, id_)) != wanted:
        assert time.monotonic() < end, f"{found} instead of {wanted}"
        time.sleep(0.01)


def metadata(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event.metadata)
    return found


def test_an_order_is_approved(own_url: str, store: Store) -> None:
    customer(store)
    with running(own_url) as told:
        order(store, "first")
        until_types(store, "Order", "first", ["OrderCreated", "OrderApproved"])
        created = order(store, "second")[0]
        until_types(store, "Order", "second", ["OrderCreated", "OrderApproved"])
    approved = store.stream_events(StreamKey("Order", "second"))[1]
    reserved = store.stream_events(StreamKey("Customer", "c"))[-1]
    assert metadata(reserved)["causation_id"] == created.event_id
    assert (metadata(reserved)["service"], metadata(approved)["service"]) == ("customer", "order")
    assert metadata(approved)["causation_id"] == reserved.event_id
    assert metadata(approved)["correlation_id"] == metadata(created)["correlation_id"]
    assert reserved.event_id == caused_id("customers_orders.customer", created.event_id or "", "0", 0)
    assert all(standing.state == "live" for standing in told)


def test_rejections_unknown_customers_and_releases(own_url: str, store: Store) -> None:
    customer(store)
    with running(own_url):
        order(store, "dear", price="100.01")
        order(store, "equal", price="100")
        order(store, "strange", customer_id="nobody")
        until_types(store, "Order", "dear", ["OrderCreated", "OrderRejected"])
        until_types(store, "Order", "equal", ["OrderCreated", "OrderApproved"])
        until_types(store, "Order", "strange", ["OrderCreated", "OrderRejected"])
        commands.issue(store, DOMAIN, ORDER, "equal", CancelOrder("changed my mind"))
        made = ["CustomerCreated", "CustomerCreditLimitExceeded", "CustomerCreditReserved", "CustomerCreditReleased"]
        until_types(store, "Customer", "c", made)
        order(store, "again", price="100")
        until_types(store, "Order", "again", ["OrderCreated", "OrderApproved"])
    assert types(store, "Customer", "nobody") == []


def all_events(store: Store) -> list[Event]:
    return list(store.events(EventQuery(limit=1000)).rows)


def test_doing_it_all_again_changes_nothing(own_url: str, store: Store) -> None:
    """As after a kill before any checkpoint was saved."""
    customer(store, limit="25")
    for number in range(4):
        order(store, f"o{number}")
    with running(own_url):
        for number in range(4):
            wanted = "OrderApproved" if number < 2 else "OrderRejected"
            until_types(store, "Order", f"o{number}", ["OrderCreated", wanted])
        commands.issue(store, DOMAIN, ORDER, "o0", CancelOrder("room for others"))
        until(lambda: "CustomerCreditReleased" in types(store, "Customer", "c"))
        wait_for_checkpoints(store)
    before = all_events(store)
    for service in reacting(DOMAIN):
        reactions = Reactions(DOMAIN, service)
        for event in before:
            # Decided anew, the orders rejected for credit would now be approved.
            reactions.handle(store, Arrival(event))
    assert all_events(store) == before


def wait_for_checkpoints(store: Store) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        saved = [known.checkpoint for known in store.subscriptions()]
        head = store.head()
        behind = [one for one in saved if not one or json.loads(one)["position"] != head]
        if len(saved) == len(reacting(DOMAIN)) and not behind:
            return
        assert time.monotonic() < end, f"{saved} and the head is {head}"
        time.sleep(0.02)


def test_a_service_goes_on_where_it_was(own_url: str, store: Store) -> None:
    customer(store)
    with running(own_url):
        order(store, "one")
        until_types(store, "Order", "one", ["OrderCreated", "OrderApproved"])
        wait_for_checkpoints(store)
    order(store, "two")
    with running(own_url):
        until_types(store, "Order", "two", ["OrderCreated", "OrderApproved"])


def counting(react: Any) -> Domain:
    policy = Policy("bother", "bothering", ("OrderCreated",), react)
    return replace(DOMAIN, name="bothering", policies=(policy,))


def test_a_policy_that_raises_is_reported_and_tried_again(own_url: str, store: Store) -> None:
    attempts = 0

    def react(event: DomainEvent) -> Sequence[CommandFor]:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise KeyError("lines")
        return [CommandFor("Order", event.id, CancelOrder("bothered"))]

    order(store)
    with running(own_url, counting(react)) as told:
        until_types(store, "Order", "o", ["OrderCreated", "OrderCancelled"])
    assert attempts == 3
    assert told[0].state == "failing"
    assert told[0].detail == "OrderCreated at position 1: KeyError: 'lines'"


def test_a_refusal_that_nobody_expected_is_told_and_passed_by(own_url: str, store: Store) -> None:
    def react(event: DomainEvent) -> Sequence[CommandFor]:
        return [CommandFor("Order", event.id, CreateOrder("c", (Line("tea", 1, money("1")),)))]

    order(store, "one")
    order(store, "two")
    with running(own_url, counting(react)) as told:
        until(lambda: len([standing for standing in told if standing.state == "refused"]) == 2)
    assert told[0].detail.startswith("bother: CreateOrder to Order one after OrderCreated at position 1 was refused:")


def test_others_who_write_to_the_same_stream_are_no_obstacle(own_url: str, store: Store) -> None:
    customer(store, limit="1000000")
    stop = threading.Event()

    def disturb() -> None:
        with_own = open_store(StoreSpec(own_url, writable=True))
        while not stop.is_set():
            version = with_own.stream(StreamKey("Customer", "c"))
            assert version is not None
            event = NewEvent("SomethingElse", {}, str(uuid.uuid4()))
            try:
                with_own.append(StreamKey("Customer", "c"), version.version, [event])
            except Conflict:
                continue
            time.sleep(0.005)
        with_own.close()

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        with running(own_url):
            for number in range(10):
                order(store, f"o{number}")
            for number in range(10):
                until_types(store, "Order", f"o{number}", ["OrderCreated", "OrderApproved"])
    finally:
        stop.set()
        thread.join()
    assert types(store, "Customer", "c").count("CustomerCreditReserved") == 10


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(Invalid, match="no service shipping"):
        run_service(StoreSpec("nowhere.sqlite"), DOMAIN, "shipping", Cancellation())
