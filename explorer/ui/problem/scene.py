"""What the page of the problem shows: what was run last each way, and what the files hold since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.story.crash import Held, Ran


@dataclass(frozen=True, slots=True)
class Scene:
    two_writes: Ran | None = None  # the process that wrote a row and a message
    one_write: Ran | None = None  # the process that appended an event
    held: Held | None = None
    queue_delivered: bool = False  # whether the subscriber has come back since the last row, and since the last event
    store_delivered: bool = False

    def after(self, ran: Ran, held: Held) -> Scene:
        """The scene after a process has run."""
        if ran.how == "deliver":
            return replace(self, held=held, queue_delivered=True, store_delivered=True)
        if ran.how in ("never", "between row and message"):
            return replace(self, two_writes=ran, held=held, queue_delivered=False)
        return replace(self, one_write=ran, held=held, store_delivered=False)
