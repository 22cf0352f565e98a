"""Events of the whole store, in pages: by position, or by stream where there is no position."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from explorer.model import Event, EventQuery, Page
from explorer.stores.reading import BATCH, Parameters, Reading, as_text

STRETCH = 5_000  # events looked through by one statement with a filter that no index serves
DECODED_STRETCH = 500  # the same where they have to be decoded first
SECONDS = 0.2  # after which a page is handed out although it is not full
TAIL = 2_000  # events that `types` looks at


def order_of(reading: Reading) -> tuple[str, ...]:
    """The columns of the store's order: position, else key and version."""
    return ("e.position",) if reading.instance.positions else (*reading.key, "e.version")


def ordered(columns: Sequence[str], backwards: bool = False) -> str:
    return ", ".join(f"{column} DESC" if backwards else column for column in columns)


def event_page(reading: Reading, query: EventQuery) -> Page[Event]:
    """See `Store.events`."""
    conditions, parameters, left = _conditions(reading, query)
    if left is None and not _unindexed(query):
        events = _after(reading, query, query.after, conditions, parameters, query.limit + 1)
        more = len(events) > query.limit
        events = events[: query.limit]
        return Page(tuple(e for e, _ in events), events[-1][1] if more and events else None)
    return _looked_through(reading, query, conditions, parameters, left)


def _unindexed(query: EventQuery) -> bool:
    return query.type is not None or query.find is not None


# A row and the cursor after it.
Placed = tuple[Event, Any]


def _after(
    reading: Reading,
    query: EventQuery,
    after: Any,
    conditions: Sequence[str],
    parameters: Parameters,
    limit: int,
    upto: Any = None,
) -> list[Placed]:
    columns = order_of(reading)
    conditions = list(conditions)
    parameters = {**parameters, **reading.cuts(query.preview), "limit": limit}
    if after is not None:
        condition, values = reading.beyond(columns, _cursor(after), query.newest_first)
        conditions.append(condition)
        parameters |= values
    if upto is not None:
        condition, values = reading.beyond(columns, _cursor(upto), query.newest_first)
        # "not beyond" the end of the stretch, written so that it is a range of the index as well
        sign, reverse = (" < ", " >= ") if query.newest_first else (" > ", " <= ")
        conditions.append(condition.replace(sign, reverse).replace(":after", ":upto"))
        parameters |= {name.replace("after", "upto"): value for name, value in values.items()}
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = (
        f"SELECT {reading.event_columns(query.preview is not None)} FROM {reading.source}{where}"
        f" ORDER BY {ordered(columns, query.newest_first)} LIMIT :limit"
    )
    rows = reading.connection.rows(sql, parameters)
    width = len(reading.key)
    cursors = [row[width + 1] if reading.instance.positions else tuple(row[: width + 1]) for row in rows]
    filtered = reading.instance.decode is None and _unindexed(query)  # by the database, within streams
    run = 0 if filtered else -1 if query.newest_first else 1
    return list(zip(reading.events(rows, query.preview, run), cursors, strict=True))


def _cursor(after: Any) -> Sequence[Any]:
    return after if isinstance(after, tuple | list) else (after,)


# -- filters -----------------------------------------------------------------------------------------------------------

Filter = Callable[[Event], bool]


def _conditions(reading: Reading, query: EventQuery) -> tuple[list[str], Parameters, Filter | None]:
    """What the database can decide, and what is left to be decided on the events."""
    conditions: list[str] = []
    parameters: Parameters = {}
    left: list[Filter] = []
    category = query.category
    if category is not None:
        if reading.instance.category:
            conditions.append("e.category = :category")
            parameters["category"] = category
        else:
            left.append(lambda event: event.category == category)
    if query.type is not None:
        if reading.instance.decode is None:
            condition, values = type_condition(reading, query.type)
            conditions.append(condition)
            parameters |= values
        else:
            left.append(_type_filter(query.type))
    if query.find is not None and query.find != "":
        if reading.instance.decode is None:
            condition, values = _find_condition(reading, query.find)
            conditions.append(condition)
            parameters |= values
        else:
            left.append(_find_filter(query.find))
    return conditions, parameters, (lambda event: all(keep(event) for keep in left)) if left else None


