"""What can be asked of an engine about bundles."""

from __future__ import annotations

from msgspec import Struct

from explorer.engine.ask import Ask


class SaveBundle(Ask, frozen=True, tag=True):
    """Write streams to a bundle. → `Progress` parts, then `BundleSaved`. See `bundle.save` and `pseudonyms`."""

    streams: tuple[tuple[str, str], ...]  # category and id of each
    path: str
    pseudonyms: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()  # files
    keep: tuple[str, ...] = ()  # names of members of payloads that stay as they are


class BundleSaved(Struct, frozen=True, tag=True):
    streams: int
    events: int
    snapshots: int
    notes: int
    branches: int
    watches: int
    size: int  # bytes
