"""The open store as the panels see it: ask it, write to it, ask the engine, hear what is new.

Everything here lives on the GUI thread and returns at once. Answers come later, on the GUI thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from explorer import settings as settings_module
from explorer.engine import messages
from explorer.errors import Cancelled, ExplorerError, ReadOnly
from explorer.settings import Settings
from explorer.ui import outcomes
from explorer.ui.actions import Actions
from explorer.ui.polling import Arrived, LiveState, Polling
from explorer.ui.text import TIME_MODES
from explorer.ui.worker import LINGER, Ask, Delivery, Job, Worker

if TYPE_CHECKING:
    from explorer.engine.lane import Asked, Lane
    from explorer.model import StoreInfo
    from explorer.stores.store import Store, StoreSpec

__all__ = ["Arrived", "Ask", "LiveState", "Workspace"]

T = TypeVar("T")

CLOSING = 1.7  # seconds a running write gets when the window closes


class Workspace(QObject):
    """One open store at a time. Signals of a store that was closed meanwhile do not come any more."""

    opened = Signal()  # info is set
    open_failed = Signal(object)  # ExplorerError
    closing = Signal()
    closed = Signal()
    arrived = Signal(object)  # list[Arrived]
    live_changed = Signal(object)  # LiveState
    engine_ready = Signal()  # aggregates and plugin_problems are set
    engine_failed = Signal(str)
    stream_wanted = Signal(str, str, object)  # category, id, version or None: open or focus a tab
    append_wanted = Signal(object)  # a draft (dict) or None
    current_stream_changed = Signal(str, str, int)  # what the active tab stands at; "" when none
    snapshots_changed = Signal(str, str)  # category, id
    refresh_wanted = Signal()  # read again what is shown
    counted = Signal(int)  # how many events the store had when somebody counted
    busy_changed = Signal(object)  # list[Ask] that run for more than 0.3 s
    message = Signal(str)  # status line
    time_mode_changed = Signal(str)  # one of text.TIME_MODES
    notice = Signal(str, str, str)  # kind ("info", "warning", "error"), sentence, hint
    failure = Signal(object)  # ExplorerError of an ask that nobody handles

    def __init__(
        self, settings: Settings | None = None, parent: QObject | None = None, plugins: tuple[str, ...] = ()
    ) -> None:
        super().__init__(parent)
        self.settings = settings if settings is not None else settings_module.load()
        self.actions = Actions(self.settings.keys, self)
        self.plugins = plugins
        self.info: StoreInfo | None = None
        self.spec: StoreSpec | None = None
        self.aggregates: tuple[messages.AggregateInfo, ...] = ()
        self.plugin_problems: tuple[str, ...] = ()
        self.current_stream: tuple[str, str, int] = ("", "", 0)
        self.live = LiveState("off")
        self._session = 0  # answers of an earlier one are dropped
        self._delivery = Delivery(self)
        self._workers: dict[str, Worker] = {}
        self._polling: Polling | None = None
        self._lanes: dict[str, Lane] = {}
        self._asks: list[Ask] = []
        self._busy: list[Ask] = []
        self._busy_timer = QTimer(self, interval=100)
        self._busy_timer.timeout.connect(self._look_at_busy)
        self.current_stream_changed.connect(self._note_current)

    # -- opening and closing -------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self.info is not None

    @property
    def writable(self) -> bool:
        return self.info is not None and self.info.writable

    def open(self, spec: StoreSpec, plugins: tuple[str, ...] | None = None) -> None:
        """Open a store; `opened` or `open_failed` follows. What was open before must be closed."""
        if plugins is not None:
            self.plugins = plugins
        self._session += 1
        session = self._session
        self.spec = spec
        reading = replace(spec, writable=False, create=False)

        def fail(error: ExplorerError) -> None:
            if session == self._session:
                self._let_go()
                self.open_failed.emit(error)

        def read(info: StoreInfo | None) -> None:
            self._workers["browse"] = self._worker("browse", reading, again=True)
            self._put("browse", lambda store: info or store.info, follow, fail, Ask("Opening the store"))

        def follow(info: StoreInfo) -> None:
            if session == self._session:
                self._follow(reading, lambda: self._opened(info, session))

        if spec.writable:
            self._workers["write"] = self._worker("write", spec, again=False)
            self._put("write", lambda store: store.info, read, fail, Ask("Opening the store"))
        else:
            read(None)

    def _opened(self, info: StoreInfo, session: int) -> None:
        if session != self._session or self.info is not None:
            return
        self.info = info
        self.opened.emit()
        self._lane("interactive")
        self._look_up_unknown_writes(info.identity)

    def close(self, then: Callable[[], None] | None = None) -> None:
        """Let go of the store within two seconds, whatever runs. Writes that have not started are dropped (the window
        asks before); one that runs gets some time, then its outcome is left to be looked up at the next start."""
        if not self._workers and self._polling is None:
            self._session += 1
            if then is not None:
                QTimer.singleShot(0, self, then)
            return
        self.closing.emit()
        workers, polling, lanes = self._let_go()
        delivery = self._delivery

        def done() -> None:
            self.closed.emit()
            if then is not None:
                then()

        def wait() -> None:
            deadline = time.monotonic() + CLOSING
            enders = [threading.Thread(target=lane.close, name="closing", daemon=True) for lane in lanes]
            for ender in enders:
                ender.start()
            writer = workers.pop("write", None)
            if writer is not None:
                writer.join(max(0.0, deadline - time.monotonic()))
            for worker in workers.values():
                worker.join(min(0.5, max(0.0, deadline - time.monotonic())))
            if polling is not None:
                polling.join(min(0.5, max(0.0, deadline - time.monotonic())))
            for ender in enders:
                ender.join(max(0.0, deadline - time.monotonic()))
            delivery.later(done)

        threading.Thread(target=wait, name="closing", daemon=True).start()

    def _let_go(self) -> tuple[dict[str, Worker], Polling | None, list[Lane]]:
        self._session += 1
        self._busy_timer.stop()
        for ask in self._asks:
            if ask.topic != "write":
                ask.supersede()
        self._asks.clear()
        workers, polling, lanes = self._workers, self._polling, list(self._lanes.values())
        self._workers, self._polling, self._lanes = {}, None, {}
        for worker in workers.values():
            worker.stop()
        if polling is not None:
            polling.stop()
        self.info, self.spec = None, None
        self.aggregates, self.plugin_problems = (), ()
        self.current_stream = ("", "", 0)
        self.live = LiveState("off")
        if self._busy:
            self._busy = []
            self.busy_changed.emit([])
        return workers, polling, lanes

    @property
    def occupied(self) -> bool:
        """Something has been asked and not answered yet."""
        return any(not one.done and not one.stale for one in self._asks)

    def pending_writes(self) -> list[str]:
        """What has been asked to be written and has not started, a line each."""
        worker = self._workers.get("write")
        return [job.ask.text for job in worker.waiting()] if worker else []

    # -- asking --------------------------------------------------------------------------------------------

    def browse(
        self,
        job: Callable[[Store], T],
        then: Callable[[T], None],
        failed: Callable[[ExplorerError], None] | None = None,
        *,
        topic: str | None = None,
        owner: QObject | None = None,
        text: str = "Reading",
    ) -> Ask:
        """Run a quick job on the browsing thread. A newer ask of the same topic takes the place of an older one."""
        return self._ask_worker("browse", job, then, failed, Ask(text, owner, topic))

    def background(
        self,
        job: Callable[[Store], T],
        then: Callable[[T], None],
        failed: Callable[[ExplorerError], None] | None = None,
        *,
        topic: str | None = None,
        owner: QObject | None = None,
        text: str = "Counting",
    ) -> Ask:
        """The same for a job whose cost grows with the store; on a thread and connection of its own."""
        if self.is_open and "background" not in self._workers:
            assert self.spec is not None
            reading = replace(self.spec, writable=False, create=False)
            self._workers["background"] = self._worker("background", reading, again=True)
        return self._ask_worker("background", job, then, failed, Ask(text, owner, topic))

    def write(
        self,
        job: Callable[[Store], T],
        then: Callable[[T], None],
        failed: Callable[[ExplorerError], None] | None = None,
        *,
        owner: QObject | None = None,
        text: str = "Writing",
        event_ids: tuple[str, ...] = (),
    ) -> Ask:
        """Run a job with the writable store. Never dropped; its answer is, if the owner has gone.

        `event_ids`: what it appends, so that an outcome that never came to be known can be looked up afterwards.
        """
        ask = Ask(text, None, "write")
        on_failure = self._failure(failed, owner)
        if not self.writable or self.info is None:
            error = ReadOnly("This store is open read-only.", "Open it again and tick “Allow writing”.")
            self._delivery.later(lambda: on_failure(error))
            return ask
        identity = self.info.identity
        noted = outcomes.note(identity, text, event_ids)

        def known(call: Callable[[Any], None], answer: Any) -> None:
            outcomes.forget(identity, noted)
            if owner is None or _valid(owner):
                call(answer)

        def not_known(error: ExplorerError) -> None:
            if not isinstance(error, outcomes.UNKNOWN):
                outcomes.forget(identity, noted)
            on_failure(error)

        self._track(ask)
        self._put("write", job, lambda answer: known(then, answer), not_known, ask)
        return ask

    def engine(
        self,
        ask: messages.Ask,
        then: Callable[[Any], None],
        failed: Callable[[ExplorerError], None] | None = None,
        part: Callable[[Any], None] | None = None,
        *,
        topic: str | None = None,
        owner: QObject | None = None,
        lane: str = "interactive",
        text: str = "Computing",
    ) -> Ask:
        """Ask an engine process; parts and the answer (a message each) come here in order."""
        asked = Ask(text, owner, f"engine {topic}" if topic is not None else None)
        on_failure = self._failure(failed, owner)
        process = self._lane(lane) if self.is_open else None
        if process is None:
            error = Cancelled("The store has been closed.")
            self._delivery.later(lambda: on_failure(error))
            return asked
        self._track(asked)
        asked.started = time.monotonic()
        handles: list[Asked] = []
        asked.on_cancel(lambda: handles[0].cancel() if handles else None)

        def finish(call: Callable[[Any], None], answer: Any) -> None:
            asked.done = True
            if asked.wanted:
                call(answer)

        def progress(reply: Any) -> None:
            if isinstance(reply, messages.Progress):
                asked.progress = reply.done / reply.total if reply.total else None
                asked.detail = reply.what
            if part is not None and asked.wanted:
                part(reply)

        later = self._delivery.later
        handles.append(
            process.ask(
                ask,
                lambda reply: later(lambda: progress(reply)),
                lambda reply: later(lambda: finish(then, reply)),
                lambda error: later(lambda: finish(on_failure, error)),
            )
        )
        return asked

    def refresh(self) -> None:
        """Have every panel read again what it shows."""
        if self.is_open:
            self.refresh_wanted.emit()

    def pause(self, paused: bool) -> None:
        """Pause or resume live arrivals. Nothing is lost: they are counted, and come when it goes on."""
        if self._polling is not None:
            self._polling.pause(paused)

    @property
    def time_mode(self) -> str:
        """How times are shown: one of `text.TIME_MODES`."""
        return self.settings.time if self.settings.time in TIME_MODES else "local"

    def set_time_mode(self, mode: str) -> None:
        self.settings.time = mode
        self.time_mode_changed.emit(mode)

    def count(self) -> None:
        """Count the events in the background; `counted` follows."""
        if self.is_open:
            self.background(lambda store: store.count(), self.counted.emit, topic="count", text="Counting events")

    # -- inside --------------------------------------------------------------------------------------------

    def _worker(self, name: str, spec: StoreSpec, *, again: bool) -> Worker:
        return Worker(name, lambda: _open_store(spec), self._delivery, again=again)

    def _ask_worker(
        self,
        name: str,
        job: Callable[[Store], T],
        then: Callable[[T], None],
        failed: Callable[[ExplorerError], None] | None,
        ask: Ask,
    ) -> Ask:
        on_failure = self._failure(failed, ask.owner)
        if not self.is_open:
            self._delivery.later(lambda: on_failure(Cancelled("The store has been closed.")))
            return ask
        self._track(ask)
        self._put(name, job, then, on_failure, ask)
        return ask

    def _put(
        self,
        name: str,
        job: Callable[[Store], T],
        then: Callable[[T], None],
        failed: Callable[[ExplorerError], None],
        ask: Ask,
    ) -> None:
        def answered(answer: T) -> None:
            if ask.wanted:
                then(answer)

        def did_not(error: ExplorerError) -> None:
            if ask.wanted:
                failed(error)

        self._workers[name].put(Job(ask, job, answered, did_not, _bug))

    def _track(self, ask: Ask) -> None:
        """Note an ask for the status bar, and let it take the place of an older one of its topic."""
        self._asks = [one for one in self._asks if not one.done and not one.stale]
        if ask.topic is not None and ask.topic != "write":
            for one in self._asks:
                if one.topic == ask.topic:
                    one.supersede()
        self._asks.append(ask)
        if not self._busy_timer.isActive():
            self._busy_timer.start()

    def _failure(
        self, failed: Callable[[ExplorerError], None] | None, owner: QObject | None
    ) -> Callable[[ExplorerError], None]:
        def fail(error: ExplorerError) -> None:
            if owner is not None and not _valid(owner):
                return
            if failed is not None:
                failed(error)
            elif not isinstance(error, Cancelled):
                self.failure.emit(error)

        return fail

    def _follow(self, spec: StoreSpec, ready: Callable[[], None]) -> None:
        session = self._session
        later = self._delivery.later

        def take(rows: list[Arrived]) -> None:
            if session == self._session and self._polling is not None:
                try:
                    self.arrived.emit(rows)
                finally:
                    self._polling.taken()

        def tell(state: LiveState) -> None:
            if session == self._session:
                self.live = state
                self.live_changed.emit(state)

        self._polling = Polling(
            lambda: _open_store(spec),
            lambda rows: later(lambda: take(rows)),
            lambda state: later(lambda: tell(state)),
            lambda: later(ready),
            lambda error: later(lambda: _bug(error)),
        )

    def _lane(self, name: str) -> Lane | None:
        if name in self._lanes or self.spec is None:
            return self._lanes.get(name)
        from explorer.engine.lane import Lane

        session = self._session
        later = self._delivery.later
        lane = Lane(name)
        self._lanes[name] = lane
        spec = self.spec
        opening = messages.Open(
            url=spec.url,
            layout=spec.layout,
            instance=spec.instance,
            writable=self.writable,
            password=spec.password,
            copy=spec.copy,
            plugins=self.plugins,
        )

        def ready(reply: Any) -> None:
            if session == self._session and name == "interactive":
                self.aggregates, self.plugin_problems = reply.aggregates, reply.problems
                self.engine_ready.emit()

        def failed(error: ExplorerError) -> None:
            if session == self._session:
                self.engine_failed.emit(str(error))

        lane.ask(opening, None, lambda reply: later(lambda: ready(reply)), lambda error: later(lambda: failed(error)))
        return lane

    def _look_up_unknown_writes(self, identity: str) -> None:
        for unknown in outcomes.pending(identity):
            self.browse(
                lambda store, ids=unknown.event_ids: store.events_by_id(ids),  # type: ignore[misc]
                lambda events, one=unknown: self._tell_outcome(identity, one, len(events)),  # type: ignore[misc]
                owner=self,
            )

    def _tell_outcome(self, identity: str, unknown: outcomes.Noted, found: int) -> None:
        outcomes.forget(identity, unknown.name)
        sentence, hint = outcomes.sentence(unknown, found)
        self.notice.emit("info", sentence, hint)

    def _look_at_busy(self) -> None:
        self._asks = [one for one in self._asks if not one.done and not one.stale]
        now = time.monotonic()
        busy = [one for one in self._asks if now - one.asked > LINGER]
        if busy or self._busy:
            self._busy = busy
            self.busy_changed.emit(list(busy))
        if not self._asks:
            self._busy_timer.stop()

    def _note_current(self, category: str, id: str, version: int) -> None:
        self.current_stream = (category, id, version)


def _open_store(spec: StoreSpec) -> Store:
    # Imported in the thread that waits: SQLAlchemy takes 0.2 to 0.4 s, which would be the GUI thread's.
    from explorer.stores import open_store

    return open_store(spec)


def _valid(thing: QObject) -> bool:
    import shiboken6

    return shiboken6.isValid(thing)


def _bug(error: BaseException) -> None:
    raise error
