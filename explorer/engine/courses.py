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
        self.generation = 0
        self.read_upto = 0
        self.busy = False


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
            self._known.popitem(last=False)
        while kept.busy:  # somebody else has asked for it
            yield None
        kept.busy = True
        try:
            yield from self._extended(store, folding, kept)
        except BaseException:  # broken off, perhaps between two events of one version: begin again next time
            self._known.pop(known, None)
            raise
        finally:
            kept.busy = False
        return kept.course

    def _extended(self, store: Store, folding: Folding, kept: _Kept) -> Generator[None, None, None]:
        while folding.advance(store):
            yield None
        replay, course = folding.replay, kept.course
        if kept.generation != replay.generation or course.count > folding.folded:  # folded anew
            kept.generation, kept.read_upto = replay.generation, 0
            course.forget()
        until = time.perf_counter() + SLICE
        for _ in _taken(store, folding, kept):
            if time.perf_counter() > until:
                yield None
                until = time.perf_counter() + SLICE

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


def _taken(store: Store, folding: Folding, kept: _Kept) -> Iterator[None]:
    """Take what has been folded since; a None after each event."""
    course, replay, upcast = kept.course, folding.replay, _upcast(folding)
    looks = bool(course.expression.needs & {"state", "before"})
    before = replay.state(course.count - 1) if looks else None
    state = None
    if "event" in course.expression.needs:
        for event in _events(store, folding, kept):
            state = replay.state(course.count) if looks else None
            watches.take([course], event, before, state, upcast)
            before = state
            yield None
        return
    for ordinal in range(course.count, folding.folded):
        state = replay.state(ordinal) if looks else None
        course.take(state, before, None, folding.version(ordinal), folding.type(ordinal))
        before = state
        yield None


def _events(store: Store, folding: Folding, kept: _Kept) -> Iterator[Event]:
    """The events not yet taken, read as `Folding` reads them, so that each has the ordinal that it has there."""
    while kept.course.count < folding.folded:
        page = store.stream_events(folding.key, after=kept.read_upto, limit=STRETCH)
        if not page:
            return
        for event in page:
            if kept.course.count >= folding.folded:
                return
            kept.read_upto = max(kept.read_upto, event.version)
            yield event


def _upcast(folding: Folding) -> Any:
    return folding.domain.upcast if folding.domain else None


def nearest(found: list[tuple[int, int]], forward: bool) -> Stop:
    """Of these (ordinal, number) the one that comes first."""
    if not found:
        return Stop(None)
    return Stop(*(min(found) if forward else max(found, key=lambda one: (one[0], -one[1]))))
