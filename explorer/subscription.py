"""Following a store: at least once, nothing lost, no event twice while a subscription lives.

*Eager* (for panels): what is visible is delivered at once, late arrivals afterwards, marked late. *Ordered* (for
policies and projections): in the order of positions, never past a hole that may still be filled.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from explorer.catchup import Arrival, ByPosition, Follower
from explorer.errors import ConnectionLost, Invalid
from explorer.marks import Marks
from explorer.model import Position
from explorer.overlap import ByOverlap, ByStream
from explorer.stores.store import Store

__all__ = ["Arrival", "Backoff", "Mode", "Subscription", "behind", "reached"]

Mode: TypeAlias = Literal["eager", "ordered"]


class Subscription:
    """A catch-up reader of the whole store with a checkpoint.

    It starts at its `checkpoint`, or `after` a position, or at the "beginning" or "head" of the store. Only events of
    these `categories` and `types` (globs: * and ?) are handed out, all if none are named. `preview` cuts payloads to so
    many bytes. `grace` keeps every hole open for so many seconds, for stores whose clients draw positions ahead of
    time. With `reopen`, a poll after a lost connection opens the store again and goes on.

    It belongs to the thread of its store.
    """

    def __init__(
        self,
        store: Store,
        mode: Mode = "eager",
        checkpoint: bytes | None = None,
        *,
        start: Literal["beginning", "head"] = "beginning",
        after: Position | None = None,
        categories: Sequence[str] = (),
        types: Sequence[str] = (),
        preview: int | None = None,
        grace: float = 0.0,
        reopen: Callable[[], Store] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store: Store | None = store
        self._mode = mode
        self._start = start
        self._after = after
        self._categories = frozenset(categories)
        self._types = _globs(types)
        self._preview = preview
        self._grace = grace
        self._reopen = reopen
        self._clock = clock
        self._follower: Follower | None = self._resume(checkpoint, store)
        self._asked = False

    @property
    def store(self) -> Store | None:
        """The open store; None after its connection was lost."""
        return self._store

    @property
    def idle(self) -> bool:
        """True when polling brings nothing new before the store changes."""
        return self._asked and (self._follower is None or not (self._follower.behind or self._follower.pending))

    @property
    def behind(self) -> bool:
        """True when there is more to read at once."""
        return not self._asked or (self._follower is not None and self._follower.behind)

    @property
    def notice(self) -> str:
        """Something the user should know: the store was reset."""
        return self._follower.notice if self._follower else ""

    def poll(self, limit: int = 500) -> list[Arrival]:
        """At most `limit` arrivals; none when there is nothing new, or nothing that may be delivered yet.

        Raises `ConnectionLost` (the next poll reopens the store, if it knows how), and what reading raises. Nothing is
        lost by that: what was read but not handed out comes with a later poll.
        """
        self.fetch(limit)
        return [one for one in (self._follower.take(limit) if self._follower else []) if self._selects(one)]

    def fetch(self, limit: int = 500) -> None:
        """Read ahead, so that about `limit` arrivals are there for `next`. Raises as `poll` does."""
        store = self._connected()
        try:
            if self._follower is None:
                self._follower = self._begin(store)
            self._asked = True
            if self._follower is not None:
                self._follower.advance(store, self._clock(), limit)
        except ConnectionLost:
            self._lost()
            raise

    def next(self) -> Arrival | None:
        """One of those that were fetched, None when they have all been handed out: `checkpoint` is then behind it."""
        while taken := self._follower.take(1) if self._follower else []:
            if self._selects(taken[0]):
                return taken[0]
        return None

    def checkpoint(self) -> bytes:
        """Where to go on: everything handed out so far is behind it, whatever was not is before it. JSON."""
        known: dict[str, Any] = (
            {"kind": "start", "from": self._start} if self._follower is None else self._follower.checkpoint()
        )
        return json.dumps(known, separators=(",", ":")).encode()

    def waiting_for(self) -> str:
        """A sentence on what holds delivery up, or empty."""
        return self._follower.waiting_for() if self._follower else ""

    def reconnect(self, store: Store) -> None:
        """Go on with this store, opened again after the former connection was lost."""
        self._store = store
        if self._follower is not None:
            self._follower.reconnected()

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            store, self._store = self._store, None
            store.close()

    def _selects(self, arrival: Arrival) -> bool:
        event = arrival.event
        if self._categories and event.category not in self._categories:
            return False
        return self._types is None or self._types.fullmatch(event.type) is not None

    def _connected(self) -> Store:
        if self._store is None:
            if self._reopen is None:
                raise ConnectionLost("The connection to the store was lost.")
            self.reconnect(self._reopen())
        assert self._store is not None
        return self._store

    def _lost(self) -> None:
        if self._reopen is not None:
            self.close()

    def _begin(self, store: Store) -> Follower | None:
        """The way this store is to be followed; None as long as that cannot be known, for it is empty."""
        how: dict[str, Any] = {"preview": self._preview}
        if not store.info.ordered:
            return ByStream.at_head(**how) if self._start == "head" else ByStream(**how)
        kind = self._after if self._after is not None else store.head()
        if kind is None:
            self._start = "beginning"  # whatever comes is new
            return None
        how["ordered"] = self._mode == "ordered"
        if not isinstance(kind, int):
            if self._start == "head" and self._after is None:
                return ByOverlap.at_head(store, self._clock(), **how)
            return ByOverlap(self._after, **how)
        how.update(commit_ordered=store.info.commit_ordered, grace=self._grace)
        if self._after is not None:
            return ByPosition(kind, **how)
        if self._start == "head":
            return ByPosition.at_head(store, self._clock(), **how)
        return ByPosition(None, **how)

    def _resume(self, checkpoint: bytes | None, store: Store) -> Follower | None:
        if checkpoint is None:
            return None
        try:
            known = json.loads(checkpoint)
            kind = known["kind"]
            if kind == "start":
                self._start = "head" if known["from"] == "head" else "beginning"
                return None
            if kind == "streams":
                return ByStream(known["versions"], preview=self._preview)
            ordered = self._mode == "ordered"
            if kind == "overlap":
                seen = [(_position(position), name) for position, name in known["seen"]]
                return ByOverlap(_position(known["position"]), seen, ordered=ordered, preview=self._preview)
            if kind == "position":
                return ByPosition(
                    known["position"],
                    [(int(low), int(high)) for low, high in known["holes"]],
                    ordered=ordered,
                    commit_ordered=store.info.commit_ordered,
                    preview=self._preview,
                    grace=self._grace,
                    now=self._clock(),
                    marks=Marks(
                        [(int(at), str(name)) for at, name in known.get("marks", [])],
                        known.get("from", known["position"]),
                    ),
                )
        except (ValueError, TypeError, KeyError) as error:
            raise Invalid(f"This is not the checkpoint of a subscription: {error}.") from error
        raise Invalid(f"A checkpoint of an unknown kind: {kind}.")


def reached(checkpoint: bytes) -> Position | None:
    """The position up to which a checkpoint says that everything was handed out (but for holes); None where it stands
    at the very beginning, or is no checkpoint of a store with positions."""
    try:
        position: Position | None = _position(json.loads(checkpoint)["position"])
    except (ValueError, KeyError, TypeError):
        return None
    return position


def behind(position: int) -> bytes:
    """The checkpoint of a subscription that has handed out everything up to this position."""
    return json.dumps({"kind": "position", "position": position, "holes": []}, separators=(",", ":")).encode()


def _globs(globs: Sequence[str]) -> re.Pattern[str] | None:
    """What matches one of them; None for none."""
    signs = {"*": ".*", "?": "."}
    parts = ["".join(signs.get(sign) or re.escape(sign) for sign in glob) for glob in globs]
    return re.compile("|".join(parts), re.DOTALL) if parts else None


def _position(stored: Any) -> Any:
    """Tuples come back from JSON as lists."""
    return tuple(stored) if isinstance(stored, list) else stored


class Backoff:
    """How long to wait after so many failures in a row. Seconds."""

    def __init__(self, first: float = 0.1, factor: float = 2.0, longest: float = 5.0) -> None:
        self._first = first
        self._factor = factor
        self._longest = longest
        self._next = first

    def failed(self) -> float:
        """Seconds to wait before the next attempt."""
        seconds = self._next
        self._next = min(self._next * self._factor, self._longest)
        return seconds

    def succeeded(self) -> None:
        self._next = self._first
