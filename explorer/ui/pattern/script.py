"""The steps as something to be played, one after the other, forth and back; and many at once as pulses. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from explorer.pattern import KINDS, Happened, Kind, Step, how

MOST = 5_000  # steps that are kept


class Script:
    """Steps in the order in which they happened, and the one that is shown."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self.steps: list[Step] = []
        self.at = -1  # of the step that is shown; -1: none yet
        self.left_out = 0  # steps that nobody has seen and that are no longer kept

    @property
    def shown(self) -> Step | None:
        return self.steps[self.at] if self.at >= 0 else None

    @property
    def waiting(self) -> int:
        """Steps that have not been shown."""
        return len(self.steps) - 1 - self.at

    @property
    def backlog(self) -> int:
        """Events of which it has not been shown how they were stored."""
        return sum(step.kind == "append" for step in self.steps[self.at + 1 :])

    def stored(self, most: int) -> list[Happened]:
        """The newest events that the store has at the step that is shown, oldest first."""
        found: list[Happened] = []
        for step in reversed(self.steps[: self.at + 1]):
            if step.kind == "append":
                found.append(step.event)
                if len(found) == most:
                    break
        return found[::-1]

    def add(self, steps: Iterable[Step], *, follow: bool) -> None:
        """More has happened. `follow`: the last step is the one that is shown now."""
        self.steps.extend(steps)
        excess = len(self.steps) - self._most
        if excess > 0:
            del self.steps[:excess]
            if not follow:
                self.left_out += max(0, excess - 1 - self.at)
            self.at = max(-1, self.at - excess)
        if follow:
            self.to_end()

    def next(self) -> Step | None:
        """Show the next one; None where nothing more has happened."""
        if self.at + 1 >= len(self.steps):
            return None
        self.at += 1
        return self.steps[self.at]

    def back(self) -> Step | None:
        """Show the one before; None at the first."""
        if self.at <= 0:
            return None
        self.at -= 1
        return self.steps[self.at]

    def to_start(self) -> Step | None:
        self.at = min(0, len(self.steps) - 1)
        return self.shown

    def to_end(self) -> None:
        """Nothing is left to show."""
        self.at = len(self.steps) - 1
        self.left_out = 0

    def to_event(self, event: Happened) -> Step | None:
        """Show the first step of this event; None if it is not kept."""
        for number, step in enumerate(self.steps):
            if step.event == event:
                self.at = number
                return step
        return None

    def to_last_event(self) -> Step | None:
        """Show the first step of the event that came last."""
        for step in reversed(self.steps):
            if step.kind == "append":
                return self.to_event(step.event)
        return None

    def place(self) -> tuple[int, int]:
        """The number of the shown step among those of its event, from 1, and how many these are."""
        shown = self.shown
        if shown is None:
            return 0, 0
        first = last = self.at
        while first > 0 and self.steps[first - 1].event == shown.event:
            first -= 1
        while last + 1 < len(self.steps) and self.steps[last + 1].event == shown.event:
            last += 1
        return self.at - first + 1, last - first + 1


@dataclass(frozen=True, slots=True)
class Pulse:
    """Steps of one kind that happened at about the same time, as one dot."""

    kind: Kind
    name: str  # who got it, or reacts; empty for the other kinds
    count: int
    last: Happened  # the newest of these events

    @property
    def way(self) -> tuple[Kind, str]:
        """Which arrow it goes along."""
        return self.kind, self.name


def pulses(steps: Sequence[Step]) -> list[Pulse]:
    """These steps, one pulse for each arrow, in the order in which an event goes through them."""
    found: dict[tuple[Kind, str], tuple[int, Happened]] = {}
    for step in steps:
        for name in step.to or ("",):
            count, _ = found.get((step.kind, name), (0, step.event))
            found[step.kind, name] = (count + 1, step.event)
    order = sorted(found, key=lambda way: KINDS.index(way[0]))
    return [Pulse(way[0], way[1], *found[way]) for way in order]


def summary(steps: Sequence[Step], cause: Callable[[Happened], Happened | None]) -> str:
    """What happened at about the same time, in one sentence."""
    last = steps[-1]
    written = [step.event for step in steps if step.kind == "append"]
    if len(written) <= 1:
        return f"{last.event.name} of {last.event.place}: {how(last.event, cause(last.event))}."
    commands = sum(step.kind in ("issue", "react") for step in steps)
    got = len({step.event for step in steps if step.kind in ("deliver", "project")})
    parts = [f"{commands:,} commands were decided" if commands else "", f"{len(written):,} events were appended"]
    parts.append(f"{got:,} were delivered" if got else "")
    return f"At about the same time {', '.join(part for part in parts if part)}."
