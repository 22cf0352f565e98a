"""What changed between two JSON values.

Differences are exact: `True`, `1`, `1.0` and `1.00` are four values. Objects compare by member, whatever the order of
their keys. Elements of lists are matched by key where there is one (`id`, `sku` …), so that a line taken out of the
middle is one removal and not a replacement of all that follow; the same object on both sides is never entered, so that
states which share what did not change are compared at the price of what did.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import compress
from operator import is_not
from typing import Any, NamedTuple

from explorer.json_state import MISSING, changed_keys
from explorer.model import Json

KEYS = ("id", "key", "sku", "uuid", "guid", "code", "number", "name", "orderId", "customerId")
"""Members by which elements of a list are matched, the first that fits; after them any that ends in Id, ID or _id."""


class Change(NamedTuple):
    """One difference. Paths are JSON Pointers (RFC 6901).

    `path` leads into the value after, of a removal into the value before. `origin` is where a moved element was, in the
    value before, else "". `key` names the keyed element that was changed or holds what was changed ("sku=A-1"), or "".
    `before` is None for an addition, `after` for a removal; of a move both are the element.
    """

    op: str  # "add", "remove", "replace" or "move"
    path: str
    origin: str = ""
    key: str = ""
    before: Json = None
    after: Json = None


def diff(before: Json, after: Json) -> list[Change]:
    """Every difference, in the order of the value after; what is gone from an object or a list comes first.

    Depends on the values alone, not on which objects they share.
    """
    changes: list[Change] = []
    if before is not after:
        compare(before, after, "", "", "", changes, {})
    return changes


def same(before: Json, after: Json) -> bool:
    """Exact equality: types, digits and signs too; but not the order of keys."""
    return _same(before, after, {})


def pointer(tokens: Iterable[str | int]) -> str:
    """The JSON Pointer of these member names and indexes."""
    return "".join(f"/{escaped(str(token))}" for token in tokens)


def tokens(path: str) -> list[str]:
    """Member names and indexes of a JSON Pointer, unescaped."""
    parts = path.split("/")[1:]
    return [unescaped(part) for part in parts] if "~" in path else parts


def unescaped(token: str) -> str:
    """The member name of one token of a JSON Pointer."""
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def value_at(value: Json, path: str) -> Any:
    """What a JSON Pointer points at; MISSING where there is nothing."""
    for name in tokens(path):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdecimal() and int(name[:9]) < len(value):
            value = value[int(name[:9])]
        else:
            return MISSING
    return value


def key_member(*lists: Sequence[Any]) -> str | None:
    """The member by which the elements of all these lists can be matched: a text or an integer in every element, and
    unique in each list. None if there is none, or no element."""
    first = next((elements[0] for elements in lists if elements), None)
    if type(first) is not dict:
        return None
    for name in _candidates(tuple(first)):
        if all(_is_key(name, elements) for elements in lists):
            return name
    return None


_ABSENT: Any = object()


def _same(before: Any, after: Any, known: dict[tuple[int, int], bool]) -> bool:
    """`known` remembers pairs of objects and lists by identity: a nested list is asked about again at every level."""
    if before is after:
        return True
    kind = type(before)
    if kind is not type(after):
        return False
    if kind is Decimal:
        return str(before) == str(after)
    if kind is not dict and kind is not list:
        return bool(before == after)
    if len(before) != len(after):
        return False
    pair = id(before), id(after)
    result = known.get(pair)
    if result is None:
        result = True
        names = before if kind is dict else compress(range(len(before)), map(is_not, before, after))
        for name in names:
            other = after.get(name, _ABSENT) if kind is dict else after[name]
            if other is not before[name] and not _same(before[name], other, known):
                result = False
                break
        known[pair] = result
    return result


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name


@lru_cache(1000)
def _candidates(names: tuple[str, ...]) -> tuple[str, ...]:
    """Which of these members may be a key, the likeliest first."""
    usual = [name for name in KEYS if name in names]
    return (*usual, *(name for name in names if name not in KEYS and name.endswith(("Id", "ID", "_id"))))


def _is_key(name: str, elements: Sequence[Any]) -> bool:
    found: set[tuple[type, Any]] = set()
    for element in elements:
        value = element.get(name) if type(element) is dict else None
        kind = type(value)
        if kind is not str and kind is not int:
            return False
        found.add((kind, value))
    return len(found) == len(elements)


def compare(
    before: Any,
    after: Any,
    old_path: str,
    path: str,
    key: str,
    changes: list[Change],
    known: dict[tuple[int, int], bool],
) -> None:
    """Add the differences of two values to `changes`; see `diff`. The paths are where they stand in the state before
    and after, `key` as in `Change`; `known` is what `same` remembers."""
    # One frame per level of nesting: what may be nested 500 levels deep is compared on the ordinary stack.
    kind = type(before)
    if kind is not type(after):
        changes.append(Change("replace", path, "", key, before, after))
    elif kind is dict:
        if len(before) > len(after) or not before.keys() <= after.keys():
            for name, value in before.items():
                if name not in after:
                    changes.append(Change("remove", f"{old_path}/{escaped(name)}", "", key, value))
        for name in changed_keys(before, after):
            value, other = before.get(name, _ABSENT), after[name]
            token = escaped(name) if "/" in name or "~" in name else name
            value_kind = type(value)
            if value is _ABSENT:
                changes.append(Change("add", f"{path}/{token}", "", key, None, other))
            elif value_kind is type(other) and (value_kind is dict or value_kind is list):
                compare(value, other, f"{old_path}/{token}", f"{path}/{token}", key, changes, known)
            elif value != other if value_kind is type(other) is str else not _same(value, other, known):
                changes.append(Change("replace", f"{path}/{token}", "", key, value, other))
    elif kind is list:
        pairs, member, removed = _align(before, after, known)
        for index in removed:
            element = before[index]
            changes.append(Change("remove", f"{old_path}/{index}", "", _keyed(member, element, key), element))
        for index, was, moved in pairs:
            other = after[index]
            inner = _keyed(member, other, key)
            if was < 0:
                changes.append(Change("add", f"{path}/{index}", "", inner, None, other))
                continue
            value = before[was]
            if moved:
                changes.append(Change("move", f"{path}/{index}", f"{old_path}/{was}", inner, value, other))
            if value is not other:
                compare(value, other, f"{old_path}/{was}", f"{path}/{index}", inner, changes, known)
    elif not _same(before, after, known):
        changes.append(Change("replace", path, "", key, before, after))


def _keyed(member: str | None, element: Any, key: str) -> str:
    if not member:
        return key
    return f"{member}={element[member]}"


def _align(
    before: list[Any], after: list[Any], known: dict[tuple[int, int], bool]
) -> tuple[list[tuple[int, int, bool]], str | None, list[int]]:
    """Which element was which: (index after, index before or -1, moved) in order, without elements at the ends that are
    equal; the key they were matched by; the removed indexes."""
    start, end = _trimmed(before, after, known)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    member = key_member(old, new)
    if member is not None:
        places = {(type(element[member]), element[member]): index for index, element in enumerate(old)}
        matches = [places.get((type(element[member]), element[member]), -1) for element in new]
    else:
        matches = _same_values(old, new) or [index if index < len(old) else -1 for index in range(len(new))]
    kept = set(matches)
    removed = [start + index for index in range(len(old)) if index not in kept]
    in_order = _increasing(matches)
    pairs = [
        (start + index, start + was if was >= 0 else -1, was >= 0 and index not in in_order)
        for index, was in enumerate(matches)
    ]
    return pairs, member, removed


def _trimmed(before: list[Any], after: list[Any], known: dict[tuple[int, int], bool]) -> tuple[int, int]:
    """How many elements are equal at the start, and after these at the end."""
    shorter = min(len(before), len(after))
    start = 0
    for index in compress(range(shorter), map(is_not, before, after)):
        if not _same(before[index], after[index], known):
            start = index
            break
    else:
        start = shorter
    end = 0
    while end < shorter - start and _same(before[-1 - end], after[-1 - end], known):
        end += 1
    return start, end


def _scalar(value: Any) -> tuple[type, Any]:
    kind = type(value)
    return kind, str(value) if kind is Decimal else value


def _same_values(old: list[Any], new: list[Any]) -> list[int] | None:
    """Index before (or -1) of each element, if all are plain values that occur once and some are in both lists."""
    if any(type(element) is dict or type(element) is list for elements in (old, new) for element in elements):
        return None
    places = {_scalar(element): index for index, element in enumerate(old)}
    matches = [places.get(_scalar(element), -1) for element in new]
    if len(places) < len(old) or len(set(map(_scalar, new))) < len(new) or max(matches, default=-1) < 0:
        return None
    return matches


def _increasing(matches: list[int]) -> set[int]:
    """Indexes of a longest increasing run of matches: the elements that stayed in order, so that the fewest moved."""
    known = [was for was in matches if was >= 0]
    if known == sorted(known):
        return {index for index, was in enumerate(matches) if was >= 0}
    ends: list[int] = []  # smallest last match of an increasing run of each length
    last: list[int] = []  # and the index it has
    previous: dict[int, int] = {}
    for index, was in enumerate(matches):
        if was < 0:
            continue
        length = bisect_left(ends, was)
        if length:
            previous[index] = last[length - 1]
        if length == len(ends):
            ends.append(was)
            last.append(index)
        else:
            ends[length], last[length] = was, index
    chosen: set[int] = set()
    current = last[-1] if last else -1
    while current >= 0:
        chosen.add(current)
        current = previous.get(current, -1)
    return chosen
