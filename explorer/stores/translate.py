"""Driver errors become our errors here and nowhere else. What is not expected stays what it is: a bug, loudly."""

from __future__ import annotations

import sqlite3

import psycopg
import sqlalchemy.exc

from explorer.errors import (
    Busy,
    Cancelled,
    CannotOpen,
    ConnectionLost,
    Damaged,
    ExplorerError,
    Invalid,
    NeedsPassword,
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


# -- SQLite ------------------------------------------------------------------------------------------------------------


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


# -- PostgreSQL --------------------------------------------------------------------------------------------------------

LOST = "It is tried again by itself; nothing that was read is lost."


def from_postgres(error: BaseException, title: str) -> ExplorerError | None:
    """Our error for what the driver raised; None: not an expected one."""
    error = driver_error(error)
    if isinstance(error, UnicodeEncodeError):
        return Invalid("The text contains half a character (a lone surrogate), which no database can hold.")
    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate or ""
    said = _first_line(error)
    return (
        _postgres_state(state, title, said)
        or _postgres_class(state[:2], title, said)
        or _without_state(error, title, said)
    )


def _first_line(error: BaseException) -> str:
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return (primary or str(error).strip().partition("\n")[0])[:300]


def _postgres_state(state: str, title: str, said: str) -> ExplorerError | None:
    match state:
        case "23505":
            return Duplicate("A row with this key is there already.")
        case "57014":
            return Busy(
                f"{title} stopped a query that took too long.",
                "Narrow it down, or raise statement_timeout of the role.",
            )
        case "55P03" | "40P01" | "40001":
            return Busy(f"Another connection holds a lock in {title} ({said}).", "Try again.")
        case "25006":
            return ReadOnly(f"{title} may only be read ({said}).")
        case "42501":
            return ReadOnly(f"This user may not do that in {title} ({said}).", "Ask for the permission to SELECT.")
        case "53100":
            return StoreFull(f"The disk of {title} is full. Nothing was written.", "Make room and try again.")
        case "XX001" | "XX002" | "58030":
            return Damaged(f"{title} is damaged where it had to be read ({said}).")
        case "57P01" | "57P02" | "57P03" | "57P05" | "25P03":
            return ConnectionLost(f"{title} ended the connection ({said}).", LOST)
        case _:
            return None


def _postgres_class(state: str, title: str, said: str) -> ExplorerError | None:
    match state:
        case "08":
            return ConnectionLost(f"The connection to {title} broke.", LOST)
        case "22" | "23" | "54":
            return Invalid(f"{title} refuses a value ({said}).")
        case "42" | "3F" | "0A":
            return Invalid(f"{title} refuses a query: {said}.", "Have its tables changed since it was opened?")
        case "53":
            return Busy(f"{title} has not enough resources ({said}).", "Try again.")
        case _:
            return None


def _without_state(error: psycopg.Error, title: str, said: str) -> ExplorerError | None:
    if isinstance(error, psycopg.DataError):
        return Invalid(f"{title} refuses a value ({said}).")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return ConnectionLost(f"The connection to {title} broke.", LOST)
    return None


def from_connecting(error: BaseException, title: str, password: str | None) -> CannotOpen:
    """Why a connection could not be made. libpq tells it in words only."""
    said = " ".join(str(error).split())
    if password:
        said = said.replace(password, "…")
    words = said.lower()
    if isinstance(error, psycopg.errors.ConnectionTimeout) or "timeout expired" in words:
        return CannotOpen(f"{title} does not answer.", "The server is frozen, or a firewall swallows the connection.")
    for sign, sentence, hint in _CONNECTING:
        if sign in words:
            kind = NeedsPassword if "password" in sign else CannotOpen
            return kind(sentence.format(title=title), hint)
    reason = said.rpartition("FATAL:")[2].strip() or said
    return CannotOpen(f"{title} refuses the connection: {reason[:300]}")


_CONNECTING = (
    ("password authentication failed", "{title}: wrong user name or password.", "Check both; passwords are not kept."),
    ("no password supplied", "{title} asks for a password.", "Give it in the dialog, in PGPASSWORD or in ~/.pgpass."),
    ("does not exist", "{title}: there is no such database or user.", "Check the name of the database and the user."),
    ("connection refused", "{title}: no server answers there.", "Is it running, on that host and port?"),
    ("no such file or directory", "{title}: no server answers there.", "Is it running, with a socket in that folder?"),
    ("starting up", "{title} is starting up.", "Try again in a moment."),
    ("shutting down", "{title} is shutting down.", "Try again when it is back."),
    ("too many", "{title} has no connection left.", "Close another one, or raise max_connections."),
    ("no pg_hba.conf entry", "{title} does not allow this user from here.", "See pg_hba.conf of the server."),
    ("resolve host", "{title}: there is no such host.", "Check the name of the host."),
    ("translate host", "{title}: there is no such host.", "Check the name of the host."),
)
