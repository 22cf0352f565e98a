"""Read models as a whole: how they stand, making one anew from the first event, and whether its rows are what a fresh
rebuild would make.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from explorer.cancellation import Cancellation
from explorer.claiming import LEASE, LOOK, has_gone, new_owner
from explorer.errors import Busy, ExplorerError, Invalid
from explorer.follow import what_failed
from explorer.model import Delete, Domain, Event, EventQuery, Key, Projection, Row, RowChange, Table
from explorer.parking import Parking
from explorer.projecting import Fold, projection_subscription, stored_row
from explorer.rows import REBUILD, Working
from explorer.stores import Store
from explorer.stores.read_models import beside
from explorer.stores.store import Advance, Claim, Subscribed
from explorer.subscriber import NEVER_PARKED, stream_sequence
from explorer.subscription import Arrival, Subscription, reached

BATCH = 1_000  # events between two transactions
ROWS = 1_000  # rows read at a time
SHOWN = 500  # differing rows that are kept
ATTEMPTS = 5  # at looking at rows that change their ground meanwhile
SOON = 0.01  # seconds before another attempt to replace the live rows
TOLD = 0.1  # seconds between two words of how far it is


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild or a check is."""

    position: int
    head: int
    events: int


Tell = Callable[[Progress], None]

T = TypeVar("T")


def standing(store: Store, domain: Domain, projection: Projection) -> Subscribed | None:
    """The subscription that fills the tables; None if there never was one. Raises what reading raises."""
    name = projection_subscription(domain, projection)
    return next((known for known in store.subscriptions() if known.name == name), None)


# -- rebuilding --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild has done."""

    position: int | None
    events: int
    parked: int  # events that could not be projected, and those that wait behind them
    seconds: float


def rebuild(
    store: Store, domain: Domain, projection: Projection, cancellation: Cancellation, tell: Tell | None = None
) -> Rebuilt:
    """Make the rows anew from the first event, in tables beside the live ones, which they replace in one transaction
    with their checkpoint. Until then readers see the old rows, and the service goes on with them; then its instance is
    fenced off, claims again, and goes on from there. Events that cannot be projected are parked. A rebuild that was
    killed is begun anew by the next.

    Raises `Cancelled`, `Busy` where another rebuild is at work, `ReadOnly`, `TableChanged`, and what stores raise; then
    nothing has changed.
    """
    with store.cancelling(cancellation):
        work = Rebuild(store, domain, projection, cancellation)
    try:
        with store.cancelling(cancellation):
            return _driven(work.run(), tell)
    except BaseException:
        work.abandon(store)
        raise


def _driven(steps: Generator[Progress, None, T], tell: Tell | None) -> T:
    told = 0.0
    while True:
        try:
            progress = next(steps)
        except StopIteration as stop:
            done: T = stop.value
            return done
        if tell is not None and time.monotonic() - told >= TOLD:
            told = time.monotonic()
            tell(progress)


def _claimed(store: Store, name: str, cancellation: Cancellation) -> Claim:
    """Begin a rebuild. Raises `Busy` if somebody is at it: it gives a sign of life with every batch."""
    end = time.monotonic() + LEASE
    first: Subscribed | None = None
    while True:
        known = next((known for known in store.subscriptions() if known.name == name), None)
        first = first or known
        if known is None or not known.owner or has_gone(known) or time.monotonic() >= end:
            epoch = known.epoch if known else 0
            if known is not None and known.checkpoint:
                store.reset(name)  # which fences off whoever was at it
                epoch += 1
            claim = store.claim(name, new_owner(), epoch)
            if claim is not None:
                return claim
        elif first is None or (known.epoch, known.beat) != (first.epoch, first.beat):
            owner = known.owner.partition(" ")[0]
            raise Busy(f"{name.removesuffix(REBUILD)} is being rebuilt already, by {owner}.", "Wait for its end.")
        cancellation.check()
        cancellation.wait(LOOK)


