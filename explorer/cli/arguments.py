"""The verbs and their options: one table from which the parser, `--help` and the shorthands follow."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Sequence

from explorer import __version__
from explorer.cli.debugging_arguments import add_debugging
from explorer.cli.options import (
    Formatter,
    Verbs,
    above_zero,
    add_limit,
    add_opening,
    add_output,
    add_store_verb,
    add_stream,
    add_verb,
    seconds_of,
    whole_number,
)

PROGRAM = "event-store-explorer"

VERBS = (
    *("gui", "demo", "story", "info", "streams", "events", "state", "diff", "trace", "tail"),
    *("blame", "compare", "what-if", "purity", "watch", "violations", "decisions", "notes", "bundle"),
    *("append", "issue", "snapshots", "services", "read-models", "simulate", "check"),
)

EPILOG = """\
URL is a SQLite file, sqlite:FILE or postgresql://USER@HOST:PORT/DATABASE. A password is taken from the URL, from
PGPASSWORD, or asked for. Stores are opened read-only unless --writable is given or the verb writes.

exit codes: 0 done · 1 refused, a conflict, or a check failed · 2 wrong usage · 3 the store cannot be opened or read ·
130 interrupted
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Open an event store, look at it, replay it, write to it, watch it live. No verb: the window.",
        epilog=EPILOG,
        formatter_class=Formatter,
    )
    whole.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    whole.add_argument("--selftest", action="store_true", help="check this installation from inside, and exit")
    verbs = whole.add_subparsers(dest="verb", metavar="VERB", title="verbs")

    gui = add_verb(verbs, "gui", "open the window", "Open the window, with a store if one is named.")
    gui.add_argument("url", metavar="URL", nargs="?", help="the store to open")
    add_opening(gui)
    gui.add_argument("--screenshot", metavar="FILE.png", help="render the window to this file and exit")

    demo = add_verb(
        verbs,
        "demo",
        "the Customers and Orders demo",
        "Open the window on a store full of customers and orders, with its services running. Without a display: render "
        "the window to a picture and print what it shows.",
    )
    demo.add_argument("--postgres", action="store_true", help="on a PostgreSQL started for it, instead of SQLite")
    demo.add_argument("--reset", action="store_true", help="make the demo store anew")
    demo.add_argument("--screenshot", metavar="FILE.png", help="render the window to this file and exit")
    demo.add_argument("--plugin", metavar="FILE.py", action="append", default=[], help="a plug-in (may be repeated)")

    story = add_verb(
        verbs,
        "story",
        "a guided story for presenting",
        "Play a story in the window, on a store made for it: what event sourcing is, or a script of your own in TOML.",
    )
    story.add_argument("file", metavar="FILE.toml", nargs="?", help="the script (default: the shipped one)")
    story.add_argument("--check", action="store_true", help="only say what is wrong with it, with lines")
    story.add_argument("--plugin", metavar="FILE.py", action="append", default=[], help="a plug-in (may be repeated)")

    add_store_verb(
        verbs, "info", "what kind of store it is", "Say what kind of store this is and what can be done with it."
    )

    streams = add_store_verb(verbs, "streams", "its streams", "List streams in the order of the store.")
    streams.add_argument("--category", metavar="C", help="only this category")
    streams.add_argument("--find", metavar="TEXT", help="only those whose category or id contains this")
    add_limit(streams)

    events = add_store_verb(verbs, "events", "its events", "List events in the order of the store, or of one stream.")
    events.add_argument("--category", metavar="C", help="only this category")
    events.add_argument("--id", metavar="I", help="only this stream (with --category)")
    events.add_argument("--type", metavar="GLOB", help="only these types; * and ? stand for anything")
    events.add_argument("--after", metavar="POSITION", help="only events after this position")
    add_limit(events)

    state = add_store_verb(verbs, "state", "the state of one stream", "Fold a stream and show its state.")
    add_stream(state)
    state.add_argument(
        "--version", metavar="N", type=whole_number, help="after this version (0: before the first event)"
    )

    diff = add_store_verb(verbs, "diff", "what changed between two versions", "Show what changed between two versions.")
    add_stream(diff)
    diff.add_argument("before", metavar="FROM", type=whole_number, help="a version; 0 is before the first event")
    diff.add_argument("after", metavar="TO", type=whole_number, help="a version")

    trace = add_store_verb(
        verbs, "trace", "what led to an event, and to what it led", "Show the causes and effects of an event as a tree."
    )
    trace.add_argument("event", metavar="EVENT_ID", help="or Category/id/version, where events have no ids")
    trace.add_argument("--mermaid", action="store_true", help="as the text of a Mermaid sequence diagram")

    add_debugging(verbs)
    tail = add_store_verb(verbs, "tail", "events as they arrive", "Print events as they arrive, until Ctrl+C.")
    tail.add_argument("--after", metavar="POSITION", help="begin after this position (else: what comes from now on)")
    tail.add_argument("--name", metavar="NAME", help="remember under this name where it ends, and go on there")
    tail.add_argument("--category", metavar="C", help="only this category")
    tail.add_argument("--type", metavar="GLOB", help="only these types; * and ? stand for anything")
    tail.add_argument("--seconds", metavar="S", type=seconds_of, help="end after so many seconds")
    add_limit(tail, None)

    append = add_store_verb(verbs, "append", "append one event", "Append one event to a stream of our own store.")
    add_stream(append)
    append.add_argument("--type", metavar="T", required=True, help="type of the event")
    append.add_argument("--data", metavar="JSON", required=True, help="payload; @FILE reads a file, - standard input")
    append.add_argument("--metadata", metavar="JSON", help="an object; who wrote it by hand is added")
    append.add_argument(
        "--expected", metavar="N", type=whole_number, help="events that must be there (0: a new stream)"
    )
    append.add_argument("--create", action="store_true", help="make our own store if there is nothing yet")
    append.add_argument("--event-id", metavar="UUID", help="doing it again with the same id changes nothing")
    append.add_argument("--reason", metavar="TEXT", help="why, kept in the metadata")

    issue = add_store_verb(
        verbs, "issue", "issue a command", "Let an aggregate decide a command, and append its events."
    )
    issue.add_argument("aggregate", metavar="AGGREGATE", help="as the domain names it, for example Order")
    issue.add_argument("command", metavar="COMMAND", help="for example CancelOrder")
    issue.add_argument("--id", metavar="I", required=True, help="id of the aggregate")
    issue.add_argument(
        "--set", metavar="FIELD=VALUE", action="append", default=[], dest="fields",
        help="a field of the command; the value is JSON where it is not a scalar (may be repeated)",
    )  # fmt: skip
    issue.add_argument("--create", action="store_true", help="make our own store if there is nothing yet")
    issue.add_argument("--dry-run", action="store_true", help="show the events without appending them")
    issue.add_argument("--reason", metavar="TEXT", help="why, kept in the metadata")

    simulate = add_store_verb(
        verbs,
        "simulate",
        "customers who order, at a rate",
        "Issue commands of Customers and Orders on our own store, so many orders a second, and say how late they were. "
        "Services are not part of it:\nwhere none run no order is approved, and shipping one is refused.",
    )
    simulate.add_argument("--rate", metavar="R", type=above_zero, required=True, help="orders a second")
    simulate.add_argument("--seconds", metavar="S", type=above_zero, required=True, help="end after so many seconds")
    simulate.add_argument("--seed", metavar="N", type=whole_number, default=1, help="who orders what (default 1)")
    simulate.add_argument("--create", action="store_true", help="make our own store if there is nothing yet")

    snapshots = add_verb(verbs, "snapshots", "list, take, verify or plan snapshots", "Snapshots: a cache of states.")
    what = snapshots.add_subparsers(dest="what", metavar="WHAT", required=True, title="what")
    for name, text in (
        ("list", "list snapshots"),
        ("take", "fold a stream and save its state"),
        ("verify", "compare what is saved with a replay"),
        ("delete", "delete a snapshot"),
        ("plan", "what a snapshot every N events would save and cost"),
    ):
        part = add_verb(what, name, text, text.capitalize() + ".")
        add_opening(part)
        add_output(part)
        part.add_argument("url", metavar="URL", help="the store")
        must = name in ("take", "delete")
        part.add_argument("--category", metavar="C", required=must, help="category of the stream")
        if name == "plan":
            part.add_argument("--every", metavar="N", type=whole_number, help="only this N, which --take is about")
            part.add_argument("--take", action="store_true", help="take one of every stream that would profit, now")
            continue
        part.add_argument("--id", metavar="I", required=must, help="id of the stream")
        part.add_argument(
            "--version", metavar="N", type=whole_number, required=name == "delete", help="at this version"
        )
        if name == "verify":
            part.add_argument("--differences", action="store_true", help="with the paths that differ and what is saved")

    _services(verbs)
    views = add_verb(
        verbs, "read-models", "rows made of events", "Read models: rows that projections make of the events."
    )
    does = views.add_subparsers(dest="what", metavar="WHAT", required=True, title="what")
    add_store_verb(does, "list", "what there is", "List the read models, where their rows stand, and how far behind.")
    rows = add_store_verb(does, "rows", "their rows", "Show the rows of a read model.")
    rows.add_argument("name", metavar="NAME", help="the read model")
    rows.add_argument("--find", metavar="TEXT", default="", help="with this text in one of the values")
    add_limit(rows)
    build = add_store_verb(
        does, "rebuild", "make the rows anew", "Make the rows anew, beside the live ones, which they then replace."
    )
    build.add_argument("name", metavar="NAME", help="the read model")
    check = add_store_verb(
        does, "check", "are the rows right?", "Compare the rows with those of a fresh rebuild in memory."
    )
    check.add_argument("name", metavar="NAME", nargs="?", help="the read model (default: all)")

    add_store_verb(
        verbs, "check", "is it readable as an event store?", "Check the properties of a readable event store."
    )
    return whole


