"""A question in place, before something that cannot be undone: what would happen, yes, no."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from explorer.ui.look import text, theme


class Question(QWidget):
    """Hidden until something is asked. `answered` with True for yes; hiding it is a no that nobody hears."""

    answered = Signal(bool)

    def __init__(self, yes: str, no: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setProperty("kind", "warning")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.sentence = text.plain_label("", self, wrap=True)
        self.yes = QPushButton(text.menu_text(yes), self)
        self.no = QPushButton(text.menu_text(no), self)
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.M + theme.S, theme.S, theme.M, theme.S)
        line.setSpacing(theme.M)
        line.addWidget(self.sentence, 1)
        line.addWidget(self.yes)
        line.addWidget(self.no)
        self.yes.clicked.connect(lambda: self._answer(True))
        self.no.clicked.connect(lambda: self._answer(False))
        self.hide()

    def ask(self, sentence: str) -> None:
        """Ask; the keyboard stands at no."""
        text.set_label(self.sentence, sentence)
        self.show()
        self.no.setFocus(Qt.FocusReason.OtherFocusReason)

    def _answer(self, yes: bool) -> None:
        self.hide()
        self.answered.emit(yes)