class Rebuild:
    """A rebuild in steps: see `rebuild`, which takes them all. Made, it has begun. Raises `Busy`."""

    def __init__(self, store: Store, domain: Domain, projection: Projection, cancellation: Cancellation) -> None:
        self._store = store
        self._live = projection_subscription(domain, projection)
        self._tables = projection.tables
        self._beside = {table.name: beside(table) for table in projection.tables}
        self._fold = Fold(domain, projection, Working(projection.tables, self._stored, empty=True))
        self._cancellation = cancellation
        self._subscription = Subscription(store, "ordered")
        self._saved = b""
        self._events = 0
        self._parked = 0
        self._claim = _claimed(store, self._live + REBUILD, cancellation)
        self._parking = Parking(self._claim.name)

    def abandon(self, store: Store) -> None:
        """Let nothing be left of it, if that can be done; else it goes with the next rebuild."""
        with contextlib.suppress(ExplorerError):
            store.abandon_rows(self._claim, self._tables)

    def run(self) -> Generator[Progress, None, Rebuilt]:
        """A step for each batch of events."""
        began = time.monotonic()
        self._parking.begin(self._store)
        while True:
            self._cancellation.check()
            self._subscription.fetch(BATCH)
            while (arrival := self._subscription.next()) is not None:
                self._add(arrival)
            self._save()
            position = reached(self._saved)
            at = position if isinstance(position, int) else None
            yield Progress(at or 0, _head(self._store), self._events)
            if self._subscription.behind:
                continue
            if self._replaced(at):
                return Rebuilt(at, self._events, self._parked, time.monotonic() - began)
            # The live rows are of later events by now.
            self._cancellation.wait(SOON)

    def _add(self, arrival: Arrival) -> None:
        event = arrival.event
        self._events += 1
        if not self._fold.reacts(event):
            return
        reason = ""
        if not self._parking.sequences or stream_sequence(event) not in self._parking.sequences:
            try:
                self._fold.add(event)
                return
            except NEVER_PARKED:
                raise
            except (Exception, SystemExit) as error:  # domain code may raise anything
                reason = what_failed(error)
        self._parking.put(event, stream_sequence(event), reason, int(bool(reason)))
        self._parked += 1

    def _save(self) -> None:
        after = self._subscription.checkpoint()
        if after == self._saved:
            return
        changes = [replace(change, table=self._beside[change.table].name) for change in self._fold.working.changed]
        advance = Advance(self._claim, self._saved, after, park=tuple(self._parking.new))
        self._store.advance(advance, changes, tuple(self._beside.values()))
        self._fold.working.taken()
        self._parking.new.clear()
        self._saved = after

    def _replaced(self, at: int | None) -> bool:
        head = self._store.head()

        def accepts(checkpoint: bytes) -> bool:
            live = reached(checkpoint)
            # A checkpoint ahead of the store is of another past, and no reason to wait.
            return not isinstance(live, int) or live <= (at or 0) or not isinstance(head, int) or live > head

        moved = Advance(self._claim, self._saved, self._saved)
        return self._store.replace_rows(moved, self._live, self._tables, accepts)

    def _stored(self, table: str, key: Key) -> Row | None:
        return stored_row(self._store, self._beside[table], key)


def _head(store: Store) -> int:
    head = store.head()
    return head if isinstance(head, int) else 0


# -- drift -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what a fresh rebuild makes of the same events."""

    table: str
    key: Key
    kind: str  # "missing", "extra" or "different"
    stored: Row | None
    fresh: Row | None
    columns: tuple[str, ...]  # those that differ


@dataclass(frozen=True, slots=True)
class Drift:
    """What a check has found."""

    position: int | None  # up to which event the rows are
    events: int
    rows: int
    differing: int
    differences: tuple[Difference, ...]  # the first of them
    failed: int  # events that can be projected neither here nor there
    seconds: float
    notice: str = ""


def check(
    store: Store, domain: Domain, projection: Projection, cancellation: Cancellation, tell: Tell | None = None
) -> Drift:
    """Rebuild the rows in memory, from the events up to the checkpoint, and compare them with those that are stored;
    both may go on meanwhile. What is parked is left out here as there. Needs memory for the fresh rows.

    Raises `Invalid` where there are no rows yet, `TableChanged` where a table is not as it was made, `Busy` if the rows
    are rebuilt meanwhile again and again, `Cancelled`, and what stores raise.
    """
    with store.cancelling(cancellation):
        return _driven(checking(store, domain, projection, cancellation), tell)


def checking(
    store: Store, domain: Domain, projection: Projection, cancellation: Cancellation
) -> Generator[Progress, None, Drift]:
    """`check` in steps: one for each batch of events."""
    began = time.monotonic()
    known = standing(store, domain, projection)
    if known is None or not known.checkpoint:
        hint = f"Run the service {projection.service}, or rebuild."
        raise Invalid(f"The read model {projection.name} has no rows yet.", hint)
    for _ in range(ATTEMPTS):
        found = yield from _Check(store, domain, projection, cancellation).run()
        if found is not None:
            return replace(found, seconds=time.monotonic() - began)
    raise Busy(f"{projection.name} is being rebuilt, or its parked events change all the time.", "Try again.")


