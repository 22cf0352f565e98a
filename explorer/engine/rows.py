"""JSON values as rows of cut texts, page by page: trees of states and payloads, and differences.

Paths are JSON Pointers with two additions, so that a path is never long and always leads somewhere: `~#5` is the sixth
member of an object (its name is long), `~-2` is the element of a list that was third in the state compared against and
is gone (likewise a member with a long name).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from explorer.diff import Change, diff, key_member, pointer, same, tokens, unescaped
from explorer.engine.messages import CUT, DiffRow, Row, Rows
from explorer.errors import Invalid
from explorer.model import Json
from explorer.payload import encode_plain

_NAME = 200  # characters of a member name in a path at most
_KEYED = 20_000  # elements of a list at most that are named by their key: every page looks at all of them
_SUMMARY = 80  # characters of what an object holds
_INDEX = re.compile(r"0|[1-9][0-9]*")
_NOT_HERE = object()

# -- one value ---------------------------------------------------------------------------------------------------------


def kind_of(value: Json) -> str:
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, str):
        return "string"
    if value is None:
        return "null"
    return "boolean" if isinstance(value, bool) else "number"


def cut(text: str, length: int = CUT) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def number_text(value: int | Decimal) -> str:
    if isinstance(value, int) and value.bit_length() > 14_000:  # Python refuses to print these; JSON never holds them
        return f"an integer of {value.bit_length():,} bits"
    return encode_plain(value).decode()


def shown(value: Json) -> str:
    """The value as the text of a row: plain values in full, of containers what they hold."""
    if isinstance(value, dict):
        return _object_summary(value)
    if isinstance(value, list):
        return "empty list" if not value else f"{len(value):,} element{'s'[: len(value) != 1]}"
    if isinstance(value, str):
        return cut(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return cut(number_text(value))


def json_text(value: Json) -> str:
    """JSON text of the value, cut. Of a large container only the beginning is written."""
    if isinstance(value, str):
        return cut(encode_plain(value[: CUT + 1]).decode())
    pieces: list[str] = []
    length = 0
    for piece in _tokens_of(value):
        pieces.append(piece)
        length += len(piece)
        if length > CUT:
            break
    return cut("".join(pieces))


def _tokens_of(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for index, (name, member) in enumerate(value.items()):
            yield f"{',' if index else ''}{json_text(name)}:"
            yield from _tokens_of(member)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for index, element in enumerate(value):
            if index:
                yield ","
            yield from _tokens_of(element)
        yield "]"
    elif isinstance(value, str):
        yield json_text(value)
    else:
        yield shown(value)


def _object_summary(members: dict[str, Json]) -> str:
    if not members:
        return "empty object"
    plain = [f"{cut(name, 30)}: {cut(shown(member), 30)}" for name, member in islice(members.items(), 4)
             if not isinstance(member, (dict, list))]  # fmt: skip
    text = ", ".join(plain)
    if not plain or len(text) > _SUMMARY:
        return f"{len(members):,} member{'s'[: len(members) != 1]}"
    return text if len(plain) == len(members) else f"{text}, …"


def _size(value: Json, text: str) -> int:
    return len(value) if isinstance(value, (dict, list, str)) else len(text)


# -- paths -------------------------------------------------------------------------------------------------------------


def _token(name: str, index: int) -> str:
    return pointer((name,)) if len(name) <= _NAME else f"/~#{index}"


def _step(value: Json, token: str) -> Json | object:
    """The member that one token of a path (still escaped) leads to, or `_NOT_HERE`."""
    if isinstance(value, dict):
        if token.startswith(("~#", "~-")) and token[2:].isdecimal():
            return next(islice(value.values(), int(token[2:]), None), _NOT_HERE)
        return value.get(unescaped(token), _NOT_HERE)
    if isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
        return value[int(token)]
    return _NOT_HERE


def at(value: Json, path: str) -> Json:
    """The value at the path. Raises Invalid when there is none."""
    for token in path.split("/")[1:]:
        found = _step(value, token)
        if found is _NOT_HERE:
            raise Invalid(f"There is nothing at {cut(path)} here.")
        value = found  # type: ignore[assignment]
    return value


# -- one container against another -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Comparison:
    """What became of the members of one container; names of objects, indexes of lists as texts."""

    marks: dict[str, str] = field(default_factory=dict)  # of members after: "+", "~", ">" or "."
    removed: list[str] = field(default_factory=list)  # members before that are gone, in their order
    origins: list[int | None] = field(default_factory=list)  # of a list: index before of each element, None if new


def compare(before: Json | object, after: Json) -> Comparison | None:
    """None where they are not both objects or both lists, or are the same."""
    if before is after or type(before) is not type(after) or not isinstance(after, (dict, list)):
        return None
    result = Comparison()
    touched_before: set[str] = set()  # members in which something is gone
    moved: dict[int, int] = {}
    for change in diff(before, after):
        first, *rest = tokens(change.path)
        if change.op == "remove" and rest:
            touched_before.add(first)
        elif change.op == "remove":
            result.removed.append(first)
        elif rest:
            result.marks.setdefault(first, ".")
        elif change.op == "move":
            result.marks[first] = ">"
            moved[int(first)] = int(tokens(change.origin)[-1])
        else:
            result.marks.setdefault(first, "+" if change.op == "add" else "~")
    if isinstance(after, dict):
        for name in touched_before:
            result.marks.setdefault(name, ".")
        return result
    taken = {*map(int, result.removed), *moved.values()}
    # What was neither moved nor put in or taken out has kept its order.
    kept = iter([index for index in range(len(before)) if index not in taken])  # type: ignore[arg-type]
    for index in range(len(after)):
        if index in moved:
            origin: int | None = moved[index]
        else:
            origin = None if result.marks.get(str(index)) == "+" else next(kept)
        result.origins.append(origin)
        if str(origin) in touched_before:
            result.marks.setdefault(str(index), ".")
    return result


@dataclass(frozen=True, slots=True)
class Place:
    """What a path leads to, and what stood there in the state compared against (`gone`: only there)."""

    value: Json
    before: Json | object = _NOT_HERE
    gone: bool = False


def place(after: Json, before: Json | object, path: str) -> Place:
    """Follow the path in both states. Raises Invalid when there is nothing in either."""
    here = Place(after, before)
    for token in path.split("/")[1:]:
        found = _NOT_HERE if here.gone or token.startswith("~-") else _step(here.value, token)
        old = here.value if here.gone else here.before
        if found is not _NOT_HERE:
            here = Place(found, _counterpart(here, token))  # type: ignore[arg-type]
        elif old is not _NOT_HERE:
            gone = _step(old, token.removeprefix("~-") if isinstance(old, list) else token)  # type: ignore[arg-type]
            if gone is _NOT_HERE:
                raise Invalid(f"There is nothing at {cut(path)} in this state.")
            here = Place(gone, gone=True)  # type: ignore[arg-type]
        else:
            raise Invalid(f"There is nothing at {cut(path)} in this state.")
    return here


def _counterpart(here: Place, token: str) -> Json | object:
    if here.before is _NOT_HERE or here.before is here.value:
        return _step(here.value, token) if here.before is here.value else _NOT_HERE
    if isinstance(here.value, list) and isinstance(here.before, list):
        comparison = compare(here.before, here.value)
        index = comparison.origins[int(token)] if comparison else int(token)
        return here.before[index] if index is not None else _NOT_HERE
    if isinstance(here.value, dict) and isinstance(here.before, dict):
        if token.startswith("~#"):
            name = next(islice(here.value, int(token[2:]), None), None)
            return here.before.get(name, _NOT_HERE) if name is not None else _NOT_HERE
        return _step(here.before, token)
    return _NOT_HERE


# -- rows --------------------------------------------------------------------------------------------------------------


def rows(value: Json, path: str = "", start: int = 0, limit: int = 200, mark: str = "") -> Rows:
    """Members of the container at the path, all with this mark; of a plain value one row, its own. Raises Invalid."""
    here = at(value, path)
    start, limit = max(0, start), max(0, limit)
    if not isinstance(here, (dict, list)):
        return Rows(start, 1, (_row("", path, here, mark),) if start == 0 and limit else ())
    page = (_with_mark(row, mark) for row in _members(here, path, {}, start, start + limit))
    return Rows(start, len(here), tuple(page))


def marked_rows(after: Json, before: Json, path: str = "", start: int = 0, limit: int = 200) -> Rows:
    """Members at the path with marks against the state before; what is gone comes where it stood, marked "-"."""
    here = place(after, before, path)
    if here.gone or here.before is _NOT_HERE:  # gone altogether, or new altogether
        return _at_path(rows(here.value, "", start, limit, "-" if here.gone else "+"), path)
    comparison = compare(here.before, here.value)
    if comparison is None:
        changed = here.before is not here.value and not same(here.before, here.value)  # type: ignore[arg-type]
        plain = not isinstance(here.value, (dict, list))
        return _at_path(rows(here.value, "", start, limit, "~" if plain and changed else ""), path)
    start, limit = max(0, start), max(0, limit)
    value: dict[str, Json] | list[Json] = here.value  # type: ignore[assignment]
    total = len(value) + len(comparison.removed)
    if comparison.removed:
        every = _with_removed(value, here.before, path, comparison)  # type: ignore[arg-type]
        return Rows(start, total, tuple(islice(every, start, start + limit)))
    return Rows(start, total, tuple(_members(value, path, comparison.marks, start, start + limit)))


def _at_path(page: Rows, path: str) -> Rows:
    moved = (Row(row.key, path + row.path, row.kind, row.text, row.size, row.mark) for row in page.rows)
    return Rows(page.start, page.total, tuple(moved)) if path else page


def _with_mark(row: Row, mark: str) -> Row:
    return Row(row.key, row.path, row.kind, row.text, row.size, mark) if mark else row


def _members(value: dict[str, Json] | list[Json], path: str, marks: dict[str, str], start: int, end: int | None)\
        -> Iterator[Row]:  # fmt: skip
    if isinstance(value, dict):
        for index, (name, member) in enumerate(islice(value.items(), start, end), start):
            yield _row(cut(name), path + _token(name, index), member, marks.get(name, ""))
        return
    keyed = key_member(value) if len(value) <= _KEYED else None
    for index, element in enumerate(value[start:end], start):
        yield _row(_key(keyed, element, index), f"{path}/{index}", element, marks.get(str(index), ""))


def _row(key: str, path: str, value: Json, mark: str) -> Row:
    text = shown(value)
    return Row(key, path, kind_of(value), text, _size(value, text), mark)


def _key(keyed: str | None, element: Json, index: int) -> str:
    return cut(f"{keyed}={element[keyed]}") if keyed and isinstance(element, dict) else str(index)


def _with_removed(
    value: dict[str, Json] | list[Json],
    before: dict[str, Json] | list[Json],
    path: str,
    comparison: Comparison,
) -> Iterator[Row]:
    """All rows; a removed one after the member that it followed."""
    names: Iterable[str] = before if isinstance(before, dict) else map(str, range(len(before)))
    removed = set(comparison.removed)
    keyed = key_member(before) if isinstance(before, list) and len(before) <= _KEYED else None
    following: dict[str, list[Row]] = {}
    last = ""
    for index, name in enumerate(names):
        if name not in removed:
            last = f"/{name}"
        elif isinstance(before, dict):
            token = _token(name, index) if len(name) <= _NAME else f"/~-{index}"
            row = _row(cut(name), path + token, before[name], "-")
            following.setdefault(last, []).append(row)
        else:
            row = _row(_key(keyed, before[index], index), f"{path}/~-{index}", before[index], "-")
            following.setdefault(last, []).append(row)
    yield from following.pop("", ())
    stood: Iterable[object] = value if isinstance(value, dict) else comparison.origins
    for name_before, row in zip(stood, _members(value, path, comparison.marks, 0, None), strict=True):
        yield row
        yield from following.pop(f"/{name_before}", ())


def diff_row(change: Change) -> DiffRow:
    """A difference as it crosses."""
    return DiffRow(
        change.op,
        change.path,
        change.origin,
        cut(change.key),
        "" if change.op == "add" else json_text(change.before),
        "" if change.op == "remove" else json_text(change.after),
    )
