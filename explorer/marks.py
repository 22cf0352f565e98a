"""What a subscription remembers of the events it has handed out, so that a store restored from a backup is noticed.

Positions alone do not tell: a restored store hands out the same ones again, to other events. So a checkpoint carries a
few *marks*, positions with the identity of the event there: the last one, and ever rarer ones further back. Where the
store no longer holds the last one, it is gone on with after the highest mark that it does hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from explorer.model import Event

STEP = 8  # each level remembers an event every so many of the level below
LEVELS = 7  # the rarest mark is at most some 8 ** 6 = 262,144 events back
RECENT = 1_000  # events remembered while the subscription lives, which makes it exact

Mark = tuple[int, str]


def identity(event: Event) -> str:
    """Tells an event from another one that has got its position."""
    return event.event_id or f"{event.category}/{event.id}/{event.version}/{event.type}/{event.recorded_at}"


class Marks:
    """The memory of one subscription. `floor`: where it began, None at the beginning."""

    def __init__(self, marks: Iterable[Mark] = (), floor: int | None = None) -> None:
        self.floor = floor
        known = sorted(marks, reverse=True)[:LEVELS]
        self._levels: list[Mark | None] = [*known, *[None] * (LEVELS - len(known))]
        self._recent: deque[Mark] = deque(known[:1], maxlen=RECENT)
        self._count = 0

    def add(self, event: Event) -> None:
        """This one was handed out."""
        if not isinstance(event.position, int):
            return
        mark = (event.position, identity(event))
        self._recent.append(mark)
        self._count += 1
        every = 1
        for level in range(LEVELS):
            if self._count % every:
                break
            before = self._levels[level]
            if before is None or before[0] < mark[0]:  # a late one is no news
                self._levels[level] = mark
            every *= STEP

    @property
    def saved(self) -> list[Mark]:
        """For a checkpoint: by position, the highest last."""
        return sorted({mark for mark in self._levels if mark is not None})

    @property
    def last(self) -> Mark | None:
        return max((mark for mark in (*self._levels, *self._recent) if mark is not None), default=None)

    def all(self) -> dict[int, str]:
        return dict(self.saved) | dict(self._recent)

    def cut(self, position: int | None) -> None:
        """Forget what lies above this position (None: everything)."""
        kept = [mark for mark in self.all().items() if position is not None and mark[0] <= position]
        levels = [mark if mark in kept else None for mark in self._levels]
        self._levels = [max(kept, default=None), *levels[1:]]
        self._recent = deque((mark for mark in self._recent if mark in kept), maxlen=RECENT)
