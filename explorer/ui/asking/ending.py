"""Waiting for the threads and processes of a store that is being closed: for as long as each of them is worth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from explorer.ui.asking.polling import Polling
from explorer.ui.asking.serving import Beside
from explorer.ui.asking.worker import Worker

if TYPE_CHECKING:
    from explorer.engine.lane import Lane

WRITING = 1.5  # seconds that a running write gets; afterwards its outcome is looked up at the next start
READING = 0.5


def end(
    workers: dict[str, Worker],
    polling: Polling | None,
    lanes: list[Lane],
    besides: list[Beside],
    done: Callable[[], None],
) -> None:
    """Call `done` (in another thread) when all have ended, or when they have had their time. All were told to stop."""

    def wait() -> None:
        deadline = time.monotonic() + WRITING

        def left(most: float = WRITING) -> float:
            return min(most, max(0.0, deadline - time.monotonic()))

        enders = [threading.Thread(target=lane.close, name="closing", daemon=True) for lane in lanes]
        for ender in enders:
            ender.start()
        for name, worker in workers.items():
            if name == "write":
                worker.join(left())
        for worker in workers.values():
            worker.join(left(READING))
        if polling is not None:
            polling.join(left(READING))
        for ender in enders:
            ender.join(left())
        for beside in besides:
            beside.join(left())
        done()

    threading.Thread(target=wait, name="closing", daemon=True).start()
