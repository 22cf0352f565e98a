"""The debugger's one pass: states, changes, all writers and a watch, beside the bare fold of the same events; any step
afterwards, wherever it jumps; what arrivals cost; a million events.

    python -m tests.benchmarks.debugger [--events 100000] [--quick]

Three reducers over the same events, each onto a state of some 35 paths: one that shares what it does not touch, one
that copies the whole state deeply, one that changes the state it is given. Seconds of processor time, the least of
several runs that take turns, so that what else runs on the machine counts little.
"""

from __future__ import annotations

import argparse
import copy
import gc
import multiprocessing
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from explorer import fold
from explorer.blame import track_of, writings
from explorer.diff import diff
from explorer.expressions import Expression
from explorer.model import Aggregate, DomainEvent, Event
from explorer.replay import Replay
from explorer.watches import Course
from tests.benchmarks.figures import load, percentile, verdict
from tests.benchmarks.replay import IN_PLACE, NOTES, bare, empty, noted, notes

ABOVE = 10e-6  # seconds an event at most above the bare fold of the sharing reducer
WATCH = 10e-6  # seconds an event at most for a watch
COPYING = 0.5  # of fold and deep copy of each step, at most
STEP = 0.016  # seconds, 99 of 100
MEMORY = 1_000  # MB with a million events
JUMPS = 2_000
PORTION = 500  # events that an engine folds at once
EXPRESSION = "state.count > 0 and len(state.notes) <= 32"


def copied(state: Any, event: DomainEvent) -> Any:
    new = copy.deepcopy(state)
    new["count"] = event.version
    new["notes"][event.data["key"]] = event.data["text"]
    return new


COPYING_NOTES = Aggregate("Notes copied", empty, copied)


def whole(aggregate: Aggregate, events: list[Event], expression: Expression | None) -> tuple[Replay, Course | None]:
    """As an engine does it: in portions, with the watch going along."""
    course = Course(expression) if expression is not None else None
    replay = Replay(aggregate, takers=[course] if course is not None else [])
    for start in range(0, len(events), PORTION):
        replay.extend(events[start : start + PORTION])
    assert len(replay.writers.of("/count")) == len(events)
    return replay, course


def fold_and_copy(events: list[Event]) -> None:
    state = empty()
    for event in events:
        state = noted(state, fold.readable(event))
        copy.deepcopy(state)


def least(jobs: dict[str, Callable[[], object]], times: int) -> dict[str, float]:
    found = dict.fromkeys(jobs, float("inf"))
    for _ in range(times):
        for name, job in jobs.items():
            gc.collect()
            started = time.process_time()
            job()
            found[name] = min(found[name], time.process_time() - started)
    return found


