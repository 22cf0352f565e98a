"""Payloads, states and snapshots as somebody looks at them: decoded once, laid out once, the last few kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

from explorer import fold, payload
from explorer.diff import Change, diff
from explorer.engine.folding import Folding, claim
from explorer.engine.messages import Text
from explorer.engine.rows import at
from explorer.engine.text import HexLines, Lines, Pieces, TextLines, raw
from explorer.errors import Invalid
from explorer.fold import StepFailed
from explorer.model import Event, Json, StreamKey
from explorer.plugins import Loaded
from explorer.stores import Store

KEPT = 256 * 1024**2  # bytes of laid out texts that are kept, about
DECODED = 32 * 1024**2  # bytes of payloads whose values are kept; values take up to ten times the room
_FEW = 6

T = TypeVar("T")

Laid = tuple[Lines, str]  # and the problem with it


class Values:
    """The values looked at last. What is stored does not change, so nothing here becomes wrong; snapshots, which may
    be replaced, are not kept."""

    def __init__(self) -> None:
        self._decoded: OrderedDict[Hashable, tuple[Json, str, int]] = OrderedDict()
        self._laid: OrderedDict[Hashable, Laid] = OrderedDict()
        self._changes: OrderedDict[Hashable, list[Change]] = OrderedDict()

    def of_event(self, store: Store, domains: Loaded, key: StreamKey, version: int, which: str) -> tuple[Json, str]:
        """Payload ("stored", "upcast") or "metadata" of an event, and why it cannot be read. Raises Invalid."""

        def make() -> tuple[Json, str, int]:
            event = event_of(store, key, version)
            return *_decoded(store, domains, event, which), len(event.data) + len(event.metadata)

        value, problem, _ = _kept(self._decoded, (key, version, which), make)
        while len(self._decoded) > 1 and sum(size for _, _, size in self._decoded.values()) > DECODED:
            self._decoded.popitem(last=False)
        return value, problem

    def changes(self, folding: Folding, before: int, after: int) -> list[Change]:
        """Differences between the states after two ordinals."""
        replay = folding.replay
        if before == after - 1:
            return replay.changes(after)
        known = (folding.key, folding.aggregate is None, before, after, replay.generation)
        return _kept(self._changes, known, lambda: diff(replay.state(before), replay.state(after)))

    def state_lines(self, folding: Folding, ordinal: int, form: str, path: str) -> Laid:
        """The state after an ordinal, at a path, as text."""
        known = (folding.key, folding.aggregate is None, ordinal, folding.replay.generation, form, path)
        return self._lines(known, lambda: _laid(payload.encode_plain(at(folding.replay.state(ordinal), path)), form))

    def lines(self, store: Store, domains: Loaded, ask: Text) -> Laid:
        """A payload, metadata or a snapshot as text. Raises Invalid."""
        key = StreamKey(ask.category, ask.id)
        if ask.what == "snapshot":
            snapshot = store.snapshot(key, ask.version)
            if snapshot is None:
                raise Invalid(f"There is no snapshot at version {ask.version}.")
            return _laid(snapshot.state, ask.form, ask.path, snapshot.problem)
        known = (key, ask.version, ask.what, ask.form, ask.path)
        return self._lines(known, lambda: self._event_lines(store, domains, key, ask))

    def _event_lines(self, store: Store, domains: Loaded, key: StreamKey, ask: Text) -> Laid:
        event = event_of(store, key, ask.version)
        if ask.what == "stored":
            return _laid(event.data, ask.form, ask.path, event.problem)
        if ask.what == "metadata":
            return _laid(event.metadata, ask.form, ask.path)
        value, problem = _decoded(store, domains, event, ask.what)
        if problem:
            return raw(event.data), problem
        return _laid(payload.encode_plain(value), ask.form, ask.path)

    def _lines(self, known: Hashable, make: Callable[[], Laid]) -> Laid:
        laid = _kept(self._laid, known, make)
        while len(self._laid) > 1 and sum(lines.memory for lines, _ in self._laid.values()) > KEPT:
            self._laid.popitem(last=False)
        return laid


def event_of(store: Store, key: StreamKey, version: int) -> Event:
    event = store.event(key, version)
    if event is None:
        raise Invalid(f"The stream {key.category}/{key.id} has no event {version}.")
    return event


def _kept(cache: OrderedDict[Hashable, T], key: Hashable, make: Callable[[], T]) -> T:
    value = cache.get(key)
    if value is None:
        value = cache[key] = make()
        if len(cache) > _FEW:
            cache.popitem(last=False)
    cache.move_to_end(key)
    return value


def _decoded(store: Store, domains: Loaded, event: Event, which: str) -> tuple[Json, str]:
    if which == "metadata":
        if not event.metadata:
            return None, "The event has no metadata."
        metadata = payload.decode(event.metadata)
        return metadata.value, metadata.problem or ""
    if which == "stored":
        if event.problem:
            return None, event.problem
        data = payload.decode(event.data)
        return data.value, data.problem or ""
    if which != "upcast":
        raise Invalid(f"There is no {which} payload.")
    domain, _ = claim(store, domains, event.stream)
    try:
        return payload.to_json(fold.readable(event, domain.upcast if domain else None).data), ""
    except (StepFailed, Invalid) as error:
        return None, str(error)


def _laid(data: bytes, form: str, path: str = "", problem: str | None = None) -> Laid:
    if form == "hex":
        return HexLines(data), problem or ""
    if form in ("json", "exact") and not problem:
        decoded = payload.decode(data)
        problem = decoded.problem
        if problem is None:
            value = at(decoded.value, path)
            if form == "exact":
                exact = payload.encode_plain(value)
                return Pieces(exact.decode(), len(exact)), ""
            shown = payload.pretty(value)
            size = len(data) if not path else len(payload.encode_plain(value))
            return TextLines(shown, size), ""
    elif form not in ("json", "exact", "raw"):
        raise Invalid(f"There is no form {form}.")
    return raw(data), problem or ""
