"""The problem that the pattern solves, as it really happens: a process stores an order and dies at a bad moment.

One way writes a row into a table of orders and then publishes a message, to a queue that is a file: two writes. The
other appends one event. The processes are real, so is their death, and what is shown afterwards is read from the files.
"""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from explorer import payload
from explorer.companion import Companion, Say, Told
from explorer.errors import ExplorerError
from explorer.model import EventQuery, Json, NewEvent, StreamKey
from explorer.services import why_ended
from explorer.stores import StoreSpec, open_store, two_writes
from explorer.stores.store import Advance, Store
from explorer.subscription import Subscription

NEVER, BETWEEN, BEFORE, AFTER, DELIVER = (
    "never", "between row and message", "before the commit", "after the commit", "deliver",
)  # fmt: skip
CUSTOMER, TOTAL = "C-1", "35.00"
SUBSCRIBER = "story.credit"
STARTING = 30.0  # seconds that a process may take

_ROWS, _QUEUE, _EVENTS, _HEARD = "orders.sqlite", "messages.jsonl", "events.sqlite", "heard.jsonl"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a process did: what it said it had done, and how it ended."""

    how: str
    order: str
    said: tuple[str, ...]
    died: bool
    ended: str


@dataclass(frozen=True, slots=True)
class Held:
    """What the files hold."""

    rows: tuple[tuple[str, str, str, str], ...]  # id, customer, total, status
    messages: tuple[str, ...]  # the orders that the queue holds a message about
    events: tuple[tuple[int, str, str], ...]  # position, type, order
    by_queue: tuple[str, ...]  # the orders that the subscriber has heard of, each way
    by_store: tuple[str, ...]


def run(folder: Path, how: str, order: str = "") -> Ran:
    """Start the process, wait for its end, and say what it did. Raises ExplorerError if it does not end."""
    main, arguments = (deliver, ()) if how == DELIVER else (place_order, (how, order))
    process = Companion("credit service" if how == DELIVER else "order service", main, str(folder), *arguments)
    said = []
    try:
        while (heard := process.hear(STARTING)) is not None:
            if "failed" in heard:
                raise ExplorerError(heard["failed"], heard.get("hint", ""))
            said.append(heard["did"])
        if not process.ended(STARTING):
            raise ExplorerError("The process of the story did not end.", "The machine may be very busy; try again.")
        code = process.exit_code
    finally:
        process.end()
    return Ran(how, order, tuple(said), code != 0, "Its process ended by itself." if code == 0 else why_ended(code))


def look(folder: Path) -> Held:
    """Read all of the files."""
    events: tuple[tuple[int, str, str], ...] = ()
    if (folder / _EVENTS).exists():
        store = open_store(StoreSpec(str(folder / _EVENTS), layout="own"))
        try:
            page = store.events(EventQuery())
            events = tuple((int(str(event.position)), event.type, event.id) for event in page.rows)
        finally:
            store.close()
    heard = _lines(folder / _HEARD)
    return Held(
        two_writes.rows(folder / _ROWS),
        tuple(one["order"] for one in _lines(folder / _QUEUE)),
        events,
        tuple(one["order"] for one in heard if one["from"] == "queue"),
        tuple(one["order"] for one in heard if one["from"] == "store"),
    )


# -- in the processes --------------------------------------------------------------------------------------------------


def place_order(told: Told, say: Say, folder: str, how: str, order: str) -> None:
    """The main function of the order service: one order, one way or the other."""
    if how in (NEVER, BETWEEN):
        two_writes.add_row(Path(folder) / _ROWS, order, CUSTOMER, TOTAL)
        say({"did": f"wrote the row {order} and committed it"})
        if how == BETWEEN:
            die()
        _write(Path(folder) / _QUEUE, {"type": "OrderCreated", "order": order})
        say({"did": f"published a message about {order}"})
        return
    store = open_store(StoreSpec(str(Path(folder) / _EVENTS), layout="own", writable=True, create=True))
    if how == BEFORE:

        def killed() -> NoReturn:
            say({"did": f"wrote OrderCreated of {order}, not committed yet"})
            die()

        two_writes.before_commit(store, killed)
    data: Json = {"customerId": CUSTOMER, "orderTotal": {"amount": payload.parse(TOTAL)}}
    store.append(StreamKey("Order", order), 0, [NewEvent("OrderCreated", data, f"{how} {order}")])
    say({"did": f"appended OrderCreated of {order} and committed it"})
    die()


def deliver(told: Told, say: Say, folder: str) -> None:
    """The main function of the subscriber: it takes what there is in the queue and in the store, and ends."""
    heard = _lines(Path(folder) / _HEARD)
    known = {one["order"] for one in heard if one["from"] == "queue"}
    for message in _lines(Path(folder) / _QUEUE):
        if message["order"] not in known:
            _write(Path(folder) / _HEARD, {"order": message["order"], "from": "queue"})
            say({"did": f"heard of {message['order']} from the queue"})
    if (Path(folder) / _EVENTS).exists():
        store = open_store(StoreSpec(str(Path(folder) / _EVENTS), layout="own", writable=True))
        try:
            for order in _subscribed(store):
                _write(Path(folder) / _HEARD, {"order": order, "from": "store"})
                say({"did": f"heard of {order} from the event store"})
        finally:
            store.close()


def _subscribed(store: Store) -> list[str]:
    """The orders of the events that came since the subscription's checkpoint, which moves."""
    known = next((one for one in store.subscriptions() if one.name == SUBSCRIBER), None)
    claim = store.claim(SUBSCRIBER, "the credit service", known.epoch if known else 0)
    if claim is None:
        return []
    before = known.checkpoint if known else b""
    subscription = Subscription(store, "ordered", before or None)
    orders = [arrival.event.id for arrival in subscription.poll(1000)]
    store.advance(Advance(claim, before, subscription.checkpoint()))
    store.release(claim)
    return orders


def die() -> NoReturn:
    """At once, as when the power fails: nothing is flushed, closed or rolled back."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    os._exit(9)


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _write(path: Path, line: dict[str, str]) -> None:
    """As a queue that loses nothing: on the disk before it goes on."""
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())
