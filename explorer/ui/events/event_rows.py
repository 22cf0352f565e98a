"""Events of the whole store as rows: what a list keeps of one, how its columns show it, whether a filter lets it in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cache, cached_property

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap

from explorer import payload
from explorer.model import Event
from explorer.narration import narrate
from explorer.ui.asking.polling import METADATA, PREVIEW, Arrived
from explorer.ui.look import text, theme
from explorer.ui.parts.models import Column

LATE = "Arrived late: events of higher positions were there before it."
KEPT = 240  # bytes of a payload that a long list keeps
IN_WORDS = "In words"


def row_of(event: Event) -> Arrived:
    """What a list keeps of an event."""
    return Arrived(
        event.category, event.id, event.version, event.position, event.type, text.microseconds(event.recorded_at),
        event.event_id, event.size or len(event.data), event.data[:PREVIEW], False,
        event.metadata[:METADATA],
    )  # fmt: skip


def cut(row: Arrived) -> Arrived:
    """The row as a long list keeps it."""
    if len(row.data_preview) <= KEPT and not row.metadata:
        return row
    return row._replace(data_preview=row.data_preview[:KEPT], metadata=b"")


def preview_text(data: bytes, size: int) -> str:
    """The beginning of a payload in one line; bytes that are no text as hexadecimal digits."""
    head = data[:KEPT]
    try:
        line = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or not error.start:
            return f"{size} B: {head[:48].hex(' ')}"
        line = head[: error.start].decode("utf-8")  # cut within a character
    return line + "…" if size > len(head) else line


@dataclass(frozen=True)
class Filter:
    """Which events are wanted. `type` is a glob, `find` a text in the payload, type or id, ignoring case."""

    category: str | None = None
    type: str | None = None
    find: str | None = None

    @property
    def empty(self) -> bool:
        return self.category is None and not self.type and not self.find

    @cached_property
    def _type(self) -> re.Pattern[str]:
        # Only * and ? are special: [ is a character like others.
        return re.compile(translate((self.type or "*").replace("[", "[[]")))

    @cached_property
    def _find(self) -> str:
        return (self.find or "").casefold()

    def knows(self, row: Arrived) -> bool:
        """Whether `matches` can tell: not when the text may stand in the part of a payload that was cut off."""
        return not self._find or row.size <= len(row.data_preview) or self.matches(row)

    def matches(self, row: Arrived) -> bool:
        if self.category is not None and row.category != self.category:
            return False
        if self.type and not self._type.match(row.type):
            return False
        if not self._find:
            return True
        return (
            self._find in row.type.casefold()
            or self._find in row.id.casefold()
            or self._find in row.data_preview.decode("utf-8", "replace").casefold()
        )

    def __str__(self) -> str:
        parts = []
        if self.category is not None:
            parts.append(f"category {self.category}")
        if self.type:
            parts.append(f"type {self.type}")
        if self.find:
            parts.append(f"“{self.find}”")
        return ", ".join(parts)


@cache
def _dot(colour: str, side: int) -> QIcon:
    picture = QPixmap(side * 3, side * 3)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    inset = side * 3 * 0.22
    painter.drawRoundedRect(QRectF(inset, inset, side * 3 - 2 * inset, side * 3 - 2 * inset), 4, 4)
    painter.end()
    picture.setDevicePixelRatio(3)
    return QIcon(picture)


def type_icon(event_type: str) -> QIcon:
    """The colour of an event type as a small square."""
    return _dot(theme.type_colour(event_type).name(), theme.scaled(14))


def in_words(row: Arrived, narration: Mapping[str, str]) -> str:
    """The event in the words of its domain; empty where the domain has none for it, or the payload was cut."""
    template = narration.get(row.type)
    if template is None or row.size > len(row.data_preview):
        return ""
    return narrate(template, row.category, row.id, payload.decode(row.data_preview).value)


def columns(
    mode: Callable[[], str],
    previous: Callable[[Arrived], int | None] = lambda _row: None,
    words: Callable[[Arrived], str] | None = None,
) -> Sequence[Column]:
    """Position, time, type, stream, version, what it says in words if those are given, data. `mode`: how times are
    shown now; `previous`: the time of the row before, for Δ."""

    def time(row: Arrived) -> str:
        if row.recorded_at_us is None:
            return "—"
        if mode() in ("relative", "delta"):
            return text.when(row.recorded_at_us, mode(), previous=previous(row))
        return text.clock(row.recorded_at_us, mode())

    def time_title() -> str:
        return {"relative": "Time ago", "delta": "Δ"}.get(mode(), f"Time {text.clock_zone(mode())}")

    def full_time(row: Arrived) -> str:
        zone = "utc" if mode() == "utc" else "local"
        return text.when(row.recorded_at_us, zone, full=True) or "This store keeps no time of its events."

    def position(row: Arrived) -> str:
        if row.position is None:
            return "—"
        return f"{row.position} ⤶" if row.late else str(row.position)

    def stream(row: Arrived) -> str:
        return f"{row.category} {row.id}".strip()

    def version(row: Arrived) -> str:
        return f"version {row.version} of its stream"

    def data(row: Arrived) -> str:
        return preview_text(row.data_preview, row.size)

    return (
        Column(
            "Position",
            position,
            tooltip=lambda row: (
                "Arrived late: a higher position was there before it." if row.late else str(row.position)
            ),
            align="right",
            mono=True,
            width=66,
            foreground=lambda row: theme.mark_colours("~")[0] if row.late else None,
        ),
        Column(time_title, time, tooltip=full_time, mono=True, width=150),
        Column(
            "Type",
            lambda row: row.type,
            tooltip=lambda row: row.type,
            icon=lambda row: type_icon(row.type),
            cut_left=True,
            width=172,
        ),
        Column("Stream", stream, tooltip=lambda row: f"{row.category}\n{row.id}", width=142),
        Column("v", lambda row: str(row.version), tooltip=version, align="right", mono=True, width=48),
        *([Column(IN_WORDS, words, tooltip=words, width=330)] if words is not None else ()),
        Column(
            "Data",
            data,
            tooltip=lambda row: f"{preview_text(row.data_preview, row.size)}\n\n{text.size_text(row.size)}",
            mono=True,
        ),
    )
