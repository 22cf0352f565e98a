"""The verb that asks why: trace."""

from __future__ import annotations

import argparse
from datetime import timedelta

from explorer.cancellation import Cancellation
from explorer.causality import Chain, find, trace
from explorer.causation import event_identity
from explorer.cli.opening import opened
from explorer.cli.output import BOLD, YELLOW, Output, brief_when, position_json, when
from explorer.engine.folding import position_text
from explorer.errors import ExplorerError, Invalid
from explorer.mermaid import mermaid, span
from explorer.model import DomainEvent

_DEEPEST = 40  # levels that are indented


def trace_verb(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    """Raises Invalid for two forms at once, ExplorerError (exit code 1) for an event that is not there."""
    if arguments.mermaid and arguments.json:
        raise Invalid("--mermaid and --json are two forms of the same: give one of them.")
    with opened(arguments, cancellation) as store:
        event = find(store, arguments.event)
        if event is None:
            raise ExplorerError(
                f"There is no event {arguments.event!r} in this store.",
                "The verb events shows the ids; an event without one is named Category/id/version.",
            )
        chain = trace(store, event, cancellation)
    if arguments.mermaid:
        output.text(mermaid(chain).removesuffix("\n"))
        return 0
    asked = (event.category, event.id, event.version)
    output.columns("time", ">Δ", "event", "stream", ">version", ">position", "why")
    times = {event_identity(one): one.recorded_at for one in chain.events}
    for depth, one, link in chain.tree():
        identity = event_identity(one)
        output.line(
            {
                "event_id": identity,
                "position": position_json(one.position),
                "category": one.category,
                "id": one.id,
                "version": one.version,
                "type": one.type,
                "recorded_at": when(one.recorded_at),
                "cause": link.cause_event_id if link else None,
                "link": None if link is None else "recorded" if link.recorded else "inferred",
            }
        )
        before = times.get(link.cause_event_id) if link else None
        gap = "" if before is None or one.recorded_at is None else _gap(one.recorded_at - before)
        sign = "" if link is None else "└─ " if link.recorded else "└┄ "
        output.row(
            brief_when(one.recorded_at), gap, "   " * (min(depth, _DEEPEST) - 1) + sign + one.type, _stream(one),
            f"{one.version}", "" if one.position is None else position_text(one.position),
            "" if link is None else link.why if link.recorded else f"inferred: {link.why}",
            style=BOLD if (one.category, one.id, one.version) == asked else "",
        )  # fmt: skip
    output.text(_looked(chain), YELLOW if chain.cut else "")
    return 0


def _stream(event: DomainEvent) -> str:
    return f"{event.category} {event.id}".strip()


def _gap(gap: timedelta) -> str:
    if gap < timedelta():
        return f"−{_gap(-gap)[1:]}"
    seconds = gap.total_seconds()
    if seconds >= 60:
        return f"+{span(gap)}"
    return f"+{seconds:.1f} s" if seconds >= 1 else f"+{seconds * 1000:.0f} ms"


def _looked(chain: Chain) -> str:
    """What was looked at, as a sentence."""
    stretches = []
    for looked in chain.looked:
        ends = [position_text(end) for end in (looked.first, looked.last) if end is not None]
        where = f" at positions {ends[0]} to {ends[-1]}" if ends else ""
        stretches.append(f"{looked.events:,} event{'' if looked.events == 1 else 's'}{where}")
    if not stretches:
        return "The log ends with this event."
    more = " There are more, which may belong to it." if chain.cut else ""
    return f"Looked through {' and '.join(stretches)}.{more}"


VERBS = {"trace": trace_verb}
