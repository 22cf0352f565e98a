"""How a watch goes over a stream: intervals and flips as brute force finds them, sentences, and what it costs."""

from __future__ import annotations

import json
import time
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import settings, watches, watching
from explorer.diff import same
from explorer.errors import Invalid
from explorer.expressions import ABSENT, Expression, Failed
from explorer.model import Event, Json
from explorer.watches import Course
from explorer.watching import Watch


def event(version: int, kind: str = "Happened", data: object = None) -> Event:
    return Event("C", "i", version, None, kind, json.dumps(data).encode())


def went(source: str, states: list[Json], kinds: str = "", *, truth: bool = False) -> Course:
    """Each state after one event, whose type is a letter."""
    course = Course(Expression(source), truth=truth)
    before: Json = {}
    for number, state in enumerate(states):
        kind = f"T{kinds[number]}" if kinds else "T"
        watches.take([course], event(number + 1, kind), before, state, None)
        before = state
    return course


ok: Any = {"ok": True}
bad: Any = {"ok": False}
odd: Any = {}


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ([], "No event has come yet."),
        ([ok, ok], "Never broken."),
        ([ok, bad, ok], "Broken at v2 by Tb, healed at v3."),
        ([ok, bad, bad], "Broken at v2 by Tb, and not healed."),
        ([bad, bad], "Broken at v1, from the first event, and not healed."),
        ([ok, bad, ok, bad], "First broken at v2 by Tb, healed at v3; broken twice in all, last at v4 by Td, and now."),
        ([ok, bad, ok, bad, ok], "First broken at v2 by Tb, healed at v3; broken twice in all, last at v4 by Td."),
        ([bad, odd, bad], "First broken at v1, from the first event, twice in all, and not healed."
         " Cannot be told at v2 (Tb): state.ok: There is no member 'ok' here."),
        ([odd], "Cannot be told at v1 (Ta): state.ok: There is no member 'ok' here."),
    ],
)  # fmt: skip
def test_what_is_said(states: list[Json], sentence: str) -> None:
    assert went("state.ok", states, "abcde").sentence() == sentence


def test_values_that_are_neither_true_nor_false() -> None:
    states: list[Json] = [{"n": 1}, {"n": 1}, {"n": Decimal("2.5")}, {}, {"n": 10**400}, {"n": "x"}]
    course = went("/n", states)
    assert [(span.first, span.last, span.kind) for span in course.spans()] == [
        (0, 1, "value"), (2, 2, "value"), (3, 3, "nothing"), (4, 4, "value"), (5, 5, "value"),
    ]  # fmt: skip
    assert str(course.numbers.tolist()) == "[1.0, 1.0, 2.5, nan, inf, nan]"
    assert course.sentence() == "Changes 4 times."
    strict = went("/n", states, truth=True)
    assert [span.kind for span in strict.spans()] == ["failed"]
    assert strict.span(0).reason == "This is neither true nor false: it is a number."
    assert not strict.numbers


def test_an_expression_that_always_takes_too_long_is_given_up() -> None:
    course = Course(Expression("state.n < 0 or sum(1 for a in range(2000) for b in range(2000)) > 0"))
    started = time.process_time()
    for n in range(10_000):
        course.take({"n": n}, None, None, n + 1, "T")
    assert time.process_time() - started < 4.0
    assert [span.kind for span in course.spans()] == ["failed"]
    assert course.span(0).reason.endswith("This takes more than 1,000,000 steps.")
    patient = Course(Expression("state.n % 2 or sum(1 for a in range(2000) for b in range(2000)) > 0"))
    for n in range(16):  # every other time it is quick
        patient.take({"n": n}, None, None, n + 1, "T")
    assert patient.intervals == 16


def test_an_event_that_cannot_be_read_is_a_reason() -> None:
    course = Course(Expression("event.data.n == 1"))
    watches.take([course], Event("C", "i", 1, None, "T", b"{"), {}, {}, None)
    watches.take([course], event(2, "T", {"n": 1}), {}, {}, None)
    assert [span.kind for span in course.spans()] == ["failed", "true"]
    assert course.span(0).reason.startswith("The payload cannot be read")