def passes(events: list[Event], times: int) -> bool:
    expression = Expression(EXPRESSION)
    some = events[: len(events) // 10]  # of those that take ten times as long
    found = least(
        {
            "bare, sharing": lambda: bare(NOTES, events),
            "pass, sharing": lambda: whole(NOTES, events, None),
            "with a watch": lambda: whole(NOTES, events, expression),
            "bare, copying": lambda: bare(COPYING_NOTES, some),
            "copying, with a watch": lambda: whole(COPYING_NOTES, some, expression),
            "fold and copy": lambda: fold_and_copy(some),
            "bare, mutating": lambda: bare(IN_PLACE, some),
            "mutating, with a watch": lambda: whole(IN_PLACE, some, expression),
        },
        times,
    )
    for name, seconds in found.items():
        count = len(some) if "copying" in name or "mutating" in name or "copy" in name else len(events)
        print(f"      {name}: {seconds / count * 1e6:.2f} µs an event", flush=True)
    every, few = len(events), len(some)
    good = microseconds("sharing: states, changes, writers and a watch, above its bare fold",
                        (found["with a watch"] - found["bare, sharing"]) / every, ABOVE)  # fmt: skip
    good &= microseconds("the watch alone", (found["with a watch"] - found["pass, sharing"]) / every, WATCH)
    above = (found["copying, with a watch"] - found["bare, copying"]) / found["fold and copy"]
    total = found["copying, with a watch"] / found["fold and copy"]
    print(
        f"{'ok  ' if above <= COPYING else 'MISS'}  copying: above its bare fold, as a part of fold and deep copy:"
        f" {above:.2f} (at most {COPYING}); with its bare fold, which copies too, {total:.2f}; its bare fold alone"
        f" {found['bare, copying'] / found['fold and copy']:.2f}",
        flush=True,
    )
    slow = whole(IN_PLACE, some[:500], None)[0].slow
    print(
        f"{'ok  ' if slow else 'MISS'}  mutating: {(found['mutating, with a watch']) / few * 1e6:.1f} µs an event,"
        f" said of it: {slow!r}",
        flush=True,
    )
    return good and above <= COPYING and bool(slow)


def microseconds(what: str, seconds: float, most: float) -> bool:
    holds = seconds <= most
    print(
        f"{'ok  ' if holds else 'MISS'}  {what}: {seconds * 1e6:.2f} µs an event (at most {most * 1e6:g})", flush=True
    )
    return holds


def jumps(events: list[Event]) -> bool:
    """Steps to anywhere: the state, what the event changed, and who wrote what is shown there."""
    replay, _ = whole(NOTES, events, None)
    chance = random.Random(1)
    taken = []
    for _ in range(JUMPS):
        ordinal = chance.randrange(len(events))
        started = time.perf_counter()
        state: Any = replay.state(ordinal)
        diff(replay.state(ordinal - 1), state)
        for path in ("/count", "/notes", *(f"/notes/{name}" for name in state["notes"])):
            replay.writers.last(path, ordinal)
        taken.append(time.perf_counter() - started)
    print(f"      a step to anywhere: p50 {percentile(taken, 50) * 1e3:.2f} ms, most {max(taken) * 1e3:.2f} ms")
    good = verdict("a step to anywhere with its differences and writers, p99", percentile(taken, 99), STEP)
    started = time.perf_counter()
    count = sum(1 for one in writings(replay, track_of(replay.state(len(events) - 1), "/notes/k7")) if one is not None)
    print(f"      the whole history of a path, {count:,} writings: {time.perf_counter() - started:.3f} s")
    return good


def arrivals(events: list[Event]) -> bool:
    """What an event costs that arrives at the end of a long stream, beside one at the end of a short one."""
    medians = []
    for length in (1_000, len(events) - 1_000):
        replay, _ = whole(NOTES, events[:length], Expression(EXPRESSION))
        taken = []
        for event in events[length : length + 1_000]:
            started = time.perf_counter()
            replay.extend([event])
            replay.writers.last("/count", event.version - 1)
            taken.append(time.perf_counter() - started)
        medians.append(percentile(taken, 50))
        print(f"      arrivals after {length:,} events: p50 {medians[-1] * 1e6:.0f} µs, p99"
              f" {percentile(taken, 99) * 1e6:.0f} µs")  # fmt: skip
    ratio = medians[1] / medians[0]
    print(f"{'ok  ' if ratio < 2 else 'MISS'}  arrivals extend: {ratio:.2f} times as long at the long stream's end")
    return ratio < 2


def _million(answer: Any, count: int) -> None:
    import resource

    started = time.process_time()
    replay = Replay(NOTES, takers=[Course(Expression(EXPRESSION))])
    replay.extend(notes(count))
    taken = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    answer.send((replay.count, len(replay.writers.of("")), taken, peak / 2**20))


def million(count: int) -> bool:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_million, args=(sender, count))
    process.start()
    folded, written, taken, megabytes = receiver.recv()
    process.join()
    good = bool(folded == written == count and megabytes < MEMORY)
    print(f"{'ok  ' if good else 'MISS'}  {count:,} events with writers and a watch: {taken:.1f} s of processor time,"
          f" at most {megabytes:,.0f} MB (at most {MEMORY:,})")  # fmt: skip
    return good


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="debugger", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="no million, fewer turns")
    options = parser.parse_args(arguments)
    print(f"debugger: {load()}")
    events = list(notes(options.events))
    good = passes(events, 2 if options.quick else 5)
    good &= jumps(events)
    good &= arrivals(events)
    if not options.quick and sys.platform != "win32":
        good &= million(1_000_000)
    print(f"debugger: {load()}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
