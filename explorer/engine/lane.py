"""The parent's side of one engine process: ask, be answered, cancel. Knows nothing of Qt.

A lane is one process at a time. It answers asks in turns; what a cancelled ask does not give back within a second is
taken from it: the process is killed, another one (started meanwhile) takes over and opens the same store. What was
asked by others is asked again where that is harmless, else it fails with `EngineStopped`.
"""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from explorer.engine import child, wire
from explorer.engine.messages import AnyReply, Ask, Diff, Failure, Open, PayloadRows, StateRows, Text
from explorer.engine.process import EngineProcess
from explorer.errors import Cancelled, EngineStopped, ExplorerError

GRACE = 1.0  # seconds in which a cancelled ask must end
SPARE = 0.1  # seconds after which another process is started in case it does not
CLOSING = 0.35  # seconds in which a dismissed process may close its store

T = TypeVar("T")

_HARMLESS = (StateRows, Diff, PayloadRows, Text)  # reading one page: asking again shows the same
_CLOSED = "The engine is closed."

OnPart = Callable[[AnyReply], None]
OnAnswer = Callable[[AnyReply], None]
OnFailure = Callable[[ExplorerError], None]


@dataclass(slots=True)
class _Pending:
    number: int
    ask: Ask
    on_part: OnPart | None
    on_answer: OnAnswer
    on_failure: OnFailure
    cancelled_at: float | None = None
    again: bool = False  # it has been asked a second time


class Asked:
    """What was asked; `cancel()` may be called from any thread, any number of times, also when it is over."""

    def __init__(self, lane: Lane, number: int) -> None:
        self._lane = lane
        self._number = number

    def cancel(self) -> None:
        self._lane._request(self._lane._cancel, self._number)


