"""Every state of one stream: a fold that remembers what each event did, and can be asked for any moment of it.

The states themselves are not kept, only every 64th, and the changes of each step between them as compact JSON. So a
seek runs no code of the domain: it applies changes that were found when the reducer ran.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Protocol

from explorer import fold, payload
from explorer.applying import apply
from explorer.diff import Change, diff, same
from explorer.errors import ExplorerError, Invalid
from explorer.expressions import Failed
from explorer.fold import StepFailed, Upcast
from explorer.json_state import MISSING
from explorer.model import Aggregate, DomainEvent, Event, Json, Snapshot
from explorer.stepping import step
from explorer.writers import Writers

BLOCK = 64
_CACHED = 32  # blocks whose states are kept, for stepping to and fro
_TOGETHER = 256  # steps that are put into the index of writers at once
_WATCHED = 16  # events of each type whose effect on the state before them is looked at …
_SAMPLE = 64  # … and after these every so many-th event

_NONE: list[Change] = []

CHANGES_ITS_INPUT = "The reducer changes the state it is given, so every state is copied."


class Taker(Protocol):
    """What goes over a stream while it is folded, such as a `watches.Course`."""

    def take(self, state: Json, before: Json, event: DomainEvent | Failed, version: int, type: str, /) -> None:
        """The state after the next event, the one before it, and the event as the reducer saw it."""
        ...

    def forget(self) -> None:
        """The fold begins again."""
        ...


class Replay:
    """The fold of one stream. Ordinals count the events given, from 0; -1 is the state before all of them.

    `aggregate` None is the generic fold. `base` is a snapshot to start from where the events before it are not stored.
    `history` gives the events again from the first: it is called when a reducer that changes its input is found out
    late, after states were kept that it may have changed; `generation` grows when the fold began again because of it.
    `takers` see every step from here on; there may come more of them, and some may leave.

    Nothing that events, reducers and upcasters do makes it raise: a step that fails is marked in `errors`, and the last
    good state goes on.
    """

    def __init__(
        self,
        aggregate: Aggregate | None,
        upcast: Upcast | None = None,
        *,
        base: Snapshot | None = None,
        history: Callable[[], Iterable[Event]] | None = None,
        takers: Sequence[Taker] = (),
    ) -> None:
        self.aggregate = aggregate or fold.GENERIC
        self.generic = aggregate is None
        self.slow = ""  # why the slow path was taken
        self.generation = 0
        self._plain = self.aggregate.dump is None
        self._upcast = upcast
        self._base = base
        self._history = history
        self._takers = takers
        self._begin()

    def _begin(self) -> None:
        self.errors: dict[int, str] = {}  # ordinal → why the step failed
        self.change_counts = array("L")  # by ordinal: how many paths changed
        self._writers = Writers()
        self._unindexed: list[list[Change]] = []  # steps of blocks that are not all in it
        self.incomplete = ""  # why the state does not rest on the whole history
        self._first: list[Event] = []  # the events of the first block
        self._seen: dict[str, int] = {}
        self._blocks: list[tuple[Json, bytes]] = []
        self._unpacked: OrderedDict[int, _Block] = OrderedDict()
        try:
            self._raw = fold.initial(self.aggregate)
            self._json = fold.as_json(self.aggregate, self._raw)
        except StepFailed as error:
            self.errors[-1] = str(error)
            self._raw = self._json = None
        self._open(self._json)

    def _open(self, start: Json) -> None:
        self._start: Json = start
        self._steps: list[list[Change]] = []  # since the last block
        self._recent = _Block(start, self._steps)

    @property
    def count(self) -> int:
        return len(self.change_counts)

    def extend(self, events: Iterable[Event]) -> None:
        """Fold the events that come next. May be stopped between two of them by what gives the events."""
        for event in events:
            if not self.change_counts and event.version > 1:
                self._start_at(event.version)
            self._fold(event)
            if len(self._steps) == BLOCK:
                self._unindexed += self._steps
                if len(self._unindexed) >= _TOGETHER:
                    self._index(self._unindexed)
                    self._unindexed = []
                self._blocks.append((self._start, _pack(self._steps)))
                self._first = []
                self._open(self._json)

    @property
    def writers(self) -> Writers:
        """Which events wrote to which path; of all events so far."""
        self._index(self._unindexed + self._steps)
        return self._writers

    def _index(self, recent: list[list[Change]]) -> None:
        """Put what is not in the index of writers yet into it, of the last steps."""
        self._writers.extend(recent[len(recent) - (self.count - self._writers.count) :])

    def state(self, ordinal: int) -> Json:
        """The state after this event. Raises `Invalid` when there is no such event."""
        if not -1 <= ordinal < self.count:
            raise Invalid(f"There is no state {ordinal}: the stream has {self.count} events.")
        if ordinal == self.count - 1:
            return self._json
        number, step = divmod(ordinal + 1, BLOCK)
        return self._block(number).state(step)

    def changes(self, ordinal: int) -> list[Change]:
        """What this event changed. Raises `Invalid` when there is no such event."""
        if ordinal == -1:
            return []
        if not 0 <= ordinal < self.count:
            raise Invalid(f"There is no event {ordinal}: the stream has {self.count}.")
        number, step = divmod(ordinal, BLOCK)
        return self._block(number).steps[step]

    def _block(self, number: int) -> _Block:
        if number == len(self._blocks):
            return self._recent
        block = self._unpacked.get(number)
        if block is None:
            start, packed = self._blocks[number]
            block = self._unpacked[number] = _Block(start, _unpack(packed))
            if len(self._unpacked) > _CACHED:
                self._unpacked.popitem(last=False)
        self._unpacked.move_to_end(number)
        return block

    # -- one step ------------------------------------------------------------------------------------------------------

    def _start_at(self, version: int) -> None:
        """The first stored event has this version: begin with the base snapshot if it goes before it."""
        base = self._base
        if base is not None and base.version == version - 1:
            decoded = payload.decode(base.state)
            problem = base.problem or decoded.problem
            if problem is None:
                try:
                    self._raw = fold.from_json(self.aggregate, decoded.value)
                    self._json = fold.as_json(self.aggregate, self._raw)
                    self._open(self._json)
                    self.incomplete = f"Starts from the snapshot at version {base.version}: no earlier event is stored."
                    return
                except StepFailed as error:
                    problem = str(error)
            self.errors[-1] = f"The snapshot at version {base.version} cannot be used: {problem}"
        self.incomplete = f"The first stored event is version {version}: what came before is not known."

    def _fold(self, event: Event) -> None:
        if not self._blocks:
            self._first.append(event)
        ordinal = len(self.change_counts)
        seen = self._seen.get(event.type, 0)
        if seen < _WATCHED:
            self._seen[event.type] = seen + 1
        watched = (seen < _WATCHED or ordinal % _SAMPLE == 0) and not (self.slow or self.generic)
        before = payload.encode_plain(self._json) if watched else b""
        error, readable = None, None
        raw, json, changes = self._raw, self._json, _NONE
        try:
            readable = fold.readable(event, self._upcast)
            if self.slow:
                raw = fold.evolve(self.aggregate, fold.copied(self._raw), readable)
                json, _ = fold.shared_json(self.aggregate, raw, MISSING, self._json)
                changes = diff(self._json, json)
            else:
                raw = fold.evolve(self.aggregate, self._raw, readable)
                stepped = step(self._json, raw) if self._plain and self._raw is self._json else None
                if stepped is not None:
                    raw = json = stepped[0]
                    changes = stepped[1]
                else:
                    json, plain = fold.shared_json(self.aggregate, raw, self._raw, self._json)
                    changes = diff(self._json, json)
                    if plain:
                        raw = json  # equal, and shares more: the next comparison has less to look at
        except StepFailed as failed:
            error = str(failed)
            raw, json = self._raw, self._json
        if watched and self._was_changed(before):
            if self._history is not None or not self._blocks:
                self._begin_again()
                return
            self.slow = f"{CHANGES_ITS_INPUT} States before version {event.version} may be wrong."
            self._json = payload.decode_plain(before)
            if not self._steps:
                self._open(self._json)
            changes = diff(self._json, json)
        if error is not None:
            self.errors[ordinal] = error
        for taker in self._takers:
            taker.take(json, self._json, readable or Failed(str(error)), event.version, event.type)
        self._raw, self._json = raw, json
        self._steps.append(changes)
        self.change_counts.append(len(changes))

    def _was_changed(self, before: bytes) -> bool:
        """Whether the state given to the reducer reads differently now."""
        try:
            now = self._json if self._raw is self._json else fold.as_json(self.aggregate, self._raw)
            text = payload.encode_plain(now)
        except (ExplorerError, TypeError):  # what the reducer put in is no JSON
            return True
        return text != before and not same(payload.decode_plain(before), now)

    def _begin_again(self) -> None:
        """Fold from the first event again, copying every state before the reducer gets it."""
        events = self._first if self._history is None or not self._blocks else islice(self._history(), self.count + 1)
        self._begin()
        for taker in self._takers:
            taker.forget()
        self.slow = CHANGES_ITS_INPUT
        self.generation += 1
        self.extend(events)


# -- what is kept of the steps of a block ------------------------------------------------------------------------------


def _pack(steps: list[list[Change]]) -> bytes:
    """These steps as JSON; of most that is far less than a state."""
    plain: Any = steps
    return payload.encode_plain(plain)


def _unpack(packed: bytes) -> list[list[Change]]:
    steps: Any = payload.decode_plain(packed)
    return [[Change(*change) for change in changes] for changes in steps]


class _Block:
    """The states of some steps, made when they are first asked for. There may come more steps."""

    def __init__(self, start: Json, steps: list[list[Change]]) -> None:
        self.steps = steps
        self._states = [start]

    def state(self, step: int) -> Json:
        states = self._states
        while len(states) <= step:
            states.append(apply(states[-1], self.steps[len(states) - 1]))
        return states[step]
