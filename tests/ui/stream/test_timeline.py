"""The columns of a stream: growing, being told anew, looking up by version, time and text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.engine.messages import EventColumns, StepColumns
from explorer.ui.stream.timeline import Timeline

SECOND = 1_000_000


def events(
    start: int, versions: list[int], times: list[int | None] | None = None, name: str = "Placed"
) -> EventColumns:
    number = len(versions)
    return EventColumns(
        start=start,
        versions=versions,
        types=[0] * number,
        names=[name],
        times=times if times is not None else [version * SECOND for version in versions],
        positions=[str(1000 + version) for version in versions],
        event_ids=[f"event-{version}" for version in versions],
        sizes=[10] * number,
    )


def long_timeline(count: int) -> Timeline:
    timeline = Timeline()
    for start in range(0, count, 500):
        timeline.take_events(
            events(start, list(range(start + 1, min(start + 500, count) + 1)), name=f"Type{start % 3}")
        )
        timeline.take_steps(StepColumns(start, [1] * min(500, count - start)))
    return timeline


def test_grows_in_stretches_and_types_keep_their_numbers() -> None:
    timeline = Timeline()
    timeline.take_events(events(0, [1, 2], name="Created"))
    timeline.take_events(events(2, [3], name="Approved"))
    timeline.take_events(events(3, [4], name="Created"))
    assert (timeline.count, timeline.folded) == (4, 0)
    assert [timeline.type(n) for n in range(4)] == ["Created", "Created", "Approved", "Created"]
    assert timeline.names == ["Created", "Approved"]
    assert timeline.changes_at(0) is None
    timeline.take_steps(StepColumns(0, [7, 0], {1: "it failed"}))
    assert (timeline.folded, timeline.changes_at(0), timeline.most_changes) == (2, 7, 7)
    assert timeline.errors == {1: "it failed"}


def test_a_gap_between_stretches_is_a_mistake() -> None:
    timeline = Timeline()
    with pytest.raises(ValueError, match="only 0 are known"):
        timeline.take_events(events(5, [6]))


def test_steps_told_anew_replace_those_from_there_on() -> None:
    timeline = Timeline()
    timeline.take_events(events(0, [1, 2, 3]))
    timeline.take_steps(StepColumns(0, [9, 1, 1], {2: "failed"}))
    timeline.take_steps(StepColumns(0, [2, 2]))
    assert (timeline.folded, timeline.most_changes, timeline.errors, timeline.generation) == (2, 2, {}, 1)


def test_events_told_anew_replace_everything_from_there_on() -> None:
    timeline = long_timeline(1000)
    timeline.take_events(events(0, [1, 2]))
    assert (timeline.count, timeline.folded) == (2, 0)
    assert timeline.ordinal_of(3) is None


@pytest.mark.parametrize(
    ("versions", "wanted", "ordinal"),
    [
        ([1, 2, 3], 2, 1),
        ([1, 2, 3], 4, None),
        ([5, 6, 9], 9, 2),
        ([1, 2, 2, 3], 2, 1),
        ([3, 1, 2], 1, 1),
        ([], 1, None),
    ],
)
def test_an_event_is_found_by_its_version(versions: list[int], wanted: int, ordinal: int | None) -> None:
    timeline = Timeline()
    timeline.take_events(events(0, versions))
    assert timeline.ordinal_of(wanted) == ordinal


@given(st.lists(st.none() | st.integers(0, 20), max_size=12), st.integers(-1, 21))
def test_a_time_leads_to_the_last_event_at_or_before_it(times: list[int | None], wanted: int) -> None:
    timeline = Timeline()
    timeline.take_events(events(0, list(range(1, len(times) + 1)), times))
    earlier = [ordinal for ordinal, at in enumerate(times) if at is not None and at <= wanted]
    assert timeline.ordinal_at(wanted) == (max(earlier) if earlier else None)


def test_finds_type_version_id_and_position_going_round() -> None:
    timeline = long_timeline(2000)
    assert timeline.find("1500", 0) == 499  # the position 1500 comes before the version
    assert timeline.find("1500", 500) == 1499
    assert timeline.find("EVENT-77", 0) == 76
    assert timeline.find("type1", 700, -1) == 1499
    assert timeline.find("nothing like it", 0) is None
    assert timeline.find("", 0) is None


def test_a_hundred_thousand_events_cost_little() -> None:
    timeline = long_timeline(100_000)
    computed = time.thread_time()
    assert timeline.find("no such thing", 0) is None
    assert timeline.ordinal_of(99_999) == 99_998
    assert timeline.ordinal_at(50_000 * SECOND) == 49_999
    assert time.thread_time() - computed < 5
