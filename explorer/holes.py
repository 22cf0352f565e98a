"""Positions that have been skipped: which they are, and when one of them is final. Pure; asks no store.

A database hands out positions before the transactions that use them commit, so a reader can see 8 before 7. Such a
*hole* is either filled later or was given up (a rollback). Whoever has drawn a position holds a lock on the events
table from before the draw until the end of the transaction. So the hole is final once every transaction that held
that lock when the hole was first seen has gone, and a look *after* that still finds nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]  # both ends included

_FIRST = -(2**63)


class Ranges:
    """A set of integers kept as sorted, disjoint, not even touching ranges: its size is the number of ranges."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._lows: list[int] = []
        self._highs: list[int] = []
        for low, high in ranges:
            self.add(low, high)

    def __iter__(self) -> Iterator[Range]:
        return iter(list(zip(self._lows, self._highs, strict=True)))

    def __len__(self) -> int:
        return len(self._lows)

    def __contains__(self, position: int) -> bool:
        at = bisect_right(self._lows, position) - 1
        return at >= 0 and position <= self._highs[at]

    @property
    def lowest(self) -> int | None:
        return self._lows[0] if self._lows else None

    def add(self, low: int, high: int) -> None:
        """Put in every integer from low to high, both included."""
        first = bisect_left(self._highs, low - 1)  # the first range that touches or follows
        last = bisect_right(self._lows, high + 1)  # one after the last range that touches
        if first < last:
            low = min(low, self._lows[first])
            high = max(high, self._highs[last - 1])
        self._lows[first:last] = [low]
        self._highs[first:last] = [high]

    def remove(self, low: int, high: int) -> None:
        """Take out every integer from low to high, both included; those that are not in it do not matter."""
        first = bisect_left(self._highs, low)
        last = bisect_right(self._lows, high)
        if first >= last:
            return
        left = (self._lows[first], low - 1)
        right = (high + 1, self._highs[last - 1])
        kept = [(a, b) for a, b in (left, right) if a <= b]
        self._lows[first:last] = [a for a, _ in kept]
        self._highs[first:last] = [b for _, b in kept]

    def after(self, position: int, limit: int) -> list[Range]:
        """At most `limit` ranges that start above the position."""
        at = bisect_right(self._lows, position)
        return list(zip(self._lows[at : at + limit], self._highs[at : at + limit], strict=True))

    def drop_lowest(self, ranges: int) -> None:
        del self._lows[:ranges], self._highs[:ranges]


@dataclass(slots=True)
class _Batch:
    """Holes that were first seen together: the same transactions may still fill them."""

    ranges: Ranges
    writers: frozenset[str] | None  # those not yet gone; None: still to be noted (afresh, after a reconnection)
    since: float
    looked_upto: int = _FIRST  # where the next look at a long batch goes on

    def may_close(self, now: float, grace: float) -> bool:
        return self.writers is not None and not self.writers and now - self.since >= grace


@dataclass(slots=True)
class Look:
    """The ranges to look at now, and what it means if nothing is found there."""

    ranges: list[Range]
    parts: list[tuple[_Batch, list[Range], bool]] = field(default_factory=list)  # with: is nothing there final?


class Holes:
    """The open holes of one subscription. All of them, however many; ranges keep that small.

    `grace`: seconds that a hole stays open in any case, for stores whose clients draw positions ahead of time.
    """

    def __init__(self, grace: float = 0.0) -> None:
        self._grace = grace
        self._batches: list[_Batch] = []
        self._turn = 0

    def __bool__(self) -> bool:
        return bool(self._batches)

    @property
    def lowest(self) -> int | None:
        return min((low for b in self._batches if (low := b.ranges.lowest) is not None), default=None)

    @property
    def ranges(self) -> list[Range]:
        return sorted(r for b in self._batches for r in b.ranges)

    @property
    def writers(self) -> frozenset[str]:
        """The transactions waited for."""
        return frozenset(w for b in self._batches for w in b.writers or ())

    def add(self, ranges: Collection[Range], now: float) -> None:
        """Remember holes just seen. `observe` must follow, with the writers asked for after the holes were seen."""
        if ranges:
            self._batches.append(_Batch(Ranges(ranges), None, now))

    def drop_above(self, position: int | None) -> None:
        """Forget the holes above this position (None: all of them), and what lies above it of the others."""
        for batch in self._batches:
            batch.ranges.remove(_FIRST if position is None else position + 1, 2**63)
        self._batches = [batch for batch in self._batches if len(batch.ranges)]

    def forget_writers(self) -> None:
        """Transactions have other names now (reconnected, restarted): note them afresh."""
        for batch in self._batches:
            batch.writers = None

    def observe(self, writers: frozenset[str]) -> None:
        """Take note of the transactions that hold the lock now. A look comes *after* this, or says nothing."""
        prepared = frozenset(w for w in writers if _is_prepared(w))
        for batch in self._batches:
            if batch.writers is None:
                batch.writers = writers
                continue
            gone = batch.writers - writers
            batch.writers &= writers
            if not all(map(_is_prepared, gone)):
                # One of these may be a transaction waited for that has been prepared and got another name.
                batch.writers |= prepared
        self._merge()

    def to_look_at(self, now: float, limit: int) -> Look:
        """At most `limit` ranges, those first that may become final; the others take turns."""
        look = Look([])
        waiting = [b for b in self._batches if not b.may_close(now, self._grace)]
        turn = self._turn % len(waiting) if waiting else 0
        in_turn = [b for b in self._batches if b.may_close(now, self._grace)] + waiting[turn:] + waiting[:turn]
        for batch in in_turn:
            room = limit - len(look.ranges)
            if room <= 0:
                break
            part = batch.ranges.after(batch.looked_upto, room)
            again = batch.ranges.after(_FIRST, min(room, len(batch.ranges)) - len(part))
            batch.looked_upto = (again or part)[-1][0]
            part = again + part
            look.ranges += part
            look.parts.append((batch, part, batch.may_close(now, self._grace)))
        self._turn += 1
        look.ranges.sort()
        return look

    def looked(self, look: Look, found: Iterable[int], upto: int | None = None) -> list[Range]:
        """What a look found (and that it saw only positions up to `upto`, if it was cut). → the ranges now final."""
        found = sorted(found)
        final: list[Range] = []
        for batch, part, closes in look.parts:
            for low, high in part:
                if upto is not None:
                    if low > upto:
                        continue
                    high = min(high, upto)
                here = found[bisect_left(found, low) : bisect_right(found, high)]
                for position in here:
                    batch.ranges.remove(position, position)
                if closes:
                    rest = Ranges([(low, high)])
                    for position in here:
                        rest.remove(position, position)
                    final += rest
                    batch.ranges.remove(low, high)
        self._batches = [b for b in self._batches if len(b.ranges)]
        return final

    def _merge(self) -> None:
        """Batches that wait for the same transactions are one (not if time counts, for it began differently)."""
        if self._grace:
            return
        merged: dict[frozenset[str] | None, _Batch] = {}
        for batch in self._batches:
            into = merged.setdefault(batch.writers, batch)
            if into is not batch:
                for low, high in batch.ranges:
                    into.ranges.add(low, high)
        self._batches = list(merged.values())


def _is_prepared(writer: str) -> bool:
    """A prepared transaction belongs to no session; PostgreSQL names it -1/ and its id."""
    return writer.startswith("-1/")
