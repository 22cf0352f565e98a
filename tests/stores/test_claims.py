"""Named subscriptions: one owner, a checkpoint that moves with what is written, and owners that come back too late."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.errors import Fenced, ReadOnly
from explorer.model import NewEvent, StreamKey
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.store import Advance, Claim

KEY = StreamKey("Order", "7")


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    yield store
    store.close()


def new() -> NewEvent:
    return NewEvent("Changed", {}, str(uuid.uuid4()))


def claimed(store: Store, name: str = "policies", owner: str = "me", epoch: int = 0) -> Claim:
    claim = store.claim(name, owner, epoch)
    assert claim is not None
    return claim


def checkpoint(store: Store, name: str = "policies") -> bytes:
    (found,) = (known.checkpoint for known in store.subscriptions() if known.name == name)
    return found


def test_a_subscription_is_claimed_moved_and_released(store: Store) -> None:
    assert store.subscriptions() == ()
    claim = claimed(store)
    store.advance(Advance(claim, b"", b"\0\xff1"))
    store.advance(Advance(claim, b"\0\xff1", b"2"))
    store.beat(claim)
    (known,) = store.subscriptions()
    assert (known.name, known.owner, known.epoch, known.checkpoint) == ("policies", "me", 1, b"2")
    assert known.beat == 3  # every move is a sign of life, too
    assert known.saved_at is not None
    assert known.saved_at.tzinfo is not None
    store.release(claim)
    assert store.subscriptions()[0].owner == ""
    assert claimed(store, epoch=1) == Claim("policies", 2)


def test_only_one_of_two_who_saw_the_same_takes_over(store: Store) -> None:
    claimed(store)
    assert store.claim("policies", "b", 0) is None
    assert store.claim("policies", "b", 1) == Claim("policies", 2)
    assert store.claim("policies", "c", 1) is None
    assert store.subscriptions()[0].owner == "b"


def test_a_former_owner_writes_nothing(store: Store) -> None:
    former = claimed(store)
    store.advance(Advance(former, b"", b"1"))
    claimed(store, owner="other", epoch=1)
    with pytest.raises(Fenced):
        store.append(KEY, 0, [new()], Advance(former, b"1", b"2"))
    with pytest.raises(Fenced):
        store.advance(Advance(former, b"1", b"2"))
    with pytest.raises(Fenced):
        store.beat(former)
    store.release(former)
    assert store.stream(KEY) is None
    assert (checkpoint(store), store.subscriptions()[0].owner) == (b"1", "other")


def test_events_and_checkpoint_are_one_transaction(store: Store) -> None:
    claim = claimed(store)
    assert len(store.append(KEY, 0, [new(), new()], Advance(claim, b"", b"1"))) == 2
    assert checkpoint(store) == b"1"
    with pytest.raises(Fenced):  # somebody has moved it
        store.append(KEY, 2, [new()], Advance(claim, b"0", b"2"))
    stream = store.stream(KEY)
    assert stream is not None
    assert (stream.version, checkpoint(store)) == (2, b"1")


def test_a_store_opened_for_reading_shows_them_and_changes_none(own_url: str, store: Store) -> None:
    claim = claimed(store)
    reader = open_store(StoreSpec(own_url))
    assert [known.name for known in reader.subscriptions()] == ["policies"]
    written: list[Callable[[], object]] = [
        lambda: reader.claim("policies", "me", 1),
        lambda: reader.advance(Advance(claim, b"", b"1")),
        lambda: reader.beat(claim),
        lambda: reader.release(claim),
    ]
    for refused in written:
        with pytest.raises(ReadOnly):
            refused()
    reader.close()
    assert store.subscriptions()[0].owner == "me"


def test_a_store_made_before_subscriptions_had_owners_gets_them(own_url: str, store: Store) -> None:
    prefix = "" if store.info.dialect == "sqlite" else "event_store."
    connection = store._connection  # type: ignore[attr-defined]
    with connection.transaction() as run:
        for column in ("owner", "epoch", "beat"):
            run(f"ALTER TABLE {prefix}checkpoints DROP COLUMN {column}", {})
        run(
            f"INSERT INTO {prefix}checkpoints (name, checkpoint, saved_at) VALUES (:name, :checkpoint, :at)",
            {"name": "policies", "checkpoint": b"7", "at": "2026-01-01T00:00:00+00:00"},
        )
    again = open_store(StoreSpec(own_url, writable=True))
    (known,) = again.subscriptions()
    assert (known.owner, known.epoch, known.checkpoint) == ("", 0, b"7")
    assert again.claim("policies", "me", 0) == Claim("policies", 1)
    assert checkpoint(again) == b"7"
    again.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["claim", "advance", "append"]), st.integers(0, 2)), max_size=25))
def test_whoever_claimed_last_alone_moves_it(own_url: str, steps: list[tuple[str, int]]) -> None:
    """Three instances do what they like, each with what it believes; a model says what may have come of it."""
    name = f"policies {uuid.uuid4()}"
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    claims: dict[int, Claim] = {}
    epoch, now, written = 0, b"", 0
    key = StreamKey("Order", name)
    for number, (step, who) in enumerate(steps):
        if step == "claim":
            claims[who] = claimed(store, name, str(who), epoch)
            epoch += 1
            assert claims[who].epoch == epoch
        elif who in claims:
            advance = Advance(claims[who], now, str(number).encode())
            try:
                if step == "append":
                    store.append(key, written, [new()], advance)
                    written += 1
                else:
                    store.advance(advance)
                assert claims[who].epoch == epoch
                now = advance.after
            except Fenced:
                assert claims[who].epoch != epoch
        stream = store.stream(key)
        assert (stream.version if stream else 0) == written
        assert [known.checkpoint for known in store.subscriptions() if known.name == name] == [now] * (epoch > 0)
    store.close()
