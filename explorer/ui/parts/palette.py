"""The list that opens over the window: type a few letters, take one. Go-to and the command palette are both this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon

Index = QModelIndex | QPersistentModelIndex
CHOICE_ROLE = Qt.ItemDataRole.UserRole
WIDTH, ROWS = 620, 12
_NOWHERE = QModelIndex()


@dataclass(frozen=True, slots=True)
class Choice:
    """One line: what it is, what stands beside it, and what choosing it does."""

    title: str
    run: Callable[[], object]
    detail: str = ""
    right: str = ""
    icon: str = ""
    mono: bool = False


class _Choices(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.choices: list[Choice] = []

    def show(self, choices: Sequence[Choice]) -> None:
        self.beginResetModel()
        self.choices = list(choices)
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.choices)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.choices):
            return None
        choice = self.choices[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text.shown(f"{choice.title} {choice.detail}")
        if role == CHOICE_ROLE:
            return choice
        return None


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, theme.scaled(30))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        choice: Choice = index.data(CHOICE_ROLE)
        colours = theme.colours()
        area: QRect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(colours.selection))
        middle = Qt.AlignmentFlag.AlignVCenter
        left, right = area.left() + theme.M + theme.S, area.right() - theme.M - theme.S
        side = theme.scaled(16)
        if choice.icon:
            icon(choice.icon).paint(painter, QRect(left, area.center().y() - side // 2, side, side))
        left += side + theme.M
        painter.setPen(QColor(colours.muted))
        painter.setFont(theme.sans_font(12))
        if choice.right:
            words = text.shown(choice.right, 60)
            width = painter.fontMetrics().horizontalAdvance(words)
            painter.drawText(QRect(right - width, area.top(), width, area.height()), middle, words)
            right -= width + theme.M
        painter.setPen(QColor(colours.text))
        painter.setFont(theme.mono_font(13) if choice.mono else theme.sans_font())
        room = max(0, right - left)
        words = painter.fontMetrics().elidedText(text.shown(choice.title), Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QRect(left, area.top(), room, area.height()), middle, words)
        left += painter.fontMetrics().horizontalAdvance(words) + theme.M
        if choice.detail and left < right:
            painter.setPen(QColor(colours.muted))
            painter.setFont(theme.sans_font(12))
            words = painter.fontMetrics().elidedText(
                text.shown(choice.detail), Qt.TextElideMode.ElideRight, right - left
            )
            painter.drawText(QRect(left, area.top(), right - left, area.height()), middle, words)
        painter.restore()


class Palette(QFrame):
    """Covers nothing but its own place at the top of the window; Escape or a click elsewhere closes it."""

    def __init__(self, window: QWidget, name: str, placeholder: str) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(name)
        self._window = window
        self._before: QWidget | None = None
        self.field = QLineEdit(self)
        self.field.setObjectName("palettefield")
        self.field.setPlaceholderText(placeholder)
        self.field.setAccessibleName(name)
        self.field.installEventFilter(self)
        self.list = QListView(self)
        self.list.setAccessibleName(f"{name}: what was found")
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_Delegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._choices = _Choices(self)
        self.list.setModel(self._choices)
        self.foot = text.plain_label("", self)
        self.foot.setObjectName("muted")
        self.foot.setContentsMargins(theme.M + theme.S, theme.S, theme.M, theme.S)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.setSpacing(0)
        whole.addWidget(self.field)
        whole.addWidget(self.list)
        whole.addWidget(self.foot)
        self.list.clicked.connect(lambda index: self.take(index.row()))
        self.field.textChanged.connect(self.search)
        window.installEventFilter(self)
        self.hide()

    # -- for those who fill it -----------------------------------------------------------------------------

    def search(self, words: str) -> None:
        """The text has changed: show other choices."""

    def show_choices(self, choices: Sequence[Choice], foot: str = "") -> None:
        """Show these; the choice under the cursor stays if it is still there."""
        current = self.list.currentIndex().data(CHOICE_ROLE)
        self._choices.show(choices)
        titles = [(one.title, one.detail) for one in choices]
        before = (current.title, current.detail) if current else None
        row = titles.index(before) if before in titles else 0
        if choices:
            self.list.setCurrentIndex(self._choices.index(row, 0))
        text.set_label(self.foot, foot)
        self.foot.setVisible(bool(foot))
        self._place()

    # -- opening and closing -------------------------------------------------------------------------------

    @property
    def choices(self) -> list[Choice]:
        return self._choices.choices

    def open(self, words: str = "") -> None:
        """Show it with the cursor in the field."""
        focus = self._window.focusWidget()
        if not self.isVisible():
            self._before = focus
        self.field.setText(words)
        self.field.selectAll() if words != ">" else self.field.end(False)
        self.search(words)
        self._place()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_(self) -> None:
        """Hide it and give the focus back."""
        if self.isVisible():
            self.hide()
            if self._before is not None:
                self._before.setFocus(Qt.FocusReason.PopupFocusReason)
            self._before = None

    def take(self, row: int) -> None:
        """Do what this line says."""
        if 0 <= row < len(self.choices):
            choice = self.choices[row]
            self.close_()
            choice.run()

    def _place(self) -> None:
        width = min(theme.scaled(WIDTH), self._window.width() - 4 * theme.L)
        rows = min(ROWS, max(1, len(self.choices)))
        self.list.setFixedHeight(rows * theme.scaled(30) if self.choices else 0)
        self.setFixedWidth(width)
        self.adjustSize()
        self.move((self._window.width() - width) // 2, theme.scaled(72))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window:
            if event.type() == QEvent.Type.Resize and self.isVisible():
                self._place()
            return False
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event.key())
        if watched is self.field and event.type() == QEvent.Type.FocusOut and self.isVisible():
            self._before = None  # the focus has gone elsewhere by itself
            self.hide()
        return False

    def _key(self, key: int) -> bool:
        row = self.list.currentIndex().row()
        moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS, Qt.Key.Key_PageUp: -ROWS}
        if key == Qt.Key.Key_Escape:
            self.close_()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.take(row)
        elif key in moves:
            last = len(self.choices) - 1
            wanted = row + moves[Qt.Key(key)]
            if abs(moves[Qt.Key(key)]) == 1 and last >= 0:
                wanted %= last + 1
            self.list.setCurrentIndex(self._choices.index(max(0, min(last, wanted)), 0))
        else:
            return False
        return True
