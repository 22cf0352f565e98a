"""What a tree of values paints, line by line: marks, names, values, and the line for members that were not fetched."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.engine.messages import Rows
from explorer.engine.rows import marked_rows
from explorer.model import Json
from explorer.ui.look import theme
from explorer.ui.parts.tree_model import PagedTreeModel
from explorer.ui.parts.tree_nodes import Column, Role
from explorer.ui.parts.value_tree import ValueTree


def tree(qtbot: QtBot, qapp: QApplication, before: Json, after: Json, beyond: int = 0) -> ValueTree:
    theme.apply(qapp, "light")
    model = PagedTreeModel()
    shown = ValueTree(model, "Values")
    model.setParent(shown)

    def source(path: str, start: int, limit: int, then: Callable[[Rows], None], _failed: object) -> None:
        page = marked_rows(after, before, path, start, limit)
        then(replace(page, total=page.total + beyond))

    model.set_source(source)
    qtbot.addWidget(shown)
    shown.resize(600, 400)
    shown.show()
    qtbot.waitExposed(shown)
    model.refresh()
    return shown


def colours(shown: ValueTree, index: QModelIndex, column: int) -> set[str]:
    """All that is in a cell, its ground too."""
    image, area = shown.viewport().grab().toImage(), shown.visualRect(index.siblingAtColumn(column))
    return {
        image.pixelColor(x, y).name()
        for x in range(area.left(), area.right() + 1)
        for y in range(area.top(), area.bottom() + 1)
    }


def test_a_line_is_painted_in_all_its_columns(qtbot: QtBot, qapp: QApplication) -> None:
    shown = tree(qtbot, qapp, {"status": "open", "count": 1}, {"status": "closed", "count": 1})
    changed, same = shown.values.index(0, 0), shown.values.index(1, 0)
    fore, back = theme.mark_colours("~")
    for column in (Column.MARK, Column.KEY, Column.VALUE):
        assert {back.name(), fore.name()} <= colours(shown, changed, column)
    assert colours(shown, same, Column.MARK) == {QColor(theme.colours().base).name()}
    for column in (Column.KEY, Column.VALUE):
        assert len(colours(shown, same, column)) > 1


def test_the_line_for_what_was_not_fetched_says_so(qtbot: QtBot, qapp: QApplication) -> None:
    shown = tree(qtbot, qapp, {}, {"a": 1, "b": 2}, beyond=50)
    more = shown.values.index(2, 0)
    assert more.data(Role.MORE) == 50
    assert QColor(theme.colours().accent).name() in colours(shown, more, Column.KEY)
