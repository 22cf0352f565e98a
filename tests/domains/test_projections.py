"""The rows of the read models are what the aggregates fold to, whatever comes in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER
from explorer.domains.customers_orders.money import amount_of, plus
from explorer.domains.customers_orders.order import APPROVED, ORDER, PENDING
from explorer.domains.customers_orders.original import ORIGINAL
from explorer.domains.customers_orders.projections import CUSTOMERS, ORDERS
from explorer.domains.customers_orders.sample import history
from explorer.model import Delete, DomainEvent, Key, Projection, Row

START = datetime(2026, 3, 2, tzinfo=UTC)
Tables = dict[str, dict[Key, dict[str, Any]]]


def projected(events: Iterable[DomainEvent], projection: Projection) -> Tables:
    tables: Tables = {table.name: {} for table in projection.tables}
    columns = {table.name: (*table.key, *table.columns) for table in projection.tables}
    keys = {table.name: table.key for table in projection.tables}

    def read(table: str, key: Key) -> Row | None:
        return tables[table].get(key)

    for event in events:
        if event.type not in projection.on:
            continue
        for change in projection.project(event, read):
            rows = tables[change.table]
            if isinstance(change, Delete):
                rows.pop(change.key, None)
                continue
            assert set(change.values) <= set(columns[change.table])
            row = rows.setdefault(change.key, dict.fromkeys(columns[change.table]))
            row.update(zip(keys[change.table], change.key, strict=True))
            row.update(change.values)
    return tables


CUSTOMER_ROWS, ORDER_ROWS = DOMAIN.projections


def folded(events: Iterable[DomainEvent]) -> tuple[dict[str, Any], dict[str, Any]]:
    customers: dict[str, Any] = {}
    orders: dict[str, Any] = {}
    for event in events:
        states, aggregate = (customers, CUSTOMER) if event.category in CUSTOMER.claims else (orders, ORDER)
        states[event.id] = aggregate.evolve(states.get(event.id, {}), event)
    return customers, orders


def as_folded(events: list[DomainEvent]) -> None:
    """Every column, from the states of the aggregates."""
    customers, orders = folded(events)
    tables = projected(events, CUSTOMER_ROWS) | projected(events, ORDER_ROWS)
    assert {id_ for (id_,) in tables["orders"]} == set(orders)
    for id_, row in ((str(key[0]), row) for key, row in tables["orders"].items()):
        order = orders[id_]
        assert (row["order_id"], row["customer_id"], row["status"]) == (id_, order["customerId"], order["status"])
        assert row["order_total"] == amount_of(order["orderTotal"])
        assert row["approved_total"] == (amount_of(order["approved"]["orderTotal"]) if order["approved"] else None)
        assert (row["revision"], row["reason"]) == (order["revision"], order["reason"])
        ours = [event for event in events if event.category == "Order" and event.id == id_]
        assert (row["placed_at"], row["changed_at"]) == tuple(
            event.recorded_at and event.recorded_at.isoformat(timespec="microseconds") for event in (ours[0], ours[-1])
        )
        assert row["tracking"] == next((e.data["tracking"] for e in ours if e.type == "OrderShipped"), None)
        beside = tables["customer_orders"][(order["customerId"], id_)]
        for column in ("status", "order_total", "approved_total", "revision"):
            assert beside[column] == row[column]
        held = customers.get(order["customerId"], {}).get("reservations", {}).get(id_)
        assert beside["reserved"] == (amount_of(held["orderTotal"]) if held else None)
    held_for = {(id_, order) for id_, customer in customers.items() for order in customer.get("reservations", ())}
    assert set(tables["customer_orders"]) == held_for | {(order["customerId"], id_) for id_, order in orders.items()}
    assert {id_ for (id_,) in tables["customers"]} == set(customers) | {o["customerId"] for o in orders.values()}
    for id_, row in ((str(key[0]), row) for key, row in tables["customers"].items()):
        customer = customers.get(id_)
        theirs = [order for order in orders.values() if order["customerId"] == id_]
        assert row["orders"] == len(theirs)
        assert row["open_orders"] == sum(order["status"] in (PENDING, APPROVED) for order in theirs)
        assert row["name"] == (customer["name"] if customer else None)
        assert row["credit_limit"] == (amount_of(customer["creditLimit"]) if customer else None)
        reserved = [amount_of(r["orderTotal"]) for r in customer["reservations"].values()] if customer else []
        assert row["reserved"] == plus(*reserved)


def sample(events: int, seed: int, span: timedelta) -> list[DomainEvent]:
    written = [(w.key, event) for w in history(events, seed, START, span) for event in w.events]
    return [
        DomainEvent(key.category, key.id, number, event.type, event.data, event.metadata, event.event_id,
                    event.recorded_at, number)
        for number, (key, event) in enumerate(written, 1)
    ]  # fmt: skip


def test_a_whole_history() -> None:
    as_folded(sample(5_000, 1, timedelta(weeks=6)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), upto=st.integers(1, 400), hours=st.integers(1, 200))
def test_any_history_at_any_moment(seed: int, upto: int, hours: int) -> None:
    as_folded(sample(400, seed, timedelta(hours=hours))[:upto])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), chance=st.randoms(use_true_random=False))
def test_it_does_not_matter_how_streams_are_interleaved(seed: int, chance: Any) -> None:
    events = sample(150, seed, timedelta(hours=20))
    streams: dict[tuple[str, str], list[DomainEvent]] = {}
    for event in events:
        streams.setdefault((event.category, event.id), []).append(event)
    mixed: list[DomainEvent] = []
    left = list(streams.values())
    while left:
        stream = chance.choice(left)
        mixed.append(stream.pop(0))
        left = [stream for stream in left if stream]
    for projection in DOMAIN.projections:
        assert projected(mixed, projection) == projected(events, projection)


def event(category: str, id_: str, kind: str, **data: Any) -> DomainEvent:
    return DomainEvent(category, id_, 1, kind, data)


def test_an_order_of_a_customer_nobody_knows() -> None:
    placed = event("Order", "o", "OrderCreated", customerId="x", lines=[], orderTotal={"amount": 5}, revision=1)
    rejected = event("Order", "o", "OrderRejected", customerId="x", revision=1, reason="unknown customer")
    tables = projected([placed, rejected], CUSTOMER_ROWS)
    assert tables["customers"][("x",)] == {
        **dict.fromkeys(("name", "credit_limit")), "customer_id": "x", "reserved": 0, "orders": 1, "open_orders": 0,
    }  # fmt: skip
    known = event("Customer", "x", "CustomerCreated", name="Ada", creditLimit={"amount": 7})
    row = projected([placed, rejected, known], CUSTOMER_ROWS)["customers"][("x",)]
    assert (row["name"], row["credit_limit"], row["orders"]) == ("Ada", 7, 1)


def test_the_original_events_have_neither_lines_nor_revision() -> None:
    assert DOMAIN.upcast is not None
    shop = [
        (f"{ORIGINAL}.customersservice.domain.Customer", "c", "customers.events.CustomerCreatedEvent",
         {"name": "Fred", "creditLimit": {"amount": 1000}}),
        (f"{ORIGINAL}.ordersservice.domain.Order", "o", "orders.events.OrderCreatedEvent",
         {"orderTotal": {"amount": 720}, "customerId": "c"}),
        (f"{ORIGINAL}.customersservice.domain.Customer", "c", "customers.events.CustomerCreditReservedEvent",
         {"orderId": "o", "orderTotal": {"amount": 720}}),
        (f"{ORIGINAL}.ordersservice.domain.Order", "o", "orders.events.OrderApprovedEvent", {"customerId": "c"}),
    ]  # fmt: skip
    events = []
    for number, (category, id_, kind, data) in enumerate(shop, 1):
        kind, data = DOMAIN.upcast(f"{ORIGINAL}.{kind}", 1, data)
        events.append(DomainEvent(category, id_, number, kind, data, position=number))
    assert projected(events, ORDER_ROWS)["orders"][("o",)] == {
        "order_id": "o", "customer_id": "c", "status": "APPROVED", "order_total": 720, "approved_total": 720,
        "revision": 1, "reason": None, "tracking": None, "placed_at": None, "changed_at": None,
    }  # fmt: skip
    tables = projected(events, CUSTOMER_ROWS)
    assert tables["customer_orders"][("c", "o")]["reserved"] == 720
    assert tables["customers"][("c",)]["open_orders"] == 1


def test_what_was_reserved_for_no_order_leaves_nothing() -> None:
    reserved = event("Customer", "c", "CustomerCreditReserved", orderId="o", orderTotal={"amount": 3})
    released = event("Customer", "c", "CustomerCreditReleased", orderId="o", orderTotal={"amount": 3})
    assert projected([reserved], CUSTOMER_ROWS)["customer_orders"][("c", "o")]["status"] is None
    assert projected([reserved, released], CUSTOMER_ROWS)["customer_orders"] == {}
    assert projected([reserved, released], CUSTOMER_ROWS)["customers"][("c",)]["reserved"] == 0


def test_sums_keep_all_digits() -> None:
    long = Decimal("1." + "3" * 60)
    reserved = event("Customer", "c", "CustomerCreditReserved", orderId="o", orderTotal={"amount": long})
    again = replace(reserved, data={"orderId": "o", "orderTotal": {"amount": plus(long, 1)}})
    assert projected([reserved, again], CUSTOMER_ROWS)["customers"][("c",)]["reserved"] == plus(long, 1)


def test_names_and_keys() -> None:
    assert [projection.name for projection in DOMAIN.projections] == ["customers", "orders"]
    assert (CUSTOMERS.key, ORDERS.key) == (("customer_id",), ("order_id",))
    handled = {kind for projection in DOMAIN.projections for kind in projection.on}
    assert set(CUSTOMER.events) | set(ORDER.events) == handled | {"CustomerCreditLimitExceeded"}
