"""Why a row and a message are not written one after the other: two ways of storing an order.

Each with its process, what its files hold now, and what the subscriber has heard. All of it was read from the files
after the process had ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.models import Column, RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.problem.scene import Scene
from explorer.ui.workspace import Workspace

ROWS, MOST_ROWS = 3, 6  # of a table, in sight


class ProblemPage(QWidget):
    """Two columns: a row and a message, and one event."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Row and message, or one event")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.scene = Scene()
        self.two = Way("Two writes: a row, then a message", self)
        self.orders = self.two.table(
            "ORDERS table",
            "orders.sqlite",
            (_column("order", 0, 56), _column("total", 2, 60), _column("status", 3, 84), self._told()),
            3,
        )
        self.queue = self.two.table(
            "Message queue", "messages.jsonl", (_column("message", 0, 110), _column("order", 1)), 2
        )
        self.one = Way("One write: an event", self)
        self.events = self.one.table(
            "EVENTS table, which is the queue too",
            "events.sqlite",
            (_column("position", 0, 64), _column("event", 1, 120), _column("order", 2)),
        )
        ways = QWidget(self)
        ways.setObjectName("panel")
        both = QHBoxLayout(ways)
        both.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        both.setSpacing(theme.L)
        both.addWidget(self.two, 1)
        both.addWidget(self.one, 1)
        around = QScrollArea(self)
        around.setFrameShape(QFrame.Shape.NoFrame)
        around.setWidgetResizable(True)
        around.setWidget(ways)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(around)
        self.show_scene(self.scene)

    def _told(self) -> Column:
        """Whether the queue holds a message about the row: what nobody who only sees the table can know."""

        def told(row: Any) -> bool:
            return self.scene.held is not None and row[0] in self.scene.held.messages

        return Column(
            "message",
            lambda row: "sent" if told(row) else "none!",
            foreground=lambda row: None if told(row) else QColor(theme.colours().error),
        )

    def show_scene(self, scene: Scene) -> None:
        self.scene = scene
        held = scene.held
        rows = held.rows if held else ()
        messages = held.messages if held else ()
        events = held.events if held else ()
        self.orders.reset(rows)
        self.queue.reset([("OrderCreated", order) for order in messages])
        self.events.reset(events)
        self.two.show_process(scene.two_writes, "published no message")
        self.one.show_process(scene.one_write, "")
        lost = [row[0] for row in rows if row[0] not in messages]
        self.two.show_heard(held.by_queue if held else (), [row[0] for row in rows], scene.queue_delivered)
        self.one.show_heard(held.by_store if held else (), [event[2] for event in events], scene.store_delivered)
        if scene.two_writes is None:
            self.two.judge("", "")
        elif lost:
            self.two.judge("error", f"{_names(lost)}: a row without a message. Nobody will ever hear of it.")
        else:
            self.two.judge("good", "Every row has its message.")
        self._judge_events(scene, [event[2] for event in events])

    def _judge_events(self, scene: Scene, orders: Sequence[str]) -> None:
        last = scene.one_write
        if last is None or scene.held is None:
            self.one.judge("", "")
        elif last.order not in orders:
            self.one.judge("good", f"{last.order}: nothing was stored, nothing was said. Nothing is inconsistent.")
        elif last.order in scene.held.by_store:
            self.one.judge("good", f"{last.order}: stored, and every subscriber gets it when it comes back.")
        else:
            self.one.judge("good", f"{last.order}: stored. What is stored is published.")


