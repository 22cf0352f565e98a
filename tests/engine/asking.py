"""What the tests of the engine share: a store with given events, plug-ins made for the occasion, asking and waiting."""

from __future__ import annotations

import queue
import sqlite3
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
import pytest

from explorer.engine.lane import Asked, Lane
from explorer.engine.messages import AnyReply, Ask, EventColumns, Open, Opened, StepColumns
from explorer.errors import ExplorerError
from explorer.model import Event, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from tests.patience import PATIENCE

sqlite = pytest.mark.parametrize("own_url", ["sqlite"], indirect=True)
"""For what the engine does with events that it has read: which database they come from makes no difference."""

MERGES = "return {**state, **event.data}"  # the body of a reducer

T = TypeVar("T")


class Asking:
    """One ask: its parts, and the answer when it comes."""

    def __init__(self, lane: Lane, ask: Ask) -> None:
        self.parts: list[AnyReply] = []
        self._ends: queue.Queue[AnyReply | ExplorerError] = queue.Queue()
        self.asked: Asked = lane.ask(ask, self.parts.append, self._ends.put, self._ends.put)

    @property
    def ended(self) -> bool:
        return not self._ends.empty()

    def cancel(self) -> None:
        self.asked.cancel()

    def end(self, seconds: float = PATIENCE) -> AnyReply | ExplorerError:
        """The answer or the failure. Raises queue.Empty when nothing comes in time."""
        return self._ends.get(timeout=seconds)

    def answer(self, kind: type[T], seconds: float = PATIENCE) -> T:
        end = self.end(seconds)
        if isinstance(end, ExplorerError):
            raise end
        assert isinstance(end, kind), end
        return end

    def failure(self, seconds: float = PATIENCE) -> ExplorerError:
        end = self.end(seconds)
        assert isinstance(end, ExplorerError), end
        return end

    def of(self, kind: type[T]) -> list[T]:
        """The parts of this kind that have come."""
        return [part for part in self.parts if isinstance(part, kind)]


@contextmanager
def lane(url: str, *plugins: Path | str, writable: bool = False, memory: int | None = None) -> Iterator[Lane]:
    """A lane with the store open."""
    opened = Lane("test") if memory is None else Lane("test", memory)
    try:
        Asking(opened, Open(url, plugins=tuple(map(str, plugins)), writable=writable)).answer(Opened)
        yield opened
    finally:
        opened.close()


def plugin(folder: Path, evolve: str, *, top: str = "", category: str = "Thing", name: str = "things") -> Path:
    """A plug-in with one aggregate; `evolve` is the body of its reducer (state, event)."""
    file = folder / f"{name}.py"
    file.write_text(
        "import os, re, signal, sys, time\n"
        "from explorer.model import Aggregate, Domain\n"
        f"{textwrap.dedent(top)}\n"
        "def evolve(state, event):\n"
        f"{textwrap.indent(textwrap.dedent(evolve).strip(), '    ')}\n\n"
        f"domain = Domain({name!r}, aggregates=(Aggregate({category!r}, dict, evolve),))\n"
    )
    return file


def fill(url: str, events: Sequence[tuple[str, Any]], category: str = "Thing", id: str = "1") -> list[Event]:
    """Append events (type, data) to a stream of our own store, which is made if there is none."""
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        key = StreamKey(category, id)
        stream = store.stream(key)
        new = [NewEvent(type, data, str(uuid4())) for type, data in events]
        return store.append(key, stream.version if stream else 0, new)
    finally:
        store.close()


def events_table(url: str) -> str:
    """The name of our own store's table of events, with its schema."""
    if not url.startswith("postgres"):
        return "events"
    with psycopg.connect(url) as server:
        found = server.execute(
            "SELECT table_schema FROM information_schema.tables WHERE table_name = 'events'"
        ).fetchone()
    assert found is not None
    return f'"{found[0]}".events'


def change(url: str, sql: str, value: object) -> None:
    """Do to the stored events what no store would; `{events}` is the table, `{0}` the value."""
    if url.startswith("postgres"):
        with psycopg.connect(url) as server:
            server.execute(sql.format("%s", events=events_table(url)).encode(), (value,))
        return
    file = sqlite3.connect(url)
    file.execute(sql.format("?", events="events"), (value,))
    file.commit()
    file.close()


def facts_of(asking: Asking) -> list[tuple[int, int, str]]:
    """(ordinal, version, type) of every event that was told."""
    return [
        (part.start + n, part.versions[n], part.names[part.types[n]])
        for part in asking.of(EventColumns)
        for n in range(len(part.versions))
    ]


def steps_of(asking: Asking) -> list[tuple[int, int]]:
    return [(part.start + n, count) for part in asking.of(StepColumns) for n, count in enumerate(part.changes)]
