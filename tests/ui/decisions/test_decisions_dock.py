"""Which command would have been accepted when, by mouse and keys, on a real store with a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from explorer.stores import StoreSpec
from explorer.ui.decisions.bands import BAND
from explorer.ui.decisions.decisions_dock import DecisionsDock
from explorer.ui.workspace import Workspace
from tests.ui.opened import CUSTOMER, ORDER, WAIT, append, make_shop, new, type_into, workspace_on


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = make_shop(str(tmp_path / "shop.sqlite"))
    append(url, ORDER, 2, [new("OrderShipped", {"customerId": "c1", "tracking": "t"})])
    return url


@pytest.fixture
def workspace(url: str, qtbot: QtBot) -> Iterator[Workspace]:
    with workspace_on(qtbot, StoreSpec(url)) as workspace:
        yield workspace


@pytest.fixture
def dock(workspace: Workspace, qtbot: QtBot) -> DecisionsDock:
    dock = DecisionsDock(workspace)
    for model in (dock.table.commands, dock.runs):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    qtbot.addWidget(dock)
    dock.resize(1100, 260)
    dock.show()
    qtbot.waitExposed(dock)
    return dock


def here(dock: DecisionsDock) -> dict[str, str]:
    return {row.command.name: row.here.words for row in dock.table.commands.rows if row.here}


def look_at(workspace: Workspace, dock: DecisionsDock, version: int, qtbot: QtBot) -> None:
    workspace.current_stream_changed.emit(ORDER.category, ORDER.id, version)
    qtbot.waitUntil(lambda: bool(here(dock)), timeout=WAIT)


def test_what_would_be_accepted_since_when_and_which_event_made_it_so(
    workspace: Workspace, dock: DecisionsDock, qtbot: QtBot
) -> None:
    assert dock.empty.isVisible()
    look_at(workspace, dock, 2, qtbot)
    assert here(dock)["CancelOrder"] == "accepted: OrderCancelled"
    assert here(dock)["ReviseOrder"] == "? depends on lines"
    look_at(workspace, dock, 3, qtbot)
    assert here(dock)["CancelOrder"] == "refused: An order that is SHIPPED cannot be cancelled."
    assert not dock.grab().isNull()
    dock.table.setFocus()
    names = [row.command.name for row in dock.table.commands.rows]
    QTest.keyClick(dock.table, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    for _ in range(names.index("CancelOrder")):
        QTest.keyClick(dock.table, Qt.Key.Key_Down)
    columns = range(dock.runs.columnCount())
    shown = [[dock.runs.index(row, column).data() for column in columns] for row in range(dock.runs.rowCount())]
    assert shown == [
        ["v 0", "refused: There is no such order.", "the beginning"],
        ["v 1 – 2", "accepted: OrderCancelled", "v 1 OrderCreated"],
        ["v 3", "refused: An order that is SHIPPED cannot be cancelled.", "v 3 OrderShipped"],
    ]
    assert dock.run_table.selectionModel().selectedRows()[0].row() == 2
    dock.run_table.setFocus()
    QTest.keyClick(dock.run_table, Qt.Key.Key_Up)
    with qtbot.waitSignal(workspace.stream_wanted) as wanted:
        QTest.keyClick(dock.run_table, Qt.Key.Key_Return)
    assert wanted.args == [ORDER.category, ORDER.id, 1]
    # A click on a band goes to the event.
    area = dock.table.visualRect(dock.table.commands.index(1, BAND))
    for version, x in ((1, 0.0), (1, 0.3), (2, 0.6), (3, 0.99)):
        at = QPoint(area.left() + round(x * area.width()), area.center().y())
        with qtbot.waitSignal(workspace.stream_wanted) as wanted:
            QTest.mouseClick(dock.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert wanted.args == [ORDER.category, ORDER.id, version]


def test_values_are_known_once_they_are_typed_and_what_arrives_goes_on(
    workspace: Workspace, dock: DecisionsDock, url: str, qtbot: QtBot
) -> None:
    look_at(workspace, dock, 1, qtbot)
    assert here(dock)["ApproveOrder"] == "? depends on revision"
    type_into(dock.fields["revision"][1], "1")
    qtbot.waitUntil(lambda: here(dock)["ApproveOrder"] == "accepted: OrderApproved", timeout=WAIT)
    type_into(dock.fields["reason"][1], '17 & "so"')  # a text is a text
    type_into(dock.fields["revision"][1], "one")
    qtbot.waitUntil(lambda: here(dock)["ApproveOrder"].startswith("cannot be issued: revision"), timeout=WAIT)
    assert here(dock)["CancelOrder"] == "accepted: OrderCancelled"
    append(url, ORDER, 3, [new("OrderNoted", {})])
    qtbot.waitUntil(lambda: dock.table.last == 4, timeout=WAIT)
    assert dock.table.commands.rows[0].command.runs[-1].last == 4
    # Another stream has other commands.
    workspace.current_stream_changed.emit(CUSTOMER.category, CUSTOMER.id, 1)
    qtbot.waitUntil(lambda: "ChangeCreditLimit" in here(dock), timeout=WAIT)
    assert "creditLimit" in dock.fields
    assert "tracking" not in dock.fields
    workspace.current_stream_changed.emit("Nobody", "x", 1)
    assert dock.empty.isVisible()
    assert not dock.table.commands.rows
    workspace.current_stream_changed.emit("", "", 0)
    assert dock.empty.isVisible()
