"""Every row of the tables of rules: customers, orders and the policies between them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import (
    CUSTOMER,
    ChangeCreditLimit,
    CreateCustomer,
    ReleaseCredit,
    ReserveCredit,
)
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import (
    ORDER,
    ApproveOrder,
    CancelOrder,
    CreateOrder,
    RejectOrder,
    ReviseOrder,
    ShipOrder,
)
from explorer.errors import Refused
from explorer.model import Aggregate, CommandFor, DomainEvent

A = Line("A", 2, Money(Decimal("12.50")))
B = Line("B", 1, Money(Decimal("3")))
A_JSON = {"sku": "A", "quantity": 2, "price": {"amount": Decimal("12.50")}}
B_JSON = {"sku": "B", "quantity": 1, "price": {"amount": 3}}
TOTAL = {"amount": Decimal("28.00")}


def folded(aggregate: Aggregate, *events: tuple[str, Any]) -> Any:
    state = aggregate.initial()
    for version, (kind, data) in enumerate(events, 1):
        state = aggregate.evolve(state, DomainEvent(aggregate.name, "x", version, kind, data))
    return state


def decided(aggregate: Aggregate, state: Any, command: Any) -> Sequence[tuple[str, Any]]:
    assert aggregate.decide is not None
    return list(aggregate.decide(state, command))


CREATED = ("OrderCreated", {"customerId": "c", "lines": [A_JSON, B_JSON], "orderTotal": TOTAL, "revision": 1})
APPROVED = ("OrderApproved", {"customerId": "c", "revision": 1})
REVISED = ("OrderRevised", {"customerId": "c", "lines": [B_JSON], "orderTotal": {"amount": 3}, "revision": 2})
APPROVED_2 = ("OrderApproved", {"customerId": "c", "revision": 2})
REVISION_REFUSED = ("OrderRevisionRefused", {"customerId": "c", "revision": 2, "reason": "credit limit"})
REJECTED = ("OrderRejected", {"customerId": "c", "revision": 1, "reason": "credit limit"})
CANCELLED = ("OrderCancelled", {"customerId": "c", "reason": "why not"})
SHIPPED = ("OrderShipped", {"customerId": "c", "tracking": "T"})

ORDERS: dict[str, tuple[tuple[str, Any], ...]] = {
    "none": (),
    "PENDING": (CREATED,),
    "APPROVED": (CREATED, APPROVED),
    "PENDING 2": (CREATED, APPROVED, REVISED),
    "APPROVED 2": (CREATED, APPROVED, REVISED, APPROVED_2),
    "REFUSED 2": (CREATED, APPROVED, REVISED, REVISION_REFUSED),
    "REJECTED": (CREATED, REJECTED),
    "CANCELLED": (CREATED, CANCELLED),
    "SHIPPED": (CREATED, APPROVED, SHIPPED),
}

CREATE = CreateOrder("c", (A, B))
REFUSED = "refused"
NOTHING: list[Any] = []


@pytest.mark.parametrize("order", [name for name in ORDERS if name != "none"])
def test_an_order_is_created_once(order: str) -> None:
    with pytest.raises(Refused, match="exists already"):
        decided(ORDER, folded(ORDER, *ORDERS[order]), CREATE)


def test_create_order() -> None:
    assert decided(ORDER, None, CREATE) == [CREATED]


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ((), "at least one line"),
        ((Line("A", 0, Money(Decimal(1))),), "quantity of A is 0"),
        ((Line("A", -1, Money(Decimal(1))),), "quantity of A is -1"),
        ((Line("A", 1, Money(Decimal("-0.01"))),), "price of A is -0.01"),
        ((Line("A", 1, Money(Decimal("NaN"))),), "price of A is NaN"),
        ((Line("A", 1, Money(Decimal("Infinity"))),), "price of A is Infinity"),
        ((A, B, A), "sku A is in more than one line"),
        ((Line("A", 1, Money(Decimal("1e5000"))), Line("B", 1, Money(Decimal("0.01")))), "summed exactly"),
    ],
)
def test_lines_that_no_order_may_have(lines: tuple[Line, ...], rule: str) -> None:
    for state, command in (
        (None, CreateOrder("c", lines)),
        (folded(ORDER, *ORDERS["APPROVED"]), ReviseOrder(lines)),
    ):
        with pytest.raises(Refused, match=rule):
            decided(ORDER, state, command)


@pytest.mark.parametrize(
    ("line", "total"),
    [
        (Line("A", 1, Money(Decimal(0))), 0),
        (Line("A", 3, Money(Decimal("0.10"))), Decimal("0.30")),
        (Line("A", 7, Money(Decimal("1e400"))), Decimal("7E+400")),
    ],
)
def test_totals_are_exact(line: Line, total: Any) -> None:
    ((_, data),) = decided(ORDER, None, CreateOrder("c", (line,)))
    assert str(data["orderTotal"]["amount"]) == str(total)


@pytest.mark.parametrize(
    ("order", "command", "outcome"),
    [
        ("none", ApproveOrder(1), REFUSED),
        ("PENDING", ApproveOrder(1), [APPROVED]),
        ("PENDING", ApproveOrder(2), NOTHING),
        ("PENDING 2", ApproveOrder(2), [APPROVED_2]),
        ("PENDING 2", ApproveOrder(1), NOTHING),
        *((order, ApproveOrder(1), NOTHING) for order in ("APPROVED", "REJECTED", "CANCELLED", "SHIPPED")),
        ("none", RejectOrder(1, "credit limit"), REFUSED),
        ("PENDING", RejectOrder(1, "credit limit"), [REJECTED]),
        ("PENDING", RejectOrder(2, "credit limit"), NOTHING),
        ("PENDING 2", RejectOrder(2, "credit limit"), [REVISION_REFUSED]),
        ("PENDING 2", RejectOrder(1, "credit limit"), NOTHING),
        *((order, RejectOrder(1, "x"), NOTHING) for order in ("APPROVED", "REJECTED", "CANCELLED", "SHIPPED")),
        ("APPROVED", ReviseOrder((B,)), [REVISED]),
        ("APPROVED 2", ReviseOrder((B,)), [("OrderRevised", {**REVISED[1], "revision": 3})]),
        ("REFUSED 2", ReviseOrder((B,)), [("OrderRevised", {**REVISED[1], "revision": 3})]),
        *((order, ReviseOrder((B,)), REFUSED) for order in ORDERS if not order.startswith(("APPROVED", "REFUSED"))),
        ("none", CancelOrder("why not"), REFUSED),
        *((order, CancelOrder("why not"), [CANCELLED]) for order in ("PENDING", "PENDING 2", "APPROVED", "APPROVED 2")),
        ("REFUSED 2", CancelOrder("why not"), [CANCELLED]),
        *((order, CancelOrder("x"), REFUSED) for order in ("REJECTED", "CANCELLED", "SHIPPED")),
        *((order, ShipOrder("T"), [SHIPPED]) for order in ("APPROVED", "APPROVED 2", "REFUSED 2")),
        *((order, ShipOrder("T"), REFUSED) for order in ORDERS if not order.startswith(("APPROVED", "REFUSED"))),
    ],
)  # fmt: skip
def test_commands_of_an_order(order: str, command: Any, outcome: Any) -> None:
    state = folded(ORDER, *ORDERS[order])
    if outcome == REFUSED:
        with pytest.raises(Refused):
            decided(ORDER, state, command)
    else:
        assert decided(ORDER, state, command) == outcome


@pytest.mark.parametrize(
    ("order", "status", "lines", "total", "revision", "approved", "reason"),
    [
        ("PENDING", "PENDING", [A_JSON, B_JSON], TOTAL, 1, None, None),
        ("APPROVED", "APPROVED", [A_JSON, B_JSON], TOTAL, 1, 1, None),
        ("PENDING 2", "PENDING", [B_JSON], {"amount": 3}, 2, 1, None),
        ("APPROVED 2", "APPROVED", [B_JSON], {"amount": 3}, 2, 2, None),
        ("REFUSED 2", "APPROVED", [A_JSON, B_JSON], TOTAL, 2, 1, "credit limit"),
        ("REJECTED", "REJECTED", [A_JSON, B_JSON], TOTAL, 1, None, "credit limit"),
        ("CANCELLED", "CANCELLED", [A_JSON, B_JSON], TOTAL, 1, None, "why not"),
        ("SHIPPED", "SHIPPED", [A_JSON, B_JSON], TOTAL, 1, 1, None),
    ],
)
def test_states_of_an_order(
    order: str, status: str, lines: Any, total: Any, revision: int, approved: int | None, reason: str | None
) -> None:
    state = folded(ORDER, *ORDERS[order])
    assert list(state) == ["status", "customerId", "lines", "orderTotal", "revision", "approved", "reason"]
    assert (state["status"], state["customerId"], state["reason"]) == (status, "c", reason)
    assert (state["lines"], state["orderTotal"], state["revision"]) == (lines, total, revision)
    if approved is None:
        assert state["approved"] is None
    else:
        content = ([B_JSON], {"amount": 3}) if approved == 2 else ([A_JSON, B_JSON], TOTAL)
        assert state["approved"] == {"lines": content[0], "orderTotal": content[1], "revision": approved}


# -- customers ---------------------------------------------------------------------------------------------------------


def money(amount: Any) -> Money:
    return Money(Decimal(amount))


FRED = ("CustomerCreated", {"name": "Fred", "creditLimit": {"amount": 56}})
RESERVED = ("CustomerCreditReserved", {"orderId": "o", "orderTotal": {"amount": 50}, "revision": 1})
OTHER = ("CustomerCreditReserved", {"orderId": "p", "orderTotal": {"amount": 6}, "revision": 1})
CUSTOMERS: dict[str, tuple[tuple[str, Any], ...]] = {
    "none": (),
    "new": (FRED,),
    "reserved": (FRED, RESERVED),
    "full": (FRED, RESERVED, OTHER),
    "lowered": (FRED, RESERVED, ("CustomerCreditLimitChanged", {"creditLimit": {"amount": 10}})),
}


def reserved(order: str, total: Any, revision: int) -> list[Any]:
    return [("CustomerCreditReserved", {"orderId": order, "orderTotal": {"amount": total}, "revision": revision})]


def exceeded(order: str, total: Any, available: Any, revision: int) -> list[Any]:
    amounts = {"orderTotal": {"amount": total}, "available": {"amount": available}}
    return [("CustomerCreditLimitExceeded", {"orderId": order, **amounts, "revision": revision})]


@pytest.mark.parametrize(
    ("customer", "command", "outcome"),
    [
        ("none", CreateCustomer("Fred", money(56)), [FRED]),
        ("none", CreateCustomer("Fred", money(0)), [
            ("CustomerCreated", {"name": "Fred", "creditLimit": {"amount": 0}}),
        ]),
        ("none", CreateCustomer("Fred", money("-0.01")), REFUSED),
        ("none", CreateCustomer("Fred", money("NaN")), REFUSED),
        ("new", CreateCustomer("Fred", money(56)), REFUSED),
        ("none", ChangeCreditLimit(money(1)), REFUSED),
        ("new", ChangeCreditLimit(money(-1)), REFUSED),
        ("new", ChangeCreditLimit(money("0.50")), [
            ("CustomerCreditLimitChanged", {"creditLimit": {"amount": Decimal("0.50")}}),
        ]),
        ("reserved", ChangeCreditLimit(money(1)), [("CustomerCreditLimitChanged", {"creditLimit": {"amount": 1}})]),
        ("none", ReserveCredit("o", money(5), 1), REFUSED),
        ("new", ReserveCredit("o", money(5), 1), reserved("o", 5, 1)),
        ("new", ReserveCredit("o", money(56), 1), reserved("o", 56, 1)),
        ("new", ReserveCredit("o", money(57), 1), exceeded("o", 57, 56, 1)),
        ("new", ReserveCredit("o", money("56.01"), 2), exceeded("o", Decimal("56.01"), 56, 2)),
        ("reserved", ReserveCredit("o", money(50), 1), NOTHING),
        ("reserved", ReserveCredit("o", money(57), 1), NOTHING),
        ("reserved", ReserveCredit("o", money(1), 0), NOTHING),
        ("reserved", ReserveCredit("o", money(56), 2), reserved("o", 56, 2)),
        ("reserved", ReserveCredit("o", money(57), 2), exceeded("o", 57, 56, 2)),
        ("reserved", ReserveCredit("p", money(6), 1), reserved("p", 6, 1)),
        ("reserved", ReserveCredit("p", money(7), 1), exceeded("p", 7, 6, 1)),
        ("full", ReserveCredit("q", money(0), 1), reserved("q", 0, 1)),
        ("lowered", ReserveCredit("p", money(1), 1), exceeded("p", 1, -40, 1)),
        ("lowered", ReserveCredit("o", money(10), 2), reserved("o", 10, 2)),
        ("none", ReleaseCredit("o"), REFUSED),
        ("new", ReleaseCredit("o"), NOTHING),
        ("reserved", ReleaseCredit("o"), [("CustomerCreditReleased", {"orderId": "o", "orderTotal": {"amount": 50}})]),
    ],
)  # fmt: skip
def test_commands_of_a_customer(customer: str, command: Any, outcome: Any) -> None:
    state = folded(CUSTOMER, *CUSTOMERS[customer])
    if outcome == REFUSED:
        with pytest.raises(Refused):
            decided(CUSTOMER, state, command)
    else:
        assert decided(CUSTOMER, state, command) == outcome


def test_states_of_a_customer() -> None:
    replaced = reserved("o", 20, 2)[0]
    released = ("CustomerCreditReleased", {"orderId": "o", "orderTotal": {"amount": 20}})
    refused = exceeded("p", 99, 36, 1)[0]
    state = folded(CUSTOMER, FRED, RESERVED, OTHER, replaced, refused)
    assert state == {
        "name": "Fred",
        "creditLimit": {"amount": 56},
        "reservations": {
            "o": {"orderTotal": {"amount": 20}, "revision": 2},
            "p": {"orderTotal": {"amount": 6}, "revision": 1},
        },
    }
    assert list(folded(CUSTOMER, FRED, RESERVED, OTHER, released)["reservations"]) == ["p"]


def test_states_share_what_an_event_did_not_touch() -> None:
    before = folded(ORDER, *ORDERS["APPROVED"])
    after = ORDER.evolve(before, DomainEvent("Order", "x", 3, *SHIPPED))
    assert after["lines"] is before["lines"]
    assert before["status"] == "APPROVED"


# -- policies ----------------------------------------------------------------------------------------------------------


def reactions(kind: str, data: Any) -> list[tuple[str, CommandFor]]:
    event = DomainEvent("any", "o-1", 1, kind, data)
    return [
        (policy.service, wanted) for policy in DOMAIN.policies if kind in policy.on for wanted in policy.react(event)
    ]


@pytest.mark.parametrize(
    ("event", "service", "wanted"),
    [
        (CREATED, "customer", CommandFor("Customer", "c", ReserveCredit("o-1", money("28.00"), 1))),
        (REVISED, "customer", CommandFor("Customer", "c", ReserveCredit("o-1", money(3), 2))),
        (REJECTED, "customer", CommandFor("Customer", "c", ReleaseCredit("o-1"))),
        (CANCELLED, "customer", CommandFor("Customer", "c", ReleaseCredit("o-1"))),
        (RESERVED, "order", CommandFor("Order", "o", ApproveOrder(1))),
        (exceeded("o", 57, 56, 2)[0], "order", CommandFor("Order", "o", RejectOrder(2, "credit limit"))),
    ],
)
def test_policies(event: tuple[str, Any], service: str, wanted: CommandFor) -> None:
    assert reactions(*event) == [(service, wanted)]


@pytest.mark.parametrize("event", [APPROVED, SHIPPED, REVISION_REFUSED, FRED])
def test_events_that_no_policy_is_for(event: tuple[str, Any]) -> None:
    assert reactions(*event) == []


def test_an_unknown_customer_rejects_the_order() -> None:
    (policy,) = (policy for policy in DOMAIN.policies if "OrderRevised" in policy.on)
    assert policy.refused is not None
    for kind, data, revision in ((*CREATED, 1), (*REVISED, 2)):
        event = DomainEvent("Order", "o-1", 1, kind, data)
        (wanted,) = policy.react(event)
        instead = policy.refused(event, wanted, "There is no such customer.")
        assert instead == [CommandFor("Order", "o-1", RejectOrder(revision, "unknown customer"))]
