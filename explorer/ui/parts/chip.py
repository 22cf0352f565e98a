"""The small button over a list that says how much is new where one is not looking."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractScrollArea, QPushButton

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon


class Chip(QPushButton):
    """Floats over the lower (or upper) end of a list; hidden while there is nothing to say."""

    def __init__(self, view: QAbstractScrollArea, at_top: bool = False) -> None:
        super().__init__(view)
        self.setObjectName("chip")
        self._view = view
        self.at_top = at_top
        self.count = 0
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow stands behind the words
        self.hide()
        view.installEventFilter(self)

    def say(self, count: int, words: str = "new") -> None:
        """Show how many; 0 hides it."""
        self.count = count
        self.setIcon(icon("up" if self.at_top else "down", "accent_text"))
        self.setText(text.menu_text(f"{text.number(count)} {words}"))
        self.setAccessibleName(text.shown(f"{count} {words}: go there"))
        self.setVisible(count > 0)
        self._place()

    def _place(self) -> None:
        self.adjustSize()
        area = self._view.viewport().geometry()
        y = area.top() + theme.M if self.at_top else area.bottom() - self.height() - theme.M
        self.move(area.center().x() - self.width() // 2, y)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False
