"""Every key in one sheet; any of them can be changed here."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.ui.actions import ACTIONS, BY_ID, GROUPS, Actions
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon

ID_ROLE = Qt.ItemDataRole.UserRole
SIGNS = "In differences: + added, − removed, ~ changed, > moved.  ● in the head says whether this store is written to."
SCOPES = {"panel": "while the timeline has the focus", "window": ""}


class HelpSheet(QDialog):
    """Not modal: it may stay open beside the work."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.actions_ = actions
        self.setWindowTitle("Keys")
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("Filter by action or key")
        self.filter.setAccessibleName("Filter keys")
        self.filter.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter.textChanged.connect(self._apply_filter)
        self.list = QTreeWidget(self)
        self.list.setAccessibleName("Actions and their keys")
        self.list.setColumnCount(3)
        self.list.setHeaderLabels(["Action", "Keys", "Where"])
        self.list.setRootIsDecorated(False)
        self.list.setIndentation(theme.M)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.header().setStretchLastSection(True)
        self.list.currentItemChanged.connect(lambda _new, _old: self._show_edit())
        self.signs = text.plain_label(SIGNS, self, wrap=True)
        self.signs.setObjectName("muted")
        self.edit = QKeySequenceEdit(self)
        self.edit.setAccessibleName("New key")
        self.edit.setMaximumSequenceLength(1)
        self.edit.keySequenceChanged.connect(lambda _keys: self._show_clash())
        self.clash = text.plain_label("", self)
        self.clash.setProperty("tone", "warning")
        self.set = QPushButton("Set key", self)
        self.set.clicked.connect(self._on_set)
        self.reset = QPushButton("As delivered", self)
        self.reset.clicked.connect(self._on_reset)

        line = QHBoxLayout()
        line.setSpacing(theme.M)
        line.addWidget(self.edit)
        line.addWidget(self.set)
        line.addWidget(self.reset)
        line.addWidget(self.clash, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        whole.setSpacing(theme.M)
        whole.addWidget(self.filter)
        whole.addWidget(self.list, 1)
        whole.addLayout(line)
        whole.addWidget(self.signs)
        self.resize(theme.scaled(680), theme.scaled(640))
        self._fill()
        self._show_edit()

    def _fill(self) -> None:
        self.list.clear()
        for group in GROUPS:
            head = QTreeWidgetItem(self.list, [group])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for action in ACTIONS:
                if action.group != group or not (self.actions_.bound(action.id) or action.keys):
                    continue
                keys = self.actions_.key_text(action.id)
                item = QTreeWidgetItem(head, [action.title.removesuffix("…"), keys, SCOPES[action.scope]])
                item.setData(0, ID_ROLE, action.id)
                item.setForeground(2, self.palette().placeholderText())
            head.setExpanded(True)
        for column in (0, 1):
            self.list.resizeColumnToContents(column)
            self.list.setColumnWidth(column, self.list.columnWidth(column) + theme.M)
        self._apply_filter(self.filter.text())

    def _apply_filter(self, words: str) -> None:
        wanted = words.casefold()
        for row in range(self.list.topLevelItemCount()):
            head = self.list.topLevelItem(row)
            if head is None:
                continue
            shown = 0
            for place in range(head.childCount()):
                item = head.child(place)
                if item is None:
                    continue
                fits = wanted in f"{item.text(0)} {item.text(1)}".casefold()
                item.setHidden(not fits)
                shown += fits
            head.setHidden(not shown)

    # -- changing a key ------------------------------------------------------------------------------------

    @property
    def _chosen(self) -> str | None:
        item = self.list.currentItem()
        id: str | None = item.data(0, ID_ROLE) if item is not None else None
        return id

    def choose(self, id: str) -> None:
        """Put the cursor on this action."""
        for item in self.list.findItems("*", Qt.MatchFlag.MatchWildcard | Qt.MatchFlag.MatchRecursive):
            if item.data(0, ID_ROLE) == id:
                self.list.setCurrentItem(item)

    def _show_edit(self) -> None:
        chosen = self._chosen
        for one in (self.edit, self.set, self.reset):
            one.setEnabled(chosen is not None)
        self.edit.clear()
        if chosen is not None:
            keys = self.actions_.keys(chosen)
            self.edit.setKeySequence(QKeySequence(keys[0]) if keys else QKeySequence())
        self._show_clash()

    def _show_clash(self) -> None:
        chosen, key = self._chosen, self.edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        holder = self.actions_.holder(key, chosen) if chosen and key else None
        text.set_label(self.clash, f"That is {BY_ID[holder].title} now; it would lose the key." if holder else "")

    def _on_set(self) -> None:
        chosen = self._chosen
        key = self.edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        if chosen is None:
            return
        holder = self.actions_.holder(key, chosen) if key else None
        if holder is not None:
            gone = QKeySequence(key)
            self.actions_.set_keys(holder, tuple(k for k in self.actions_.keys(holder) if QKeySequence(k) != gone))
        self.actions_.set_keys(chosen, (key,) if key else ())
        self._fill()
        self.choose(chosen)

    def _on_reset(self) -> None:
        chosen = self._chosen
        if chosen is not None:
            self.actions_.set_keys(chosen, None)
            self._fill()
            self.choose(chosen)
