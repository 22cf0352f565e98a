"""The customer: a credit limit, and what of it is reserved for orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from explorer.domains.customers_orders.money import Amount, Money, amount_of, exactly, money, negated, plus
from explorer.domains.customers_orders.original import ORIGINAL
from explorer.errors import Refused
from explorer.model import Aggregate, DomainEvent, Json


@dataclass(frozen=True, slots=True)
class CreateCustomer:
    """A new customer."""

    creates: ClassVar[bool] = True

    name: str
    creditLimit: Money = field(metadata={"help": "Not negative"})


@dataclass(frozen=True, slots=True)
class ChangeCreditLimit:
    """Another credit limit; what is reserved already stays reserved."""

    creditLimit: Money


@dataclass(frozen=True, slots=True)
class ReserveCredit:
    """Reserves credit for a revision of an order. Given by the policy."""

    orderId: str
    orderTotal: Money
    revision: int = 1


@dataclass(frozen=True, slots=True)
class ReleaseCredit:
    """Gives back what was reserved for an order. Given by the policy."""

    orderId: str


def evolve(state: Any, event: DomainEvent) -> Any:
    """The customer after the event; empty before it exists."""
    data = event.data
    match event.type:
        case "CustomerCreated":
            return {"name": data["name"], "creditLimit": data["creditLimit"], "reservations": {}}
        case "CustomerCreditLimitChanged":
            return {**state, "creditLimit": data["creditLimit"]}
        case "CustomerCreditReserved":
            reservation = {"orderTotal": data["orderTotal"], "revision": data.get("revision", 1)}
            return {**state, "reservations": {**state["reservations"], data["orderId"]: reservation}}
        case "CustomerCreditReleased":
            reservations = {key: value for key, value in state["reservations"].items() if key != data["orderId"]}
            return {**state, "reservations": reservations}
    return state


def available(state: Any, order_id: str) -> Amount:
    """What of the limit is not reserved for *other* orders."""
    others = (
        negated(amount_of(reservation["orderTotal"]))
        for other, reservation in state["reservations"].items()
        if other != order_id
    )
    return plus(amount_of(state["creditLimit"]), *others)


def decide(state: Any, command: Any) -> Sequence[tuple[str, Json]]:
    """The events of a command: none where it was done before. Raises `Refused`."""
    if isinstance(command, CreateCustomer):
        if state:
            raise Refused("The customer exists already.")
        return [("CustomerCreated", {"name": command.name, "creditLimit": _limit(command.creditLimit)})]
    if not state:
        raise Refused("There is no such customer.")
    match command:
        case ChangeCreditLimit():
            return [("CustomerCreditLimitChanged", {"creditLimit": _limit(command.creditLimit)})]
        case ReserveCredit():
            return _reserve(state, command)
        case ReleaseCredit():
            reservation = state["reservations"].get(command.orderId)
            if reservation is None:
                return []
            released: Json = {"orderId": command.orderId, "orderTotal": reservation["orderTotal"]}
            return [("CustomerCreditReleased", released)]
    raise Refused(f"A customer does not understand {type(command).__name__}.")


def _reserve(state: Any, command: ReserveCredit) -> Sequence[tuple[str, Json]]:
    known = state["reservations"].get(command.orderId)
    if known is not None and known["revision"] >= command.revision:
        return []
    order_total: Json = money(exactly(command.orderTotal.amount))
    free = available(state, command.orderId)
    if free < command.orderTotal.amount:
        exceeded: Json = {
            "orderId": command.orderId,
            "orderTotal": order_total,
            "available": money(free),
            "revision": command.revision,
        }
        return [("CustomerCreditLimitExceeded", exceeded)]
    reserved: Json = {"orderId": command.orderId, "orderTotal": order_total, "revision": command.revision}
    return [("CustomerCreditReserved", reserved)]


def _limit(limit: Money) -> dict[str, Json]:
    if not limit.amount.is_finite() or limit.amount < 0:
        raise Refused(f"The credit limit is {limit.amount}; it must not be negative.")
    return money(exactly(limit.amount))


CUSTOMER = Aggregate(
    name="Customer",
    initial=dict,
    evolve=evolve,
    decide=decide,
    commands=(CreateCustomer, ChangeCreditLimit, ReserveCredit, ReleaseCredit),
    categories=("Customer", f"{ORIGINAL}.customersservice.domain.Customer"),
    events=(
        "CustomerCreated",
        "CustomerCreditLimitChanged",
        "CustomerCreditReserved",
        "CustomerCreditLimitExceeded",
        "CustomerCreditReleased",
    ),
    invariants={
        "no credit is reserved beyond the limit": 'event.type != "CustomerCreditReserved"'
        " or sum(r.orderTotal.amount for r in state.reservations.values()) <= state.creditLimit.amount",
    },
    compensate={"CustomerCreditReserved": lambda event: ReleaseCredit(event.data["orderId"])},
)
