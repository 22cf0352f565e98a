"""The Watches panel by mouse and keys, on real stores with real engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from explorer import settings, watching
from explorer.model import NewEvent, StreamKey
from explorer.stores import StoreSpec
from explorer.stores.bulk import fill
from explorer.ui.watches.watches_dock import EVERYWHERE, WatchesDock
from explorer.ui.workspace import Workspace
from explorer.watching import Watch
from tests.ui.opened import WAIT, append, click, type_into, workspace_on

KEY = StreamKey("Order", "0007")
TOTAL, SHIPPED = "the total is the sum of the lines", "only what is approved is shipped"


def lines(quantity: int) -> list[dict[str, object]]:
    return [{"sku": "A", "quantity": quantity, "price": {"amount": 2}}]


def order(number: int) -> list[tuple[str, dict[str, object]]]:
    """Number 7 is shipped without having been approved again; every tenth has a wrong total at first."""
    total = 4 if number % 10 else 5
    made: list[tuple[str, dict[str, object]]] = [
        ("OrderCreated", {"customerId": "c", "lines": lines(2), "orderTotal": {"amount": total}, "revision": 1}),
        ("OrderApproved", {"customerId": "c", "revision": 1}),
        ("OrderRevised", {"customerId": "c", "lines": lines(3), "orderTotal": {"amount": 6}, "revision": 2}),
    ]
    return [*made, ("OrderShipped", {"customerId": "c", "tracking": "x"})] if number == 7 else made


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("orders") / "orders.sqlite"
    events = (
        (StreamKey("Order", f"{number:04}"), NewEvent(kind, data, str(uuid4())))  # type: ignore[arg-type]
        for number in range(400)
        for kind, data in order(number)
    )
    fill(StoreSpec(str(path), writable=True, create=True), events)
    return path


@pytest.fixture
def url(template: Path, tmp_path: Path) -> str:
    copy = tmp_path / template.name
    for file in template.parent.iterdir():
        copy.with_name(file.name).write_bytes(file.read_bytes())
    return str(copy)


@pytest.fixture
def dock(url: str, qtbot: QtBot) -> Iterator[WatchesDock]:
    with workspace_on(qtbot, StoreSpec(url)) as workspace:
        dock = WatchesDock(workspace)
        qtbot.addWidget(dock)
        dock.resize(1100, 260)
        dock.show()
        qtbot.waitExposed(dock)
        yield dock
        dock.hide()


def look(qtbot: QtBot, dock: WatchesDock, version: int, key: StreamKey = KEY) -> None:
    workspace: Workspace = dock._workspace
    workspace.current_stream_changed.emit(key.category, key.id, version)
    qtbot.waitUntil(lambda: told(dock) and not workspace.occupied, timeout=WAIT)


def told(dock: WatchesDock) -> bool:
    return bool(dock.model.rows) and all(row.told is not None and row.letter for row in dock.model.rows)


def shown(dock: WatchesDock) -> dict[str, tuple[str, str]]:
    """Title → what it is now, how it went."""
    return {row.known.watch.title: (row.letter, row.how) for row in dock.model.rows}


def test_without_a_stream_it_says_what_to_do(dock: WatchesDock) -> None:
    assert dock.empty.sentence.text() == "No stream is open."
    assert not dock.add_button.isEnabled()


def test_what_the_domain_declares_is_there(qtbot: QtBot, dock: WatchesDock) -> None:
    QAbstractItemModelTester(dock.model, QAbstractItemModelTester.FailureReportingMode.Fatal, dock)
    look(qtbot, dock, 3)
    assert shown(dock) == {
        TOTAL: ("t", "Never broken."), SHIPPED: ("t", "Broken at v4 by OrderShipped, and not healed."),
    }  # fmt: skip
    look(qtbot, dock, 4)
    qtbot.waitUntil(lambda: shown(dock)[SHIPPED][0] == "f", timeout=WAIT)
    dock.table.selectRow(1)
    assert dock.head.note.text() == "Order 0007: Broken at v4 by OrderShipped, and not healed."
    assert not dock.edit_button.isEnabled()
    assert "Declared by the domain" in dock.remove_button.toolTip()
    qtbot.waitUntil(lambda: len(dock.spans.model.rows) == 2, timeout=WAIT)
    dock.spans.table.setCurrentIndex(dock.spans.model.index(1, 0))
    with qtbot.waitSignal(dock._workspace.stream_wanted) as wanted:
        QTest.keyClick(dock.spans.table, Qt.Key.Key_Return)
    assert wanted.args == ["Order", "0007", 4]


def test_a_watch_is_added_edited_and_removed(qtbot: QtBot, dock: WatchesDock) -> None:
    look(qtbot, dock, 2)
    click(dock.add_button)
    assert dock.form.source.hasFocus()
    type_into(dock.form.source, "state.revision = 2")
    QTest.keyClick(dock.form.source, Qt.Key.Key_Return)
    assert dock.form.isVisible()
    assert dock.form.mistake.text() == "Column 16: This cannot be read: compare with ==."
    assert (dock.form.source.selectionStart(), dock.form.source.selectedText()) == (15, "=")
    assert dock.form.source.property("invalid")
    type_into(dock.form.source, "state.revision == 2")
    assert not dock.form.mistake.isVisible()
    type_into(dock.form.words, "revised")
    click(dock.form.save)
    assert not dock.form.isVisible()
    qtbot.waitUntil(lambda: shown(dock).get("revised", ("", ""))[0] == "f" and told(dock), timeout=WAIT)
    assert shown(dock)["revised"][1] == "Broken at v1, from the first event, healed at v3."
    assert dock.selected is not None
    assert dock.selected.known.watch.title == "revised"
    click(dock.edit_button)
    assert dock.form.source.text() == "state.revision == 2"
    type_into(dock.form.source, "/lines/sku=A/quantity")
    type_into(dock.form.words, "x")
    QTest.keyClick(dock.form.words, Qt.Key.Key_Backspace)
    click(dock.form.save)
    qtbot.waitUntil(lambda: "/lines/sku=A/quantity" in shown(dock) and told(dock), timeout=WAIT)
    row = dock.model.rows[-1]
    assert (row.letter, row.now, row.told.spark if row.told else ()) == ("v", "2", (2.0, 2.0, 3.0, 3.0))
    info = dock._workspace.info
    assert info is not None
    assert watching.kept(info.identity) == (Watch("Order", "/lines/sku=A/quantity"),)
    dock.table.selectRow(2)
    click(dock.remove_button)
    assert watching.kept(info.identity) == ()
    assert set(shown(dock)) == {TOTAL, SHIPPED}


def test_escape_leaves_the_form(qtbot: QtBot, dock: WatchesDock) -> None:
    look(qtbot, dock, 2)
    click(dock.add_button)
    QTest.keyClick(dock.form.source, Qt.Key.Key_Escape)
    assert not dock.form.isVisible()
    assert dock._workspace.watches.of("Order") == dock.known
    assert len(dock.known) == 2


def test_what_arrives_is_followed(qtbot: QtBot, dock: WatchesDock, url: str) -> None:
    key = StreamKey("Order", "0001")
    look(qtbot, dock, 3, key)
    assert shown(dock)[SHIPPED][1] == "Never broken."
    append(url, key, 3, [NewEvent("OrderShipped", {"customerId": "c", "tracking": "x"}, str(uuid4()))])
    qtbot.waitUntil(lambda: shown(dock)[SHIPPED][1].startswith("Broken at v4"), timeout=WAIT)


def test_a_watch_is_shown_as_a_column(qtbot: QtBot, dock: WatchesDock) -> None:
    look(qtbot, dock, 3)

    def shown_after_click_on(row: int) -> tuple[object, bool]:
        dock.table.selectRow(row)
        click(dock.column_button)
        return dock._workspace.watches.column, dock.column_button.isChecked()

    assert shown_after_click_on(1) == (dock.known[1], True)
    dock.table.selectRow(0)
    assert not dock.column_button.isChecked()
    assert shown_after_click_on(0) == (dock.known[0], True)
    assert shown_after_click_on(0) == (None, False)


def test_all_streams_are_checked(qtbot: QtBot, dock: WatchesDock) -> None:
    look(qtbot, dock, 3)
    dock.table.selectRow(0)
    click(dock.check_button)
    assert dock.side.currentIndex() == EVERYWHERE
    assert dock.search.cancel.isVisible()
    qtbot.waitUntil(lambda: not dock.search.running, timeout=WAIT)
    assert dock.search.words.text() == f"40 of 400 streams broken: {TOTAL}"
    assert [row.id for row in dock.search.model.rows[:2]] == ["0000", "0010"]
    assert dock.search.model.rows[0].sentence == "Broken at v1, from the first event, healed at v3."
    with qtbot.waitSignal(dock._workspace.stream_wanted) as wanted:
        dock.search.table.selectRow(1)
        QTest.keyClick(dock.search.table, Qt.Key.Key_Return)
    assert wanted.args == ["Order", "0010", 1]
    dock.table.selectRow(1)
    click(dock.check_button)
    qtbot.waitUntil(lambda: not dock.search.running, timeout=WAIT)
    assert [row.id for row in dock.search.model.rows] == ["0007"]


def test_a_search_takes_the_place_of_another(qtbot: QtBot, dock: WatchesDock) -> None:
    look(qtbot, dock, 3)
    dock.table.selectRow(0)
    click(dock.check_button)
    dock.table.selectRow(1)
    click(dock.check_button)
    qtbot.waitUntil(lambda: not dock.search.running, timeout=WAIT)
    assert dock.search.words.text() == f"1 of 400 streams broken: {SHIPPED}"
    assert [row.id for row in dock.search.model.rows] == ["0007"]
    qtbot.wait(100)
    assert not dock.search.go_on.isVisible()


def test_a_search_is_stopped_and_goes_on(qtbot: QtBot, dock: WatchesDock) -> None:
    look(qtbot, dock, 3)
    slow = Watch("Order", "state.revision < 2 and sum(1 for a in range(200) for b in range(200)) > 0", "slow")
    dock._workspace.watches.add(slow)
    qtbot.waitUntil(lambda: told(dock) and len(dock.model.rows) == 3, timeout=WAIT)
    dock.table.selectRow(2)
    click(dock.check_button)
    qtbot.waitUntil(lambda: len(dock.search.model.rows) > 60, timeout=WAIT)
    click(dock.search.cancel)
    qtbot.waitUntil(dock.search.go_on.isVisible, timeout=WAIT)
    found = [row.id for row in dock.search.model.rows]
    assert "broken so far" in dock.search.words.text()
    assert len(found) < 400
    click(dock.search.go_on)
    qtbot.waitUntil(lambda: len(dock.search.model.rows) > len(found) // 50 * 50, timeout=WAIT)
    kept = len(found) // 50 * 50
    assert [row.id for row in dock.search.model.rows[:kept]] == found[:kept]
    click(dock.search.cancel)
    qtbot.waitUntil(lambda: not dock.search.running, timeout=WAIT)


def test_watches_of_a_damaged_file_are_a_failure_that_is_told(qtbot: QtBot, url: str) -> None:
    with workspace_on(qtbot, StoreSpec(url)) as workspace:
        assert workspace.info is not None
        identity = workspace.info.identity
    watching.keep(identity, [Watch("Order", "/status")])
    (settings.connection_folder(identity) / "watches.json").write_text("[")
    workspace = Workspace()
    with qtbot.waitSignal(workspace.failure, timeout=WAIT) as failed:
        workspace.open(StoreSpec(url))
    assert "damaged" in str(failed.args)
    with qtbot.waitCallback(timeout=WAIT) as done:
        workspace.close(done)
