"""What every test has: a real PostgreSQL, folders of its own, and a look at what it leaves behind."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psutil
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import postgres_server
from tests.patience import PATIENCE
from tests.postgres_server import PostgresServer

HOME = "EVENT_STORE_EXPLORER_HOME"

# How long an example takes says something of the machine only.
hypothesis_settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("any machine")

session_home = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    # Fixtures of a wider scope than one test must not find the user's own folders or passwords either.
    config.stash[session_home] = os.environ[HOME] = tempfile.mkdtemp(prefix="esx-home-")
    # That a machine is slow is no finding.
    hypothesis.settings.register_profile(
        "unhurried",
        hypothesis.settings(),
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
    )
    hypothesis.settings.load_profile("unhurried")
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[session_home], ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test that was skipped has shown nothing: the run fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server of this test process, shared by its tests: stop, freeze or kill only one of your own
    (`tests.postgres_server.postgres_server`). Where it cannot start the tests fail.
    """
    with postgres_server.postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a fresh empty database."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def own_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store of our own can be created; nothing is there yet."""
    if request.param == "sqlite":
        return str(tmp_path / "own.sqlite")
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that do not exist yet."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, caches and data of the program, empty at the start of each test."""
    folder = next(homes)
    folder.mkdir()
    monkeypatch.setenv(HOME, str(folder))
    return folder


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails a test that leaves a thread or a child process."""
    threads = set(threading.enumerate())
    children = _children()
    yield
    until = time.monotonic() + PATIENCE
    while True:
        multiprocessing.active_children()  # reaps those that have ended
        left = [repr(thread) for thread in threading.enumerate() if thread not in threads]
        left += [_described(process) for process in _children() - children]
        if not left:
            return
        if time.monotonic() > until:
            pytest.fail(f"left behind: {left}")
        time.sleep(0.02)


def _children() -> set[psutil.Process]:
    return {process for process in _started() if _counts(process)}


def _started() -> Iterator[psutil.Process]:
    """Our children. Each thread's file tells of those it has started; psutil reads what every process of the machine
    tells of itself, which costs more than most tests."""
    threads = [*Path("/proc/self/task").glob("*/children")]
    if not threads:
        yield from psutil.Process().children()
    for thread in threads:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that has just ended
            for pid in map(int, thread.read_text().split()):
                if pid not in postgres_server.running:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        yield psutil.Process(pid)


def _counts(process: psutil.Process) -> bool:
    if process.pid in postgres_server.running:
        return False
    try:
        command = " ".join(process.cmdline())
        # multiprocessing starts it with the first child and keeps it until the end.
        return process.status() != psutil.STATUS_ZOMBIE and "multiprocessing.resource_tracker" not in command
    except psutil.NoSuchProcess:
        return False


def _described(process: psutil.Process) -> str:
    try:
        return f"{process.pid}: {process.cmdline()}"
    except psutil.NoSuchProcess:
        return f"{process.pid}"