class Way(QFrame):
    """One way of storing an order."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        heading = text.plain_label(title, self)
        heading.setObjectName("title")
        self.process = text.plain_label("Order service: a process of its own", self)
        self.process.setObjectName("heading")
        self.did = [_Line(self) for _ in range(3)]
        self.heard_heading = text.plain_label("Credit service: what it has heard", self)
        self.heard_heading.setObjectName("heading")
        self.heard = _Line(self)
        self.verdict = _Line(self)
        self.verdict.words.setWordWrap(True)
        self._tables = QHBoxLayout()
        self._tables.setSpacing(theme.L)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.S)
        column.addWidget(heading)
        column.addSpacing(theme.M)
        column.addWidget(self.process)
        for line in self.did:
            column.addWidget(line)
        column.addSpacing(theme.M)
        column.addLayout(self._tables, 2)
        column.addSpacing(theme.M)
        column.addWidget(self.heard_heading)
        column.addWidget(self.heard)
        column.addSpacing(theme.M)
        column.addWidget(self.verdict)
        column.addStretch(1)

    def table(self, title: str, file: str, columns: Iterable[Column], share: int = 1) -> RowsModel:
        """A table of this way, the name of its file above it; `share` of the width."""
        model = RowsModel(tuple(columns), self)
        view = RowsTable(model, title, self)
        view.setMinimumHeight(theme.scaled((ROWS + 1) * theme.ROW))
        view.setMaximumHeight(theme.scaled((MOST_ROWS + 1) * theme.ROW))
        view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        heading = text.plain_label(title, self)
        heading.setObjectName("heading")
        place = text.plain_label(file, self)
        place.setObjectName("muted")
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(place)
        box = QVBoxLayout()
        box.setSpacing(theme.S)
        box.addLayout(head)
        box.addWidget(view, 1)
        self._tables.addLayout(box, share)
        return model

    def show_process(self, ran: Any, missing: str) -> None:
        """What the process did, and how it ended."""
        lines = []
        if ran is None:
            lines.append(("", "has not run yet"))
        else:
            lines += [("check", said) for said in ran.said]
            if ran.died:
                lines.append(("zap", f"killed here. {ran.ended}"))
                if missing:
                    lines.append(("close", missing))
            else:
                lines.append(("", "ended by itself, everything done"))
        for number, line in enumerate(self.did):
            picture, words = lines[number] if number < len(lines) else ("", "")
            line.say(picture, words, _TONES.get(picture, "muted"))

    def show_heard(self, heard: Sequence[str], stored: Sequence[str], delivered: bool) -> None:
        missing = [order for order in stored if order not in heard]
        if heard:
            more = f"; not of {_names(missing)}" if missing and delivered else ""
            self.heard.say("close" if more else "check", f"of {_names(heard)}{more}", "" if not more else "error")
        else:
            self.heard.say("", "of nothing" if delivered or not stored else "it is not running", "muted")

    def judge(self, tone: str, words: str) -> None:
        self.verdict.say({"error": "error", "good": "check"}.get(tone, ""), words, tone, strong=True)


_TONES = {"check": "good", "zap": "error", "close": "error"}


class _Line(QWidget):
    """A picture and some words."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture = QLabel(self)
        self._picture.setFixedWidth(theme.scaled(16))
        self.words = text.plain_label("", self, cut=300)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.S)
        line.addWidget(self._picture)
        line.addWidget(self.words, 1)
        self._strong = False
        theme.signals().changed.connect(self._size)

    def _size(self) -> None:
        """Large enough for the last row of seats."""
        font = theme.sans_font(17 if self._strong else 15)
        font.setBold(self._strong)
        self.words.setFont(font)

    def say(self, picture: str, words: str, tone: str, strong: bool = False) -> None:
        text.set_label(self.words, words, cut=300)
        self.words.setProperty("tone", tone if tone != "muted" else "")
        self.words.setProperty("muted", "true" if tone == "muted" else "false")
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)
        self._strong = strong
        self._size()
        if picture:
            side = theme.scaled(14)
            self._picture.setPixmap(icon(picture, tone if tone in ("good", "error") else "text").pixmap(side, side))
        else:
            self._picture.clear()


def _column(title: str, place: int, width: int = 0) -> Column:
    return Column(title, lambda row: str(row[place]), width=width)


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
