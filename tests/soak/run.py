"""One soak: a load on a store, services in processes that are killed, stopped and started again, then the judge."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from explorer.domains.customers_orders import DOMAIN
from explorer.policies import services as services_of
from explorer.stores import StoreSpec, open_store
from tests.benchmarks.figures import percentile
from tests.patience import PATIENCE
from tests.soak.schedule import KILL, KILL_ALL, LOAD, SERVER, STOP, WINDOW, Action, schedule
from tests.soak.standing import Standing, standing

ROOT = Path(__file__).resolve().parents[2]
INSTANCES = 2
TICK = 0.05  # seconds between two looks
TAKEN_OVER = 10.0  # seconds, where another instance stands by
NOBODY = "nobody stood by"  # then it is how long it takes to start one
CANNOT_OPEN = 3  # exit code
IDLE = 180.0  # seconds within which the services must be done with what is left


@dataclass(frozen=True)
class Plan:
    seconds: float
    rate: float  # orders a second
    between: float = 6.0  # mean seconds between two things that happen to services
    seed: int = 1
    window: bool = True
    taken_over: float = TAKEN_OVER  # seconds that another instance may take


@dataclass
class Report:
    figures: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@dataclass
class _Instance:
    """One process of a service, in all its lives."""

    service: str
    process: subprocess.Popen[str]
    said: Path
    stopped: bool = False

    @property
    def stands_by(self) -> bool:
        """It has come up, and would take over."""
        return not self.stopped and self.process.poll() is None and '"state":"standby"' in self.said.read_text()


@dataclass(frozen=True)
class _Takeover:
    """A service whose owner was taken away, and is waited for."""

    since: float
    epoch: int
    how: str


class Soak:
    def __init__(
        self,
        url: str,
        folder: Path,
        plan: Plan,
        restart: Callable[[], None] | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`restart` crashes the server and starts it again, in this thread. `tell` hears each minute."""
        self._url, self._folder, self._plan, self._restart, self._tell = url, folder, plan, restart, tell
        self._services: Sequence[str] = services_of(DOMAIN)
        self._report = Report()
        self._did: Counter[str] = Counter()
        self._instances: list[_Instance] = []
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._taken: dict[str, _Takeover] = {}
        self._took: dict[str, list[float]] = {KILL: [], NOBODY: [], STOP: []}
        self._lives = 0
        self._loads: list[subprocess.Popen[str]] = []
        self._orders = 0
        self._window: subprocess.Popen[str] | None = None

    def run(self) -> Report:
        open_store(StoreSpec(self._url, create=True, writable=True)).close()
        plan = self._plan
        actions = schedule(plan.seed, plan.seconds, plan.between, self._services, self._restart is not None)
        try:
            self._begun = time.monotonic()
            self._instances = [self._started(name) for name in self._services for _ in range(INSTANCES)]
            self._load()
            self._while_loaded(actions)
            loaded = time.monotonic() - self._begun
            idle = self._until_idle()
        finally:
            self._end()
        self._report.figures |= self._figures(loaded, idle)
        self._judge()
        return self._report

    # -- what happens --------------------------------------------------------------------------------------------------

    def _while_loaded(self, actions: list[Action]) -> None:
        end, told = self._begun + self._plan.seconds, 0
        while (now := time.monotonic()) < end or self._loads[-1].poll() is None:
            while actions and self._begun + actions[0].at <= now:
                self._do(actions.pop(0))
            self._look()
            minute = int((now - self._begun) / 60)
            if minute > told:
                told = minute
                self._tell(f"{minute} min: {self._now()}")
            if now > end + 2 * PATIENCE:
                self._wrong("the load has not ended")
                break
            time.sleep(TICK)

    def _do(self, action: Action) -> None:
        back = time.monotonic() + action.seconds
        if action.what == WINDOW:
            if self._plan.window:
                self._open_window()
                self._later.append((back, self._kill_window))
        elif action.what == LOAD:
            self._loads[-1].kill()
            self._loads[-1].wait()
            self._load()
            self._did["killed load"] += 1
        elif action.what == SERVER:
            assert self._restart is not None
            self._taken.clear()  # how long it takes to be back is no takeover
            self._restart()
            self._did["crashed server"] += 1
        else:
            self._disturb(action, back)

    def _disturb(self, action: Action, back: float) -> None:
        """Kill or stop instances of a service."""
        known = self._standing().get(action.service)
        alive = [one for one in self._instances if one.service == action.service and one.process.poll() is None]
        owning = [one for one in alive if known is not None and one.process.pid == known.pid]
        chosen = alive if action.what == KILL_ALL else owning if action.owner and owning else alive[-1:]
        if known is not None and any(one in owning for one in chosen):
            others = [one for one in alive if one not in chosen]
            how = action.what if any(one.stands_by for one in others) else NOBODY
            self._taken[action.service] = _Takeover(time.monotonic(), known.epoch, how)
        for one in chosen:
            if action.what == STOP:
                one.process.send_signal(signal.SIGSTOP)
                one.stopped = True
                self._later.append((back, lambda one=one: self._go_on(one)))  # type: ignore[misc]
            else:
                one.process.kill()
                one.process.wait()
                self._instances.remove(one)
                self._later.append((back, lambda: self._instances.append(self._started(action.service))))
            self._did[f"{'stopped' if action.what == STOP else 'killed'} {action.service}"] += 1

    def _go_on(self, one: _Instance) -> None:
        one.process.send_signal(signal.SIGCONT)
        one.stopped = False

    def _look(self) -> None:
        """Do what is due; see who has taken over, and whether somebody ended whom nobody has killed."""
        now = time.monotonic()
        due = [do for when, do in self._later if when <= now]
        self._later = [(when, do) for when, do in self._later if when > now]
        for do in due:
            do()
        for one in [one for one in self._instances if one.process.poll() is not None]:
            if one.process.returncode == CANNOT_OPEN and self._restart is not None:
                self._did["started without a server"] += 1
            else:
                self._wrong(f"the service {one.service} ended by itself with {one.process.returncode}")
            self._instances.remove(one)
            self._instances.append(self._started(one.service))
        if self._window is not None and self._window.poll() is not None:
            self._wrong(f"the window ended by itself with {self._window.returncode}")
            self._window = None
        if self._taken:
            now_known = self._standing()
            for service, taken in list(self._taken.items()):
                known = now_known.get(service)
                if known is not None and known.epoch > taken.epoch:
                    self._took[taken.how].append(time.monotonic() - taken.since)
                    del self._taken[service]

    # -- processes -----------------------------------------------------------------------------------------------------

    def _process(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """What it says goes into a file of its own, the last one of the folder."""
        environment = {**os.environ, **more}
        self._lives += 1
        with self._said().open("w") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "explorer", *arguments],
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, text=True,
            )  # fmt: skip

    def _said(self) -> Path:
        return self._folder / f"said-{self._lives:04}"

    def _started(self, service: str) -> _Instance:
        process = self._process("services", "run", self._url, "--service", service, "--json")
        return _Instance(service, process, self._said())

    def _load(self) -> None:
        seconds = max(1.0, self._plan.seconds - (time.monotonic() - self._begun))
        number = str(self._plan.seed * 1000 + len(self._loads))
        words = ("--rate", str(self._plan.rate), "--seconds", f"{seconds:.3f}", "--seed", number, "--json")
        self._loads.append(self._process("simulate", self._url, *words))

    def _open_window(self) -> None:
        home = str(self._folder / "home")
        self._window = self._process("gui", self._url, QT_QPA_PLATFORM="offscreen", EVENT_STORE_EXPLORER_HOME=home)
        self._did["windows"] += 1

    def _kill_window(self) -> None:
        """With -9; whatever it started must be gone soon."""
        window, self._window = self._window, None
        if window is None:
            return
        children = psutil.Process(window.pid).children(recursive=True)
        window.kill()
        window.wait()
        self._did["killed window"] += 1
        _, left = psutil.wait_procs(children, PATIENCE)
        if left:
            self._wrong(f"the killed window has left {[process.cmdline() for process in left]}")

    def _end(self) -> None:
        self._kill_window()
        for process in [*(one.process for one in self._instances), *self._loads]:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()

    # -- afterwards ----------------------------------------------------------------------------------------------------

    def _until_idle(self) -> float:
        """Seconds until every subscription has been at the head, and nothing has come, for two seconds."""
        began = quiet = time.monotonic()
        before: object = None
        self._later = [(0.0, do) for _, do in self._later]
        while time.monotonic() - quiet < 2.0:
            self._look()
            now = self._standing()
            if len(now) < len(self._services) or any(known.lag for known in now.values()) or now != before:
                quiet = time.monotonic()
            before = now
            if time.monotonic() - began > IDLE:
                self._wrong(f"the services are not idle after {IDLE:.0f} s: {self._now()}")
                break
            time.sleep(TICK)
        return quiet - began

    def _judge(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "tests.soak.judge", self._url], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if not done.stdout:
            self._wrong(f"the judge could not judge: {done.stderr[-2000:]}")
            return
        judged = json.loads(done.stdout)
        self._report.wrong += judged.pop("wrong")
        self._report.figures["judged"] = judged

    def _figures(self, loaded: float, idle: float) -> dict[str, Any]:
        lines = [line for path in sorted(self._folder.glob("said-*")) for line in path.read_text().splitlines()]
        said = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        for line in lines:
            if "Traceback" in line or "Error" in line.partition(":")[0]:
                self._wrong(f"somebody said: {line}")
        summaries = [line for line in said if "orders_per_second" in line]
        took = {how: times for how, times in self._took.items() if times}
        for how in (KILL, STOP):
            for seconds in took.get(how, []):
                if seconds > self._plan.taken_over:
                    self._wrong(f"a takeover took {seconds:.1f} s ({how})")
        return {
            "database": "postgresql" if "://" in self._url else "sqlite",
            "seed": self._plan.seed,
            "rate": self._plan.rate,
            "seconds_of_load": round(loaded, 1),
            "seconds_until_idle": round(idle, 2),
            "did": dict(sorted(self._did.items())),
            "takeovers": {
                how: {
                    "count": len(times),
                    "p50": round(percentile(times, 50), 2),
                    "p95": round(percentile(times, 95), 2),
                    "max": round(max(times), 2),
                }
                for how, times in took.items()
            },
            "load": [
                {name: line[name] for name in ("due", "orders", "refused", "conflicts", "lost", "late_p95_ms")}
                for line in summaries
            ],
            "said": dict(Counter(line["state"] for line in said if "state" in line)),
        }

    def _standing(self) -> dict[str, Standing]:
        return standing(self._url)

    def _now(self) -> str:
        lags = ", ".join(f"{name} {known.lag} behind" for name, known in self._standing().items())
        did = ", ".join(f"{what} {count}" for what, count in sorted(self._did.items()))
        return f"{lags}; {did}"

    def _wrong(self, sentence: str) -> None:
        self._report.wrong.append(sentence)
