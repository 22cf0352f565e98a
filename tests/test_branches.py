"""What-if branches: what edits leave of a stream, folded beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from explorer import branches, settings
from explorer.applying import apply
from explorer.branches import AnyEdit, Branch, Edit, Insert, Move, Restore, Skip, Truncate, arrange
from explorer.diff import same
from explorer.errors import Invalid
from explorer.lockstep import fold_both, fold_branch, grow, grows
from explorer.model import Aggregate, DomainEvent, Event, Snapshot
from explorer.replay import Replay


def evolve(state: Any, event: DomainEvent) -> Any:
    if event.type == "refused":
        raise ValueError("no such thing")
    return {"sum": state["sum"] * 3 + event.data["n"], "seen": [*state["seen"], event.version]}


SUM = Aggregate("Sum", lambda: {"sum": 0, "seen": []}, evolve)


def stored(count: int) -> list[Event]:
    return [Event("Sum", "s", n + 1, n, "added", f'{{"n": {n}}}'.encode(), event_id=f"e{n}") for n in range(count)]


def there(branch: Branch, events: list[Event]) -> list[int]:
    return [row.line for row in arrange(branch, events).rows if row.branch is not None]


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[Event], Branch, list[int]]:
    """Events, a branch, and the order of its lines as a plain list finds it."""
    events = stored(draw(st.integers(0, 12)))
    lines = list(range(len(events)))
    branch, inserted = Branch("b", "Sum", "s"), 0
    for _ in range(draw(st.integers(0, 8))):
        edit: AnyEdit
        kind = draw(st.sampled_from(["skip", "edit", "insert", "move", "truncate", "restore"]))
        before = draw(st.sampled_from([None, *lines]))
        if kind == "insert" or not lines:
            inserted += 1
            edit = Insert(before, "added", '{"n": 7}')
            lines.insert(len(lines) if before is None else lines.index(before), -inserted)
        else:
            line = draw(st.sampled_from(lines))
            if kind == "skip":
                edit = Skip(line)
                lines.remove(line)
            elif kind == "edit":
                edit = Edit(line, "added", '{"n": 9}')
            elif kind == "move":
                edit = Move(line, before)
                if before != line:
                    lines.remove(line)
                    lines.insert(len(lines) if before is None else lines.index(before), line)
            elif kind == "truncate":
                edit = Truncate(line)
                del lines[lines.index(line) + 1 :]
            else:
                continue
        branch = branch.edited(edit)
    return events, branch, lines


@given(edited())
def test_edits_leave_what_the_same_done_to_a_list_leaves(case: tuple[list[Event], Branch, list[int]]) -> None:
    events, branch, lines = case
    assert there(branch, events) == lines
    rows = arrange(branch, events).rows
    assert [row.base for row in rows if row.base is not None] == list(range(len(events)))  # the base is all there
    assert [row.branch for row in rows if row.branch is not None] == list(range(len(lines)))


@given(edited())
def test_rows_that_nobody_touched_are_as_if_they_had_been(case: tuple[list[Event], Branch, list[int]]) -> None:
    events, branch, _ = case
    rows = arrange(branch, events).rows
    every = list(rows)
    assert [rows[n] for n in range(len(rows))] == every == rows[:]
    base = other = -1
    for number, row in enumerate(every):
        base, other = (base if row.base is None else row.base), (other if row.branch is None else row.branch)
        assert rows.ordinals(number) == (base, other)
    for line in range(-9, 20):
        found = [n for n, row in enumerate(every) if row.line == line]
        there = [n for n in found if every[n].branch is not None]
        assert rows.find(line) == next(iter(there + found), None)
    with pytest.raises(IndexError):
        rows[len(rows)]


@given(edited())
def test_the_fold_of_a_branch_is_that_of_its_events(case: tuple[list[Event], Branch, list[int]]) -> None:
    events, branch, _ = case
    both = fold_both(branch, events, SUM, None)
    state: Any = {"sum": 0, "seen": []}
    for ordinal, event in enumerate(both.events(events)):
        n = {b'{"n":7}': 7, b'{"n":9}': 9}.get(event.data)
        n = int(event.data[6:-1]) if n is None else n
        state = {"sum": state["sum"] * 3 + n, "seen": [*state["seen"], event.version]}
        assert both.branch.state(ordinal) == state
    assert [event.version for event in both.events(events)] == list(range(1, both.branch.count + 1))
    differs = [index for index in range(len(both.rows)) if not same(*both.states(index))]
    assert both.diverges == (differs[0] if differs else None)
    base = both.base.state(both.base.count - 1)
    assert same(apply(base, both.end), state)


@dataclass(frozen=True)
class Sum:
    sum: int = 0


def summed(value: Any) -> Sum:
    return Sum(value["sum"])


OBJECTS = Aggregate("Sum", Sum, lambda state, event: replace(state, sum=state.sum * 3 + event.data["n"]))
LOADED = replace(OBJECTS, load=summed)
NOTHING_AT_FIRST = replace(OBJECTS, initial=lambda: None, evolve=lambda state, event: Sum(event.data["n"]))


@given(edited(), st.sampled_from([OBJECTS, LOADED, NOTHING_AT_FIRST]))
def test_states_that_are_no_json_are_gone_on_from_only_where_they_can_be_made_again(
    case: tuple[list[Event], Branch, list[int]], aggregate: Aggregate
) -> None:
    events, branch, _ = case
    both = fold_both(branch, events, aggregate, None)
    alone = Replay(aggregate)
    alone.extend(both.events(events))
    assert [both.branch.state(n) for n in range(-1, both.branch.count)] == [
        alone.state(n) for n in range(-1, alone.count)
    ]
    assert both.branch.errors == alone.errors


@given(st.integers(0, 300))
def test_without_edits_it_is_the_base(count: int) -> None:
    events = stored(count)
    both = fold_both(Branch("b", "Sum", "s"), events, SUM, None)
    assert list(both.events(events)) == events
    assert both.diverges is None
    assert both.end == []


@given(edited())
def test_undoing_everything_and_doing_it_again(case: tuple[list[Event], Branch, list[int]]) -> None:
    _, branch, _ = case
    back = branch
    for _ in branch.edits:
        back = back.undo()
    assert back.edits == () == back.undo().edits
    for _ in branch.edits:
        back = back.redo()
    assert back == branch == back.redo()
    assert branch.undo().edited(Skip(0)).undone == ()


def test_what_was_skipped_moved_or_cut_off_is_put_back() -> None:
    events = stored(4)
    branch = Branch("b", "Sum", "s", (Skip(1), Move(0, 3), Truncate(2)))
    assert there(branch, events) == [2]
    for line in (1, 0, 3):
        branch = branch.edited(Restore(line))
    assert arrange(branch, events).events == tuple(events)


def test_an_event_that_is_moved_home_is_not_moved() -> None:
    events = stored(4)
    branch = Branch("b", "Sum", "s", (Move(1, None), Move(1, 2)))
    assert arrange(branch, events).events == tuple(events)
    assert [row.how for row in arrange(branch, events).rows] == [""] * 4


def test_an_event_that_the_reducer_refuses_is_an_error_of_its_step() -> None:
    both = fold_both(Branch("b", "Sum", "s", (Edit(1, "refused", "{}"),)), stored(3), SUM, None)
    assert "no such thing" in both.error(1)
    assert [both.error(0), both.error(2)] == ["", ""]
    assert both.states(2)[1] == {"sum": 2, "seen": [1, 3]}
    assert both.diverges == 1


def test_edits_that_cannot_be_done() -> None:
    for edit in (Skip(3), Edit(9, "x", "{}"), Move(0, 8), Restore(5), Insert(7, "x", "{}"), Edit(0, "x", "{")):
        with pytest.raises(Invalid):
            arrange(Branch("b", "Sum", "s", (edit,)), stored(3))


def test_several_are_kept_for_a_connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv(settings.HOME, str(tmp_path))
    assert branches.kept("shop") == ()
    one = Branch("one", "Sum", "s", (Skip(1), Edit(2, "t", '{"a": 1.10}'), Insert(None, "u", "[]")), (Move(1, None),))
    two = Branch("two", "Sum", "s", (Truncate(1), Restore(2)))
    branches.keep("shop", (one, two))
    assert branches.kept("shop") == (one, two)
    assert branches.kept("another") == ()
    file = settings.connection_folder("shop") / "branches.json"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(Invalid, match="damaged"):
        branches.kept("shop")


@given(edited(), st.integers(0, 6))
def test_a_branch_that_goes_on_is_as_if_it_had_been_folded_at_once(
    case: tuple[list[Event], Branch, list[int]], more: int
) -> None:
    events, branch, _ = case
    longer = stored(len(events) + more)
    both = fold_both(branch, events, SUM, None)
    further = branches.outline(branch.edits, len(longer))
    assume(grows(both, further, branch.edits))
    both.base.extend(longer[len(events) :])
    both.made.stored = longer.__getitem__
    work = grow(both, further)
    while True:
        try:
            next(work)
        except StopIteration as done:
            grown = done.value
            break
    whole = fold_both(branch, longer, SUM, None)
    assert list(grown.rows) == list(whole.rows)
    assert grown.events(longer) == whole.events(longer)
    assert [grown.states(row) for row in range(len(grown.rows))] == [
        whole.states(row) for row in range(len(whole.rows))
    ]
    assert grown.diverges == whole.diverges


@pytest.mark.parametrize("line", [0, 1])
def test_a_branch_of_a_stream_whose_beginning_is_a_snapshot(line: int) -> None:
    events = [replace(event, version=5 + n) for n, event in enumerate(stored(2))]
    events = [replace(event, data=b'{"n": 2}') for event in events]
    snapshot = Snapshot("Sum", "s", 4, b'{"sum": 35, "seen": []}')
    base = Replay(SUM, base=snapshot)
    base.extend(events)
    branch = Branch("b", "Sum", "s", (Skip(line),))
    made = branches.Made(branch, branches.outline(branch.edits, 2), events.__getitem__, 5)
    work = fold_branch(made, base, None, snapshot)
    while True:
        try:
            next(work)
        except StopIteration as done:
            both = done.value
            break
    assert both.ends == ({"sum": 323, "seen": [5, 6]}, {"sum": 107, "seen": [5]})  # from 35
    assert both.diverges == line
