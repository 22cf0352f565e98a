"""Writing a bundle, asked of an engine: payloads are decoded where that holds up nobody."""

from __future__ import annotations

from pathlib import Path

from explorer.bundle import save
from explorer.engine.asks_bundles import BundleSaved, SaveBundle
from explorer.engine.messages import Progress
from explorer.engine.turns import Turn
from explorer.model import StreamKey
from explorer.pseudonyms import Pseudonyms
from explorer.stores import Store


def save_bundle(store: Store, ask: SaveBundle) -> Turn:
    """Raises `Invalid` where it cannot be written."""
    keys = [StreamKey(*one) for one in ask.streams]
    pseudonyms = Pseudonyms(ask.pseudonyms, keys, ask.keep) if ask.pseudonyms else None
    work = save(store, keys, Path(ask.path), pseudonyms, ask.plugins)
    try:
        while True:
            try:
                yield Progress(next(work), None, "events")
            except StopIteration as done:
                saved = done.value
                break
    finally:
        work.close()
    manifest = saved.manifest
    return BundleSaved(
        manifest.streams, manifest.events, manifest.snapshots, saved.notes, saved.branches, saved.watches, saved.size
    )
