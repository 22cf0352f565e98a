"""The rows of a what-if branch and its stream side by side; most of them are as they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload


class Row(NamedTuple):
    """One line of base and branch side by side. Ordinals count the events of each; None: it has none here."""

    line: int
    base: int | None
    branch: int | None
    how: str  # "", "skipped", "edited", "inserted", "moved here", "moved away" or "cut off"


class Rows(Sequence[Row]):
    """The rows of a branch. Those before the first line that was touched, and those after the last, are made when
    somebody looks: a long stream costs no more than what was done to it."""

    def __init__(self, before: int, touched: Sequence[Row], stored: int) -> None:
        self._before = before  # so many rows as they are stored
        self._touched = touched
        there = [row.branch for row in touched if row.branch is not None]
        self._next = before + sum(row.base is not None for row in touched)  # first ordinal of the base after those
        self._shift = (there[-1] + 1 if there else before) - self._next  # from there on, of the branch's ordinals
        self._after = before + len(touched)  # first row after those
        self._count = self._after + stored - self._next
        self._ends: list[tuple[int, int]] = []
        base = branch = before - 1
        for row in touched:
            base = base if row.base is None else row.base
            branch = branch if row.branch is None else row.branch
            self._ends.append((base, branch))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._row(number) for number in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._row(index % self._count)

    def __iter__(self) -> Iterator[Row]:
        return map(self._row, range(self._count))

    def _row(self, index: int) -> Row:
        if index < self._before:
            return Row(index, index, index, "")
        if index < self._after:
            return self._touched[index - self._before]
        ordinal = index - self._after + self._next
        return Row(ordinal, ordinal, ordinal + self._shift, "")

    def ordinals(self, index: int) -> tuple[int, int]:
        """Of the last events of base and branch up to this row; -1 where there is none yet."""
        if index < self._before:
            return index, index
        if index < self._after:
            return self._ends[index - self._before]
        ordinal = index - self._after + self._next
        return ordinal, ordinal + self._shift

    def find(self, line: int) -> int | None:
        """The row of this line: where the branch has it, else where it is stored. None: there is none."""
        found = [n for n, row in enumerate(self._touched, self._before) if row.line == line]
        if found:
            return next((n for n in found if self._row(n).branch is not None), found[0])
        if 0 <= line < self._before:
            return line
        row = line - self._next + self._after
        return row if line >= self._next and row < self._count else None
