"""Snapshots as rows of a list, and what the verdicts on them mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from PySide6.QtGui import QColor, QIcon

from explorer.engine.messages import AggregateInfo, Verdict
from explorer.model import Snapshot
from explorer.ui.look import icons, text, theme
from explorer.ui.parts.models import Column

VERDICTS = {
    "identical": ("check", "good", "The content is what replay gives."),
    "older schema": ("warning", "warning", "It was taken under another schema version; commands do not use it."),
    "reducer changed": ("warning", "warning", "Replay gives something else now: the reducer has changed since."),
    "corrupt": ("error", "error", "It does not hold what replay gives, though nothing in the code has changed."),
    "ahead of the stream": ("error", "error", "It is of a version that the stream has not reached."),
    "unreadable": ("error", "error", "Its content cannot be read."),
}
"""Verdict → icon, tone, and what it means."""


class Line(NamedTuple):
    """One row: a snapshot (its content cut), and what comparing it gave, if somebody did."""

    snapshot: Snapshot
    verdict: Verdict | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        return self.snapshot.category, self.snapshot.id, self.snapshot.version


def columns(time_mode: Callable[[], str]) -> tuple[Column, ...]:
    """The columns of a list of `Line`. `time_mode`: one of `text.TIME_MODES`."""

    def when(line: Line) -> str:
        return text.when(line.snapshot.taken_at, time_mode())

    return (
        Column(
            "Stream", lambda line: f"{line.snapshot.category} {line.snapshot.id}", mono=True, cut_left=True, width=116
        ),
        Column("Version", lambda line: str(line.snapshot.version), align="right", mono=True, width=56),
        Column("Compared", _verdict, _verdict_tip, foreground=_verdict_colour, icon=_verdict_icon, width=112),
        Column("Saves", _saves, _saves_tip, align="right", width=128),
        Column("Taken", when, lambda line: text.when(line.snapshot.taken_at, full=True), width=176),
        Column("Size", lambda line: text.size_text(line.snapshot.size), align="right", width=64),
        Column("Schema", lambda line: str(line.snapshot.schema_version or ""), _origin, align="right", width=60),
    )


def taken_every(aggregates: Iterable[AggregateInfo], category: str) -> int:
    """Events between periodic snapshots of streams of this category; 0: none are taken."""
    return next((one.snapshot_every for one in aggregates if category in one.categories), 0)


def meaning(verdict: Verdict) -> str:
    """A verdict in words, with its details."""
    known = VERDICTS.get(verdict.verdict, ("", "", ""))[2]
    return " ".join(part for part in (known, verdict.detail) if part)


def saving_text(verdict: Verdict) -> str:
    """What a load saves thanks to the snapshot: events not read, and the time as measured."""
    if not verdict.seconds_full:
        return ""
    times = f"{text.duration(verdict.seconds_snapshot)} instead of {text.duration(verdict.seconds_full)}"
    return f"Replay from here takes {times} and reads {text.number(verdict.events_saved)} events fewer."


def _saves(line: Line) -> str:
    if line.verdict is None or not line.verdict.seconds_full:
        return ""
    less = max(0.0, line.verdict.seconds_full - line.verdict.seconds_snapshot)
    return f"{text.plural(line.verdict.events_saved, 'event')}, {text.duration(less)}"


def _saves_tip(line: Line) -> str:
    return saving_text(line.verdict) if line.verdict is not None else ""


def _origin(line: Line) -> str:
    taken_by = f"taken by {line.snapshot.aggregate}" if line.snapshot.aggregate else ""
    code = f"code {line.snapshot.fingerprint[:12]}" if line.snapshot.fingerprint else ""
    return "\n".join(part for part in (taken_by, code) if part)


def _verdict(line: Line) -> str:
    return line.verdict.verdict if line.verdict is not None else ""


def _verdict_tip(line: Line) -> str:
    if line.verdict is None:
        return ""
    return "\n".join(part for part in (meaning(line.verdict), saving_text(line.verdict)) if part)


def _verdict_colour(line: Line) -> QColor | None:
    tone = VERDICTS[line.verdict.verdict][1] if line.verdict and line.verdict.verdict in VERDICTS else ""
    return QColor(getattr(theme.colours(), tone)) if tone else None


def _verdict_icon(line: Line) -> QIcon | None:
    if line.verdict is None or line.verdict.verdict not in VERDICTS:
        return None
    icon, tone, _ = VERDICTS[line.verdict.verdict]
    return icons.icon(icon, tone)