def test_events_are_seen_upcast() -> None:
    course = Course(Expression("event.type + event.data.x"))
    watches.take([course], event(1, "Old", {}), {}, {}, lambda _type, _version, data: ("New", {**data, "x": "!"}))
    assert course.span(0).kind == "value"
    assert course.expression.value({}, {}, None) == Failed("There is no event here.")


values = st.sampled_from([True, False, None, 1, Decimal("1.0"), "x", [1], [1, 2], {"a": 1}, "missing"])


@given(st.lists(values, max_size=30), st.booleans())
def test_intervals_and_flips_are_those_of_brute_force(given_values: list[Any], truth: bool) -> None:
    states: list[Json] = [{} if value == "missing" else {"x": value} for value in given_values]
    expression = Expression("/x")
    course = went("/x", states, truth=truth)

    def kind(state: Json) -> str:
        value = expression.value(state)
        if value is True or value is False:
            return "true" if value else "false"
        return "failed" if truth else "nothing" if value is ABSENT else "value"

    def differs(one: Json, other: Json) -> bool:
        if kind(one) != kind(other):
            return True
        return kind(one) == "value" and not same(expression.value(one), expression.value(other))

    flips = [n for n in range(1, len(states)) if differs(states[n - 1], states[n])]
    assert [span.first for span in course.spans()] == [0, *flips][: course.intervals]
    assert bool(course.intervals) == bool(states)
    for ordinal, state in enumerate(states):
        span = course.at(ordinal)
        assert span is not None
        assert span.kind == kind(state)
        assert span.first <= ordinal <= span.last
        assert course.flip(ordinal, True) == min((flip for flip in flips if flip > ordinal), default=None)
        assert course.flip(ordinal, False) == max((flip for flip in flips if flip < ordinal), default=None)
    assert course.flip(-1, True) == (flips[0] if flips else None)
    assert course.at(len(states)) is course.at(-1) is None
    starts, letters = course.starts(0, 100)
    assert starts == [span.first for span in course.spans()]
    for columns in (1, 3, 50):
        if states:
            assert len(course.letters(columns)) == columns
    if states:
        assert course.letters(len(states)) == "".join(
            {"true": "t", "false": "f", "failed": "x", "value": "v", "nothing": "n"}[kind(state)] for state in states
        )
    assert len(letters) == len(starts)
    broken = [ordinal for ordinal, state in enumerate(states) if kind(state) == "false"]
    assert (course.broken is not None) == bool(broken)
    if course.broken is not None:
        assert (course.broken[0].first, course.broken[1].last) == (broken[0], broken[-1])


def test_a_million_events_take_little_memory() -> None:
    course = Course(Expression("state.n % 2 == 0"))
    numbers = Course(Expression("/n"))
    tracemalloc.start()
    try:
        for n in range(30_000):
            state: Json = {"n": n}
            course.take(state, None, None, n + 1, "T")
            numbers.take(state, None, None, n + 1, "T")
        size, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / 60_000 < 60  # bytes of an event of each, of which each flips the watch


def test_a_watch_takes_less_than_ten_microseconds_an_event() -> None:
    before: Any = {"status": "PENDING", "lines": [{"quantity": 2, "price": {"amount": Decimal("2.5")}}] * 3}
    state: Any = {**before, "status": "APPROVED", "orderTotal": {"amount": Decimal("15.0")}}
    sources = ("state.orderTotal.amount == sum(l.quantity * l.price.amount for l in state.lines)", "/orderTotal/amount")
    for source in sources:
        course = Course(Expression(source))
        best = 1.0
        for _ in range(20):
            started = time.perf_counter()
            for version in range(300):
                course.take(state, before, None, version, "T")
            best = min(best, (time.perf_counter() - started) / 300)
        assert best < 10e-6


def test_watches_are_kept_for_each_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.HOME, str(tmp_path))
    assert watching.kept("a") == ()
    some = (Watch("Order", "/status"), Watch("Order", "state.n > 0", "positive", invariant=True))
    watching.keep("a", some)
    assert watching.kept("a") == some
    assert watching.kept("b") == ()
    assert [watch.title for watch in some] == ["/status", "positive"]
    (settings.connection_folder("a") / "watches.json").write_text('[{"category": 1}]')
    with pytest.raises(Invalid, match="damaged"):
        watching.kept("a")
