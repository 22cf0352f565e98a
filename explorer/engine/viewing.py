"""Read models: rebuilding one, and comparing its rows with what the events make."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from explorer.cancellation import Cancellation
from explorer.engine.messages import CheckRows, Done, Drifted, DriftRow, Progress, RebuildRows
from explorer.engine.text import value_text
from explorer.engine.turns import Turn
from explorer.plugins import Loaded
from explorer.projecting import read_model
from explorer.read_models import Difference, Rebuild, checking
from explorer.stores import Store

SHOWN = 200  # differing rows that cross


def rebuild_rows(
    store: Store, domains: Loaded, ask: RebuildRows, cancellation: Cancellation, again: Callable[[], Store]
) -> Turn:
    """`again` opens the store once more, for what is to be done although it was cancelled."""
    yield None
    work = Rebuild(store, *read_model(domains.domains, ask.name), cancellation)
    try:
        steps = work.run()
        while True:
            try:
                progress = next(steps)
            except StopIteration as stop:
                done = stop.value
                break
            yield Progress(progress.position, progress.head, "Rebuilding")
    except BaseException:
        with closing(again()) as other:
            work.abandon(other)
        raise
    left_out = f", {done.parked:,} of them parked" if done.parked else ""
    return Done(f"{ask.name} rebuilt from {done.events:,} events{left_out}.")


def check_rows(store: Store, domains: Loaded, ask: CheckRows, cancellation: Cancellation) -> Turn:
    yield None
    steps = checking(store, *read_model(domains.domains, ask.name), cancellation)
    while True:
        try:
            progress = next(steps)
        except StopIteration as stop:
            found = stop.value
            break
        yield Progress(progress.position, progress.head, "Checking")
    return Drifted(
        position=found.position or 0,
        rows=found.rows,
        differing=found.differing,
        differences=tuple(map(_row, found.differences[:SHOWN])),
        notice=found.notice,
    )


def _row(found: Difference) -> DriftRow:
    columns = tuple(
        (name, value_text((found.stored or {}).get(name)), value_text((found.fresh or {}).get(name)))
        for name in found.columns
    )
    return DriftRow(found.table, tuple(map(str, found.key)), found.kind, columns)
