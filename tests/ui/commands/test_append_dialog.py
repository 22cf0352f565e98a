"""Raw events by mouse and keys on real stores: several as one append, expected versions, malformed JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.model import StreamKey
from explorer.payload import decode
from explorer.stores import StoreSpec
from explorer.ui.commands.append_dialog import AppendDialog
from explorer.ui.workspace import Workspace
from tests.ui.opened import ORDER, WAIT, append, click, make_shop, new, stored, type_into, workspace_on

UNCLAIMED = StreamKey("Note", "n1")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return make_shop(str(tmp_path / "shop.sqlite"))


@pytest.fixture
def workspace(url: str, qtbot: QtBot) -> Iterator[Workspace]:
    with workspace_on(qtbot, StoreSpec(url, writable=True)) as workspace:
        yield workspace


def opened(workspace: Workspace, qtbot: QtBot, draft: dict[str, object] | None = None) -> AppendDialog:
    dialog = AppendDialog(workspace, draft)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog, before_close_func=lambda dialog: setattr(dialog, "_closing", True))
    dialog.show()
    qtbot.waitExposed(dialog)
    dialog.activateWindow()
    if draft:
        qtbot.waitUntil(lambda: dialog.target.expected_field.text() != "", timeout=WAIT)
    return dialog


def on_order(workspace: Workspace, qtbot: QtBot) -> AppendDialog:
    return opened(workspace, qtbot, {"category": "Order", "id": "7f3a"})


def write(dialog: AppendDialog, type: str, data: str) -> None:
    line = dialog.type.lineEdit()
    assert line is not None
    type_into(line, type)
    completer = dialog.type.completer()
    assert completer is not None
    popup = completer.popup()
    assert popup is not None
    popup.hide()
    dialog.data.edit.setFocus()
    QTest.keyClick(dialog.data.edit, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(dialog.data.edit, data)
    dialog.data.check_now()


def append_now(dialog: AppendDialog, qtbot: QtBot) -> None:
    click(dialog.append_button)
    qtbot.waitUntil(lambda: bool(dialog.outcome.sentence), timeout=WAIT)


def test_several_events_are_one_append(workspace: Workspace, url: str, qtbot: QtBot) -> None:
    dialog = on_order(workspace, qtbot)
    assert dialog.target.expected_field.text() == "2"
    write(dialog, "OrderShipped", '{"customerId":"c1","tracking":"T-1"}')
    click(dialog.drafts.add_button)
    write(dialog, "OrderNoted", '{"amount":1.10,"n":123456789012345678901234567890}')
    click(dialog.drafts.up_button)
    type_into(dialog.reason, "repair")
    assert dialog.append_button.text() == "Append 2 events after v2"
    append_now(dialog, qtbot)
    assert dialog.outcome.sentence == "Written: 2 events as v3–v4."
    written = stored(url, ORDER)[2:]
    assert [event.type for event in written] == ["OrderNoted", "OrderShipped"]
    assert written[0].data == b'{"amount":1.10,"n":123456789012345678901234567890}'
    for event in written:
        metadata = decode(event.metadata).value
        assert isinstance(metadata, dict)
        assert (metadata["origin"], metadata["reason"]) == ("event-store-explorer", "repair")
    assert dialog.target.expected_field.text() == "4"
    append_now(dialog, qtbot)  # the same again: other events
    assert len(stored(url, ORDER)) == 6


def test_the_preview_folds_them_onto_the_stream(workspace: Workspace, url: str, qtbot: QtBot) -> None:
    dialog = on_order(workspace, qtbot)
    write(dialog, "OrderShipped", '{"customerId":"c1","tracking":"T-1"}')
    click(dialog.preview_button)
    qtbot.waitUntil(lambda: bool(dialog.view.changes.lines), timeout=WAIT)
    assert any("/status" in line and "SHIPPED" in line for line in dialog.view.changes.lines)
    previewed = dialog._preview
    assert previewed is not None
    append_now(dialog, qtbot)
    (event,) = stored(url, ORDER)[2:]
    assert event.event_id == previewed.events[0].event_id
    assert event.metadata.decode() == previewed.events[0].metadata


def test_a_wrong_expected_version_is_explained_and_nothing_is_lost(
    workspace: Workspace, url: str, qtbot: QtBot
) -> None:
    dialog = on_order(workspace, qtbot)
    write(dialog, "OrderNoted", '{"note":"mine"}')
    type_into(dialog.target.expected_field, "1")
    append_now(dialog, qtbot)
    assert dialog.outcome.sentence == "Conflict: expected v1, found v2."
    between = [button.accessibleName() for button in dialog.outcome.findChildren(QPushButton)]
    assert "Show v2, OrderApproved" in between
    assert dialog.data.text() == '{"note":"mine"}'
    assert len(stored(url, ORDER)) == 2
    click(dialog.outcome.again)
    assert dialog.target.expected_field.text() == "2"
    qtbot.waitUntil(lambda: bool(dialog.view.changes.lines) or dialog._preview is not None, timeout=WAIT)
    append_now(dialog, qtbot)
    assert len(stored(url, ORDER)) == 3


def test_what_arrives_meanwhile_is_said_and_expected_stays(workspace: Workspace, url: str, qtbot: QtBot) -> None:
    dialog = on_order(workspace, qtbot)
    append(url, ORDER, 2, [new("OrderCancelled", {"customerId": "c1"})])
    qtbot.waitUntil(lambda: dialog.target.there_button.text() == "there now: 3", timeout=WAIT)
    assert dialog.target.expected_field.text() == "2"
    click(dialog.target.there_button)
    assert dialog.target.expected_field.text() == "3"


def test_malformed_json_keeps_the_append_away(workspace: Workspace, qtbot: QtBot) -> None:
    dialog = on_order(workspace, qtbot)
    write(dialog, "OrderNoted", '{"note" 1}')
    assert not dialog.append_button.isEnabled()
    assert "line 1, column 9" in dialog.data.status.text()
    assert "line 1, column 9" in dialog.problem()
    click(dialog.preview_button)
    assert "cannot be previewed" in dialog.outcome.sentence
    write(dialog, "OrderNoted", '{"note":1}')
    assert dialog.append_button.isEnabled()
    dialog.metadata.set_text("[]")
    assert "object" in dialog.problem()


def test_a_new_stream_of_a_category_nobody_claims(workspace: Workspace, url: str, qtbot: QtBot) -> None:
    dialog = opened(workspace, qtbot)
    category = dialog.target.category.lineEdit()
    assert category is not None
    type_into(category, UNCLAIMED.category)
    type_into(dialog.target.id, UNCLAIMED.id)
    qtbot.waitUntil(lambda: dialog.target.expected_field.text() == "0", timeout=WAIT)
    write(dialog, "Noted", '{"text":"<b>&amp;"}')
    append_now(dialog, qtbot)
    (event,) = stored(url, UNCLAIMED)
    assert (event.version, event.type) == (1, "Noted")


def test_like_an_event_that_is_there(workspace: Workspace, url: str, qtbot: QtBot) -> None:
    dialog = opened(workspace, qtbot, {"category": "Order", "id": "7f3a", "version": 1})
    qtbot.waitUntil(lambda: dialog.type.currentText() == "OrderCreated", timeout=WAIT)
    assert '"amount": 3.50' in dialog.data.text()
    assert dialog.target.expected_field.text() == "2"


def test_types_are_completed_from_those_seen(workspace: Workspace, qtbot: QtBot) -> None:
    dialog = on_order(workspace, qtbot)
    qtbot.waitUntil(lambda: dialog.type.count() > 0, timeout=WAIT)
    seen = [dialog.type.itemText(index) for index in range(dialog.type.count())]
    assert seen[:2] == ["OrderCreated", "OrderApproved"] or seen[:2] == ["OrderApproved", "OrderCreated"]
    assert "CustomerCreated" in seen
    assert dialog.type.currentText() == ""


def test_events_are_duplicated_removed_and_brought_back(workspace: Workspace, qtbot: QtBot) -> None:
    dialog = on_order(workspace, qtbot)
    write(dialog, "A", '{"n":1}')
    click(dialog.drafts.duplicate_button)
    write(dialog, "B", '{"n":2}')
    assert [event.type for event in dialog.drafts.events] == ["A", "B"]
    assert len({event.event_id for event in dialog.drafts.events}) == 2
    dialog.drafts.list.setFocus()
    QTest.keyClick(dialog.drafts.list, Qt.Key.Key_Delete)
    assert [event.type for event in dialog.drafts.events] == ["A"]
    assert dialog.data.text() == '{"n":1}'
    QTest.keyClick(dialog.drafts.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert [event.type for event in dialog.drafts.events] == ["A", "B"]
    assert dialog.data.text() == '{"n":2}'


def test_escape_does_not_throw_away_what_was_typed(workspace: Workspace, qtbot: QtBot) -> None:
    dialog = on_order(workspace, qtbot)
    write(dialog, "A", '{"n":1}')
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert "not written" in dialog.outcome.sentence
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_read_only_store_is_previewed_only(url: str, qtbot: QtBot) -> None:
    with workspace_on(qtbot, StoreSpec(url)) as workspace:
        dialog = on_order(workspace, qtbot)
        write(dialog, "OrderCancelled", '{"customerId":"c1","reason":"x"}')
        assert not dialog.append_button.isEnabled()
        assert "read-only" in dialog.why_not.text()
        click(dialog.preview_button)
        qtbot.waitUntil(lambda: bool(dialog.view.changes.lines), timeout=WAIT)
        assert len(stored(url, ORDER)) == 2
