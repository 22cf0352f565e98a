"""Read models: customers with their orders, and current orders, as rows to ask with SQL.

Each column is written by the events of one stream only: what an order says of itself by the Order's, what is reserved
for it by the Customer's. So it does not matter which of the two is heard first. An order of an unknown customer makes a
customer without a name. Events of the original example lack revisions and reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from explorer.domains.customers_orders.money import Amount, amount_of, negated, plus
from explorer.domains.customers_orders.order import APPROVED, CANCELLED, PENDING, REJECTED, SHIPPED
from explorer.model import Delete, DomainEvent, Json, Key, Projection, Put, ReadRow, Row, RowChange, Table

_ORDER = ("OrderCreated", "OrderRevised", "OrderApproved", "OrderRejected", "OrderRevisionRefused", "OrderCancelled",
          "OrderShipped")  # fmt: skip
_CUSTOMER = ("CustomerCreated", "CustomerCreditLimitChanged", "CustomerCreditReserved", "CustomerCreditReleased")

_STATUS = {
    "OrderCreated": PENDING,
    "OrderRevised": PENDING,
    "OrderApproved": APPROVED,
    "OrderRejected": REJECTED,
    "OrderRevisionRefused": APPROVED,
    "OrderCancelled": CANCELLED,
    "OrderShipped": SHIPPED,
}
_OPEN = (PENDING, APPROVED)  # still on the way to the customer

ORDERS = Table(
    "orders",
    key=("order_id",),
    columns={
        "customer_id": "text",
        "status": "text",
        "order_total": "decimal",
        "approved_total": "decimal",
        "revision": "integer",
        "reason": "text",
        "tracking": "text",
        "placed_at": "time",
        "changed_at": "time",
    },
)
CUSTOMERS = Table(
    "customers",
    key=("customer_id",),
    columns={
        "name": "text",
        "credit_limit": "decimal",
        "reserved": "decimal",
        "orders": "integer",
        "open_orders": "integer",
    },
)
CUSTOMER_ORDERS = Table(
    "customer_orders",
    key=("customer_id", "order_id"),
    columns={
        "status": "text",
        "order_total": "decimal",
        "approved_total": "decimal",
        "revision": "integer",
        "reserved": "decimal",
    },
)


def order_rows(event: DomainEvent, read: ReadRow) -> Sequence[RowChange]:
    """The order as it is after one of its events."""
    key = (event.id,)
    values: dict[str, Json] = {**_order(event, read(ORDERS.name, key)), "changed_at": _when(event.recorded_at)}
    match event.type:
        case "OrderCreated":
            values |= {"customer_id": event.data["customerId"], "placed_at": values["changed_at"]}
        case "OrderShipped":
            values["tracking"] = event.data.get("tracking")
    if event.type != "OrderShipped":  # which says nothing of reasons
        values["reason"] = event.data.get("reason")
    return [Put(ORDERS.name, key, values)]


def customer_rows(event: DomainEvent, read: ReadRow) -> Sequence[RowChange]:
    """The customer and the order as they are after an event of either."""
    data = event.data
    match event.type:
        case "CustomerCreated":
            values = {"name": data["name"], "credit_limit": amount_of(data["creditLimit"])}
            return [_customer(event.id, read, values)]
        case "CustomerCreditLimitChanged":
            return [_customer(event.id, read, {"credit_limit": amount_of(data["creditLimit"])})]
        case "CustomerCreditReserved":
            return _reserved(event.id, data["orderId"], amount_of(data["orderTotal"]), read)
        case "CustomerCreditReleased":
            return _reserved(event.id, data["orderId"], None, read)
    return _placed(event, read)


def _order(event: DomainEvent, known: Row | None) -> dict[str, Json]:
    """What an event says of its order, where `known` is the row before."""
    data = event.data
    values: dict[str, Json] = {"status": _STATUS[event.type]}
    match event.type:
        case "OrderCreated" | "OrderRevised":
            values |= {"order_total": amount_of(data["orderTotal"]), "revision": data.get("revision", 1)}
        case "OrderApproved":
            values["approved_total"] = known["order_total"] if known else None
        case "OrderRevisionRefused":
            values["order_total"] = known["approved_total"] if known else None
    return values


def _placed(event: DomainEvent, read: ReadRow) -> Sequence[RowChange]:
    customer_id: Any = event.data["customerId"]
    key = (customer_id, event.id)
    known = read(CUSTOMER_ORDERS.name, key)
    values = _order(event, known)
    before = known["status"] if known else None
    orders = int(before is None)
    opened = int(values["status"] in _OPEN) - int(before in _OPEN)
    changed: list[RowChange] = [Put(CUSTOMER_ORDERS.name, key, values)]
    if orders or opened:
        changed.append(_customer(customer_id, read, {}, orders=orders, opened=opened))
    return changed


def _reserved(customer_id: str, order_id: str, amount: Amount | None, read: ReadRow) -> Sequence[RowChange]:
    """So much is reserved for an order from now on; None: nothing."""
    key: Key = (customer_id, order_id)
    known = read(CUSTOMER_ORDERS.name, key)
    before: Any = known["reserved"] if known else None
    more = plus(amount or 0, negated(before or 0))
    order: RowChange = Put(CUSTOMER_ORDERS.name, key, {"reserved": amount})
    if amount is None and not (known and known["status"]):
        order = Delete(CUSTOMER_ORDERS.name, key)  # of an order that was never placed nothing is left
    return [order, _customer(customer_id, read, {}, reserved=more)]


def _customer(
    id_: str, read: ReadRow, values: Row, *, reserved: Amount = 0, orders: int = 0, opened: int = 0
) -> RowChange:
    """The customer with these values, so much more reserved and so many more orders."""
    key = (id_,)
    known: Any = read(CUSTOMERS.name, key) or {"reserved": 0, "orders": 0, "open_orders": 0}
    counted: dict[str, Json] = {
        "reserved": plus(known["reserved"], reserved),
        "orders": known["orders"] + orders,
        "open_orders": known["open_orders"] + opened,
    }
    return Put(CUSTOMERS.name, key, {**values, **counted})


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


PROJECTIONS = (
    Projection("customers", (*_CUSTOMER, *_ORDER), (CUSTOMERS, CUSTOMER_ORDERS), customer_rows),
    Projection("orders", _ORDER, (ORDERS,), order_rows),
)
