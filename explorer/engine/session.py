"""What answers asks, in an engine process: one open store, its domains, and what was folded of it so far."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from explorer.cancellation import Cancellation
from explorer.engine import (
    bundling,
    deciding,
    messages,
    planning,
    saving,
    telling,
    text,
    viewing,
    watching_values,
    writing_history,
)
from explorer.engine.asks_branches import BranchDiff, BranchState, BranchText, FoldBranch, Mends
from explorer.engine.asks_bundles import SaveBundle
from explorer.engine.asks_comparing import Align, AlignedDiff, FoldUnder
from explorer.engine.asks_decisions import MapDecisions
from explorer.engine.asks_snapshots import PlanSnapshots, TakeDue
from explorer.engine.asks_watches import (
    CourseSpans,
    FindViolations,
    NextAppend,
    NextBreak,
    NextFlip,
    WatchColumn,
    WatchCourses,
    WatchValues,
)
from explorer.engine.asks_writers import NextWriting, PathHistory
from explorer.engine.branching import Branching
from explorer.engine.comparisons import Aligning, fold_under
from explorer.engine.courses import Courses
from explorer.engine.deciding_when import DecisionMaps
from explorer.engine.folding import STRETCH, Folding, claim
from explorer.engine.rows import diff_row, marked_rows, rows
from explorer.engine.turns import Turn
from explorer.engine.values import Values
from explorer.engine.writing_history import with_writers
from explorer.errors import Invalid
from explorer.model import StreamKey
from explorer.plugins import Loaded, aggregate_for, describe, load
from explorer.policies import describe_services
from explorer.projecting import describe_read_models
from explorer.stores import Store, StoreSpec, open_store

KEPT = 512 * 1024**2  # bytes of replays that are kept, about

OfState: TypeAlias = messages.StateRows | messages.Diff | messages.Text


class Session:
    """Answers asks as generators that yield parts, or None where others may have their turn, and return the answer.

    Everything happens in the thread that made it.
    """

    def __init__(self) -> None:
        self._spec: StoreSpec | None = None
        self._store: Store | None = None
        self._domains = Loaded((), ())
        self._foldings: OrderedDict[tuple[StreamKey, bool], Folding] = OrderedDict()
        self._values = Values()
        self._branching = Branching()
        self._aligning = Aligning()
        self._decisions = DecisionMaps()
        self._courses = Courses()

    @contextmanager
    def cancelling(self, cancellation: Cancellation) -> Iterator[None]:
        """Within this block reading stops when the flag is set."""
        if self._store is None:
            yield
            return
        with self._store.cancelling(cancellation):
            yield

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def answer(self, ask: messages.AnyAsk, cancellation: Cancellation) -> Turn:
        match ask:
            case messages.Open():
                return self._open(ask)
            case messages.Replay():
                return self._replay(ask)
            case messages.WhoFolds():
                return self._who_folds(ask)
            case messages.StateRows():
                return self._state_rows(ask)
            case messages.Diff():
                return self._diff(ask)
            case messages.PayloadRows():
                return self._payload_rows(ask)
            case messages.Text():
                return self._text(ask)
            case messages.RowOrEvents():
                return self._row_or_events(ask)
            case messages.PreviewCommand():
                return deciding.preview_command(self._opened(), self._domains, ask)
            case messages.PreviewAppend():
                return deciding.preview_append(self._opened(), self._domains, ask)
            case messages.SnapshotIfDue():
                return deciding.snapshot_if_due(self._opened(), self._domains, ask)
            case messages.TakeSnapshot():
                return saving.take_snapshot(self._opened(), self._domains, ask)
            case messages.VerifySnapshots():
                return saving.verify_snapshots(self._opened(), self._domains, ask)
            case messages.RebuildRows():
                return viewing.rebuild_rows(self._opened(), self._domains, ask, cancellation, self._again)
            case PlanSnapshots():
                return planning.plan(self._opened(), self._domains, ask)
            case TakeDue():
                return planning.take_due(self._opened(), self._domains, ask)
            case MapDecisions():
                return self._decisions.answer(self._opened(), self._domains, ask)
            case SaveBundle():
                return bundling.save_bundle(self._opened(), ask)
            case messages.CheckRows():
                return viewing.check_rows(self._opened(), self._domains, ask, cancellation)
            case FoldBranch() | BranchState() | BranchDiff() | BranchText() | Mends():
                return self._branching.answer(self._opened(), self._folding(ask.category, ask.id), ask)
            case Align() | AlignedDiff():
                one, other = self._folding(ask.category, ask.id), self._folding(ask.category, ask.other)
                return self._aligning.answer(self._opened(), one, other, ask)
            case FoldUnder():
                return fold_under(self._opened(), self._domains, ask, cancellation)
            case FindViolations():
                return watching_values.find_violations(self._opened(), self._domains, ask, cancellation)
            case (
                WatchCourses() | WatchValues() | WatchColumn() | CourseSpans() | NextFlip() | NextBreak() | NextAppend()
            ):
                folding = self._folding(ask.category, ask.id, ask.generic)
                return watching_values.answer(self._opened(), self._courses, folding, ask)
            case PathHistory() | NextWriting():
                folding = self._folding(ask.category, ask.id, ask.generic)
                return writing_history.answer(self._opened(), folding, ask)

    # -- opening ---------------------------------------------------------------------------------------------------

    def _open(self, ask: messages.Open) -> Turn:
        self.close()
        self._foldings.clear()
        self._values = Values()
        self._branching, self._aligning = Branching(), Aligning()
        self._decisions = DecisionMaps()
        self._courses = Courses()
        self._spec = StoreSpec(
            url=ask.url,
            layout=ask.layout,
            instance=ask.instance,
            writable=ask.writable,
            password=ask.password,
            copy=ask.copy,
        )
        self._domains = load(ask.plugins)
        self._opened()
        yield None  # not before: what was asked after it must find the store open
        aggregates = (describe(domain, a) for domain in self._domains.domains for a in domain.aggregates)
        narration: dict[str, str] = {}
        for domain in reversed(self._domains.domains):  # of two that know a type the first speaks
            narration |= domain.narration
        services = describe_services(self._domains.domains)
        rows = tuple(category for domain in self._domains.domains for category in telling.categories_with_rows(domain))
        views = describe_read_models(self._domains.domains)
        return messages.Opened(tuple(aggregates), self._domains.problems, narration, services, rows, views)

    def _opened(self) -> Store:
        """The store; opened now if it could not be before."""
        if self._store is None:
            if self._spec is None:
                raise Invalid("No store is open.")
            self._store = open_store(self._spec)
        return self._store

    def _again(self) -> Store:
        assert self._spec is not None
        return open_store(self._spec)

    # -- replay ----------------------------------------------------------------------------------------------------

    def _folding(self, category: str, id: str, generic: bool = False) -> Folding:
        key = StreamKey(category, id)
        folding = self._foldings.get((key, generic))
        if folding is None:
            claim = None if generic else aggregate_for(self._domains.domains, category)
            folding = Folding(key, *(claim or (None, None)))
            self._foldings[key, generic] = folding
        self._foldings.move_to_end((key, generic))
        while len(self._foldings) > 1 and sum(f.memory for f in self._foldings.values()) > KEPT:
            self._foldings.popitem(last=False)
        return folding

    def _replay(self, ask: messages.Replay) -> Turn:
        store = self._opened()
        folding = self._folding(ask.category, ask.id, ask.generic)
        facts = steps = ask.known
        generation = folding.replay.generation
        more = True
        while True:
            while facts < folding.read:
                yield folding.facts(facts)
                facts = min(facts + STRETCH, folding.read)
            if generation != folding.replay.generation:  # folded anew: what was said of the steps no longer holds
                generation, steps = folding.replay.generation, 0
            while steps < folding.folded:
                part = folding.steps(steps)
                steps += len(part.changes)
                yield part
            if not more and folding.folded == folding.read:
                break
            more = folding.advance(store)
            yield None
        if folding.read < ask.known:  # the store is not what it was: tell it all again
            return (yield from self._replay(messages.Replay(ask.category, ask.id, 0, ask.generic)))
        replay = folding.replay
        return messages.Replayed(
            count=folding.folded,
            aggregate=folding.aggregate.name if folding.aggregate else None,
            slow=replay.slow,
            incomplete=replay.incomplete,
            seconds=folding.seconds,
        )

    def _who_folds(self, ask: messages.WhoFolds) -> Turn:
        yield None
        _domain, aggregate = claim(self._opened(), self._domains, StreamKey(ask.category, ask.id))
        return messages.FoldedBy(aggregate.name if aggregate else None)

    def _folded(self, ask: OfState, upto: int) -> Generator[None, None, None]:
        """Fold until this ordinal is known, in turns. Raises Invalid when there is no such event."""
        folding = self._folding(ask.category, ask.id, ask.generic)
        store = self._opened()
        while folding.folded <= upto:
            if not folding.advance(store):
                raise Invalid(f"The stream {ask.category}/{ask.id} has {folding.read} events, not {upto + 1}.")
            yield None

    def _state_rows(self, ask: messages.StateRows) -> Turn:
        upto = max(ask.ordinal, -1 if ask.against is None else ask.against)
        yield from self._folded(ask, upto)
        folding = self._folding(ask.category, ask.id, ask.generic)
        state = folding.replay.state(ask.ordinal)
        if ask.against is None:
            page = rows(state, ask.path, ask.start, ask.limit)
        else:
            page = marked_rows(state, folding.replay.state(ask.against), ask.path, ask.start, ask.limit)
        return with_writers(folding, ask.ordinal, ask.path, page) if ask.writers else page

    def _diff(self, ask: messages.Diff) -> Turn:
        yield from self._folded(ask, max(ask.before, ask.after))
        folding = self._folding(ask.category, ask.id, ask.generic)
        changes = self._values.changes(folding, ask.before, ask.after)
        page = changes[max(0, ask.start) : max(0, ask.start) + max(0, ask.limit)]
        return messages.DiffPage(ask.start, len(changes), tuple(map(diff_row, page)))

    def _row_or_events(self, ask: messages.RowOrEvents) -> Turn:
        store, folding = self._opened(), self._folding(ask.category, ask.id)
        while folding.advance(store):
            yield None
        return telling.compared(store, self._domains, folding, ask)

    # -- payloads and long texts -----------------------------------------------------------------------------------

    def _payload_rows(self, ask: messages.PayloadRows) -> Turn:
        yield None
        key = StreamKey(ask.category, ask.id)
        value, problem = self._values.of_event(self._opened(), self._domains, key, ask.version, ask.which)
        if problem:
            return messages.Rows(0, 0, (), problem)
        return rows(value, ask.path, ask.start, ask.limit)

    def _text(self, ask: messages.Text) -> Turn:
        if ask.what == "state":
            yield from self._folded(ask, ask.version)
            folding = self._folding(ask.category, ask.id, ask.generic)
            lines, problem = self._values.state_lines(folding, ask.version, ask.form, ask.path)
        else:
            yield None
            lines, problem = self._values.lines(self._opened(), self._domains, ask)
        return text.page(lines, ask.start, ask.limit, problem)
