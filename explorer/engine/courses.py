"""Watches along a stream, computed over what an engine has folded of it, in turns, and extended as events arrive."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Generator, Iterator
from typing import Any

from explorer import watches
from explorer.engine.asks_watches import Stop, Watched
from explorer.engine.folding import SLICE, STRETCH, Folding
from explorer.expressions import Expression, Failed
from explorer.model import Event
from explorer.stores import Store
from explorer.watches import Course

KEPT = 200  # courses that are kept


class _Kept:
    def __init__(self, expression: Expression, truth: bool) -> None:
        self.course = Course(expression, truth=truth)
        self.folding: Folding | None = None  # what it goes over
        self.busy = False

    def leave(self) -> None:
        """See no more steps."""
        if self.folding is not None and self.course in self.folding.takers:
            self.folding.takers.remove(self.course)
        self.folding = None


class Courses:
    """Those that were asked for last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Any, ...], _Kept] = OrderedDict()
        self._expressions: dict[str, Expression] = {}

    def course(self, store: Store, folding: Folding, watched: Watched) -> Generator[None, None, Course]:
        """How this watch went over the whole stream. Raises `Mistake`, and what the store raises."""
        known = folding.key, folding.aggregate is None, watched
        kept = self._known.get(known)
        if kept is None:
            kept = self._known[known] = _Kept(self.expression(watched.source), watched.truth)
        self._known.move_to_end(known)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)[1].leave()
        while kept.busy:  # somebody else has asked for it
            yield None
        kept.busy = True
        try:
            yield from self._extended(store, folding, kept)
        except BaseException:  # broken off: begin again next time
            kept.leave()
            raise
        finally:
            kept.busy = False
        return kept.course

    def _extended(self, store: Store, folding: Folding, kept: _Kept) -> Generator[None, None, None]:
        course = kept.course
        if kept.folding is not folding:
            kept.leave()
            course.forget()
            kept.folding = folding
            if not folding.folded:
                folding.takers.append(course)
        while folding.advance(store):
            yield None
        while course not in folding.takers:  # from the first event to the last; from there on it sees every step
            generation = folding.replay.generation
            until = time.perf_counter() + SLICE
            for _ in _taken(store, folding, course):
                if time.perf_counter() > until:
                    yield None
                    until = time.perf_counter() + SLICE
                if generation != folding.replay.generation:  # folded anew meanwhile
                    course.forget()
                    break
            else:
                folding.takers.append(course)

    def expression(self, source: str) -> Expression:
        """Made once. Raises `Mistake`."""
        found = self._expressions.get(source)
        if found is None:
            if len(self._expressions) > KEPT:
                self._expressions.clear()
            found = self._expressions[source] = Expression(source)
        return found

    def value(self, store: Store, folding: Folding, expression: Expression, ordinal: int) -> Any:
        """The value after this event; all up to it must have been folded."""
        needs, replay = expression.needs, folding.replay
        state = replay.state(ordinal) if "state" in needs else None
        before = replay.state(ordinal - 1) if "before" in needs else None
        if "event" not in needs:
            return expression.value(state, before)
        event = store.event(folding.key, folding.version(ordinal))
        readable = watches.seen(event, _upcast(folding)) if event is not None else None
        return readable if isinstance(readable, Failed) else expression.value(state, before, readable)


def _taken(store: Store, folding: Folding, course: Course) -> Iterator[None]:
    """Take all that has been folded, from the first event; a None after each."""
    replay, upcast = folding.replay, _upcast(folding)
    needs = course.expression.needs
    looks = bool(needs & {"state", "before"})
    before = replay.state(-1) if looks else None
    state = None
    if "event" in needs:
        for event in _events(store, folding, course):
            state = replay.state(course.count) if looks else None
            watches.take([course], event, before, state, upcast)
            before = state
            yield None
        return
    while (ordinal := course.count) < folding.folded:
        state = replay.state(ordinal) if looks else None
        course.take(state, before, None, folding.version(ordinal), folding.type(ordinal))
        before = state
        yield None


def _events(store: Store, folding: Folding, course: Course) -> Iterator[Event]:
    """The events, read as `Folding` reads them, so that each has the ordinal that it has there."""
    after = 0
    while course.count < folding.folded:
        page = store.stream_events(folding.key, after=after, limit=STRETCH)
        if not page:
            return
        for event in page:
            if course.count >= folding.folded:
                return
            after = max(after, event.version)
            yield event


def _upcast(folding: Folding) -> Any:
    return folding.domain.upcast if folding.domain else None


def nearest(found: list[tuple[int, int]], forward: bool) -> Stop:
    """Of these (ordinal, number) the one that comes first."""
    if not found:
        return Stop(None)
    return Stop(*(min(found) if forward else max(found, key=lambda one: (one[0], -one[1]))))
