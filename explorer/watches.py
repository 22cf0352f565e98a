"""Watches: what is looked at along a stream, and how it went: every value's interval, where it flipped, what broke it.

A watch is a path or an expression (`expressions`). One that is an invariant has to be true after every event. A
*course* is how one watch went over one stream; it grows event by event and keeps intervals, no values, so that a
million events take a few bytes each at most.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import inf, nan
from typing import Any, NamedTuple

from explorer import exact, fold, operations
from explorer.diff import same
from explorer.expressions import ABSENT, Expression, Failed
from explorer.fold import StepFailed, Upcast
from explorer.model import DomainEvent, Event, Json

TRUE, FALSE, FAILED, VALUE, ABSENCE = "true", "false", "failed", "value", "nothing"
_TOO_LONG = operations.TOO_LONG
KINDS = (TRUE, FALSE, FAILED, VALUE, ABSENCE)
_REASONS = 1_000  # intervals of which the reason is kept
_PATIENCE = 10  # events for which an expression takes too long, before it is given up for the stream


class Span(NamedTuple):
    """An interval in which a watch stays the same: true, false, failed, nothing there, or one and the same value."""

    first: int  # ordinal
    last: int
    kind: str
    version: int  # of the first event
    type: str  # likewise
    reason: str = ""  # why it failed, at first


class Course:
    """One watch over one stream. Ordinals count the events taken, from 0.

    `truth`: nothing but true and false is a value, as for an invariant; all else has failed.
    """

    def __init__(self, expression: Expression, *, truth: bool = False) -> None:
        self.expression = expression
        self._truth = truth
        self.forget()

    def forget(self) -> None:
        """Begin again: nothing was taken."""
        self.count = 0
        self.numbers = array("d")  # by ordinal, NaN where the value is no number; stays empty while none was
        self.is_truth = True  # every value was true or false, so far
        self._slow = 0  # events for which it took too long
        self._kind = -1
        self._value: Any = None
        self._version = 0  # of the last event
        self._last_false = 0  # of the last event of the last interval that was false and is over
        self._starts = array("I")
        self._kinds = bytearray()
        self._versions = array("q")
        self._types = array("I")
        self._names: dict[str, int] = {}
        self._reasons: dict[int, str] = {}

    def take(self, state: Json, before: Json, event: DomainEvent | Failed | None, version: int, type: str) -> None:
        """The state after the next event, the one before it, and the event as `seen` gives it."""
        if self._slow == _PATIENCE:
            value: Any = Failed(f"{_TOO_LONG} Given up.")
        else:
            value = event if isinstance(event, Failed) else self.expression.value(state, before, event)
        if value is True:
            kind = 0
        elif value is False:
            kind = 1
        else:
            kind, value = self._other(value)
        if kind != self._kind or (kind == 3 and not same(value, self._value)):
            if kind == 2 and len(self._reasons) < _REASONS:
                self._reasons[len(self._starts)] = value.reason
            if self._kind == 1:
                self._last_false = self._version
            self._kind, self._value = kind, value
            self._starts.append(self.count)
            self._kinds.append(kind)
            self._versions.append(version)
            self._types.append(self._names.setdefault(type, len(self._names)))
        if kind == 3 and not self._truth:
            self._note_number(value)
        elif self.numbers:
            self.numbers.append(nan)
        self._version = version
        self.count += 1

    def _other(self, value: Any) -> tuple[int, Any]:
        if isinstance(value, Failed):
            self._slow += self._slow < _PATIENCE and value.reason.endswith(_TOO_LONG)
            return 2, value
        if self._truth:
            found = "nothing is there" if value is ABSENT else f"it is {exact.kind(value)}"
            return 2, Failed(f"This is neither true nor false: {found}.")
        self.is_truth = False
        return (4, None) if value is ABSENT else (3, value)

    def _note_number(self, value: Any) -> None:
        if type(value) is not int and type(value) is not Decimal:
            if self.numbers:
                self.numbers.append(nan)
            return
        if not self.numbers and self.count:
            self.numbers.extend([nan] * self.count)
        try:
            self.numbers.append(float(value))
        except OverflowError:
            self.numbers.append(inf if value > 0 else -inf)

    # -- what it knows -------------------------------------------------------------------------------------------------

    @property
    def intervals(self) -> int:
        return len(self._starts)

    def span(self, number: int) -> Span:
        """The interval of this number."""
        last = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else self.count - 1
        names = list(self._names)
        return Span(
            self._starts[number],
            last,
            KINDS[self._kinds[number]],
            self._versions[number],
            names[self._types[number]],
            self._reasons.get(number, ""),
        )

    def spans(self, start: int = 0, limit: int | None = None) -> Iterator[Span]:
        """Intervals in their order."""
        end = len(self._starts) if limit is None else min(start + limit, len(self._starts))
        return map(self.span, range(start, end))

    def at(self, ordinal: int) -> Span | None:
        """The interval of this event; None where it was not taken."""
        return self.span(self.number_at(ordinal)) if 0 <= ordinal < self.count else None

    def number_at(self, ordinal: int) -> int:
        """The number of the interval of this event."""
        return bisect_right(self._starts, ordinal) - 1

    def flip(self, ordinal: int, forward: bool) -> int | None:
        """The next (or previous) event at which the watch is not what it was before; None: there is none."""
        number = self.number_at(ordinal)
        if forward:
            number = max(number, 0) + 1
        elif number >= 0 and self._starts[number] == ordinal:
            number -= 1
        return self._starts[number] if 1 <= number < len(self._starts) else None

    def starts(self, start: int, limit: int) -> tuple[list[int], str]:
        """The first ordinals of so many intervals, and a letter for each: t, f, x (failed), v or n."""
        part = self._kinds[start : start + limit]
        return self._starts[start : start + limit].tolist(), "".join("tfxvn"[kind] for kind in part)

    def letters(self, columns: int) -> str:
        """The whole course in so many columns: the letter of each, or m where several kinds meet in one."""
        found = []
        for column in range(columns):
            first = self.number_at(column * self.count // columns)
            last = self.number_at(max(column * self.count // columns, (column + 1) * self.count // columns - 1))
            several = len(set(self._kinds[first : last + 1])) > 1
            found.append("m" if several else "tfxvn"[self._kinds[first]])
        return "".join(found)

    @property
    def broken(self) -> tuple[Span, Span] | None:
        """The first and the last interval in which it is false; None: it never is."""
        first = self._kinds.find(1)
        return None if first < 0 else (self.span(first), self.span(self._kinds.rfind(1)))

    @property
    def times_broken(self) -> int:
        """Intervals in which it is false."""
        return self._kinds.count(1)

    @property
    def last_broken(self) -> int:
        """The version of the last event at which it is false; 0: it never is."""
        return self._version if self._kind == 1 else self._last_false

    @property
    def failed(self) -> Span | None:
        """The first interval in which it could not be told."""
        first = self._kinds.find(2)
        return None if first < 0 else self.span(first)

    def sentence(self) -> str:
        """How it went, for people: "First broken at v12 by OrderRevised, healed at v15.\""""
        if not self.count:
            return "No event has come yet."
        if not self.is_truth:
            changes = len(self._starts) - 1
            return "Never changes." if not changes else f"Changes {_times(changes)}."
        said = self._truth_sentence()
        failed = self._kinds.count(2)
        if not failed:
            return said
        where = self.span(self._kinds.find(2))
        told = f"Cannot be told at v{where.version} ({where.type}): {where.reason}"
        return f"{said} {told}" if 0 in self._kinds or 1 in self._kinds else told

    def _truth_sentence(self) -> str:
        breaks = self._kinds.count(1)
        if not breaks:
            return "Never broken."
        number = self._kinds.find(1)
        first = self.span(number)
        how = f"v{first.version} by {first.type}" if first.first else f"v{first.version}, from the first event"
        said = f"{'First broken' if breaks > 1 else 'Broken'} at {how}"
        healed = self._kinds.find(0, number)
        if healed < 0:
            return f"{said}, and not healed." if breaks == 1 else f"{said}, {_times(breaks)} in all, and not healed."
        said = f"{said}, healed at v{self._versions[healed]}"
        if breaks == 1:
            return f"{said}."
        last = self.span(self._kinds.rfind(1))
        now = "" if last.last < self.count - 1 else ", and now"
        return f"{said}; broken {_times(breaks)} in all, last at v{last.version} by {last.type}{now}."


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


# -- taking events -----------------------------------------------------------------------------------------------------


def seen(event: Event, upcast: Upcast | None) -> DomainEvent | Failed:
    """An event as expressions see it: decoded and upcast, or why it cannot be."""
    try:
        return fold.readable(event, upcast)
    except StepFailed as error:
        return Failed(str(error))


def take(courses: Sequence[Course], event: Event, before: Json, state: Json, upcast: Upcast | None) -> None:
    """Let these watches see the next event of their stream. It is decoded once, if one of them looks at it."""
    readable: DomainEvent | Failed | None = None
    for course in courses:
        if readable is None and "event" in course.expression.needs:
            readable = seen(event, upcast)
        given = readable if "event" in course.expression.needs else None
        course.take(state, before, given, event.version, event.type)