def _services(verbs: Verbs) -> None:
    services = add_verb(
        verbs,
        "services",
        "run the services of a domain, and manage their subscriptions",
        "Services react to events. Each has a named subscription: where it stands, who runs it, and what it has parked "
        "because it\ncould not be handled. NAME is that of a subscription, or the last part of it.",
    )
    does = services.add_subparsers(dest="what", metavar="WHAT", required=True, title="what")
    run = add_store_verb(
        does, "run", "run them", "Run the services of a domain until Ctrl+C. Of several that run, one works at a time."
    )
    run.add_argument("--service", metavar="NAME", help="only this one")
    run.add_argument("--seconds", metavar="S", type=seconds_of, help="end after so many seconds")
    add_store_verb(does, "list", "who is where", "List the subscriptions of a store: state, lag, parked events, owner.")
    for name, brief, description in (
        ("pause", "let one rest", "Ask the owner of a subscription to handle nothing until it is resumed."),
        ("resume", "let it go on", "Let a paused subscription go on."),
        ("reset", "start over", "Let a subscription start over, from the beginning or after a position."),
        ("parked", "what could not be handled", "List the events that subscriptions have parked, and why."),
        ("retry", "try parked events again", "Try parked events again, each with what waits behind it."),
        ("skip", "drop parked events", "Drop parked events; what waits behind them goes on."),
    ):
        part = add_store_verb(does, name, brief, description)
        part.add_argument("name", metavar="NAME", nargs="?" if name == "parked" else None, help="of a subscription")
        if name == "reset":
            part.add_argument("--after", metavar="POSITION", help="go on after this position (else: the beginning)")
            part.add_argument("--yes", action="store_true", help="events will be handled again, and that is wanted")
        elif name == "parked":
            add_limit(part)
        elif name in ("retry", "skip"):
            some = "*" if name == "retry" else "+"
            part.add_argument(
                "positions", metavar="POSITION", type=whole_number, nargs=some, help="as parked shows them"
            )
            if name == "retry":
                part.add_argument("--all", action="store_true", help="all that could not be handled")


def complete(arguments: Sequence[str]) -> list[str]:
    """The arguments with the verb that may be left out."""
    given = list(arguments)
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help", "--version", "--selftest")):
        return ["gui", *given]
    if not given[0].startswith("-") and given[0] not in VERBS and _is_url(given[0]):
        return ["gui", *given]
    return given


def suggestion(word: str) -> str:
    """What may have been meant by a word that is no verb."""
    close = difflib.get_close_matches(word, VERBS, 1)
    return f"Did you mean {close[0]}?" if close else f"The verbs are {', '.join(VERBS)}."


def _is_url(text: str) -> bool:
    return any(sign in text for sign in (":", "/", "\\", ".")) or os.path.exists(text)
