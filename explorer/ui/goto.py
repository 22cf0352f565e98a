"""Go to anything: a stream, an event by its id, a position, an open tab, a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from explorer.errors import ExplorerError
from explorer.model import Event, EventQuery, Page, StreamInfo
from explorer.ui import actions as table
from explorer.ui.parts.palette import Choice, Palette
from explorer.ui.workspace import Workspace

DEBOUNCE_MS = 120
FOUND = 40
COMMAND = ">"


def score(words: str, title: str) -> int | None:
    """How well a title fits what was typed: its words in any order, else its letters in order; None: not at all."""
    wanted, there = words.casefold().split(), title.casefold()
    if not wanted:
        return 0
    if all(word in there for word in wanted):
        return 2 + sum(1 for word in wanted if any(part.startswith(word) for part in there.split()))
    letters = iter(there)
    return 1 if all(letter in letters for letter in "".join(wanted)) else None


def _leave_out() -> set[str]:
    """Actions that make no sense as a line: they are the palettes, or a digit."""
    return {"goto", "palette", *(f"tab_{n}" for n in range(1, 10)), "step_back_here", "step_forward_here"}


class GoTo(Palette):
    """`tabs` gives the open tabs as (title, function that shows it)."""

    def __init__(
        self, workspace: Workspace, window: QWidget, tabs: Callable[[], Sequence[tuple[str, Callable[[], None]]]]
    ) -> None:
        super().__init__(window, "Go to anything", "Stream, event id, position, or > and a command")
        self.workspace = workspace
        self._tabs = tabs
        self._streams: list[Choice] = []
        self._exact: list[Choice] = []
        self._foot = ""
        self._soon = QTimer(self, interval=DEBOUNCE_MS, singleShot=True)
        self._soon.timeout.connect(self._ask)

    def search(self, words: str) -> None:
        self._soon.stop()
        self._streams, self._exact = [], []
        if words.startswith(COMMAND) or not self.workspace.is_open:
            words = words.removeprefix(COMMAND).strip()
            found = self._commands(words)
            self._foot = "" if found else f"Nothing that can be done here now is called “{words}”. F1 lists everything."
            self.show_choices(found, self._foot)
            return
        self._foot = "Looking …" if words.strip() else ""
        self._show()
        self._soon.start()

    def _show(self) -> None:
        words = self.field.text().strip()
        tabs = [
            Choice(title, show, "open tab", icon="columns")
            for title, show in self._tabs()
            if words and score(words, title) is not None
        ]
        known = self._commands(words)[:4] if words else []
        self.show_choices([*self._exact, *tabs, *self._streams, *known], self._foot)

    # -- streams, events, positions ------------------------------------------------------------------------

    def _ask(self) -> None:
        words = self.field.text().strip()
        if not words:
            self.workspace.browse(
                lambda store: store.recent_streams(FOUND), self._recent, self._failed, topic="goto streams", owner=self
            )
            return
        self.workspace.browse(
            lambda store: store.streams(None, words, None, FOUND),
            lambda page: self._found(words, page),
            self._failed,
            topic="goto streams",
            owner=self,
        )
        self.workspace.browse(
            lambda store: store.events_by_id([words]),
            lambda events: self._events(words, events, "event id"),
            self._failed,
            topic="goto event",
            owner=self,
        )
        if words.lstrip("#").isdigit():
            position = int(words.lstrip("#"))
            query = EventQuery(after=position - 1, limit=1, preview=1)
            self.workspace.browse(
                lambda store: store.events(query).rows if isinstance(store.head(), int) else (),
                lambda events: self._events(words, [one for one in events if one.position == position], "position"),
                self._failed,
                topic="goto position",
                owner=self,
            )

    def _recent(self, streams: Sequence[StreamInfo]) -> None:
        if not self.field.text().strip():
            self._streams = [self._stream(one) for one in streams]
            self._foot = "Changed last. Type to find a stream, an event id or a position; > for commands."
            self._show()

    def _found(self, words: str, page: Page[StreamInfo]) -> None:
        if words != self.field.text().strip():
            return
        self._streams = [self._stream(one) for one in page.rows]
        self._foot = "" if self._streams or self._exact else f"No stream contains “{words}”."
        if page.next is not None:
            self._foot = "There are more: the filter of the streams panel shows all of them."
        self._show()

    def _events(self, words: str, events: Sequence[Event], how: str) -> None:
        if words != self.field.text().strip() or not events:
            return
        if not self._streams:
            self._foot = ""
        for event in events:
            show = partial(self.workspace.stream_wanted.emit, event.category, event.id, event.version)
            title = f"{event.category} {event.id}".strip()
            self._exact.append(Choice(title, show, f"{event.type} v{event.version}", how, "flag", mono=True))
        self._show()

    def _stream(self, info: StreamInfo) -> Choice:
        show = partial(self.workspace.stream_wanted.emit, info.category, info.id, None)
        return Choice(f"{info.category} {info.id}".strip(), show, "", f"v{info.version}", "stream", mono=True)

    def _failed(self, error: ExplorerError) -> None:
        self._foot = str(error)
        self._show()

    # -- commands ------------------------------------------------------------------------------------------

    def _commands(self, words: str) -> list[Choice]:
        bound = self.workspace.actions
        fitting: list[tuple[int, int, Choice]] = []
        for place, action in enumerate(table.ACTIONS):
            if action.id in _leave_out() or not bound.possible(action.id):
                continue
            fits = score(words, f"{action.title} {action.group}")
            if fits is not None:
                run = partial(bound.trigger, action.id)
                key = bound.key_text(action.id).split(" or ")[0]
                choice = Choice(action.title.removesuffix("…"), run, action.group, key, action.icon or "chevron-right")
                fitting.append((-fits, place, choice))
        for service in self.workspace.services.known():
            title = f"{'Stop' if service.running else 'Start'} the {service.name} service"
            fits = score(words, f"{title} Run")
            if fits is not None:
                services = self.workspace.services
                turn = partial(services.stop if service.running else services.start, service.name)
                icon = "stop" if service.running else "play"
                fitting.append((-fits, len(table.ACTIONS), Choice(title, turn, "Run", service.state, icon)))
        return [choice for _fits, _place, choice in sorted(fitting, key=lambda one: one[:2])]
