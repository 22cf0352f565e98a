"""A process that works beside ours: told things, and told to end, by the socket between them, which the system closes
whatever happens.

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
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from typing import Any, TypeAlias

from explorer.cancellation import Cancellation
from explorer.engine.process import start
from explorer.errors import ExplorerError

Say: TypeAlias = Callable[[dict[str, Any]], None]

LINGER = 3.0  # seconds that a companion has to end by itself
BEHIND = 5  # niceness: where the processors are used up, the window comes first
HEARING = 60.0  # seconds of silence that nothing follows from


class Told(Cancellation):
    """What a companion has been told: to end, which is the flag, or something else, which somebody may `hear`."""

    def __init__(self) -> None:
        super().__init__()
        self._unheard: list[dict[str, Any]] = []
        self._hear: Callable[[dict[str, Any]], None] | None = None
        self._passing = threading.Lock()

    def hear(self, call: Callable[[dict[str, Any]], None]) -> None:
        """Call this (in the thread that listens) with everything that is told, from the first thing on."""
        with self._passing:
            self._hear = call
            for message in self._unheard:
                call(message)
            self._unheard.clear()

    def tell(self, message: dict[str, Any]) -> None:
        with self._passing:
            if self._hear is None:
                self._unheard.append(message)
            else:
                self._hear(message)


class Companion:
    """Runs `main(told, say, *arguments)` in a process of its own until `told` (a `Told`) is cancelled.

    `main` is a function of a module; its arguments, what it is told and what it says (JSON objects) are plain data.
    """

    def __init__(self, name: str, main: Callable[..., None], *arguments: Any) -> None:
        self._ours, theirs = socket.socketpair()
        self._ours.setblocking(False)
        with theirs:
            self._process = multiprocessing.get_context("spawn").Process(
                target=_run, args=(theirs, main, arguments), name=name, daemon=True
            )
            start(self._process)
        self._unread = b""
        self._silent = False  # it has ended, or was dismissed

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.exitcode

    def tell(self, what: dict[str, Any]) -> None:
        """Tell it something. Never waits; one that has ended does not hear it, nor one that never listens."""
        with contextlib.suppress(OSError):
            self._ours.sendall(json.dumps(what).encode() + b"\n")

    def hear(self, seconds: float = 0.0) -> dict[str, Any] | None:
        """What it said next; None if it says nothing for so long, or has ended."""
        until = time.monotonic() + seconds
        while b"\n" not in self._unread:
            if self._silent or not wait([self._ours], max(0.0, until - time.monotonic())):
                return None
            received = b""
            with contextlib.suppress(OSError):
                received = self._ours.recv(65536)
            self._silent = not received
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        said: dict[str, Any] = json.loads(line)
        return said

    def all_said(self) -> Iterator[dict[str, Any]]:
        """What it says, until it has ended or `dismiss` was called in another thread."""
        while True:
            said = self.hear(HEARING)
            if said is not None:
                yield said
            elif self._silent:
                return

    def ended(self, seconds: float) -> bool:
        """Wait so long for it to end by itself."""
        self._process.join(seconds)
        return not self._process.is_alive()

    def dismiss(self) -> None:
        """Ask it to end. Does not wait; `end` must follow."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)

    def end(self, seconds: float = LINGER) -> None:
        """Ask it to end, and kill it if it does not."""
        self.dismiss()
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(1)
        self._ours.close()


def _run(connection: socket.socket, main: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    if os.name == "posix":
        os.nice(BEHIND)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the program that started us
    told = Told()
    # In a thread, for the lock inside of it may be held by what the signal has interrupted.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=told.cancel).start())
    done = threading.Event()
    speaking = threading.Lock()

    def listen() -> None:
        unread = b""
        try:
            while received := connection.recv(1024):
                *lines, unread = (unread + received).split(b"\n")
                for line in lines:
                    told.tell(json.loads(line))
        except OSError:
            pass  # as good as the end
        finally:
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
