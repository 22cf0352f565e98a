"""A subscriber whose effects are events in the same store, so that whoever does one twice, or none, is seen.

As a program (`python -m tests.subscribed URL [EVENT_ID …]`) it is one for which these events are poisonous.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from explorer import handling, payload
from explorer.cancellation import Cancellation
from explorer.follow import Standing
from explorer.model import Event, NewEvent, StreamKey
from explorer.stores import Store, StoreSpec
from explorer.stores.store import Advance, Subscribed
from explorer.subscriber import Knobs, run_subscriber, stream_sequence
from explorer.subscription import Arrival
from tests.patience import PATIENCE

NAME = "effects"


class Effects:
    """Writes down each event of type Happened in a stream of its sequence; refuses those that are poisonous."""

    def __init__(self) -> None:
        self.poisonous: set[str] = set()  # event ids
        self.tried: list[str] = []

    def reacts(self, event: Event) -> bool:
        return event.type == "Happened"

    def sequence(self, event: Event) -> str:
        return stream_sequence(event)

    def handle(self, store: Store, arrival: Arrival, advance: Advance) -> bool:
        event = arrival.event
        self.tried.append(event.event_id or "")
        if event.event_id in self.poisonous:
            raise ValueError("poison")
        key = StreamKey("Effect", event.id)
        there = store.stream(key)
        # A new id each time: the store could not tell that it was done before.
        store.append(key, there.version if there else 0, [_happened("Done", event.event_id or "")], advance)
        return True

    def flush(self, store: Store, advance: Advance) -> bool:
        return False

    def forget(self) -> None:
        pass


def _happened(type_: str, of: str = "") -> NewEvent:
    return NewEvent(type_, {"of": of}, str(uuid.uuid4()))


def happen(store: Store, id_: str, type_: str = "Happened") -> Event:
    """Something happens in a stream."""
    key = StreamKey("Thing", id_)
    there = store.stream(key)
    return store.append(key, there.version if there else 0, [_happened(type_)])[0]


def done(store: Store, id_: str) -> list[str]:
    """The ids of the events of this stream whose effects are there, in order."""
    found = []
    for event in store.stream_events(StreamKey("Effect", id_)):
        data = payload.decode(event.data).value
        assert isinstance(data, dict)
        found.append(str(data["of"]))
    return found


def known(store: Store, name: str = NAME) -> Subscribed | None:
    return next((known for known in store.subscriptions() if known.name == name), None)


@contextmanager
def subscribed(url: str, effects: Effects, knobs: Knobs | None = None) -> Iterator[list[Standing]]:
    """The subscriber in a thread."""
    cancellation = Cancellation()
    told: list[Standing] = []
    thread = threading.Thread(
        target=run_subscriber, args=(StoreSpec(url), NAME, effects, cancellation, told.append, knobs)
    )
    thread.start()
    try:
        yield told
    finally:
        cancellation.cancel()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@contextmanager
def process(url: str, poisonous: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The subscriber in a process of its own, which is killed at the end of the block."""
    started = subprocess.Popen([sys.executable, "-m", "tests.subscribed", url, *poisonous])
    try:
        yield started
    finally:
        started.kill()
        started.wait()


if __name__ == "__main__":
    handling.TRIES = 1
    effects = Effects()
    effects.poisonous = set(sys.argv[2:])
    run_subscriber(StoreSpec(sys.argv[1]), NAME, effects, Cancellation())
