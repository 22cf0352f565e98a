"""A bundle: some streams of a store in one file, with what people noted of them. It opens as a store, only for reading.

The file is a ZIP archive of a manifest, a SQLite database with the tables of our own store, and JSON files. It is read
into memory: nothing of it is ever on the disk unpacked, whatever ends the program. The manifest says how long each
member is and what its SHA-256 is, and the archive's comment what that of the manifest is. That tells what was cut off
or changed since, by accident or not very carefully; it is no signature.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from explorer import settings
from explorer.errors import CannotOpen
from explorer.model import StoreInfo
from explorer.stores.sqlite_file import begins_with

FORMAT = 1  # a program refuses what is newer than it knows
WHAT = "event-store-explorer bundle"
SUFFIX = ".esxbundle"
MAGIC = b"PK\x03\x04"
STORE = "store.sqlite"
MANIFEST = "manifest.json"
NOTED = ("branches.json", "notes.json", "watches.json")
"""Files of the user's data folder for a store that may come along."""

LARGEST = 256 * 1024**2  # bytes of the database
MOST_NOTED = 8 * 1024**2  # bytes of each JSON file

_END, _END_OF_LARGE = b"PK\x05\x06", b"PK\x06\x07"  # before the archive's last record; before one for what is larger
_TAIL = 22 + 20 + 65_535  # bytes in which it stands: of the records and of a comment
_DIRECTORY = 64 * 1024  # bytes of the archive's directory


class Member(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a bundle says of itself."""

    title: str  # of the store it was taken from, without secrets
    layout: str  # of that store
    streams: int
    events: int
    snapshots: int
    members: dict[str, Member]
    pseudonyms: tuple[str, ...] = ()  # what has been replaced, see `pseudonyms`
    plugins: tuple[str, ...] = ()  # names of the files of plug-ins that were there: whoever opens it needs them too
    made_at: str = ""  # ISO 8601, UTC
    made_by: str = ""  # version of the program
    what: str = WHAT
    format: int = FORMAT


class _Outline(msgspec.Struct, frozen=True):
    """As much of a manifest as every format will have."""

    what: str = ""
    format: int = 0


@dataclass(frozen=True, slots=True)
class Unpacked:
    manifest: Manifest
    seal: str  # SHA-256 of the manifest, and so of all of it: the same wherever the file lies
    image: bytes  # of the database
    noted: Mapping[str, bytes]


# -- reading -----------------------------------------------------------------------------------------------------------


def is_bundle(path: str, title: str) -> bool:
    """Whether this file is to be read as a bundle. Raises CannotOpen for what cannot be opened at all."""
    return begins_with(path, title, MAGIC)


def unpacked(path: str, title: str) -> Unpacked:
    """Read and check all of it, in bounded memory. Raises CannotOpen."""
    try:
        if os.path.getsize(path) > LARGEST + len(NOTED) * MOST_NOTED:
            raise CannotOpen(f"{title} is larger than a bundle can be.", f"{LARGEST // 1024**2} MB are the most.")
        if not _few_members(path):
            raise _no_bundle(title)
        with zipfile.ZipFile(path) as archive:
            return _checked(archive, title)
    except zipfile.BadZipFile as error:
        raise _damaged(title, "its end is missing, or it was changed") from error
    except (zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _damaged(title, "what is packed in it cannot be unpacked") from error
    except OSError as error:
        raise CannotOpen(f"{title} cannot be read ({error.strerror or error}).") from error


def _few_members(path: str) -> bool:
    """Whether the archive's directory, which is read whole, is a small one."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - _TAIL))
        tail = file.read()
    whole = tail[-22:-18] == _END and tail[-2:] == b"\0\0"
    at = len(tail) - 22 if whole else tail.rfind(_END)
    if at < 0:
        return True  # cut off, as will be said
    if tail[max(0, at - 20) : at].startswith(_END_OF_LARGE):
        return False
    return int.from_bytes(tail[at + 12 : at + 16], "little") <= _DIRECTORY


def _no_bundle(title: str) -> CannotOpen:
    return CannotOpen(f"{title} is a ZIP file, but no bundle of this program.", "Unpack it, if a store is in it.")


def _damaged(title: str, why: str) -> CannotOpen:
    return CannotOpen(
        f"The bundle {title} is not as it was made: {why}.", "Copy it again from where it came, or have it made anew."
    )


def _checked(archive: zipfile.ZipFile, title: str) -> Unpacked:
    entries = {entry.filename: entry for entry in archive.infolist()}
    if MANIFEST not in entries:
        raise _no_bundle(title)
    raw = _read(archive, entries[MANIFEST], MOST_NOTED, title)
    try:
        outline = msgspec.json.decode(raw, type=_Outline)
    except msgspec.DecodeError as error:
        raise _damaged(title, "its manifest cannot be read") from error
    if outline.what != WHAT:
        raise _no_bundle(title)
    if outline.format > FORMAT:
        raise CannotOpen(
            f"The bundle {title} was made by a newer version of this program (format {outline.format}; this one reads"
            f" up to {FORMAT}).",
            "Update the program.",
        )
    seal = hashlib.sha256(raw).hexdigest()
    if archive.comment != seal.encode():
        raise _damaged(title, "its manifest was changed")
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise _damaged(title, "its manifest cannot be read") from error
    members = manifest.members
    if STORE not in members or len(archive.infolist()) != len(entries) or set(entries) != {MANIFEST, *members}:
        raise _damaged(title, "it does not hold what its manifest says")
    if strange := set(members) - {STORE, *NOTED}:
        raise _damaged(title, f"nobody knows what {sorted(strange)[0][:40]!r} in it is")
    found: dict[str, bytes] = {}
    for name, member in members.items():
        content = _read(archive, entries[name], LARGEST if name == STORE else MOST_NOTED, title)
        if len(content) != member.size or hashlib.sha256(content).hexdigest() != member.sha256:
            raise _damaged(title, f"{name} in it was changed")
        found[name] = content
    return Unpacked(manifest, seal, found.pop(STORE), found)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int, title: str) -> bytes:
    """What is packed may be small and yet unpack to anything: only so much is unpacked."""
    with archive.open(entry) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise CannotOpen(
            f"{entry.filename} in the bundle {title} is larger than {most // 1024**2} MB.", "Bundles are smaller."
        )
    return content


def info_of(found: Unpacked, info: StoreInfo) -> StoreInfo:
    """What is known of a bundle that reads as this store."""
    manifest = found.manifest
    replaced = f", with pseudonyms for {' and '.join(manifest.pseudonyms)}" if manifest.pseudonyms else ""
    plugins = f" Plug-ins were there: {', '.join(manifest.plugins)}." if manifest.plugins else ""
    streams = f"{manifest.streams:,} stream{'' if manifest.streams == 1 else 's'}"
    return replace(
        info,
        writable=False,
        static=True,
        identity=f"bundle:{found.seal}",
        bundle=manifest.title,
        notice=f"A bundle of {streams} of {manifest.title}, taken {manifest.made_at[:10]}{replaced}: only for reading."
        + plugins,
    )


def keep_noted(found: Unpacked, identity: str) -> None:
    """Put what was noted where notes of this connection are kept, unless they are there: what people noted of a bundle
    that they opened before stays. A folder that cannot be written loses nothing but that."""
    folder = settings.connection_folder(identity)
    for name, content in found.noted.items():
        path = folder / name
        with contextlib.suppress(OSError):
            if not path.exists():
                settings.write_bytes(path, content)
