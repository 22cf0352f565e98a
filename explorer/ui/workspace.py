"""The open store as the panels see it: ask it, write to it, ask the engine, hear what is new.

Everything here lives on the GUI thread and returns at once. Answers come later, on the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from explorer import settings as settings_module
from explorer.engine import messages
from explorer.errors import Cancelled, ExplorerError, ReadOnly
from explorer.settings import Settings
from explorer.ui.actions import Actions
from explorer.ui.asking import ending, outcomes
from explorer.ui.asking.asks import WRITE, Asks
from explorer.ui.asking.lanes import Lanes
from explorer.ui.asking.noting import Noting
from explorer.ui.asking.polling import Arrived, LiveState, Polling
from explorer.ui.asking.serving import Beside, Serving
from explorer.ui.asking.watched import WatchList
from explorer.ui.asking.watching import Watching
from explorer.ui.asking.worker import Ask, Delivery, Job, Worker, open_here, raise_it, valid
from explorer.ui.look.text import TIME_MODES

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from explorer.engine.lane import Lane
    from explorer.model import Event, StoreInfo
    from explorer.stores.store import Store, StoreSpec

__all__ = ["Arrived", "Ask", "LiveState", "Workspace"]

T = TypeVar("T")

WARMING = 200  # ms after opening until an engine process is started that nobody has asked for anything yet


class Workspace(QObject):
    """One open store at a time. Signals of a store that was closed meanwhile do not come any more."""

    opened = Signal()  # info is set
    open_failed = Signal(object)  # ExplorerError
    closing = Signal()
    closed = Signal()
    arrived = Signal(object)  # list[Arrived]
    live_changed = Signal(object)  # LiveState
    subscriptions_changed = Signal(object)  # list[Subscribed], while somebody watches them
    engine_ready = Signal()  # aggregates, plugin_problems and narration are set
    engine_failed = Signal(str)
    stream_wanted = Signal(str, str, object)  # category, id, version or None: open or focus a tab
    causes_wanted = Signal(str, str, int)  # category, id, version: what led to this event and what it led to
    branch_wanted = Signal(str, str, object, str)  # category, id, ordinal, name of a new branch without that event
    compare_wanted = Signal(str, str, int)  # category, id, version: with what was marked in another stream
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
        self.narration: dict[str, str] = {}  # event type → a sentence with {fields}, see `narration`
        self.rows: tuple[str, ...] = ()  # see `messages.Opened.rows`
        self.read_models: tuple[messages.ReadModelInfo, ...] = ()
        self.current_stream: tuple[str, str, int] = ("", "", 0)
        self.marked: tuple[str, str, int] | None = None  # stream and version that were marked for compare last
        self.live = LiveState("off")
        self._after_closing: list[Callable[[], None]] | None = None  # what waits for a store to be let go
        self._session = 0  # answers of an earlier one are dropped
        self._delivery = Delivery(self)
        self._workers: dict[str, Worker] = {}
        self._polling: Polling | None = None
        self._lanes: Lanes | None = None
        self.services = Serving(self, self._delivery)
        self.subscriptions = Watching(self, self)
        self.subscriptions.changed.connect(self.subscriptions_changed)
        self.noting = Noting(self)
        self.noting.failed.connect(self.failure)
        self.watches = WatchList(self, self)
        self._asks = Asks(self)
        self._asks.busy_changed.connect(self.busy_changed)
        self.current_stream_changed.connect(self._note_current)

    # -- opening and closing -------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self.info is not None

    @property
    def writable(self) -> bool:
        return self.info is not None and self.info.writable

    @property
    def silence(self) -> float:
        """Seconds since the store that is followed answered last."""
        return self._polling.silence if self._polling is not None else 0.0

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
        opened, failed = partial(self._engine_opened, session), partial(self._engine_failed, session)
        self._lanes = lanes = Lanes(self._opening(), self._delivery, opened, failed)
        self.opened.emit()
        self.noting.open(info.identity)
        self.subscriptions.look()
        # Starting a process holds up every thread: after the first page, unless a panel asks it something before.
        QTimer.singleShot(WARMING, self, lambda: lanes.lane("interactive") if self._lanes is lanes else None)
        for unknown in outcomes.pending(info.identity):
            self._look_up(unknown, info.identity)

    def close(self, then: Callable[[], None] | None = None) -> None:
        """Let go of the store within two seconds, whatever runs. Writes that have not started are dropped (the window
        asks before); one that runs gets some time, then its outcome is left to be looked up at the next start."""
        after = [then] if then is not None else []
        if not self._workers and self._polling is None:
            self._session += 1
            if self._after_closing is not None:  # what was open is still being let go
                self._after_closing += after
            elif then is not None:
                QTimer.singleShot(0, self, then)
            return
        self.closing.emit()
        workers, polling, lanes, besides = self._let_go()
        self._after_closing = after

        def done() -> None:
            self._after_closing = None
            self.closed.emit()
            for one in after:
                one()

        ending.end(workers, polling, lanes, besides, lambda: self._delivery.later(done))

    def _let_go(self) -> tuple[dict[str, Worker], Polling | None, list[Lane], list[Beside]]:
        self._session += 1
        self._asks.drop()
        workers, polling, lanes = self._workers, self._polling, self._lanes.let_go() if self._lanes else []
        self._workers, self._polling, self._lanes = {}, None, None
        for worker in workers.values():
            worker.stop()
        if polling is not None:
            polling.stop()
        besides = self.services.let_go()
        self.info, self.spec = None, None
        self.subscriptions.forget()
        self.noting.open("")
        self.aggregates, self.plugin_problems, self.narration, self.rows = (), (), {}, ()
        self.current_stream, self.marked = ("", "", 0), None
        self.live = LiveState("off")
        return workers, polling, lanes, besides

    @property
    def occupied(self) -> bool:
        return self._asks.occupied

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
        ask = Ask(text, None, WRITE)
        on_failure = self._failure(failed, owner)
        if not self.writable or self.info is None:
            error = ReadOnly("This store is open read-only.", "Open it again and tick “Allow writing”.")
            self._delivery.later(lambda: on_failure(error))
            return ask
        identity = self.info.identity
        noted = outcomes.note(identity, text, event_ids)

        def known(call: Callable[[Any], None], answer: Any) -> None:
            outcomes.forget(identity, noted)
            if owner is None or valid(owner):
                call(answer)

        def not_known(error: ExplorerError) -> None:
            if not outcomes.is_unknown(error):
                outcomes.forget(identity, noted)
            on_failure(error)

        self._asks.track(ask)
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
        if self._lanes is None:
            self._delivery.later(lambda: on_failure(Cancelled("The store has been closed.")))
            return asked
        self._asks.track(asked)
        self._lanes.ask(lane, ask, asked, then, on_failure, part)
        return asked

    def refresh(self) -> None:
        """Have every panel read again what it shows."""
        if self.info is not None:
            self.noting.open(self.info.identity)
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

    def watch_subscriptions(self, owner: QWidget) -> None:
        """Have `subscriptions_changed` come about twice a second for as long as this widget is in sight."""
        self.subscriptions.watch(owner)

    # -- inside --------------------------------------------------------------------------------------------

    def _worker(self, name: str, spec: StoreSpec, *, again: bool) -> Worker:
        return Worker(name, lambda: open_here(spec), self._delivery, again=again)

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
        self._asks.track(ask)
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

        self._workers[name].put(Job(ask, job, answered, did_not, raise_it))

    def _failure(
        self, failed: Callable[[ExplorerError], None] | None, owner: QObject | None
    ) -> Callable[[ExplorerError], None]:
        def fail(error: ExplorerError) -> None:
            if owner is not None and not valid(owner):
                return
            if failed is not None:
                failed(error)
            elif not isinstance(error, Cancelled):
                self.failure.emit(error)

        return fail

    def _follow(self, spec: StoreSpec, ready: Callable[[], None]) -> None:
        session = self._session
        later = self._delivery.later
        if spec.copy:
            # Its own copy would be a further one; nothing can arrive in any of them.
            self.live = LiveState("static", "A private copy: what is written to the original is not seen.")
            later(ready)
            return

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
            lambda: open_here(spec),
            lambda rows: later(lambda: take(rows)),
            lambda state: later(lambda: tell(state)),
            lambda: later(ready),
            lambda error: later(lambda: raise_it(error)),
        )

    def _opening(self) -> messages.Open:
        assert self.spec is not None
        return messages.Open(
            url=self.spec.url,
            layout=self.spec.layout,
            instance=self.spec.instance,
            writable=self.writable,
            password=self.spec.password,
            copy=self.spec.copy,
            plugins=self.plugins,
        )

    def _engine_opened(self, session: int, lane: str, opened: messages.Opened) -> None:
        if session == self._session and lane == "interactive":
            self.aggregates, self.plugin_problems = opened.aggregates, opened.problems
            self.narration, self.rows, self.read_models = opened.narration, opened.rows, opened.read_models
            if self.writable and self.info is not None and self.info.layout == "own" and self.spec is not None:
                self.services.open(self.spec, self.plugins, opened.services)
            self.engine_ready.emit()

    def _engine_failed(self, session: int, _lane: str, error: ExplorerError) -> None:
        if session == self._session:
            self.engine_failed.emit(str(error))

    def _look_up(self, unknown: outcomes.Noted, identity: str) -> None:
        def tell(events: list[Event]) -> None:
            outcomes.forget(identity, unknown.name)
            sentence, hint = outcomes.sentence(unknown, len(events))
            self.notice.emit("info", sentence, hint)

        self.browse(lambda store: store.events_by_id(unknown.event_ids), tell, owner=self)

    def stand_at(self, category: str, id: str, version: int) -> None:
        """This is what is looked at now."""
        if (category, id, version) != self.current_stream:
            self.current_stream_changed.emit(category, id, version)

    def _note_current(self, category: str, id: str, version: int) -> None:
        self.current_stream = (category, id, version)
