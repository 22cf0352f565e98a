"""The events of the original example fold with the same aggregates, and the policies understand them."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import ReserveCredit
from explorer.domains.customers_orders.money import Money
from explorer.fold import readable
from explorer.model import Event
from explorer.payload import encode
from explorer.plugins import aggregate_for
from explorer.replay import Replay

PACKAGE = "net.chrisrichardson.eventstore.examples.customersandorders"
ORDER = f"{PACKAGE}.ordersservice.domain.Order"
CUSTOMER = f"{PACKAGE}.customersservice.domain.Customer"


def event(category: str, version: int, kind: str, data: Any) -> Event:
    return Event(category, "x", version, version, f"{PACKAGE}.{kind}", encode(data))


def state(category: str, *events: tuple[str, Any]) -> Any:
    claim = aggregate_for([DOMAIN], category)
    assert claim is not None
    replay = Replay(claim[1], claim[0].upcast)
    replay.extend(event(category, version, kind, data) for version, (kind, data) in enumerate(events, 1))
    assert replay.errors == {}
    return replay.state(replay.count - 1)


CREATED = ("orders.events.OrderCreatedEvent", {"orderTotal": {"amount": 720}, "customerId": "c1"})


@pytest.mark.parametrize(
    ("kind", "status"),
    [("orders.events.OrderApprovedEvent", "APPROVED"), ("orders.events.OrderRejectedEvent", "REJECTED")],
)
def test_an_order(kind: str, status: str) -> None:
    folded = state(ORDER, CREATED, (kind, {"customerId": "c1"}))
    approved = {"lines": [], "orderTotal": {"amount": 720}, "revision": 1} if status == "APPROVED" else None
    assert folded == {
        "status": status,
        "customerId": "c1",
        "lines": [],
        "orderTotal": {"amount": 720},
        "revision": 1,
        "approved": approved,
        "reason": None,
    }


def test_a_customer() -> None:
    folded = state(
        CUSTOMER,
        ("customers.events.CustomerCreatedEvent", {"name": "Fred", "creditLimit": {"amount": 1000}}),
        ("customers.events.CustomerCreditReservedEvent", {"orderId": "o1", "orderTotal": {"amount": 720}}),
        ("customers.events.CustomerCreditLimitExceededEvent", {"orderId": "o2"}),
    )
    assert folded == {
        "name": "Fred",
        "creditLimit": {"amount": 1000},
        "reservations": {"o1": {"orderTotal": {"amount": 720}, "revision": 1}},
    }


def test_policies_understand_them() -> None:
    trigger = readable(event(ORDER, 1, *CREATED), DOMAIN.upcast)
    (policy,) = (policy for policy in DOMAIN.policies if trigger.type in policy.on)
    (wanted,) = policy.react(trigger)
    assert wanted.id == "c1"
    assert wanted.command == ReserveCredit("x", Money(wanted.command.orderTotal.amount), 1)
    assert wanted.command.orderTotal.amount == 720


def test_other_types_stay_as_they_are() -> None:
    assert DOMAIN.upcast is not None
    assert DOMAIN.upcast("OrderCreatedEvent", 1, {}) == ("OrderCreatedEvent", {})
