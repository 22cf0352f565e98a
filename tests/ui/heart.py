"""Whether the window goes on while something goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest

from tests.patience import PATIENCE

BEAT = 5  # milliseconds
LATE = 0.05  # seconds; a thread that only sleeps and comes back later than this had to wait for the machine
STALL = 4.5  # seconds between two beats; a window that waits for a server or a lock waits longer
BUSY = 4.0  # seconds of its own computing in which the GUI thread does not come to its events; a first window imports
# its panels in here, on a slow machine too. How smooth it is, the benchmark of stalls tells.


class Machine:
    """How long this process stood still as a whole, on a machine that has no time or memory for it: a thread that only
    sleeps, measured against what the process computed meanwhile. Threads that compute and keep Python's lock are no
    excuse."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._at = time.monotonic()
        self._still = 0.0
        self._computed = time.process_time()
        self._thread = threading.Thread(target=self._live, name="pulse", daemon=True)
        self._thread.start()

    def _live(self) -> None:
        while not self._over.wait(BEAT / 1000):
            self._note()

    def _note(self) -> None:
        now, before = time.monotonic(), self._at
        self._at = now
        if now - before > LATE:
            self._still += now - before

    def excuse(self) -> float:
        """Seconds, at most, that it stood still since the last call."""
        computed, before = time.process_time(), self._computed
        still = self._still + time.monotonic() - self._at
        self._still, self._computed = 0.0, computed
        return max(0.0, still - (computed - before))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


class Heart:
    """A timer that beats every 5 ms. `stall`: its longest pause that was not the machine's; `busy`: what the GUI thread
    itself computed in one."""

    def __init__(self) -> None:
        self.beats = 0
        self.stall = 0.0
        self.busy = 0.0
        self._machine = Machine()
        self._at = time.monotonic()
        self._computed = time.thread_time()
        self._timer = QTimer(interval=BEAT, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now, computed = time.monotonic(), time.thread_time()
        self.beats += 1
        self.stall = max(self.stall, now - self._at - self._machine.excuse())
        self.busy = max(self.busy, computed - self._computed)
        self._at, self._computed = now, computed

    def stop(self) -> None:
        self._timer.stop()
        self._machine.stop()


@contextmanager
def beating() -> Iterator[Heart]:
    """Fails when the GUI thread stood still within this block."""
    heart = Heart()
    try:
        yield heart
    except BaseException:
        heart.stop()
        raise
    seen, until = heart.beats, time.monotonic() + PATIENCE
    while heart.beats < seen + 4 and time.monotonic() < until:  # it goes on
        QTest.qWait(BEAT)
    heart.stop()
    said = f"{heart.beats} beats, longest pause {heart.stall:.3f} s, of which computing {heart.busy:.3f} s"
    assert heart.beats > 3, said
    assert heart.busy < BUSY, said
    assert heart.stall < STALL, said
