"""Decision maps and snapshot plans asked of an engine: in messages that fit, and going on as events arrive."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from explorer.engine.asks_bundles import BundleSaved, SaveBundle
from explorer.engine.asks_decisions import DecisionRuns, DecisionsMapped, MapDecisions
from explorer.engine.asks_snapshots import PlanSnapshots, SnapshotPlan, TakeDue
from explorer.engine.messages import Done
from explorer.errors import Invalid, ReadOnly
from tests.cli.running import own_shop
from tests.engine.asking import Asking, fill, lane

SHIPPED = [
    ("OrderApproved", {"customerId": "c1", "revision": 2}),
    ("OrderShipped", {"customerId": "c1", "tracking": "t"}),
]


def runs(asking: Asking, command: str) -> list[tuple[int, int, str]]:
    return [
        (run.first, run.last, run.verdict)
        for part in asking.of(DecisionRuns)
        if part.command == command
        for run in part.runs
    ]


def test_a_map_goes_on_as_events_arrive(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)
    ask = MapDecisions("Order", "o1", {"revision": "2"})
    with lane(url) as one:
        first = Asking(one, ask)
        assert first.answer(DecisionsMapped) == DecisionsMapped("Order", 3)
        assert runs(first, "ShipOrder") == [(0, 0, "refused"), (1, 1, "refused"), (2, 2, "accepted"), (3, 3, "refused")]
        assert runs(first, "ApproveOrder")[-1] == (3, 3, "accepted")
        fill(url, SHIPPED, category="Order", id="o1")
        again = Asking(one, ask)
        assert again.answer(DecisionsMapped).version == 5
        assert runs(again, "ShipOrder")[3:] == [(3, 3, "refused"), (4, 4, "accepted"), (5, 5, "refused")]
        other = Asking(one, MapDecisions("Order", "o1", {}))
        other.answer(DecisionsMapped)
        assert (1, 1, "unknown") in runs(other, "ApproveOrder")
        for wrong in (
            MapDecisions("Order", "o1", {"revision": "{"}),
            MapDecisions("Order", "o1", {"colour": "1"}),
            MapDecisions("Nobody", "o1", {}),
        ):
            assert isinstance(Asking(one, wrong).failure(), Invalid)


def test_many_runs_come_in_messages_that_fit(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    revised = {"customerId": "c1", "lines": [], "orderTotal": {"amount": 1}}
    history = [("OrderCreated", {**revised, "revision": 1})]
    for revision in range(2, 500):
        history += [("OrderApproved", {"customerId": "c1", "revision": revision - 1})]
        history += [("OrderRevised", {**revised, "revision": revision})]
    fill(url, history, category="Order", id="long")
    with lane(url) as one:
        asking = Asking(one, MapDecisions("Order", "long", {}))
        assert asking.answer(DecisionsMapped).version == len(history)
        ship = runs(asking, "ShipOrder")
    assert len(ship) == len(history) + 1
    assert all(one[1] + 1 == other[0] for one, other in pairwise(ship))


def test_planning_and_taking_snapshots(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)
    fill(url, SHIPPED, category="Order", id="o1")
    with lane(url, writable=True) as one:
        plan = Asking(one, PlanSnapshots()).answer(SnapshotPlan)
        assert (plan.streams, plan.events, plan.declared) == (2, 8, 100)
        assert (plan.policies[0].every, plan.policies[0].due, plan.policies[0].events) == (5, 1, 3)
        assert Asking(one, TakeDue(5)).answer(Done).message == "1 snapshot taken."
        assert Asking(one, TakeDue(5)).answer(Done).message == "0 snapshots taken."
    with lane(url) as one:
        assert isinstance(Asking(one, TakeDue(1)).failure(), ReadOnly)
        assert isinstance(Asking(one, PlanSnapshots("Nobody")).failure(), Invalid)


def test_saving_a_bundle(tmp_path: Path) -> None:
    url, path = str(tmp_path / "shop.sqlite"), tmp_path / "case"
    own_shop(url)
    with lane(url) as one:
        saved = Asking(one, SaveBundle((("Order", "o1"),), str(path), ("strings",))).answer(BundleSaved)
        assert (saved.streams, saved.events, saved.size) == (1, 3, path.stat().st_size)
        assert isinstance(Asking(one, SaveBundle((("Order", "o9"),), str(path))).failure(), Invalid)
    with lane(str(path), writable=True) as one:
        asking = Asking(one, MapDecisions("Order", "o1", {}))
        assert asking.answer(DecisionsMapped).version == 3
        assert isinstance(Asking(one, TakeDue(1)).failure(), ReadOnly)
