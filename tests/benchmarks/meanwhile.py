"""What happens to a store beside a window that is measured: a long stream, a writer, an engine that replays."""

from __future__ import annotations

import collections
import contextlib
import multiprocessing
import multiprocessing.synchronize
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator

LONG = 100_000  # events of the stream that is replayed
RATE = 2_000  # events a second that arrive
OTHERS = 500  # streams they arrive in
CATEGORY, ID = "Meter", "long"


def make_store(path: str) -> None:
    from explorer.model import NewEvent, StreamKey
    from explorer.stores import StoreSpec, open_store

    store = open_store(StoreSpec(path, writable=True, create=True))
    types = ("Measured", "Adjusted", "Calibrated", "Replaced")
    for start in range(0, LONG, 5_000):
        events = [
            NewEvent(types[n % 4], {"value": n % 977, "unit": "kW", f"sensor {n % 23}": n}, str(uuid.uuid4()))
            for n in range(start, start + 5_000)
        ]
        store.append(StreamKey(CATEGORY, ID), start, events)
    store.close()


def write(path: str, stop: multiprocessing.synchronize.Event) -> None:
    """Append to many streams, and now and then to the long one, at the rate, until told to stop."""
    from explorer.model import NewEvent, StreamKey
    from explorer.stores import StoreSpec, open_store

    store = open_store(StoreSpec(path, writable=True))
    versions: dict[str, int] = collections.defaultdict(int)
    run = uuid.uuid4().hex[:8]
    long = store.stream(StreamKey(CATEGORY, ID))
    assert long is not None
    long_version, batch, number, begun = long.version, 20, 0, time.monotonic()
    parent = os.getppid()
    while not stop.is_set() and os.getppid() == parent:
        id = f"{run}-{number % OTHERS}"
        events = [NewEvent("Happened", {"n": number, "k": k}, str(uuid.uuid4())) for k in range(batch)]
        if number % 50 == 49:
            store.append(StreamKey(CATEGORY, ID), long_version, events)
            long_version += batch
        else:
            store.append(StreamKey("Other", id), versions[id], events)
            versions[id] += batch
        number += 1
        ahead = number * batch / RATE - (time.monotonic() - begun)
        if ahead > 0:
            stop.wait(ahead)
    store.close()


def replay(path: str, stop: multiprocessing.synchronize.Event) -> None:
    """What the window's engine does, for the empty window's sake."""
    from explorer.engine import messages
    from explorer.engine.lane import Lane

    lane = Lane("bench")

    def ask(message: messages.Ask) -> None:
        done = threading.Event()
        lane.ask(message, lambda _part: None, lambda _answer: done.set(), lambda _error: done.set())
        while not done.wait(0.1) and not stop.is_set():
            pass

    ask(messages.Open(url=path))
    parent = os.getppid()
    while not stop.is_set() and os.getppid() == parent:
        ask(messages.Replay(CATEGORY, ID))
        lane.restart()
    lane.close()


@contextlib.contextmanager
def beside(path: str, *programs: Callable[[str, multiprocessing.synchronize.Event], None]) -> Iterator[None]:
    """Run these in processes of their own."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    running = [context.Process(target=program, args=(path, stop)) for program in programs]
    for process in running:
        process.start()
    try:
        yield
    finally:
        stop.set()
        for process in running:
            process.join(20)
