"""Writing events that were previewed: exactly these, at exactly that version, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from explorer import payload
from explorer.engine.messages import Done, EventDraft, SnapshotIfDue
from explorer.errors import Conflict, ExplorerError, Invalid
from explorer.model import Event, NewEvent, StoreInfo, StreamKey
from explorer.ui.asking import outcomes
from explorer.ui.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Sent:
    """An append on its way."""

    key: StreamKey
    expected: int
    events: tuple[EventDraft, ...]

    @property
    def event_ids(self) -> tuple[str, ...]:
        return tuple(event.event_id for event in self.events)

    def __str__(self) -> str:
        what = self.events[0].type if len(self.events) == 1 else f"{len(self.events)} events"
        return f"{what} to {self.key.category} {self.key.id}"


def why_not_writable(info: StoreInfo | None) -> str:
    """Why nothing can be written to this store; "" when it can."""
    if info is None:
        return "No store is open."
    if info.layout != "own":
        return f"This is a store of another library ({info.layout}); it is only looked at."
    if info.bundle:
        return "This is a bundle: it is only for reading."
    if info.static:
        return "This is a static view of the store."
    if not info.writable:
        return "The store is open read-only."
    return ""


class Committing(QObject):
    """One panel's writes; at most one is on its way at a time.

    `written`: the events as stored. `conflicted`: a `Conflict`; nothing was written. `failed`: any other error; nothing
    was written. `unknown`: the answer was lost; it is looked for at once, and `settled` or `not_settled` follows. If
    nobody can look now, the workspace does at the next start.
    """

    written = Signal(object)
    conflicted = Signal(object)
    failed = Signal(object)
    unknown = Signal(object, object)  # Sent, the error
    settled = Signal(object, object)  # Sent, the events that are there: none, or all of them
    not_settled = Signal(object, object)  # Sent, the error that kept us from looking
    snapshot_taken = Signal(str)
    busy_changed = Signal(bool)

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._busy = False

    @property
    def busy(self) -> bool:
        return self._busy

    def why_not(self) -> str:
        """Why nothing can be written to the open store; "" when it can."""
        return why_not_writable(self._workspace.info)

    def append(self, key: StreamKey, expected: int, events: Sequence[EventDraft]) -> None:
        """Send the events as they are. The answer comes by one of the signals."""
        sent = Sent(key, expected, tuple(events))
        self._set_busy(True)
        self._workspace.write(
            lambda store: store.append(key, expected, new_events(sent.events)),
            lambda stored: self._wrote(sent, stored),
            lambda error: self._did_not(sent, error),
            owner=self,
            text=f"Writing {sent}",
            event_ids=sent.event_ids,
        )

    def look(self, sent: Sent) -> None:
        """Are the events of a lost answer there?"""
        self._workspace.browse(
            lambda store: store.events_by_id(sent.event_ids),
            lambda found: self._looked(sent, found),
            lambda error: self.not_settled.emit(sent, error),
            owner=self,
            text="Looking whether it was written",
        )

    def forget(self, sent: Sent) -> None:
        """Do not look for it at the next start."""
        info = self._workspace.info
        if info is not None:
            for noted in outcomes.pending(info.identity):
                if noted.event_ids == sent.event_ids:
                    outcomes.forget(info.identity, noted.name)

    def _looked(self, sent: Sent, found: list[Event]) -> None:
        if len(found) == len(sent.events):
            self.forget(sent)
            self._after(sent.key, found)
        self.settled.emit(sent, sorted(found, key=lambda event: event.version))

    def _wrote(self, sent: Sent, stored: list[Event]) -> None:
        self._set_busy(False)
        self.written.emit(stored)
        self._after(sent.key, stored)

    def _after(self, key: StreamKey, stored: Sequence[Event]) -> None:
        """The periodic snapshot, if these events crossed the number at which one is due."""
        if stored:
            last = max(event.version for event in stored)
            ask = SnapshotIfDue(key.category, key.id, last - len(stored), last)
            # A snapshot that fails is no failure of the command; the next one that is due covers it.
            self._workspace.engine(ask, self._snapshot_answer, lambda error: None, owner=self)

    def _snapshot_answer(self, done: Done) -> None:
        if done.message:
            self.snapshot_taken.emit(done.message)

    def _did_not(self, sent: Sent, error: ExplorerError) -> None:
        self._set_busy(False)
        if isinstance(error, Conflict):
            self.conflicted.emit(error)
        elif outcomes.is_unknown(error):
            self.unknown.emit(sent, error)
            self.look(sent)
        else:
            self.failed.emit(error)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.busy_changed.emit(busy)


def new_events(drafts: Sequence[EventDraft]) -> list[NewEvent]:
    """What a preview showed, as what is written. Raises `Invalid` for drafts that are not JSON."""
    made = []
    for draft in drafts:
        metadata = payload.parse(draft.metadata)
        if not isinstance(metadata, dict):
            raise Invalid(f"The metadata of {draft.type} is not an object.")
        made.append(NewEvent(draft.type, payload.parse(draft.data), draft.event_id, metadata))
    return made
