"""The program in a process of its own, with its real window: cancelled, closed and killed in the worst moments.

That it ends, and leaves nothing behind; how soon, `python -m tests.benchmarks closing` measures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer import settings
from explorer.stores import local_server
from tests import closing
from tests.patience import PATIENCE
from tests.postgres_server import PostgresServer, postgres_server

Environment = dict[str, str]


@pytest.fixture
def environment(home: Path) -> Environment:
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server of our own: it is frozen."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def server_files(home: Path) -> Iterator[None]:
    """Removes what a PostgreSQL server started by root keeps elsewhere."""
    yield
    local_server.remove(settings.data_folder() / "postgresql")


@pytest.mark.parametrize("how", closing.LOOPS)
def test_from_a_looping_engine_to_a_window_that_works_on(environment: Environment, tmp_path: Path, how: str) -> None:
    told, works = closing.cancelled_loop(environment, tmp_path, how)
    assert told <= works <= PATIENCE


@pytest.mark.parametrize("how", closing.LOOPS)
def test_closing_while_the_engine_loops(environment: Environment, tmp_path: Path, how: str) -> None:
    assert closing.closed_in_a_loop(environment, tmp_path, how) <= PATIENCE


def test_killing_the_window_while_the_engine_loops(environment: Environment, tmp_path: Path) -> None:
    assert closing.killed_in_a_loop(environment, tmp_path, "regular expression") <= PATIENCE


def test_closing_in_a_scan(environment: Environment, tmp_path: Path) -> None:
    assert closing.closed_in_a_scan(environment, tmp_path) <= PATIENCE


def test_closing_in_a_query(environment: Environment, own_server: PostgresServer) -> None:
    assert closing.closed_in_a_query(environment, own_server) <= PATIENCE


def test_killing_the_window_in_a_query(environment: Environment, own_server: PostgresServer) -> None:
    assert closing.killed_in_a_query(environment, own_server) <= PATIENCE


def test_closing_in_a_write(environment: Environment, own_server: PostgresServer) -> None:
    assert closing.closed_in_a_write(environment, own_server) <= PATIENCE


def test_closing_on_a_frozen_server(environment: Environment, own_server: PostgresServer) -> None:
    assert closing.closed_on_a_frozen_server(environment, own_server) <= PATIENCE


def test_closing_while_opening_on_a_frozen_server(environment: Environment, own_server: PostgresServer) -> None:
    assert closing.closed_while_opening_on_a_frozen_server(environment, own_server) <= PATIENCE


@pytest.mark.parametrize("words", [(), ("--postgres",)], ids=["sqlite", "postgresql"])
@pytest.mark.usefixtures("server_files")
def test_nothing_of_the_demo_stays(environment: Environment, words: tuple[str, ...]) -> None:
    assert closing.closed_demo(environment, *words) <= PATIENCE
    assert closing.killed_demo(environment, *words) <= PATIENCE
