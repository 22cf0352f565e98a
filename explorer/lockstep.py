"""A what-if branch and the stream it is of, folded side by side.

Up to the first edit the states of both are the same, so the branch begins with the state that the base has there, where
a state can be made of its JSON again; otherwise it is folded from the first event.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice

from explorer import fold, payload
from explorer.branch_rows import Rows
from explorer.branches import AnyEdit, Branch, Made, Outline, about_end, outline
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
    made: Made
    base: Replay
    branch: BranchReplay
    diverges: int | None

    @property
    def stored(self) -> int:
        """Events of the base that are in it; the base's replay may have gone on since."""
        return self.ordinals(len(self.rows) - 1)[0] + 1

    def events(self, stored: Sequence[Event]) -> tuple[Event, ...]:
        """All events of the branch."""
        return (*stored[: self.shared], *self.made.later(self.shared))

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
    made = Made(branch, outline(branch.edits, len(events)), events.__getitem__, events[0].version if events else 1)
    work = fold_branch(made, base, upcast)
    while True:
        try:
            next(work)
        except StopIteration as done:
            both: Lockstep = done.value
            return both


def fold_branch(made: Made, base: Replay, upcast: Upcast | None, snapshot: Snapshot | None = None) -> Work:
    """Fold the branch beside its base, which has been folded. `snapshot`: what the base began with, if its first events
    are not stored."""
    outlined = made.outline
    shared = outlined.shared
    replay = _gone_on(made, base, upcast)
    if replay is None:
        aggregate = None if base.generic else base.aggregate
        replay = BranchReplay(base, 0, Replay(aggregate, upcast, base=snapshot, history=lambda: _all(made)))
        yield from _extended(replay, _all(made))
    else:
        yield from _extended(replay, made.later(shared))
    both = Lockstep(outlined.rows, shared, made, base, replay, None)
    return (yield from _compared(both, shared))


def grows(both: Lockstep, outlined: Outline, edits: Iterable[AnyEdit]) -> bool:
    """Whether the branch with these edits can be folded further, now that its base has more events."""
    return outlined.shared == both.shared and both.branch.own.count > 0 and not about_end(edits)


def grow(both: Lockstep, outlined: Outline) -> Work:
    """Fold the branch further, as its base has been; see `grows`."""
    both.made.outline = outlined
    more = outlined.rows.ordinals(len(outlined.rows) - 1)[1] + 1 - both.branch.count
    yield from _extended(both.branch, both.made.later(len(outlined.rows) - more))
    grown = replace(both, rows=outlined.rows)
    return (yield from _compared(grown, len(both.rows))) if both.diverges is None else grown


def _all(made: Made) -> Iterator[Event]:
    return chain(map(made.stored, range(made.outline.shared)), made.later(made.outline.shared))


def _extended(replay: BranchReplay, events: Iterator[Event]) -> Generator[int, None, None]:
    while True:
        before = replay.own.count
        replay.own.extend(islice(events, _SLICE))
        if replay.own.count == before:
            return
        yield replay.count


def _compared(both: Lockstep, start: int) -> Work:
    """Find the first row from this one on after which the states differ."""
    for row in range(start, len(both.rows)):
        if not same(*both.states(row)):
            return replace(both, diverges=row)
        if row % _ROWS == 0:
            yield both.branch.count
    return both


def _gone_on(made: Made, base: Replay, upcast: Upcast | None) -> BranchReplay | None:
    """A replay, of no event yet, that stands where the base has its last state before the first edit; None where that
    state cannot be had from its JSON."""
    shared = made.outline.shared
    if not shared or -1 in base.errors:
        return None
    aggregate = None if base.generic else base.aggregate
    first = next(made.later(shared), None)
    if first is None:
        return BranchReplay(base, shared, Replay(aggregate, upcast))
    state, before = base.state(shared - 1), first.version - 1
    beginning = map(made.stored, range(min(BEGINNING, shared)))
    if before < 1 or not _json_again(base.aggregate, state, upcast, beginning):
        return None
    last = Snapshot(first.category, first.id, before, payload.encode_plain(state))
    return BranchReplay(base, shared, Replay(aggregate, upcast, base=last, history=lambda: made.later(shared)))


def _json_again(aggregate: Aggregate, state: Json, upcast: Upcast | None, beginning: Iterator[Event]) -> bool:
    """Whether the reducer can go on from a state that was made of this JSON."""
    try:
        if aggregate.load is not None:
            return same(fold.as_json(aggregate, fold.from_json(aggregate, state)), state)
        if aggregate is fold.GENERIC:
            return True
        made = fold.initial(aggregate)
        for event in beginning:
            if not fold.shared_json(aggregate, made, MISSING, MISSING)[1]:
                return False
            with suppress(StepFailed):  # that step changed nothing
                made = fold.evolve(aggregate, fold.copied(made), fold.readable(event, upcast))
        return fold.shared_json(aggregate, made, MISSING, MISSING)[1]
    except StepFailed:
        return False
