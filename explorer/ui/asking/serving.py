"""Services and the load of orders beside the window: each a process that it starts, tells things, hears and ends.

A thread waits for each of them; nothing here does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from PySide6.QtCore import QObject, Signal

from explorer.descriptions import ServiceInfo
from explorer.errors import Invalid
from explorer.ui.asking.worker import Delivery

if TYPE_CHECKING:
    from explorer.companion import Companion
    from explorer.services import LoadProcess, ServiceProcess
    from explorer.stores.store import StoreSpec

TONES = {
    "live": "good", "starting": "muted", "standby": "accent", "paused": "warning", "pausing": "warning",
    "failing": "error", "reconnecting": "error", "ended": "error", "silent": "error", "stopping": "muted",
    "stopped": "faint",
}  # fmt: skip
"""State of a service or subscription → the colour of its dot."""

NEWS = ("refused", "parked")  # what a service says of one event, and no standing
RECENT = 4.0  # seconds over which the reached rate of the load is measured
DOMAIN = "customers_orders"  # the domain of the load

Said: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service as this window runs it. `state`: "starting", what it says of itself ("live", "standby", "failing",
    "reconnecting", "paused" …), "stopping", "stopped" (by us, or because it could not go on) or "ended" (by itself, or
    killed by somebody)."""

    name: str
    running: bool = False
    slow: float = 0.0  # seconds that it waits before each event that it reacts to
    failing: bool = False  # made to fail
    pid: int | None = None  # of the process; of one that has ended too
    state: str = "stopped"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LoadState:
    """How the load stands."""

    rate: float = 0.0  # orders a second that are wanted; 0: none
    reached: float | None = None  # orders a second, over the last seconds; None: not known yet
    late: float = 0.0  # seconds that the next order is late
    orders: int = 0  # since the rate was set
    problem: str = ""  # why it cannot order just now


