"""Row or events: what a system that overwrites a row would have left of a stream, beside the events that led there.

Both are asked the same questions. What the row would be and what may be asked, the domain declares; the engine answers.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.engine.messages import Compared, RowOrEvents, Saying
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.look import text, theme
from explorer.ui.parts.empty import EmptyState
from explorer.ui.workspace import Workspace

NOTHING = "No event of this stream says so: it did not happen."


class EventLine(QFrame):
    """An event in plain words: to be chosen by a click, opened by a double click or Enter."""

    opened = Signal(str, str, int)  # category, id, version

    def __init__(self, saying: Saying, newest: bool, mode: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.saying = saying
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        words = text.plain_label(f"because {saying.words}" if saying.because else saying.words, self, wrap=True)
        words.setObjectName("strong" if newest else "")
        zone = "utc" if mode == "utc" else "local"
        stream = f"{saying.category.rpartition('.')[2]} {saying.id} " if saying.because else ""
        small = [f"{stream}v{saying.version}", text.clock(saying.at, zone).rpartition(" ")[2], saying.by]
        if newest:
            small.append("the newest")
        under = text.plain_label(" · ".join(part for part in small if part), self, wrap=True)
        under.setObjectName("muted")
        column = QVBoxLayout(self)
        left = theme.M + theme.scaled(10) + (theme.L if saying.because else 0)
        column.setContentsMargins(left, theme.S, theme.S, theme.S)
        column.setSpacing(0)
        column.addWidget(words)
        column.addWidget(under)
        full = text.when(saying.at, zone, full=True)
        self.setAccessibleName(text.shown(f"{words.text()}, {under.text()}", 400))
        self.setToolTip(text.tooltip(f"{saying.type}\n{saying.category} {saying.id} v{saying.version}\n{full}".strip()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.colours()
        if self.hasFocus() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.selection if self.hasFocus() else colours.hover))
            painter.drawRoundedRect(self.rect(), 4, 4)
        side = theme.scaled(8)
        left = theme.M // 2 + (theme.L if self.saying.because else 0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.type_colour(self.saying.type))
        painter.drawRoundedRect(left, theme.S + theme.scaled(5), side, side, 2, 2)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave, QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open()
        else:
            super().keyPressEvent(event)

    def _open(self) -> None:
        self.opened.emit(self.saying.category, self.saying.id, self.saying.version)


class RowOrEventsPanel(QWidget):
    """Shows one stream; `show_stream` says which."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("panel")
        self.setAccessibleName("Row or events")
        self.stream: tuple[str, str] | None = None
        self.shown: Compared | None = None
        self._question: int | None = None
        self._stale = False
        self.title = text.plain_label("", self)
        self.title.setObjectName("subject")
        self.row_caption, self.row = self._part("The row that would be left")
        self.events_caption, self.events = self._part("The events that led there")
        self.row_says_caption, self.row_says = self._part("The row says")
        self.answers_caption, self.answers = self._part("The events say")
        self.asking = QWidget(self)
        self._buttons = QButtonGroup(self)
        self._asking = QVBoxLayout(self.asking)
        self._asking.setContentsMargins(0, theme.S, 0, theme.S)
        self._asking.setSpacing(theme.S)
        self.ask_caption = self._caption("Ask both")
        content = QWidget(self)
        grid = QGridLayout(content)
        grid.setContentsMargins(theme.L, theme.M, theme.L, theme.L)
        grid.setHorizontalSpacing(theme.L)
        grid.setVerticalSpacing(theme.S)
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(self.title, 0, 0, 1, 2)
        grid.addWidget(self.row_caption, 1, 0)
        grid.addWidget(self.events_caption, 1, 1)
        grid.addWidget(self.row, 2, 0, top)
        grid.addWidget(self.events, 2, 1, top)
        grid.addWidget(self.ask_caption, 3, 0, 1, 2)
        grid.addWidget(self.asking, 4, 0, 1, 2)
        grid.addWidget(self.row_says_caption, 5, 0)
        grid.addWidget(self.answers_caption, 5, 1)
        grid.addWidget(self.row_says, 6, 0, top)
        grid.addWidget(self.answers, 6, 1, top)
        grid.setRowStretch(7, 1)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        self.around = QScrollArea(self)
        self.around.setWidgetResizable(True)
        self.around.setFrameShape(QFrame.Shape.NoFrame)
        self.around.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.around.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.around.setWidget(content)
        self.empty = EmptyState(
            "No stream yet.", "The row and the events of the stream that moved last are compared here.",
            icon_name="compare", parent=self,
        )  # fmt: skip
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.empty, 1)
        whole.addWidget(self.around, 1)
        self.around.hide()
        theme.signals().changed.connect(self._on_theme)

    def _caption(self, words: str) -> QWidget:
        label = text.plain_label(words, self)
        label.setObjectName("heading")
        return label

    def _part(self, words: str) -> tuple[QWidget, QWidget]:
        part = QWidget(self)
        part.setAccessibleName(words)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        return self._caption(words), part

    def _on_theme(self) -> None:
        if self.shown is not None:
            self._show(self.shown)

    # -- which stream --------------------------------------------------------------------------------------------------

    def rank(self, category: str) -> int:
        """How much people want to compare streams of this category: the lower the more."""
        wanted = self.workspace.rows
        return wanted.index(category) if category in wanted else len(wanted)

    def follow(self, streams: list[tuple[str, str]]) -> None:
        """These have just moved, the last one last: show the most interesting of them, if it is not less so than what
        is shown; or show that again."""
        if self.stream in streams:
            self._ask()
            return
        best = min(reversed(streams), key=lambda stream: self.rank(stream[0]), default=None)
        if best is not None and (self.stream is None or self.rank(best[0]) <= self.rank(self.stream[0])):
            self.show_stream(*best)

    def show_stream(self, category: str, id: str) -> None:
        if self.stream != (category, id):
            if self.stream is None or self.stream[0] != category:
                self._question = None
            self.stream = category, id
            self._ask()

    def _ask(self) -> None:
        if self.stream is None:
            return
        self._stale = not self.isVisible()
        if not self._stale:
            ask = RowOrEvents(*self.stream, self._question)
            self.workspace.engine(
                ask, self._show, self._failed, topic="row or events", owner=self, text="Comparing row and events"
            )

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and self._stale:
            self._ask()
        return super().event(event)

    # -- showing -------------------------------------------------------------------------------------------------------

    def _failed(self, error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            self.empty.say(str(error), error.hint, icon_name="error")
            self.empty.show()
            self.around.hide()

    def _show(self, answer: Compared) -> None:
        self.shown = answer
        self.empty.setVisible(not answer.count)
        self.around.setVisible(bool(answer.count))
        if not answer.count:
            self.empty.say("This stream has no events.", icon_name="compare")
            return
        text.set_label(self.title, f"{answer.category.rpartition('.')[2]} {answer.id}", cut=80)
        self._fill(self.row, [_card(answer, self)])
        self._fill(self.events, self._lines(answer.events, answer.count))
        self._show_questions(answer)
        asked = answer.asked is not None
        for part in (self.row_says_caption, self.row_says, self.answers_caption, self.answers):
            part.setVisible(asked)
        if asked:
            says = text.plain_label(answer.row_says, self, wrap=True)
            self._fill(self.row_says, [says])
            lines: list[QWidget] = [self._line(one, False) for one in answer.answers]
            self._fill(self.answers, lines or [text.plain_label(NOTHING, self, wrap=True)])

    def _lines(self, events: tuple[Saying, ...], count: int) -> list[QWidget]:
        lines: list[QWidget] = [self._line(one, one is events[-1]) for one in events]
        if count > len(events):
            earlier = text.plain_label(f"{text.number(count - len(events))} earlier ones, in the stream", self)
            earlier.setObjectName("muted")
            lines.insert(0, earlier)
        return lines

    def _line(self, saying: Saying, newest: bool) -> EventLine:
        line = EventLine(saying, newest, self.workspace.time_mode, self)
        line.opened.connect(lambda category, id, version: self.workspace.stream_wanted.emit(category, id, version))
        return line

    def _show_questions(self, answer: Compared) -> None:
        texts = [button.text() for button in self._buttons.buttons()]
        if texts != [text.menu_text(one) for one in answer.questions]:
            for button in self._buttons.buttons():
                self._buttons.removeButton(button)
                button.deleteLater()
            for number, words in enumerate(answer.questions):
                made = QToolButton(self.asking)
                made.setObjectName("question")
                made.setText(text.menu_text(words))
                made.setCheckable(True)
                made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
                made.clicked.connect(lambda _on=False, number=number: self.ask(number))
                self._buttons.addButton(made)
                self._asking.addWidget(made)
        for number, button in enumerate(self._buttons.buttons()):
            button.setChecked(number == answer.asked)

    def ask(self, question: int) -> None:
        """Ask both the question of this number."""
        self._question = question
        self._ask()

    @staticmethod
    def _fill(part: QWidget, widgets: list[QWidget]) -> None:
        layout = part.layout()
        assert layout is not None
        while (item := layout.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        for widget in widgets:
            layout.addWidget(widget)


def _card(answer: Compared, parent: QWidget) -> QWidget:
    """The row, its columns below each other."""
    card = QFrame(parent)
    card.setObjectName("card")
    card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    grid = QGridLayout(card)
    grid.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
    grid.setHorizontalSpacing(theme.M)
    grid.setVerticalSpacing(theme.S)
    table = text.plain_label(answer.table, card)
    table.setObjectName("strong")
    if not answer.declared:
        table.setToolTip(text.tooltip("Nobody says what a table would keep: the first plain members of the state."))
    grid.addWidget(table, 0, 0, 1, 2)
    for number, (name, held) in enumerate(answer.row.items(), 1):
        column, value = _cell(name, held, card)
        grid.addWidget(column, number, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(value, number, 1)
    grid.setColumnStretch(1, 1)
    card.setAccessibleName(text.shown(", ".join(f"{name} {held or 'null'}" for name, held in answer.row.items()), 400))
    return card


def _cell(name: str, held: str, parent: QWidget) -> tuple[QWidget, QWidget]:
    column = text.plain_label(name, parent)
    column.setObjectName("muted")
    value = text.plain_label(held or "null", parent, wrap=True)
    value.setObjectName("muted" if not held else "")
    value.setFont(theme.mono_font())
    return column, value
