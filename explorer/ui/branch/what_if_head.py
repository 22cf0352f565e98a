"""The head of the branch page: that nothing is written, in words, stripes and a tone of its own; and which branch."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from explorer.ui.branch.editing import Editing
from explorer.ui.look import icons, text, theme
from explorer.ui.look.still import StillLabels

STRIPES = 6  # pixels high
WHAT_IF = "What if: nothing is written"


class _Stripes(QWidget):
    """A band of slanted stripes, as around a building site."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        self.setFixedHeight(theme.scaled(STRIPES))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, theme.scaled(STRIPES))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(theme.colours().what_if_back))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.colours().what_if))
        height, step = self.height(), theme.scaled(14)
        for left in range(-height, self.width() + height, step):
            half = step / 2
            corners = [(left, height), (left + half, height), (left + half + height, 0), (left + height, 0)]
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))


class WhatIfHead(QWidget):
    """`chosen` when another branch of the stream is to be looked at."""

    chosen = Signal(int)
    renamed = Signal(str)

    def __init__(self, editing: Editing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editing = editing
        self.setObjectName("whatifhead")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(WHAT_IF)
        self._mark = text.plain_label("", self)
        self.sentence = text.plain_label(WHAT_IF, self)
        self.sentence.setObjectName("whatiftitle")
        self.place = text.plain_label("", self)
        self.where = text.plain_label("", self)
        self.where.setProperty("tone", "what_if")
        self.where.setAccessibleName("Where the states begin to differ")
        self.names = QComboBox(self)
        self.names.setAccessibleName("Branches of this stream")
        self.names.setToolTip("Branches of this stream; they are kept in your user data folder")
        self.names.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.names.setMinimumContentsLength(14)
        self.names.activated.connect(self.chosen)
        self.name_field = QLineEdit(self)
        self.name_field.setAccessibleName("Name of the branch")
        self.name_field.setMaxLength(80)
        self.name_field.returnPressed.connect(self._name_given)
        self.name_field.editingFinished.connect(self._leave_name)
        self._naming = QStackedLayout()
        self._naming.addWidget(self.names)
        self._naming.addWidget(self.name_field)
        self._upper, self._lower = QHBoxLayout(), QHBoxLayout()
        self._upper.setContentsMargins(theme.M, theme.S, theme.M, 0)
        self._lower.setContentsMargins(theme.M, 2, theme.M, theme.S)
        for line in (self._upper, self._lower):
            line.setSpacing(theme.S)
        self._upper.addWidget(self._mark)
        self._upper.addWidget(self.sentence)
        self._upper.addSpacing(theme.M)
        self._upper.addWidget(StillLabels(self.place, self.where, parent=self), 1)
        self._lower.addLayout(self._naming)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(_Stripes(self))
        whole.addLayout(self._upper)
        whole.addLayout(self._lower)
        editing.listed.connect(self.show_names)
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        self._mark.setPixmap(icons.icon("branch", "what_if").pixmap(theme.scaled(16), theme.scaled(16)))

    def add_tool(self, name: str, title: str, keys: str, clicked: Callable[[], object]) -> QToolButton:
        """A button at the right of the names."""
        button = QToolButton(self)
        button.setIcon(icons.icon(name))
        button.setIconSize(theme.icon_size(14))
        button.setToolTip(text.tooltip(f"{title} ({keys})" if keys else title))
        button.setAccessibleName(title)
        button.clicked.connect(lambda _checked=False: clicked())
        self._lower.addWidget(button)
        return button

    def add_stretch(self) -> None:
        self._lower.addStretch(1)

    def add(self, widget: QWidget) -> None:
        self._lower.addWidget(widget)

    # -- names --------------------------------------------------------------------------------------------------------

    def show_names(self) -> None:
        """The branches there are, and which of them is looked at."""
        self.names.clear()
        for one in self._editing.all:
            edits = text.plural(len(one.edits), "edit") if one.edits else "unchanged"
            self.names.addItem(text.shown(f"{one.name}   {edits}", 120))
        self.names.setCurrentIndex(self._editing.at)
        key = self._editing.key
        text.set_label(self.place, f"{key.category} {key.id}".strip() if key else "", cut=80)

    def ask_name(self) -> None:
        """Have the branch that is looked at named."""
        field = self.name_field
        field.setText(self._editing.branch.name)
        self._naming.setCurrentIndex(1)
        self.name_field.selectAll()
        self.name_field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _name_given(self) -> None:
        self.renamed.emit(self.name_field.text())
        self._leave_name()

    def _leave_name(self) -> None:
        self._naming.setCurrentIndex(0)
