"""What people want of a shop, order by order, for as long as somebody asks: the same for the same seed.

Unlike the sample history it knows nothing of what comes of it, so it can be played against any store at any speed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from explorer.domains.customers_orders import catalogue
from explorer.domains.customers_orders.customer import CUSTOMER, CreateCustomer
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, CancelOrder, CreateOrder, ReviseOrder, ShipOrder
from explorer.model import CommandFor

REGULARS = 24  # customers who order at a time; who has had enough is followed by a new one
BASKETS = (2, 3, 5, 8, 16, 40)  # orders that one customer places in all
LIMIT = Decimal("0.83")  # of the sum of them is the credit limit: about one order in eight exceeds it
OPEN = 500  # orders that may still be revised, cancelled or shipped; older ones are left as they are
REVISED, CANCELLED, SHIPPED = 0.08, 0.07, 0.55  # how often, at each order, one of these happens to an earlier one


def plan(seed: int, run: str) -> Iterator[tuple[CommandFor, ...]]:
    """What is wanted at each turn, without end: an order; before it its customer, if that is a new one; after it, more
    often than not, a change to an earlier order. The same for the same seed, but for the ids, which begin with `run`.
    """
    return _People(seed, run).turns()


@dataclass(slots=True)
class _Customer:
    id: str
    baskets: list[tuple[Line, ...]]  # of the orders still to come


class _People:
    def __init__(self, seed: int, run: str) -> None:
        self._chance = random.Random(seed)
        self._run = run
        self._customers: list[_Customer] = []
        self._known = 0
        self._open: list[tuple[str, tuple[Line, ...]]] = []  # orders that may change, oldest first

    def turns(self) -> Iterator[tuple[CommandFor, ...]]:
        number = 0
        while True:
            number += 1
            change = self._change()
            owner, new = self._owner()
            identity, lines = f"O-{self._run}-{number}", owner.baskets.pop()
            self._open.append((identity, lines))
            del self._open[:-OPEN]
            yield (*new, CommandFor(ORDER.name, identity, CreateOrder(owner.id, lines)), *change)

    def _owner(self) -> tuple[_Customer, tuple[CommandFor, ...]]:
        """Who orders, and the command that makes a new customer."""
        place = self._chance.randrange(REGULARS)
        if place < len(self._customers) and self._customers[place].baskets:
            return self._customers[place], ()
        self._known += 1
        chance = self._chance
        baskets = [self._lines() for _ in range(chance.choice(BASKETS))]
        limit = sum(line.quantity * line.price.amount for lines in baskets for line in lines) * LIMIT
        name = f"{chance.choice(catalogue.FIRST_NAMES)} {chance.choice(catalogue.LAST_NAMES)}"
        owner = _Customer(f"C-{self._run}-{self._known}", baskets)
        if place < len(self._customers):
            self._customers[place] = owner
        else:
            self._customers.append(owner)
        create = CreateCustomer(name, Money(limit.quantize(Decimal(1))))
        return owner, (CommandFor(CUSTOMER.name, owner.id, create),)

    def _lines(self) -> tuple[Line, ...]:
        chance = self._chance
        products = chance.sample(catalogue.PRODUCTS, chance.choice((1, 1, 2, 2, 3)))
        return tuple(Line(sku, chance.choice((1, 1, 1, 2, 3)), Money(price)) for sku, price in products)

    def _change(self) -> tuple[CommandFor, ...]:
        """Now and then something happens to an order placed before, to an older one rather than to a newer one."""
        chance = self._chance
        what = chance.random()
        if not self._open or what >= REVISED + CANCELLED + SHIPPED:
            return ()
        place = int(len(self._open) * chance.random() ** 2)
        identity, lines = self._open[place]
        if what < REVISED:
            of = chance.randrange(len(lines))
            revised = replace(lines[of], quantity=lines[of].quantity % 3 + 1)
            lines = (*lines[:of], revised, *lines[of + 1 :])
            self._open[place] = (identity, lines)
            return (CommandFor(ORDER.name, identity, ReviseOrder(lines)),)
        del self._open[place]
        if what < REVISED + CANCELLED:
            return (CommandFor(ORDER.name, identity, CancelOrder(chance.choice(catalogue.CANCELLED_BECAUSE))),)
        tracking = f"{chance.choice(catalogue.CARRIERS)}{chance.randrange(10**9, 10**10)}"
        return (CommandFor(ORDER.name, identity, ShipOrder(tracking)),)
