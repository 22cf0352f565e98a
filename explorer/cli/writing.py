"""The verbs that write, or decide what would be written: append, issue, snapshots."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from explorer import commands, payload
from explorer.cancellation import Cancellation
from explorer.cli import planning
from explorer.cli.opening import opened, plugins
from explorer.cli.output import DIM, GREEN, RED, YELLOW, Output, brief_when, snapshot_row
from explorer.cli.reading import Verb, event_columns, print_changes, print_event
from explorer.commands import Decision
from explorer.engine import saving
from explorer.engine.deciding import new_event, require_own
from explorer.engine.folding import claim
from explorer.engine.messages import EventDraft
from explorer.errors import Invalid, ReadOnly, Refused
from explorer.model import Aggregate, Domain, Event, Json, Snapshot, StreamKey
from explorer.plugins import Loaded, build_command, describe, named
from explorer.stores import Store


def append(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    domains = plugins(arguments)
    key = StreamKey(arguments.category, arguments.id)
    draft = EventDraft(arguments.type, _text_of(arguments.data), arguments.metadata or "{}", arguments.event_id or "")
    event = new_event(draft, commands.by_hand(arguments.reason or ""), 1)
    with opened(arguments, cancellation, writes=True) as store:
        stream = store.stream(key)
        found = stream.version if stream else 0
        written = store.append(key, found if arguments.expected is None else arguments.expected, [event])
        _print_events(output, written)
        domain, aggregate = claim(store, domains, key)
        if domain is not None and aggregate is not None:
            _say(output, commands.snapshot_if_due(store, domain, aggregate, key, found, written[-1].version))
    return 0


def _text_of(given: str) -> str:
    """The JSON text of --data: as given, of a file, or of standard input. Raises Invalid."""
    if given == "-":
        return sys.stdin.read()
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise Invalid(f"{given[1:]} cannot be read: {error}.") from None


def _print_events(output: Output, events: list[Event]) -> None:
    event_columns(output)
    for event in events:
        print_event(output, event)
    output.flush()


def _say(output: Output, note: str) -> None:
    if note:
        output.text(note, DIM)


# -- commands ----------------------------------------------------------------------------------------------------------


def issue(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    domains = plugins(arguments)
    found = named(domains.domains, arguments.aggregate)
    if found is None:
        known = [aggregate.name for domain in domains.domains for aggregate in domain.aggregates]
        raise Invalid(f"There is no aggregate {arguments.aggregate}.", f"There is: {', '.join(known)}.")
    domain, aggregate = found
    texts = text_fields(domain, aggregate, arguments.command)
    command = build_command(aggregate, arguments.command, fields_set(arguments.fields, texts))
    metadata = commands.by_hand(arguments.reason or "")
    with opened(arguments, cancellation, writes=not arguments.dry_run, foreign=True) as store:
        require_own(store, domains, aggregate, arguments.id)
        decision = commands.preview(store, domain, aggregate, arguments.id, command, metadata=metadata)
        if decision.refused:
            raise Refused(decision.refused)
        if arguments.dry_run or not store.info.writable:
            _print_events(output, _as_if_written(decision))
            _print_preview(output, decision)
            if not arguments.dry_run:
                raise ReadOnly(
                    f"Nothing was written: this store ({store.info.layout}) is open read-only.",
                    "Commands commit to our own store only; --dry-run shows them without this complaint.",
                )
            return 0
        written = commands.commit(store, decision.key, decision)
        if not written:
            output.text("Nothing to do: the command emits no event.")
            return 0
        _print_events(output, written)
        _print_preview(output, decision)
        last = written[-1].version
        _say(output, commands.snapshot_if_due(store, domain, aggregate, decision.key, decision.expected, last))
    return 0


def _print_preview(output: Output, decision: Decision) -> None:
    if output.json:
        return
    if not decision.events:
        output.text("Nothing to do: the command emits no event.")
    _say(output, f"decided on {decision.loaded}")
    if decision.error:
        output.text(f"⚠ {decision.error}", YELLOW)
    changes = Output(json=False, stream=output.stream)
    print_changes(changes, decision.changes)
    changes.flush()


def _as_if_written(decision: Decision) -> list[Event]:
    return [
        Event(
            decision.key.category,
            decision.key.id,
            version,
            None,
            event.type,
            payload.encode(event.data),
            payload.encode(dict(event.metadata)),
            event.event_id,
        )
        for version, event in enumerate(decision.events, decision.expected + 1)
    ]


def fields_set(given: Sequence[str], texts: Collection[str]) -> dict[str, Json]:
    """The values of --set: texts (the fields of these names) as they are, everything else as JSON where it reads as
    such. Raises Invalid."""
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


def text_fields(domain: Domain, aggregate: Aggregate, command: str | None = None) -> set[str]:
    """The names of the fields of this command (None: of every command) whose values are texts."""
    return {
        field.name
        for known in describe(domain, aggregate).commands
        if command in (None, known.name)
        for field in known.fields
        if field.kind in ("text", "choice")
    }


# -- snapshots ---------------------------------------------------------------------------------------------------------


def snapshots(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    if arguments.what == "plan":
        return planning.plan(arguments, output, cancellation)
    if (arguments.id is None) != (arguments.category is None) and arguments.id is not None:
        raise Invalid("--id goes with --category: both together name a stream.")
    domains = plugins(arguments)
    output.columns("category", "id", ">version", "taken", "verdict")
    with opened(arguments, cancellation, writes=arguments.what in ("take", "delete")) as store:
        code = _WHAT[arguments.what](store, domains, arguments, output)
    output.flush()
    if not output.printed:
        output.text("There are no such snapshots." if store.info.snapshots else "This store keeps no snapshots.")
    return code


def _print_snapshot(output: Output, snapshot: Snapshot, verdict: str | None = None, detail: str = "") -> None:
    output.line(snapshot_row(snapshot, verdict))
    shown = f"{verdict}: {detail}" if detail else verdict or ""
    style = "" if verdict is None else GREEN if verdict in planning.GOOD else RED
    output.row(
        snapshot.category, snapshot.id, f"{snapshot.version}", brief_when(snapshot.taken_at), shown, style=style
    )  # fmt: skip


def _list(store: Store, domains: Loaded, arguments: argparse.Namespace, output: Output) -> int:
    for snapshot in saving.chosen(store, arguments.category, arguments.id, arguments.version):
        _print_snapshot(output, snapshot)
    return 0


def _take(store: Store, domains: Loaded, arguments: argparse.Namespace, output: Output) -> int:
    key = StreamKey(arguments.category, arguments.id)
    _print_snapshot(output, saving.take(store, domains, key, arguments.version))
    return 0


def _verify(store: Store, domains: Loaded, arguments: argparse.Namespace, output: Output) -> int:
    if arguments.differences:
        return planning.verify(store, domains, arguments, output)
    code = 0
    for snapshot in saving.chosen(store, arguments.category, arguments.id, arguments.version):
        found = saving.verify(store, domains, snapshot)
        _print_snapshot(output, snapshot, found.verdict, found.detail)
        code = code if found.verdict in planning.GOOD else 1
    return code


def _delete(store: Store, domains: Loaded, arguments: argparse.Namespace, output: Output) -> int:
    key = StreamKey(arguments.category, arguments.id)
    snapshot = store.snapshot(key, arguments.version)
    if snapshot is None:
        raise Invalid(f"{key.category}/{key.id} has no snapshot at version {arguments.version}.")
    store.delete_snapshot(key, arguments.version)
    _print_snapshot(output, snapshot)
    return 0


_WHAT = {"list": _list, "take": _take, "verify": _verify, "delete": _delete}

VERBS: dict[str, Verb] = {"append": append, "issue": issue, "snapshots": snapshots}
