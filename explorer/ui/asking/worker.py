"""The thread that waits: it opens a store, uses it and closes it, one job after the other.

The GUI thread asks; the answer comes back to the GUI thread. Nothing here computes.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from explorer.cancellation import Cancellation
from explorer.errors import Cancelled, ConnectionLost, ExplorerError, StoreReplaced

if TYPE_CHECKING:
    from explorer.model import StoreInfo
    from explorer.stores.store import Store, StoreSpec

T = TypeVar("T")

SLICE = 0.006  # seconds of calls that are made on the GUI thread without a look at anything else
LINGER = 0.3  # seconds after which a running ask is worth a sign


def open_here(spec: StoreSpec) -> Store:
    """Open a store in the thread that waits: importing SQLAlchemy would take the GUI thread 0.2 to 0.4 s."""
    from explorer.stores import open_store

    return open_store(spec)


def probe(spec: StoreSpec) -> StoreInfo | ExplorerError:
    """Open the store, look, close it. In a thread."""
    from explorer.stores import open_store

    try:
        store = open_store(spec)
    except ExplorerError as error:
        return error
    try:
        return store.info
    finally:
        store.close()


def valid(thing: QObject) -> bool:
    """Whether it has not been destroyed."""
    return shiboken6.isValid(thing)


def raise_it(error: BaseException) -> None:
    """For carrying a bug over to the GUI thread, where it is shown as one."""
    raise error


@dataclass(eq=False)
class Ask:
    """Something that was asked of a thread or an engine. `cancel()` from the GUI thread."""

    text: str = ""
    owner: QObject | None = None
    topic: str | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)
    started: float = 0.0  # monotonic; 0.0 while it waits
    done: bool = False
    stale: bool = False  # its answer is not wanted any more
    asked: float = field(default_factory=time.monotonic)
    progress: float | None = None  # 0 … 1 where known
    detail: str = ""  # what it is at
    _cancel: Callable[[], None] | None = None

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Also call this when it is cancelled or superseded."""
        self._cancel = callback

    def cancel(self) -> None:
        """Stop it as soon as possible; `failed` gets `Cancelled` unless it is stale."""
        self.cancellation.cancel()
        if self._cancel is not None:
            self._cancel()

    def supersede(self) -> None:
        """A newer ask has taken its place: stop it and drop whatever it answers."""
        self.stale = True
        self.cancel()

    @property
    def wanted(self) -> bool:
        return not self.stale and (self.owner is None or shiboken6.isValid(self.owner))


class Delivery(QObject):
    """Carries calls from any thread to the GUI thread, in order.

    A burst of calls is worked off in slices: Qt delivers all that was posted before it looks at timers, keys and the
    mouse, which hundreds of parts of a replay would keep waiting for a tenth of a second.
    """

    _filled = Signal()  # the first call was put into the empty queue

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls: deque[Callable[[], None]] = deque()
        self._working = False  # the GUI thread knows that there are calls
        self._filled.connect(self._work, Qt.ConnectionType.QueuedConnection)

    def later(self, call: Callable[[], None]) -> None:
        """Call this on the GUI thread. From any thread; dropped when the delivery has been destroyed."""
        if not shiboken6.isValid(self):
            return
        self._calls.append(call)
        if not self._working:  # told twice is harmless
            self._working = True
            self._filled.emit()

    def _work(self) -> None:
        until = time.perf_counter() + SLICE
        while True:
            try:
                call = self._calls.popleft()
            except IndexError:
                self._working = False
                if not self._calls:  # else one was put in just before, by somebody who saw us working
                    return
                self._working = True
                continue
            go_on = False
            try:
                call()
                go_on = time.perf_counter() < until
            finally:
                if not go_on:  # also when it raised: the others must not be lost with it
                    QTimer.singleShot(0, self, self._work)
            if not go_on:
                return


@dataclass(eq=False)
class Job:
    ask: Ask
    run: Callable[[Store], Any]
    then: Callable[[Any], None]
    failed: Callable[[ExplorerError], None]
    bug: Callable[[BaseException], None]


class Worker:
    """One daemon thread and the store that only it touches.

    A lost connection is opened again and a reading job tried once more (`again`); a replaced file is not: it would be
    another store.
    """

    def __init__(self, name: str, open: Callable[[], Store], delivery: Delivery, *, again: bool) -> None:
        self._open = open
        self._delivery = delivery
        self._again = again
        self._jobs: deque[Job] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self.running: Job | None = None
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()

    def waiting(self) -> list[Job]:
        """Jobs that have not started."""
        with self._wake:
            return list(self._jobs)

    def drop_waiting(self) -> None:
        with self._wake:
            self._jobs.clear()

    def stop(self) -> None:
        """End after the running job; jobs that have not started are dropped. Does not wait."""
        with self._wake:
            self._closing = True
            self._jobs.clear()
            self._wake.notify()

    def join(self, seconds: float) -> bool:
        """True when the thread has ended within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    # -- in the thread -------------------------------------------------------------------------------------

    def _live(self) -> None:
        store: Store | None = None
        while True:
            with self._wake:
                while not self._jobs and not self._closing:
                    self._wake.wait()
                if self._closing:
                    break
                job = self._jobs.popleft()
                self.running = job
            store = self._do(job, store)
            job.ask.done = True
            self.running = None
        if store is not None:
            store.close()

    def _do(self, job: Job, store: Store | None) -> Store | None:
        if not job.ask.wanted:
            return store
        job.ask.started = time.monotonic()
        tries = 2 if self._again else 1
        while True:
            tries -= 1
            try:
                job.ask.cancellation.check()
                if store is None:
                    store = self._open()
                with store.cancelling(job.ask.cancellation):
                    answer = job.run(store)
            except ConnectionLost as error:
                if store is not None and not isinstance(error, StoreReplaced):
                    store.close()
                    store = None
                    if tries:
                        continue
                self._fail(job, error)
            except ExplorerError as error:
                self._fail(job, error)
            except Exception as error:  # a bug: it is shown as one, and the thread lives on for the other panels
                self._delivery.later(partial(job.bug, error))
            else:
                self._delivery.later(partial(job.then, answer))
            return store

    def _fail(self, job: Job, error: ExplorerError) -> None:
        if isinstance(error, Cancelled) and job.ask.stale:
            return
        self._delivery.later(lambda: job.failed(error))


def in_thread(delivery: Delivery, call: Callable[[], T], then: Callable[[T], None]) -> None:
    """Call this in a daemon thread and give what it returns to the GUI thread. What it raises is a bug and shown so."""

    def run() -> None:
        try:
            answer = call()
        except Exception as error:  # carried over to the GUI thread, where it is raised and shown
            carried = error
            delivery.later(lambda: raise_it(carried))
        else:
            delivery.later(lambda: then(answer))

    threading.Thread(target=run, name="waiting", daemon=True).start()
