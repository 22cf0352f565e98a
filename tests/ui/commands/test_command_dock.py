"""Commands by mouse and keys on real stores with a real engine: preview, commit, refusals, conflicts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.model import StreamKey
from explorer.payload import decode
from explorer.stores import StoreSpec, open_store
from explorer.ui.commands.command_dock import CommandDock
from explorer.ui.workspace import Workspace
from tests.ui.opened import CUSTOMER, ORDER, WAIT, append, click, field, make_shop, new, stored, type_into, workspace_on


@pytest.fixture
def url(tmp_path: Path) -> str:
    return make_shop(str(tmp_path / "shop.sqlite"))


@pytest.fixture
def workspace(url: str, qtbot: QtBot) -> Iterator[Workspace]:
    with workspace_on(qtbot, StoreSpec(url, writable=True)) as workspace:
        yield workspace


@pytest.fixture
def dock(workspace: Workspace, qtbot: QtBot) -> CommandDock:
    return shown(CommandDock(workspace), qtbot)


def shown(dock: CommandDock, qtbot: QtBot) -> CommandDock:
    qtbot.addWidget(dock)
    dock.resize(320, 700)
    dock.show()
    qtbot.waitExposed(dock)
    dock.activateWindow()
    return dock


def look_at(workspace: Workspace, key: StreamKey, version: int) -> None:
    workspace.current_stream_changed.emit(key.category, key.id, version)


def preview(dock: CommandDock, qtbot: QtBot) -> None:
    click(dock.preview_button)
    qtbot.waitUntil(lambda: dock.preview_button.text() == "Preview", timeout=WAIT)


def commit(dock: CommandDock, qtbot: QtBot) -> None:
    click(dock.commit_button)
    qtbot.waitUntil(lambda: bool(dock.outcome.sentence), timeout=WAIT)


def fill_order(dock: CommandDock) -> None:
    dock.chooser.choose("Order", "CreateOrder")
    type_into(field(dock, "customerId"), "c1")
    type_into(field(dock, "sku, lines row 1"), "A-1")
    type_into(field(dock, "quantity, lines row 1"), "2")
    type_into(field(dock, "price, lines row 1"), "1.10")
    type_into(field(dock, "Reason"), "a test")


def test_create_order_is_previewed_and_committed(
    workspace: Workspace, dock: CommandDock, url: str, qtbot: QtBot
) -> None:
    fill_order(dock)
    preview(dock, qtbot)
    assert dock.outcome.sentence == ""
    assert any('+ /orderTotal: {"amount":2.20}' in line for line in dock.view.changes.lines)
    id = dock.chooser.id.text()
    assert stored(url, StreamKey("Order", id)) == []
    commit(dock, qtbot)
    assert dock.outcome.sentence == "Written: OrderCreated as v1."
    (event,) = stored(url, StreamKey("Order", id))
    assert event.type == "OrderCreated"
    assert b'"price":{"amount":1.10}' in event.data
    metadata = decode(event.metadata).value
    assert isinstance(metadata, dict)
    assert (metadata["origin"], metadata["reason"]) == ("event-store-explorer", "a test")
    assert "user" in metadata
    with qtbot.waitSignal(workspace.stream_wanted) as wanted:
        click(dock.outcome.link)
    assert wanted.args == ["Order", id, 1]
    dock.chooser.choose("Order", "CancelOrder")
    assert dock.chooser.id.text() == id


def test_postgresql_the_same(postgres_url: str, qtbot: QtBot) -> None:
    with workspace_on(qtbot, StoreSpec(make_shop(postgres_url), writable=True)) as workspace:
        dock = shown(CommandDock(workspace), qtbot)
        test_create_order_is_previewed_and_committed(workspace, dock, postgres_url, qtbot)
        test_a_conflict_shows_what_came_between(workspace, dock, postgres_url, qtbot)


def test_preview_and_commit_by_keys_alone(workspace: Workspace, dock: CommandDock, url: str, qtbot: QtBot) -> None:
    for id in ("preview", "commit"):
        dock.addAction(workspace.actions.qaction(id, dock))
    look_at(workspace, ORDER, 2)
    dock.chooser.choose("Order", "CancelOrder")
    reason = field(dock, "reason")
    type_into(reason, "changed my mind")
    QTest.keyClick(reason, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(dock.commit_button.isEnabled, timeout=WAIT)
    assert any("APPROVED" in line and "CANCELLED" in line for line in dock.view.changes.lines)
    QTest.keyClick(reason, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: dock.outcome.sentence == "Written: OrderCancelled as v3.", timeout=WAIT)
    assert [event.type for event in stored(url, ORDER)][-1] == "OrderCancelled"


def test_the_rule_that_refuses_is_said(workspace: Workspace, dock: CommandDock, url: str, qtbot: QtBot) -> None:
    look_at(workspace, CUSTOMER, 1)
    dock.chooser.choose("Customer", "ChangeCreditLimit")
    type_into(field(dock, "creditLimit"), "-5")
    preview(dock, qtbot)
    assert dock.outcome.banner.isVisible()
    assert "negative" in dock.outcome.sentence.lower()
    assert not dock.commit_button.isEnabled()
    assert len(stored(url, CUSTOMER)) == 1


def test_the_periodic_snapshot_is_taken_after_the_commit_that_crosses_its_number(
    workspace: Workspace, dock: CommandDock, url: str, qtbot: QtBot
) -> None:
    append(url, CUSTOMER, 1, [new("CustomerCreditLimitChanged", {"creditLimit": {"amount": n}}) for n in range(98)])
    look_at(workspace, CUSTOMER, 99)
    dock.chooser.choose("Customer", "ChangeCreditLimit")
    type_into(field(dock, "creditLimit"), "12.5")
    preview(dock, qtbot)
    with qtbot.waitSignal(dock.committing.snapshot_taken, timeout=WAIT):
        commit(dock, qtbot)
    store = open_store(StoreSpec(url))
    assert [snapshot.version for snapshot in store.snapshots(CUSTOMER)] == [100]
    store.close()


def test_a_command_that_changes_nothing_says_so(workspace: Workspace, dock: CommandDock, qtbot: QtBot) -> None:
    look_at(workspace, ORDER, 2)
    dock.chooser.choose("Order", "ApproveOrder")
    type_into(field(dock, "revision"), "1")
    preview(dock, qtbot)
    assert "nothing to write" in dock.outcome.sentence
    assert not dock.commit_button.isEnabled()


def test_a_conflict_shows_what_came_between(workspace: Workspace, dock: CommandDock, url: str, qtbot: QtBot) -> None:
    look_at(workspace, ORDER, 2)
    dock.chooser.choose("Order", "ShipOrder")
    type_into(field(dock, "tracking"), "T-1")
    preview(dock, qtbot)
    append(url, ORDER, 2, [new("OrderCancelled", {"customerId": "c1", "reason": "elsewhere"})])
    commit(dock, qtbot)
    assert dock.outcome.sentence == "Conflict: expected v2, found v3."
    links = [b for b in dock.outcome.findChildren(QPushButton) if b.accessibleName() == "Show v3, OrderCancelled"]
    assert len(links) == 1
    assert len(stored(url, ORDER)) == 3
    assert field(dock, "tracking").text() == "T-1"
    click(dock.outcome.again)
    qtbot.waitUntil(lambda: "cancelled" in dock.outcome.sentence.lower(), timeout=WAIT)


def test_what_is_typed_after_a_preview_takes_the_commit_away(
    workspace: Workspace, dock: CommandDock, qtbot: QtBot
) -> None:
    look_at(workspace, ORDER, 2)
    dock.chooser.choose("Order", "ShipOrder")
    type_into(field(dock, "tracking"), "T-1")
    preview(dock, qtbot)
    assert dock.commit_button.isEnabled()
    QTest.keyClicks(field(dock, "tracking"), "2")
    assert not dock.commit_button.isEnabled()
    dock.commit()
    assert "Preview first" in dock.outcome.sentence


def test_what_is_missing_is_marked_and_nothing_is_asked(workspace: Workspace, dock: CommandDock, qtbot: QtBot) -> None:
    look_at(workspace, ORDER, 2)
    dock.chooser.choose("Order", "ShipOrder")
    click(dock.preview_button)
    assert "not right yet" in dock.outcome.sentence
    assert field(dock, "tracking").property("invalid") is True
    dock.chooser.choose("Customer", "ReleaseCredit")
    click(dock.preview_button)
    assert dock.outcome.sentence == "An id is needed."


def test_the_id_follows_the_active_tab_until_it_is_typed(workspace: Workspace, dock: CommandDock) -> None:
    look_at(workspace, ORDER, 2)
    assert dock.chooser.aggregate.currentText() == "Order"
    dock.chooser.choose("Order", "ShipOrder")
    assert dock.chooser.id.text() == "7f3a"
    look_at(workspace, CUSTOMER, 1)
    assert dock.chooser.aggregate.currentText() == "Customer"
    dock.chooser.choose("Customer", "ReleaseCredit")
    assert dock.chooser.id.text() == "c1"
    type_into(dock.chooser.id, "c2")
    look_at(workspace, ORDER, 2)
    assert dock.chooser.id.text() == "c2"
    click(dock.chooser.pin)
    dock.chooser.choose("Order", "ShipOrder")
    assert dock.chooser.id.text() == "7f3a"
    dock.chooser.choose("Order", "CreateOrder")
    first = dock.chooser.id.text()
    assert first not in ("", "7f3a")
    click(dock.chooser.new_id)
    assert dock.chooser.id.text() not in ("", first)


def test_undo_reaches_the_form(workspace: Workspace, dock: CommandDock) -> None:
    fill_order(dock)
    dock.form.undo()
    assert field(dock, "price, lines row 1").text() == ""
    workspace.actions.trigger("redo")
    assert field(dock, "price, lines row 1").text() == "1.10"


def test_without_a_store_it_says_so(qtbot: QtBot) -> None:
    dock = shown(CommandDock(Workspace()), qtbot)
    assert not dock.commit_button.isVisible()
    assert any("No store is open." in label.text() for label in dock.findChildren(type(dock.view._loaded)))


def test_a_read_only_store_is_previewed_only(tmp_path: Path, qtbot: QtBot) -> None:
    url = make_shop(str(tmp_path / "shop.sqlite"))
    with workspace_on(qtbot, StoreSpec(url)) as workspace:
        dock = shown(CommandDock(workspace), qtbot)
        look_at(workspace, ORDER, 2)
        dock.chooser.choose("Order", "ShipOrder")
        type_into(field(dock, "tracking"), "T-1")
        preview(dock, qtbot)
        assert dock.view.changes.lines
        assert not dock.commit_button.isEnabled()
        dock.commit()
        assert dock.outcome.sentence == "The store is open read-only."
        assert len(stored(url, ORDER)) == 2


def test_one_can_be_created_after_the_other(workspace: Workspace, dock: CommandDock, url: str, qtbot: QtBot) -> None:
    dock.chooser.choose("Customer", "CreateCustomer")
    type_into(field(dock, "name"), "Ada")
    type_into(field(dock, "creditLimit"), "100")
    ids = []
    for _ in range(2):
        ids.append(dock.chooser.id.text())
        preview(dock, qtbot)
        commit(dock, qtbot)
        assert dock.outcome.sentence == "Written: CustomerCreated as v1."
    assert len(set(ids)) == 2
    assert all(stored(url, StreamKey("Customer", id)) for id in ids)
    dock.chooser.choose("Customer", "ChangeCreditLimit")
    assert dock.chooser.id.text() == ids[1]  # other commands are for the one that was just created


BILLING = """
name = "billing"
events = "SELECT customer, seq AS version, n AS position, kind AS type, body AS data FROM billing"
key = ["customer"]
category = "Customer"
"""


def test_a_store_of_others_takes_commands_for_streams_that_an_aggregate_folds(tmp_path: Path, qtbot: QtBot) -> None:
    path, layout = tmp_path / "billing.sqlite", tmp_path / "billing.toml"
    layout.write_text(BILLING)
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE billing (n INTEGER PRIMARY KEY, customer TEXT, seq INTEGER, kind TEXT, body TEXT)")
        created = (1, "ours", 1, "CustomerCreated", '{"name": "Ada", "creditLimit": {"amount": 1000}}')
        file.executemany("INSERT INTO billing VALUES (?, ?, ?, ?, ?)", [created, (2, "theirs", 1, "Billed", "{}")])
        file.commit()
    with workspace_on(qtbot, StoreSpec(str(path), layout=str(layout))) as workspace:
        dock = shown(CommandDock(workspace), qtbot)
        assert not dock.preview_button.isVisible()
        assert "for this store's streams" in dock.empty.sentence.text()
        assert "--plugin" in dock.empty.hint.text()
        look_at(workspace, StreamKey("Customer", "ours"), 1)
        qtbot.waitUntil(dock.preview_button.isVisible, timeout=WAIT)
        assert dock.chooser.aggregate.currentText() == "Customer"
        look_at(workspace, StreamKey("Customer", "theirs"), 1)
        assert dock.empty.sentence.isVisible()
        look_at(workspace, StreamKey("Customer", "ours"), 1)  # the answer for the one before must not count
        qtbot.waitUntil(dock.preview_button.isVisible, timeout=WAIT)
