"""The verb simulate: orders at a rate, with a line each second of how far it is, and a summary at the end."""

from __future__ import annotations

import argparse
import sys
import threading
from dataclasses import asdict

from explorer.cancellation import Cancellation
from explorer.cli.interrupts import interrupts
from explorer.cli.opening import opened
from explorer.cli.output import YELLOW, Output
from explorer.cli.reading import Verb
from explorer.simulate import Summary
from explorer.simulate import simulate as run_simulation


def simulate(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    def asked() -> None:
        """Ctrl+C sets the flag and nothing else, so that the summary is still printed; a second one ends it at once."""
        if cancellation.cancelled:
            raise KeyboardInterrupt
        # In a thread, for the lock inside of it may be held by what the signal has interrupted.
        threading.Thread(target=cancellation.cancel, name="cancelling").start()

    # Whatever is not our own is opened read-only, so that it is the simulation that says why it cannot be.
    with opened(arguments, cancellation, writes=True, foreign=True) as store, interrupts(asked):
        summary = run_simulation(
            store,
            arguments.rate,
            arguments.seconds,
            cancellation,
            arguments.seed,
            None if output.json else _progress,
        )
    output.line(asdict(summary))
    _print(output, summary)
    cancellation.check()
    return 0


def _progress(so_far: Summary) -> None:
    behind = f", {so_far.behind:,} behind" if so_far.behind > 1 else ""
    lost = f", {so_far.lost:,} times lost" if so_far.lost else ""
    print(
        f"{so_far.seconds:.0f} s: {so_far.orders:,} orders ({so_far.orders_per_second:,.1f}/s{behind}{lost}), "
        f"{so_far.refused:,} refused, {so_far.conflicts:,} conflicts, {so_far.events:,} events, "
        f"late p95 {so_far.late_p95_ms:,.1f} ms",
        file=sys.stderr,
        flush=True,
    )


def _print(output: Output, summary: Summary) -> None:
    output.columns("", "")
    output.row("run", f"{summary.run} (seed {summary.seed}), {summary.seconds:,.1f} s")
    output.row("orders", f"{summary.orders:,} of {summary.due:,} that were due")
    output.row("orders/s", f"{summary.orders_per_second:,.1f} of {summary.rate:,g}")
    output.row("commands", f"{summary.commands:,}")
    output.row("refused", f"{summary.refused:,}")
    output.row("conflicts", f"{summary.conflicts:,}")
    output.row("lost", f"{summary.lost:,}")
    output.row("events", f"{summary.events:,}")
    late = (summary.late_p50_ms, summary.late_p95_ms, summary.late_max_ms)
    output.row("late", "p50 {:,.1f} ms, p95 {:,.1f} ms, max {:,.1f} ms".format(*late))
    if summary.behind > 1:
        output.text(f"The rate was not kept: {summary.behind:,} orders that were due were not issued.", YELLOW)


VERBS: dict[str, Verb] = {"simulate": simulate}
