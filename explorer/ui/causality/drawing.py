"""Paints a sequence diagram, whole or only what is in sight: the same on the screen, in SVG and in a picture.

Lengths are pixels at a zoom of 100 % of the diagram. Recorded links are solid with a filled head, inferred ones dashed
with an open head; the event that was asked about has a frame of its own and a wedge beside its time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from explorer.pattern import short
from explorer.sequence import Arrow, Diagram, Lane
from explorer.ui.causality.legend import dash, paint_legend, paint_tip
from explorer.ui.look import text, theme
from explorer.ui.look.colours import Colours

LINE = 36  # pixels of one line of the diagram
HEAD = 48
CHIP = 24  # height of an event
STEP = 6  # pixels between bars that run beside each other
MOST_LEVELS = 6  # bars beside each other that are told apart
STREAM = (116, 236)  # least and greatest width of a lane
SERVICE = (76, 150)
LONG_NAME = 32  # characters
Times = Callable[[int], tuple[str, str]]  # number of a mark → its date, if it is to be said, and its time


class Drawing:
    """One diagram in one look. Made anew when the theme changes; measuring happens here, once."""

    def __init__(self, diagram: Diagram, times: Times, colours: Colours, zone: str = "") -> None:
        self.diagram = diagram
        self.asked: int | None = None
        self._times = times
        self._zone = zone
        self.colours = colours
        self._unit = theme.zoom() / 100
        self.font = theme.sans_font(12)
        self.bold = theme.sans_font(12, QFont.Weight.DemiBold)
        self.small = theme.sans_font(10)
        self.mono = theme.mono_font(11)
        # By identity: asking a font for its key costs more than looking a text up.
        self._metrics = {id(font): QFontMetricsF(font) for font in (self.font, self.bold, self.small, self.mono)}
        self._widths: dict[tuple[str, int], float] = {}
        self._cut: dict[tuple[str, int, int, Qt.TextElideMode], str] = {}
        self._marks = [mark.y for mark in diagram.marks]
        self._arrows = [arrow.y for arrow in diagram.arrows]
        self._gaps = [gap.y for gap in diagram.gaps]
        self._reacted = {(a.cause, a.target): a for a in diagram.arrows if a.target_level is not None}
        self._versions = [f"v\u2009{mark.event.version}" for mark in diagram.marks]
        self._chips = self._measure()
        widths = self._lane_widths()
        self.edges = [0.0, *accumulate(widths)]  # the left of every lane, and the right of the last
        self.line = LINE * self._unit
        self.head = HEAD * self._unit
        self.gutter = max(self._width("00:00:00.000", self.mono), self._width("+00 min 00 s", self.mono)) + self.px(26)
        self._top = self.px(12)  # above the first line
        self._bars = [
            (self._beside(bar.lane, bar.level), self.y(bar.top), self.y(bar.bottom), bar.recorded)
            for bar in diagram.bars
        ]
        self.width = self.edges[-1] + self.px(theme.L)
        self.height = self.y(diagram.height) + self.px(theme.L)

    def px(self, pixels: float) -> float:
        return pixels * self._unit

    # -- measuring -----------------------------------------------------------------------------------------

    def _width(self, words: str, font: QFont) -> float:
        key = (words, id(font))
        if key not in self._widths:
            self._widths[key] = self._metrics[id(font)].horizontalAdvance(words)
        return self._widths[key]

    def _measure(self) -> list[float]:
        """The width of every event's chip."""
        found = []
        for mark, version in zip(self.diagram.marks, self._versions, strict=True):
            wanted = self._width(text.shown(mark.event.type), self.bold) + self._width(version, self.small)
            wanted += self.px(38)
            found.append(min(wanted, self.px(STREAM[1] - 20)))
        return found

    def _lane_widths(self) -> list[float]:
        wide = [0.0] * len(self.diagram.lanes)
        for mark, chip in zip(self.diagram.marks, self._chips, strict=True):
            wide[mark.lane] = max(wide[mark.lane], chip + self.px(20))
        found = []
        for lane, chips in zip(self.diagram.lanes, wide, strict=True):
            least, most = SERVICE if lane.kind == "service" else STREAM
            words = max(self._width(text.shown(part), self.bold) for part in lane_words(lane)) + self.px(32)
            found.append(min(max(words, chips, self.px(least)), self.px(most)))
        return found

    def cut(self, words: str, font: QFont, width: float, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> str:
        """The words, elided where they do not fit."""
        key = (words, id(font), round(width), mode)
        if key not in self._cut:
            shown = text.shown(words)
            if self._width(shown, font) > width and named(shown) != shown:
                shown = f"…{named(shown)}"
            self._cut[key] = self._metrics[id(font)].elidedText(shown, mode, width)
        return self._cut[key]

    def x(self, lane: int) -> float:
        return (self.edges[lane] + self.edges[lane + 1]) / 2

    def _beside(self, lane: int, level: int | None) -> float:
        """Where the bar of this level runs: in the middle, then by turns right and left of it."""
        step = min(level or 0, MOST_LEVELS)
        return self.x(lane) + (1 if step % 2 else -1) * ((step + 1) // 2) * self.px(STEP)

    def y(self, lines: float) -> float:
        """So many lines down."""
        return self._top + lines * self.line

    def _lines(self, y: float) -> float:
        return (y - self._top) / self.line

    def chip(self, number: int) -> QRectF:
        """The place of this event."""
        mark, width = self.diagram.marks[number], self._chips[number]
        height = self.px(CHIP)
        return QRectF(self.x(mark.lane) - width / 2, self.y(mark.y) - height / 2, width, height)

    def at(self, x: float, y: float) -> int | None:
        """The event there."""
        near = bisect_left(self._marks, self._lines(y))
        for number in (near - 1, near):
            if 0 <= number < len(self._marks) and self.chip(number).adjusted(-3, -3, 3, 3).contains(x, y):
                return number
        return None

    def lane_at(self, x: float) -> int | None:
        lane = bisect_right(self.edges, x) - 1
        return lane if 0 <= lane < len(self.diagram.lanes) else None

    def gap_at(self, y: float) -> int | None:
        number = bisect_right(self._gaps, self._lines(y)) - 1
        return number if number >= 0 and self._lines(y) <= self._gaps[number] + 1 else None

    def _between(self, heights: list[float], top: float, bottom: float) -> range:
        return range(bisect_left(heights, self._lines(top) - 1), bisect_right(heights, self._lines(bottom) + 1))

    # -- painting ------------------------------------------------------------------------------------------

    def paint_body(self, painter: QPainter, area: QRectF, selected: int | None = None) -> None:
        """What is in this area: lanes, gaps, links, events."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        first = max(0, bisect_right(self.edges, area.left()) - 1)
        last = min(len(self.diagram.lanes), bisect_right(self.edges, area.right()))
        for lane in range(first, last):
            service = self.diagram.lanes[lane].kind == "service"
            pen = QPen(QColor(self.colours.hairline), self.px(1))
            if service:
                dash(pen)
            painter.setPen(pen)
            top, bottom = max(0.0, area.top()), min(self.height, area.bottom())
            painter.drawLine(QLineF(self.x(lane), top, self.x(lane), bottom))
        for number in self._between(self._gaps, area.top(), area.bottom()):
            self._paint_gap(painter, number, area)
        self._paint_links(painter, area, selected)
        for number in self._between(self._marks, area.top(), area.bottom()):
            chip = self.chip(number)
            if chip.right() >= area.left() - 4 and chip.left() <= area.right() + 4:
                self._paint_chip(painter, number, chip, number == selected)

    def _paint_gap(self, painter: QPainter, number: int, area: QRectF) -> None:
        gap = self.diagram.gaps[number]
        left, right = max(0.0, area.left()), min(self.width, area.right())
        band = QRectF(left, self.y(gap.y) + self.px(5), right - left, self.line - self.px(10))
        painter.fillRect(band, QColor(self.colours.window))
        pen = QPen(QColor(self.colours.faint), self.px(1))
        pen.setDashPattern([1.0, 4.0])
        painter.setPen(pen)
        painter.drawLine(QLineF(band.topLeft(), band.topRight()))
        painter.drawLine(QLineF(band.bottomLeft(), band.bottomRight()))
        painter.setPen(QColor(self.colours.muted))
        painter.setFont(self.font)
        words = f"{text.duration(gap.length.total_seconds())} nothing"
        painter.drawText(band.adjusted(self.px(theme.M), 0, 0, 0), _LEFT, words)

    def _paint_links(self, painter: QPainter, area: QRectF, selected: int | None) -> None:
        top, bottom = area.top(), area.bottom()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        left, right = area.left() - 8, area.right() + 8
        for x, high, low, recorded in self._bars:
            if low >= top and high <= bottom and left <= x <= right:
                painter.setPen(self._pen(recorded))
                painter.drawLine(QLineF(x, max(high, top - 40), x, min(low, bottom + 40)))
        mine = []
        for number in self._between(self._arrows, top, bottom):
            arrow = self.diagram.arrows[number]
            if selected is not None and selected in (arrow.cause, arrow.effect):
                mine.append(arrow)
            else:
                self._paint_arrow(painter, arrow, area, selected)
        for arrow in mine:  # above the others
            self._paint_arrow(painter, arrow, area, selected)
        if selected is not None:
            self._paint_way(painter, area, selected)

    def _pen(self, recorded: bool, *, strong: bool = False) -> QPen:
        pen = QPen(QColor(self.colours.accent if strong else self.colours.muted), self.px(2 if strong else 1.25))
        if not recorded:
            dash(pen)
        return pen

    def _paint_way(self, painter: QPainter, area: QRectF, selected: int) -> None:
        """The stretches of bars from the cause of the selected event to it, and from it to its effects."""
        for arrow in self._arrows_of(selected):
            if arrow.source_level is None or arrow.cause is None:
                continue
            cause = self.diagram.marks[arrow.cause]
            reaction = self._reacted.get((arrow.cause, arrow.source))
            start = cause.y if arrow.source == cause.lane else reaction.y if reaction else arrow.y
            x = self._beside(arrow.source, arrow.source_level)
            high, low = sorted((self.y(start), self.y(arrow.y)))
            if low >= area.top() and high <= area.bottom():
                painter.setPen(self._pen(arrow.recorded, strong=True))
                painter.drawLine(QLineF(x, max(high, area.top() - 40), x, min(low, area.bottom() + 40)))

    def _arrows_of(self, selected: int) -> Iterator[Arrow]:
        mark = self.diagram.marks[selected]
        for number in (selected, *mark.effects):
            height = self.diagram.marks[number].y
            for at in range(bisect_left(self._arrows, height), bisect_right(self._arrows, height)):
                arrow = self.diagram.arrows[at]
                yield arrow
                reaction = self._reacted.get((arrow.cause, arrow.source))
                if reaction is not None:
                    yield reaction

    def _paint_arrow(self, painter: QPainter, arrow: Arrow, area: QRectF, selected: int | None) -> None:
        y = self.y(arrow.y)
        strong = selected is not None and selected in (arrow.cause, arrow.effect)
        start = self._beside(arrow.source, arrow.source_level)
        painter.setPen(self._pen(arrow.recorded, strong=strong))
        if arrow.target_level is None and arrow.source == arrow.target:
            chip = self.chip(arrow.effect)
            down = arrow.cause is None or arrow.cause < arrow.effect
            self._paint_tip(painter, QPointF(start, chip.top() if down else chip.bottom()), "down" if down else "up",
                             arrow.recorded, strong)  # fmt: skip
            return
        if arrow.target_level is not None:
            end = self._beside(arrow.target, arrow.target_level)
        else:
            chip = self.chip(arrow.effect)
            ring = self.px(5) if arrow.effect == selected else 0.0  # around the selected event
            end = chip.left() - ring if start < chip.center().x() else chip.right() + ring
        if max(start, end) < area.left() - 10 or min(start, end) > area.right() + 10:
            return
        if arrow.source_level is None:  # a service begins: a ring
            painter.setBrush(QColor(self.colours.base))
            painter.drawEllipse(QPointF(start, y), self.px(4), self.px(4))
            start += self.px(4) if end > start else -self.px(4)
        painter.drawLine(QLineF(start, y, end, y))
        self._paint_tip(painter, QPointF(end, y), "right" if end > start else "left", arrow.recorded, strong)

    def _paint_tip(self, painter: QPainter, at: QPointF, way: str, recorded: bool, strong: bool) -> None:
        paint_tip(painter, at, way, recorded, self._pen(True, strong=strong), self._unit)

    def _paint_chip(self, painter: QPainter, number: int, chip: QRectF, selected: bool) -> None:
        mark, asked = self.diagram.marks[number], number == self.asked
        colours, radius = self.colours, self.px(5)
        painter.setBrush(QColor(colours.selection if asked else colours.raised))
        painter.setPen(QPen(QColor(colours.accent if asked else colours.hairline), self.px(2 if asked else 1)))
        painter.drawRoundedRect(chip, radius, radius)
        if selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.text), self.px(1.5)))
            out = self.px(3)
            painter.drawRoundedRect(chip.adjusted(-out, -out, out, out), radius + out, radius + out)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.type_colour(mark.event.type, colours.dark))
        side = self.px(9)
        left = chip.left() + self.px(8)
        painter.drawRoundedRect(QRectF(left, chip.center().y() - side / 2, side, side), self.px(2), self.px(2))
        version = self._versions[number]
        inside = chip.adjusted(self.px(23), 0, -self.px(8), 0)
        painter.setPen(QColor(colours.muted))
        painter.setFont(self.small)
        painter.drawText(inside, _RIGHT, version)
        font = self.bold if asked else self.font
        room = inside.width() - self._width(version, self.small) - self.px(5)
        painter.setPen(QColor(colours.text))
        painter.setFont(font)
        # Names of types differ at their end, where a package stands before them.
        painter.drawText(inside, _LEFT, self.cut(mark.event.type, font, room, Qt.TextElideMode.ElideLeft))

    def paint_head(self, painter: QPainter, left: float, right: float) -> None:
        """The names of the lanes between these, from 0 down to `head`."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        first = max(0, bisect_right(self.edges, left) - 1)
        for lane in range(first, min(len(self.diagram.lanes), bisect_right(self.edges, right))):
            shown = self.diagram.lanes[lane]
            service = shown.kind == "service"
            box = QRectF(self.edges[lane], 0, self.edges[lane + 1] - self.edges[lane], self.head)
            box.adjust(self.px(5), self.px(5), -self.px(5), -self.px(5))
            pen = QPen(QColor(self.colours.faint if service else self.colours.hairline), self.px(1))
            if service:
                dash(pen)
            painter.setPen(pen)
            painter.setBrush(QColor(self.colours.base if service else self.colours.window))
            round_ = box.height() / 2 if service else self.px(4)
            painter.drawRoundedRect(box, round_, round_)
            above, below = lane_words(shown)
            half = box.height() / 2
            room = box.width() - self.px(16)
            painter.setPen(QColor(self.colours.muted))
            painter.setFont(self.small)
            upper = QRectF(box.left(), box.top() + self.px(3), box.width(), half - self.px(2))
            painter.drawText(upper, _CENTRE, self.cut(above, self.small, room, Qt.TextElideMode.ElideLeft))
            painter.setPen(QColor(self.colours.text))
            painter.setFont(self.bold)
            lower = QRectF(box.left(), box.top() + half - self.px(1), box.width(), half - self.px(2))
            painter.drawText(lower, _CENTRE, self.cut(below, self.bold, room, Qt.TextElideMode.ElideMiddle))

    def paint_gutter(self, painter: QPainter, top: float, bottom: float) -> None:
        """The times of the events between these heights, from 0 right to `gutter`."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.gutter - self.px(10)
        for number in self._between(self._marks, top, bottom):
            date, time = self._times(number)
            y = self.y(self._marks[number])
            if date:
                painter.setPen(QColor(self.colours.muted))
                painter.setFont(self.small)
                painter.drawText(QRectF(0, y - self.px(19), width, self.px(12)), _RIGHT, date)
            painter.setPen(QColor(self.colours.text if number == self.asked else self.colours.muted))
            painter.setFont(self.mono)
            painter.drawText(QRectF(0, y - self.px(9), width, self.px(18)), _RIGHT, time)
            if number == self.asked:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(self.colours.accent))
                x, side = self.px(4), self.px(5)
                painter.drawPolygon(QPolygonF([QPointF(x, y - side), QPointF(x, y + side), QPointF(x + side * 1.4, y)]))

    def paint_corner(self, painter: QPainter) -> None:
        """Above the times: their zone."""
        painter.setPen(QColor(self.colours.muted))
        painter.setFont(self.small)
        painter.drawText(QRectF(0, 0, self.gutter - self.px(10), self.head - self.px(6)), _RIGHT_BOTTOM, self._zone)

    @property
    def whole_size(self) -> tuple[float, float]:
        """Width and height of everything, pixels."""
        least = self.gutter + self.px(240)  # for the legend
        return max(self.gutter + self.width, least), self.head + self.height + self.px(24)

    def paint_whole(self, painter: QPainter) -> None:
        """Everything and what the lines mean, for a picture of this `whole_size`."""
        whole = QRectF(0, 0, *self.whole_size)
        painter.fillRect(whole, QColor(self.colours.base))
        self.paint_corner(painter)
        painter.translate(self.gutter, 0)
        self.paint_head(painter, 0, self.width)
        painter.translate(-self.gutter, self.head)
        self.paint_gutter(painter, 0, self.height)
        painter.translate(self.gutter, 0)
        self.paint_body(painter, QRectF(0, 0, self.width, self.height))
        painter.translate(-self.gutter, -self.head)
        paint_legend(painter, QPointF(self.gutter + self.px(5), whole.bottom() - self.px(14)), self.colours)


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_RIGHT_BOTTOM = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
_CENTRE = Qt.AlignmentFlag.AlignCenter


def named(name: str) -> str:
    """A type or category as people say it: of a long name with a package before it, as Java has them, the end."""
    return name if len(name) <= LONG_NAME else short(name)


def lane_words(lane: Lane) -> tuple[str, str]:
    """What a lane is called, above and below: kind and name of a service, category and id of a stream."""
    if lane.kind == "service":
        return "service", lane.category
    return (lane.category, lane.id) if lane.id else ("stream", lane.category or "(no name)")
