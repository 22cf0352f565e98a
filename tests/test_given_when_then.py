"""A stream as a pytest file: run as people run it, it fails until the reducer is fixed."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from decimal import Decimal
from pathlib import Path

import pytest

from explorer.branches import Branch, Skip
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.order import ORDER
from explorer.errors import Invalid, PluginBroken
from explorer.given_when_then import Expected, Stream, differences, exported
from explorer.loading import events_of
from explorer.lockstep import fold_both
from explorer.model import Event, StreamKey
from explorer.stores import StoreSpec, open_store
from tests import eventsourcing_shop
from tests.cli.running import own_shop

PLUGIN = """
from explorer.model import Aggregate, Domain

def evolve(state, event):
    if event.type.endswith("Created"):
        return {"sum": 0, "lines": []}
    if event.type.endswith("LineAdded"):
        line = event.data
        return {"sum": state["sum"] + 1, "lines": [*state["lines"], line["sku"]]}
    return state

domain = Domain("shop", (Aggregate("Order", dict, evolve),))
"""


def run(file: Path) -> tuple[int, str]:
    """pytest on this file alone, far from this project's settings."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:pytestqt", "-p", "no:xdist",
         "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--rootdir", str(file.parent), str(file)],
        cwd=file.parent, capture_output=True, text=True, timeout=500,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def stream_of(url: str, key: StreamKey) -> list[Event]:
    store = open_store(StoreSpec(url))
    try:
        return list(events_of(store, key))
    finally:
        store.close()


def test_the_shipped_domain(tmp_path: Path) -> None:
    key = StreamKey("Order", "o1")
    own_shop(str(tmp_path / "shop.sqlite"))
    events = stream_of(str(tmp_path / "shop.sqlite"), key)
    file = tmp_path / "test_order.py"
    file.write_text(exported(key, events, [Expected("/orderTotal/amount", Decimal("5.50"))], why='It\'s "wrong".'))
    assert run(file)[0] == 0
    both = fold_both(Branch("b", "Order", "o1", (Skip(2),)), events, ORDER, DOMAIN.upcast)
    end = both.branch.state(both.branch.count - 1)
    file.write_text(exported(key, events, differences(both.base.state(2), end)))
    code, text = run(file)
    assert code == 1
    assert "/orderTotal/amount" in text


def test_a_plug_in_over_a_store_that_the_library_wrote_fails_until_its_reducer_is_fixed(tmp_path: Path) -> None:
    """The plug-in adds up how many lines there are instead of what they cost."""
    url = str(tmp_path / "shop.db")
    app = eventsourcing_shop.application(url)
    order = eventsourcing_shop.Order(uuid.uuid4())
    for price in ("1.10", "2.20"):
        order.add_line(f"A-{price}", Decimal(price))
    app.save(order)
    app.close()
    store = open_store(StoreSpec(url))
    key = store.streams().rows[0].key
    store.close()
    plugin = tmp_path / "shop_plugin.py"
    plugin.write_text(PLUGIN.replace('Aggregate("Order"', f"Aggregate({key.category!r}"))
    file = tmp_path / "test_shop.py"
    expected = [Expected("/sum", Decimal("3.30")), Expected("/lines", ["A-1.10", "A-2.20"])]
    file.write_text(exported(key, stream_of(url, key), expected, plugins=[str(plugin)]))
    code, text = run(file)
    assert (code, "expected 3.30, is 2" in text) == (1, True), text
    fixed = 'state["sum"] + Decimal(line["price"]["_data_"])'
    plugin.write_text("from decimal import Decimal\n" + plugin.read_text().replace('state["sum"] + 1', fixed))
    code, text = run(file)
    assert code == 0, text


def test_commands() -> None:
    order = Stream("Order", "o1")
    line = {"sku": "A", "quantity": 2, "price": {"amount": Decimal("1.10")}}
    order.when_command("CreateOrder", customerId="c1", lines=[line])
    created = {"customerId": "c1", "lines": [line], "orderTotal": {"amount": Decimal("2.20")}, "revision": 1}
    order.then_events(("OrderCreated", created))
    with pytest.raises(AssertionError, match="orderTotal"):
        order.then_events(("OrderCreated", {**created, "orderTotal": {"amount": 3}}))
    with pytest.raises(AssertionError):
        order.then_refused()
    order.given("OrderCreated", created)
    order.when_command("ShipOrder", tracking="x")
    order.then_refused()
    with pytest.raises(AssertionError, match="refused"):
        order.then_events()


def test_a_reducer_that_fails_fails_the_test() -> None:
    order = Stream("Order", "o1")
    order.when("OrderApproved", {"revision": 1})
    with pytest.raises(AssertionError, match="KeyError"):
        order.then_nothing_failed()
    with pytest.raises(AssertionError, match="nothing at /status"):
        order.then_at("/status", "APPROVED")


def test_what_cannot_be_a_test(tmp_path: Path) -> None:
    key = StreamKey("Order", "o1")
    with pytest.raises(Invalid, match="nothing to test"):
        exported(key, [])
    with pytest.raises(Invalid, match="version 1 cannot be read"):
        exported(key, [Event("Order", "o1", 1, None, "x", b"{")])
    with pytest.raises(Invalid, match="No domain claims"):
        Stream("Nobody's", "1")
    with pytest.raises(PluginBroken):
        Stream("Order", "o1", [str(tmp_path / "missing.py")])
