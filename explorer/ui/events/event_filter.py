"""The filter over lists of events: category, type, text, and a way back to everything."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QHBoxLayout, QLineEdit, QToolButton, QWidget

from explorer.ui.events.event_rows import Filter
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon

DEBOUNCE_MS = 250
EVERYTHING = "All categories"


class FilterBar(QWidget):
    """`changed(Filter)` a moment after the last key; at once on Enter and Clear."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._told = Filter()
        self.category = QComboBox(self)
        self.category.setAccessibleName("Category")
        self.category.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.category.setMinimumContentsLength(12)
        self.category.addItem(EVERYTHING)
        self.type = QLineEdit(self)
        self.type.setPlaceholderText("Type, with * and ?")
        self.type.setAccessibleName("Event type")
        self.type.setClearButtonEnabled(False)
        self._types = QStringListModel(self)
        completer = QCompleter(self._types, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.type.setCompleter(completer)
        self.words = QLineEdit(self)
        self.words.setPlaceholderText("Text in payload, type or id")
        self.words.setAccessibleName("Text")
        self.words.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.clear_button = QToolButton(self)
        self.clear_button.setText("Clear filter")
        self.clear_button.setIcon(icon("close"))
        self.clear_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.clear_button.clicked.connect(self.clear)
        self.clear_button.hide()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.M)
        line.addWidget(self.category)
        line.addWidget(self.type, 2)
        line.addWidget(self.words, 3)
        line.addWidget(self.clear_button)
        self._soon = QTimer(self, interval=DEBOUNCE_MS, singleShot=True)
        self._soon.timeout.connect(self._tell)
        self.category.activated.connect(lambda _index: self._tell())
        for field in (self.type, self.words):
            field.textChanged.connect(lambda _text: self._soon.start())
            field.returnPressed.connect(self._tell)

    def filter(self) -> Filter:
        """What stands in the fields."""
        category = self.category.currentData() if self.category.currentIndex() > 0 else None
        return Filter(category, self.type.text().strip() or None, self.words.text() or None)

    def set_filter(self, wanted: Filter) -> None:
        """Put this in the fields and tell."""
        if wanted.category is not None and self.category.findData(wanted.category) < 0:
            self.category.addItem(text.menu_text(wanted.category), wanted.category)
        self.category.setCurrentIndex(0 if wanted.category is None else self.category.findData(wanted.category))
        self.type.setText(wanted.type or "")
        self.words.setText(wanted.find or "")
        self._tell()

    def clear(self) -> None:
        self.set_filter(Filter())

    def set_categories(self, categories: Sequence[str]) -> None:
        """What can be chosen; the choice stays."""
        chosen = self.filter().category
        self.category.clear()
        self.category.addItem(EVERYTHING)
        for one in dict.fromkeys([*categories, *([chosen] if chosen is not None else [])]):
            self.category.addItem(text.shown(one, 40) or "(none)", one)
        if chosen is not None:
            self.category.setCurrentIndex(self.category.findData(chosen))

    def set_types(self, types: Sequence[str]) -> None:
        """What is offered while a type is being typed."""
        self._types.setStringList(list(types))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self.filter().empty:
            self.clear()
        else:
            super().keyPressEvent(event)

    def _tell(self) -> None:
        self._soon.stop()
        wanted = self.filter()
        self.clear_button.setVisible(not wanted.empty)
        if wanted != self._told:
            self._told = wanted
            self.changed.emit(wanted)
