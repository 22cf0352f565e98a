"""Servers that are not there, do not answer or go away: a clear failure within seconds, and work goes on afterwards."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest

from explorer.cancellation import Cancellation
from explorer.errors import Cancelled, CannotOpen, ConnectionLost, NoEventStore
from explorer.model import EventQuery
from explorer.stores import StoreSpec
from tests import postgres_server
from tests import stores_written as written
from tests.patience import PATIENCE
from tests.postgres_server import PASSWORD, PostgresServer
from tests.stores.conftest import Opening


@pytest.fixture(scope="module")
def fragile() -> Iterator[PostgresServer]:
    """A server that may be stopped and frozen."""
    with postgres_server.postgres_server() as server:
        yield server


@pytest.fixture
def shop_url(fragile: PostgresServer) -> Iterator[str]:
    with fragile.database() as url:
        written.eventsourcing(url)
        yield url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "case", ["down", "no socket", "no host", "wrong password", "no password", "no database", "no user"]
)
def test_what_cannot_be_connected_to(opening: Opening, postgres: PostgresServer, case: str) -> None:
    tcp = postgres.url("postgres", tcp=True)
    url, words = {
        "down": (f"postgresql://postgres@127.0.0.1:{free_port()}/shop", "no server answers"),
        "no socket": ("postgresql://postgres@/shop?host=/nowhere/at/all", "no server answers"),
        "no host": ("postgresql://postgres@nowhere.invalid/shop", "no such host"),
        "wrong password": (postgres.url("postgres", tcp=True, password="wr@ng/secret"), "wrong user name or password"),
        "no password": (postgres.url("postgres", tcp=True, password=None), "password"),
        "no database": (f"{tcp.rpartition('/')[0]}/nothing", "no such database"),
        "no user": (tcp.replace("//postgres", "//nobody", 1), "wrong user name or password"),
    }[case]
    began = time.monotonic()
    with pytest.raises(CannotOpen, match=words) as raised:
        opening(url)
    assert time.monotonic() - began < PATIENCE
    said = f"{raised.value} {raised.value.hint}"
    assert raised.value.hint
    assert "\n" not in str(raised.value)
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "wr@ng", "ng/secret"):
        assert secret not in said


def test_a_server_that_accepts_and_says_nothing(opening: Opening) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began = time.monotonic()
        with pytest.raises(CannotOpen, match="does not answer"):
            opening(f"postgresql://postgres@127.0.0.1:{mute.getsockname()[1]}/shop")
        assert time.monotonic() - began < PATIENCE


def test_a_server_that_is_no_postgresql(opening: Opening) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(CannotOpen):
            opening(f"postgresql://postgres@127.0.0.1:{other.getsockname()[1]}/shop?sslmode=disable")
        thread.join()


def test_a_database_with_no_store_in_it(opening: Opening, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE recipes (name text, steps text)")
    with pytest.raises(NoEventStore) as raised:
        opening(postgres_url)
    assert "recipes" in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_stops_is_found_again(
    opening: Opening, fragile: PostgresServer, shop_url: str, how: signal.Signals
) -> None:
    store = opening(shop_url)
    before = store.events(EventQuery()).rows
    fragile.stop(how)
    for _ in range(2):
        with pytest.raises(ConnectionLost) as raised:
            store.events(EventQuery())
        assert str(raised.value)
    fragile.start()
    assert store.events(EventQuery()).rows == before


def test_a_connection_cut_in_the_middle_of_a_query(opening: Opening, shop_url: str) -> None:
    store = opening(shop_url)
    before = store.events(EventQuery()).rows
    timer = threading.Timer(0.3, cut_others, [shop_url])
    with psycopg.connect(shop_url) as owner:
        # Whoever reads the table waits for this lock: long enough to be cut.
        owner.execute("LOCK TABLE shop_events IN ACCESS EXCLUSIVE MODE")
        timer.start()
        with pytest.raises(ConnectionLost):
            store.events(EventQuery())
    timer.join()
    assert store.events(EventQuery()).rows == before


def cut_others(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'event-store-explorer'"
        )


def test_a_query_on_a_frozen_server_can_be_cancelled(opening: Opening, fragile: PostgresServer, shop_url: str) -> None:
    cancellation = Cancellation()
    began = 0.0

    def cancel() -> None:
        nonlocal began
        began = time.monotonic()
        cancellation.cancel()

    store = opening(shop_url)
    try:
        fragile.freeze()
        timer = threading.Timer(0.3, cancel)
        timer.start()
        with pytest.raises(Cancelled), store.cancelling(cancellation):
            store.events(EventQuery())
        assert time.monotonic() - began < PATIENCE
        timer.join()
    finally:
        fragile.thaw()
    assert store.events(EventQuery()).rows


def test_a_frozen_server_cannot_be_opened(opening: Opening, fragile: PostgresServer, shop_url: str) -> None:
    try:
        fragile.freeze()
        began = time.monotonic()
        with pytest.raises(CannotOpen, match="does not answer"):
            opening(shop_url)
        assert time.monotonic() - began < PATIENCE
    finally:
        fragile.thaw()


def test_no_password_in_what_is_shown(opening: Opening, postgres: PostgresServer) -> None:
    with postgres.database() as socket_url:
        written.eventsourcing(socket_url)
        name = re.search(r"/(\w+)\?", socket_url)
        assert name is not None
        url = postgres.url(name[1], tcp=True)
        store = opening(url)
        shown = f"{store.info} {StoreSpec(url)!r}"
        store.close()
    for secret in (PASSWORD, quote(PASSWORD, safe=""), url.partition("postgres:")[2].partition("@")[0]):
        assert secret not in shown
