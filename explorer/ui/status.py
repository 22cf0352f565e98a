"""The foot of the window: where the store's head is, how much there is, what runs, and how times are shown."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QProgressBar, QStatusBar, QToolButton, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.look.still import StillLabels
from explorer.ui.workspace import Arrived, Ask, LiveState, Workspace

MODES = {"local": "Local time", "utc": "UTC", "relative": "Relative", "delta": "Δ to the event before"}
SHORT = {"local": "Local", "utc": "UTC", "relative": "Relative", "delta": "Δ"}
MESSAGE_MS = 6_000
SHOWN_ASKS = 2


class RunningAsk(QWidget):
    """One running ask: what, how far, and the way to stop it."""

    def __init__(self, ask: Ask, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ask = ask
        self.words = text.plain_label(ask.text, self, cut=50)
        self.bar = QProgressBar(self)
        self.bar.setFixedWidth(theme.scaled(72))
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName("Progress")
        self.cancel = QToolButton(self)
        self.cancel.setIcon(icon("close"))
        self.cancel.setAccessibleName("Cancel")
        self.cancel.setToolTip("Cancel")
        self.cancel.clicked.connect(ask.cancel)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.S)
        line.addWidget(self.words)
        line.addWidget(self.bar)
        line.addWidget(self.cancel)
        self.refresh()

    def refresh(self) -> None:
        words = self.ask.detail or self.ask.text
        if self.ask.cancellation.cancelled:
            words = f"{words} (stopping)"
        if self.ask.progress is None:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(self.ask.progress * 1000))
            words = f"{words} {self.ask.progress:.0%}"
        text.set_label(self.words, words, cut=60)


class Status(QStatusBar):
    """head · events · lag · messages · running asks · time."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._events: int | None = None
        self.setSizeGripEnabled(False)
        self.facts = text.plain_label("", self)
        self.facts.setObjectName("muted")
        self.facts.setAccessibleName("Head, events and lag")
        self.count_button = QToolButton(self)
        self.count_button.setText("Count")
        self.count_button.setToolTip("Count the events in the background")
        self.count_button.clicked.connect(workspace.count)
        self.words = text.plain_label("", self)
        self.words.setObjectName("muted")
        self.words.setAccessibleName("Message")
        self._asks: list[RunningAsk] = []
        self._running = QWidget(self)
        self._line = QHBoxLayout(self._running)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(theme.M)
        self.time = QToolButton(self)
        self.time.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.time.setIcon(icon("clock"))
        self.time.setAccessibleName("How times are shown")
        self.time.setToolTip("How times are shown")
        self.time_menu = QMenu(self.time)
        group = QActionGroup(self.time_menu)
        for mode, words in MODES.items():
            action = self.time_menu.addAction(text.menu_text(words), partial(workspace.set_time_mode, mode))
            action.setCheckable(True)
            action.setChecked(mode == workspace.time_mode)
            action.setData(mode)
            group.addAction(action)
        self.time.setMenu(self.time_menu)
        left = QWidget(self)
        line = QHBoxLayout(left)
        line.setContentsMargins(theme.M, 0, 0, 0)
        line.setSpacing(theme.S)
        line.addWidget(StillLabels(self.facts, growing=True))
        line.addWidget(self.count_button)
        line.addSpacing(theme.M)
        line.addWidget(self.words, 1)
        self.addWidget(left, 1)
        self.addPermanentWidget(self._running)
        self.addPermanentWidget(self.time)
        self._quiet = QTimer(self, interval=MESSAGE_MS, singleShot=True)
        self._quiet.timeout.connect(lambda: text.set_label(self.words, ""))
        workspace.opened.connect(self._on_opened)
        workspace.closing.connect(self._on_closing)
        workspace.live_changed.connect(self._show_facts)
        workspace.arrived.connect(self._on_arrived)
        workspace.counted.connect(self._on_counted)
        workspace.message.connect(self.say)
        workspace.busy_changed.connect(self._on_busy)
        workspace.time_mode_changed.connect(self._show_mode)
        self._show_mode(workspace.time_mode)
        self._show_facts()

    def say(self, sentence: str) -> None:
        """A line that goes away by itself."""
        text.set_label(self.words, sentence, cut=200)
        self._quiet.start()

    def _on_opened(self) -> None:
        self._events = None
        self._show_facts()
        info = self.workspace.info
        if info is not None and info.dialect == "sqlite":
            self.workspace.count()

    def _on_closing(self) -> None:
        self._events = None
        self._on_busy([])
        self._show_facts()

    def _on_counted(self, events: int) -> None:
        self._events = events
        self._show_facts()

    def _on_arrived(self, rows: list[Arrived]) -> None:
        if self._events is not None:
            self._events += len(rows)
            self._show_facts()

    def _show_facts(self, _state: LiveState | None = None) -> None:
        if not self.workspace.is_open:
            text.set_label(self.facts, "No store is open")
            self.count_button.hide()
            return
        live = self.workspace.live
        parts = []
        if live.head is not None:
            head = text.number(live.head) if isinstance(live.head, int) else str(live.head)
            parts.append(f"head {head}")
        if self._events is not None:
            parts.append(f"≈ {text.number(self._events)} events")
        parts.append(f"lag {text.number(live.lag)}")
        text.set_label(self.facts, "  ·  ".join(parts))
        self.count_button.setVisible(self._events is None)

    def _show_mode(self, mode: str) -> None:
        self.time.setText(text.menu_text(SHORT[mode]))
        self.time.setToolButtonStyle(self.time.toolButtonStyle().ToolButtonTextBesideIcon)
        for action in self.time_menu.actions():
            action.setChecked(action.data() == mode)

    def _on_busy(self, asks: list[Ask]) -> None:
        shown = asks[:SHOWN_ASKS]
        if [one.ask for one in self._asks] != shown:
            for old in self._asks:
                self._line.removeWidget(old)
                old.hide()
                old.deleteLater()
            self._asks = [RunningAsk(ask, self._running) for ask in shown]
            for new in self._asks:
                self._line.addWidget(new)
                new.show()
        for one in self._asks:
            one.refresh()
