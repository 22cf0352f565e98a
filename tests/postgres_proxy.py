"""Something between us and a PostgreSQL server that loses what a network may lose."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress


class Proxy:
    """Between us and the server. `swallow_commit`: the commit reaches the server, its answer does not reach us; and
    `after_commit` is called before we hear that the connection is lost."""

    def __init__(self, socket_path: str) -> None:
        self._target = socket_path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.swallow_commit = False
        self.refuse = False
        self.after_commit: Callable[[], None] = lambda: None
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._start(self._accept)

    def _start(self, job: object, *arguments: object) -> None:
        thread = threading.Thread(target=job, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            if self.refuse:
                ours.close()
                continue
            theirs = socket.socket(socket.AF_UNIX)
            theirs.connect(self._target)
            self._open += [ours, theirs]
            lost = threading.Event()
            self._start(self._forward, ours, theirs, lost, True)
            self._start(self._forward, theirs, ours, lost, False)

    def _forward(self, source: socket.socket, target: socket.socket, lost: threading.Event, asking: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if asking and self.swallow_commit and b"COMMIT" in data:
                    lost.set()
                if not asking and lost.is_set():
                    self.after_commit()
                    break  # the server has answered: it is done, and we shall not hear of it
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._open:
            end.close()

    def cut(self) -> None:
        """Every connection breaks."""
        for end in list(self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
