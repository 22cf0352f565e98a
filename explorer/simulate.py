"""A load of orders: people who order, revise, cancel and ship at a given rate, whatever the store can keep up with.

Open loop: order k is due k / rate seconds after the start, however long the others took. An order that begins later is
late, and how late is measured from when it was due. What people want is decided by the seed alone, never by what comes
of it, so that two runs of one seed want the same of two stores.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4, uuid5

from explorer import commands
from explorer.cancellation import Cancellation
from explorer.causation import simulated
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.order import CreateOrder
from explorer.domains.customers_orders.people import plan
from explorer.errors import (
    Busy,
    Cancelled,
    Conflict,
    ConnectionLost,
    ExplorerError,
    Invalid,
    OutcomeUnknown,
    ReadOnly,
    Refused,
    StoreReplaced,
)
from explorer.model import CommandFor
from explorer.stores.store import Store
from explorer.subscription import Backoff

SEED = 1
MOST = 1e9  # orders a second, and seconds

INSTANT = 1e-6  # seconds that no clock and no sleep can tell apart

SIMULATED = UUID("b8a9c6de-3f0b-5c52-9f5e-4a0c2d7e91f3")
"""The namespace of the ids of simulated commands and their events."""

_AGGREGATES = {aggregate.name: aggregate for aggregate in DOMAIN.aggregates}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run has done so far, or in all. Plain data."""

    run: str  # begins the ids of its streams
    seed: int
    rate: float  # orders a second that were asked for
    seconds: float  # since the start
    due: int  # orders that should have been issued by then
    orders: int  # that were
    commands: int  # of all kinds that were decided, whatever came of them
    refused: int  # commands that a rule refused, such as shipping what no service has approved yet
    conflicts: int  # times a command was decided again because somebody else wrote to its stream
    lost: int  # times a command was tried again because the store could not be reached or was locked
    events: int  # written
    orders_per_second: float  # reached
    late_p50_ms: float  # how late orders began, of those that were issued: within 1 %
    late_p95_ms: float
    late_max_ms: float

    @property
    def behind(self) -> int:
        """Orders that were due and not issued."""
        return self.due - self.orders


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from: seconds from any start, and sleeping until told otherwise (then true)."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[Cancellation, float], bool] = Cancellation.wait


CLOCK = Clock()

Tell = Callable[[Summary], None]
"""Hears about each second how far it is."""


def simulate(
    store: Store,
    rate: float,
    seconds: float,
    cancellation: Cancellation,
    seed: int = SEED,
    tell: Tell | None = None,
    *,
    run: str | None = None,
    again: bool = True,
    clock: Clock = CLOCK,
) -> Summary:
    """Issue `rate` orders a second for so many seconds, each command in a transaction of its own, until cancelled.

    `run` begins the ids of all streams (None: a random one), so that runs do not collide on one store. The run ends
    when the seconds are over, also when it is behind; orders that were due by then and not issued are not made up for.
    With `again`, while the store cannot be reached, or is locked, the same command is tried again; it is never written
    twice.

    Raises `Invalid` for a rate or seconds that are no positive numbers, `ReadOnly` for a store that is not our own or
    not writable, and what `commands.issue` raises but for refusals (`ConnectionLost` and `Busy` with `again` only if it
    still is so when the seconds are over); `tell` then hears how far it came.
    """
    for name, value in (("rate", rate), ("number of seconds", seconds)):
        if not 0 < value < MOST:
            raise Invalid(f"The {name} is {value}; it must be more than 0 and less than {MOST:,.0f}.")
    if store.info.layout != "own":
        raise ReadOnly(
            f"Orders are simulated on a store of our own only, and this is one of another kind ({store.info.layout}).",
            "Nothing was written.",
        )
    if not store.info.writable:
        raise ReadOnly("Orders cannot be simulated: this store is open read-only.", "Open it for writing.")
    load = _Load(store, rate, seconds, cancellation, seed, tell, run or uuid4().hex[:8], again, clock)
    try:
        load.go()
    except Cancelled:
        if not cancellation.cancelled:
            raise
    except ExplorerError:
        load.tell()
        raise
    return load.summary()


class _Load:
    def __init__(
        self,
        store: Store,
        rate: float,
        seconds: float,
        cancellation: Cancellation,
        seed: int,
        tell: Tell | None,
        run: str,
        again: bool,
        clock: Clock,
    ) -> None:
        self._store, self._cancellation, self._tell, self._clock = store, cancellation, tell, clock
        self._rate, self._seconds, self._seed, self._run, self._again = rate, seconds, seed, run, again
        # The remainder is what multiplying may add to a whole number of orders.
        self._total = max(1, math.ceil(rate * seconds - 1e-9))
        self._ids = uuid5(SIMULATED, f"{run}\n{seed}")
        self._orders = self._commands = self._refused = self._conflicts = self._events = self._lost = 0
        self._late = _Lateness()
        self._began = self._told = clock.now()

    def go(self) -> None:
        """Raises `Cancelled`, also between two commands."""
        for number, turn in zip(range(self._total), plan(self._seed, self._run), strict=False):
            due = number / self._rate
            self._until(due)
            passed = self._passed()
            if passed >= self._seconds:
                return
            self._late.add(max(0.0, passed - due))
            for wanted in turn:
                self._cancellation.check()
                self._issue(wanted)
        self._until(self._seconds)

    def _until(self, moment: float) -> None:
        """Sleep until so many seconds after the start, telling each second how far it is."""
        while True:
            passed = self._passed()
            if self._began + passed >= self._told + 1 - INSTANT:
                self._told = self._began + passed
                self.tell()
            if passed >= moment - INSTANT:
                return
            if self._clock.wait(self._cancellation, min(moment - passed, 1.0)):
                self._cancellation.check()

    def _issue(self, wanted: CommandFor) -> None:
        command = uuid5(self._ids, str(self._commands))
        try:
            self._events += self._written(wanted, command)
        except Refused:
            self._refused += 1
        self._commands += 1
        self._orders += isinstance(wanted.command, CreateOrder)

    def _written(self, wanted: CommandFor, command: UUID) -> int:
        """→ how many events. Goes on through lost connections until the seconds are over."""
        backoff = Backoff(longest=1.0)
        before = self._lost
        while True:
            try:
                # What was committed although nobody heard of it must not be decided again.
                there = self._store.events_by_id([str(uuid5(command, "0"))]) if self._lost > before else []
                return len(there) or self._decided(wanted, command)
            except (ConnectionLost, Busy, OutcomeUnknown) as error:
                if not self._again or isinstance(error, StoreReplaced) or self._passed() >= self._seconds:
                    raise
                self._lost += 1
                self.tell()
                if self._clock.wait(self._cancellation, backoff.failed()):
                    self._cancellation.check()

    def _decided(self, wanted: CommandFor, command: UUID) -> int:
        for left in reversed(range(commands.ATTEMPTS)):
            try:
                written = commands.issue(
                    self._store, DOMAIN, _AGGREGATES[wanted.aggregate], wanted.id, wanted.command,
                    metadata=simulated(str(command)), event_id=lambda index: str(uuid5(command, str(index))),
                    attempts=1,
                )  # fmt: skip
            except Conflict:
                self._conflicts += 1
                if not left:
                    raise
            else:
                return len(written)
        raise AssertionError("the last attempt returns or raises")

    def _passed(self) -> float:
        return self._clock.now() - self._began

    def tell(self) -> None:
        if self._tell is not None:
            self._tell(self.summary())

    def summary(self) -> Summary:
        passed = self._passed()
        # Order k is due at k / rate, the first one at once.
        due = min(self._total, math.floor(passed * self._rate) + 1)
        return Summary(
            run=self._run,
            seed=self._seed,
            rate=self._rate,
            seconds=round(passed, 3),
            due=max(due, self._orders),
            orders=self._orders,
            commands=self._commands,
            refused=self._refused,
            conflicts=self._conflicts,
            lost=self._lost,
            events=self._events,
            orders_per_second=round(self._orders / passed, 2) if passed > 0 else 0.0,
            late_p50_ms=self._late.at(0.5),
            late_p95_ms=self._late.at(0.95),
            late_max_ms=self._late.at(1.0),
        )


class _Lateness:
    """How late orders were, counted in steps of one percent: no more memory and time for more of them."""

    _LEAST = 0.01  # ms, the first step
    _STEP = math.log(1.01)

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._worst = 0.0

    def add(self, seconds: float) -> None:
        late = seconds * 1000
        self._worst = max(self._worst, late)
        self._counts[max(0, math.ceil(math.log(max(late, self._LEAST) / self._LEAST) / self._STEP))] += 1

    def at(self, share: float) -> float:
        """Milliseconds that this share of the orders were not later than; 0 when there is none."""
        left = share * self._counts.total()
        for step in sorted(self._counts):
            left -= self._counts[step]
            if left <= 0:
                return round(min(self._worst, self._LEAST * math.exp(step * self._STEP)), 3)
        return round(self._worst, 3)
