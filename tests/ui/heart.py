"""Whether the window goes on while something goes wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest

BEAT = 5  # milliseconds
STALL = 2.0  # seconds between two beats, on a machine that does much else meanwhile
BUSY = 0.25  # seconds of its own computing in which the GUI thread does not come to its events


class Heart:
    """A timer that beats every 5 ms. `stall`: its longest pause; `busy`: what the GUI thread itself computed in one."""

    def __init__(self) -> None:
        self.beats = 0
        self.stall = 0.0
        self.busy = 0.0
        self._at = time.monotonic()
        self._computed = time.thread_time()
        self._timer = QTimer(interval=BEAT, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now, computed = time.monotonic(), time.thread_time()
        self.beats += 1
        self.stall = max(self.stall, now - self._at)
        self.busy = max(self.busy, computed - self._computed)
        self._at, self._computed = now, computed

    def stop(self) -> None:
        self._timer.stop()


@contextmanager
def beating() -> Iterator[Heart]:
    """Fails when the GUI thread stood still within this block."""
    heart = Heart()
    yield heart
    seen, until = heart.beats, time.monotonic() + STALL
    while heart.beats < seen + 4 and time.monotonic() < until:  # it goes on
        QTest.qWait(BEAT)
    heart.stop()
    said = f"{heart.beats} beats, longest pause {heart.stall:.3f} s, of which computing {heart.busy:.3f} s"
    assert heart.beats > 3, said
    assert heart.busy < BUSY, said
    assert heart.stall < STALL, said
