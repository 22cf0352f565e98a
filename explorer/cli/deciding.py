"""The verb that says which command would have been accepted when: decisions."""

from __future__ import annotations

import argparse

from explorer import payload
from explorer.cancellation import Cancellation
from explorer.cli.opening import opened, plugins
from explorer.cli.output import GREEN, RED, YELLOW, Output
from explorer.cli.reading import Verb
from explorer.decision_map import ACCEPTED, NOTHING, UNKNOWN, DecisionMap, described
from explorer.engine.folding import claim
from explorer.errors import Invalid
from explorer.loading import events_of
from explorer.model import Json, StreamKey
from explorer.plugins import describe

_STYLES = {ACCEPTED: GREEN, NOTHING: GREEN, UNKNOWN: YELLOW}


def decisions(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    domains = plugins(arguments)
    key = StreamKey(arguments.category, arguments.id)
    with opened(arguments, cancellation) as store:
        domain, aggregate = claim(store, domains, key)
        if domain is None or aggregate is None:
            raise Invalid(f"No domain claims {key.category}/{key.id}: there are no commands to decide on.")
        texts = {
            field.name
            for command in describe(domain, aggregate).commands
            for field in command.fields
            if field.kind in ("text", "choice")
        }
        found = DecisionMap(aggregate, domain.upcast, _fields(arguments.fields, texts))
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


def _fields(given: list[str], texts: set[str]) -> dict[str, Json]:
    """The values of --set: texts as they are, everything else as JSON where it reads as such. Raises Invalid."""
    fields: dict[str, Json] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise Invalid(f"--set {one}: this is not FIELD=VALUE.")
        fields[name] = value if name in texts else _value(value)
    return fields


def _value(text: str) -> Json:
    try:
        return payload.parse(text)
    except Invalid:
        return text  # what the field wants is said where the command is built


VERBS: dict[str, Verb] = {"decisions": decisions}
