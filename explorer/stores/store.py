"""The `Store` protocol: all that the rest of the program knows of a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from explorer.cancellation import Cancellation
from explorer.model import (
    Event,
    EventQuery,
    Key,
    NewEvent,
    Page,
    Position,
    Row,
    RowChange,
    Snapshot,
    StoreInfo,
    StreamInfo,
    StreamKey,
    Table,
)


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """What to open, and how. Plain data: it crosses to engine processes; `password` is never printed or stored."""

    url: str  # a path, sqlite:…, postgresql:… or postgres:…
    layout: str | None = None  # a layout's name, or the path of a TOML file that describes one
    instance: str | None = None  # which of several stores in the database
    writable: bool = False
    password: str | None = None  # kept apart from the URL
    copy: bool = False  # read a private copy (a file left behind with a WAL or a hot journal)
    create: bool = False  # make our own store if there is nothing yet

    def __repr__(self) -> str:  # no secrets in logs and tracebacks
        return f"StoreSpec({self.layout or 'any layout'})"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to move the checkpoint of a subscription: whoever claimed it last has it, nobody else."""

    name: str
    epoch: int  # one more with every claim


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that a subscription could not handle, or one that waits behind it."""

    subscription: str
    sequence: str  # the sequence key: what waits behind what
    position: int
    event_id: str | None
    category: str
    id: str
    version: int
    type: str
    reason: str  # empty: it only waits behind an earlier one of its sequence
    attempts: int  # at handling it
    parked_at: datetime | None  # aware, UTC; None: now
    wanted: str = ""  # "", "retry" or "skip": what somebody asked for; the owner does it


@dataclass(frozen=True, slots=True)
class Advance:
    """Moving a checkpoint, together with what is written for the events it passes: all of it happens, or nothing."""

    claim: Claim
    before: bytes  # where it has to stand now; empty: no checkpoint yet
    after: bytes
    park: tuple[Parked, ...] = ()  # put aside; what is there already is replaced, but for a skip asked for meanwhile
    unpark: tuple[int, ...] = ()  # positions of parked events that are done; they have to be there


@dataclass(frozen=True, slots=True)
class Asked:
    """What others want of the owner of a subscription."""

    paused: bool  # it is to handle nothing
    wanted: bool  # a parked event is to be tried again, or skipped


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A named subscription as the store keeps it."""

    name: str
    owner: str  # who claimed it; empty after it was released
    epoch: int
    beat: int  # goes on for as long as the owner lives
    checkpoint: bytes  # empty: none yet
    saved_at: datetime | None = None  # aware, UTC
    paused: bool = False  # somebody asked its owner to handle nothing
    state: str = ""  # how its owner stood at its last beat: see `follow.Standing`
    detail: str = ""
    parked: int = 0  # events put aside, those that wait behind others included


