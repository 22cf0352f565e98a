"""What-if branches, asked of an engine: the last one is kept, as people step through it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Generator
from itertools import islice

import msgspec

from explorer import commands, payload
from explorer.branches import Branch, Made, outline
from explorer.diff import diff
from explorer.engine.asks_branches import (
    BranchDiff,
    BranchPage,
    BranchRow,
    BranchState,
    BranchText,
    FoldBranch,
    Mend,
    MendPage,
    Mends,
    OfBranch,
)
from explorer.engine.folding import STRETCH, Folding
from explorer.engine.messages import CUT, DiffPage, Progress
from explorer.engine.rows import at, cut, diff_row, marked_rows, rows
from explorer.engine.text import Lines, Pieces, TextLines, page
from explorer.engine.turns import Turn
from explorer.errors import ExplorerError, Invalid
from explorer.given_when_then import Expected, differences, exported
from explorer.loading import events_of
from explorer.lockstep import Lockstep, fold_branch, grow, grows
from explorer.model import Event
from explorer.stores import Store

KEPT = 64 * 1024**2  # bytes of stored events that are kept, about
PACE = 0.2  # seconds between two words about how far it is
_TYPES = 5  # events of one command that are named


class Branching:
    """The branch that was folded last, the stored events that were read for it, the text that was made of it last."""

    def __init__(self) -> None:
        self._known: object = None
        self._both: Lockstep | None = None
        self._stored: _Stored | None = None
        self._text: tuple[object, Lines, str] | None = None

    def answer(self, store: Store, folding: Folding, ask: OfBranch) -> Turn:
        both = yield from self._folded(store, folding, ask)
        start, limit = max(0, ask.start), max(0, ask.limit)
        match ask:
            case FoldBranch():
                return _page(both, folding, ask)
            case BranchDiff():
                changes = both.end if ask.row is None else diff(*both.states(ask.row))
                return DiffPage(start, len(changes), tuple(map(diff_row, changes[start : start + limit])))
            case BranchState():
                base, branch = both.ends if ask.row is None else both.states(ask.row)
                if ask.base:
                    return rows(base, ask.path, start, limit)
                return marked_rows(branch, base, ask.path, start, limit)
            case BranchText():
                known = self._known, len(both.rows), ask.what, ask.row, ask.path, ask.form, ask.plugins
                if self._text is None or self._text[0] != known:
                    words, problem = yield from self._words(store, folding, both, ask)
                    size = len(words.encode("utf-8", "replace"))
                    lines = TextLines(words, size) if ask.form == "json" else Pieces(words, size)
                    self._text = known, lines, problem
                return page(self._text[1], start, limit, self._text[2])
            case Mends():
                return (yield from _mends(store, folding, both, ask))

    # -- folding ---------------------------------------------------------------------------------------------------

    def _folded(self, store: Store, folding: Folding, ask: OfBranch) -> Generator[Progress | None, None, Lockstep]:
        """The branch beside its stream. What has arrived since is taken in only when the rows are asked for, so that
        all else that is shown of a branch is of the same rows."""
        if not isinstance(ask, FoldBranch) and (both := self._kept(folding, ask)):
            return both
        while folding.advance(store):
            yield None
        both = self._kept(folding, ask)
        if both is not None and both.stored == folding.folded:
            return both
        generation = folding.replay.generation
        outlined = outline(ask.edits, folding.folded)
        if both is not None and grows(both, outlined, ask.edits):
            work = grow(both, outlined)
        else:
            first = folding.version(0) if folding.folded else 1
            stored = self._stored if self._stored is not None and self._stored.folding is folding else None
            self._stored = stored or _Stored(store, folding)
            made = Made(Branch("", ask.category, ask.id, ask.edits), outlined, self._stored, first)
            snapshot = store.snapshot(folding.key, first - 1) if first > 1 and store.info.snapshots else None
            upcast = folding.domain.upcast if folding.domain else None
            work = fold_branch(made, folding.replay, upcast, snapshot)
        said = time.monotonic()
        while True:
            try:
                done = next(work)
            except StopIteration as end:
                folded: Lockstep = end.value
                break
            now = time.monotonic()
            yield Progress(done, None, "Folding the branch") if now - said > PACE else None
            said = now if now - said > PACE else said
        self._both, self._known = folded, (folding.key, ask.edits, generation)
        return folded

    def _kept(self, folding: Folding, ask: OfBranch) -> Lockstep | None:
        known = folding.key, ask.edits, folding.replay.generation
        same = self._known == known and self._both is not None and self._both.base is folding.replay
        return self._both if same else None

    # -- texts -----------------------------------------------------------------------------------------------------

    def _words(
        self, store: Store, folding: Folding, both: Lockstep, ask: BranchText
    ) -> Generator[Progress | None, None, tuple[str, str]]:
        """A text, and what is wrong with it."""
        if ask.what in ("type", "data"):
            event = self._event(store, folding, both, ask.row)
            if ask.what == "type":
                return event.type, ""
            problem = event.problem or payload.decode(event.data).problem or ""
            return event.data.decode("utf-8", "backslashreplace"), problem
        if ask.what in ("state", "stored"):
            base, branch = both.ends if ask.row is None else both.states(ask.row)
            value = at(branch if ask.what == "state" else base, ask.path)
            return payload.pretty(value) if ask.form == "json" else payload.encode_plain(value).decode(), ""
        if ask.what not in ("test", "mend"):
            raise Invalid(f"There is no text {ask.what} of a branch.")
        if folding.domain is None:
            raise Invalid("No domain folds this stream, so there is no reducer to test.", "A plug-in can bring one.")
        stored: list[Event] = []
        for event in islice(events_of(store, folding.key), both.stored):
            stored.append(event)
            if len(stored) % STRETCH == 0:
                yield None
        base, branch = both.ends
        if ask.what == "test":
            return exported(folding.key, both.events(stored), [Expected("", branch)], plugins=ask.plugins), ""
        expected = differences(base, branch)
        if not diff(base, branch):
            raise Invalid("The branch ends as the stream does: nothing says what would be right instead.")
        return exported(folding.key, stored, expected, plugins=ask.plugins), ""

    def _event(self, store: Store, folding: Folding, both: Lockstep, index: int | None) -> Event:
        """The branch's event in this row; the stored one where the branch has none."""
        if index is None or not 0 <= index < len(both.rows):
            raise Invalid(f"There is no row {index}: there are {len(both.rows)}.")
        row = both.rows[index]
        return both.made.event(index) if row.branch is not None else both.made.stored(row.line)


