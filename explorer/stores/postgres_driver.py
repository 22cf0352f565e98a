"""The driver of PostgreSQL as we use it: how it connects, how it reads values, how its statements are stopped."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import psycopg
import psycopg.abc
from psycopg import generators, pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from explorer.stores.address import PostgresAddress

CONNECT_SECONDS = 5
PATIENCE = 1.5  # seconds a cancelled statement may go on before its connection is cut
# The query of a program that was killed ends, where the server knows how to notice (from 14 on, not on every system).
ORPHANS = """SELECT set_config(name, '500ms', false) FROM pg_catalog.pg_settings
    WHERE name = 'client_connection_check_interval' AND current_setting('server_version_num')::int >= 140000"""

# Nothing to wait for: it says only that something was committed. In the message of that commit, but not in its
# transaction: PostgreSQL has those who announce something commit one after the other, and each would wait for the disk.
_ANNOUNCING = "BEGIN READ WRITE; SET LOCAL synchronous_commit = off; SELECT pg_notify('{}', ''); COMMIT"


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


def connect(address: PostgresAddress, *, prepared: bool = True) -> psycopg.Connection[Any]:
    """In autocommit. Raises psycopg.OperationalError."""
    parameters: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "event-store-explorer",
        # A server that vanished without a word is noticed within half a minute.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        **address.parameters,
    }
    driver: psycopg.Connection[Any] = psycopg.connect(
        "",
        autocommit=True,
        prepare_threshold=5 if prepared else None,
        password=address.password,
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
    if not address.pooled:
        driver.execute(ORPHANS)
    return driver


def commit_announced(driver: psycopg.Connection[Any], channel: str) -> None:
    """One message, but two outcomes: raises what became of the commit, whatever became of the announcement. (A cursor
    would tell of the first failure only, not of which it is; and whoever listens looks now and then anyway.)"""
    with driver.lock:
        driver.pgconn.send_query(f"COMMIT; {_announcing(channel)}".encode())
        committed = driver.wait(generators.execute(driver.pgconn))[0]
    if committed.status != pq.ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(committed)


def announce(driver: psycopg.Connection[Any], channel: str) -> None:
    """Wake those who listen. Raises psycopg.Error."""
    driver.execute(_announcing(channel).encode(), prepare=False)


def _announcing(channel: str) -> str:
    return _ANNOUNCING.format(channel.replace("'", "''"))


def stop(driver: psycopg.Connection[Any], finished: threading.Event) -> None:
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
