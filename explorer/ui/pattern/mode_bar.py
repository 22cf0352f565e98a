"""How the pattern is watched: live, slow or step by step; forth and back; how much waits to be shown."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.look.still import StillLabels
from explorer.ui.pattern.script import Script

Mode = Literal["live", "slow", "step"]
_MODES: tuple[tuple[Mode, str, str, str], ...] = (
    ("live", "Live", "live", "As it happens; much at once becomes one dot with its number"),
    ("slow", "Slow", "clock", "One event after the other, at a pace that can be read"),
    ("step", "Step by step", "step-forward", "The next step when you want it: Space or →, back with ←"),
)


class ModeBar(QWidget):
    """Says what is wanted; whoever plays the script does it."""

    mode_wanted = Signal(str)
    back_wanted = Signal()
    forward_wanted = Signal()
    now_wanted = Signal()
    compare_wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panelhead")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        line.setSpacing(theme.S)
        self._group = QButtonGroup(self)
        self.modes: dict[Mode, QToolButton] = {}
        for mode, title, picture, tip in _MODES:
            button = QToolButton(self)
            button.setText(text.menu_text(title))
            button.setIcon(icon(picture))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setCheckable(True)
            button.setToolTip(text.tooltip(tip))
            button.clicked.connect(lambda _on=False, mode=mode: self.mode_wanted.emit(mode))
            self._group.addButton(button)
            self.modes[mode] = button
            line.addWidget(button)
        line.addSpacing(theme.M)
        self.back = self._button("step-back", "Step back", "←", self.back_wanted)
        self.forward = self._button("step-forward", "Next step", "Space or →", self.forward_wanted)
        self.now = self._button("skip-forward", "To now, and leave out what waits to be shown", "End", self.now_wanted)
        for button in (self.back, self.forward, self.now):
            line.addWidget(button)
        self.backlog = text.plain_label("", self)
        self.backlog.setObjectName("muted")
        self.backlog.setAccessibleName("What waits to be shown")
        line.addWidget(StillLabels(self.backlog, parent=self), 1)
        self.compare = QToolButton(self)
        self.compare.setText("Row or events")
        self.compare.setIcon(icon("compare"))
        self.compare.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.compare.setCheckable(True)
        self.compare.setToolTip(text.tooltip("What a row that is overwritten would have left, beside the events"))
        self.compare.toggled.connect(self.compare_wanted)
        line.addWidget(self.compare)

    def _button(self, picture: str, title: str, keys: str, wanted: SignalInstance) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(picture, "text"))
        button.setAccessibleName(title)
        button.setToolTip(text.tooltip(f"{title}\n{keys}"))
        button.clicked.connect(lambda: wanted.emit())
        return button

    def show_mode(self, mode: Mode) -> None:
        self.modes[mode].setChecked(True)

    def show_script(self, script: Script, mode: Mode) -> None:
        """What waits, and which way one can go."""
        events, steps = script.backlog, script.waiting
        parts = []
        if events:
            parts.append(f"{text.number(events)} event{'' if events == 1 else 's'} waiting to be shown")
        elif steps:
            parts.append(f"{steps} more step{'' if steps == 1 else 's'}")
        if script.left_out:
            parts.append(f"{text.number(script.left_out)} steps left out")
        text.set_label(self.backlog, ", ".join(parts))
        self.back.setEnabled(script.at > 0)
        self.forward.setEnabled(mode != "step" or steps > 0)
        self.now.setEnabled(steps > 0)
