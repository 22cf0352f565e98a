"""Subscribers on real stores: what cannot be handled is tried again, put aside, and done when somebody wants it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from explorer import follow, handling, parking
from explorer.errors import Conflict
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.store import Advance
from explorer.subscriber import Knobs
from explorer.subscription import Arrival
from tests.patience import until
from tests.subscribed import NAME, Effects, done, happen, known, subscribed


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    yield store
    store.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt is enough to know a poisonous event."""
    monkeypatch.setattr(handling, "TRIES", 1)


@pytest.fixture(autouse=True)
def lively(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life come often, so that nobody need wait for what comes with them."""
    monkeypatch.setattr(follow, "BEAT", 0.2)
    monkeypatch.setattr(handling, "BEAT", 0.2)


def reasons(store: Store) -> list[tuple[int, str]]:
    return [(one.position, one.reason) for one in store.parked(NAME)]


def test_a_poisonous_event_is_tried_again_then_parked_and_others_go_on(tmp_path: Path) -> None:
    own_url = str(tmp_path / "own.sqlite")
    with closing(open_store(StoreSpec(own_url, create=True, writable=True))) as store:
        _tried_again_then_parked(own_url, store)


def _tried_again_then_parked(own_url: str, store: Store) -> None:
    effects = Effects()
    poison, behind, other = happen(store, "a"), happen(store, "a"), happen(store, "b")
    happen(store, "a", "Unknown")  # nothing that it reacts to: not parked
    effects.poisonous.add(poison.event_id or "")
    with subscribed(own_url, effects) as told:
        began = time.monotonic()
        until(lambda: done(store, "b") == [other.event_id])
        assert time.monotonic() - began > 2.5, "it was tried again after pauses"
        until(lambda: len(reasons(store)) == 2)
        assert [standing.state for standing in told] == ["failing", "parked", "live"]
        assert told[0].detail == told[1].detail == "Happened at position 1: ValueError: poison"
        assert effects.tried == [poison.event_id] * handling.TRIES + [other.event_id]
        later = happen(store, "b")
        until(lambda: done(store, "b") == [other.event_id, later.event_id])
    first, second = store.parked(NAME)
    assert (first.sequence, first.type, first.attempts, first.reason) == (
        "Thing/a",
        "Happened",
        6,
        "ValueError: poison",
    )
    assert (second.position, second.attempts, second.reason) == (behind.position, 0, "")
    assert done(store, "a") == []


@pytest.mark.usefixtures("impatient")
def test_what_was_parked_is_done_in_order_when_somebody_wants_it(own_url: str, store: Store) -> None:
    effects = Effects()
    a = [happen(store, "a") for _ in range(4)]
    c = happen(store, "c")
    effects.poisonous |= {a[0].event_id or "", a[2].event_id or "", c.event_id or ""}
    with subscribed(own_url, effects):
        until(lambda: len(store.parked(NAME)) == 5)
        store.want(NAME, 1, "retry")
        until(lambda: not store.parked(NAME, wanted=True))
        assert reasons(store) == [(1, "ValueError: poison"), (2, ""), (3, ""), (4, ""), (5, "ValueError: poison")]
        assert store.parked(NAME)[0].attempts == 2
        effects.poisonous.remove(a[0].event_id or "")
        store.want(NAME, 3, "retry")  # its sequence begins with the first one
        until(lambda: reasons(store) == [(3, "ValueError: poison"), (4, ""), (5, "ValueError: poison")])
        assert not store.parked(NAME, wanted=True)
        assert done(store, "a") == [a[0].event_id, a[1].event_id]
        store.want(NAME, 3, "skip")
        until(lambda: done(store, "a") == [a[0].event_id, a[1].event_id, a[3].event_id])
        new = happen(store, "a")
        until(lambda: done(store, "a")[3:] == [new.event_id])
    assert reasons(store) == [(5, "ValueError: poison")]
    assert done(store, "c") == []


@pytest.mark.usefixtures("impatient")
def test_skipping_what_waits_drops_that_alone(own_url: str, store: Store) -> None:
    effects = Effects()
    a = [happen(store, "a") for _ in range(3)]
    effects.poisonous.add(a[0].event_id or "")
    with subscribed(own_url, effects):
        until(lambda: len(store.parked(NAME)) == 3)
        store.want(NAME, 2, "skip")
        until(lambda: reasons(store) == [(1, "ValueError: poison"), (3, "")])
        time.sleep(0.3)
        assert effects.tried == [a[0].event_id]
        effects.poisonous.clear()
        store.want(NAME, 1, "retry")
        until(lambda: done(store, "a") == [a[0].event_id, a[2].event_id])


@pytest.mark.usefixtures("impatient")
def test_more_than_a_page_that_waits_is_done_while_more_comes(
    own_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parking, "PAGE", 3)
    effects = Effects()
    a = [happen(store, "a") for _ in range(10)]
    effects.poisonous.add(a[0].event_id or "")
    with subscribed(own_url, effects):
        until(lambda: len(store.parked(NAME)) == 10)
        effects.poisonous.clear()
        store.want(NAME, 1, "retry")
        a += [happen(store, "a") for _ in range(20)]
        until(lambda: len(done(store, "a")) == 30)
    assert done(store, "a") == [event.event_id for event in a]
    assert store.parked(NAME) == []


@pytest.mark.usefixtures("impatient")
def test_the_knobs_slow_and_fail_without_losing_the_subscription(own_url: str, store: Store) -> None:
    knobs = Knobs(slow=3600.0)
    first = happen(store, "a")
    with subscribed(own_url, Effects(), knobs):
        until(lambda: (now := known(store)) is not None and now.beat >= 3)  # it gives signs of life
        slowed = known(store)
        assert slowed is not None
        assert slowed.epoch == 1
        assert slowed.detail == "Slowed down: 3600 s before each event."
        assert done(store, "a") == []
        knobs.slow = 0.1
        until(lambda: done(store, "a") == [first.event_id])
        knobs.slow = 3600.0
        second = happen(store, "a")
        time.sleep(0.5)
        assert done(store, "a") == [first.event_id]
        knobs.slow = 0.0
        until(lambda: done(store, "a") == [first.event_id, second.event_id])
        knobs.failing = True
        happen(store, "b")
        until(lambda: reasons(store) == [(5, "made to fail")])
        knobs.failing = False
        store.want(NAME, 5, "retry")
        until(lambda: len(done(store, "b")) == 1)


def test_a_paused_one_keeps_its_claim_and_goes_on_when_resumed(own_url: str, store: Store) -> None:
    with subscribed(own_url, Effects()) as told:
        until(lambda: known(store) is not None)
        store.pause(NAME, True)
        until(lambda: bool(told) and told[-1].state == "paused")
        event = happen(store, "a")
        before = known(store)
        assert before is not None
        until(lambda: (now := known(store)) is not None and now.beat >= before.beat + 2)  # it gives signs of life
        paused = known(store)
        assert paused is not None
        assert (paused.paused, paused.state, paused.epoch) == (True, "paused", 1)
        assert done(store, "a") == []
        store.pause(NAME, False)
        until(lambda: done(store, "a") == [event.event_id])
        until(lambda: (known(store) or paused).state == "live")
    left = known(store)
    assert left is not None
    assert (left.owner, left.state) == ("", "")


def test_a_paused_one_that_was_slow_holds_what_it_was_about_to_do(own_url: str, store: Store) -> None:
    knobs = Knobs(slow=3600.0)
    event = happen(store, "a")
    with subscribed(own_url, Effects(), knobs) as told:
        until(lambda: known(store) is not None)
        store.pause(NAME, True)
        until(lambda: bool(told) and told[-1].state == "paused")
        knobs.slow = 0.0
        time.sleep(0.7)
        assert done(store, "a") == []
        store.pause(NAME, False)
        until(lambda: done(store, "a") == [event.event_id])


def test_a_reset_does_everything_again(own_url: str, store: Store) -> None:
    first = happen(store, "a")
    with subscribed(own_url, Effects()):
        until(lambda: done(store, "a") == [first.event_id])
        store.reset(NAME)
        until(lambda: done(store, "a") == [first.event_id] * 2)
        again = known(store)
        assert again is not None
        assert again.epoch == 3  # the reset, and the claim after it


class Conflicting(Effects):
    """Others are always faster, for a while."""

    left = 3

    def handle(self, store: Store, arrival: Arrival, advance: Advance) -> bool:
        self.left -= 1
        if self.left >= 0:
            raise Conflict("somebody was faster", 0, 1, ())
        return super().handle(store, arrival, advance)


@pytest.mark.usefixtures("impatient")
def test_a_conflict_never_parks(own_url: str, store: Store) -> None:
    event = happen(store, "a")
    with subscribed(own_url, Conflicting()) as told:
        until(lambda: done(store, "a") == [event.event_id])
        until(lambda: told[-1].state == "live")
    states = [standing.state for standing in told]
    assert states[states.index("failing") :][:2] == ["failing", "live"]
    assert store.parked() == []
