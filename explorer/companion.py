"""A process that works beside ours: told to end by the socket between them, which the system closes whatever happens.

So it ends with the program that started it, also when that was killed, and whichever thread started it.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from explorer.cancellation import Cancellation
from explorer.engine.process import start
from explorer.errors import ExplorerError

Say: TypeAlias = Callable[[dict[str, Any]], None]

LINGER = 3.0  # seconds that a companion has to end by itself


class Companion:
    """Runs `main(told, say, *arguments)` in a process of its own until `told` is cancelled.

    `main` is a function of a module; its arguments and what it says (JSON objects) are plain data.
    """

    def __init__(self, name: str, main: Callable[..., None], *arguments: Any) -> None:
        self._ours, theirs = socket.socketpair()
        with theirs:
            self._process = multiprocessing.get_context("spawn").Process(
                target=_run, args=(theirs, main, arguments), name=name, daemon=True
            )
            start(self._process)
        self._unread = b""

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def hear(self, seconds: float = 0.0) -> dict[str, Any] | None:
        """What it said next; None if it says nothing for so long, or has ended."""
        until = time.monotonic() + seconds
        while b"\n" not in self._unread:
            self._ours.settimeout(max(0.001, until - time.monotonic()))
            try:
                received = self._ours.recv(65536)
            except TimeoutError:
                return None
            except OSError:
                return None
            if not received:
                return None
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        said: dict[str, Any] = json.loads(line)
        return said

    def end(self, seconds: float = LINGER) -> None:
        """Ask it to end, and kill it if it does not."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(1)
        self._ours.close()


def _run(connection: socket.socket, main: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the program that started us
    told = Cancellation()
    # In a thread, for the lock inside of it may be held by what the signal has interrupted.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=told.cancel).start())
    done = threading.Event()
    speaking = threading.Lock()

    def listen() -> None:
        with contextlib.suppress(OSError):
            while connection.recv(1024):
                pass
        told.cancel()
        if not done.wait(LINGER):
            os._exit(1)

    def say(what: dict[str, Any]) -> None:
        with speaking, contextlib.suppress(OSError):
            # When nobody listens for long the socket is full: better unsaid than waiting for ever.
            connection.sendall(json.dumps(what).encode() + b"\n", getattr(socket, "MSG_DONTWAIT", 0))

    connection.setblocking(True)
    threading.Thread(target=listen, name="listening", daemon=True).start()
    try:
        main(told, say, *arguments)
    except ExplorerError as error:
        say({"failed": str(error), "hint": error.hint})
        sys.exit(1)
    finally:
        done.set()
