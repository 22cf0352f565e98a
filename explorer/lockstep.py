"""A what-if branch and the stream it is of, folded side by side.

Up to the first edit the states of both are the same, so the branch begins with the state that the base has there, where
a state can be made of its JSON again; otherwise it is folded from the first event.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from explorer import fold, payload
from explorer.branches import Branch, Outline, Rows, later_events, outline
from explorer.diff import Change, diff, same
from explorer.errors import Invalid
from explorer.fold import StepFailed, Upcast
from explorer.json_state import MISSING
from explorer.model import Aggregate, Event, Json, Snapshot
from explorer.replay import Replay

BEGINNING = 20  # events by which it is seen whether states are plain JSON

_SLICE = 50  # events folded at once
_ROWS = 500  # rows compared at once

Work = Generator[int, None, "Lockstep"]
"""What is done in short slices of work: others may have their turn whenever it says how many events it has folded."""


@dataclass(frozen=True, slots=True)
class BranchReplay:
    """The states of a branch: the first `shared` are those of the base."""

    base: Replay
    shared: int
    own: Replay

    @property
    def count(self) -> int:
        return self.shared + self.own.count

    @property
    def errors(self) -> dict[int, str]:
        """Ordinal → why the step failed."""
        before = {ordinal: why for ordinal, why in self.base.errors.items() if ordinal < self.shared}
        return before | {ordinal + self.shared: why for ordinal, why in self.own.errors.items() if ordinal >= 0}

    def error(self, ordinal: int) -> str:
        """ "" where the step did not fail."""
        mine = ordinal >= self.shared
        return (self.own.errors if mine else self.base.errors).get(ordinal - self.shared if mine else ordinal, "")

    def state(self, ordinal: int) -> Json:
        """The state after this event of the branch. Raises `Invalid` when there is no such event."""
        return self.base.state(ordinal) if ordinal < self.shared else self.own.state(ordinal - self.shared)


@dataclass(frozen=True, slots=True)
class Lockstep:
    """Base and branch, folded. `diverges`: the first row after which the states differ; None: they never do."""

    rows: Rows
    shared: int  # rows before the first edit
    later: tuple[Event, ...]  # of the branch, from the first edit on
    base: Replay
    branch: BranchReplay
    diverges: int | None

    @property
    def stored(self) -> int:
        """Events of the base that are in it; the base's replay may have gone on since."""
        return self.ordinals(len(self.rows) - 1)[0] + 1

    def events(self, stored: Sequence[Event]) -> tuple[Event, ...]:
        """All events of the branch."""
        return (*stored[: self.shared], *self.later)

    def states(self, row: int) -> tuple[Json, Json]:
        """Of base and branch, after what stands in this row; -1: before all. Raises `Invalid`."""
        if not -1 <= row < len(self.rows):
            raise Invalid(f"There is no row {row}: there are {len(self.rows)}.")
        base, branch = self.ordinals(row)
        state = self.base.state(base)
        return state, state if row < self.shared else self.branch.state(branch)

    def ordinals(self, row: int) -> tuple[int, int]:
        """Of the last events of base and branch up to this row; -1 where there is none yet."""
        return self.rows.ordinals(row) if row >= 0 else (-1, -1)

    def error(self, row: int) -> str:
        """Why the branch's event in this row cannot be folded; "" if it can, or there is none."""
        ordinal = self.rows[row].branch
        return "" if ordinal is None else self.branch.error(ordinal)

    @property
    def ends(self) -> tuple[Json, Json]:
        """The last states of base and branch."""
        return self.states(len(self.rows) - 1)

    @property
    def end(self) -> list[Change]:
        """The end of the base → the end of the branch."""
        return diff(*self.ends)


