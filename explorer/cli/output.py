"""What the command line prints: JSON lines with exact keys for programs, tables for people.

Whatever comes from a store is data: in tables, control characters are made visible, so that no payload can move the
cursor or colour the terminal.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO

from explorer import payload
from explorer.engine.text import visible
from explorer.model import Event, Json, Position, Snapshot, StreamInfo

DIM, BOLD, RED, GREEN, YELLOW = "2", "1", "31", "32", "33"
BLOCK = 100  # rows that are aligned with one another before they are printed


class Output:
    """Prints rows: each a mapping with exactly the keys of its verb. In tables, one row is one line."""

    def __init__(self, json: bool, stream: TextIO | None = None) -> None:
        self.json = json
        self.stream = stream if stream is not None else sys.stdout
        self.colours = not json and "NO_COLOR" not in os.environ and self.stream.isatty()
        self._columns: tuple[str, ...] = ()
        self._rows: list[tuple[str, ...]] = []
        self._widths: list[int] = []
        self.printed = 0

    def line(self, row: dict[str, Json]) -> None:
        """One JSON object, or nothing when tables are printed."""
        if self.json:
            self._write(payload.encode_plain(row).decode() + "\n")
            self.printed += 1

    def columns(self, *names: str) -> None:
        """Begin a table; a name that begins with > is aligned to the right."""
        self._columns = names
        self._widths = [_width(name.lstrip(">")) for name in names]

    def row(self, *cells: str, style: str = "") -> None:
        """One line of the table, or nothing when JSON is printed. The last cell is cut to the terminal."""
        if self.json:
            return
        self._rows.append((style, *(visible(cell).replace("\n", "␤").replace("\t", "␉") for cell in cells)))
        if len(self._rows) >= BLOCK:
            self.flush()

    def text(self, text: str = "", style: str = "") -> None:
        """A line between tables, or nothing when JSON is printed."""
        if not self.json:
            self.flush()
            self._write(self._styled("\n".join(visible(line) for line in text.split("\n")), style) + "\n")

    def flush(self) -> None:
        """Print what is held back to be aligned."""
        if self._rows:
            for _, *cells in self._rows:
                self._widths = [max(w, min(_width(c), 60)) for w, c in zip(self._widths, cells, strict=True)]
            heads = tuple(name.lstrip(">") for name in self._columns)
            if self.printed == 0 and any(heads):
                self._write(self._styled(self._line(heads), DIM) + "\n")
            for style, *cells in self._rows:
                self._write(self._styled(self._line(cells), style) + "\n")
            self.printed += len(self._rows)
            self._rows = []
        self.stream.flush()

    def _line(self, cells: Sequence[str]) -> str:
        parts = []
        for index, (cell, width, name) in enumerate(zip(cells, self._widths, self._columns, strict=True)):
            if index == len(cells) - 1 and not name.startswith(">"):
                parts.append(cell)
            else:
                room = " " * (width - _width(cell))
                parts.append(room + cell if name.startswith(">") else cell + room)
        line = "  ".join(parts).rstrip()
        return _cut(line, os.get_terminal_size(self.stream.fileno()).columns) if self._is_terminal() else line

    def _is_terminal(self) -> bool:
        return self.stream.isatty() and os.isatty(self.stream.fileno())

    def _styled(self, text: str, style: str) -> str:
        return f"\033[{style}m{text}\033[0m" if style and self.colours else text

    def _write(self, text: str) -> None:
        encoding = self.stream.encoding or "utf-8"
        if encoding.lower().replace("-", "") == "utf8":
            self.stream.write(text)
        elif self.json:  # escapes say the same in ASCII
            self.stream.write("".join(c if ord(c) < 128 else _escape(c) for c in text))
        else:
            self.stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )  # fmt: skip


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    shown = text[: max(1, width - 1)]
    while _width(shown) > width - 1:
        shown = shown[:-1]
    return shown + "…"


# -- values ------------------------------------------------------------------------------------------------------------


def when(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with microseconds."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def brief_when(moment: datetime | None) -> str:
    """For tables: UTC, milliseconds."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def position_json(position: Position | None) -> Json:
    return list(position) if isinstance(position, tuple) else position


def event_row(event: Event) -> dict[str, Json]:
    """An event with the keys of the verb `events`. A payload that is not JSON comes as text, with the problem."""
    data, problem = _readable(event.data)
    metadata: Json = None
    if event.metadata:
        metadata, unreadable = _readable(event.metadata)
        if unreadable and not problem:
            problem = f"Metadata: {unreadable}"
    return {
        "position": position_json(event.position),
        "category": event.category,
        "id": event.id,
        "version": event.version,
        "type": event.type,
        "data": data if event.problem is None else _text(event.data),
        "metadata": metadata,
        "event_id": event.event_id,
        "recorded_at": when(event.recorded_at),
        "problem": event.problem or problem,
    }


def _readable(raw: bytes) -> tuple[Json, str | None]:
    decoded = payload.decode(raw)
    return (decoded.value, None) if decoded.problem is None else (_text(raw), decoded.problem)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def stream_row(stream: StreamInfo) -> dict[str, Json]:
    return {
        "category": stream.category,
        "id": stream.id,
        "version": stream.version,
        "events": stream.events,
        "first_at": when(stream.first_at),
        "last_at": when(stream.last_at),
    }


def snapshot_row(snapshot: Snapshot, verdict: str | None = None) -> dict[str, Json]:
    return {
        "category": snapshot.category,
        "id": snapshot.id,
        "version": snapshot.version,
        "taken_at": when(snapshot.taken_at),
        "verdict": verdict,
    }
