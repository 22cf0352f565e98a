"""The sequence diagram on the screen: scrolls, zooms, and has one selected event that keys and mouse move.

The names of the lanes stay at the top and the times at the left. Only what is in sight is painted, so that thousands of
events cost what a screenful does.
"""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from explorer.causality import Chain
from explorer.sequence import Diagram
from explorer.ui.causality.drawing import Drawing, lane_words
from explorer.ui.look import text, theme
from explorer.ui.workspace import Workspace

LEAST, GREATEST = 0.2, 3.0  # zoom
STEP = 1.2
PAGE = 10  # events that a page key goes


class Canvas(QAbstractScrollArea):
    """`selected` says which event is looked at now, `opened` that its stream is wanted."""

    selected = Signal(int)
    opened = Signal(int)
    menu_wanted = Signal(int, QPoint)
    zoomed = Signal(float)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.diagram = Diagram(Chain((), ()))
        self.at = -1  # the number of the selected event
        self.asked: int | None = None
        self.zoom = 1.0
        self._came: dict[int, int] = {}  # event → the effect from which one came to it
        self._drawing: Drawing | None = None
        self._wheel = 0
        self.setAccessibleName("Diagram of causes and effects")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.horizontalScrollBar().setSingleStep(24)
        self.verticalScrollBar().setSingleStep(24)
        theme.signals().changed.connect(self._look_changed)
        workspace.time_mode_changed.connect(self._look_changed)

    # -- what it shows -------------------------------------------------------------------------------------

    def show_diagram(self, diagram: Diagram, asked: int | None, at: int) -> None:
        """Show this one. What is in sight stays there where the lanes are the same as far as they were."""
        self.diagram, self.asked, self.at = diagram, asked, at
        self._came.clear()
        self._look_changed()

    def _look_changed(self) -> None:
        self._drawing = None
        self._ranges()
        self.viewport().update()

    @property
    def drawing(self) -> Drawing:
        """As it looks now."""
        if self._drawing is None:
            self._drawing = self.draw_anew()
        return self._drawing

    def draw_anew(self) -> Drawing:
        """The same for somebody else: it keeps what it has measured, which no two threads may do at once."""
        mode = self._workspace.time_mode
        zone = text.clock_zone(mode) if mode in ("local", "utc") else ""
        drawing = Drawing(self.diagram, self._time, theme.colours(), zone)
        drawing.asked = self.asked
        return drawing

    def _time(self, number: int) -> tuple[str, str]:
        """(date where it is another than above, time) of this event."""
        mode, marks = self._workspace.time_mode, self.diagram.marks
        moment = text.microseconds(marks[number].event.recorded_at)
        before = text.microseconds(marks[number - 1].event.recorded_at) if number else None
        if moment is None:
            return "", "—"
        if mode in ("relative", "delta"):
            return "", text.when(moment, mode, previous=before)
        date, _, time = text.clock(moment, mode).partition(" ")
        return ("" if before is not None and text.clock(before, mode).startswith(date + " ") else date), time

    # -- geometry ------------------------------------------------------------------------------------------

    def _ranges(self) -> None:
        drawing, view = self.drawing, self.viewport().size()
        across = (drawing.gutter + drawing.width) * self.zoom - view.width()
        down = (drawing.head + drawing.height) * self.zoom - view.height()
        for bar, most, page in (
            (self.horizontalScrollBar(), across, view.width()),
            (self.verticalScrollBar(), down, view.height()),
        ):
            bar.setRange(0, max(0, round(most)))
            bar.setPageStep(page)

    def resizeEvent(self, event: QResizeEvent) -> None:
        seen = 0 <= self.at < len(self.diagram.marks) and event.oldSize().isValid()
        if seen:
            was = self._body()
            was.setBottomRight(QPointF(event.oldSize().width(), event.oldSize().height()))
            too_small = was.height() < 2 * self.drawing.line * self.zoom  # to have shown anything
            seen = too_small or was.intersects(self.area_of(self.at))
        self._ranges()
        if seen:
            self.show_event(self.at)

    def _origin(self) -> QPointF:
        """What is at the left upper corner of the body, in the drawing."""
        return QPointF(self.horizontalScrollBar().value(), self.verticalScrollBar().value()) / self.zoom

    def _place(self, at: QPoint) -> QPointF | None:
        """This point of the viewport in the body of the drawing; None outside the body."""
        drawing, point = self.drawing, QPointF(at) / self.zoom - QPointF(self.drawing.gutter, self.drawing.head)
        if point.x() < 0 or point.y() < 0:
            return None
        return point + self._origin() if drawing.diagram.marks else None

    def event_at(self, at: QPoint) -> int | None:
        """The event at this point of the viewport; its time counts too."""
        place = self._place(at)
        if place is not None:
            return self.drawing.at(place.x(), place.y())
        return None

    def area_of(self, number: int) -> QRectF:
        """Where this event is in the viewport, in sight or not."""
        drawing, chip, origin = self.drawing, self.drawing.chip(number), self._origin()
        moved = chip.translated(drawing.gutter - origin.x(), drawing.head - origin.y())
        return QRectF(moved.topLeft() * self.zoom, moved.size() * self.zoom)

    def in_sight(self, number: int) -> bool:
        """The whole of it."""
        return self._body().contains(self.area_of(number))

    def _body(self) -> QRectF:
        drawing, whole = self.drawing, QRectF(self.viewport().rect())
        return whole.adjusted(drawing.gutter * self.zoom, drawing.head * self.zoom, 0, 0)

    # -- zoom ----------------------------------------------------------------------------------------------

    def set_zoom(self, zoom: float, around: QPointF | None = None) -> None:
        """Make it larger or smaller; what is at this point of the viewport stays there."""
        zoom = min(GREATEST, max(LEAST, zoom))
        if around is None:
            around = self.area_of(self.at).center() if self.at >= 0 and self.in_sight(self.at) else QPointF(0, 0)
        bars = self.horizontalScrollBar(), self.verticalScrollBar()
        grown = zoom / self.zoom
        wanted = (
            (bars[0].value() + around.x()) * grown - around.x(),
            (bars[1].value() + around.y()) * grown - around.y(),
        )
        self.zoom = zoom
        self._ranges()
        for bar, value in zip(bars, wanted, strict=True):
            bar.setValue(round(value))
        self.viewport().update()
        self.zoomed.emit(zoom)

    def larger(self) -> None:
        self.set_zoom(self.zoom * STEP)

    def smaller(self) -> None:
        self.set_zoom(self.zoom / STEP)

    def fit(self) -> None:
        """All of it in sight, but never larger than it was made."""
        drawing, view = self.drawing, self.viewport().size()
        across = view.width() / (drawing.gutter + drawing.width)
        down = view.height() / (drawing.head + drawing.height)
        self.set_zoom(min(1.0, across, down), QPointF(0, 0))

    # -- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        drawing, colours, zoom = self.drawing, theme.colours(), self.zoom
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(colours.base))
        origin = self._origin()
        width, height = self.viewport().width() / zoom, self.viewport().height() / zoom
        painter.scale(zoom, zoom)
        gutter, head = drawing.gutter, drawing.head
        selected = self.at if self.at >= 0 else None
        body = QRectF(origin.x(), origin.y(), width - gutter, height - head)
        self._part(painter, QRectF(gutter, head, body.width(), body.height()), body.topLeft())
        drawing.paint_body(painter, body, selected)
        painter.restore()
        self._part(painter, QRectF(gutter, 0, body.width(), head), QPointF(body.left(), 0))
        drawing.paint_head(painter, body.left(), body.right())
        painter.restore()
        self._part(painter, QRectF(0, head, gutter, body.height()), QPointF(0, body.top()))
        drawing.paint_gutter(painter, body.top(), body.bottom())
        painter.restore()
        drawing.paint_corner(painter)
        painter.setPen(QPen(QColor(colours.hairline), 1 / zoom))
        painter.drawLine(QPointF(0, head), QPointF(width, head))
        if self.hasFocus() and self.at < 0:
            painter.setPen(QPen(QColor(colours.accent), 1 / zoom))
            painter.drawRect(QRectF(0, 0, width, height).adjusted(0, 0, -1 / zoom, -1 / zoom))
        painter.end()

    @staticmethod
    def _part(painter: QPainter, area: QRectF, origin: QPointF) -> None:
        """Paint within this area, whose left upper corner is that point of the drawing; to be restored."""
        painter.save()
        painter.setClipRect(area)
        painter.translate(area.topLeft() - origin)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    # -- selecting -----------------------------------------------------------------------------------------

    def select(self, number: int) -> None:
        """Look at this event."""
        if not 0 <= number < len(self.diagram.marks):
            return
        if number != self.at:
            self.at = number
            self.viewport().update()
            self.selected.emit(number)
        self.show_event(number)

    def show_event(self, number: int) -> None:
        """Scroll as little as it takes to have this event in sight, and a little around it."""
        body, area = self._body(), self.area_of(number)
        room = self.drawing.line * self.zoom
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        if area.left() < body.left() + 8:
            across.setValue(round(across.value() + area.left() - body.left() - 8))
        elif area.right() > body.right() - 8:
            across.setValue(round(across.value() + area.right() - body.right() + 8))
        if area.top() < body.top() + room / 2:
            down.setValue(round(down.value() + area.top() - body.top() - room))
        elif area.bottom() > body.bottom() - room / 2:
            down.setValue(round(down.value() + area.bottom() - body.bottom() + room))

    def centre(self, number: int) -> None:
        """Scroll so that this event, and what led to it, are in the middle."""
        body, area = self._body(), self.area_of(number)
        cause = self.diagram.marks[number].cause
        if cause is not None:
            both = area.united(self.area_of(cause))
            area = both if both.width() < body.width() and both.height() < body.height() else area
        middle = area.center() - body.center()
        for bar, by in ((self.horizontalScrollBar(), middle.x()), (self.verticalScrollBar(), middle.y())):
            bar.setValue(round(bar.value() + by))

    def _cause(self) -> int:
        cause = self.diagram.marks[self.at].cause
        if cause is None:
            self._workspace.message.emit("Nothing recorded says what led to this event.")
            return self.at
        self._came[cause] = self.at
        return cause

    def _effect(self) -> int:
        effects = self.diagram.marks[self.at].effects
        if not effects:
            self._workspace.message.emit("Nothing that was looked at follows from this event.")
            return self.at
        came = self._came.get(self.at)
        return came if came in effects else effects[0]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys, count = Qt.Key, len(self.diagram.marks)
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() in (keys.Key_Plus, keys.Key_Equal) and not event.modifiers() & _CONTROL:
            self.larger()
        elif event.key() == keys.Key_Minus and not event.modifiers() & _CONTROL:
            self.smaller()
        elif event.key() == keys.Key_0 and plain:
            self.fit()
        elif not plain or not count or self.at < 0:
            super().keyPressEvent(event)
        elif event.key() == keys.Key_Left:
            self.select(self._cause())
        elif event.key() == keys.Key_Right:
            self.select(self._effect())
        elif event.key() in _STEPS:
            self.select(max(0, min(count - 1, self.at + _STEPS[cast(Qt.Key, event.key())])))
        elif event.key() in (keys.Key_Home, keys.Key_End):
            self.select(0 if event.key() == keys.Key_Home else count - 1)
        elif event.key() in (keys.Key_Return, keys.Key_Enter):
            self.opened.emit(self.at)
        else:
            super().keyPressEvent(event)

    # -- mouse ---------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.event_at(event.position().toPoint())
        if found is not None and event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self.select(found)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.event_at(event.position().toPoint())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.select(found)
            self.opened.emit(found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.event_at(event.position().toPoint()) is not None
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            if self.at >= 0:
                where = self.area_of(self.at).center().toPoint()
                self.menu_wanted.emit(self.at, self.viewport().mapToGlobal(where))
            return
        found = self.event_at(self.viewport().mapFromGlobal(event.globalPos()))
        if found is not None:
            self.menu_wanted.emit(found, event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not event.modifiers() & _CONTROL:
            super().wheelEvent(event)
            return
        self._wheel += event.angleDelta().y()
        notches = int(self._wheel / 60)
        if notches:
            self._wheel -= notches * 60
            self.set_zoom(self.zoom * (STEP**0.5) ** notches, event.position())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self._tooltip(event.pos())
            if words:
                QToolTip.showText(event.globalPos() + QPoint(0, theme.L), text.tooltip(words), self.viewport())
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def _tooltip(self, at: QPoint) -> str:
        drawing, place = self.drawing, self._place(at)
        if place is None:
            over = at.x() / self.zoom - drawing.gutter
            lane = drawing.lane_at(over + self._origin().x()) if over >= 0 else None
            return "" if lane is None else "\n".join(lane_words(self.diagram.lanes[lane]))
        found = drawing.at(place.x(), place.y())
        if found is not None:
            event = self.diagram.marks[found].event
            time = text.when(event.recorded_at, "utc" if self._workspace.time_mode == "utc" else "local", full=True)
            return f"{event.type}\n{event.category} {event.id} · version {event.version}\n{time or 'without a time'}"
        gap = drawing.gap_at(place.y())
        if gap is not None:
            return "Nothing of this chain happened here: the time in between is left out."
        return ""


_CONTROL = Qt.KeyboardModifier.ControlModifier
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -PAGE, Qt.Key.Key_PageDown: PAGE}
