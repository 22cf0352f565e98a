"""The diagram of the pattern: parts that stand, and dots that move for what has just happened.

Each dot is one event, or several of one kind at about the same time with their number. Nothing is painted and no timer
runs while nothing moves or nobody sees it. Beside it a list tells the same by keyboard and to screen readers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from explorer.pattern import KINDS, Happened, Kind, Step, basis, facts
from explorer.ui.look import text, theme
from explorer.ui.pattern.painting import NEWEST, Painting, Scene
from explorer.ui.pattern.places import Places, Way, along, distance, places
from explorer.ui.pattern.script import Pulse
from explorer.ui.pattern.traffic import Subscriber

FRAME = 33  # milliseconds
MOVE = 0.7  # seconds that a dot moves
REST = 0.5  # seconds that it then fades away
STAGGER = 0.35  # seconds between the steps of what came together
NEAR = 7.0  # pixels from an arrow that still hit it
_ORDER = {kind: number for number, kind in enumerate(("issue", "load", "decide", "append", "deliver", "project"))}


@dataclass(slots=True)
class _Dot:
    way: Way
    count: int
    event: Happened
    begins: float
    stays: bool = False  # at its end, until something else is shown
    area: QRectF | None = None


class Diagram(QWidget):
    """`picked` when an event is clicked, `opened` when it is double-clicked or Enter is pressed."""

    picked = Signal(object)  # Happened
    opened = Signal(object)  # Happened

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = Scene()
        self._dots: list[_Dot] = []
        self._last: dict[Way, Happened] = {}  # what went along each way last
        self._step: Step | None = None
        self._picture: QPixmap | None = None
        self._hits: list[tuple[QRectF, Happened]] = []
        self.painted = 0  # times, for those who measure
        self._frames = QTimer(self, interval=FRAME)
        self._frames.timeout.connect(self._tick)
        self.setAccessibleName("Diagram of what is happening")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.signals().changed.connect(self._on_theme)

    # -- what it shows -------------------------------------------------------------------------------------------------

    @property
    def moving(self) -> bool:
        """Whether frames are being painted."""
        return self._frames.isActive()

    def clear(self) -> None:
        """Nothing has happened."""
        self.scene = Scene()
        self._dots, self._step = [], None
        self._last.clear()
        self._stand()

    def set_subscribers(self, subscribers: list[Subscriber]) -> None:
        self._change(subscribers=subscribers)

    def set_recent(self, events: Sequence[Happened]) -> None:
        """The newest events of the store, oldest first."""
        self._change(recent=list(events[-NEWEST:]))

    def select(self, event: Happened | None) -> None:
        self._change(selected=event)

    def play(self, pulses: Sequence[Pulse]) -> None:
        """Let these happen now, in their order. Nothing where nobody sees it."""
        self._step = None
        self._show_working(pulses)
        for pulse in pulses:
            self._last[pulse.way] = pulse.last
        if not self.isVisible():
            return
        now = time.monotonic()
        kinds = sorted({_rank(pulse.kind) for pulse in pulses})
        self._dots = [dot for dot in self._dots if not dot.stays]
        busy = {dot.way: dot for dot in self._dots}
        reactions = 0
        for pulse in pulses:
            begins = now + STAGGER * kinds.index(_rank(pulse.kind))
            if pulse.kind == "react":  # they share a way
                begins += STAGGER * reactions
                reactions += 1
            before = busy.get(pulse.way)
            if before is not None and before.begins > now:  # it has not begun: both go as one
                before.count += pulse.count
                before.event = pulse.last
                continue
            if before is not None:
                begins = max(begins, before.begins + MOVE)
            self._dots.append(_Dot(pulse.way, pulse.count, pulse.last, begins))
        if self._dots:
            self._frames.start()

    def show_step(self, step: Step | None, *, moving: bool = True) -> None:
        """Show this step alone, until another one; None: nothing."""
        self._step = step
        self._dots.clear()
        if step is None:
            self._change(upto=len(KINDS))
        else:
            pulses = [Pulse(step.kind, name, 1, step.event) for name in step.to or ("",)]
            self._show_working(pulses)
            begins = time.monotonic() - (0.0 if moving else MOVE)
            self._dots = [_Dot(pulse.way, 1, step.event, begins, stays=True) for pulse in pulses]
            for pulse in pulses:
                self._last[pulse.way] = pulse.last
            if moving and self.isVisible():
                self._frames.start()
        self._light()

    def _show_working(self, pulses: Sequence[Pulse]) -> None:
        told = [one for one in pulses if one.kind in ("issue", "react", "load", "decide", "append")]
        if told:
            many = max(one.count for one in told)
            upto = len(KINDS) if self._step is None else KINDS.index(self._step.kind)
            self._change(working=told[-1].last, many=many, upto=upto)

    def _change(self, **what: object) -> None:
        changed = replace(self.scene, **what)  # type: ignore[arg-type]
        if changed != self.scene:
            self.scene = changed
            self._redraw()

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    def _on_theme(self) -> None:
        self.updateGeometry()
        self._redraw()

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(700), theme.scaled(280))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(480), theme.scaled(160))

    # -- moving --------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = time.monotonic()
        self._dots = [dot for dot in self._dots if dot.stays or now < dot.begins + MOVE + REST]
        self._light()
        if all(dot.stays and now >= dot.begins + MOVE for dot in self._dots):
            self._frames.stop()
        self.update()

    def _light(self) -> None:
        """Parts in which something is happening, and the ways to them."""
        now = time.monotonic()
        lit: set[str] = set()
        for dot in self._dots:
            if dot.begins + MOVE * 0.8 <= now:
                lit |= _parts(dot.way)
        ways = {dot.way for dot in self._dots if dot.begins <= now < dot.begins + MOVE or dot.stays}
        self._change(lit=frozenset(lit), ways=frozenset(ways))

    def _stand(self) -> None:
        self._frames.stop()
        self._light()
        self._redraw()

    def hideEvent(self, event: QHideEvent) -> None:
        self._frames.stop()
        self._dots = [dot for dot in self._dots if dot.stays]
        super().hideEvent(event)

    # -- painting ------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        self.painted += 1
        found = self._places()
        if self._picture is None or self._picture.deviceIndependentSize().toSize() != self.size():
            self._picture = self._draw(found)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        painting = Painting(painter, found, self.scene)
        now = time.monotonic()
        for dot in self._dots:
            way = found.ways.get(dot.way)
            # What is decided moves nowhere: its part lights up.
            if way is None or now < dot.begins or dot.way[0] == "decide":
                dot.area = None
                continue
            part = (now - dot.begins) / MOVE
            strength = 1.0 if dot.stays or part < 1 else max(0.0, 1 - (part - 1) * MOVE / REST)
            at = along(way, _eased(min(1.0, part)))
            dot.area = painting.dot(at, _words(dot) if part < 1 else "", _colour(dot), strength)
        painter.end()

    def _places(self) -> Places:
        return places(self.width(), self.height(), theme.zoom() / 100, self.scene.subscribers)

    def _draw(self, found: Places) -> QPixmap:
        scale = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * scale), round(self.height() * scale))
        picture.setDevicePixelRatio(scale)
        picture.fill(QColor(theme.colours().base))
        painter = QPainter(picture)
        self._hits = Painting(painter, found, self.scene).paint()
        painter.end()
        return picture

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    # -- mouse and keys ------------------------------------------------------------------------------------------------

    def event_at(self, at: QPointF) -> Happened | None:
        """The event that is painted here, or went along this arrow last."""
        for dot in reversed(self._dots):
            if dot.area is not None and dot.area.contains(at):
                return dot.event
        for area, event in reversed(self._hits):
            if area.contains(at):
                return event
        found = self._places()
        near = [(distance(way, at), name) for name, way in found.ways.items() if name in self._last]
        nearest = min(near, default=None)
        return self._last[nearest[1]] if nearest is not None and nearest[0] <= NEAR else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.event_at(event.position()) if event.button() == Qt.MouseButton.LeftButton else None
        if found is not None:
            self.picked.emit(found)
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.event_at(event.position()) if event.button() == Qt.MouseButton.LeftButton else None
        if found is not None:
            self.opened.emit(found)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hit = self.event_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if hit else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen = self.scene.selected or (self._step.event if self._step is not None else None)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() and chosen is not None:
            self.opened.emit(chosen)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = self.event_at(QPointF(event.pos()))
            if found is not None:
                QToolTip.showText(event.globalPos() + QPoint(0, theme.L), text.tooltip(facts(found)), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)


def _rank(kind: Kind) -> int:
    """When a step of this kind is played among those that came together."""
    return _ORDER.get(kind, 0)


def _parts(way: Way) -> set[str]:
    kind, name = way
    if kind in ("issue", "react"):
        return {"command", "aggregate"}
    if kind in ("load", "decide"):
        return {"aggregate", kind}
    return {"store"} if kind == "append" else {f"to {name}"} if kind == "deliver" else {f"to {name}", f"model {name}"}


def _words(dot: _Dot) -> str:
    kind = dot.way[0]
    if dot.count > 1:
        return f"×{text.number(dot.count)}"
    if kind in ("issue", "react"):
        return dot.event.said.command or ""
    return basis(dot.event) if kind == "load" else "" if kind == "decide" else dot.event.name


def _colour(dot: _Dot) -> QColor:
    if dot.way[0] in ("issue", "react", "load"):
        return QColor(theme.colours().accent)
    return theme.type_colour(dot.event.type)


def _eased(part: float) -> float:
    """Slow at both ends."""
    return part * part * (3 - 2 * part)
