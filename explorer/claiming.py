"""Becoming the owner of a named subscription: one instance has it, the others stand by while it gives signs of life."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from uuid import uuid4

from explorer.cancellation import Cancellation
from explorer.follow import Standing
from explorer.stores.store import Claim, Store, Subscribed

LEASE = 5.0  # seconds without a sign of life of the owner, as we see them, after which another instance takes over
LOOK = 0.5  # seconds between two looks at the owner while standing by


def new_owner() -> str:
    """What an instance in this process is called: nobody else is called so."""
    return f"{os.getpid()}@{platform.node()} {uuid4().hex[:8]}"


def claimed(store: Store, name: str, owner: str, cancellation: Cancellation, tell: Callable[[Standing], None]) -> Claim:
    """Stand by until the subscription is to be had, and claim it. Raises `Cancelled`, and what the store raises."""
    sign: tuple[int, int, bytes] | None = None
    since = 0.0
    told = ""
    while True:
        cancellation.check()
        known = next((known for known in store.subscriptions() if known.name == name), None)
        now = time.monotonic()
        if known is not None and (known.epoch, known.beat, known.checkpoint) != sign:
            # By our own clock: the owner's may say anything.
            sign, since = (known.epoch, known.beat, known.checkpoint), now
        if known is None or known.owner in ("", owner) or now - since >= LEASE or has_gone(known):
            claim = store.claim(name, owner, known.epoch if known else 0)
            if claim is not None:
                return claim
        elif known.owner != told:
            told = known.owner
            tell(Standing("standby", f"{told.partition(' ')[0]} has {name}."))
        cancellation.wait(LOOK)


def has_gone(known: Subscribed) -> bool:
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