class _Check:
    def __init__(self, store: Store, domain: Domain, projection: Projection, cancellation: Cancellation) -> None:
        self._store = store
        self._name = projection_subscription(domain, projection)
        self._tables = projection.tables
        self._fresh = _Memory(projection.tables)
        self._fold = Fold(domain, projection, Working(projection.tables, self._fresh.row, empty=True))
        self._cancellation = cancellation
        self._position = 0
        self._events = 0
        self._failed: list[int] = []
        self._parked: frozenset[int] = frozenset()

    def run(self) -> Generator[Progress, None, Drift | None]:
        """None if it has to be begun anew."""
        upto, holes, parked = self._ground()
        self._parked = parked
        for at in self._read(upto, holes):
            yield Progress(at, upto, self._events)
        with self._store.one_moment():
            self._store.check_tables(self._name, self._tables)
            upto, holes, parked = self._ground()
            at = self._position
            if upto < at or {one for one in parked if one <= at} != {one for one in self._parked if one <= at}:
                return None
            self._parked = parked
            for _ in self._read(upto, holes):  # the few that came meanwhile
                pass
            rows, found = 0, _Found()
            for table in self._tables:
                rows += self._compare(table, found)
        head = self._store.head()
        ahead = isinstance(head, int) and upto > head
        notice = f"The rows stand at position {upto}, but the store ends at {head}." if ahead else ""
        return Drift(upto or None, self._events, rows, found.count, tuple(found.kept), len(self._failed), 0.0, notice)

    def _ground(self) -> tuple[int, list[tuple[int, int]], frozenset[int]]:
        """Up to where the rows are, without which positions: holes, and what is parked."""
        known = next((known for known in self._store.subscriptions() if known.name == self._name), None)
        checkpoint = known.checkpoint if known else b""
        upto = reached(checkpoint)
        holes = [(int(low), int(high)) for low, high in json.loads(checkpoint)["holes"]] if upto is not None else []
        parked: list[int] = []
        while page := self._store.parked(self._name, ROWS, after=parked[-1] if parked else None):
            parked += [one.position for one in page]
        return upto if isinstance(upto, int) else 0, holes, frozenset(parked)

    def _read(self, upto: int, holes: Sequence[tuple[int, int]]) -> Iterator[int]:
        """Fold the events that come next, up to this position. → how far it is, after each batch"""
        for event in _events(self._store, self._position, upto):
            self._cancellation.check()
            position = event.position
            assert isinstance(position, int)
            self._events += 1
            if not any(low <= position <= high for low, high in holes) and position not in self._parked:
                self._add(event, position)
            if self._events % BATCH == 0:
                self._write()
                yield position
        self._write()
        self._position = max(self._position, upto)

    def _add(self, event: Event, position: int) -> None:
        try:
            self._fold.add(event)
        except NEVER_PARKED:
            raise
        except (Exception, SystemExit):  # domain code; the live rows have been spared it as well
            self._failed.append(position)

    def _write(self) -> None:
        self._fresh.write(self._fold.working.taken())

    def _compare(self, table: Table, found: _Found) -> int:
        fresh = self._fresh.tables[table.name]
        count = 0
        after: Key | None = None
        while True:
            self._cancellation.check()
            page = self._store.rows(table, after, ROWS)
            for row in page.rows:
                count += 1
                key = tuple(row[column] for column in table.key)
                values = fresh.pop(key, None)
                if values is None:
                    found.add(Difference(table.name, key, "extra", row, None, ()))
                    continue
                wanted = dict(zip(table.columns, values, strict=True))
                differing = tuple(column for column, value in wanted.items() if row[column] != value)
                if differing:
                    whole = {**dict(zip(table.key, key, strict=True)), **wanted}
                    found.add(Difference(table.name, key, "different", row, whole, differing))
            after = page.next
            if after is None:
                break
        for key, values in fresh.items():
            whole = {**dict(zip(table.key, key, strict=True)), **dict(zip(table.columns, values, strict=True))}
            found.add(Difference(table.name, key, "missing", None, whole, ()))
        return count


class _Found:
    """The differences, of which only the first are kept."""

    def __init__(self) -> None:
        self.count = 0
        self.kept: list[Difference] = []

    def add(self, difference: Difference) -> None:
        self.count += 1
        if len(self.kept) < SHOWN:
            self.kept.append(difference)


class _Memory:
    """The rows of a fresh rebuild: of each only the values, as there may be many."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._described = {table.name: table for table in tables}
        self.tables: dict[str, dict[Key, tuple[Any, ...]]] = {table.name: {} for table in tables}

    def row(self, table: str, key: Key) -> Row | None:
        values = self.tables[table].get(key)
        if values is None:
            return None
        described = self._described[table]
        columns = (*described.key, *described.columns)
        return dict(zip(columns, (*key, *values), strict=True))

    def write(self, changes: Sequence[RowChange]) -> None:
        for change in changes:
            rows = self.tables[change.table]
            if isinstance(change, Delete):
                rows.pop(change.key, None)
                continue
            before = rows.get(change.key)
            columns = self._described[change.table].columns
            known = dict(zip(columns, before, strict=True)) if before is not None else dict.fromkeys(columns)
            rows[change.key] = tuple({**known, **change.values}.values())


def _events(store: Store, after: int, upto: int) -> Iterator[Event]:
    """All events behind one position up to another, in order."""
    place: Any = after or None
    while upto > after:
        page = store.events(EventQuery(after=place, limit=BATCH))
        for event in page.rows:
            if not isinstance(event.position, int) or event.position > upto:
                return
            yield event
        if page.next is None:
            return
        place = page.next
