"""What a subscription has put aside: look at it, have it tried again, have it skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from explorer.stores.store import Parked, Store
from explorer.ui.look import text, theme
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.question import Question
from explorer.ui.parts.table import RowsTable
from explorer.ui.subscriptions.subscription_rows import SEQUENCE, Line, parked_columns
from explorer.ui.workspace import Workspace

ROOM = 560  # pixels below which a column gives way


class ParkedPane(QWidget):
    """The selected subscription in a sentence, and its parked events. `failed`: ExplorerError of a write."""

    failed = Signal(object)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._line: Line | None = None
        self._doomed: Parked | None = None
        self._why_not = ""  # why nothing can be asked for
        self.setObjectName("panel")
        self.sentence = text.plain_label("", self, wrap=True)
        self.sentence.setAccessibleName("What that means")
        self.retry_button = self._tool("Retry", self.retry)
        self.skip_button = self._tool("Skip…", self.ask_to_skip)
        self.retry_all_button = self._tool("Retry all", self.retry_all)
        self.question = Question("Skip it", "Keep it", self)
        self.question.answered.connect(lambda yes: self.skip() if yes else None)
        self.model = RowsModel(parked_columns(lambda: workspace.time_mode), self)
        self.table = RowsTable(self.model, "Parked events", self)
        self.table.opened.connect(lambda one: workspace.stream_wanted.emit(one.category, one.id, one.version))
        self.table.selectionModel().selectionChanged.connect(lambda: self._refresh())
        workspace.time_mode_changed.connect(lambda _mode: self.model.refresh())
        theme.signals().changed.connect(self.model.refresh)
        line = QHBoxLayout()
        line.setContentsMargins(theme.M, theme.S, theme.S, theme.S)
        line.setSpacing(theme.S)
        line.addWidget(self.sentence, 1)
        for one in (self.retry_button, self.skip_button, self.retry_all_button):
            line.addWidget(one)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(self.question)
        column.addWidget(self.table, 1)
        self.none = text.plain_label("Nothing of it is parked.", self)
        self.none.setObjectName("muted")
        self.none.setContentsMargins(theme.M, 0, theme.M, theme.M)
        column.addWidget(self.none, 1, Qt.AlignmentFlag.AlignTop)
        workspace.actions.bind("parked_retry", self.retry, self, self.retry_button.isEnabled)
        workspace.actions.bind("parked_skip", self.ask_to_skip, self, self.skip_button.isEnabled)
        workspace.actions.bind("causes", self.show_causes, self.table, lambda: bool(self._chosen()))
        self.show_line(None, (), "")

    def _tool(self, words: str, clicked: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setText(text.menu_text(words))
        button.clicked.connect(lambda _checked=False: clicked())
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.table.setColumnHidden(SEQUENCE, self.width() < theme.scaled(ROOM))

    # -- showing -----------------------------------------------------------------------------------------------------

    def show_line(self, line: Line | None, parked: Sequence[Parked], why_not: str) -> None:
        """Another subscription, or the same as it is now. What is selected stays selected."""
        if line is None or self._line is None or line.name != self._line.name:
            self.question.hide()
        self._line, self._why_not = line, why_not
        text.set_label(self.sentence, line.sentence if line is not None else "")
        rows = [one for one in parked if line is not None and one.subscription == line.name]
        if rows != self.model.rows:
            positions = {one.position for one in self._chosen()}
            self.model.reset(rows)
            again = [row for row, one in enumerate(rows) if one.position in positions]
            if rows:
                self.table.selectRow(again[0] if again else 0)
        elif rows:
            self.model.refresh()  # time goes on
        self.table.setVisible(bool(rows))
        self.none.setVisible(not rows)
        self._refresh()

    def _chosen(self) -> list[Parked]:
        return [one for one in self.table.selected_rows() if isinstance(one, Parked)]

    def show_causes(self) -> None:
        """What led to the selected event, and what it led to in spite of all."""
        one = self._chosen()[0]
        self._workspace.causes_wanted.emit(one.category, one.id, one.version)

    def _refresh(self) -> None:
        chosen, some = bool(self._chosen()), bool(self.model.rows)
        for button, words, possible in (
            (self.retry_button, "Retry the selected parked event", chosen),
            (self.skip_button, "Skip the selected parked event…", chosen),
            (self.retry_all_button, "Retry all parked events", some),
        ):
            button.setVisible(some)
            button.setEnabled(possible and not self._why_not)
            button.setAccessibleName(words)
            button.setToolTip(text.tooltip(self._why_not or words))

    # -- asking ------------------------------------------------------------------------------------------------------

    def retry(self) -> None:
        """Have the selected ones tried again."""
        self._want([(one, "retry") for one in self._chosen()], "Retrying")

    def retry_all(self) -> None:
        """Have all tried again: those that only wait follow by themselves."""
        self._want([(one, "retry") for one in self.model.rows if one.reason], "Retrying all")

    def ask_to_skip(self) -> None:
        """Ask in place; nothing happens yet."""
        chosen = self._chosen()
        if chosen and self._line is not None:
            self._doomed = one = chosen[0]
            self.question.ask(
                f"Skip {one.type} of {one.category} {one.id} (v{one.version})? {self._line.title} will never react to "
                "it; what waits behind it goes on."
            )

    def skip(self) -> None:
        doomed, self._doomed = self._doomed, None
        if doomed is not None:
            self._want([(doomed, "skip")], "Skipping")

    def _want(self, wanted: list[tuple[Parked, Literal["retry", "skip"]]], text: str) -> None:
        if not wanted or self._why_not:
            return
        looks = self._workspace.subscriptions

        def ask(store: Store) -> None:
            there = {one.position for one in store.parked(wanted[0][0].subscription, limit=10_000)}
            for one, what in wanted:
                if one.position in there:  # else its owner was faster
                    store.want(one.subscription, one.position, what)

        self._workspace.write(ask, lambda _: looks.look(), self.failed.emit, owner=self, text=text)
        if self._line is not None and not self._line.owner:
            self._workspace.message.emit(f"It is done as soon as {self._line.title} runs.")
