"""Projections at work: events of an ordered subscription become rows of a read model.

The rows of a batch of events and the checkpoint behind it are one transaction: they are what a fold of exactly these
events makes, whatever is killed. Until it is written, a batch is kept in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from explorer import fold
from explorer.descriptions import ReadModelInfo, TableInfo
from explorer.errors import Invalid, TableChanged
from explorer.model import Domain, Event, Key, Position, Projection, Row, Table
from explorer.rows import Working, misfit
from explorer.stores import Store
from explorer.stores.store import Advance
from explorer.subscriber import stream_sequence
from explorer.subscription import Arrival, reached


def projections(domain: Domain, service: str | None = None) -> tuple[Projection, ...]:
    """Those of a domain, or of one of its services."""
    return tuple(one for one in domain.projections if service in (None, one.service))


def projection_subscription(domain: Domain, projection: Projection) -> str:
    """What a projection's checkpoint is called in the store."""
    return f"{domain.name}.{projection.service}.{projection.name}"


def describe_read_models(domains: Sequence[Domain]) -> tuple[ReadModelInfo, ...]:
    """The read models of these domains as data, by which they are shown."""
    there = [(domain, one) for domain in domains for one in domain.projections]
    names = [one.name for _, one in there]
    return tuple(
        ReadModelInfo(
            name=one.name if names.count(one.name) == 1 else f"{domain.name}.{one.name}",
            domain=domain.name,
            service=one.service,
            subscription=projection_subscription(domain, one),
            tables=tuple(TableInfo(table.name, table.key, tuple(table.columns.items())) for table in one.tables),
        )
        for domain, one in there
    )


def read_model(domains: Sequence[Domain], name: str) -> tuple[Domain, Projection]:
    """The projection of this name (or domain.name). Raises `Invalid`."""
    there = [(domain, one) for domain in domains for one in domain.projections]
    for domain, one in there:
        if name in (one.name, f"{domain.name}.{one.name}", projection_subscription(domain, one)):
            return domain, one
    known = ", ".join(one.name for _, one in there) or "none"
    raise Invalid(f"There is no read model {name}.", f"There is: {known}.")


class Fold:
    """One projection over events one after the other, its changes gathered in `working`."""

    def __init__(self, domain: Domain, projection: Projection, working: Working) -> None:
        self._upcast = domain.upcast
        self._projection = projection
        self._types = frozenset(projection.on)
        self.working = working

    def reacts(self, event: Event) -> bool:
        """False for an event of no interest. An upcaster may rename types, so with one every event is looked at."""
        return event.type in self._types or self._upcast is not None

    def add(self, event: Event) -> None:
        """Its changes, or none of them: raises whatever the projection raises, `StepFailed` for a payload that cannot
        be read, `Invalid` for changes that the tables cannot hold, and what reading rows raises."""
        if not self.reacts(event):
            return
        readable = fold.readable(event, self._upcast)
        if readable.type in self._types:
            self.working.change(self._projection.project(readable, self.working.read))


class Projecting:
    """The handler of a projection: see `subscriber.Handler`."""

    def __init__(self, domain: Domain, projection: Projection) -> None:
        self._tables = {table.name: table for table in projection.tables}
        self._fold = Fold(domain, projection, Working(projection.tables, self._stored))
        self._store: Store | None = None
        self._begun = False
        self._at: Position | None = None  # where the rows stand

    def reacts(self, event: Event) -> bool:
        return self._fold.reacts(event)

    def sequence(self, event: Event) -> str:
        return stream_sequence(event)

    def handle(self, store: Store, arrival: Arrival, advance: Advance) -> bool:
        """Keeps what the event changes for `flush`. Raises what `Fold.add` raises, and `TableChanged`."""
        self._begin(store, advance)
        self._store = store
        if not arrival.late:
            self._not_back(arrival.event.position, 1)
        self._fold.add(arrival.event)
        return False

    def flush(self, store: Store, advance: Advance) -> bool:
        self._begin(store, advance)
        there = reached(advance.after)
        if advance.before != advance.after:
            self._not_back(there)
        working = self._fold.working
        # At the very beginning the tables are made, even if no event has changed anything yet.
        if not working.changed and advance.before:
            return False
        store.advance(advance, working.changed, tuple(self._tables.values()))
        working.taken()
        self._at = there
        return True

    def forget(self) -> None:
        self._fold.working.forget()
        self._begun = False

    def _not_back(self, position: Position | None, more: int = 0) -> None:
        """Rows of events that are no longer there cannot be gone on with."""
        at = self._at
        if not isinstance(at, int) or (isinstance(position, int) and position >= at + more):
            return
        where = f"at position {position}" if position is not None else "before its first event"
        raise TableChanged(
            f"The rows are of events up to position {at}, but the store goes on {where}: it was reset or restored.",
            "Rebuild the read model: its rows are made anew.",
        )

    def _begin(self, store: Store, advance: Advance) -> None:
        if not self._begun:
            self._at = reached(advance.before)
            self._not_back(store.head())
            self._begun = True
            # There is nothing yet, or what there is will be made anew.
            self._fold.working.forget(empty=not advance.before)

    def _stored(self, table: str, key: Key) -> Row | None:
        assert self._store is not None
        return stored_row(self._store, self._tables[table], key)


def stored_row(store: Store, table: Table, key: Key) -> Row | None:
    """The row as the projection has put it there. Raises `TableChanged` where it cannot have been."""
    row = store.row(table, key)
    column = misfit(table, row) if row is not None else ""
    if column:
        raise TableChanged(
            f"Somebody has altered the column {column} of {table.name} {' '.join(map(str, key))}.",
            "Rebuild the read model: its rows are made anew.",
        )
    return row
