"""How customers and orders react to each other: a choreographed saga without an orchestrator."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from explorer.domains.customers_orders.customer import ReleaseCredit, ReserveCredit
from explorer.domains.customers_orders.money import Money, amount_of
from explorer.domains.customers_orders.order import ApproveOrder, RejectOrder
from explorer.model import CommandFor, DomainEvent, Policy


def reserve_credit(event: DomainEvent) -> Sequence[CommandFor]:
    data = event.data
    order_total = Money(Decimal(amount_of(data["orderTotal"])))
    command = ReserveCredit(orderId=event.id, orderTotal=order_total, revision=data.get("revision", 1))
    return [CommandFor("Customer", data["customerId"], command)]


def reject_for_unknown_customer(event: DomainEvent, refused: CommandFor, rule: str) -> Sequence[CommandFor]:
    return [CommandFor("Order", event.id, RejectOrder(event.data.get("revision", 1), "unknown customer"))]


def release_credit(event: DomainEvent) -> Sequence[CommandFor]:
    return [CommandFor("Customer", event.data["customerId"], ReleaseCredit(orderId=event.id))]


def approve(event: DomainEvent) -> Sequence[CommandFor]:
    return [CommandFor("Order", event.data["orderId"], ApproveOrder(event.data.get("revision", 1)))]


def reject(event: DomainEvent) -> Sequence[CommandFor]:
    command = RejectOrder(event.data.get("revision", 1), "credit limit")
    return [CommandFor("Order", event.data["orderId"], command)]


def nothing_to_release(event: DomainEvent, refused: CommandFor, rule: str) -> Sequence[CommandFor]:
    """An order of a customer who does not exist holds no credit."""
    return []


PENDING = "orders stay PENDING"
RESERVED = "rejected and cancelled orders keep their credit"

POLICIES = (
    Policy(
        "reserve credit", "customer", ("OrderCreated", "OrderRevised"), reserve_credit, reject_for_unknown_customer,
        PENDING,
    ),
    Policy(
        "release credit", "customer", ("OrderRejected", "OrderCancelled"), release_credit, nothing_to_release,
        RESERVED,
    ),
    Policy("approve order", "order", ("CustomerCreditReserved",), approve, meanwhile=PENDING),
    Policy("reject order", "order", ("CustomerCreditLimitExceeded",), reject, meanwhile=PENDING),
)  # fmt: skip
