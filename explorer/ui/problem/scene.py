"""What the page of the problem shows: what was run last each way, and what the files hold since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.story.crash import Held, Ran


@dataclass(frozen=True, slots=True)
class Scene:
    two_writes: Ran | None = None  # the process that wrote a row and a message
    one_write: Ran | None = None  # the process that appended an event
    held: Held | None = None
    event_way: bool = False  # whether the events are what is shown now
    delivered: bool = False  # whether the subscriber has come back since

    def after(self, ran: Ran, held: Held) -> Scene:
        """The scene after a process has run."""
        if ran.how == "deliver":
            return Scene(self.two_writes, self.one_write, held, self.event_way, True)
        if ran.how in ("never", "between row and message"):
            return Scene(ran, self.one_write, held, False, False)
        return Scene(self.two_writes, ran, held, True, False)
