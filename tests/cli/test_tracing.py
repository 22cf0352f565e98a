"""The verb that asks why an event happened."""

from __future__ import annotations

import pytest

from explorer.domains.customers_orders.sample import history
from explorer.stores import StoreSpec
from explorer.stores.bulk import fill
from tests.cli.running import EVENTS, Run, Shop

TRACE = ["event_id", "position", "category", "id", "version", "type", "recorded_at", "cause", "link"]


@pytest.fixture
def sample(own_url: str) -> str:
    """A store of our own with a history of customers and orders."""
    fill(StoreSpec(own_url), ((written.key, one) for written in history(200) for one in written.events))
    return own_url


def first(run: Run, url: str, type: str) -> str:
    """The id of the first event of this type."""
    (row,) = run("events", url, "--type", type, "--limit", "1").rows(EVENTS)
    return str(row["event_id"])


def test_an_order_is_traced_across_streams(run: Run, sample: str) -> None:
    done = run("trace", sample, first(run, sample, "CustomerCreditReserved"))
    assert done.code == 0
    created, reserved, approved = done.rows(TRACE)[:3]
    assert [row["type"] for row in (created, reserved, approved)] == [
        "OrderCreated",
        "CustomerCreditReserved",
        "OrderApproved",
    ]
    assert (created["cause"], created["link"]) == (None, None)
    assert (reserved["cause"], reserved["link"]) == (created["event_id"], "recorded")
    assert (approved["cause"], approved["link"]) == (reserved["event_id"], "recorded")
    assert (approved["category"], approved["id"]) == (created["category"], created["id"])
    assert isinstance(created["position"], int)
    assert created["recorded_at"] <= reserved["recorded_at"] <= approved["recorded_at"]


def test_the_tree_for_people(run: Run, sample: str) -> None:
    done = run("trace", sample, first(run, sample, "OrderApproved"), json=False)
    assert done.code == 0
    assert "\033" not in done.out
    head, created, reserved, approved, *_, looked = done.out.splitlines()
    assert head.split() == ["time", "Δ", "event", "stream", "version", "position", "why"]
    assert " OrderCreated" in created
    assert " └─ CustomerCreditReserved" in reserved
    assert "    └─ OrderApproved" in approved
    assert "+" in approved
    assert looked.startswith("Looked through ")


def test_a_diagram(run: Run, sample: str) -> None:
    name = first(run, sample, "OrderApproved")
    done = run("trace", sample, name, "--mermaid", json=False)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "sequenceDiagram"
    assert "    Note over L1: OrderCreated v1" in lines
    # The services that reacted have lanes of their own.
    assert ("    actor L2 as customer" in lines, "    actor L4 as order" in lines) == (True, True)
    assert "    L1->>L2: OrderCreated" in lines
    assert any(line.startswith("    L2->>L3: CustomerCreditReserved v") for line in lines)
    assert "    L4->>L1: OrderApproved v2" in lines
    both = run("trace", sample, name, "--mermaid")
    assert (both.code, both.out) == (2, "")


def test_every_kind_of_store(run: Run, shop: Shop) -> None:
    """Whatever the ids are, an event can be named by its place."""
    place = f"{shop.category}/{shop.id}/{shop.versions}"
    rows = run("trace", shop.url, place).rows(TRACE)
    assert any((row["category"], row["id"], row["version"]) == (shop.category, shop.id, shop.versions) for row in rows)
    ids = [row["event_id"] for row in rows]
    assert len(set(ids)) == len(ids)
    assert all(row["cause"] is None or row["cause"] in ids for row in rows)
    assert {row["link"] for row in rows} <= {"inferred", None}  # none of these says what caused it
    human = run("trace", shop.url, place, json=False)
    assert human.code == 0
    assert shop.id in human.out


@pytest.mark.parametrize("name", ["nobody", "00000000-0000-4000-8000-000000000000", "Order/o1/99", "a\x00", "\ud800"])
def test_an_unknown_event(run: Run, shop: Shop, name: str) -> None:
    done = run("trace", shop.url, name)
    assert (done.code, done.out) == (1, "")
    assert "There is no event" in done.err
    assert "Traceback" not in done.err
