"""Is a reducer a function of state and event alone? Streams are folded in two fresh processes that differ in all that
it should not depend on: the seed of hashes (the order of sets of texts), the time zone, and clocks, of which one stands
still in the past and one goes on in the future. What comes out must be the same, event by event; and what goes in must
be left as it was."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from explorer import payload, watched_fold
from explorer.cancellation import Cancellation
from explorer.diff import Change, diff
from explorer.engine.process import start
from explorer.errors import ExplorerError, Invalid
from explorer.model import StreamKey
from explorer.stores import Store, StoreSpec
from explorer.watched_fold import Circumstances

RUNS = (
    Circumstances(
        name="hash seed 1, UTC, a clock that stands still in 2001",
        environment={"PYTHONHASHSEED": "1", "TZ": "UTC"},
        now=1_000_000_000.0,
        frozen=True,
    ),
    Circumstances(
        name="hash seed 2, Kathmandu, a clock in 2033",
        environment={"PYTHONHASHSEED": "2", "TZ": "Asia/Kathmandu"},
        now=2_000_000_000.0,
        frozen=False,
    ),
)
SLICE = 0.1  # seconds between looks whether it is cancelled
_STARTING = threading.Lock()  # the environment of a child is ours while it starts


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the fold of one stream. kind: "differs", "reads", "event changed", "state changed" or "state
    shared"."""

    kind: str
    key: StreamKey
    version: int  # of the first event at which it was seen; 0: already before the first
    sentence: str
    differences: tuple[Change, ...] = ()  # from one run to the other


def check(
    store: Store,
    spec: StoreSpec,
    plugins: Sequence[str],
    keys: Sequence[StreamKey],
    cancellation: Cancellation,
) -> Iterator[Finding]:
    """Fold these streams, each of a category that a domain of these plug-in files (or an installed one) claims, in two
    processes, and say what is wrong, stream by stream. What arrives meanwhile is left out. Writes nothing.

    Raises `Cancelled`, `Invalid` for a stream that is not there, what opening the store raises, and `ExplorerError` for
    a process that ends.
    """
    streams = tuple((key.category, key.id, _events(store, key)) for key in keys)
    with tempfile.TemporaryDirectory(prefix="purity-") as folder:
        with ExitStack() as stack:
            runs = []
            for number, how in enumerate(RUNS):
                where = Path(folder, str(number))
                where.mkdir()
                runs.append(stack.enter_context(_running(spec, tuple(plugins), streams, how, where)))
            found = [list(_said(connection, cancellation)) for connection in runs]
        for number, key in enumerate(keys):
            cancellation.check()
            yield from _seen(key, found[0][number], found[1][number])
            yield from _differs(key, *(Path(folder, str(one), str(number)) for one in range(len(RUNS))))


def _events(store: Store, key: StreamKey) -> int:
    info = store.stream(key)
    if info is None:
        raise Invalid(f"There is no stream {key.category} {key.id}.")
    return info.events if info.events is not None else info.version


@contextmanager
def _running(
    spec: StoreSpec, plugins: tuple[str, ...], streams: tuple[watched_fold.Stream, ...], how: Circumstances, where: Path
) -> Iterator[Connection]:
    """A process that folds within this block, and what it says."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=watched_fold.run,
        args=(theirs, os.getpid(), spec, plugins, streams, how, str(where)),
        name="watched fold",
        daemon=True,
    )
    try:
        with theirs, _environment(how.environment):
            start(process)
        yield ours
    finally:
        ours.close()
        if process.pid is not None:
            process.kill()
            process.join()
        process.close()


def _said(connection: Connection, cancellation: Cancellation) -> Iterator[Mapping[str, Any]]:
    while True:
        cancellation.check()
        try:
            if not connection.poll(SLICE):
                continue
            said = connection.recv()
        except (EOFError, OSError):
            raise ExplorerError("The process that folds has ended.", "The reducer may have ended it.") from None
        if said is None:
            return
        if isinstance(said, str):
            raise ExplorerError(said)
        yield said


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """What a process that is started in this block finds in its environment."""
    with _STARTING:
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _seen(key: StreamKey, *runs: Mapping[str, Any]) -> Iterator[Finding]:
    """What both runs have seen is said once."""
    read: dict[str, int] = {}
    for one in runs:
        for what, version in one["read"].items():
            read[what] = min(version, read.get(what, version))
    for what, version in read.items():
        yield Finding("reads", key, version, f"The reducer reads {what}.")
    for name, kind, sentence in (
        ("mutated", "event changed", "The reducer changes the event that it is given."),
        ("changed", "state changed", "The reducer changes the state that it is given."),
        ("aliased", "state shared", "The state after this event is changed by a later one: they share a part of it."),
    ):
        versions = [one[name] for one in runs if one[name] is not None]
        if versions:
            yield Finding(kind, key, min(versions), sentence)


def _differs(key: StreamKey, first: Path, second: Path) -> Iterator[Finding]:
    with first.open("rb") as one, second.open("rb") as other:
        for here, there in zip(one, other, strict=False):
            if here != there:
                version, _, state = here.partition(b" ")
                changes = tuple(diff(payload.decode_plain(state), payload.decode_plain(there.partition(b" ")[2])))
                if not changes:  # only the order of members, which nobody can tell
                    continue
                sentence = "Two folds of the same events differ from here on."
                yield Finding("differs", key, int(version), sentence, changes)
                return
