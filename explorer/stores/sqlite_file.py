"""Looking at a SQLite file, its -wal, -shm and -journal before opening it, so that opening harms nobody."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import CannotOpen, NeedsCopy, NotADatabase

MAGIC = b"SQLite format 3\0"
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
COPY_HINT = "Read a private copy instead: nothing beside the file is touched. The copy does not follow later changes."


@dataclass(frozen=True, slots=True)
class Look:
    """How a file may be opened: "ro", "immutable", or "copy" with the reason why it must not be opened in place."""

    mode: str
    reason: str = ""
    notice: str = ""


def look(path: str, title: str) -> Look:
    """Decide how to open this file for reading. Raises CannotOpen, NotADatabase for what cannot be opened at all."""
    header = _header(path, title)
    if _begins_with(path + "-journal", JOURNAL_MAGIC) and not _locked_by_its_writer(path):
        return Look("copy", f"{title} was left in the middle of a write; its journal must be played back first.")
    if header[18] != 2 and header[19] != 2:
        return Look("ro")
    if os.path.exists(path + "-shm"):
        return Look("ro")
    if os.path.exists(path + "-wal") and os.path.getsize(path + "-wal"):
        if _ours(path) and os.access(os.path.dirname(path), os.W_OK):
            return Look("ro")
        return Look("copy", f"{title} belongs to somebody else and has changes waiting in its -wal file.")
    if _ours(path) and os.access(os.path.dirname(path), os.W_OK):
        return Look("ro")
    return Look(
        "immutable",
        notice="Static view: nobody has this file open, and opening it as usual would leave files behind that lock its"
        " owner out. It is opened again as soon as somebody writes.",
    )


def _ours(path: str) -> bool:
    """Would side files made by us belong to the owner of the file?"""
    return not hasattr(os, "geteuid") or os.stat(path).st_uid == os.geteuid()


def _header(path: str, title: str) -> bytes:
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise NotADatabase(f"{title} is a folder, not a database.", "Choose a file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise NotADatabase(f"{title} is a device, a pipe or a socket, not a database.")
        with open(path, "rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        hint = f"Looked for {path}. The demo makes a store to play with."
        raise CannotOpen(f"There is no file {title}.", hint) from None
    except PermissionError:
        raise CannotOpen(f"You may not read {path}.", "Ask its owner for the permission to read it.") from None
    except OSError as error:
        raise CannotOpen(f"{title} cannot be read ({error.strerror}).") from error
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
