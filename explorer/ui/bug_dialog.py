"""What nobody expected: one dialog with the traceback and Copy. The window lives on."""

from __future__ import annotations

import platform
import traceback

import PySide6
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from explorer import __version__
from explorer.ui.look import text, theme

KEPT = 20  # tracebacks in the dialog


class BugDialog(QDialog):
    """One for the whole program; a further bug is added to it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Something went wrong")
        self._texts: list[str] = []
        sentence = text.plain_label(
            "The explorer made a mistake; what you were doing may be incomplete.", self, wrap=True
        )
        hint = text.plain_label(
            "You can go on working. Please copy what stands here into a report; look whether it quotes data first.",
            self,
            wrap=True,
        )
        hint.setObjectName("muted")
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setFont(theme.mono_font(11))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName("Traceback")
        copy = QPushButton("Copy", self)
        copy.clicked.connect(self.copy)
        close = QPushButton("Close", self)
        close.setDefault(True)
        close.clicked.connect(self.hide)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(copy)
        buttons.addWidget(close)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        whole.setSpacing(theme.M)
        whole.addWidget(sentence)
        whole.addWidget(hint)
        whole.addWidget(self.text, 1)
        whole.addLayout(buttons)
        self.resize(theme.scaled(720), theme.scaled(420))
        self.setWindowModality(Qt.WindowModality.NonModal)

    def add(self, error: BaseException) -> None:
        """Show this one, below those before it."""
        words = "".join(traceback.format_exception(error))
        if words in self._texts:
            return
        self._texts = [*self._texts, words][-KEPT:]
        facts = f"event-store-explorer {__version__}, Python {platform.python_version()}, "
        facts += f"PySide6 {PySide6.__version__}, {platform.system()}"
        self.text.setPlainText(text.lines_shown("\n".join([facts, *self._texts]), 100_000))
        self.show()
        self.raise_()

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
