"""Nothing is lost and nothing comes twice, whatever order writers commit in; on a model that can have every order."""

from __future__ import annotations

import json
from functools import partial
from typing import cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from explorer.errors import ConnectionLost, Invalid
from explorer.stores.store import Store
from explorer.subscription import Arrival, Backoff, Mode, Subscription
from tests.sequence import Sequence, Writing

pick = st.integers(min_value=0, max_value=7)
step = st.sampled_from(["begin", "begin", "draw", "commit", "commit", "roll back", "prepare"])


def subscribed(
    sequence: Sequence, mode: Mode = "eager", checkpoint: bytes | None = None, **how: object
) -> Subscription:
    return Subscription(cast(Store, sequence), mode, checkpoint, **how)  # type: ignore[arg-type]


def positions(arrivals: list[Arrival]) -> list[int]:
    return [cast(int, arrival.event.position) for arrival in arrivals]


class Following(RuleBasedStateMachine):
    """Writers and one subscription, which is killed now and then and goes on from its checkpoint."""

    mode: Mode = "eager"

    def __init__(self) -> None:
        super().__init__()
        self.sequence = Sequence()
        self.checkpoint: bytes | None = None
        self.subscription = self.subscribe(None)
        self.this_life: list[Arrival] = []
        self.ever: set[int] = set()
        self.may_repeat: set[int] | None = None

    def subscribe(self, checkpoint: bytes | None) -> Subscription:
        # Time stands still, so that looking again at what was final does not hide what was made final too early.
        return subscribed(self.sequence, self.mode, checkpoint, clock=lambda: 0.0)

    def do(self, what: str, which: int) -> None:
        open_ = list(self.sequence.writing.values())
        if what == "begin" or not open_:
            self.sequence.draw(self.sequence.begin())
            return
        writing: Writing = open_[which % len(open_)]
        if writing.name.startswith("-1/") and what in ("draw", "prepare"):
            return  # what is prepared can only end
        if what == "draw":
            self.sequence.draw(writing)
        elif what == "commit":
            self.sequence.commit(writing)
        elif what == "roll back":
            self.sequence.roll_back(writing)
        elif what == "prepare":
            self.sequence.prepare(writing)

    def do_all(self, steps: list[tuple[str, int]]) -> None:
        for what, which in steps:
            self.do(what, which)

    @rule(what=step, which=pick)
    def write(self, what: str, which: int) -> None:
        self.do(what, which)

    @rule(limit=st.integers(1, 6), meanwhile=st.lists(st.lists(st.tuples(step, pick), max_size=5), max_size=5))
    def poll(self, limit: int, meanwhile: list[list[tuple[str, int]]]) -> None:
        self.sequence.meanwhile = [partial(self.do_all, steps) for steps in meanwhile]
        arrivals = self.subscription.poll(limit)
        self.sequence.meanwhile = []
        assert len(arrivals) <= limit
        self.received(arrivals)

    def received(self, arrivals: list[Arrival]) -> None:
        for arrival in arrivals:
            position = cast(int, arrival.event.position)
            assert position in self.sequence.visible
            assert position not in positions(self.this_life), "twice in one life"
            if position in self.ever:
                assert self.may_repeat is not None
                assert position in self.may_repeat, "again although the checkpoint was behind it"
            before = max(positions(self.this_life), default=0)
            if self.mode == "ordered":
                assert not arrival.late
                assert position > before
            elif self.may_repeat is None:
                assert arrival.late == (position < before)
            self.this_life.append(arrival)
            self.ever.add(position)

    @rule()
    def save_checkpoint(self) -> None:
        self.checkpoint = self.subscription.checkpoint()

    @rule()
    def kill(self) -> None:
        known = json.loads(self.checkpoint) if self.checkpoint else {"position": None, "holes": []}
        upto = known.get("position") or 0
        holes = [p for low, high in known.get("holes", []) for p in range(low, high + 1)]
        self.may_repeat = {p for p in self.ever if p > upto} | set(holes)
        self.this_life = []
        self.subscription = self.subscribe(self.checkpoint)

    @rule(after=st.integers(0, 3))
    def cut_the_connection(self, after: int) -> None:
        def cut() -> None:
            self.sequence.broken = True

        self.sequence.meanwhile = [lambda: None] * after + [cut]
        try:
            self.received(self.subscription.poll(3))
        except ConnectionLost:
            self.subscription.reconnect(cast(Store, self.sequence))
        self.sequence.meanwhile = []
        self.sequence.broken = False

    @precondition(lambda self: not any(w.name.startswith("-1/") for w in self.sequence.writing.values()))
    @rule()
    def restart_the_server(self) -> None:
        self.sequence.restart()
        self.subscription.reconnect(cast(Store, self.sequence))

    def teardown(self) -> None:
        for number, writing in enumerate(list(self.sequence.writing.values())):
            if number % 3:
                self.sequence.roll_back(writing)
            else:
                self.sequence.commit(writing)
        for _ in range(10 + 2 * len(self.sequence.visible)):
            self.received(self.subscription.poll(5))
        assert set(self.sequence.visible) == self.ever
        assert self.subscription.idle
        assert self.subscription.waiting_for() == ""


