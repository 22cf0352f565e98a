"""A lane and its store: opening, domains, waiting statements, killed queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from explorer.engine import lane as engine_lane
from explorer.engine import messages
from explorer.engine.lane import Lane
from explorer.engine.messages import (
    Replay,
    Replayed,
)
from explorer.errors import Cancelled, EngineStopped
from tests.engine.asking import MERGES, Asking, events_table, fill, lane, plugin
from tests.patience import PATIENCE, until


def test_what_a_lane_says_of_the_domains(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("A", {})])
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    it = Lane("test")
    try:
        plugins = (str(plugin(tmp_path, MERGES)), str(broken))
        opened = Asking(it, messages.Open(own_url, plugins=plugins)).answer(messages.Opened)
        names = [(aggregate.domain, aggregate.name) for aggregate in opened.aggregates]
        assert ("things", "Thing") in names
        order = next(aggregate for aggregate in opened.aggregates if aggregate.name == "Order")
        assert "CreateOrder" in [command.name for command in order.commands]
        (problem,) = opened.problems
        assert "broken.py" in problem
        assert "ZeroDivisionError" in problem
    finally:
        it.close()


def test_a_store_that_cannot_be_opened_and_then_can(tmp_path: Path) -> None:
    url = str(tmp_path / "later.sqlite")
    it = Lane("test")
    try:
        failure = Asking(it, messages.Open(url)).failure()
        assert type(failure).__name__ in ("CannotOpen", "NotADatabase")
        assert failure.hint or str(failure)
        fill(url, [("A", {})])
        Asking(it, messages.Open(url)).answer(messages.Opened)
        assert Asking(it, Replay("Thing", "1")).answer(Replayed).count == 1
    finally:
        it.close()


def test_a_query_of_a_killed_engine_ends_on_the_server(postgres_url: str, tmp_path: Path) -> None:
    fill(postgres_url, [("A", {}), ("B", {})])
    with (
        psycopg.connect(postgres_url, autocommit=True) as watcher,
        psycopg.connect(postgres_url) as locker,
        lane(postgres_url) as it,
    ):
        locker.execute(f"LOCK TABLE {events_table(postgres_url)} IN ACCESS EXCLUSIVE MODE".encode())
        waiting = Asking(it, Replay("Thing", "1"))
        until(lambda: _blocked(watcher) > 0)
        it.restart()
        assert isinstance(waiting.failure(), EngineStopped)
        until(lambda: _blocked(watcher) == 0)
        locker.rollback()
        assert Asking(it, Replay("Thing", "1")).answer(Replayed).count == 2


def _blocked(connection: Any) -> int:
    found = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return int(found[0])


def test_a_statement_that_waits_is_cancelled_without_killing(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_lane, "GRACE", PATIENCE)
    fill(postgres_url, [("A", {})])
    with (
        psycopg.connect(postgres_url, autocommit=True) as watcher,
        psycopg.connect(postgres_url) as locker,
        lane(postgres_url) as it,
    ):
        locker.execute(f"LOCK TABLE {events_table(postgres_url)} IN ACCESS EXCLUSIVE MODE".encode())
        pid = it.pid
        waiting = Asking(it, Replay("Thing", "1"))
        until(lambda: _blocked(watcher) > 0)
        waiting.cancel()
        assert isinstance(waiting.failure(), Cancelled)
        assert it.pid == pid
        locker.rollback()
