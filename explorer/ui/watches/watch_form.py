"""Where a watch is written: a path or an expression, its name, whether it has to be true; mistakes at their place."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from explorer.expressions import Expression, Mistake
from explorer.translation import FUNCTIONS, METHODS, OF_EVENT
from explorer.ui.look import text, theme
from explorer.watching import Watch

EXAMPLE = 'a path (/status), or: sum(l.quantity for l in state.lines) < 10 · event.type != "Shipped" or before.paid'

HELP = f"""A path into the state, as /lines/sku=A-1/quantity, or an expression:
state after the event · before it · event.{", event.".join(OF_EVENT)}
members as state.order.total or state["order total"] · {", ".join(f"{name}()" for name in FUNCTIONS)}
loops as sum(l.quantity for l in state.lines if l.open) · {", ".join(f".{name}()" for name in METHODS)}"""


class WatchForm(QWidget):
    """Hidden until somebody adds or edits. `saved` with the new watch and the one that it takes the place of."""

    saved = Signal(object, object)  # Watch, Watch or None
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._category = ""
        self._old: Watch | None = None
        self.setObjectName("panelhead")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.source = QLineEdit(self)
        self.source.setProperty("mono", True)
        self.source.setFont(theme.mono_font())
        self.source.setPlaceholderText(EXAMPLE)
        self.source.setAccessibleName("What to watch")
        self.source.setToolTip(text.tooltip(HELP))
        self.words = QLineEdit(self)
        self.words.setPlaceholderText("Name (optional)")
        self.words.setAccessibleName("Name of the watch")
        self.words.setMaximumWidth(theme.scaled(220))
        self.invariant = QCheckBox("Has to be true", self)
        self.invariant.setToolTip("After every event; where it is not, the stream is broken")
        self.save = QPushButton("Watch", self)
        self.save.setProperty("primary", True)
        self.cancel = QPushButton("Cancel", self)
        self.mistake = text.plain_label("", self, wrap=True)
        self.mistake.setProperty("tone", "error")
        self.mistake.setAccessibleName("What is wrong with it")
        line = QHBoxLayout()
        line.setSpacing(theme.M)
        line.addWidget(self.source, 1)
        for widget in (self.words, self.invariant, self.save, self.cancel):
            line.addWidget(widget)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        whole.setSpacing(theme.S)
        whole.addLayout(line)
        whole.addWidget(self.mistake)
        self.save.clicked.connect(self._save)
        self.cancel.clicked.connect(self.leave)
        self.source.returnPressed.connect(self._save)
        self.words.returnPressed.connect(self._save)
        self.source.textEdited.connect(lambda _text: self._say(None))
        self._say(None)
        self.hide()

    def ask(self, category: str, old: Watch | None = None) -> None:
        """Let somebody write one of this category, or change the old one."""
        self._category, self._old = category, old
        self.source.setText(old.source if old else "")
        self.words.setText(old.name if old else "")
        self.invariant.setChecked(old is not None and old.invariant)
        self.save.setText(text.menu_text("Save" if old else "Watch"))
        self._say(None)
        self.show()
        self.source.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        self.hide()
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
            return
        super().keyPressEvent(event)

    def _save(self) -> None:
        source = self.source.text().strip()
        try:
            Expression(source)
        except Mistake as mistake:
            self._say(mistake)
            return
        self.hide()
        self.saved.emit(Watch(self._category, source, self.words.text().strip(), self.invariant.isChecked()), self._old)

    def _say(self, mistake: Mistake | None) -> None:
        self.source.setProperty("invalid", mistake is not None)
        self.source.style().unpolish(self.source)
        self.source.style().polish(self.source)
        self.mistake.setVisible(mistake is not None)
        text.set_label(self.mistake, f"Column {mistake.column}: {mistake.sentence}" if mistake is not None else "")
        if mistake is not None:
            self.source.setFocus(Qt.FocusReason.OtherFocusReason)
            lead = len(self.source.text()) - len(self.source.text().lstrip())
            self.source.setSelection(lead + mistake.position, 1)
