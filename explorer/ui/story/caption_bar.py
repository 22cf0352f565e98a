"""What the presenter says, large, at the foot of the window: chapter and step, the caption, Back and Next."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from explorer.ui.actions import Actions
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon

CAPTION_PX = 18
MOST_LINES = 6


class CaptionBar(QWidget):
    """Its height is that of the longest caption, so that the window stays still from step to step."""

    chapter_wanted = Signal(int)  # its number, from 0

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("captions")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Story")
        self._actions = actions
        self._captions: tuple[str, ...] = ()
        self.place = text.plain_label("", self)
        self.place.setObjectName("heading")
        self.caption = text.plain_label("", self, wrap=True)
        self.caption.setObjectName("caption")
        self.caption.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.standing = text.plain_label("", self, cut=300)
        self.chapters = QToolButton(self)
        self.chapters.setIcon(icon("bookmark"))
        self.chapters.setAccessibleName("Chapters")
        self.chapters.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self)
        self.chapters.setMenu(self.menu)
        self.reset = self._button("story_reset", "undo", "Begin again: makes the store anew")
        self.end = self._button("story_end", "close", "End the story")
        self.back = QPushButton("Back", self)
        self.back.setIcon(icon("left"))
        self.back.clicked.connect(lambda: actions.trigger("story_back"))
        self.next = QPushButton("Next", self)
        self.next.setProperty("primary", True)
        self.next.setIcon(icon("right", "accent_text"))
        self.next.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow stands behind the word
        self.next.clicked.connect(lambda: actions.trigger("story_next"))
        self._compose()
        actions.changed.connect(self._say_keys)
        theme.signals().changed.connect(self._fit)
        self._say_keys()

    def _button(self, action: str, picture: str, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(picture))
        button.setAccessibleName(text.shown(words))
        button.clicked.connect(lambda: self._actions.trigger(action))
        return button

    def _compose(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.M)
        head.addWidget(self.place)
        head.addWidget(self.standing)
        head.addStretch(1)
        for one in (self.chapters, self.reset, self.end):
            head.addWidget(one)
        buttons = QVBoxLayout()
        buttons.setSpacing(theme.S)
        buttons.addWidget(self.next)
        buttons.addWidget(self.back)
        buttons.addStretch(1)
        body = QHBoxLayout()
        body.setSpacing(theme.XL)
        body.addWidget(self.caption, 1)
        body.addLayout(buttons)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.L, theme.S, theme.L, theme.M)
        whole.setSpacing(theme.S)
        whole.addLayout(head)
        whole.addLayout(body, 1)

    # -- what it says ------------------------------------------------------------------------------------------------

    def begin(self, chapters: Iterable[str], captions: Iterable[str]) -> None:
        """The story: titles of its chapters, and all that it is going to say."""
        self._captions = tuple(captions)
        self.menu.clear()
        for number, title in enumerate(chapters):
            action = self.menu.addAction(text.menu_text(f"{number + 1}  {title}"))
            action.triggered.connect(lambda _on=False, wanted=number: self.chapter_wanted.emit(wanted))
        self._fit()

    def say(self, place: str, caption: str, *, first: bool, last: bool) -> None:
        text.set_label(self.place, place)
        text.set_label(self.caption, caption)
        self.setAccessibleDescription(text.shown(f"{place}: {caption}", 600))
        self.back.setEnabled(not first)
        self.next.setEnabled(not last)

    def stand(self, words: str, tone: str = "") -> None:
        """What goes on, or what went wrong (tone "error")."""
        text.set_label(self.standing, words, cut=300)
        self.standing.setToolTip(text.tooltip(words))
        if self.standing.property("tone") != tone:
            self.standing.setProperty("tone", tone)
            self.standing.style().unpolish(self.standing)
            self.standing.style().polish(self.standing)

    def _say_keys(self) -> None:
        keys = self._actions.key_text
        page = QKeySequence("PgDown").toString(QKeySequence.SequenceFormat.NativeText)
        self.next.setToolTip(text.tooltip(f"Next ({keys('story_next')} or {page})"))
        self.back.setToolTip(text.tooltip(f"Back: how it was before ({keys('story_back')})"))
        self.reset.setToolTip(text.tooltip(f"Begin again: makes the store anew ({keys('story_reset')})"))
        self.chapters.setToolTip("Chapters")
        self.end.setToolTip("End the story (Esc)")

    # -- its size ----------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()

    def _fit(self) -> None:
        """As high as the longest caption needs at this width and size."""
        font = theme.sans_font(CAPTION_PX)
        self.caption.setFont(font)
        metrics = QFontMetrics(font)
        beside = self.next.sizeHint().width() + theme.XL + 2 * theme.L
        width = max(200, self.width() - beside)
        flags = int(Qt.TextFlag.TextWordWrap)
        needed = [metrics.boundingRect(QRect(0, 0, width, 10_000), flags, one).height() for one in self._captions]
        line = metrics.lineSpacing()
        height = max(2 * line, min(MOST_LINES * line, max(needed, default=0)))
        buttons = self.next.sizeHint().height() + self.back.sizeHint().height() + theme.S
        head = max(self.end.sizeHint().height(), self.place.sizeHint().height())
        self.setFixedHeight(head + max(height, buttons) + 2 * theme.S + theme.M + theme.S)
