"""What is known of the selected event of a diagram: where it stands, what led to it and why we think so."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.causation import said
from explorer.model import DomainEvent, Event, StreamKey
from explorer.sequence import Diagram
from explorer.ui.causality.drawing import named
from explorer.ui.events.event_rows import in_words, row_of, type_icon
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.workspace import Workspace

TOPIC = "causality words"
LEAST_FOR_ANY, LEAST_FOR_CAUSE, LEAST_FOR_ALL = 190, 270, 330  # pixels of the page


class _Line(QLabel):
    """A label that ends in … where there is no room, and says the whole under the pointer."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def say(self, words: str) -> None:
        text.set_label(self, words, cut=240)
        self.setToolTip(text.tooltip(words))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(40), super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.style().drawItemText(
            painter, self.rect(), Qt.AlignmentFlag.AlignVCenter, self.palette(), True, shown, self.foregroundRole()
        )
        painter.end()


class Facts(QWidget):
    """`wanted` when the way to another event is asked for."""

    wanted = Signal(int)
    opened = Signal(int)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._diagram: Diagram | None = None
        self._number = -1
        self._some = False  # there is an event
        self._room = True  # and room to speak of it
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("The selected event")
        self._dot = QLabel(self)
        self.type = text.plain_label("", self, cut=160)
        self.type.setFont(theme.sans_font(13))
        self.where = _Line(self)
        self.where.setObjectName("muted")
        self.open = QPushButton("Open the stream here", self)
        self.open.setIcon(icon("stream"))
        self.open.clicked.connect(lambda: self.opened.emit(self._number))
        self.cause = _Line(self)
        self.go_cause = self._link("Go to the cause", lambda: self._cause())
        self.effects = _Line(self)
        self.go_effect = self._link("Go to the first effect", lambda: self._effect())
        self.words = _Line(self)
        self.writer = _Line(self)
        self.writer.setObjectName("muted")
        self._second = self._row(self.cause, self.go_cause, None)
        self._third = self._row(self.effects, self.go_effect, None, self.writer)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        whole.setSpacing(theme.S)
        whole.addWidget(self._row(self._dot, self.type, self.where, None, self.open))
        for line in (self.words, self._second, self._third):
            whole.addWidget(line)
        self.words.hide()
        workspace.time_mode_changed.connect(lambda _mode: self._show())
        theme.signals().changed.connect(self._show)

    def _link(self, title: str, call: object) -> QPushButton:
        button = QPushButton(self)
        button.setText(text.menu_text(title))
        button.setProperty("link", True)
        button.clicked.connect(call)
        return button

    def _row(self, *widgets: QWidget | None) -> QWidget:
        """In a row; None takes what is left."""
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.M)
        for widget in widgets:
            if widget is None:
                line.addStretch(1)
            else:
                line.addWidget(widget)
        return row

    def set_room(self, height: int) -> None:
        """Of so many pixels the diagram needs the most: leave out what can be left out."""
        self._room = height >= theme.scaled(LEAST_FOR_ANY)
        self.setVisible(self._some and self._room)
        self._second.setVisible(height >= theme.scaled(LEAST_FOR_CAUSE))
        self._third.setVisible(height >= theme.scaled(LEAST_FOR_ALL))

    def show_event(self, diagram: Diagram | None, number: int) -> None:
        """Say what is known of this one; nothing, if there is no diagram."""
        self._diagram, self._number = diagram, number
        self._some = diagram is not None and 0 <= number < len(diagram.marks)
        self.setVisible(self._some and self._room)
        self.words.hide()
        self._show()
        if not self._some or diagram is None:
            return
        event = diagram.marks[number].event
        if event.type in self._workspace.narration:
            key, version = StreamKey(event.category, event.id), event.version
            self._workspace.browse(
                lambda store: store.event(key, version), self._say_words, lambda _error: None, topic=TOPIC, owner=self
            )

    def _say_words(self, event: Event | None) -> None:
        words = in_words(row_of(event), self._workspace.narration) if event is not None else ""
        self.words.say(words)
        self.words.setVisible(bool(words) and not self._third.isHidden())

    def _cause(self) -> None:
        if self._diagram is not None:
            cause = self._diagram.marks[self._number].cause
            if cause is not None:
                self.wanted.emit(cause)

    def _effect(self) -> None:
        if self._diagram is not None and self._diagram.marks[self._number].effects:
            self.wanted.emit(self._diagram.marks[self._number].effects[0])

    def _show(self) -> None:
        diagram = self._diagram
        if diagram is None or not 0 <= self._number < len(diagram.marks):
            return
        mark = diagram.marks[self._number]
        event = mark.event
        self._dot.setPixmap(type_icon(event.type).pixmap(theme.icon_size(14)))
        text.set_label(self.type, named(event.type), cut=160)
        self.type.setToolTip(text.tooltip(event.type))
        self.where.say(where(event, self._workspace.time_mode))
        self.cause.say(why(diagram, self._number))
        self.go_cause.setVisible(mark.cause is not None)
        self.effects.say(effects(diagram, self._number))
        self.go_effect.setVisible(bool(mark.effects))
        self.writer.say(writer(event))
        self.setAccessibleDescription(text.shown(spoken(diagram, self._number), 500))


# -- in words ----------------------------------------------------------------------------------------------------------


def name_of(event: DomainEvent) -> str:
    """Type, stream and version."""
    return f"{named(event.type)} of {f'{named(event.category)} {event.id}'.strip()}, v {event.version}"


def where(event: DomainEvent, mode: str) -> str:
    """Stream, version, time and position."""
    time = text.when(event.recorded_at, "utc" if mode == "utc" else "local")
    parts = [f"{named(event.category)} {event.id}".strip(), f"version {event.version}", time or "without a time"]
    if event.position is not None:
        parts.append(f"position {event.position}")
    return " · ".join(parts)


def why(diagram: Diagram, number: int) -> str:
    """What led to it, and how that is known."""
    mark = diagram.marks[number]
    if mark.cause is None or mark.link is None:
        words = said(mark.event.metadata)
        if words.service is not None or words.user is not None:
            return "It begins here: nothing before it is recorded as its cause."
        return "Nothing recorded says what led to it."
    sure = "recorded" if mark.link.recorded else "inferred"
    return f"Caused by {name_of(diagram.marks[mark.cause].event)} ({sure}: {mark.link.why})"


def effects(diagram: Diagram, number: int) -> str:
    """What it led to."""
    found = diagram.marks[number].effects
    if not found:
        return "Nothing that was looked at follows from it."
    first = name_of(diagram.marks[found[0]].event)
    return f"Led to {first}" if len(found) == 1 else f"Led to {text.number(len(found))} events, first {first}"


def writer(event: DomainEvent) -> str:
    """Who wrote it, by which command, on which state."""
    words = said(event.metadata)
    parts = []
    if words.service is not None:
        parts.append(f"written by the service {words.service}" + (f" ({words.user})" if words.user is not None else ""))
    elif words.user is not None:
        parts.append(f"written by {words.user}")
    if words.command is not None:
        parts.append(f"command {words.command}")
    if words.events is not None:
        snapshot = f"the snapshot at v {words.snapshot} and " if words.snapshot else ""
        count = f"{text.number(words.events)} event{'' if words.events == 1 else 's'}"
        parts.append(f"decided on {snapshot}{count}")
    return " · ".join(parts)


def spoken(diagram: Diagram, number: int) -> str:
    """All of that for those who cannot see the diagram."""
    return f"{name_of(diagram.marks[number].event)}. {why(diagram, number)}. {effects(diagram, number)}."
