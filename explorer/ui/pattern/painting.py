"""How the diagram's parts look: boxes, the store with its newest events, arrows, dots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import atan2, cos, hypot, pi, sin

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from explorer.pattern import KINDS, SIMULATED, Happened, basis, who
from explorer.ui.look import icons, text, theme
from explorer.ui.pattern.places import Places, Way
from explorer.ui.pattern.traffic import Subscriber

NEWEST = 12  # events that the store's box shows at most
BEFORE = 4  # dots of waiting events
_STATES = {"stopped": "faint", "paused": "warning", "failing": "error", "reconnecting": "warning", "standby": "muted"}
_LOADED, _DECIDED = KINDS.index("load"), KINDS.index("decide")
_LABELS = {"issue": "", "load": "load", "append": "append"}


@dataclass(slots=True)
class Scene:
    """What the diagram shows when nothing moves."""

    subscribers: list[Subscriber] = field(default_factory=list)
    recent: list[Happened] = field(default_factory=list)  # oldest first
    working: Happened | None = None  # what the aggregate's box tells of
    upto: int = 9  # of what it tells only these steps, by their number in KINDS: what comes later is not known yet
    many: int = 1  # events that were written at about the same time as it
    selected: Happened | None = None
    lit: frozenset[str] = frozenset()  # parts that something is happening in
    ways: frozenset[Way] = frozenset()  # and ways


Hit = tuple[QRectF, Happened]


class Painting:
    """Paints a scene, and notes where the events in it are."""

    def __init__(self, painter: QPainter, places: Places, scene: Scene) -> None:
        self.painter, self.places, self.scene = painter, places, scene
        self.colours = theme.colours()
        self.hits: list[Hit] = []
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def paint(self) -> list[Hit]:
        """All that does not move."""
        places = self.places
        self._ways()
        self._box(places.command, "command")
        self._command()
        self._box(places.aggregate, "aggregate")
        self._aggregate()
        self._store()
        for one in self.scene.subscribers:
            area = places.subscribers.get(one.key)
            if area is not None:
                self._subscriber(one, area)
        self._captions()
        return self.hits

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _captions(self) -> None:
        places = self.places
        columns = [(places.command, "Command"), (places.aggregate, "Aggregate"), (places.store, "Event store")]
        tops = [places.command.top(), places.aggregate.top(), places.store.top()]
        if places.subscribers:
            rows = list(places.subscribers.values())
            columns.append((rows[0], "Subscribers"))
            tops.append(min(row.top() for row in rows))
        if places.models:
            rows = list(places.models.values())
            columns.append((rows[0], "Read models"))
            tops.append(min(row.top() for row in rows))
        for (area, words), top in zip(columns, tops, strict=True):
            line = QRectF(area.left(), top - 20 * places.scale, area.width(), 18 * places.scale)
            self._text(line, words, self._font(11), self.colours.muted, Qt.AlignmentFlag.AlignCenter)
        if places.more:
            last = list(places.subscribers.values())[-1] if places.subscribers else places.store
            line = last.translated(0, last.height())
            self._text(line, f"and {places.more} more", self._font(11), self.colours.muted)

    def _command(self) -> None:
        event, area = self.scene.working, self.places.command
        inner = area.adjusted(6, 4, -6, -4)
        upper = QRectF(inner.left(), inner.top(), inner.width(), inner.height() / 2)
        lower = upper.translated(0, inner.height() / 2)
        centre = Qt.AlignmentFlag.AlignCenter
        if event is None or not (event.decided or event.said.command):
            self._text(inner, "–", self._font(12), self.colours.faint, centre)
            return
        self.hits.append((area, event))
        self._text(upper, event.said.command or "a command", self._font(12, bold=True), self.colours.text, centre)
        by = f"{event.service} service" if event.reaction else "simulated" if event.said.service == SIMULATED else ""
        by = by or f"by {who(event)}"
        if self.scene.many > 1:
            by = f"×{text.number(self.scene.many)} · {by}"
        self._text(lower, by, self._font(11), self.colours.muted, centre)

    def _aggregate(self) -> None:
        event, places = self.scene.working, self.places
        head = QRectF(places.aggregate.left(), places.aggregate.top(), places.aggregate.width(), 24 * places.scale)
        centre = Qt.AlignmentFlag.AlignCenter
        title = event.place if event is not None else "–"
        self._text(
            head.adjusted(8, 2, -8, 0), title, self._font(12, bold=True),
            self.colours.text if event is not None else self.colours.faint, centre,
        )  # fmt: skip
        if event is not None:
            self.hits.append((places.aggregate, event))
        decided = event is not None and event.decided
        upto = self.scene.upto
        loaded = basis(event) if event is not None and event.decided and upto >= _LOADED else ""
        made = event.name if event is not None and event.decided and upto >= _DECIDED else ""
        for name, area, what in (("load", places.load, loaded), ("decide", places.decide, made)):
            self._box(area, name, soft=True)
            upper = QRectF(area.left() + 6, area.top() + 3, area.width() - 12, area.height() * 0.46)
            lower = QRectF(area.left() + 6, upper.bottom(), area.width() - 12, area.height() * 0.44)
            tone = self.colours.text if decided else self.colours.muted
            self._text(upper, name, self._font(11), tone, centre)
            if event is not None and not decided:
                what = "not recorded" if name == "load" else ""
            colour = (
                self._type(event.type)
                if name == "decide" and made and event is not None
                else QColor(self.colours.muted)
            )
            self._text(lower, what, self._font(11), colour, centre)

    def _store(self) -> None:
        """A drum, as databases are drawn, with the newest events at the bottom."""
        area, colours, scale = self.places.store, self.colours, self.places.scale
        lid = min(14 * scale, area.height() * 0.2)
        drum = QPainterPath()
        drum.moveTo(area.left(), area.top() + lid / 2)
        drum.arcTo(QRectF(area.left(), area.top(), area.width(), lid), 180, -180)
        drum.lineTo(area.right(), area.bottom() - lid / 2)
        drum.arcTo(QRectF(area.left(), area.bottom() - lid, area.width(), lid), 0, -180)
        drum.closeSubpath()
        self.painter.setPen(QPen(QColor(colours.accent if "store" in self.scene.lit else colours.faint), 1.4))
        self.painter.setBrush(QColor(colours.raised))
        self.painter.drawPath(drum)
        rim = QPainterPath()
        rim.moveTo(area.left(), area.top() + lid / 2)
        rim.arcTo(QRectF(area.left(), area.top(), area.width(), lid), 180, 180)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawPath(rim)
        high = 18 * scale
        inner = area.adjusted(9 * scale, lid + 2, -9 * scale, -lid * 0.7)
        fits = max(1, min(NEWEST, int(inner.height() // high)))
        rows = self.scene.recent[-fits:]
        if not rows:
            self._text(inner, "empty", self._font(11), colours.faint, Qt.AlignmentFlag.AlignCenter)
        y = inner.bottom() - high * len(rows)
        for event in rows:
            line = QRectF(inner.left(), y, inner.width(), high)
            if event == self.scene.selected:
                self.painter.setPen(Qt.PenStyle.NoPen)
                self.painter.setBrush(QColor(colours.selection))
                self.painter.drawRoundedRect(line.adjusted(-4, 0, 4, 0), 3, 3)
            side = 7 * scale
            self.painter.setPen(Qt.PenStyle.NoPen)
            self.painter.setBrush(self._type(event.type))
            self.painter.drawRoundedRect(QRectF(line.left(), line.center().y() - side / 2, side, side), 2, 2)
            self._text(line.adjusted(side + 5, 0, 0, 0), event.name, self._font(11), colours.text)
            self.hits.append((line, event))
            y += high

    def _subscriber(self, one: Subscriber, area: QRectF) -> None:
        colours, scale = self.colours, self.places.scale
        self._box(area, f"to {one.label}")
        radius = 4 * scale
        dot = QPointF(area.left() + 12 * scale, area.center().y())
        tone = str(getattr(colours, _STATES.get(one.state, "good"))) if one.state else colours.muted
        self.painter.setPen(QPen(QColor(tone), 1.5))
        # A ring where nobody works, so that colour is not the only sign.
        self.painter.setBrush(Qt.BrushStyle.NoBrush if one.state in ("stopped", "paused", "") else QColor(tone))
        self.painter.drawEllipse(dot, radius, radius)
        inner = QRectF(area.left() + 22 * scale, area.top() + 2, area.width() - 28 * scale, area.height() - 4)
        name = one.label or "not named"
        lines = _standing(one)
        if lines and area.height() >= 36 * scale:
            upper = QRectF(inner.left(), inner.top(), inner.width(), inner.height() / 2)
            self._text(upper, name, self._font(12, bold=True), colours.text)
            waits = one.waiting and one.state != "live"
            self._text(
                upper.translated(0, inner.height() / 2), lines, self._font(11),
                colours.warning if waits or one.state == "failing" else colours.muted,
            )  # fmt: skip
        else:
            self._text(inner, f"{name}  {lines}" if one.waiting else name, self._font(12), colours.text)
        if one.next is not None:
            self._waiting(one, area)
            self.hits.append((area, one.next))
        if one.model and one.key in self.places.models:
            self._model(one, self.places.models[one.key])

    def _waiting(self, one: Subscriber, area: QRectF) -> None:
        """Events that stand before its door."""
        assert one.next is not None
        scale = self.places.scale
        shown = min(one.waiting, BEFORE)
        for number in range(shown):
            at = QPointF(area.left() - (9 + 9 * number) * scale, area.center().y())
            self._dot(at, 3.6 * scale, self._type(one.next.type) if number == 0 else QColor(self.colours.muted))
        self.hits.append(
            (QRectF(area.left() - (6 + 9 * shown) * scale, area.center().y() - 8, 9 * scale * shown, 16), one.next)
        )

    def _model(self, one: Subscriber, area: QRectF) -> None:
        self._box(area, f"model {one.label}")
        side = round(14 * self.places.scale)
        at = QPoint(round(area.left() + 8 * self.places.scale), round(area.center().y() - side / 2))
        icons.paint(self.painter, "table", at, side, self.colours.muted)
        inner = area.adjusted(28 * self.places.scale, 0, -6, 0)
        self._text(inner, one.label, self._font(12), self.colours.text)

    # -- ways ----------------------------------------------------------------------------------------------------------

    def _ways(self) -> None:
        back_said = False
        for (kind, name), way in self.places.ways.items():
            if kind == "decide":
                continue
            lit = (kind, name) in self.scene.ways
            colour = QColor(self.colours.accent if lit else self.colours.faint)
            if kind == "react" and not lit:
                colour.setAlphaF(0.6)
            self.painter.setPen(QPen(colour, 1.8 if lit else 1.2))
            self.painter.setBrush(Qt.BrushStyle.NoBrush)
            self.painter.drawPath(_rounded(way, 8 * self.places.scale))
            self._head(way, colour)
            label = _LABELS.get(kind, "")
            if label and abs(way[-1].x() - way[0].x()) > 46 * self.places.scale:
                line = QRectF(
                    QPointF(min(way[0].x(), way[-1].x()), way[0].y() - 18 * self.places.scale), way[0] + QPointF(0, -2)
                )
                line.setWidth(abs(way[-1].x() - way[0].x()))
                self._text(line, label, self._font(11), self.colours.muted, Qt.AlignmentFlag.AlignCenter)
            if kind == "react" and not back_said:
                back_said = True
                left, right = self.places.aggregate.center().x(), self.places.store.right()
                line = QRectF(
                    left + 10, self.places.lane - 18 * self.places.scale, right - left - 20, 16 * self.places.scale
                )
                self._text(line, "further commands", self._font(11), self.colours.muted, Qt.AlignmentFlag.AlignCenter)

    def _head(self, way: Sequence[QPointF], colour: QColor) -> None:
        tip, before = way[-1], way[-2]
        angle, side = atan2(tip.y() - before.y(), tip.x() - before.x()), 7 * self.places.scale
        wings = [tip - QPointF(cos(angle + turn) * side, sin(angle + turn) * side) for turn in (pi / 7, -pi / 7)]
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(colour)
        self.painter.drawPolygon(QPolygonF([tip, *wings]))

    # -- what moves ----------------------------------------------------------------------------------------------------

    def dot(self, at: QPointF, words: str, colour: QColor, strength: float) -> QRectF:
        """A dot with its words; where it is."""
        scale = self.places.scale
        self.painter.setOpacity(strength)
        self._dot(at, 6 * scale, colour)
        area = QRectF(at.x() - 9 * scale, at.y() - 9 * scale, 18 * scale, 18 * scale)
        if words:
            font = self._font(11, bold=True)
            metrics = QFontMetricsF(font)
            shown = metrics.elidedText(text.shown(words, 60), Qt.TextElideMode.ElideRight, 170 * scale)
            wide, high = metrics.horizontalAdvance(shown) + 12, metrics.height() + 4
            pill = QRectF(at.x() - wide / 2, at.y() - high - 9 * scale, wide, high)
            pill.moveLeft(max(2.0, pill.left()))
            self.painter.setPen(QPen(QColor(self.colours.hairline), 1))
            self.painter.setBrush(QColor(self.colours.raised))
            self.painter.drawRoundedRect(pill, high / 2, high / 2)
            self._text(pill, shown, font, colour, Qt.AlignmentFlag.AlignCenter)
            area = area.united(pill)
        self.painter.setOpacity(1.0)
        return area

    # -- pieces --------------------------------------------------------------------------------------------------------

    def _dot(self, at: QPointF, radius: float, colour: QColor) -> None:
        self.painter.setPen(QPen(QColor(self.colours.base), 1.5))
        self.painter.setBrush(colour)
        self.painter.drawEllipse(at, radius, radius)

    def _box(self, area: QRectF, name: str, soft: bool = False) -> None:
        lit = name in self.scene.lit
        self.painter.setPen(QPen(QColor(self.colours.accent if lit else self.colours.hairline), 1.8 if lit else 1.0))
        fill = self.colours.selection if lit and soft else self.colours.window if soft else self.colours.raised
        self.painter.setBrush(QColor(fill))
        self.painter.drawRoundedRect(area, 6, 6)

    def _text(
        self,
        area: QRectF,
        words: str,
        font: QFont,
        colour: QColor | str,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    ) -> None:
        if not words or area.width() <= 0:
            return
        shown = QFontMetricsF(font).elidedText(text.shown(words), Qt.TextElideMode.ElideRight, area.width())
        self.painter.setFont(font)
        self.painter.setPen(QColor(colour))
        self.painter.drawText(area, align | Qt.TextFlag.TextSingleLine, shown)

    def _font(self, pixels: int, bold: bool = False) -> QFont:
        larger = max(1.0, min(1.35, self.places.scale / (theme.zoom() / 100)))
        return theme.sans_font(round(pixels * larger), QFont.Weight.DemiBold if bold else QFont.Weight.Normal)

    def _type(self, event_type: str) -> QColor:
        return theme.type_colour(event_type, self.colours.dark)


def _standing(one: Subscriber) -> str:
    """The second line of a subscriber: "3 waiting", "3 waiting, stopped", "up to date"."""
    parts = []
    if one.waiting:
        parts.append(f"{'≥ ' if one.about else ''}{text.number(one.waiting)} waiting")
    if one.parked:
        parts.append(f"{text.number(one.parked)} parked")
    if one.state not in ("", "live"):
        parts.append(one.state)  # the ring says so too, where there is no room for it
    return ", ".join(parts) or ("up to date" if one.state == "live" else "")


def _rounded(way: Sequence[QPointF], radius: float) -> QPainterPath:
    """The way with its corners rounded off."""
    path = QPainterPath(way[0])
    for before, corner, after in zip(way, way[1:], way[2:], strict=False):
        path.lineTo(_towards(corner, before, radius))
        path.quadTo(corner, _towards(corner, after, radius))
    path.lineTo(way[-1])
    return path


def _towards(start: QPointF, end: QPointF, pixels: float) -> QPointF:
    off = end - start
    length: float = max(1e-6, hypot(off.x(), off.y()))
    return start + off * min(0.5, pixels / length)
