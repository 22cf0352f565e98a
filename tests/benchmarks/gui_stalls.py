"""How late the window's event loop gets while everything happens at once.

60 s long: 200,000 events kept in the live feed, a stream of 100,000 being replayed over and over, 2,000 events/s
arriving, one real wheel step every 16 ms (stepping through the stream, scrolling its events, scrolling the feed, a
second each). Measured is how late a precise timer of 5 ms is. Beside it the same for a window with nothing in it while
the same load runs in other processes: what the machine itself adds.

    python -m tests.benchmarks.gui_stalls [--seconds N] [--why]

`--why` says where the window was when it was late (and makes it a little later).
"""

from __future__ import annotations

import argparse
import collections
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from explorer.settings import HOME
from tests.benchmarks.figures import load, percentile, verdict
from tests.benchmarks.meanwhile import CATEGORY, ID, LONG, OTHERS, beside, make_store, replay, write
from tests.benchmarks.screen import screen

if TYPE_CHECKING:
    from PySide6.QtCore import QCoreApplication
    from PySide6.QtWidgets import QWidget

SECONDS = 60
KEPT = 200_000
TICK = 0.005  # seconds
WHEEL = 16  # milliseconds between two steps
P99, MOST = 0.030, 0.050  # seconds: what is promised
WARM_UP = 3.0  # seconds before measuring


def main(arguments: Sequence[str] = ()) -> int:
    """Print both measurements; 1 if the window breaks its promise."""
    parser = argparse.ArgumentParser(prog="gui_stalls", description="Lateness of the window's event loop under load.")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--why", action="store_true", help="say where the window was when it was late")
    parser.add_argument("--child", choices=("window", "empty"), help=argparse.SUPPRESS)
    parser.add_argument("--store", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        found = measure(options.child == "window", options.store, options.seconds, options.why)
        print(msgspec.json.encode(found).decode())
        return 0
    with tempfile.TemporaryDirectory(prefix="esx-bench-") as folder, screen() as (where, environment):
        say(f"a store with a stream of {LONG:,} events …")
        path = str(Path(folder) / "bench.sqlite")
        make_store(path)
        print(f"{where}, {load()}")
        window = run_child("window", path, {**environment, HOME: folder}, options)
        empty = run_child("empty", path, {**environment, HOME: folder}, options)
    print(f"{'lateness of a 5 ms timer':28}{'p50':>8}{'p99':>8}{'p99.9':>8}{'max':>8}{'> 50 ms':>9}{'ticks':>8}")
    print(line("the window, all at once", window))
    print(line("an empty window beside it", empty))
    work = f"{window.work_p99 * 1000:.1f} ms, most {window.work_most * 1000:.1f} ms"
    print(
        f"between two ticks the window's own thread worked: p99 {work}; the rest of a delay is waiting for a processor"
    )
    print(f"{window.arrived:,} arrived, {window.replays} replays, {window.wheels} wheel steps")
    verdict("p99", window.p99, P99)
    verdict("max", window.most, MOST)
    busiest = sorted(window.threads.items(), key=lambda one: -one[1])[:5]
    print("threads: " + ", ".join(f"{name} {spent:.1f} s" for name, spent in busiest))
    for place, count in window.why:
        print(f"{count:6d} × {place}")
    return 0 if window.p99 <= P99 and window.most <= MOST else 1


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def run_child(name: str, path: str, environment: dict[str, str], options: argparse.Namespace) -> Result:
    """One measurement in a process of its own."""
    say(f"{name}: {options.seconds:.0f} s …")
    command = [sys.executable, "-m", "tests.benchmarks.gui_stalls", "--child", name, "--store", path]
    command += ["--seconds", str(options.seconds), *(["--why"] if options.why else [])]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Result)


def line(title: str, found: Result) -> str:
    """One measurement; milliseconds."""
    times = "".join(f"{seconds * 1000:8.1f}" for seconds in (found.p50, found.p99, found.p999, found.most))
    return f"{title:28}{times}{found.above:>9,}{found.ticks:>8,}"


# -- measuring ---------------------------------------------------------------------------------------------------------


class Result(msgspec.Struct):
    """Seconds, and how often things happened."""

    p50: float
    p99: float
    p999: float
    most: float
    above: int  # ticks later than promised
    ticks: int
    work_p99: float
    work_most: float
    wheels: int
    replays: int
    arrived: int
    why: list[tuple[str, int]] = []
    threads: dict[str, float] = {}  # processor time of each thread of the window's process


