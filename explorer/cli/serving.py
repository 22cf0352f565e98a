"""The verb that works: services, which react to the events of a store, and what is done about their subscriptions."""

from __future__ import annotations

import argparse
import queue
import threading
import time
from typing import TypeAlias

from explorer.cancellation import Cancellation
from explorer.cli import subscriptions
from explorer.cli.opening import opened, plugins, spec_of
from explorer.cli.output import GREEN, RED, YELLOW, Output
from explorer.cli.reading import Verb
from explorer.errors import ExplorerError, Invalid
from explorer.follow import Standing
from explorer.model import Domain
from explorer.plugins import Loaded
from explorer.policies import run_service, subscription_name
from explorer.policies import services as services_of
from explorer.stores import StoreSpec

_STYLES = {"live": GREEN, "failing": RED, "parked": RED, "stopped": RED}
_LOOK = 0.2  # seconds between two looks at whether it is to end

Said: TypeAlias = "queue.SimpleQueue[tuple[str, Standing, ExplorerError | None]]"


def services(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    does = _run if arguments.what == "run" else subscriptions.DOES[arguments.what]
    return does(arguments, output, cancellation)


def _run(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    """Each service in a thread, until Ctrl+C, the time is over, or one of them cannot go on."""
    chosen = _chosen(plugins(arguments), arguments.service)
    with opened(arguments, cancellation, writes=True):
        spec = spec_of(arguments, writable=True)  # it is there, and can be written
    told = Cancellation()
    said: Said = queue.SimpleQueue()
    threads = [
        threading.Thread(target=_work, args=(spec, domain, service, told, said), name=service, daemon=True)
        for domain, service in chosen
    ]
    output.columns(f"{'service':12}", f"{'state':12}", "detail")
    end = None if arguments.seconds is None else time.monotonic() + arguments.seconds
    failed: ExplorerError | None = None
    try:
        for thread in threads:
            thread.start()
        while failed is None and not cancellation.cancelled and (end is None or time.monotonic() < end):
            try:
                service, standing, failed = said.get(timeout=_LOOK)
            except queue.Empty:
                continue
            output.line({"service": service, "state": standing.state, "detail": standing.detail})
            output.row(service, standing.state, standing.detail, style=_STYLES.get(standing.state, YELLOW))
            output.flush()
    finally:
        told.cancel()
        for thread in threads:
            thread.join()
    cancellation.check()
    if failed is not None:
        raise failed
    return 0


def _work(spec: StoreSpec, domain: Domain, service: str, told: Cancellation, said: Said) -> None:
    def tell(service: str, standing: Standing) -> None:
        said.put((service, standing, None))

    try:
        run_service(spec, domain, service, told, tell)
    except ExplorerError as error:
        said.put((service, Standing("stopped", f"{error} {error.hint}".strip()), error))


def _chosen(domains: Loaded, name: str | None) -> list[tuple[Domain, str]]:
    """The services to run: all of them, or that of this name (or domain.name). Raises Invalid."""
    there = [(domain, service) for domain in domains.domains for service in services_of(domain)]
    chosen = [one for one in there if name is None or name in (one[1], subscription_name(*one))]
    if not chosen:
        known = ", ".join(subscription_name(*one) for one in there) or "none"
        raise Invalid(f"There is no service {name}." if name else "There is no service to run.", f"There is: {known}.")
    return chosen


VERBS: dict[str, Verb] = {"services": services}
