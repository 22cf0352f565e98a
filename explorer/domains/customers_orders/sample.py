"""A believable history of customers and orders, of any size, the same for the same seed.

Weeks of a small shop: customers open accounts, orders wait for credit, are approved or rejected, revised, cancelled and
shipped. It is played with the domain's own rules and policies, one event after the other, so that a million events take
no more memory than the customers and the open orders. A few mistakes are in it, each of which breaks an invariant.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from explorer.causation import caused_by, caused_id
from explorer.domains.customers_orders import catalogue, customer, mistakes, order
from explorer.domains.customers_orders.customer import CUSTOMER
from explorer.domains.customers_orders.money import Line, Money, amount_of
from explorer.domains.customers_orders.order import ORDER
from explorer.domains.customers_orders.policies import POLICIES
from explorer.errors import Refused
from explorer.model import Aggregate, CommandFor, DomainEvent, Json, NewEvent, Policy, StreamKey

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
SPAN = timedelta(weeks=6)
EVENTS_PER_ORDER = 5.5  # about, with the customer's side
ORDERS_PER_CUSTOMER = 8
REGULARS = 400  # the newest customers, who still order


@dataclass(frozen=True, slots=True)
class Written:
    """One append: `expected` events were in the stream before."""

    key: StreamKey
    expected: int
    events: tuple[NewEvent, ...]


def history(
    events: int = 3000, seed: int = 1, start: datetime = START, span: timedelta = SPAN, skew: float = 2.5
) -> Iterator[Written]:
    """Appends in the order of time, until there are so many events and no policy has anything left to do.

    Event ids and times are part of the history. Orders that are open at its end stay open. `skew`: how unevenly orders
    come from customers, 1 is evenly; the first customer's stream grows with it.
    """
    return _Shop(events, seed, start, span, skew).run()


@dataclass(slots=True)
class _Stream:
    aggregate: Aggregate
    state: Any
    version: int = 0


@dataclass(frozen=True, slots=True)
class _Reaction:
    """A command that a policy wants, and why."""

    policy: Policy
    trigger: DomainEvent
    wanted: CommandFor
    place: str


class _Shop:
    def __init__(self, events: int, seed: int, start: datetime, span: timedelta, skew: float) -> None:
        self._chance = random.Random(seed)
        self._wanted = events
        self._written = 0
        self._placed = 0
        self._orders = max(1, round(events / EVENTS_PER_ORDER))
        self._start, self._span = start, span
        self._skew = skew
        self._agenda: list[tuple[datetime, int, Callable[[], None] | _Reaction]] = []
        self._turns = count()
        self._now = start
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._customers: list[str] = []
        self._out: list[Written] = []
        self._busy: dict[str, datetime] = {}
        self._salt = self._chance.getrandbits(32)
        self._mistakes = mistakes.Mistakes(events)

    def run(self) -> Iterator[Written]:
        wanted_customers = max(3, self._orders // ORDERS_PER_CUSTOMER)
        for number in range(self._orders * 2):
            if self._written >= self._wanted:
                break
            self._at(self._opening(number / self._orders))
            yield from self._until(self._now)
            due = wanted_customers * (0.3 + number / self._orders)
            while len(self._customers) < min(wanted_customers, due):
                self._open_account()
            self._place_order()
            yield from self._flush()
        # The policies come to rest; what the shop would do next is left open.
        self._agenda = [entry for entry in self._agenda if isinstance(entry[2], _Reaction)]
        heapq.heapify(self._agenda)
        yield from self._until(None)

    # -- time ------------------------------------------------------------------------------------------------------

    def _opening(self, part: float) -> datetime:
        """The moment when so much of the span has passed, if shops open from 7 to 22 only."""
        moment = self._span * part
        midnight = timedelta(days=moment.days)
        return self._start + midnight + (moment - midnight) * (15 / 24)

    def _at(self, moment: datetime) -> None:
        self._now = max(self._now, moment)

    def _later(self, delay: timedelta, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self._now + delay, next(self._turns), action))

    def _until(self, moment: datetime | None) -> Iterator[Written]:
        """Do what is on the agenda up to this moment, or all of it."""
        while self._agenda and (moment is None or self._agenda[0][0] <= moment):
            due, _, action = heapq.heappop(self._agenda)
            self._now = due
            if isinstance(action, _Reaction):
                self._react(action)
            else:
                action()
            yield from self._flush()
        if moment is not None:
            self._now = max(self._now, moment)

    def _flush(self) -> Iterator[Written]:
        written, self._out = self._out, []
        yield from written

    def _hours(self, least: float, most: float) -> timedelta:
        return timedelta(microseconds=round(self._chance.uniform(least, most) * 3_600_000_000))

    # -- what people do ----------------------------------------------------------------------------------------------

    def _open_account(self) -> None:
        chance = self._chance
        identity = f"C-{1001 + len(self._customers)}"
        name = f"{chance.choice(catalogue.FIRST_NAMES)} {chance.choice(catalogue.LAST_NAMES)}"
        self._customers.append(identity)
        self._issue(CUSTOMER, identity, customer.CreateCustomer(name, Money(Decimal(chance.choice(catalogue.LIMITS)))))

    def _place_order(self) -> None:
        chance = self._chance
        # Some customers order much more often than others, and nobody for ever.
        regulars = min(len(self._customers), REGULARS)
        owner = self._customers[int(regulars * chance.random() ** self._skew) - regulars]
        if chance.random() < 0.004:
            owner = "C-unknown"
        self._placed += 1
        identity = f"{(self._placed * 2_654_435_761 + self._salt) % 2**32:08x}"  # looks random, never comes twice
        self._issue(ORDER, identity, order.CreateOrder(owner, self._lines()))
        if chance.random() < 0.02:
            self._later(timedelta(milliseconds=chance.randint(5, 900)), lambda: self._cancel(identity))
        self._later(self._hours(2, 60), lambda: self._proceed(identity))
        self._later(timedelta(days=8), lambda: self._forget(identity))

    def _proceed(self, identity: str) -> None:
        """An order that was approved is revised, cancelled or shipped."""
        stream = self._streams.get(("Order", identity))
        if stream is None or stream.state["status"] != order.APPROVED:
            return
        chance = self._chance.random()
        if chance < 0.13 and stream.state["revision"] < 4:
            self._issue(ORDER, identity, order.ReviseOrder(self._revised(stream.state["lines"])))
            if self._mistakes.due("shipped unapproved", self._written):
                self._later(timedelta(milliseconds=3), lambda: self._ship_unapproved(identity))
            self._later(self._hours(1, 30), lambda: self._proceed(identity))
        elif chance < 0.22:
            self._cancel(identity)
        else:
            tracking = f"{self._chance.choice(catalogue.CARRIERS)}{self._chance.randrange(10**9, 10**10)}"
            self._issue(ORDER, identity, order.ShipOrder(tracking))

    def _cancel(self, identity: str) -> None:
        stream = self._streams.get(("Order", identity))
        if stream is not None and stream.state["status"] in (order.PENDING, order.APPROVED):
            self._issue(ORDER, identity, order.CancelOrder(self._chance.choice(catalogue.CANCELLED_BECAUSE)))

    def _raise_limit(self, identity: str) -> None:
        limit = amount_of(self._streams["Customer", identity].state["creditLimit"])
        factor = self._chance.choice((Decimal("1.5"), Decimal(2), Decimal(2), Decimal(3)))
        raised = (limit * factor).quantize(Decimal(1))
        self._issue(CUSTOMER, identity, customer.ChangeCreditLimit(Money(raised)))

    def _forget(self, identity: str) -> None:
        stream = self._streams.get(("Order", identity))
        if stream is None:
            return
        if stream.state["status"] in (order.PENDING, order.APPROVED):
            self._later(timedelta(days=8), lambda: self._forget(identity))
        else:
            del self._streams["Order", identity]

    def _lines(self) -> tuple[Line, ...]:
        chance = self._chance
        products = chance.sample(catalogue.PRODUCTS, chance.choice((1, 1, 1, 2, 2, 3, 4)))
        return tuple(Line(sku, chance.choice((1, 1, 1, 2, 2, 3, 6)), Money(price)) for sku, price in products)

    def _revised(self, lines: Sequence[Any]) -> tuple[Line, ...]:
        """The same order with another quantity, without a line, with one more, or in another order."""
        chance = self._chance
        revised = [Line(line["sku"], line["quantity"], Money(Decimal(amount_of(line["price"])))) for line in lines]
        what = chance.random()
        if what < 0.3 and len(revised) > 1:
            del revised[chance.randrange(len(revised))]
        elif what < 0.6:
            known = {line.sku for line in revised}
            sku, price = chance.choice([product for product in catalogue.PRODUCTS if product[0] not in known])
            revised.insert(chance.randint(0, len(revised)), Line(sku, chance.randint(1, 4), Money(price)))
        elif what < 0.7 and len(revised) > 1:
            revised.reverse()
        else:
            place = chance.randrange(len(revised))
            revised[place] = replace(revised[place], quantity=revised[place].quantity + chance.randint(1, 5))
        return tuple(revised)

    # -- deciding and writing ------------------------------------------------------------------------------------------

    def _issue(self, aggregate: Aggregate, identity: str, command: Any) -> None:
        """A command of a person or a program: the start of a correlation."""
        cause = self._random_id()
        metadata: dict[str, Json] = {"correlation_id": cause, "causation_id": cause}
        decided = _decide(aggregate, self._stream(aggregate, identity).state, command)
        several = isinstance(command, order.CreateOrder) and any(line.quantity > 1 for line in command.lines)
        if several and self._mistakes.due("wrong total", self._written):
            decided = [mistakes.without_quantities(*decided[0])]
        self._write(aggregate, identity, decided, metadata, lambda _: self._random_id())

    def _react(self, reaction: _Reaction) -> None:
        wanted, trigger = reaction.wanted, reaction.trigger
        aggregate = CUSTOMER if wanted.aggregate == "Customer" else ORDER
        metadata = {**caused_by(trigger), "service": reaction.policy.service}
        stream = self._stream(aggregate, wanted.id)
        try:
            decided = _decide(aggregate, stream.state, wanted.command)
        except Refused as rule:
            instead = reaction.policy.refused(trigger, wanted, str(rule)) if reaction.policy.refused else ()
            for number, other in enumerate(instead):
                self._react(replace(reaction, wanted=other, place=f"{reaction.place}.{number}"))
            return
        if decided and decided[0][0] == "CustomerCreditLimitExceeded":
            if self._mistakes.due("beyond the limit", self._written):
                decided, metadata = (
                    [mistakes.reserved_all_the_same(*decided[0])],
                    {**caused_by(trigger), **mistakes.BY_HAND},
                )
            elif self._chance.random() < 0.5:
                self._later(self._hours(1, 40), lambda: self._raise_limit(wanted.id))
        subscription = f"customers_orders.{reaction.policy.service}"
        trigger_id = trigger.event_id or ""
        self._write(
            aggregate,
            wanted.id,
            decided,
            metadata,
            lambda index: caused_id(subscription, trigger_id, reaction.place, index),
        )

    def _ship_unapproved(self, identity: str) -> None:
        stream = self._streams["Order", identity]
        if stream.state["status"] != order.PENDING:
            self._mistakes.undo("shipped unapproved")
            return
        cause = self._random_id()
        shipped: Json = {"customerId": stream.state["customerId"], "tracking": "DHL0000000000"}
        metadata: dict[str, Json] = {"correlation_id": cause, "causation_id": cause, **mistakes.BY_HAND}
        self._write(ORDER, identity, [("OrderShipped", shipped)], metadata, lambda _: self._random_id())

    def _write(
        self,
        aggregate: Aggregate,
        identity: str,
        decided: Sequence[tuple[str, Json]],
        metadata: dict[str, Json],
        event_id: Callable[[int], str],
    ) -> None:
        if not decided:
            return
        key = StreamKey(aggregate.name, identity)
        stream = self._stream(aggregate, identity)
        self._streams[key.category, key.id] = stream
        expected = stream.version
        events = []
        for index, (kind, data) in enumerate(decided):
            new = NewEvent(kind, data, event_id(index), metadata, self._now)
            events.append(new)
            stream.version += 1
            seen = DomainEvent(key.category, key.id, stream.version, kind, data, metadata, new.event_id, self._now)
            stream.state = aggregate.evolve(stream.state, seen)
            self._plan(seen)
        self._written += len(events)
        self._out.append(Written(key, expected, tuple(events)))

    def _plan(self, event: DomainEvent) -> None:
        """Put on the agenda what the policies want after this event. Each service counts its commands for itself."""
        numbers: dict[str, int] = {}
        for policy in POLICIES:
            if event.type in policy.on:
                for wanted in policy.react(event):
                    place = numbers.get(policy.service, 0)
                    numbers[policy.service] = place + 1
                    # A service handles events one after the other, in their order.
                    due = max(self._now + self._moment(), self._busy.get(policy.service, self._now))
                    self._busy[policy.service] = due
                    heapq.heappush(self._agenda, (due, next(self._turns), _Reaction(policy, event, wanted, str(place))))

    def _moment(self) -> timedelta:
        """How long a service takes to react: milliseconds, now and then seconds."""
        if self._chance.random() < 0.03:
            return timedelta(milliseconds=self._chance.randint(400, 9000))
        return timedelta(microseconds=self._chance.randint(8_000, 120_000))

    def _stream(self, aggregate: Aggregate, identity: str) -> _Stream:
        stream = self._streams.get((aggregate.name, identity))
        return stream if stream is not None else _Stream(aggregate, aggregate.initial())

    def _random_id(self) -> str:
        digits = f"{self._chance.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _decide(aggregate: Aggregate, state: Any, command: Any) -> Sequence[tuple[str, Json]]:
    return aggregate.decide(state, command) if aggregate.decide else ()
