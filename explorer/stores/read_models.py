"""Tables of read models, beside the events in a store of our own: making, reading and changing their rows.

They are for everybody to read, and somebody may alter them: before rows are put into a table it is looked at, and what
is not as it was made raises `TableChanged`. A table is known as ours by what stands on it (`MARK`), with the name of
the subscription whose rows it has; any other is never touched, whatever its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from explorer.errors import ConnectionLost, Invalid, TableChanged
from explorer.model import Key, Page, Row, RowChange, Table
from explorer.rows import BESIDE, REBUILD, merged, value_read, written
from explorer.stores import claims
from explorer.stores.catalog import MARK
from explorer.stores.connection import CommitLost
from explorer.stores.layout import Run, quoted
from explorer.stores.own import table_of
from explorer.stores.reading import Reading
from explorer.stores.store import Advance, Claim

PREFIX = "read_"
STRETCH = 2_000  # rows that are looked through at a time for some text

_SQLITE = {"text": "TEXT", "integer": "INTEGER", "decimal": "DECIMAL_TEXT", "boolean": "BOOLEAN", "time": "TIME_TEXT"}
_POSTGRESQL = {
    "text": "text",
    "integer": "bigint",
    "decimal": "numeric",
    "boolean": "boolean",
    "time": "timestamp with time zone",
}
_SHAPES = """SELECT CAST(c.relname AS text), CAST(a.attname AS text), format_type(a.atttypid, a.atttypmod),
    array_position(CAST(i.indkey AS int2[]), a.attnum), coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = :schema) AND c.relname = ANY(:names)
