"""The table of rows: whatever is added, dropped or fetched, the view is told rightly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from explorer.ui.parts.models import ROW_ROLE, Column, RowsModel

pytestmark = pytest.mark.usefixtures("qapp")

COLUMNS = (
    Column("Number", lambda row: str(row), align="right", mono=True),
    Column("Text", lambda row: f"<b>{row}</b>\n", tooltip=lambda row: f"<i>{row}</i>"),
)


def checked(model: RowsModel) -> RowsModel:
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    return model


def shown(model: RowsModel) -> list[str]:
    return [model.index(row, 0).data() for row in range(model.rowCount())]


STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "prepend", "first", "last", "reset"]), st.integers(0, 5)), max_size=12
)


@given(STEPS)
def test_any_sequence_of_changes(steps: list[tuple[str, int]]) -> None:
    model = checked(RowsModel(COLUMNS))
    expected: list[int] = []
    counter = iter(range(1000))
    for step, count in steps:
        rows = [next(counter) for _ in range(count)]
        if step == "append":
            model.append(rows, flash=True)
            expected += rows
        elif step == "prepend":
            model.prepend(rows, flash=True)
            expected[:0] = rows
        elif step == "first":
            model.drop_first(count)
            del expected[:count]
        elif step == "last":
            model.drop_last(count)
            expected = expected[: max(0, len(expected) - count)]
        else:
            model.reset(rows)
            expected = rows
        assert shown(model) == [str(row) for row in expected]


def test_what_a_cell_says() -> None:
    model = checked(RowsModel(COLUMNS))
    model.reset([7])
    cell = model.index(0, 1)
    assert cell.data() == "<b>7</b>⏎"
    assert "&lt;i&gt;7" in cell.data(Qt.ItemDataRole.ToolTipRole)
    assert cell.data(ROW_ROLE) == 7
    assert model.headerData(0, Qt.Orientation.Horizontal) == "Number"
    assert model.index(0, 0).data(Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight


def test_pages_are_fetched_once_at_a_time() -> None:
    asked: list[int] = []
    model = checked(RowsModel(COLUMNS, fetch=lambda: asked.append(1)))
    model.reset([1, 2], more=True)
    model.fetchMore(QModelIndex())
    model.fetchMore(QModelIndex())
    assert len(asked) == 1
    model.fetched([3], more=True)
    model.fetchMore(QModelIndex())
    assert len(asked) == 2
    model.fetch_failed()
    assert model.canFetchMore(QModelIndex())
    model.fetched([], more=False)
    assert not model.canFetchMore(QModelIndex())
    assert shown(model) == ["1", "2", "3"]


def test_new_rows_light_up_once(qtbot: QtBot) -> None:
    model = checked(RowsModel(COLUMNS))
    model.reset([1])
    model.append([2], flash=True)

    def lit(row: int) -> bool:
        return model.index(row, 0).data(Qt.ItemDataRole.BackgroundRole) is not None

    assert [lit(0), lit(1)] == [False, True]
    model.drop_first(1)
    assert lit(0)
    qtbot.waitUntil(lambda: not lit(0), timeout=60_000)


def test_a_value_can_be_replaced_in_place() -> None:
    model = checked(RowsModel(COLUMNS))
    model.reset([1, 2])
    model.replace(1, 9)
    model.refresh()
    assert shown(model) == ["1", "9"]
