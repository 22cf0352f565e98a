"""What Ctrl+C does while a verb runs."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def interrupts(asked: Callable[[], None]) -> Iterator[None]:
    """Within this block Ctrl+C calls `asked`, in the main thread between two instructions, instead of what it did."""

    def interrupted(number: int, frame: FrameType | None) -> None:
        asked()

    try:
        before = signal.signal(signal.SIGINT, interrupted)
    except ValueError:  # not in the main thread: somebody else decides
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
