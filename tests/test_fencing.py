"""Several instances of one service, as processes: one works, the others stand by; stopped, continued and killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from explorer.claiming import LEASE
from explorer.stores import Store, StoreSpec, open_store
from tests.instances import Service, customer, known, order, owned_by, reserved, until_reserved
from tests.patience import until


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    customer(store)
    yield store
    store.close()


def beat(store: Store) -> int:
    """The signs of life of the owner."""
    owner = known(store)
    return owner.beat if owner is not None else 0


def test_a_stopped_owner_that_comes_back_commits_nothing(own_url: str, store: Store) -> None:
    with ExitStack() as stack:
        first = Service(own_url, stack)
        owned_by(store, first.pid)
        order(store, "before")
        until_reserved(store, "before")
        second = Service(own_url, stack)
        began, before = time.monotonic(), beat(store)
        until(lambda: beat(store) > before)
        first.stop()
        order(store, "while stopped")
        owned_by(store, second.pid)
        assert time.monotonic() - began >= LEASE, "not before the owner was silent for a while"
        until_reserved(store, "while stopped")
        taken = known(store)
        first.go_on()
        for number in range(20):
            order(store, f"after {number}")
        until_reserved(store, "after 19")
        time.sleep(1.5)  # the first one has beaten, and has been told
        assert sorted(reserved(store)) == sorted(set(reserved(store))), "done once each"
        now = known(store)
        assert taken is not None
        assert now is not None
        assert (now.owner, now.epoch) == (taken.owner, taken.epoch), "it stays where it is"


def test_after_a_kill_another_instance_goes_on(own_url: str, store: Store) -> None:
    with ExitStack() as stack:
        first = Service(own_url, stack)
        owned_by(store, first.pid)
        second = Service(own_url, stack)
        order(store, "one")
        until_reserved(store, "one")
        first.end()
        order(store, "two")
        owned_by(store, second.pid)
        until_reserved(store, "two")
        assert sorted(reserved(store)) == ["one", "two"]
