"""The `Store` over any layout: one class that hands each question to the module which answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from explorer.cancellation import Cancellation
from explorer.errors import ReadOnly
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
from explorer.stores import claims, event_lists, own, parking, read_models, stream_lists, writing
from explorer.stores.connection import Connection
from explorer.stores.filed import Filed
from explorer.stores.layout import Instance, Native
from explorer.stores.reading import Reading, as_text
from explorer.stores.snapshot_lists import SnapshotReading
from explorer.stores.store import Advance, Asked, Claim, Parked, Subscribed

_WRITERS = """SELECT coalesce(l.virtualtransaction, '') || ' ' || coalesce(CAST(l.pid AS text), 'prepared')
FROM pg_locks AS l WHERE l.locktype = 'relation' AND l.relation = to_regclass(:name) AND l.granted
    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND l.pid IS DISTINCT FROM pg_backend_pid()"""
# A standby knows the locks of nobody, and of a described store the table may not be known: the transactions known to
# be running are the best there is.
_RUNNING = "SELECT CAST(txid_snapshot_xip(txid_current_snapshot()) AS text)"


class SqlStore:
    """See `store.Store`. Made by `open_store`."""

    def __init__(
        self, connection: Connection, instance: Instance, info: StoreInfo, closing: Callable[[], None] = lambda: None
    ) -> None:
        self.info = info
        self.instance = instance
        self._connection = connection
        self._closing = closing
        self._reading = Reading(connection, instance)
        self._snapshots = SnapshotReading(self._reading)
        self._filed: Filed | None = None

    def close(self) -> None:
        if self._filed:
            self._filed.close()
        self._connection.close()
        self._closing()

    def cancelling(self, cancellation: Cancellation) -> AbstractContextManager[None]:
        return self._connection.cancelling(cancellation)

    # -- reading -------------------------------------------------------------------------------------------------------

    def head(self) -> Position | None:
        if not self.instance.positions:
            return None
        rows = self._connection.rows(
            f"SELECT e.position FROM {self._reading.source} ORDER BY e.position DESC LIMIT :one", {"one": 1}
        )
        return rows[0][0] if rows else None

    def count(self) -> int:
        # The parameter keeps PostgreSQL from accepting a second statement in a layout's SELECT.
        rows = self._connection.rows(
            f"SELECT count(*) FROM {self._reading.source} WHERE CAST(:one AS integer) = 1", {"one": 1}
        )
        found: int = rows[0][0]
        return found

    def categories(self) -> tuple[str, ...]:
        return stream_lists.categories(self._reading)

    def types(self, category: str | None = None) -> tuple[str, ...]:
        return event_lists.types(self._reading, category)

    def streams(
        self, category: str | None = None, find: str | None = None, after: Any = None, limit: int = 200
    ) -> Page[StreamInfo]:
        return stream_lists.stream_page(self._reading, category, find, after, limit)

    def recent_streams(self, limit: int = 50) -> tuple[StreamInfo, ...]:
        return stream_lists.recent_streams(self._reading, limit)

    def stream(self, key: StreamKey) -> StreamInfo | None:
        native = self.instance.join(key)
        found = None if native is None else stream_lists.stream_info(self._reading, native, key)
        # Where the category is told by the first event, a stream of that id may be of another category.
        if native is None or found is None or self._reading.names([native])[native] != key:
            return None
        return found

    def events(self, query: EventQuery) -> Page[Event]:
        return event_lists.event_page(self._reading, query)

    def stream_events(
        self,
        key: StreamKey,
        after: int = 0,
        limit: int = 1000,
        upto: int | None = None,
        preview: int | None = None,
    ) -> list[Event]:
        native = self.instance.join(key)
        if native is None or (self.instance.split_by_type and self._reading.names([native])[native] != key):
            return []
        if self.instance.counted:
            return self._counted_events(native, max(0, after), limit, upto, preview)
        shift = self.instance.version_base - 1
        condition, parameters = self._reading.key_is(native)
        condition += " AND e.version > :after"
        parameters["after"] = after + shift
        if upto is not None:
            condition += " AND e.version <= :upto"
            parameters["upto"] = upto + shift
        return self._reading.select(condition, "e.version", parameters, limit, preview)

    def _counted_events(
        self, key: Native, after: int, limit: int, upto: int | None, preview: int | None
    ) -> list[Event]:
        condition, parameters = self._reading.key_is(key)
        if upto is not None:
            limit = max(0, min(limit, upto - after))
        if after:
            parameters["after"] = self._reading.place(key, after)
            condition += " AND e.version > :after"
            if parameters["after"] is None:
                return []
        return self._reading.select(condition, "e.version", parameters, limit, preview, run=1, number=after + 1)

    def event(self, key: StreamKey, version: int) -> Event | None:
        found = self.stream_events(key, version - 1, 1, version)
        return found[0] if found else None

    def events_by_id(self, event_ids: Sequence[str]) -> list[Event]:
        return event_lists.events_by_id(self._reading, event_ids)

    # -- following -----------------------------------------------------------------------------------------------------

    def changed(self) -> bool:
        if self.instance.channel:
            # Only who follows: each listener is woken by every commit. And before this look, so that none is missed.
            self._connection.listen(self.instance.channel)
        changed = self._connection.changed()
        if self.info.static and not self._connection.static:
            self.info = replace(self.info, static=False, notice=self.instance.notice)
        return changed

    def wait(self, seconds: float, cancellation: Cancellation) -> None:
        self._connection.wait(seconds, cancellation)

    def writers(self) -> frozenset[str]:
        if self.instance.commit_ordered or self.instance.dialect == "sqlite":
            return frozenset()
        table = self.instance.events_table
        # Asked each time: a standby may be promoted while we follow it.
        if table is None or self._connection.rows("SELECT pg_is_in_recovery()")[0][0]:
            rows = self._connection.rows(_RUNNING)
        else:
            rows = self._connection.rows(_WRITERS, {"name": table})
        return frozenset(as_text(row[0]) for row in rows)

    def events_in(self, holes: Iterable[tuple[int, int]], limit: int = 1000) -> list[Event]:
        return event_lists.events_in(self._reading, holes, limit)

    # -- snapshots -----------------------------------------------------------------------------------------------------

    def snapshots(self, key: StreamKey | None = None, limit: int = 200, preview: int | None = None) -> list[Snapshot]:
        return self._snapshots.snapshots(key, limit, preview)

    def snapshot(self, key: StreamKey, version: int | None = None) -> Snapshot | None:
        return self._snapshots.snapshot(key, version)

    # -- writing -------------------------------------------------------------------------------------------------------

    def append(
        self, key: StreamKey, expected: int, events: Sequence[NewEvent], advance: Advance | None = None
    ) -> list[Event]:
        self._must_be_writable(own_only=advance is not None)
        return writing.append(self._reading, key, expected, events, advance)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        self._must_be_writable(own_only=True)
        own.save_snapshot(self._reading, snapshot)

    def delete_snapshot(self, key: StreamKey, version: int) -> None:
        self._must_be_writable(own_only=True)
        own.delete_snapshot(self._reading, key, version)

    # -- named subscriptions -------------------------------------------------------------------------------------------

    def keep_in(self, folder: Path) -> None:
        self._filed = Filed(folder)

    def subscriptions(self) -> tuple[Subscribed, ...]:
        return self._filed.subscriptions() if self._filed else claims.subscriptions(self._own())

    def claim(self, name: str, owner: str, epoch: int = 0) -> Claim | None:
        if self._filed:
            return self._filed.claim(name, owner, epoch)
        return claims.claim(self._own(writable=True), name, owner, epoch)

    def advance(self, advance: Advance, changes: Sequence[RowChange] = (), tables: Sequence[Table] = ()) -> None:
        if self._filed and not tables:
            self._filed.advance(advance)
            return
        reading = self._own(writable=True)
        also = partial(read_models.changing, reading, advance, tables, changes) if tables else None
        claims.advance(reading, advance, also)

    def beat(self, claim: Claim, state: str = "", detail: str = "") -> Asked:
        if self._filed:
            return self._filed.beat(claim, state, detail)
        return claims.beat(self._own(writable=True), claim, state, detail)

    def release(self, claim: Claim) -> None:
        if self._filed:
            self._filed.release(claim)
        else:
            claims.release(self._own(writable=True), claim)

    def pause(self, name: str, paused: bool) -> None:
        if self._filed:
            self._filed.pause(name, paused)
        else:
            claims.pause(self._own(writable=True), name, paused)

    def reset(self, name: str, checkpoint: bytes = b"") -> None:
        if self._filed:
            self._filed.reset(name, checkpoint)
        else:
            claims.reset(self._own(writable=True), name, checkpoint)

    def parked(
        self,
        name: str | None = None,
        limit: int = 200,
        *,
        sequence: str | None = None,
        after: int | None = None,
        wanted: bool = False,
    ) -> list[Parked]:
        if self._filed:
            return self._filed.parked(name, limit, sequence, after, wanted)
        return parking.parked(self._own(), name, limit, sequence, after, wanted)

    def want(self, name: str, position: int, what: Literal["retry", "skip", ""]) -> None:
        if self._filed:
            self._filed.want(name, position, what)
        else:
            claims.want(self._own(writable=True), name, position, what)

    # -- read models ---------------------------------------------------------------------------------------------------

    def rows(self, table: Table, after: Key | None = None, limit: int = 200, find: str = "") -> Page[Row]:
        self._must_be_own()
        return read_models.rows(self._reading, table, after, limit, find)

    def row(self, table: Table, key: Key) -> Row | None:
        self._must_be_own()
        return read_models.row(self._reading, table, key)

    def check_tables(self, name: str, tables: Sequence[Table]) -> None:
        self._must_be_own()
        read_models.check_tables(self._reading, name, tables)

    def one_moment(self) -> AbstractContextManager[None]:
        return self._connection.one_moment()

    def replace_rows(
        self, advance: Advance, name: str, tables: Sequence[Table], accepts: Callable[[bytes], bool]
    ) -> bool:
        self._must_be_writable(own_only=True)
        return read_models.replace_rows(self._reading, advance, name, tables, accepts)

    def abandon_rows(self, claim: Claim, tables: Sequence[Table]) -> None:
        self._must_be_writable(own_only=True)
        read_models.abandon(self._reading, claim, tables)

    def _own(self, writable: bool = False) -> Reading:
        """The reading, if this store keeps subscriptions itself (and may be written)."""
        if writable:
            self._must_be_writable(own_only=True)
        else:
            self._must_be_own()
        return self._reading

    def _must_be_own(self) -> None:
        if self.instance.layout != "own":
            raise ReadOnly("Named subscriptions are kept in stores of our own only.")

    def _must_be_writable(self, own_only: bool = False) -> None:
        if self.info.bundle:
            raise ReadOnly("This is a bundle: it is only for reading.", "What is written belongs into a store.")
        if not self.info.writable or (own_only and self.instance.layout != "own"):
            raise ReadOnly("This store is open for reading only.", "Open it writable, if it is one of ours.")
