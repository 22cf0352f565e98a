"""The editors of fields with parts: an object's fields below each other, a small table for a list."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from explorer.engine.messages import FieldInfo
from explorer.ui.commands.field_editors import INPUT, LABEL_WIDTH, FieldEditor, value_editor
from explorer.ui.commands.field_values import Content, blank, element, has_parts, inner, is_raw
from explorer.ui.look import icons, text, theme


class ObjectEditor(FieldEditor):
    """Several fields, a label before each; tables and nested objects over the whole width, under their name."""

    def __init__(self, field: FieldInfo, parent: QWidget | None = None, *, indent: bool = False) -> None:
        super().__init__(field, parent)
        self._editors: dict[str, FieldEditor] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(theme.M if indent else 0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.M)
        grid.setVerticalSpacing(theme.M)
        grid.setColumnMinimumWidth(0, theme.scaled(LABEL_WIDTH))
        grid.setColumnStretch(1, 1)
        for row, each in enumerate(field.fields):
            editor = make_editor(each, self)
            self.adopt(editor)
            self._editors[each.name] = editor
            label = _label(each, self)
            label.setBuddy(editor)
            if has_parts(each):
                box = QVBoxLayout()
                box.setSpacing(theme.S)
                box.addWidget(label)
                box.addWidget(editor)
                grid.addLayout(box, row, 0, 1, 2)
            else:
                label.setMinimumHeight(theme.scaled(INPUT))
                grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(editor, row, 1)

    def content(self) -> Content:
        return {name: editor.content() for name, editor in self._editors.items()}

    def set_content(self, content: Content) -> None:
        known = content if isinstance(content, dict) else {}
        for name, editor in self._editors.items():
            editor.set_content(known[name] if name in known else blank(editor.field))

    def show_problems(self, problems: Mapping[str, str], path: str) -> None:
        for name, editor in self._editors.items():
            editor.show_problems(problems, f"{path}/{name}")

    def inputs(self) -> list[QWidget]:
        return [each for editor in self._editors.values() for each in editor.inputs()]

    def editor(self, name: str) -> FieldEditor:
        return self._editors[name]


class ListEditor(FieldEditor):
    """A small table: a row for each element, a column for each of its fields.

    Enter goes to the row below and makes one at the end; Ctrl+Delete removes the row one is in.
    Elements with lists or objects of several fields inside stand below each other instead of in columns.
    """

    def __init__(self, field: FieldInfo, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self._element = element(field)
        self._objects = self._element.kind == "object" and not is_raw(self._element)
        self._columns = self._element.fields if self._objects else (self._element,)
        self._tabular = not any(has_parts(each) for each in self._columns)
        self._rows: list[tuple[FieldEditor, QToolButton]] = []
        self._problem = QLabel(self)
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setProperty("tone", "error")
        self._problem.setWordWrap(True)
        self._problem.hide()
        self.add_button = QToolButton(self)
        self.add_button.setIcon(icons.icon("plus"))
        self.add_button.setIconSize(QSize(theme.scaled(14), theme.scaled(14)))
        self.add_button.setText("Add row")
        self.add_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.add_button.setAutoRaise(True)
        self.add_button.setAccessibleName(f"Add a row to {text.shown(field.name)}")
        self.add_button.clicked.connect(lambda: self.add_row())
        self._body = QVBoxLayout()
        self._body.setSpacing(2 if self._tabular else theme.M)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        if self._tabular and self._objects:
            column.addWidget(_Heading(self._columns, self))
        column.addLayout(self._body)
        column.addWidget(self._problem)
        column.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)

    @property
    def rows(self) -> list[FieldEditor]:
        return [editor for editor, _ in self._rows]

    def add_row(self, content: Content | None = None, *, focus: bool = True) -> None:
        """One more row at the end; as the user's doing unless content is given."""
        line = QWidget(self)
        layout = QGridLayout(line)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(2)
        number = len(self._rows) + 1
        editor: FieldEditor
        if self._tabular and self._objects:
            editor = _CellsEditor(self._element, f"{self.field.name} row {number}", line)
        else:
            editor = make_editor(self._element, line, f"{self.field.name} {number}")
        remove = QToolButton(line)
        remove.setIcon(icons.icon("minus"))
        remove.setIconSize(QSize(theme.scaled(14), theme.scaled(14)))
        remove.setAutoRaise(True)
        remove.setFixedWidth(theme.scaled(theme.ROW))
        remove.setStyleSheet("padding: 3px")
        remove.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        remove.setToolTip("Remove this row (Ctrl+Delete)")
        remove.setAccessibleName(f"Remove row {number} of {text.shown(self.field.name)}")
        remove.clicked.connect(lambda: self._remove(line))
        layout.addWidget(editor, 0, 0)
        layout.addWidget(remove, 0, 1, Qt.AlignmentFlag.AlignTop)
        layout.setColumnStretch(0, 1)
        editor.set_content(blank(self._element) if content is None else content)
        self.adopt(editor)
        for each in editor.findChildren(QWidget):
            each.installEventFilter(self)
        self._rows.append((editor, remove))
        self._body.addWidget(line)
        line.show()
        if content is None:
            self.changed.emit(self)
            if focus:
                editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and isinstance(watched, QLineEdit):
            index = self._index_of(watched)
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain and index is not None:
                if index + 1 == len(self._rows):
                    self.add_row(focus=False)
                self._rows[index + 1][0].setFocus(Qt.FocusReason.TabFocusReason)
                return True
            control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
            if event.key() == Qt.Key.Key_Delete and control and index is not None:
                self._remove(self._line(index))
                return True
        return super().eventFilter(watched, event)

    def _line(self, index: int) -> QWidget:
        line = self._rows[index][0].parentWidget()
        assert line is not None
        return line

    def _index_of(self, widget: QWidget) -> int | None:
        for index, (editor, _) in enumerate(self._rows):
            if editor.isAncestorOf(widget):
                return index
        return None

    def _remove(self, line: QWidget) -> None:
        index = next(i for i in range(len(self._rows)) if self._line(i) is line)
        self._drop(index)
        self.changed.emit(self)
        if self._rows:
            self._rows[min(index, len(self._rows) - 1)][0].setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.add_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _drop(self, index: int) -> None:
        line = self._line(index)
        del self._rows[index]
        self._body.removeWidget(line)
        line.hide()
        line.deleteLater()

    def inputs(self) -> list[QWidget]:
        return [*(each for editor in self.rows for each in editor.inputs()), self.add_button]

    def content(self) -> Content:
        return [editor.content() for editor in self.rows]

    def set_content(self, content: Content) -> None:
        wanted = content if isinstance(content, list) else []
        while len(self._rows) > len(wanted):
            self._drop(len(self._rows) - 1)
        for (editor, _), each in zip(self._rows, wanted, strict=False):
            editor.set_content(each)
        for each in wanted[len(self._rows) :]:
            self.add_row(each)

    def show_problems(self, problems: Mapping[str, str], path: str) -> None:
        sentence = problems.get(path, "")
        for index, editor in enumerate(self.rows):
            editor.show_problems(problems, f"{path}/{index}")
            for where, what in problems.items():
                if not sentence and self._tabular and where.startswith(f"{path}/{index}"):
                    name = where.removeprefix(f"{path}/{index}").strip("/").split("/")[0]
                    sentence = f"Row {index + 1}{', ' + name if name else ''}: {what[:1].lower()}{what[1:]}"
        self._problem.setText(text.shown(sentence))
        self._problem.setVisible(bool(sentence))


