"""A connection to PostgreSQL: short read-only transactions, payloads as bytes, and a way to stop on a frozen server."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import psycopg
import psycopg.abc
import sqlalchemy as sa
from psycopg import pq
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.pool import NullPool

from explorer.cancellation import Cancellation
from explorer.errors import Cancelled, CannotOpen, ConnectionLost
from explorer.stores.address import PostgresAddress
from explorer.stores.connection import CommitLost, Rows
from explorer.stores.layout import Run
from explorer.stores.postgres_driver import announce, commit_announced, connect, stop
from explorer.stores.translate import driver_error
from explorer.stores.translate_postgres import from_connecting, from_postgres

STATEMENT_SECONDS = 60  # a query of ours that takes longer is stopped by the server
LOCK_SECONDS = 10
ANNOUNCED = 0.02  # seconds between two announcements: each wakes everybody who listens

SETTINGS = f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"
READING = f"BEGIN READ ONLY; {SETTINGS}"
# Where a session is ours alone, what it reads needs no transaction around it: one way to the server instead of three.
SESSION = (
    "SET default_transaction_read_only = on;"
    f" SET statement_timeout = '{STATEMENT_SECONDS}s'; SET lock_timeout = '{LOCK_SECONDS}s';"
    " SET idle_in_transaction_session_timeout = '5s'"
)
SESSION_WRITING = "BEGIN READ WRITE"
# Between two of its statements we may compute for long.
ONE_MOMENT = (
    f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SETTINGS};"
    " SET LOCAL idle_in_transaction_session_timeout TO DEFAULT"
)
WRITING = f"BEGIN READ WRITE; {SETTINGS}; SET LOCAL idle_in_transaction_session_timeout = '5s'"

T = TypeVar("T")
Driver: TypeAlias = "psycopg.Connection[Any]"
_DIALECT: sa.Dialect = dialect()  # type: ignore[no-untyped-call]


class _Attempt:
    """Connecting, by a thread that may be left alone with it: what comes too late is closed again."""

    def __init__(self, engine: sa.Engine) -> None:
        self.over = threading.Event()
        self.failure: BaseException | None = None
        self._engine = engine
        self._lock = threading.Lock()
        self._made: sa.Connection | None = None
        self._left = False

    def make(self) -> None:
        try:
            made = self._engine.connect()
        except (psycopg.Error, sa.exc.DBAPIError) as error:
            self.failure = error
        else:
            with self._lock:
                self._made, late = (None, made) if self._left else (made, None)
            if late is not None:
                late.close()
        self.over.set()

    def taken(self) -> sa.Connection | None:
        """The connection if there is one by now; from here on nobody waits for it any more."""
        with self._lock:
            self._left = True
            return self._made


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
        self._announced = float("-inf")  # when that was done last
        self._unannounced: str | None = None  # where something was committed since
        self._snapshot: str | None = None
        self._moment: psycopg.Connection[Any] | None = None  # in a transaction that reads what was at its beginning
        self._prepared = not address.pooled
        self._settled: Driver | None = None  # whose session is as `SESSION` says
        self._connection: sa.Connection | None = None
        self._driver: psycopg.Connection[Any] | None = None
        self._engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",  # transactions are begun and ended here, with their settings
            use_native_hstore=False,
        )
        try:
            self._use(self._engine.connect())
        except (psycopg.Error, sa.exc.DBAPIError) as error:
            raise self._refused(error) from None

    # -- connecting ----------------------------------------------------------------------------------------------------

    def _connect(self) -> psycopg.Connection[Any]:
        return connect(self._address, prepared=self._prepared)

    def _reopen(self) -> None:
        """Connect again; where somebody may want to stop that, in a thread that can be left behind."""
        cancellation = self._cancellation
        attempt = _Attempt(self._engine)
        if cancellation is None:
            attempt.make()
        else:
            # libpq cannot be interrupted while it connects; it gives up by itself after connect_timeout.
            cancellation.check()
            with cancellation.heard_by(attempt.over.set):
                threading.Thread(target=attempt.make, daemon=True, name="connecting").start()
                attempt.over.wait()
        connection = attempt.taken()
        if connection is None and attempt.failure is None:
            raise Cancelled("Cancelled.")
        if connection is None:
            refused = self._refused(attempt.failure)
            raise ConnectionLost(str(refused), refused.hint) from None
        self._use(connection)

    def _use(self, connection: sa.Connection) -> None:
        self._connection, self._driver = connection, connection.connection.driver_connection
        if self._channel is not None:
            self._start_listening()

    def _refused(self, error: BaseException | None) -> CannotOpen:
        assert error is not None
        return from_connecting(driver_error(error), self.title, self._address.password)

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

    def _live(self) -> Driver:
        if self._driver is not None and self._driver.closed:
            self._drop()
        if self._driver is None:
            self._reopen()
        assert self._driver is not None
        return self._driver

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
        if not self._prepared or state not in ("26000", "42P05"):
            return False
        self._prepared = False
        self._drop()
        return True

    # -- reading -------------------------------------------------------------------------------------------------------

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        return self._reading(lambda driver: driver.execute(_native(sql), parameters or {}).fetchall())

    def columns(self, sql: str) -> dict[str, str]:
        statement = _native(f"SELECT * FROM (\n{sql.replace(':', chr(92) + ':')}\n) AS probe LIMIT :none")

        def read(driver: Driver) -> dict[str, str]:
            described = driver.execute(statement, {"none": 0}).description or ()
            types = psycopg.adapters.types
            return {c.name: known.name if (known := types.get(c.type_code)) else "" for c in described}

        return self._reading(read)

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        driver = self._begin(ONE_MOMENT)
        self._moment = driver
        try:
            yield
        finally:
            self._moment = None
            self._tidy()

    def _reading(self, job: Callable[[Driver], T]) -> T:
        if self._moment is not None:
            return self._within(self._moment, job)
        for attempt in (1, 2):
            if self._cancellation is not None:
                self._cancellation.check()
            driver = self._live()
            begun = False
            try:
                if self._settle(driver):
                    return job(driver)
                driver.execute(READING, prepare=False)
                begun = True
                result = job(driver)
                driver.execute("COMMIT", prepare=False)
                return result
            except (psycopg.Error, UnicodeEncodeError) as error:
                if attempt == 1 and self._without_prepared(error):
                    continue
                known = self._known(error)
                # An idle connection that the server has ended meanwhile is no reason to trouble anybody.
                if attempt == 1 and not begun and isinstance(known, ConnectionLost):
                    continue
                raise known from None
        raise AssertionError("unreachable")

    def _settle(self, driver: Driver) -> bool:
        """Whether the session is ours alone, and as `SESSION` says from here on. Not where it may only read: somebody's
        SELECT could ask a function to change the session."""
        if not (self.writable and self._prepared):
            return False
        if self._settled is not driver:
            driver.execute(SESSION, prepare=False)
            self._settled = driver
        return True

    def _within(self, driver: Driver, job: Callable[[Driver], T]) -> T:
        if self._cancellation is not None:
            self._cancellation.check()
        lost = self._driver is not driver or driver.info.transaction_status != pq.TransactionStatus.INTRANS
        if lost:
            raise ConnectionLost(f"The connection to {self.title} broke.", "Try again.")
        try:
            return job(driver)
        except (psycopg.Error, UnicodeEncodeError) as error:
            raise self._known(error) from None

    # -- writing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, channel: str | None = None) -> Iterator[Run]:
        driver = self._begin(WRITING)
        committing = False
        try:

            def run(sql: str, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Rows:
                if not isinstance(parameters, Mapping):
                    driver.cursor().executemany(_native(sql), parameters)
                    return []
                cursor = driver.execute(_native(sql), parameters)
                return cursor.fetchall() if cursor.description else []

            yield run
            committing = True
            if channel and time.monotonic() - self._announced >= ANNOUNCED:
                commit_announced(driver, channel)
                self._announced, self._unannounced = time.monotonic(), None
                if driver.info.transaction_status != pq.TransactionStatus.IDLE:
                    self._tidy()  # the announcement has failed
            else:
                driver.execute("COMMIT", prepare=False)
                self._unannounced = channel or self._unannounced
        except (psycopg.Error, UnicodeEncodeError) as error:
            if self._without_prepared(error):
                raise ConnectionLost(f"The connection to {self.title} is shared by a pooler.", "Try again.") from None
            known = self._known(error)
            if committing and isinstance(known, ConnectionLost | Cancelled):
                raise CommitLost(str(known)) from None
            raise known from None
        except BaseException:
            self._tidy()
            raise

    def _begin(self, how: str) -> Driver:
        for attempt in (1, 2):
            if self._cancellation is not None:
                self._cancellation.check()
            driver = self._live()
            try:
                ours = how == WRITING and self._settle(driver)
                driver.execute(SESSION_WRITING if ours else how, prepare=False)
                return driver
            except psycopg.Error as error:
                known = self._known(error)
                # As in reading: an idle connection that the server has ended.
                if attempt == 2 or not isinstance(known, ConnectionLost):
                    raise known from None
        raise AssertionError("unreachable")

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
                    stopper = threading.Thread(target=stop, args=(driver, finished), daemon=True, name="cancelling")
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
        if channel == self._channel:
            return
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
        if self._unannounced is not None and driver is not None:
            with suppress(psycopg.Error):  # whoever listens looks now and then anyway
                announce(driver, self._unannounced)
            self._unannounced = None
        if driver is None or driver.closed or self._channel is None:
            cancellation.wait(seconds)
            return
        reader, writer = os.pipe()
        try:
            with cancellation.heard_by(lambda: _poke(writer)), suppress(psycopg.Error):
                if list(driver.notifies(timeout=0)):  # all of them: one look answers them
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
def _native(sql: str) -> bytes:
    """The statement as the driver takes it: `:name` is `%(name)s`. (By the driver itself, for describing each result
    would take SQLAlchemy as long as the server takes for it.)"""
    return str(sa.text(sql).compile(dialect=_DIALECT)).encode()
