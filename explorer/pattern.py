"""What an event has gone through, told in steps: command, load, decide, append, delivery, read model, reaction.

Only what is recorded: a command and what it was decided on stand in an event's metadata, its cause too; who has got it
is said by where a subscription stands, or by an event that names it as its cause. What nobody says is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from explorer import payload
from explorer.causation import Said, said
from explorer.model import Position, StreamKey

Kind: TypeAlias = Literal["issue", "react", "load", "decide", "append", "deliver", "project"]
KINDS: tuple[Kind, ...] = ("issue", "react", "load", "decide", "append", "deliver", "project")
"""In the order in which an event goes through them."""

BY_HAND, SIMULATED = "event-store-explorer", "simulate"
NOT_NAMED = ""
"""The subscriber of which only the reaction is known."""


class Happened(NamedTuple):
    """An event, and what its metadata say of how it came about."""

    category: str
    id: str
    version: int
    type: str
    position: Position | None
    event_id: str | None
    at: int | None  # microseconds since the epoch, UTC
    said: Said
    words: str = ""  # the event in the words of its domain, if that has any

    @property
    def stream(self) -> StreamKey:
        return StreamKey(self.category, self.id)

    @property
    def identity(self) -> str:
        """As metadata name it, see `causation.event_identity`."""
        return self.event_id or f"{self.category}/{self.id}/{self.version}"

    @property
    def place(self) -> str:
        """Its stream, for people."""
        return f"{short(self.category)} {self.id}".strip()

    @property
    def name(self) -> str:
        """Its type, for people."""
        return short(self.type)

    @property
    def decided(self) -> bool:
        """Whether it is recorded that a command decided it, and on what."""
        return self.said.events is not None

    @property
    def reaction(self) -> bool:
        """Whether it says that something before, not a first command, led to it."""
        words = self.said
        return words.stream is not None or words.position is not None or words.cause not in (None, words.correlation)

    @property
    def service(self) -> str | None:
        """The service that wrote it; None for people, simulated ones too, and where nobody says."""
        return None if self.said.service in (BY_HAND, SIMULATED) else self.said.service


def happened(
    category: str,
    id: str,
    version: int,
    type: str,
    position: Position | None,
    event_id: str | None,
    at: int | None,
    metadata: bytes,
    words: str = "",
) -> Happened:
    """Of an event as it arrived. Metadata that are cut or no JSON say nothing."""
    known = payload.decode(metadata).value if metadata else None
    return Happened(category, id, version, type, position, event_id, at, said(known), words)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to an event."""

    kind: Kind
    event: Happened
    to: tuple[str, ...] = ()  # deliver and project: who got it; react: who reacts
    cause: Happened | None = None  # react: to this, where it is known
    together: int = 1  # append: so many events were written by this one append


def journey(event: Happened, cause: Happened | None = None, together: int = 1, first: bool = True) -> tuple[Step, ...]:
    """What is recorded of how this event came into the store. `together`: events that one append wrote; of these only
    the `first` tells of the command."""
    steps: list[Step] = []
    if first:
        if event.reaction:
            steps.append(Step("react", event, (event.service or NOT_NAMED,), cause))
        elif event.decided or event.said.command:
            steps.append(Step("issue", event))
        if event.decided:
            steps += [Step("load", event), Step("decide", event)]
    return (*steps, Step("append", event, together=together))


def appends(events: Sequence[Happened]) -> list[list[Happened]]:
    """These events, in the order of the store, put together as they were appended: those of one stream and one cause
    that follow each other. Who says no cause is appended alone."""
    groups: list[list[Happened]] = []
    for event in events:
        last = groups[-1][-1] if groups else None
        if (
            last is not None
            and event.said.cause is not None
            and (event.category, event.id, event.version) == (last.category, last.id, last.version + 1)
            and event.said == last.said
        ):
            groups[-1].append(event)
        else:
            groups.append([event])
    return groups


def short(name: str) -> str:
    """The last part of a name with dots in it, such as a Java class has."""
    return name.rpartition(".")[2] or name


# -- in words ----------------------------------------------------------------------------------------------------------


