"""The command line as a program: signals, pipes, passwords."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from explorer.model import NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from tests.cli.running import (
    Run,
    own_shop,
    program,
)
from tests.patience import PATIENCE
from tests.postgres_server import PASSWORD, PostgresServer


def test_interrupted(tmp_path: Path) -> None:
    url = own_shop(str(tmp_path / "own.sqlite")).url
    with program("tail", url, "--after", "0", "--json") as running:
        assert running.stdout is not None
        assert running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE) == 130
        assert running.stderr is not None
        assert "Traceback" not in running.stderr.read()


def test_whoever_reads_may_stop_reading(tmp_path: Path) -> None:
    url = str(tmp_path / "own.sqlite")
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        for n in range(40):
            store.append(StreamKey("C", str(n)), 0, [NewEvent("T", {"text": "x" * 5000}, f"{n}")])
    finally:
        store.close()
    with program("events", url, "--json") as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.wait(PATIENCE) == 0
        assert running.stderr is not None
        assert running.stderr.read() == ""


def test_looking_loads_no_qt() -> None:
    code = "import sys, explorer.cli, explorer.cli.reading, explorer.cli.writing; print('PySide6' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_password_comes_from_the_url_or_the_environment_and_is_never_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, environment in (
        ("postgresql://nobody@127.0.0.1:1/db", "tops3cret"),
        ("postgresql://nobody:tops3cret@127.0.0.1:1/db", ""),
    ):
        monkeypatch.setenv("PGPASSWORD", environment)
        done = run("info", url)
        assert done.code == 3
        assert "tops3cret" not in done.err + done.out


@pytest.fixture
def guarded(postgres: PostgresServer, postgres_url: str) -> tuple[str, str]:
    """A store for which a password is asked: its URL without and with it."""
    own_shop(postgres_url)
    database = str(conninfo_to_dict(postgres_url)["dbname"])
    return postgres.url(database, tcp=True, password=None), postgres.url(database, tcp=True)


def test_where_the_password_is_taken_from(run: Run, guarded: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    without, within = guarded
    monkeypatch.delenv("PGPASSWORD", raising=False)
    assert run("info", without).code == 3
    assert run("info", within).code == 0
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert run("info", without).code == 0
    monkeypatch.setenv("PGPASSWORD", "another")
    assert run("info", without).code == 3
    assert run("info", within).code == 0


@pytest.mark.parametrize(("verb", "typed"), [("info", PASSWORD), ("info", "n0t-it"), ("purity", PASSWORD)])
def test_the_password_is_asked_for_on_a_terminal(guarded: tuple[str, str], verb: str, typed: str) -> None:
    """Once, also where a verb opens the store again, in processes of its own."""
    master, slave = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "PGPASSWORD"}
    try:
        with program(verb, guarded[0], stdin=slave, stderr=slave, env=env, start_new_session=True) as running:
            said = b""
            while b"Password:" not in said:
                said += os.read(master, 1000)
            os.write(master, typed.encode() + b"\n")
            assert running.wait(PATIENCE) == (0 if typed == PASSWORD else 3)
            assert running.stdout is not None
            assert bool(running.stdout.read()) == (typed == PASSWORD)
        os.set_blocking(master, False)
        with contextlib.suppress(BlockingIOError):
            said += os.read(master, 10_000)
        assert typed.encode() not in said
    finally:
        os.close(master)
        os.close(slave)
