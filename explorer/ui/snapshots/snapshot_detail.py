"""One snapshot: what it holds, and how that compares with a replay."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from explorer.engine.messages import Text, Verdict
from explorer.errors import ExplorerError
from explorer.model import Snapshot
from explorer.ui.commands.preview_view import ChangeList, heading
from explorer.ui.look import icons, text, theme
from explorer.ui.pane import text_source
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.text_pages import TextPages, say_size
from explorer.ui.snapshots.snapshot_rows import VERDICTS, meaning, saving_text
from explorer.ui.workspace import Workspace


class SnapshotDetail(QTabWidget):
    """Two pages: the content as text, fetched in pages; the comparison with replay, once somebody asked for it."""

    def __init__(self, workspace: Workspace, compare: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._compare = compare
        self.setDocumentMode(True)
        self.content = TextPages("Content of the snapshot", self)
        self._size = text.plain_label("", self)
        self._size.setObjectName("muted")
        self._size.setContentsMargins(theme.M, 2, theme.M, 2)
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.content, 1)
        column.addWidget(self._size)
        self.addTab(page, "Content")
        self.comparison = _Comparison(self)
        self.addTab(self.comparison, "Compared with replay")
        self.content.loaded.connect(lambda page: say_size(self._size, page))
        self.content.failed.connect(lambda error: text.set_label(self._size, str(error)))
        self.show_snapshot(None, None)

    def show_snapshot(self, snapshot: Snapshot | None, verdict: Verdict | None) -> None:
        """Another snapshot, or none."""
        if snapshot is None:
            self.content.show_source(None)
            text.set_label(self._size, "")
            self.comparison.show_nothing("No snapshot is selected.", "Choose one in the list.")
            return
        ask = Text(snapshot.category, snapshot.id, snapshot.version, what="snapshot")
        self.content.show_source(text_source(self._workspace, self, ask))
        self.show_verdict(snapshot, verdict)

    def show_verdict(self, snapshot: Snapshot, verdict: Verdict | None) -> None:
        if verdict is None:
            hint = "Comparing folds the stream from its first event and looks for every difference."
            self.comparison.show_nothing("Not compared yet", hint, "Compare with replay", self._compare)
        else:
            self.comparison.show_verdict(snapshot, verdict)

    def show_working(self) -> None:
        self.comparison.show_nothing("Comparing…", "The stream is folded from its first event.")
        self.setCurrentWidget(self.comparison)

    def show_failure(self, error: ExplorerError) -> None:
        self.comparison.show_nothing(str(error), error.hint, "Try again", self._compare)


class _Comparison(QWidget):
    """A verdict, what a load saves thanks to the snapshot, and the paths that differ."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._empty = EmptyState(icon_name="compare", parent=self)
        self._mark = QLabel(self)
        self.verdict = text.plain_label("", self)
        self._meaning = text.plain_label("", self, wrap=True)
        self._meaning.setObjectName("muted")
        self.saving = text.plain_label("", self, wrap=True)
        self._heading = heading("Snapshot → replay", self)
        self.changes = ChangeList(self)
        self.changes.setAccessibleName("Where snapshot and replay differ")
        line = QHBoxLayout()
        line.setSpacing(theme.M)
        line.addWidget(self._mark)
        line.addWidget(self.verdict)
        line.addWidget(self._meaning, 1)
        self._inside = QWidget(self)
        self._inside.setObjectName("panel")
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(theme.M + theme.S, theme.M, theme.M + theme.S, theme.M)
        column.setSpacing(theme.S)
        column.addLayout(line)
        column.addWidget(self.saving)
        column.addSpacing(theme.S)
        column.addWidget(self._heading)
        column.addWidget(self.changes)
        column.addStretch(1)
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._inside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._scroll)
        whole.addWidget(self._empty)

    def show_nothing(
        self, sentence: str, hint: str = "", action: str = "", on_action: Callable[[], None] | None = None
    ) -> None:
        self._scroll.hide()
        self._empty.say(sentence, hint, action=action, on_action=on_action)
        self._empty.show()

    def show_verdict(self, snapshot: Snapshot, verdict: Verdict) -> None:
        self._empty.hide()
        icon, tone, _ = VERDICTS.get(verdict.verdict, ("info", "muted", ""))
        self._mark.setPixmap(icons.icon(icon, tone).pixmap(16, 16))
        text.set_label(self.verdict, f"v{snapshot.version}: {verdict.verdict}")
        self.verdict.setProperty("tone", tone)
        self.verdict.style().unpolish(self.verdict)
        self.verdict.style().polish(self.verdict)
        text.set_label(self._meaning, meaning(verdict))
        text.set_label(self.saving, saving_text(verdict))
        self.saving.setVisible(bool(self.saving.text()))
        count = len(verdict.differences)
        text.set_label(self._heading, f"Snapshot → replay: {text.number(count)} different" if count else "")
        self._heading.setVisible(bool(count))
        self.changes.show_rows(verdict.differences)
        self.changes.setVisible(bool(count))
        self._scroll.show()
