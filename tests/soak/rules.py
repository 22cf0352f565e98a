"""The rules of Customers and Orders once more, from their text alone: a second opinion for the judge.

Nothing here comes from the program: states are plain dicts, None before a stream's first event; commands are a name and
its arguments. Every command of these rules emits one event or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

Data = dict[str, Any]
State = dict[str, Any] | None
Emitted = list[tuple[str, Data]]

PENDING, APPROVED, REJECTED, CANCELLED, SHIPPED = "PENDING", "APPROVED", "REJECTED", "CANCELLED", "SHIPPED"
HOLDING = (APPROVED, SHIPPED)  # an idle store's orders that hold credit; while it works PENDING ones do as well

_EXACT = Context(prec=1000)


class Refused(Exception):
    """A rule forbids the command."""


@dataclass(frozen=True)
class Command:
    name: str
    arguments: Data


@dataclass(frozen=True)
class Wanted:
    """What a policy wants after an event; `instead`: what it wants once that was refused."""

    service: str
    category: str
    id: str
    command: Command
    instead: Wanted | None = None


# -- states ------------------------------------------------------------------------------------------------------------


def evolve(state: State, kind: str, data: Data) -> State:
    """The state after the event. Raises KeyError or TypeError for an event that cannot follow."""
    match kind:
        case "CustomerCreated":
            return {"name": data["name"], "creditLimit": data["creditLimit"], "reservations": {}}
        case "OrderCreated":
            return {
                "status": PENDING,
                "customerId": data["customerId"],
                "lines": data["lines"],
                "orderTotal": data["orderTotal"],
                "revision": data["revision"],
                "approved": None,
                "reason": None,
            }
    if state is None:
        raise KeyError(f"{kind} as the first event")
    match kind:
        case "CustomerCreditLimitChanged":
            return {**state, "creditLimit": data["creditLimit"]}
        case "CustomerCreditReserved":
            held = {"orderTotal": data["orderTotal"], "revision": data["revision"]}
            return {**state, "reservations": {**state["reservations"], data["orderId"]: held}}
        case "CustomerCreditReleased":
            left = dict(state["reservations"])
            del left[data["orderId"]]
            return {**state, "reservations": left}
        case "CustomerCreditLimitExceeded":
            return state
        case "OrderApproved":
            approved = {"lines": state["lines"], "orderTotal": state["orderTotal"], "revision": data["revision"]}
            return {**state, "status": APPROVED, "approved": approved, "reason": None}
        case "OrderRejected":
            return {**state, "status": REJECTED, "reason": data["reason"]}
        case "OrderRevisionRefused":
            before = {"lines": state["approved"]["lines"], "orderTotal": state["approved"]["orderTotal"]}
            return {**state, **before, "status": APPROVED, "reason": data["reason"]}
        case "OrderRevised":
            new = {"lines": data["lines"], "orderTotal": data["orderTotal"], "revision": data["revision"]}
            return {**state, **new, "status": PENDING, "reason": None}
        case "OrderCancelled":
            return {**state, "status": CANCELLED, "reason": data["reason"]}
        case "OrderShipped":
            return {**state, "status": SHIPPED}
    raise KeyError(f"an event of the unknown type {kind}")


# -- decisions ---------------------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> Emitted:
    """What the command emits on this state. Raises `Refused`."""
    given = command.arguments
    match command.name:
        case "CreateCustomer":
            _require(state is None, "there already")
            _require(amount(given["creditLimit"]) >= 0, "a negative limit")
            return [("CustomerCreated", {"name": given["name"], "creditLimit": given["creditLimit"]})]
        case "CreateOrder":
            _require(state is None, "there already")
            created = {"orderTotal": _checked_total(given["lines"]), "revision": 1}
            return [("OrderCreated", {"customerId": given["customerId"], "lines": given["lines"], **created})]
    if state is None:
        raise Refused("not there")
    if "reservations" in state:
        return _decide_customer(state, command.name, given)
    return _decide_order(state, command.name, given)


def _decide_customer(state: dict[str, Any], name: str, given: Data) -> Emitted:
    reservations = state["reservations"]
    match name:
        case "ChangeCreditLimit":
            _require(amount(given["creditLimit"]) >= 0, "a negative limit")
            return [("CustomerCreditLimitChanged", {"creditLimit": given["creditLimit"]})]
        case "ReleaseCredit":
            held = reservations.get(given["orderId"])
            if held is None:
                return []
            return [("CustomerCreditReleased", {"orderId": given["orderId"], "orderTotal": held["orderTotal"]})]
        case "ReserveCredit":
            order, revision = given["orderId"], given["revision"]
            if order in reservations and reservations[order]["revision"] >= revision:
                return []
            available = amount(state["creditLimit"])
            for other, held in reservations.items():
                if other != order:
                    available = _EXACT.subtract(available, amount(held["orderTotal"]))
            wanted = {"orderId": order, "orderTotal": given["orderTotal"], "revision": revision}
            if available >= amount(given["orderTotal"]):
                return [("CustomerCreditReserved", wanted)]
            return [("CustomerCreditLimitExceeded", {**wanted, "available": {"amount": available}})]
    raise Refused(f"a customer has no command {name}")


def _decide_order(state: dict[str, Any], name: str, given: Data) -> Emitted:
    status, revision, customer = state["status"], state["revision"], state["customerId"]
    match name:
        case "ApproveOrder":
            if status != PENDING or given["revision"] != revision:
                return []
            return [("OrderApproved", {"customerId": customer, "revision": revision})]
        case "RejectOrder":
            if status != PENDING or given["revision"] != revision:
                return []
            kind = "OrderRejected" if revision == 1 else "OrderRevisionRefused"
            return [(kind, {"customerId": customer, "revision": revision, "reason": given["reason"]})]
        case "ReviseOrder":
            _require(status == APPROVED, status)
            new = {"lines": given["lines"], "orderTotal": _checked_total(given["lines"]), "revision": revision + 1}
            return [("OrderRevised", {"customerId": customer, **new})]
        case "CancelOrder":
            _require(status in (PENDING, APPROVED), status)
            return [("OrderCancelled", {"customerId": customer, "reason": given["reason"]})]
        case "ShipOrder":
            _require(status == APPROVED, status)
            return [("OrderShipped", {"customerId": customer, "tracking": given["tracking"]})]
    raise Refused(f"an order has no command {name}")


def amount(money: Any) -> Decimal:
    return Decimal(money["amount"])


def _checked_total(lines: list[Any]) -> Data:
    _require(len(lines) >= 1, "no lines")
    _require(len({line["sku"] for line in lines}) == len(lines), "a sku twice")
    total = Decimal(0)
    for line in lines:
        _require(line["quantity"] >= 1 and amount(line["price"]) >= 0, "a quantity below 1 or a negative price")
        total = _EXACT.add(total, _EXACT.multiply(Decimal(line["quantity"]), amount(line["price"])))
    return {"amount": total}


def _require(allowed: bool, what: str) -> None:
    if not allowed:
        raise Refused(what)


# -- who commands what -------------------------------------------------------------------------------------------------

_OF_PEOPLE = {
    "CustomerCreated": ("CreateCustomer", ("name", "creditLimit")),
    "CustomerCreditLimitChanged": ("ChangeCreditLimit", ("creditLimit",)),
    "OrderCreated": ("CreateOrder", ("customerId", "lines")),
    "OrderRevised": ("ReviseOrder", ("lines",)),
    "OrderCancelled": ("CancelOrder", ("reason",)),
    "OrderShipped": ("ShipOrder", ("tracking",)),
}


def of_people(kind: str, data: Data) -> Command | None:
    """The command of a person that this event implies; None for an event that only a policy may cause."""
    if kind not in _OF_PEOPLE:
        return None
    name, arguments = _OF_PEOPLE[kind]
    return Command(name, {argument: data[argument] for argument in arguments})


def wanted_after(id: str, kind: str, data: Data) -> Wanted | None:
    """What a policy wants after this event of the stream `id`; None where no policy hears of it."""
    match kind:
        case "OrderCreated" | "OrderRevised":
            reserve = {"orderId": id, "orderTotal": data["orderTotal"], "revision": data["revision"]}
            unknown = Command("RejectOrder", {"revision": data["revision"], "reason": "unknown customer"})
            instead = Wanted("customer", "Order", id, unknown)
            return Wanted("customer", "Customer", data["customerId"], Command("ReserveCredit", reserve), instead)
        case "OrderRejected" | "OrderCancelled":
            return Wanted("customer", "Customer", data["customerId"], Command("ReleaseCredit", {"orderId": id}))
        case "CustomerCreditReserved":
            approve = Command("ApproveOrder", {"revision": data["revision"]})
            return Wanted("order", "Order", data["orderId"], approve)
        case "CustomerCreditLimitExceeded":
            reject = Command("RejectOrder", {"revision": data["revision"], "reason": "credit limit"})
            return Wanted("order", "Order", data["orderId"], reject)
    return None
