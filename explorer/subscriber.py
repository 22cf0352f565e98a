"""A named subscription at work: of several instances one owns it, the others stand by.

What its owner does about each event is in `handling`; an event that cannot be handled is parked: see `parking`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from explorer import settings
from explorer.cancellation import Cancellation
from explorer.follow import follow
from explorer.handling import NEVER_PARKED, Handler, Instance, Knobs, Tell, stream_sequence
from explorer.model import Event, Position
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.store import Advance
from explorer.subscription import Arrival, Mode

__all__ = ["NEVER_PARKED", "Handler", "Knobs", "keep_aside", "run_subscriber", "stream_sequence", "subscribe"]

BATCH = 50  # arrivals read ahead


def run_subscriber(
    spec: StoreSpec,
    name: str,
    handler: Handler,
    cancellation: Cancellation,
    tell: Tell | None = None,
    knobs: Knobs | None = None,
) -> None:
    """Handle the events of a store of our own in order, under this name, until cancelled. Blocks; opens and closes it.

    While another instance owns the subscription this one stands by, and takes over when that has released it or has
    given no sign of life for `claiming.LEASE` seconds. When the handler raises, the event is tried again after ever
    longer pauses, five times; then it is parked, and so is what comes behind it of the same sequence, while all other
    events go on. A lost connection, a conflict, a lock or a full disk is waited for as long as it takes. `tell` hears
    of it all. Raises `StoreReplaced`.
    """
    _run(lambda: open_store(replace(spec, writable=True)), name, handler, cancellation, tell, knobs)


def subscribe(
    spec: StoreSpec,
    name: str,
    handle: Callable[[Store, Arrival, Advance | None], object],
    cancellation: Cancellation,
    *,
    categories: Sequence[str] = (),
    types: Sequence[str] = (),
    start: Literal["beginning", "now"] = "beginning",
    after: Position | None = None,
    mode: Mode = "ordered",
    sequence: Callable[[Event], str] | None = None,
    tell: Tell | None = None,
    knobs: Knobs | None = None,
) -> None:
    """Call `handle` with each event of any store, under this name, until cancelled; started again it goes on where it
    was. Blocks; opens and closes the store. All that `run_subscriber` says holds here.

        def handle(store, arrival, advance):
            send_mail(arrival.event)

        subscribe(StoreSpec("shop.sqlite"), "mails", handle, Cancellation(), types=["Order*"], start="now")

    Only events of these categories and types (globs) come, all if none are named. The first time it starts at the
    beginning, with what comes from now on, or after a position. "ordered": in the order of positions; "eager": as soon
    as they are visible. `sequence`: the sequence key of an event (default: its stream).

    In a store of our own that is opened writable, the checkpoint lies in the store: what `handle` appends there with
    `advance` is one transaction with it, and happens exactly once; `handle` returns True if it did that. With other
    stores it lies in the user's data folder, `advance` is None, and after a kill the last events come again; events of
    stores without numbers for positions are not parked but tried again for ever.
    """

    def open_() -> Store:
        store = open_store(spec)
        keep_aside(store)
        return store

    handler = _Calling(handle, sequence or stream_sequence)
    first: Literal["beginning", "head"] = "head" if start == "now" else "beginning"
    how = {"mode": mode, "start": first, "after": after, "categories": categories, "types": types}
    _run(open_, name, handler, cancellation, tell, knobs, **how)


def keep_aside(store: Store) -> None:
    """Where a store cannot keep named subscriptions, or may only be read, they lie in the user's data folder."""
    if store.info.layout != "own" or not store.info.writable:
        store.keep_in(settings.connection_folder(store.info.identity) / "subscriptions")


def _run(
    open_: Callable[[], Store],
    name: str,
    handler: Handler,
    cancellation: Cancellation,
    tell: Tell | None,
    knobs: Knobs | None,
    **how: Any,
) -> None:
    how.setdefault("mode", "ordered")
    instance = Instance(name, handler, cancellation, tell or (lambda standing: None), knobs or Knobs(), how)
    follow(
        open_,
        instance.begin,
        instance.handle,
        cancellation,
        rest=instance.rest,
        beat=instance.beat,
        leave=instance.leave,
        tell=instance.says,
        batch=BATCH,
    )


class _Calling:
    """A function as a handler."""

    def __init__(
        self, handle: Callable[[Store, Arrival, Advance | None], object], sequence: Callable[[Event], str]
    ) -> None:
        self._handle = handle
        self._sequence = sequence

    def reacts(self, event: Event) -> bool:
        return True

    def sequence(self, event: Event) -> str:
        return self._sequence(event)

    def handle(self, store: Store, arrival: Arrival, advance: Advance) -> bool:
        kept = store.info.layout == "own" and store.info.writable
        return self._handle(store, arrival, advance if kept else None) is True and kept

    def flush(self, store: Store, advance: Advance) -> bool:
        return False

    def forget(self) -> None:
        pass
