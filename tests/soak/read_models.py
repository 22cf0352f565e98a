"""What the read models of Customers and Orders must say, from the meaning of their columns.

read_orders: each order as it is now, when it was placed and changed last. read_customers: each customer, what is
reserved of the credit, how many orders there are and how many of them are still on their way. read_customer_orders: the
two together. Also customers whom nobody has made are there, without a name, if somebody has ordered for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.soak.rules import APPROVED, PENDING, State, amount
from tests.soak.stored import KEYS, Recorded, Stream

Rows = dict[tuple[str, ...], dict[str, Any]]


def expected(states: Mapping[Stream, Sequence[State]], streams: Mapping[Stream, Sequence[Recorded]]) -> dict[str, Rows]:
    """By table and key. `states` of each stream by version, `streams`: its events."""
    orders: Rows = {}
    of_customer: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (category, id), known in states.items():
        order = known[-1]
        if category != "Order" or order is None:
            continue
        events = streams[category, id]
        approved = order["approved"] and amount(order["approved"]["orderTotal"])
        common = {
            "status": order["status"],
            "order_total": amount(order["orderTotal"]),
            "approved_total": approved,
            "revision": order["revision"],
        }
        tracking = [event.data["tracking"] for event in events if event.type == "OrderShipped"]
        orders[(id,)] = {
            **common,
            "customer_id": order["customerId"],
            "reason": order["reason"],
            "tracking": tracking[-1] if tracking else None,
            "placed_at": events[0].recorded_at,
            "changed_at": events[-1].recorded_at,
        }
        of_customer[order["customerId"]][id] = {**common, "reserved": None}
    customers: Rows = {}
    for (category, id), known in states.items():
        customer = known[-1]
        if category == "Customer" and customer is not None:
            for order_id, held in customer["reservations"].items():
                row = of_customer[id].setdefault(order_id, dict.fromkeys(("status", "order_total", "approved_total")))
                row["reserved"] = amount(held["orderTotal"])
            customers[(id,)] = {"name": customer["name"], "credit_limit": amount(customer["creditLimit"])}
    for id in of_customer:
        customers.setdefault((id,), {"name": None, "credit_limit": None})
    for (id,), row in customers.items():
        rows = of_customer.get(id, {})
        row["reserved"] = sum((one["reserved"] for one in rows.values() if one["reserved"] is not None), Decimal(0))
        row["orders"] = sum(one["status"] is not None for one in rows.values())
        row["open_orders"] = sum(one["status"] in (PENDING, APPROVED) for one in rows.values())
    both: Rows = {(id, order): row for id, rows in of_customer.items() for order, row in rows.items()}
    return {"read_orders": orders, "read_customers": customers, "read_customer_orders": both}


def differences(table: str, there: Rows, wanted: Rows) -> list[str]:
    """Sentences."""
    found = []
    for key in sorted(there.keys() | wanted.keys()):
        name = f"{table}, {', '.join(f'{c} {k}' for c, k in zip(KEYS[table], key, strict=True))}"
        if key not in there:
            found.append(f"{name}: the row is missing")
        elif key not in wanted:
            found.append(f"{name}: nothing led to this row")
        else:
            for column, value in wanted[key].items():
                if there[key].get(column) != value:
                    found.append(f"{name}: {column} is {there[key].get(column)!r} instead of {value!r}")
    return found
