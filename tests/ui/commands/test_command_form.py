"""The form of a command, by keyboard and mouse."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from explorer.engine.messages import CommandInfo, FieldInfo
from explorer.ui.commands.command_form import CommandForm
from explorer.ui.commands.part_editors import ListEditor

PRICE = FieldInfo("price", "object", fields=(FieldInfo("amount", "decimal"),))
LINES = FieldInfo("lines", "list", fields=(FieldInfo("sku", "text"), FieldInfo("quantity", "integer"), PRICE))
CREATE = CommandInfo(
    "CreateOrder", "", (FieldInfo("customerId", "text"), LINES, FieldInfo("express", "boolean", required=False)), True
)
CANCEL = CommandInfo("CancelOrder", "", (FieldInfo("reason", "text", required=False),))


@pytest.fixture
def form(qtbot: QtBot) -> CommandForm:
    form = CommandForm()
    qtbot.addWidget(form)
    form.show_command("Order", CREATE)
    form.resize(300, 400)
    form.show()
    qtbot.waitExposed(form)
    form.activateWindow()
    return form


def named(form: QWidget, name: str) -> QLineEdit:
    """The line with this accessible name, among those that are shown."""
    return next(line for line in form.findChildren(QLineEdit) if line.accessibleName() == name and line.isVisible())


def lines(form: CommandForm) -> ListEditor:
    editor = form.editor.editor("lines")
    assert isinstance(editor, ListEditor)
    return editor


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def fill(form: CommandForm) -> None:
    """By keyboard alone: Tab from field to field."""
    named(form, "customerId").setFocus()
    for typed in ("c1", "A-1", "2", "1.10"):
        QTest.keyClicks(focused(), typed)
        QTest.keyClick(focused(), Qt.Key.Key_Tab)


def test_filled_in_by_keyboard(form: CommandForm) -> None:
    fill(form)
    assert form.values() == {
        "customerId": '"c1"',
        "lines": '[{"sku":"A-1","quantity":2,"price":{"amount":1.10}}]',
        "express": "false",
    }


def test_rows_are_added_by_enter_and_removed_by_control_delete(form: CommandForm) -> None:
    fill(form)
    price = lines(form).rows[0].findChildren(QLineEdit)[2]
    price.setFocus()
    QTest.keyClick(price, Qt.Key.Key_Return)
    assert len(lines(form).rows) == 2
    QTest.keyClicks(focused(), "B-2")
    assert form.values() is None
    QTest.keyClick(focused(), Qt.Key.Key_Delete, Qt.KeyboardModifier.ControlModifier)
    assert len(lines(form).rows) == 1
    assert form.values() is not None


def test_rows_are_added_and_removed_by_mouse(form: CommandForm) -> None:
    QTest.mouseClick(lines(form).add_button, Qt.MouseButton.LeftButton)
    assert len(lines(form).rows) == 2
    minus = [b for b in lines(form).findChildren(QToolButton) if b.accessibleName().startswith("Remove row 1")]
    QTest.mouseClick(minus[0], Qt.MouseButton.LeftButton)
    assert len(lines(form).rows) == 1


def test_a_wrong_number_is_marked_where_it_is(form: CommandForm) -> None:
    fill(form)
    quantity = lines(form).rows[0].findChildren(QLineEdit)[1]
    QTest.keyClicks(quantity, "x")
    assert quantity.property("invalid") is True
    assert form.values() is None
    assert "lines 0 quantity" in form.first_problem()
    QTest.keyClick(quantity, Qt.Key.Key_Backspace)
    assert quantity.property("invalid") is False


def test_what_is_missing_is_not_marked_before_somebody_tries(form: CommandForm) -> None:
    customer = named(form, "customerId")
    QTest.keyClicks(customer, "c")
    QTest.keyClick(customer, Qt.Key.Key_Backspace)
    assert not customer.property("invalid")
    assert form.values() is None
    assert customer.property("invalid") is True


def test_undo_and_redo_go_through_fields_and_rows(form: CommandForm) -> None:
    fill(form)
    QTest.mouseClick(lines(form).add_button, Qt.MouseButton.LeftButton)
    customer = named(form, "customerId")
    undo = (Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    redo = (Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(customer, *undo)
    assert len(lines(form).rows) == 1
    for _ in range(4):
        QTest.keyClick(customer, *undo)
    assert customer.text() == ""
    for _ in range(5):
        QTest.keyClick(customer, *redo)
    assert customer.text() == "c1"
    assert len(lines(form).rows) == 2


def test_what_was_typed_is_still_there_after_another_command(form: CommandForm, qtbot: QtBot) -> None:
    fill(form)
    before = form.values()
    form.show_command("Order", CANCEL)
    QTest.keyClicks(named(form, "reason"), "late")
    assert form.values() == {"reason": '"late"'}
    form.show_command("Order", CREATE)
    assert form.values() == before
    QTest.keyClick(named(form, "customerId"), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert form.values() is None


def test_every_control_has_a_name(form: CommandForm) -> None:
    for kind in (QLineEdit, QCheckBox, QToolButton):
        for control in form.findChildren(kind):
            assert control.accessibleName(), control
