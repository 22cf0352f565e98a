"""Which events wrote to which path of a state: an index that grows with the changes of each event.

A path is written by an event that adds, changes or removes the value there, the object or list that it is in, or
anything below it. Of what is in a list only the list is in the index: elements have other indexes after every removal,
and who wrote one of them is found by following it through the states (see `blame`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from explorer.diff import Change, escaped


class Writers:
    """Ordinals count the events of a stream from 0. Paths are JSON Pointers; "" is the whole state."""

    def __init__(self) -> None:
        self._written: dict[str, array[int]] = {}
        self.count = 0  # events that are in the index

    def extend(self, steps: Sequence[Sequence[Change]]) -> None:
        """What the events after all that were added have changed. (Many at once cost far less than one by one.)"""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for ordinal, changes in enumerate(steps, self.count):
            for _, path, _, _, before, after in changes:
                found[path].append(ordinal)
                if type(before) is dict:
                    _below(path, before, ordinal, found)
                if type(after) is dict:
                    _below(path, after, ordinal, found)
        self.count += len(steps)
        with_parents: defaultdict[str, set[int]] = defaultdict(set)
        for path, ordinals in found.items():
            with_parents[path].update(ordinals)
            while path:
                path = path.rpartition("/")[0]
                with_parents[path].update(ordinals)
        for path, together in with_parents.items():
            written = self._written.get(path)
            if written is None:
                self._written[path] = array("L", sorted(together))
            else:
                written.extend(sorted(together))

    def of(self, path: str) -> Sequence[int]:
        """Ordinals of the events that wrote this path, in order. Of a path through a list: of the list, or more."""
        return self._written.get(path, ())

    def last(self, path: str, upto: int) -> int | None:
        """The last of them up to this ordinal."""
        written = self.of(path)
        found = bisect_right(written, upto)
        return written[found - 1] if found else None


def _below(path: str, members: dict[str, Any], ordinal: int, found: dict[str, list[int]]) -> None:
    """All that comes or goes with an object."""
    for name, value in members.items():
        inner = f"{path}/{escaped(name)}"
        found[inner].append(ordinal)
        if type(value) is dict:
            _below(inner, value, ordinal, found)
