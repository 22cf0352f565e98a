"""Two streams side by side, and the streams of a category under two versions of the code that folds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from explorer import fold, payload
from explorer.cancellation import Cancellation
from explorer.diff import Change, diff, key_member, same
from explorer.errors import Invalid
from explorer.fold import StepFailed
from explorer.loading import events_of, streams_of
from explorer.model import Event, Json, StreamKey
from explorer.plugins import Claim
from explorer.stores.store import Store

LONGEST = 5_000  # events of a stream that is aligned: it takes time with the product of both


# -- two streams -------------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    """Ordinals of two events that stand for each other; None: the other stream has none like it."""

    one: int | None
    other: int | None


def align(one: Sequence[Event], other: Sequence[Event]) -> list[Pair]:
    """Which event of one stream is which of the other, in the order of both: those of the same type and the same keys
    first, between them those of the same type. Raises `Invalid` for more than `LONGEST` events."""
    if max(len(one), len(other)) > LONGEST:
        raise Invalid(f"Streams of more than {LONGEST:,} events cannot be aligned.")
    ours, theirs = [_kind(event) for event in one], [_kind(event) for event in other]
    pairs: list[Pair] = []
    for tag, i, i_end, j, j_end in _opcodes(ours, theirs):
        if tag == "equal":
            pairs += [Pair(i + n, j + n) for n in range(i_end - i)]
            continue
        types, other_types = [kind for kind, _ in ours[i:i_end]], [kind for kind, _ in theirs[j:j_end]]
        for inner, a, a_end, b, b_end in _opcodes(types, other_types):
            if inner == "equal":
                pairs += [Pair(i + a + n, j + b + n) for n in range(a_end - a)]
            else:
                pairs += [Pair(i + n, None) for n in range(a, a_end)]
                pairs += [Pair(None, j + n) for n in range(b, b_end)]
    return pairs


def _opcodes(one: Sequence[Any], other: Sequence[Any]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, one, other, autojunk=False).get_opcodes()


def _kind(event: Event) -> tuple[str, str]:
    """Type, and the member of the payload by which elements of a list would be matched."""
    data = payload.decode(event.data).value
    member = key_member([data]) if isinstance(data, dict) else None
    return event.type, f"{member}={data[member]}" if member is not None and isinstance(data, dict) else ""


# -- two versions of the code ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EndsDifferently:
    """A stream of which two versions of the code make different states."""

    key: StreamKey
    version: int  # the first after which they differ; 0: before the first event
    type: str  # of that event
    changes: tuple[Change, ...]  # the end by the one → the end by the other
    errors: tuple[str, str]  # why the first event that failed did, by the one and by the other; "" where none did


def ends_differently(
    store: Store,
    category: str,
    one: Claim,
    other: Claim,
    cancellation: Cancellation,
    progress: Callable[[int], None] = lambda _done: None,
) -> Iterator[EndsDifferently]:
    """Fold every stream of the category by both, and say those that do not end the same, as they are found.

    `progress` hears how many streams were looked at. Of a stream no more is kept than a page of its events and four
    states. Grows with the store: background work. Raises `Cancelled`, whatever the store raises.
    """
    for done, found in enumerate(each_stream(store, category, one, other, cancellation), 1):
        progress(done)
        if found is not None:
            yield found


def each_stream(
    store: Store, category: str, one: Claim, other: Claim, cancellation: Cancellation, id: str | None = None
) -> Iterator[EndsDifferently | None]:
    """As `ends_differently`, something for every stream: None for those that end the same. `id`: only this one."""
    keys = [StreamKey(category, id)] if id is not None else (stream.key for stream in streams_of(store, category))
    for key in keys:
        cancellation.check()
        yield _compared(store, key, one, other, cancellation)


def _compared(
    store: Store, key: StreamKey, one: Claim, other: Claim, cancellation: Cancellation
) -> EndsDifferently | None:
    ours, theirs = _Fold(one), _Fold(other)
    for _ in _taken(store, key, ours, theirs, cancellation):
        pass
    end, other_end = ours.state(), theirs.state()
    errors = ours.error, theirs.error
    if same(end, other_end) and bool(errors[0]) == bool(errors[1]):
        return None
    version, kind = _first(store, key, one, other, cancellation)
    return EndsDifferently(key, version, kind, tuple(diff(end, other_end)), errors)


def _first(store: Store, key: StreamKey, one: Claim, other: Claim, cancellation: Cancellation) -> tuple[int, str]:
    """The first version after which the states differ, or one of both failed; folded again, as most streams do not."""
    ours, theirs = _Fold(one), _Fold(other)
    if not same(ours.state(), theirs.state()):
        return 0, ""
    last = 0, ""
    for event in _taken(store, key, ours, theirs, cancellation):
        last = event.version, event.type
        if bool(ours.error) != bool(theirs.error) or not same(ours.state(), theirs.state()):
            break
    return last


def _taken(store: Store, key: StreamKey, ours: _Fold, theirs: _Fold, cancellation: Cancellation) -> Iterator[Event]:
    """Each event of the stream, when both have taken it."""
    for event in events_of(store, key):
        cancellation.check()
        ours.take(event)
        theirs.take(event)
        yield event


class _Fold:
    """The state of a stream after the events taken so far; after one that fails it is the last good one."""

    def __init__(self, claim: Claim) -> None:
        domain, self._aggregate = claim[0], claim[1] or fold.GENERIC
        self._upcast = domain.upcast if domain else None
        self.error = ""
        self._state: Any = None
        try:
            self._state = fold.initial(self._aggregate)
        except StepFailed as error:
            self.error = str(error)

    def take(self, event: Event) -> None:
        try:
            self._state = fold.evolve(self._aggregate, self._state, fold.readable(event, self._upcast))
        except StepFailed as error:
            self.error = self.error or f"v{event.version} {event.type}: {error}"

    def state(self) -> Json:
        try:
            return fold.as_json(self._aggregate, self._state)
        except StepFailed as error:
            self.error = self.error or str(error)
            return None
