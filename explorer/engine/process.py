"""One engine process as its lane sees it: started, talked to, ended."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

from explorer.engine import child, turns, wire
from explorer.engine.messages import AnyReply

_STARTING = threading.Lock()
_CONTEXT = multiprocessing.get_context("spawn")


class EngineProcess:
    """Started by the thread that makes it, which must live as long (the kernel ends the child with that thread)."""

    def __init__(self, name: str, memory: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = _CONTEXT.Process(
                target=child.main, args=(theirs, os.getpid(), memory), name=f"engine {name}", daemon=True
            )
            try:
                start(self.process)
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        self.connection = ours
        self.ready = False  # it has said that it listens, and the store is open if one was to be opened
        self._unsent = bytearray()
        self._incoming = wire.Incoming()

    @property
    def waiting(self) -> bool:
        """Something is left to be sent."""
        return bool(self._unsent)

    def send(self, message: bytes) -> None:
        self._unsent += message
        self.flush()

    def flush(self) -> None:
        """Send what the socket takes; never waits."""
        try:
            while self._unsent:
                sent = self.connection.send(memoryview(self._unsent)[: 1 << 18])
                del self._unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:  # it has died: reading finds out
            self._unsent.clear()

    def receive(self) -> tuple[list[tuple[int, bool, AnyReply]], bool]:
        """What has come, and whether more can come. Never waits."""
        try:
            received = self.connection.recv(1 << 18)
        except BlockingIOError:
            return [], True
        except OSError:
            received = b""
        return [wire.read_reply(message) for message in self._incoming.feed(received)], bool(received)

    def rest(self) -> Iterator[tuple[int, bool, AnyReply]]:
        """What a dead process had still said."""
        while True:
            replies, more = self.receive()
            yield from replies
            if not more or not replies:
                return

    def alive(self) -> bool:
        return self.process.is_alive()

    def why_ended(self) -> str:
        """A sentence; the process must have ended."""
        code = self.process.exitcode
        if code == turns.OUT_OF_MEMORY:
            return "The engine process ran out of memory and was started anew."
        if code is not None and code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return f"The engine process was ended by {name} and was started anew."
        return f"The engine process ended by itself (exit code {code}) and was started anew."

    def kill(self) -> None:
        """End it now, and what it has started; returns when it is gone or after a second."""
        pid = self.process.pid
        if pid is not None and sys.platform != "win32":
            # Its number names its group as long as anything that it started is left, even when it has ended itself.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        if self.process.exitcode is None:  # also when it is not yet a group of its own
            self.process.kill()
        self.process.join(1)
        self.connection.close()

    def dismiss(self, seconds: float) -> None:
        """Ask it to close the store and end; kill it after so many seconds."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.process.join(seconds)
        self.kill()


def start(process: multiprocessing.process.BaseProcess) -> None:
    """Start a process of ours without importing the main script of this one in it."""
    # A spawned child imports the main script of its parent again, under another name. Ours needs nothing of it, and a
    # script without the usual guard would open its windows a second time. So there is no main script while it starts.
    with _STARTING:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        sys.modules["__main__"].__spec__ = None
        try:
            process.start()
        finally:
            sys.modules["__main__"] = main