def words(step: Step) -> str:
    """A sentence for people who have never seen an event store."""
    event = step.event
    match step.kind:
        case "issue":
            return f"{who(event)} issues {_command(event)} to {event.place}."
        case "react":
            reacts = f"{_subscriber(step.to[0], 'The')} reacts to {_cause(step)}"
            return f"{reacts}: it issues {_command(event)} to {event.place}." if event.decided else f"{reacts}."
        case "load":
            return _load(event)
        case "decide":
            return f"The rules of {short(event.category) or event.place} decide on this state: {_told(event)}."
        case "append":
            return _append(step)
        case "deliver":
            have = "has" if len(step.to) == 1 else "have"
            return f"{_names(step.to)} {have} got {event.name} of {event.place} from the event store."
        case "project":
            have = "has" if len(step.to) == 1 else "have"
            return f"The read model{'' if len(step.to) == 1 else 's'} {_names(step.to)} {have} taken in {event.name}."


def how(event: Happened, cause: Happened | None = None) -> str:
    """How it came about, short enough for a list."""
    parts = []
    if event.reaction:
        reaction = _cause(Step("react", event, cause=cause))
        parts.append(f"{_subscriber(event.service or NOT_NAMED, 'the')} reacted to {reaction}")
    elif event.decided or event.said.command or event.said.user or event.said.service:
        by_hand = "" if event.decided else " wrote it by hand" if event.said.service == BY_HAND else " wrote it"
        parts.append(who(event) + by_hand)
    if event.decided:
        parts.append(f"{_command(event)} decided on {basis(event)}")
    return " · ".join(parts) or "nobody says how it came about"


def facts(event: Happened) -> str:
    """One line that says which event this is."""
    position = "" if event.position is None else f" · position {event.position}"
    stream = f"{event.category} {event.id}".strip()
    return f"{event.type} · {stream} v{event.version}{position}"


def basis(event: Happened) -> str:
    """What it was decided on: "snapshot v100 + 3 events"."""
    snapshot, read = event.said.snapshot, event.said.events or 0
    events = f"{read:,} event{'' if read == 1 else 's'}"
    return f"snapshot v{snapshot} + {events}" if snapshot else events if read else "no events, it was new"


def who(event: Happened) -> str:
    """Who began it."""
    words = event.said
    if words.service == SIMULATED:
        return "A simulated customer"
    return words.user or words.service or "Somebody"


def _told(event: Happened) -> str:
    return f"{event.name} – {event.words}" if event.words else event.name


def _command(event: Happened) -> str:
    return event.said.command or "a command"


def _subscriber(name: str, article: str) -> str:
    if name == NOT_NAMED:
        return "Something that is not named" if article == "The" else "something that is not named"
    return f"{article} {name} service"


def _cause(step: Step) -> str:
    if step.cause is not None:
        return f"{step.cause.name} of {step.cause.place}"
    words = step.event.said
    if words.stream is not None and words.version is not None:
        return f"{words.stream} v{words.version}"
    return "an earlier event or command"


def _load(event: Happened) -> str:
    snapshot, read = event.said.snapshot or 0, event.said.events or 0
    if not snapshot and not read:
        return f"{event.place} is new: there is nothing to load."
    if not snapshot:
        return f"{event.place} is loaded: its state is what its {_events(read)} so far led to."
    return f"{event.place} is loaded: snapshot v{snapshot} + {_events(read)}, instead of all {snapshot + read:,}."


def _events(count: int) -> str:
    return f"{count:,} event{'' if count == 1 else 's'}"


def _append(step: Step) -> str:
    event = step.event
    at = "" if event.position is None else f", at position {event.position} of the store"
    written = f"{event.name} is appended as version {event.version} of {event.place}{at}"
    if not event.decided and event.words:
        written = f"{event.words}: {written}"
    if step.together > 1:
        return f"{written}: one atomic write of {step.together} events."
    if event.decided:
        return f"{written}: one atomic write, and it is published too."
    if event.said.service == BY_HAND:
        return f"{written}, written by hand by {event.said.user or 'somebody'}: nothing was decided."
    return f"{written}."


def _names(names: Iterable[str]) -> str:
    shown = [name or "somebody" for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
