"""How waiting and computing stop early: one flag per ask, checked between steps, heard by blocking calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from explorer.errors import Cancelled


class Cancellation:
    """A flag that is set once. Thread-safe, and safe in a signal handler.

    `check()` raises `Cancelled` when set. `heard_by(callback)` registers, for the duration of a `with` block, something
    to call when the flag is set (or at once if it is already); the callback must return quickly and never block. It is
    never called, nor still running, when the block is over.
    """

    def __init__(self) -> None:
        self._flag = threading.Event()
        self._lock = threading.RLock()  # a signal handler may interrupt whoever holds it
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self._flag.is_set()

    def cancel(self) -> None:
        with self._lock:
            if self._flag.is_set():
                return
            self._flag.set()
            # With the lock: whoever leaves its block waits for it, and may then close what the callback uses.
            for callback in list(self._callbacks):
                callback()

    def check(self) -> None:
        if self._flag.is_set():
            raise Cancelled("Cancelled.")

    def wait(self, seconds: float) -> bool:
        """Sleep up to so many seconds; true as soon as the flag is set."""
        return self._flag.wait(seconds)

    @contextmanager
    def heard_by(self, callback: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            already = self._flag.is_set()
            if not already:
                self._callbacks.append(callback)
        if already:
            callback()
        try:
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)
