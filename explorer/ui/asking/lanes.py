"""The engine processes of one open store, one a lane; their answers come to the GUI thread in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from explorer.engine import messages
from explorer.engine.wire import EngineBug
from explorer.errors import ExplorerError
from explorer.ui.asking.worker import Ask, Delivery

if TYPE_CHECKING:
    from explorer.engine.lane import Asked, Lane

Answered = Callable[[Any], None]
Failed = Callable[[ExplorerError], None]


class Lanes:
    """`opened` and `failed` are called (on the GUI thread) when a lane has opened the store, or could not."""

    def __init__(
        self,
        opening: messages.Open,
        delivery: Delivery,
        opened: Callable[[str, messages.Opened], None],
        failed: Callable[[str, ExplorerError], None],
    ) -> None:
        self._opening = opening
        self._later = delivery.later
        self._opened = opened
        self._failed = failed
        self._lanes: dict[str, Lane] = {}

    def lane(self, name: str) -> Lane:
        """This lane; its process is started when it is wanted first."""
        if name not in self._lanes:
            from explorer.engine.lane import Lane

            self._lanes[name] = lane = Lane(name)
            lane.ask(
                self._opening,
                None,
                lambda reply: self._later(lambda: self._opened(name, reply)),  # type: ignore[arg-type]
                lambda error: self._later(lambda: self._failed(name, error)),
            )
        return self._lanes[name]

    def ask(
        self, name: str, message: messages.Ask, asked: Ask, then: Answered, failed: Failed, part: Answered | None
    ) -> None:
        """Ask a lane. What is not wanted any more is not told; a bug is told and then raised."""
        asked.started = time.monotonic()
        handles: list[Asked] = []
        asked.on_cancel(lambda: handles[0].cancel() if handles else None)

        def answer(reply: Any) -> None:
            asked.done = True
            if asked.wanted:
                then(reply)

        def fail(error: ExplorerError) -> None:
            asked.done = True
            if asked.wanted:
                failed(error)
            if isinstance(error, EngineBug):
                error.add_note(error.traceback)
                raise error

        def progress(reply: Any) -> None:
            if isinstance(reply, messages.Progress):
                asked.progress = reply.done / reply.total if reply.total else None
                asked.detail = reply.what
            if part is not None and asked.wanted:
                part(reply)

        later = self._later
        handles.append(
            self.lane(name).ask(
                message,
                lambda reply: later(lambda: progress(reply)),
                lambda reply: later(lambda: answer(reply)),
                lambda error: later(lambda: fail(error)),
            )
        )

    def let_go(self) -> list[Lane]:
        """All lanes, for somebody who closes them in a thread."""
        lanes, self._lanes = list(self._lanes.values()), {}
        return lanes
