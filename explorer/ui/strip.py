"""The head of the window: what is open, whether it can be written, whether it is live, and the way to everything."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from explorer.ui import text, theme
from explorer.ui.icons import icon
from explorer.ui.workspace import LiveState, Workspace

LIVE_WORDS = {
    "live": "Live",
    "paused": "Paused",
    "reconnecting": "Reconnecting",
    "static": "Static view",
    "off": "Not following",
}


class Dot(QWidget):
    """A coloured dot; always with a word beside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = "faint"
        self._fit()
        theme.signals().changed.connect(self._fit)

    def _fit(self) -> None:
        self.setFixedSize(theme.icon_size(8))

    def set_tone(self, tone: str) -> None:
        if tone != self._tone:
            self._tone = tone
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme.colours(), self._tone)))
        painter.drawEllipse(QRectF(0, 0, self.width(), self.height()))
        painter.end()


def hairline(vertical: bool = False, parent: QWidget | None = None) -> QFrame:
    """A separator one pixel wide."""
    line = QFrame(parent)
    line.setObjectName("vhairline" if vertical else "hairline")
    return line


class Strip(QWidget):
    """Open ▾ │ title · badge │ live │ Go to…"""

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
        self.live = QToolButton(self)
        self.live.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.live.setAccessibleName("Live: pause or resume")
        self.live.clicked.connect(lambda: workspace.actions.trigger("live"))
        self.dot = Dot(self)
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
        line.addWidget(self.dot)
        line.addWidget(self.live)
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

    def _show_none(self) -> None:
        for one in (self.title, self.kind, self.badge, self.live, self.dot, self._first_line, self._second_line):
            one.hide()
        self.goto.setEnabled(False)

    def _show_store(self) -> None:
        info = self.workspace.info
        assert info is not None
        text.set_label(self.title, info.title, cut=60)
        kind = "own store" if info.layout == "own" else info.layout
        parts = [
            kind,
            "SQLite" if info.dialect == "sqlite" else "PostgreSQL",
            info.instance if info.instance != info.layout else "",
        ]
        text.set_label(self.kind, " · ".join(part for part in parts if part), cut=80)
        self.kind.setToolTip(text.tooltip(info.notice))
        text.set_label(self.badge, "● WRITABLE" if info.writable else "READ-ONLY")
        self.badge.setProperty("kind", "writable" if info.writable else "readonly")
        self.badge.style().unpolish(self.badge)
        self.badge.style().polish(self.badge)
        if info.writable:
            self.badge.setToolTip("Commands and appended events will be written to this store.")
        else:
            self.badge.setToolTip("Nothing can be written to this store from this window.")
        for one in (self.title, self.kind, self.badge, self.live, self.dot, self._first_line, self._second_line):
            one.show()
        self.goto.setEnabled(True)
        self._show_live(self.workspace.live)

    def _show_live(self, state: LiveState) -> None:
        words = LIVE_WORDS.get(state.state, state.state)
        if state.state == "paused":
            words += f" · {text.number(state.waiting)} waiting" if state.waiting else ""
        if state.age:
            words += f" · no answer for {state.age:.0f} s"
        self.live.setText(text.menu_text(words))
        self.live.setIcon(icon("play" if state.state == "paused" else "pause"))
        self.live.setEnabled(state.state in ("live", "paused"))
        tones = {"live": "good", "paused": "warning", "reconnecting": "error", "static": "muted", "off": "faint"}
        self.dot.set_tone("error" if state.age else tones.get(state.state, "faint"))
        self.live.setToolTip(text.tooltip(state.detail or "Pause or resume: nothing is lost while it is paused."))
