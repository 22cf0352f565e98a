"""A watch over every stream of a category: which streams break it, first and last, as they are found.

A search can be stopped and gone on with: its place is kept in the user's data folder, for this expression and this
version of the code. Of what it has found it remembers a bounded number of streams, of the streams themselves nothing.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from explorer import settings, watches
from explorer.cancellation import Cancellation
from explorer.expressions import Expression
from explorer.loading import events_of
from explorer.model import Event, StreamKey
from explorer.plugins import Claim, fingerprint
from explorer.replay import Replay
from explorer.stores.store import Store
from explorer.watches import Course
from explorer.watching import Broken

KEPT = 5_000  # broken streams that are remembered, to be told again when a search goes on
_PAGE = 50  # streams between places from which a search can go on
_SLICE = 0.015  # seconds of work before others have their turn

_BEGINNING = 20  # events of a stream that tell whose it is

ClaimOf: TypeAlias = Callable[[Sequence[Event]], Claim]
"""Who folds a stream of the category that begins with these events."""


class Place(msgspec.Struct, frozen=True):
    """How far a search came."""

    category: str
    source: str
    code: str  # fingerprint of what folds
    after: list[list[str]] = []  # the key of the last stream looked at
    looked: int = 0
    events: int = 0
    broken: int = 0
    rows: tuple[Broken, ...] = ()  # the first of them


class Search:
    """A search in this category. `looked`: streams so far; `events`: of these; `broken`: streams in which the invariant
    is broken, `failed`: in which it cannot be told."""

    def __init__(self, store: Store, claim: ClaimOf, category: str, expression: Expression, begun: Place) -> None:
        self._store = store
        self._claim = claim
        self._category = category
        self._expression = expression
        self._rows = list(begun.rows)
        self._yielded = 0.0
        self.place = begun
        self.looked = begun.looked
        self.events = begun.events
        self.broken = begun.broken
        self.over = False

    def run(self, cancellation: Cancellation) -> Generator[Broken | None, None, None]:
        """What is broken, first what was found before it went on from its place. None: others may have their turn.

        Grows with the store: background work. Raises `Cancelled` and what the store raises; `place` then says from
        where to go on, the latest every `_PAGE` streams.
        """
        yield from self.place.rows
        self._yielded = time.monotonic()
        after = key_of(self.place.after)
        while True:
            page = self._store.streams(self._category, after=after, limit=_PAGE)
            for stream in page.rows:
                found = yield from self._look_at(stream.key, cancellation)
                if found is not None:
                    if len(self._rows) < KEPT:
                        self._rows.append(found)
                    yield found
            if page.next is None:
                self.over = True
                return
            after = page.next
            self._at(after)
            cancellation.check()
            yield None

    def _at(self, after: Any) -> None:
        text = text_of(after)
        if text is not None:
            place = msgspec.structs.replace(self.place, after=text, looked=self.looked, events=self.events)
            self.place = msgspec.structs.replace(place, broken=self.broken, rows=tuple(self._rows))

    def _look_at(self, key: StreamKey, cancellation: Cancellation) -> Generator[None, None, Broken | None]:
        course = Course(self._expression, truth=True)
        states = _states(self._store, key, self._claim, course)
        for _ in states:
            cancellation.check()
            if time.monotonic() - self._yielded > _SLICE:
                yield None
                self._yielded = time.monotonic()
        self.looked += 1
        self.events += course.count
        found = broken(key, course)
        self.broken += found is not None and found.times > 0
        return found


def _states(store: Store, key: StreamKey, claim: ClaimOf, course: Course) -> Iterator[None]:
    """Take every event of the stream; a None after each."""
    events = events_of(store, key)
    beginning = list(islice(events, _BEGINNING))
    domain, aggregate = claim(beginning)
    upcast = domain.upcast if domain else None
    events = chain(beginning, events)
    if not course.expression.needs & {"state", "before"}:
        for event in events:
            watches.take([course], event, None, None, upcast)
            yield None
        return
    replay: Replay | None = None
    for event in events:
        if replay is None:
            base = store.snapshot(key, event.version - 1) if event.version > 1 and store.info.snapshots else None
            replay = Replay(aggregate, upcast, base=base, history=lambda: events_of(store, key), takers=[course])
        replay.extend((event,))
        yield None


def broken(key: StreamKey, course: Course) -> Broken | None:
    """What a course says of an invariant; None where it holds all the time."""
    false, failed = course.broken, course.failed
    if false is None and failed is None:
        return None
    first, last = false or (None, None)
    return Broken(
        key.category,
        key.id,
        course.count,
        first.version if first else 0,
        first.type if first else "",
        course.last_broken,
        last.type if last else "",
        course.times_broken,
        last is not None and last.last == course.count - 1,
        failed.version if failed else 0,
        failed.reason if failed else "",
        course.sentence(),
    )


# -- going on ----------------------------------------------------------------------------------------------------------


def code_of(claim: Claim) -> str:
    """Stands for the code that folds a category; "" for the generic fold."""
    domain, aggregate = claim
    return fingerprint(domain, aggregate) if domain is not None and aggregate is not None else ""


def begun(identity: str, category: str, source: str, code: str) -> Place:
    """Where a search of this connection came to; the beginning where there is none that can be gone on with."""
    try:
        place = msgspec.json.decode(_file(identity, category, source).read_bytes(), type=Place)
    except (OSError, msgspec.DecodeError):
        place = None  # a place to go on from saves time, no more
    fresh = Place(category, source, code)
    return (
        place if place is not None and (place.category, place.source, place.code) == (category, source, code) else fresh
    )


def remember(identity: str, place: Place) -> None:
    """Raises OSError."""
    settings.write(_file(identity, place.category, place.source), msgspec.to_builtins(place))


def forget(identity: str, place: Place) -> None:
    """The search is over, or is to begin again. Raises OSError."""
    _file(identity, place.category, place.source).unlink(missing_ok=True)


def _file(identity: str, category: str, source: str) -> Path:
    digest = hashlib.sha256(f"{category}\n{source}".encode()).hexdigest()[:24]
    return settings.connection_folder(identity) / "violations" / f"{digest}.json"


def text_of(after: Any) -> list[list[str]] | None:
    """The key of a stream as texts, each with its kind; None where it is made of something else."""
    found: list[list[str]] = []
    for value in after if isinstance(after, tuple) else (after,):
        kind = type(value)
        if kind is str or kind is int or kind is UUID:
            found.append([kind.__name__, str(value)])
        elif kind is bytes:
            found.append(["bytes", base64.b64encode(value).decode()])
        else:
            return None
    return found


def key_of(text: list[list[str]]) -> Any:
    makers: dict[str, Callable[[str], Any]] = {"str": str, "int": int, "UUID": UUID, "bytes": base64.b64decode}
    return tuple(makers[kind](value) for kind, value in text) if text else None
