"""Who wrote a value, asked of an engine: the history of a row of a state, and the version that stands beside each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import msgspec

from explorer.blame import MISSING, Part, Track, Writing, followed, last_writers, parts_of, text_of, track_of, writings
from explorer.causation import said
from explorer.diff import escaped, unescaped
from explorer.engine.asks_writers import NextWriting, OfWriters, PathHistory, WritingFound, Writings, Written
from explorer.engine.folding import Folding
from explorer.engine.messages import Row, Rows
from explorer.engine.rows import at, json_text
from explorer.engine.turns import Turn
from explorer.errors import Invalid
from explorer.fold import Metadata
from explorer.model import Json
from explorer.stores import Store
from explorer.stores.layout import microseconds

LOOKING = 0.003  # seconds for who wrote within a list last: a step must not wait for it
_KEYED = 20_000  # elements of a list at most that are followed by their key


def answer(store: Store, folding: Folding, ask: OfWriters) -> Turn:
    while folding.folded <= ask.ordinal:
        if not folding.advance(store):
            raise Invalid(f"The stream has {folding.read} events, not {ask.ordinal + 1}.")
        yield None
    track = _track(folding, ask.ordinal, ask.path)
    if isinstance(ask, NextWriting):
        return (yield from _next(folding, track, ask))
    return (yield from _history(store, folding, track, ask))


def _history(store: Store, folding: Folding, track: Track, ask: PathHistory) -> Turn:
    found: list[Writing] = []
    more = False
    for one in writings(folding.replay, track):
        if one is None:
            yield None
        elif len(found) == ask.limit:
            more = True
            break
        else:
            found.append(one)
    rows = []
    for writing in found:
        rows.append(_told(store, folding, writing))
        yield None
    there = followed(folding.replay.state(folding.folded - 1), track) is not MISSING
    return Writings(text_of(track), tuple(rows), more, there)


def _told(store: Store, folding: Folding, writing: Writing) -> Written:
    version = folding.version(writing.ordinal)
    event = store.event(folding.key, version)
    origin = said(Metadata(event.metadata) if event is not None else None)
    before, after = ("" if value is MISSING else json_text(value) for value in (writing.before, writing.after))
    return Written(
        writing.ordinal,
        version,
        event.type if event is not None else "",
        microseconds(event.recorded_at) if event is not None and event.recorded_at is not None else None,
        writing.op,
        before,
        after,
        origin.command or "",
        origin.correlation or "",
    )


def _next(folding: Folding, track: Track, ask: NextWriting) -> Turn:
    where = {"upto": ask.start - 1} if ask.backwards else {"after": ask.start}
    for one in writings(folding.replay, track, **where):
        if one is not None:
            return WritingFound(one.ordinal)
        yield None
    return WritingFound(None)


def with_writers(folding: Folding, ordinal: int, path: str, page: Rows) -> Rows:
    """The page of rows of this state, each with the version of the event that wrote there last."""
    state = folding.replay.state(ordinal)
    above = track_of(state, _pointer(state, path))
    container = followed(state, above)
    here = [row for row in page.rows if row.mark != "-"]
    if container is MISSING or (type(container) is list and len(container) > _KEYED):
        return page
    parts = _parts(container, path, here)
    found = dict(
        zip(
            (row.path for row in here),
            last_writers(folding.replay, above, parts, ordinal, seconds=LOOKING),
            strict=True,
        )
    )
    return msgspec.structs.replace(page, rows=tuple(_with(row, folding, ordinal, found) for row in page.rows))


def _with(row: Row, folding: Folding, ordinal: int, found: dict[str, int | None]) -> Row:
    # What is gone was taken out by the event itself.
    last = ordinal if row.mark == "-" else found[row.path]
    written = -1 if last is None else folding.version(last) if last >= 0 else 0
    return msgspec.structs.replace(row, written=written)


def _parts(container: Json, path: str, rows: Sequence[Row]) -> list[Part]:
    names = [row.path[len(path) + 1 :] for row in rows]
    if isinstance(container, list):
        part = parts_of(container)
        return [part(int(name)) for name in names]
    if not isinstance(container, dict):
        return ["" for _ in names]
    return [_name(container, name) for name in names]


def _track(folding: Folding, ordinal: int, path: str) -> Track:
    gone = "/~-" in path  # it stands in the state before
    state = folding.replay.state(ordinal - 1 if gone else ordinal)
    return track_of(state, _pointer(state, path.replace("/~-", "/") if gone else path))


def _pointer(state: Json, path: str) -> str:
    """The JSON Pointer of a row's path (see `rows`): names that are too long for one are found where they stand."""
    if "~#" not in path:
        return path
    pointer = ""
    for token in path.split("/")[1:]:
        here = at(state, pointer)
        pointer += f"/{escaped(_name(here, token)) if isinstance(here, dict) else token}"
    return pointer


def _name(members: dict[str, Json], token: str) -> str:
    if token.startswith("~#"):
        return next(islice(members, int(token[2:]), None), token)
    return unescaped(token)
