"""What happens to whom when, decided by a seed before anything runs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explorer.claiming import LEASE

WARM = 2.0  # seconds in which services come up

KILL, KILL_ALL, STOP, WINDOW, LOAD, SERVER = "kill", "kill all", "stop", "window", "load", "server"


@dataclass(frozen=True)
class Action:
    at: float  # seconds after the start
    what: str
    service: str = ""
    owner: bool = False  # the instance that works; else the one that stands by
    seconds: float = 0.0  # until it is started or continued again; how long the window is open


def schedule(seed: int, seconds: float, between: float, services: Sequence[str], server: bool) -> list[Action]:
    """By time. `between`: mean seconds between two things that happen to services; one thing at a time to each.

    The window is opened twice and killed, the load is killed once and begins anew; with `server` that crashes twice.
    """
    chance = random.Random(seed)
    actions = list(_to_services(chance, seconds, between, services))
    for part in (0.15, 0.6):
        open_for = min(seconds * chance.uniform(0.1, 0.3), 240.0)
        actions.append(Action(seconds * part, WINDOW, seconds=open_for))
    actions.append(Action(seconds * chance.uniform(0.4, 0.6), LOAD))
    if server:
        actions += [Action(seconds * chance.uniform(*part), SERVER) for part in ((0.25, 0.4), (0.65, 0.8))]
    return sorted(actions, key=lambda action: action.at)


def _to_services(chance: random.Random, seconds: float, between: float, services: Sequence[str]) -> Iterator[Action]:
    free = dict.fromkeys(services, 0.0)  # when all instances of a service are there again
    at = WARM + chance.expovariate(1 / between)
    while at < seconds:
        what = chance.choices((KILL, KILL_ALL, STOP), (6, 1, 3))[0]
        away = LEASE + chance.uniform(1.5, 4.0) if what == STOP else chance.uniform(0.2, 4.0)
        ready = [service for service in services if free[service] <= at]
        if ready:
            service = chance.choice(ready)
            yield Action(at, what, service, chance.random() < 0.75, away)
            free[service] = at + away + 2.0
        at += chance.expovariate(1 / between)
