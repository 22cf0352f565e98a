"""Rows of read models: what a column may hold, and rows while a projection works on them."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from explorer.errors import Invalid
from explorer.model import Delete, Json, Key, Projection, Put, ReadRow, Row, RowChange, Table

KINDS = ("text", "integer", "decimal", "boolean", "time")
BESIDE = "__rebuild"  # at the end of the name of a table in which a rebuild gathers its rows
REBUILD = " (rebuild)"  # at the end of the name of a subscription that fills them
KNOWN = 20_000  # rows that are remembered
KEY_BYTES = 2_000  # an index of PostgreSQL takes little more
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_EXPONENT = 16_000  # PostgreSQL keeps no more digits behind the point
_INTEGER = 2**63

Changed = tuple[bool, "dict[str, Json] | None"]
"""What happens to one row: is the old one wiped out? and the columns to set, None if there is to be no row."""


def problem(projection: Projection) -> str:
    """What is wrong with how a projection describes its tables; empty if nothing is."""
    if not projection.tables:
        return f"The projection {projection.name} has no table."
    for name in (projection.name, *(table.name for table in projection.tables)):
        if not _NAME.match(name) or BESIDE in name:
            return f"{name!r} is no name for a projection or its table: a to z, 0 to 9 and _, at most 40 of them."
    for table in projection.tables:
        columns = [*table.key, *table.columns]
        if not table.key or len(set(columns)) < len(columns):
            return f"The table {table.name} needs a key, and each column once."
        for column in columns:
            if not _NAME.match(column):
                return f"{column!r} is no name for a column: a to z, 0 to 9 and _, at most 40 of them."
        for column, kind in table.columns.items():
            if kind not in KINDS:
                return f"The column {column} of {table.name} is of the type {kind!r}; there is {', '.join(KINDS)}."
    names = [table.name for table in projection.tables]
    return f"The projection {projection.name} names a table twice." if len(set(names)) < len(names) else ""


# -- values ------------------------------------------------------------------------------------------------------------


def fitting(kind: str, value: Any) -> Json:
    """The value as a column of this kind gives it back. Raises `Invalid` where it cannot hold it."""
    match kind, value:
        case _, None:
            return None
        case "decimal", int() | Decimal() if type(value) is not bool:
            number = Decimal(value)
            if number.is_finite() and abs(number.adjusted()) < _EXPONENT and _behind_point(number) < _EXPONENT:
                return number
        case "integer", int() if type(value) is not bool and -_INTEGER <= value < _INTEGER:
            return value
        case "boolean", bool():
            return value
        case "text", str() if "\0" not in value and _encodes(value):
            return value
        case "time", str():
            moment = _moment(value)
            if moment is not None:
                return _iso(moment)
    raise Invalid(f"{_brief(value)} is no {kind}.")


def value_read(kind: str, value: Any) -> Json:
    """A value as the database has it → as rows have it. What somebody else has put there comes as text."""
    if value is None:
        return None
    if isinstance(value, bytes | memoryview):
        value = bytes(value).decode("utf-8", "backslashreplace")
    if kind == "boolean" and value in (0, 1):
        return bool(value)
    if kind == "integer" and type(value) is int:
        return value
    text = value if isinstance(value, str) else str(value)
    if kind == "decimal":
        try:
            number = Decimal(text)
        except InvalidOperation:
            return text
        return number if number.is_finite() else text
    if kind == "time" and (moment := _moment(text)) is not None:
        return _iso(moment)
    return text


def written(kind: str, value: Any, sqlite: bool) -> Any:
    """A fitting value → as the database takes it."""
    if value is None or kind in ("text", "integer"):
        return value
    if kind == "decimal":
        return str(value) if sqlite else value
    if kind == "time":
        return value if sqlite else datetime.fromisoformat(value)
    return int(value) if sqlite else value


def misfit(table: Table, row: Row) -> str:
    """The column in which a row as it was read has what no projection has put there; empty if all are well."""
    for column, kind in table.columns.items():
        try:
            fitting(kind, row[column])
        except Invalid:
            return column
    return ""


def _behind_point(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _iso(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='microseconds')[:-6]}Z"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


# -- changes -----------------------------------------------------------------------------------------------------------


def merged(changes: Iterable[RowChange]) -> dict[str, dict[Key, Changed]]:
    """What all these changes together do: table → key → the one thing that happens to this row."""
    found: dict[str, dict[Key, Changed]] = {}
    for change in changes:
        rows = found.setdefault(change.table, {})
        wiped, values = rows.get(change.key, (False, None))
        if isinstance(change, Delete):
            rows[change.key] = (True, None)
        else:
            rows[change.key] = (wiped, {**(values or {}), **change.values})
    return found


class Working:
    """Rows while a projection works on them: what it has changed, over what is stored.

    `stored` reads a row from where the changes will be written, but not as long as all rows are known, which began
    when there was none (`empty`). What was read is remembered, so nobody else may change these rows meanwhile; `forget`
    begins anew.
    """

    def __init__(self, tables: Sequence[Table], stored: ReadRow, empty: bool = False) -> None:
        self._tables = {table.name: table for table in tables}
        self._stored = stored
        self._all_known = empty
        self._known: OrderedDict[tuple[str, Key], Row | None] = OrderedDict()
        self._changes: list[RowChange] = []

    def read(self, table: str, key: Key) -> Row | None:
        """See `model.ReadRow`. Raises `Invalid` for a table or a key that there cannot be."""
        return self._row(table, self._key(table, key))

    def change(self, changes: Sequence[RowChange]) -> None:
        """All of them, or none: raises `Invalid` where one cannot be."""
        fits = [self._fitting(change) for change in changes]
        rows: dict[tuple[str, Key], Row | None] = {}
        for change in fits:
            place = (change.table, change.key)
            if isinstance(change, Delete):
                rows[place] = None
            else:
                before = rows[place] if place in rows else self._row(*place)
                rows[place] = {**(before or self._blank(*place)), **change.values}
        self._changes += fits
        for place, row in rows.items():
            self._remember(place, row)

    def taken(self) -> list[RowChange]:
        """What was changed since it was asked for; what of it is not written after all has to be forgotten."""
        changes, self._changes = self._changes, []
        return changes

    @property
    def changed(self) -> Sequence[RowChange]:
        """What was changed and not taken yet."""
        return self._changes

    def forget(self, empty: bool = False) -> None:
        """Drop what was changed and not taken, and what was read."""
        self._changes = []
        self._known.clear()
        self._all_known = empty

    def _row(self, table: str, key: Key) -> Row | None:
        place = (table, key)
        if place in self._known:
            self._known.move_to_end(place)
            return self._known[place]
        if self._all_known:
            return None
        row = self._stored(table, key)
        self._remember(place, row)
        return row

    def _remember(self, place: tuple[str, Key], row: Row | None) -> None:
        self._known[place] = row
        self._known.move_to_end(place)
        # What is not written yet is nowhere else.
        while len(self._known) > KNOWN and not self._changes:
            self._known.popitem(last=False)
            self._all_known = False

    def _blank(self, table: str, key: Key) -> dict[str, Json]:
        described = self._tables[table]
        return {**dict(zip(described.key, key, strict=True)), **dict.fromkeys(described.columns)}

    def _fitting(self, change: RowChange) -> RowChange:
        key = self._key(change.table, change.key)
        if isinstance(change, Delete):
            return Delete(change.table, key)
        return Put(change.table, key, _fitting_values(self._tables[change.table], change.values))

    def _key(self, table: str, key: Key) -> Key:
        described = self._tables.get(table)
        if described is None:
            raise Invalid(f"The projection has no table {table!r}.", f"It has {', '.join(self._tables)}.")
        if len(key) != len(described.key):
            raise Invalid(f"A key of {table} has {len(described.key)} parts, not {len(key)}.")
        for column, part in zip(described.key, key, strict=True):
            if not _is_key(part):
                raise Invalid(f"{_brief(part)} is no {column}: it is to be a text of at most {KEY_BYTES:,} bytes.")
        return tuple(key)


def _is_key(part: Any) -> bool:
    return type(part) is str and "\0" not in part and _encodes(part) and len(part.encode()) <= KEY_BYTES


def _fitting_values(table: Table, values: Mapping[str, Any]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for column, value in values.items():
        kind = table.columns.get(column)
        if kind is None:
            raise Invalid(f"The table {table.name} has no column {column!r} beside its key.")
        try:
            found[column] = fitting(kind, value)
        except Invalid as invalid:
            raise Invalid(f"{table.name}.{column}: {invalid}") from None
    return found
