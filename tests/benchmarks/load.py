"""Orders at a rate, end to end through all services, with the window open: how late the services are, how late the
window is, and what rate can be kept.

    python -m tests.benchmarks.load [--rate 100] [--seconds 60] [--only sqlite|postgresql] [--no-ceiling]

Everything in processes of its own, one transaction per command: the loads, each service, the window with its live feed;
loads and services at the priority at which a window starts them.
Several loads share the rate, as many customers do: one alone would wait for the disk with each command.
SQLite with its WAL and synchronous=NORMAL; PostgreSQL with fsync and synchronous_commit. The lag of an order is the
time from its OrderCreated to its OrderApproved or OrderRejected, by the times that the events were recorded at, which
is right before their commits; painted is measured from there, too. Prints a JSON line for each measurement.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil

from explorer.companion import BEHIND
from explorer.domains.customers_orders import DOMAIN
from explorer.policies import services
from explorer.settings import HOME
from explorer.stores import StoreSpec, open_store
from tests.benchmarks.figures import load, percentile, verdict
from tests.benchmarks.gui_stalls import MOST, P99
from tests.benchmarks.screen import screen
from tests.benchmarks.watched_window import Watched
from tests.postgres_server import DURABLE, postgres_server
from tests.soak.standing import standing
from tests.soak.stored import decided

ROOT = Path(__file__).parents[2]
LOADS = 3
LAG = 1.0  # seconds, at most
PAINTED = 0.150  # seconds, 95 of 100
WARM_UP = 4.0  # seconds of load before measuring
STEP = 10.0  # seconds of load at each rate while the ceiling is looked for
DRAINED = 120.0  # seconds that the services have to be done with the rest


@dataclass(frozen=True)
class Setting:
    database: str
    url: str
    environment: dict[str, str]
    server: int | None = None  # its process


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="load", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=float, default=100.0, help="orders a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--no-ceiling", action="store_true", help="do not look for the rate that can be kept")
    options = parser.parse_args(arguments)
    good = True
    with tempfile.TemporaryDirectory(prefix="esx-load-") as folder, screen() as (where, environment):
        print(f"load: {where}; {load()}")
        environment = {**environment, HOME: folder}
        if options.only != "postgresql":
            good &= measure(Setting("sqlite", f"{folder}/store.sqlite", environment), options)
        if options.only != "sqlite":
            with postgres_server(DURABLE) as server, server.database() as url:
                good &= measure(Setting("postgresql", url, environment, server.pid), options)
        print(f"load: {load()}")
    return 0 if good else 1


def measure(setting: Setting, options: argparse.Namespace) -> bool:
    open_store(StoreSpec(setting.url, create=True, writable=True)).close()
    with ExitStack() as stack:
        running = {name: stack.enter_context(_service(setting, name)) for name in services(DOMAIN)}
        with _window(setting, "window") as window:
            found = _run(setting, running, window, options.rate, options.seconds)
            print(json.dumps(found), flush=True)
        with _window(setting, "empty") as window:
            empty = _run(setting, running, window, options.rate, options.seconds)
            print(json.dumps(empty), flush=True)
        name, stalls = setting.database, found["window"]["stalls"]
        good = verdict(f"{name}: lag of the services, longest", found["lag_ms"]["max"] / 1000, LAG)
        good &= verdict(f"{name}: committed → painted, p95", found["window"]["painted_p95"] / 1000, PAINTED)
        for what, most in (("p99", P99), ("most", MOST)):
            control = f"an empty window {empty['window']['stalls'][what] * 1000:.1f} ms"
            good &= verdict(f"{name}: lateness of the window, {what} ({control})", stalls[what], most)
        if not options.no_ceiling:
            with _window(setting, "window") as window:
                _ceiling(setting, running, window, options.rate)
    return good


def _ceiling(setting: Setting, running: dict[str, psutil.Process], window: subprocess.Popen[str], rate: float) -> None:
    """Raise the rate until it is not kept; say the last that was, and who had no more time."""
    kept: dict[str, Any] | None = None
    while True:
        found = _run(setting, running, window, rate, STEP)
        sustained = found["orders_per_second"] >= 0.97 * rate and found["lag_ms"]["p95"] < LAG * 1000
        print(json.dumps({**found, "sustained": sustained}), flush=True)
        if not sustained:
            break
        kept, rate = found, rate * 1.25
    busiest = next(iter(found["processor_percent"].items()))
    print(
        f"      {setting.database}: {kept['rate'] if kept else 0:g} orders/s are kept up;"
        f" beyond, {busiest[0]} is at {busiest[1]:.0f} % of a processor, all together at"
        f" {sum(found['processor_percent'].values()):.0f} % of {psutil.cpu_count()} processors",
        flush=True,
    )


def _run(
    setting: Setting,
    running: dict[str, psutil.Process],
    window: subprocess.Popen[str],
    rate: float,
    seconds: float,
) -> dict[str, Any]:
    """One measurement: load for so long after warming up, then until the services are done."""
    begun = datetime.now(UTC)
    words = (
        "simulate",
        setting.url,
        "--rate",
        f"{rate / LOADS:g}",
        "--seconds",
        f"{WARM_UP + seconds + 1:g}",
        "--json",
    )
    with ExitStack() as stack:
        loads = [
            stack.enter_context(_program(setting, *words, "--seed", str(number), stdout=subprocess.PIPE))
            for number in range(LOADS)
        ]
        time.sleep(WARM_UP)
        named = {**running, "window": psutil.Process(window.pid)}
        named |= {f"load {number}": psutil.Process(loading.pid) for number, loading in enumerate(loads, 1)}
        before = _processor_times(named, setting.server)
        assert window.stdin is not None
        assert window.stdout is not None
        window.stdin.write(f"measure {seconds}\n")
        window.stdin.flush()
        since = time.monotonic()
        behind = []
        while (passed := time.monotonic() - since) < seconds:
            behind.append({name: known.lag for name, known in standing(setting.url).items()})
            time.sleep(min(1.0, max(0.0, seconds - passed)))
        after = _processor_times(named, setting.server)
        watched = msgspec.json.decode(window.stdout.readline(), type=Watched)
        passed = time.monotonic() - since
        summaries = [json.loads(loading.communicate()[0]) for loading in loads]
    _until(lambda: all(known.lag == 0 for known in standing(setting.url).values()), DRAINED)
    answered = decided(setting.url, begun)
    lags = sorted((answer - created).total_seconds() * 1000 for created, answer in answered if answer is not None)
    spent = {name: round((after[name] - before[name]) / passed * 100, 1) for name in after}
    return {
        "database": setting.database,
        "window_is": "empty" if watched.painted == 0 else "full",
        "rate": rate,
        "seconds": seconds,
        "orders": sum(summary["orders"] for summary in summaries),
        "orders_per_second": round(sum(summary["orders_per_second"] for summary in summaries), 2),
        "load_late_p95_ms": max(summary["late_p95_ms"] for summary in summaries),
        "conflicts": sum(summary["conflicts"] for summary in summaries),
        "unanswered": len(answered) - len(lags),
        "lag_ms": {
            "p50": round(percentile(lags, 50), 1),
            "p95": round(percentile(lags, 95), 1),
            "max": round(lags[-1], 1),
        },
        "events_behind_most": {name: max(one.get(name, 0) for one in behind) for name in sorted(behind[-1])},
        "window": msgspec.to_builtins(watched),
        "processor_percent": dict(sorted(spent.items(), key=lambda one: -one[1])),
    }


def _until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.1)


# -- processes ---------------------------------------------------------------------------------------------------------


@contextmanager
def _program(setting: Setting, *words: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        ["nice", "-n", str(BEHIND), sys.executable, "-m", "explorer", *words], env=setting.environment, text=True,
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **how},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _service(setting: Setting, name: str) -> Iterator[psutil.Process]:
    with _program(setting, "services", "run", setting.url, "--service", name) as process:
        _until(lambda: standing(setting.url).get(name) is not None, 20)
        yield psutil.Process(process.pid)


@contextmanager
def _window(setting: Setting, what: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.watched_window", what, setting.url],
        env=setting.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert "ready" in process.stdout.readline()
        yield process
        process.stdin.close()
        process.wait(20)
    finally:
        process.kill()
        process.wait()


def _processor_times(named: dict[str, psutil.Process], server: int | None) -> dict[str, float]:
    """Seconds of processor time so far, by what the processes are; a server's backends together, and the busiest."""
    times = {name: _spent(process) for name, process in named.items()}
    times["window's processes"] = sum(_spent(child) for child in named["window"].children(recursive=True))
    if server is not None:
        backends = [_spent(process) for process in psutil.Process(server).children()]
        times["postgresql, all of it"] = sum(backends)
    return times


def _spent(process: psutil.Process) -> float:
    try:
        spent = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(spent.user + spent.system)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
