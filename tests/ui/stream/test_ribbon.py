"""The ribbon: what its ticks stand for, how it is moved, and that 100,000 events cost a few milliseconds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.engine.messages import EventColumns, StepColumns
from explorer.ui.look import theme
from explorer.ui.stream.ribbon import Ribbon, bins
from explorer.ui.stream.timeline import Timeline


def timeline(changes: list[int], errors: dict[int, str] | None = None, folded: int | None = None) -> Timeline:
    made = Timeline()
    count = len(changes)
    made.take_events(
        EventColumns(
            start=0,
            versions=list(range(1, count + 1)),
            types=[number % 3 for number in range(count)],
            names=["Created", "Changed", "Closed"],
            times=[number * 1_000_000 for number in range(count)],
            positions=[str(number) for number in range(count)],
            event_ids=[""] * count,
            sizes=[0] * count,
        )
    )
    made.take_steps(StepColumns(0, changes[: count if folded is None else folded], errors or {}))
    return made


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), max_size=300), st.integers(1, 120), st.data())
def test_every_event_is_in_one_bin_and_nothing_that_stands_out_is_lost(
    changes: list[int], columns: int, data: st.DataObject
) -> None:
    ordinals = st.integers(0, max(0, len(changes) - 1))
    failed = data.draw(st.sets(ordinals, max_size=5)) if changes else set()
    folded = data.draw(st.integers(0, len(changes)))
    found = bins(timeline(changes, dict.fromkeys(failed, "failed"), folded), columns)
    assert len(found) == min(len(changes), columns)
    covered = [ordinal for one in found for ordinal in range(one.first, one.last + 1)]
    assert covered == list(range(len(changes)))
    for one in found:
        known = changes[one.first : min(one.last + 1, folded)]
        assert one.changes == (max(known) if known else None)
        assert not known or changes[one.tallest] == max(known)
        assert one.error == any(one.first <= ordinal <= one.last for ordinal in failed)


@pytest.fixture
def long(qtbot: QtBot) -> Ribbon:
    ribbon = Ribbon(timeline([number * 7919 % 13 for number in range(100_000)], {60_000: "failed"}))
    qtbot.addWidget(ribbon)
    ribbon.resize(1000, ribbon.sizeHint().height())
    ribbon.show()
    qtbot.waitExposed(ribbon)
    ribbon.moved.connect(ribbon.setValue)
    return ribbon


def best(work: object, times: int = 7) -> float:
    """Seconds that the fastest run computed: what it costs when nothing else is in the way."""
    assert callable(work)
    taken = []
    for _ in range(times):
        computed = time.thread_time()
        work()
        taken.append(time.thread_time() - computed)
    return min(taken)


def test_a_hundred_thousand_events_cost_little(long: Ribbon) -> None:
    assert best(lambda: bins(long.timeline, 1000)) < 0.5

    def move() -> None:
        long.setValue((long.value() + 33_331) % 100_000)
        long.repaint()

    assert best(move) < 0.5


def test_a_click_leads_to_the_event_at_that_place(long: Ribbon) -> None:
    for ordinal in (0, 25_000, 99_999):
        x = round(long.x_of(ordinal))
        QTest.mouseClick(long, Qt.MouseButton.LeftButton, pos=QPoint(x, 30))
        assert abs(long.value() - ordinal) <= 110, "a pixel is a hundred events"
    QTest.mouseClick(long, Qt.MouseButton.LeftButton, pos=QPoint(long.width() - 1, 30))
    assert long.value() == 99_999


def test_keys_move_by_one_by_a_page_and_to_the_ends(long: Ribbon) -> None:
    long.setFocus()
    for key, value in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_PageUp, 5001),
        (Qt.Key.Key_End, 99_999),
        (Qt.Key.Key_Home, 0),
    ):
        QTest.keyClick(long, key)
        assert long.value() == value


def test_has_a_name_and_a_value_for_assistive_technology(long: Ribbon) -> None:
    interface = QAccessible.queryAccessibleInterface(long)
    assert isinstance(interface, QAccessibleInterface)
    assert interface.text(QAccessible.Text.Name) == "Ribbon of events"
    assert interface.role() == QAccessible.Role.Slider
    value = interface.valueInterface()
    assert value.maximumValue() == 99_999
    value.setCurrentValue(41)
    assert long.value() == 41
    assert value.currentValue() == 41


def test_few_events_are_wide_and_many_fill_the_width(qtbot: QtBot, long: Ribbon) -> None:
    few = Ribbon(timeline([1, 2, 3]))
    qtbot.addWidget(few)
    few.resize(1000, 52)
    assert few.x_of(2) - few.x_of(1) == 14
    assert few.ordinal_at(900) == 2
    assert long.x_of(99_999) == pytest.approx(long.width() - theme.M, abs=1)


def test_an_empty_stream_can_be_painted_and_touched(qtbot: QtBot) -> None:
    empty = Ribbon(Timeline())
    qtbot.addWidget(empty)
    empty.resize(300, 52)
    empty.grab()
    QTest.mouseClick(empty, Qt.MouseButton.LeftButton, pos=QPoint(50, 30))
    assert empty.ordinal_at(50) is None


def test_the_error_and_the_marks_can_be_seen(qtbot: QtBot) -> None:
    plain, marked = (Ribbon(timeline([3] * 20, errors)) for errors in ({}, {10: "failed"}))
    pictures = []
    for ribbon in (plain, marked):
        qtbot.addWidget(ribbon)
        ribbon.resize(400, 52)
        pictures.append(ribbon.grab().toImage())
    x = round(marked.x_of(10))
    assert pictures[0].pixelColor(x, 10) != pictures[1].pixelColor(x, 10)
    marked.set_marks((2, 5))
    assert marked.grab().toImage() != pictures[1]
