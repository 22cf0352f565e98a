"""What somebody watches, and a stream that breaks it: nouns, for all that need no more than these."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from explorer import keeping

FILE = "watches.json"


class Watch(msgspec.Struct, frozen=True):
    """What somebody watches in the streams of a category."""

    category: str
    source: str  # a path or an expression
    name: str = ""  # shown instead of the source
    invariant: bool = False  # has to be true after every event

    @property
    def title(self) -> str:
        return self.name or self.source


class Broken(msgspec.Struct, frozen=True):
    """A stream in which an invariant is false somewhere, or cannot be told. Versions are 0 where there is none."""

    category: str
    id: str
    events: int
    first: int  # version at which it is first false
    first_type: str  # of that event
    last: int  # version of the last event at which it is false
    last_type: str  # of the event that broke it last
    times: int  # how often it was broken
    now: bool  # it is false at the end
    failed: int  # version at which it cannot be told first
    reason: str
    sentence: str


def kept(identity: str) -> tuple[Watch, ...]:
    """The watches of this connection (`StoreInfo.identity`). Raises `Invalid` where their file cannot be read."""
    return keeping.kept(identity, FILE, Watch, "the watches")


def keep(identity: str, watches: Iterable[Watch]) -> None:
    """Keep these watches, and no others, in the user's data folder. Raises OSError."""
    keeping.keep(identity, FILE, watches)
