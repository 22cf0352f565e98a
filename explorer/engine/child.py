"""The engine process itself: what it is allowed, and how it ends. Never loads Qt."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys

from explorer.engine.turns import Answering, Turns

MEMORY = 2 * 1024**3  # bytes of address space


def main(connection: socket.socket, parent: int, memory: int = MEMORY) -> None:
    """Serve a lane until its end of the socket closes. `parent` is the process that must be alive."""
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _keep_quiet()
    connection.setblocking(True)
    turns = Turns(connection)
    turns.listen()
    limit_memory(memory)
    turns.run(_session)
    os._exit(0)  # not through interpreter shutdown: threads of domain code must not hold us


def _session() -> Answering:
    from explorer.engine.session import Session  # late: ears first, then half a second of imports

    return Session()


def limit_memory(memory: int) -> None:
    """Address space and core dumps, where the system can limit them."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":  # elsewhere RLIMIT_AS is accepted and ignored, or refused
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            wanted = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def die_with(parent: int) -> None:
    """End when the parent does. Where this does not exist, the closed socket tells."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if sys.platform != "win32":
        os.setpgid(0, 0)  # so that what domain code has started can be ended with us
        if os.getppid() != parent:
            os._exit(0)


def _keep_quiet() -> None:
    """What domain code prints goes to standard error; nobody reads standard input."""
    sys.stdout.flush()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