@dataclass
class Ticks:
    """How late each tick was, seconds; and what happened meanwhile."""

    late: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)  # of the GUI thread between two ticks, seconds of processor time
    worked: float = 0.0
    wheels: int = 0
    replays: int = 0
    arrived: int = 0
    measuring: bool = False
    last: float = 0.0
    why: collections.Counter[str] = field(default_factory=collections.Counter)
    threads: dict[str, float] = field(default_factory=dict)

    def tick(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        if self.measuring and self.last:
            self.late.append(max(0.0, now - self.last - TICK))
            self.work.append(worked - self.worked)
        self.last, self.worked = now, worked

    def result(self) -> Result:
        return Result(
            p50=percentile(self.late, 50),
            p99=percentile(self.late, 99),
            p999=percentile(self.late, 99.9),
            most=max(self.late),
            above=sum(one > MOST for one in self.late),
            ticks=len(self.late),
            work_p99=percentile(self.work, 99),
            work_most=max(self.work),
            wheels=self.wheels,
            replays=self.replays,
            arrived=self.arrived,
            why=self.why.most_common(12),
            threads=self.threads,
        )


def measure(full: bool, path: str, seconds: float, why: bool) -> Result:
    """In the child: show a window, let it happen, measure."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication, QWidget

    from explorer.ui.app import SWITCH_INTERVAL, _tame_collector
    from explorer.ui.look import theme

    sys.setswitchinterval(SWITCH_INTERVAL)
    app = QApplication([])
    theme.apply(app, "light")
    ticks = Ticks()
    programs = [write] if full else [write, replay]
    with beside(path, *programs):
        if full:
            window, targets, close = full_window(app, path, ticks)
        else:
            window = QWidget()
            window.resize(1440, 900)
            window.show()
            targets, close = [window], window.close
        _tame_collector()
        timer = QTimer(window, interval=round(TICK * 1000), timerType=Qt.TimerType.PreciseTimer)
        timer.timeout.connect(ticks.tick)
        wheel = QTimer(window, interval=WHEEL, timerType=Qt.TimerType.PreciseTimer)
        wheel.timeout.connect(lambda: turn(targets, ticks))
        wheel.start()
        timer.start()
        spin(app, WARM_UP)
        ticks.measuring = True
        before = thread_times()
        if why:
            threading.Thread(target=watch, args=(ticks, threading.get_ident()), daemon=True).start()
        QTimer.singleShot(round(seconds * 1000), lambda: end(app, ticks, before))
        app.exec()
        timer.stop()
        wheel.stop()
        close()
    return ticks.result()


def full_window(app: object, path: str, ticks: Ticks) -> tuple[QWidget, list[QWidget], Callable[[], object]]:
    """The window on the store, its feed full, its long stream being replayed; what the wheel turns over."""
    from PySide6.QtCore import QCoreApplication, QTimer
    from PySide6.QtWidgets import QApplication

    from explorer.settings import Settings
    from explorer.stores import StoreSpec
    from explorer.ui.events.live_feed import LiveFeedPanel
    from explorer.ui.window import Window
    from explorer.ui.workspace import Arrived

    assert isinstance(app, QApplication)
    window = Window(Settings())
    window.resize(1440, 900)
    window.show()
    workspace = window.workspace
    window.open(StoreSpec(path))
    wait(app, lambda: workspace.is_open)
    feed = window.findChild(LiveFeedPanel)
    assert feed is not None
    say("the feed …")
    before = 1_700_000_000_000_000
    for start in range(0, KEPT, 2_000):
        workspace.arrived.emit([
            Arrived("Other", f"old-{n % OTHERS}", n, n, "Happened", before + n, None, 40, b'{"n":%d,"k":1}' % n, False)
            for n in range(start, start + 2_000)
        ])  # fmt: skip
        QCoreApplication.processEvents()
    say("the stream …")
    workspace.stream_wanted.emit(CATEGORY, ID, None)
    tab = window.tabs.streams()[0]
    wait(app, lambda: tab.replaying.result is not None, 120)

    assert workspace._lanes is not None
    lane = workspace._lanes.lane("interactive")

    def again() -> None:
        ticks.replays += ticks.measuring
        lane.restart()  # a new process has folded nothing yet
        QTimer.singleShot(0, tab, tab.replaying.start)

    def count(rows: list[Arrived]) -> None:
        if ticks.measuring:
            ticks.arrived += len(rows)

    tab.replaying.finished.connect(again)
    workspace.arrived.connect(count)
    again()

    def close() -> None:
        gone: list[bool] = []
        window.gone.connect(lambda: gone.append(True))
        window.close()
        wait(app, lambda: bool(gone), 10)

    return window, [tab.ribbon, tab.table.viewport(), feed.table.viewport()], close


def turn(targets: list[QWidget], ticks: Ticks) -> None:
    """One notch of the wheel, as the window system would tell it: another place every second, up and down."""
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtTest import QTest

    ticks.wheels += ticks.measuring
    second = ticks.wheels * WHEEL // 1000
    target = targets[second % len(targets)]
    window = target.window()
    handle = window.windowHandle()
    if handle is not None and target.isVisible():
        notch = 120 if (second // len(targets)) % 2 else -120
        QTest.wheelEvent(handle, QPointF(target.mapTo(window, target.rect().center())), QPoint(0, notch))


def end(app: QCoreApplication, ticks: Ticks, before: dict[str, float]) -> None:
    ticks.measuring = False
    ticks.threads = {name: spent - before.get(name, 0.0) for name, spent in thread_times().items()}
    app.quit()


def thread_times() -> dict[str, float]:
    """Seconds of processor time by thread."""
    times: dict[str, float] = {}
    for thread in threading.enumerate():
        if thread.ident is not None:
            clock = time.pthread_getcpuclockid(thread.ident)
            times[thread.name] = times.get(thread.name, 0.0) + time.clock_gettime(clock)
    return times


def watch(ticks: Ticks, thread: int) -> None:
    """Note where the GUI thread is whenever a tick is late."""
    noted = 0.0
    while True:
        time.sleep(0.004)
        if ticks.measuring and ticks.last != noted and time.perf_counter() - ticks.last > P99:
            noted = ticks.last
            frame = sys._current_frames().get(thread)
            if frame is not None:
                stack = traceback.extract_stack(frame)
                ours = [
                    f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in stack if "explorer" in one.filename
                ]
                ticks.why[" < ".join(reversed(ours[-4:])) or "outside of our code"] += 1


def spin(app: object, seconds: float) -> None:
    until = time.monotonic() + seconds
    wait(app, lambda: time.monotonic() > until, seconds + 1)


def wait(app: object, done: Callable[[], bool], seconds: float = 30) -> None:
    from PySide6.QtCore import QEventLoop
    from PySide6.QtWidgets import QApplication

    assert isinstance(app, QApplication)
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise TimeoutError("the window did not get ready")
        app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        time.sleep(0.001)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
