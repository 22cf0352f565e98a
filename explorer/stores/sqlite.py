"""A connection to a SQLite file: read-only as the database itself enforces it, unless writing was asked for."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
import sqlalchemy.dialects.sqlite  # create_engine would import it later, where somebody waits
from sqlalchemy.pool import NullPool

from explorer.cancellation import Cancellation
from explorer.errors import Busy, CannotOpen, ConnectionLost, ExplorerError, StoreReplaced
from explorer.stores.connection import BUSY_SECONDS, Rows
from explorer.stores.layout import Run
from explorer.stores.sqlite_file import closed, look, looking, opened
from explorer.stores.translate import from_sqlite

STEPS = 4_000  # virtual machine instructions between two looks at the cancellation flag: some 50 µs
SLICE = 0.02  # seconds between two looks at data_version while waiting: some 10 µs each
LOCKED = 0.004  # seconds that SQLite itself waits for a lock, with ever longer pauses: whoever waits long is passed by
PRAGMAS = frozenset({"data_version", "encoding", "table_xinfo", "table_list", "index_list", "read_uncommitted"})
SURROGATE = re.compile("[\udc80-\udcff]")

T = TypeVar("T")


class SqliteConnection:
    """See `connection.Connection`. Opens at once; `mode` is "ro", "immutable" (a static view), "rw" or "rwc"; or
    "memory": then `image`, the bytes of a database, is read, of which nothing is on the disk."""

    dialect = "sqlite"

    def __init__(self, path: str, mode: str, title: str, static: bool = False, image: bytes = b"") -> None:
        self.path = path
        self.title = title
        self.mode = mode
        self.writable = mode in ("rw", "rwc")
        self.static = static or mode in ("immutable", "memory")
        self._image = image
        self._cancellation: Cancellation | None = None
        self._sides = self._side_files()  # before opening: what comes while it is opened must not be missed
        self._engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=NullPool)
        self._connection: sa.Connection
        self._driver: Any
        self._open()
        self._file = _identity(path)
        self._version: int | None = None
        self._news = False
        try:
            self.utf8: bool = self.rows("PRAGMA encoding")[0][0] == "UTF-8"
            if self.writable and self.rows("PRAGMA journal_mode")[0][0] == "wal":
                # A commit outlives the program, whatever kills it; only with the machine the last ones may go, whole.
                self.rows("PRAGMA synchronous = NORMAL")
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        with self._translated(), looking:
            self._connection = self._engine.connect()
            self._driver = self._connection.connection.driver_connection
            # An immutable view takes no locks that could be lost, nor does a database in memory.
            self._locking = None if self.mode in ("immutable", "memory") else _identity(self.path)
            if self._locking is not None:
                opened(self._locking)

    def _close(self) -> None:
        with looking:
            self._connection.close()
            if self._locking is not None:
                closed(self._locking)
            self._locking = None

    def _connect(self) -> sqlite3.Connection:
        how = "mode=ro&immutable=1" if self.mode == "immutable" else f"mode={self.mode}"
        driver = sqlite3.connect(
            ":memory:" if self.mode == "memory" else f"file:{quote(self.path)}?{how}",
            uri=True,
            timeout=LOCKED,  # and again, until BUSY_SECONDS: a wait inside of SQLite cannot be cancelled either
            isolation_level=None,
            check_same_thread=True,
            cached_statements=256,
        )
        try:
            if self.mode == "memory":
                if not hasattr(driver, "deserialize"):
                    raise CannotOpen(
                        f"The SQLite of this Python cannot read {self.title} from memory.", "Use another one."
                    )
                driver.deserialize(self._image)
                self._image = b""  # SQLite has a copy of its own
            # Text that is not UTF-8 must come back as it went in, and must not stop a page of others.
            driver.text_factory = _text
            driver.execute("PRAGMA trusted_schema=OFF")
            driver.execute("PRAGMA cell_size_check=ON")
            driver.execute("PRAGMA foreign_keys=ON")
            if not self.writable:
                _forbid_writing(driver)
            driver.set_progress_handler(self._stop, STEPS)
        except BaseException:
            driver.close()
            raise
        return driver

    def only_read(self) -> None:
        """From now on. For a copy, whose journal had to be played back first."""
        self.rows("SELECT count(*) FROM sqlite_master")
        self.writable = False
        _forbid_writing(self._driver)

    def _stop(self) -> bool:
        return self._cancellation is not None and self._cancellation.cancelled

    def _side_files(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_written_at(self.path + end) for end in ("", "-wal", "-shm", "-journal"))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
            known = from_sqlite(error, self.title)
            if known is None:
                raise
            raise known from error

    def _patiently(self, job: Callable[[], T]) -> T:
        """Try again while somebody else holds the lock; raises Busy at last."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            if self._cancellation is not None:
                self._cancellation.check()
            try:
                with self._translated():
                    return job()
            except Busy:
                if time.monotonic() > until:
                    raise

    # -- reading -------------------------------------------------------------------------------------------------------

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        self._follow_owner()
        sql, parameters = _bindable(sql, parameters or {})
        # Fetched whole: an open cursor would make the writer fail in rollback mode.
        return self._patiently(lambda: self._fetched(sql, parameters))

    def _fetched(self, sql: str, parameters: Mapping[str, Any]) -> Rows:
        # By the driver itself: lists of streams are made of hundreds of look-ups, each of which takes SQLite 10 µs;
        # describing its result would take SQLAlchemy 50 µs more.
        rows: Rows = self._driver.execute(sql, parameters).fetchall()
        return rows

    def columns(self, sql: str) -> dict[str, str]:
        def described() -> dict[str, str]:
            cursor = self._driver.execute(f"SELECT * FROM (\n{sql}\n) LIMIT 0")
            return {column[0]: "" for column in cursor.description}

        return self._patiently(described)

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        self._follow_owner()
        self._patiently(lambda: self._driver.execute("BEGIN"))
        try:
            # What is read first decides which moment that is.
            self.rows("SELECT count(*) FROM sqlite_master")
            yield
        finally:
            if self._driver.in_transaction:
                with self._uninterrupted():
                    self._driver.execute("ROLLBACK")

    # -- writing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, channel: str | None = None) -> Iterator[Run]:
        """Nobody listens here: those who wait look at the file."""
        self._same_file()
        # A deferred transaction that reads and then writes fails at once whatever the timeout; this one waits.
        self._patiently(lambda: self._driver.execute("BEGIN IMMEDIATE"))
        try:
            yield self._run
            # Not patiently: from here on nothing may interrupt.
            with self._translated():
                self._commit()
            self._news = True
        except BaseException:
            if self._driver.in_transaction:
                with self._uninterrupted():
                    self._driver.execute("ROLLBACK")
            raise

    def _commit(self) -> None:
        until = time.monotonic() + BUSY_SECONDS
        with self._uninterrupted():
            while True:
                try:
                    self._driver.execute("COMMIT")
                    return
                except sqlite3.OperationalError as error:  # readers of a file in rollback mode
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                        raise

    @contextmanager
    def _uninterrupted(self) -> Iterator[None]:
        cancellation, self._cancellation = self._cancellation, None
        try:
            yield
        finally:
            self._cancellation = cancellation

    def _run(self, sql: str, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Rows:
        sql = sql.replace("\\:", ":")
        with self._translated():
            if isinstance(parameters, Mapping):
                return self._fetched(sql, parameters)
            self._driver.executemany(sql, parameters)
            return []

    # -- following -----------------------------------------------------------------------------------------------------

    def cancelling(self, cancellation: Cancellation) -> Any:
        return self._cancelling(cancellation)

    @contextmanager
    def _cancelling(self, cancellation: Cancellation) -> Iterator[None]:
        before, self._cancellation = self._cancellation, cancellation
        try:
            cancellation.check()
            yield
        finally:
            self._cancellation = before

    def _same_file(self) -> None:
        now = _identity(self.path)
        if now is None:
            raise StoreReplaced(f"{self.title} was deleted while it was open.", "Open it again when it is back.")
        if now != self._file:
            raise StoreReplaced(f"{self.title} was replaced by another file.", "Open it again to see the new one.")

    def changed(self) -> bool:
        """False if nothing was committed since the last call. Must be called before the query it is to save."""
        self._same_file()
        self._follow_owner()
        version = self._data_version()
        # data_version tells of the commits of all other connections only, and nothing of those before it was opened.
        changed = self._news or (version != self._version and not self.static)
        self._version, self._news = version, False
        return changed

    def _follow_owner(self) -> None:
        """A static view is one only as long as nobody writes: then the file is looked at and opened anew.

        Raises StoreReplaced where it cannot be.
        """
        if self.mode != "immutable" or self._side_files() == self._sides:
            return
        self._same_file()
        self._sides = self._side_files()
        with looking:
            mode = look(self.path, self.title).mode
            if mode == "copy":
                raise StoreReplaced(f"Somebody has begun to write {self.title}.", "Open it again to follow it.")
            self._close()
            self.mode, self.static, self._news = mode, mode == "immutable", True
            self._open()

    def _data_version(self) -> int:
        version: int = self.rows("PRAGMA data_version")[0][0]
        return version

    def listen(self, channel: str) -> None:
        """There is no such thing here: `wait` looks at data_version, which costs microseconds."""

    def wait(self, seconds: float, cancellation: Cancellation) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if cancellation.wait(min(left, SLICE)):
                return
            try:
                if self.mode != "immutable" and self._version is not None and self._data_version() != self._version:
                    return
            except ExplorerError:
                return  # the next look tells

    def close(self) -> None:
        self._cancellation = None
        self._close()
        self._engine.dispose()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConnectionLost(f"{Path(path).name} cannot be reached any more ({error.strerror}).") from error
    return status.st_dev, status.st_ino


def _written_at(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _bindable(sql: str, parameters: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Text that came out as it was, although no UTF-8, goes in again the same way."""
    for name, value in parameters.items():
        if isinstance(value, str) and not value.isascii() and SURROGATE.search(value):
            sql = re.sub(rf":{name}\b", f"CAST(:{name} AS TEXT)", sql)
            parameters = {**parameters, name: value.encode("utf-8", "surrogateescape")}
    return sql, parameters


def _forbid_writing(driver: sqlite3.Connection) -> None:
    driver.execute("PRAGMA query_only=ON")
    # ATTACH makes files even here; a layout's SELECT may come from a stranger.
    driver.set_authorizer(_only_reading)


def _only_reading(action: int, first: str | None, second: str | None, schema: str | None, inner: str | None) -> int:
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second != "load_extension":
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first in PRAGMAS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