def fold_both(branch: Branch, events: Sequence[Event], aggregate: Aggregate | None, upcast: Upcast | None) -> Lockstep:
    """Fold the stored events and those of the branch. Raises `Invalid` for edits that cannot be done.

    An event that the reducer refuses is an error of its step; the last good state goes on.
    """
    base = Replay(aggregate, upcast, history=lambda: iter(events))
    base.extend(events)
    outlined = outline(branch.edits, len(events))
    begun = events[: outlined.shared]
    work = fold_branch(branch, outlined, base, upcast, events.__getitem__, lambda limit: begun[:limit])
    while True:
        try:
            next(work)
        except StopIteration as done:
            both: Lockstep = done.value
            return both


def fold_branch(
    branch: Branch,
    outlined: Outline,
    base: Replay,
    upcast: Upcast | None,
    stored: Callable[[int], Event],
    beginning: Callable[[int], Sequence[Event]],
    snapshot: Snapshot | None = None,
) -> Work:
    """Fold the branch beside its base, which has been folded.

    `stored` gives the base's events, from the one before the first edit on; `beginning` at most so many from the first
    on, none after the first edit, and is asked only where the state before that might not be gone on from. `snapshot`:
    what the base began with, if its first events are not stored.
    """
    first = stored(0).version if base.count and not outlined.shared else 1
    later: list[Event] = []
    for event in later_events(branch, outlined, stored, first):
        later.append(event)
        if len(later) % _ROWS == 0:
            yield 0
    replay = _gone_on(base, outlined.shared, later, upcast, beginning)
    if replay is None:
        events = (*beginning(outlined.shared), *later) if outlined.shared else tuple(later)
        history: Callable[[], Iterator[Event]] = lambda: iter(events)  # noqa: E731 - named for its type
        aggregate = None if base.generic else base.aggregate
        replay = BranchReplay(base, 0, Replay(aggregate, upcast, base=snapshot, history=history))
    else:
        events = tuple(later)
    for start in range(0, len(events), _SLICE):
        replay.own.extend(events[start : start + _SLICE])
        yield replay.count
    both = Lockstep(outlined.rows, outlined.shared, tuple(later), base, replay, None)
    for row in range(outlined.shared, len(outlined.rows)):
        if not same(*both.states(row)):
            return replace(both, diverges=row)
        if row % _ROWS == 0:
            yield replay.count
    return both


def _gone_on(
    base: Replay,
    shared: int,
    later: Sequence[Event],
    upcast: Upcast | None,
    beginning: Callable[[int], Sequence[Event]],
) -> BranchReplay | None:
    """A replay, of no event yet, that stands where the base has its last state before the first edit; None where that
    state cannot be had from its JSON."""
    if not shared or -1 in base.errors:
        return None
    aggregate = None if base.generic else base.aggregate
    if not later:
        return BranchReplay(base, shared, Replay(aggregate, upcast))
    state, before = base.state(shared - 1), later[0].version - 1
    if before < 1 or not _json_again(base.aggregate, state, upcast, beginning):
        return None
    last = Snapshot(later[0].category, later[0].id, before, payload.encode_plain(state))
    return BranchReplay(base, shared, Replay(aggregate, upcast, base=last, history=lambda: iter(later)))


def _json_again(
    aggregate: Aggregate, state: Json, upcast: Upcast | None, beginning: Callable[[int], Sequence[Event]]
) -> bool:
    """Whether the reducer can go on from a state that was made of this JSON."""
    try:
        if aggregate.load is not None:
            return same(fold.as_json(aggregate, fold.from_json(aggregate, state)), state)
        if aggregate is fold.GENERIC:
            return True
        made = fold.initial(aggregate)
        for event in beginning(BEGINNING):
            if not fold.shared_json(aggregate, made, MISSING, MISSING)[1]:
                return False
            with suppress(StepFailed):  # that step changed nothing
                made = fold.evolve(aggregate, fold.copied(made), fold.readable(event, upcast))
        return fold.shared_json(aggregate, made, MISSING, MISSING)[1]
    except StepFailed:
        return False