class _Stored:
    """The events of a stream by ordinal, read in stretches; the last ones read are kept."""

    def __init__(self, store: Store, folding: Folding) -> None:
        self._store = store
        self.folding = folding
        self._pages: OrderedDict[int, list[Event]] = OrderedDict()
        self._bytes = 0

    def __call__(self, ordinal: int) -> Event:
        number, place = divmod(ordinal, STRETCH)
        page = self._pages.get(number)
        if page is None or place >= len(page):
            page = self._read(number)
        if place >= len(page):
            raise Invalid("The stream is not what it was when it was folded.", "Refresh (F5).")
        return page[place]

    def _read(self, number: int) -> list[Event]:
        self._drop(number)
        start, folding = number * STRETCH, self.folding
        # Where versions repeat, those of the version before the first one wanted come, too, or are left out: by hand.
        before = start
        while before and folding.version(before - 1) == folding.version(start):
            before -= 1
        after = folding.version(before - 1)
        page = self._store.stream_events(folding.key, after=after, limit=start - before + STRETCH)[start - before :]
        self._pages[number] = page
        self._bytes += _weight(page)
        while self._bytes > KEPT and len(self._pages) > 1:
            self._drop(next(iter(self._pages)))
        return page

    def _drop(self, number: int) -> None:
        self._bytes -= _weight(self._pages.pop(number, []))


def _weight(page: list[Event]) -> int:
    """Bytes, about."""
    return sum(len(event.data) + len(event.metadata) + 600 for event in page)


# -- rows --------------------------------------------------------------------------------------------------------------


def _page(both: Lockstep, folding: Folding, ask: FoldBranch) -> BranchPage:
    at = both.rows.find(ask.line) if ask.line is not None else None
    start, limit = max(0, ask.start), max(0, ask.limit)
    if at is not None and not start <= at < start + limit:
        start = max(0, at - limit // 2)
    end = min(start + limit, len(both.rows))
    page = tuple(_row(both, folding, index) for index in range(start, end))
    name = folding.aggregate.name if folding.aggregate else None
    return BranchPage(start, len(both.rows), page, both.diverges, at, name)


def _row(both: Lockstep, folding: Folding, index: int) -> BranchRow:
    row = both.rows[index]
    base, branch = (0, ""), (0, "")
    if row.base is not None:
        base = folding.version(row.base), cut(folding.type(row.base), CUT)
    if row.branch is not None and index < both.shared:
        branch = base
    elif row.branch is not None:
        draft = both.made.outline.drafts.get(row.line)
        branch = both.made.version(row.branch), cut(draft[0] if draft else folding.type(row.line), CUT)
    return BranchRow(row.line, *base, *branch, row.how, cut(both.error(index), CUT))


# -- making good again -------------------------------------------------------------------------------------------------


def _mends(store: Store, folding: Folding, both: Lockstep, ask: Mends) -> Turn:
    gone = [row.base for row in both.rows if row.how in ("skipped", "cut off") and row.base is not None]
    found = []
    for ordinal in gone[max(0, ask.start) : max(0, ask.start) + max(0, ask.limit)]:
        event = next(islice(events_of(store, folding.key, folding.version(ordinal) - 1), 1))
        found.append(_mend(store, folding, event))
        yield None
    return MendPage(max(0, ask.start), len(gone), tuple(found))


def _mend(store: Store, folding: Folding, event: Event) -> Mend:
    known = Mend(event.version, cut(event.type, CUT))
    if folding.domain is None or folding.aggregate is None:
        return known
    try:
        made = commands.compensation(store, folding.domain, folding.aggregate, event)
    except ExplorerError as error:
        return msgspec.structs.replace(known, refused=cut(str(error), CUT))
    if made is None:
        return known
    command, decision = made
    return msgspec.structs.replace(
        known,
        command=type(command).__name__,
        fields=payload.one_line(payload.to_json(command), CUT),
        events=tuple(one.type for one in decision.events[:_TYPES]),
        refused=cut(decision.refused, CUT),
    )
