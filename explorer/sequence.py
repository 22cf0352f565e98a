"""A chain of causes and effects laid out as a sequence diagram: which lane, which height, which lines between.

A lane is a stream, or a service that reacted; time runs downwards, one event a line, in the order of the store. Pure
and without any unit of length: widths are lanes, heights are lines, so that screen, SVG and picture all draw the same.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from explorer.causality import SAME_COMMAND, Chain, Link
from explorer.causation import event_identity, said
from explorer.model import DomainEvent

IDLE = timedelta(seconds=10)  # without any event of the chain: from here on the gap is collapsed to a line that says so
LINE = 1.0  # an event, or a collapsed gap
REACTION = 0.75  # a service hearing of an event


@dataclass(frozen=True, slots=True)
class Lane:
    """A vertical line: a stream (category and id) or a service (its name is the category, the id is empty)."""

    kind: Literal["stream", "service"]
    category: str
    id: str = ""

    @property
    def name(self) -> str:
        return f"{self.category} {self.id}".strip()


@dataclass(frozen=True, slots=True)
class Mark:
    """An event in its place. `cause`: the number of the event that led to it, `effects`: of those it led to."""

    event: DomainEvent
    lane: int
    y: float  # its middle
    cause: int | None
    link: Link | None
    effects: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """So long nothing of the chain happened. It takes the line from `y` on."""

    y: float
    length: timedelta


@dataclass(frozen=True, slots=True)
class Bar:
    """Down a lane, from an event to where the lines to its effects leave; or likewise from a service's reaction.

    Bars of one lane that run beside each other have different levels, from 0.
    """

    lane: int
    top: float
    bottom: float
    level: int
    recorded: bool  # at least one of the links that begin here
    events: tuple[int, ...]  # what it connects: the event and its effects, or the effects of the reaction


@dataclass(frozen=True, slots=True)
class Arrow:
    """From a lane to a lane at one height, pointing to an event or to a service; within a lane, down to the event."""

    y: float
    source: int
    source_level: int | None  # of the bar that it leaves; None: the lane itself (nothing says what came before)
    target: int
    target_level: int | None  # of the bar of the reaction that it leads to; None: it points to an event
    recorded: bool
    cause: int | None  # the number of the event that it comes from, if one is known
    effect: int  # the number of the event that it leads to, at once or through the service


@dataclass(frozen=True, slots=True)
class Diagram:
    """Marks in the order of the store, which is from the top. `height` in lines."""

    chain: Chain
    lanes: tuple[Lane, ...] = ()
    marks: tuple[Mark, ...] = ()
    gaps: tuple[Gap, ...] = ()
    bars: tuple[Bar, ...] = ()
    arrows: tuple[Arrow, ...] = ()  # from the top
    height: float = 0.0
    numbers: Mapping[str, int] = field(default_factory=dict)  # `event_identity` → number of the mark


@dataclass(slots=True)
class _Reaction:
    """A service that does something because of an event."""

    lane: int
    y: float
    recorded: bool
    effects: list[int] = field(default_factory=list)


def arrange(chain: Chain, idle: timedelta = IDLE) -> Diagram:
    """Lay it out. Costs little more than one look at each event; never raises, whatever the metadata say."""
    links = {link.effect_event_id: link for link in chain.links}
    numbers = {event_identity(event): number for number, event in enumerate(chain.events)}
    quiet = _quiet([event.recorded_at for event in chain.events], idle)
    lanes: dict[Lane, int] = {}
    reactions: dict[tuple[int, str], _Reaction] = {}
    reaction_of: dict[int, _Reaction] = {}
    marks: list[Mark] = []
    gaps: list[Gap] = []
    by_itself: dict[int, int] = {}  # event → the lane of the service that wrote it, without a cause that is known
    y = 0.0

    def lane(wanted: Lane) -> int:
        return lanes.setdefault(wanted, len(lanes))

    for number, event in enumerate(chain.events):
        if number in quiet:
            gaps.append(Gap(y, quiet[number]))
            y += LINE
        link = links.get(event_identity(event))
        cause = numbers.get(link.cause_event_id) if link is not None else None
        service = said(event.metadata).service
        if service is not None and not (link is not None and link.why == SAME_COMMAND):
            source = lane(Lane("service", service))
            if cause is None or link is None:
                by_itself[number] = source
            else:
                reaction = reactions.get((cause, service))
                if reaction is None:
                    reaction = reactions[cause, service] = _Reaction(source, y + REACTION / 2, link.recorded)
                    y += REACTION
                reaction.effects.append(number)
                reaction_of[number] = reaction
        own = lane(Lane("stream", event.category, event.id))
        marks.append(Mark(event, own, y + LINE / 2, cause, link if cause is not None else None))
        y += LINE
    bars, arrows = _connect(marks, reactions, reaction_of, by_itself)
    effects: dict[int, list[int]] = defaultdict(list)
    for number, mark in enumerate(marks):
        if mark.cause is not None:
            effects[mark.cause].append(number)
    placed = tuple(
        Mark(mark.event, mark.lane, mark.y, mark.cause, mark.link, tuple(effects.get(number, ())))
        for number, mark in enumerate(marks)
    )
    return Diagram(chain, tuple(lanes), placed, tuple(gaps), bars, arrows, y, numbers)


def _quiet(times: Sequence[datetime | None], idle: timedelta) -> dict[int, timedelta]:
    """Before which events how long nothing happened. Where clocks went backwards or a time is missing nobody knows."""
    least: list[datetime | None] = [None] * (len(times) + 1)  # the earliest time from here on
    for number in range(len(times) - 1, -1, -1):
        here, after = times[number], least[number + 1]
        least[number] = here if after is None or (here is not None and here < after) else after
    found: dict[int, timedelta] = {}
    latest: datetime | None = None
    for number, here in enumerate(times):
        if number and latest is not None and here is not None and times[number - 1] is not None:
            following = least[number]
            assert following is not None
            if following - latest >= idle:
                found[number] = following - latest
        if here is not None and (latest is None or here > latest):
            latest = here
    return found


def _connect(
    marks: Sequence[Mark],
    reactions: Mapping[tuple[int, str], _Reaction],
    reaction_of: Mapping[int, _Reaction],
    by_itself: Mapping[int, int],
) -> tuple[tuple[Bar, ...], tuple[Arrow, ...]]:
    """The bars, from the top of each lane, and the arrows between them."""
    leaving: dict[int, list[float]] = defaultdict(list)  # event → the heights at which lines to its effects leave
    known: dict[int, bool] = defaultdict(bool)
    members: dict[int, list[int]] = defaultdict(list)
    for (cause, _service), reaction in reactions.items():
        leaving[cause].append(reaction.y)
        known[cause] |= reaction.recorded
        members[cause] += reaction.effects
    for number, mark in enumerate(marks):
        if mark.cause is not None and number not in reaction_of:
            assert mark.link is not None
            leaving[mark.cause].append(mark.y)
            known[mark.cause] |= mark.link.recorded
            members[mark.cause].append(number)
    spans: list[tuple[int, float, float, bool, tuple[int, ...]]] = []
    for cause, heights in leaving.items():
        mark = marks[cause]
        ends = (mark.y, *heights)
        spans.append((mark.lane, min(ends), max(ends), known[cause], (cause, *members[cause])))
    of_event = dict(zip(leaving, range(len(spans)), strict=True))
    of_reaction: dict[int, int] = {}
    for reaction in reactions.values():
        ends = (reaction.y, *(marks[effect].y for effect in reaction.effects))
        of_reaction[id(reaction)] = len(spans)
        spans.append((reaction.lane, min(ends), max(ends), True, tuple(reaction.effects)))
    levels = _levels([(lane, top, bottom) for lane, top, bottom, _, _ in spans])
    bars = tuple(Bar(*span[:3], level, *span[3:]) for span, level in zip(spans, levels, strict=True))

    arrows = [
        Arrow(reaction.y, marks[cause].lane, levels[of_event[cause]], reaction.lane, levels[of_reaction[id(reaction)]],
              reaction.recorded, cause, reaction.effects[0])
        for (cause, _service), reaction in reactions.items()
    ]  # fmt: skip
    for number, mark in enumerate(marks):
        through = reaction_of.get(number)
        if through is not None:
            level = levels[of_reaction[id(through)]]
            arrows.append(Arrow(mark.y, through.lane, level, mark.lane, None, True, mark.cause, number))
        elif mark.cause is not None and mark.link is not None:
            level = levels[of_event[mark.cause]]
            source = marks[mark.cause].lane
            arrows.append(Arrow(mark.y, source, level, mark.lane, None, mark.link.recorded, mark.cause, number))
        elif number in by_itself:
            arrows.append(Arrow(mark.y, by_itself[number], None, mark.lane, None, True, None, number))
    return bars, tuple(sorted(arrows, key=lambda arrow: arrow.y))


def _levels(spans: Sequence[tuple[int, float, float]]) -> list[int]:
    """The lowest level that is free, for each (lane, top, bottom); where one ends another may begin."""
    levels = [0] * len(spans)
    taken: dict[int, list[tuple[float, int]]] = defaultdict(list)  # lane → (bottom, level) of the bars that run
    free: dict[int, list[int]] = defaultdict(list)
    for number in sorted(range(len(spans)), key=lambda number: (spans[number][1], spans[number][2])):
        lane, top, bottom = spans[number]
        running, spare = taken[lane], free[lane]
        while running and running[0][0] <= top:
            heapq.heappush(spare, heapq.heappop(running)[1])
        levels[number] = heapq.heappop(spare) if spare else len(running)
        heapq.heappush(running, (bottom, levels[number]))
    return levels
