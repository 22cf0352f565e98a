"""A notice inside a panel: what happened, what to do, Retry and Details."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from explorer.errors import ExplorerError
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon

_ICONS = {"error": "error", "warning": "warning", "info": "info"}


class Banner(QWidget):
    """Hidden until something is to be said. `kind`: "error", "warning" or "info"."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Notice")
        self._retry: Callable[[], None] | None = None
        self._icon = QLabel(self)
        self.sentence = text.plain_label("", self, wrap=True)
        self.hint = text.plain_label("", self, wrap=True)
        self.hint.setObjectName("muted")
        self.retry = QToolButton(self)
        self.retry.setText("Retry")
        self.retry.clicked.connect(self._on_retry)
        self.details = QToolButton(self)
        self.details.setText("Details")
        self.details.setCheckable(True)
        self.details.toggled.connect(self._on_details)
        self.dismiss = QToolButton(self)
        self.dismiss.setIcon(icon("close"))
        self.dismiss.setAutoRaise(True)
        self.dismiss.setAccessibleName("Dismiss")
        self.dismiss.setToolTip("Dismiss")
        self.dismiss.clicked.connect(self.clear)
        self._detail = QPlainTextEdit(self)
        self._detail.setReadOnly(True)
        self._detail.setAccessibleName("Details of the notice")
        self._detail.setMaximumHeight(160)
        self._detail.hide()

        words = QVBoxLayout()
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(2)
        words.addWidget(self.sentence)
        words.addWidget(self.hint)
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.M)
        line.addWidget(self._icon)
        line.addLayout(words, 1)
        line.addWidget(self.retry)
        line.addWidget(self.details)
        line.addWidget(self.dismiss)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.M + theme.S, theme.M, theme.M, theme.M)
        whole.setSpacing(theme.S)
        whole.addLayout(line)
        whole.addWidget(self._detail)
        self.hide()

    def show_error(self, error: ExplorerError, retry: Callable[[], None] | None = None) -> None:
        """Sentence and hint of a failure; the chain of causes under Details."""
        detail = "".join(traceback.format_exception(error)) if error.__cause__ is not None else ""
        self.show_notice("error", str(error), error.hint, retry=retry, detail=detail)

    def show_notice(
        self,
        kind: str,
        sentence: str,
        hint: str = "",
        *,
        retry: Callable[[], None] | None = None,
        detail: str = "",
    ) -> None:
        self._retry = retry
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self._icon.setPixmap(icon(_ICONS[kind], kind if kind != "info" else "accent").pixmap(16, 16))
        text.set_label(self.sentence, sentence)
        text.set_label(self.hint, hint)
        self.hint.setVisible(bool(hint))
        self.retry.setVisible(retry is not None)
        self.details.setVisible(bool(detail))
        self.details.setChecked(False)
        self._detail.setPlainText(text.lines_shown(detail, 20_000))
        self._detail.hide()
        self.setAccessibleDescription(text.shown(f"{sentence} {hint}", 500))
        self.show()

    def copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self._detail.toPlainText())

    def clear(self) -> None:
        """Nothing to say any more."""
        if not self.isHidden():
            self.hide()
            self.closed.emit()

    def _on_retry(self) -> None:
        again = self._retry
        self.clear()
        if again is not None:
            again()

    def _on_details(self, shown: bool) -> None:
        self._detail.setVisible(shown)
