"""The lines of a tree of values: what one line is, and what makes it the same line in another state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.engine.messages import Row
from explorer.ui.look import text

Index = QModelIndex | QPersistentModelIndex

Identity = tuple[str, bool, bool, int]  # key, removed, can be opened, which of several alike

CONTAINERS = ("object", "array")
SPOKEN = {"+": "added", "-": "removed", "~": "changed", ">": "moved", ".": "changed inside"}
NO_IDENTITY: Identity = ("", False, False, -1)


class Column:
    """Plain numbers: naming a member of an enum takes longer than much of what a cell is painted with."""

    MARK = 0
    KEY = 1
    VALUE = 2


COLUMNS = 3
_OPENING = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_PLAIN = _OPENING | Qt.ItemFlag.ItemNeverHasChildren


class Role(IntEnum):
    ROW = Qt.ItemDataRole.UserRole + 1  # messages.Row; None for the line that stands for the members not fetched
    MORE = Qt.ItemDataRole.UserRole + 2  # how many members are not fetched; 0 for an ordinary row


class Node:
    """One line. `children` is None until they were fetched; the last one may stand for those not fetched."""

    __slots__ = ("children", "fetching", "identity", "more", "number", "parent", "position", "row", "total")

    def __init__(self, number: int, parent: Node | None, row: Row | None, identity: Identity) -> None:
        self.number = number
        self.parent = parent
        self.row = row
        self.identity = identity
        self.position = 0
        self.children: list[Node] | None = None
        self.total = 0
        self.more = 0
        self.fetching = False

    @property
    def path(self) -> str:
        return self.row.path if self.row is not None else ""

    @property
    def container(self) -> bool:
        if self.parent is None:
            return True
        return self.row is not None and can_be_opened(self.row)

    @property
    def depth(self) -> int:
        """How many lines stand above it; 0 for those at the top."""
        depth, above = 0, self.parent
        while above is not None and above.parent is not None:
            depth, above = depth + 1, above.parent
        return depth

    @property
    def members(self) -> list[Node]:
        """The fetched children, without the line that stands for the rest."""
        if not self.children:
            return []
        return self.children[:-1] if self.children[-1].more else self.children

    def chain(self) -> tuple[str, ...]:
        """The keys from the root: the same line in another state has the same chain."""
        parts = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            parts.append(node.identity[0])
            node = node.parent
        return tuple(reversed(parts))


def can_be_opened(row: Row) -> bool:
    return row.kind in CONTAINERS and row.size > 0


def describe(row: Row) -> str:
    """Where a value is, what happened to it, and its beginning: for tooltips."""
    words = [row.path or "/", row.text]
    if row.mark:
        words.insert(1, SPOKEN.get(row.mark, ""))
    if row.written >= 0:
        words.append(f"last written by v {text.number(row.written)}" if row.written else "never written")
    return "\n".join(words)


def identities(rows: Sequence[Row]) -> list[Identity]:
    """What makes each row the same line as one of another state.

    Whether it can be opened belongs to it, because a tree view asks for that only when the line is new.
    """
    seen: dict[tuple[str, bool, bool], int] = {}
    found = []
    for row in rows:
        base = (row.key, row.mark == "-", can_be_opened(row))
        nth = seen.get(base, 0)
        seen[base] = nth + 1
        found.append((*base, nth))
    return found


class TreeOfValues(QAbstractItemModel):
    """The lines as Qt sees them (columns: mark, key, value), and how other rows are put in their place."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = 0
        self._nodes: dict[int, Node] = {}
        self._root = self._make(None, None, NO_IDENTITY)

    # -- the tree as Qt sees it ---------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        children = self._node(parent).children
        if children is None or not (0 <= row < len(children) and 0 <= column < COLUMNS):
            return QModelIndex()
        if parent.isValid() and parent.column() != 0:
            return QModelIndex()
        return self.createIndex(row, column, children[row].number)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        if not index.isValid():
            return QModelIndex()
        parent = self._node(index).parent
        return QModelIndex() if parent is None else self.index_of(parent)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if parent.isValid() and parent.column() != 0:
            return 0
        children = self._node(parent).children
        return len(children) if children is not None else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return COLUMNS

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        if parent.isValid() and parent.column() != 0:
            return False
        node = self._node(parent)
        return bool(node.children) if node.children is not None else node.container

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _OPENING if self._node(index).container else _PLAIN

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node = self._node(index)
        if role == Role.ROW:
            return node.row
        if role == Role.MORE:
            return node.more
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(node, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and node.row is not None:
            return text.tooltip(describe(node.row))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(node, index.column())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ("", "Name", "Value")[section]
        return None

    @staticmethod
    def _text(node: Node, column: int) -> str:
        if node.row is None:
            return f"… {node.more:,} more" if column == Column.KEY else ""
        if column == Column.MARK:
            return node.row.mark
        return node.row.key if column == Column.KEY else node.row.text

    @staticmethod
    def _spoken(node: Node, column: int) -> str:
        if column == Column.MARK and node.row is not None:
            return SPOKEN.get(node.row.mark, "")
        return TreeOfValues._text(node, column)

    # -- nodes --------------------------------------------------------------------------------------------------------

    def _make(self, parent: Node | None, row: Row | None, identity: Identity) -> Node:
        node = Node(self._numbers, parent, row, identity)
        self._nodes[node.number] = node
        self._numbers += 1
        return node

    def _forget(self, node: Node) -> None:
        for child in node.children or ():
            self._forget(child)
        self._nodes.pop(node.number, None)

    def _node(self, index: Index) -> Node:
        return self._nodes[index.internalId()] if index.isValid() else self._root

    def index_of(self, node: Node, column: int = 0) -> QModelIndex:
        return QModelIndex() if node.parent is None else self.createIndex(node.position, column, node.number)

    def node_at(self, index: Index) -> Node:
        return self._node(index)

    def walk(self, node: Node | None = None) -> Iterator[Node]:
        """All fetched lines that stand for a value, in order of the tree."""
        for child in (node or self._root).members:
            yield child
            yield from self.walk(child)

    # -- putting rows in place of others ------------------------------------------------------------------------------

    def _merge(self, node: Node, rows: Sequence[Row], total: int) -> None:
        """Make the children of the node these rows, touching only what differs."""
        if node.children is None:
            node.children = []
        names = identities(rows)
        if [child.identity for child in node.children if not child.more] == names:
            self._put(node, rows)
        else:
            self._remove_vanished(node, set(names))
            self._place(node, rows, names)
        node.total = total
        self._place_more(node, max(0, total - len(rows)))

    def _remove_vanished(self, node: Node, wanted: set[Identity]) -> None:
        children = node.children
        assert children is not None
        last = len(children) - 1
        while last >= 0:
            if children[last].more or children[last].identity in wanted:
                last -= 1
                continue
            first = last
            while first > 0 and children[first - 1].identity not in wanted:
                first -= 1
            self._remove(node, first, last)
            last = first - 1

    def _remove(self, node: Node, first: int, last: int) -> None:
        children = node.children
        assert children is not None
        self.beginRemoveRows(self.index_of(node), first, last)
        for child in children[first : last + 1]:
            self._forget(child)
        del children[first : last + 1]
        self._number(children, first)
        self.endRemoveRows()

    def _place(self, node: Node, rows: Sequence[Row], names: Sequence[Identity]) -> None:
        children = node.children
        assert children is not None
        here = {child.identity for child in children if not child.more}
        position = 0
        while position < len(rows):
            name = names[position]
            if name not in here:
                end = position + 1
                while end < len(rows) and names[end] not in here:
                    end += 1
                self._insert(node, position, rows[position:end], names[position:end])
                position = end
                continue
            if children[position].identity != name:
                found = next(i for i in range(position + 1, len(children)) if children[i].identity == name)
                parent = self.index_of(node)
                self.beginMoveRows(parent, found, found, parent, position)
                children.insert(position, children.pop(found))
                self._number(children, position)
                self.endMoveRows()
            position += 1
        self._put(node, rows)

    def _put(self, node: Node, rows: Sequence[Row]) -> None:
        """Give the children, which are the same lines, their values of now."""
        assert node.children is not None
        changed = [child for child, row in zip(node.children, rows, strict=False) if child.row != row]
        for child in changed:
            child.row = rows[child.position]
        if changed:
            self.dataChanged.emit(self.index_of(changed[0]), self.index_of(changed[-1], COLUMNS - 1))

    def _insert(self, node: Node, position: int, rows: Sequence[Row], names: Sequence[Identity]) -> None:
        children = node.children
        assert children is not None
        self.beginInsertRows(self.index_of(node), position, position + len(rows) - 1)
        children[position:position] = [self._make(node, row, name) for row, name in zip(rows, names, strict=True)]
        self._number(children, position)
        self.endInsertRows()

    def _place_more(self, node: Node, more: int) -> None:
        children = node.children
        assert children is not None
        line = children[-1] if children and children[-1].more else None
        if line is None and more:
            self.beginInsertRows(self.index_of(node), len(children), len(children))
            line = self._make(node, None, NO_IDENTITY)
            line.more, line.position = more, len(children)
            children.append(line)
            self.endInsertRows()
        elif line is not None and not more:
            self._remove(node, line.position, line.position)
        elif line is not None and line.more != more:
            line.more = more
            self.dataChanged.emit(self.index_of(line), self.index_of(line, COLUMNS - 1))

    @staticmethod
    def _number(children: list[Node], start: int) -> None:
        for position in range(start, len(children)):
            children[position].position = position
