"""A tree of values on the screen: what a state or a payload looks like, with what changed marked.

The signs + − ~ > stand in a gutter of their own, so that they line up however deep a line is; colour, tint and weight
repeat what they say. Values that were cut say how large they are and can be opened in full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from explorer.engine.messages import Row
from explorer.ui.look import theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.painted_table import Place
from explorer.ui.parts.tree_model import PagedTreeModel
from explorer.ui.parts.tree_nodes import COLUMNS, Column, Node, Role
from explorer.ui.parts.value_cells import CHANGED, WRITER, ValueCells, is_cut

Index = QModelIndex | QPersistentModelIndex
OPEN_SMALL = 12  # containers of at most so many members open by themselves when first seen …
OPEN_DEPTH = 2  # … down to here
GUTTER = 24
NAMES = 150  # pixels of the column of names, at first


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """Something the menu of a line offers. `when` says for which rows; None: always."""

    title: str
    run: Callable[[Row], object]
    icon: str = ""
    when: Callable[[Row], bool] | None = None


class ValueTree(QTreeView):
    """Shows a `PagedTreeModel`; keeps what is open, selected and in sight when the model is refreshed."""

    full_wanted = Signal(object)  # messages.Row whose value was cut
    copy_wanted = Signal(object)  # messages.Row
    writers_wanted = Signal(object)  # messages.Row whose version was clicked

    def __init__(self, model: PagedTreeModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values = model
        self.entries: list[MenuEntry | None] = []  # None: a separator
        self._seen: set[tuple[str, ...]] = set()  # containers that were there once
        self._open: set[tuple[str, ...]] = set()  # those of them that are to be open when they are there
        self._restoring = False
        self._places: list[Place] = []  # of the columns while painting
        self._selected: Node | None = None  # while painting
        self._anchor: tuple[QPersistentModelIndex, int] | None = None
        self.setAccessibleName(name)
        self.setModel(model)
        model.is_expanded = self.isExpanded
        model.lowest_visible = self._lowest_visible
        self._cells = ValueCells(self)
        self.setItemDelegate(self._cells)
        self.setTreePosition(Column.KEY)
        self.setUniformRowHeights(True)
        self.setRootIsDecorated(True)
        self.setAllColumnsShowFocus(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover, False)  # nothing looks different under the mouse
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing behind it is painted again
        header = self.header()
        header.setMinimumSectionSize(theme.scaled(GUTTER))
        header.setSectionsMovable(False)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(Column.MARK, QHeaderView.ResizeMode.Fixed)
        header.hide()
        model.rowsInserted.connect(self._on_inserted)
        model.about_to_change.connect(self._remember_place)
        model.settled.connect(self._restore_place)
        self.expanded.connect(self._on_expanded)
        self.collapsed.connect(self._on_collapsed)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._fetch_in_sight())
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        self._cells.apply_theme()
        self.setIndentation(theme.scaled(16))
        self.setColumnWidth(Column.MARK, theme.scaled(GUTTER + (WRITER if self._cells.writers else 0)))
        self.setColumnWidth(Column.KEY, theme.scaled(NAMES))
        self.scheduleDelayedItemsLayout()  # lines have another height
        self.viewport().update()

    def show_writers(self) -> None:
        """Beside each line the version that wrote it last; clicked, it tells of all that did."""
        self._cells.writers = True
        self._apply_theme()

    def show_version(self, version: int) -> None:
        """Which version the values are of."""
        self._cells.version = version

    def hide_marks(self) -> None:
        """For values that are compared with nothing: no gutter."""
        self.setColumnHidden(Column.MARK, True)

    @property
    def stale(self) -> bool:
        """Whether what is shown is grey, as it is not what was asked for last."""
        return self._cells.stale

    def set_stale(self, stale: bool) -> None:
        if stale != self._cells.stale:
            self._cells.stale = stale
            self.viewport().update()

    # -- painting -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        viewport, header = self.viewport(), self.header()
        painter = QPainter(viewport)
        painter.fillRect(event.rect(), viewport.palette().color(viewport.backgroundRole()))
        painter.end()
        self._places = [
            (column, header.sectionViewportPosition(column), width)
            for column in range(COLUMNS)
            if (width := header.sectionSize(column))
        ]
        current = self.currentIndex()
        self._selected = self.values.node_at(current) if current.isValid() else None
        super().paintEvent(event)

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """All in sight is painted again: finding out what else it would be takes longer."""
        self.viewport().update()

    def drawRow(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The tint of a mark runs through the whole line, gutter and indentation too. The style is asked for the
        arrows only: asked for every cell it takes several times as long."""
        node, area = self.values.node_at(index), option.rect
        row = node.row
        if node is self._selected:
            painter.fillRect(area, QColor(theme.colours().selection))
        elif row is not None and row.mark in CHANGED:
            painter.fillRect(area, theme.mark_colours(row.mark)[1])
        top, height, inset = area.top(), area.height(), self.indentation() * (node.depth + 1)
        places = [
            (column, left + inset, width - inset) if column == Column.KEY else (column, left, width)
            for column, left, width in self._places
        ]
        key, width = next((left, width) for column, left, width in places if column == Column.KEY)
        if row is None:
            self._cells.paint_more(painter, key, top, width, height, self.values.index_of(node, Column.KEY).data())
            return
        self._cells.paint_row(painter, row, top, height, places)
        if node.container:
            self.drawBranches(painter, QRect(key - inset, top, inset, height), index)

    # -- what is open, and what is in sight -------------------------------------------------------------------------

    def _on_inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        """Open what was open before, and what is small when it is seen for the first time."""
        depth, above = 0, parent
        while above.isValid():
            depth, above = depth + 1, above.parent()
        for position in range(first, last + 1):
            index = self.values.index(position, 0, parent)
            node = self.values.node_at(index)
            if not node.container:
                continue
            chain = node.chain()
            if chain not in self._seen:
                self._seen.add(chain)
                assert node.row is not None
                if node.row.size <= OPEN_SMALL and depth < OPEN_DEPTH:
                    self._open.add(chain)
            if chain in self._open:
                self._restoring = True
                self.expand(index)
                self._restoring = False

    def _on_expanded(self, index: QModelIndex) -> None:
        if not self._restoring:
            chain = self.values.node_at(index).chain()
            self._seen.add(chain)
            self._open.add(chain)

    def _on_collapsed(self, index: QModelIndex) -> None:
        if not self._restoring:
            self._open.discard(self.values.node_at(index).chain())

    def forget_places(self) -> None:
        """Another stream: nothing of what was open means anything."""
        self._seen.clear()
        self._open.clear()

    def _lowest_visible(self) -> QModelIndex:
        return self.indexAt(QPoint(1, self.viewport().height() - 1))

    def _remember_place(self) -> None:
        """Note the line at the top, so that it stays there when lines come and go above it."""
        top = self.indexAt(QPoint(1, 1))
        bar = self.verticalScrollBar()
        if top.isValid() and bar.value() > 0:
            self._anchor = (QPersistentModelIndex(top), self.visualRect(top).top())
        else:
            self._anchor = None

    def _restore_place(self) -> None:
        self.executeDelayedItemsLayout()  # else what was put in would be painted a turn later
        if self._anchor is None:
            return
        anchor, top = self._anchor
        self._anchor = None
        if anchor.isValid():
            index = self.values.index(anchor.row(), 0, anchor.parent())
            moved = self.visualRect(index).top() - top
            if moved:
                self.verticalScrollBar().setValue(self.verticalScrollBar().value() + moved)

    def _fetch_in_sight(self) -> None:
        """Scrolling down to the line "… n more" brings more."""
        lowest = self._lowest_visible()
        if lowest.isValid() and lowest.data(Role.MORE):
            self.values.load_more(lowest)

    # -- cut values -------------------------------------------------------------------------------------------------

    def _link_at(self, where: QPoint) -> Row | None:
        index = self.indexAt(where)
        if not index.isValid() or index.column() != Column.VALUE:
            return None
        row: Row | None = index.data(Role.ROW)
        if row is None or not is_cut(row) or not self._cells.link_rect(self.visualRect(index), row).contains(where):
            return None
        return row

    def _writer_at(self, where: QPoint) -> Row | None:
        index = self.indexAt(where)
        if not self._cells.writers or not index.isValid() or index.column() != Column.MARK:
            return None
        row: Row | None = index.data(Role.ROW)
        return row if where.x() < self.columnViewportPosition(Column.MARK) + theme.scaled(WRITER) else None

    # -- mouse, keys, menu ------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        index = self.indexAt(where)
        more = bool(index.isValid() and index.data(Role.MORE))
        hand = more or self._link_at(where) is not None or self._writer_at(where) is not None
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() != Qt.MouseButton.LeftButton:
            return
        where = event.position().toPoint()
        row, writer = self._link_at(where), self._writer_at(where)
        index = self.indexAt(where)
        if row is not None:
            self.full_wanted.emit(row)
        elif writer is not None:
            self.writers_wanted.emit(writer)
        elif index.isValid() and index.data(Role.MORE):
            self.values.load_more(index)

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here, not the beginning of a search."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        row: Row | None = index.data(Role.ROW) if index.isValid() else None
        if event.matches(QKeySequence.StandardKey.Copy) and row is not None:
            self.copy_wanted.emit(row)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            if index.data(Role.MORE):
                self.values.load_more(index)
            elif row is not None and is_cut(row):
                self.full_wanted.emit(row)
            else:
                line = index.siblingAtColumn(0)
                self.setExpanded(line, not self.isExpanded(line))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        row: Row | None = index.data(Role.ROW) if index.isValid() else None
        if row is None:
            return
        where = self.visualRect(index).bottomLeft() if keyboard else event.pos()
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill(menu, row)
        menu.popup(self.viewport().mapToGlobal(where))

    def _fill(self, menu: QMenu, row: Row) -> None:
        for entry in self.entries:
            if entry is None:
                menu.addSeparator()
            elif entry.when is None or entry.when(row):
                action = menu.addAction(entry.title)
                action.triggered.connect(partial(entry.run, row))
                if entry.icon:
                    action.setIcon(icon(entry.icon))

    # -- finding ----------------------------------------------------------------------------------------------------

    def find_text(self, what: str, direction: int, again: bool) -> str:
        """Select the next fetched line whose key or value contains the text; says how it went."""
        needle = what.casefold()
        lines = list(self.values.walk())
        matches = [n for n, node in enumerate(lines) if node.row is not None and _contains(node, needle)]
        if not matches:
            return "nothing in what is unfolded"
        current = self.currentIndex()
        here = -1
        if current.isValid():
            number = self.values.node_at(current).number
            here = next((n for n, node in enumerate(lines) if node.number == number), -1)
        if direction > 0:
            found = next((n for n in matches if n > here or (not again and n == here)), matches[0])
        else:
            found = next((n for n in reversed(matches) if n < here), matches[-1])
        index = self.values.index_of(lines[found])
        above = index.parent()
        while above.isValid():
            self.expand(above)
            above = above.parent()
        self.setCurrentIndex(index)
        self.scrollTo(index)
        return f"{matches.index(found) + 1} of {len(matches)}"


def _contains(node: Node, needle: str) -> bool:
    row = node.row
    return row is not None and (needle in row.key.casefold() or needle in row.text.casefold())
