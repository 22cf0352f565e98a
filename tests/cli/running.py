"""What the tests of the command line share: the keys of each verb, running one, a store of our own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from explorer.model import Json, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store

INFO = ["layout", "title", "dialect", "writable", "ordered", "snapshots", "head"]
STREAMS = ["category", "id", "version", "events", "first_at", "last_at"]
EVENTS = ["position", "category", "id", "version", "type", "data", "metadata", "event_id", "recorded_at", "problem"]
STATE = ["category", "id", "version", "state", "error", "aggregate"]
DIFF = ["op", "path", "from", "key", "before", "after"]
TAIL = [*EVENTS, "late"]
SNAPSHOTS = ["category", "id", "version", "taken_at", "verdict"]
CHECK = ["name", "ok", "detail"]
SIMULATE = [
    *("run", "seed", "rate", "seconds", "due", "orders", "commands", "refused", "conflicts", "lost", "events"),
    *("orders_per_second", "late_p50_ms", "late_p95_ms", "late_max_ms"),
]


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def rows(self, keys: list[str]) -> list[dict[str, Any]]:
        """The JSON lines, each with exactly these keys in this order."""
        rows = [json.loads(line, parse_float=Decimal) for line in self.out.splitlines()]
        for row in rows:
            assert list(row) == keys
        return rows


Run = Callable[..., Done]


class Shop(NamedTuple):
    """A store with something in it: a stream of several events, and how many there are in all."""

    url: str
    layout: str
    category: str
    id: str
    versions: int
    events: int


ORDER: list[tuple[str, Json]] = [
    ("OrderCreated", {"customerId": "c1", "revision": 1, "orderTotal": {"amount": Decimal("3.30")},
                      "lines": [{"sku": "A", "quantity": 3, "price": {"amount": Decimal("1.10")}}]}),
    ("OrderApproved", {"customerId": "c1", "revision": 1}),
    ("OrderRevised", {"customerId": "c1", "revision": 2, "orderTotal": {"amount": Decimal("5.50")},
                      "lines": [{"sku": "B", "quantity": 1, "price": {"amount": Decimal("1.10")}},
                                {"sku": "A", "quantity": 4, "price": {"amount": Decimal("1.10")}}]}),
]  # fmt: skip


def own_shop(url: str) -> Shop:
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        for number in (1, 2):
            events = [
                NewEvent(type, data, f"00000000-0000-4000-8000-{number:06d}{n:06d}", {"correlation_id": "x"})
                for n, (type, data) in enumerate(ORDER)
            ]
            store.append(StreamKey("Order", f"o{number}"), 0, events)
    finally:
        store.close()
    return Shop(url, "own", "Order", "o1", 3, 6)


def program(*words: str, **more: Any) -> subprocess.Popen[str]:
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen([sys.executable, "-m", "explorer", *words], text=True, **streams)
