"""What a snapshot every so many events would save and cost, as the streams of a store really are, and taking those that
would be worth it."""

from __future__ import annotations

import heapq
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from explorer import fold, payload
from explorer.errors import Invalid, ReducerFailed
from explorer.fold import StepFailed
from explorer.loading import load, matching, streams_of
from explorer.model import Aggregate, Domain, StreamKey
from explorer.plugins import aggregate_for
from explorer.snapshots import take_snapshot
from explorer.stores.store import Store

EVERY = (5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000)
"""The numbers of events between snapshots that are looked at."""

SAMPLE = 24  # streams that are measured: the longest, and as many that are taken evenly from all
_STRETCH = 5_000  # events of one of them at most
_LOOK = 200  # streams between two looks of others


@dataclass(slots=True)
class Policy:
    """What a snapshot every `every` events would mean for all streams, each of them loaded once."""

    every: int
    streams: int = 0  # that would have one
    due: int = 0  # of these, how many have none that commands could use, or one that is older than that
    snapshots: int = 0  # in all, had they been taken from the beginning
    events: int = 0  # read after the newest snapshots, to load each stream once
    most: int = 0  # of one stream
    size: float = 0.0  # bytes of all the snapshots, about
    seconds: float = 0.0  # to load each stream once, about


@dataclass(slots=True)
class Plan:
    """Policies side by side. Times and sizes are those of the measured streams, extended to the others."""

    policies: tuple[Policy, ...]
    streams: int = 0
    events: int = 0  # read to load each stream once without any snapshot
    most: int = 0  # events of the longest stream
    seconds: float = 0.0  # the same in time, about
    measured: int = 0  # streams
    failed: int = 0  # streams that could not be folded
    declared: int = 0  # what the domain says now (the least, where its aggregates differ); 0: never


@dataclass(slots=True)
class _Cost:
    """What was measured of the streams of one aggregate."""

    events: int = 0  # after the first of each stream
    seconds: float = 0.0  # for these
    states: int = 0
    asking: float = 0.0  # seconds for loading as many streams of one event
    size: int = 0
    loading: float = 0.0  # seconds for finding and decoding as many snapshots


def plan(
    store: Store, domains: Sequence[Domain], category: str | None = None, every: Sequence[int] = EVERY
) -> Generator[int, None, Plan]:
    """Look at every stream that a domain folds, in turns: yields how many were looked at. Raises `Invalid` where there
    is none, whatever the store raises. Grows with the streams, not with their events."""
    result = Plan(tuple(map(Policy, every)))
    lengths: dict[str, list[list[int]]] = {}  # by aggregate, a row for each policy, see `_count`
    longest: list[tuple[int, StreamKey]] = []
    evenly: list[StreamKey] = []
    stride, seen = 1, 0
    for info in streams_of(store, category):
        seen += 1
        if seen % _LOOK == 0:
            yield seen
        claim = aggregate_for(domains, info.category)
        if claim is None or info.version < 1:
            continue
        _, aggregate = claim
        if result.streams % stride == 0:
            evenly.append(info.key)
            if len(evenly) >= 2 * SAMPLE:  # every second one stays, and from now on twice as many are passed over
                evenly, stride = evenly[::2], stride * 2
        heapq.heappush(longest, (info.version, info.key))
        if len(longest) > SAMPLE:
            heapq.heappop(longest)
        result.streams += 1
        result.events += info.version
        result.most = max(result.most, info.version)
        result.declared = min(filter(None, (result.declared, aggregate.snapshot_every)), default=0)
        rows = lengths.setdefault(aggregate.name, [[0, 0, 0, 0, 0] for _ in every])
        for row, policy in zip(rows, result.policies, strict=True):
            _count(row, policy, info.version)
        if info.version >= min(every):
            newest = newest_usable(store, claim, info.key)
            for policy in result.policies:
                policy.due += info.version - newest >= policy.every
    if not result.streams:
        raise Invalid("No domain folds a stream of these: there is nothing to plan for.")
    costs: dict[str, _Cost] = {}
    sample = list(dict.fromkeys([key for _, key in sorted(longest, reverse=True)] + evenly[:SAMPLE]))
    for key in sample:
        yield seen
        claim = aggregate_for(domains, key.category)
        assert claim is not None
        if _measure(store, claim, key, costs.setdefault(claim[1].name, _Cost())):
            result.measured += 1
        else:
            result.failed += 1
    for name, rows in lengths.items():
        _extend(result, rows, costs.get(name, _Cost()))
    return result


