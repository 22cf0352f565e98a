"""How long a service is away when its owner is killed, or stopped without knowing it, while another instance stands by.

    python -m tests.benchmarks.takeover [--times 5]

Orders go on meanwhile, so that owners are stopped within their transactions as well. A stopped owner is continued
after the takeover; every order must have been answered exactly once.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing

from explorer.errors import ExplorerError
from explorer.stores import StoreSpec, open_store
from tests.benchmarks.figures import load, spread, verdict
from tests.instances import Service, customer, order, owned_by, reserved, until_reserved
from tests.postgres_server import postgres_server

TAKEN_OVER = 10.0  # seconds


class Orders:
    """One order every 20 ms, in a thread, until it is told to end."""

    def __init__(self, url: str) -> None:
        self.placed: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._place, args=(url,), name="orders")
        self._thread.start()

    def _place(self, url: str) -> None:
        store = open_store(StoreSpec(url, writable=True))
        while not self._over.wait(0.02):
            try:
                order(store, f"o{len(self.placed)}")
            except ExplorerError:  # a stopped owner holds the lock of SQLite: the order is placed afterwards
                continue
            self.placed.append(f"o{len(self.placed)}")
        store.close()

    def end(self) -> list[str]:
        self._over.set()
        self._thread.join()
        return self.placed


def stop(pid: int, url: str) -> None:
    """Stop a process where it does not hold SQLite's only lock: nobody could write until it goes on. (PostgreSQL ends
    the session of an owner that is silent within a transaction.)"""
    while True:
        os.kill(pid, signal.SIGSTOP)
        if "://" in url:
            return
        with closing(sqlite3.connect(url, timeout=1.0, isolation_level=None)) as driver:
            try:
                driver.execute("BEGIN IMMEDIATE")
                driver.execute("ROLLBACK")
                return
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.05)


def taken_over(url: str, times: int, stopped: bool) -> list[float]:
    """Seconds until the other instance owns the subscription, each time; raises AssertionError for a wrong answer."""
    took = []
    store = open_store(StoreSpec(url, create=True, writable=True))
    customer(store)
    with ExitStack() as stack:
        stack.callback(store.close)
        owner = Service(url, stack)
        owned_by(store, owner.pid)
        orders = Orders(url)
        stack.callback(orders.end)
        for number in range(times):
            other = Service(url, stack)
            time.sleep(2.0 + 0.137 * number)
            if stopped:
                stop(owner.pid, url)
            else:
                os.kill(owner.pid, signal.SIGKILL)
            took.append(owned_by(store, other.pid))
            if stopped:
                os.kill(owner.pid, signal.SIGCONT)
                time.sleep(2.0)
            owner.end()
            owner = other
        placed = orders.end()
        until_reserved(store, placed[-1])
        answered = reserved(store)
        assert sorted(answered) == sorted(set(answered)), "answered twice"
        assert set(answered) == set(placed), "not answered"
        print(f"{'':34}{len(placed):,} orders, each answered once")
    return took


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="takeover", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args(arguments).times
    print(f"takeover: {load()}")
    good = True
    with tempfile.TemporaryDirectory(prefix="esx-takeover-") as folder, postgres_server() as server:
        for what, stopped in (("stopped", True), ("killed", False)):
            with server.database() as postgresql:
                for url, dialect in ((f"{folder}/{what}.sqlite", "SQLite"), (postgresql, "PostgreSQL")):
                    took = taken_over(url, times, stopped)
                    print(f"{f'{dialect}, owner {what}':34}{spread(took)}")
                    good &= verdict(f"{dialect}, owner {what}, longest", max(took), TAKEN_OVER)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
