"""Stores of others in the same window, while their own library goes on writing."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from explorer.stores import StoreSpec
from explorer.ui.window import Window
from tests import stores_written
from tests.journey.demo import tab
from tests.journey.hand import Journey, Pictures, click, press, wait_for, write
from tests.postgres_server import PostgresServer, postgres_server

MORE = 8  # events that must arrive while one looks


def path(window: Window, folder: Path) -> Journey:
    look = Pictures(folder, 20)
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="journey-stores-"))
        server = stack.enter_context(postgres_server())
        for name, written in (
            ("eventsourcing-sqlite", eventsourcing(f"{home}/shop.sqlite")),
            ("eventsourcing-postgresql", eventsourcing_on(server)),
            ("message-db", message_db(server)),
        ):
            with written as (url, go_on):
                yield from visit(window, look, name, url, go_on)


def visit(window: Window, look: Pictures, name: str, url: str, go_on: Callable[[], None]) -> Journey:
    seen = 0

    def count(arrived: list[object]) -> None:
        nonlocal seen
        seen += len(arrived)

    window.workspace.arrived.connect(count)
    window.open(StoreSpec(url))
    yield from wait_for("the store", lambda: window.workspace.is_open, 30)
    yield from wait_for("the first events", lambda: window.tabs.all_events.table.model().rowCount() > 0)
    yield from look(f"{name}-all-events")
    yield from press("ctrl+k")
    yield from write("order" if "eventsourcing" in name else "account")
    yield 0.8
    yield from press("Return")
    yield from wait_for("a stream", lambda: (t := tab(window)) is not None and t.timeline.folded > 1)
    before = seen
    until = time.monotonic() + 20
    while seen < before + MORE:
        assert time.monotonic() < until, f"{name}: only {seen - before} events arrived"
        go_on()
        yield 0.1
    yield from click(window.feed.table.viewport())
    yield from look(f"{name}-stream")
    window.workspace.arrived.disconnect(count)
    window.close_store()
    yield from wait_for("the store closed", lambda: not window.workspace.is_open)
    yield 0.5


@contextmanager
def eventsourcing(url: str) -> Iterator[tuple[str, Callable[[], None]]]:
    stores_written.eventsourcing(url, compressed=True)
    with stores_written.eventsourcing_keeps_writing(url, seconds=0.05, compressed=True):
        yield url, lambda: None


@contextmanager
def eventsourcing_on(server: PostgresServer) -> Iterator[tuple[str, Callable[[], None]]]:
    with server.database() as url:
        stores_written.eventsourcing(url)
        with stores_written.eventsourcing_keeps_writing(url, seconds=0.05):
            yield url, lambda: None


@contextmanager
def message_db(server: PostgresServer) -> Iterator[tuple[str, Callable[[], None]]]:
    with server.database() as url:
        stores_written.message_db(url)
        version = 0
        with psycopg.connect(url, autocommit=True) as connection:

            def go_on() -> None:
                nonlocal version
                version += 1
                stores_written.message_db_write(connection, "account", "new", version)

            yield url, go_on
