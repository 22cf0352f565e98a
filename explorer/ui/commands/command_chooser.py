"""Which command, of which aggregate, for which id."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.engine.messages import AggregateInfo, CommandInfo
from explorer.ui.commands.field_editors import LABEL_WIDTH, mark_invalid
from explorer.ui.look import icons, text, theme


class CommandChooser(QWidget):
    """Aggregate, command and id. Unless it is pinned, by hand or by typing one, the id is that of the active tab, or a
    new one for a command that starts a stream.
    """

    command_changed = Signal()
    id_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._followed = ("", "")  # category and id of the active tab
        self._new_ids: dict[tuple[str, str], str] = {}  # (aggregate, command) → id of the stream it will start
        self.aggregate = _chooser("Aggregate", self)
        self.command = _chooser("Command", self)
        self.id = QLineEdit(self)
        self.id.setFont(theme.mono_font())
        self.id.setProperty("mono", True)
        self.id.setAccessibleName("Id of the aggregate")
        self.new_id = _tool("plus", "New id", "Another new id for the stream that the command starts", self)
        self.pin = _tool("pin", "Keep this id", "Keep this id, whatever tab one looks at", self)
        self.pin.setCheckable(True)
        self.help = text.plain_label("", self, wrap=True)
        self.help.setProperty("muted", True)

        ids = QHBoxLayout()
        ids.setSpacing(2)
        ids.addWidget(self.id, 1)
        ids.addWidget(self.new_id)
        ids.addWidget(self.pin)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.M)
        grid.setVerticalSpacing(theme.M)
        grid.setColumnMinimumWidth(0, theme.scaled(LABEL_WIDTH))
        grid.setColumnStretch(1, 1)
        for row, (name, field) in enumerate(
            (("Aggregate", self.aggregate), ("Command", self.command), ("Id", self.id))
        ):
            label = text.plain_label(name, self)
            label.setProperty("muted", True)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
        grid.addWidget(self.aggregate, 0, 1)
        grid.addWidget(self.command, 1, 1)
        grid.addLayout(ids, 2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        column.addLayout(grid)
        column.addWidget(self.help)

        self.aggregate.currentIndexChanged.connect(self._aggregate_chosen)
        self.command.currentIndexChanged.connect(self._command_chosen)
        self.id.textEdited.connect(self._id_typed)
        self.new_id.clicked.connect(self._make_id)
        self.pin.toggled.connect(lambda on: self._show_id())

    def show_aggregates(self, aggregates: Iterable[AggregateInfo]) -> bool:
        """Those of these that take commands, to choose from; what was chosen stays. False when there are none."""
        infos = [info for info in aggregates if info.commands]
        if infos and infos == [self.aggregate.itemData(index) for index in range(self.aggregate.count())]:
            return True
        chosen = self.aggregate.currentText(), self.command.currentText()
        blocked = self.aggregate.blockSignals(True)
        self.aggregate.clear()
        for info in infos:
            self.aggregate.addItem(text.shown(info.name), info)
        self.aggregate.setCurrentIndex(max(0, self.aggregate.findText(chosen[0])))
        self.aggregate.blockSignals(blocked)
        if not self.aggregate.count():
            return False
        self._choose_followed()
        self._aggregate_chosen()
        self.command.setCurrentIndex(max(0, self.command.findText(chosen[1])))
        return True

    @property
    def chosen(self) -> tuple[AggregateInfo, CommandInfo] | None:
        """None while there is nothing to choose from."""
        aggregate, command = self.aggregate.currentData(), self.command.currentData()
        if isinstance(aggregate, AggregateInfo) and isinstance(command, CommandInfo):
            return aggregate, command
        return None

    def choose(self, aggregate: str, command: str) -> None:
        """As if somebody had chosen it. Nothing happens for names that are not there."""
        if self.aggregate.findText(aggregate) >= 0:
            self.aggregate.setCurrentIndex(self.aggregate.findText(aggregate))
        if self.command.findText(command) >= 0:
            self.command.setCurrentIndex(self.command.findText(command))

    def follow_stream(self, category: str, id: str) -> None:
        """The active tab shows this stream now; "" when none is."""
        if (category, id) == self._followed:
            return
        self._followed = (category, id)
        if category and not self.pin.isChecked() and self.chosen is not None:
            self._choose_followed()
            self._show_id()

    def started(self) -> None:
        """The stream with the new id exists now: the next one gets another, and other commands are for this one."""
        chosen = self.chosen
        if chosen is not None and chosen[1].creates:
            self._new_ids.pop((chosen[0].name, chosen[1].name), None)
            self._followed = (chosen[0].categories[0], self.id.text())
            self._show_id()

    def mark_id(self, wrong: bool) -> None:
        """Show in place that an id is needed."""
        mark_invalid(self.id, wrong)

    def _choose_followed(self) -> None:
        """An aggregate that claims the category of the active tab."""
        category = self._followed[0]
        current = self.aggregate.currentData()
        if not category or (isinstance(current, AggregateInfo) and category in current.categories):
            return
        for index in range(self.aggregate.count()):
            if category in self.aggregate.itemData(index).categories:
                self.aggregate.setCurrentIndex(index)
                return

    def _aggregate_chosen(self) -> None:
        info = self.aggregate.currentData()
        blocked = self.command.blockSignals(True)
        self.command.clear()
        for command in info.commands if isinstance(info, AggregateInfo) else ():
            self.command.addItem(text.shown(command.name), command)
        self.command.blockSignals(blocked)
        self._command_chosen()

    def _command_chosen(self) -> None:
        chosen = self.chosen
        if chosen is not None:
            text.set_label(self.help, chosen[1].help)
            self.help.setVisible(bool(chosen[1].help))
            self.new_id.setVisible(chosen[1].creates)
            self.id.setPlaceholderText("" if chosen[1].creates else "open a stream, or type an id")
            self._show_id()
            self.command_changed.emit()

    def _show_id(self) -> None:
        chosen = self.chosen
        if chosen is None or self.pin.isChecked():
            return
        aggregate, command = chosen
        if command.creates:
            wanted = self._new_ids.setdefault((aggregate.name, command.name), str(uuid.uuid4()))
        else:
            wanted = self._followed[1] if self._followed[0] in aggregate.categories else ""
        self._set_id(wanted)

    def _set_id(self, id: str) -> None:
        if id != self.id.text():
            self.id.setText(id)
            self.id.setCursorPosition(0)
            self.mark_id(False)
            self.id_changed.emit()

    def _id_typed(self) -> None:
        self.pin.setChecked(True)
        self.mark_id(False)
        self.id_changed.emit()

    def _make_id(self) -> None:
        chosen = self.chosen
        made = str(uuid.uuid4())
        if chosen is not None:
            self._new_ids[(chosen[0].name, chosen[1].name)] = made
        self._set_id(made)


def _chooser(name: str, parent: QWidget) -> QComboBox:
    box = QComboBox(parent)
    box.setAccessibleName(name)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return box


def _tool(icon: str, name: str, tip: str, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setIcon(icons.icon(icon))
    button.setIconSize(QSize(theme.scaled(16), theme.scaled(16)))
    button.setAutoRaise(True)
    button.setAccessibleName(name)
    button.setToolTip(text.tooltip(tip))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
