"""What must be true of a store that can be read, as named checks: the verb `check`, and a test of each layout.

The work is bounded: of a huge store the first `most` events are looked at, and the details say so. A store that is
written to meanwhile is judged by what was there at the start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from explorer import payload
from explorer.model import Event, EventQuery, StreamInfo, StreamKey
from explorer.stores.query_plans import slow_statements
from explorer.stores.store import Store
from explorer.stores.walk import PREVIEW, Seen, Walk, above, every, pages, seen_lightly, walked

__all__ = ["PREVIEW", "Check", "check", "pages"]

SAMPLE = 25  # streams, events, categories and types that are looked up one by one
SHOWN = 3  # offenders that a detail names


class Check(NamedTuple):
    """One property: its name, whether it holds, and what was seen."""

    name: str
    ok: bool
    detail: str


def check(store: Store, most: int = 20_000) -> Iterator[Check]:
    """Each check as soon as it is done. `most`: events to look at. Raises what the store raises, never for its data."""
    info = store.info
    yield Check("open", True, f"{info.layout} on {info.dialect}{f', {info.instance}' if info.instance else ''}")
    walk = walked(store, most)
    for judge in (
        _paging,
        _backwards,
        _head,
        _versions,
        _times,
        _event_ids,
        _payloads,
        _streams,
        _stream_events,
        _single_events,
        _categories,
        _types,
        _recent,
        _snapshots,
        _following,
    ):
        yield judge(store, walk)
    yield _plans(store, walk)


# -- saying it ---------------------------------------------------------------------------------------------------------


def _named(offenders: Sequence[object]) -> str:
    more = f" and {len(offenders) - SHOWN:,} more" if len(offenders) > SHOWN else ""
    return "; ".join(str(offender) for offender in offenders[:SHOWN]) + more


def _at(event: Seen) -> str:
    return f"{event.key.category} {event.key.id} v{event.version}"


def _verdict(name: str, offenders: Sequence[object], good: str) -> Check:
    return Check(name, not offenders, _named(offenders) or good)


# -- the whole store ---------------------------------------------------------------------------------------------------


def _paging(store: Store, walk: Walk) -> Check:
    """Paging forwards gives every event once, in order."""
    if store.info.ordered:
        positions = [event.position for event in walk.events]
        offenders = [f"position {p} comes {n} times" for p, n in Counter(positions).items() if n > 1]
        numbers = [position for position in positions if isinstance(position, int)]
        offenders += [f"{b} comes after {a}" for a, b in pairwise(numbers) if b <= a]
        if None in positions:
            offenders.append("an event without a position")
    else:
        rows = Counter((event.key, event.version, event.event_id) for event in walk.events)
        offenders = [f"{row} comes {n} times" for row, n in rows.items() if n > 1]
    return _verdict("paging", offenders, f"each event once: {walk.extent}")


def _backwards(store: Store, walk: Walk) -> Check:
    """Newest first gives the same events, turned round."""
    wanted = walk.events if walk.whole else walk.events[:SAMPLE]
    reading = every(store, EventQuery(newest_first=True, limit=max(1, len(wanted))))
    if not walk.whole:
        latest = [event.position for event in islice(reading, SAMPLE)]
        numbers = [position for position in latest if isinstance(position, int)]
        offenders = [f"{b} comes after {a}" for a, b in pairwise(numbers) if b >= a]
        return _verdict("newest first", offenders, f"descending: the last {len(latest)} events")
    found = [e for e in islice(reading, len(wanted) + 1000) if not above(e.position, walk.head)]
    same = [(e.stream, e.version) for e in reversed(found)] == [(e.key, e.version) for e in wanted]
    return Check("newest first", same, f"the same events as forwards: {walk.extent}" if same else "other events")


def _head(store: Store, walk: Walk) -> Check:
    if not store.info.ordered:
        return Check("head", store.head() is None, "a store without positions")
    if not walk.whole:
        first = next(every(store, EventQuery(newest_first=True, limit=1)), None)
        ok = first is not None and (first.position == walk.head or above(first.position, walk.head))
        return Check("head", ok, f"{walk.head}")
    last = walk.events[-1].position if walk.events else None
    # The last transaction may have been rolled back by a writer that held the newest position only for a moment.
    return Check("head", last == walk.head, f"{walk.head}" if last == walk.head else f"{walk.head}, last event {last}")


def _following(store: Store, walk: Walk) -> Check:
    """After the head there is nothing but what arrives."""
    if walk.head is None:
        return Check("following", True, "nothing to follow yet" if store.info.ordered else "by the streams' versions")
    page = store.events(EventQuery(after=walk.head, limit=10, preview=0))
    old = [_at(seen_lightly(event)) for event in page.rows if not above(event.position, walk.head)]
    if not isinstance(walk.head, int):
        old = []
    return _verdict("following", old, f"from {walk.head} on")


# -- each stream -------------------------------------------------------------------------------------------------------


def _versions(store: Store, walk: Walk) -> Check:
    """From 1, without hole or duplicate."""
    offenders: list[str] = []
    streams = walk.streams()
    for key, events in streams.items():
        for expected, event in enumerate(events, 1):
            if event.version != expected:
                offenders.append(f"{key.category} {key.id}: v{event.version} where v{expected} should be")
                break
    return _verdict("versions", offenders, f"1, 2, 3 … in {len(streams):,} streams, {walk.extent}")


def _times(store: Store, walk: Walk) -> Check:
    """Times that run backwards are worth knowing, but every clock may do that."""
    backwards: list[str] = []
    timed = 0
    for events in walk.streams().values():
        times = [(event, event.recorded_at) for event in events if event.recorded_at is not None]
        timed += len(times)
        for (_, earlier), (event, later) in pairwise(times):
            if later < earlier:
                backwards.append(_at(event))
    if backwards:
        return Check("times", True, f"warning: time runs backwards at {_named(backwards)}")
    if walk.events and not timed:
        return Check("times", True, "the store records no times")
    return Check("times", True, f"in the order of the versions: {walk.extent}")


def _event_ids(store: Store, walk: Walk) -> Check:
    ids = [event.event_id for event in walk.events if event.event_id is not None]
    offenders = [f"{event_id} comes {n} times" for event_id, n in Counter(ids).items() if n > 1]
    sample = ids[:: max(1, len(ids) // SAMPLE)][:SAMPLE]
    if sample and not offenders:
        found = {event.event_id for event in store.events_by_id(sample)}
        offenders = [f"{event_id} is not found" for event_id in sample if event_id not in found]
    return _verdict("event ids", offenders, "unique, and found by them" if ids else "the store has none")


def _payloads(store: Store, walk: Walk) -> Check:
    large = sum(event.size > PREVIEW for event in walk.events)
    note = f", {large:,} larger than {PREVIEW // 1024} kB not looked into" if large else ""
    offenders = [f"{_at(event)}: {event.problem}" for event in walk.events if event.problem]
    return _verdict("payloads", offenders, f"readable: {walk.extent}{note}")


def _streams(store: Store, walk: Walk) -> Check:
    """The list of streams holds exactly the streams of the events, each once, at its last version."""
    expected = walk.streams()
    listed: list[StreamInfo] = list(
        islice(pages(lambda cursor: store.streams(after=cursor, limit=200)), len(expected) + 1000)
    )
    offenders = [f"{k.category} {k.id} is listed {n} times" for k, n in Counter(s.key for s in listed).items() if n > 1]
    if walk.whole:
        found = {stream.key: stream.version for stream in listed}
        for key, events in expected.items():
            if found.get(key) is None:
                offenders.append(f"{key.category} {key.id} is not listed")
            elif found[key] < max(event.version for event in events):
                offenders.append(f"{key.category} {key.id} is listed at v{found[key]}")
        if walk.head is None:  # otherwise new ones may have come meanwhile
            offenders += [f"{key.category} {key.id} has no events" for key in found if key not in expected]
    return _verdict("streams", offenders, f"each once: {len(listed):,} looked at")


def _sampled(walk: Walk) -> list[tuple[StreamKey, list[Seen]]]:
    streams = list(walk.streams().items())
    return streams[:: max(1, len(streams) // SAMPLE)][:SAMPLE]


def _stream_events(store: Store, walk: Walk) -> Check:
    """Reading a stream gives its events, also in pages, and `stream()` describes it."""
    offenders: list[str] = []
    for key, events in _sampled(walk):
        wanted = [event.version for event in events[:1000]]
        found = store.stream_events(key, limit=len(wanted), preview=0)
        if [event.version for event in found] != wanted or any(event.stream != key for event in found):
            offenders.append(f"{key.category} {key.id}: {len(found)} of its events are found")
            continue
        middle = wanted[len(wanted) // 2]
        rest = store.stream_events(key, after=middle - 1, upto=wanted[-1], limit=len(wanted), preview=0)
        if [event.version for event in rest] != [version for version in wanted if version >= middle]:
            offenders.append(f"{key.category} {key.id}: other events after v{middle - 1}")
        described = store.stream(key)
        if described is None or described.version < wanted[-1] or (described.events or 0) < len(wanted):
            offenders.append(f"{key.category} {key.id} is described as {described}")
    return _verdict("stream", offenders, f"as in the whole store: {len(_sampled(walk))} streams looked up")


def _single_events(store: Store, walk: Walk) -> Check:
    offenders: list[str] = []
    sample = walk.events[:: max(1, len(walk.events) // SAMPLE)][:SAMPLE]
    for seen in sample:
        event = store.event(seen.key, seen.version)
        if event is None:
            offenders.append(f"{_at(seen)} is not found")
        elif (event.stream, event.position, event.type) != (seen.key, seen.position, seen.type):
            offenders.append(f"{_at(seen)} is another event when looked up")
        elif len(event.data) < event.size:
            offenders.append(f"{_at(seen)} is cut when looked up")
    return _verdict("event", offenders, f"the same when looked up: {len(sample)} events")


# -- filters -----------------------------------------------------------------------------------------------------------


def _filtered(found: Iterator[Event], wanted: Iterator[Seen]) -> bool:
    """Do these events, found by a filter, begin as those of the walk that it should let through?"""
    expected = [(event.key, event.version) for event in islice(wanted, 1000)]
    return [(event.stream, event.version) for event in islice(found, len(expected))] == expected


def _categories(store: Store, walk: Walk) -> Check:
    names = list(dict.fromkeys(event.key.category for event in walk.events))
    offenders = [
        f"filtering {name or 'no category'} gives other events"
        for name in names[:SAMPLE]
        if name
        and not _filtered(every(store, EventQuery(category=name)), (e for e in walk.events if e.key.category == name))
    ]
    listed = store.categories()
    if walk.whole:
        offenders += [f"{name} is not listed" for name in names if name and name not in listed]
    return _verdict("categories", offenders, _named(names) or "none")


def _types(store: Store, walk: Walk) -> Check:
    names = [name for name in dict.fromkeys(event.type for event in walk.events) if not set(name) & set("*?[]\\")]
    offenders = [
        f"filtering {name} gives other events"
        for name in names[:SAMPLE]
        if not _filtered(every(store, EventQuery(type=name)), (e for e in walk.events if e.type == name))
    ]
    return _verdict("types", offenders, _named(names) or "none")


def _recent(store: Store, walk: Walk) -> Check:
    recent = store.recent_streams(limit=10)
    if not walk.whole or not store.info.ordered:
        return Check("recent streams", True, f"{len(recent)} listed")
    wanted = list(dict.fromkeys(event.key for event in reversed(walk.events)))[:10]
    found = [stream.key for stream in recent]
    ok = found == wanted or bool(set(found) - set(wanted))  # others may have changed meanwhile
    return Check("recent streams", ok, f"newest first: {len(recent)}" if ok else f"{_named(found)} are listed first")


def _snapshots(store: Store, walk: Walk) -> Check:
    if not store.info.snapshots:
        return Check("snapshots", True, "the store keeps none")
    offenders: list[str] = []
    snapshots = store.snapshots(limit=SAMPLE, preview=PREVIEW)
    for snapshot in snapshots:
        key = StreamKey(snapshot.category, snapshot.id)
        name = f"{key.category} {key.id} v{snapshot.version}"
        stream = store.stream(key)
        if stream is None or stream.version < snapshot.version:
            offenders.append(f"{name} is ahead of its stream")
        problem = snapshot.problem
        if problem is None and len(snapshot.state) >= snapshot.size:
            problem = payload.decode(snapshot.state).problem
        if problem:
            offenders.append(f"{name}: {problem}")
        if store.snapshot(key, snapshot.version) is None:
            offenders.append(f"{name} is not found")
    return _verdict("snapshots", offenders, f"readable: {len(snapshots)} looked at")


def _plans(store: Store, walk: Walk) -> Check:
    """No first page scans or sorts the events."""
    offenders = slow_statements(store, walk.events[len(walk.events) // 2].key if walk.events else None)
    return _verdict("indexes", offenders, "every page is served by an index")
