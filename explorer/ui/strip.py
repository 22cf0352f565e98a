"""The head of the window: what is open, whether it can be written, whether it is live, and the way to everything."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.service_lights import ServiceLights
from explorer.ui.workspace import LiveState, Workspace

AGE_MS = 1_000  # milliseconds between looks at how old what is shown may be
SLACK = 24  # pixels by which the words of the live button may be shorter than the button
LIVE_TONES = {"live": "good", "paused": "warning", "reconnecting": "error", "static": "muted", "off": "faint"}
LIVE_WORDS = {
    "live": "Live",
    "paused": "Paused",
    "reconnecting": "Reconnecting",
    "static": "Static view",
    "off": "Not following",
}


def hairline(vertical: bool = False, parent: QWidget | None = None) -> QFrame:
    """A separator one pixel wide."""
    line = QFrame(parent)
    line.setObjectName("vhairline" if vertical else "hairline")
    return line


class Strip(QWidget):
    """Open ▾ │ title · badge │ live │ services │ Go to…"""

    def __init__(self, workspace: Workspace, open_menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.open_button = QToolButton(self)
        self.open_button.setText("Open")
        self.open_button.setIcon(icon("open"))
        self.open_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.open_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.open_button.setMenu(open_menu)
        self.open_button.setAccessibleName("Open a store")
        self.title = text.plain_label("", self)
        self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        bold = theme.sans_font()
        bold.setWeight(bold.Weight.DemiBold)
        self.title.setFont(bold)
        self.kind = text.plain_label("", self)
        self.kind.setObjectName("muted")
        self.badge = text.plain_label("", self)
        self.badge.setObjectName("badge")
        self.badge.setAccessibleName("Writing")
        self._tone, self._live_words = "", ""
        self.live = QToolButton(self)
        self.live.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.live.clicked.connect(lambda: workspace.actions.trigger("live"))
        self._ageing = QTimer(self, interval=AGE_MS)
        self._ageing.timeout.connect(lambda: self._show_live(workspace.live))
        self.services = ServiceLights(workspace, self)
        self.goto = QPushButton(self)
        self.goto.setObjectName("goto")
        self.goto.setIcon(icon("search"))
        self.goto.setAccessibleName("Go to anything")
        self.goto.setMinimumWidth(theme.scaled(240))
        self.goto.clicked.connect(lambda: workspace.actions.trigger("goto"))

        for button in (self.open_button, self.live):
            button.setIconSize(theme.icon_size(16))
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        line.setSpacing(theme.M)
        line.addWidget(self.open_button)
        self._first_line = hairline(True, self)
        line.addWidget(self._first_line)
        line.addWidget(self.title)
        line.addWidget(self.kind)
        line.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignVCenter)
        self._second_line = hairline(True, self)
        line.addWidget(self._second_line)
        line.addWidget(self.live)
        line.addWidget(self.services)
        line.addStretch(1)
        line.addWidget(self.goto)
        workspace.opened.connect(self._show_store)
        workspace.closing.connect(self._show_none)
        workspace.live_changed.connect(self._show_live)
        workspace.actions.changed.connect(self._show_keys)
        theme.signals().changed.connect(self._on_theme)
        self._show_keys()
        self._show_none()

    def _show_keys(self) -> None:
        keys = self.workspace.actions.key_text("goto").split(" or ")[0]
        self.goto.setText(text.menu_text(f"Go to…   {keys}"))

    def _on_theme(self) -> None:
        bold = theme.sans_font()
        bold.setWeight(bold.Weight.DemiBold)
        self.title.setFont(bold)
        self._fit_live()

    def _show_none(self) -> None:
        for one in (self.title, self.kind, self.badge, self.live, self._first_line, self._second_line):
            one.hide()
        self._ageing.stop()
        self.goto.setEnabled(False)

    def _show_store(self) -> None:
        info = self.workspace.info
        assert info is not None
        text.set_label(self.title, info.title, cut=60)
        kind = "bundle" if info.bundle else "own store" if info.layout == "own" else info.layout
        parts = [
            kind,
            f"of {info.bundle}" if info.bundle else "SQLite" if info.dialect == "sqlite" else "PostgreSQL",
            info.instance if info.instance != info.layout else "",
        ]
        text.set_label(self.kind, " · ".join(part for part in parts if part), cut=80)
        self.kind.setToolTip(text.tooltip(info.notice))
        text.set_label(
            self.badge, "● WRITABLE" if info.writable else "BUNDLE, READ-ONLY" if info.bundle else "READ-ONLY"
        )
        self.badge.setProperty("kind", "writable" if info.writable else "readonly")
        self.badge.style().unpolish(self.badge)
        self.badge.style().polish(self.badge)
        if info.writable:
            self.badge.setToolTip("Commands and appended events will be written to this store.")
        else:
            self.badge.setToolTip("Nothing can be written to this store from this window.")
        for one in (self.title, self.kind, self.badge, self.live, self._first_line, self._second_line):
            one.show()
        self._ageing.start()
        self.goto.setEnabled(True)
        self._show_live(self.workspace.live)

    def _show_live(self, state: LiveState) -> None:
        """A state, not an order: what a click does is in the tooltip."""
        possible = state.state in ("live", "paused")
        age = self.workspace.silence
        words = LIVE_WORDS.get(state.state, state.state)
        if state.age:
            words += f", no answer for {max(state.age, age):.0f} s"
        elif state.state == "live":
            words += f"   {math.ceil(age * 10) / 10:.1f} s"
        elif state.waiting:
            words += f", {text.number(state.waiting)} new"
        if words != self._live_words:
            self._live_words = words
            self.live.setText(text.menu_text(words))
            self.live.setAccessibleName(text.shown(f"{words}: pause or resume" if possible else words))
        self._fit_live()
        tone = "error" if state.age else LIVE_TONES.get(state.state, "faint")
        if tone != self._tone:
            self._tone = tone
            self.live.setIcon(icon("dot", tone))
        self.live.setToolTip(text.tooltip(self._live_tip(state)))

    def _fit_live(self) -> None:
        """Of one size as long as the words allow: else the window would be laid out anew every second."""
        wanted, now = self.live.sizeHint(), self.live.maximumSize()
        if not (
            wanted.width() <= now.width() <= wanted.width() + theme.scaled(SLACK) and wanted.height() == now.height()
        ):
            self.live.setFixedSize(wanted.width() + theme.scaled(theme.S), wanted.height())

    def _live_tip(self, state: LiveState) -> str:
        keys = self.workspace.actions.key_text("live").split(" or ")[0]
        lines = [state.detail] if state.detail else []
        if state.state == "live":
            lines += ["New events are shown as they come.", "The time is how long ago the store answered last."]
            lines.append(f"Click to pause ({keys}); nothing is lost.")
        elif state.state == "paused":
            lines.append("New events are counted and shown when it goes on.")
            lines.append(f"Click to resume ({keys}).")
        return "\n".join(lines)
