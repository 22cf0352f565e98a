"""Files that a reader has to cope with, made from sound ones; and what was there before, to compare with afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.stores_written import ROOT

SIDES = ("", "-wal", "-shm", "-journal")
PAGE = 4096


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file in a folder: what looking must not change."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir()) if path.is_file()
    }


def in_rollback_mode(path: Path) -> None:
    """Leave WAL mode, as if it had never been."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)


def left_with_its_wal(path: Path, into: Path, statement: str) -> Path:
    """A copy as a backup program makes it of a store in use: the file and its WAL, in which a last statement stands."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(statement)
        copy = into / path.name
        for side in ("", "-wal"):
            shutil.copy(f"{path}{side}", f"{copy}{side}")
    assert Path(f"{copy}-wal").stat().st_size > 0
    return copy


def left_with_a_hot_journal(path: Path, into: Path, statement: str) -> Path:
    """What a crash leaves in the middle of a transaction: the file half changed, and the journal that undoes it."""
    in_rollback_mode(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size=1")  # so that changed pages go to the file at once
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(statement)
        copy = into / path.name
        for side in ("", "-journal"):
            shutil.copy(f"{path}{side}", f"{copy}{side}")
        connection.execute("ROLLBACK")
    assert Path(f"{copy}-journal").stat().st_size > 512
    return copy


@contextmanager
def of_somebody_else(folder: Path) -> Iterator[None]:
    """The folder and its files belong to another user, or, where we cannot give them away, may not be written by us."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        try:
            yield
        finally:
            folder.chmod(0o755)
        return
    for path in (folder, *folder.iterdir()):
        os.chown(path, 65534, 65534)
    yield


def with_a_damaged_page(path: Path, content: bytes) -> None:
    """Overwrite the page in which this stands with noise."""
    page = path.read_bytes().index(content) // PAGE
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(b"\xa5" * PAGE)


def pages_of(path: Path) -> int:
    return path.stat().st_size // PAGE


def as_nobody(program: str, *arguments: str) -> str:
    """What a program prints that runs as a user without permissions; everything of ours is imported before that."""
    prelude = """
        import os, sys
        import explorer.stores, explorer.stores.open
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(program), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
