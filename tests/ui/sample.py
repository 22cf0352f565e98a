"""A small shop to look at, made with the stores' own interface."""

from __future__ import annotations

import uuid
from decimal import Decimal

from explorer.model import Event, Json, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store

CUSTOMERS = 3
ORDERS = 30
EVENTS = CUSTOMERS + ORDERS * 2


def money(amount: str) -> Json:
    return {"amount": Decimal(amount)}


def new(type: str, data: Json) -> NewEvent:
    return NewEvent(type, data, str(uuid.uuid4()))


def append(path: str, category: str, id: str, expected: int, *events: NewEvent) -> list[Event]:
    """Append as another program would."""
    store = open_store(StoreSpec(path, writable=True, create=True))
    try:
        return store.append(StreamKey(category, id), expected, list(events))
    finally:
        store.close()


def order(id: int) -> list[NewEvent]:
    lines: Json = [{"sku": "A-1", "quantity": 2, "price": money("19.90")}]
    customer = f"c-{id % CUSTOMERS}"
    created: Json = {"customerId": customer, "lines": lines, "orderTotal": money("39.80"), "revision": 1}
    return [new("OrderCreated", created), new("OrderApproved", {"customerId": customer, "revision": 1})]


def make_shop(path: str, orders: int = ORDERS) -> None:
    """Customers c-0 …, orders o-000 …; each order has two events."""
    store = open_store(StoreSpec(path, writable=True, create=True))
    try:
        for number in range(CUSTOMERS):
            data: Json = {"name": f"Ada {number}", "creditLimit": money("1500.00")}
            store.append(StreamKey("Customer", f"c-{number}"), 0, [new("CustomerCreated", data)])
        for number in range(orders):
            store.append(StreamKey("Order", f"o-{number:03d}"), 0, order(number))
    finally:
        store.close()
