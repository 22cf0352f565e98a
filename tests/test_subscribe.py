"""Subscribing to any store: filtered, from where one likes, in its own database or in the user's folder; one owner."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from explorer import follow, handling, settings
from explorer.cancellation import Cancellation
from explorer.errors import Damaged
from explorer.follow import Standing
from explorer.model import Event, NewEvent, StreamKey
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.store import Advance
from explorer.subscriber import keep_aside, subscribe
from explorer.subscription import Arrival, Subscription
from tests import stores_written
from tests.patience import PATIENCE, until
from tests.subscribed import done, happen


@pytest.fixture(autouse=True)
def lively(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "BEAT", 0.2)
    monkeypatch.setattr(handling, "BEAT", 0.2)
    monkeypatch.setattr(handling, "TRIES", 1)


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    yield store
    store.close()


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    url = str(tmp_path / "foreign.sqlite")
    stores_written.eventsourcing(url)
    return url


class Seen:
    """Keeps the events that come; those of a poisonous type it refuses."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.advances: list[Advance | None] = []
        self.told: list[Standing] = []
        self.poisonous: set[Any] = set()  # positions

    def __call__(self, store: Store, arrival: Arrival, advance: Advance | None) -> None:
        if arrival.event.position in self.poisonous:
            raise ValueError("poison")
        self.events.append(arrival.event)
        self.advances.append(advance)

    @property
    def positions(self) -> list[Any]:
        return [event.position for event in self.events]


@contextmanager
def subscribing(spec: StoreSpec, name: str = "seen", handle: Any = None, **how: Any) -> Iterator[Seen]:
    seen = Seen()
    cancellation = Cancellation()
    thread = threading.Thread(
        target=subscribe, args=(spec, name, handle or seen, cancellation), kwargs={"tell": seen.told.append, **how}
    )
    thread.start()
    try:
        yield seen
    finally:
        cancellation.cancel()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_categories_types_and_where_to_start(own_url: str, store: Store) -> None:
    store.append(
        StreamKey("Order", "1"), 0, [NewEvent(kind, {}, f"o{kind}") for kind in ("Made", "Paid", "Made?", "M")]
    )
    happen(store, "a")
    chosen = Subscription(store, "ordered", categories=["Order"], types=["Mad*", "?"])
    assert [arrival.event.type for arrival in chosen.poll()] == ["Made", "Made?", "M"]
    assert Subscription(store, "ordered", chosen.checkpoint()).poll() == [], "what was not chosen is behind it as well"
    spec = StoreSpec(own_url, writable=True)
    with subscribing(spec, "now", start="now") as now, subscribing(spec, "after", after=3) as after:
        until(lambda: after.positions == [4, 5])
        until(lambda: [standing.state for standing in now.told] == ["live"])
        happen(store, "b")
        until(lambda: now.positions == [6] and after.positions == [4, 5, 6])


def test_from_now_on_means_since_it_began(own_url: str, store: Store) -> None:
    happen(store, "a")
    spec = StoreSpec(own_url, writable=True)
    with subscribing(spec, start="now") as seen:
        until(lambda: bool(seen.told))
    missed = happen(store, "a")
    with subscribing(spec, start="now") as seen:
        until(lambda: seen.positions == [missed.position])
    assert [known.name for known in store.subscriptions()] == ["seen"]


def test_effects_in_the_same_store_happen_once(own_url: str, store: Store) -> None:
    def handle(store: Store, arrival: Arrival, advance: Advance | None) -> bool:
        key = StreamKey("Effect", arrival.event.id)
        there = store.stream(key)
        new = NewEvent("Done", {"of": arrival.event.event_id}, f"effect of {arrival.event.event_id}")
        store.append(key, there.version if there else 0, [new], advance)
        return True

    events = [happen(store, "a") for _ in range(5)]
    with subscribing(StoreSpec(own_url, writable=True), handle=handle, categories=["Thing"]):
        until(lambda: done(store, "a") == [event.event_id for event in events])


def test_a_store_that_is_only_read_is_not_changed(own_url: str, store: Store) -> None:
    first = happen(store, "a")
    with subscribing(StoreSpec(own_url), mode="eager") as seen:
        until(lambda: seen.positions == [first.position])
        second = happen(store, "a")
        until(lambda: seen.positions == [first.position, second.position])
    assert seen.advances == [None, None]
    assert store.subscriptions() == ()
    third = happen(store, "a")
    with subscribing(StoreSpec(own_url)) as again:
        until(lambda: again.positions == [third.position])


def test_the_store_of_others_is_subscribed_to_with_everything(foreign: str) -> None:
    store = open_store(StoreSpec(foreign))
    keep_aside(store)
    before = Path(foreign).read_bytes()
    with subscribing(StoreSpec(foreign)) as seen:
        until(lambda: len(seen.events) == store.count())
        everything = list(seen.positions)
        (known,) = store.subscriptions()
        assert (known.name, known.owner.split("@")[0], known.parked) == ("seen", str(os.getpid()), 0)
    store.reset("seen")
    seen = Seen()
    seen.poisonous.add(everything[0])
    with subscribing(StoreSpec(foreign), handle=seen):
        until(lambda: store.parked("seen") and store.subscriptions()[0].state == "live")
        until(lambda: len(seen.events) + len(store.parked("seen")) == len(everything))
        (first, *behind) = store.parked("seen")
        assert (first.position, first.reason) == (everything[0], "ValueError: poison")
        assert all(one.reason == "" and one.sequence == first.sequence for one in behind)
        store.pause("seen", True)
        until(lambda: store.subscriptions()[0].state == "paused")
        seen.poisonous.clear()
        store.want("seen", first.position, "retry")
        store.pause("seen", False)
        until(lambda: len(seen.events) == len(everything))
    assert sorted(seen.positions) == everything
    assert store.parked("seen") == []
    assert Path(foreign).read_bytes() == before
    store.close()


def test_one_instance_owns_it_and_the_other_follows_a_killed_one(own_url: str, store: Store) -> None:
    first = happen(store, "a")
    program = (
        "import sys; from explorer.cancellation import Cancellation; from explorer.stores import StoreSpec\n"
        "from explorer.subscriber import subscribe\n"
        "def handle(store, arrival, advance): print(arrival.event.position, flush=True)\n"
        "subscribe(StoreSpec(sys.argv[1]), 'seen', handle, Cancellation())"
    )
    with subprocess.Popen([sys.executable, "-c", program, own_url], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == str(first.position)
        with subscribing(StoreSpec(own_url)) as seen:
            until(lambda: [standing.state for standing in seen.told] == ["standby"])
            second = happen(store, "a")
            assert other.stdout.readline().strip() == str(second.position)
            assert seen.events == []
            other.kill()
            other.wait()
            third = happen(store, "a")
            until(lambda: third.position in seen.positions)
            assert seen.positions[-1:] == [third.position]
            assert first.position not in seen.positions, "it goes on where the other one was"


def test_a_file_that_is_damaged_says_which(own_url: str, store: Store) -> None:
    keep_aside(reader := open_store(StoreSpec(own_url)))
    claim = reader.claim("seen", "me")
    assert claim is not None
    (path,) = (settings.connection_folder(reader.info.identity) / "subscriptions").glob("*.json")
    path.write_text("{")
    with pytest.raises(Damaged, match=path.name):
        reader.subscriptions()
    reader.close()
