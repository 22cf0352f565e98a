"""The verb that judges reducers: purity."""

from __future__ import annotations

import argparse

from explorer import payload
from explorer.cancellation import Cancellation
from explorer.cli.opening import opened, plugins, spec_of
from explorer.cli.output import RED, Output
from explorer.cli.reading import limited
from explorer.errors import Invalid
from explorer.loading import streams_of
from explorer.model import StreamKey
from explorer.plugins import aggregate_for
from explorer.purity import RUNS, check
from explorer.stores import Store

_SHOWN = 3  # differences of a finding that are listed


def purity_verb(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    """Exit code 1 if something is wrong. Raises Invalid where no domain folds anything of this store."""
    if arguments.id is not None and arguments.category is None:
        raise Invalid("An id alone names no stream.", "Give its --category as well.")
    domains = plugins(arguments).domains
    found = 0
    with opened(arguments, cancellation) as store:
        if arguments.id is not None:
            keys = [StreamKey(arguments.category, arguments.id)]
        else:
            keys = _some(store, arguments.category, arguments.limit)
        keys = [key for key in keys if aggregate_for(domains, key.category) is not None]
        if not keys:
            raise Invalid("No domain claims a stream of these.", "Give the one whose reducers are meant by --plugin.")
        output.columns("what", "stream", ">version", "why", "difference")
        for one in check(store, spec_of(arguments), arguments.plugin, keys, cancellation):
            found += 1
            output.line(
                {
                    "kind": one.kind,
                    "category": one.key.category,
                    "id": one.key.id,
                    "version": one.version,
                    "why": one.sentence,
                    "differences": [
                        {"path": change.path, "one": change.before, "other": change.after} for change in one.differences
                    ],
                }
            )
            difference = "; ".join(
                f"{change.path} {payload.one_line(change.before, 40)} | {payload.one_line(change.after, 40)}"
                for change in one.differences[:_SHOWN]
            )
            output.row(
                one.kind, f"{one.key.category} {one.key.id}", f"{one.version}", one.sentence, difference, style=RED
            )
    runs = " and with ".join(how.name for how in RUNS)
    streams = f"{len(keys)} stream{'' if len(keys) == 1 else 's'}"
    verdict = f"{found} finding{'' if found == 1 else 's'}" if found else "nothing is wrong"
    output.text(f"{streams} folded with {runs}: {verdict}.")
    return 1 if found else 0


def _some(store: Store, category: str | None, limit: int) -> list[StreamKey]:
    """The first so many streams of a category, or those of the store that changed last; 0 is all."""
    if category is None and limit:
        return [info.key for info in store.recent_streams(limit)]
    return [info.key for info in limited(streams_of(store, category), limit)]


VERBS = {"purity": purity_verb}
