"""How often snapshots are to be taken, asked of an engine."""

from __future__ import annotations

from dataclasses import asdict

from explorer import snapshot_plans
from explorer.engine.asks_snapshots import PlanSnapshots, PolicyRow, SnapshotPlan, TakeDue
from explorer.engine.messages import Done, Progress
from explorer.engine.saving import require_snapshots
from explorer.engine.turns import Turn
from explorer.plugins import Loaded
from explorer.stores import Store


def plan(store: Store, domains: Loaded, ask: PlanSnapshots) -> Turn:
    """Raises `Invalid` where no domain folds a stream."""
    work = snapshot_plans.plan(store, domains.domains, ask.category)
    while True:
        try:
            yield Progress(next(work), None, "streams")
        except StopIteration as done:
            found: snapshot_plans.Plan = done.value
            break
    policies = tuple(PolicyRow(**asdict(policy)) for policy in found.policies)
    return SnapshotPlan(
        policies, found.streams, found.events, found.most, found.seconds, found.measured, found.failed, found.declared
    )


def take_due(store: Store, domains: Loaded, ask: TakeDue) -> Turn:
    """Raises ReadOnly where no snapshot can be taken."""
    require_snapshots(store)
    taken, problems = 0, []
    for one in snapshot_plans.take_due(store, domains.domains, ask.every, ask.category):
        if one is None:
            yield None
        elif one.problem:
            problems.append(one.problem)
        else:
            taken += 1
            yield Progress(taken, None, "snapshots")
    failed = f" {len(problems)} could not be: {problems[0]}" if problems else ""
    return Done(f"{taken:,} snapshot{'' if taken == 1 else 's'} taken.{failed}")
