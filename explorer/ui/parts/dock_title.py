"""The title line of a dock: as high as the tabs beside it, with buttons one can hit."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QToolButton, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon

HEIGHT = 30


class DockTitle(QWidget):
    """Dragging it moves the dock, as with the built-in one."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setObjectName("docktitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._dock = dock
        self._needed = True
        self.words = text.plain_label(dock.windowTitle(), self)
        self.words.setObjectName("heading")
        self.float = self._button("external", "Take out of the window, or put back")
        self.close_button = self._button("close", "Close panel (View, Panels brings it back)")
        self.float.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        self.close_button.clicked.connect(dock.close)
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.M, 0, theme.S, 0)
        line.setSpacing(2)
        line.addWidget(self.words)
        line.addStretch(1)
        line.addWidget(self.float)
        line.addWidget(self.close_button)

    def _button(self, name: str, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setIconSize(theme.icon_size(13))
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(text.tooltip(words))
        button.setAccessibleName(text.shown(f"{self._dock.windowTitle()}: {words}"))
        return button

    def set_needed(self, needed: bool) -> None:
        """Among tabs the tab is the title: then this line takes no room."""
        if needed != self._needed:
            self._needed = needed
            for one in (self.words, self.float, self.close_button):
                one.setVisible(needed)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), theme.scaled(HEIGHT) if self._needed else 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(60), theme.scaled(HEIGHT) if self._needed else 0)
