"""The verb that says which command would have been accepted when: decisions."""

from __future__ import annotations

import argparse

from explorer.cancellation import Cancellation
from explorer.cli.opening import opened, plugins
from explorer.cli.output import GREEN, RED, YELLOW, Output
from explorer.cli.reading import Verb
from explorer.cli.writing import fields_set, text_fields
from explorer.decision_map import ACCEPTED, NOTHING, UNKNOWN, DecisionMap, described
from explorer.engine.folding import claim
from explorer.errors import Invalid
from explorer.loading import events_of
from explorer.model import StreamKey

_STYLES = {ACCEPTED: GREEN, NOTHING: GREEN, UNKNOWN: YELLOW}


def decisions(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    domains = plugins(arguments)
    key = StreamKey(arguments.category, arguments.id)
    with opened(arguments, cancellation) as store:
        domain, aggregate = claim(store, domains, key)
        if domain is None or aggregate is None:
            raise Invalid(f"No domain claims {key.category}/{key.id}: there are no commands to decide on.")
        texts = text_fields(domain, aggregate)
        found = DecisionMap(aggregate, domain.upcast, fields_set(arguments.fields, texts))
        found.extend(events_of(store, key))
    if not found.version:
        raise Invalid(f"There is no stream {key.category}/{key.id} in this store.")
    wanted = arguments.command
    if wanted is not None and wanted not in found.runs:
        raise Invalid(f"{aggregate.name} has no command {wanted}.", f"It has: {', '.join(found.runs)}.")
    output.columns("command", ">versions", "verdict", "since")
    for name, runs in found.runs.items():
        if wanted not in (None, name):
            continue
        for run in runs:
            output.line(
                {
                    "command": name,
                    "from": run.first,
                    "to": run.last,
                    "verdict": run.verdict,
                    "why": run.why or None,
                    "type": run.type or None,
                    "last": run is runs[-1],
                }
            )
            versions = f"v{run.first}" if run.first == run.last else f"v{run.first}–{run.last}"
            since = f"v{run.first} {run.type}" if run.type else "the beginning"
            output.row(name, versions, described(run), since, style=_STYLES.get(run.verdict, RED))
    return 0


VERBS: dict[str, Verb] = {"decisions": decisions}
