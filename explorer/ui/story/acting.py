"""What an action of a story does: the same as a person's clicks, through the workspace, never past it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from explorer import payload
from explorer.engine.messages import Done, EventDraft, Preview, PreviewAppend, PreviewCommand, RebuildRows, TakeSnapshot
from explorer.errors import ExplorerError, Invalid, Refused
from explorer.model import Event, Json, StreamKey
from explorer.narration import UNKNOWN, narrate
from explorer.story.script import (
    PLACEHOLDERS,
    Action,
    Append,
    Crash,
    GoTo,
    Issue,
    Many,
    Rebuild,
    Service,
    Show,
    Snapshot,
    Wait,
    Zoom,
)
from explorer.subscription import reached
from explorer.ui.asking.serving import ServiceState
from explorer.ui.asking.worker import Delivery, in_thread
from explorer.ui.commands.committing import new_events
from explorer.ui.problem.scene import Scene
from explorer.ui.story.stage import Stage

if TYPE_CHECKING:
    from explorer.stores.store import Store

LOOK = 80  # ms between two looks for what is waited for
DRAWING = 0.4  # seconds that a page gets to draw what it has been asked for
SETTLING = 4.0  # seconds that a tab gets to show what was written

Then = Callable[[], None]
Failed = Callable[[ExplorerError], None]
Ids = Callable[[int], str]

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")


@dataclass(slots=True)
class Said:
    """What a caption may say of what its step has done."""

    narrated: str = UNKNOWN
    loaded: str = UNKNOWN
    whole: str = UNKNOWN
    version: str = UNKNOWN
    said: str = UNKNOWN

    def fill(self, caption: str) -> str:
        return _PLACEHOLDER.sub(lambda found: str(getattr(self, found[1])), caption)


class Late(ExplorerError):
    """What a story waits for did not come in time."""


class Acting(QObject):
    """One action at a time. `folder`: where the files of the problem chapter are."""

    def __init__(self, stage: Stage, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._stage = stage
        self._workspace = stage.workspace
        self._folder = folder
        self._delivery = Delivery(self)
        self._turn = 0  # of the action under way; what belongs to an earlier one says nothing any more
        self.problem = Scene()

    def stop(self) -> None:
        """Nobody waits for the action under way. What is being written is written."""
        self._turn += 1

    def waits_for(self, action: Action) -> str:
        """What takes a moment, in words; empty when it does not."""
        match action:
            case Wait(wait_for="event"):
                return f"Waiting for {action.type} …"
            case Wait():
                return f"Waiting for {action.name} …"
            case Rebuild():
                return f"Rebuilding {action.rebuild} …"
            case Many():
                return f"Issuing {action.many} {action.count} times …"
            case Crash():
                return "A process runs …"
            case Service(do="start" | "stop"):
                return f"The {action.service} service {'starts' if action.do == 'start' else 'stops'} …"
        return ""

    def act(self, action: Action, said: Said, ids: Ids, then: Then, failed: Failed) -> None:
        """Do it; `then` or `failed` follows, later."""
        self._turn += 1
        try:
            match action:
                case Issue():
                    self._issue(action, said, ids, then, failed)
                case Many():
                    self._many(action, said, ids, then, failed)
                case Append():
                    self._append(action, said, ids, then, failed)
                case Service():
                    self._service(action, then, failed)
                case Show():
                    self._show(action, then, failed)
                case GoTo():
                    self._show(Show("stream", action.category, action.id, action.step), then, failed)
                case Snapshot():
                    self._snapshot(action, said, then, failed)
                case Rebuild():
                    self._rebuild(action, said, then, failed)
                case Wait():
                    self._wait(action, said, then, failed)
                case Zoom():
                    self._stage.zoom(action.zoom)
                    self._soon(then)
                case Crash():
                    self._crash(action, then, failed)
        except ExplorerError as error:  # said at once: a service, page or panel that there is not
            why = error
            self._soon(lambda: failed(why))

    def _soon(self, call: Then) -> None:
        QTimer.singleShot(0, self, call)

    # -- writing -----------------------------------------------------------------------------------------------------

    def _issue(self, action: Issue, said: Said, ids: Ids, then: Then, failed: Failed) -> None:
        fields = {name: payload.encode(value).decode() for name, value in action.set.items()}
        self._once(
            (ids(1),),
            lambda: self._command(action.aggregate, action.id, action.issue, fields, said, ids, 1, then, failed),
            lambda events: self._written(events, said, then),
            failed,
        )

    def _command(
        self,
        aggregate: str,
        id: str,
        command: str,
        fields: Mapping[str, str],
        said: Said,
        ids: Ids,
        turn: int,
        then: Then,
        failed: Failed,
        *,
        settle: bool = True,
    ) -> None:
        def previewed(preview: Preview) -> None:
            if preview.refused:
                failed(Refused(f"{command} is refused: {preview.refused}", "The script asks for what a rule forbids."))
                return
            said.loaded, said.whole = preview.loaded, str(preview.expected)
            drafts = [
                _named(draft, ids(turn), "" if number == 1 else f" {number}", ids(0) + f" {turn}")
                for number, draft in enumerate(preview.events, 1)
            ]
            self._write(preview, drafts, said, then, failed, settle=settle)

        ask = PreviewCommand(aggregate, id, command, dict(fields))
        self._workspace.engine(ask, previewed, failed, owner=self, text=f"Deciding {command}")

    def _write(
        self, preview: Preview, drafts: list[EventDraft], said: Said, then: Then, failed: Failed, *, settle: bool
    ) -> None:
        key = StreamKey(preview.category, preview.id)
        if not drafts:
            then()
            return
        self._workspace.write(
            lambda store: store.append(key, preview.expected, new_events(drafts)),
            lambda stored: self._written(stored, said, then) if settle else then(),
            failed,
            owner=self,
            text=f"Writing to {key.category} {key.id}",
            event_ids=tuple(draft.event_id for draft in drafts),
        )

    def _written(self, events: list[Event], said: Said, then: Then) -> None:
        last = max(events, key=lambda event: event.version)
        self._tell(last, said)
        self._settle(last, then)

    def _tell(self, event: Event, said: Said) -> None:
        template = self._workspace.narration.get(event.type, f"{event.type} of {{category}} {{id}}")
        said.narrated = narrate(template, event.category, event.id, payload.decode(event.data).value)
        said.version = str(event.version)

    def _once(
        self, event_ids: tuple[str, ...], write: Then, there: Callable[[list[Event]], None], failed: Failed
    ) -> None:
        """Write, unless these events are there: the step was left while it was written."""
        self._workspace.browse(
            lambda store: store.events_by_id(event_ids),
            lambda events: there(events) if events else write(),
            failed,
            owner=self,
        )

    def _many(self, action: Many, said: Said, ids: Ids, then: Then, failed: Failed) -> None:
        every = {ids(turn): turn for turn in range(1, action.count + 1)}

        def turn(number: int) -> None:
            if number > action.count:
                self._look_at_last(StreamKey(action.aggregate, action.id), said, then, failed)
                return
            values = {name: payload.encode(_counted(value, number)).decode() for name, value in action.set.items()}
            self._command(
                action.aggregate, action.id, action.many, values, said, ids, number,
                lambda: turn(number + 1), failed, settle=False,
            )  # fmt: skip

        def known(done: list[Event]) -> None:
            turn(max((every[event.event_id or ""] for event in done), default=0) + 1)

        # A page of them at a time: a query takes so many ids and not more.
        some = tuple(every)[-500:]
        self._workspace.browse(lambda store: store.events_by_id(some), known, failed, owner=self)

    def _look_at_last(self, key: StreamKey, said: Said, then: Then, failed: Failed) -> None:
        """The stream has grown without anybody looking: tell its last event and have its tab show it."""

        def look(store: Store) -> Event | None:
            info = store.stream(key)
            return store.event(key, info.version) if info is not None else None

        def told(event: Event | None) -> None:
            if event is None:
                then()
            else:
                self._written([event], said, then)

        self._workspace.browse(look, told, failed, owner=self)

    def _append(self, action: Append, said: Said, ids: Ids, then: Then, failed: Failed) -> None:
        data = payload.encode(dict(action.data)).decode()

        def write() -> None:
            ask = PreviewAppend(action.category, action.id, (EventDraft(action.append, data),))

            def previewed(preview: Preview) -> None:
                drafts = [_named(draft, ids(1), "", ids(0)) for draft in preview.events]
                self._write(preview, drafts, said, then, failed, settle=True)

            self._workspace.engine(ask, previewed, failed, owner=self, text=f"Appending {action.append}")

        self._once((ids(1),), write, lambda events: self._written(events, said, then), failed)

    # -- looking -----------------------------------------------------------------------------------------------------

    def _show(self, action: Show, then: Then, failed: Failed) -> None:
        key = StreamKey(action.category, action.id)
        match action.show:
            case "stream" if action.version is not None:
                self._stage.stream(key.category, key.id, action.version)
                self._until(lambda: self._stage.shows(key.category, key.id, action.version), SETTLING, then)
            case "stream":
                self._workspace.browse(
                    lambda store: store.stream(key),
                    lambda info: self._show_last(key, info.version if info else 0, then),
                    failed,
                    owner=self,
                )
            case "causality":
                self._workspace.browse(
                    partial(_event_at, key, action.version), lambda event: self._show_causes(event, then, failed),
                    failed, owner=self,
                )  # fmt: skip
            case "row or events":
                self._stage.compare(key.category, key.id, action.question)
                self._until(lambda: False, DRAWING, then)
            case "panel":
                self._stage.panel(action.name)
                self._soon(then)
            case "events":
                self._stage.events()
                self._soon(then)
            case _:
                self._stage.page(action.show)
                self.show_problem(self.problem)
                self._soon(then)

    def _show_last(self, key: StreamKey, version: int, then: Then) -> None:
        self._stage.stream(key.category, key.id)
        if not version:
            self._soon(then)
            return

        def there() -> bool:
            if self._stage.shows(key.category, key.id, version):
                return True
            self._stage.stream(key.category, key.id)
            return False

        self._until(there, SETTLING, then)

    def _show_causes(self, event: Event | None, then: Then, failed: Failed) -> None:
        if event is None:
            failed(Invalid("There is no such event whose causes could be shown."))
            return
        self._stage.causes(event.category, event.id, event.version)
        self._until(lambda: False, DRAWING, then)

    def _settle(self, event: Event, then: Then) -> None:
        """Give the stream's tab, if it is open, a moment to show this event."""
        if not self._stage.knows(event.category, event.id):
            self._soon(then)
            return
        # A tab that stands at an earlier version stays there: it need only know the event.
        self._until(lambda: self._stage.knows(event.category, event.id) >= event.version, SETTLING, then)

    def _until(self, so: Callable[[], bool], seconds: float, then: Then) -> None:
        """Then, when it is so; also when it is not so after these seconds: nothing depends on it."""
        turn, left = self._turn, int(seconds * 1000 / LOOK)

        def look() -> None:
            nonlocal left
            if turn != self._turn:
                return
            left -= 1
            if left < 0 or so():
                then()
            else:
                QTimer.singleShot(LOOK, self, look)

        look()

    def _wait(self, action: Wait, said: Said, then: Then, failed: Failed) -> None:
        turn, left = self._turn, int(action.seconds * 1000 / LOOK)
        key = StreamKey(action.category, action.id)

        def look() -> None:
            if turn != self._turn:
                return
            if action.wait_for == "event":
                self._workspace.browse(partial(_nth, key, action.type, action.nth), told_event, failed, owner=self)
            else:
                self._workspace.browse(partial(_caught_up, action.name), told, failed, owner=self)

        def told_event(event: Event | None) -> None:
            if event is not None and turn == self._turn:
                self._tell(event, said)
                self._settle(event, then)
            else:
                again()

        def told(there: bool) -> None:
            if there and turn == self._turn:
                then()
            else:
                again()

        def again() -> None:
            nonlocal left
            left -= 1
            if left > 0:
                QTimer.singleShot(LOOK, self, look)
            elif turn == self._turn:
                what = action.type or action.name
                sentence = action.otherwise or f"{what} did not come within {action.seconds:g} s."
                failed(Late(sentence, "Next waits once more."))

        look()

    # -- services, snapshots, read models ----------------------------------------------------------------------------

    def _service(self, action: Service, then: Then, failed: Failed) -> None:
        services, name = self._workspace.services, action.service
        wanted: tuple[str, ...] = ()
        match action.do:
            case "start":
                services.start(name)
                wanted = ("live", "standby", "failing", "paused")
            case "stop":
                services.stop(name)
                wanted = ("stopped", "ended")
            case "slow":
                services.slow(name, action.seconds)
            case "fail":
                services.fail(name, True)
            case "work":
                services.slow(name, 0.0)
                services.fail(name, False)
        self._until(lambda: not wanted or _state(services.known(), name) in wanted, 2 * SETTLING, then)

    def _snapshot(self, action: Snapshot, said: Said, then: Then, failed: Failed) -> None:
        def taken(done: Done) -> None:
            said.said = done.message or "Snapshot taken."
            self._workspace.snapshots_changed.emit(action.snapshot, action.id)
            self._soon(then)

        ask = TakeSnapshot(action.snapshot, action.id, action.version)
        self._workspace.engine(ask, taken, failed, owner=self, text="Taking a snapshot")

    def _rebuild(self, action: Rebuild, said: Said, then: Then, failed: Failed) -> None:
        def rebuilt(done: Done) -> None:
            said.said = done.message
            self._soon(then)

        ask = RebuildRows(action.rebuild)
        self._workspace.engine(ask, rebuilt, failed, owner=self, lane="scan", text=f"Rebuilding {action.rebuild}")

    # -- the problem -------------------------------------------------------------------------------------------------

    def show_problem(self, scene: object) -> None:
        """What the page of the problem shows, if it is open."""
        page = self._stage.open_page("problem")
        if page is not None and isinstance(scene, Scene):
            page.show_scene(scene)  # type: ignore[attr-defined]

    def _crash(self, action: Crash, then: Then, failed: Failed) -> None:
        turn = self._turn

        def run() -> Scene | ExplorerError:
            from explorer.story import crash  # late: it imports stores

            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                ran = crash.run(self._folder, action.crash, action.order)
                return self.problem.after(ran, crash.look(self._folder))
            except ExplorerError as error:
                return error
            except OSError as error:
                return Invalid(f"The files of the story cannot be written: {error.strerror}.")

        def answer(scene: Scene | ExplorerError) -> None:
            if turn != self._turn:
                return
            if isinstance(scene, ExplorerError):
                failed(scene)
                return
            self.problem = scene
            self.show_problem(scene)
            then()

        in_thread(self._delivery, run, answer)


