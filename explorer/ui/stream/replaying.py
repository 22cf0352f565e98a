"""Keeping the columns of one stream: asks the engine for its replay, and for what has arrived since."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.engine import messages
from explorer.engine.messages import EventColumns, Replayed, StepColumns
from explorer.errors import ExplorerError
from explorer.model import StreamInfo, StreamKey
from explorer.ui.stream.timeline import Timeline
from explorer.ui.workspace import Arrived, Ask, Workspace

SYNC_MS = 40  # what came is announced at most so often
SLOW_MS = 1000  # after so long it is worth a progress bar with Cancel


def cancel_all(asks: list[Ask]) -> None:
    for ask in asks:
        ask.cancel()


class Replaying(QObject):
    """One replay at a time. What arrives while one is under way is asked for when that is done."""

    grew = Signal()  # the timeline has more, or was told anew
    finished = Signal()  # all that was there is folded; `result` is set
    failed = Signal(object)  # ExplorerError
    slow = Signal(bool)  # under way for more than a second, or over
    progressed = Signal()  # `done` and `total` are different

    def __init__(self, workspace: Workspace, category: str, id: str, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace, self._key = workspace, StreamKey(category, id)
        self.timeline = Timeline()
        self.generic = False
        self.result: Replayed | None = None
        self.total = 0  # events there are, as far as known; 0: unknown
        self._anew: Timeline | None = None  # the stream being told anew; takes the timeline's place when it is longer
        self._running: list[Ask] = []  # at most one
        self._again = False
        self._sync = QTimer(self, interval=SYNC_MS, singleShot=True)
        self._sync.timeout.connect(self._announce)
        self._slow = QTimer(self, interval=SLOW_MS, singleShot=True)
        self._slow.timeout.connect(self._became_slow)
        workspace.arrived.connect(self._on_arrived)
        workspace.refresh_wanted.connect(self.extend)
        running = self._running
        self.destroyed.connect(lambda: cancel_all(running))  # nobody waits for it any more

    @property
    def running(self) -> bool:
        return bool(self._running)

    @property
    def done(self) -> int:
        return (self._anew or self.timeline).folded

    def start(self, *, generic: bool = False) -> None:
        """Read and fold from the first event. What was known stays until the first answer is here."""
        for ask in self._running:
            ask.supersede()
        self._running.clear()
        self.generic = generic
        self._anew = None
        self._send(0)

    def extend(self) -> None:
        """Read and fold what has been stored since; now, or when the running replay is done."""
        if self.running:
            self._again = True
        elif self.result is not None:
            self._send(self.timeline.count)

    def cancel(self) -> None:
        cancel_all(self._running)

    def _send(self, known: int) -> None:
        self._again = False
        self._slow.start()
        ask = self._workspace.engine(
            messages.Replay(self._key.category, self._key.id, known, self.generic),
            self._answered,
            self._refused,
            self._part,
            owner=self,
            text=f"Replaying {self._key.category} {self._key.id}",
        )
        self._running.append(ask)

    def _part(self, part: Any) -> None:
        if isinstance(part, EventColumns):
            if part.start < self.timeline.count and self._anew is None:
                self._anew = Timeline()
            (self._anew or self.timeline).take_events(part)
        elif isinstance(part, StepColumns):
            (self._anew or self.timeline).take_steps(part)
        else:
            return
        if self._anew is not None and self._anew.folded <= self.timeline.folded:
            return  # what is known is more: it stays
        if not self._sync.isActive():
            self._sync.start()

    def _answered(self, result: Replayed) -> None:
        self._over()
        self.result = result
        self._settle(whole=True)
        self.finished.emit()
        if self._again:
            self._send(self.timeline.count)

    def _refused(self, error: ExplorerError) -> None:
        self._over()
        self._settle(whole=False)
        self.failed.emit(error)

    def _settle(self, *, whole: bool) -> None:
        """Announce what has come; `whole`: there is no more of it."""
        self._sync.stop()
        if self._anew is not None and (whole or self._anew.folded > self.timeline.folded):
            self.timeline.become(self._anew)
        self._anew = None
        self.grew.emit()

    def _announce(self) -> None:
        if self._anew is not None and self._anew.folded > self.timeline.folded:
            self.timeline.become(self._anew)
            self._anew = None
        self.grew.emit()

    def _over(self) -> None:
        self._running.clear()
        self._slow.stop()
        self.slow.emit(False)

    def _became_slow(self) -> None:
        self.slow.emit(True)
        self._workspace.browse(
            lambda store: store.stream(self._key), self._counted, lambda _error: None, owner=self, text="Counting"
        )

    def _counted(self, info: StreamInfo | None) -> None:
        if info is not None:
            self.total = info.version if info.events is None else info.events
            self.progressed.emit()

    def _on_arrived(self, rows: list[Arrived]) -> None:
        category, id = self._key.category, self._key.id
        if any(row.id == id and row.category == category for row in rows):
            self.extend()
