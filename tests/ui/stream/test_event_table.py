"""The event table: a model without rows of its own, and type names that keep what tells them apart."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.engine.messages import EventColumns, StepColumns
from explorer.ui.look import theme
from explorer.ui.look.text import microseconds
from explorer.ui.stream.event_model import Column, EventModel, clock
from explorer.ui.stream.event_table import EventTable, shortened
from explorer.ui.stream.timeline import Timeline

DAY = 86_400 * 1_000_000


def stretch(start: int, count: int) -> EventColumns:
    ordinals = range(start, start + count)
    return EventColumns(
        start=start,
        versions=[ordinal + 1 for ordinal in ordinals],
        types=[0] * count,
        names=["OrderPlaced"],
        times=[ordinal * 1_000_000 for ordinal in ordinals],
        positions=["1"] * count,
        event_ids=["e"] * count,
        sizes=[0] * count,
        problems={ordinal: "Version 3 is missing." for ordinal in ordinals if ordinal == 3},
    )


def test_follows_the_timeline_as_it_grows_and_is_told_anew(qapp: QApplication) -> None:
    timeline = Timeline()
    model = EventModel(timeline)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    timeline.take_events(stretch(0, 5))
    assert model.rowCount() == 0, "not before it is announced"
    model.sync()
    assert model.rowCount() == 5
    assert model.index(4, Column.CHANGES).data() == "…"
    timeline.take_steps(StepColumns(0, [7, 0, 1, 1, 1], {2: "it failed"}))
    model.sync()
    assert [model.index(row, Column.CHANGES).data() for row in range(3)] == ["7", "0", "1"]
    assert [model.sign(row) for row in range(5)] == ["", "", "error", "warning", ""]
    assert "it failed" in model.describe(2)
    assert "missing" in model.describe(3)
    timeline.take_events(stretch(0, 2))
    model.sync()
    assert model.rowCount() == 2


class Counting(EventModel):
    """Notes which rows are painted."""

    painted: set[int]

    def row(self, ordinal: int) -> list[tuple[str, QColor | None]]:
        self.painted.add(ordinal)
        return super().row(ordinal)


def test_of_a_hundred_thousand_rows_those_in_sight_are_painted(qtbot: QtBot) -> None:
    timeline = Timeline()
    model = Counting(timeline)
    model.painted = set()
    table = EventTable(model)
    qtbot.addWidget(table)
    table.resize(420, 600)
    table.show()
    qtbot.waitExposed(table)
    for start in range(0, 100_000, 500):
        timeline.take_events(stretch(start, 500))
    model.sync()
    table.grab()
    assert 10 < len(model.painted) < 100
    for ordinal in (99_999, 3, 50_000, 77_777, 12):
        model.painted.clear()
        table.set_cursor(ordinal)
        table.grab()
        assert table.currentIndex().row() == ordinal
        assert ordinal in model.painted
        assert len(model.painted) < 200
    assert not table.at_end()
    table.scrollToBottom()
    assert table.at_end()


@pytest.mark.parametrize(
    ("before", "shown"),
    [(None, "01-02 00:00:00.120"), (DAY + 1, "00:00:00.120"), (5, "01-02 00:00:00.120"), (-DAY, "1970-01-02 00:00")],
)
def test_a_time_has_its_date_where_that_is_new(before: int | None, shown: str) -> None:
    assert clock(DAY + 120_000, before, "utc") == shown


def test_a_time_beyond_the_calendar_is_shown_all_the_same() -> None:
    assert clock(10**18, None, "utc") == f"{10**18} µs"
    assert microseconds(None) is None


@pytest.mark.parametrize(
    ("name", "room_of", "shown"),
    [
        ("OrderPlaced", "OrderPlaced", "OrderPlaced"),
        ("CustomerCreditReserved", "…CreditReserved", "…CreditReserved"),
        ("CustomerCreditReserved", "…Reserved", "…Reserved"),
        ("io.eventuate.examples.OrderCreatedEvent", "…OrderCreatedEvent", "…OrderCreatedEvent"),
        ("order_placed", "…placed", "…placed"),
    ],
)
def test_types_are_cut_at_the_beginning_of_a_word(qapp: QApplication, name: str, room_of: str, shown: str) -> None:
    metrics = QFontMetrics(theme.sans_font())
    assert shortened(name, metrics, metrics.horizontalAdvance(room_of)) == shown
