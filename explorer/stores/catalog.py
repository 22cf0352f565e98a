"""What tables a database holds, so that stores can be found by their columns."""

from __future__ import annotations

import re

from explorer.errors import Invalid
from explorer.stores.connection import Connection
from explorer.stores.layout import Catalog, Table, quoted

MARK = "made by the event-store explorer for the read model "
"""What stands on a table of a read model, followed by its subscription's name: on PostgreSQL as a comment on it, in
SQLite as one in the statement that made it. It is no part of any store."""

_SQLITE = f"""SELECT name, type, upper(coalesce(sql, '')) FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND (sql IS NULL OR instr(sql, '/* {MARK}') = 0) ORDER BY name"""

_POSTGRESQL = f"""SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(c.relkind AS text),
    array_agg(CAST(a.attname AS text) ORDER BY a.attnum),
    array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum),
    ARRAY(SELECT CAST(i.relname AS text) FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE x.indrelid = c.oid ORDER BY i.relname)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
    AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE '{MARK}%'
GROUP BY c.oid, n.nspname, c.relname, c.relkind
ORDER BY n.nspname, c.relname"""
_FUNCTIONS = """SELECT DISTINCT n.nspname || '.' || p.proname FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"""


def catalog(connection: Connection) -> Catalog:
    """Everything the connected user may know of. Raises what the connection raises."""
    if connection.dialect == "sqlite":
        return Catalog("sqlite", _sqlite_tables(connection))
    tables = tuple(
        Table(schema, name, dict(zip(columns, types, strict=True)), view=kind in "vm", indexes=tuple(indexes))
        for schema, name, kind, columns, types, indexes in connection.rows(_POSTGRESQL)
    )
    return Catalog("postgresql", tables, frozenset(row[0] for row in connection.rows(_FUNCTIONS)))


def _sqlite_tables(connection: Connection) -> tuple[Table, ...]:
    tables: list[Table] = []
    for name, kind, made in connection.rows(_SQLITE):
        if made.startswith("CREATE VIRTUAL"):
            continue  # a module that this SQLite may not have
        try:
            columns = connection.rows(f"PRAGMA table_xinfo({quoted(name)})")
        except Invalid:
            continue  # a view of something that is gone
        declared = {column[1]: str(column[2] or "").lower() for column in columns}
        rowid = kind == "table" and not re.search(r"WITHOUT\s+ROWID", made)
        tables.append(Table("", name, declared, rowid=rowid, view=kind == "view"))
    return tuple(tables)