# -- small things ------------------------------------------------------------------------------------------------------


def _named(draft: EventDraft, event_id: str, suffix: str, command: str) -> EventDraft:
    """The event as every run of the story writes it: with the script's ids instead of random ones."""
    metadata = payload.parse(draft.metadata)
    assert isinstance(metadata, dict)
    told: dict[str, Json] = {**metadata, "correlation_id": command, "causation_id": command}
    return EventDraft(draft.type, draft.data, payload.encode(told).decode(), event_id + suffix)


def _counted(value: Json, number: int) -> Json:
    """The value with the number of the turn in place of {n}; a text that is {n} alone becomes a number."""
    match value:
        case "{n}":
            return number
        case str():
            return value.replace("{n}", str(number))
        case dict():
            return {name: _counted(one, number) for name, one in value.items()}
        case list():
            return [_counted(one, number) for one in value]
    return value


def _event_at(key: StreamKey, version: int | None, store: Store) -> Event | None:
    if version is None:
        info = store.stream(key)
        version = info.version if info is not None else 0
    return store.event(key, version)


def _nth(key: StreamKey, kind: str, nth: int, store: Store) -> Event | None:
    """The n-th event of this type in the stream, if it is there."""
    found = [event for event in store.stream_events(key) if event.type == kind]
    return found[nth - 1] if len(found) >= nth else None


def _caught_up(name: str, store: Store) -> bool:
    known = next((one for one in store.subscriptions() if one.name == name), None)
    there, head = reached(known.checkpoint) if known is not None else None, store.head()
    return head is None or (isinstance(there, int) and isinstance(head, int) and there >= head)


def _state(known: list[ServiceState], name: str) -> str:
    return next((one.state for one in known if one.name == name), "")
