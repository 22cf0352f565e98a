"""The verbs that ask what if, and what is different: what-if and compare. Neither writes to the store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from explorer import branches, payload
from explorer.branches import (
    AnyEdit,
    Arranged,
    Branch,
    Edit,
    Insert,
    Move,
    Skip,
    Truncate,
    arrange,
)
from explorer.cancellation import Cancellation
from explorer.cli.opening import opened, plugins
from explorer.cli.output import BOLD, RED, YELLOW, Output
from explorer.cli.reading import Verb, print_changes
from explorer.commands import compensation
from explorer.comparing import align, ends_differently
from explorer.engine.folding import claim
from explorer.errors import Invalid
from explorer.given_when_then import Expected, exported
from explorer.loading import events_of
from explorer.lockstep import Lockstep, fold_both
from explorer.model import Event, Json, StreamKey
from explorer.plugins import Claim, aggregate_for
from explorer.stores import Store

# -- what if -----------------------------------------------------------------------------------------------------------


def what_if(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    domains = plugins(arguments)
    key = StreamKey(arguments.category, arguments.id)
    with opened(arguments, cancellation) as store:
        events = _stream(store, key)
        domain, aggregate = claim(store, domains, key)
        identity = store.info.identity
        others, branch = _begun(arguments, identity)
        for kind, given in arguments.edits:
            branch = branch.edited(_edit(kind, given, events))
        if arguments.compensate:
            return _compensate(output, store, (domain, aggregate), arrange(branch, events), events)
    both = fold_both(branch, events, aggregate, domain.upcast if domain else None)
    _print(output, both, events)
    if arguments.export:
        _export(arguments, key, both, events)
    if arguments.name:
        try:
            branches.keep(identity, (*others, branch))
        except OSError as error:
            raise Invalid(f"The branch cannot be kept: {error}") from error
    return 1 if both.branch.errors else 0


def _begun(arguments: argparse.Namespace, identity: str) -> tuple[list[Branch], Branch]:
    """The other branches that are kept, and the one of this name; a new one if there is none."""
    name, place = arguments.name or "", (arguments.category, arguments.id)
    known = list(branches.kept(identity)) if name else []
    found = [one for one in known if (one.name, one.category, one.id) == (name, *place)]
    return [one for one in known if one not in found], found[0] if found else Branch(name, *place)


def _stream(store: Store, key: StreamKey) -> list[Event]:
    events = list(events_of(store, key))
    if not events:
        raise Invalid(f"There is no stream {key.category}/{key.id} in this store.")
    return events


def _edit(kind: str, given: str, events: Sequence[Event]) -> AnyEdit:
    """An edit as it is typed. Raises Invalid."""
    if kind in ("skip", "truncate"):
        return Skip(_line(given, events)) if kind == "skip" else Truncate(_line(given, events))
    if kind == "move":
        what, _, before = given.partition(":")
        return Move(_line(what, events), _before(before, events))
    head, equals, data = given.partition("=")
    where, _, type_name = head.partition(":")
    if not equals or (kind == "insert" and not type_name):
        raise Invalid(f"--{kind} {given}: it has to look like {'N:TYPE=JSON' if kind == 'insert' else 'N=JSON'}.")
    if kind == "insert":
        return Insert(_before(where, events), type_name, data)
    line = _line(where, events)
    return Edit(line, type_name or events[line].type, data)


def _before(text: str, events: Sequence[Event]) -> int | None:
    return None if text == "end" else _line(text, events)


def _line(text: str, events: Sequence[Event]) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 19:
        for ordinal, event in enumerate(events):
            if event.version == int(text):
                return ordinal
    raise Invalid(f"The stream has no version {text or '(none was given)'}.")


def _print(output: Output, both: Lockstep, events: Sequence[Event]) -> None:
    output.columns("", ">stored", "", ">branch", "", "how")
    made = both.events(events)
    for index, row in enumerate(both.rows):
        base = None if row.base is None else events[row.base]
        branch = None if row.branch is None else made[row.branch]
        error = both.error(index) or None
        line: dict[str, Json] = {
            "version": base.version if base else None,
            "type": base.type if base else None,
            "branch_version": branch.version if branch else None,
            "branch_type": branch.type if branch else None,
            "how": row.how or None,
            "diverges": index == both.diverges,
            "error": error,
        }
        output.line(line)
        first = "◀ the states differ from here on" if index == both.diverges else ""
        output.row(
            "⚠" if error else "≠" if index == both.diverges else "",
            f"v{base.version}" if base else "–", base.type if base else "",
            f"v{branch.version}" if branch else "–", branch.type if branch else "",
            "  ".join(filter(None, (row.how, error or "", first))),
            style=RED if error else YELLOW if row.how else "",
        )  # fmt: skip
    output.flush()
    if output.json:
        return
    changes = both.end
    output.text("")
    output.text("The end as stored → the end of the branch (not in the store)", BOLD)
    if changes:
        output.printed = 0
        print_changes(output, changes)
    else:
        output.text("Nothing differs.")


def _compensate(output: Output, store: Store, who: Claim, arranged: Arranged, events: Sequence[Event]) -> int:
    """What the domain would do now about the events that the branch goes without. A preview: nothing is written."""
    domain, aggregate = who
    output.columns(">version", "type", "command", "it would append")
    for row in arranged.rows:
        if row.how not in ("skipped", "cut off") or row.base is None or domain is None or aggregate is None:
            continue
        event = events[row.base]
        found = compensation(store, domain, aggregate, event)
        if found is None:
            output.row(f"v{event.version}", event.type, "", "the domain declares no command for it", style=YELLOW)
            continue
        command, decision = found
        output.line(
            {
                "version": event.version,
                "type": event.type,
                "command": type(command).__name__,
                "fields": payload.to_json(command),
                "refused": decision.refused or None,
                "events": [{"type": one.type, "data": one.data} for one in decision.events],
            }
        )
        appended = ", ".join(one.type for one in decision.events) or "nothing"
        fields = payload.one_line(payload.to_json(command), 60)
        output.row(
            f"v{event.version}", event.type, f"{type(command).__name__} {fields}",
            f"refused: {decision.refused}" if decision.refused else appended,
        )  # fmt: skip
    output.flush()
    output.text("Nothing was written: this is what the commands would do now.")
    return 0


def _export(arguments: argparse.Namespace, key: StreamKey, both: Lockstep, events: Sequence[Event]) -> None:
    expected = []
    for one in arguments.expect:
        path, equals, value = one.partition("=")
        if not equals or (path and not path.startswith("/")):
            raise Invalid(f"--expect {one}: it has to look like /PATH=JSON.")
        expected.append(Expected(path, payload.parse(value)))
    if not expected:
        expected = [Expected("", both.branch.state(both.branch.count - 1))]
    files = [str(Path(file).resolve()) for file in arguments.plugin]
    text = exported(key, both.events(events), expected, plugins=files)
    try:
        Path(arguments.export).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid(f"The test cannot be written: {error}") from error


# -- compare -----------------------------------------------------------------------------------------------------------


def compare(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    if arguments.against and not arguments.id and not arguments.other:
        return _code(arguments, output, cancellation)
    if not arguments.id or not arguments.other or arguments.against:
        raise Invalid("Give --id and --with to compare two streams, or --against to compare two plug-ins.")
    with opened(arguments, cancellation) as store:
        ours, theirs = (_stream(store, StreamKey(arguments.category, id)) for id in (arguments.id, arguments.other))
    output.columns("", f">{arguments.id}"[:40], "", f">{arguments.other}"[:40], "")
    for pair in align(ours, theirs):
        one = None if pair.one is None else ours[pair.one]
        other = None if pair.other is None else theirs[pair.other]
        output.line(
            {
                "version": one.version if one else None,
                "type": one.type if one else None,
                "other_version": other.version if other else None,
                "other_type": other.type if other else None,
            }
        )
        output.row(
            "−" if other is None else "+" if one is None else "",
            f"v{one.version}" if one else "–", one.type if one else "",
            f"v{other.version}" if other else "–", other.type if other else "",
            style="" if one and other else YELLOW,
        )  # fmt: skip
    return 0


def _code(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    """1 if any stream ends differently."""
    one = aggregate_for(plugins(arguments).domains, arguments.category) or (None, None)
    against = argparse.Namespace(plugin=[arguments.against])
    other = aggregate_for(plugins(against).domains, arguments.category) or (None, None)
    if one[1] is None and other[1] is None:
        raise Invalid(f"Neither plug-in claims the category {arguments.category}.")
    output.columns("id", ">version", "first event", ">changes", "error")
    looked = differing = 0

    def progress(done: int) -> None:
        nonlocal looked
        looked = done
        if sys.stderr.isatty() and done % 100 == 0:
            print(f"\r{done:,} streams", end="", file=sys.stderr, flush=True)

    with opened(arguments, cancellation) as store:
        for found in ends_differently(store, arguments.category, one, other, cancellation, progress):
            differing += 1
            output.line(
                {
                    "category": found.key.category,
                    "id": found.key.id,
                    "version": found.version,
                    "type": found.type or None,
                    "changes": [change.path for change in found.changes],
                    "error": found.errors[0] or None,
                    "other_error": found.errors[1] or None,
                }
            )
            errors = " | ".join(filter(None, found.errors))
            output.row(found.key.id, f"v{found.version}", found.type, f"{len(found.changes)}", errors)
    output.flush()
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    output.text(f"{differing:,} of {looked:,} streams end differently.", BOLD)
    return 1 if differing else 0


VERBS: dict[str, Verb] = {"what-if": what_if, "compare": compare}
