"""Services and the load in processes of their own, on real stores of both databases."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.companion import Companion
from explorer.descriptions import ServiceInfo
from explorer.services import LoadProcess, ServiceProcess, why_ended
from explorer.stores import Store, StoreSpec, open_store
from tests.instances import customer, order, reserved
from tests.patience import PATIENCE, until
from tests.test_companion import gone

CUSTOMER = ServiceInfo("customer", "customers_orders", "customer", ("customers_orders.customer",))


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, writable=True, create=True))
    customer(store)
    yield store
    store.close()


@pytest.fixture
def ended() -> Iterator[list[Companion]]:
    """Ends what is put into it."""
    started: list[Companion] = []
    yield started
    for one in started:
        one.end()
        assert gone(one.pid)


def live(process: ServiceProcess) -> None:
    until(lambda: (process.hear(PATIENCE) or {}).get("state") == "live")


def orders(store: Store) -> int:
    return sum(stream.category == "Order" for stream in store.recent_streams(1000))


def test_a_service_works_until_it_is_told_to_end(store: Store, own_url: str, ended: list[Companion]) -> None:
    process = ServiceProcess(StoreSpec(own_url), (), CUSTOMER)
    ended.append(process)
    live(process)
    order(store, "o-1")
    until(lambda: reserved(store) == ["o-1"])
    process.end(PATIENCE)
    assert process.exit_code == 0, "by itself"
    order(store, "o-2")
    time.sleep(0.3)
    assert reserved(store) == ["o-1"], "nobody works any more"


@pytest.mark.parametrize("own_url", ["sqlite"], indirect=True)
def test_a_killed_one_says_so_and_another_takes_over(store: Store, own_url: str, ended: list[Companion]) -> None:
    first = ServiceProcess(StoreSpec(own_url), (), CUSTOMER)
    ended.append(first)
    live(first)
    os.kill(first.pid, signal.SIGKILL)
    assert [one["state"] for one in first.all_said()] == []
    first.end()
    assert why_ended(first.exit_code) == "Its process was ended by SIGKILL."
    second = ServiceProcess(StoreSpec(own_url), (), CUSTOMER)
    ended.append(second)
    live(second)
    order(store, "o-1")
    until(lambda: reserved(store) == ["o-1"])


def test_a_service_that_cannot_work_says_why(tmp_path: Path, ended: list[Companion]) -> None:
    process = ServiceProcess(StoreSpec(str(tmp_path / "none.sqlite")), (), CUSTOMER)
    ended.append(process)
    said = process.hear(PATIENCE)
    assert said is not None
    assert said["state"] == "reconnecting"
    assert "none.sqlite" in said["detail"]


def test_a_domain_that_is_not_there(ended: list[Companion]) -> None:
    nobody = ServiceInfo("x", "nowhere", "x", ())
    process = ServiceProcess(StoreSpec("none.sqlite"), (), nobody)
    ended.append(process)
    assert [one["detail"] for one in process.all_said()] == ["There is no domain nowhere."]


@pytest.mark.parametrize("own_url", ["sqlite"], indirect=True)
def test_the_load_changes_its_rate_while_it_runs(store: Store, own_url: str, ended: list[Companion]) -> None:
    load = LoadProcess(StoreSpec(own_url))
    ended.append(load)
    assert load.hear(1.0) is None, "nothing is ordered before somebody wants it"
    load.rate(5)
    said = load.hear(PATIENCE)
    assert said is not None
    assert said["rate"] == 5
    assert 1 <= said["orders"] <= 5 * said["seconds"] + 1
    load.rate(40)
    until(lambda: (said := load.hear(PATIENCE)) is not None and said["rate"] == 40 and said["orders"] >= 20)
    load.rate(0)
    until(lambda: load.hear(1.3) is None)
    before = store.count()
    assert load.hear(1.3) is None
    assert store.count() == before
    load.end(PATIENCE)
    assert load.exit_code == 0, "by itself"
