"""What the panes of a stream tab share: their head line, asking for the newest thing only, long values as sources."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from msgspec import structs
from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from explorer.engine import messages
from explorer.engine.asks_branches import BranchText
from explorer.engine.messages import TextPage
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.look.still import StillLabels
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.text_pages import Source
from explorer.ui.workspace import Workspace

STALE_MS = 300  # without an answer for so long, what is shown turns grey
HEAD = 32  # pixels
COPY_PAGES = 400  # pages of a value that are put on the clipboard at most


class PaneHead(QWidget):
    """A heading, what else there is to say, and tools at the right."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panelhead")
        self.heading = text.plain_label(heading, self)
        self.heading.setObjectName("heading")
        self.note = text.plain_label("", self)
        self.note.setObjectName("muted")
        self._inside = QWidget(self)
        self._line = QHBoxLayout(self._inside)
        self._line.setContentsMargins(theme.M, 0, theme.S, 0)
        self._line.setSpacing(theme.S)
        self._line.addWidget(StillLabels(self.heading, self.note, parent=self), 1)
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        self.setFixedHeight(theme.scaled(HEAD))

    def resizeEvent(self, event: QResizeEvent) -> None:
        # No layout of its own: what changes inside with every step is laid out there, and asks nobody above.
        self._inside.setGeometry(self.rect())

    def sizeHint(self) -> QSize:
        return self._inside.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return self._inside.minimumSizeHint()

    def add(self, widget: QWidget) -> None:
        self._line.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)

    def add_tool(self, name: str, title: str, clicked: Callable[[], object], *, checkable: bool = False) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setIconSize(theme.icon_size(14))
        button.setToolTip(text.tooltip(title))
        button.setAccessibleName(title.split("\n")[0])
        button.setCheckable(checkable)
        button.clicked.connect(lambda _checked=False: clicked())
        self._line.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return button


class Latest(QObject):
    """Asks the engine for the newest of what was wanted, one thing at a time: quick steps never queue up."""

    stale_changed = Signal(bool)  # what is shown is no longer, or again, what was asked for last

    def __init__(self, workspace: Workspace, parent: QObject, lane: str = "interactive") -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._lane = lane
        self._running = False
        self._epoch = 0
        self._next: tuple[messages.Ask, Callable[[Any], None], Callable[[ExplorerError], None]] | None = None
        self._timer = QTimer(self, interval=STALE_MS, singleShot=True)
        self._timer.timeout.connect(lambda: self.stale_changed.emit(True))

    def ask(self, message: messages.Ask, then: Callable[[Any], None], failed: Callable[[ExplorerError], None]) -> None:
        """Ask now or, while an earlier ask is under way, when that is answered and nothing newer is wanted."""
        self._next = (message, then, failed)
        if not self._running:
            self._send()

    @property
    def running(self) -> bool:
        return self._running

    def drop(self) -> None:
        """Nothing is wanted any more; an answer under way is not either."""
        self._next = None
        self._epoch += 1
        self._running = False
        self._timer.stop()
        self.stale_changed.emit(False)

    def _send(self) -> None:
        assert self._next is not None
        (message, then, failed), self._next = self._next, None
        self._running = True
        epoch = self._epoch
        if not self._timer.isActive():
            self._timer.start()

        def finish(call: Callable[[Any], None], answer: Any) -> None:
            if epoch != self._epoch:
                return
            self._running = False
            call(answer)
            if self._next is not None and not self._running:
                self._send()
            elif not self._running:
                self._timer.stop()
                self.stale_changed.emit(False)

        self._workspace.engine(
            message,
            lambda answer: finish(then, answer),
            lambda error: finish(failed, error),
            owner=self,
            lane=self._lane,
        )


def text_source(workspace: Workspace, owner: QObject, ask: messages.Text | BranchText) -> Source:
    """The pages of a long value, as `TextPages` wants them."""

    def source(start: int, then: Callable[[TextPage], None], failed: Callable[[ExplorerError], None]) -> None:
        page = structs.replace(ask, start=start)
        workspace.engine(page, then, failed, owner=owner, text="Reading a value")

    return source


def copy_value(workspace: Workspace, owner: QObject, ask: messages.Text | BranchText, *, plain: bool) -> None:
    """Put a whole value on the clipboard, as JSON or (`plain`, for strings) as the characters it consists of."""
    source = text_source(workspace, owner, ask)
    pieces: list[str] = []

    def arrived(page: TextPage) -> None:
        pieces.extend(page.lines)
        if len(pieces) < page.total and page.lines and len(pieces) < COPY_PAGES * ask.limit:
            source(len(pieces), arrived, refused)
            return
        words = "".join(pieces) if ask.form == "exact" else "\n".join(pieces)
        if plain:
            words = plain_text(words)
        QGuiApplication.clipboard().setText(words)
        whole = len(pieces) >= page.total
        size = text.size_text(page.size)
        workspace.message.emit(f"Copied {size}." if whole else f"Copied the beginning of {size}.")

    def refused(error: ExplorerError) -> None:
        if not isinstance(error, Cancelled):
            workspace.message.emit(str(error))

    source(0, arrived, refused)


def plain_text(words: str) -> str:
    """What a JSON string says; anything else as it is."""
    if not words.startswith('"'):
        return words
    try:
        value = json.loads(words)
    except ValueError:
        return words
    return value if isinstance(value, str) else words


def say_problem(banner: Banner, problem: str) -> None:
    """Show or clear what is wrong with what is shown below."""
    if problem:
        banner.show_notice("warning", problem)
    else:
        banner.clear()


def copy_text(workspace: Workspace, words: str) -> None:
    QGuiApplication.clipboard().setText(words)
    workspace.message.emit("Copied.")
