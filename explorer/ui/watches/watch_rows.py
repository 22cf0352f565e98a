"""Watches as rows: what each is now, how it went, and that as a small picture."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QPainter, QPen, QPolygonF

from explorer.engine.asks_watches import CourseTold, SpanRow
from explorer.ui.asking.watched import Known
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.models import Column
from explorer.watching import Broken

KIND, WATCH, NOW, COURSE, HOW = range(5)
_ICONS = {"t": ("check", "good"), "f": ("error", "error"), "x": ("warning", "warning"), "v": ("dot", "muted")}
_SAID = {"t": "true", "f": "false", "x": "cannot be told", "n": "nothing there"}


@dataclass(frozen=True, slots=True)
class WatchRow:
    """A watch of the stream one looks at. `letter`: see `CourseTold`; "" while nobody knows."""

    known: Known
    told: CourseTold | None = None
    letter: str = ""
    now: str = ""

    @property
    def how(self) -> str:
        if self.told is None:
            return ""
        return self.told.mistake or self.told.sentence


def kind_icon(letter: str) -> QIcon | None:
    """The sign of what a watch is."""
    return icon(*_ICONS.get(letter, ("minus", "muted"))) if letter else None


def words_of(letter: str, value: str) -> str:
    """What a watch is, in a word or as its value."""
    return value if letter == "v" else _SAID.get(letter, "")


def _tone(letter: str) -> QColor | None:
    colours = theme.colours()
    return {"f": QColor(colours.error), "x": QColor(colours.warning)}.get(letter)


def _about(row: WatchRow) -> str:
    watch = row.known.watch
    what = "Has to be true after every event" if watch.invariant else "Watched"
    whose = "kept by you" if row.known.own else "declared by the domain"
    return f"{watch.source}\n{what} of every {watch.category}; {whose}"


def watch_columns() -> list[Column]:
    return [
        Column(
            "", lambda row: "", lambda row: _SAID.get(row.letter, ""), icon=lambda row: kind_icon(row.letter), width=32
        ),
        Column("Watch", lambda row: row.known.watch.title, _about, width=190),
        Column(
            "Now",
            lambda row: words_of(row.letter, row.now),
            lambda row: row.now if row.letter in "xv" else words_of(row.letter, row.now),
            mono=True,
            foreground=lambda row: _tone(row.letter),
            width=96,
        ),
        Column("Along the stream", lambda row: "", lambda row: row.how, paint=paint_course, width=120),
        Column(
            "How it went",
            lambda row: row.how,
            lambda row: row.how,
            foreground=lambda row: QColor(theme.colours().error) if row.told and row.told.mistake else None,
        ),
    ]


def span_columns() -> list[Column]:
    """Of the intervals of one watch (`SpanRow`)."""
    return [
        Column("", lambda row: "", lambda row: _SAID.get(row.kind, ""), icon=_span_icon, width=32),
        Column("From", lambda row: f"v {text.number(row.version)}", align="right", mono=True, width=56),
        Column("To", lambda row: f"v {text.number(row.last_version)}", align="right", mono=True, width=56),
        Column("Value", _span_value, lambda row: row.text, mono=True, foreground=lambda row: _tone(row.kind)),
        Column("By", lambda row: row.type, lambda row: row.type, width=120),
    ]


def _span_icon(row: SpanRow) -> QIcon | None:
    return None if row.kind == "v" else kind_icon(row.kind)


def _span_value(row: SpanRow) -> str:
    return row.text if row.kind in "vx" else words_of(row.kind, row.text)


def broken_columns() -> list[Column]:
    """Of streams that break an invariant (`Broken`)."""
    return [
        Column("", lambda row: "", _broken_said, icon=lambda row: kind_icon("f" if row.times else "x"), width=32),
        Column("Stream", lambda row: row.id, lambda row: f"{row.category} {row.id}", width=150),
        Column("First", lambda row: _version(row.first or row.failed), align="right", mono=True, width=64),
        Column("Last", lambda row: _version(row.last), align="right", mono=True, width=64),
        Column("Times", lambda row: text.number(row.times), align="right", mono=True, width=56),
        Column("How it went", lambda row: row.sentence, lambda row: row.sentence),
    ]


def _broken_said(row: Broken) -> str:
    return "broken" if row.times else "cannot be told"


def _version(version: int) -> str:
    return f"v {text.number(version)}" if version else ""


def paint_course(painter: QPainter, cell: QRect, row: WatchRow) -> None:
    """A sparkline of numbers, a band of true and false, ticks where other values change."""
    if row.told is None or not row.told.count:
        return
    area = QRectF(cell).adjusted(theme.M, theme.S, -theme.M, -theme.S)
    painter.save()
    painter.setClipRect(area.adjusted(-1, -1, 1, 1))
    if sum(value is not None for value in row.told.spark) > 1:
        _paint_line(painter, area, row.told.spark)
    else:
        _paint_band(painter, area, row.told)
    painter.restore()


def _paint_line(painter: QPainter, area: QRectF, values: tuple[float | None, ...]) -> None:
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    step = area.width() / max(1, len(values) - 1)
    line = QPolygonF()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.colours().accent), 1.5))
    for number, value in enumerate((*values, None)):
        if value is None:
            if line.size() == 1:
                painter.drawPoint(line.first())
            painter.drawPolyline(line)
            line = QPolygonF()
            continue
        height = (value - low) / (high - low) if high > low else 0.5
        line.append(QPointF(area.left() + number * step, area.bottom() - height * area.height()))


def _paint_band(painter: QPainter, area: QRectF, told: CourseTold) -> None:
    colours = theme.colours()
    starts = told.starts or tuple(n * told.count // len(told.kinds) for n in range(len(told.kinds)))
    for first, end, kind in zip(starts, (*starts[1:], told.count), told.kinds, strict=True):
        left = area.left() + area.width() * first / told.count
        width = max(area.width() * (end - first) / told.count, 1.5)
        if kind == "t":
            painter.fillRect(QRectF(left, area.bottom() - 2, width, 2), QColor(colours.good))
        elif kind == "f":
            painter.fillRect(QRectF(left, area.top(), width, area.height()), QColor(colours.error))
        elif kind == "x":
            half = QRectF(left, area.center().y(), width, area.height() / 2)
            painter.fillRect(half, QColor(colours.warning_back))
            painter.fillRect(half, QBrush(QColor(colours.warning), Qt.BrushStyle.BDiagPattern))
        elif kind in "vm":
            half = QRectF(left, area.center().y(), max(width - 1, 1), area.height() / 2)
            painter.fillRect(half, QColor(colours.move))
