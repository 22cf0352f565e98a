"""The verbs that look: info, streams, events, state, diff, tail, check."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from explorer import payload
from explorer.cancellation import Cancellation
from explorer.cli.opening import opened, plugins, position_of
from explorer.cli.output import (
    BOLD,
    GREEN,
    RED,
    YELLOW,
    Output,
    brief_when,
    event_row,
    position_json,
    stream_row,
)
from explorer.diff import Change, diff
from explorer.engine.folding import Folding, position_text
from explorer.errors import Invalid
from explorer.loading import events_of, streams_of
from explorer.model import Event, EventQuery, Json, StreamKey
from explorer.plugins import Loaded, aggregate_for
from explorer.stores import Store
from explorer.stores.conformance import check as check_store
from explorer.stores.event_lists import glob

PAGE = 500

T = TypeVar("T")

Verb = Callable[[argparse.Namespace, Output, Cancellation], int]


def info(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    with opened(arguments, cancellation) as store:
        known = store.info
        head = store.head()
    row: dict[str, Json] = {
        "layout": known.layout,
        "title": known.title,
        "dialect": known.dialect,
        "writable": known.writable,
        "ordered": known.ordered,
        "snapshots": known.snapshots,
        "head": position_json(head),
    }
    output.line(row)
    output.columns("", "")
    for name, value in row.items():
        shown = "yes" if value is True else "no" if value is False else "none" if value is None else str(value)
        output.row(name, position_text(head) if name == "head" and head is not None else shown)
    if known.notice:
        output.text(known.notice, YELLOW)
    return 0


def streams(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    output.columns("category", "id", ">version", ">events", "first", "last")
    with opened(arguments, cancellation) as store:
        for stream in limited(streams_of(store, arguments.category, arguments.find), arguments.limit):
            if stream.events is None or (stream.first_at is None and stream.version):
                stream = store.stream(stream.key) or stream
            output.line(stream_row(stream))
            output.row(
                stream.category, stream.id, f"{stream.version}", "" if stream.events is None else f"{stream.events}",
                brief_when(stream.first_at), brief_when(stream.last_at),
            )  # fmt: skip
    output.flush()
    if not output.printed:
        output.text("No streams match." if arguments.find or arguments.category else "The store has no streams yet.")
    return 0


def limited(rows: Iterable[T], limit: int) -> Iterable[T]:
    """The first so many; 0 is all."""
    return itertools.islice(rows, limit) if limit else rows


def events(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    if arguments.id is not None and arguments.category is None:
        raise Invalid("--id goes with --category: both together name a stream.")
    event_columns(output)
    with opened(arguments, cancellation) as store:
        found = _of_stream(store, arguments) if arguments.id is not None else _of_store(store, arguments)
        for event in limited(found, arguments.limit):
            print_event(output, event)
    output.flush()
    if not output.printed:
        output.text("No events match.")
    return 0


def _of_store(store: Store, arguments: argparse.Namespace) -> Iterator[Event]:
    after = None if arguments.after is None else position_of(arguments.after)
    size = min(PAGE, arguments.limit or PAGE)
    while True:
        page = store.events(EventQuery(arguments.category, arguments.type, after=after, limit=size))
        yield from page.rows
        if page.next is None:
            return
        after = page.next


def _of_stream(store: Store, arguments: argparse.Namespace) -> Iterator[Event]:
    after = None if arguments.after is None else position_of(arguments.after)
    wanted = None if arguments.type is None else glob(arguments.type)
    for event in events_of(store, StreamKey(arguments.category, arguments.id)):
        if wanted is not None and wanted.fullmatch(event.type) is None:
            continue
        try:
            if after is not None and (event.position is None or event.position <= after):  # type: ignore[operator]
                continue
        except TypeError:
            raise Invalid(f"{arguments.after} is not a position of this store, such as {event.position}.") from None
        yield event


def event_columns(output: Output, *more: str) -> None:
    """Begin a table of events."""
    output.columns(">position", "time", "category", "id", ">version", "type", *more, "data")


def print_event(output: Output, event: Event, *more: str, late: bool | None = None, style: str = "") -> None:
    row = event_row(event)
    output.line(row if late is None else {**row, "late": late})
    problem = f"⚠ {row['problem']}" if row["problem"] else ""
    output.row(
        "" if event.position is None else position_text(event.position), brief_when(event.recorded_at), event.category,
        event.id, f"{event.version}", event.type, *more, problem or payload.one_line(row["data"]),
        style=style or (YELLOW if problem else ""),
    )  # fmt: skip


def folded(store: Store, domains: Loaded, category: str, id: str) -> Folding:
    """The whole stream, folded. Raises Invalid when there is no such stream."""
    claim = aggregate_for(domains.domains, category)
    folding = Folding(StreamKey(category, id), *(claim or (None, None)))
    while folding.advance(store):
        pass
    if not folding.read:
        raise Invalid(f"There is no stream {category}/{id} in this store.")
    return folding


def ordinal_of(folding: Folding, version: int) -> int:
    """Of the event at this version. Raises Invalid when the stream has not come so far."""
    last = folding.version(folding.read - 1)
    if version > last:
        raise Invalid(f"The stream is at version {last}; there is no version {version}.")
    return folding.ordinal(version)


def state(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    domains = plugins(arguments)
    with opened(arguments, cancellation) as store:
        folding = folded(store, domains, arguments.category, arguments.id)
    last = folding.read - 1
    ordinal = last if arguments.version is None else ordinal_of(folding, arguments.version)
    value = folding.replay.state(ordinal)
    failed = [(n, text) for n, text in folding.replay.errors.items() if n <= ordinal]
    error = f"At version {folding.version(failed[-1][0])}: {failed[-1][1]}" if failed else None
    name = folding.aggregate.name if folding.aggregate else None
    version = folding.version(ordinal)
    output.line(
        {
            "category": arguments.category,
            "id": arguments.id,
            "version": version,
            "state": value,
            "error": error,
            "aggregate": name,
        }
    )
    how = f"as {name}" if name else "merged payloads: no domain claims this category"
    output.text(f"{arguments.category}/{arguments.id} at version {version} of {folding.version(last)}, {how}", BOLD)
    if folding.replay.incomplete:
        output.text(folding.replay.incomplete, YELLOW)
    output.text(payload.pretty(value))
    for ordinal, text in failed[-5:]:
        output.text(f"⚠ version {folding.version(ordinal)}: {text}", RED)
    return 1 if error else 0


def diff_verb(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    domains = plugins(arguments)
    with opened(arguments, cancellation) as store:
        folding = folded(store, domains, arguments.category, arguments.id)
    before, after = (ordinal_of(folding, version) for version in (arguments.before, arguments.after))
    changes = diff(folding.replay.state(before), folding.replay.state(after))
    print_changes(output, changes)
    output.flush()
    if not changes:
        output.text("Nothing differs.")
    return 0


_SIGNS = {"add": ("+", GREEN), "remove": ("−", RED), "replace": ("~", YELLOW), "move": (">", YELLOW)}


def print_changes(output: Output, changes: list[Change]) -> None:
    output.columns("", "path", "what")
    for change in changes:
        output.line(
            {
                "op": change.op,
                "path": change.path,
                "from": change.origin or None,
                "key": change.key or None,
                "before": change.before,
                "after": change.after,
            }
        )
        sign, style = _SIGNS[change.op]
        before, after = payload.one_line(change.before, 60), payload.one_line(change.after, 60)
        what = {
            "add": after,
            "remove": before,
            "replace": f"{before} → {after}",
            "move": f"from {change.origin}",
        }[change.op]
        output.row(sign, change.path or "(all)", f"[{change.key}]  {what}" if change.key else what, style=style)


def check(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    output.columns(" " * len("FAILED"), f"{'property':16}", "detail")  # as wide as needed: each comes when it is known
    good = True
    with opened(arguments, cancellation) as store:
        for found in check_store(store):
            good = good and found.ok
            output.line({"name": found.name, "ok": found.ok, "detail": found.detail})
            output.row("ok" if found.ok else "FAILED", found.name, found.detail, style=GREEN if found.ok else RED)
            output.flush()
    return 0 if good else 1


VERBS: dict[str, Verb] = {
    "info": info,
    "streams": streams,
    "events": events,
    "state": state,
    "diff": diff_verb,
    "check": check,
}
