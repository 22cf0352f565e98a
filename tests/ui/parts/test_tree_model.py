"""The paged tree of values: whatever order answers come in, it shows what was asked for last, and keeps its place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from explorer.engine.messages import ROWS, Rows
from explorer.engine.rows import marked_rows, rows
from explorer.errors import Cancelled, ExplorerError, Invalid
from explorer.model import Json
from explorer.ui.parts.tree_model import PagedTreeModel
from explorer.ui.parts.tree_nodes import COLUMNS, Column, Role

pytestmark = pytest.mark.usefixtures("qapp")

Then = Callable[[Rows], None]
Failed = Callable[[ExplorerError], None]


class States:
    """Answers like an engine, but when it is told to."""

    def __init__(self, *states: Json) -> None:
        self.states = states
        self.waiting: deque[tuple[Callable[[], Rows], Then, Failed]] = deque()
        self.asked: list[tuple[str, int]] = []

    def at(self, ordinal: int) -> Callable[[str, int, int, Then, Failed], None]:
        before = self.states[ordinal - 1] if ordinal else {}

        def source(path: str, start: int, limit: int, then: Then, failed: Failed) -> None:
            self.asked.append((path, start))
            after = self.states[ordinal]
            self.waiting.append((lambda: marked_rows(after, before, path, start, limit), then, failed))

        return source

    def answer(self, last_first: bool = False) -> None:
        while self.waiting:
            read, then, failed = self.waiting.pop() if last_first else self.waiting.popleft()
            try:
                page = read()
            except Invalid as error:
                failed(error)
            else:
                then(page)


def checked(model: PagedTreeModel) -> PagedTreeModel:
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    return model


def content(model: PagedTreeModel, parent: QModelIndex | None = None) -> list[Any]:
    """What the model shows: (mark, key, value, children) per line; None for members that are not here."""
    above = parent or QModelIndex()
    lines: list[Any] = []
    for row in range(model.rowCount(above)):
        index = model.index(row, 0, above)
        if index.data(Role.MORE):
            lines.append(index.data(Role.MORE))
            continue
        mark, key, value = (model.index(row, column, above).data() for column in range(COLUMNS))
        lines.append((mark, key, value, content(model, index)))
    return lines


def open_all(model: PagedTreeModel, states: States, parent: QModelIndex | None = None) -> None:
    above = parent or QModelIndex()
    if model.canFetchMore(above):
        model.fetchMore(above)
    states.answer()  # also what the tester of the model has asked for
    for row in range(model.rowCount(above)):
        open_all(model, states, model.index(row, 0, above))


ORDER: Json = {"status": "PENDING", "lines": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}], "reason": None}
LATER: Json = {"status": "APPROVED", "lines": [{"sku": "B", "quantity": 3}], "reason": None, "tracking": "T"}


def test_marks_what_changed_and_keeps_the_place_of_every_line() -> None:
    states = States(ORDER, LATER)
    model = checked(PagedTreeModel(states.at(0)))
    open_all(model, states)
    lines = model.index(1, 0)
    second = model.index(1, 0, lines)
    assert second.siblingAtColumn(Column.KEY).data() == "sku=B"
    number = second.internalId()
    model.set_source(states.at(1))
    model.refresh()
    states.answer()
    marks = {line[1]: line[0] for line in content(model)}
    assert marks == {"status": "~", "lines": ".", "reason": "", "tracking": "+"}
    inside = content(model, model.index(1, 0))
    assert [(line[0], line[1]) for line in inside] == [("-", "sku=A"), (".", "sku=B")]
    assert model.index(1, 0, model.index(1, 0)).internalId() == number, "the line of B is the same line as before"


def test_quick_steps_never_queue_up() -> None:
    values: list[Json] = [{"n": number} for number in range(100)]
    states = States(*values)
    model = PagedTreeModel(states.at(0))
    model.refresh()
    for ordinal in range(1, 100):
        model.set_source(states.at(ordinal))
        model.refresh()
    assert len(states.asked) == 1
    states.answer()
    assert content(model) == [("~", "n", "99", [])]
    assert len(states.asked) == 2


def test_pages_of_a_huge_object_come_when_they_are_wanted() -> None:
    huge: Json = {f"key {number:06}": number for number in range(20_000)}
    states = States(huge)
    model = checked(PagedTreeModel(states.at(0)))
    model.refresh()
    states.answer()
    assert model.rowCount() == ROWS + 1
    more = model.index(ROWS, 0)
    assert more.data(Role.MORE) == 20_000 - ROWS
    assert more.siblingAtColumn(Column.KEY).data() == "… 19,800 more"
    model.load_more(more)
    states.answer()
    assert model.rowCount() == 2 * ROWS + 1
    assert model.index(ROWS, Column.KEY).data() == f"key {ROWS:06}"


def test_the_line_for_the_rest_goes_when_all_is_here() -> None:
    states = States({str(number): number for number in range(ROWS + 5)})
    model = checked(PagedTreeModel(states.at(0)))
    model.refresh()
    states.answer()
    model.load_more(model.index(ROWS, 0))
    states.answer()
    assert model.rowCount() == ROWS + 5
    assert not model.index(ROWS + 4, 0).data(Role.MORE)


def test_only_what_is_in_sight_is_asked_for_again() -> None:
    states = States({str(number): number for number in range(5 * ROWS)})
    model = checked(PagedTreeModel(states.at(0)))
    model.refresh()
    states.answer()
    for _ in range(4):
        model.load_more(model.index(model.rowCount() - 1, 0))
        states.answer()
    assert model.rowCount() == 5 * ROWS
    model.lowest_visible = lambda: model.index(ROWS + 1, 0)
    states.asked.clear()
    model.refresh()
    states.answer()
    assert states.asked == [("", 0), ("", ROWS)]
    assert model.index(model.rowCount() - 1, 0).data(Role.MORE) == 3 * ROWS


def test_an_answer_for_what_was_cleared_meanwhile_changes_nothing() -> None:
    states = States(ORDER)
    model = PagedTreeModel(states.at(0))
    model.refresh()
    model.clear()
    states.answer()
    assert model.rowCount() == 0


def test_a_failure_leaves_what_was_there_and_is_told() -> None:
    states = States(ORDER)
    model = checked(PagedTreeModel(states.at(0)))
    model.refresh()
    states.answer()
    before = content(model)
    told: list[ExplorerError] = []
    model.failed.connect(told.append)
    model.set_source(lambda path, start, limit, then, failed: failed(Cancelled("Cancelled.")))
    model.refresh()
    assert content(model) == before
    assert [type(error) for error in told] == [Cancelled]
    assert not model.pending


def test_what_becomes_a_container_can_be_opened() -> None:
    states = States({"approved": None}, {"approved": {"total": 3}}, {"approved": None})
    model = checked(PagedTreeModel(states.at(0)))
    model.refresh()
    states.answer()
    assert not model.hasChildren(model.index(0, 0))
    model.set_source(states.at(1))
    model.refresh()
    states.answer()
    assert model.hasChildren(model.index(0, 0))
    open_all(model, states)
    assert content(model)[0][3] == [("", "total", "3", [])]
    model.set_source(states.at(2))
    model.refresh()
    states.answer()
    assert not model.hasChildren(model.index(0, 0))


JSON_KEYS = st.text("abc", min_size=1, max_size=2)
LEAVES: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(0, 3) | st.text("xy", max_size=2)
LIST_OF_KEYED: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from("pqrstu"), "n": st.integers(0, 2)}),
    max_size=5,
    unique_by=lambda element: element["id"],
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES | LIST_OF_KEYED,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(JSON_KEYS, inner, max_size=4),
    max_leaves=12,
)
STATES = st.lists(st.dictionaries(JSON_KEYS, VALUES, max_size=4), min_size=2, max_size=5)


@settings(max_examples=12, deadline=None)
@given(STATES, st.booleans())
def test_after_any_steps_it_shows_exactly_the_last_state(history: list[Any], last_first: bool) -> None:
    states = States(*history)
    model = checked(PagedTreeModel(states.at(0)))
    open_all(model, states)
    for ordinal in range(1, len(history)):
        model.set_source(states.at(ordinal))
        model.refresh()
        states.answer(last_first)
        open_all(model, states)
        fresh = PagedTreeModel(states.at(ordinal))
        open_all(fresh, states)
        assert content(model) == content(fresh)


def test_plain_values_and_empty_containers() -> None:
    states = States({"list": [], "object": {}, "text": "x"})
    model = checked(PagedTreeModel(lambda path, start, limit, then, failed: then(rows(states.states[0], path))))
    model.refresh()
    assert [line[2] for line in content(model)] == ["empty list", "empty object", "x"]
    assert not any(model.hasChildren(model.index(row, 0)) for row in range(3))
    assert model.index(0, 0).flags() & Qt.ItemFlag.ItemNeverHasChildren
