"""The page "Compare code": which streams end differently under another version of the plug-in, and since when.

Both versions fold in an engine process of their own: what the other plug-in does to it is felt nowhere else.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from explorer.engine.asks_comparing import EndsApart, FoldUnder
from explorer.engine.messages import DiffPage, Done, Progress
from explorer.errors import Cancelled, ExplorerError
from explorer.ui.compare.differences_pane import DifferencesPane
from explorer.ui.events.event_rows import type_icon
from explorer.ui.look import text, theme
from explorer.ui.pane import PaneHead
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import Column, RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.workspace import Ask, Workspace

LANE = "code"
WIDE = 900  # pixels from which the differences stand beside the streams
MOST = 2_000  # streams that are listed; more are counted
HINT = "Choose the category and the other version of its plug-in. Nothing is written, and nothing is loaded for good."


def _error(row: EndsApart) -> str:
    words = [
        f"as it is loaded: {row.error}" if row.error else "",
        f"the other version: {row.other_error}" if row.other_error else "",
    ]
    return "   ".join(word for word in words if word)


COLUMNS = (
    Column("Stream", lambda row: row.id, tooltip=lambda row: row.id, mono=True, width=160),
    Column("v", lambda row: text.number(row.version) if row.version else "start", align="right", mono=True, width=60),
    Column("First differing event", lambda row: row.kind, icon=lambda row: type_icon(row.kind) if row.kind else None),
    Column("Differs", lambda row: text.number(row.total), align="right", mono=True, width=64),
    Column("Failed", _error, tooltip=_error, foreground=lambda _row: QColor(theme.colours().error)),
)


class CodePage(QWidget):
    """At most one in a window; `ask` fills in a category and a stream."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Compare two versions of the code")
        self._asked: Ask | None = None
        self._category = ""  # of the streams that were found
        self._id = ""  # of the stream that may be folded alone
        self.found = 0
        self._wide: bool | None = None
        self._build()
        workspace.engine_ready.connect(self._fill)
        workspace.closing.connect(self.cancel)
        self._fill()
        self._over()

    def _build(self) -> None:
        self.head = PaneHead("Two versions of the code", self)
        self.category = QComboBox(self)
        self.category.setEditable(True)
        self.category.setAccessibleName("Category")
        self.category.setMinimumContentsLength(12)
        self.only = QCheckBox(self)
        self.only.hide()
        self.file_field = QLineEdit(self)
        self.file_field.setAccessibleName("The other version: a plug-in file")
        self.file_field.setPlaceholderText("The other version: a plug-in file (.py)")
        self.file_field.returnPressed.connect(self.begin)
        self.file_field.textChanged.connect(self._check)
        self.category.editTextChanged.connect(self._check)
        self.choose_button = QPushButton("Choose…", self)
        self.choose_button.clicked.connect(self.choose)
        self.begin_button = QPushButton("Compare", self)
        self.begin_button.setProperty("primary", True)
        self.begin_button.clicked.connect(self.begin)
        self.cancel_button = QPushButton("Cancel", self)
        self.cancel_button.clicked.connect(self.cancel)
        upper, lower = QHBoxLayout(), QHBoxLayout()
        upper.addWidget(self.category)
        upper.addWidget(self.only)
        upper.addStretch(1)
        lower.addWidget(self.file_field, 1)
        for button in (self.choose_button, self.begin_button, self.cancel_button):
            lower.addWidget(button)
        form = QVBoxLayout()
        form.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        form.setSpacing(theme.S)
        for line in (upper, lower):
            line.setSpacing(theme.M)
            form.addLayout(line)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName("Folding by both versions")
        self.banner = Banner(self)
        self.model = RowsModel(COLUMNS, self)
        self.table = RowsTable(self.model, "Streams that end differently", self)
        self.table.selectionModel().currentRowChanged.connect(self._moved)
        self.table.opened.connect(self.open_stream)
        self.diff = DifferencesPane(self.workspace, self)
        self.diff.set_names("As it is loaded", "The other version")
        self.diff.say("No stream is selected", "Its ends by both versions are compared here.")
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        for part in (self.table, self.diff):
            part.setMinimumSize(theme.scaled(240), theme.scaled(72))
            self.splitter.addWidget(part)
        self.empty = EmptyState("Which streams end differently?", HINT, icon_name="code", parent=self)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.splitter)
        self._pages.addWidget(self.empty)
        self._pages.setCurrentIndex(1)
        put_in_column(self, self.head, form, self.bar, self.banner, pages)

    # -- what is compared ---------------------------------------------------------------------------------------------

    def ask(self, category: str, id: str) -> None:
        """Fill in what is looked at; nothing begins by itself."""
        if category and not self.running:
            self.category.setEditText(category)
            self._id = id
            self.only.setText(text.menu_text(f"Only {id}"))
            self.only.setVisible(bool(id))
            self.only.setChecked(False)
        self.file_field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill(self) -> None:
        """The categories that a domain claims."""
        before = self.category.currentText()
        names = dict.fromkeys(name for one in self.workspace.aggregates for name in one.categories)
        self.category.clear()
        for name in names:
            self.category.addItem(text.shown(name, 80), name)
        self.category.setEditText(before or next(iter(names), ""))

    def choose(self) -> None:
        """Ask for the file."""
        dialog = QFileDialog(self, "The other version of the plug-in", "", "Python files (*.py)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.file_field.setText)
        dialog.open()

    def _check(self) -> None:
        self.begin_button.setEnabled(
            not self.running and bool(self.file_field.text().strip()) and bool(self.category.currentText().strip())
        )

    # -- folding ------------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self._asked is not None

    def begin(self) -> None:
        """Fold by both versions."""
        category, file = self.category.currentText().strip(), self.file_field.text().strip()
        if self.running or not category or not file:
            return
        self.banner.clear()
        self.model.reset()
        self.found = 0
        self.diff.say("No stream is selected", "Its ends by both versions are compared here.")
        self.empty.say("Folding by both versions…", "Streams that end differently are listed as they are found.")
        self._pages.setCurrentIndex(1)
        text.set_label(self.head.note, "")
        only = self._id if self.only.isVisible() and self.only.isChecked() else None
        ask = FoldUnder(category, str(Path(file).expanduser()), only)
        then, did_not = partial(self._done, category), self._failed
        self._asked = self.workspace.engine(
            ask, then, did_not, partial(self._part, category), owner=self, lane=LANE, text="Folding by two versions"
        )
        self._show_running()

    def cancel(self) -> None:
        if self._asked is not None:
            self._asked.cancel()

    def _part(self, category: str, part: EndsApart | Progress) -> None:
        if isinstance(part, Progress):
            text.set_label(self.head.note, f"{text.plural(part.done, 'stream')} looked at")
            return
        self.found += 1
        if self.found <= MOST:
            self.model.append([part])
        self._category = category
        self._pages.setCurrentIndex(0)
        if self.found == 1:
            self.table.selectRow(0)

    def _done(self, category: str, done: Done) -> None:
        self._over()
        self._category = category
        text.set_label(self.head.note, done.message)
        if self.found > MOST:
            self.banner.show_notice("info", f"The first {text.number(MOST)} are listed.")
        if not self.found:
            self.empty.say("No stream ends differently", "Both versions make the same of all.", icon_name="check")
            self._pages.setCurrentIndex(1)

    def _failed(self, error: ExplorerError) -> None:
        self._over()
        if isinstance(error, Cancelled):
            self.banner.show_notice("warning", "It was cancelled.", "What was found until then is shown.")
            if not self.found:
                self.empty.say("Cancelled", HINT, icon_name="code")
        else:
            self.banner.show_error(error)
            if not self.found:
                self.empty.say("Nothing was compared", str(error), icon_name="warning")

    def _over(self) -> None:
        self._asked = None
        self._show_running()

    def _show_running(self) -> None:
        self.bar.setVisible(self.running)
        self.cancel_button.setVisible(self.running)
        self.begin_button.setVisible(not self.running)
        for field in (self.category, self.only, self.file_field, self.choose_button):
            field.setEnabled(not self.running)
        self._check()

    # -- looking at what was found ------------------------------------------------------------------------------------

    def _moved(self, current: QModelIndex, _previous: QModelIndex) -> None:
        row = self.model.row(current)
        if isinstance(row, EndsApart):
            self.diff.show_rows(DiffPage(0, len(row.changes), row.changes))
            shown = len(row.changes)
            words = text.plural(row.total, "difference")
            words = words if shown == row.total else f"{words}, the first {shown} shown"
            text.set_label(self.diff.head.note, words)
            text.set_label(self.diff.head.heading, f"Ends of {row.id}", cut=60)
            if row.error or row.other_error:
                self.diff.banner.show_notice("error", _error(row), "The state goes on as it was before that event.")

    def open_stream(self, row: EndsApart) -> None:
        """The stream, at the first version that differs."""
        self.workspace.stream_wanted.emit(self._category, row.id, row.version or None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        (self.table if self.found else self.file_field).setFocus(event.reason())

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(320), theme.scaled(200))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= theme.scaled(WIDE)
        if wide != self._wide:
            self._wide = wide
            self.splitter.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)
            self.splitter.setSizes([560, 440])
