"""How long tests wait for what has to happen: it costs nothing where it happens, and a slow machine is no mistake."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds until something must have happened on a machine that is slow and busy."""


def until(true: Callable[[], object], seconds: float = PATIENCE, *, every: float = 0.01) -> None:
    """Wait until this is true, looked at `every` so many seconds. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(every)
