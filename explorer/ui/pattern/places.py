"""Where the parts of the diagram are, and the ways between them, in a given room."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot

from PySide6.QtCore import QPointF, QRectF

from explorer.pattern import Kind
from explorer.ui.pattern.traffic import Subscriber

Way = tuple[Kind, str]

COMMAND, AGGREGATE, STORE, SUBSCRIBER, MODEL = 98.0, 152.0, 138.0, 140.0, 122.0  # widths of the columns, pixels
GAP = 34.0  # between columns, at least
LARGEST = 1.6  # how much larger than that they get
SMALLEST = 0.66
CAPTION = 24.0  # height of the captions above
LANE = 34.0  # height below, for what goes back
ROW, LEAST_ROW = 50.0, 26.0  # height of a subscriber
MARGIN = 16.0
ROUND = 14.0  # what goes back needs to get round the subscribers


@dataclass(slots=True)
class Places:
    """Rectangles of the parts, and of each way the points that it goes through."""

    scale: float
    command: QRectF
    aggregate: QRectF
    load: QRectF
    decide: QRectF
    store: QRectF
    subscribers: dict[str, QRectF] = field(default_factory=dict)  # by key
    models: dict[str, QRectF] = field(default_factory=dict)  # by key
    more: int = 0  # subscribers for which there is no room
    ways: dict[Way, list[QPointF]] = field(default_factory=dict)
    lane: float = 0.0  # the height of what goes back


def places(width: float, height: float, unit: float, subscribers: Sequence[Subscriber]) -> Places:
    """The diagram in so many pixels; `unit` is the zoom, 1.0 for 100 %."""
    models = any(one.model for one in subscribers)
    widths = [COMMAND, AGGREGATE, STORE, SUBSCRIBER, *([MODEL] if models else [])]
    gaps = len(widths) - 1
    room = width - 2 * MARGIN * unit - (0 if models else ROUND * unit)
    scale = (room - gaps * GAP * unit) / (sum(widths) * unit)
    scale = max(SMALLEST, min(LARGEST, scale, height / unit / 200)) * unit
    gap = max(GAP * unit * 0.8, (room - sum(widths) * scale) / gaps)
    gap = min(gap, 190 * unit)
    whole = sum(widths) * scale + gaps * gap
    x = max(MARGIN * unit, (width - whole - (0 if models else ROUND * unit)) / 2)
    top = CAPTION * scale + MARGIN * unit / 2
    bottom = height - LANE * scale
    lefts = []
    for one in widths:
        lefts.append(x)
        x += one * scale + gap
    tall = min(bottom - top, 190 * scale)
    middle = top + (bottom - top) / 2
    aggregate = QRectF(lefts[1], middle - tall / 2, AGGREGATE * scale, tall)
    inner = 8 * scale
    head = 24 * scale
    cell = (tall - head - 2 * inner) / 2
    load = QRectF(aggregate.left() + inner, aggregate.top() + head, aggregate.width() - 2 * inner, cell)
    decide = load.translated(0, cell + inner)
    low = min(58 * scale, tall)
    command = QRectF(lefts[0], middle - low / 2, COMMAND * scale, low)
    store = QRectF(lefts[2], middle - tall / 2, STORE * scale, tall)
    found = Places(scale, command, aggregate, load, decide, store, lane=bottom + LANE * scale / 2)
    _place_subscribers(found, subscribers, lefts, top, bottom)
    lowest = max([aggregate.bottom(), *(area.bottom() for area in found.subscribers.values())])
    found.lane = min(found.lane, lowest + LANE * scale * 0.8)
    _lay_ways(found, subscribers, gap)
    return found


def _place_subscribers(
    found: Places, subscribers: Sequence[Subscriber], lefts: Sequence[float], top: float, bottom: float
) -> None:
    scale, count = found.scale, len(subscribers)
    if not count:
        return
    fits = max(1, int((bottom - top) // (LEAST_ROW * scale)))
    if count > fits:
        found.more = count - fits + 1
    shown = subscribers[: count - found.more] if found.more else subscribers
    rows = len(shown) + bool(found.more)
    high = min(ROW * scale, (bottom - top) / rows)
    y = top + (bottom - top - high * rows) / 2
    space = min(8 * scale, high * 0.16)
    for one in shown:
        found.subscribers[one.key] = QRectF(lefts[3], y + space / 2, SUBSCRIBER * scale, high - space)
        if one.model:
            found.models[one.key] = QRectF(lefts[4], y + space / 2, MODEL * scale, high - space)
        y += high


def _lay_ways(found: Places, subscribers: Sequence[Subscriber], gap: float) -> None:
    ways, middle = found.ways, found.command.center().y()
    ways["issue", ""] = [QPointF(found.command.right(), middle), QPointF(found.aggregate.left(), middle)]
    left, right = found.store.left(), found.aggregate.right()
    ways["load", ""] = [QPointF(left, found.load.center().y()), QPointF(right, found.load.center().y())]
    ways["append", ""] = [QPointF(right, found.decide.center().y()), QPointF(left, found.decide.center().y())]
    ways["decide", ""] = [found.load.center(), found.decide.center()]
    out = QPointF(found.store.right(), middle)
    turn = found.store.right() + min(gap * 0.4, 40 * found.scale)
    back = [
        QPointF(found.aggregate.center().x(), found.lane),
        QPointF(found.aggregate.center().x(), found.aggregate.bottom()),
    ]
    for one in subscribers:
        area = found.subscribers.get(one.key)
        if area is None:
            continue
        into = QPointF(area.left(), area.center().y())
        deliver = [out, QPointF(turn, middle), QPointF(turn, into.y()), into]
        ways["deliver", one.label] = deliver
        if one.model:
            model = found.models[one.key]
            ways["project", one.label] = [
                QPointF(area.right(), area.center().y()),
                QPointF(model.left(), model.center().y()),
            ]
        else:
            x = area.right() + ROUND * 0.8 * found.scale
            y = area.center().y()
            ways["react", one.label] = [QPointF(area.right(), y), QPointF(x, y), QPointF(x, found.lane), *back]


def along(way: Sequence[QPointF], part: float) -> QPointF:
    """The point after this part (0 … 1) of a way."""
    lengths = [hypot(b.x() - a.x(), b.y() - a.y()) for a, b in itertools.pairwise(way)]
    left = max(0.0, min(1.0, part)) * sum(lengths)
    for (a, b), length in zip(itertools.pairwise(way), lengths, strict=True):
        if left <= length and length:
            return a + (b - a) * (left / length)
        left -= length
    return QPointF(way[-1])


def distance(way: Sequence[QPointF], at: QPointF) -> float:
    """Of this point from the way."""
    return min(_from_stretch(a, b, at) for a, b in itertools.pairwise(way))


def _from_stretch(a: QPointF, b: QPointF, at: QPointF) -> float:
    along, off = b - a, at - a
    length = along.x() ** 2 + along.y() ** 2
    part = max(0.0, min(1.0, (off.x() * along.x() + off.y() * along.y()) / length)) if length else 0.0
    near = a + along * part
    return hypot(at.x() - near.x(), at.y() - near.y())
