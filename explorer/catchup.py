"""Catching up with a store whose events have an integer position, without losing those that become visible late."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

from explorer.holes import Holes, Range, Ranges
from explorer.marks import Marks, identity
from explorer.model import Event, EventQuery
from explorer.stores.store import Store

LOOKED_BACK = 1_000  # events below the head in which a subscription that starts there looks for holes
_RANGES_A_LOOK = 2_000
_FOUND_A_LOOK = 1_000
_CLOSED_KEPT = 10_000  # ranges
_CLOSED_A_LOOK = 500  # ranges
_CLOSED_EVERY = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event delivered by a subscription; `late` when one of a higher position had been delivered before."""

    event: Event
    late: bool = False


class Follower(Protocol):
    """How one kind of store is followed. `advance` asks the store, `take` hands out what it brought."""

    notice: str

    @property
    def behind(self) -> bool:
        """There is more to read at once, without waiting for a change."""
        ...

    @property
    def pending(self) -> bool:
        """Looking again may bring something although nothing was committed since."""
        ...

    def advance(self, store: Store, now: float, room: int) -> None: ...

    def take(self, limit: int) -> list[Arrival]: ...

    def checkpoint(self) -> dict[str, Any]: ...

    def waiting_for(self) -> str: ...

    def reconnected(self) -> None: ...


def cut(event: Event, preview: int | None) -> Event:
    """The event with at most `preview` bytes of its payload."""
    if preview is None or len(event.data) <= preview:
        return event
    return replace(event, data=event.data[:preview], size=max(event.size, len(event.data)))


