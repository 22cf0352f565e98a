"""The ribbon: one tick per event, from the first to the last, in as many pixels as there are.

Colour is the event's type, height the number of changes; errors carry a wedge at the top, marked versions a flag, the
cursor a line with a handle. Where there are more events than pixels each pixel column shows the most that happened in
it, so that nothing that stands out is lost. It is a slider to Qt: accessible by value, moved by keys, wheel and mouse.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log1p
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QSlider, QToolTip, QWidget

from explorer.ui.look import text, theme
from explorer.ui.stream.timeline import Timeline

WIDEST_TICK = 14.0  # pixels for one event, at most
HEIGHT = 52
FLAGS = 14  # pixels above the ticks, for flags, handle and wedges
LEAST = 3.0  # pixels of a tick without any change
CAP = 3.0  # pixels on top of a tick with an error
SOFT = 0.8  # opacity of ticks: thousands of them at full strength are a noise
NOT_FOLDED = -1
REDRAW_MS = 150  # ticks are drawn anew at most so often while events stream in


class Bin(NamedTuple):
    """What one tick stands for: events `first` … `last`, the one with most changes, whether one has an error."""

    first: int
    last: int
    tallest: int
    changes: int | None  # None: not folded yet
    error: bool


def bins(timeline: Timeline, columns: int) -> list[Bin]:
    """The events in so many columns, or in one each if there are fewer events. Cost: one pass in C over the counts."""
    count, folded = timeline.count, timeline.folded
    flaws = sorted({*timeline.errors, *timeline.problems})
    flaws.append(count)
    number = min(count, max(columns, 1))
    changes = timeline.changes
    found = []
    flaw = 0  # the next in `flaws` that has not been passed
    end = 0
    for column in range(1, number + 1):
        first, end = end, column * count // number
        known = end if end < folded else folded
        tallest, most = first, None
        if known - first == 1:
            most = changes[first]
        elif known > first:
            stretch = changes[first:known]
            most = max(stretch)
            tallest = first + stretch.index(most)
        error = flaws[flaw] < end
        while flaws[flaw] < end:
            flaw += 1
        found.append(Bin(first, end - 1, tallest, most, error))
    return found


class Ribbon(QSlider):
    """`moved` says which ordinal the user wants; the value is set by whoever owns the cursor."""

    moved = Signal(int)

    def __init__(self, timeline: Timeline, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.timeline = timeline
        self.describe: Callable[[int], str] = lambda ordinal: f"v {timeline.versions[ordinal]}"
        self._marks: tuple[int, ...] = ()
        self._picture: QPixmap | None = None
        self._hovered: int | None = None
        self._wheel = 0
        self._cursor = 0  # where it was painted last
        self._redraw = QTimer(self, interval=REDRAW_MS, singleShot=True)
        self._redraw.timeout.connect(self._drop_picture)
        self.setAccessibleName("Ribbon of events")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.actionTriggered.connect(lambda _action: self.moved.emit(self.sliderPosition()))
        theme.signals().changed.connect(self._on_theme)
        self.timeline_changed()

    # -- what it shows ------------------------------------------------------------------------------------------------

    def set_timeline(self, timeline: Timeline) -> None:
        """Show another one (the stream was read anew)."""
        self.timeline = timeline
        self._picture = None
        self.timeline_changed()

    def timeline_changed(self) -> None:
        """Events or steps were added."""
        self.setRange(0, max(0, self.timeline.count - 1))
        self.setPageStep(max(1, self.timeline.count // 20))
        if not self._redraw.isActive():
            self._redraw.start()

    def set_marks(self, ordinals: tuple[int, ...]) -> None:
        """The events marked for compare, A and B."""
        self._marks = tuple(sorted(ordinals))
        self.update()

    def _drop_picture(self) -> None:
        self._picture = None
        self.update()

    def _on_theme(self) -> None:
        self.updateGeometry()
        self._drop_picture()

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(400), theme.scaled(HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(80), theme.scaled(HEIGHT))

    # -- geometry -----------------------------------------------------------------------------------------------------

    def _slot(self) -> float:
        """Pixels for one event (less than one where they are binned)."""
        count = self.timeline.count
        return min(theme.scaled(100) * WIDEST_TICK / 100, self._width() / count) if count else 1.0

    def _width(self) -> float:
        return max(1.0, self.width() - 2.0 * theme.M)

    def x_of(self, ordinal: int) -> float:
        """The middle of this event's tick."""
        return theme.M + (ordinal + 0.5) * self._slot()

    def ordinal_at(self, x: float) -> int | None:
        """The event under this x, the nearest within the range; None when there is none at all."""
        if not self.timeline.count:
            return None
        return max(0, min(self.timeline.count - 1, int((x - theme.M) // self._slot())))

    def sliderChange(self, change: QSlider.SliderChange) -> None:
        """Of a cursor that moves only its old place and its new one are painted again."""
        if change != QSlider.SliderChange.SliderValueChange:
            super().sliderChange(change)
            return
        half = max(self._slot() / 2, float(theme.scaled(6))) + 2
        for ordinal in (self._cursor, self.value()):
            x = self.x_of(min(ordinal, self.timeline.count - 1))
            self.update(QRectF(x - half, 0, 2 * half, self.height()).toAlignedRect())
        self._cursor = self.value()

    # -- painting -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        scale = self.devicePixelRatioF()
        if self._picture is None or self._picture.deviceIndependentSize().toSize() != self.size():
            self._picture = self._draw_ticks(scale)
        painter.drawPixmap(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.timeline.count:
            self._paint_hover(painter)
            for number, ordinal in enumerate(self._marks):
                self._paint_flag(painter, ordinal, "AB"[number])
            self._paint_cursor(painter)
        painter.end()

    def _draw_ticks(self, scale: float) -> QPixmap:
        """All that changes only with the events, drawn once."""
        picture = QPixmap(round(self.width() * scale), round(self.height() * scale))
        picture.setDevicePixelRatio(scale)
        colours = theme.colours()
        picture.fill(QColor(colours.base))
        if not self.timeline.count:
            return picture
        painter = QPainter(picture)
        bottom = self.height() - theme.S - 1
        painter.fillRect(QRectF(theme.M, bottom, self._width(), 1), QColor(colours.hairline))
        found = bins(self.timeline, int(self._width() * scale))
        room = bottom - theme.scaled(FLAGS) - CAP
        top = log1p(self.timeline.most_changes) or 1.0
        step = self._slot() if len(found) == self.timeline.count else self._width() / len(found)
        gap = 0.0 if step < 3 else (1.0 if step < 7 else 2.0)
        width = max(step - gap, 1 / scale)
        # Sorted by colour first: a call for each of thousands of ticks would be felt.
        ticks: dict[int, list[QRectF]] = {}
        caps = []
        types = self.timeline.types
        for number, one in enumerate(found):
            x = theme.M + number * step + gap / 2
            height = LEAST if one.changes is None else LEAST + (room - LEAST) * log1p(one.changes) / top
            kind = NOT_FOLDED if one.changes is None else types[one.tallest]
            ticks.setdefault(kind, []).append(QRectF(x, bottom - height, width, height))
            if one.error:
                caps.append(QRectF(x, bottom - height - CAP, width, CAP))
        painter.setPen(Qt.PenStyle.NoPen)
        for kind, areas in ticks.items():
            painter.setBrush(self._tick_colour(kind))
            painter.drawRects(areas)
        painter.setBrush(QColor(colours.error))
        painter.drawRects(caps)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        last = -10.0
        for cap in caps:
            x = cap.center().x()
            if x - last >= 10:
                last = x
                self._paint_wedge(painter, x)
        painter.end()
        return picture

    def _tick_colour(self, kind: int) -> QColor:
        """Of an event type by its number in the timeline."""
        colours = theme.colours()
        if kind == NOT_FOLDED:
            return QColor(colours.faint)
        colour = QColor(theme.type_colour(self.timeline.names[kind], colours.dark))
        colour.setAlphaF(SOFT)
        return colour

    def _paint_wedge(self, painter: QPainter, x: float) -> None:
        """An error or a flaw: a wedge pointing down at the tick."""
        y, side = theme.scaled(FLAGS) - 6.0, 4.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.colours().error))
        painter.drawPolygon(QPolygonF([QPointF(x - side, y - 3), QPointF(x + side, y - 3), QPointF(x, y + 4)]))

    def _paint_hover(self, painter: QPainter) -> None:
        if self._hovered is None or self._hovered >= self.timeline.count:
            return
        colour = QColor(theme.colours().text)
        colour.setAlphaF(0.12)
        width = max(self._slot(), 3.0)
        top = theme.scaled(FLAGS)
        painter.fillRect(
            QRectF(self.x_of(self._hovered) - width / 2, top, width, self.height() - top - theme.S), colour
        )

    def _paint_cursor(self, painter: QPainter) -> None:
        """A line through the event and a handle at its head; stronger with the focus."""
        x = self.x_of(min(self.value(), self.timeline.count - 1))
        accent = QColor(theme.colours().accent)
        slot = self._slot()
        if slot >= 6:
            soft = QColor(accent)
            soft.setAlphaF(0.18)
            painter.fillRect(QRectF(x - slot / 2, 4, slot, self.height() - theme.S - 5), soft)
        painter.fillRect(QRectF(x - 0.75, 4, 1.5, self.height() - theme.S - 4), accent)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        unit = theme.zoom() / 100
        half = (5.0 if self.hasFocus() else 4.0) * unit
        handle = ((-half, 1), (half, 1), (half, 6 * unit), (0, 11 * unit), (-half, 6 * unit))
        painter.drawPolygon(QPolygonF([QPointF(x + dx, y) for dx, y in handle]))

    def _paint_flag(self, painter: QPainter, ordinal: int, letter: str) -> None:
        if ordinal >= self.timeline.count:
            return
        colours = theme.colours()
        x = self.x_of(ordinal)
        colour = QColor(colours.move)
        painter.fillRect(QRectF(x - 0.5, 0, 1, self.height() - theme.S), colour)
        font = theme.sans_font(10)
        side = QFontMetrics(font).height()
        fits = (x - side >= 0) if letter == "A" else (x + side > self.width())
        left = x - side if fits else x  # A to the left of its line and B to the right, so that they do not meet
        area = QRectF(left, 0, side, side)
        painter.fillRect(area, colour)
        painter.setPen(QColor(colours.base))
        painter.setFont(font)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, letter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    # -- mouse and wheel ----------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position().x())
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(x)
        hovered = self.ordinal_at(x) if self._within(x) else None
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """One notch is one event: down and right go forward. Fine wheels add up to notches."""
        delta = event.angleDelta()
        self._wheel += delta.y() if delta.y() else -delta.x()
        steps = int(self._wheel / 120)
        if steps:
            self._wheel -= steps * 120
            self._want(self.value() - steps)
        event.accept()

    def _within(self, x: float) -> bool:
        return theme.M <= x <= theme.M + self._slot() * self.timeline.count

    def _go(self, x: float) -> None:
        ordinal = self.ordinal_at(x)
        if ordinal is not None:
            self._want(ordinal)

    def _want(self, ordinal: int) -> None:
        ordinal = max(0, min(self.timeline.count - 1, ordinal))
        if self.timeline.count and ordinal != self.value():
            self.moved.emit(ordinal)

    # -- hovering -----------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            x = event.pos().x()
            if self.timeline.count and self._within(x):
                QToolTip.showText(event.globalPos() + QPoint(0, theme.L), text.tooltip(self._tooltip(x)), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def _tooltip(self, x: float) -> str:
        ordinal = self.ordinal_at(x)
        assert ordinal is not None
        words = self.describe(ordinal)
        per_pixel = ceil(1 / self._slot()) if self._slot() < 1 else 1
        if per_pixel > 1:
            words += f"\nabout {text.number(per_pixel)} events at this point"
        return words
