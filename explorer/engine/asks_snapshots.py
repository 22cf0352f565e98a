"""What can be asked of an engine about how often snapshots are to be taken."""

from __future__ import annotations

from msgspec import Struct

from explorer.engine.ask import Ask


class PlanSnapshots(Ask, frozen=True, tag=True):
    """What a snapshot every so many events would save and cost. → `Progress` parts, then `SnapshotPlan`."""

    category: str | None = None  # None: all streams that a domain folds


class PolicyRow(Struct, frozen=True, array_like=True):
    """See `snapshot_plans.Policy`."""

    every: int
    streams: int
    due: int
    snapshots: int
    events: int
    most: int
    size: float
    seconds: float


class SnapshotPlan(Struct, frozen=True, tag=True):
    """See `snapshot_plans.Plan`."""

    policies: tuple[PolicyRow, ...]
    streams: int
    events: int
    most: int
    seconds: float
    measured: int
    failed: int
    declared: int


class TakeDue(Ask, frozen=True, tag=True):
    """Take snapshots of all streams that would profit. → `Progress` parts, then `Done`."""

    every: int
    category: str | None = None
