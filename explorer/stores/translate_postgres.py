"""Errors of PostgreSQL's driver become our errors here and nowhere else. What is not expected stays a bug, loudly."""

from __future__ import annotations

import psycopg

from explorer.errors import (
    Busy,
    CannotOpen,
    ConnectionLost,
    Damaged,
    ExplorerError,
    Invalid,
    NeedsPassword,
    ReadOnly,
    StoreFull,
    TableChanged,
)
from explorer.stores.connection import Duplicate
from explorer.stores.translate import driver_error

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
        case "2BP01":  # only tables of read models are ever dropped
            return TableChanged(f"{title}: {said}.", "Drop what leans on it (a view?), rebuild, and make it again.")
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
