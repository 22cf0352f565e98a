"""What a write would do, or did: the events, and what they change in the state."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGraphicsOpacityEffect,
    QHBoxLayout,
    QLabel,
    QListView,
    QPlainTextEdit,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer import payload
from explorer.engine.messages import DiffRow, EventDraft, Preview
from explorer.ui.look import icons, text, theme

PRETTY = 16_000  # characters of a payload that are laid out; longer ones are cut with their size
LINES = 14  # lines of a payload shown without scrolling

_MARKS = {"add": "+", "remove": "−", "replace": "~", "move": ">"}
Index = QModelIndex | QPersistentModelIndex


class _Changes(QAbstractListModel):
    """Differences as rows; their text is what a screen reader says and what is copied."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: tuple[DiffRow, ...] = ()

    def reset(self, rows: Sequence[DiffRow]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return text.shown(change_text(row), 3 * text.CUT)
        if role == Qt.ItemDataRole.ToolTipRole:
            return text.tooltip(change_text(row))
        return None


def change_text(row: DiffRow) -> str:
    """One difference as a line: `~ /status: "PENDING" → "APPROVED"`."""
    mark = _MARKS[row.op]
    name = f"{row.path or '/'}{' (' + row.key + ')' if row.key else ''}"
    if row.op == "add":
        return f"{mark} {name}: {row.after}"
    if row.op == "remove":
        return f"{mark} {name}: {row.before}"
    if row.op == "move":
        return f"{mark} {name}: moved from {row.origin}"
    return f"{mark} {name}: {row.before} → {row.after}"


class _ChangePainter(QStyledItemDelegate):
    """Mark and path on one line, before → after below it: narrow docks have no room for columns."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, 2 * QFontMetrics(theme.mono_font()).height() + theme.M)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, _Changes)
        row = model.rows[index.row()]
        colours = theme.colours()
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(option.rect, QColor(colours.selection))
        font = theme.mono_font()
        metrics = QFontMetrics(font)
        painter.setFont(font)
        area = option.rect.adjusted(0, theme.S, -theme.S, -theme.S)
        line = QRect(area.left(), area.top(), area.width(), metrics.height())
        painter.setPen(QColor(getattr(colours, row.op)))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, _MARKS[row.op])
        left = metrics.horizontalAdvance("0") * 2
        line.setLeft(area.left() + left)
        painter.setPen(QColor(colours.text))
        name = text.shown(row.path.lstrip("/") or "(all)") + (f"  {text.shown(row.key)}" if row.key else "")
        painter.drawText(line, 0, metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, line.width()))
        line.moveTop(line.bottom() + 1)
        self._values(painter, row, line, metrics)
        painter.restore()

    def _values(self, painter: QPainter, row: DiffRow, line: QRect, metrics: QFontMetrics) -> None:
        arrow = " → "
        if row.op == "move":
            parts = [("muted", "from " + row.origin.lstrip("/"))]
        elif row.op == "replace":
            parts = [("remove", row.before), ("muted", arrow), ("add", row.after)]
        else:
            parts = [("add", row.after)] if row.op == "add" else [("remove", row.before)]
        room = line.width()
        if row.op == "replace":
            room -= metrics.horizontalAdvance(arrow)
            needed = [metrics.horizontalAdvance(text.shown(each)) for each in (row.before, row.after)]
            first = min(needed[0], max(room // 2, room - needed[1]))
            widths = [first, metrics.horizontalAdvance(arrow), room - first]
        else:
            widths = [room]
        x = line.left()
        for (role, value), width in zip(parts, widths, strict=True):
            shown = value if value == arrow else text.shown(value)
            elided = metrics.elidedText(shown, Qt.TextElideMode.ElideRight, width)
            painter.setPen(QColor(getattr(theme.colours(), role)))
            painter.drawText(QRect(x, line.top(), width, line.height()), 0, elided)
            x += min(width, metrics.horizontalAdvance(elided))


class ChangeList(QListView):
    """Differences between two states, as high as they are many. Ctrl+C copies the selected ones."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Changes(self)
        self.setModel(self._model)
        self.setItemDelegate(_ChangePainter(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("What changes in the state")
        self.setStyleSheet("background: transparent")
        self.show_rows(())

    def show_rows(self, rows: Sequence[DiffRow]) -> None:
        self._model.reset(rows)
        self.setFixedHeight(max(1, len(rows) * self.sizeHintForRow(0) if rows else 1))

    @property
    def lines(self) -> list[str]:
        return [change_text(row) for row in self._model.rows]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            chosen = sorted({index.row() for index in self.selectedIndexes()})
            QGuiApplication.clipboard().setText("\n".join(change_text(self._model.rows[row]) for row in chosen))
            return
        super().keyPressEvent(event)


class EventCard(QWidget):
    """One event that is to be written: its type in its colour, payload, and the metadata folded away."""

    def __init__(self, event: EventDraft, version: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        swatch = Swatch(event.type, self)
        name = text.plain_label(event.type, self)
        name.setFont(theme.sans_font(weight=QFont.Weight.DemiBold))
        name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        name.setToolTip(text.tooltip(event.type))
        number = text.plain_label(f"v{version}", self)
        number.setProperty("muted", True)
        self._metadata = json_lines(event.metadata, self)
        self._metadata.setAccessibleName(f"Metadata of {text.shown(event.type)}")
        self._metadata.hide()
        self._fold = QToolButton(self)
        self._fold.setText("Metadata")
        self._fold.setIcon(icons.icon("chevron-right"))
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setAutoRaise(True)
        self._fold.setCheckable(True)
        self._fold.toggled.connect(self._unfold)
        head = QHBoxLayout()
        head.setSpacing(theme.M)
        head.addWidget(name, 1)
        head.addWidget(number)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addLayout(head)
        data = json_lines(event.data, self)
        data.setAccessibleName(f"Payload of {text.shown(event.type)}")
        column.addWidget(data)
        column.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._metadata)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.M)
        row.addWidget(swatch)
        row.addLayout(column, 1)

    def _unfold(self, open_: bool) -> None:
        self._metadata.setVisible(open_)
        self._fold.setIcon(icons.icon("chevron-down" if open_ else "chevron-right"))


class Swatch(QWidget):
    """A stripe in the colour of an event type."""

    def __init__(self, event_type: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._type = event_type
        self.setFixedWidth(3)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme.type_colour(self._type, theme.is_dark()))


def json_lines(content: str, parent: QWidget) -> QPlainTextEdit:
    """JSON laid out to be read, cut where it is too long, no higher than it needs."""
    if len(content) > PRETTY:
        shown = f"{text.lines_shown(content, PRETTY)}\n… {text.size_text(len(content.encode()))} in all"
    else:
        decoded = payload.decode(content.encode("utf-8", "surrogatepass"))
        shown = text.lines_shown(content if decoded.problem else payload.pretty(decoded.value), 2 * PRETTY)
    view = QPlainTextEdit(parent)
    view.setReadOnly(True)
    view.setFrameShape(QFrame.Shape.NoFrame)
    view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    view.setFont(theme.mono_font())
    view.setStyleSheet("border: none; background: transparent; padding: 0")
    view.setTabChangesFocus(True)
    view.document().setDocumentMargin(0)
    shown = "\n".join(line if len(line) <= text.TOOLTIP else line[: text.TOOLTIP] + "…" for line in shown.split("\n"))
    view.setPlainText(shown)
    metrics = QFontMetrics(theme.mono_font())
    many = view.document().blockCount() > LINES
    if not many:
        view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    width = max(metrics.horizontalAdvance(line) for line in shown.split("\n"))
    extra = theme.L if width > 260 else 0  # room for a scroll bar, where a line does not fit in a narrow dock
    view.setFixedHeight(min(view.document().blockCount(), LINES) * metrics.lineSpacing() + extra + 2)
    return view


def heading(title: str, parent: QWidget) -> QLabel:
    """A section's name: small, muted."""
    label = text.plain_label(title, parent)
    label.setObjectName("heading")
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # a long id must not widen a dock
    return label


class PreviewView(QWidget):
    """The preview of a command or an append; empty until there is one. Greyed when it does not fit what was typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.M)
        self._cards: list[QWidget] = []
        self._fade = QGraphicsOpacityEffect(self)
        self._fade.setOpacity(0.45)
        self._fade.setEnabled(False)
        self.setGraphicsEffect(self._fade)
        self._events_heading = heading("Writes", self)
        self._loaded = text.plain_label("", self, wrap=True)
        self._loaded.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._loaded.setProperty("muted", True)
        self._events = QVBoxLayout()
        self._events.setSpacing(theme.M)
        self._changes_heading = heading("Changes in the state", self)
        self._problem = text.plain_label("", self, wrap=True)
        self._problem.setProperty("tone", "error")
        self.changes = ChangeList(self)
        self._column.addWidget(self._events_heading)
        self._column.addWidget(self._loaded)
        self._column.addLayout(self._events)
        self._column.addWidget(self._changes_heading)
        self._column.addWidget(self._problem)
        self._column.addWidget(self.changes)
        self._column.addStretch(1)
        self.clear()

    def clear(self) -> None:
        self._drop_cards()
        for part in (self._events_heading, self._loaded, self._changes_heading, self._problem, self.changes):
            part.hide()

    def set_stale(self, stale: bool) -> None:
        """Grey what does not belong to what stands in the form any more."""
        self._fade.setEnabled(stale)

    def show_preview(self, preview: Preview) -> None:
        """Everything but a refusal, which belongs where the command is."""
        self.clear()
        self.set_stale(False)
        count = len(preview.events)
        where = f"{preview.category} {preview.id}"
        if count:
            span = f"v{preview.expected + 1}" + (f"–v{preview.expected + count}" if count > 1 else "")
            text.set_label(self._events_heading, f"Writes {span} of {where}")
        else:
            text.set_label(self._events_heading, f"Writes nothing to {where}")
        self._events_heading.show()
        read = f"Read {preview.loaded}; " if preview.loaded else ""
        at = f"expects the stream at v{preview.expected}." if preview.expected else "the stream is new."
        text.set_label(self._loaded, read + at if read else at[:1].upper() + at[1:])
        self._loaded.show()
        for number, event in enumerate(preview.events):
            card = EventCard(event, preview.expected + 1 + number, self)
            self._cards.append(card)
            self._events.addWidget(card)
        if preview.error:
            text.set_label(self._problem, preview.error)
            self._problem.show()
        if count:
            more = preview.changes_total - len(preview.changes)
            total = text.number(preview.changes_total)
            shown = f"{total}, the first {len(preview.changes)} shown" if more > 0 else total
            text.set_label(self._changes_heading, f"Changes in the state: {shown if preview.changes_total else 'none'}")
            self._changes_heading.show()
            self.changes.show_rows(preview.changes)
            self.changes.setVisible(bool(preview.changes))

    def _drop_cards(self) -> None:
        for card in self._cards:
            self._events.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = []
