"""Errors of SQLite become our errors here and nowhere else (those of PostgreSQL in `translate_postgres`).

What is not expected stays what it is: a bug, loudly.
"""

from __future__ import annotations

import sqlite3

import sqlalchemy.exc

from explorer.errors import (
    Busy,
    Cancelled,
    CannotOpen,
    ConnectionLost,
    Damaged,
    ExplorerError,
    Invalid,
    NotADatabase,
    ReadOnly,
    StoreFull,
    StoreReplaced,
)
from explorer.stores.connection import Duplicate

CHECK = "PRAGMA integrity_check (or the .recover command of the sqlite3 program) shows what can be saved."


def driver_error(error: BaseException) -> BaseException:
    """What the driver raised, without SQLAlchemy's wrapping."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and isinstance(error.orig, BaseException):
        return error.orig
    return error


def from_sqlite(error: BaseException, title: str) -> ExplorerError | None:
    """Our error for what the driver raised; None: not an expected one. `title` names the store without secrets."""
    error = driver_error(error)
    if isinstance(error, OverflowError):
        return Invalid("A number is larger than SQLite can hold.")
    if isinstance(error, UnicodeEncodeError):
        return Invalid("The text contains half a character (a lone surrogate), which no database can hold.")
    if not isinstance(error, sqlite3.Error):
        return None
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.Warning) and "one statement" in str(error):
        return Invalid("The query is more than one statement.", "A layout is one SELECT.")
    extended = getattr(error, "sqlite_errorcode", 0)
    return _sqlite_special(extended, title) or _sqlite_primary(extended & 0xFF, str(error), title)


def _sqlite_special(code: int, title: str) -> ExplorerError | None:
    match code:
        case sqlite3.SQLITE_CONSTRAINT_UNIQUE | sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY | sqlite3.SQLITE_CONSTRAINT_ROWID:
            return Duplicate("A row with this key is there already.")
        case sqlite3.SQLITE_READONLY_DBMOVED:
            return StoreReplaced(f"{title} was deleted or moved while it was open.", "Open it again.")
        case sqlite3.SQLITE_CORRUPT_VTAB | sqlite3.SQLITE_IOERR_CORRUPTFS:
            return Damaged(f"{title} is damaged.", CHECK)
        case _:
            return None


def _sqlite_primary(code: int, message: str, title: str) -> ExplorerError | None:
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return Busy(f"Another program holds the lock of {title}.", "Try again, or end the other program.")
        case sqlite3.SQLITE_NOTADB:
            return NotADatabase(
                f"{title} is not a SQLite database.", "It may be damaged, encrypted, or something else."
            )
        case sqlite3.SQLITE_CORRUPT:
            return Damaged(f"{title} is damaged where it had to be read.", CHECK)
        case sqlite3.SQLITE_FULL:
            return StoreFull(f"There is no room left for {title}. Nothing was written.", "Make room and try again.")
        case sqlite3.SQLITE_IOERR:
            return ConnectionLost(f"The disk failed while {title} was read or written ({message}).")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return ReadOnly(f"{title} may not be written.", "Look at the permissions of the file and of its folder.")
        case sqlite3.SQLITE_CANTOPEN:
            return CannotOpen(f"{title} cannot be opened ({message}).")
        case sqlite3.SQLITE_INTERRUPT:
            return Cancelled("Cancelled.")
        case sqlite3.SQLITE_AUTH:
            return Invalid(f"The query does more than read ({message}).", "A layout is one SELECT.")
        case sqlite3.SQLITE_TOOBIG:
            return Invalid("A value is larger than SQLite can hold.")
        case sqlite3.SQLITE_NOMEM:
            return Busy(f"There was not enough memory to read {title}.")
        case sqlite3.SQLITE_CONSTRAINT:
            return Invalid(f"{title} refuses a row ({message}).")
        case sqlite3.SQLITE_ERROR | sqlite3.SQLITE_SCHEMA:
            return Invalid(f"{title} refuses a query: {message}.", "Have its tables changed since it was opened?")
        case _:
            return None
