"""How a stream tab is composed: transport and ribbon above; events, state, changes and payload beside one another."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from explorer.engine.messages import Replayed
from explorer.ui.look import text, theme
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.progress import ProgressCard
from explorer.ui.stream.bands import Bands
from explorer.ui.stream.diff_view import DiffView
from explorer.ui.stream.event_model import EventModel
from explorer.ui.stream.event_table import EventPane
from explorer.ui.stream.note_bar import NoteBar
from explorer.ui.stream.payload_view import PayloadView
from explorer.ui.stream.replaying import Replaying
from explorer.ui.stream.ribbon import Ribbon
from explorer.ui.stream.state_tree import StateTree
from explorer.ui.stream.transport import Transport
from explorer.ui.workspace import Workspace

WIDE = 1060  # pixels from which there are three columns; below two by two
LEAST_WIDTH, LEAST_HEIGHT = 180, 72  # pixels of a pane


class StreamPanes(QWidget):
    """The parts of a stream tab and their places; what they do with each other is the tab's business."""

    def __init__(self, workspace: Workspace, category: str, id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace, self.category, self.id = workspace, category, id
        self.setAccessibleName(f"Stream {text.shown(category)} {text.shown(id)}")
        self.replaying = Replaying(workspace, category, id, self)
        self.timeline = self.replaying.timeline
        self._wide: bool | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # see `paintEvent`
        self._build()

    def _build(self) -> None:
        self.transport = Transport(self.timeline, self)
        self.ribbon = Ribbon(self.timeline, self)
        self.bands = Bands(self.ribbon, self)
        self.banner = Banner(self)
        self.generic_button = QPushButton("Show with the generic fold", self.banner)
        self.step_banner = Banner(self)
        self.events = EventModel(self.timeline, self)
        self.events.mode = self.workspace.time_mode
        self.note = NoteBar(self.workspace, self.category, self.id, self.events, self)
        self.pane = EventPane(self.events, self)
        self.table = self.pane.table
        self.state = StateTree(self.workspace, self.category, self.id, self)
        self.badges = {name: self._badge(kind) for name, kind in (("fold", "readonly"), ("incomplete", "writable"))}
        for badge in self.badges.values():
            self.state.head.add(badge)
        self.diff = DiffView(self.workspace, self.category, self.id, self)
        self.payload = PayloadView(self.workspace, self.category, self.id, self)
        self.empty = EmptyState("Reading the stream…", icon_name="stream", parent=self)
        self.ribbon.describe = self.events.describe
        self.generic_button.hide()
        layout = self.banner.layout()
        assert layout is not None
        layout.addWidget(self.generic_button)
        layout.setAlignment(self.generic_button, Qt.AlignmentFlag.AlignLeft)

        self.top = QSplitter(Qt.Orientation.Horizontal, self)
        self.detail = QSplitter(Qt.Orientation.Vertical, self)
        self.outer = QSplitter(Qt.Orientation.Horizontal, self)
        composition: tuple[tuple[QSplitter, tuple[QWidget, QWidget]], ...] = (
            (self.top, (self.pane, self.state)),
            (self.detail, (self.diff, self.payload)),
            (self.outer, (self.top, self.detail)),
        )
        for splitter, parts in composition:
            splitter.setChildrenCollapsible(False)
            for part in parts:
                splitter.addWidget(part)
                part.setMinimumSize(theme.scaled(LEAST_WIDTH), theme.scaled(LEAST_HEIGHT))

        body = QWidget(self)
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.outer)
        self._stack.addWidget(self.empty)
        self._stack.setCurrentIndex(1)
        self.progress = ProgressCard("Replay", body)
        self._whole = whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        line = QFrame(self)
        line.setObjectName("hairline")
        for widget in (self.transport, self.ribbon, self.bands, line, self.banner, self.step_banner, self.note):
            whole.addWidget(widget)
        whole.addWidget(body, 1)
        self.setFocusProxy(self.table)

    def _badge(self, kind: str) -> QLabel:
        badge = text.plain_label("", self)
        badge.setObjectName("badge")
        badge.setProperty("kind", kind)
        badge.hide()
        return badge

    def show_badges(self, result: Replayed) -> None:
        """Say by what the stream was folded, and whether its beginning is missing."""
        fold, incomplete = self.badges["fold"], self.badges["incomplete"]
        if result.aggregate is None:
            text.set_label(fold, "generic fold")
            fold.setToolTip(
                "Payloads merged in order; no reducer knows this category"
                if not self.replaying.generic
                else "Payloads merged in order, because you asked for it"
            )
        elif result.slow:
            text.set_label(fold, f"{result.aggregate} · slow")
            fold.setToolTip(text.tooltip(result.slow))
        else:
            text.set_label(fold, result.aggregate)
            fold.setToolTip("The reducer that folds this stream")
        fold.show()
        text.set_label(incomplete, "incomplete")
        incomplete.setToolTip(text.tooltip(result.incomplete))
        incomplete.setVisible(bool(result.incomplete))

    def show_above(self, banner: Banner) -> None:
        """Give one more banner its place."""
        self._whole.insertWidget(self._whole.indexOf(self.banner) + 1, banner)

    def show_content(self, shown: bool) -> None:
        """The panes, or what `empty` says."""
        self._stack.setCurrentIndex(0 if shown else 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """What lies behind, up to the window, would else be painted again with every step."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.colours().window))
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= theme.scaled(WIDE)
        if wide != self._wide:
            self._wide = wide
            self._arrange()

    def _arrange(self) -> None:
        """Three columns where there is room for them, else two by two. Sizes are shares of what is there."""
        horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self.outer.setOrientation(horizontal if self._wide else vertical)
        self.detail.setOrientation(vertical if self._wide else horizontal)
        self.outer.setSizes([660, 340] if self._wide else [560, 440])
        self.top.setSizes([520, 480])
        self.detail.setSizes([500, 500])