class ByPosition:
    """Reads on from a position and remembers the holes it has passed.

    Eager: what is read is ready at once, what fills a hole comes afterwards. Ordered: what lies above an open hole is
    held back (at most about `room` events of it) until the hole is filled or final.
    """

    def __init__(
        self,
        position: int | None,
        holes: Iterable[Range] = (),
        *,
        ordered: bool = False,
        commit_ordered: bool = False,
        preview: int | None = None,
        grace: float = 0.0,
        now: float = 0.0,
        marks: Marks | None = None,
    ) -> None:
        self._marks = marks or Marks(floor=position)
        self._read = position  # everything up to here has been read, but for the holes
        self._released = position  # the highest that was made ready
        self._delivered = position  # the highest that was handed out
        self._check_head = position is not None
        self._ordered = ordered
        self._commit_ordered = commit_ordered
        self._preview = preview
        self._holes = Holes(grace)
        self._holes.add(list(holes), now)
        self._closed = Ranges()
        self._closed_looked = (float("-inf"), 0)  # when, and upto which position
        self._ready: deque[Arrival] = deque()
        self._held: list[Event] = []  # ordered: by position, above an open hole
        self._behind = True
        self.notice = ""

    @classmethod
    def at_head(cls, store: Store, now: float, **how: Any) -> ByPosition:
        """Start behind the last visible event. Those below it that are not yet committed will come, marked late."""
        commit_ordered = how.get("commit_ordered", False)
        page = store.events(EventQuery(newest_first=True, limit=1 if commit_ordered else LOOKED_BACK, preview=1))
        seen = sorted(e.position for e in page.rows if isinstance(e.position, int))
        started = cls(seen[-1] if seen else None, **how)
        for event in page.rows[:1]:
            started._marks.add(event)
        if seen and not commit_ordered:
            whole = len(page.rows) < LOOKED_BACK
            before = [min(0, seen[0]) - 1] if whole else []
            gaps = [(a + 1, b - 1) for a, b in pairwise(before + seen) if b - a > 1]
            started._holes.add(gaps, now)
        return started

    @property
    def behind(self) -> bool:
        return self._behind or bool(self._ready)

    @property
    def pending(self) -> bool:
        return bool(self._holes) or bool(self._held)

    def advance(self, store: Store, now: float, room: int) -> None:
        if self._check_head:
            self._rewind(store)
        room -= len(self._ready) + len(self._held)
        if room > 0:
            self._read_on(store, now, room)
        if self._holes:
            # In this order: holes seen, then writers noted, then looked. See holes.py.
            self._holes.observe(store.writers())
            self._look(store, now)
        if self._closed and now - self._closed_looked[0] >= _CLOSED_EVERY:
            self._look_at_closed(store, now)
        self._release()

    def take(self, limit: int) -> list[Arrival]:
        taken: list[Arrival] = []
        while self._ready and len(taken) < limit:
            arrival = self._ready.popleft()
            self._marks.add(arrival.event)
            position = arrival.event.position
            if isinstance(position, int) and (self._delivered is None or position > self._delivered):
                self._delivered = position
            taken.append(arrival)
        return taken

    def checkpoint(self) -> dict[str, Any]:
        # What was read but not handed out yet comes again.
        holes = Ranges(self._holes.ranges)
        upto = self._delivered if self._ordered else self._read
        if upto is None:
            return {"kind": "position", "position": None, "holes": []}
        for arrival in self._ready:
            position = arrival.event.position
            if isinstance(position, int) and position <= upto:
                holes.add(position, position)
        below = [(low, min(high, upto)) for low, high in holes if low <= upto]
        marks = {"marks": self._marks.saved, "from": self._marks.floor}
        return {"kind": "position", "position": upto, "holes": below, **marks}

    def waiting_for(self) -> str:
        if not self._holes or (self._ordered and not self._held):
            return ""
        low, high = self._holes.ranges[0]
        hole = f"Position {low}" if low == high else f"Positions {low} to {high}"
        writers = ", ".join(sorted(self._holes.writers)) or "a last look"
        held = f"; {len(self._held)} later events are held back" if self._ordered else ""
        return f"{hole} may still be committed (waiting for {writers}){held}."

    def reconnected(self) -> None:
        self._holes.forget_writers()
        self._behind = True
        self._check_head = True

    def _rewind(self, store: Store) -> None:
        """A store that ends before the place we were at, or holds other events there, was reset or restored: go on
        after the last event that it still holds, so that nothing is missed. Some events may come again."""
        if self._read is None:
            self._check_head = False
            return
        head = store.head()
        end = head if isinstance(head, int) else None
        same, to = self._known(store)
        self._check_head = False
        if same and end is not None and end >= self._read:
            return
        to = None if to is None or end is None else min(to, end)
        self.notice = (
            f"The store does not hold what was read up to position {self._read}: it was reset or restored. Going on"
            f" {'from the beginning' if to is None else f'after position {to}'}; events may come again."
        )
        self._read = self._released = self._delivered = to
        self._held.clear()
        low = -(2**63) if to is None else to + 1
        self._ready = deque(arrival for arrival in self._ready if _position(arrival.event) < low)
        # What lies above will be read; what lies below may still be filled.
        self._holes.drop_above(to)
        self._closed.remove(low, 2**63)
        self._marks.cut(to)

    def _known(self, store: Store) -> tuple[bool, int | None]:
        """Does the store hold the last event that was handed out? And the highest position up to which it holds what
        it held, None if that is nothing and the subscription began at the beginning. Without marks all is well."""
        last = self._marks.last
        if last is None or _identities(store, [last[0]]).get(last[0]) == last[1]:
            return True, self._delivered
        marks = self._marks.all()
        found = _identities(store, sorted(marks))
        kept = [position for position, name in marks.items() if found.get(position) == name]
        return False, max(kept, default=self._marks.floor)

    def _read_on(self, store: Store, now: float, room: int) -> None:
        page = store.events(EventQuery(after=self._read, limit=room, preview=self._preview))
        gaps: list[Range] = []
        for event in page.rows:
            position = event.position
            if not isinstance(position, int):
                continue
            before = self._read if self._read is not None else min(0, position) - 1
            if position - before > 1 and not self._commit_ordered:
                gaps.append((before + 1, position - 1))
            self._read = position
            if self._ordered:
                self._held.append(event)
            else:
                self._released = position
                self._ready.append(Arrival(event))
        self._holes.add(gaps, now)
        self._behind = len(page.rows) >= room

    def _look(self, store: Store, now: float) -> None:
        look = self._holes.to_look_at(now, _RANGES_A_LOOK)
        found = store.events_in(look.ranges, limit=_FOUND_A_LOOK)
        upto = _position(found[-1]) if len(found) >= _FOUND_A_LOOK else None
        final = self._holes.looked(look, [_position(e) for e in found], upto)
        for event in found:
            self._late(cut(event, self._preview))
        for low, high in final:
            self._closed.add(low, high)
        self._closed.drop_lowest(max(0, len(self._closed) - _CLOSED_KEPT))

    def _look_at_closed(self, store: Store, now: float) -> None:
        """What was final is looked at again now and then: a store may hand out positions in ways we do not know."""
        part = self._closed.after(self._closed_looked[1], _CLOSED_A_LOOK)
        found = store.events_in(part, limit=_FOUND_A_LOOK) if part else []
        self._closed_looked = (now, part[-1][0] if len(part) == _CLOSED_A_LOOK else -(2**63))
        for event in found:
            self._closed.remove(_position(event), _position(event))
            self._late(cut(event, self._preview))

    def _late(self, event: Event) -> None:
        if self._released is not None and _position(event) < self._released:
            self._ready.append(Arrival(event, late=True))
        elif self._ordered:
            insort(self._held, event, key=_position)
        else:
            self._ready.append(Arrival(event))

    def _release(self) -> None:
        if not self._held:
            return
        lowest = self._holes.lowest
        free = len(self._held) if lowest is None else bisect_left(self._held, lowest, key=_position)
        for event in self._held[:free]:
            self._released = _position(event)
            self._ready.append(Arrival(event))
        del self._held[:free]


def _identities(store: Store, positions: list[int]) -> dict[int, str]:
    """Of the events at these positions."""
    ranges = Ranges((position, position) for position in positions)
    return {_position(event): identity(event) for event in store.events_in(ranges, limit=len(positions))}


def _position(event: Event) -> int:
    """The position of an event that is known to have an integer one."""
    if not isinstance(event.position, int):
        raise TypeError(f"not an integer position: {event.position!r}")
    return event.position