def _count(row: list[int], policy: Policy, version: int) -> None:
    taken = version // policy.every
    rest = version % policy.every if taken else version
    policy.streams += taken > 0
    policy.snapshots += taken
    policy.events += rest
    policy.most = max(policy.most, rest)
    row[0] += taken > 0
    row[1] += taken
    row[2] += rest
    row[3] += version
    row[4] += 1


def _measure(store: Store, claim: tuple[Domain, Aggregate], key: StreamKey, cost: _Cost) -> bool:
    """Load a stream as commands do without a snapshot, and read its state as they would from one."""
    domain, aggregate = claim
    try:
        started = time.perf_counter()
        load(store, domain, aggregate, key, upto=1, snapshots=False)
        asking = time.perf_counter() - started
        started = time.perf_counter()
        loaded = load(store, domain, aggregate, key, upto=_STRETCH, snapshots=False)
        seconds = time.perf_counter() - started
        raw = payload.encode(fold.as_json(aggregate, loaded.state))
        started = time.perf_counter()
        store.snapshots(key, limit=1, preview=1)
        fold.from_json(aggregate, payload.decode(raw).value)
        loading = time.perf_counter() - started
    except (ReducerFailed, StepFailed):
        return False
    cost.events += loaded.events_read - 1
    cost.seconds += max(0.0, seconds - asking)
    cost.asking += asking
    cost.states += 1
    cost.size += len(raw)
    cost.loading += loading
    return True


def _extend(result: Plan, rows: list[list[int]], cost: _Cost) -> None:
    """From what was measured to all streams of an aggregate."""
    each = cost.seconds / cost.events if cost.events else 0.0
    size, asking, loading = (
        total / cost.states if cost.states else 0.0 for total in (cost.size, cost.asking, cost.loading)
    )
    count, read = rows[0][4], rows[0][3]
    result.seconds += count * asking + read * each
    for policy, (streams, snapshots, events, _, _) in zip(result.policies, rows, strict=True):
        policy.size += snapshots * size
        policy.seconds += count * asking + events * each + streams * loading


def newest_usable(store: Store, claim: tuple[Domain, Aggregate], key: StreamKey) -> int:
    """The version of the newest snapshot that commands could use, 0 if there is none."""
    domain, aggregate = claim
    if not store.info.snapshots:
        return 0
    return next((snapshot.version for snapshot in matching(store, domain, aggregate, key)), 0)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one stream that was due."""

    key: StreamKey
    version: int
    problem: str = ""  # why none was taken


def take_due(
    store: Store, domains: Sequence[Domain], every: int, category: str | None = None
) -> Generator[Taken | None, None, None]:
    """Take a snapshot at the end of every stream that would profit, in turns: of those with `every` events or more
    after their newest usable one. What fails is told and the others go on; raises what the store raises."""
    if every < 1:
        raise Invalid("A snapshot every 0 events would be none.")
    for number, info in enumerate(streams_of(store, category), 1):
        if number % _LOOK == 0:
            yield None
        claim = aggregate_for(domains, info.category)
        if claim is None or info.version < every or info.version - newest_usable(store, claim, info.key) < every:
            continue
        domain, aggregate = claim
        try:
            yield Taken(info.key, take_snapshot(store, domain, aggregate, info.key).version)
        except (Invalid, ReducerFailed) as error:
            yield Taken(info.key, info.version, str(error))
