"""What snapshots are worth: comparing them with the events in detail, and how often they are to be taken."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from explorer import payload
from explorer.bundle import at_once
from explorer.cancellation import Cancellation
from explorer.cli.opening import opened, plugins
from explorer.cli.output import BOLD, DIM, GREEN, RED, Output, snapshot_row
from explorer.cli.reading import print_changes
from explorer.engine import saving
from explorer.engine.saving import require_snapshots
from explorer.errors import Invalid
from explorer.model import Json
from explorer.plugins import Loaded
from explorer.snapshot_plans import EVERY, Policy, take_due
from explorer.snapshot_plans import plan as made
from explorer.stores import Store

GOOD = ("identical", "older schema")  # verdicts on snapshots that do not make verifying fail


def verify(store: Store, domains: Loaded, arguments: argparse.Namespace, output: Output) -> int:
    """Each snapshot with where it differs from the replay, and what loading from it saves."""
    code = 0
    for snapshot in saving.chosen(store, arguments.category, arguments.id, arguments.version):
        found = saving.verify(store, domains, snapshot)
        good = found.verdict in GOOD
        code = code if good else 1
        output.line(
            {
                **snapshot_row(snapshot, found.verdict),
                "detail": found.detail or None,
                "differences": [
                    {"op": one.op, "path": one.path, "snapshot": one.before, "replay": one.after}
                    for one in found.differences
                ],
                "events_saved": found.events_saved,
                "seconds_full": payload.parse(f"{found.seconds_full:.6f}"),
                "seconds_snapshot": payload.parse(f"{found.seconds_snapshot:.6f}"),
            }
        )
        if output.json:
            continue
        output.text(f"{snapshot.category} {snapshot.id} v{snapshot.version}: {found.verdict}", GREEN if good else RED)
        if found.detail:
            output.text(f"  {found.detail}")
        if found.seconds_full:
            output.text(
                f"  loads in {_milliseconds(found.seconds_snapshot)} instead of {_milliseconds(found.seconds_full)},"
                f" reading {found.events_saved:,} events fewer",
                DIM,
            )
        if found.differences:
            output.printed = 0
            print_changes(output, list(found.differences))
            output.flush()
        output.printed = 1
    return code


def plan(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    """1 if a snapshot that was to be taken could not be."""
    if arguments.take and not arguments.every:
        raise Invalid("--take needs --every: how many events there may be after the newest snapshot.")
    domains = plugins(arguments).domains
    with opened(arguments, cancellation, writes=arguments.take) as store:
        if arguments.take:
            return _take(store, arguments, output)
        every = (arguments.every,) if arguments.every else EVERY
        found = at_once(made(store, domains, arguments.category, every))
    output.columns(">every", ">streams", ">due", ">snapshots", ">size", ">events read", ">at most", ">time to load")
    without = Policy(0, events=found.events, most=found.most, seconds=found.seconds)
    for policy in [without, *found.policies]:
        row: dict[str, Json] = {
            **asdict(policy),
            "size": round(policy.size),
            "seconds": payload.parse(f"{policy.seconds:.6f}"),
        }
        output.line(row)
        output.row(
            f"{policy.every}" if policy.every else "never", f"{policy.streams:,}", f"{policy.due:,}",
            f"{policy.snapshots:,}", f"{policy.size / 1000:,.1f} kB", f"{policy.events:,}", f"{policy.most:,}",
            _milliseconds(policy.seconds), style=BOLD if policy.every == found.declared and policy.every else "",
        )  # fmt: skip
    output.flush()
    now = f"The domain says every {found.declared}." if found.declared else "The domain says never."
    output.text(
        f"{found.streams:,} streams, each loaded once; times and sizes from {found.measured:,} that were measured."
        f" {now}"
    )
    if found.failed:
        output.text(f"{found.failed:,} of the streams to be measured could not be folded.", RED)
    return 0


def _take(store: Store, arguments: argparse.Namespace, output: Output) -> int:
    require_snapshots(store)
    code = 0
    output.columns("category", "id", ">version", "")
    for one in take_due(store, plugins(arguments).domains, arguments.every, arguments.category):
        if one is None:
            continue
        output.line(
            {
                "category": one.key.category,
                "id": one.key.id,
                "version": one.version,
                "problem": one.problem or None,
            }
        )
        code = 1 if one.problem else code
        what, style = (one.problem, RED) if one.problem else ("taken", "")
        output.row(one.key.category, one.key.id, f"{one.version}", what, style=style)
    output.flush()
    if not output.printed:
        output.text(f"No stream has {arguments.every:,} events or more after a snapshot that commands could use.")
    return code


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.2f} ms"
