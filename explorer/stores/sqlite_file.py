"""Looking at a SQLite file, its -wal, -shm and -journal before opening it, so that opening harms nobody.

POSIX drops all locks of a process on a file as soon as the process closes any descriptor of it. A file that one of our
threads has open in SQLite must therefore not be opened and closed for looking by another: whoever looks and whoever
connects holds `looking`, and a file that is open is not looked at again.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import CannotOpen, NeedsCopy, NotADatabase

MAGIC = b"SQLite format 3\0"
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
COPY_HINT = "Read a private copy instead: nothing beside the file is touched. The copy does not follow later changes."


looking = threading.RLock()
_open: Counter[tuple[int, int]] = Counter()  # files that connections of this process have open, by device and inode


def opened(file: tuple[int, int]) -> None:
    """A connection that takes locks has this file (device, inode) open, until `closed`."""
    with looking:
        _open[file] += 1


def closed(file: tuple[int, int]) -> None:
    with looking:
        _open[file] -= 1


@dataclass(frozen=True, slots=True)
class Look:
    """How a file may be opened: "ro", "immutable", or "copy" with the reason why it must not be opened in place."""

    mode: str
    reason: str = ""
    notice: str = ""


def look(path: str, title: str) -> Look:
    """Decide how to open this file for reading. Raises CannotOpen, NotADatabase for what cannot be opened at all."""
    with looking:
        status = _status(path, title)
        if _open[status.st_dev, status.st_ino] > 0:
            return Look("ro")
        return _look(path, title)


def begins_with(path: str, title: str, magic: bytes) -> bool:
    """Whether the file begins with these bytes. Raises CannotOpen for what cannot be opened at all."""
    with looking:
        status = _status(path, title)
        return _open[status.st_dev, status.st_ino] <= 0 and _begins_with(path, magic)


def _look(path: str, title: str) -> Look:
    header = _header(path, title)
    if _left_over_journal(path):
        return Look("copy", f"{title} was left in the middle of a write; its journal must be played back first.")
    if header[18] != 2 and header[19] != 2:
        return Look("ro")
    if os.path.exists(path + "-shm"):
        return Look("ro")
    if os.path.exists(path + "-wal") and os.path.getsize(path + "-wal"):
        if _ours(path) and os.access(os.path.dirname(path), os.W_OK):
            return Look("ro")
        return Look("copy", f"{title} belongs to somebody else and has changes waiting in its -wal file.")
    if _cut_off(path, header):
        # Nothing can be written to it any more: no side files beside what may be all that is left.
        return Look("immutable", notice=f"{title} is shorter than it says itself: it was cut off. Its end is missing.")
    if _ours(path) and os.access(os.path.dirname(path), os.W_OK):
        return Look("ro")
    return Look(
        "immutable",
        notice="Static view: nobody has this file open, and opening it as usual would leave files behind that lock its"
        " owner out. It is opened again as soon as somebody writes.",
    )


def _cut_off(path: str, header: bytes) -> bool:
    """Does the file have fewer pages than its header counts? Only where no WAL holds the rest."""
    fields = ((16, 2), (24, 4), (28, 4), (92, 4))
    size, changes, pages, valid_for = (int.from_bytes(header[at : at + length]) for at, length in fields)
    if size == 1:  # what 65536 is written as
        size = 65536
    return changes == valid_for and os.path.getsize(path) < size * pages


def _ours(path: str) -> bool:
    """Would side files made by us belong to the owner of the file?"""
    return not hasattr(os, "geteuid") or os.stat(path).st_uid == os.geteuid()


def _status(path: str, title: str) -> os.stat_result:
    with _translated(path, title):
        status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise NotADatabase(f"{title} is a folder, not a database.", "Choose a file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise NotADatabase(f"{title} is a device, a pipe or a socket, not a database.")
    return status


@contextmanager
def _translated(path: str, title: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        hint = f"Looked for {path}. The demo makes a store to play with."
        raise CannotOpen(f"There is no file {title}.", hint) from None
    except PermissionError:
        raise CannotOpen(f"You may not read {path}.", "Ask its owner for the permission to read it.") from None
    except OSError as error:
        raise CannotOpen(f"{title} cannot be read ({error.strerror}).") from error


def _header(path: str, title: str) -> bytes:
    with _translated(path, title), open(path, "rb") as file:
        header = file.read(100)
    if not header:
        raise NotADatabase(f"{title} is empty: there is no database in it.", "Was it cut off, or never written?")
    if header[:16] != MAGIC or len(header) < 100:
        raise NotADatabase(
            f"{title} is not a SQLite database.", "Its first bytes are those of another kind of file, or encrypted."
        )
    return header


def _begins_with(path: str, magic: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(magic)) == magic
    except OSError:
        return False


def _left_over_journal(path: str) -> bool:
    """Is there a journal that no writer is at work with?"""
    before: int | None = None
    for _ in range(3):
        if not _begins_with(path + "-journal", JOURNAL_MAGIC) or _locked_by_its_writer(path):
            return False
        try:
            written = os.stat(path + "-journal").st_mtime_ns
        except FileNotFoundError:
            return False
        # The writer may have ended between the two looks, and even begun again.
        if before is not None and written != before:
            return False
        before = written
        time.sleep(0.01)
    return True


def _locked_by_its_writer(path: str) -> bool:
    """Does a process hold SQLite's RESERVED lock? Then the journal beside the file is not left over but in use.

    Asking takes no lock. Where it cannot be asked the journal counts as in use: SQLite refuses a hot one itself.
    """
    try:
        import fcntl
        import struct
    except ImportError:
        return True
    reserved = 0x40000000 + 1
    # struct flock differs between systems; the kernel fills in the same struct that it is given.
    if os.uname().sysname != "Linux" or struct.calcsize("P") != 8:
        return True
    question = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, reserved, 1, 0)
    with open(path, "rb") as file:
        answer: bytes = fcntl.fcntl(file, fcntl.F_GETLK, question)
    kind: int = struct.unpack("hhqqi4x", answer)[0]
    return kind != fcntl.F_UNLCK


def copied(path: str) -> tuple[str, str]:
    """Copy the file with its WAL or journal → (path of the copy, folder to delete afterwards). Raises CannotOpen."""
    folder = tempfile.mkdtemp(prefix="event-store-explorer-")
    target = os.path.join(folder, os.path.basename(path))
    try:
        # The side files first and last: if they change meanwhile somebody is writing.
        before = _side_sizes(path)
        shutil.copyfile(path, target)
        for end in ("-wal", "-journal"):
            if os.path.exists(path + end):
                shutil.copyfile(path + end, target + end)
        if _side_sizes(path) != before:
            raise CannotOpen(f"{Path(path).name} was written while it was copied.", "Try again.")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise CannotOpen(f"{Path(path).name} cannot be copied ({error.strerror}).") from error
    except CannotOpen:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return target, folder


def _side_sizes(path: str) -> list[tuple[int, int] | None]:
    sizes: list[tuple[int, int] | None] = []
    for end in ("", "-wal", "-journal"):
        try:
            status = os.stat(path + end)
            sizes.append((status.st_size, status.st_mtime_ns))
        except FileNotFoundError:
            sizes.append(None)
    return sizes


def needs_copy(found: Look) -> NeedsCopy:
    return NeedsCopy(found.reason, COPY_HINT)
