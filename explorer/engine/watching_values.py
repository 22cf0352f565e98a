"""Watches, asked of an engine: courses and their intervals, values, flips, and streams that break an invariant."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Generator
from functools import partial
from typing import Any, TypeAlias

from explorer import violations
from explorer.cancellation import Cancellation
from explorer.engine import breaking
from explorer.engine.asks_watches import (
    COLUMNS,
    MOST,
    SPARK,
    BrokenStreams,
    CourseSpans,
    CourseTold,
    FindViolations,
    NextAppend,
    NextBreak,
    NextFlip,
    Searched,
    SpanPage,
    SpanRow,
    WatchColumn,
    WatchCourses,
    Watched,
    WatchedColumn,
    WatchedValues,
    Watching,
    WatchValues,
)
from explorer.engine.courses import Courses, nearest
from explorer.engine.folding import Folding, claim_by
from explorer.engine.messages import CUT, Progress
from explorer.engine.rows import cut, json_text
from explorer.engine.turns import Turn
from explorer.errors import Invalid
from explorer.expressions import ABSENT, Expression, Failed, Mistake
from explorer.plugins import Loaded, aggregate_for
from explorer.stores import Store
from explorer.violations import Search
from explorer.watches import KINDS, Course
from explorer.watching import Broken

OfStream: TypeAlias = WatchCourses | WatchValues | WatchColumn | CourseSpans | NextFlip | NextBreak | NextAppend

_LETTERS = dict(zip(KINDS, "tfxvn", strict=True))
_TOLD = 0.2  # seconds between what a search tells
_REMEMBERED = 5.0  # seconds between places that a search is remembered at
_BATCH = 100  # broken streams in one part

# -- one stream --------------------------------------------------------------------------------------------------------


def answer(store: Store, courses: Courses, folding: Folding, ask: OfStream) -> Turn:
    match ask:
        case WatchCourses():
            return _courses(store, courses, folding, ask)
        case WatchValues():
            return _values(store, courses, folding, ask)
        case CourseSpans():
            return _spans(store, courses, folding, ask)
        case WatchColumn():
            return _column(store, courses, folding, ask)
        case NextFlip():
            return _next_flip(store, courses, folding, ask)
        case NextBreak():
            return breaking.next_break(store, courses, folding, ask)
        case NextAppend():
            return breaking.next_append(store, folding, ask)


def _courses(store: Store, courses: Courses, folding: Folding, ask: WatchCourses) -> Turn:
    for number, watched in enumerate(ask.watches):
        try:
            course = yield from courses.course(store, folding, watched)
        except Mistake as mistake:
            yield CourseTold(number, mistake.sentence, mistake.position)
            continue
        yield _told(number, course)
    return Watching(folding.folded)


def _told(number: int, course: Course) -> CourseTold:
    if course.intervals <= MOST:
        starts, kinds = course.starts(0, MOST)
    else:
        starts, kinds = [], course.letters(min(COLUMNS, course.count))
    return CourseTold(
        number=number,
        count=course.count,
        starts=tuple(starts),
        kinds=kinds,
        intervals=course.intervals,
        is_truth=course.is_truth,
        broken=course.broken is not None,
        sentence=cut(course.sentence(), 2 * CUT),
        spark=spark(course.numbers),
    )


def spark(numbers: array[float]) -> tuple[float | None, ...]:
    """At most `SPARK` of these, the last one of each stretch; None where that is no number."""
    count = len(numbers)
    columns = min(count, SPARK)
    ends = (numbers[(column + 1) * count // columns - 1] for column in range(columns))
    return tuple(value if math.isfinite(value) else None for value in ends)


def _values(store: Store, courses: Courses, folding: Folding, ask: WatchValues) -> Turn:
    while folding.advance(store):
        yield None
    ordinal = folding.ordinal(ask.version)
    if ordinal < 0:
        raise Invalid(f"The stream {ask.category}/{ask.id} has no version {ask.version}.")
    kinds, texts = "", []
    for watched in ask.watches:
        letter, text = _value(store, courses, folding, watched, ordinal)
        kinds += letter
        texts.append(text)
        yield None
    return WatchedValues(ask.version, kinds, tuple(texts))


def _value(store: Store, courses: Courses, folding: Folding, watched: Watched, ordinal: int) -> tuple[str, str]:
    """The letter of a value, and its text or the reason."""
    try:
        value = courses.value(store, folding, courses.expression(watched.source), ordinal)
    except Mistake as mistake:
        return "x", mistake.sentence
    return letter_of(value), text_of(value)


def letter_of(value: Any) -> str:
    if value is True or value is False:
        return "t" if value else "f"
    return "x" if isinstance(value, Failed) else "n" if value is ABSENT else "v"


def text_of(value: Any) -> str:
    if isinstance(value, Failed):
        return cut(value.reason, CUT)
    return "" if value is ABSENT else json_text(value)  # not more of it than is shown


def _column(store: Store, courses: Courses, folding: Folding, ask: WatchColumn) -> Turn:
    expression = courses.expression(ask.watch.source)
    while folding.advance(store):
        yield None
    kinds, texts = "", []
    for ordinal in range(max(0, ask.start), min(ask.start + max(0, ask.limit), folding.folded)):
        value = courses.value(store, folding, expression, ordinal)
        kinds += letter_of(value)
        texts.append(text_of(value))
        if ordinal % 20 == 19:
            yield None
    return WatchedColumn(ask.start, kinds, tuple(texts))


def _spans(store: Store, courses: Courses, folding: Folding, ask: CourseSpans) -> Turn:
    course = yield from courses.course(store, folding, ask.watch)
    rows = []
    for span in course.spans(max(0, ask.start), max(0, ask.limit)):
        text = cut(span.reason, CUT)
        if span.kind == "value":
            text = text_of(courses.value(store, folding, course.expression, span.first))
        last, letter = folding.version(span.last), _LETTERS[span.kind]
        rows.append(SpanRow(span.first, span.last, span.version, last, letter, text, cut(span.type)))
        yield None
    return SpanPage(ask.start, course.intervals, tuple(rows))


def _next_flip(store: Store, courses: Courses, folding: Folding, ask: NextFlip) -> Turn:
    found: list[tuple[int, int]] = []
    for number, watched in enumerate(ask.watches):
        try:
            course = yield from courses.course(store, folding, watched)
        except Mistake:
            continue  # it is told with its course
        ordinal = course.flip(ask.ordinal, ask.forward)
        if ordinal is not None:
            found.append((ordinal, number))
    return nearest(found, ask.forward)


# -- every stream of a category ----------------------------------------------------------------------------------------


def find_violations(store: Store, domains: Loaded, ask: FindViolations, cancellation: Cancellation) -> Turn:
    yield None
    expression = Expression(ask.source)
    identity = store.info.identity
    code = violations.code_of(aggregate_for(domains.domains, ask.category) or (None, None))
    begun = violations.begun(identity, ask.category, ask.source, code)
    if ask.again:
        begun = violations.Place(ask.category, ask.source, code)

    search = Search(store, partial(_claim, domains, ask.category), ask.category, expression, begun)
    try:
        yield from _searched(search, cancellation, identity)
    finally:
        if search.over:
            violations.forget(identity, search.place)
        elif search.place.looked:
            violations.remember(identity, search.place)
    return Searched(search.looked, search.events, search.broken)


def _claim(domains: Loaded, category: str, events: Any) -> Any:
    return claim_by(domains, category, lambda: events)


def _searched(search: Search, cancellation: Cancellation, identity: str) -> Generator[Any, None, None]:
    found: list[Broken] = []
    told = noted = time.monotonic()
    for one in search.run(cancellation):
        if one is not None:
            found.append(one)
        now = time.monotonic()
        if len(found) >= _BATCH or (found and now - told > _TOLD):
            yield BrokenStreams(tuple(found))
            found = []
        if now - told > _TOLD:
            told = now
            yield Progress(search.looked, None, f"{search.looked:,} streams, {search.events:,} events")
        if now - noted > _REMEMBERED:
            noted = now
            violations.remember(identity, search.place)
        yield None
    if found:
        yield BrokenStreams(tuple(found))
