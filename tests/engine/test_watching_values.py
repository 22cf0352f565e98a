"""Watches, asked of an engine process."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import pytest

from explorer import violations
from explorer.engine import lane as engine_lane
from explorer.engine.asks_watches import (
    Break,
    BrokenStreams,
    CourseSpans,
    CourseTold,
    FindViolations,
    NextAppend,
    NextBreak,
    NextFlip,
    Searched,
    SpanPage,
    Stop,
    WatchCourses,
    Watched,
    WatchedValues,
    Watching,
    WatchValues,
)
from explorer.engine.lane import Lane
from explorer.engine.messages import Progress, Replay, Replayed
from explorer.errors import Cancelled, ExplorerError
from explorer.model import Json, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.stores.bulk import fill
from tests.engine.asking import Asking, lane
from tests.patience import PATIENCE, until

KEY = StreamKey("Counter", "c")


def store_of(url: str, *values: int, metadata: dict[int, str] | None = None) -> str:
    """A stream whose generic state is {"n": value}; `metadata`: the cause of the event of an index."""
    causes = metadata or {}

    def event(index: int, value: int) -> NewEvent:
        cause: dict[str, Json] = {"causation_id": causes[index]} if index in causes else {}
        return NewEvent("Up" if value >= 0 else "Down", {"n": value}, str(uuid4()), cause)

    events = ((KEY, event(index, value)) for index, value in enumerate(values))
    fill(StoreSpec(url, writable=True, create=True), events)
    return url


def told(one: Lane, *sources: str, truth: bool = False) -> list[CourseTold]:
    asking = Asking(one, WatchCourses(*_names(), tuple(Watched(source, truth) for source in sources)))
    assert asking.answer(Watching).count > 0
    return asking.of(CourseTold)


def _names() -> tuple[str, str]:
    return KEY.category, KEY.id


def flip(one: Lane, source: str, ordinal: int, forward: bool = True) -> int | None:
    return Asking(one, NextFlip(*_names(), (Watched(source),), ordinal, forward)).answer(Stop).ordinal


def test_how_watches_went(tmp_path: Path) -> None:
    url = store_of(str(tmp_path / "s.sqlite"), 1, 2, -1, 3, 3)
    with lane(url) as one:
        course, number, wrong, typed = told(one, "state.n > 0", "/n", "state.n >", "event.type == 'Up'")
        assert (course.starts, course.kinds, course.broken) == ((0, 2, 3), "tft", True)
        assert course.sentence == "Broken at v3 by Down, healed at v4."
        assert (number.starts, number.kinds, number.is_truth) == ((0, 1, 2, 3), "vvvv", False)
        assert number.spark == (1.0, 2.0, -1.0, 3.0, 3.0)
        assert (wrong.number, wrong.position) == (2, 9)
        assert "cannot be read" in wrong.mistake
        assert typed.kinds == "tft"
        (strict,) = told(one, "/n", truth=True)
        assert strict.kinds == "x"
        values = Asking(
            one, WatchValues(*_names(), (Watched("/n"), Watched("state.m"), Watched("/m"), Watched("state.n > 0")), 3)
        ).answer(WatchedValues)
        assert (values.kinds, values.texts[0]) == ("vxnf", "-1")
        assert values.texts[1].endswith("There is no member 'm' here.")
        page = Asking(one, CourseSpans(*_names(), Watched("/n"), 1, 2)).answer(SpanPage)
        assert (page.total, [(row.first, row.last, row.version, row.last_version, row.text) for row in page.rows]) == (
            4, [(1, 1, 2, 2, "2"), (2, 2, 3, 3, "-1")],
        )  # fmt: skip
        assert [flip(one, "state.n > 0", at) for at in (-1, 0, 1, 2, 3, 4)] == [2, 2, 2, 3, None, None]
        assert [flip(one, "state.n > 0", at, False) for at in (0, 2, 3, 4)] == [None, None, 2, 3]
        several = NextFlip(*_names(), (Watched("state.n > 0"), Watched("oops"), Watched("/n")), 0)
        assert Asking(one, several).answer(Stop) == Stop(1, 2)
        assert isinstance(Asking(one, WatchValues(*_names(), (), 0)).failure(), ExplorerError)


def test_courses_grow_by_what_arrives(tmp_path: Path) -> None:
    url = store_of(str(tmp_path / "s.sqlite"), 1, 2)
    store = open_store(StoreSpec(url, writable=True))
    with lane(url) as one:
        sources = "state.n > 0", "event.type == 'Up'", "event.version - before.n"
        told(one, *sources)
        for version, value in enumerate((-1, -2, 5), 2):
            store.append(KEY, version, [NewEvent("Up" if value > 0 else "Down", {"n": value}, str(uuid4()))])
            assert Asking(one, Replay(*_names(), version)).answer(Replayed).count == version + 1
            last = told(one, *sources)
        assert [(one.starts, one.kinds) for one in last[:2]] == [((0, 2, 4), "tft")] * 2
        assert last[2].count == 5
        assert last[2].spark[1:] == (1.0, 1.0, 5.0, 7.0)
    store.close()


def test_two_who_ask_for_the_same_course_at_once(tmp_path: Path) -> None:
    url = store_of(str(tmp_path / "s.sqlite"), *[n % 7 for n in range(3_000)])
    with lane(url) as one:
        asks = [Asking(one, WatchCourses(*_names(), (Watched("event.data.n > 3"),))) for _ in range(3)]
        asks[1].cancel()
        counts = []
        for asking in (asks[0], asks[2]):
            asking.answer(Watching)
            counts.append([(part.count, part.intervals) for part in asking.of(CourseTold)])
        assert counts[0] == counts[1] == [(3_000, 857)]


def test_very_many_intervals_cross_as_columns(tmp_path: Path) -> None:
    url = store_of(str(tmp_path / "s.sqlite"), *[n % 2 for n in range(3_000)])
    with lane(url) as one:
        (course,) = told(one, "state.n > 0")
        assert (course.starts, len(course.kinds), set(course.kinds), course.intervals) == ((), 1_000, {"m"}, 3_000)


STOPS: tuple[tuple[tuple[Break, ...], int, bool, tuple[int | None, int]], ...] = (
    ((Break("path", "/n"),), 1, True, (2, 0)),
    ((Break("path", "/n"),), 4, False, (3, 0)),
    ((Break("type", "Down"),), -1, True, (2, 0)),
    ((Break("type", "Down"),), 2, True, (5, 0)),
    ((Break("type", "Down"),), 5, False, (2, 0)),
    ((Break("type", "Sideways"),), 0, True, (None, 0)),
    ((Break("expression", "state.n == 3"),), 0, True, (3, 0)),
    ((Break("expression", "state.n == 3"),), 3, True, (None, 0)),
    ((Break("expression", "state.n == 1"),), 4, False, (0, 0)),
    ((Break("error"),), 0, True, (None, 0)),
    ((Break("type", "Down"), Break("expression", "state.n == 2"), Break("path", "/m")), 0, True, (1, 1)),
    ((), 0, True, (None, 0)),
)


def test_where_playing_stops(tmp_path: Path) -> None:
    url = store_of(str(tmp_path / "s.sqlite"), 1, 2, -1, 3, 3, -5)
    with lane(url) as one:
        for breaks, ordinal, forward, found in STOPS:
            assert Asking(one, NextBreak(*_names(), breaks, ordinal, forward)).answer(Stop) == Stop(*found), breaks


def test_it_stops_at_errors_of_the_reducer(tmp_path: Path) -> None:
    plugin = tmp_path / "fails.py"
    plugin.write_text(
        "from explorer.model import Aggregate, Domain\n"
        "domain = Domain('d', (Aggregate('Counter', dict, lambda state, event: {'n': 1 // event.data['n']}),))\n"
    )
    url = store_of(str(tmp_path / "s.sqlite"), 1, 0, 2, 0, 3)
    with lane(url, str(plugin)) as one:
        stops = [
            Asking(one, NextBreak(*_names(), (Break("error"),), at, forward)).answer(Stop).ordinal
            for at, forward in ((-1, True), (1, True), (3, True), (4, False), (1, False))
        ]
        assert stops == [1, 3, None, 3, None]


def test_steps_by_transactions(tmp_path: Path) -> None:
    url = store_of(
        str(tmp_path / "s.sqlite"), 1, 2, 3, 4, 5, 6, metadata={0: "a", 1: "a", 2: "b", 3: "c", 4: "c", 5: "c"}
    )
    with lane(url) as one:

        def at(ordinal: int, forward: bool) -> int | None:
            return Asking(one, NextAppend(*_names(), ordinal, forward)).answer(Stop).ordinal

        assert [at(n, True) for n in range(-1, 6)] == [1, 1, 2, 5, 5, 5, None]
        assert [at(n, False) for n in range(6)] == [None, None, 1, 2, 2, 2]


def test_events_of_one_append_belong_together_without_causes_too(tmp_path: Path) -> None:
    url = store_of(str(tmp_path / "s.sqlite"), 0)
    store = open_store(StoreSpec(url, writable=True))
    time.sleep(0.002)
    store.append(KEY, 1, [NewEvent("Up", {"n": n}, str(uuid4())) for n in (1, 2, 3)])
    store.close()
    with lane(url) as one:
        assert Asking(one, NextAppend(*_names(), 0)).answer(Stop).ordinal == 3
        assert Asking(one, NextAppend(*_names(), 3, False)).answer(Stop).ordinal == 0


def many(url: str, streams: int) -> str:
    fill(
        StoreSpec(url, writable=True, create=True),
        (
            (StreamKey("C", f"s{n:04}"), NewEvent("T", {"n": 0 if n % 100 == 7 else n + 1}, str(uuid4())))
            for n in range(streams)
        ),
    )
    return url


def ids(asking: Asking) -> list[str]:
    return [row.id for part in asking.of(BrokenStreams) for row in part.rows]


def test_streams_that_break_an_invariant(tmp_path: Path) -> None:
    with lane(many(str(tmp_path / "s.sqlite"), 450)) as one:
        asking = Asking(one, FindViolations("C", "state.n > 0"))
        assert asking.answer(Searched) == Searched(450, 450, 5)
        assert ids(asking) == ["s0007", "s0107", "s0207", "s0307", "s0407"]
        failed = Asking(one, FindViolations("C", "state.n >")).failure()
        assert "cannot be read" in str(failed)
        assert failed.hint.endswith("^")


def test_a_search_that_was_cancelled_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_lane, "GRACE", PATIENCE)
    url = many(str(tmp_path / "s.sqlite"), 400)
    slow = "state.n > 0 and sum(1 for a in range(100) for b in range(100)) > 0"
    with lane(url) as one:
        asking = Asking(one, FindViolations("C", slow))
        until(lambda: any(part.done > 60 for part in asking.of(Progress)))
        asking.cancel()
        assert isinstance(asking.failure(), Cancelled)
        store = open_store(StoreSpec(url))
        place = violations.begun(store.info.identity, "C", slow, "")
        store.close()
        assert 0 < place.looked < 400
        first = ids(asking)
        again = Asking(one, FindViolations("C", slow))
        again.answer(Searched, 60)
        assert ids(again)[: len(first)] == first
        assert len(ids(again)) == 4