class _CellsEditor(FieldEditor):
    """One row of a table: the fields of an object beside each other."""

    def __init__(self, field: FieldInfo, name: str, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self._editors: dict[str, FieldEditor] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2)
        for column, each in enumerate(field.fields):
            editor = value_editor(each, f"{each.name}, {name}", self, cell=True)
            self.adopt(editor)
            self._editors[each.name] = editor
            grid.addWidget(editor, 0, column)
            grid.setColumnStretch(column, _weight(each))
        self.setFocusProxy(next(iter(self._editors.values())))

    def inputs(self) -> list[QWidget]:
        return [each for editor in self._editors.values() for each in editor.inputs()]

    def content(self) -> Content:
        return {name: editor.content() for name, editor in self._editors.items()}

    def set_content(self, content: Content) -> None:
        known = content if isinstance(content, dict) else {}
        for name, editor in self._editors.items():
            editor.set_content(known[name] if name in known else blank(editor.field))

    def show_problems(self, problems: Mapping[str, str], path: str) -> None:
        for name, editor in self._editors.items():
            editor.show_problems(problems, f"{path}/{name}")


class _Heading(QWidget):
    """The names over the columns of a table, as wide as the cells below."""

    def __init__(self, columns: tuple[FieldInfo, ...], parent: QWidget) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, theme.scaled(theme.ROW) + 2, 0)
        grid.setHorizontalSpacing(2)
        for column, each in enumerate(columns):
            label = _label(each, self)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            if inner(each).kind in ("integer", "decimal"):
                label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(label, 0, column)
            grid.setColumnStretch(column, _weight(each))


def _weight(field: FieldInfo) -> int:
    return 2 if inner(field).kind in ("integer", "boolean") else 3


def _label(field: FieldInfo, parent: QWidget) -> QLabel:
    label = text.plain_label(field.name, parent)
    label.setProperty("muted", True)
    if field.help:
        label.setToolTip(text.tooltip(field.help))
    return label


def make_editor(field: FieldInfo, parent: QWidget, name: str = "") -> FieldEditor:
    """The editor for a field of any kind."""
    if field.kind == "list":
        return ListEditor(field, parent)
    if has_parts(field):
        return ObjectEditor(field, parent, indent=bool(field.name))
    return value_editor(field, name or field.name, parent)
