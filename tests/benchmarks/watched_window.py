"""The window, or an empty one, measured while others write to a store: how late its event loop gets, and how long after
its commit an event is painted.

    python -m tests.benchmarks.watched_window window|empty URL

Says {"ready": true} when the store is open. A line "measure SECONDS" on standard input measures that long and says a
`Watched`; the end of the input closes the window.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import msgspec

from tests.benchmarks.figures import percentile
from tests.benchmarks.gui_stalls import TICK, Result, Ticks, thread_times, wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication, QWidget


class Watched(msgspec.Struct):
    """What was measured; milliseconds."""

    stalls: Result
    painted: int = 0  # events that were painted
    painted_p50: float = 0.0
    painted_p95: float = 0.0
    painted_max: float = 0.0


def say(what: object) -> None:
    print(msgspec.json.encode(what).decode(), flush=True)


def main(what: str, url: str) -> int:
    from PySide6.QtCore import QSocketNotifier, QTimer
    from PySide6.QtCore import Qt as _Qt
    from PySide6.QtWidgets import QApplication, QWidget

    from explorer.ui.app import SWITCH_INTERVAL, _tame_collector
    from explorer.ui.look import theme

    sys.setswitchinterval(SWITCH_INTERVAL)
    app = QApplication([])
    theme.apply(app, "light")
    delays: list[float] = []
    window: QWidget
    close: Callable[[], object]
    if what == "window":
        window, close = _full(app, url, delays)
    else:
        window = QWidget()
        window.resize(1440, 900)
        window.show()
        close = window.close
    _tame_collector()
    ticks = Ticks()
    timer = QTimer(window, interval=round(TICK * 1000), timerType=_Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.tick())
    timer.start()
    unread = b""

    def measure(seconds: float) -> None:
        nonlocal ticks
        before = thread_times()
        ticks = Ticks(measuring=True)
        delays.clear()
        QTimer.singleShot(round(seconds * 1000), window, lambda: done(before))

    def done(before: dict[str, float]) -> None:
        ticks.measuring = False
        ticks.threads = {name: spent - before.get(name, 0.0) for name, spent in thread_times().items()}
        found = Watched(ticks.result())
        if delays:
            found.painted = len(delays)
            found.painted_p50, found.painted_p95 = (percentile(delays, part) * 1000 for part in (50, 95))
            found.painted_max = max(delays) * 1000
        say(found)

    def read() -> None:
        nonlocal unread
        received = os.read(sys.stdin.fileno(), 65536)
        if not received:
            listening.setEnabled(False)
            app.quit()
            return
        *lines, unread = (unread + received).split(b"\n")
        for line in lines:
            measure(float(line.split()[1]))

    listening = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, window)
    listening.activated.connect(read)
    say({"ready": True})
    app.exec()
    timer.stop()
    close()
    return 0


def _full(app: QApplication, url: str, delays: list[float]) -> tuple[QWidget, Callable[[], object]]:
    """The window on the store, which notes for each event that arrives how long after its commit it was painted."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    from explorer.settings import Settings
    from explorer.stores import StoreSpec
    from explorer.ui.window import Window
    from explorer.ui.workspace import Arrived

    window = Window(Settings())
    window.resize(1440, 900)
    window.show()
    window.open(StoreSpec(url))
    wait(app, lambda: window.workspace.is_open)
    feed = window.feed.table.viewport()
    assert feed is not None

    class Painted(QObject):
        """What has arrived is in the table by now; its next paint shows it."""

        def __init__(self) -> None:
            super().__init__(window)
            self._arrived: list[int] = []
            window.workspace.arrived.connect(self._hear)
            feed.installEventFilter(self)

        def _hear(self, rows: list[Arrived]) -> None:
            self._arrived += [row.recorded_at_us for row in rows if row.recorded_at_us is not None]

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and self._arrived:
                painted, self._arrived = self._arrived, []
                QTimer.singleShot(0, self, lambda: self._note(painted))  # after this paint
            return super().eventFilter(watched, event)

        def _note(self, recorded: list[int]) -> None:
            now = time.time()
            delays.extend(now - at / 1_000_000 for at in recorded)

    Painted()
    wait(app, window.feed.isVisible)

    def close() -> None:
        gone: list[bool] = []
        window.gone.connect(lambda: gone.append(True))
        window.close()
        wait(app, lambda: bool(gone), 10)

    return window, close


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
