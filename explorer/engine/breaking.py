"""Where playing stops, and how far a step goes: the next event at which something holds, the next transaction."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

from explorer import payload
from explorer.engine.asks_watches import Break, NextAppend, NextBreak, Stop, Watched
from explorer.engine.courses import Courses, nearest
from explorer.engine.folding import SLICE, Folding
from explorer.engine.turns import Turn
from explorer.errors import Invalid
from explorer.model import Event
from explorer.stores import Store
from explorer.watches import TRUE


def next_break(store: Store, courses: Courses, folding: Folding, ask: NextBreak) -> Turn:
    while folding.advance(store):
        yield None
    found: list[tuple[int, int]] = []
    for number, one in enumerate(ask.breaks):
        ordinal = yield from _next(store, courses, folding, one, ask)
        if ordinal is not None:
            found.append((ordinal, number))
    return nearest(found, ask.forward)


def _next(
    store: Store, courses: Courses, folding: Folding, one: Break, ask: NextBreak
) -> Generator[None, None, int | None]:
    match one.kind:
        case "path":
            course = yield from courses.course(store, folding, Watched(one.what))
            return course.flip(ask.ordinal, ask.forward)
        case "expression":
            course = yield from courses.course(store, folding, Watched(one.what))
            at = ask.ordinal
            while True:
                flip = course.flip(at, ask.forward)
                if flip is None:
                    first = course.at(0)
                    becomes = first is not None and first.kind == TRUE
                    return 0 if becomes and (ask.ordinal < 0 if ask.forward else ask.ordinal > 0) else None
                span = course.at(flip)
                if span is not None and span.kind == TRUE:
                    return flip
                at = flip
                yield None
        case "type":
            return (yield from _typed(folding, one.what, ask.ordinal, ask.forward))
        case "error":
            errors = [ordinal for ordinal in folding.replay.errors if ordinal >= 0]
            if ask.forward:
                return min((ordinal for ordinal in errors if ordinal > ask.ordinal), default=None)
            return max((ordinal for ordinal in errors if ordinal < ask.ordinal), default=None)
    raise Invalid(f"Nothing stops at {one.kind!r}.")


def _typed(folding: Folding, wanted: str, ordinal: int, forward: bool) -> Generator[None, None, int | None]:
    until = time.perf_counter() + SLICE
    for at in _ordinals(folding.folded, ordinal, forward):
        if folding.type(at) == wanted:
            return at
        if at % 256 == 0 and time.perf_counter() > until:
            yield None
            until = time.perf_counter() + SLICE
    return None


def _ordinals(count: int, ordinal: int, forward: bool) -> Iterator[int]:
    return iter(range(ordinal + 1, count) if forward else range(min(ordinal, count) - 1, -1, -1))


# -- transactions ------------------------------------------------------------------------------------------------------


def next_append(store: Store, folding: Folding, ask: NextAppend) -> Turn:
    """Forward to the last event of the transaction after that in which the ordinal is; back to the last of the one
    before. The last event is where the state is as the transaction left it."""
    while folding.advance(store):
        yield None
    count, here = folding.folded, ask.ordinal
    if ask.forward:
        at = here
        if at + 1 < count and at >= 0 and _together(store, folding, at):  # within one: to its end
            while at + 1 < count and _together(store, folding, at):
                at += 1
                yield None
            return Stop(at)
        at += 1
        while at + 1 < count and _together(store, folding, at):
            at += 1
            yield None
        return Stop(at if at < count else None)
    at = here
    while at > 0 and _together(store, folding, at - 1):
        at -= 1
        yield None
    return Stop(at - 1 if at > 0 else None)


def _together(store: Store, folding: Folding, ordinal: int) -> bool:
    """Whether this event and the next were written together: by one cause, where both name it, else at one moment."""
    one, other = (store.event(folding.key, folding.version(at)) for at in (ordinal, ordinal + 1))
    if one is None or other is None:
        return False
    causes = _cause(one), _cause(other)
    if all(causes):
        return causes[0] == causes[1]
    return one.recorded_at is not None and one.recorded_at == other.recorded_at


def _cause(event: Event) -> str:
    metadata = payload.decode(event.metadata).value if event.metadata else None
    found = metadata.get("causation_id") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else ""