class Lane:
    """One engine process, replaced when it must be. All methods may be called from any thread and never wait
    (`close`: less than a second). Callbacks are called on the lane's thread, exactly one of answer and failure, and
    must return quickly.
    """

    def __init__(self, name: str, memory: int = child.MEMORY) -> None:
        self.name = name
        self._memory = memory
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()  # guards `_requests` and `_closed`
        self._requests: deque[tuple[Callable[[int], None], int]] = deque()
        self._asked: dict[int, _Pending] = {}  # handed over, not yet seen by the thread
        self._closed = False
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        # From here on: only the lane's thread.
        self._pending: dict[int, _Pending] = {}
        self._open: Open | None = None  # how to open again; known once it has been answered
        self._process: EngineProcess | None = None
        self._spare: EngineProcess | None = None
        self._ending = False
        self._why_not = ""  # the last process could not be started
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name=f"lane {name}", daemon=True)
        self._thread.start()

    # -- any thread ------------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int | None:
        """The process of this moment; None while there is none."""
        process = self._process
        return process.process.pid if process else None

    def ask(self, message: Ask, on_part: OnPart | None, on_answer: OnAnswer, on_failure: OnFailure) -> Asked:
        """Ask; `on_part` any number of times, then `on_answer` or `on_failure`. The first ask of a lane is `Open`.

        `on_failure` gets the error as it was raised in the engine; `EngineStopped` if the process had to be replaced,
        `wire.EngineBug` for what nobody expected. After `close()` it is called at once, in the caller's thread.
        """
        number = next(self._numbers)
        with self._lock:
            if not self._closed:
                self._asked[number] = _Pending(number, message, on_part, on_answer, on_failure)
        if not self._request(self._send, number):
            self._asked.pop(number, None)
            on_failure(EngineStopped(_CLOSED))
        return Asked(self, number)

    def restart(self) -> None:
        """Replace the process by a fresh one with the same store open; what is pending fails with `EngineStopped`."""
        self._request(self._restart, 0)

    def close(self) -> None:
        """End the process; what is pending fails with `EngineStopped`. Waits for less than a second."""
        self._request(self._close, 0)
        with self._lock:
            self._closed = True
        if threading.current_thread() is not self._thread:
            self._thread.join(0.9)

    def _request(self, what: Callable[[int], None], number: int) -> bool:
        with self._lock:
            if self._closed:
                return False
            waiting = bool(self._requests)
            self._requests.append((what, number))
        if not waiting:  # else it has been woken, and does all that waits before it sleeps again
            with contextlib.suppress(OSError):  # of a lane that has just ended
                self._wake.send(b"!")
        return True

    # -- the lane's thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._selector.register(self._woken, selectors.EVENT_READ)
        try:
            self._take_over(self._start())
            while not self._ending:
                ready = self._selector.select(self._patience())
                for key, events in ready:
                    if key.fileobj is self._woken:
                        self._do_requests()
                    elif self._process and key.fileobj is self._process.connection:
                        if events & selectors.EVENT_WRITE:
                            self._process.flush()
                        if events & selectors.EVENT_READ:
                            self._receive(self._process)
                self._look_at_the_clock()
                self._watch()
        finally:
            self._end()

    def _do_requests(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass
        while True:
            with self._lock:
                if not self._requests:
                    return
                what, number = self._requests.popleft()
            what(number)

    def _patience(self) -> float | None:
        """Seconds until something must be done even if nothing happens."""
        due = [
            pending.cancelled_at + (GRACE if self._spare or self._why_not else SPARE)
            for pending in self._pending.values()
            if pending.cancelled_at is not None
        ]
        # A process that something else still holds the socket of dies unheard: look now and then while we wait for it.
        return max(0.0, min(due) - time.monotonic()) if due else 1.0 if self._pending else None

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        waited = [now - p.cancelled_at for p in self._pending.values() if p.cancelled_at is not None]
        if waited and max(waited) >= GRACE:
            self._kill()
        elif waited and max(waited) >= SPARE and self._spare is None and not self._why_not:
            self._spare = self._start()
        elif not waited and self._spare is not None:
            self._spare.kill()
            self._spare = None
        if self._pending and self._process and not self._process.alive():
            self._died(self._process)

    def _send(self, number: int) -> None:
        with self._lock:
            pending = self._asked.pop(number)
        self._pending[number] = pending
        if self._process is None:  # the last one did not even begin
            self._take_over(self._start())
        if self._process is not None:
            self._process.send(wire.envelope(number, pending.ask))
        else:
            del self._pending[number]
            self._tell(pending.on_failure, EngineStopped("The engine process could not be started.", self._why_not))

    def _cancel(self, number: int) -> None:
        pending = self._pending.get(number)
        if pending is None or pending.cancelled_at is not None:
            return
        if self._process is not None:
            self._process.send(wire.envelope(number, None))
        if self._process is None or not self._process.ready:
            # It cannot answer before it runs, and has not begun what we asked.
            del self._pending[number]
            self._tell(pending.on_failure, Cancelled("Cancelled."))
        else:
            pending.cancelled_at = time.monotonic()

    def _restart(self, _: int) -> None:
        self._replace()
        self._fail_all("The engine was started anew.")

    def _close(self, _: int) -> None:
        self._ending = True

    def _start(self) -> EngineProcess | None:
        """Another process, or None when the system has no room for one."""
        try:
            process = EngineProcess(self.name, self._memory)
        except OSError as error:
            self._why_not = f"{error.strerror or error}."
            return None
        self._why_not = ""
        if self._open is not None:
            process.send(wire.envelope(0, self._open))
        return process

    def _take_over(self, process: EngineProcess | None) -> None:
        self._process = process
        self._watch()

    def _watch(self) -> None:
        """Listen to the process of this moment, and for its readiness to be told more while something is unsent."""
        process = self._process
        if process is None:
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if process.waiting else 0)
        try:
            if self._selector.get_key(process.connection).events != events:
                self._selector.modify(process.connection, events)
        except KeyError:
            self._selector.register(process.connection, events)

    def _forget(self) -> EngineProcess | None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(KeyError):
                self._selector.unregister(process.connection)
        return process

    def _replace(self) -> None:
        """The process of this moment gives way to the spare one, or to a new one."""
        if process := self._forget():
            process.kill()
        spare, self._spare = self._spare, None
        self._take_over(spare or self._start())

    def _kill(self) -> None:
        """A cancelled ask did not end in time."""
        late = [p for p in self._pending.values() if p.cancelled_at is not None]
        others = [p for p in self._pending.values() if p.cancelled_at is None]
        self._replace()
        self._pending = {}
        streams = {_stream(p.ask) for p in late}
        for pending in late:
            sentence = "It did not stop within a second, so the engine process was ended and started anew."
            self._tell(pending.on_failure, EngineStopped(sentence, "Domain code that does not end may be the cause."))
        for pending in others:
            again = isinstance(pending.ask, _HARMLESS) and not pending.again and _stream(pending.ask) not in streams
            if again and self._process is not None:
                pending.again = True
                self._pending[pending.number] = pending
                self._process.send(wire.envelope(pending.number, pending.ask))
            else:
                sentence = "The engine process was ended because something else did not stop."
                self._tell(pending.on_failure, EngineStopped(sentence, "Try again."))

    def _receive(self, process: EngineProcess) -> None:
        try:
            replies, more = process.receive()
        except ValueError:  # somebody else wrote to the socket
            process.kill()
            replies, more = [], False
        for number, last, body in replies:
            self._deliver(process, number, last, body)
        if not more:
            self._died(process)

    def _deliver(self, process: EngineProcess, number: int, last: bool, body: AnyReply) -> None:
        if number == 0:  # it has started (not last), or opened the store again (last)
            process.ready = last or self._open is None
            return
        process.ready = True
        pending = self._pending.get(number)
        if pending is None:
            return
        if not last:
            if pending.on_part is not None and pending.cancelled_at is None:
                self._tell(pending.on_part, body)
            return
        del self._pending[number]
        if isinstance(body, Failure):
            self._tell(pending.on_failure, wire.as_error(body))
            return
        if isinstance(pending.ask, Open):
            self._open = pending.ask
        self._tell(pending.on_answer, body)

    def _died(self, process: EngineProcess) -> None:
        """It ended without being asked to."""
        with contextlib.suppress(ValueError):
            for number, last, body in process.rest():
                self._deliver(process, number, last, body)
        self._forget()
        process.process.join(1)
        why = process.why_ended()
        process.kill()
        spare, self._spare = self._spare, None
        if spare is not None or process.ready:
            self._take_over(spare or self._start())
        # One that died before it was ready would die again: the next one is started by the next ask.
        self._fail_all(why, "Domain code may be the cause: memory, recursion, or a call that ends the process.")

    def _fail_all(self, sentence: str, hint: str = "") -> None:
        pending, self._pending = self._pending, {}
        for one in pending.values():
            self._tell(one.on_failure, EngineStopped(sentence, hint))

    def _end(self) -> None:
        with self._lock:
            self._closed = True
        if self._spare is not None:
            self._spare.kill()
        if process := self._forget():
            process.dismiss(CLOSING)
        self._pending.update(self._asked)
        self._asked.clear()
        self._fail_all(_CLOSED)
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def _tell(self, callback: Callable[[T], None], what: T) -> None:
        try:
            callback(what)
        except Exception:
            # The mistake of a listener must not stop the lane for all others; it is reported as any thread's would be.
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))


def _stream(ask: Ask) -> tuple[object, object]:
    return getattr(ask, "category", None), getattr(ask, "id", None)
