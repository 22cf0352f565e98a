"""Making the later of two JSON values of the earlier one and what changed between them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from explorer.diff import Change, tokens, unescaped
from explorer.model import Json


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


def _in_objects(before: dict[str, Any], changes: Sequence[Change]) -> dict[str, Any] | None:
    """The value after changes of members of objects; None where there is another one among them."""
    made = {"": dict(before)}  # objects of the value after, by their path
    for op, path, _, _, _, after in changes:
        above, _, token = path.rpartition("/")
        members = made.get(above) or _made(above, made)
        if op == "move" or members is None or not path:
            return None
        name = unescaped(token)
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
    name = unescaped(token)
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
