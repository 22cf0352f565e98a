"""An instance's SELECT wrapped for one connection: expressions, rows → events, and the names of streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from explorer.model import Event, StreamKey
from explorer.stores.connection import Connection, Rows
from explorer.stores.layout import Instance, Native, Stored, time_of

METADATA_CUT = 64 * 1024  # bytes of metadata in a list
NAMES = 100_000  # names of streams that are kept where finding one costs a look-up
BATCH = 500  # values in one IN list or array

Parameters = dict[str, Any]


class Reading:
    """How to ask this instance, and what to make of the rows."""

    def __init__(self, connection: Connection, instance: Instance) -> None:
        self.connection = connection
        self.instance = instance
        self.sqlite = connection.dialect == "sqlite"
        self._utf8 = getattr(connection, "utf8", True)
        self._names: dict[Native, StreamKey] = {}
        self.source = f"(\n{self.escaped(instance.events)}\n) AS e"
        # Key and version compare as rows: (a, b) > (:a, :b) is one range of the index.
        self.key = tuple(f"e.{column}" for column in instance.key)

    @cached_property
    def _known(self) -> dict[str, str]:
        # Not at opening: somebody's lock on the table must not keep a store from being opened.
        return self.connection.columns(self.instance.events)

    def escaped(self, sql: str) -> str:
        """SQL of a layout as a part of a statement of ours, where a colon begins a parameter."""
        return sql if self.sqlite else sql.replace("\\", "\\\\").replace(":", "\\:")

    def has(self, column: str) -> bool:
        return column in self._known

    def has_bytes(self, column: str) -> bool:
        """On PostgreSQL: a column of bytes, which text functions refuse."""
        return self._known.get(column) == "bytea"

    # -- expressions ---------------------------------------------------------------------------------------------------

    def payload(self, column: str, cut: str | None, known: Mapping[str, str] | None = None) -> tuple[str, str]:
        """(the bytes, cut to a parameter of this name, their whole size) as SQL. `known`: types of the columns."""
        name = f"e.{column}"
        if self.sqlite:
            size = f"length(CAST({name} AS BLOB))"
            value = f"CAST({name} AS BLOB)" if self._utf8 else name
            return (f"substr({value}, 1, :{cut})" if cut else value), size
        kind = (self._known if known is None else known).get(column, "")
        if kind != "bytea" and (cut or kind not in ("json", "jsonb", "text", "varchar")):
            name = f"CAST({name} AS text)"
        return (f"substring({name} FROM 1 FOR :{cut})" if cut else name), f"octet_length({name})"

    def event_columns(self, preview: bool, payload: bool = True) -> str:
        """The columns of a `Stored`, payloads cut to :preview if so asked, or left out."""

        def plain(column: str) -> str:
            return f"e.{column}" if self.has(column) else "NULL"

        if payload:
            data, size = self.payload("data", "preview" if preview else None)
            metadata = self.payload("metadata", "metadata_cut" if preview else None)[0]
        else:
            data, size, metadata = "NULL", "0", "NULL"
        position = "e.position" if self.instance.positions else "NULL"
        wanted = [*self.key, "e.version", position, "e.type", data, metadata if self.has("metadata") else "NULL"]
        return ", ".join([*wanted, plain("event_id"), plain("recorded_at"), size if preview or not payload else "NULL"])

    @staticmethod
    def cuts(preview: int | None) -> Parameters:
        return {} if preview is None else {"preview": preview, "metadata_cut": METADATA_CUT}

    def key_is(self, key: Native, prefix: str = "k") -> tuple[str, Parameters]:
        names = [f"{prefix}{i}" for i in range(len(key))]
        condition = " AND ".join(f"{column} = :{name}" for column, name in zip(self.key, names, strict=True))
        return condition, dict(zip(names, key, strict=True))

    def beyond(self, columns: Sequence[str], values: Sequence[Any], backwards: bool = False) -> tuple[str, Parameters]:
        """These columns, as a row, come after these values."""
        names = [f"after{i}" for i in range(len(columns))]
        sign = "<" if backwards else ">"
        left, right = ", ".join(columns), ", ".join(f":{name}" for name in names)
        if len(columns) > 1:
            left, right = f"({left})", f"({right})"
        return f"{left} {sign} {right}", dict(zip(names, values, strict=True))

    # -- rows → events -------------------------------------------------------------------------------------------------

    def stored(self, row: Sequence[Any], preview: int | None = None) -> Stored:
        """A row of `event_columns` → what is stored, decoded."""
        width = len(self.key)
        version, position, kind, data, metadata, event_id, recorded_at, size = row[width : width + 8]
        data = as_bytes(data)
        if preview is not None and len(data) > preview:
            data = data[:preview]  # cut by characters, counted in bytes
        if size is None:
            size = len(data)
        problem = None
        if not isinstance(version, int):
            version, problem = _number(version), f"The version {version!r} is not a number."
        instance = self.instance
        stored = Stored(
            tuple(row[:width]),
            version,
            position,
            kind if isinstance(kind, str) else as_text(kind),
            data,
            as_bytes(metadata),
            None if event_id is None else as_text(event_id),
            (instance.time or time_of)(recorded_at) if recorded_at is not None else None,
            size,
            preview is not None and size > len(data),
            problem,
        )
        if instance.decode is None:
            return stored
        decoded = instance.decode(stored)
        if preview is not None and len(decoded.data) > preview:  # unpacked, it may have become long
            return decoded._replace(data=decoded.data[:preview], cut=True)
        return decoded

    def events(self, rows: Rows, preview: int | None = None, run: int = 0, number: int | None = None) -> list[Event]:
        """Rows of `event_columns` → events. `run` is 1 if of every stream they are all events from the first of these
        rows to the last, in order, and -1 if they are so backwards: of events that are counted, one look-up a stream,
        or none if the `number` of the first row is known, all being of one stream.
        """
        if self.instance.counted:
            rows = self._numbered(rows, run, number)
        if self.instance.decode is None:
            return self._plain_events(rows, preview)
        stored = [self.stored(row, preview) for row in rows]
        names = self.names([event.key for event in stored])
        return [self._event(event, names[event.key]) for event in stored]

    def _numbered(self, rows: Rows, run: int, number: int | None) -> Rows:
        """The rows with a number for a version, where the store has none."""
        width = len(self.key)
        places = [tuple(row[: width + 1]) for row in rows]
        wanted = {place[:width]: place for place in reversed(places)}.values() if run else dict.fromkeys(places)
        counted = self.numbers(list(wanted)) if number is None else dict.fromkeys(places[:1], number)
        last: dict[Native, int] = {}
        found: Rows = []
        for place, row in zip(places, rows, strict=True):
            key = place[:width]
            last[key] = last[key] + run if run and key in last else counted.get(place, 0)
            found.append((*key, last[key], *row[width + 1 :]))
        return found

    def numbers(self, places: Sequence[Native]) -> dict[Native, int]:
        """Places in streams, which are a key and what orders its events → how many events there are up to there."""
        lookup = f"SELECT count(*) FROM {self.source} WHERE {{condition}}"
        return {place: row[0] for place, row in self.for_each(places, lookup, {}, upto=True)}

    def place(self, key: Native, number: int) -> Any:
        """What orders the event of this number, from 1, in a stream whose events are counted; None if it has fewer."""
        if number < 1:
            return None
        condition, parameters = self.key_is(key)
        sql = f"SELECT e.version FROM {self.source} WHERE {condition} ORDER BY e.version LIMIT 1 OFFSET :before"
        rows = self.connection.rows(sql, {**parameters, "before": number - 1})
        return rows[0][0] if rows else None

    def _plain_events(self, rows: Rows, preview: int | None) -> list[Event]:
        """The same without the detour over `Stored`: whole streams of 100,000 events are read this way."""
        width = len(self.key)
        keys = [row[:width] for row in rows]
        names = self.names(keys)
        time, shift = self.instance.time or time_of, 1 - self.instance.version_base
        found: list[Event] = []
        for key, row in zip(keys, rows, strict=True):
            version, position, kind, data, metadata, event_id, recorded_at, size = row[width:]
            if type(data) is not bytes:
                data = as_bytes(data)
            if preview is not None and len(data) > preview:
                data = data[:preview]
            if type(version) is not int:
                found.append(self._event(self.stored(row, preview), names[key]))
                continue
            name = names[key]
            found.append(
                Event(
                    name.category,
                    name.id,
                    version + shift,
                    position,
                    kind if type(kind) is str else as_text(kind),
                    data,
                    metadata if type(metadata) is bytes else as_bytes(metadata),
                    event_id if event_id is None or type(event_id) is str else as_text(event_id),
                    None if recorded_at is None else time(recorded_at),
                    len(data) if size is None else size,
                    None,
                    version if shift else None,
                )
            )
        return found

    def _event(self, stored: Stored, name: StreamKey) -> Event:
        version = stored.version - self.instance.version_base + 1
        return Event(
            name.category,
            name.id,
            version,
            stored.position,
            stored.type,
            stored.data,
            stored.metadata,
            stored.event_id,
            stored.recorded_at,
            stored.size,
            stored.problem,
            stored.version if stored.version != version else None,
        )

    def select(
        self,
        condition: str,
        order: str,
        parameters: Mapping[str, Any],
        limit: int,
        preview: int | None = None,
        run: int = 0,
        number: int | None = None,
    ) -> list[Event]:
        """Events of this condition in this order, at most so many. `run` and `number`: see `events`."""
        where = f" WHERE {condition}" if condition else ""
        sql = (
            f"SELECT {self.event_columns(preview is not None)} FROM {self.source}{where} ORDER BY {order} LIMIT :limit"
        )
        rows = self.connection.rows(sql, {**parameters, **self.cuts(preview), "limit": limit})
        return self.events(rows, preview, run, number)

    # -- names of streams ----------------------------------------------------------------------------------------------

    def names(self, keys: Sequence[Native]) -> dict[Native, StreamKey]:
        """(category, id) of these streams. Costs look-ups where the category is told by the type of the first event."""
        split = self.instance.split
        if not self.instance.split_by_type:
            return {key: split(key, None) for key in dict.fromkeys(keys)}
        if len(self._names) > NAMES:
            self._names.clear()
        unknown = [key for key in dict.fromkeys(keys) if key not in self._names]
        for key, kind in self.first_types(unknown).items():
            self._names[key] = split(key, kind)
        return {key: self._names[key] for key in keys}

    def learn(self, key: Native, first_type: str) -> None:
        """The type of a stream's first event was seen in passing."""
        if self.instance.split_by_type:
            self._names[key] = self.instance.split(key, first_type)

    def first_types(self, keys: Sequence[Native]) -> dict[Native, str]:
        lookup = f"SELECT e.type FROM {self.source} WHERE {{condition}} ORDER BY e.version LIMIT :limit"
        found = {key: as_text(row[0]) for key, row in self.for_each(keys, lookup, {"limit": 1})}
        return {key: found.get(key, "") for key in keys}

    def for_each(
        self, keys: Sequence[Native], lookup: str, parameters: Parameters, *, upto: bool = False
    ) -> list[tuple[Native, Any]]:
        """One index look-up for each of these keys → (key, row), without keys that have none.

        `lookup` has `{condition}` in place of the condition on the key. `upto`: a version stands behind each key, and
        events after it are left out. SQLite does single look-ups, which cost it microseconds; PostgreSQL gets all keys
        at once.
        """
        width = len(self.key)
        kinds = [self._known.get(column, "") for column in (*self.instance.key, *(("version",) if upto else ()))]
        if self.sqlite or not all(kinds):
            found = []
            for key in keys:
                condition, values = self.key_is(key[:width])
                if upto:
                    condition += " AND e.version <= :upto"
                    values["upto"] = key[width]
                rows = self.connection.rows(lookup.replace("{condition}", condition), {**values, **parameters})
                found += [(key, row) for row in rows]
            return found
        names = [f"k{i}" for i in range(len(kinds))]
        arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in zip(names, kinds, strict=True))
        condition = " AND ".join(f"{column} = wanted.{name}" for column, name in zip(self.key, names, strict=False))
        if upto:
            condition += f" AND e.version <= wanted.{names[width]}"
        sql = (
            f"SELECT {', '.join(f'wanted.{name}' for name in names)}, found.*"
            f" FROM unnest({arrays}) AS wanted({', '.join(names)})"
            f" CROSS JOIN LATERAL ({lookup.replace('{condition}', condition)}) AS found"
        )
        answers: list[tuple[Native, Any]] = []
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            columns = {name: [key[i] for key in batch] for i, name in enumerate(names)}
            for row in self.connection.rows(sql, {**columns, **parameters}):
                answers.append((tuple(row[: len(names)]), row[len(names) :]))
        return answers


def as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if value is None:
        return b""
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    return as_text(value).encode("utf-8", "surrogateescape")


def as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return "" if value is None else str(value)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
