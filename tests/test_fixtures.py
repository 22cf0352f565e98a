"""The fixtures do what they say."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest

from tests.postgres_server import PostgresServer, postgres_server


def test_a_fresh_database_is_empty_and_another_each_time(postgres: PostgresServer) -> None:
    with postgres.database() as first, postgres.database() as second:
        assert first != second
        with psycopg.connect(first) as connection:
            connection.execute("CREATE TABLE here (a int)")
            assert connection.execute("SELECT gen_random_uuid()").fetchone()
        with psycopg.connect(second) as connection:
            assert connection.execute("SELECT to_regclass('here')").fetchone() == (None,)


def test_tcp_asks_for_the_password(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url("postgres", tcp=True)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url("postgres", tcp=True, password="wrong"))


def test_a_server_of_its_own_restarts_and_leaves_nothing(home: Path) -> None:
    with postgres_server() as server:
        with psycopg.connect(server.url("postgres")) as connection:
            connection.execute("CREATE TABLE kept (a int)")
        server.stop(signal.SIGQUIT)
        server.start()
        with psycopg.connect(server.url("postgres")) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        folder = server.folder
    assert not folder.exists()
    assert os.environ["EVENT_STORE_EXPLORER_HOME"] == str(home)
