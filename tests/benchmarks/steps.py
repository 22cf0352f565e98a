"""A step in the window, wherever it jumps: from where the cursor is put to where all panes are painted.

A stream of 100,000 events onto a state of 34 paths, in a window of 1440 × 900; the cursor goes to events chosen at
random. Beside it the same asks (state, differences, payload) of the same engine with no pane that shows the answers:
what the window adds to them.

    python -m tests.benchmarks.steps [--events 100000] [--steps 400]
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.settings import HOME
from tests.benchmarks.figures import load, percentile, verdict
from tests.benchmarks.screen import screen

if TYPE_CHECKING:
    from explorer.ui.workspace import Workspace

EVENTS, STEPS = 100_000, 400
WARM = 20  # steps before measuring
STEP = 0.016  # seconds, 99 of 100
CATEGORY, ID = "Note", "long"
KEYS = 33


class Result(msgspec.Struct):
    """Seconds."""

    steps: list[float]  # the window shows it
    answers: list[float]  # the engine has answered
    work: list[float]  # of the window's own thread, processor time of each step


def main(arguments: Sequence[str] = ()) -> int:
    """Print both measurements; 1 if a step takes longer than is promised."""
    parser = argparse.ArgumentParser(prog="steps", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(msgspec.json.encode(measure(options.child, options.events, options.steps)).decode())
        return 0
    with tempfile.TemporaryDirectory(prefix="esx-bench-") as folder, screen() as (where, environment):
        path = str(Path(folder) / "bench.sqlite")
        make_store(path, options.events)
        print(f"steps: {where}, {load()}", flush=True)
        command = [sys.executable, "-m", "tests.benchmarks.steps", "--child", path]
        command += ["--events", str(options.events), "--steps", str(options.steps)]
        done = subprocess.run(command, env={**environment, HOME: folder}, stdout=subprocess.PIPE, check=True)
    found = msgspec.json.decode(done.stdout.splitlines()[-1], type=Result)
    print(f"{'milliseconds':36}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}")
    print(line("a step, until all panes are painted", found.steps))
    print(line("of it the window's own thread works", found.work))
    print(line("the engine's answers alone", found.answers))
    ratio = percentile(found.steps, 50) / percentile(found.answers, 50)
    print(f"      a step takes {ratio:.1f} times as long as its answers (medians)")
    return 0 if verdict("a step in the window, p99", percentile(found.steps, 99), STEP) else 1


def line(title: str, seconds: Sequence[float]) -> str:
    """One measurement; milliseconds."""
    return f"{title:36}" + "".join(f"{percentile(seconds, at) * 1000:8.1f}" for at in (50, 95, 99, 100))


def make_store(path: str, count: int) -> None:
    from explorer.model import NewEvent, StreamKey
    from explorer.stores import StoreSpec, open_store

    store = open_store(StoreSpec(path, writable=True, create=True))
    for start in range(0, count, 5_000):
        events = [
            NewEvent("Noted", {f"k{n * 7 % KEYS}": f"note {n}", "count": n}, f"00000000-0000-4000-8000-{n:012d}")
            for n in range(start, min(start + 5_000, count))
        ]
        store.append(StreamKey(CATEGORY, ID), start, events)
    store.close()


def measure(path: str, count: int, steps: int) -> Result:
    """In the child: a window on the stream, steps to anywhere in it."""
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from explorer.settings import Settings
    from explorer.stores import StoreSpec
    from explorer.ui.app import SWITCH_INTERVAL, _tame_collector
    from explorer.ui.look import theme
    from explorer.ui.window import Window
    from tests.ui.shown_streams import settled

    sys.setswitchinterval(SWITCH_INTERVAL)
    app = QApplication([])
    theme.apply(app, "light")
    window = Window(Settings())
    window.resize(1440, 900)
    window.show()
    workspace = window.workspace

    waiting = QEventLoop.ProcessEventsFlag.AllEvents | QEventLoop.ProcessEventsFlag.WaitForMoreEvents
    watchdog = QTimer(window, interval=1_000)  # an event at least so often
    watchdog.start()

    def until(done: Callable[[], bool], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise TimeoutError("the window did not get ready")
            app.processEvents(waiting)  # asleep until something happens, as in the event loop

    window.open(StoreSpec(path))
    until(lambda: workspace.is_open)
    workspace.stream_wanted.emit(CATEGORY, ID, None)
    tab = window.tabs.streams()[0]
    until(lambda: tab.replaying.result is not None and settled(tab))
    _tame_collector()
    chance = random.Random(1)
    found = Result([], [], [])
    for number in range(WARM + steps):
        ordinal = chance.randrange(count)
        started, worked = time.perf_counter(), time.thread_time()
        tab.go_to(ordinal)
        until(lambda: settled(tab))
        app.processEvents()  # what is to be painted is painted
        if number >= WARM:
            found.steps.append(time.perf_counter() - started)
            found.work.append(time.thread_time() - worked)
        breathe(app.processEvents)
    for _ in range(steps):
        found.answers.append(answered(workspace, chance.randrange(1, count), until))
        breathe(app.processEvents)
    gone: list[bool] = []
    window.gone.connect(lambda: gone.append(True))
    window.close()
    until(lambda: bool(gone))
    return found


def breathe(turn: Callable[[], object]) -> None:
    """A hand takes a moment between two steps."""
    end = time.monotonic() + 0.02
    while time.monotonic() < end:
        turn()
        time.sleep(0.001)


def answered(workspace: Workspace, ordinal: int, until: Callable[[Callable[[], bool]], None]) -> float:
    """How long the engine takes for what the panes ask of a step."""
    from explorer.engine import messages

    answers: list[Any] = []
    started = time.perf_counter()
    for ask in (
        messages.PayloadRows(CATEGORY, ID, ordinal + 1, "stored", ""),
        messages.StateRows(CATEGORY, ID, ordinal, "", against=ordinal - 1, writers=True),
        messages.Diff(CATEGORY, ID, ordinal - 1, ordinal),
    ):
        workspace.engine(ask, answers.append)
    until(lambda: len(answers) == 3)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
