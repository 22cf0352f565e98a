"""What-if branches, asked of an engine: the last one is kept, as people step through it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

from explorer.branches import Branch, Lockstep, fold_in_turns
from explorer.diff import diff
from explorer.engine.asks_branches import BranchDiff, BranchPage, BranchRow, BranchState, FoldBranch
from explorer.engine.folding import STRETCH, Folding
from explorer.engine.messages import CUT, DiffPage
from explorer.engine.rows import cut, diff_row, marked_rows, rows
from explorer.engine.turns import Turn
from explorer.loading import events_of
from explorer.model import Event
from explorer.stores import Store

OfBranch: TypeAlias = FoldBranch | BranchState | BranchDiff


class Branching:
    """The branch that was folded last, and the events of its base."""

    def __init__(self) -> None:
        self._known: object = None
        self._both: Lockstep | None = None
        self._events: list[Event] = []

    def answer(self, store: Store, folding: Folding, ask: OfBranch) -> Turn:
        both = yield from self._folded(store, folding, ask)
        start, limit = max(0, ask.start), max(0, ask.limit)
        if isinstance(ask, FoldBranch):
            page = tuple(self._row(both, index) for index in range(start, min(start + limit, len(both.rows))))
            return BranchPage(start, len(both.rows), page, both.diverges)
        if isinstance(ask, BranchDiff):
            changes = both.end if ask.row is None else diff(*both.states(ask.row))
            return DiffPage(start, len(changes), tuple(map(diff_row, changes[start : start + limit])))
        base, branch = both.states(ask.row)
        if ask.base:
            return rows(base, ask.path, start, limit)
        return marked_rows(branch, base, ask.path, start, limit)

    def _folded(self, store: Store, folding: Folding, ask: OfBranch) -> Generator[None, None, Lockstep]:
        while folding.advance(store):
            yield None
        known = (folding.key, ask.edits, folding.folded, folding.replay.generation)
        if known == self._known and self._both is not None:
            return self._both
        events: list[Event] = []
        for event in events_of(store, folding.key):
            events.append(event)
            if len(events) % STRETCH == 0:
                yield None
        branch = Branch("", ask.category, ask.id, ask.edits)
        upcast = folding.domain.upcast if folding.domain else None
        self._both = yield from fold_in_turns(branch, events, folding.aggregate, upcast)
        self._events, self._known = events, known
        return self._both

    def _row(self, both: Lockstep, index: int) -> BranchRow:
        row = both.rows[index]
        base = None if row.base is None else self._events[row.base]
        branch = None if row.branch is None else both.events[row.branch]
        return BranchRow(
            row.line,
            base.version if base else 0,
            cut(base.type, CUT) if base else "",
            branch.version if branch else 0,
            cut(branch.type, CUT) if branch else "",
            row.how,
            cut(both.error(index), CUT),
        )
