"""A connection to PostgreSQL: short read-only transactions, payloads as bytes, and a way to stop on a frozen server."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
import psycopg.abc
import sqlalchemy as sa
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from sqlalchemy.pool import NullPool

from explorer.cancellation import Cancellation
from explorer.errors import Cancelled, CannotOpen, ConnectionLost
from explorer.stores.address import PostgresAddress
from explorer.stores.connection import CommitLost, Rows
from explorer.stores.layout import Run
from explorer.stores.translate import driver_error, from_connecting, from_postgres

STATEMENT_SECONDS = 60  # a query of ours that takes longer is stopped by the server
LOCK_SECONDS = 10
CONNECT_SECONDS = 5
PATIENCE = 1.5  # seconds a cancelled statement may go on before its connection is cut

SETTINGS = f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"
READING = f"BEGIN READ ONLY; {SETTINGS}"
# The query of a program that was killed ends, where the server knows how to notice (from 14 on, not on every system).
ORPHANS = """SELECT set_config(name, '500ms', false) FROM pg_catalog.pg_settings
    WHERE name = 'client_connection_check_interval' AND current_setting('server_version_num')::int >= 140000"""
WRITING = f"BEGIN READ WRITE; {SETTINGS}; SET LOCAL idle_in_transaction_session_timeout = '60s'"

T = TypeVar("T")


class _Bytes(Loader):
    """json and jsonb as the server writes them: numbers exact, duplicate keys kept."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


