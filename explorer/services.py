"""Services and the load, each in a process of its own beside the program that started it, which can tell it things.

A service can be made slow and made to fail while it runs; the load can be given another rate. None of them outlives
the program, however that ends.
"""

from __future__ import annotations

import signal
import threading
from dataclasses import asdict, replace
from typing import Any

from explorer.cancellation import Cancellation
from explorer.companion import Companion, Say, Told
from explorer.descriptions import ServiceInfo
from explorer.errors import Busy, ConnectionLost, ExplorerError, StoreReplaced
from explorer.stores.store import StoreSpec

ENDING = 1.0  # seconds that one of these processes has to end by itself; killing it loses nothing
AGAIN = 0.5  # seconds between two attempts to go on with a store that was replaced, or that is out of reach
FOR_EVER = 1e8  # seconds


class ServiceProcess(Companion):
    """One service of a domain. It says (`hear`, `all_said`) its standing: {"service", "state", "detail"}.

    When the store is replaced by another one at the same place, it goes on with that.
    """

    def __init__(self, spec: StoreSpec, plugins: tuple[str, ...], service: ServiceInfo) -> None:
        place = (spec.url, spec.layout, spec.instance, spec.password)
        super().__init__(f"service {service.name}", serve, *place, plugins, service.domain, service.service)

    def slow(self, seconds: float) -> None:
        """Wait so long before each event that it reacts to."""
        self.tell({"slow": seconds})

    def fail(self, failing: bool) -> None:
        """Fail at every event that it reacts to, or no longer."""
        self.tell({"failing": failing})

    def end(self, seconds: float = ENDING) -> None:
        super().end(seconds)


class LoadProcess(Companion):
    """Orders at a rate that can be changed, at first none. It says each second what `simulate.Summary` has, as a dict,
    or {"failed", "hint"} when it cannot write just now; with rate 0 nothing.
    """

    def __init__(self, spec: StoreSpec) -> None:
        super().__init__("load", load, spec.url, spec.layout, spec.instance, spec.password)

    def rate(self, orders_per_second: float) -> None:
        """A new rate is a new run, which is late for nothing that the former one has not done."""
        self.tell({"rate": orders_per_second})

    def end(self, seconds: float = ENDING) -> None:
        super().end(seconds)


def why_ended(code: int | None) -> str:
    """How a process that nobody told to end has ended, by its exit code: a sentence."""
    if code is not None and code < 0:
        try:
            return f"Its process was ended by {signal.Signals(-code).name}."
        except ValueError:
            return f"Its process was ended by signal {-code}."
    return "Its process has ended." if code == 0 else f"Its process has ended with exit code {code}."


# -- in the processes --------------------------------------------------------------------------------------------------


def serve(
    told: Told,
    say: Say,
    url: str,
    layout: str | None,
    instance: str | None,
    password: str | None,
    plugins: tuple[str, ...],
    domain_name: str,
    service: str,
) -> None:
    """The main function of a service's process, until told to end."""
    from explorer.follow import Standing
    from explorer.plugins import load
    from explorer.policies import run_service
    from explorer.subscriber import Knobs

    knobs = Knobs()

    def turn(message: dict[str, Any]) -> None:
        knobs.slow = float(message.get("slow", knobs.slow))
        knobs.failing = bool(message.get("failing", knobs.failing))

    def tell(service: str, standing: Standing) -> None:
        say({"service": service, "state": standing.state, "detail": standing.detail})

    told.hear(turn)
    spec = StoreSpec(url, layout, instance, writable=True, password=password)
    loaded = load(plugins)
    domain = next((one for one in loaded.domains if one.name == domain_name), None)
    if domain is None:
        tell(service, Standing("stopped", " ".join((f"There is no domain {domain_name}.", *loaded.problems))))
        return
    while not told.cancelled:
        try:
            run_service(spec, domain, service, told, tell, knobs)
        except StoreReplaced as replaced:  # the demo was reset: go on with the new store
            tell(service, Standing("reconnecting", str(replaced)))
            told.wait(AGAIN)
        except ExplorerError as error:
            tell(service, Standing("stopped", f"{error} {error.hint}".strip()))
            return


def load(told: Told, say: Say, url: str, layout: str | None, instance: str | None, password: str | None) -> None:
    """The main function of the load's process: a run for each rate that it is told, until told to end."""
    wanted = _Wanted()
    told.hear(lambda message: wanted.set(float(message["rate"])))
    spec = StoreSpec(url, layout, instance, writable=True, password=password)
    with told.heard_by(lambda: wanted.set(0.0)):
        while not told.cancelled:
            rate, run = wanted.next()
            if rate > 0:
                _run_load(spec, rate, run, say)


def _run_load(spec: StoreSpec, rate: float, run: Cancellation, say: Say) -> None:
    """One run, begun anew when the store was replaced or was out of reach."""
    from explorer.simulate import simulate
    from explorer.stores import open_store

    while not run.cancelled:
        try:
            store = open_store(replace(spec, writable=True))
            try:
                with store.cancelling(run):
                    simulate(store, rate, FOR_EVER, run, tell=lambda summary: say(asdict(summary)), again=False)
            finally:
                store.close()
        except (ConnectionLost, Busy) as error:  # a replaced store is one of them
            say({"failed": str(error), "hint": error.hint})
            run.wait(AGAIN)
        except ExplorerError as error:
            if not run.cancelled:
                say({"failed": str(error), "hint": error.hint})
                run.wait(FOR_EVER)


class _Wanted:
    """The rate that is wanted now. A new one ends the run of the former one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rate = 0.0
        self._new = False
        self._run = Cancellation()

    def set(self, rate: float) -> None:
        with self._changed:
            self._rate, self._new = rate, True
            self._run.cancel()
            self._changed.notify()

    def next(self) -> tuple[float, Cancellation]:
        """The next rate, as soon as there is one, and what will end its run."""
        with self._changed:
            while not self._new:
                self._changed.wait()
            self._new, self._run = False, Cancellation()
            return self._rate, self._run
