"""Folding streams in a process of its own while somebody looks over the reducer's shoulder: see `purity`.

What a reducer may read besides its state and its event is put under watch before any domain is imported: clocks (which
also tell another time than ours, or stand still), random numbers, the environment. Nothing of ours is imported above
the functions, for a domain that was imported before would have the real ones.
"""

from __future__ import annotations

import datetime as dates
import os
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from explorer.model import Aggregate, Domain, Event
    from explorer.stores import StoreSpec

Stream: TypeAlias = tuple[str, str, int]
"""Category, id, and how many events are folded."""

_RANDOM = (
    *("random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "gauss"),
    "getrandbits",
)
_CLOCKS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
_KEPT = 64  # states that are looked at once more when the stream is at its end


@dataclass(frozen=True)
class Circumstances:
    """How one run differs from another. The seed of hashes and the time zone are set before the process starts."""

    name: str  # as people read it: "hash seed 1, UTC, clock stands still in 2001"
    environment: Mapping[str, str]
    now: float  # seconds since the epoch at which its clocks begin
    frozen: bool  # they stand still


@dataclass
class Watch:
    """What the reducer has read while `on`: what → version of the first event at which it did."""

    on: bool = False
    version: int = 0
    read: dict[str, int] = field(default_factory=dict)

    def saw(self, what: str) -> None:
        if self.on:
            self.read.setdefault(what, self.version)


def run(
    connection: Any,
    parent: int,
    spec: StoreSpec,
    plugins: tuple[str, ...],
    streams: tuple[Stream, ...],
    how: Circumstances,
    folder: str,
) -> None:
    """In the child: fold these streams, write for each event a line into `folder`, its version and the state after it
    as JSON, and send what was seen of each stream, in their order; then None. An error is sent as its sentence."""
    watch = Watch()
    _put_under_watch(watch, how)
    from explorer.engine.child import die_with
    from explorer.errors import ExplorerError

    die_with(parent)
    try:
        for found in _folds(spec, plugins, streams, watch, folder):
            connection.send(found)
        connection.send(None)
    except ExplorerError as error:
        connection.send(str(error))
    finally:
        connection.close()


def _folds(
    spec: StoreSpec, plugins: Sequence[str], streams: Sequence[Stream], watch: Watch, folder: str
) -> Iterator[dict[str, Any]]:
    from explorer.errors import Invalid
    from explorer.plugins import aggregate_for, load
    from explorer.stores import open_store

    loaded = load(plugins)
    store = open_store(spec)
    try:
        for number, (category, id, count) in enumerate(streams):
            claim = aggregate_for(loaded.domains, category)
            if claim is None:
                raise Invalid(f"No domain claims the category {category}. {' '.join(loaded.problems)}".rstrip())
            with open(f"{folder}/{number}", "wb") as lines:
                yield _fold(*claim, _events(store, category, id, count), watch, lines.write)
    finally:
        store.close()


def _events(store: Any, category: str, id: str, count: int) -> Iterator[Event]:
    from itertools import islice

    from explorer.loading import events_of
    from explorer.model import StreamKey

    return islice(events_of(store, StreamKey(category, id)), count)


def _fold(
    domain: Domain, aggregate: Aggregate, events: Iterator[Event], watch: Watch, write: Callable[[bytes], object]
) -> dict[str, Any]:
    """Fold one stream. → {"read": …, "mutated": …, "changed": …, "aliased": …}: the versions at which each was seen."""
    from explorer import fold, payload
    from explorer.fold import StepFailed

    watch.read = {}
    mutated = changed = aliased = None
    kept: list[tuple[int, Any, bytes]] = []  # states as they were when they were new
    state = None

    def shown(state: Any) -> bytes:
        try:
            return payload.encode_plain(fold.as_json(aggregate, state))
        except StepFailed as error:
            return payload.encode_plain({"cannot be shown": str(error)})

    watch.version, watch.on = 0, True
    with suppress(StepFailed):  # then the first event fails, and says so
        state = fold.initial(aggregate)
    watch.on = False
    before = shown(state)
    for event in events:
        watch.version = event.version
        try:
            readable = fold.readable(event, domain.upcast)
            data = payload.encode_plain(payload.to_json(readable.data))
            watch.on = True
            after = fold.evolve(aggregate, state, readable)
            watch.on = False
            if mutated is None and payload.encode_plain(payload.to_json(readable.data)) != data:
                mutated = event.version
            if changed is None and shown(state) != before:
                changed = event.version
            state, before = after, shown(after)
            line = before
        except StepFailed as error:
            watch.on = False
            line = payload.encode_plain({"failed": str(error)})
        write(b"%d %s\n" % (event.version, line))
        if len(kept) < _KEPT:
            kept.append((event.version, state, before))
    if changed is None:  # else that explains it
        aliased = next((version for version, one, then in kept if shown(one) != then), None)
    return {"read": watch.read, "mutated": mutated, "changed": changed, "aliased": aliased}


# -- what is under watch -----------------------------------------------------------------------------------------------


def _put_under_watch(watch: Watch, how: Circumstances) -> None:
    if hasattr(time, "tzset"):
        time.tzset()
    began = time.time()
    real = {name: getattr(time, name) for name in _CLOCKS}

    def now() -> float:
        return how.now if how.frozen else how.now + float(real["time"]()) - began

    for name in _CLOCKS:
        setattr(time, name, _clock(watch, name, real[name], now))
    _dates(watch, now)
    for name in _RANDOM:
        setattr(random, name, _seen(watch, f"random.{name}()", getattr(random, name)))
    for name in ("uuid1", "uuid4"):
        setattr(uuid, name, _seen(watch, f"uuid.{name}()", getattr(uuid, name)))
    os.urandom = _seen(watch, "os.urandom()", os.urandom)
    os.getenv = _seen(watch, "os.getenv()", os.getenv)
    environment: Any = type(os.environ)
    environment.__getitem__ = _seen(watch, "os.environ", environment.__getitem__)


def _seen(watch: Watch, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def seen(*arguments: Any, **named: Any) -> Any:
        watch.saw(what)
        return function(*arguments, **named)

    return seen


def _clock(watch: Watch, name: str, function: Callable[[], Any], now: Callable[[], float]) -> Callable[[], Any]:
    def clock() -> Any:
        if not watch.on:
            return function()  # ours goes on
        watch.saw(f"time.{name}()")
        return int(now() * 1e9) if name.endswith("_ns") else now()

    return clock


def _dates(watch: Watch, now: Callable[[], float]) -> None:
    real, real_date = dates.datetime, dates.date

    class Same(type):
        """Any date is an instance of these, whoever made it."""

        def __instancecheck__(cls, one: object) -> bool:
            return isinstance(one, real if issubclass(cls, real) else real_date)

    class WatchedDateTime(real, metaclass=Same):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: dates.tzinfo | None = None) -> Any:
            watch.saw("datetime.now()")
            return real.fromtimestamp(now(), tz) if watch.on else real.now(tz)

        @classmethod
        def utcnow(cls) -> Any:
            watch.saw("datetime.utcnow()")
            return real.fromtimestamp(now() if watch.on else time.time(), dates.UTC).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            watch.saw("datetime.today()")
            return real.fromtimestamp(now()) if watch.on else real.today()

    class WatchedDate(real_date, metaclass=Same):  # type: ignore[misc, valid-type]
        @classmethod
        def today(cls) -> Any:
            watch.saw("date.today()")
            return real_date.fromtimestamp(now()) if watch.on else real_date.today()

    dates.datetime = WatchedDateTime  # type: ignore[misc]
    dates.date = WatchedDate  # type: ignore[misc]
