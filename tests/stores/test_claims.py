"""Named subscriptions: one owner, a checkpoint that moves with what is written, and owners that come back too late."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.errors import Fenced, Invalid, ReadOnly
from explorer.model import NewEvent, StreamKey
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.layouts.own import OWNED
from explorer.stores.store import Advance, Asked, Claim, Parked

KEY = StreamKey("Order", "7")


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    yield store
    store.close()


def new() -> NewEvent:
    return NewEvent("Changed", {}, str(uuid.uuid4()))


def parked(position: int, sequence: str = "Order/7", reason: str = "broken", wanted: str = "") -> Parked:
    where = ("Order", "7", position, "Changed")
    return Parked("policies", sequence, position, f"e{position}", *where, reason, 6 if reason else 0, None, wanted)


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
        lambda: reader.pause("policies", True),
        lambda: reader.reset("policies"),
        lambda: reader.want("policies", 1, "retry"),
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
        run(f"DROP TABLE {prefix}parked", {})
        for column, _ in OWNED:
            run(f"ALTER TABLE {prefix}checkpoints DROP COLUMN {column}", {})
        run(
            f"INSERT INTO {prefix}checkpoints (name, checkpoint, saved_at) VALUES (:name, :checkpoint, :at)",
            {"name": "policies", "checkpoint": b"7", "at": "2026-01-01T00:00:00+00:00"},
        )
    again = open_store(StoreSpec(own_url, writable=True))
    (known,) = again.subscriptions()
    assert (known.owner, known.epoch, known.checkpoint) == ("", 0, b"7")
    assert (known.paused, known.state, known.detail, known.parked) == (False, "", "", 0)
    assert again.parked() == []
    assert again.claim("policies", "me", 0) == Claim("policies", 1)
    assert checkpoint(again) == b"7"
    again.advance(Advance(Claim("policies", 1), b"7", b"8", park=(parked(8),)))
    assert [one.position for one in again.parked()] == [8]
    again.close()


def test_events_are_parked_and_unparked_with_the_checkpoint(store: Store) -> None:
    claim = claimed(store)
    store.advance(Advance(claim, b"", b"2", park=(parked(1), parked(2, reason=""))))
    store.append(KEY, 0, [new()], Advance(claim, b"2", b"3", park=(parked(3, "Order/8"),)))
    found = store.parked("policies")
    assert [(one.position, one.reason, one.attempts) for one in found] == [
        (1, "broken", 6),
        (2, "", 0),
        (3, "broken", 6),
    ]
    assert all(one.parked_at is not None and one.parked_at.tzinfo is not None for one in found)
    assert store.subscriptions()[0].parked == 3
    assert [one.position for one in store.parked("policies", sequence="Order/7")] == [1, 2]
    assert [one.position for one in store.parked("policies", 1, after=1)] == [2]
    assert store.parked("others") == []
    store.append(KEY, 1, [new()], Advance(claim, b"3", b"3", unpark=(1,)))
    assert [one.position for one in store.parked()] == [2, 3]
    with pytest.raises(Fenced):  # it is done already
        store.append(KEY, 2, [new()], Advance(claim, b"3", b"3", unpark=(1,)))
    with pytest.raises(Fenced):  # another one has moved the checkpoint
        store.advance(Advance(claim, b"2", b"4", park=(parked(4),)))
    stream = store.stream(KEY)
    assert stream is not None
    assert (stream.version, [one.position for one in store.parked()]) == (2, [2, 3])


def test_what_others_want_of_the_owner_comes_with_its_beat(store: Store) -> None:
    claim = claimed(store)
    assert store.beat(claim, "live", "at ease") == Asked(paused=False, wanted=False)
    (known,) = store.subscriptions()
    assert (known.state, known.detail) == ("live", "at ease")
    store.advance(Advance(claim, b"", b"1", park=(parked(1),)))
    store.pause("policies", True)
    assert store.subscriptions()[0].paused
    assert store.beat(claim) == Asked(paused=True, wanted=False)
    store.pause("policies", False)
    store.want("policies", 1, "retry")
    assert store.beat(claim) == Asked(paused=False, wanted=True)
    assert [one.wanted for one in store.parked(wanted=True)] == ["retry"]
    store.advance(Advance(claim, b"1", b"1", park=(parked(1, reason="broken again"),)))
    assert [(one.wanted, one.reason) for one in store.parked()] == [("", "broken again")]
    store.want("policies", 1, "skip")  # while it is tried again
    store.advance(Advance(claim, b"1", b"1", park=(parked(1),)))
    assert [one.wanted for one in store.parked()] == ["skip"]
    store.want("policies", 1, "")
    assert store.parked(wanted=True) == []
    refused: list[Callable[[], None]] = [
        lambda: store.want("policies", 2, "retry"),
        lambda: store.want("others", 1, "retry"),
        lambda: store.pause("others", True),
        lambda: store.reset("others"),
    ]
    for nothing in refused:
        with pytest.raises(Invalid):
            nothing()


def test_a_reset_fences_the_owner_off_and_forgets_what_was_parked(store: Store) -> None:
    claim = claimed(store)
    store.advance(Advance(claim, b"", b"9", park=(parked(1),)))
    store.reset("policies")
    with pytest.raises(Fenced):
        store.append(KEY, 0, [new()], Advance(claim, b"9", b"10"))
    (known,) = store.subscriptions()
    assert (known.owner, known.epoch, known.checkpoint, known.parked) == ("", 2, b"", 0)
    assert claimed(store, epoch=2) == Claim("policies", 3)
    store.reset("policies", b"5")
    assert checkpoint(store) == b"5"


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
