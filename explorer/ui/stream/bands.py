"""The truth ribbon: a band below the ribbon for each watch, with every interval in which it is true, false or failed.

A broken stretch is a full block, one that cannot be told a hatched half, a true one a thin line: not by colour alone.
Watches of other values have a line of their own in the Watches panel, which says all of this as a table, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from explorer.engine.asks_watches import CourseTold
from explorer.ui.look import text, theme
from explorer.ui.stream.ribbon import Ribbon

HEIGHT = 14  # pixels of a band at zoom 100 %
TITLE = 12  # pixels more where its title has no room beside it
BESIDE = 90  # pixels that a title beside a band needs at least
MOST = 4  # bands that are shown
WORDS = {
    "t": "true", "f": "false", "x": "cannot be told", "v": "a value", "n": "nothing there", "m": "several intervals",
}  # fmt: skip


class Stretch(NamedTuple):
    """Part of a band, in events."""

    first: float
    end: float  # exclusive
    kind: str


def stretches(course: CourseTold) -> Iterator[Stretch]:
    """The intervals of a course, or its columns where there are too many."""
    if course.starts:
        ends = (*course.starts[1:], course.count)
        yield from map(Stretch, course.starts, ends, course.kinds)
        return
    columns = len(course.kinds)
    for column, kind in enumerate(course.kinds):
        yield Stretch(column * course.count / columns, (column + 1) * course.count / columns, kind)


class Bands(QWidget):
    """Stands exactly below the ribbon whose events it is about. `wanted` is an ordinal."""

    wanted = Signal(int)

    def __init__(self, ribbon: Ribbon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ribbon = ribbon
        self._picture: QPixmap | None = None
        self.rows: list[tuple[str, CourseTold]] = []
        self.setAccessibleName("Watches along the stream")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        ribbon.valueChanged.connect(lambda _value: self.update())
        ribbon.rangeChanged.connect(lambda _low, _high: self._placed())
        theme.signals().changed.connect(self._placed)
        self.hide()

    def show_courses(self, rows: list[tuple[str, CourseTold]]) -> None:
        """Titles and courses; none: nothing is shown."""
        self.rows = [row for row in rows if row[1].is_truth and not row[1].mistake][:MOST]
        self.setAccessibleDescription(
            text.shown("; ".join(f"{title}: {one.sentence}" for title, one in self.rows), 2_000)
        )
        self.setVisible(bool(self.rows))
        self._placed()

    def _placed(self) -> None:
        """The titles may have room beside the bands now, or no longer."""
        self.updateGeometry()
        self._anew()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._placed()

    def _anew(self) -> None:
        self._picture = None
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(400), self._row_height() * len(self.rows) + (theme.S if self.rows else 0))

    def _beside(self) -> bool:
        """Whether titles stand beside the bands, or above them."""
        return self.width() - self._extent(0, self._ribbon.timeline.count)[1] >= theme.scaled(BESIDE)

    def _row_height(self) -> int:
        return theme.scaled(HEIGHT if self._beside() else HEIGHT + TITLE)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(80), self.sizeHint().height())

    # -- painting -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.size().isEmpty():  # while the tab is being laid out
            return
        painter = QPainter(self)
        if self._picture is None or self._picture.deviceIndependentSize().toSize() != self.size():
            self._picture = self._draw(self.devicePixelRatioF())
        painter.drawPixmap(0, 0, self._picture)
        if self._ribbon.timeline.count:
            x = self._ribbon.x_of(min(self._ribbon.value(), self._ribbon.timeline.count - 1))
            painter.fillRect(QRectF(x - 0.75, 0, 1.5, self.height() - theme.S), QColor(theme.colours().accent))
        painter.end()

    def _draw(self, scale: float) -> QPixmap:
        picture = QPixmap(round(self.width() * scale), round(self.height() * scale))
        picture.setDevicePixelRatio(scale)
        picture.fill(QColor(theme.colours().base))
        painter = QPainter(picture)
        for number, (title, course) in enumerate(self.rows):
            self._draw_band(painter, number, course)
            self._draw_title(painter, number, title, course)
        painter.end()
        return picture

    def _draw_band(self, painter: QPainter, number: int, course: CourseTold) -> None:
        colours = theme.colours()
        height = theme.scaled(HEIGHT)
        bottom = (number + 1) * self._row_height() - 2.0
        full, half, thin = height - 4.0, (height - 4.0) / 2, 2.0
        left, right = self._extent(0, course.count)
        painter.fillRect(QRectF(left, bottom - 1, right - left, 1), QColor(colours.hairline))
        # What is broken comes last: it may be a single event among thousands.
        for wanted in "tmxf":
            for stretch in stretches(course):
                if stretch.kind != wanted:
                    continue
                x, end = self._extent(stretch.first, stretch.end)
                match wanted:
                    case "t":
                        painter.fillRect(QRectF(x, bottom - thin, end - x, thin), QColor(colours.good))
                    case "f":
                        painter.fillRect(QRectF(x, bottom - full, max(end - x, 2.0), full), QColor(colours.error))
                    case "x":
                        area = QRectF(x, bottom - half, max(end - x, 2.0), half)
                        painter.fillRect(area, QColor(colours.warning_back))
                        painter.fillRect(area, QBrush(QColor(colours.warning), Qt.BrushStyle.BDiagPattern))
                    case "m":
                        painter.fillRect(QRectF(x, bottom - half, max(end - x - 1, 1.0), half), QColor(colours.move))

    def _draw_title(self, painter: QPainter, number: int, title: str, course: CourseTold) -> None:
        """Beside the band where there is room for it, else above."""
        height, left = self._row_height(), float(theme.M)
        area = QRectF(left, number * height, self.width() - 2 * left, theme.scaled(TITLE))
        if self._beside():
            right = self._extent(0, course.count)[1]
            area = QRectF(right + theme.M, number * height, self.width() - right - 2 * theme.M, height)
        font = theme.sans_font(10)
        words = QFontMetrics(font).elidedText(text.shown(title), Qt.TextElideMode.ElideRight, round(area.width()))
        painter.setFont(font)
        painter.setPen(QColor(theme.colours().error if course.broken else theme.colours().muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _extent(self, first: float, end: float) -> tuple[float, float]:
        """From where to where these events reach."""
        slot = self._ribbon.x_of(1) - self._ribbon.x_of(0)
        start = self._ribbon.x_of(0) - slot / 2
        return start + first * slot, start + end * slot

    # -- mouse --------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        ordinal = self._ribbon.ordinal_at(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and ordinal is not None:
            self.wanted.emit(ordinal)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self.words_at(QPointF(event.pos()))
            if words:
                QToolTip.showText(event.globalPos() + QPoint(0, theme.L), text.tooltip(words), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def words_at(self, where: QPointF) -> str:
        """Which watch, what it is at the event there, and how it went."""
        number, ordinal = int(where.y() // self._row_height()), self._ribbon.ordinal_at(where.x())
        if not 0 <= number < len(self.rows) or ordinal is None:
            return ""
        title, course = self.rows[number]
        here = next((one for one in stretches(course) if one.first <= ordinal < one.end), None)
        lines = [title]
        if here is not None:
            versions = self._ribbon.timeline.versions
            first, last = int(here.first), max(int(here.first), min(int(here.end), len(versions)) - 1)
            if last < len(versions):
                lines.append(
                    f"{WORDS[here.kind]} from v {text.number(versions[first])} to v {text.number(versions[last])}"
                )
        return "\n".join((*lines, course.sentence))
