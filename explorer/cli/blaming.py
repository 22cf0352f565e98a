"""The verb that says who wrote a value: blame."""

from __future__ import annotations

import argparse
from itertools import islice

from explorer import payload
from explorer.blame import MISSING, Writing, followed, text_of, track_of, writings
from explorer.cancellation import Cancellation
from explorer.causation import said
from explorer.cli.opening import opened, plugins
from explorer.cli.output import BOLD, GREEN, RED, YELLOW, Output, brief_when, when
from explorer.cli.reading import Verb, folded, ordinal_of
from explorer.engine.folding import Folding
from explorer.fold import Metadata
from explorer.stores import Store


def blame(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    """1 if no event ever wrote there."""
    domains = plugins(arguments)
    with opened(arguments, cancellation) as store:
        folding = folded(store, domains, arguments.category, arguments.id)
        upto = folding.read - 1 if arguments.version is None else ordinal_of(folding, arguments.version)
        track = track_of(folding.replay.state(upto), arguments.path)
        found = (one for one in writings(folding.replay, track, upto) if one is not None)
        rows = list(islice(found, arguments.limit or None))
        output.columns(">version", "when", "type", "command", "correlation", "what")
        for writing in rows:
            _print(output, store, folding, writing)
        output.flush()
        more = "" if next(found, None) is None else ", and more before it"
        text = text_of(track) or "The whole state"
        output.text(f"{text}: {_sentence(folding, rows, followed(folding.replay.state(upto), track))}{more}.", BOLD)
    return 0 if rows else 1


def _print(output: Output, store: Store, folding: Folding, writing: Writing) -> None:
    version = folding.version(writing.ordinal)
    event = store.event(folding.key, version)
    origin = said(Metadata(event.metadata) if event is not None else None)
    before, after = (None if value is MISSING else value for value in (writing.before, writing.after))
    output.line(
        {
            "version": version,
            "type": event.type if event else None,
            "recorded_at": when(event.recorded_at) if event else None,
            "command": origin.command,
            "correlation": origin.correlation,
            "op": writing.op,
            "before": before,
            "after": after,
        }
    )
    old, new = payload.one_line(before, 50), payload.one_line(after, 50)
    what, style = {
        "add": (f"+ {new}", GREEN),
        "remove": (f"− {old}", RED),
        "replace": (f"{old} → {new}", YELLOW),
    }[writing.op]
    recorded = event.recorded_at if event else None
    output.row(
        f"v{version}", brief_when(recorded), event.type if event else "", origin.command or "",
        origin.correlation or "", what, style=style,
    )  # fmt: skip


def _sentence(folding: Folding, rows: list[Writing], now: object) -> str:
    if not rows:
        return "there is nothing, and never was" if now is MISSING else "never written; it began with this value"
    last = f"v{folding.version(rows[0].ordinal)}"
    times = f"written {len(rows)} time{'' if len(rows) == 1 else 's'}"
    return f"{times}, removed by {last}" if now is MISSING else f"{times}, last by {last}"


VERBS: dict[str, Verb] = {"blame": blame}
