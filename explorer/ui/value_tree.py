"""A tree of values on the screen: what a state or a payload looks like, with what changed marked.

The signs + − ~ > stand in a gutter of their own, so that they line up however deep a line is; colour, tint and weight
repeat what they say. Values that were cut say how large they are and can be opened in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QFontMetrics, QKeyEvent, QKeySequence, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from explorer.engine.messages import CUT, Row
from explorer.ui import text, theme
from explorer.ui.icons import icon
from explorer.ui.tree_model import PagedTreeModel
from explorer.ui.tree_nodes import Column, Node, Role

Index = QModelIndex | QPersistentModelIndex
SIGNS = {"+": "+", "-": "−", "~": "~", ">": ">", ".": "•"}
OPEN_SMALL = 12  # containers of at most so many members open by themselves when first seen …
OPEN_DEPTH = 2  # … down to here
GUTTER = 24
NAMES = 150  # pixels of the column of names, at first


def is_cut(row: Row) -> bool:
    """Whether the row shows only the beginning of its value."""
    return row.kind not in ("object", "array") and row.size > CUT


def extent(row: Row) -> str:
    """How large a cut value is."""
    unit = "B" if row.kind == "bytes" else "characters"
    return f"{text.number(row.size)} {unit}"


class _Delegate(QStyledItemDelegate):
    """Cells in the colours of their marks and kinds."""

    def __init__(self, tree: ValueTree) -> None:
        super().__init__(tree)
        self._tree = tree

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.scaled(40), theme.row_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row | None = index.data(Role.ROW)
        area: QRect = option.rect
        colours = theme.colours()
        mark = row.mark if row is not None else ""
        fore, _back = theme.mark_colours(mark)
        column = index.column()
        painter.save()
        if row is None:
            if column == Column.KEY:
                self._draw(painter, area, index.data(), QColor(colours.accent), theme.sans_font())
        elif column == Column.MARK:
            painter.setFont(self._tree.bold_font)
            painter.setPen(QColor(colours.faint) if self._tree.stale else fore)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, SIGNS.get(mark, ""))
        elif column == Column.KEY:
            bold = mark in ("+", "-", "~", ">")
            colour = fore if bold else QColor(colours.text)
            self._draw(painter, area, row.key, colour, self._tree.bold_font if bold else self._tree.plain_font, row)
        else:
            self._paint_value(painter, area, row, fore)
        painter.restore()

    def _paint_value(self, painter: QPainter, area: QRect, row: Row, fore: QColor) -> None:
        colours = theme.colours()
        bold = row.mark in ("+", "-", "~", ">")
        if row.kind in ("object", "array"):
            colour = QColor(colours.muted)
        elif bold:
            colour = fore
        else:
            by_kind = {"number": colours.accent, "boolean": colours.move, "null": colours.move, "bytes": colours.muted}
            colour = QColor(by_kind.get(row.kind, colours.text))
        font = self._tree.bold_font if bold and row.kind not in ("object", "array") else self._tree.plain_font
        if is_cut(row):
            link = self._tree.link_rect(area, row)
            area = QRect(area.left(), area.top(), max(0, link.left() - theme.M - area.left()), area.height())
            painter.setFont(theme.sans_font(12))
            painter.setPen(QColor(colours.accent))
            painter.drawText(link, Qt.AlignmentFlag.AlignCenter, self._tree.link_text(row))
        words = f'"{row.text}"' if row.kind == "string" else row.text
        self._draw(painter, area, words, colour, font, row)

    def _draw(
        self, painter: QPainter, area: QRect, words: str, colour: QColor, font: QFont, row: Row | None = None
    ) -> None:
        if self._tree.stale:
            colour = QColor(theme.colours().faint)
        room = area.adjusted(theme.S, 0, -theme.S, 0)
        if row is not None and row.mark == "-":
            font = QFont(font)
            font.setStrikeOut(True)
        cut = QFontMetrics(font).elidedText(text.shown(words, 2 * CUT), Qt.TextElideMode.ElideRight, room.width())
        painter.setFont(font)
        painter.setPen(colour)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine
        painter.drawText(room, flags, cut)


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

    def __init__(self, model: PagedTreeModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values = model
        self.stale = False
        self.entries: list[MenuEntry | None] = []  # None: a separator
        self._seen: set[tuple[str, ...]] = set()  # containers that were there once
        self._open: set[tuple[str, ...]] = set()  # those of them that are to be open when they are there
        self._restoring = False
        self._anchor: tuple[QPersistentModelIndex, int] | None = None
        self.setAccessibleName(name)
        self.setModel(model)
        model.is_expanded = self.isExpanded
        model.lowest_visible = self._lowest_visible
        self.setItemDelegate(_Delegate(self))
        self.setTreePosition(Column.KEY)
        self.setUniformRowHeights(True)
        self.setRootIsDecorated(True)
        self.setAllColumnsShowFocus(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
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
        self.plain_font = theme.mono_font()
        self.bold_font = theme.mono_font()
        self.bold_font.setBold(True)
        self.setIndentation(theme.scaled(16))
        self.setColumnWidth(Column.MARK, theme.scaled(GUTTER))
        self.setColumnWidth(Column.KEY, theme.scaled(NAMES))
        self.viewport().update()

    def hide_marks(self) -> None:
        """For values that are compared with nothing: no gutter."""
        self.setColumnHidden(Column.MARK, True)

    def set_stale(self, stale: bool) -> None:
        """Grey: what is shown is not what was asked for last."""
        if stale != self.stale:
            self.stale = stale
            self.viewport().update()

    def drawRow(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The tint of a mark runs through the whole line, gutter and indentation too."""
        row: Row | None = index.data(Role.ROW)
        area: QRect = option.rect
        if self.selectionModel().isRowSelected(index.row(), index.parent()):
            painter.fillRect(area, QColor(theme.colours().selection))
        elif row is not None and row.mark in ("+", "-", "~", ">"):
            painter.fillRect(area, theme.mark_colours(row.mark)[1])
        super().drawRow(painter, option, index)

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

    def link_text(self, row: Row) -> str:
        return f"{extent(row)} · Open full"

    def link_rect(self, area: QRect, row: Row) -> QRect:
        """Where the link stands in the cell of the value: at its right edge."""
        width = QFontMetrics(theme.sans_font(12)).horizontalAdvance(self.link_text(row)) + theme.M
        return QRect(max(area.left(), area.right() - width), area.top(), width, area.height())

    def _link_at(self, where: QPoint) -> Row | None:
        index = self.indexAt(where)
        if not index.isValid() or index.column() != Column.VALUE:
            return None
        row: Row | None = index.data(Role.ROW)
        if row is None or not is_cut(row) or not self.link_rect(self.visualRect(index), row).contains(where):
            return None
        return row

    # -- mouse, keys, menu ------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        index = self.indexAt(where)
        hand = self._link_at(where) is not None or bool(index.isValid() and index.data(Role.MORE))
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() != Qt.MouseButton.LeftButton:
            return
        where = event.position().toPoint()
        row = self._link_at(where)
        index = self.indexAt(where)
        if row is not None:
            self.full_wanted.emit(row)
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
