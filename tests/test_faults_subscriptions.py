"""What goes wrong around subscribers: kills at any statement, poison, wishes at bad moments, clocks, unknown types."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer import claiming, follow, handling, subscriber
from explorer.cancellation import Cancellation
from explorer.model import Event, NewEvent, StreamKey
from explorer.stores import Store, StoreSpec, open_store
from explorer.subscriber import run_subscriber
from explorer.subscription import reached
from tests.patience import until
from tests.subscribed import NAME, Effects, done, happen, known, process, subscribed

STREAMS = "ab"


class Killed(BaseException):
    """The process is no more."""


class Mortal:
    """A store in a process that is killed before or after one of its statements, or ends when there is nothing to do.

    What was under way is rolled back by the real database, as its connection is closed.
    """

    def __init__(self, store: Store, statements: int | None, after: bool) -> None:
        self._store = store
        self._left = statements
        self._after = after

    def wait(self, seconds: float, cancellation: Cancellation) -> None:
        cancellation.cancel()

    def close(self) -> None:
        self._store.close()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return self._dying(found) if callable(found) and name != "cancelling" else found

    def _dying(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            if self._left is None:
                return call(*given, **named)
            self._left -= 1
            if self._left < 0 or (self._left == 0 and not self._after):
                raise Killed
            answer = call(*given, **named)
            if self._left == 0:
                raise Killed
            return answer

        return called


class World:
    """A store, a subscriber that is run and killed, and what should have come of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store = open_store(StoreSpec(url, create=True, writable=True))
        self.effects = Effects()
        self.events: dict[str, list[str]] = {}
        self.skipped: set[str] = set()

    def happen(self, stream: str, poisonous: list[bool]) -> None:
        for poison in poisonous:
            event = happen(self.store, stream).event_id or ""
            self.events.setdefault(stream, []).append(event)
            if poison:
                self.effects.poisonous.add(event)

    def heal(self, number: int) -> None:
        """One that is parked, so that trying it again would do."""
        parked = [one.event_id or "" for one in self.store.parked(NAME) if one.event_id in self.effects.poisonous]
        if parked:
            self.effects.poisonous.remove(parked[number % len(parked)])

    def want(self, number: int, skip: bool) -> None:
        parked = [one for one in self.store.parked(NAME) if one.event_id not in self.skipped]
        if not parked:
            return
        one = parked[number % len(parked)]
        self.store.want(NAME, one.position, "skip" if skip else "retry")
        if skip:
            self.skipped.add(one.event_id or "")

    def run(self, statements: int | None = None, after: bool = False) -> None:
        opened: list[Store] = []

        def open_mortal(spec: StoreSpec) -> Store:
            opened.append(open_store(spec))
            return cast(Store, Mortal(opened[-1], statements, after))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(subscriber, "open_store", open_mortal)
            patch.setattr(claiming, "LEASE", 0.0)  # whoever was killed gives no signs of life
            patch.setattr(claiming, "LOOK", 0.0)
            patch.setattr(follow, "BEAT", 0.0)
            patch.setattr(handling, "BEAT", 0.0)
            patch.setattr(handling, "TRIES", 1)
            with suppress(Killed):
                run_subscriber(StoreSpec(self.url), NAME, self.effects, Cancellation())
        for store in opened:
            store.close()

    def check(self) -> None:
        """In order, and nothing twice."""
        for stream, events in self.events.items():
            found = done(self.store, stream)
            assert found == [event for event in events if event in found]
            assert not set(found) & self.effects.poisonous - self.skipped

    def finish(self) -> None:
        self.effects.poisonous.clear()
        self.run()
        for one in self.store.parked(NAME):
            if one.reason and not one.wanted:
                self.store.want(NAME, one.position, "retry")
        self.run()
        assert self.store.parked(NAME) == []
        for stream, events in self.events.items():
            assert done(self.store, stream) == [event for event in events if event not in self.skipped]


_LIVES = st.one_of(st.just(()), st.tuples(st.integers(1, 30), st.booleans()))  # killed at a statement, or not at all
ACTS = st.one_of(
    st.tuples(st.just("happen"), st.sampled_from(STREAMS), st.lists(st.booleans(), min_size=1, max_size=3)),
    st.tuples(st.just("heal"), st.integers(0, 3)),
    st.tuples(st.just("want"), st.integers(0, 3), st.booleans()),
    _LIVES.map(lambda life: ("run", *life)),
    _LIVES.map(lambda life: ("run", *life)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ACTS, max_size=25))
def test_whatever_happens_each_effect_is_there_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[Any, ...]]
) -> None:
    world = World(str(tmp_path_factory.mktemp("world") / "own.sqlite"))
    _act(world, acts)