def type_condition(reading: Reading, pattern: str) -> tuple[str, Parameters]:
    """A glob (* and ?) on the type."""
    if "*" not in pattern and "?" not in pattern:
        return "e.type = :type", {"type": pattern}
    if reading.sqlite:
        return "e.type GLOB :type", {"type": pattern.replace("[", "[[]")}
    like = re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%").replace("?", "_")
    return "e.type LIKE :type", {"type": like}


def glob(pattern: str) -> re.Pattern[str]:
    """What a whole type must match: * is any text and ? any character, all others are themselves."""
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern), re.DOTALL)


def _type_filter(pattern: str) -> Filter:
    expression = glob(pattern)
    return lambda event: expression.fullmatch(event.type) is not None


def _spellings(text: str) -> list[str]:
    """The text as it is, and as JSON writes it: escaped, with or without \\u."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    return list(dict.fromkeys((text, plain, json.dumps(text)[1:-1])))


def _find_condition(reading: Reading, text: str) -> tuple[str, Parameters]:
    names = ["e.type", *reading.key, *(["e.event_id"] if reading.has("event_id") else [])]
    parameters: Parameters = {"find": text}
    if reading.sqlite:
        found = [f"instr({name}, :find)" for name in names]
        value = "instr(CAST(e.data AS BLOB), :{name})"
    else:
        found = [f"strpos(CAST({name} AS text), :find) > 0" for name in names]
        bytea = reading.has_bytes("data")
        value = "position(:{name} IN e.data) > 0" if bytea else "strpos(CAST(e.data AS text), :{name}) > 0"
    as_is = not reading.sqlite and not reading.has_bytes("data")
    for number, spelling in enumerate(_spellings(text)):
        name = f"spelling{number}"
        found.append(value.format(name=name))
        parameters[name] = spelling if as_is else spelling.encode("utf-8", "surrogateescape")
    return f"({' OR '.join(found)})", parameters


def _find_filter(text: str) -> Filter:
    spellings = [spelling.encode("utf-8", "surrogateescape") for spelling in _spellings(text)]

    def keep(event: Event) -> bool:
        if text in event.type or text in event.id or (event.event_id and text in event.event_id):
            return True
        return any(spelling in event.data for spelling in spellings)

    return keep


def _looked_through(
    reading: Reading, query: EventQuery, conditions: list[str], parameters: Parameters, left: Filter | None
) -> Page[Event]:
    """Bounded stretches, until the page is full or the time is over."""
    until = time.monotonic() + SECONDS
    found: list[Placed] = []
    after = query.after
    while True:
        if left is None:
            end = _end_of_stretch(reading, query, after)
            wanted = query.limit + 1 - len(found)
            found += _after(reading, query, after, conditions, parameters, wanted, end)
        else:
            # Searching payloads takes them whole, whatever is shown of them.
            whole = query if query.find is None else _without_preview(query)
            stretch = _after(reading, whole, after, conditions, parameters, DECODED_STRETCH)
            found += [(_cut(event, query.preview), cursor) for event, cursor in stretch if left(event)]
            end = stretch[-1][1] if len(stretch) == DECODED_STRETCH else None
        if len(found) > query.limit:
            found = found[: query.limit]
            return Page(tuple(event for event, _ in found), found[-1][1])
        after = end
        if end is None or time.monotonic() > until:
            return Page(tuple(event for event, _ in found), end)


def _end_of_stretch(reading: Reading, query: EventQuery, after: Any) -> Any:
    """The cursor `STRETCH` events further on; None if there are fewer."""
    columns = order_of(reading)
    conditions, parameters = [], {}
    if query.category is not None and reading.instance.category:
        conditions.append("e.category = :category")
        parameters["category"] = query.category
    if after is not None:
        condition, values = reading.beyond(columns, _cursor(after), query.newest_first)
        conditions.append(condition)
        parameters |= values
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = (
        f"SELECT {', '.join(columns)} FROM {reading.source}{where}"
        f" ORDER BY {ordered(columns, query.newest_first)} LIMIT :stretch"
    )
    rows = reading.connection.rows(sql, {**parameters, "stretch": STRETCH})
    if len(rows) < STRETCH:
        return None
    return rows[-1][0] if reading.instance.positions else tuple(rows[-1])


def _without_preview(query: EventQuery) -> EventQuery:
    return EventQuery(query.category, query.type, query.find, query.after, query.newest_first, query.limit, None)


def _cut(event: Event, preview: int | None) -> Event:
    if preview is None or len(event.data) <= preview:
        return event
    return Event(
        event.category,
        event.id,
        event.version,
        event.position,
        event.type,
        event.data[:preview],
        event.metadata,
        event.event_id,
        event.recorded_at,
        event.size,
        event.problem,
        event.native_version,
    )


# -- other lists -------------------------------------------------------------------------------------------------------


def types(reading: Reading, category: str | None) -> tuple[str, ...]:
    """See `Store.types`."""
    if reading.instance.decode is not None or (category is not None and not reading.instance.category):
        page = event_page(reading, EventQuery(category=category, newest_first=True, limit=TAIL // 4, preview=64))
        seen = Counter(event.type for event in page.rows)
    else:
        where, parameters = "", {}
        if category is not None:
            where, parameters = " WHERE e.category = :category", {"category": category}
        order = ordered(order_of(reading), backwards=True)
        sql = f"SELECT e.type FROM {reading.source}{where} ORDER BY {order} LIMIT :tail"
        seen = Counter(as_text(row[0]) for row in reading.connection.rows(sql, {**parameters, "tail": TAIL}))
    return tuple(name for name, _ in sorted(seen.items(), key=lambda item: (-item[1], item[0])))


def events_by_id(reading: Reading, event_ids: Sequence[str]) -> list[Event]:
    """See `Store.events_by_id`."""
    if not reading.has("event_id"):
        return []
    value_of = reading.instance.event_id_value
    wanted = [value for name in event_ids if (value := name if value_of is None else value_of(name)) is not None]
    found: list[Event] = []
    for start in range(0, len(wanted), BATCH):
        batch = {f"id{number}": value for number, value in enumerate(wanted[start : start + BATCH])}
        condition = f"e.event_id IN ({', '.join(f':{name}' for name in batch)})"
        found += reading.select(condition, "e.version", batch, BATCH)
    return found


def events_in(reading: Reading, ranges: Iterable[tuple[int, int]], limit: int) -> list[Event]:
    """See `Store.events_in`. One look-up of the index for each range, whatever lies between them."""
    wanted = sorted(ranges)
    if not reading.instance.positions or not wanted:
        return []
    columns = reading.event_columns(preview=False)

    def between(low: str, high: str) -> str:
        condition = f"e.position BETWEEN {low} AND {high}"
        return f"SELECT {columns} FROM {reading.source} WHERE {condition} ORDER BY e.position LIMIT :limit"

    rows: list[Any] = []
    if reading.sqlite:
        for low, high in wanted:
            rows += reading.connection.rows(
                between(":low", ":high"), {"low": low, "high": high, "limit": limit - len(rows)}
            )
            if len(rows) >= limit:
                break
        return reading.events(rows)
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        sql = (
            "SELECT found.* FROM unnest(CAST(:lows AS bigint[]), CAST(:highs AS bigint[])) WITH ORDINALITY"
            f" AS hole(low, high, number) CROSS JOIN LATERAL ({between('hole.low', 'hole.high')}) AS found"
            " ORDER BY hole.number, found.position LIMIT :limit"
        )
        bounds = {"lows": [low for low, _ in batch], "highs": [high for _, high in batch]}
        rows += reading.connection.rows(sql, {**bounds, "limit": limit - len(rows)})
        if len(rows) >= limit:
            break
    return reading.events(rows)
