"""Plays a story: a step's actions one after the other, back to how things stood, and again from the beginning.

Going back moves the view and nothing else. State is events, and these stay: a stream that had three versions when a
step was over is shown at its third again, whatever came afterwards. So nothing is deleted, and going forward again
writes nothing twice: what a step does it does once, and afterwards it is only shown. Services stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from explorer.errors import ExplorerError
from explorer.story.script import Action, Step, Story
from explorer.ui.story.acting import Acting, Said
from explorer.ui.story.stage import Sight, Stage


@dataclass(slots=True)
class Done:
    """A step that was played: what one saw at its end, and what its caption said."""

    sight: Sight
    caption: str
    problem: object = None


@dataclass(slots=True)
class _Under:
    """The step that is being played."""

    number: int
    action: int = 0  # the one that runs, or failed
    said: Said = field(default_factory=Said)


class Player(QObject):
    """`changed` when something else is to be said. Steps are counted from 0; -1: nothing has been played yet."""

    changed = Signal()

    def __init__(self, story: Story, stage: Stage, acting: Acting, parent: QObject) -> None:
        super().__init__(parent)
        self.story = story
        self.steps = [*story.steps()]
        self.at = -1
        self.running = False
        self.problem: ExplorerError | None = None
        self.waiting = ""  # what is waited for
        self._stage = stage
        self._acting = acting
        self._done: list[Done] = []
        self._under = _Under(-1)
        self._until = -1  # go on by itself up to this step
        self._session = 0  # what was begun before `stop` says nothing any more

    # -- what there is to say ----------------------------------------------------------------------------------------

    @property
    def step(self) -> Step | None:
        return self.steps[self.at][2] if self.at >= 0 else None

    @property
    def place(self) -> str:
        """Chapter and step, in words."""
        if self.at < 0:
            return self.story.title
        chapter, place, _step = self.steps[self.at]
        whole = self.story.chapters[chapter - 1]
        return f"{chapter} {whole.title} · step {place} of {len(whole.steps)}"

    @property
    def caption(self) -> str:
        if 0 <= self.at < len(self._done):
            return self._done[self.at].caption
        step = self.step
        return self._under.said.fill(step.caption) if step is not None else ""

    @property
    def last(self) -> bool:
        return self.at >= len(self.steps) - 1 and not self.running and self.problem is None

    # -- going -------------------------------------------------------------------------------------------------------

    def next(self) -> None:
        """The next step; what failed is tried again. While something runs nothing else begins."""
        if self.running:
            self.changed.emit()
        elif self.problem is not None:
            self._play()
        elif self.at < len(self.steps) - 1:
            self._go(self.at + 1)

    def back(self) -> None:
        """How things stood at the end of the step before. Stops waiting for what a step waits for."""
        if self.at > 0:
            self._leave()
            self._until = -1
            self._go(self.at - 1)

    def go_to(self, number: int) -> None:
        """This step; those before it that were not played yet are."""
        if self.running:
            self.changed.emit()
            return
        self._until = number
        self._go(min(number, len(self._done)))

    def chapter(self, number: int) -> None:
        """The first step of this chapter, from 0."""
        self.go_to(next(place for place, step in enumerate(self.steps) if step[0] == number + 1))

    def stop(self) -> None:
        """Nothing goes on."""
        self._leave()
        self._until = -1

    def _leave(self) -> None:
        self._session += 1
        self._acting.stop()
        self.running, self.problem, self.waiting = False, None, ""

    # -- playing -----------------------------------------------------------------------------------------------------

    def _go(self, number: int) -> None:
        self.at, self.problem = number, None
        if number < len(self._done):
            done = self._done[number]
            self._stage.show(done.sight)
            self._acting.show_problem(done.problem)
            self.changed.emit()
            if number < self._until:
                self._go(number + 1)
            return
        if self._under.number != number:
            self._under = _Under(number)
            if self.steps[number][1] == 1:
                self._stage.clear()
        self._play()

    def _play(self) -> None:
        """The actions of the step under way, from the one that was not done."""
        self.running, self.problem = True, None
        session = self._session
        chapter, place, step = self.steps[self._under.number]
        actions = step.actions

        def begin() -> None:
            if session != self._session:
                return
            if self._under.action >= len(actions):
                self._finish()
                return
            action = actions[self._under.action]
            number = self._under.action + 1
            self.waiting = self._acting.waits_for(action)
            self.changed.emit()
            self._acting.act(
                action,
                self._under.said,
                lambda turn: self.story.event_id(chapter, place, number, turn),
                self._of(session, done),
                lambda error: failed(action, error),
            )

        def done() -> None:
            self._under.action += 1
            begin()

        def failed(action: Action, error: ExplorerError) -> None:
            if session == self._session:
                self.running, self.waiting, self._until = False, "", -1
                self.problem = error
                error.add_note(f"line {action.line} of the script")
                self.changed.emit()

        begin()

    def _of(self, session: int, call: Callable[[], None]) -> Callable[[], None]:
        def only_now() -> None:
            if session == self._session:
                call()

        return only_now

    def _finish(self) -> None:
        step = self.steps[self._under.number][2]
        caption = self._under.said.fill(step.caption)
        self._done.append(Done(self._stage.sight(), caption, self._acting.problem))
        self.running, self.waiting = False, ""
        self.changed.emit()
        if self.at < self._until:
            self._go(self.at + 1)
