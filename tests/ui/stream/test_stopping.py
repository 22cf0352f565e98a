"""Playing that stops where something holds, forwards and backwards; steps by transactions and by time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidgetAction
from pytestqt.qtbot import QtBot

from explorer.engine.asks_watches import Break
from explorer.engine.messages import EventColumns
from explorer.model import Json, NewEvent, StreamKey
from explorer.stores import StoreSpec
from explorer.stores.bulk import fill
from explorer.ui.stream.stepping import UNITS, after
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.stream.timeline import Timeline
from explorer.ui.workspace import Workspace
from explorer.watching import Watch
from tests.ui.conftest import opened
from tests.ui.shown_streams import WAIT, looping_plugin, show

KEY = StreamKey("Meter", "m")
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
VALUES = (1, 1, 2, 2, 5, 5, 3, 3)
CAUSES = "aabccccd"
SECONDS = (0, 0, 10, 70, 70, 75, 4_000, 100_000)


@pytest.fixture
def tab(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> StreamTab:
    """Eight readings, of several transactions, at its first event."""
    url = str(tmp_path / "meter.sqlite")

    def reading(number: int) -> NewEvent:
        cause: dict[str, Json] = {"causation_id": CAUSES[number]}
        at = START + timedelta(seconds=SECONDS[number])
        kind = "Corrected" if number == 5 else "Measured"
        return NewEvent(kind, {"value": VALUES[number]}, str(uuid4()), cause, at)

    fill(StoreSpec(url, writable=True, create=True), ((KEY, reading(number)) for number in range(len(VALUES))))
    tab = show(qtbot, opened(qtbot, workspace, url), KEY)
    tab.transport.speed.setCurrentIndex(tab.transport.speed.count() - 1)
    tab.go_to(0)
    return tab


def said(qtbot: QtBot, tab: StreamTab, do: Callable[[], object]) -> str:
    with qtbot.waitSignal(tab.workspace.message, timeout=WAIT) as message:
        do()
    return str(message.args[0])


def play(qtbot: QtBot, tab: StreamTab, *, back: bool = False) -> int:
    """To where it stops."""
    begun_at = tab.version
    tab.transport.toggle_play(-1 if back else 1)
    # It may have stopped again before anybody looks.
    qtbot.waitUntil(lambda: tab.transport.playing or tab.version != begun_at, timeout=WAIT)
    qtbot.waitUntil(lambda: not tab.transport.playing, timeout=WAIT)
    return tab.version


def test_playing_stops_where_a_value_changes(qtbot: QtBot, tab: StreamTab) -> None:
    tab.stops.toggle(Break("path", "/value"))
    assert said(qtbot, tab, lambda: play(qtbot, tab)) == "Stopped at v3: /value changes"
    assert tab.version == 3
    assert [play(qtbot, tab) for _ in range(3)] == [5, 7, 8]
    assert play(qtbot, tab, back=True) == 7
    assert play(qtbot, tab, back=True) == 5
    assert "/value changes" in tab.stops.button.toolTip()
    assert tab.stops.button.text() == "1"


def test_playing_stops_at_the_first_of_several(qtbot: QtBot, tab: StreamTab) -> None:
    tab.stops.toggle(Break("type", "Corrected"))
    tab.stops.toggle(Break("expression", "state.value > 2"))
    assert said(qtbot, tab, lambda: play(qtbot, tab)) == "Stopped at v5: state.value > 2 becomes true"
    assert said(qtbot, tab, lambda: play(qtbot, tab)) == "Stopped at v6: Event Corrected"
    assert play(qtbot, tab) == 8
    assert play(qtbot, tab, back=True) == 6
    tab.stops.clear()
    assert play(qtbot, tab, back=True) == 1


def test_it_stops_at_errors_of_the_reducer(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    url, key = str(tmp_path / "machine.sqlite"), StreamKey("Machine", "m")
    kinds = ("Made", "Run", "Wrong", "Run", "Run")
    events = ((key, NewEvent(kind, {}, str(uuid4()))) for kind in kinds)
    fill(StoreSpec(url, writable=True, create=True), events)
    workspace.plugins = (looping_plugin(tmp_path),)
    tab = show(qtbot, opened(qtbot, workspace, url), key)
    tab.transport.speed.setCurrentIndex(tab.transport.speed.count() - 1)
    tab.go_to(0)
    tab.stops.toggle(Break("error"))
    assert play(qtbot, tab) == 3
    tab.go_last()
    assert play(qtbot, tab, back=True) == 3


def test_the_next_stop_is_gone_to_at_once(qtbot: QtBot, tab: StreamTab) -> None:
    trigger = tab.workspace.actions.trigger
    assert "Nothing is to stop at" in said(qtbot, tab, lambda: trigger("next_stop"))
    tab.stops.toggle(Break("type", "Corrected"))
    assert said(qtbot, tab, lambda: trigger("next_stop")) == "Stopped at v6: Event Corrected"
    assert tab.version == 6
    assert said(qtbot, tab, lambda: trigger("next_stop")) == "There is no stop after v6."
    tab.go_last()
    assert said(qtbot, tab, lambda: trigger("previous_stop")) == "Stopped at v6: Event Corrected"


def entries(tab: StreamTab) -> dict[str, bool]:
    """What the menu offers, and whether it is checked."""
    tab.stops.menu.aboutToShow.emit()
    return {action.text(): action.isChecked() for action in tab.stops.menu.actions() if action.text()}


def test_the_menu_offers_what_lies_near(qtbot: QtBot, tab: StreamTab) -> None:
    tab.workspace.watches.add(Watch("Meter", "state.value < 3", "low", invariant=True))
    tab.state.tree.setCurrentIndex(tab.state.model.index(0, 0))
    offered = entries(tab)
    for words in ("An error of the reducer", "Event Measured", "/value changes", "low: it flips"):
        assert offered[words] is False
    assert offered["Event"] is True
    assert {unit.capitalize() for unit in UNITS} <= set(offered)
    (low,) = (action for action in tab.stops.menu.actions() if action.text() == "low: it flips")
    low.trigger()
    assert tab.stops.breaks == [Break("path", "state.value < 3")]
    assert entries(tab)["low: it flips"] is True
    assert said(qtbot, tab, lambda: play(qtbot, tab)) == "Stopped at v5: low: it flips"
    (field,) = (
        action.defaultWidget() for action in tab.stops.menu.actions() if isinstance(action, QWidgetAction)
        if isinstance(action.defaultWidget(), QLineEdit)
    )  # fmt: skip
    assert isinstance(field, QLineEdit)
    field.setText("state.value >")
    assert "missing at the end" in said(qtbot, tab, lambda: QTest.keyClick(field, Qt.Key.Key_Return))
    field.setText("state.value > 4")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert tab.stops.breaks[-1] == Break("expression", "state.value > 4")
    assert entries(tab)["state.value > 4 becomes true"] is True
    (nowhere,) = (action for action in tab.stops.menu.actions() if action.text().startswith("Nowhere"))
    nowhere.trigger()
    assert tab.stops.breaks == []


def test_a_step_is_a_transaction(qtbot: QtBot, tab: StreamTab) -> None:
    tab.stops.use("transaction")
    assert tab.stops.button.text() == "tx"
    assert "step by transaction" in tab.stops.button.toolTip()

    def step(by: int) -> int:
        before = tab.version
        tab.transport.step(by)
        qtbot.waitUntil(lambda: tab.version != before, timeout=WAIT)
        return tab.version

    assert [step(1) for _ in range(4)] == [2, 3, 7, 8]
    assert [step(-1) for _ in range(3)] == [7, 3, 2]
    tab.go_to(0)
    assert play(qtbot, tab) == 8
    tab.stops.toggle(Break("type", "Corrected"))  # within a transaction
    tab.go_to(0)
    assert play(qtbot, tab) == 6
    tab.stops.use("event")
    tab.transport.step(1)
    assert tab.version == 7


def test_a_step_is_a_span_of_time(qtbot: QtBot, tab: StreamTab) -> None:
    tab.stops.use("minute")
    versions = []
    for _ in range(4):
        tab.transport.step(1)
        versions.append(tab.version)
    assert versions == [3, 5, 6, 7]
    tab.transport.step(-1)
    assert tab.version == 6


def test_steps_where_times_are_missing_or_run_backwards() -> None:
    timeline = Timeline()
    nothing = [""] * 4
    second = 1_000_000
    times = [10 * second, None, 5 * second, 100 * second]
    timeline.take_events(EventColumns(0, [1, 2, 3, 4], [0] * 4, ["T"], times, nothing, nothing, [0] * 4))
    assert [after(timeline, at, 1, 60) for at in range(4)] == [2, 2, 3, 3]
    assert [after(timeline, at, -1, 60) for at in range(4)] == [0, 0, 0, 2]
