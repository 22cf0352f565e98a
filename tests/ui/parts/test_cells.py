"""Cells are painted as the style would paint them, pixel by pixel; what is new lights up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyledItemDelegate, QStyleOptionViewItem, QTableView
from pytestqt.qtbot import QtBot

from explorer.ui.events.event_rows import type_icon
from explorer.ui.look import theme
from explorer.ui.parts.models import FLASHING, Column, RowsModel
from explorer.ui.parts.table import RowsTable

LINES = (
    "17",
    "11-25 02:35:04.859",
    "CustomerCreditReserved",
    '{"customerId":"C-1","lines":[{"sku":"TEA-GREEN-100","quantity":2,"price":{"amount":4.90}}],"revision":1}',
    "Ünïcode: żółw 注文が承認された, café (é), and more of it that has no room",
    "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii",
    "",
)
OTHER_SCRIPTS = 4
COLUMNS = (
    Column("Right", str, align="right", mono=True, width=90),
    Column("Middle", str, align="center", width=120),
    Column("Left out", str, cut_left=True, width=130),
    Column("Mono", str, mono=True, width=150),
    Column("Coloured", str, foreground=lambda _line: QColor("#c0392b"), width=140),
    Column("Rest", str),
)


class Style(QStyledItemDelegate):
    """What Qt's style makes of the same."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        if COLUMNS[index.column()].cut_left:
            option.textElideMode = Qt.TextElideMode.ElideLeft


@pytest.fixture(params=[("light", 100), ("dark", 100), ("light", 150), ("dark", 200)], ids=str)
def themed(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    before = theme.zoom()
    theme.apply(qapp, *request.param)
    yield
    theme.apply(qapp, "light", before)


class Styled(RowsTable):
    """Painted by Qt and its style."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), QColor(theme.colours().base))
        painter.end()
        QTableView.paintEvent(self, event)


def table(qtbot: QtBot, *columns: Column, kind: type[RowsTable] = RowsTable) -> RowsTable:
    model = RowsModel(columns or COLUMNS)
    made = kind(model, "Lines")
    model.setParent(made)
    qtbot.addWidget(made)
    made.resize(1000, 500)
    model.reset(LINES)
    return made


def picture(shown: RowsTable) -> QImage:
    return shown.viewport().grab().toImage()


@pytest.mark.usefixtures("themed")
def test_they_look_as_the_style_paints_them(qtbot: QtBot) -> None:
    shown = table(qtbot)
    shown.selectRow(2)
    ours = picture(shown)
    styled = table(qtbot, kind=Styled)
    styled.setItemDelegate(Style(styled))
    styled.selectRow(2)
    theirs = picture(styled)
    differing = {
        (shown.rowAt(y), shown.columnAt(x))
        for y in range(ours.height())
        for x in range(ours.width())
        if ours.pixel(x, y) != theirs.pixel(x, y)
    }
    # Above 100 % a line with letters of another font may stand a pixel higher.
    assert {cell for cell in differing if theme.zoom() == 100 or cell[0] != OTHER_SCRIPTS} == set()


def test_a_row_is_selected_whatever_keys_are_held(qtbot: QtBot) -> None:
    shown = table(qtbot)
    shown.show()
    qtbot.waitExposed(shown)
    QTest.keyPress(shown, Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.keyboardModifiers() == Qt.KeyboardModifier.ControlModifier
    try:
        shown.selectRow(1)
        shown.selectRow(3)
    finally:
        QTest.keyRelease(shown, Qt.Key.Key_Control)
    assert shown.selected_rows() == [LINES[3]]


def test_an_icon_stands_where_the_style_puts_it(qtbot: QtBot) -> None:
    column = Column("Type", str, icon=lambda line: type_icon(line) if line else None, width=200)
    styled = table(qtbot, column, kind=Styled)
    styled.setIconSize(theme.icon_size(14))
    assert picture(table(qtbot, column)) == picture(styled)


def test_what_is_new_lights_up_unless_everything_is(qtbot: QtBot) -> None:
    shown = table(qtbot)
    calm = picture(shown)
    shown.model_.append(["new"], flash=True)
    at = shown.visualRect(shown.model_.index(len(LINES), 5)).center()
    assert picture(shown).pixelColor(at) == QColor(theme.colours().flash)
    shown.model_.reset(LINES)
    assert picture(shown) == calm
    shown.model_.append(["new"] * (FLASHING + 1), flash=True)
    assert picture(shown).pixelColor(at) == QColor(theme.colours().base)