class Serving(QObject):
    """The services of the store that is open in this window. Without a writable store of our own there are none."""

    changed = Signal()

    def __init__(self, parent: QObject, delivery: Delivery) -> None:
        super().__init__(parent)
        self._later = delivery.later
        self._spec: StoreSpec | None = None
        self._plugins: tuple[str, ...] = ()
        self.infos: dict[str, ServiceInfo] = {}
        self._states: dict[str, ServiceState] = {}
        self._running: dict[str, Beside] = {}
        self._leaving: list[Beside] = []  # told to end
        self._load: Beside | None = None
        self.load_state = LoadState()
        self._summaries: list[tuple[float, int]] = []  # (seconds, orders) that the load has said lately

    def open(self, spec: StoreSpec, plugins: tuple[str, ...], services: tuple[ServiceInfo, ...]) -> None:
        """These services may be started on this store from now on."""
        self._spec, self._plugins = spec, plugins
        self.infos = {one.name: one for one in services}
        self._states = {one.name: ServiceState(one.name) for one in services}
        self.changed.emit()

    def let_go(self) -> list[Beside]:
        """End all of them. Does not wait: whoever gets them does."""
        everything = [*self._running.values(), *self._leaving, *([self._load] if self._load else [])]
        for one in everything:
            one.dismiss()
        self._running, self._leaving, self._load = {}, [], None
        self._spec, self.infos, self._states, self.load_state = None, {}, {}, LoadState()
        self.changed.emit()
        return everything

    # -- services ----------------------------------------------------------------------------------------------------

    def known(self) -> list[ServiceState]:
        """All services, in the order in which they are declared."""
        return list(self._states.values())

    def start(self, name: str) -> None:
        """Start it, unless it runs. Raises Invalid for a service that is not listed."""
        self._known(name)
        assert self._spec is not None
        if name in self._running:
            return
        beside = Beside(
            partial(_service, self._spec, self._plugins, self.infos[name]),
            lambda pid: self._later(lambda: self._began(name, beside, pid)),
            lambda said: self._later(lambda: self._said(name, beside, said)),
            lambda why: self._later(lambda: self._ended(name, beside, why)),
        )
        self._running[name] = beside
        self._states[name] = ServiceState(name, running=True, state="starting")
        self.changed.emit()
        beside.begin(f"serving {name}")

    def stop(self, name: str) -> None:
        """End it, if it runs. Raises Invalid for a service that is not listed."""
        self._known(name)
        beside = self._running.pop(name, None)
        if beside is not None:
            self._leaving.append(beside)
            beside.dismiss()
            self._change(name, running=False, slow=0.0, failing=False, state="stopping", detail="")

    def slow(self, name: str, seconds: float) -> None:
        """Have it wait so long before each event that it reacts to; nothing happens if it does not run."""
        self._known(name)
        if beside := self._running.get(name):
            beside.tell(lambda process: process.slow(seconds))
            self._change(name, slow=seconds)

    def fail(self, name: str, failing: bool) -> None:
        """Have it fail at each event that it reacts to, or no longer; nothing happens if it does not run."""
        self._known(name)
        if beside := self._running.get(name):
            beside.tell(lambda process: process.fail(failing))
            self._change(name, failing=failing)

    def start_all(self) -> None:
        for name in self.infos:
            self.start(name)

    def stop_all(self) -> None:
        for name in self.infos:
            self.stop(name)

    def of(self, subscription: str) -> ServiceState | None:
        """The service that works on this subscription."""
        return next((self._states[one.name] for one in self.infos.values() if subscription in one.subscriptions), None)

    def _known(self, name: str) -> ServiceState:
        if name not in self._states:
            raise Invalid(f"There is no service {name} here.", f"There is: {', '.join(self._states) or 'none'}.")
        return self._states[name]

    def _change(self, name: str, **values: Any) -> None:
        self._states[name] = replace(self._states[name], **values)
        self.changed.emit()

    def _began(self, name: str, beside: Beside, pid: int) -> None:
        if self._running.get(name) is beside:
            self._change(name, pid=pid)

    def _said(self, name: str, beside: Beside, said: Said) -> None:
        if self._running.get(name) is not beside or "state" not in said:
            return
        if said["state"] in NEWS:
            self._change(name, detail=said["detail"])
        else:
            self._change(name, state=said["state"], detail=said["detail"])

    def _ended(self, name: str, beside: Beside, why: str) -> None:
        if beside in self._leaving:
            self._leaving.remove(beside)
            if name in self._states and name not in self._running:
                self._change(name, state="stopped", pid=None, detail="")
        elif self._running.get(name) is beside:
            del self._running[name]
            said = self._states[name]
            left = {} if said.state == "stopped" else {"state": "ended", "detail": why}
            self._change(name, running=False, slow=0.0, failing=False, **left)  # its pid tells what it still owns

    # -- the load ----------------------------------------------------------------------------------------------------

    @property
    def can_load(self) -> bool:
        """Whether orders can be made: where the services of Customers and Orders may run."""
        return any(one.domain == DOMAIN for one in self.infos.values())

    def load(self, rate: float) -> None:
        """So many orders a second from now on, as far as the store can keep up; 0 stops. Raises Invalid where there
        can be none."""
        if not self.can_load or self._spec is None:
            raise Invalid("Orders can be made only on a writable store of our own.")
        self._summaries = []
        self.load_state = LoadState(rate)
        if rate > 0 and self._load is None:
            self._load = beside = Beside(
                partial(_load, self._spec),
                lambda pid: None,
                lambda said: self._later(lambda: self._load_said(beside, said)),
                lambda why: self._later(lambda: self._load_ended(beside, why)),
            )
            beside.begin("loading")
        if self._load is not None:
            self._load.tell(lambda process: process.rate(rate))
        self.changed.emit()

    def _load_said(self, beside: Beside, said: Said) -> None:
        if self._load is not beside or not self.load_state.rate:
            return
        if "failed" in said:
            self.load_state = replace(self.load_state, problem=f"{said['failed']} {said['hint']}".strip())
        elif said["rate"] == self.load_state.rate:
            if self._summaries and said["seconds"] < self._summaries[-1][0]:  # another run of this rate
                self._summaries = []
            self._summaries.append((said["seconds"], said["orders"]))
            while said["seconds"] - self._summaries[0][0] > RECENT and len(self._summaries) > 2:
                del self._summaries[0]
            (began, before), (now, orders) = self._summaries[0], self._summaries[-1]
            reached = (orders - before) / (now - began) if now > began else said["orders_per_second"]
            late = (said["due"] - orders) / said["rate"]
            self.load_state = LoadState(said["rate"], reached, late, orders)
        self.changed.emit()

    def _load_ended(self, beside: Beside, why: str) -> None:
        if self._load is beside:
            self._load, self.load_state = None, LoadState(problem=why)
            self.changed.emit()


def _service(spec: StoreSpec, plugins: tuple[str, ...], service: ServiceInfo) -> ServiceProcess:
    from explorer.services import ServiceProcess

    return ServiceProcess(spec, plugins, service)


def _load(spec: StoreSpec) -> LoadProcess:
    from explorer.services import LoadProcess

    return LoadProcess(spec)


class Beside:
    """A process beside the window, and the thread that starts it, hears it and waits for its end.

    `began(pid)`, `said(message)` and `ended(why)` are called in that thread; `ended` always, and last.
    """

    def __init__(
        self,
        start: Callable[[], Companion],
        began: Callable[[int], None],
        said: Callable[[Said], None],
        ended: Callable[[str], None],
    ) -> None:
        self._start = start
        self._began = began
        self._said = said
        self._ended = ended
        self._process: Companion | None = None
        self._untold: list[Callable[[Any], None]] = []
        self._lock = threading.Lock()  # held for a moment only
        self._thread: threading.Thread | None = None

    def begin(self, name: str) -> None:
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def tell(self, call: Callable[[Any], None]) -> None:
        """Call this with the process: now, or as soon as it is there."""
        with self._lock:
            if self._process is None:
                self._untold.append(call)
            else:
                call(self._process)

    def dismiss(self) -> None:
        """Have it end. Does not wait."""
        self.tell(lambda process: process.dismiss())

    def join(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        from explorer.services import why_ended

        try:
            process = self._start()
        except OSError as error:
            self._ended(f"Its process could not be started: {error.strerror}.")
            return
        self._began(process.pid)
        with self._lock:
            self._process = process
            for call in self._untold:
                call(process)
        for said in process.all_said():
            self._said(said)
        process.end()
        self._ended(why_ended(process.exit_code))
