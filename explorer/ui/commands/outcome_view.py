"""What came of a write, below the form it was written from: success with a way to the new event, a conflict with what
came between, or an answer that was lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from explorer.errors import Conflict, ExplorerError
from explorer.model import Event
from explorer.ui.commands.committing import Sent
from explorer.ui.commands.preview_view import Swatch, heading
from explorer.ui.look import icons, text, theme
from explorer.ui.parts.banner import Banner

BETWEEN = 50  # events shown of those that came between


class OutcomeView(QWidget):
    """Hidden until something is to be said; says one thing at a time."""

    event_wanted = Signal(str, str, int)  # category, id, version
    again_wanted = Signal()  # preview again, or look again

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.banner = Banner(self)
        self._good = QWidget(self)
        self._good_icon = QLabel(self._good)
        self.good_text = text.plain_label("", self._good, wrap=True)
        self.good_text.setProperty("tone", "good")
        for label in (self.good_text, self.banner.sentence, self.banner.hint):  # a long id must not widen a dock
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.link = QPushButton("Show", self._good)
        self.link.setProperty("link", True)
        self.link.setAccessibleName("Show the new event")
        line = QHBoxLayout(self._good)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.M)
        line.addWidget(self._good_icon)
        line.addWidget(self.good_text, 1)
        line.addWidget(self.link)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(theme.M)
        self.again = QPushButton("Preview again", self)
        self.again.clicked.connect(self.again_wanted)
        self._buttons.addWidget(self.again)
        self._buttons.addStretch(1)
        self._between = QVBoxLayout()
        self._between.setSpacing(theme.S)
        self._lines: list[QWidget] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        column.addWidget(self._good)
        column.addWidget(self.banner)
        column.addLayout(self._between)
        column.addLayout(self._buttons)
        self._on_link: Callable[[], None] = lambda: None
        self.link.clicked.connect(lambda: self._on_link())
        self.banner.closed.connect(self._hide_rest)
        self.clear()

    def clear(self) -> None:
        self.banner.clear()
        self._good.hide()
        self._hide_rest()

    def _hide_rest(self) -> None:
        self.again.hide()
        for line in self._lines:
            self._between.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._lines = []

    @property
    def sentence(self) -> str:
        """What is being said; "" when nothing is."""
        if self.banner.isVisibleTo(self):
            return self.banner.sentence.text()
        return self.good_text.text() if self._good.isVisibleTo(self) else ""

    def show_refused(self, rule: str) -> None:
        self.clear()
        self.banner.show_notice("warning", rule, "Refused by a rule of the domain. Nothing would be written.")

    def show_nothing(self) -> None:
        self.clear()
        self.banner.show_notice("info", "Accepted, and nothing to write: the command changes nothing now.")

    def show_notice(self, kind: str, sentence: str, hint: str = "") -> None:
        self.clear()
        self.banner.show_notice(kind, sentence, hint)

    def show_error(self, error: ExplorerError, retry: Callable[[], None] | None = None) -> None:
        self.clear()
        self.banner.show_error(error, retry)

    def show_written(self, events: Sequence[Event], note: str = "") -> None:
        """Events as stored; `note`: one more thing that happened, a snapshot say."""
        self.clear()
        if not events:
            return
        first, last = events[0], events[-1]
        names = first.type if len(events) == 1 else f"{len(events)} events"
        span = f"v{first.version}" if len(events) == 1 else f"v{first.version}–v{last.version}"
        text.set_label(self.good_text, f"Written: {names} as {span}. {note}".strip())
        self.good_text.setToolTip(text.tooltip(f"{first.category} {first.id}"))
        self._good_icon.setPixmap(icons.icon("check", "good").pixmap(16, 16))
        self._on_link = lambda: self.event_wanted.emit(last.category, last.id, last.version)
        self._good.show()

    def show_conflict(self, conflict: Conflict, again: str = "Preview again") -> None:
        """Expected, found, and what came between. Nothing was written and nothing typed is lost."""
        self.clear()
        expected = f"v{conflict.expected}" if conflict.expected else "a new stream"
        found = f"v{conflict.found}" if conflict.found else "no events at all"
        self.banner.show_notice(
            "warning",
            f"Conflict: expected {expected}, found {found}.",
            "Nothing was written; what you typed is still here.",
        )
        if conflict.between:
            self._add(heading(f"Came between: {text.number(len(conflict.between))}", self))
        for event in conflict.between[:BETWEEN]:
            line = _EventLine(event, self)
            line.wanted.connect(self.event_wanted)
            self._add(line)
        if len(conflict.between) > BETWEEN:
            self._add(text.plain_label(f"… and {text.number(len(conflict.between) - BETWEEN)} more", self))
        self._offer(again)

    def show_unknown(self, sent: Sent, error: ExplorerError) -> None:
        """The answer to a commit was lost; somebody is looking whether it happened."""
        self.clear()
        self.banner.show_notice("warning", str(error), f"Looking whether {sent} was written…")

    def show_settled(self, sent: Sent, found: Sequence[Event], again: str = "Preview again") -> None:
        """Somebody has looked: the events are there, or they are not."""
        if found:
            self.show_written(found, "The answer was lost, but they are there.")
            return
        self.clear()
        hint = "A server that is still busy with it may write it yet; the program looks again when it is started."
        self.banner.show_notice("warning", f"It was not written: {sent} is not in the store.", hint)
        self._offer(again)

    def show_not_settled(self, sent: Sent, error: ExplorerError) -> None:
        """Nobody could look; it can be tried again now, and will be at the next start."""
        self.clear()
        hint = "Look again later; the program does so itself when it is started."
        self.banner.show_notice("warning", f"It is not known whether {sent} was written. {error}", hint)
        self._offer("Look again")

    def _offer(self, again: str) -> None:
        self.again.setText(text.menu_text(again))
        self.again.show()

    def _add(self, widget: QWidget) -> None:
        self._lines.append(widget)
        self._between.addWidget(widget)


class _EventLine(QWidget):
    """One event that came between: version, type, when, and the beginning of its payload."""

    wanted = Signal(str, str, int)

    def __init__(self, event: Event, parent: QWidget) -> None:
        super().__init__(parent)
        number = QPushButton(f"v{event.version}", self)
        number.setProperty("link", True)
        number.setAccessibleName(text.shown(f"Show v{event.version}, {event.type}"))
        number.clicked.connect(lambda: self.wanted.emit(event.category, event.id, event.version))
        name = text.plain_label(event.type, self)
        name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        name.setToolTip(text.tooltip(event.type))
        at = text.plain_label(text.when(event.recorded_at, "relative"), self)
        at.setProperty("muted", True)
        at.setToolTip(text.tooltip(text.when(event.recorded_at, full=True)))
        head = QHBoxLayout()
        head.setSpacing(theme.S)
        head.addWidget(number)
        head.addWidget(name, 1)
        head.addWidget(at)
        data = text.plain_label(event.data[:400].decode("utf-8", "replace"), self, cut=text.CUT)
        data.setFont(theme.mono_font())
        data.setProperty("muted", True)
        data.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(data)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        row.addWidget(Swatch(event.type, self))
        row.addLayout(column, 1)
