"""A window in a process of its own, closed, cancelled or killed in the worst moments; how long that takes.

Every function here runs one case and gives its seconds; it raises AssertionError when something stays behind or is
not said. Used by the tests (which allow for a busy machine) and by the benchmark (which does not).
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg

from explorer.model import NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from tests.patience import PATIENCE
from tests.postgres_server import PostgresServer

ROOT = Path(__file__).resolve().parents[1]
QUIET = "default.warning=false"  # what the platform without a screen cannot do is no news

LOOPS = {
    "python": "while True: pass",
    "regular expression": "re.match('(a+)+$', 'a' * 60 + 'b')",
}
FOREVER = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT max(n) FROM n"
SLEEP = "SELECT pg_sleep(600)"

Environment = Mapping[str, str]


class Program:
    """The program, started with these words; its window obeys `do` (see `driven_window`)."""

    def __init__(self, environment: Environment, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.driven_window", *words],
            cwd=ROOT, env={**environment, "QT_LOGGING_RULES": QUIET}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._unread = b""
        self._heard: list[dict[str, Any]] = []

    def do(self, line: str) -> float:
        """→ when it was asked, on the clock of `hear`."""
        assert self.process.stdin is not None
        at = time.monotonic()
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return at

    def hear(self, what: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The next time it says this (with `at`, when); what it says before is forgotten."""
        assert self.process.stdout is not None
        until = time.monotonic() + seconds
        while True:
            while self._heard:
                said = self._heard.pop(0)
                if said["what"] == what:
                    return said
            ready = select.select([self.process.stdout], [], [], max(0.0, until - time.monotonic()))[0]
            received = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert received, f"it did not say {what!r}"
            *lines, self._unread = (self._unread + received).split(b"\n")
            self._heard += [json.loads(line) for line in lines]

    def family(self) -> list[psutil.Process]:
        """It and everything that it has started."""
        me = psutil.Process(self.process.pid)
        return [me, *me.children(recursive=True)]

    def closed(self) -> float:
        """Close the window; seconds until all that it consists of have ended."""
        family = self.family()
        asked = self.do("close")
        return self._ended(family, asked)

    def killed(self) -> float:
        """Kill the process of the window without a warning; seconds until all others have ended."""
        family = self.family()
        asked = time.monotonic()
        self.process.kill()
        return self._ended(family, asked)

    def _ended(self, family: list[psutil.Process], asked: float) -> float:
        until = asked + PATIENCE
        while left := [one for one in family if _lives(one)]:
            self.process.poll()  # reaps it
            assert time.monotonic() < until, f"still there: {[one.cmdline() for one in left]}"
            time.sleep(0.005)
        return time.monotonic() - asked

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        family = self.family() if self.process.poll() is None else []
        for one in family:
            if _lives(one):
                one.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# -- what is opened ----------------------------------------------------------------------------------------------------


def make_store(url: str) -> str:
    """Two streams of `Machine`: `bad`, which the plug-in of `looping` never gets over, and `good`."""
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        for id_, second in (("good", "Changed"), ("bad", "Stuck")):
            events = [NewEvent(type, {}, f"{id_}-{type}") for type in ("Started", second, "Stopped")]
            store.append(StreamKey("Machine", id_), 0, events)
    finally:
        store.close()
    return url


def looping(folder: Path, how: str) -> str:
    """A plug-in whose reducer does one of LOOPS at `Stuck`."""
    path = folder / "looping.py"
    path.write_text(
        "import re\nfrom explorer.model import Aggregate, Domain\n\n"
        f"def evolve(state, event):\n    if event.type == 'Stuck':\n        {LOOPS[how]}\n"
        "    return {**state, 'last': event.type}\n\n"
        "domain = Domain('Test', (Aggregate('Machine', dict, evolve),), files=(__file__,))\n"
    )
    return str(path)


@contextmanager
def opened(environment: Environment, url: str, *words: str) -> Iterator[Program]:
    with Program(environment, "gui", url, *words) as program:
        program.hear("opened")
        program.hear("engine ready")
        yield program


@contextmanager
def in_a_loop(environment: Environment, folder: Path, how: str) -> Iterator[Program]:
    """A window whose engine folds without end, and which has said so."""
    url = make_store(str(folder / "store.sqlite"))
    with opened(environment, url, "--plugin", looping(folder, how)) as program:
        program.do("tab Machine bad")
        program.hear("slow")
        yield program