@pytest.mark.parametrize("skip", [False, True])
def test_a_kill_at_each_statement_of_trying_again_and_of_dropping(
    tmp_path_factory: pytest.TempPathFactory, skip: bool
) -> None:
    for statements in range(5, 20):
        world = World(str(tmp_path_factory.mktemp("world") / "own.sqlite"))
        _act(world, [("heal", 0), ("want", 0, skip), ("run", statements, True)])


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, max_size=20))
def test_the_same_on_postgresql(postgres: Any, acts: list[tuple[Any, ...]]) -> None:
    with postgres.database() as url:
        _act(World(url), acts)


def _act(world: World, acts: list[tuple[Any, ...]]) -> None:
    try:
        world.happen("a", [True, False, True])  # there is always something to park
        world.run()
        for act, *given in acts:
            getattr(world, act)(*given)
            world.check()
        world.finish()
    finally:
        world.store.close()


@pytest.fixture
def store(own_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(follow, "BEAT", 0.2)
    monkeypatch.setattr(handling, "BEAT", 0.2)
    monkeypatch.setattr(handling, "TRIES", 1)
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    yield store
    store.close()


def test_a_clock_that_goes_backwards_changes_nothing(
    own_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times are told to people; nothing is decided by them."""
    clock = [2_000_000_000.0]

    def backwards() -> float:
        clock[0] -= 3600.0
        return clock[0]

    monkeypatch.setattr(time, "time", backwards)
    effects = Effects()
    poison, behind = happen(store, "a"), happen(store, "a")
    effects.poisonous.add(poison.event_id or "")
    with subscribed(own_url, effects):
        until(lambda: len(store.parked(NAME)) == 2)
        later = [happen(store, "b") for _ in range(5)]
        until(lambda: done(store, "b") == [event.event_id for event in later])
        effects.poisonous.clear()
        store.want(NAME, 1, "retry")
        until(lambda: done(store, "a") == [poison.event_id, behind.event_id])
        owner = known(store)
        assert owner is not None
        assert owner.epoch == 1


def test_events_of_the_past_and_the_future_are_handled_as_they_come(own_url: str, store: Store) -> None:
    """The clock of whoever wrote them was set back between them."""
    times = [datetime(2030, 1, 1, tzinfo=UTC), datetime(1999, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    written: list[Event] = []
    for number, moment in enumerate(times):
        new = NewEvent("Happened", {}, f"at {moment:%Y}", recorded_at=moment)
        written += store.append(StreamKey("Thing", "a"), number, [new])
    with subscribed(own_url, Effects()):
        until(lambda: done(store, "a") == [event.event_id for event in written])


def test_types_that_a_subscriber_does_not_know_pass_by(own_url: str, store: Store) -> None:
    effects = Effects()
    happen(store, "a", "NeverHeardOf")
    first = happen(store, "a")
    effects.poisonous.add(first.event_id or "")
    with subscribed(own_url, effects):
        until(lambda: len(store.parked(NAME)) == 1)
        head = happen(store, "a", "NeitherThat").position
        until(lambda: (now := known(store)) is not None and reached(now.checkpoint) == head)
        assert [one.event_id for one in store.parked(NAME)] == [first.event_id], "it waits for nothing"


def test_a_parked_event_that_is_no_longer_there_says_so_and_can_be_skipped(own_url: str, store: Store) -> None:
    effects = Effects()
    first, second = happen(store, "a"), happen(store, "a")
    effects.poisonous.add(first.event_id or "")
    with subscribed(own_url, effects):
        until(lambda: len(store.parked(NAME)) == 2)
    prefix = "" if store.info.dialect == "sqlite" else "event_store."
    with store._connection.transaction() as run:  # type: ignore[attr-defined]
        run(f"DELETE FROM {prefix}events WHERE position = 1", {})
    effects.poisonous.clear()
    with subscribed(own_url, effects):
        store.want(NAME, 1, "retry")
        until(lambda: store.parked(NAME)[0].reason == "This event is no longer in the store.")
        store.want(NAME, 1, "skip")
        until(lambda: done(store, "a") == [second.event_id])


def test_an_owner_that_is_killed_while_it_parks_and_while_it_tries_again(own_url: str, store: Store) -> None:
    streams = {f"s{number}": [happen(store, f"s{number}").event_id or "" for _ in range(3)] for number in range(12)}
    poisonous = [events[0] for events in streams.values()]

    def all_done() -> int:
        return sum(len(done(store, stream)) for stream in streams)

    with process(own_url, poisonous):
        until(lambda: len(store.parked(NAME)) >= 8)
    with process(own_url, poisonous):
        until(lambda: len(store.parked(NAME)) == 36)
    assert all_done() == 0
    heads = [one for one in store.parked(NAME) if one.reason]
    assert sorted(one.event_id or "" for one in heads) == sorted(poisonous)
    for one in heads:
        store.want(NAME, one.position, "retry")
    with process(own_url, []):
        until(lambda: all_done() >= 5)
    with process(own_url, []):
        until(lambda: all_done() == 36)
    assert {stream: done(store, stream) for stream in streams} == streams
    assert store.parked(NAME) == []
