"""Two streams side by side, and streams under two versions of the code, asked of an engine."""

from __future__ import annotations

import time
from collections.abc import Generator

from explorer import payload
from explorer.cancellation import Cancellation
from explorer.comparing import LONGEST, Pair, align, each_stream
from explorer.diff import diff, same
from explorer.engine.asks_comparing import (
    Align,
    AlignedDiff,
    AlignedPage,
    AlignedRow,
    EndsApart,
    FoldUnder,
    OfAligned,
)
from explorer.engine.folding import STRETCH, Folding
from explorer.engine.messages import CUT, DiffPage, Done, Progress
from explorer.engine.rows import cut, diff_row
from explorer.engine.turns import Turn
from explorer.errors import Invalid, PluginBroken
from explorer.loading import events_of
from explorer.model import Event, Json
from explorer.plugins import Loaded, aggregate_for, broken, load
from explorer.stores import Store

PACE = 0.2  # seconds between two words about how far it is
_COMPARED = 100  # rows whose states are compared at once
_SHOWN = 50  # differences of the ends of one stream that are told


class Aligning:
    """The two streams that were aligned last, as long as neither has got another event."""

    def __init__(self) -> None:
        self._known: object = None
        self._events: tuple[list[Event], list[Event]] = [], []
        self._pairs: list[Pair] = []
        self._ends: list[tuple[int, int]] = []  # for each row the last ordinals of both up to it
        self._first: int | None = None

    def answer(self, store: Store, one: Folding, other: Folding, ask: OfAligned) -> Turn:
        yield from self._aligned(store, one, other)
        start, limit = max(0, ask.start), max(0, ask.limit)
        if isinstance(ask, Align):
            return self._page(start, limit)
        if ask.row is not None and not 0 <= ask.row < len(self._pairs):
            raise Invalid(f"There is no row {ask.row}: there are {len(self._pairs)}.")
        if ask.what == "payload" and ask.row is not None:
            changes = diff(*self._payloads(ask.row))
        else:
            changes = diff(*self._states(one, other, ask))
        return DiffPage(start, len(changes), tuple(map(diff_row, changes[start : start + limit])))

    def _aligned(self, store: Store, one: Folding, other: Folding) -> Generator[None, None, None]:
        for folding in (one, other):
            while folding.advance(store):
                if folding.read > LONGEST:
                    raise Invalid(f"Streams of more than {LONGEST:,} events cannot be aligned.")
                yield None
        known = one.key, other.key, one.folded, other.folded, one.replay.generation, other.replay.generation
        if known == self._known:
            return
        events: tuple[list[Event], list[Event]] = [], []
        for folding, mine in zip((one, other), events, strict=True):
            for event in events_of(store, folding.key):
                mine.append(event)
                if len(mine) % STRETCH == 0:
                    yield None
        pairs = align(*(mine[: f.folded] for mine, f in zip(events, (one, other), strict=True)))
        yield None
        ends: list[tuple[int, int]] = []
        first, at, there = None, -1, -1
        for row, pair in enumerate(pairs):
            at = at if pair.one is None else pair.one
            there = there if pair.other is None else pair.other
            ends.append((at, there))
            if first is None and not same(one.replay.state(at), other.replay.state(there)):
                first = row
            if row % _COMPARED == 0:
                yield None
        self._events, self._pairs, self._ends, self._first, self._known = events, pairs, ends, first, known

    def _page(self, start: int, limit: int) -> AlignedPage:
        rows = []
        for pair in self._pairs[start : start + limit]:
            one, other = self._both(pair)
            alike = one is not None and other is not None and (one.type, one.data) == (other.type, other.data)
            rows.append(AlignedRow(*_told(one), *_told(other), alike))
        only_one = sum(pair.other is None for pair in self._pairs)
        only_other = sum(pair.one is None for pair in self._pairs)
        return AlignedPage(start, len(self._pairs), tuple(rows), only_one, only_other, self._first)

    def _both(self, pair: Pair) -> tuple[Event | None, Event | None]:
        ours, theirs = self._events
        return None if pair.one is None else ours[pair.one], None if pair.other is None else theirs[pair.other]

    def _payloads(self, row: int) -> tuple[Json, Json]:
        one, other = (
            None if event is None else payload.decode(event.data).value for event in self._both(self._pairs[row])
        )
        return one, other

    def _states(self, one: Folding, other: Folding, ask: AlignedDiff) -> tuple[Json, Json]:
        if ask.versions is not None:
            at, there = one.ordinal(ask.versions[0]), other.ordinal(ask.versions[1])
        elif ask.row is not None:
            at, there = self._ends[ask.row]
        else:
            at, there = self._ends[-1] if self._ends else (-1, -1)
        return one.replay.state(at), other.replay.state(there)


def _told(event: Event | None) -> tuple[int, str]:
    return (event.version, cut(event.type, CUT)) if event is not None else (0, "")


def fold_under(store: Store, domains: Loaded, ask: FoldUnder, cancellation: Cancellation) -> Turn:
    """Raises `PluginBroken` for a file that cannot be loaded, `Invalid` where neither version claims the category."""
    yield Progress(0, None, "Loading the other plug-in")
    loaded = load((ask.plugin,))
    if problem := broken(loaded, (ask.plugin,)):
        raise PluginBroken(problem)
    one = aggregate_for(domains.domains, ask.category) or (None, None)
    other = aggregate_for(loaded.domains, ask.category) or (None, None)
    if one[1] is None and other[1] is None:
        raise Invalid(f"Neither plug-in claims the category {ask.category}.")
    said, looked, differing = time.monotonic(), 0, 0
    for found in each_stream(store, ask.category, one, other, cancellation, ask.id):
        looked += 1
        if found is not None:
            differing += 1
            yield EndsApart(
                id=found.key.id,
                version=found.version,
                kind=cut(found.type, CUT),
                total=len(found.changes),
                changes=tuple(map(diff_row, found.changes[:_SHOWN])),
                error=cut(found.errors[0], 2 * CUT),
                other_error=cut(found.errors[1], 2 * CUT),
            )
        now = time.monotonic()
        yield Progress(looked, None, "Folding by both versions") if now - said > PACE else None
        said = now if now - said > PACE else said
    return Done(f"{differing:,} of {looked:,} streams end differently.")
