"""Stores described by their users: one SELECT in a TOML file.

    name = "billing"
    events = '''SELECT customer_id, seq AS version, id AS position, kind AS type, body AS data, at AS recorded_at
                FROM billing_history'''
    key = ["customer_id"]       # the columns that name a stream, as the store's index has them
    category = "Customer"       # what these streams are of

`key = ["category", "id"]` (the default) names both; one column with `separator = "-"` holds both as category-id. More
is optional: `title`, `version_base` (number of a stream's first event: 1), `time` (timestamp, iso, s, ms, us, ns),
`commit_ordered`, `indexed_category`, `streams`, `snapshots`, `channel`, `events_table`, `notice`. What differs between
databases stands in a table `[sqlite]` or `[postgresql]`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from explorer.errors import CannotOpen, ExplorerError
from explorer.model import StreamKey
from explorer.stores.connection import Connection
from explorer.stores.layout import TIMES, Catalog, Instance, Layout, Native, category_and_id_are_key
from explorer.stores.layout import key_is_category_and_id as key_is_both

HINT = "A description is a TOML file with name, events (one SELECT) and key."
KINDS: Mapping[str, type] = {
    "name": str,
    "title": str,
    "events": str,
    "key": list,
    "category": str,
    "separator": str,
    "version_base": int,
    "time": str,
    "commit_ordered": bool,
    "indexed_category": bool,
    "streams": str,
    "snapshots": str,
    "channel": str,
    "events_table": str,
    "notice": str,
}
_COMMENT = re.compile(r"\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Description:
    """What a file says, for one dialect. `queries` is the SQL that will run: for showing before it does."""

    name: str
    values: Mapping[str, Any]

    @property
    def queries(self) -> tuple[str, ...]:
        return tuple(self.values[name] for name in ("events", "streams", "snapshots") if name in self.values)


def read(path: str, dialect: str) -> Description:
    """Raises CannotOpen, saying what is wrong with the file."""
    title = Path(path).name
    try:
        document = tomllib.loads(Path(path).expanduser().read_text("utf-8"))
    except OSError as error:
        raise CannotOpen(f"The description {title} cannot be read ({error.strerror}).", HINT) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotOpen(f"The description {title} is not valid TOML: {error}.", HINT) from error
    values = {name: value for name, value in document.items() if name not in ("sqlite", "postgresql")}
    special = document.get(dialect, {})
    if not isinstance(special, dict):
        raise CannotOpen(f"{title}: {dialect} is a table of values for that database.", HINT)
    values |= special
    for name, value in values.items():
        if name not in KINDS:
            raise CannotOpen(f"{title}: {name!r} means nothing here.", f"Known are {', '.join(KINDS)}.")
        if not isinstance(value, KINDS[name]) or (KINDS[name] is int and isinstance(value, bool)):
            raise CannotOpen(f"{title}: {name} must be {_ARTICLES[KINDS[name]]}.", HINT)
    if "events" not in values:
        raise CannotOpen(f"{title} says nothing of how events read on {dialect}.", HINT)
    for name in ("events", "streams", "snapshots"):
        if name in values and not re.match(r"(?i)(select|with)\b", _without_comments(values[name])):
            raise CannotOpen(f"{title}: {name} must be one SELECT.", HINT)
    return Description(values.get("name") or Path(path).stem, values)


_ARTICLES = {str: "a text", int: "a whole number", bool: "true or false", list: "a list of column names"}


def _without_comments(sql: str) -> str:
    while (found := _COMMENT.match(sql)) and found.end():
        sql = sql[found.end() :]
    return sql


def layout(path: str) -> Layout:
    """The layout that a file describes. Its `find` raises CannotOpen."""

    def find(catalog: Catalog) -> Sequence[Instance]:
        return (instance(read(path, catalog.dialect), catalog.dialect),)

    return Layout(Path(path).stem, Path(path).stem, find)


def instance(description: Description, dialect: str) -> Instance:
    """Raises CannotOpen."""
    values = description.values
    key = tuple(values.get("key", ("category", "id")))
    if not key or not all(isinstance(column, str) and re.fullmatch(r"[A-Za-z_]\w*", column) for column in key):
        raise CannotOpen("The key of a description is a list of plain column names of its SELECT.", HINT)
    time = values.get("time", "timestamp")
    if time not in TIMES:
        raise CannotOpen(f"{time!r} is no way of storing a time.", f"Known are {', '.join(TIMES)}.")
    split, join, prefix = _naming(key, values.get("category"), values.get("separator"))
    return Instance(
        layout=description.name,
        name=values.get("title", description.name),
        dialect=dialect,
        events=values["events"].strip().rstrip(";"),
        key=key,
        split=split,
        join=join,
        key_prefix=prefix,
        version_base=values.get("version_base", 1),
        commit_ordered=values.get("commit_ordered", dialect == "sqlite"),
        category=values.get("indexed_category", key[0] == "category"),
        time=TIMES[time],
        indexed_event_id=False,
        streams=values["streams"].strip().rstrip(";") if "streams" in values else None,
        snapshots=values["snapshots"].strip().rstrip(";") if "snapshots" in values else None,
        channel=values.get("channel") if dialect == "postgresql" else None,
        events_table=values.get("events_table") if dialect == "postgresql" else None,
        notice=values.get("notice", ""),
    )


Split = Callable[[Native, str | None], StreamKey]
Join = Callable[[StreamKey], Native | None]


def _naming(
    key: tuple[str, ...], category: str | None, separator: str | None
) -> tuple[Split, Join, Callable[[str], str] | None]:
    """How key values become (category, id) and back, and what the keys of a category begin with."""
    if len(key) == 1 and separator:
        return _split_at(separator), _joined_by(separator), lambda wanted: wanted
    if len(key) == 1 and category is not None:
        fixed = category
        return (
            lambda native, _: StreamKey(fixed, str(native[0])),
            lambda stream: (stream.id,) if stream.category == fixed else None,
            None,
        )
    if len(key) == 2 and separator is None and category is None:
        return key_is_both, category_and_id_are_key, None
    raise CannotOpen(
        "A description names streams by two key columns (category and id), by one with a category, or by one with a"
        " separator.",
        HINT,
    )


def _split_at(separator: str) -> Split:
    def split(native: Native, first_type: str | None) -> StreamKey:
        """At the first separator, if something stands on both sides of it; else all of it is the category."""
        name = str(native[0])
        before, _, after = name.partition(separator)
        return StreamKey(before, after) if before and after else StreamKey(name, "")

    return split


def _joined_by(separator: str) -> Join:
    split = _split_at(separator)

    def join(stream: StreamKey) -> Native | None:
        name = f"{stream.category}{separator}{stream.id}" if stream.id else stream.category
        return (name,) if split((name,), None) == stream else None

    return join


def verified(connection: Connection, described: Instance) -> Instance:
    """The instance as its SELECT really reads, asked of the database. Raises CannotOpen."""
    try:
        columns = connection.columns(described.events)
        for sql in (described.streams, described.snapshots):
            if sql is not None:
                connection.columns(sql)
    except ExplorerError as error:
        raise CannotOpen(f"The SELECT of the description {described.layout} fails: {error}", HINT) from error
    missing = [name for name in (*described.key, "version", "type", "data") if name not in columns]
    if missing:
        raise CannotOpen(
            f"The SELECT of the description {described.layout} has no column {', '.join(missing)}.",
            f"Its columns are {', '.join(columns)}; rename with AS.",
        )
    return replace(described, positions="position" in columns, category=described.category and "category" in columns)
