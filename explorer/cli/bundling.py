"""The verb that takes streams along: bundle."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from explorer.bundle import at_once, save
from explorer.cancellation import Cancellation
from explorer.cli.opening import opened
from explorer.cli.output import Output
from explorer.cli.reading import Verb
from explorer.errors import Invalid
from explorer.loading import streams_of
from explorer.model import Json, StreamKey
from explorer.pseudonyms import KINDS, Pseudonyms
from explorer.stores import Store


def bundle(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    kinds = _kinds(arguments.pseudonyms)
    if arguments.keep and not kinds:
        raise Invalid("--keep goes with --pseudonyms: it names what stays as it is.")
    with opened(arguments, cancellation) as store:
        keys = _chosen(store, arguments)
        pseudonyms = Pseudonyms(kinds, keys, arguments.keep) if kinds else None
        saved = at_once(save(store, keys, Path(arguments.output), pseudonyms, arguments.plugin), _progress)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    manifest = saved.manifest
    row: dict[str, Json] = {
        "file": arguments.output,
        "streams": manifest.streams,
        "events": manifest.events,
        "snapshots": manifest.snapshots,
        "notes": saved.notes,
        "branches": saved.branches,
        "watches": saved.watches,
        "pseudonyms": list(manifest.pseudonyms),
        "size": saved.size,
    }
    output.line(row)
    output.columns("", "")
    for name, value in row.items():
        shown = ", ".join(map(str, value)) or "none" if isinstance(value, list) else f"{value:,}" if isinstance(
            value, int
        ) else str(value)  # fmt: skip
        output.row(name, shown)
    return 0


def _kinds(given: str | None) -> tuple[str, ...]:
    kinds = tuple(one for one in (given or "").replace(" ", "").split(",") if one)
    for kind in kinds:
        if kind not in KINDS:
            raise Invalid(f"--pseudonyms {given}: there are none for {kind}.", f"There are: {', '.join(KINDS)}.")
    return kinds


def _chosen(store: Store, arguments: argparse.Namespace) -> list[StreamKey]:
    """The streams that were named; those of a category, or of the store, where none was."""
    if arguments.id and arguments.category is None:
        raise Invalid("--id goes with --category: both together name a stream.")
    keys = [StreamKey(arguments.category, id) for id in arguments.id]
    for one in arguments.also:
        category, slash, id = one.partition("/")
        if not slash or not category or not id:
            raise Invalid(f"--also {one}: it has to look like CATEGORY/ID.")
        keys.append(StreamKey(category, id))
    if not arguments.id and (arguments.category is not None or not arguments.also):
        keys = [info.key for info in streams_of(store, arguments.category)] + keys
    return list(dict.fromkeys(keys))


def _progress(done: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} events", end="", file=sys.stderr, flush=True)


VERBS: dict[str, Verb] = {"bundle": bundle}
