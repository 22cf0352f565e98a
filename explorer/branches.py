"""What if that had not happened: a branch is a stream and edits of its events, folded beside the stream it is of.

Nothing of it is ever in the store. A line of a branch is named by a number that stays the same whatever is done: the
ordinal of a stored event, or -1, -2 … for those that were put in, in the order in which that was done.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import msgspec

from explorer import payload, settings
from explorer.diff import Change, diff, same
from explorer.errors import Invalid
from explorer.fold import Upcast
from explorer.model import Aggregate, Event, Json
from explorer.replay import Replay

_SLICE = 50  # events folded at once
_ROWS = 500  # rows compared at once


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


class Row(NamedTuple):
    """One line of base and branch side by side. Ordinals count the events of each; None: it has none here."""

    line: int
    base: int | None
    branch: int | None
    how: str  # "", "skipped", "edited", "inserted", "moved here", "moved away" or "cut off"


class _Slot(NamedTuple):
    line: int
    stored: bool  # the base has its event here
    there: bool  # so has the branch
    how: str = ""


class Arranged(NamedTuple):
    rows: tuple[Row, ...]
    events: tuple[Event, ...]  # of the branch


def arrange(branch: Branch, events: Sequence[Event]) -> Arranged:
    """The stored events as the edits leave them. Raises `Invalid` for an edit of a line that there is not.

    Events keep their version up to the first edit; from there on they count as a store would have counted them.
    """
    slots = [_Slot(ordinal, True, True) for ordinal in range(len(events))]
    drafts: dict[int, tuple[str, bytes]] = {}
    inserted = 0
    for edit in branch.edits:
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
    rows: list[Row] = []
    changed: list[Event] = []
    as_stored = True
    for slot in slots:
        as_stored = as_stored and not slot.how
        if slot.there:
            event = _event(slot.line, drafts, events, changed, branch)
            if not as_stored:
                version = changed[-1].version + 1 if changed else _first(events)
                event = replace(event, version=version, native_version=None)
            rows.append(Row(slot.line, slot.line if slot.stored else None, len(changed), slot.how))
            changed.append(event)
        else:
            rows.append(Row(slot.line, slot.line, None, slot.how))
    return Arranged(tuple(rows), tuple(changed))


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


def _first(events: Sequence[Event]) -> int:
    return events[0].version if events else 1


def _event(
    line: int, drafts: dict[int, tuple[str, bytes]], events: Sequence[Event], before: list[Event], branch: Branch
) -> Event:
    draft = drafts.get(line)
    if line >= 0:
        if draft is None:
            return events[line]
        kind, data = draft
        return replace(events[line], type=kind, data=data, size=len(data), problem=None, native_version=None)
    assert draft is not None
    kind, data = draft
    at = before[-1].recorded_at if before else None
    return Event(branch.category, branch.id, 0, None, kind, data, recorded_at=at, size=len(data))


# -- folding both ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lockstep:
    """Base and branch, folded. `diverges`: the first row after which the states differ; None: they never do."""

    rows: tuple[Row, ...]
    events: tuple[Event, ...]  # of the branch
    base: Replay
    branch: Replay
    diverges: int | None

    def states(self, row: int) -> tuple[Json, Json]:
        """Of base and branch, after what stands in this row; -1: before all. Raises `Invalid`."""
        if not -1 <= row < len(self.rows):
            raise Invalid(f"There is no row {row}: there are {len(self.rows)}.")
        base, branch = self.ordinals(row)
        return self.base.state(base), self.branch.state(branch)

    def ordinals(self, row: int) -> tuple[int, int]:
        """Of the last events of base and branch up to this row; -1 where there is none yet."""
        base = branch = -1
        for index in range(row, -1, -1):
            one = self.rows[index]
            base = one.base if base < 0 and one.base is not None else base
            branch = one.branch if branch < 0 and one.branch is not None else branch
            if base >= 0 and branch >= 0:
                break
        return base, branch

    def error(self, row: int) -> str:
        """Why the branch's event in this row cannot be folded; "" if it can, or there is none."""
        ordinal = self.rows[row].branch
        return "" if ordinal is None else self.branch.errors.get(ordinal, "")

    @property
    def end(self) -> list[Change]:
        """The end of the base → the end of the branch."""
        return diff(self.base.state(self.base.count - 1), self.branch.state(self.branch.count - 1))


def fold_both(branch: Branch, events: Sequence[Event], aggregate: Aggregate | None, upcast: Upcast | None) -> Lockstep:
    """Fold the stored events and those of the branch. Raises `Invalid` for edits that cannot be done.

    An event that the reducer refuses is an error of its step; the last good state goes on.
    """
    folding = fold_in_turns(branch, events, aggregate, upcast)
    while True:
        try:
            next(folding)
        except StopIteration as done:
            both: Lockstep = done.value
            return both


def fold_in_turns(
    branch: Branch, events: Sequence[Event], aggregate: Aggregate | None, upcast: Upcast | None
) -> Generator[None, None, Lockstep]:
    """As `fold_both`, in short slices of work: others may have their turn at each None."""
    arranged = arrange(branch, events)
    yield None
    base = Replay(aggregate, upcast, history=lambda: iter(events))
    other = Replay(aggregate, upcast, history=lambda: iter(arranged.events))
    for replay, side in ((base, events), (other, arranged.events)):
        for start in range(0, len(side), _SLICE):
            replay.extend(side[start : start + _SLICE])
            yield None
    diverges = None
    for index, differs in _compared(arranged.rows, base, other):
        if differs:
            diverges = index
            break
        if index % _ROWS == 0:
            yield None
    return Lockstep(arranged.rows, arranged.events, base, other, diverges)


def _compared(rows: tuple[Row, ...], base: Replay, branch: Replay) -> Iterator[tuple[int, bool]]:
    """Each row from the first edited one, and whether the states after it differ. Up to there they cannot."""
    one = other = -1
    changed = False
    for index, row in enumerate(rows):
        changed = changed or bool(row.how)
        one = one if row.base is None else row.base
        other = other if row.branch is None else row.branch
        if changed:
            yield index, not same(base.state(one), branch.state(other))


# -- keeping -----------------------------------------------------------------------------------------------------------

_FILE = "branches.json"


def kept(identity: str) -> tuple[Branch, ...]:
    """The branches of this connection (`StoreInfo.identity`). Raises `Invalid` where their file cannot be read."""
    path = settings.connection_folder(identity) / _FILE
    try:
        raw: Any = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Invalid(f"The what-if branches cannot be read: {error}") from error
    try:
        return msgspec.json.decode(raw, type=tuple[Branch, ...])
    except msgspec.DecodeError as error:
        raise Invalid(f"The file of the what-if branches is damaged: {error}", f"Mend or delete {path}.") from error


def keep(identity: str, branches: Iterable[Branch]) -> None:
    """Keep these branches, and no others, in the user's data folder. Raises OSError."""
    settings.write(settings.connection_folder(identity) / _FILE, msgspec.to_builtins(tuple(branches)))