class FollowingInOrder(Following):
    mode: Mode = "ordered"


TestEager = Following.TestCase
TestOrdered = FollowingInOrder.TestCase
TestEager.settings = TestOrdered.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_an_earlier_position_committed_later_is_delivered_late() -> None:
    sequence = Sequence()
    slow, fast = sequence.begin(), sequence.begin()
    sequence.draw(slow)
    sequence.draw(fast)
    sequence.commit(fast)
    eager, ordered = subscribed(sequence), subscribed(sequence, "ordered")
    assert [(a.event.position, a.late) for a in eager.poll()] == [(2, False)]
    assert ordered.poll() == []
    assert ordered.waiting_for() == (
        "Positions 0 to 1 may still be committed (waiting for 3/1); 1 later events are held back."
    )
    assert not ordered.idle
    sequence.commit(slow)
    assert [(a.event.position, a.late) for a in eager.poll()] == [(1, True)]
    assert [(a.event.position, a.late) for a in ordered.poll()] == [(1, False), (2, False)]
    assert ordered.idle


def test_a_position_that_was_rolled_back_holds_nobody_up() -> None:
    sequence = Sequence()
    slow, fast = sequence.begin(), sequence.begin()
    sequence.draw(slow)
    sequence.draw(fast)
    sequence.commit(fast)
    ordered = subscribed(sequence, "ordered")
    assert ordered.poll() == []
    sequence.roll_back(slow)
    assert positions(ordered.poll()) == [2]


def test_writers_that_came_after_the_hole_are_not_waited_for() -> None:
    sequence = Sequence()
    given_up, seen = sequence.begin(), sequence.begin()
    sequence.draw(given_up)
    sequence.roll_back(given_up)
    sequence.draw(seen)
    sequence.commit(seen)
    ordered = subscribed(sequence, "ordered")
    assert positions(ordered.poll()) == [2], "nobody could fill it any more: found out in one poll"
    later = sequence.begin()
    sequence.draw(later)
    another = sequence.begin()
    assert ordered.poll() == []
    sequence.commit(later)
    assert positions(ordered.poll()) == [3]
    sequence.roll_back(another)


def test_a_prepared_transaction_is_waited_for_under_its_new_name() -> None:
    sequence = Sequence()
    slow, fast = sequence.begin(), sequence.begin()
    sequence.draw(slow)
    sequence.draw(fast)
    sequence.commit(fast)
    ordered = subscribed(sequence, "ordered")
    assert ordered.poll() == []
    sequence.prepare(slow)
    assert ordered.poll() == []
    assert ordered.poll() == []
    sequence.commit(slow)
    assert positions(ordered.poll()) == [1, 2]


