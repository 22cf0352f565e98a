"""What a stream tab keeps of its stream: columns of plain numbers and texts, as they came from the engine.

No object per event: 100,000 events are a dozen arrays, cheap to extend and invisible to the garbage collector.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from explorer.engine.messages import EventColumns, StepColumns

NO_TIME = -(2**63)


class Timeline:
    """Events and steps of one stream by ordinal (0-based). Steps follow the events: `folded` ≤ `count`."""

    def __init__(self) -> None:
        self.names: list[str] = []  # event types, in order of appearance
        self.versions = array("q")
        self.types = array("L")  # index into `names`
        self.times = array("q")  # microseconds since the epoch, UTC; NO_TIME when unknown
        self.sizes = array("q")  # bytes of the payload
        self.positions: list[str] = []
        self.event_ids: list[str] = []
        self.changes = array("L")  # of the folded events
        self.problems: dict[int, str] = {}
        self.errors: dict[int, str] = {}
        self.most_changes = 0
        self.generation = 0  # counts how often what was known turned out different
        self._type_numbers: dict[str, int] = {}
        self._ascending = True  # versions are strictly ascending: they can be searched by halving
        self._in_time = True

    @property
    def count(self) -> int:
        return len(self.versions)

    @property
    def folded(self) -> int:
        return len(self.changes)

    # -- growing ------------------------------------------------------------------------------------------------------

    def take_events(self, part: EventColumns) -> None:
        """Add a stretch of facts; whatever is known from its start on is replaced by it."""
        if part.start > self.count:
            raise ValueError(f"events from {part.start} while only {self.count} are known")
        if part.start < self.count:
            self._forget_events(part.start)
        numbers = [self._type_number(name) for name in part.names]
        before = self.versions[-1] if self.versions else 0
        for version in part.versions:
            if version <= before:
                self._ascending = False
            before = version
        last = self.times[-1] if self.times else NO_TIME
        times = [NO_TIME if time is None else time for time in part.times]
        for time in times:
            if time < last:
                self._in_time = False
            last = time
        self.versions.extend(part.versions)
        self.types.extend([numbers[index] for index in part.types])
        self.times.extend(times)
        self.sizes.extend(part.sizes)
        self.positions.extend(part.positions)
        self.event_ids.extend(part.event_ids)
        self.problems.update(part.problems)

    def take_steps(self, part: StepColumns) -> None:
        """Add what a stretch of events did to the state; what is known from its start on is replaced by it."""
        if part.start > self.folded:
            raise ValueError(f"steps from {part.start} while only {self.folded} are known")
        if part.start < self.folded:
            self._forget_steps(part.start)
        if part.changes:
            self.changes.extend(part.changes)
            self.most_changes = max(self.most_changes, max(part.changes))
        self.errors.update(part.errors)

    def _forget_events(self, start: int) -> None:
        for column in (self.versions, self.types, self.times, self.sizes, self.positions, self.event_ids):
            del column[start:]
        self.problems = {ordinal: problem for ordinal, problem in self.problems.items() if ordinal < start}
        self._forget_steps(min(start, self.folded))

    def _forget_steps(self, start: int) -> None:
        del self.changes[start:]
        self.errors = {ordinal: error for ordinal, error in self.errors.items() if ordinal < start}
        self.most_changes = max(self.changes, default=0)
        self.generation += 1

    def _type_number(self, name: str) -> int:
        number = self._type_numbers.get(name)
        if number is None:
            number = self._type_numbers[name] = len(self.names)
            self.names.append(name)
        return number

    def become(self, other: Timeline) -> None:
        """Be what the other is: the same stream, told anew."""
        generation = self.generation + 1
        self.__dict__.update(other.__dict__)
        self.generation = generation

    # -- looking up ---------------------------------------------------------------------------------------------------

    def type(self, ordinal: int) -> str:
        return self.names[self.types[ordinal]]

    def time(self, ordinal: int) -> int | None:
        time = self.times[ordinal]
        return None if time == NO_TIME else time

    def changes_at(self, ordinal: int) -> int | None:
        """How many paths the event changed; None while it is not folded."""
        return self.changes[ordinal] if ordinal < self.folded else None

    def ordinal_of(self, version: int) -> int | None:
        """The first event of this version."""
        if self._ascending:
            found = bisect_left(self.versions, version)
            return found if found < self.count and self.versions[found] == version else None
        try:
            return self.versions.index(version)
        except ValueError:
            return None

    def ordinal_at(self, time: int) -> int | None:
        """The last event recorded at or before this time (µs), None when all came later. Time may run backwards."""
        if self._in_time:
            found = bisect_right(self.times, time) - 1
            return found if found >= 0 and self.times[found] != NO_TIME else None
        for ordinal in range(self.count - 1, -1, -1):
            if NO_TIME < self.times[ordinal] <= time:
                return ordinal
        return None

    def find(self, text: str, start: int, step: int = 1) -> int | None:
        """The next event from `start` on, going round, whose type, version, event id or position contains the text."""
        needle = text.casefold()
        if not needle or not self.count:
            return None
        types = {number for number, name in enumerate(self.names) if needle in name.casefold()}
        by_number = needle.replace(",", "").replace(" ", "")
        digits = by_number if by_number.isdigit() else None
        all_types, versions, ids, positions = self.types, self.versions, self.event_ids, self.positions
        ordinal = start % self.count
        for _ in range(self.count):
            if (
                all_types[ordinal] in types
                or (digits is not None and (digits == str(versions[ordinal]) or digits == positions[ordinal]))
                or needle in ids[ordinal].casefold()
            ):
                return ordinal
            ordinal = (ordinal + step) % self.count
        return None