ORDER BY a.attnum"""
_TIME_READ = """coalesce(to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\\:MI\\:SS.US"Z"'), CAST({0} AS text))"""


def stored_name(table: Table) -> str:
    """What the table is called in the database."""
    return PREFIX + table.name


def beside(table: Table) -> Table:
    """The table in which a rebuild gathers the rows of this one."""
    return replace(table, name=table.name + BESIDE)


# -- reading -----------------------------------------------------------------------------------------------------------


def row(reading: Reading, table: Table, key: Key) -> Row | None:
    """See `Store.row`."""
    condition = " AND ".join(f"{_column(column)} = :k{i}" for i, column in enumerate(table.key))
    found = _selected(reading, table, f"WHERE {condition}", {f"k{i}": part for i, part in enumerate(key)})
    return found[0] if found else None


def rows(reading: Reading, table: Table, after: Key | None, limit: int, find: str) -> Page[Row]:
    """See `Store.rows`."""
    wanted = find.casefold()
    room = STRETCH if wanted else limit
    where, parameters = "", {"limit": room}
    if after is not None:
        columns = ", ".join(_column(column) for column in table.key)
        where = f"WHERE ({columns}) > ({', '.join(f':k{i}' for i in range(len(after)))}) "
        parameters.update({f"k{i}": part for i, part in enumerate(after)})  # type: ignore[misc]
    order = ", ".join(_column(column) for column in table.key)
    page = _selected(reading, table, f"{where}ORDER BY {order} LIMIT :limit", parameters)
    last = page[-1] if len(page) >= room else None
    if wanted:
        page = [one for one in page if any(wanted in str(value).casefold() for value in one.values())]
        if len(page) > limit:
            page = page[:limit]
            last = page[-1]
    return Page(tuple(page), None if last is None else tuple(last[column] for column in table.key))


def check_tables(reading: Reading, name: str, tables: Sequence[Table]) -> None:
    """See `Store.check_tables`."""
    _as_made(reading, reading.connection.rows, tables, _made_for(name))


def _selected(reading: Reading, table: Table, rest: str, parameters: Mapping[str, Any]) -> list[Row]:
    columns = {**dict.fromkeys(table.key, "text"), **table.columns}
    wanted = ", ".join(_read(reading, column, kind) for column, kind in columns.items())
    sql = f"SELECT {wanted} FROM {_sql(reading, table)} AS r {rest}"
    try:
        found = reading.connection.rows(sql, parameters)
    except Invalid:
        _as_made(reading, reading.connection.rows, (table,))
        raise
    names = tuple(columns.items())
    return [
        {name: value_read(kind, value) for (name, kind), value in zip(names, values, strict=True)} for values in found
    ]


def _column(name: str) -> str:
    # With the table in front of it: SQLite takes a quoted name that no column has for a text.
    return f"r.{quoted(name)}"


def _read(reading: Reading, column: str, kind: str) -> str:
    """As text where the driver refuses some of what may be there: a numeric NaN, an infinite time."""
    name = _column(column)
    if not reading.sqlite and kind == "decimal":
        return f"CAST({name} AS text)"
    return _TIME_READ.format(name) if not reading.sqlite and kind == "time" else name


# -- making ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shape:
    """A table as it is in the database."""

    columns: Mapping[str, str]
    key: tuple[str, ...]
    made_for: str | None  # the subscription, None if it is not of ours


def _shapes(reading: Reading, ask: Callable[..., Any], tables: Iterable[Table]) -> dict[str, _Shape]:
    names = [stored_name(table) for table in tables]
    if reading.sqlite:
        return {name: shape for name in names if (shape := _sqlite_shape(ask, name))}
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name, *column in ask(_SHAPES, {"schema": reading.instance.name, "names": names}):
        found.setdefault(name, []).append(tuple(column))
    return {name: _shape(columns, columns[0][3]) for name, columns in found.items()}


def _sqlite_shape(ask: Callable[..., Any], name: str) -> _Shape | None:
    made = ask("SELECT sql FROM sqlite_master WHERE name = :name", {"name": name})
    if not made:
        return None
    columns = ask(f"PRAGMA table_xinfo({quoted(name)})", {})
    mark = str(made[0][0] or "").partition("/*")[2].partition("*/")[0].strip()
    return _shape([(column[1], column[2].upper(), column[5] or None, mark) for column in columns], mark)


def _shape(columns: Sequence[tuple[Any, ...]], mark: str) -> _Shape:
    places = sorted((place, name) for name, _, place, _ in columns if place is not None)
    made_for = mark.removeprefix(MARK) if mark.startswith(MARK) else None
    return _Shape({name: kind for name, kind, _, _ in columns}, tuple(name for _, name in places), made_for)


def _as_made(reading: Reading, ask: Callable[..., Any], tables: Sequence[Table], name: str | None = None) -> None:
    """Raises `TableChanged` if one of these tables is not as it was made (for the subscription of this name)."""
    shapes = _shapes(reading, ask, tables)
    kinds = _SQLITE if reading.sqlite else _POSTGRESQL
    for table in tables:
        shape = shapes.get(stored_name(table))
        if shape is None:
            raise _changed(table, "is not there")
        _ours(table, shape, name)
        wanted = {**dict.fromkeys(table.key, "text"), **table.columns}
        for column, kind in wanted.items():
            if column not in shape.columns:
                raise _changed(table, f"has no column {column}")
            if shape.columns[column] != kinds[kind]:
                raise _changed(table, f"has a column {column} of the type {shape.columns[column]}, not {kinds[kind]}")
        for column in shape.columns:
            if column not in wanted:
                raise _changed(table, f"has a column {column}, which nobody fills")
        if shape.key != table.key:
            raise _changed(table, "has another key")


def _made_for(subscription: str) -> str:
    """What stands on the tables of a subscription: those that a rebuild fills are to become another's."""
    return re.sub(r"[^\w .()-]", "_", subscription.removesuffix(REBUILD))


def _ours(table: Table, shape: _Shape, name: str | None) -> None:
    if shape.made_for is None or (name is not None and shape.made_for != name):
        whose = f"belongs to {shape.made_for}" if shape.made_for else "is not one of a read model"
        raise TableChanged(
            f"The table {stored_name(table)} {whose}: it stays as it is.", "Give it another name, and rebuild."
        )


def _changed(table: Table, how: str) -> TableChanged:
    return TableChanged(f"The table {stored_name(table)} {how}.", "Rebuild the read model: its rows are made anew.")


def _make(reading: Reading, run: Run, name: str, tables: Sequence[Table]) -> None:
    """Make these tables for this subscription, empty, in place of those that were there."""
    _drop(reading, run, name, tables)
    kinds, key = (_SQLITE, "TEXT") if reading.sqlite else (_POSTGRESQL, 'text COLLATE "C"')
    for table in tables:
        columns = [f"{quoted(column)} {key} NOT NULL" for column in table.key]
        columns += [f"{quoted(column)} {kinds[kind]}" for column, kind in table.columns.items()]
        columns.append(f"PRIMARY KEY ({', '.join(quoted(column) for column in table.key)})")
        mark = MARK + name
        if reading.sqlite:
            body = f"(/* {mark} */ {', '.join(columns)}) WITHOUT ROWID"
            run(f"CREATE TABLE {_sql(reading, table)} {body}", {})
        else:
            run(f"CREATE TABLE {_sql(reading, table)} ({', '.join(columns)})", {})
            run(f"COMMENT ON TABLE {_sql(reading, table)} IS '{mark}'", {})


def _drop(reading: Reading, run: Run, name: str, tables: Sequence[Table]) -> None:
    shapes = _shapes(reading, run, tables)
    for table in tables:
        shape = shapes.get(stored_name(table))
        if shape is not None:
            _ours(table, shape, name)
            run(f"DROP TABLE {_sql(reading, table)}", {})


def _sql(reading: Reading, table: Table) -> str:
    return table_of(reading.instance, stored_name(table))


# -- changing ----------------------------------------------------------------------------------------------------------


def changing(
    reading: Reading, advance: Advance, tables: Sequence[Table], changes: Sequence[RowChange], run: Run
) -> None:
    """Within the transaction that moves the checkpoint. See `Store.advance`."""
    if not advance.before:
        _make(reading, run, _made_for(advance.claim.name), tables)
    else:
        _as_made(reading, run, tables, _made_for(advance.claim.name))
    known = {table.name: table for table in tables}
    for name, rows in merged(changes).items():
        table = known[name]
        gone = [key for key, (wiped, _) in rows.items() if wiped]
        if gone:
            _delete(reading, run, table, gone)
        # Rows that set the same columns go in one statement.
        alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        for key, (_, values) in rows.items():
            if values is not None:
                filled = [written(table.columns[column], value, reading.sqlite) for column, value in values.items()]
                alike.setdefault(tuple(values), []).append((*key, *filled))
        for columns, put in alike.items():
            _put(reading, run, table, columns, put)


def _put(reading: Reading, run: Run, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    into = (*table.key, *columns)
    names = ", ".join(quoted(column) for column in into)
    key = ", ".join(quoted(column) for column in table.key)
    sets = ", ".join(f"{quoted(column)} = excluded.{quoted(column)}" for column in columns)
    conflict = f"ON CONFLICT ({key}) DO {f'UPDATE SET {sets}' if sets else 'NOTHING'}"
    _each(reading, run, table, into, rows, f"INSERT INTO {_sql(reading, table)} ({names})", conflict)


def _each(
    reading: Reading, run: Run, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], sql: str,
    rest: str,
) -> None:  # fmt: skip
    """A statement for each of these rows; PostgreSQL gets them all at once."""
    places = range(len(columns))
    if reading.sqlite:
        values = f"VALUES ({', '.join(f':v{i}' for i in places)})"
        run(f"{sql} {values} {rest}", [{f"v{i}": row[i] for i in places} for row in rows])
        return
    kinds = [_POSTGRESQL[table.columns.get(column, "text")] for column in columns]
    arrays = ", ".join(f"CAST(:v{i} AS {kind}[])" for i, kind in enumerate(kinds))
    run(f"{sql} SELECT * FROM unnest({arrays}) {rest}", {f"v{i}": [row[i] for row in rows] for i in places})


def _delete(reading: Reading, run: Run, table: Table, keys: Sequence[Key]) -> None:
    condition = " AND ".join(f"{quoted(column)} = :k{i}" for i, column in enumerate(table.key))
    sql = f"DELETE FROM {_sql(reading, table)}"
    if reading.sqlite:
        run(f"{sql} WHERE {condition}", [{f"k{i}": part for i, part in enumerate(key)} for key in keys])
        return
    names = [f"k{i}" for i in range(len(table.key))]
    arrays = ", ".join(f"CAST(:{name} AS text[])" for name in names)
    condition = " AND ".join(f"{quoted(column)} = gone.{name}" for column, name in zip(table.key, names, strict=True))
    run(
        f"{sql} USING unnest({arrays}) AS gone({', '.join(names)}) WHERE {condition}",
        {name: [key[i] for key in keys] for i, name in enumerate(names)},
    )


# -- rebuilding --------------------------------------------------------------------------------------------------------


def replace_rows(
    reading: Reading, moved: Advance, name: str, tables: Sequence[Table], accepts: Callable[[bytes], bool]
) -> bool:
    """See `Store.replace_rows`."""
    try:
        with reading.connection.transaction() as run:
            # The checkpoint first, as its owner does: two that lock in another order would wait for each other.
            if not claims.adopt(reading, moved, name, accepts, run):
                return False
            _swap(reading, run, _made_for(name), tables)
    except CommitLost:
        now = {known.name: known.checkpoint for known in claims.subscriptions(reading)}
        if moved.claim.name in now or now.get(name) != moved.after:
            raise ConnectionLost("The connection broke while rows were being replaced.") from None
    return True


def _swap(reading: Reading, run: Run, name: str, tables: Sequence[Table]) -> None:
    _as_made(reading, run, [beside(table) for table in tables], name)
    _drop(reading, run, name, tables)
    if reading.sqlite:
        # A view of somebody's that leans on the name must not keep the new table from having it.
        run("PRAGMA legacy_alter_table = ON", {})
    try:
        for table in tables:
            run(f"ALTER TABLE {_sql(reading, beside(table))} RENAME TO {quoted(stored_name(table))}", {})
    finally:
        if reading.sqlite:
            run("PRAGMA legacy_alter_table = OFF", {})


def abandon(reading: Reading, claim: Claim, tables: Sequence[Table]) -> None:
    """See `Store.abandon_rows`."""
    try:
        with reading.connection.transaction() as run:
            claims.remove(reading, claim, run)
            _drop(reading, run, _made_for(claim.name), [beside(table) for table in tables])
    except CommitLost:  # what is left behind goes with the next rebuild
        raise ConnectionLost("The connection broke while a rebuild was being abandoned.") from None
