"""A named subscription at work: of several instances one owns it, the others stand by.

What is done about an event and the checkpoint behind it are one transaction, which commits only if the instance still
owns the subscription. So it may be killed, or held up, at any moment.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import uuid4

from explorer.cancellation import Cancellation
from explorer.follow import Standing, follow
from explorer.model import Event
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.store import Advance, Claim, Subscribed
from explorer.subscription import Arrival, Subscription

BATCH = 50  # arrivals read ahead
LEASE = 5.0  # seconds without a sign of life of the owner, as we see them, after which another instance takes over
LOOK = 0.5  # seconds between two looks at the owner while standing by

Tell = Callable[[Standing], None]


class Handler(Protocol):
    """What is done about events, and how it is written. It belongs to the thread that runs it."""

    def reacts(self, event: Event) -> bool:
        """False for an event that it has nothing to do with: that is never slowed down, failed or parked."""
        ...

    def sequence(self, event: Event) -> str:
        """The sequence key: of events with the same one a later one is never handled before an earlier one."""
        ...

    def handle(self, store: Store, arrival: Arrival, advance: Advance) -> bool:
        """Do it. → whether `advance` was part of the transaction in which its effects were written: not where there
        were none, or where they are kept for `flush`.

        May raise anything; then it has kept nothing of this event, and is called again.
        """
        ...

    def flush(self, store: Store, advance: Advance) -> bool:
        """Write what was kept of the events before, in one transaction with `advance`. → False if there is nothing.
        What it raises is not the fault of an event: it is called again."""
        ...

    def forget(self) -> None:
        """Drop what was kept: those events come again."""
        ...


@dataclass(slots=True)
class Knobs:
    """Trouble made on purpose, to be seen. May be changed from another thread while the subscriber runs."""

    slow: float = 0.0  # seconds before each event that it reacts to
    failing: bool = False  # every event that it reacts to fails


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
    given no sign of life for `LEASE` seconds. After a lost connection, or when the handler raises, the same event is
    tried again after ever longer pauses, which `tell` hears of; events behind it wait. Raises `StoreReplaced`.
    """
    instance = _Instance(name, handler, cancellation, tell or (lambda standing: None))
    follow(
        lambda: open_store(replace(spec, writable=True)),
        instance.begin,
        instance.handle,
        cancellation,
        rest=instance.rest,
        beat=instance.beat,
        leave=instance.leave,
        tell=instance.says,
        batch=BATCH,
    )


class _Instance:
    """One instance: it stands by, owns the subscription, or is fenced off."""

    def __init__(self, name: str, handler: Handler, cancellation: Cancellation, tell: Tell) -> None:
        self._name = name
        self._owner = f"{os.getpid()}@{platform.node()} {uuid4().hex[:8]}"
        self._handler = handler
        self._cancellation = cancellation
        self._tell = tell
        self._standing = Standing("live")
        self._claim: Claim | None = None
        self._subscription: Subscription | None = None
        self._saved = b""  # the checkpoint in the store, for as long as we own it

    def begin(self, store: Store) -> Subscription:
        self._handler.forget()
        with store.cancelling(self._cancellation):
            self._claim = self._claimed(store)
            # Only now: until then the former owner may have moved it.
            self._saved = next(known.checkpoint for known in store.subscriptions() if known.name == self._name)
        self._subscription = Subscription(store, "ordered", self._saved or None)
        return self._subscription

    def handle(self, store: Store, arrival: Arrival) -> None:
        if not self._handler.reacts(arrival.event):
            return
        advance = self._advance()
        if self._handler.handle(store, arrival, advance):
            self._saved = advance.after

    def rest(self, store: Store, subscription: Subscription) -> None:
        """What had no effects is behind us as well."""
        advance = self._advance()
        if self._handler.flush(store, advance):
            self._saved = advance.after
        elif advance.after != self._saved:
            store.advance(advance)
            self._saved = advance.after

    def beat(self, store: Store) -> None:
        if self._claim is not None:
            store.beat(self._claim, self._standing.state, self._standing.detail)

    def leave(self, store: Store) -> None:
        if self._claim is not None:
            store.release(self._claim)

    def says(self, standing: Standing) -> None:
        self._standing = standing
        self._tell(standing)

    def _advance(self) -> Advance:
        assert self._claim is not None
        assert self._subscription is not None
        return Advance(self._claim, self._saved, self._subscription.checkpoint())

    def _claimed(self, store: Store) -> Claim:
        sign: tuple[int, int, bytes] | None = None
        since = 0.0
        told = ""
        while True:
            self._cancellation.check()
            known = next((known for known in store.subscriptions() if known.name == self._name), None)
            now = time.monotonic()
            if known is not None and (known.epoch, known.beat, known.checkpoint) != sign:
                # By our own clock: the owner's may say anything.
                sign, since = (known.epoch, known.beat, known.checkpoint), now
            if known is None or known.owner in ("", self._owner) or now - since >= LEASE or _has_gone(known):
                claim = store.claim(self._name, self._owner, known.epoch if known else 0)
                if claim is not None:
                    return claim
                continue
            if known.owner != told:
                told = known.owner
                self._tell(Standing("standby", f"{told.partition(' ')[0]} has {self._name}."))
            self._cancellation.wait(LOOK)


def _has_gone(known: Subscribed) -> bool:
    """The owner was a process of this machine and is no more. (Should this be wrong, the fence holds all the same.)"""
    pid, _, node = known.owner.partition(" ")[0].partition("@")
    if node != platform.node() or not pid.isdigit() or os.name != "posix":
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
