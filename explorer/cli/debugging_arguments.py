"""The verbs of the debugger and their options: why is a value here, since when is it wrong, what if."""

from __future__ import annotations

from functools import partial

from explorer.cli.options import Verbs, add_limit, add_store_verb, add_stream, whole_number


def add_debugging(verbs: Verbs) -> None:
    _blame(verbs)
    _comparing(verbs)
    _what_if(verbs)
    _purity(verbs)
    _watching(verbs)
    _decisions(verbs)
    _notes(verbs)
    _bundle(verbs)


def _blame(verbs: Verbs) -> None:
    blame = add_store_verb(
        verbs,
        "blame",
        "which events wrote a value",
        "Show every event that ever set, changed or removed a value of a state, the last one first.",
    )
    add_stream(blame)
    blame.add_argument(
        "path", metavar="PATH", help="a JSON Pointer: /orderTotal/amount; an element of a list by its key: "
        "/lines/[sku=A-1]/quantity, or where it stands: /lines/0",
    )  # fmt: skip
    blame.add_argument("--version", metavar="N", type=whole_number, help="as seen at this version")
    add_limit(blame)


def _comparing(verbs: Verbs) -> None:
    compare = add_store_verb(
        verbs,
        "compare",
        "two streams, or the streams of a category under two plug-ins",
        "Compare two streams event by event (--id and --with), or find the streams of a category that end differently "
        "under two versions\nof the code that folds them (--plugin and --against).",
    )
    compare.add_argument("--category", metavar="C", required=True, help="category of the streams")
    compare.add_argument("--id", metavar="I", help="id of the one stream")
    compare.add_argument("--with", metavar="J", dest="other", help="id of the other stream")
    compare.add_argument("--against", metavar="FILE.py", help="the plug-in with the other version of the code")


def _what_if(verbs: Verbs) -> None:
    what_if = add_store_verb(
        verbs,
        "what-if",
        "a stream as if other events had happened",
        "Fold a stream as if other events had happened, beside the stream as it is stored; nothing is written to the "
        "store.\nN and M are versions as they are stored; edits are done in the order given.",
    )
    add_stream(what_if)
    for name, shape, text in (
        ("skip", "N", "without this event"),
        ("edit", "N=JSON", "with another payload (N:TYPE=JSON: another type too)"),
        ("insert", "N:TYPE=JSON", "with an event more before N (end:TYPE=JSON: at the end)"),
        ("move", "N:M", "with N before M (N:end: at the end)"),
        ("truncate", "N", "with nothing after N"),
    ):
        what_if.add_argument(
            f"--{name}", metavar=shape, dest="edits", action="append", default=[], help=text,
            type=partial(_edit, name),
        )  # fmt: skip
    what_if.add_argument("--name", metavar="NAME", help="go on with the branch of this name, and keep it under it")
    what_if.add_argument(
        "--compensate", action="store_true", help="instead: the commands that would make good again what is skipped"
    )
    what_if.add_argument("--export", metavar="FILE.py", help="write it as a pytest file, given/when/then")
    what_if.add_argument(
        "--expect", metavar="PATH=JSON", action="append", default=[],
        help="what the test expects at a place of the state (default: the state as it is now; may be repeated)",
    )  # fmt: skip


def _purity(verbs: Verbs) -> None:
    purity = add_store_verb(
        verbs,
        "purity",
        "do reducers depend on state and event alone?",
        "Fold streams in two fresh processes with other hash seeds, time zones and clocks, and compare every state.",
    )
    purity.add_argument("--category", metavar="C", help="streams of this category (default: those that changed last)")
    purity.add_argument("--id", metavar="I", help="this stream of it")
    add_limit(purity, 20)


def _watching(verbs: Verbs) -> None:
    how = """EXPRESSION is a path (/lines/sku=A-1/quantity),
or a few words of Python over state, before and event, such as 'sum(l.quantity for l in state.lines) < 10'
or 'event.type != "OrderShipped" or before.status == "APPROVED"'."""
    watch = add_store_verb(
        verbs, "watch", "an expression along a stream", f"Show what an expression is after every event. {how}"
    )
    add_stream(watch)
    watch.add_argument("expression", metavar="EXPRESSION", help="what to watch")
    violations = add_store_verb(
        verbs,
        "violations",
        "streams that break an invariant",
        f"Look for streams of a category in which an expression is ever false. {how}\n"
        "Interrupted, the same command goes on from there.",
    )
    violations.add_argument("--category", metavar="C", required=True, help="category of the streams")
    violations.add_argument(
        "--invariant", action="store_true",
        help="EXPRESSION is the name of an invariant, which the domain declares or you keep",
    )  # fmt: skip
    violations.add_argument("expression", metavar="EXPRESSION", help="what has to be true after every event")
    violations.add_argument("--again", action="store_true", help="from the beginning, although one was interrupted")


def _decisions(verbs: Verbs) -> None:
    decisions = add_store_verb(
        verbs,
        "decisions",
        "which command would have been accepted when",
        "Show for every command of the aggregate, at every version of a stream, whether it would have been accepted, "
        "and else by\nwhich rule not, with the event that made it so. ? where that depends on a field without a value.",
    )
    add_stream(decisions)
    decisions.add_argument("--command", metavar="COMMAND", help="only this one, for example CancelOrder")
    decisions.add_argument(
        "--set", metavar="FIELD=VALUE", action="append", default=[], dest="fields",
        help="a field of the commands; the value is JSON where it is not a scalar (may be repeated)",
    )  # fmt: skip


def _notes(verbs: Verbs) -> None:
    notes = add_store_verb(
        verbs,
        "notes",
        "notes and bookmarks on events",
        "List the notes and bookmarks on events of this store, or write one. They are kept in your own folder, never "
        "in the store.",
    )
    notes.add_argument("--category", metavar="C", help="of streams of this category")
    notes.add_argument("--id", metavar="I", help="of this stream of it")
    notes.add_argument("--version", metavar="N", type=whole_number, help="of this event of it")
    notes.add_argument("--text", metavar="TEXT", help="note this on the event")
    notes.add_argument("--bookmark", action="store_true", help="bookmark the event")
    notes.add_argument("--remove", action="store_true", help="forget what is noted of the event")


def _bundle(verbs: Verbs) -> None:
    bundle = add_store_verb(
        verbs,
        "bundle",
        "streams in one file, to take along",
        "Write streams into one file, with their snapshots, watches, what-if branches, notes and bookmarks. It opens "
        "anywhere as a store that is\nonly for reading. No --id: all streams of the category, or of the store.",
    )
    bundle.add_argument("--category", metavar="C", help="category of the streams")
    bundle.add_argument("--id", metavar="I", action="append", default=[], help="this stream of it (may be repeated)")
    bundle.add_argument(
        "--also", metavar="C/I", action="append", default=[], help="and this stream of any category (may be repeated)"
    )
    bundle.add_argument("--output", metavar="FILE", required=True, help="the file to write, for example case.esxbundle")
    bundle.add_argument(
        "--pseudonyms", metavar="WHAT",
        help="strings, numbers, ids (of streams), separated by commas: replace them in payloads; equal ones stay "
        "equal, and names of members stay",
    )  # fmt: skip
    bundle.add_argument(
        "--keep", metavar="NAME", action="append", default=[],
        help="but not the members of payloads of this name (may be repeated)",
    )  # fmt: skip


def _edit(kind: str, given: str) -> tuple[str, str]:
    return kind, given
