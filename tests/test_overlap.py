"""Following stores whose positions are texts: an overlapping window finds what becomes visible late."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.overlap import WINDOW_EVENTS, WINDOW_SECONDS
from explorer.stores.store import Store
from explorer.subscription import Arrival, Mode, Subscription
from tests.sequence import Sequence, TextSequence


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def subscribed(sequence: Sequence, mode: Mode = "eager", checkpoint: bytes | None = None, **how: Any) -> Subscription:
    return Subscription(cast(Store, sequence), mode, checkpoint, **how)


def write(sequence: Sequence, count: int) -> None:
    for _ in range(count):
        writing = sequence.begin()
        sequence.draw(writing)
        sequence.commit(writing)


def positions(arrivals: list[Arrival]) -> list[int]:
    return [int(cast(str, arrival.event.position)) for arrival in arrivals]


def drained(subscription: Subscription, limit: int = 150) -> list[int]:
    found: list[int] = []
    for _ in range(100):
        arrivals = subscription.poll(limit)
        found += positions(arrivals)
        if not arrivals and not subscription.behind:
            break
    return found


def test_everything_once_and_the_late_marked() -> None:
    sequence = TextSequence()
    slow = sequence.begin()
    sequence.draw(slow)
    write(sequence, 3)
    subscription = subscribed(sequence)
    assert positions(subscription.poll()) == [2, 3, 4]
    sequence.commit(slow)
    assert [(a.event.position, a.late) for a in subscription.poll()] == [("000001", True)]
    assert subscription.poll() == []


def test_a_long_store_is_read_once_and_only_its_end_again() -> None:
    sequence = TextSequence()
    write(sequence, 5_000)
    subscription = subscribed(sequence)
    asked = sequence.asked
    assert drained(subscription) == list(range(1, 5_001))
    assert sequence.asked - asked < 2 * 5_000 / 150
    write(sequence, 1)
    assert positions(subscription.poll()) == [5_001]
    resumed = subscribed(sequence, checkpoint=subscription.checkpoint())
    write(sequence, 2)
    assert positions(resumed.poll()) == [5_002, 5_003]


def test_the_window_is_as_long_as_many_events_take() -> None:
    clock = Clock()
    sequence = TextSequence()
    subscription = subscribed(sequence, clock=clock)
    slow = sequence.begin()
    sequence.draw(slow)
    write(sequence, 1)
    assert positions(subscription.poll()) == [2]
    # More than the window holds, within less than its seconds.
    for _ in range(5):
        write(sequence, WINDOW_EVENTS)
        clock.now += 1
        assert len(drained(subscription)) == WINDOW_EVENTS
    sequence.commit(slow)
    assert drained(subscription) == [1]


def test_starting_at_the_head() -> None:
    sequence = TextSequence()
    write(sequence, 300)
    slow = sequence.begin()
    sequence.draw(slow)
    write(sequence, 5)
    subscription = subscribed(sequence, start="head")
    assert subscription.poll() == []
    write(sequence, 1)
    sequence.commit(slow)
    assert sorted(positions(subscription.poll())) == [301, 307]
    assert subscription.poll() == []


def test_ordered_waits_until_events_have_settled() -> None:
    clock = Clock()
    sequence = TextSequence()
    slow = sequence.begin()
    sequence.draw(slow)
    write(sequence, 2)
    subscription = subscribed(sequence, "ordered", clock=clock)
    assert subscription.poll() == []
    assert "settle" in subscription.waiting_for()
    clock.now = WINDOW_SECONDS / 2
    sequence.commit(slow)
    assert subscription.poll() == []
    clock.now = WINDOW_SECONDS * 1.6
    assert positions(subscription.poll()) == [1, 2, 3]
    assert subscription.waiting_for() == ""


def test_ordered_does_not_wait_for_what_is_old() -> None:
    sequence = TextSequence()
    write(sequence, 5_000)
    subscription = subscribed(sequence, "ordered", clock=Clock())
    assert len(drained(subscription)) > 5_000 - WINDOW_EVENTS - 1


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["eager", "ordered"]),
    st.lists(st.tuples(st.sampled_from(["begin", "commit", "poll", "poll", "kill"]), st.integers(0, 5)), max_size=60),
)
@pytest.mark.parametrize("limit", [3, 500])
def test_nothing_is_lost(limit: int, mode: Mode, steps: list[tuple[str, int]]) -> None:
    clock = Clock()
    sequence = TextSequence()
    subscription = subscribed(sequence, mode, clock=clock)
    checkpoint = subscription.checkpoint()
    life: list[int] = []
    ever: set[int] = set()

    def poll() -> None:
        arrived = positions(subscription.poll(limit))
        assert not set(arrived) & set(life)
        assert len(set(arrived)) == len(arrived)
        life.extend(arrived)
        ever.update(arrived)

    for step, which in steps:
        writing = list(sequence.writing.values())
        if step == "begin":
            sequence.draw(sequence.begin())
        elif step == "commit" and writing:
            sequence.commit(writing[which % len(writing)])
        elif step == "poll":
            clock.now += which * 3
            poll()
            checkpoint = subscription.checkpoint()
        elif step == "kill":
            if which % 2:
                poll()  # after the checkpoint was saved
            life.clear()
            subscription = subscribed(sequence, mode, checkpoint, clock=clock)
    for left in list(sequence.writing.values()):
        sequence.commit(left)
    for _ in range(len(sequence.visible) + 3):
        clock.now += WINDOW_SECONDS
        poll()
    assert ever == set(sequence.visible)
