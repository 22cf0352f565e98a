"""Replay: a pass over long streams beside the bare fold of the same events, seeks at random, memory of a million."""

from __future__ import annotations

import gc
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from explorer import fold
from explorer.domains.customers_orders.order import ORDER
from explorer.model import Aggregate, DomainEvent, Event
from explorer.replay import Replay

START = datetime(2026, 1, 1, tzinfo=UTC)
SEEKS = 2000

_LINES = b'[{"sku":"A-1","quantity":%d,"price":{"amount":12.50}},{"sku":"B","quantity":1,"price":{"amount":3}}]'
_CONTENT = b'{"customerId":"c-1","lines":' + _LINES + b',"orderTotal":{"amount":%d.00},"revision":%d}'


def order(count: int) -> Iterator[Event]:
    """An order that is revised and approved again and again."""
    for number in range(count):
        revision = number // 2 + 1
        if number % 2 == 0:
            kind = "OrderRevised" if number else "OrderCreated"
            data = _CONTENT % (revision % 9 + 1, revision % 90, revision)
        else:
            kind, data = "OrderApproved", b'{"customerId":"c-1","revision":%d}' % revision
        yield stored(number, kind, data)


def notes(count: int) -> Iterator[Event]:
    """Small events onto a state of some 35 paths."""
    for number in range(count):
        yield stored(number, "Noted", b'{"key":"k%d","text":"note number %d"}' % (number * 7 % 32, number))


def stored(number: int, kind: str, data: bytes) -> Event:
    metadata = b'{"correlation_id":"%032x","causation_id":"%032x"}' % (number // 3, number)
    return Event(
        category="Order",
        id="o-1",
        version=number + 1,
        position=number,
        type=kind,
        data=data,
        metadata=metadata,
        event_id=f"{number:032x}",
        recorded_at=START + timedelta(seconds=number),
        size=len(data),
    )


def noted(state: Any, event: DomainEvent) -> Any:
    return {**state, "count": event.version, "notes": {**state["notes"], event.data["key"]: event.data["text"]}}


def noted_in_place(state: Any, event: DomainEvent) -> Any:
    state["count"] = event.version
    state["notes"][event.data["key"]] = event.data["text"]
    return state


def empty() -> Any:
    return {"count": 0, "notes": {}}


NOTES = Aggregate("Notes", empty, noted)
IN_PLACE = Aggregate("Notes in place", empty, noted_in_place)


def bare(aggregate: Aggregate, events: list[Event]) -> None:
    state = aggregate.initial()
    for event in events:
        state = aggregate.evolve(state, fold.readable(event))


def measure(label: str, aggregate: Aggregate | None, events: list[Event]) -> None:
    floor = best(lambda: bare(aggregate or fold.GENERIC, events))
    replay = Replay(aggregate)

    def whole() -> None:
        nonlocal replay
        replay = Replay(aggregate)
        replay.extend(events)

    taken = best(whole)
    chance = random.Random(1)
    seeks = []
    for _ in range(SEEKS):
        ordinal = chance.randrange(len(events))
        started = time.perf_counter()
        replay.state(ordinal)
        seeks.append((time.perf_counter() - started) * 1000)
    seeks.sort()
    middle, late, last = seeks[SEEKS // 2], seeks[SEEKS * 99 // 100], seeks[-1]
    print(
        f"{label}: {len(events):,} events in {taken:.2f} s of processor time,"
        f" bare fold {floor:.2f} s, ratio {taken / floor:.1f};"
        f" seek p50 {middle:.2f} ms, p99 {late:.2f} ms, max {last:.2f} ms{'; ' + replay.slow if replay.slow else ''}",
        flush=True,
    )


def best(run: Callable[[], None], times: int = 3) -> float:
    """Seconds of processor time: what else runs on the machine counts little."""
    seconds = []
    for _ in range(times):
        gc.collect()
        started = time.process_time()
        run()
        seconds.append(time.process_time() - started)
    return min(seconds)


def _million(answer: Any) -> None:
    import resource

    started = time.process_time()
    replay = Replay(ORDER)
    replay.extend(order(1_000_000))
    taken = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    answer.send((replay.count, taken, peak / 2**20))


def main() -> None:
    events = list(order(100_000))
    measure("order", ORDER, events)
    measure("generic fold of the same", None, events)
    small = list(notes(100_000))
    measure("notes, sharing reducer", NOTES, small)
    measure("notes, reducer that changes its input", IN_PLACE, small[:20_000])
    if sys.platform == "win32":
        return
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_million, args=(sender,))
    process.start()
    count, taken, megabytes = receiver.recv()
    process.join()
    print(f"order: {count:,} events in {taken:.1f} s of processor time, at most {megabytes:,.0f} MB in the process")


if __name__ == "__main__":
    main()
