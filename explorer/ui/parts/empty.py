"""What an empty place says: why nothing is here, and what to do next."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon


class EmptyState(QWidget):
    """A calm icon, one sentence, one explanation, at most one button."""

    def __init__(
        self,
        sentence: str = "",
        hint: str = "",
        *,
        icon_name: str = "box",
        action: str = "",
        on_action: Callable[[], None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("empty")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._picture = QLabel(self)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sentence = text.plain_label("", self, wrap=True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint = text.plain_label("", self, wrap=True)
        self.hint.setObjectName("muted")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton(self)
        self.button.clicked.connect(self._on_button)
        self._on_action: Callable[[], None] | None = None
        self._icon_name = icon_name

        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.L, theme.S, theme.L, theme.S)
        whole.setSpacing(theme.M)
        whole.addStretch(2)
        whole.addWidget(self._picture)
        whole.addWidget(self.sentence)
        whole.addWidget(self.hint)
        whole.addSpacing(theme.S)
        whole.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        whole.addStretch(3)
        self.say(sentence, hint, icon_name=icon_name, action=action, on_action=on_action)
        theme.signals().changed.connect(self._repaint_icon)

    def say(
        self,
        sentence: str,
        hint: str = "",
        *,
        icon_name: str | None = None,
        action: str = "",
        on_action: Callable[[], None] | None = None,
    ) -> None:
        """Say something else."""
        self._on_action = on_action
        if icon_name is not None:
            self._icon_name = icon_name
        text.set_label(self.sentence, sentence)
        text.set_label(self.hint, hint)
        self.hint.setVisible(bool(hint))
        self.button.setText(text.menu_text(action))
        self.button.setVisible(bool(action))
        self._repaint_icon()
        self.setAccessibleName(text.shown(sentence))
        self.setAccessibleDescription(text.shown(hint, 500))

    def minimumSizeHint(self) -> QSize:
        # A place that may be empty must not be larger than what stands there when it is not.
        return QSize(theme.scaled(120), theme.scaled(72))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._picture.setVisible(self.height() >= theme.scaled(170))

    def _repaint_icon(self) -> None:
        side = theme.scaled(28)
        self._picture.setPixmap(icon(self._icon_name, "faint").pixmap(side, side))

    def _on_button(self) -> None:
        if self._on_action is not None:
            self._on_action()