def test_what_comes_after_a_hole_was_final_is_delivered_all_the_same() -> None:
    """A store that hands out positions in blocks to its clients: no lock tells of them."""
    modes: tuple[Mode, ...] = ("eager", "ordered")
    for mode in modes:
        now = 0.0
        sequence = Sequence()
        drawn_ahead, other = sequence.begin(), sequence.begin()
        sequence.draw(drawn_ahead)
        sequence.draw(other)
        del sequence.writing[drawn_ahead.name]
        sequence.commit(other)
        subscription = subscribed(sequence, mode, clock=lambda: now)  # noqa: B023
        assert positions(subscription.poll()) == [2]
        sequence.visible = [1, 2]
        now = 1.5
        assert [(a.event.position, a.late) for a in subscription.poll()] == [(1, True)]
        now = 3.0
        assert subscription.poll() == []


def test_grace_keeps_a_hole_open() -> None:
    now = 0.0
    sequence = Sequence()
    drawn_ahead, other = sequence.begin(), sequence.begin()
    sequence.draw(drawn_ahead)
    sequence.draw(other)
    sequence.roll_back(drawn_ahead)
    sequence.commit(other)
    subscription = subscribed(sequence, "ordered", grace=10.0, clock=lambda: now)
    assert subscription.poll() == []
    now = 9.0
    assert subscription.poll() == []
    now = 10.5
    assert positions(subscription.poll()) == [2]


def test_many_holes_are_all_remembered() -> None:
    sequence = Sequence()
    writers = [sequence.begin() for _ in range(6000)]
    for writing in writers:
        sequence.draw(writing)
    for writing in writers[1::2]:
        sequence.commit(writing)
    subscription = subscribed(sequence)
    seen: set[int] = set()
    while subscription.behind:
        seen |= set(positions(subscription.poll(1000)))
    assert len(seen) == 3000
    assert len(json.loads(subscription.checkpoint())["holes"]) == 3000
    again = subscribed(sequence, checkpoint=subscription.checkpoint())
    for writing in writers[0::2]:
        sequence.commit(writing)
    for following in (subscription, again):
        late: set[int] = set()
        while len(late) < 3000:
            arrivals = following.poll(1000)
            assert arrivals
            assert all(a.late for a in arrivals)
            assert not late & set(positions(arrivals))
            late |= set(positions(arrivals))
        assert late | seen == set(range(1, 6001))


def test_starting_at_the_head_misses_nothing_that_was_under_way() -> None:
    sequence = Sequence()
    slow, fast = sequence.begin(), sequence.begin()
    sequence.draw(slow)
    sequence.draw(fast)
    sequence.commit(fast)
    subscription = subscribed(sequence, start="head")
    assert subscription.poll() == []
    sequence.commit(slow)
    assert [(a.event.position, a.late) for a in subscription.poll()] == [(1, True)]


def test_starting_at_the_head_of_nothing_brings_the_first_event() -> None:
    sequence = Sequence()
    subscription = subscribed(sequence, start="head")
    assert subscription.poll() == []
    resumed = subscribed(sequence, checkpoint=subscription.checkpoint(), start="head")
    first = sequence.begin()
    sequence.draw(first)
    sequence.commit(first)
    assert positions(subscription.poll()) == [1]
    assert positions(resumed.poll()) == [1]


def test_a_store_that_was_reset_is_followed_from_its_new_end() -> None:
    sequence = Sequence(commit_ordered=True)
    for _ in range(9):
        writing = sequence.begin()
        sequence.draw(writing)
        sequence.commit(writing)
    subscription = subscribed(sequence)
    assert len(subscription.poll()) == 9
    sequence.visible = [1, 2]
    subscription.reconnect(cast(Store, sequence))
    assert subscription.poll() == []
    assert "reset or restored" in subscription.notice
    sequence.visible = [1, 2, 3]
    assert positions(subscription.poll()) == [3]


