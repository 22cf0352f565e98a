"""What must hold, whatever happens: each a function that says what is wrong, or nothing.

The first three look at one step of one stream: the event, the state before and the state after it. The last looks at
all customers and orders once the policies have nothing left to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from explorer.domains.customers_orders.money import amount_of, plus, total
from explorer.domains.customers_orders.order import APPROVED, PENDING, SHIPPED
from explorer.model import DomainEvent


def reservations_within_limit(before: Any, event: DomainEvent, after: Any) -> str | None:
    """No customer's reservations exceed the limit that held when the last of them was made."""
    if event.type != "CustomerCreditReserved":
        return None
    reserved = plus(*(amount_of(reservation["orderTotal"]) for reservation in after["reservations"].values()))
    limit = amount_of(after["creditLimit"])
    if reserved <= limit:
        return None
    return f"{reserved} is reserved of a credit limit of {limit}."


def total_is_sum_of_lines(before: Any, event: DomainEvent, after: Any) -> str | None:
    """orderTotal = Σ quantity × price, where the event has lines."""
    if event.type not in ("OrderCreated", "OrderRevised") or "lines" not in event.data:
        return None
    stated, summed = amount_of(after["orderTotal"]), total(after["lines"])
    return None if stated == summed else f"The total is {stated}, the lines sum up to {summed}."


def shipped_as_approved(before: Any, event: DomainEvent, after: Any) -> str | None:
    """A SHIPPED order was APPROVED in that revision."""
    if event.type != "OrderShipped" or (before is not None and before["status"] == APPROVED):
        return None
    revision = before["revision"] if before else "?"
    return f"Revision {revision} was shipped without having been approved."


STEPS = (reservations_within_limit, total_is_sum_of_lines, shipped_as_approved)


def reservations_have_orders(customers: Mapping[str, Any], orders: Mapping[str, Any]) -> list[str]:
    """Every reservation belongs to an order that is PENDING, APPROVED or SHIPPED once the services are idle."""
    wrong: list[str] = []
    for customer_id, customer in customers.items():
        for order_id in customer["reservations"]:
            order = orders.get(order_id)
            status = order["status"] if order else "missing"
            if status not in (PENDING, APPROVED, SHIPPED):
                wrong.append(f"Customer {customer_id} holds credit for order {order_id}, which is {status}.")
    return wrong
