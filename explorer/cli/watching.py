"""The verbs that watch: watch, along one stream, and violations, over every stream of a category."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

from explorer import payload, violations, watches, watching
from explorer.cancellation import Cancellation
from explorer.cli.opening import opened, plugins
from explorer.cli.output import BOLD, RED, YELLOW, Output
from explorer.cli.reading import Verb, folded
from explorer.engine.asks_watches import Watched
from explorer.engine.courses import Courses
from explorer.engine.folding import claim_by
from explorer.errors import Invalid
from explorer.expressions import ABSENT, Expression, Failed
from explorer.model import Json
from explorer.plugins import Loaded, aggregate_for
from explorer.violations import Search
from explorer.watching import Broken

_REMEMBERED = 5.0  # seconds between the places that a search is remembered at
_TOLD = 0.5  # seconds between looks at what was found meanwhile
INTERRUPTED = 130

# -- along one stream --------------------------------------------------------------------------------------------------


def watch(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    """1 if the watch is false somewhere, or cannot be told."""
    domains = plugins(arguments)
    expression = Expression(arguments.expression)  # before anything is read
    courses = Courses()
    with opened(arguments, cancellation) as store:
        folding = folded(store, domains, arguments.category, arguments.id)
        course = _end(courses.course(store, folding, Watched(arguments.expression)))
        output.columns("", ">from", ">to", "value", "by")
        for span in course.spans():
            value = courses.value(store, folding, expression, span.first)
            last = folding.version(span.last)
            failed = isinstance(value, Failed)
            output.line(
                {
                    "first": span.version,
                    "last": last,
                    "kind": span.kind,
                    "value": None if failed or value is ABSENT else value,
                    "type": span.type,
                    "reason": span.reason or None,
                }
            )
            words = span.reason if failed else "–" if value is ABSENT else payload.one_line(value, 100)
            sign = {"false": "✗", "true": "✓", "failed": "⚠"}.get(span.kind, "")
            style = {"false": RED, "failed": YELLOW}.get(span.kind, "")
            output.row(sign, f"v{span.version}", f"v{last}", words, span.type, style=style)
    output.flush()
    output.text(course.sentence(), BOLD)
    return 1 if course.broken or course.failed else 0


def _end(turns: Iterator[None]) -> watches.Course:
    while True:
        try:
            next(turns)
        except StopIteration as done:
            course: watches.Course = done.value
            return course


# -- over every stream of a category -----------------------------------------------------------------------------------


def search(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    """1 if an invariant is broken somewhere. Interrupted it says what was found so far, and goes on there next time."""
    domains = plugins(arguments)
    with opened(arguments, cancellation) as store:
        identity, category = store.info.identity, arguments.category
        source = _source(arguments, domains, identity)
        expression = Expression(source)
        code = violations.code_of(aggregate_for(domains.domains, category) or (None, None))
        begun = violations.begun(identity, category, source, code)
        if arguments.again:
            begun = violations.Place(category, source, code)
        elif begun.looked:
            print(f"Going on after {begun.looked:,} streams (--again: from the beginning).", file=sys.stderr)
        one = Search(store, lambda events: claim_by(domains, category, lambda: events), category, expression, begun)
        output.columns("", "id", ">first", "by", ">last", ">times", "how")
        interrupted = False
        try:
            _search(one, output, cancellation, identity)
        except KeyboardInterrupt:
            interrupted = True
        _note(identity, one)
    output.flush()
    _progress("")
    looked = f"{one.broken:,} of {one.looked:,} streams broken ({one.events:,} events)."
    output.text(f"{'Interrupted: ' if interrupted else ''}{looked}", BOLD)
    if interrupted:
        print("Interrupted: the same command goes on from there.", file=sys.stderr)
        return INTERRUPTED
    return 1 if one.broken else 0


def _source(arguments: argparse.Namespace, domains: Loaded, identity: str) -> str:
    """The expression, or that of the invariant of this name. Raises Invalid."""
    if not arguments.invariant:
        return str(arguments.expression)
    known = _invariants(arguments, domains, identity)
    if arguments.expression not in known:
        hint = "Invariants: " + "; ".join(known) if known else "None of this category is declared or kept."
        raise Invalid(f"There is no invariant {arguments.expression!r} of {arguments.category}.", hint)
    return known[arguments.expression]


def _invariants(arguments: argparse.Namespace, domains: Loaded, identity: str) -> dict[str, str]:
    found = aggregate_for(domains.domains, arguments.category)
    known = dict(found[1].invariants) if found else {}
    own = watching.kept(identity)
    return known | {one.title: one.source for one in own if one.invariant and one.category == arguments.category}


def _search(one: Search, output: Output, cancellation: Cancellation, identity: str) -> None:
    noted = time.monotonic()
    told = 0.0
    for found in one.run(cancellation):
        now = time.monotonic()
        if found is not None:
            _print(output, found)
        if now - told > _TOLD:
            told = now
            _progress("")
            output.flush()
            _progress(f"{one.looked:,} streams, {one.events:,} events, {one.broken:,} broken")
        if now - noted > _REMEMBERED:
            noted = now
            violations.remember(identity, one.place)


def _note(identity: str, one: Search) -> None:
    """Where to go on, or that it is over."""
    if one.over:
        violations.forget(identity, one.place)
    elif one.place.looked:
        violations.remember(identity, one.place)


def _progress(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)


def _print(output: Output, found: Broken) -> None:
    line: dict[str, Json] = {
        "category": found.category,
        "id": found.id,
        "events": found.events,
        "first": found.first or None,
        "first_type": found.first_type or None,
        "last": found.last or None,
        "last_type": found.last_type or None,
        "times": found.times,
        "now": found.now,
        "failed": found.failed or None,
        "reason": found.reason or None,
    }
    output.line(line)
    broken = found.times > 0
    output.row(
        "✗" if broken else "⚠", found.id, f"v{found.first}" if broken else "–", found.first_type,
        f"v{found.last}" if broken else "–", f"{found.times}", found.sentence, style=RED if broken else YELLOW,
    )  # fmt: skip


VERBS: dict[str, Verb] = {"watch": watch, "violations": search}
