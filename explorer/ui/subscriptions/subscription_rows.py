"""Subscriptions and parked events as rows: what is known of each from the store and from the window's own services."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QColor, QIcon

from explorer.descriptions import ServiceInfo
from explorer.stores.store import Parked, Subscribed
from explorer.ui.asking.serving import TONES, ServiceState, Serving
from explorer.ui.asking.watching import Watching
from explorer.ui.events.event_rows import type_icon
from explorer.ui.look import icons, text, theme
from explorer.ui.parts.models import Column

SILENT = 4.0  # seconds without a sign of life of an owner that is not ours


@dataclass(frozen=True, slots=True)
class Line:
    """One subscription."""

    name: str
    title: str  # without the domain where that is clear
    service: ServiceState | None  # of this window
    state: str
    detail: str  # what it waits for, or what went wrong last
    meanwhile: str  # what is so while nobody runs it
    position: int | None = None
    lag: int | None = None
    rate: float | None = None  # events a second
    owner: str = ""
    parked: int = 0
    paused: bool = False
    known: bool = False  # the store knows it
    keeps_rows: bool = False  # a projection's

    @property
    def words(self) -> str:
        """The state in words."""
        if self.service is None or not self.service.running:
            return self.state
        state = "made to fail" if self.service.failing else self.state
        return f"{state}, slow {_seconds(self.service.slow)}" if self.service.slow else state

    @property
    def sentence(self) -> str:
        """What that means, and what to do."""
        until = f"{self.meanwhile} until it goes on." if self.meanwhile else "what it reacts to waits."
        said = f"{self.detail.rstrip('.')}. " if self.detail else ""
        match self.state:
            case "stopped" | "ended" | "silent":
                waits = f"{self.meanwhile} until it runs again." if self.meanwhile else "what it reacts to waits."
                return f"{said}Nobody runs {self.title}: {waits}"
            case "paused":
                return f"{self.title} is paused: {until}"
            case "starting" | "stopping" | "pausing":
                return f"{self.title} is {self.state}."
        if self.service is not None and self.service.failing:
            return f"{said}It is made to fail: what it reacts to is tried a few times, then parked."
        if self.service is not None and self.service.slow:
            return f"{said}It waits {_seconds(self.service.slow)} before each event that it reacts to."
        return said.strip() or ("It has seen everything." if self.lag == 0 else "")


def lines(services: Serving, watching: Watching) -> list[Line]:
    """The services that this window may run first, then what else has subscribed."""
    found = watching.found
    head = found.head if isinstance(found.head, int) else None
    by_name = {one.name: (one, at) for one, at in zip(found.subscribed, found.positions, strict=True)}
    ours = {name: info for info in services.infos.values() for name in info.subscriptions}
    made = []
    for name in dict.fromkeys((*ours, *by_name)):
        known, position = by_name.get(name, (None, None))
        info, service = ours.get(name), services.of(name)
        state, detail = _standing(service, info, known, watching.silence(name))
        made.append(
            Line(
                name=name,
                title=_title(name, info),
                service=service,
                state=state,
                detail=detail,
                meanwhile=info.meanwhile if info is not None else "",
                position=position,
                lag=max(0, head - (position or 0)) if head is not None and known is not None else None,
                rate=watching.rate(name),
                owner=_owner(known, service),
                parked=known.parked if known is not None else 0,
                paused=known is not None and known.paused,
                known=known is not None,
                keeps_rows=info is not None and name != f"{info.domain}.{info.service}",
            )
        )
    return made


def _title(name: str, info: ServiceInfo | None) -> str:
    """As its service is called; what is left of the name where a service has several subscriptions."""
    if info is None:
        return name
    return info.name + name.removeprefix(f"{info.domain}.{info.service}")


def _standing(
    service: ServiceState | None, info: ServiceInfo | None, known: Subscribed | None, silence: float
) -> tuple[str, str]:
    if service is not None and service.running:
        said = service.state, service.detail
        mine = known is not None and _is_of(known.owner, service.pid)
        if known is not None and mine and service.state not in ("starting", "stopping"):
            if info is not None and len(info.subscriptions) > 1 and known.state:
                said = known.state, known.detail
            if known.paused and said[0] == "live":
                said = "pausing", ""
        return said
    if service is not None and service.state == "ended" and (known is None or _is_of(known.owner, service.pid)):
        return "ended", service.detail
    if known is not None and known.owner:
        if silence > SILENT:
            return "silent", f"Its owner has given no sign of life for {text.duration(silence)}."
        said = known.state or "live", known.detail
        return ("pausing", "") if known.paused and said[0] == "live" else said
    if service is not None and service.state == "stopping":
        return "stopping", ""
    return "stopped", service.detail if service is not None else ""


def _is_of(owner: str, pid: int | None) -> bool:
    return pid is not None and owner.startswith(f"{pid}@")


def _owner(known: Subscribed | None, service: ServiceState | None) -> str:
    if known is None or not known.owner:
        return ""
    who = known.owner.partition(" ")[0]
    if service is not None and service.running and _is_of(known.owner, service.pid):
        return f"this window, {service.pid}"
    pid, _, node = who.partition("@")
    if not pid.isdigit():
        return known.owner
    return f"process {pid}" if node == platform.node() else f"process {pid} on {node}"


def _seconds(seconds: float) -> str:
    return f"{seconds:g} s"


def columns() -> tuple[Column, ...]:
    """The columns of a list of `Line`."""

    def number(value: int | None) -> str:
        return "–" if value is None else text.number(value)

    def rate(line: Line) -> str:
        return "–" if line.rate is None else f"{line.rate:.0f} /s" if line.rate >= 9.95 else f"{line.rate:.1f} /s"

    def parked_colour(line: Line) -> QColor | None:
        return QColor(theme.colours().error) if line.parked else None

    return (
        Column("Subscription", lambda line: line.title, lambda line: line.name, width=120),
        Column("State", lambda line: line.words, lambda line: line.sentence, icon=state_icon, width=116),
        Column("Position", lambda line: number(line.position), align="right", mono=True, width=68),
        Column("Lag", lambda line: number(line.lag), lambda _: _LAG, align="right", mono=True, width=52),
        Column("Rate", rate, lambda _: "Events a second that it has gone past lately.", align="right", mono=True,
               width=62),
        Column("Parked", lambda line: number(line.parked), align="right", mono=True, foreground=parked_colour,
               width=56),
        Column("Owner", lambda line: line.owner or "nobody", lambda line: line.owner, width=124),
        Column("What that means", lambda line: line.sentence, lambda line: line.sentence),
    )  # fmt: skip


OWNER, MEANS = 6, 7  # columns that give way where there is little room

_LAG = "Events that are stored and that it has not gone past yet."


def state_icon(line: Line) -> QIcon:
    """A dot in the colour of the state; the word stands beside it."""
    return icons.icon("dot", TONES.get(line.state, "muted"))


def parked_columns(time_mode: Callable[[], str]) -> Sequence[Column]:
    """The columns of a list of `Parked`."""

    def reason(one: Parked) -> str:
        asked = {"retry": "to be tried again · ", "skip": "to be skipped · "}.get(one.wanted, "")
        return asked + (one.reason or "waits behind an earlier one")

    def whose(one: Parked) -> str:
        return f"position {one.position}, sequence {one.sequence}\n{_SEQUENCE}"

    def since(one: Parked) -> str:
        return text.when(one.parked_at, "relative")

    return (
        Column("Event", lambda one: one.type, whose, cut_left=True, icon=lambda one: type_icon(one.type), width=140),
        Column("Stream", lambda one: f"{one.category} {one.id} v{one.version}", lambda one: one.id, width=120),
        Column("Reason", reason, reason),
        Column("Tries", lambda one: str(one.attempts), align="right", mono=True, width=46),
        Column("Since", since, lambda one: text.when(one.parked_at, time_mode(), full=True), width=88),
        Column("Sequence", lambda one: one.sequence, whose, mono=True, width=88),
    )


SEQUENCE = 5  # the column that gives way where there is little room
_SEQUENCE = "Later events of the same sequence wait behind an earlier one; others go on."
