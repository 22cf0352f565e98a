"""How one engine process answers many asks: in turns.

Every ask is a generator that yields parts (or None: nothing to say yet) and returns its answer. Between two yields
others get their turn, new asks first, so that a page of rows does not wait for a long replay. Asks are heard on a
thread of their own; everything else happens in the main thread.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from explorer.cancellation import Cancellation
from explorer.engine import wire
from explorer.engine.messages import AnyAsk, AnyReply, Done
from explorer.errors import Cancelled, ExplorerError, PluginBroken

OUT_OF_MEMORY = 71  # exit codes by which the parent knows why
CLOSED = 0
LONG = 0.3  # seconds after which an ask has made much that is kept
GRACE = 0.3  # seconds to close the store in when the parent has gone

Turn = Generator[AnyReply | None, None, AnyReply]


class Answering(Protocol):
    """What answers asks: `Session`."""

    def answer(self, ask: AnyAsk, cancellation: Cancellation) -> Turn: ...

    def cancelling(self, cancellation: Cancellation) -> AbstractContextManager[None]: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Taken:
    number: int
    ask: AnyAsk
    cancellation: Cancellation
    turn: Turn | None = None
    begun: float = 0.0
    answered: bool = False


class Turns:
    """Serves one socket until the other side closes it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._lock = threading.Lock()  # guards `_taken`
        self._taken: dict[int, _Taken] = {}
        self._heard: queue.SimpleQueue[_Taken | None] = queue.SimpleQueue()
        self._closed = threading.Event()

    def listen(self) -> None:
        """Start hearing asks."""
        threading.Thread(target=self._hear, name="ears", daemon=True).start()

    def run(self, make: Callable[[], Answering]) -> None:
        """Answer until the other side closes."""
        session = make()
        self._send(wire.reply(0, False, Done("ready")))
        active: deque[_Taken] = deque()
        while True:
            fresh = self._new(block=not active)
            if fresh is None:
                break
            active.extendleft(reversed(fresh))
            if active:
                taken = active.popleft()
                if self._advance(session, taken):
                    active.append(taken)
        with contextlib.suppress(ExplorerError):  # a connection that is lost already
            session.close()
        self._closed.set()

    def _new(self, block: bool) -> list[_Taken] | None:
        """The asks that came meanwhile; None when there will be no more."""
        fresh = []
        while block or not self._heard.empty():
            taken = self._heard.get()
            block = False
            if taken is None:
                return None
            fresh.append(taken)
        return fresh

    def _advance(self, session: Answering, taken: _Taken) -> bool:
        """One turn of one ask; false when it was answered."""
        try:
            taken.cancellation.check()
            if taken.turn is None:
                taken.turn, taken.begun = session.answer(taken.ask, taken.cancellation), time.monotonic()
            with session.cancelling(taken.cancellation):
                part = next(taken.turn)
        except StopIteration as end:
            self._answer(taken, end.value)
            return False
        except ExplorerError as error:
            self._answer(taken, wire.failure(error))
            return False
        except MemoryError:
            # Whatever ate it is still there; only a new process is a way out.
            os._exit(OUT_OF_MEMORY)
        except (SystemExit, KeyboardInterrupt) as error:
            self._answer(taken, wire.failure(PluginBroken(f"The plug-in ended the program ({error!r}).")))
            return False
        except Exception as error:
            # The outermost frame of this process: what nobody expected crosses to the window, which shows it as a bug.
            self._answer(taken, wire.bug(error, traceback.format_exc()))
            return False
        if part is not None:
            self._send(wire.reply(taken.number, False, part))
        return True

    def _answer(self, taken: _Taken, answer: AnyReply) -> None:
        if taken.turn is not None:
            taken.turn.close()
            if time.monotonic() - taken.begun > LONG:
                # What was folded stays: looking through 100,000 steps for garbage would hold up a step for 0.15 s.
                gc.freeze()
        with self._lock:
            self._taken.pop(taken.number, None)
            answered, taken.answered = taken.answered, True
        if not answered:
            self._send(wire.reply(taken.number, True, answer))

    def _send(self, message: bytes) -> None:
        try:
            with self._sending:
                self._connection.sendall(message)
        except OSError:
            self._end()

    def _hear(self) -> None:
        incoming = wire.Incoming()
        while True:
            try:
                received = self._connection.recv(1 << 18)
            except OSError:
                received = b""
            if not received:
                self._end()
            for message in incoming.feed(received):
                number, ask = wire.read_envelope(message)
                if ask is None:
                    self._cancel(number)
                    continue
                taken = _Taken(number, ask, Cancellation())
                with self._lock:
                    self._taken[number] = taken
                self._heard.put(taken)

    def _cancel(self, number: int) -> None:
        with self._lock:
            taken = self._taken.get(number)
            at_once = taken is not None and taken.turn is None and not taken.answered
            if taken is not None and at_once:
                taken.answered = True
        if taken is None:
            return
        taken.cancellation.cancel()
        if at_once:  # its turn may be long in coming
            self._send(wire.reply(number, True, wire.failure(Cancelled("Cancelled."))))

    def _end(self) -> None:
        """The other side has gone: close the store if that is quick, and leave."""
        with self._lock:
            for taken in self._taken.values():
                taken.cancellation.cancel()
        self._heard.put(None)
        if threading.current_thread() is not threading.main_thread():
            self._closed.wait(GRACE)
        os._exit(CLOSED)