class Store(Protocol):
    """An open event store. Every method may raise `ConnectionLost`, `StoreReplaced`, `Damaged`, `Busy`, `Cancelled`.

    Reading is in short transactions, each page fetched whole. No method's cost grows with the store unless it says so.
    """

    info: StoreInfo

    def close(self) -> None: ...

    def cancelling(self, cancellation: Cancellation) -> AbstractContextManager[None]:
        """Within this block statements stop with `Cancelled` once the flag is set, even on a frozen server."""
        ...

    # -- reading ---------------------------------------------------------------------------------------------------

    def head(self) -> Position | None:
        """The highest visible position; None when empty or when the store has no positions."""
        ...

    def count(self) -> int:
        """How many events there are. Grows with the store: background work."""
        ...

    def categories(self) -> tuple[str, ...]:
        """The categories, sorted, as far as index look-ups can tell them cheaply (at most 1,000)."""
        ...

    def types(self, category: str | None = None) -> tuple[str, ...]:
        """Event types seen in the last 2,000 events (of the category), most frequent first: for completion."""
        ...

    def streams(
        self, category: str | None = None, find: str | None = None, after: Any = None, limit: int = 200
    ) -> Page[StreamInfo]:
        """Streams in the order of the native key. `find`: text contained in category or id, ignoring case."""
        ...

    def recent_streams(self, limit: int = 50) -> tuple[StreamInfo, ...]:
        """Streams changed last, newest first, from the tail of the log."""
        ...

    def stream(self, key: StreamKey) -> StreamInfo | None:
        """One stream with its counts and times, or None."""
        ...

    def events(self, query: EventQuery) -> Page[Event]:
        """Events of the whole store. In stores without positions: in the order of streams."""
        ...

    def stream_events(
        self,
        key: StreamKey,
        after: int = 0,
        limit: int = 1000,
        upto: int | None = None,
        preview: int | None = None,
    ) -> list[Event]:
        """Events of one stream with version > after (≤ upto), oldest first; duplicates of a version all come."""
        ...

    def event(self, key: StreamKey, version: int) -> Event | None:
        """One event with its whole payload."""
        ...

    def events_by_id(self, event_ids: Sequence[str]) -> list[Event]:
        """Those of these event ids that are stored, in no particular order."""
        ...

    # -- following -------------------------------------------------------------------------------------------------

    def changed(self) -> bool:
        """False when certainly nothing was committed since the last call. Cheap. Notices a replaced file."""
        ...

    def wait(self, seconds: float, cancellation: Cancellation) -> None:
        """Sleep until a notification, the time is over or the flag is set."""
        ...

    def writers(self) -> frozenset[str]:
        """Transactions that may hold a drawn, uncommitted position now; always empty where commits are ordered."""
        ...

    def events_in(self, holes: Iterable[tuple[int, int]], limit: int = 1000) -> list[Event]:
        """The events whose positions lie within these inclusive ranges, in position order."""
        ...

    # -- snapshots -------------------------------------------------------------------------------------------------

    def snapshots(self, key: StreamKey | None = None, limit: int = 200, preview: int | None = None) -> list[Snapshot]:
        """Snapshots, newest version first; of all streams when no key is given."""
        ...

    def snapshot(self, key: StreamKey, version: int | None = None) -> Snapshot | None:
        """One snapshot with its whole state; the newest when no version is given."""
        ...

    # -- writing: only where info.writable, else ReadOnly ------------------------------------------------------------

    def append(
        self, key: StreamKey, expected: int, events: Sequence[NewEvent], advance: Advance | None = None
    ) -> list[Event]:
        """Append in one transaction, if `expected` events are present (0: the stream is new).

        With `advance` a checkpoint moves in the same transaction; raises `Fenced` if it may not.

        Idempotent: if every event id is already in that stream, the stored events are returned whatever their version.
        Raises `Conflict`, `ReadOnly`, `Busy`, `StoreFull`, `OutcomeUnknown`.
        """
        ...

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Store it, replacing one of the same stream and version."""
        ...

    def delete_snapshot(self, key: StreamKey, version: int) -> None:
        """Raises `Invalid` for the base snapshot of a stream whose first events are not stored."""
        ...

    # -- named subscriptions: in stores of our own, or in a folder -----------------------------------------------------

    def keep_in(self, folder: Path) -> None:
        """Keep named subscriptions in this folder from now on: where the store cannot, or may only be read."""
        ...

    def subscriptions(self) -> tuple[Subscribed, ...]:
        """All of them, by name."""
        ...

    def claim(self, name: str, owner: str, epoch: int = 0) -> Claim | None:
        """Become the owner of a subscription that was seen at this epoch (0: that was not there), which fences its
        former owner off. None when somebody else was faster."""
        ...

    def advance(self, advance: Advance, changes: Sequence[RowChange] = (), tables: Sequence[Table] = ()) -> None:
        """Move the checkpoint, and with it the rows of a read model that is kept in these tables. Raises `Fenced`, and
        `TableChanged` where one of the tables is not as it was made. At the beginning (`before` is empty) they are made
        anew. Keys and values have to fit: see `rows.Working`."""
        ...

    def beat(self, claim: Claim, state: str = "", detail: str = "") -> Asked:
        """A sign of life of the owner, with how it stands; what others want of it. Raises `Fenced`."""
        ...

    def release(self, claim: Claim) -> None:
        """Give it up, so that the next owner need not wait. Harmless when it was lost already."""
        ...

    def pause(self, name: str, paused: bool) -> None:
        """Ask the owner to handle nothing, or to go on. Raises `Invalid` for an unknown name."""
        ...

    def reset(self, name: str, checkpoint: bytes = b"") -> None:
        """Put the checkpoint somewhere else (empty: the beginning), which fences the owner off; it claims again.
        Parked events are forgotten. Raises `Invalid` for an unknown name."""
        ...

    def parked(
        self,
        name: str | None = None,
        limit: int = 200,
        *,
        sequence: str | None = None,
        after: int | None = None,
        wanted: bool = False,
    ) -> list[Parked]:
        """Events put aside, by name and position: of one subscription, one sequence, after a position, or only those
        that somebody wants something of."""
        ...

    def want(self, name: str, position: int, what: Literal["retry", "skip", ""]) -> None:
        """Ask the owner to try a parked event again or to drop it; it does so within about a second. Trying one that
        waits behind others begins with the first of its sequence. Raises `Invalid` for what is not parked."""
        ...

    # -- read models: only in stores of our own ------------------------------------------------------------------------

    def rows(self, table: Table, after: Key | None = None, limit: int = 200, find: str = "") -> Page[Row]:
        """Rows of a read model in the order of their keys. `find`: text contained in one of the values, ignoring case.
        Raises `TableChanged` where the table is not there, or not as it was made."""
        ...

    def row(self, table: Table, key: Key) -> Row | None:
        """One of them. Raises `TableChanged`."""
        ...

    def check_tables(self, name: str, tables: Sequence[Table]) -> None:
        """Raises `TableChanged` where one of these tables is not as it was made for the subscription of this name."""
        ...

    def one_moment(self) -> AbstractContextManager[None]:
        """Within this block all that is read is of one moment. To be short: databases keep what was then meanwhile."""
        ...

    def replace_rows(
        self, advance: Advance, name: str, tables: Sequence[Table], accepts: Callable[[bytes], bool]
    ) -> bool:
        """The tables beside these (`read_models.beside`), which the subscription of `advance` has filled, take their
        place, and its checkpoint that of the subscription `name`, whose owner is fenced off: it claims again, and goes
        on from there. All in one transaction, in which the subscription that did this work goes as well. → False, and
        nothing has happened, where the checkpoint in that moment is not one to be replaced. Raises `Fenced`,
        `TableChanged`."""
        ...

    def abandon_rows(self, claim: Claim, tables: Sequence[Table]) -> None:
        """Give up a rebuild: its subscription goes, and the tables beside these. Raises `Fenced`."""
        ...
