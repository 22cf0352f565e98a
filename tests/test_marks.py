"""A store that was restored from a backup: it is noticed, said, and nothing that reuses a position is missed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import follow, handling
from explorer.marks import LEVELS, STEP, Marks
from explorer.model import Event
from explorer.stores import Store, StoreSpec, open_store
from explorer.subscriber import keep_aside
from explorer.subscription import Mode, Subscription, reached
from tests.patience import until
from tests.sequence import Sequence
from tests.subscribed import Effects, done, happen, known, subscribed
from tests.test_subscribe import subscribing


def subscription(sequence: Sequence, mode: Mode, checkpoint: bytes | None = None) -> Subscription:
    return Subscription(cast(Store, sequence), mode, checkpoint)


def write(sequence: Sequence, count: int) -> None:
    for _ in range(count):
        writing = sequence.begin()
        sequence.draw(writing)
        sequence.commit(writing)


def there(sequence: Sequence) -> list[str]:
    return [sequence.renamed.get(position, str(position)) for position in sequence.visible]


def taken(following: Subscription) -> list[str]:
    found: list[str] = []
    for _ in range(30):
        found += [arrival.event.event_id or "" for arrival in following.poll(30)]
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.floats(0, 1), st.integers(0, 30), st.integers(0, 3), st.booleans()), max_size=5
    ),
    st.sampled_from(["eager", "ordered"]),
    st.booleans(),
)
def test_nothing_is_missed_after_a_restore(
    lives: list[tuple[int, float, int, int, bool]], mode: Mode, commit_ordered: bool
) -> None:
    sequence = Sequence(commit_ordered=commit_ordered)
    following = subscription(sequence, mode)
    ever: set[str] = set()
    life: list[str] = []
    for before, kept, after, looks, resumed in lives:
        write(sequence, before)
        for _ in range(looks):  # perhaps not at all that is there
            life += [arrival.event.event_id or "" for arrival in following.poll(7)]
        sequence.restore(int((sequence.visible[-1] if sequence.visible else 0) * kept))
        write(sequence, after)
        if resumed:  # a new life of the subscriber; else it only lost its connection
            ever |= set(life)
            life = []
            following = subscription(sequence, mode, following.checkpoint())
        else:
            following.reconnect(cast(Store, sequence))
        life += taken(following)
        assert set(there(sequence)) <= ever | set(life)
        assert len(life) == len(set(life)), "nothing comes twice within a life"


def test_marks_are_few_and_reach_far_back() -> None:
    marks = Marks()
    for position in range(1, 5_000):
        marks.add(Event("Thing", "1", position, position, "Happened", b"{}", event_id=f"e{position}"))
    saved = marks.saved
    assert len(saved) <= LEVELS
    assert saved[-1] == (4_999, "e4999")
    assert [position for position, _ in saved] == [4_999 // STEP**4 * STEP**4, 4_999 // STEP**3 * STEP**3, 4_992, 4_999]
    again = Marks(saved)
    assert again.saved == saved
    assert again.last == saved[-1]


def restored(store: Store, upto: int) -> None:
    """As if a backup had come back: what is above this position is gone, and the positions are drawn again."""
    prefix = "" if store.info.dialect == "sqlite" else "event_store."
    connection = store._connection  # type: ignore[attr-defined]
    with connection.transaction() as run:
        run(f"DELETE FROM {prefix}events WHERE position > :upto", {"upto": upto})
        run(f"DELETE FROM {prefix}streams", {})
        run(
            f"INSERT INTO {prefix}streams (category, id, version)"
            f" SELECT category, id, max(version) FROM {prefix}events GROUP BY category, id",
            {},
        )
        if prefix:
            run(f"ALTER TABLE {prefix}events ALTER COLUMN position RESTART WITH {upto + 1}", {})
        else:
            run("UPDATE sqlite_sequence SET seq = :upto WHERE name = 'events'", {"upto": upto})


@pytest.fixture
def store(own_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(follow, "BEAT", 0.2)
    monkeypatch.setattr(handling, "BEAT", 0.2)
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    yield store
    store.close()


@pytest.mark.parametrize("more", [2, 9])  # the new end is below the checkpoint, and above it
def test_a_checkpoint_ahead_of_a_restored_store(own_url: str, store: Store, more: int) -> None:
    for _ in range(10):
        happen(store, "a")
    with subscribing(StoreSpec(own_url)) as seen:
        until(lambda: len(seen.events) == 10)
    restored(store, 6)
    new = [happen(store, "b").event_id for _ in range(more)]
    with subscribing(StoreSpec(own_url)) as again:
        until(lambda: [event.event_id for event in again.events if event.id == "b"] == new)
        until(lambda: any("reset or restored" in standing.detail for standing in again.told))
        keep_aside(reader := open_store(StoreSpec(own_url)))
        until(lambda: "reset or restored" in reader.subscriptions()[0].detail)
        reader.close()


def test_a_claimed_checkpoint_ahead_of_its_store(own_url: str, store: Store) -> None:
    for _ in range(10):
        happen(store, "a")
    with subscribed(own_url, Effects()):
        until(lambda: len(done(store, "a")) == 10)
        until(lambda: (now := known(store)) is not None and reached(now.checkpoint) == 20)
    restored(store, 10)
    new = [happen(store, "b").event_id for _ in range(3)]
    with subscribed(own_url, Effects()) as told:
        until(lambda: done(store, "b") == new)
        until(lambda: any("reset or restored" in standing.detail for standing in told))
