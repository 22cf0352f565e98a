"""What changed between two JSON values, and how to make one of the other.

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


def apply(before: Json, changes: Sequence[Change]) -> Json:
    """The value after, given all the changes that `diff` found; shares with `before` what did not change."""
    if not changes:
        return before
    if type(before) is dict:  # most often nothing in a list has changed
        members = _in_objects(before, changes)
        if members is not None:
            return members
    old, new = _Place(), _Place()
    for change in changes:
        if change.op == "remove":
            old.at(change.path).gone = True
            continue
        place = new.at(change.path)
        if change.op == "move":
            place.origin = int(change.origin.rpartition("/")[2])
        else:
            place.given, place.value, place.added = True, change.after, change.op == "add"
    after: Json = _rebuild(before, old, new)
    return after


def same(before: Json, after: Json) -> bool:
    """Exact equality: types, digits and signs too; but not the order of keys."""
    return _same(before, after, {})


def pointer(tokens: Iterable[str | int]) -> str:
    """The JSON Pointer of these member names and indexes."""
    return "".join(f"/{escaped(str(token))}" for token in tokens)


def tokens(path: str) -> list[str]:
    """Member names and indexes of a JSON Pointer, unescaped."""
    parts = path.split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts] if "~" in path else parts


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


# -- applying ----------------------------------------------------------------------------------------------------------


def _in_objects(before: dict[str, Any], changes: Sequence[Change]) -> dict[str, Any] | None:
    """The value after changes of members of objects; None where there is another one among them."""
    made = {"": dict(before)}  # objects of the value after, by their path
    for op, path, _, _, _, after in changes:
        above, _, token = path.rpartition("/")
        members = made.get(above) or _made(above, made)
        if op == "move" or members is None or not path:
            return None
        name = token.replace("~1", "/").replace("~0", "~") if "~" in token else token
        if op == "remove":
            del members[name]
        else:
            members[name] = after
    return made[""]


def _made(path: str, made: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """A copy of the object at this path, put into copies of the objects that it is in. None: it is in no object."""
    known = made.get(path)
    if known is not None:
        return known
    above, _, token = path.rpartition("/")
    members = _made(above, made)
    name = token.replace("~1", "/").replace("~0", "~") if "~" in token else token
    value = members.get(name) if members is not None else None
    if members is None or type(value) is not dict:
        return None
    made[path] = members[name] = dict(value)
    return made[path]


class _Place:
    """What happens at one path and below it: the changes as a tree."""

    __slots__ = ("added", "below", "given", "gone", "origin", "value")

    def __init__(self) -> None:
        self.below: dict[str, _Place] = {}
        self.gone = False
        self.given = False
        self.added = False
        self.value: Json = None
        self.origin = -1

    def at(self, path: str) -> _Place:
        place = self
        for token in tokens(path):
            below = place.below.get(token)
            if below is None:
                below = place.below[token] = _Place()
            place = below
        return place


_NOTHING = _Place()


def _rebuild(value: Any, old: _Place, new: _Place) -> Any:
    if new.given:
        return new.value
    if type(value) is dict:
        members = dict(value)
        for name, place in old.below.items():
            if place.gone:
                del members[name]
            elif name not in new.below:
                members[name] = _rebuild(value[name], place, _NOTHING)
        for name, place in new.below.items():
            members[name] = place.value if place.given else _rebuild(value[name], old.below.get(name, _NOTHING), place)
        return members
    elements = list(value)
    inserted = {int(token): place for token, place in new.below.items() if place.added or place.origin >= 0}
    taken = sorted(
        [int(token) for token, place in old.below.items() if place.gone]
        + [place.origin for place in inserted.values() if place.origin >= 0]
    )
    slots = sorted(inserted)
    for index in reversed(taken):
        del elements[index]
    for index in slots:
        place = inserted[index]
        elements.insert(index, place.value if place.added else value[place.origin])
    # Changes below an element are known by its old index where something was removed, else by its new one.
    moved = {place.origin: index for index, place in inserted.items() if place.origin >= 0}
    below = {
        moved[int(token)] if int(token) in moved else _new_index(int(token), taken, slots): place
        for token, place in old.below.items()
        if not place.gone
    }
    for token, place in new.below.items():
        index = int(token)
        if not place.added and (place.below or place.given):
            elements[index] = _rebuild(elements[index], below.pop(index, _NOTHING), place)
    for index, place in below.items():
        elements[index] = _rebuild(elements[index], place, _NOTHING)
    return elements


def _new_index(index: int, taken: list[int], inserted: list[int]) -> int:
    """Where an element that was neither taken out nor put in comes to stand."""
    index -= bisect_left(taken, index)
    for slot in inserted:
        if slot <= index:
            index += 1
    return index
