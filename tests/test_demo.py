"""The demo: its store is made once, whole or not at all; its services work and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from explorer import commands, demo, settings
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, CreateOrder
from explorer.errors import CannotOpen
from explorer.model import StreamKey
from explorer.services import ServiceProcess
from explorer.snapshots import IDENTICAL, verify_snapshot
from explorer.stores import Store, StoreSpec, local_server, open_store
from tests.patience import PATIENCE, until
from tests.test_companion import gone

ROOT = Path(__file__).resolve().parents[1]
BIG = StreamKey("Customer", "C-1001")


@pytest.fixture
def server_files(home: Path) -> Iterator[None]:
    """Removes what a PostgreSQL server started by root keeps elsewhere."""
    yield
    local_server.remove(settings.data_folder() / "postgresql")


def types(store: Store, id_: str) -> list[str]:
    return [event.type for event in store.stream_events(StreamKey("Order", id_))]


def decided(store: Store, id_: str, price: str) -> list[str]:
    lines = (Line("tea", 1, Money(Decimal(price))),)
    commands.issue(store, DOMAIN, ORDER, id_, CreateOrder(BIG.id, lines))
    until(lambda: len(types(store, id_)) == 2)
    return types(store, id_)


def comes_alive(service: ServiceProcess) -> bool:
    while (said := service.hear(PATIENCE)) is not None:
        if said["state"] == "live":
            return True
    return False


def check(spec: StoreSpec) -> None:
    store = open_store(spec)
    try:
        assert store.info.layout == "own"
        assert store.info.writable
        assert store.count() > 2000
        big = store.stream(BIG)
        assert big is not None
        assert big.version > 300
        snapshots = store.snapshots(BIG)
        assert [snapshot.version for snapshot in snapshots] == [300, 200, 100]
        whole = store.snapshot(BIG)
        assert whole is not None
        assert verify_snapshot(store, DOMAIN, DOMAIN.aggregates[0], whole).verdict == IDENTICAL
        with demo.services(spec) as services:
            assert len(services) == 3
            assert all(map(comes_alive, services))
            before = store.count()
            assert decided(store, "cheap", "0.01") == ["OrderCreated", "OrderApproved"]
            assert decided(store, "dear", "99999999") == ["OrderCreated", "OrderRejected"]
            # Nothing of the history is reacted to again.
            assert store.count() == before + 6
        assert all(gone(service.pid) for service in services)
    finally:
        store.close()


def test_the_demo_on_sqlite() -> None:
    spec = demo.prepare()
    check(spec)
    stamp = os.stat(spec.url).st_ino
    assert demo.prepare() == spec
    assert os.stat(spec.url).st_ino == stamp, "made again"
    assert demo.prepare(reset=True) == spec
    assert os.stat(spec.url).st_ino != stamp
    store = open_store(spec)
    assert types(store, "cheap") == []
    store.close()
    assert [path.name for path in Path(spec.url).parent.iterdir()] == ["demo.sqlite"]


@pytest.mark.usefixtures("server_files")
def test_the_demo_on_postgresql() -> None:
    spec = demo.prepare(postgres=True)
    check(spec)
    again = demo.prepare(postgres=True)
    assert again == spec
    with demo.server(again):
        store = open_store(again)
        assert types(store, "cheap") == ["OrderCreated", "OrderApproved"]
        store.close()
    with demo.server(demo.prepare(postgres=True, reset=True)):
        store = open_store(again)
        assert types(store, "cheap") == []
        store.close()


def test_an_interrupted_start_leaves_nothing_half_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> Iterator[None]:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(demo, "_history", interrupted)
        with pytest.raises(KeyboardInterrupt):
            demo.prepare()
    assert list(settings.data_folder().iterdir()) == []
    assert Path(demo.prepare().url).exists()


def test_a_killed_start_is_cleared_away_later() -> None:
    folder = settings.data_folder()
    folder.mkdir(parents=True)
    old, young = folder / "demo.sqlite.1-1.new", folder / "demo.sqlite.2-2.new"
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    demo.prepare()
    assert {path.name for path in folder.iterdir()} == {"demo.sqlite", young.name}


def test_two_first_starts_at_once_make_one_store() -> None:
    specs: list[StoreSpec] = []
    threads = [threading.Thread(target=lambda: specs.append(demo.prepare())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert specs[0] == specs[1]
    store = open_store(specs[0])
    assert 2000 < store.count() < 4000
    store.close()
    assert [path.name for path in settings.data_folder().iterdir()] == ["demo.sqlite"]


def test_a_folder_that_cannot_be_made(home: Path) -> None:
    home.rmdir()
    home.write_text("a file")
    with pytest.raises(CannotOpen, match="cannot be made"):
        demo.prepare()
    home.unlink()


def test_services_follow_a_reset_store() -> None:
    spec = demo.prepare()
    with demo.services(spec) as services:
        assert all(map(comes_alive, services))
        demo.prepare(reset=True)
        store = open_store(spec)
        assert decided(store, "cheap", "0.01") == ["OrderCreated", "OrderApproved"]
        store.close()


PARENT = """
import sys, time
from explorer import demo

if __name__ == "__main__":
    with demo.services(demo.prepare(postgres=sys.argv[1] == "postgresql")) as services:
        for service in services:
            service.hear(60)
        print("ready", flush=True)
        time.sleep(600)
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.usefixtures("server_files")
def test_nothing_outlives_a_killed_program(database: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, database], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    children = psutil.Process(parent.pid).children(recursive=True)
    assert len(children) >= (3 if database == "postgresql" else 2)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert all(gone(child.pid) for child in children)
