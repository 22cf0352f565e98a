"""Finds the chain of an event in the store, further if that is wanted, and adds what arrives meanwhile."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from explorer import payload
from explorer.cancellation import Cancellation
from explorer.causality import LOOKED, MEMBERS, Chain, Ties, extended, stream_name, ties_of, trace
from explorer.causation import event_identity, said
from explorer.errors import Cancelled, ExplorerError
from explorer.model import StreamKey
from explorer.sequence import Diagram, arrange
from explorer.stores import Store
from explorer.ui.asking.polling import METADATA
from explorer.ui.workspace import Arrived, Workspace

FURTHER = 4  # times as much as before is looked through
SOON = 300  # ms in which arrivals are collected
WAITING = 2_000  # arrivals that are kept while nobody looks
TOPIC = "causality"
Place = tuple[StreamKey, int]


class Tracing(QObject):
    """One event at a time."""

    found = Signal()  # diagram is set
    grew = Signal(int)  # so many events were added to the diagram
    missing = Signal()  # the event is not in the store
    failed = Signal(object)  # ExplorerError
    busy_changed = Signal(bool)

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.place: Place | None = None  # what was asked about
        self.diagram: Diagram | None = None
        self.busy = False
        self.full = False  # more belongs to the chain than it may have: what arrives is not added any more
        self._limit, self._most = LOOKED, MEMBERS
        self._ties: Ties | None = None
        self._arrived: list[Arrived] = []  # while a chain is being looked for
        self._new: dict[Place, None] = {}  # arrivals that belong to the chain and have not been read
        self._hidden = False
        self._soon = QTimer(self, interval=SOON, singleShot=True)
        self._soon.timeout.connect(self._read_new)
        workspace.arrived.connect(self._on_arrived)

    # -- asking --------------------------------------------------------------------------------------------

    def ask(self, key: StreamKey, version: int) -> None:
        """Look for the chain of this event."""
        self.place = key, version
        self._limit, self._most = LOOKED, MEMBERS
        self.diagram, self._ties = None, None
        self._new.clear()
        self.again()

    def further(self) -> None:
        """Look through more of the log than before, for more events."""
        self._limit *= FURTHER
        self._most *= FURTHER
        self.again()

    def again(self) -> None:
        """Read it anew."""
        if self.place is None or not self._workspace.is_open:
            return
        (key, version), limit, most = self.place, self._limit, self._most
        flag = Cancellation()

        def job(store: Store) -> Diagram | None:
            event = store.event(key, version)
            return None if event is None else arrange(trace(store, event, flag, limit, most))

        self._arrived.clear()
        self.full = False
        self._set_busy(True)
        asked = self._workspace.background(
            job, self._answer, self._fail, topic=TOPIC, owner=self, text="Looking for causes and effects"
        )
        asked.on_cancel(flag.cancel)

    def _answer(self, diagram: Diagram | None) -> None:
        self._set_busy(False)
        if diagram is None:
            self.missing.emit()
            return
        self._take(diagram)
        self.found.emit()
        meanwhile, self._arrived = self._arrived, []
        self._on_arrived(meanwhile)

    def _take(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self._ties = ties_of(diagram.chain)

    def _fail(self, error: ExplorerError) -> None:
        self._set_busy(False)
        self.failed.emit(error)

    def _set_busy(self, busy: bool) -> None:
        if busy != self.busy:
            self.busy = busy
            self.busy_changed.emit(busy)

    def drop(self) -> None:
        """The store is being closed."""
        self._soon.stop()
        self.place, self.diagram, self._ties = None, None, None
        self._new.clear()
        self._arrived.clear()
        self._set_busy(False)

    # -- live ----------------------------------------------------------------------------------------------

    def set_hidden(self, hidden: bool) -> None:
        """Nobody looks, or somebody does again: then what came meanwhile is read."""
        self._hidden = hidden
        if hidden:
            self._soon.stop()
        elif self._new:
            self._soon.start()

    def _on_arrived(self, rows: list[Arrived]) -> None:
        if self.busy:
            self._arrived = [*self._arrived, *rows][-WAITING:]
        if self._ties is None or self.diagram is None:
            return
        for row in rows:
            if not self.full and self._belongs(row, self._ties, self.diagram):
                if len(self.diagram.marks) + len(self._new) >= self._most:
                    self.full = True
                    self.grew.emit(0)
                    break
                key = StreamKey(row.category, row.id)
                self._new[key, row.version] = None
                ties = self._ties  # what it leads to itself belongs to it too
                self._ties = replace(
                    ties, ids=ties.ids | {_identity(row)}, places=ties.places | {(stream_name(key), row.version)}
                )
        if self._new and not self._hidden and not self._soon.isActive():
            self._soon.start()

    @staticmethod
    def _belongs(row: Arrived, ties: Ties, diagram: Diagram) -> bool:
        if not row.metadata or _identity(row) in diagram.numbers:
            return False
        if len(row.metadata) >= METADATA:  # cut off: it is read whole, if it speaks of the chain at all
            words = row.metadata.decode("utf-8", "replace")
            return any(name in words for name in ties.correlations)
        return ties.hold(said(payload.decode(row.metadata).value))

    def _read_new(self) -> None:
        if not self._new or self.diagram is None or self.busy:
            return
        wanted, chain = list(self._new), self.diagram.chain
        self._new.clear()

        def job(store: Store) -> Diagram:
            events = [event for key, version in wanted if (event := store.event(key, version)) is not None]
            return arrange(extended(chain, events))

        def answer(diagram: Diagram) -> None:
            if self.diagram is None or self.diagram.chain is not chain:
                return  # another chain is looked at by now
            count = len(diagram.marks) - len(self.diagram.marks)
            self._take(diagram)
            if count:
                self.grew.emit(count)
            if self._new and not self._hidden:  # they may have come because of these
                self._soon.start()

        def fail(error: ExplorerError) -> None:
            if not isinstance(error, Cancelled):
                self.failed.emit(error)

        self._workspace.background(job, answer, fail, owner=self, text="Reading what arrived")


def _identity(row: Arrived) -> str:
    """As `event_identity` has it."""
    return row.event_id or f"{row.category}/{row.id}/{row.version}"


def number_of(diagram: Diagram, place: Place) -> int | None:
    """The number of the event in this place."""
    key, version = place
    for number, mark in enumerate(diagram.marks):
        if (mark.event.category, mark.event.id, mark.event.version) == (key.category, key.id, version):
            return number
    return None


def same_event(diagram: Diagram, chain: Chain, number: int) -> int | None:
    """Where the event that had this number in a chain is now."""
    return diagram.numbers.get(event_identity(chain.events[number])) if 0 <= number < len(chain.events) else None
