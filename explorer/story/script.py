"""What a story is made of: chapters, steps, and what each step does. A script says it in TOML, see `reading`.

The first field of an action is the key that names it in a script; the others are its further keys. So this file is
also the reference of the format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID, uuid5

from explorer.model import Json

STORY = UUID("0c0de5b0-7d4c-5b3e-8f59-2b6b1a9d7e11")
"""The namespace of the ids of events that a story writes."""

PLACEHOLDERS = ("narrated", "loaded", "whole", "version", "said")
"""What a caption may name in braces: the event that was written last, in words; what the last command's state was
loaded from, and how many events the stream had then; the version written last; what an action answered."""

PATIENCE = 30.0  # seconds that a wait lasts if the script does not say


def one_of(*values: str) -> dict[str, tuple[str, ...]]:
    """Metadata of a field that has one of these values."""
    return {"one_of": values}


@dataclass(frozen=True, slots=True)
class Issue:
    """A command, as a person issues it with the Command panel."""

    issue: str  # the command
    aggregate: str
    id: str
    set: Mapping[str, Json] = field(default_factory=dict)  # its fields
    line: int = 0


@dataclass(frozen=True, slots=True)
class Many:
    """The same command many times, to make a long stream. `{n}` in a value is the number of the turn, from 1."""

    many: str  # the command
    aggregate: str
    id: str
    count: int
    set: Mapping[str, Json] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Append:
    """An event as it is, decided by nobody."""

    append: str  # its type
    category: str
    id: str
    data: Mapping[str, Json] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the domain; "work" ends being slow and failing. `seconds`: how slow."""

    service: str
    do: str = field(metadata=one_of("start", "stop", "slow", "fail", "work"))
    seconds: float = 2.0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Show:
    """Something to look at. "stream", "causality" and "row or events" need category and id, "panel" a name.

    Without a version a stream is shown at its last one, and it is the last event whose causes are shown. `question`:
    the number of the question that row and events are asked, from 1.
    """

    show: str = field(metadata=one_of("stream", "causality", "pattern", "row or events", "problem", "events", "panel"))
    category: str = ""
    id: str = ""
    version: int | None = None
    name: str = ""
    question: int | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class GoTo:
    """Time travel: the stream at this version."""

    step: int
    category: str
    id: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Save the state of a stream, at its end or at a version."""

    snapshot: str  # the category
    id: str
    version: int | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Make a read model anew from the events."""

    rebuild: str  # the projection
    line: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Until an event of this `type` is in a stream (the `nth` of that type), or a subscription has seen everything.
    `otherwise` is said if it does not come in time."""

    wait_for: str = field(metadata=one_of("event", "subscription"))
    type: str = ""
    category: str = ""
    id: str = ""
    nth: int = 1  # the how many-th event of this type
    name: str = ""  # of the subscription
    seconds: float = PATIENCE
    otherwise: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Zoom:
    """The size of everything, in percent."""

    zoom: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class Crash:
    """A process that stores an order and dies, really, at this moment; or nothing happens to it ("never"). "deliver"
    lets the subscriber come back and take what there is for it."""

    crash: str = field(
        metadata=one_of("never", "between row and message", "before the commit", "after the commit", "deliver")
    )
    order: str = ""
    line: int = 0


Action: TypeAlias = Issue | Many | Append | Service | Show | GoTo | Snapshot | Rebuild | Wait | Zoom | Crash
KINDS: tuple[type[Action], ...] = (
    Issue, Many, Append, Service, Show, GoTo, Snapshot, Rebuild, Wait, Zoom, Crash,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """What is said, and what happens while it is said."""

    caption: str
    actions: tuple[Action, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Chapter:
    """It begins on an empty stage: the tabs of the chapter before are closed."""

    title: str
    steps: tuple[Step, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    title: str
    store: str  # name of the store that is made for it
    chapters: tuple[Chapter, ...]

    def steps(self) -> Iterator[tuple[int, int, Step]]:
        """All steps in order, with the numbers of chapter and step in it, from 1."""
        for number, chapter in enumerate(self.chapters, 1):
            for place, step in enumerate(chapter.steps, 1):
                yield number, place, step

    def event_id(self, chapter: int, step: int, action: int, number: int = 0) -> str:
        """The id of an event (or command) of this action: the same in every run. Numbers from 1."""
        return str(uuid5(STORY, f"{self.title}\n{chapter}.{step}.{action}\n{number}"))