# -- the cases ---------------------------------------------------------------------------------------------------------


def cancelled_loop(environment: Environment, folder: Path, how: str) -> tuple[float, float]:
    """Seconds from Cancel until the tab says why there is no state, and until another stream shows its state."""
    with in_a_loop(environment, folder, how) as program:
        asked = program.do("cancel")
        told = program.hear("told")
        assert "stop within a second" in told["sentence"], told
        program.do("tab Machine good")
        works = program.hear("replayed")
        program.closed()
        return told["at"] - asked, works["at"] - asked


def closed_in_a_loop(environment: Environment, folder: Path, how: str) -> float:
    with in_a_loop(environment, folder, how) as program:
        return program.closed()


def killed_in_a_loop(environment: Environment, folder: Path, how: str) -> float:
    with in_a_loop(environment, folder, how) as program:
        return program.killed()


def _in_a_query(environment: Environment, url: str, sql: str, end: Callable[[Program], float]) -> float:
    with opened(environment, make_store(url)) as program:
        program.do(f"query {sql}")
        program.hear("asked")
        time.sleep(0.3)  # it is on its way to the database
        return end(program)


def closed_in_a_scan(environment: Environment, folder: Path) -> float:
    """A statement of SQLite that never ends."""
    return _in_a_query(environment, str(folder / "store.sqlite"), FOREVER, Program.closed)


def closed_in_a_query(environment: Environment, server: PostgresServer) -> float:
    """A query of ten minutes on a server: it ends there too."""
    with server.database() as url:
        seconds = _in_a_query(environment, url, SLEEP, Program.closed)
        wait_until_alone(url)
        return seconds


def killed_in_a_query(environment: Environment, server: PostgresServer) -> float:
    """The window is killed: its query ends on the server too."""
    with server.database() as url:
        seconds = _in_a_query(environment, url, SLEEP, Program.killed)
        wait_until_alone(url)
        return seconds


def closed_in_a_write(environment: Environment, server: PostgresServer) -> float:
    """A write of ten minutes is left to the server after a while; its outcome is looked up at the next start."""
    with server.database() as url, opened(environment, make_store(url), "--writable") as program:
        program.do(f"write {SLEEP}")
        program.hear("asked")
        time.sleep(0.3)
        return program.closed()


def closed_on_a_frozen_server(environment: Environment, server: PostgresServer) -> float:
    with server.database() as url:
        with opened(environment, make_store(url), "--writable") as program:
            server.freeze()
            try:
                program.do("refresh")
                program.do("tab Machine good")
                time.sleep(0.5)
                seconds = program.closed()
            finally:
                server.thaw()
        wait_until_alone(url)
        return seconds


def closed_while_opening_on_a_frozen_server(environment: Environment, server: PostgresServer) -> float:
    with server.database() as url:
        make_store(url)
        server.freeze()
        try:
            with Program(environment, "gui", url) as program:
                program.hear("shown")
                time.sleep(0.5)
                return program.closed()
        finally:
            server.thaw()


def closed_demo(environment: Environment, *words: str) -> float:
    """The demo with its services, and with --postgres its server."""
    with _demo(environment, *words) as program:
        return program.closed()


def killed_demo(environment: Environment, *words: str) -> float:
    with _demo(environment, *words) as program:
        return program.killed()


@contextmanager
def _demo(environment: Environment, *words: str) -> Iterator[Program]:
    with Program(environment, "demo", *words) as program:
        program.hear("opened")
        program.hear("engine ready")
        until = time.monotonic() + PATIENCE
        # The window, multiprocessing's tracker, the engine, three services, the server.
        while len(program.family()) < 6 + len(words):
            assert time.monotonic() < until, [one.cmdline() for one in program.family()]
            time.sleep(0.05)
        time.sleep(1.0)  # the services follow the store
        yield program


def wait_until_alone(url: str) -> None:
    """Nobody else is connected to this database any more."""
    until = time.monotonic() + PATIENCE
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            rows = connection.execute(
                "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
            if not rows:
                return
            assert time.monotonic() < until, f"still connected: {rows}"
            time.sleep(0.02)
