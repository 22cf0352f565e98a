"""Customers and orders with their policies: whatever people do in whatever order, the invariants hold once idle."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from explorer.domains.customers_orders import DOMAIN, invariants
from explorer.domains.customers_orders.customer import CUSTOMER, ChangeCreditLimit, CreateCustomer
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, CancelOrder, CreateOrder, ReviseOrder, ShipOrder
from explorer.errors import Refused
from explorer.model import CommandFor, DomainEvent

AGGREGATES = {"Customer": CUSTOMER, "Order": ORDER}
SERVICES = tuple(dict.fromkeys(policy.service for policy in DOMAIN.policies))

amounts = st.decimals(0, 60, places=2) | st.integers(0, 60).map(Decimal)
lines = st.lists(
    st.builds(Line, st.sampled_from("ABC"), st.integers(1, 3), st.builds(Money, amounts)),
    min_size=1,
    max_size=3,
    unique_by=lambda line: line.sku,
).map(tuple)
customers = st.sampled_from(["c-1", "c-2", "unknown"])


class Saga(RuleBasedStateMachine):
    """Each service reads the one log in order; how far each has come is up to chance."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[tuple[str, str], Any] = {}
        self.log: list[DomainEvent] = []
        self.done = dict.fromkeys(SERVICES, 0)
        self.orders: list[str] = []
        self.broken: list[str] = []

    def issue(self, aggregate: str, identity: str, command: Any) -> None:
        decider = AGGREGATES[aggregate]
        assert decider.decide is not None
        key = (aggregate, identity)
        for kind, data in decider.decide(self.states.get(key), command):
            event = DomainEvent(aggregate, identity, len(self.log), kind, data)
            before = self.states.get(key)
            self.states[key] = decider.evolve(before, event)
            self.log.append(event)
            for check in invariants.STEPS:
                self.broken += filter(None, [check(before, event, self.states[key])])

    def try_to_issue(self, aggregate: str, identity: str, command: Any) -> None:
        try:
            self.issue(aggregate, identity, command)
        except Refused:
            return

    def step(self, service: str) -> None:
        event = self.log[self.done[service]]
        self.done[service] += 1
        for policy in DOMAIN.policies:
            if policy.service != service or event.type not in policy.on:
                continue
            wanted = deque(policy.react(event))
            while wanted:
                command: CommandFor = wanted.popleft()
                try:
                    self.issue(command.aggregate, command.id, command.command)
                except Refused as refused:
                    assert policy.refused is not None, (event, command)
                    wanted.extend(policy.refused(event, command, str(refused)))

    @initialize(limits=st.tuples(amounts, amounts))
    def accounts(self, limits: tuple[Decimal, Decimal]) -> None:
        for number, limit in enumerate(limits, 1):
            self.issue("Customer", f"c-{number}", CreateCustomer(f"n{number}", Money(limit)))

    @rule(customer=customers, lines=lines)
    def order(self, customer: str, lines: tuple[Line, ...]) -> None:
        self.orders.append(f"o-{len(self.orders)}")
        self.issue("Order", self.orders[-1], CreateOrder(customer, lines))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), lines=lines)
    def revise(self, data: st.DataObject, lines: tuple[Line, ...]) -> None:
        self.try_to_issue("Order", data.draw(st.sampled_from(self.orders)), ReviseOrder(lines))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.try_to_issue("Order", data.draw(st.sampled_from(self.orders)), CancelOrder())

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def ship(self, data: st.DataObject) -> None:
        self.try_to_issue("Order", data.draw(st.sampled_from(self.orders)), ShipOrder("T"))

    @rule(customer=st.sampled_from(["c-1", "c-2"]), limit=amounts)
    def change_limit(self, customer: str, limit: Decimal) -> None:
        self.issue("Customer", customer, ChangeCreditLimit(Money(limit)))

    @rule(service=st.sampled_from(SERVICES), steps=st.integers(1, 4))
    def services_work(self, service: str, steps: int) -> None:
        for _ in range(steps):
            if self.done[service] < len(self.log):
                self.step(service)

    @rule(service=st.sampled_from(SERVICES), back=st.integers(1, 5))
    def a_service_starts_again_earlier(self, service: str, back: int) -> None:
        """At least once: what was done already is done again, and changes nothing."""
        self.done[service] = max(0, self.done[service] - back)

    @rule()
    def come_to_rest(self) -> None:
        while any(done < len(self.log) for done in self.done.values()):
            for service in SERVICES:
                if self.done[service] < len(self.log):
                    self.step(service)
        orders = {identity: state for (kind, identity), state in self.states.items() if kind == "Order"}
        accounts = {identity: state for (kind, identity), state in self.states.items() if kind == "Customer"}
        assert invariants.reservations_have_orders(accounts, orders) == []
        assert all(order["status"] != "PENDING" for order in orders.values())

    @invariant()
    def every_step_keeps_the_rules(self) -> None:
        assert self.broken == []

    def teardown(self) -> None:
        self.come_to_rest()


Saga.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestSaga = Saga.TestCase
