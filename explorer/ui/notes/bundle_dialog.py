"""Saving a bundle: which of the open streams, what is replaced in them, where to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.engine.asks_bundles import BundleSaved, SaveBundle
from explorer.engine.messages import Progress
from explorer.errors import Cancelled, ExplorerError
from explorer.model import StreamKey
from explorer.pseudonyms import IDS, NUMBERS, STRINGS
from explorer.stores.bundled import SUFFIX
from explorer.ui.asking.worker import Ask
from explorer.ui.look import text, theme
from explorer.ui.parts.banner import Banner
from explorer.ui.workspace import Workspace

ROWS = 4  # streams in sight
WORDS = 3  # lines that say what a bundle will not hold


class BundleDialog(QDialog):
    """`streams` are the open ones, the one in sight first. `saved` with the file once it is written."""

    saved = Signal(str, object)  # path, BundleSaved

    def __init__(self, workspace: Workspace, streams: Sequence[StreamKey], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._streams = list(streams)
        self._asked: Ask | None = None
        self.setWindowTitle("Save a bundle")
        self.setModal(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.banner = Banner(self)
        about = text.plain_label(
            "One file with the whole history of these streams, their snapshots and what is noted of them. It opens"
            " anywhere by Open, only for reading.",
            self,
            wrap=True,
        )
        about.setObjectName("muted")
        self._lines(about, 2)
        self.list = QListWidget(self)
        self.list.setAccessibleName("Streams that come along")
        self.list.setFont(theme.mono_font())
        self.list.setFixedHeight(theme.row_height() * ROWS + theme.scaled(8))
        for number, stream in enumerate(self._streams):
            item = QListWidgetItem(text.shown(f"{stream.category} {stream.id}", 120), self.list)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Checked if number == 0 else Qt.CheckState.Unchecked)
        self.list.itemChanged.connect(lambda _item: self._refresh())
        if self._streams:
            self.list.setCurrentRow(0)
        self.kinds = {
            STRINGS: QCheckBox("Texts", self),
            NUMBERS: QCheckBox("Numbers", self),
            IDS: QCheckBox("Ids of the streams", self),
        }
        replaced = QHBoxLayout()
        replaced.setSpacing(theme.L)
        for box in self.kinds.values():
            replaced.addWidget(box)
            box.toggled.connect(lambda _on: self._refresh())
        replaced.addStretch(1)
        self.keep = QLineEdit(self)
        self.keep.setAccessibleName("Names of members that stay as they are")
        self.keep.setPlaceholderText("names of members, such as currency, revision")
        self.what = text.plain_label("", self, wrap=True)
        self.what.setObjectName("muted")
        self.what.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._lines(self.what, WORDS)
        self.path = QLineEdit(self)
        self.path.setAccessibleName("File")
        self.path.setText(text.shown(str(Path.home() / self._file_name()), 4096))
        self.path.textChanged.connect(lambda _words: self._refresh())
        choose = QPushButton("Choose…", self)
        choose.clicked.connect(self._choose)
        file = QHBoxLayout()
        file.setSpacing(theme.S)
        file.addWidget(self.path, 1)
        file.addWidget(choose)
        form = QFormLayout()
        form.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        form.setHorizontalSpacing(theme.L)
        form.setVerticalSpacing(theme.M)
        form.addRow(self._label("Streams"), self.list)
        form.addRow(self._label("Pseudonyms for"), replaced)
        form.addRow(self._label("But not for"), self.keep)
        form.addRow(self._label(""), self.what)
        form.addRow(self._label("File"), file)
        self.state = text.plain_label("", self)
        self.state.setObjectName("muted")
        self.cancel = QPushButton("Cancel", self)
        self.cancel.clicked.connect(self.reject)
        self.save_button = QPushButton("Save", self)
        self.save_button.setDefault(True)
        self.save_button.setProperty("primary", True)
        self.save_button.clicked.connect(self.save)
        for other in (choose, self.cancel):
            other.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(theme.L, theme.M, theme.L, theme.L)
        buttons.setSpacing(theme.M)
        buttons.addWidget(self.state, 1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.save_button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.banner)
        top = QVBoxLayout()
        top.setContentsMargins(theme.L, theme.M, theme.L, 0)
        top.addWidget(about)
        whole.addLayout(top)
        whole.addLayout(form)
        whole.addLayout(buttons)
        self.setMinimumWidth(theme.scaled(560))
        self._refresh()

    def _lines(self, label: QLabel, count: int) -> None:
        """Room for so many lines, whatever it says: what is below does not move, and nothing lies over another."""
        label.setFixedHeight(label.fontMetrics().lineSpacing() * count + theme.scaled(theme.S))

    def _label(self, words: str) -> QWidget:
        label = text.plain_label(words, self)
        label.setObjectName("muted")
        return label

    def _file_name(self) -> str:
        first = self._streams[0] if self._streams else StreamKey("events", "")
        name = re.sub(r"[^\w.-]+", "-", f"{first.category}-{first.id}").strip("-.")[:60]
        return f"{name or 'events'}{SUFFIX}"

    def _refresh(self) -> None:
        kinds = self._kinds()
        self.keep.setEnabled(bool(kinds))
        words = "Everything comes along as it is stored."
        if kinds:
            words = (
                "Equal values get equal pseudonyms; names, types, versions and times stay."
                " Bookmarks come along, texts of notes do not."
            )
        if NUMBERS in kinds:
            words += " Snapshots do not either: their sums would be wrong."
        text.set_label(self.what, words)
        chosen = self._chosen()
        if not self._streams:
            text.set_label(self.state, "No stream is open: open those that are to come along.")
        elif self._asked is None:
            text.set_label(self.state, text.plural(len(chosen), "stream"))
        self.save_button.setEnabled(bool(chosen) and bool(self.path.text().strip()) and self._asked is None)

    def _chosen(self) -> list[StreamKey]:
        checked = Qt.CheckState.Checked
        return [one for number, one in enumerate(self._streams) if self.list.item(number).checkState() == checked]

    def _kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind, box in self.kinds.items() if box.isChecked())

    def _choose(self) -> None:
        chooser = QFileDialog(self, "Save a bundle", self.path.text(), f"Bundles (*{SUFFIX})")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setDefaultSuffix(SUFFIX.removeprefix("."))
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self.path.setText)
        chooser.open()

    def save(self) -> None:
        """Write it; the dialog closes when it is there."""
        path = str(Path(self.path.text().strip()).expanduser())
        names = [name.strip() for name in self.keep.text().split(",")]
        ask = SaveBundle(
            tuple((one.category, one.id) for one in self._chosen()),
            path,
            self._kinds(),
            self._workspace.plugins,
            tuple(name for name in names if name),
        )
        self.banner.clear()
        text.set_label(self.state, "Saving …")
        self._asked = self._workspace.engine(
            ask, lambda done: self._done(path, done), self._failed, self._part, owner=self, lane="scan",
            text="Saving a bundle",
        )  # fmt: skip
        self._refresh()

    def _part(self, part: object) -> None:
        if isinstance(part, Progress):
            text.set_label(self.state, f"Saving: {text.plural(part.done, 'event')}")

    def _done(self, path: str, done: BundleSaved) -> None:
        self._asked = None
        self.saved.emit(path, done)
        self.accept()

    def _failed(self, error: ExplorerError) -> None:
        self._asked = None
        self._refresh()
        if not isinstance(error, Cancelled):
            self.banner.show_error(error)

    def reject(self) -> None:
        """Also ends what is being written: nothing of it stays."""
        if self._asked is not None:
            self._asked.cancel()
        super().reject()


def told(path: str, done: BundleSaved) -> tuple[str, str]:
    """What was saved, as a sentence and its details."""
    parts = [text.plural(done.events, "event"), text.plural(done.snapshots, "snapshot")]
    for number, one, many in (
        (done.notes, "note", "notes"), (done.watches, "watch", "watches"), (done.branches, "branch", "branches")
    ):  # fmt: skip
        if number:
            parts.append(f"{text.number(number)} {one if number == 1 else many}")
    where = f"{text.plural(done.streams, 'stream')} saved to {path} ({text.size_text(done.size)})."
    return where, f"{', '.join(parts)}. Open it by Open, here or anywhere."
