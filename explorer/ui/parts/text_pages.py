"""A long text, shown line by line from pages that are fetched as they come into sight.

Nothing is laid out but the lines on the screen, so a value of 50 MB costs no more than one of 5 kB. Lines are at most
2,000 characters long. They can be selected with mouse and keys, and copied.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.engine.messages import TextPage
from explorer.errors import ExplorerError
from explorer.ui.look import text, theme

Source = Callable[[int, Callable[[TextPage], None], Callable[[ExplorerError], None]], None]
"""(start line, then, failed): fetch a page of lines; calls exactly one of both, now or later."""

KEPT = 8_000  # lines that are kept; more are fetched again
AHEAD = 400  # lines of one fetch are looked for so far around what is in sight
COPIED = 20_000  # lines that can be copied at once
NUMBERS = 64  # pixels for line numbers, at least


class TextPages(QAbstractScrollArea):
    """Lines from a source. `loaded` comes with every page (size, lines, problem)."""

    loaded = Signal(object)  # TextPage
    failed = Signal(object)  # ExplorerError

    def __init__(self, name: str, parent: QWidget | None = None, *, numbers: bool = True) -> None:
        super().__init__(parent)
        self._source: Source | None = None
        self._lines: OrderedDict[int, str] = OrderedDict()
        self._fetching: set[int] = set()
        self._epoch = 0
        self._numbers = numbers
        self._widest = 0  # characters of the longest line seen
        self._anchor = self._caret = 0
        self._copying: tuple[int, int] | None = None
        self.total = 0
        self.stale = False
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self._later = QTimer(self, interval=0, singleShot=True)
        self._later.timeout.connect(self._fetch_in_sight)
        theme.signals().changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        self._font = theme.mono_font()
        metrics = QFontMetricsF(self._font)
        self._advance = metrics.horizontalAdvance("0")
        self._line_height = round(metrics.height() * 1.3)
        self._fit_bars()
        self.viewport().update()

    # -- what it shows ----------------------------------------------------------------------------------------------

    def show_source(self, source: Source | None, *, keep_place: bool = False) -> None:
        """Show the lines of this source. What was shown stays, grey, until the first page is here."""
        self._source = source
        self._epoch += 1
        self._fetching.clear()
        self._copying = None
        if not keep_place:
            self._anchor = self._caret = 0
            self.verticalScrollBar().setValue(0)
            self.horizontalScrollBar().setValue(0)
        if source is None:
            self._lines.clear()
            self.total = 0
            self._fit_bars()
            self.viewport().update()
            return
        self._fetch(self.verticalScrollBar().value(), first=True)

    def line(self, number: int) -> str:
        """A line that is here; "" for one that is not."""
        return self._lines.get(number, "")

    def set_stale(self, stale: bool) -> None:
        if stale != self.stale:
            self.stale = stale
            self.viewport().update()

    def _fetch(self, start: int, first: bool = False) -> None:
        if self._source is None or start in self._fetching:
            return
        self._fetching.add(start)
        epoch = self._epoch

        def arrived(page: TextPage) -> None:
            if epoch != self._epoch:
                return
            self._fetching.discard(start)
            if first:
                self._lines.clear()
                self._widest = 0
            self.total = page.total
            for number, line in enumerate(page.lines, page.start):
                self._lines[number] = line
                self._widest = max(self._widest, len(line))
            while len(self._lines) > max(KEPT, len(page.lines)) and self._copying is None:
                self._lines.popitem(last=False)
            self._fit_bars()
            self.viewport().update()
            self.loaded.emit(page)
            self._go_on_copying()
            self._later.start()

        def refused(error: ExplorerError) -> None:
            if epoch == self._epoch:
                self._fetching.discard(start)
                self._copying = None
                self.failed.emit(error)

        self._source(start, arrived, refused)

    def _fetch_in_sight(self) -> None:
        top, rows = self.verticalScrollBar().value(), self._rows()
        for number in range(max(0, top), min(self.total, top + rows + 1)):
            if number not in self._lines:
                # From a little above, when scrolling upwards, so that not every line is a fetch of its own.
                start = number if number - 1 in self._lines or number == 0 else max(0, number - rows)
                while start in self._lines and start < number:
                    start += 1
                if not self._fetching:
                    self._fetch(start)
                return

    # -- geometry ---------------------------------------------------------------------------------------------------

    def _rows(self) -> int:
        return max(1, self.viewport().height() // self._line_height)

    def _margin(self) -> int:
        if not self._numbers:
            return theme.M
        return max(theme.scaled(36), round(self._advance * (len(str(max(self.total, 1))) + 2))) + theme.M

    def _fit_bars(self) -> None:
        vertical, horizontal = self.verticalScrollBar(), self.horizontalScrollBar()
        vertical.setRange(0, max(0, self.total - self._rows()))
        vertical.setPageStep(self._rows())
        columns = int((self.viewport().width() - self._margin()) / self._advance)
        horizontal.setRange(0, max(0, self._widest + 2 - columns))
        horizontal.setPageStep(max(1, columns))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit_bars()
        self._later.start()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()
        self._later.start()

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(320), theme.scaled(160))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(80), theme.scaled(48))

    # -- painting ---------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        colours = theme.colours()
        painter.fillRect(event.rect(), QColor(colours.base))
        painter.setFont(self._font)
        top, margin = self.verticalScrollBar().value(), self._margin()
        height, width = self._line_height, self.viewport().width()
        low, high = sorted((self._anchor, self._caret))
        chosen = self.hasFocus() or low != high
        for row in range(self._rows() + 2):
            number = top + row
            if number >= self.total:
                break
            y = row * height
            if chosen and low <= number <= high:
                painter.fillRect(QRect(0, y, width, height), QColor(colours.selection))
            if self._numbers:
                painter.setPen(QColor(colours.faint))
                area = QRect(0, y, margin - theme.L, height)
                painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(number + 1))
            line = self._lines.get(number)
            painter.setPen(QColor(colours.faint if self.stale or line is None else colours.text))
            self._paint_line(painter, "…" if line is None else line, QRect(margin, y, width - margin, height))
        painter.end()

    def _paint_line(self, painter: QPainter, line: str, area: QRect) -> None:
        """Of plain lines only the characters in sight: laying out 2,000 of them for each line would be felt."""
        skip = self.horizontalScrollBar().value()
        x = float(area.left())
        if line.isascii():
            line = line[skip : skip + int(area.width() / self._advance) + 2]
        else:
            x -= skip * self._advance
        painter.save()
        painter.setClipRect(area)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine
        painter.drawText(QRect(round(x), area.top(), 1 << 20, area.height()), flags, line)
        painter.restore()

    # -- selecting and copying ----------------------------------------------------------------------------------------

    def _line_at(self, where: QPoint) -> int:
        number = self.verticalScrollBar().value() + where.y() // self._line_height
        return max(0, min(self.total - 1, number))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._caret = self._line_at(event.position().toPoint())
            if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._anchor = self._caret
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(self._line_at(event.position().toPoint()), True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def _go(self, number: int, keep_anchor: bool) -> None:
        self._caret = max(0, min(self.total - 1, number))
        if not keep_anchor:
            self._anchor = self._caret
        bar = self.verticalScrollBar()
        if self._caret < bar.value():
            bar.setValue(self._caret)
        elif self._caret >= bar.value() + self._rows():
            bar.setValue(self._caret - self._rows() + 1)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        moves = {
            Qt.Key.Key_Up: self._caret - 1,
            Qt.Key.Key_Down: self._caret + 1,
            Qt.Key.Key_PageUp: self._caret - self._rows(),
            Qt.Key.Key_PageDown: self._caret + self._rows(),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: self.total - 1,
        }
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() in moves and self.total:
            self._go(moves[Qt.Key(event.key())], shift)
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() + (8 if event.key() == Qt.Key.Key_Right else -8))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()
        super().focusOutEvent(event)

    def select_all(self) -> None:
        self._anchor, self._caret = 0, max(0, self.total - 1)
        self.viewport().update()

    def copy(self) -> None:
        """Put the selected lines on the clipboard, fetching those that are not here yet (up to a bound)."""
        low, high = sorted((self._anchor, self._caret))
        self._copying = (low, min(high, low + COPIED - 1, self.total - 1))
        self._go_on_copying()

    def _go_on_copying(self) -> None:
        if self._copying is None:
            return
        low, high = self._copying
        for number in range(low, high + 1):
            if number not in self._lines:
                self._fetch(number)
                return
        self._copying = None
        QGuiApplication.clipboard().setText("\n".join(self._lines[number] for number in range(low, high + 1)))


class TextWindow(QDialog):
    """One long value in a window of its own."""

    def __init__(self, title: str, source: Source, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(text.title(title))
        self.resize(theme.scaled(860), theme.scaled(600))
        self.pages = TextPages(title, self)
        self.note = text.plain_label("Reading…", self)
        self.note.setObjectName("muted")
        copy = QPushButton("Copy all", self)
        copy.setAutoDefault(False)
        copy.clicked.connect(self._copy_all)
        close = QPushButton("Close", self)
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        foot.setSpacing(theme.M)
        foot.addWidget(self.note, 1)
        foot.addWidget(copy)
        foot.addWidget(close)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.pages, 1)
        whole.addLayout(foot)
        self.pages.loaded.connect(lambda page: say_size(self.note, page))
        self.pages.failed.connect(lambda error: text.set_label(self.note, str(error)))
        self.pages.show_source(source)
        self.pages.setFocus()

    def _copy_all(self) -> None:
        self.pages.select_all()
        self.pages.copy()


def say_size(label: QLabel, page: TextPage) -> None:
    """How large a text is, and what is wrong with it."""
    lines = "1 line" if page.total == 1 else f"{text.number(page.total)} lines"
    words = f"{text.size_text(page.size)} · {lines}"
    text.set_label(label, f"{words} · {page.problem}" if page.problem else words)
