"""One run: a store, writers, subscribers and, if wanted, a killer; then the truth."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.stores import StoreSpec, open_store
from tests.patience import PATIENCE
from tests.stress.truth import Findings, judge_subscriber, judge_writers

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Plan:
    attempts: int = 20_000
    processes: int = 8
    rollbacks: float = 0.2
    delay: float = 0.004  # mean seconds before a commit
    kill: bool = False  # writers and subscribers, with SIGKILL, again and again
    kills: int = 40  # how often, evenly over the attempts
    seed: int = 1
    limit: float = 900.0  # seconds


class Stress:
    def __init__(self, url: str, folder: Path, plan: Plan, restart: Callable[[], None] | None = None) -> None:
        self.url = url
        self.folder = folder
        self.plan = plan
        self.restart = restart  # restarts the server
        self.random = random.Random(plan.seed)
        self.stop = folder / "stop"
        self.findings = Findings()
        self.writers: dict[str, subprocess.Popen[bytes]] = {}
        self.subscribers: dict[str, subprocess.Popen[bytes]] = {}
        self.counted: dict[Path, tuple[int, int]] = {}  # attempts begun, and how far the log was read
        self.kills = {"writers": 0, "subscribers": 0, "restarts": 0}

    def run(self) -> Findings:
        open_store(StoreSpec(self.url, create=True, writable=True)).close()
        began = time.monotonic()
        try:
            for mode in ("eager", "ordered"):
                self.subscribe(mode)
            for number in range(self.plan.processes):
                self.write(f"w{number}", self.plan.attempts // self.plan.processes, life=0)
            self.wait_for_writers()
            wrote = time.monotonic()
            self.stop.touch()
            self.wait_for_subscribers()
            caught_up = time.monotonic()
            if self.plan.kill:
                # A writer killed inside of COMMIT may have written it to SQLite's WAL without having told the others:
                # nobody sees it until the last of them has gone and the next one plays the WAL back.
                for mode in self.subscribers:
                    self.subscribe(mode)
                self.wait_for_subscribers()
        finally:
            for process in (*self.writers.values(), *self.subscribers.values()):
                process.kill()
                process.wait()
        self.findings.figures |= {
            "database": "postgresql" if self.url.startswith("postgresql") else "sqlite",
            "processes": self.plan.processes,
            "with_kills": self.plan.kill,
            **{f"killed_{what}" if what != "restarts" else what: count for what, count in self.kills.items()},
            "seconds_writing": round(wrote - began, 1),
            "seconds_to_catch_up": round(caught_up - wrote, 2),
        }
        events = judge_writers(self.findings, self.url, self.folder.glob("w*.log"))
        for mode in ("eager", "ordered"):
            judge_subscriber(self.findings, mode, self.folder / f"{mode}.log", events, mode == "ordered")
        self.findings.figures["wrong"] = self.findings.wrong[:20]
        return self.findings

    def write(self, name: str, attempts: int, life: int) -> None:
        self.writers[name] = self.start(
            "tests.stress.writer",
            log=str(self.folder / f"{name}-{life}.log"), name=name, attempts=attempts,
            seed=self.plan.seed * 1000 + self.random.randrange(10**6), delay=self.plan.delay,
            rollbacks=self.plan.rollbacks,
        )  # fmt: skip

    def subscribe(self, mode: str) -> None:
        self.subscribers[mode] = self.start(
            "tests.stress.subscriber",
            mode=mode, log=str(self.folder / f"{mode}.log"), checkpoint=str(self.folder / f"{mode}.checkpoint"),
            stop=str(self.stop),
        )  # fmt: skip

    def start(self, module: str, **task: Any) -> subprocess.Popen[bytes]:
        task |= {"url": self.url, "password": None}
        return subprocess.Popen([sys.executable, "-m", module, json.dumps(task)], cwd=ROOT, stdin=subprocess.DEVNULL)

    def wait_for_subscribers(self) -> None:
        for name, process in self.subscribers.items():
            self.findings.check(process.wait(10 * PATIENCE) == 0, f"{name} ended with {process.returncode}")

    def wait_for_writers(self) -> None:
        lives = dict.fromkeys(self.writers, 0)
        done: set[str] = set()
        until = time.monotonic() + self.plan.limit
        between = self.plan.attempts / (self.plan.kills + 1)
        next_kill, restart_at = between, self.plan.attempts / 2
        while len(done) < len(self.writers) and time.monotonic() < until:
            time.sleep(0.02)
            for name, process in self.writers.items():
                if name in done or process.poll() is None:
                    continue
                left = self.plan.attempts // self.plan.processes - self.attempted(name)
                if process.returncode > 0:
                    self.findings.check(False, f"{name} ended with {process.returncode}")
                    done.add(name)
                elif left > 0:
                    lives[name] += 1
                    self.write(name, left, lives[name])
                else:
                    done.add(name)
            if not self.plan.kill or len(done) == len(self.writers):
                continue
            attempted = sum(self.attempted(name) for name in self.writers)
            if attempted >= next_kill and self.kills["writers"] < self.plan.kills:
                next_kill += between
                self.kill_some(done)
            if self.restart is not None and attempted >= restart_at:
                restart_at = float("inf")
                self.restart()
                self.kills["restarts"] += 1
        self.findings.check(len(done) == len(self.writers), "the writers have not ended in time")

    def kill_some(self, done: set[str]) -> None:
        writer = self.random.choice(sorted(set(self.writers) - done))
        self.writers[writer].kill()
        self.writers[writer].wait()
        self.kills["writers"] += 1
        mode = self.random.choice(sorted(self.subscribers))
        self.subscribers[mode].kill()
        self.subscribers[mode].wait()
        self.kills["subscribers"] += 1
        self.subscribe(mode)

    def attempted(self, name: str) -> int:
        """How many attempts a writer has begun, in all its lives."""
        for path in self.folder.glob(f"{name}-*.log"):
            counted, upto = self.counted.get(path, (0, 0))
            with path.open("rb") as log:
                log.seek(upto)
                new = log.read()
            whole = new.rfind(b"\n") + 1
            self.counted[path] = (counted + new[:whole].count(b'{"try"'), upto + whole)
        return sum(count for path, (count, _) in self.counted.items() if path.name.startswith(f"{name}-"))
