"""The line that finds something in a pane: what, how it went, previous, next, close."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon


class FindBar(QWidget):
    """Hidden until asked for. `search(what, direction, again)` moves to the match and returns what to say of it.

    `direction` is 1 or -1; `again` is false while the text is being typed (the present line may match).
    """

    closed = Signal()

    def __init__(self, search: Callable[[str, int, bool], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self._search = search
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Find")
        self.field.setAccessibleName("Find in pane")
        self.field.textEdited.connect(lambda _text: self._run(1, False))
        self.field.returnPressed.connect(lambda: self.again(1))
        self.verdict = text.plain_label("", self)
        self.verdict.setObjectName("muted")
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.M, theme.S, theme.S, theme.S)
        line.setSpacing(theme.S)
        line.addWidget(self.field, 1)
        line.addWidget(self.verdict)
        for name, title, clicked in (
            ("up", "Previous match\nShift+F3", lambda: self.again(-1)),
            ("down", "Next match\nF3", lambda: self.again(1)),
            ("close", "Close\nEsc", self.close_bar),
        ):
            button = QToolButton(self)
            button.setIcon(icon(name))
            button.setIconSize(theme.icon_size(14))
            button.setToolTip(text.tooltip(title))
            button.setAccessibleName(title.split("\n")[0])
            button.clicked.connect(clicked)
            line.addWidget(button)
        self.hide()

    def ask(self) -> None:
        """Show the line and put the cursor into it."""
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def again(self, direction: int) -> None:
        """The next (1) or previous (-1) match; asks what for when nothing was typed yet."""
        if self.field.text():
            self._run(direction, True)
        else:
            self.ask()

    def close_bar(self) -> None:
        self.hide()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
            return
        super().keyPressEvent(event)

    def _run(self, direction: int, again: bool) -> None:
        what = self.field.text()
        text.set_label(self.verdict, self._search(what, direction, again) if what else "")
