"""What one sees when no store is open: Open…, Recent, Demo, Story. A file may be dropped anywhere on the window."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.settings import Recent, Settings
from explorer.ui.look import text, theme
from explorer.ui.look.icons import app_icon, icon
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column

WIDTH = 560
SHOWN = 6


class RecentRow(QPushButton):
    """One recent store: its title, where it is, whether it was writable."""

    def __init__(self, recent: Recent, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recent")
        self.recent = recent
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(text.shown(f"Open {recent.title or recent.url}"))
        picture = QLabel(self)
        server = "://" in recent.url and not recent.url.startswith("sqlite")
        picture.setPixmap(icon("server" if server else "file").pixmap(16, 16))
        title = text.plain_label(recent.title or recent.url, self, cut=40)
        place = text.plain_label(recent.url, self, cut=48)
        place.setObjectName("muted")
        state = text.plain_label("writable" if recent.writable else "read-only", self)
        state.setObjectName("muted")
        self.setToolTip(text.tooltip(recent.url))
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        line.setSpacing(theme.M)
        for one in (picture, title, place):
            line.addWidget(one)
        line.addStretch(1)
        line.addWidget(state)
        self.setMinimumHeight(theme.scaled(32))


class FirstPage(QWidget):
    """`chosen` gives a Recent; `open_wanted`, `demo_wanted` and `story_wanted` the buttons."""

    open_wanted = Signal()
    demo_wanted = Signal()
    story_wanted = Signal()
    chosen = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Start")
        self.banner = Banner(self)
        picture = QLabel(self)
        picture.setPixmap(app_icon().pixmap(56, 56))
        title = text.plain_label("Event Store Explorer", self)
        title.setObjectName("title")
        words = text.plain_label("See what happened, step by step, and which event did it.", self)
        words.setObjectName("muted")
        self.open_button = QPushButton("Open…", self)
        self.open_button.setIcon(icon("open", "accent_text"))
        self.open_button.setProperty("primary", True)
        self.open_button.clicked.connect(self.open_wanted)
        self.demo_button = QPushButton("Open the demo", self)
        self.demo_button.setIcon(icon("sparkles", "accent"))
        self.demo_button.clicked.connect(self.demo_wanted)
        self.story_button = QPushButton("Show me what event sourcing is", self)
        self.story_button.setIcon(icon("play", "accent"))
        self.story_button.clicked.connect(lambda: self.story_wanted.emit())
        self.hint = text.plain_label("A SQLite file or a PostgreSQL database. A file may also be dropped here.", self)
        self.hint.setObjectName("muted")
        self.recent_heading = text.plain_label("RECENT", self)
        self.recent_heading.setObjectName("heading")
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        self.rows: list[RecentRow] = []

        head = QHBoxLayout()
        head.setSpacing(theme.L)
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addStretch(1)
        names.addWidget(title)
        names.addWidget(words)
        names.addStretch(1)
        head.addWidget(picture)
        head.addLayout(names, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.M)
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.demo_button)
        buttons.addWidget(self.story_button)
        buttons.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(theme.M)
        column.addStretch(2)
        column.addLayout(head)
        column.addSpacing(theme.L)
        column.addLayout(buttons)
        column.addWidget(self.hint)
        column.addSpacing(theme.L)
        column.addWidget(self.recent_heading)
        column.addLayout(self._recent)
        column.addStretch(3)
        middle = QWidget(self)
        middle.setLayout(column)
        middle.setMaximumWidth(theme.scaled(WIDTH))
        middle.setMinimumWidth(theme.scaled(320))
        centre = QHBoxLayout()
        centre.addStretch(1)
        centre.addWidget(middle, 20)
        centre.addStretch(1)
        put_in_column(self, self.banner, centre)
        self.refresh()

    def refresh(self) -> None:
        """Show the recent stores as they are now."""
        for row in self.rows:
            self._recent.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []
        for recent in self.settings.recent[:SHOWN]:
            row = RecentRow(recent, self)
            row.clicked.connect(lambda _checked=False, one=recent: self.chosen.emit(one))
            self._recent.addWidget(row)
            self.rows.append(row)
        self.recent_heading.setVisible(bool(self.rows))

    def opening(self, words: str) -> None:
        """Something is being opened: say so; the buttons wait."""
        text.set_label(self.hint, words)
        self.open_button.setEnabled(not words)
        self.demo_button.setEnabled(not words)
        self.story_button.setEnabled(not words)
        if not words:
            text.set_label(self.hint, "A SQLite file or a PostgreSQL database. A file may also be dropped here.")
