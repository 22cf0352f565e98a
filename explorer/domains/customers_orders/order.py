"""The order: created, approved or rejected by the customer's credit, revised, cancelled, shipped.

States are JSON: dicts that share what an event did not touch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from explorer.domains.customers_orders.money import Line, json_lines, money, total
from explorer.domains.customers_orders.original import ORIGINAL
from explorer.errors import Refused
from explorer.model import Aggregate, DomainEvent, Json

PENDING, APPROVED, REJECTED, CANCELLED, SHIPPED = "PENDING", "APPROVED", "REJECTED", "CANCELLED", "SHIPPED"

# -- commands ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateOrder:
    """Places a new order; the customer's credit is reserved for it next."""

    creates: ClassVar[bool] = True

    customerId: str = field(metadata={"help": "The customer who pays"})
    lines: tuple[Line, ...] = field(metadata={"help": "At least one; each sku once"})


@dataclass(frozen=True, slots=True)
class ApproveOrder:
    """The customer's credit covers this revision. Given by the policy; does nothing for another revision."""

    revision: int


@dataclass(frozen=True, slots=True)
class RejectOrder:
    """The customer's credit does not cover this revision. Given by the policy; does nothing for another revision."""

    revision: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReviseOrder:
    """Changes the lines of an approved order; the new total is checked against the customer's credit."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancels an order that has not been shipped; its credit is released."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShipOrder:
    """Sends an approved order on its way."""

    tracking: str


# -- folding -----------------------------------------------------------------------------------------------------------


def evolve(state: Any, event: DomainEvent) -> Any:
    """The order after the event; empty before it exists. Events of the original example lack lines and revision."""
    data = event.data
    match event.type:
        case "OrderCreated":
            return {
                "status": PENDING,
                "customerId": data["customerId"],
                "lines": data.get("lines", []),
                "orderTotal": data["orderTotal"],
                "revision": data.get("revision", 1),
                "approved": None,
                "reason": None,
            }
        case "OrderRevised":
            return {
                **state,
                "status": PENDING,
                "lines": data["lines"],
                "orderTotal": data["orderTotal"],
                "revision": data["revision"],
                "reason": None,
            }
        case "OrderApproved":
            kept = {"lines": state["lines"], "orderTotal": state["orderTotal"]}
            approved = {**kept, "revision": data.get("revision", 1)}
            return {**state, "status": APPROVED, "approved": approved, "reason": None}
        case "OrderRejected":
            return {**state, "status": REJECTED, "reason": data.get("reason")}
        case "OrderRevisionRefused":
            approved = state["approved"]
            kept = {"lines": approved["lines"], "orderTotal": approved["orderTotal"]}
            return {**state, "status": APPROVED, **kept, "reason": data.get("reason")}
        case "OrderCancelled":
            return {**state, "status": CANCELLED, "reason": data.get("reason")}
        case "OrderShipped":
            return {**state, "status": SHIPPED}
    return state


# -- deciding ----------------------------------------------------------------------------------------------------------


def decide(state: Any, command: Any) -> Sequence[tuple[str, Json]]:
    """The events of a command: none where it comes too late to matter. Raises `Refused`."""
    if isinstance(command, CreateOrder):
        return _create(state, command)
    if not state:
        raise Refused("There is no such order.")
    status, revision, customer = state["status"], state["revision"], state["customerId"]
    match command:
        case ApproveOrder():
            if status != PENDING or command.revision != revision:
                return []
            return [("OrderApproved", {"customerId": customer, "revision": revision})]
        case RejectOrder():
            if status != PENDING or command.revision != revision:
                return []
            kind = "OrderRejected" if revision == 1 else "OrderRevisionRefused"
            return [(kind, {"customerId": customer, "revision": revision, "reason": command.reason})]
        case ReviseOrder():
            _require(status == APPROVED, status, "revised")
            lines = _checked(command.lines)
            revised: Json = {
                "customerId": customer,
                "lines": lines,
                "orderTotal": money(total(lines)),
                "revision": revision + 1,
            }
            return [("OrderRevised", revised)]
        case CancelOrder():
            _require(status in (PENDING, APPROVED), status, "cancelled")
            return [("OrderCancelled", {"customerId": customer, "reason": command.reason})]
        case ShipOrder():
            _require(status == APPROVED, status, "shipped")
            return [("OrderShipped", {"customerId": customer, "tracking": command.tracking})]
    raise Refused(f"An order does not understand {type(command).__name__}.")


def _create(state: Any, command: CreateOrder) -> Sequence[tuple[str, Json]]:
    if state:
        raise Refused("The order exists already.")
    lines = _checked(command.lines)
    created: Json = {
        "customerId": command.customerId,
        "lines": lines,
        "orderTotal": money(total(lines)),
        "revision": 1,
    }
    return [("OrderCreated", created)]


def _checked(lines: Sequence[Line]) -> list[Json]:
    """The lines as they stand in an event. Raises `Refused`."""
    if not lines:
        raise Refused("An order needs at least one line.")
    for line in lines:
        if line.quantity < 1:
            raise Refused(f"The quantity of {line.sku} is {line.quantity}; it must be at least 1.")
        if not line.price.amount.is_finite() or line.price.amount < 0:
            raise Refused(f"The price of {line.sku} is {line.price.amount}; it must not be negative.")
    skus = [line.sku for line in lines]
    for sku in skus:
        if skus.count(sku) > 1:
            raise Refused(f"The sku {sku} is in more than one line.")
    return json_lines(lines)


def _require(allowed: bool, status: str, done: str) -> None:
    if not allowed:
        raise Refused(f"An order that is {status} cannot be {done}.")


ORDER = Aggregate(
    name="Order",
    initial=dict,
    evolve=evolve,
    decide=decide,
    commands=(CreateOrder, ApproveOrder, RejectOrder, ReviseOrder, CancelOrder, ShipOrder),
    categories=("Order", f"{ORIGINAL}.ordersservice.domain.Order"),
    events=(
        "OrderCreated",
        "OrderRevised",
        "OrderApproved",
        "OrderRejected",
        "OrderRevisionRefused",
        "OrderCancelled",
        "OrderShipped",
    ),
    compensate={"OrderCreated": lambda event: CancelOrder("created by mistake")},
    invariants={
        # Events of the original example have no lines.
        "the total is the sum of the lines": 'not state.get("lines") or state.orderTotal.amount'
        " == sum(l.quantity * l.price.amount for l in state.lines)",
        "only what is approved is shipped": 'event.type != "OrderShipped" or before.status == "APPROVED"',
    },
)
