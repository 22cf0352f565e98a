"""What if that had not happened: a branch is a stream and edits of its events.

Nothing of it is ever in the store. A line of a branch is named by a number that stays the same whatever is done: the
ordinal of a stored event, or -1, -2 … for those that were put in, in the order in which that was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from explorer import keeping, payload
from explorer.branch_rows import Row, Rows
from explorer.errors import Invalid
from explorer.model import Event


class Skip(msgspec.Struct, frozen=True, tag_field="edit", tag=str.lower):
    """The event did not happen. One that was put in is taken out."""

    line: int


class Restore(msgspec.Struct, frozen=True, tag_field="edit", tag=str.lower):
    """A stored event happened after all, as it is stored, where it is stored."""

    line: int


class Edit(msgspec.Struct, frozen=True, tag_field="edit", tag=str.lower):
    """The event was another. `data` is JSON text."""

    line: int
    type: str
    data: str


class Insert(msgspec.Struct, frozen=True, tag_field="edit", tag=str.lower):
    """This event happened too, before the one of that line (None: at the end). `data` is JSON text."""

    before: int | None
    type: str
    data: str


class Move(msgspec.Struct, frozen=True, tag_field="edit", tag=str.lower):
    """The event happened before the one of that line (None: at the end)."""

    line: int
    before: int | None


class Truncate(msgspec.Struct, frozen=True, tag_field="edit", tag=str.lower):
    """Nothing happened after this line, as the branch is then."""

    line: int


AnyEdit: TypeAlias = Skip | Restore | Edit | Insert | Move | Truncate


class Branch(msgspec.Struct, frozen=True):
    """What was done to a stream, and what of it was taken back and can be done again."""

    name: str
    category: str
    id: str
    edits: tuple[AnyEdit, ...] = ()
    undone: tuple[AnyEdit, ...] = ()  # the one that was undone last comes last

    def edited(self, edit: AnyEdit) -> Branch:
        """With one edit more; what was undone is forgotten."""
        return msgspec.structs.replace(self, edits=(*self.edits, edit), undone=())

    def undo(self) -> Branch:
        """Without its last edit; itself where there is none."""
        if not self.edits:
            return self
        return msgspec.structs.replace(self, edits=self.edits[:-1], undone=(*self.undone, self.edits[-1]))

    def redo(self) -> Branch:
        """With the edit again that was undone last; itself where there is none."""
        if not self.undone:
            return self
        return msgspec.structs.replace(self, edits=(*self.edits, self.undone[-1]), undone=self.undone[:-1])


class _Slot(NamedTuple):
    line: int
    stored: bool  # the base has its event here
    there: bool  # so has the branch
    how: str = ""


class Outline(NamedTuple):
    """Where everything stands in a branch, without the events themselves."""

    rows: Rows
    drafts: dict[int, tuple[str, bytes]]  # line → type and payload of what was edited or put in
    shared: int  # so many rows at the beginning are as they are stored


class Arranged(NamedTuple):
    rows: Rows
    events: tuple[Event, ...]  # of the branch


def arrange(branch: Branch, events: Sequence[Event]) -> Arranged:
    """The stored events as the edits leave them. Raises `Invalid` for an edit of a line that there is not.

    Events keep their version up to the first edit; from there on they count as a store would have counted them.
    """
    outlined = outline(branch.edits, len(events))
    made = Made(branch, outlined, events.__getitem__, events[0].version if events else 1)
    return Arranged(outlined.rows, (*events[: outlined.shared], *made.later(outlined.shared)))


def outline(edits: Iterable[AnyEdit], count: int) -> Outline:
    """What the edits do to so many stored events. Raises `Invalid` for an edit of a line that there is not."""
    edits = tuple(edits)
    first, last = _touched(edits, count)
    slots = [_Slot(ordinal, True, True) for ordinal in range(first, last)]
    drafts: dict[int, tuple[str, bytes]] = {}
    inserted = 0
    for edit in edits:
        match edit:
            case Insert():
                inserted += 1
                drafts[-inserted] = edit.type, _checked(edit.data)
                slots.insert(_place(slots, edit.before), _Slot(-inserted, False, True, "inserted"))
            case Edit():
                at = _at(slots, edit.line)
                drafts[edit.line] = edit.type, _checked(edit.data)
                slots[at] = slots[at]._replace(how=slots[at].how or "edited")
            case Skip():
                _taken_out(slots, _at(slots, edit.line), "skipped")
            case Restore():
                _put_back(slots, edit.line)
                drafts.pop(edit.line, None)
            case Move():
                _moved(slots, edit, drafts)
            case Truncate():
                _cut_off(slots, _at(slots, edit.line) + 1)
    touched: list[Row] = []
    ordinal = first
    for line, is_stored, there, how in slots:
        touched.append(Row(line, line if is_stored else None, ordinal if there else None, how))
        ordinal += there
    rows = Rows(first, touched, count)
    return Outline(rows, drafts, next((n for n, row in enumerate(touched, first) if row.how), len(rows)))


def about_end(edits: Iterable[AnyEdit]) -> bool:
    """Whether what comes after the last event is another matter than it was: something is put there, or cut off."""
    return any(
        isinstance(edit, Truncate) or (isinstance(edit, Insert | Move) and edit.before is None) for edit in edits
    )


def _touched(edits: Sequence[AnyEdit], count: int) -> tuple[int, int]:
    """The stretch of stored lines that the edits are about: from this one to before that one."""
    first, last = count, 0
    for edit in edits:
        places: list[int | None] = [] if isinstance(edit, Insert) else [edit.line]
        if isinstance(edit, Insert | Move):
            places.append(edit.before)
        if isinstance(edit, Truncate):
            places.append(None)
        for place in places:
            if place is None:  # the end
                last = count
            elif place >= 0:
                first, last = min(first, place), max(last, min(place + 1, count))
    return min(first, last), last


def _checked(data: str) -> bytes:
    return payload.encode_plain(payload.parse(data))


def _at(slots: list[_Slot], line: int) -> int:
    """Where the branch has this line. Raises `Invalid`."""
    for index, slot in enumerate(slots):
        if slot.line == line and slot.there:
            return index
    raise Invalid(f"The branch has no line {line}: it was taken out, or was never there.")


def _place(slots: list[_Slot], before: int | None) -> int:
    return len(slots) if before is None else _at(slots, before)


def _taken_out(slots: list[_Slot], at: int, how: str) -> None:
    slot = slots[at]
    if slot.stored:
        slots[at] = slot._replace(there=False, how=how)
        return
    del slots[at]
    for index, home in enumerate(slots):  # of an event that was moved: it is missing at home now
        if home.line == slot.line:
            slots[index] = home._replace(how=how)


def _put_back(slots: list[_Slot], line: int) -> None:
    if line < 0 or all(slot.line != line for slot in slots):
        raise Invalid(f"The stream has no line {line}.")
    slots[:] = [slot for slot in slots if slot.line != line or slot.stored]
    at = next(index for index, slot in enumerate(slots) if slot.line == line)
    slots[at] = _Slot(line, True, True)


def _moved(slots: list[_Slot], edit: Move, drafts: dict[int, tuple[str, bytes]]) -> None:
    if edit.line == edit.before:
        return
    _at(slots, edit.line), _place(slots, edit.before)  # both are there, before anything is done
    _taken_out(slots, _at(slots, edit.line), "moved away")
    to = _place(slots, edit.before)
    home = to - 1
    while home >= 0 and not slots[home].there and slots[home].line != edit.line:
        home -= 1
    if home >= 0 and slots[home].line == edit.line and not slots[home].there:  # it is where it is stored again
        slots[home] = _Slot(edit.line, True, True, "edited" if edit.line in drafts else "")
    else:
        slots.insert(to, _Slot(edit.line, False, True, "inserted" if edit.line < 0 else "moved here"))


def _cut_off(slots: list[_Slot], start: int) -> None:
    lost = {slot.line for slot in slots[start:] if slot.there}
    kept = slots[:start] + [
        slot._replace(there=False, how="cut off" if slot.there else slot.how) for slot in slots[start:] if slot.stored
    ]
    slots[:] = [
        slot._replace(how="cut off") if slot.line in lost and not slot.there and slot.stored else slot for slot in kept
    ]


# -- events ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Made:
    """The events of a branch, made of the stored ones when they are wanted: a branch keeps none.

    `stored` gives the event of an ordinal; `first` is the version of the stream's first event.
    """

    branch: Branch
    outline: Outline
    stored: Callable[[int], Event]
    first: int

    def event(self, row: int) -> Event:
        """The branch's event in this row, where it has one."""
        line, _, ordinal, _ = self.outline.rows[row]
        assert ordinal is not None
        return self.stored(line) if row < self.outline.shared else self._made(row, line, self.version(ordinal))

    def later(self, start: int) -> Iterator[Event]:
        """The branch's events from this row on, which is none before the first edit."""
        version: int | None = None
        for row in range(start, len(self.outline.rows)):
            line, _, ordinal, _ = self.outline.rows[row]
            if ordinal is not None:
                version = self.version(ordinal) if version is None else version + 1
                yield self._made(row, line, version)

    def version(self, ordinal: int) -> int:
        """Of an event of the branch that is not before the first edit."""
        shared = self.outline.shared
        return (self.stored(shared - 1).version + 1 if shared else self.first) + ordinal - shared

    def _made(self, row: int, line: int, version: int) -> Event:
        draft = self.outline.drafts.get(line)
        if draft is None:
            return replace(self.stored(line), version=version, native_version=None)
        kind, data = draft
        if line >= 0:
            return replace(
                self.stored(line),
                version=version,
                native_version=None,
                type=kind,
                data=data,
                size=len(data),
                problem=None,
            )
        branch = self.branch
        at = self._time_before(row)
        return Event(branch.category, branch.id, version, None, kind, data, recorded_at=at, size=len(data))

    def _time_before(self, row: int) -> datetime | None:
        """When the last stored event before this row was recorded."""
        for number in range(row - 1, -1, -1):
            line, _, ordinal, _ = self.outline.rows[number]
            if line >= 0 and ordinal is not None:
                return self.stored(line).recorded_at
        return None


# -- keeping -----------------------------------------------------------------------------------------------------------

FILE = "branches.json"


def kept(identity: str) -> tuple[Branch, ...]:
    """The branches of this connection (`StoreInfo.identity`). Raises `Invalid` where their file cannot be read."""
    return keeping.kept(identity, FILE, Branch, "the what-if branches")


def keep(identity: str, branches: Iterable[Branch]) -> None:
    """Keep these branches, and no others, in the user's data folder. Raises OSError."""
    keeping.keep(identity, FILE, branches)
