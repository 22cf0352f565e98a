"""Customers and Orders: the example that every plug-in may copy.

An order reserves credit of its customer; each side reacts to the other's events, and nobody conducts. `DOMAIN` is all
that the explorer needs to know.
"""

from __future__ import annotations

from pathlib import Path

from explorer.domains.customers_orders.customer import CUSTOMER
from explorer.domains.customers_orders.narration import NARRATION
from explorer.domains.customers_orders.order import ORDER
from explorer.domains.customers_orders.original import upcast
from explorer.domains.customers_orders.policies import POLICIES
from explorer.domains.customers_orders.projections import PROJECTIONS
from explorer.domains.customers_orders.questions import QUESTIONS, ROWS
from explorer.model import Domain

__all__ = ["DOMAIN"]

_FOLDING = ("money.py", "original.py", "order.py", "customer.py")

DOMAIN = Domain(
    name="customers_orders",
    aggregates=(CUSTOMER, ORDER),
    policies=POLICIES,
    upcast=upcast,
    projections=PROJECTIONS,
    narration=NARRATION,
    rows=ROWS,
    questions=QUESTIONS,
    files=tuple(str(Path(__file__).with_name(name)) for name in _FOLDING),
)
