"""Commands and the runs of versions at which they get the same verdict, as rows; what verdicts look like."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QIcon, QPainter

from explorer.engine.asks_decisions import DecisionRun
from explorer.ui.look import icons, text, theme
from explorer.ui.parts.models import Column

VERDICTS = {
    "accepted": ("check", "good", "add_back"),
    "nothing": ("minus", "muted", "hover"),
    "refused": ("close", "error", "remove_back"),
    "unknown": ("help", "warning", "replace_back"),
    "failed": ("error", "error", "error_back"),
    "invalid": ("warning", "warning", "warning_back"),
}
"""Verdict → icon, tone, and the colour of its band."""


class CommandRow(NamedTuple):
    name: str
    runs: tuple[DecisionRun, ...]

    def place(self, version: int) -> int:
        """Which run this version belongs to; -1 where there is none."""
        return bisect_right(self.runs, version, key=lambda run: run.first) - 1

    def at(self, version: int) -> DecisionRun | None:
        """The run that this version belongs to."""
        place = self.place(version)
        return self.runs[place] if place >= 0 else None


class Standing(NamedTuple):
    """A command, and the run at the version one is looking at."""

    command: CommandRow
    here: DecisionRun | None


def versions_of(run: DecisionRun) -> str:
    first, last = text.number(run.first), text.number(run.last)
    return f"v {first}" if run.first == run.last else f"v {first} – {last}"


def since(run: DecisionRun) -> str:
    return f"v {text.number(run.first)} {run.type}" if run.type else "the beginning"


def _icon(run: DecisionRun | None) -> QIcon | None:
    if run is None:
        return None
    name, tone, _ = VERDICTS[run.verdict]
    return icons.icon(name, tone)


def _tone(run: DecisionRun | None) -> QColor | None:
    return None if run is None else QColor(getattr(theme.colours(), VERDICTS[run.verdict][1]))


def command_columns(paint: Callable[[QPainter, QRect, Standing], None]) -> tuple[Column, ...]:
    """Of a list of `Standing`; how the last column is painted, as a band, is the table's business."""
    return (
        Column("Command", lambda row: row.command.name, width=112),
        Column(
            "Here",
            lambda row: row.here.words if row.here else "",
            lambda row: f"{row.here.words}\nsince {since(row.here)}" if row.here else "",
            foreground=lambda row: _tone(row.here),
            icon=lambda row: _icon(row.here),
            width=120,
        ),
        Column(
            "Versions",
            lambda row: "; ".join(f"{versions_of(run)} {run.words}" for run in row.command.runs[:50]),
            paint=paint,
        ),
    )


def run_columns() -> tuple[Column, ...]:
    """Of a list of `DecisionRun`."""
    return (
        Column("Versions", versions_of, align="right", mono=True, width=104),
        Column("Verdict", lambda run: run.words, lambda run: run.words, foreground=_tone, icon=_icon),
        Column("Since", since, cut_left=True, width=120),
    )