class _Text(Loader):
    """Text in whatever encoding: bytes that are no UTF-8 (a SQL_ASCII database) must not stop a page of others."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "surrogateescape")


def _lenient(kind: type[psycopg.abc.Loader]) -> type[psycopg.abc.Loader]:
    """A loader giving None for what Python cannot hold: infinity, years after 9999 or before Christ."""

    class Lenient(Loader):
        def __init__(self, oid: int, context: psycopg.abc.AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._load = kind(oid, context).load

        def load(self, data: Buffer) -> Any:
            try:
                return self._load(data)
            except psycopg.DataError:
                return None

    return Lenient


class PostgresConnection:
    """See `connection.Connection`. Connects at once; raises CannotOpen."""

    dialect = "postgresql"
    static = False

    def __init__(self, address: PostgresAddress, writable: bool = False) -> None:
        self.title = address.title
        self.writable = writable
        self._address = address
        self._cancellation: Cancellation | None = None
        self._channel: str | None = None
        self._snapshot: str | None = None
        self._threshold: int | None = None if address.pooled else 5
        self._connection: sa.Connection | None = None
        self._driver: psycopg.Connection[Any] | None = None
        self._engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",  # transactions are begun and ended here, with their settings
            use_native_hstore=False,
        )
        failures: list[BaseException] = []
        self._attempt(failures)
        if failures:
            raise self._refused(failures[0]) from None

    # -- connecting ----------------------------------------------------------------------------------------------------

    def _connect(self) -> psycopg.Connection[Any]:
        parameters: dict[str, Any] = {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "event-store-explorer",
            # A server that vanished without a word is noticed within half a minute.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            **self._address.parameters,
        }
        driver: psycopg.Connection[Any] = psycopg.connect(
            "",
            autocommit=True,
            prepare_threshold=self._threshold,
            password=self._address.password,
            client_encoding="utf8",
            **parameters,
        )
        for name in ("json", "jsonb"):
            driver.adapters.register_loader(name, _Bytes)
        for name in ("text", "varchar", "bpchar", "name"):
            driver.adapters.register_loader(name, _Text)
        for name in ("timestamptz", "timestamp", "date"):
            oid = driver.adapters.types[name].oid
            known = driver.adapters.get_loader(oid, pq.Format.TEXT)
            if known is not None:
                driver.adapters.register_loader(oid, _lenient(known))
        if not self._address.pooled:
            driver.execute(ORPHANS)
        return driver

    def _open(self) -> None:
        connection = self._engine.connect()
        self._driver = connection.connection.driver_connection
        self._connection = connection
        if self._channel is not None:
            self._start_listening()

    def _reopen(self) -> None:
        """Connect again; where somebody may want to stop that, in a thread that can be left behind."""
        cancellation = self._cancellation
        failures: list[BaseException] = []
        if cancellation is None:
            self._attempt(failures)
        else:
            # libpq cannot be interrupted while it connects; it gives up by itself after connect_timeout.
            done = threading.Event()
            left = threading.Event()

            def attempt() -> None:
                self._attempt(failures)
                done.set()
                if left.is_set():
                    self._drop()

            cancellation.check()
            with cancellation.heard_by(done.set):
                threading.Thread(target=attempt, daemon=True, name="connecting").start()
                done.wait()
            if cancellation.cancelled:
                left.set()
                raise Cancelled("Cancelled.")
        if failures:
            refused = self._refused(failures[0])
            raise ConnectionLost(str(refused), refused.hint) from None

    def _refused(self, error: BaseException) -> CannotOpen:
        return from_connecting(driver_error(error), self.title, self._address.password)

    def _attempt(self, failures: list[BaseException]) -> None:
        try:
            self._open()
        except (psycopg.Error, sa.exc.DBAPIError) as error:
            failures.append(error)

    def _drop(self) -> None:
        """Let go of a connection, broken or not; the next call makes a new one."""
        connection, driver = self._connection, self._driver
        self._connection = self._driver = None
        if driver is not None:
            with suppress(psycopg.Error):
                driver.close()
        if connection is not None:
            with suppress(psycopg.Error, sa.exc.SQLAlchemyError):
                connection.invalidate()
                connection.close()

    def _live(self) -> tuple[sa.Connection, psycopg.Connection[Any]]:
        if self._driver is not None and self._driver.closed:
            self._drop()
        if self._connection is None or self._driver is None:
            self._reopen()
        assert self._connection is not None
        assert self._driver is not None
        return self._connection, self._driver

    # -- failures ------------------------------------------------------------------------------------------------------

    def _known(self, error: BaseException) -> BaseException:
        """What to raise for an error of the driver; drops the connection when it is of no use any more."""
        if self._cancellation is not None and self._cancellation.cancelled:
            self._tidy()
            return Cancelled("Cancelled.")
        known = from_postgres(error, self.title)
        if known is None:
            return error
        if isinstance(known, ConnectionLost):
            self._drop()
        else:
            self._tidy()
        return known

    def _tidy(self) -> None:
        """Back to no transaction; a connection that cannot is dropped."""
        driver = self._driver
        if driver is None:
            return
        try:
            if driver.closed or driver.info.transaction_status == pq.TransactionStatus.ACTIVE:
                self._drop()
            elif driver.info.transaction_status != pq.TransactionStatus.IDLE:
                driver.execute("ROLLBACK", prepare=False)
        except psycopg.Error:
            self._drop()

    def _without_prepared(self, error: BaseException) -> bool:
        """A pooler mixed our session with another's: prepared statements are missing or there already. Do without."""
        state = getattr(getattr(error, "orig", error), "sqlstate", None)
        if self._threshold is None or state not in ("26000", "42P05"):
            return False
        self._threshold = None
        self._drop()
        return True

    # -- reading -------------------------------------------------------------------------------------------------------

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        def read(connection: sa.Connection) -> Rows:
            return list(connection.execute(_text(sql), parameters or {}).cursor.fetchall())

        return self._reading(read)

    def columns(self, sql: str) -> dict[str, str]:
        def read(connection: sa.Connection) -> dict[str, str]:
            statement = _text(f"SELECT * FROM (\n{sql.replace(':', chr(92) + ':')}\n) AS probe LIMIT :none")
            cursor: Any = connection.execute(statement, {"none": 0}).cursor
            types = psycopg.adapters.types
            return {c.name: known.name if (known := types.get(c.type_code)) else "" for c in cursor.description}

        return self._reading(read)

    def _reading(self, job: Callable[[sa.Connection], T]) -> T:
        for attempt in (1, 2):
            if self._cancellation is not None:
                self._cancellation.check()
            connection, driver = self._live()
            begun = False
            try:
                driver.execute(READING, prepare=False)
                begun = True
                result = job(connection)
                driver.execute("COMMIT", prepare=False)
                return result
            except (psycopg.Error, sa.exc.DBAPIError, UnicodeEncodeError) as error:
                if attempt == 1 and self._without_prepared(error):
                    continue
                known = self._known(error)
                # An idle connection that the server has ended meanwhile is no reason to trouble anybody.
                if attempt == 1 and not begun and isinstance(known, ConnectionLost):
                    continue
                raise known from None
        raise AssertionError("unreachable")

    # -- writing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        connection, driver = self._live()
        committing = False
        try:
            driver.execute(WRITING, prepare=False)

            def run(sql: str, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Rows:
                result = connection.execute(_text(sql), parameters)
                return list(result.cursor.fetchall()) if result.returns_rows and result.cursor else []

            yield run
            committing = True
            driver.execute("COMMIT", prepare=False)
        except (psycopg.Error, sa.exc.DBAPIError, UnicodeEncodeError) as error:
            self._without_prepared(error)
            known = self._known(error)
            if committing and isinstance(known, ConnectionLost | Cancelled):
                raise CommitLost(str(known)) from None
            raise known from None
        except BaseException:
            self._tidy()
            raise

    # -- stopping ------------------------------------------------------------------------------------------------------

    @contextmanager
    def cancelling(self, cancellation: Cancellation) -> Iterator[None]:
        before, self._cancellation = self._cancellation, cancellation
        finished = threading.Event()
        starting = threading.Lock()
        stoppers: list[threading.Thread] = []

        def heard() -> None:
            # Called in the thread of whoever cancels, which must not wait for a server.
            with starting:
                driver = self._driver
                if driver is not None and not finished.is_set():
                    stopper = threading.Thread(target=_stop, args=(driver, finished), daemon=True, name="cancelling")
                    stopper.start()
                    stoppers.append(stopper)

        try:
            cancellation.check()
            with cancellation.heard_by(heard):
                yield
        finally:
            with starting:
                finished.set()
            # A cancel request still under way would hit a later statement.
            for stopper in stoppers:
                stopper.join()
            self._cancellation = before

    # -- following -----------------------------------------------------------------------------------------------------

    def changed(self) -> bool:
        """False if the same transactions are visible as at the last call."""
        snapshot: str = self.rows("SELECT CAST(txid_current_snapshot() AS text)")[0][0]
        changed, self._snapshot = snapshot != self._snapshot, snapshot
        return changed

    def listen(self, channel: str) -> None:
        self._channel = channel
        if self._driver is not None:
            self._start_listening()

    def _start_listening(self) -> None:
        assert self._driver is not None
        name = (self._channel or "").replace('"', '""')
        # Refused on a standby and behind some poolers; then there is only polling.
        with suppress(psycopg.Error):
            self._driver.execute(f'LISTEN "{name}"'.encode(), prepare=False)

    def wait(self, seconds: float, cancellation: Cancellation) -> None:
        driver = self._driver
        if driver is None or driver.closed or self._channel is None:
            cancellation.wait(seconds)
            return
        reader, writer = os.pipe()
        try:
            with cancellation.heard_by(lambda: _poke(writer)), suppress(psycopg.Error):
                if any(True for _ in driver.notifies(timeout=0)):
                    return
                select.select([driver.fileno(), reader], [], [], seconds)
                for _ in driver.notifies(timeout=0):
                    pass
        finally:
            os.close(reader)
            os.close(writer)

    def close(self) -> None:
        self._drop()
        self._engine.dispose()


def _poke(pipe: int) -> None:
    os.write(pipe, b"!")


@lru_cache(maxsize=500)
def _text(sql: str) -> sa.TextClause:
    return sa.text(sql)


def _stop(driver: psycopg.Connection[Any], finished: threading.Event) -> None:
    """Ask the server to cancel until the job has ended; when it does not listen, cut the connection.

    Runs in a thread of its own. One request is not enough: it may fall between two statements.
    """
    until = time.monotonic() + PATIENCE
    while not finished.is_set() and (left := until - time.monotonic()) > 0:
        with suppress(psycopg.Error, OSError):
            driver.cancel_safe(timeout=min(2.0, max(left, 0.1)))
        finished.wait(0.05)
    if finished.is_set():
        return
    # Shutting the socket down wakes the thread that waits for the server at once, and is safe from another thread.
    with suppress(OSError, psycopg.Error):
        duplicate = socket.socket(fileno=os.dup(driver.fileno()))
        try:
            duplicate.shutdown(socket.SHUT_RDWR)
        finally:
            duplicate.close()
