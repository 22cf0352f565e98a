"""The dial of the load: orders a second, what is reached of that, and how late it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QWidget

from explorer.ui.asking.serving import LoadState, Serving
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.look.still import StillLabels

RATES = (0, 1, 5, 20, 50, 100)  # orders a second
FIRST = 5  # of them, when the load is started by its button
LATE = 1.0  # seconds that are worth a colour
WIDTH = 96


class LoadDial(QWidget):
    """Stands at the rate that is wanted; 0 is off. Hidden where there can be no load."""

    def __init__(self, services: Serving, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._last = FIRST
        self.words = text.plain_label("Load", self)
        self.words.setObjectName("muted")
        self.button = QToolButton(self)
        self.button.setIconSize(theme.icon_size(14))
        self.button.clicked.connect(self.toggle)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, len(RATES) - 1)
        self.slider.setPageStep(1)
        self.slider.setTracking(False)  # while it is dragged nothing changes but what is said
        self.slider.setAccessibleName("Orders a second")
        self.slider.setToolTip(text.tooltip("Orders a second, each by a command of its own: people who order, revise, "
                                            "cancel and ship on this store."))  # fmt: skip
        self.slider.valueChanged.connect(lambda stop: self._set(RATES[stop]))
        self.slider.sliderMoved.connect(lambda stop: self._say_rate(RATES[stop]))
        self.rate = text.plain_label("", self)
        self.reached = text.plain_label("", self)
        self.reached.setAccessibleName("What is reached")
        self._said = StillLabels(self.rate, self.reached, parent=self)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.S)
        for one in (self.words, self.button, self.slider, self._said):
            line.addWidget(one)
        services.changed.connect(self._show)
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()
        self._show()

    def _apply_theme(self) -> None:
        self.slider.setFixedWidth(theme.scaled(WIDTH))
        self._said.reserve("100 /s  100.0 /s, 100 s late")
        self._said.setMinimumWidth(theme.scaled(48))  # better cut off than a wider window

    def toggle(self) -> None:
        """Start it at the rate it had last, or stop it."""
        self._set(0 if self._services.load_state.rate else self._last)

    def _set(self, rate: float) -> None:
        if self._services.can_load and rate != self._services.load_state.rate:
            self._services.load(rate)

    def _show(self) -> None:
        self.setVisible(self._services.can_load)
        state = self._services.load_state
        if state.rate:
            self._last = round(state.rate)
        stop = min(range(len(RATES)), key=lambda one: abs(RATES[one] - state.rate))
        if stop != self.slider.value() and not self.slider.isSliderDown():
            self.slider.blockSignals(True)
            self.slider.setValue(stop)
            self.slider.blockSignals(False)
        running = state.rate > 0
        words = "Stop the load" if running else "Start a load of orders"
        self.button.setIcon(icon("stop" if running else "play", "accent" if running else "muted"))
        self.button.setToolTip(text.tooltip(words))
        self.button.setAccessibleName(words)
        if not self.slider.isSliderDown():
            self._say_rate(state.rate)
        reached, tone = _reached(state)
        text.set_label(self.reached, reached, cut=80)
        self.reached.setToolTip(text.tooltip(state.problem))
        if self.reached.property("tone") != tone:
            self.reached.setProperty("tone", tone)
            self.reached.style().unpolish(self.reached)
            self.reached.style().polish(self.reached)

    def _say_rate(self, rate: float) -> None:
        text.set_label(self.rate, f"{rate:g} /s" if rate else "off")


def _reached(state: LoadState) -> tuple[str, str]:
    """What is reached, and its tone."""
    if state.problem:
        return state.problem, "error"
    if not state.rate:
        return "", ""
    if state.reached is None:
        return "starting", ""
    late = f"{state.late:.1f} s late" if state.late >= 0.05 else "in time"
    tone = "error" if state.late >= 5 * LATE else "warning" if state.late >= LATE else ""
    return f"{state.reached:.1f} /s, {late}", tone
