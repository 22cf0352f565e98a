"""A process that appends to shared streams and to its own, logs each attempt and its outcome; made to be killed.

`python -m tests.stress.writer JSON` with url, password, log (a path), name, attempts, seed, delay (mean seconds before
a commit), rollbacks (share of attempts).

A part of the attempts goes through `Store.append`. The others run the layout's append protocol in a transaction that
stays open for a random time before it is committed or rolled back, so that positions become visible out of order.
"""

from __future__ import annotations

import json
import random
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from explorer.errors import Busy, CannotOpen, Conflict, ConnectionLost, OutcomeUnknown
from explorer.model import NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.stores.address import SqliteAddress, address
from explorer.stores.connection import CommitLost, Connection, Duplicate
from explorer.stores.layout import Append, Written
from explorer.stores.postgres import PostgresConnection
from explorer.stores.reader import SqlStore
from explorer.stores.sqlite import SqliteConnection
from tests.stress.log import Log

SHARED = 4  # streams that all writers write to
LONGEST = 0.15  # seconds before a commit
THROUGH_STORE = 0.4  # share of the attempts that are not rolled back
PATIENCE = 30.0  # seconds without a server


class GiveUp(Exception):
    """Leaves the transaction: rolled back."""


class Writer:
    def __init__(self, task: dict[str, Any]) -> None:
        self.random = random.Random(task["seed"])
        self.delay = float(task["delay"])
        self.rollbacks = float(task["rollbacks"])
        self.name = str(task["name"])
        self.log = Log(Path(task["log"]))
        store = open_store(StoreSpec(task["url"], password=task["password"], writable=True))
        assert isinstance(store, SqlStore)
        self.store = store
        self.connection = _connection(task["url"], task["password"])
        self.versions: dict[StreamKey, int] = {}

    def attempt(self) -> None:
        shared = self.random.random() < 0.5
        number = self.random.randrange(SHARED)
        stream = StreamKey("Shared" if shared else "Separate", f"{number}" if shared else f"{self.name}-{number}")
        expected = self.versions.get(stream, 0)
        ids = [str(uuid.uuid4()) for _ in range(self.random.choice((1, 1, 2, 3)))]
        rolled_back = self.random.random() < self.rollbacks
        through_store = not rolled_back and self.random.random() < THROUGH_STORE
        self.log.write({"try": ids, "stream": [stream.category, stream.id], "expected": expected})
        outcome, found = self.outcome(stream, expected, ids, rolled_back, through_store)
        self.log.write({"outcome": outcome, "ids": ids, "found": found})
        if outcome == "committed":
            self.versions[stream] = expected + len(ids)
        elif outcome != "rolled back":
            self.versions[stream] = self.version(stream) if found is None else found

    def outcome(
        self, stream: StreamKey, expected: int, ids: list[str], rolled_back: bool, through_store: bool
    ) -> tuple[str, int | None]:
        try:
            if through_store:
                events = [NewEvent("Happened", {"by": self.name, "number": n}, id_) for n, id_ in enumerate(ids)]
                stored = self.store.append(stream, expected, events)
                assert [event.version for event in stored] == [expected + n for n in range(1, len(ids) + 1)]
                return "committed", None
            if self.slowly(stream, expected, ids, rolled_back):
                return "committed", None
        except GiveUp:
            return "rolled back", None
        except Conflict as conflict:
            if conflict.expected != expected or conflict.found == expected:
                raise AssertionError(f"a conflict that is none: {conflict}") from conflict
            return "conflict", conflict.found
        except Duplicate:  # of a version: two wrote the first event of a stream at once
            return "conflict", None
        except Busy:
            return "busy", None
        except (ConnectionLost, CommitLost, OutcomeUnknown):
            return "unknown", None
        return "conflict", None

    def slowly(self, stream: StreamKey, expected: int, ids: list[str], rolled_back: bool) -> bool:
        now = datetime.now(UTC)
        data = json.dumps({"by": self.name}).encode()
        written = [Written(expected + n, "Happened", data, b"{}", id_, now) for n, id_ in enumerate(ids, start=1)]
        append: Append | None = self.store.instance.append
        key = self.store.instance.join(stream)
        assert append is not None
        assert key is not None
        with self.connection.transaction() as run:
            if append(run, key, expected, written) is None:
                return False
            time.sleep(min(self.random.expovariate(1 / self.delay), LONGEST) if self.delay else 0)
            if rolled_back:
                raise GiveUp
        return True

    def version(self, stream: StreamKey) -> int:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                found = self.store.stream(stream)
                return found.version if found else 0
            except (ConnectionLost, CannotOpen, Busy):
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        self.connection.close()
        self.store.close()
        self.log.write({"end": True})


def _connection(url: str, password: str | None) -> Connection:
    where = address(url, password)
    if isinstance(where, SqliteAddress):
        return SqliteConnection(where.path, "rw", where.title)
    connection = PostgresConnection(where)
    connection.writable = True
    return connection


def main(task: dict[str, Any]) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            writer = Writer(task)
            break
        except (ConnectionLost, CannotOpen, Busy):  # started while the server is
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
    for _ in range(int(task["attempts"])):
        writer.attempt()
    writer.close()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