def test_a_store_that_commits_in_order_has_no_holes_to_look_at() -> None:
    sequence = Sequence(commit_ordered=True)
    for keep in (True, False, True):
        writing = sequence.begin()
        sequence.draw(writing)
        if keep:
            sequence.commit(writing)
        else:
            sequence.roll_back(writing)
    open_ = sequence.begin()
    subscription = subscribed(sequence, "ordered")
    assert positions(subscription.poll()) == [1, 3]
    assert subscription.idle
    sequence.roll_back(open_)


def test_streams_are_followed_where_there_are_no_positions() -> None:
    sequence = Sequence(ordered=False)

    def write(count: int) -> None:
        for _ in range(count):
            writing = sequence.begin()
            sequence.draw(writing)
            sequence.commit(writing)

    write(20)
    from_start, from_head = subscribed(sequence), subscribed(sequence, start="head")
    seen = [a.event.event_id for _ in range(5) for a in from_start.poll(6)]
    assert sorted(map(int, filter(None, seen))) == list(range(1, 21))
    assert from_head.poll() == []
    write(3)
    assert len(from_head.poll()) == 3
    resumed = subscribed(sequence, checkpoint=from_start.checkpoint())
    assert len(from_start.poll()) == len(resumed.poll()) == 3
    assert resumed.poll() == []


def test_reopen_goes_on_after_a_lost_connection() -> None:
    sequence = Sequence()
    reopened = 0

    def reopen() -> Store:
        nonlocal reopened
        reopened += 1
        sequence.broken = False
        return cast(Store, sequence)

    subscription = subscribed(sequence, reopen=reopen)
    writing = sequence.begin()
    sequence.draw(writing)
    sequence.commit(writing)
    assert positions(subscription.poll()) == [1]
    sequence.broken = True
    with pytest.raises(ConnectionLost):
        subscription.poll()
    assert subscription.store is None
    assert subscription.poll() == []
    assert reopened == 1


@pytest.mark.parametrize("stored", [b"", b"[]", b'{"kind":"else"}', b'{"kind":"position","position":1,"holes":[1]}'])
def test_a_broken_checkpoint_says_so(stored: bytes) -> None:
    with pytest.raises(Invalid):
        subscribed(Sequence(), checkpoint=stored)


def test_backoff_grows_and_starts_again() -> None:
    backoff = Backoff(first=0.1, factor=2, longest=0.3)
    assert [backoff.failed() for _ in range(4)] == [0.1, 0.2, 0.3, 0.3]
    backoff.succeeded()
    assert backoff.failed() == 0.1


def test_holes_below_the_end_of_a_store_that_was_restored_are_not_forgotten() -> None:
    """After a failover the new server may be behind; what lay open there may still be committed, and once only."""
    sequence = Sequence()
    open_, *others = [sequence.begin() for _ in range(5)]
    sequence.draw(open_)
    for writing in others:
        sequence.draw(writing)
        sequence.commit(writing)
    subscription = subscribed(sequence)
    assert positions(subscription.poll()) == [2, 3, 4, 5]
    sequence.visible = [2, 3]
    subscription.reconnect(cast(Store, sequence))
    assert subscription.poll() == []
    sequence.visible = [2, 3, 4]
    sequence.commit(open_)
    assert sorted(positions(subscription.poll() + subscription.poll())) == [1, 4]
    assert subscription.poll() == []


def test_what_was_given_up_for_good_and_is_used_after_a_restore_comes_once() -> None:
    sequence = Sequence()
    now = [0.0]
    writers = [sequence.begin() for _ in range(4)]
    for writing in writers:
        sequence.draw(writing)
    for writing in (writers[0], writers[1], writers[3]):
        sequence.commit(writing)
    sequence.roll_back(writers[2])
    subscription = subscribed(sequence, clock=lambda: now[0])
    assert positions(subscription.poll() + subscription.poll()) == [1, 2, 4]
    sequence.visible = [1, 2]
    subscription.reconnect(cast(Store, sequence))
    assert subscription.poll() == []
    sequence.visible = [1, 2, 3]
    now[0] = 5.0
    assert positions(subscription.poll() + subscription.poll()) == [3]
