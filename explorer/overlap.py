"""Catching up with stores that have no integer position: by an overlapping window, or stream by stream."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from explorer.catchup import Arrival
from explorer.model import Event, EventQuery, Position, StreamKey
from explorer.stores.store import Store

WINDOW_EVENTS = 200
WINDOW_SECONDS = 10.0
_STREAMS_A_SWEEP = 200
_RECENT_STREAMS = 50


def identity(event: Event) -> str:
    return event.event_id or f"{event.category}\x00{event.id}\x00{event.version}"


def _is_old(event: Event) -> bool:
    """Whether nothing can become visible before it any more, as far as its own time tells."""
    return event.recorded_at is None or (datetime.now(UTC) - event.recorded_at).total_seconds() > WINDOW_SECONDS


class ByOverlap:
    """For positions that are times or texts: what becomes visible late falls somewhere among the newest events.

    So the last 200 events, and all that were first seen in the last 10 seconds, are read again each time; those
    already seen are known by their identity. Ordered holds an event back until it has been in sight for 10 seconds,
    but for those that are old already and far from the end.
    """

    def __init__(
        self,
        position: Position | None,
        seen: Iterable[tuple[Position, str]] = (),
        *,
        ordered: bool = False,
        preview: int | None = None,
    ) -> None:
        self._from = position  # where the window begins; exclusive
        self._window: list[tuple[Any, str, float]] = [(p, name, float("-inf")) for p, name in seen]
        self._seen = {name for _, name, _ in self._window}
        self._released: Position | None = self._window[-1][0] if self._window else position
        self._ordered = ordered
        self._preview = preview
        self._ready: deque[Arrival] = deque()
        self._held: list[tuple[Any, str, float, Event]] = []
        self._behind = True
        self._next: Any = None  # while behind: where reading goes on
        self.notice = ""

    @classmethod
    def at_head(cls, store: Store, now: float, **how: Any) -> ByOverlap:
        page = store.events(EventQuery(newest_first=True, limit=WINDOW_EVENTS + 1, preview=1))
        rows = [(e.position, identity(e)) for e in reversed(page.rows) if e.position is not None]
        start = rows.pop(0)[0] if len(rows) > WINDOW_EVENTS else None
        return cls(start, rows, **how)

    @property
    def behind(self) -> bool:
        return self._behind or bool(self._ready)

    @property
    def pending(self) -> bool:
        return bool(self._held)

    def advance(self, store: Store, now: float, room: int) -> None:
        # Far behind, read on; having caught up, read the window again.
        after: Any = self._next if self._behind and self._next is not None else self._from
        self._behind = True
        room -= len(self._ready) + len(self._held)
        while room > 0 and self._behind:
            page = store.events(EventQuery(after=after, limit=WINDOW_EVENTS, preview=self._preview))
            for event in page.rows:
                if event.position is not None and identity(event) not in self._seen:
                    self._note(event, float("-inf") if page.next is not None and _is_old(event) else now)
                    room -= 1
            after = self._next = page.next
            self._behind = page.next is not None
        self._release(now)
        self._move_window(now)

    def take(self, limit: int) -> list[Arrival]:
        return [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]

    def checkpoint(self) -> dict[str, Any]:
        waiting = {identity(a.event) for a in self._ready} | {name for _, name, _, _ in self._held}
        seen = [(position, name) for position, name, _ in self._window if name not in waiting]
        return {"kind": "overlap", "position": self._from, "seen": seen}

    def waiting_for(self) -> str:
        return f"{len(self._held)} events settle for {WINDOW_SECONDS:.0f} seconds." if self._held else ""

    def reconnected(self) -> None:
        self._behind = True

    def _note(self, event: Event, since: float) -> None:
        position, name = event.position, identity(event)
        self._seen.add(name)
        insort(self._window, (position, name, since), key=lambda row: row[0])
        if self._ordered:
            insort(self._held, (position, name, since, event), key=lambda row: row[0])
        else:
            self._hand_out(event)

    def _hand_out(self, event: Event) -> None:
        position: Any = event.position
        late = self._released is not None and position < self._released
        self._released = self._released if late else position
        self._ready.append(Arrival(event, late))

    def _release(self, now: float) -> None:
        while self._held and now - self._held[0][2] >= WINDOW_SECONDS:
            self._hand_out(self._held.pop(0)[3])

    def _move_window(self, now: float) -> None:
        waiting = min((held[0] for held in self._held), default=None)
        if self._ready:
            return  # what was not handed out yet must stay inside a checkpoint's window
        drop = 0
        while len(self._window) - drop > WINDOW_EVENTS:
            position, _, since = self._window[drop]
            tied = self._window[drop + 1][0] == position
            settled = self._behind or now - since >= WINDOW_SECONDS
            if not settled or (waiting is not None and position >= waiting):
                break
            if not tied:  # a window never begins among events of one position
                self._from = position
                for _, name, _ in self._window[: drop + 1]:
                    self._seen.discard(name)
                del self._window[: drop + 1]
                drop = 0
            else:
                drop += 1


class ByStream:
    """For stores without any order of all events: each stream is followed by its version.

    The streams changed last are looked at every time, all others in turn, a page each time.
    """

    def __init__(self, versions: Iterable[tuple[str, str, int]] = (), *, preview: int | None = None) -> None:
        self._versions = {StreamKey(category, id_): version for category, id_, version in versions}
        self._preview = preview
        self._sweep: Any = None  # where the current sweep goes on
        self._only_noting = False  # the first sweep of a subscription that starts at the head
        self._ready: deque[Arrival] = deque()
        self._behind = True
        self.notice = ""

    @classmethod
    def at_head(cls, **how: Any) -> ByStream:
        started = cls(**how)
        started._only_noting = True
        return started

    @property
    def behind(self) -> bool:
        return self._behind or bool(self._ready)

    @property
    def pending(self) -> bool:
        return False

    def advance(self, store: Store, now: float, room: int) -> None:
        room -= len(self._ready)
        if room <= 0:
            return
        page = store.streams(after=self._sweep, limit=_STREAMS_A_SWEEP)
        recent = () if self._only_noting else store.recent_streams(_RECENT_STREAMS)
        for stream in (*recent, *page.rows):
            known = self._versions.get(stream.key, 0)
            if stream.version <= known:
                continue
            if self._only_noting:
                self._versions[stream.key] = stream.version
                continue
            if room <= 0:
                self._behind = True
                return  # the same page again next time
            events = store.stream_events(stream.key, after=known, limit=room, preview=self._preview)
            self._ready.extend(Arrival(event) for event in events)
            self._versions[stream.key] = max([known, *(event.version for event in events)])
            room -= len(events)
        self._sweep = page.next
        self._behind = page.next is not None
        if not self._behind:
            self._only_noting = False

    def take(self, limit: int) -> list[Arrival]:
        return [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]

    def checkpoint(self) -> dict[str, Any]:
        versions = dict(self._versions)
        for arrival in self._ready:
            key = arrival.event.stream
            versions[key] = min(versions[key], arrival.event.version - 1)
        return {"kind": "streams", "versions": [(k.category, k.id, v) for k, v in versions.items()]}

    def waiting_for(self) -> str:
        return ""

    def reconnected(self) -> None:
        self._behind = True
        self._sweep = None
