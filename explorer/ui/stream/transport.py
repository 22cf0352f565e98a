"""The transport: stepping through a stream like through a recording.

It shows where the cursor stands and says where the user wants it (`wanted`); whoever owns the cursor sets it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QSlider, QToolButton, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.look.still import StillLabels
from explorer.ui.stream.timeline import Timeline

_DIGIT = re.compile(r"\d")
SPEEDS = (0.5, 1.0, 2.0, 5.0, 10.0, 50.0)  # events a second


class NotFound(Exception):
    """What was typed into the go-to field leads nowhere; the sentence says why."""


def place(typed: str, timeline: Timeline, cursor: int, utc: bool) -> int:
    """The ordinal meant by a version ("12", "v12") or a time ("2026-03-01 09:14", "09:14:02" of the cursor's day).

    A time leads to the last event at or before it. Raises NotFound.
    """
    words = typed.strip()
    if not timeline.count:
        raise NotFound("There is no event yet.")
    number = words.removeprefix("v").strip().replace(",", "").replace("\u2009", "").replace(" ", "")
    if number.isascii() and number.isdigit():
        found = timeline.ordinal_of(int(number))
        if found is None:
            first, last = timeline.versions[0], timeline.versions[-1]
            raise NotFound(f"There is no version {number[:20]}; they go from {first} to {last}.")
        return found
    moment = _moment(words, timeline.time(cursor), utc)
    found = timeline.ordinal_at(moment)
    if found is None:
        raise NotFound("No event is that old.")
    return found


def _moment(words: str, near: int | None, utc: bool) -> int:
    """Microseconds since the epoch of a typed time; without a zone UTC or local, without a date on the day of `near`.

    A whole day or second means its end, so that what happened within it is at or before.
    """
    zone = UTC if utc else None
    only_day = len(words) == 10
    whole = words
    if ":" in words and "-" not in words.split("+")[0]:
        if near is None:
            raise NotFound("Type a date too: the event under the cursor has no time.")
        day = datetime.fromtimestamp(near / 1_000_000, UTC).astimezone(zone)
        whole = f"{day:%Y-%m-%d}T{words if len(words.split(':')[0]) == 2 else '0' + words}"
    try:
        value = datetime.fromisoformat(whole)
    except ValueError:
        raise NotFound("Type a version (12) or a time (2026-03-01 09:14, 09:14:02).") from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC) if utc else value.astimezone()
    if only_day:
        value += timedelta(days=1, microseconds=-1)
    elif value.microsecond == 0:
        value += timedelta(minutes=1) if whole.count(":") == 1 else timedelta(seconds=1)
        value -= timedelta(microseconds=1)
    found = text.microseconds(value)
    assert found is not None
    return found


class GoToField(QLineEdit):
    """Where a version or a time is typed. Escape gives the focus back."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
            return
        super().keyPressEvent(event)


class Transport(QWidget):
    """First, back, play, forward, last, speed, slider, where we are, go to."""

    wanted = Signal(int)  # ordinal
    stopped = Signal(int)  # playing has come to `stop_at`
    refused = Signal(str)  # what was typed leads nowhere

    def __init__(self, timeline: Timeline, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.timeline = timeline
        self.at = 0
        self.utc = False
        self.reading = True  # nobody knows yet whether there are events
        self.direction = 1  # of playing; -1: backwards
        self.stop_at: int | None = None  # ordinal at which playing is to end
        self.prepare: Callable[[int, Callable[[], None]], None] | None = None  # before playing: finds out where to stop
        self.leap: Callable[[int], None] | None = None  # makes steps that are not by one event
        self._build()
        self._player = QTimer(self)
        self._player.setTimerType(Qt.TimerType.PreciseTimer)
        self._player.timeout.connect(self._tick)
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _build(self) -> None:
        self.first = self._button("skip-back", "First event", "Home", lambda: self.wanted.emit(0))
        self.back = self._button("step-back", "Step back", "Left, Ctrl+[", lambda: self.step(-1))
        self.play = self._button("play", "Play", "Space", lambda: self.toggle_play())
        self.forward = self._button("step-forward", "Step forward", "Right, Ctrl+]", lambda: self.step(1))
        self.last = self._button(
            "skip-forward", "Last event", "End", lambda: self.wanted.emit(max(0, self.timeline.count - 1))
        )
        self.speed = QComboBox(self)
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setCurrentIndex(1)
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("Events a second while playing")
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.speed.currentIndexChanged.connect(self._speed_changed)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setAccessibleName("Position in the stream")
        self.slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.slider.actionTriggered.connect(lambda _action: self.wanted.emit(self.slider.sliderPosition()))
        self.version = text.plain_label("", self)
        self.version.setAccessibleName("Version")
        self.time = text.plain_label("", self)
        self.time.setObjectName("muted")
        self.time.setAccessibleName("Time of the event")
        self._version_place, self._time_place = StillLabels(self.version), StillLabels(self.time)
        self.go_to = GoToField(self)
        self.go_to.setPlaceholderText("Version or time")
        self.go_to.setAccessibleName("Go to version or time")
        self.go_to.setToolTip("Go to a version (12) or the last event at a time (2026-03-01 09:14)\nCtrl+G")
        self.go_to.returnPressed.connect(self._typed)
        self.go_to.textEdited.connect(lambda _text: self._mark_invalid(False))

        line = QHBoxLayout(self)
        line.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        line.setSpacing(0)
        for button in (self.first, self.back, self.play, self.forward, self.last):
            line.addWidget(button)
        line.addSpacing(theme.S)
        line.addWidget(self.speed)
        self.more = QHBoxLayout()  # for what else there is to say about playing
        line.addLayout(self.more)
        line.addSpacing(theme.M)
        line.addWidget(self.slider, 1)
        line.addSpacing(theme.M)
        line.addWidget(self._version_place)
        line.addSpacing(theme.M)
        line.addWidget(self._time_place)
        line.addSpacing(theme.M)
        line.addWidget(self.go_to)

    def _apply_theme(self) -> None:
        self.slider.setMinimumWidth(theme.scaled(40))
        self.go_to.setMinimumWidth(theme.scaled(40))
        self.go_to.setMaximumWidth(theme.scaled(118))
        self.timeline_changed()

    def minimumSizeHint(self) -> QSize:
        """The time is left out where room is short: the table has it too."""
        least = super().minimumSizeHint()
        return least if self._time_place.isHidden() else least - QSize(self._time_place.minimumSizeHint().width(), 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_time()

    def _fit_time(self) -> None:
        needed = self.minimumSizeHint().width() + self._time_place.minimumSizeHint().width()
        self._time_place.setVisible(self.width() >= needed)

    def _button(self, name: str, title: str, keys: str, clicked: object) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name, "text"))
        button.setIconSize(theme.icon_size(16))
        button.setAccessibleName(title)
        button.setToolTip(text.tooltip(f"{title}\n{keys}"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(clicked)
        return button

    # -- what it shows ----------------------------------------------------------------------------------------------

    def set_timeline(self, timeline: Timeline) -> None:
        """Show another one (the stream was read anew)."""
        self.timeline = timeline
        self.timeline_changed()

    def timeline_changed(self) -> None:
        """Events were added."""
        self.slider.setRange(0, max(0, self.timeline.count - 1))
        self.slider.setPageStep(max(1, self.timeline.count // 20))
        self._show()
        self._fit_time()

    def set_cursor(self, ordinal: int) -> None:
        self.at = ordinal
        self._show()
        if self.playing and self.stop_at is not None and (ordinal - self.stop_at) * self.direction >= 0:
            self.stop()
            self.stopped.emit(self.stop_at)

    def reading_done(self) -> None:
        """All there is has come."""
        self.reading = False
        self._show()

    def set_utc(self, utc: bool) -> None:
        """Whether times are shown, and typed times meant, in UTC instead of local time."""
        self.utc = utc
        self._show()

    def _show(self) -> None:
        count = self.timeline.count
        cursor = min(self.at, count - 1)
        self.slider.setValue(max(0, cursor))
        for button, possible in (
            (self.first, cursor > 0),
            (self.back, cursor > 0),
            (self.play, count > 1),
            (self.forward, cursor < count - 1),
            (self.last, cursor < count - 1),
            (self.slider, count > 1),
            (self.go_to, count > 0),
        ):
            button.setEnabled(possible)
        if not count:
            text.set_label(self.version, "" if self.reading else "no events")
            text.set_label(self.time, "")
            return
        words = f"v {text.number(self.timeline.versions[cursor])} of {text.number(self.timeline.versions[-1])}"
        text.set_label(self.version, words)
        # As wide as the longest it will be, so that nothing shifts while stepping.
        widest = f"v {text.number(self.timeline.versions[-1])} of {text.number(self.timeline.versions[-1])}"
        fitted = not self._version_place.reserve(_DIGIT.sub("0", widest))
        time = self.timeline.time(cursor)
        mode = "utc" if self.utc else "local"
        words = text.when(time, mode) if time is not None else "no time"
        if self._time_place.reserve(_DIGIT.sub("0", words)) or not fitted:
            self._fit_time()
        text.set_label(self.time, words)
        self.time.setToolTip(text.tooltip(text.when(time, mode, full=True)))

    # -- playing ------------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        return self._player.isActive()

    def toggle_play(self, direction: int = 1) -> None:
        """Play from here, from the first event when we stand at the last; or pause. Backwards likewise."""
        if self.playing:
            self.stop()
            return
        if self.timeline.count < 2:
            return
        self.direction = direction
        if self._at_end():
            self.wanted.emit(0 if direction > 0 else self.timeline.count - 1)
        if self.prepare is not None:
            self.prepare(direction, self._begin)
        else:
            self._begin()

    def _begin(self) -> None:
        self._player.start(round(1000 / float(self.speed.currentData())))
        self._show_playing()

    def _at_end(self) -> bool:
        return self.at >= self.timeline.count - 1 if self.direction > 0 else self.at <= 0

    def stop(self) -> None:
        self._player.stop()
        self._show_playing()

    def _speed_changed(self) -> None:
        if self.playing:
            self._player.start(round(1000 / float(self.speed.currentData())))

    def _show_playing(self) -> None:
        title = "Pause" if self.playing else "Play"
        self.play.setIcon(icon("pause" if self.playing else "play", "text"))
        self.play.setAccessibleName(title)
        self.play.setToolTip(text.tooltip(f"{title}\nSpace"))

    def _tick(self) -> None:
        if self._at_end():
            self.stop()
        else:
            self.step(self.direction)

    def step(self, by: int) -> None:
        """So many events forward (or back), as far as there are any; or whatever a step is."""
        if self.leap is not None:
            self.leap(by)
        elif self.timeline.count:
            self.wanted.emit(max(0, min(self.timeline.count - 1, self.at + by)))

    # -- going to -----------------------------------------------------------------------------------------------------

    def ask_where(self) -> None:
        """Give the go-to field the focus."""
        self.go_to.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.go_to.selectAll()

    def _typed(self) -> None:
        try:
            found = place(self.go_to.text(), self.timeline, self.at, self.utc)
        except NotFound as problem:
            self._mark_invalid(True)
            self.refused.emit(str(problem))
            return
        self._mark_invalid(False)
        self.go_to.clear()
        self.wanted.emit(found)
        self.go_to.left.emit()

    def _mark_invalid(self, invalid: bool) -> None:
        if self.go_to.property("invalid") != invalid:
            self.go_to.setProperty("invalid", invalid)
            self.go_to.style().unpolish(self.go_to)
            self.go_to.style().polish(self.go_to)
