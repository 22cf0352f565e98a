"""A chain laid out: everything has one place, arrows point down the page, gaps stand only where nothing is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.causality import chain_of
from explorer.causation import event_identity
from explorer.model import DomainEvent
from explorer.sequence import IDLE, LINE, Diagram, Lane, arrange

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def event(
    number: int,
    metadata: Any = None,
    *,
    stream: tuple[str, str] = ("Order", "1"),
    seconds: float | None = None,
    version: int = 0,
) -> DomainEvent:
    moment = None if seconds is None else START + timedelta(seconds=seconds)
    return DomainEvent(*stream, version or number, f"T{number}", None, metadata or {}, f"e{number}", moment, number)


def arranged(*events: DomainEvent) -> Diagram:
    return arrange(chain_of(events))


def test_an_order_and_the_service_that_reserves_credit() -> None:
    customer = ("Customer", "c")
    diagram = arranged(
        event(1, {"causation_id": "x", "correlation_id": "x", "origin": "simulate"}, seconds=0),
        event(2, {"causation_id": "e1", "service": "customer"}, stream=customer, seconds=1),
        event(3, {"causation_id": "e2", "service": "order"}, seconds=2),
    )
    assert [lane.name for lane in diagram.lanes] == ["simulate", "Order 1", "customer", "Customer c", "order"]
    assert [lane.kind for lane in diagram.lanes] == ["service", "stream", "service", "stream", "service"]
    assert [(mark.lane, mark.y, mark.cause, mark.effects) for mark in diagram.marks] == [
        (1, 0.5, None, (1,)),
        (3, 2.25, 0, (2,)),
        (1, 4.0, 1, ()),
    ]
    assert [(arrow.source, arrow.target, arrow.y, arrow.cause, arrow.effect) for arrow in diagram.arrows] == [
        (0, 1, 0.5, None, 0),
        (1, 2, 1.375, 0, 1),
        (2, 3, 2.25, 0, 1),
        (3, 4, 3.125, 1, 2),
        (4, 1, 4.0, 1, 2),
    ]
    assert diagram.height == 4.5
    assert not diagram.gaps


def test_what_one_command_wrote_stays_in_its_stream() -> None:
    """The service is asked once; its second event follows from the first."""
    words = {"causation_id": "e1", "service": "customer"}
    customer = ("Customer", "c")
    diagram = arranged(
        event(1), event(2, words, stream=customer, version=1), event(3, words, stream=customer, version=2)
    )
    # Both name the event that they follow from: one reaction, two arrows out of it.
    assert [(arrow.source, arrow.target) for arrow in diagram.arrows] == [(0, 1), (1, 2), (1, 2)]
    command = {"causation_id": "x", "origin": "by hand"}
    diagram = arranged(event(1, command, version=1), event(2, command, version=2))
    assert [(arrow.source, arrow.target, arrow.cause) for arrow in diagram.arrows] == [(0, 1, None), (1, 1, 0)]


def test_inferred_links_stay_apart_from_recorded_ones() -> None:
    diagram = arranged(event(1, {"correlation_id": "c"}), event(2, {"correlation_id": "c", "service": "s"}))
    assert [(arrow.recorded, arrow.target_level) for arrow in diagram.arrows] == [(False, 0), (True, None)]
    assert [bar.recorded for bar in diagram.bars] == [False, True]


def test_effects_of_two_events_leave_a_lane_beside_each_other() -> None:
    other = ("Other", "1")
    diagram = arranged(
        event(1),
        event(2),
        event(3, {"causation_id": "e1"}, stream=other),
        event(4, {"causation_id": "e2"}, stream=other),
    )
    assert sorted(bar.level for bar in diagram.bars) == [0, 1]


def test_a_circle_that_was_cut_open_points_up() -> None:
    diagram = arranged(event(1, {"causation_id": "e2"}), event(2, stream=("Other", "1")))
    (arrow,) = diagram.arrows
    assert arrow.y == diagram.marks[0].y
    assert (arrow.cause, arrow.effect) == (1, 0)


def test_no_time_no_gap() -> None:
    assert [gap.length for gap in arranged(event(1, seconds=0), event(2, seconds=3600)).gaps] == [timedelta(hours=1)]
    assert arranged(event(1, seconds=0), event(2), event(3, seconds=3600)).gaps == ()
    assert arrange(chain_of([])).height == 0


def test_many_events_are_laid_out_at_once() -> None:
    diagram = arranged(*(event(n, {"causation_id": f"e{n // 2}", "service": f"s{n % 7}"}) for n in range(1, 5001)))
    assert len(diagram.marks) == 5000
    assert len(diagram.arrows) > 5000


# -- whatever the metadata say -----------------------------------------------------------------------------------------

names = st.sampled_from(["e1", "e2", "e3", "e4", "e5", "e6", "c", "d"])
metadatas = st.fixed_dictionaries(
    {},
    optional={
        "causation_id": names,
        "correlation_id": st.sampled_from(["c", "d"]),
        "service": st.sampled_from(["order", "customer", "Order 1"]),
    },
)
rapid = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
chains = st.lists(
    st.tuples(
        metadatas,
        st.tuples(st.sampled_from(["Order", "Customer"]), st.sampled_from(["1", "2", ""])),
        st.one_of(st.none(), st.integers(0, 60)),
    ),
    max_size=10,
).map(lambda rows: chain_of(event(n, m, stream=s, seconds=t) for n, (m, s, t) in enumerate(rows, 1)))


@rapid
@given(chains.map(arrange))
def test_every_event_has_exactly_one_place(diagram: Diagram) -> None:
    chain = diagram.chain
    assert [mark.event for mark in diagram.marks] == list(chain.events)
    assert all(above.y + LINE <= below.y for above, below in pairwise(diagram.marks))
    assert all(diagram.lanes[m.lane] == Lane("stream", m.event.category, m.event.id) for m in diagram.marks)
    assert len(set(diagram.lanes)) == len(diagram.lanes)
    used = {m.lane for m in diagram.marks} | {a.source for a in diagram.arrows} | {a.target for a in diagram.arrows}
    assert used == set(range(len(diagram.lanes)))
    assert all(diagram.numbers[event_identity(m.event)] == number for number, m in enumerate(diagram.marks))


@rapid
@given(chains.map(arrange))
def test_arrows_never_point_up_unless_the_data_do(diagram: Diagram) -> None:
    marks = diagram.marks
    for arrow in diagram.arrows:
        effect = marks[arrow.effect]
        if arrow.target_level is None:
            assert (arrow.y, arrow.target) == (effect.y, effect.lane)
        if arrow.cause is not None and arrow.cause < arrow.effect:
            assert marks[arrow.cause].y < arrow.y
    drawn = {(arrow.cause, arrow.effect) for arrow in diagram.arrows if arrow.target_level is None}
    for number, mark in enumerate(marks):
        if mark.cause is not None:
            assert (mark.cause, number) in drawn
            assert number in marks[mark.cause].effects
    for link in diagram.chain.links:
        cause, number = diagram.numbers[link.cause_event_id], diagram.numbers[link.effect_event_id]
        for arrow in diagram.arrows:
            if (arrow.cause, arrow.effect, arrow.source) == (cause, number, marks[cause].lane):
                assert arrow.recorded == link.recorded


@rapid
@given(chains.map(arrange))
def test_gaps_collapse_only_where_nothing_is(diagram: Diagram) -> None:
    heights = [mark.y for mark in diagram.marks] + [arrow.y for arrow in diagram.arrows]
    for gap in diagram.gaps:
        assert gap.length >= IDLE
        assert not [y for y in heights if gap.y <= y <= gap.y + LINE]
        before = [m.event.recorded_at for m in diagram.marks if m.y < gap.y]
        after = [m.event.recorded_at for m in diagram.marks if m.y > gap.y]
        earliest, latest = min(t for t in after if t), max(t for t in before if t)
        assert earliest - latest == gap.length


@rapid
@given(chains.map(arrange))
def test_bars_never_run_over_each_other(diagram: Diagram) -> None:
    bars = sorted(diagram.bars, key=lambda bar: (bar.lane, bar.level, bar.top))
    for above, below in pairwise(bars):
        if (above.lane, above.level) == (below.lane, below.level):
            assert above.bottom <= below.top
    for arrow in diagram.arrows:
        if arrow.source_level is not None:
            assert any(
                (bar.lane, bar.level) == (arrow.source, arrow.source_level) and bar.top <= arrow.y <= bar.bottom
                for bar in bars
            )
