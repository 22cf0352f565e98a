"""A model of a store whose positions become visible out of order, as PostgreSQL's sequences make them. For tests."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from explorer.cancellation import Cancellation
from explorer.errors import ConnectionLost
from explorer.model import Event, EventQuery, Page, Position, StoreInfo, StreamInfo, StreamKey


@dataclass(slots=True)
class Writing:
    """An open transaction: it holds the lock, has drawn some positions, and nobody sees them yet."""

    name: str
    drawn: list[int] = field(default_factory=list)


class Sequence:
    """The part of a store that subscriptions use. `begin`, `draw`, `commit`, `roll_back` are its writers."""

    def __init__(self, ordered: bool = True, commit_ordered: bool = False) -> None:
        self.info = StoreInfo("model", "model", "postgresql", False, ordered, False, "model", commit_ordered)
        self.visible: list[int] = []
        self.renamed: dict[int, str] = {}  # positions that were used again, by another event
        self.writing: dict[str, Writing] = {}
        self.asked = 0
        self.broken = False
        self.meanwhile: list[Callable[[], None]] = []  # what writers do before each statement of a reader
        self._next = 1
        self._transactions = 0

    # -- writers -----------------------------------------------------------------------------------------------------

    def begin(self) -> Writing:
        self._transactions += 1
        writing = Writing(f"3/{self._transactions}")
        self.writing[writing.name] = writing
        return writing

    def draw(self, writing: Writing) -> int:
        position = self._next
        self._next += 1
        writing.drawn.append(position)
        return position

    def commit(self, writing: Writing) -> None:
        del self.writing[writing.name]
        self.visible = sorted(self.visible + writing.drawn)

    def roll_back(self, writing: Writing) -> None:
        del self.writing[writing.name]

    def prepare(self, writing: Writing) -> None:
        """A two-phase commit's first phase: the lock stays, under another name."""
        del self.writing[writing.name]
        writing.name = "-1/" + writing.name[2:]
        self.writing[writing.name] = writing

    def restart(self) -> None:
        """All that was not committed is gone, and the sequence goes on further up."""
        self.writing.clear()
        self._transactions += 1000
        self._next += 32

    def restore(self, upto: int) -> None:
        """A backup comes back: what was above is gone, and its positions are drawn again."""
        self.writing.clear()
        self.visible = [position for position in self.visible if position <= upto]
        for position in range(upto + 1, self._next):
            self.renamed[position] = self.renamed.get(position, str(position)) + "'"
        self._next = upto + 1

    # -- what a subscription asks --------------------------------------------------------------------------------------

    def close(self) -> None:
        pass

    def head(self) -> Position | None:
        self._ask()
        return self.visible[-1] if self.visible else None

    def events(self, query: EventQuery) -> Page[Event]:
        self._ask()
        if query.newest_first:
            rows = self.visible[::-1][: query.limit]
        else:
            at = 0 if query.after is None else bisect_right(self.visible, query.after)
            rows = self.visible[at : at + query.limit]
        return Page(tuple(map(self._event, rows)), rows[-1] if len(rows) == query.limit else None)

    def events_in(self, holes: Iterable[tuple[int, int]], limit: int = 1000) -> list[Event]:
        self._ask()
        found = [
            position
            for low, high in holes
            for position in self.visible[bisect_left(self.visible, low) : bisect_right(self.visible, high)]
        ]
        assert found == sorted(found)
        return list(map(self._event, found[:limit]))

    def writers(self) -> frozenset[str]:
        self._ask()
        return frozenset(self.writing)

    def changed(self) -> bool:
        return True

    def wait(self, seconds: float, cancellation: Cancellation) -> None:
        cancellation.wait(seconds)

    def recent_streams(self, limit: int = 50) -> tuple[StreamInfo, ...]:
        return ()

    def streams(self, after: str | None = None, limit: int = 200) -> Page[StreamInfo]:
        streams: dict[str, int] = {}
        for position in self.visible:
            streams[f"s{position % 7}"] = streams.get(f"s{position % 7}", 0) + 1
        names = sorted(name for name in streams if after is None or name > after)[:limit]
        rows = tuple(StreamInfo("Model", name, streams[name]) for name in names)
        return Page(rows, names[-1] if len(names) == limit else None)

    def stream_events(
        self, key: StreamKey, after: int = 0, limit: int = 1000, upto: int | None = None, preview: int | None = None
    ) -> list[Event]:
        mine = [position for position in self.visible if f"s{position % 7}" == key.id]
        return [
            Event("Model", key.id, version, None, "Happened", b"{}", event_id=str(position))
            for version, position in enumerate(mine, start=1)
        ][after : after + limit]

    def _ask(self) -> None:
        self.asked += 1
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.broken:
            raise ConnectionLost("The connection was cut.")

    def _event(self, position: int) -> Event:
        name = self.renamed.get(position, str(position))
        return Event("Model", f"s{position % 7}", 1, position, "Happened", b"{}", event_id=name)


class TextSequence(Sequence):
    """The same with positions that are texts, such as times: nobody can tell what lies between two of them."""

    def head(self) -> Position | None:
        head = super().head()
        return None if head is None else f"{head:06}"

    def events(self, query: EventQuery) -> Page[Event]:
        after = None if query.after is None else int(query.after)
        page = super().events(replace(query, after=after))
        return Page(page.rows, None if page.next is None else f"{page.next:06}")

    def writers(self) -> frozenset[str]:
        raise AssertionError("there are no holes to ask for")

    def _event(self, position: int) -> Event:
        return replace(super()._event(position), position=f"{position:06}")
