"""What happens in a store, as steps: from the events that arrive and from where its subscriptions stand.

No Qt. It remembers the last few thousand events: their causes are looked up among them, and who has got each.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from explorer.pattern import NOT_NAMED, Happened, Step, appends, journey

KEPT = 4_000  # events
TRIM = 1_000  # forgotten at once


class Stand(NamedTuple):
    """Where a subscription stands."""

    name: str  # "domain.service", of a read model "domain.service.projection"
    position: int  # 0: at the beginning
    state: str = "live"  # "live", "paused", "stopped", "failing" …
    detail: str = ""
    parked: int = 0


class Subscriber(NamedTuple):
    """Who gets events, as the diagram shows it."""

    key: str  # "service", or "service.projection" of a read model
    label: str  # empty: nobody says who it is
    model: bool  # it keeps a read model
    state: str = ""  # "": nobody says
    detail: str = ""
    waiting: int = 0
    about: bool = False  # at least so many: not all of them are known here
    next: Happened | None = None  # the first that waits, as far as it is known
    parked: int = 0


def key_of(subscription: str) -> str:
    """A subscription's name without its domain."""
    return subscription.partition(".")[2] or subscription


class Traffic:
    """Told what arrives and where subscriptions stand, it says what has happened."""

    def __init__(self) -> None:
        self._known: dict[str, Happened] = {}
        self._got: dict[str, dict[str, None]] = {}  # event → the keys of those who have got it
        self._positions: list[int] = []
        self._in_order: list[Happened] = []  # the events at these positions
        self._stands: dict[str, Stand] | None = None  # by key; None: nobody has looked yet
        self._named: dict[str, None] = {}  # services that are known by name

    def name(self, services: Sequence[str]) -> None:
        """There are these services, whether they have begun or not."""
        self._named |= dict.fromkeys(services)

    # -- what is told -------------------------------------------------------------------------------------------------

    def arrived(self, events: Sequence[Happened]) -> list[Step]:
        """Events as they arrive: how each came into the store. Whoever reacts to an event must have got it. What was
        told before is not told again."""
        steps: list[Step] = []
        for together in appends([event for event in events if event.identity not in self._known]):
            for number, event in enumerate(together):
                cause = self.cause(event)
                if number == 0 and event.reaction:
                    steps += self._reacted(event, cause)
                steps += journey(event, cause, len(together), first=number == 0)
                self._keep(event)
                steps += self._passed(event)
        return steps

    def moved(self, stands: Sequence[Stand]) -> list[Step]:
        """Subscriptions stand here now: who has got what since they were looked at last."""
        before, self._stands = self._stands, {key_of(stand.name): stand for stand in stands}
        told: dict[Happened, tuple[list[str], list[str]]] = {}
        for key, stand in self._stands.items():
            was = before.get(key) if before is not None else None
            # The first look tells only where they stand; one that was not there before has begun at the beginning.
            start = was.position if was is not None else 0
            if stand.position < start:
                self._forget(key, stand.position)
            first, last = bisect_right(self._positions, start), bisect_right(self._positions, stand.position)
            for event in self._in_order[first:last]:
                if key not in self._got[event.identity]:
                    self._got[event.identity][key] = None
                    if before is not None:
                        told.setdefault(event, ([], []))["." in key].append(_label(key))
        in_order = sorted(told, key=lambda event: event.position if isinstance(event.position, int) else 0)
        return [step for event in in_order for step in _delivered(event, *told[event])]

    # -- what is known ------------------------------------------------------------------------------------------------

    def cause(self, event: Happened) -> Happened | None:
        """The event that led to this one, if it is among those that are remembered."""
        return self._known.get(event.said.cause or "")

    def got(self, event: Happened) -> tuple[str, ...]:
        """The names of those who are known to have got it."""
        return tuple(_label(key) for key in self._got.get(event.identity, ()))

    def subscribers(self) -> list[Subscriber]:
        """Read models first, then services; those of which only the name is known last."""
        found = [self._subscriber(key, stand) for key, stand in (self._stands or {}).items()]
        there = {one.key for one in found} | {one.key.partition(".")[0] for one in found}
        found += [
            Subscriber(name, _label(name), False, "" if self._stands is None else "stopped")
            for name in self._named
            if name not in there
        ]
        return sorted(found, key=lambda one: not one.model)

    def _subscriber(self, key: str, stand: Stand) -> Subscriber:
        first = bisect_right(self._positions, stand.position)
        waiting, about = len(self._positions) - first, False
        if self._positions and stand.position < self._positions[0] - 1:
            waiting, about = waiting + self._positions[0] - 1 - stand.position, True
        next = self._in_order[first] if waiting and not about else None
        return Subscriber(
            key, _label(key), "." in key, stand.state, stand.detail, waiting, about, next, stand.parked
        )  # fmt: skip

    # -- inside -------------------------------------------------------------------------------------------------------

    def _reacted(self, event: Happened, cause: Happened | None) -> list[Step]:
        service = event.service or NOT_NAMED
        self._named.setdefault(service)
        if cause is None or service in self._got[cause.identity]:
            return []
        self._got[cause.identity][service] = None
        return [Step("deliver", cause, (_label(service),))]

    def _passed(self, event: Happened) -> list[Step]:
        """By those who were seen beyond it before it arrived here."""
        services: list[str] = []
        models: list[str] = []
        for key, stand in (self._stands or {}).items():
            if isinstance(event.position, int) and event.position <= stand.position:
                self._got[event.identity][key] = None
                (models if "." in key else services).append(_label(key))
        return _delivered(event, services, models)

    def _keep(self, event: Happened) -> None:
        if event.identity in self._known:
            return
        self._known[event.identity] = event
        self._got[event.identity] = {}
        position = event.position
        if isinstance(position, int):
            # A late one stands where it belongs.
            place = bisect_right(self._positions, position)
            self._positions.insert(place, position)
            self._in_order.insert(place, event)
        if len(self._known) > KEPT + TRIM:
            for identity in list(self._known)[:TRIM]:
                del self._known[identity], self._got[identity]
            left = [event for event in self._in_order if event.identity in self._known]
            self._in_order = left
            self._positions = [event.position for event in left if isinstance(event.position, int)]

    def _forget(self, key: str, position: int) -> None:
        """It was set back: what comes after is delivered again."""
        for event in self._in_order[bisect_right(self._positions, position) :]:
            self._got[event.identity].pop(key, None)


def _delivered(event: Happened, services: Sequence[str], models: Sequence[str]) -> list[Step]:
    steps = []
    if services:
        steps.append(Step("deliver", event, tuple(services)))
    if models:
        steps.append(Step("project", event, tuple(models)))
    return steps


def _label(key: str) -> str:
    return key.partition(".")[2] or key
