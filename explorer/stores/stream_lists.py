"""Lists of streams: distinct keys by single look-ups of the index, never by grouping the table."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from explorer.model import Event, EventQuery, Page, StreamInfo, StreamKey
from explorer.stores.event_lists import event_page
from explorer.stores.layout import Native
from explorer.stores.reading import Parameters, Reading, as_text

SECONDS = 0.15  # after which a page is handed out although it is not full
MANY = 1_000  # categories at most
HEAD = 1_024  # bytes of a payload that are decoded where only it tells the time
BINARY = ("C", "POSIX", "ucs_basic", "C.UTF-8", "C.utf8", "pg_c_utf8")


def stream_page(reading: Reading, category: str | None, find: str | None, after: Any, limit: int) -> Page[StreamInfo]:
    """See `Store.streams`."""
    until = time.monotonic() + SECONDS
    find = (find or "").casefold()
    scope = _Scope(reading, category)
    filtered = bool(find) or (category is not None and not scope.exact)
    last: Native | None = None if after is None else tuple(after)
    wanted: list[tuple[Native, StreamKey]] = []
    more = True
    while more and len(wanted) <= limit:
        batch = max(limit + 1, 500) if filtered and reading.instance.streams else limit + 1 - len(wanted)
        keys = scope.keys(last, batch)
        more = len(keys) == batch
        last = keys[-1] if keys else last
        names = reading.names(keys)
        for key in keys:
            name = names[key]
            if (category is None or name.category == category) and (not find or _contains(name, find)):
                wanted.append((key, name))
        if time.monotonic() > until:
            break
    if len(wanted) > limit:
        wanted = wanted[:limit]
        last, more = wanted[-1][0], True
    return Page(tuple(_described(reading, wanted)), last if more else None)


def _contains(name: StreamKey, find: str) -> bool:
    return find in name.id.casefold() or find in name.category.casefold()


class _Scope:
    """Which keys to walk for a category: `exact` when the index says which they are."""

    def __init__(self, reading: Reading, category: str | None) -> None:
        instance = reading.instance
        self._reading = reading
        self._conditions: list[str] = []
        self._parameters: Parameters = {}
        self.exact = False
        if category is None:
            return
        if instance.category and instance.key[0] == "category":
            self._conditions, self._parameters = ["e.category = :category"], {"category": category}
            self.exact = True
        elif instance.key_prefix is not None and len(instance.key) == 1 and binary_order(reading):
            low = instance.key_prefix(category)
            self._conditions.append(f"{reading.key[0]} >= :low")
            self._parameters["low"] = low
            if (high := _after_all(low)) is not None:
                self._conditions.append(f"{reading.key[0]} < :high")
                self._parameters["high"] = high

    def keys(self, after: Native | None, limit: int) -> list[Native]:
        return keys_after(self._reading, after, limit, self._conditions, self._parameters)


def _after_all(prefix: str) -> str | None:
    """The smallest text, in binary order, after all that begin with this."""
    if not prefix or ord(prefix[-1]) + 1 in (0xD800, 0x110000):
        return None
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def binary_order(reading: Reading) -> bool:
    """Is the key compared byte by byte, so that texts with a common beginning stand together?"""
    if reading.sqlite:
        return True
    sql = (
        f"SELECT CASE WHEN c.name = '\"default\"' THEN d.datcollate ELSE c.name END FROM"
        f" (SELECT CAST(pg_collation_for({reading.key[0]}) AS text) AS name FROM {reading.source} LIMIT :one) AS c,"
        " pg_database AS d WHERE d.datname = current_database()"
    )
    rows = reading.connection.rows(sql, {"one": 1})
    return bool(rows) and as_text(rows[0][0]).strip('"') in BINARY


def keys_after(
    reading: Reading,
    after: Native | None,
    limit: int,
    conditions: Sequence[str] = (),
    parameters: Parameters | None = None,
) -> list[Native]:
    """The next distinct keys, in their order."""
    parameters = dict(parameters or {})
    columns = ", ".join(reading.key)
    if reading.instance.streams is not None:
        source = f"(\n{reading.escaped(reading.instance.streams)}\n) AS e"
        return [tuple(row) for row in _one_page(reading, source, columns, after, limit, conditions, parameters)]
    if reading.sqlite:
        return _walk(reading, after, limit, conditions, parameters)
    return _walk_in_one(reading, after, limit, conditions, parameters)


def _one_page(
    reading: Reading,
    source: str,
    columns: str,
    after: Native | None,
    limit: int,
    conditions: Sequence[str],
    parameters: Parameters,
) -> list[tuple[Any, ...]]:
    if after is not None:
        condition, values = reading.beyond(reading.key, after)
        conditions = [*conditions, condition]
        parameters = {**parameters, **values}
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = f"SELECT {columns} FROM {source}{where} ORDER BY {', '.join(reading.key)} LIMIT :limit"
    return reading.connection.rows(sql, {**parameters, "limit": limit})


def _walk(
    reading: Reading, after: Native | None, limit: int, conditions: Sequence[str], parameters: Parameters
) -> list[Native]:
    """One look-up after the other, which is what SQLite is fast at; the type of the first event comes along."""
    learn = reading.instance.split_by_type
    kind = ", e.type" if learn else ""
    order = ", ".join(reading.key) + (", e.version" if learn else "")
    condition, _ = reading.beyond(reading.key, reading.instance.key)
    base = f"SELECT {', '.join(reading.key)}{kind} FROM {reading.source} WHERE "
    # SQLite keeps NULL even in a primary key, sorts it first, and finds nothing after it.
    first = " AND ".join(conditions) or f"{reading.key[0]} IS NOT NULL"
    later = " AND ".join([*conditions, condition])
    found: list[Native] = []
    width = len(reading.key)
    while len(found) < limit:
        bound = {} if after is None else {f"after{i}": value for i, value in enumerate(after)}
        sql = f"{base}{first if after is None else later} ORDER BY {order} LIMIT 1"
        rows = reading.connection.rows(sql, {**parameters, **bound})
        if not rows:
            break
        after = tuple(rows[0][:width])
        if learn:
            reading.learn(after, as_text(rows[0][width]))
        found.append(after)
    return found


def _walk_in_one(
    reading: Reading, after: Native | None, limit: int, conditions: Sequence[str], parameters: Parameters
) -> list[Native]:
    """The same as one recursive statement."""
    columns = ", ".join(f"{column} AS k{i}" for i, column in enumerate(reading.key))
    order = ", ".join(reading.key)
    walked = ", ".join(f"walk.k{i}" for i in range(len(reading.key)))
    left = f"({order})" if len(reading.key) > 1 else order
    right = f"({walked})" if len(reading.key) > 1 else walked
    start = list(conditions)
    if after is not None:
        condition, values = reading.beyond(reading.key, after)
        start.append(condition)
        parameters = {**parameters, **values}
    where = f" WHERE {' AND '.join(start)}" if start else ""
    again = " AND ".join([*conditions, f"{left} > {right}"])
    sql = (
        f"WITH RECURSIVE walk AS ((SELECT {columns}, 1 AS walked FROM {reading.source}{where} ORDER BY {order} LIMIT 1)"
        f" UNION ALL SELECT following.*, walk.walked + 1 FROM walk CROSS JOIN LATERAL (SELECT {columns}"
        f" FROM {reading.source} WHERE {again} ORDER BY {order} LIMIT 1) AS following WHERE walk.walked < :limit)"
        f" SELECT {walked} FROM walk ORDER BY walk.walked LIMIT :limit"
    )
    return [tuple(row) for row in reading.connection.rows(sql, {**parameters, "limit": limit})]


# -- describing --------------------------------------------------------------------------------------------------------


def _described(reading: Reading, streams: Sequence[tuple[Native, StreamKey]]) -> Iterable[StreamInfo]:
    keys = [key for key, _ in streams]
    firsts, lasts = _ends(reading, keys, "e.version"), _ends(reading, keys, "e.version DESC")
    for key, name in streams:
        first, last = firsts.get(key), lasts.get(key)
        if last is not None:
            yield StreamInfo(
                name.category,
                name.id,
                last.version,
                first_at=first.recorded_at if first else None,
                last_at=last.recorded_at,
                last_type=last.type,
            )


def _ends(reading: Reading, keys: Sequence[Native], order: str) -> dict[Native, Event]:
    decoding = reading.instance.decode is not None
    columns = reading.event_columns(preview=decoding, payload=decoding)
    lookup = f"SELECT {columns} FROM {reading.source} WHERE {{condition}} ORDER BY {order} LIMIT :one"
    preview = HEAD if decoding else None
    rows = reading.for_each(keys, lookup, {"one": 1, **reading.cuts(preview)})
    events = reading.events([tuple(row) for _, row in rows], preview)
    return {key: event for (key, _), event in zip(rows, events, strict=True)}


def stream_info(reading: Reading, key: Native, name: StreamKey) -> StreamInfo | None:
    """See `Store.stream`. Counting costs by the length of this stream."""
    condition, parameters = reading.key_is(key)
    counted = reading.connection.rows(f"SELECT count(*) FROM {reading.source} WHERE {condition}", parameters)[0][0]
    described = list(_described(reading, [(key, name)]))
    if not described:
        return None
    found = described[0]
    return StreamInfo(found.category, found.id, found.version, counted, found.first_at, found.last_at, found.last_type)


def recent_streams(reading: Reading, limit: int) -> tuple[StreamInfo, ...]:
    """See `Store.recent_streams`. Of a store without positions: the first of the list."""
    if not reading.instance.positions:
        return stream_page(reading, None, None, None, limit).rows
    until = time.monotonic() + SECONDS
    seen: dict[StreamKey, Event] = {}
    after: Any = None
    while len(seen) < limit:
        query = EventQuery(after=after, newest_first=True, limit=max(500, limit), preview=HEAD)
        page = event_page(reading, query)
        for event in page.rows:
            if event.stream not in seen and len(seen) < limit:
                seen[event.stream] = event
        after = page.next
        if after is None or time.monotonic() > until:
            break
    return tuple(
        StreamInfo(e.category, e.id, e.version, last_at=e.recorded_at, last_type=e.type) for e in seen.values()
    )


def categories(reading: Reading) -> tuple[str, ...]:
    """See `Store.categories`."""
    if reading.instance.category:
        return tuple(sorted(_distinct_categories(reading)))
    until = time.monotonic() + SECONDS
    found = {stream.category for stream in recent_streams(reading, 200)}
    after: Native | None = None
    while len(found) < MANY and time.monotonic() < until:
        keys = keys_after(reading, after, 200)
        found |= {name.category for name in reading.names(keys).values()}
        if len(keys) < 200:
            break
        after = keys[-1]
    return tuple(sorted(found))[:MANY]


def _distinct_categories(reading: Reading) -> list[str]:
    found: list[str] = []
    first = f"SELECT e.category FROM {reading.source} ORDER BY e.category LIMIT :one"
    later = f"SELECT e.category FROM {reading.source} WHERE e.category > :last ORDER BY e.category LIMIT :one"
    while len(found) < MANY:
        rows = reading.connection.rows(later if found else first, {"one": 1, **({"last": found[-1]} if found else {})})
        if not rows:
            break
        found.append(as_text(rows[0][0]))
    return found
