"""A panel that is made when somebody first sees it: the window comes without it, and without its imports."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget


class Later(QWidget):
    """Stands in the place of the panel that `make` gives, in which it is put then."""

    def __init__(self, make: Callable[[QWidget], QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self._panel: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    @property
    def panel(self) -> QWidget:
        """The panel; made now if it was not yet."""
        if self._panel is None:
            self._panel = self._make(self)
            self._column.addWidget(self._panel)
            self.setFocusProxy(self._panel)
        return self._panel

    def paintEvent(self, event: QPaintEvent) -> None:
        """Only what is in sight is painted; a dock behind another one counts as visible, too."""
        if self._panel is None:
            QTimer.singleShot(0, self, lambda: self.panel)
