"""The page "Compare": two streams of a category side by side, event by event, and what differs in their states."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QIcon, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QSplitter, QStackedLayout, QToolButton, QWidget

from explorer.engine.asks_comparing import Align, AlignedDiff, AlignedPage, AlignedRow
from explorer.errors import Cancelled, ExplorerError
from explorer.model import StreamKey
from explorer.ui.compare.differences_pane import LANE, DifferencesPane
from explorer.ui.events.event_rows import type_icon
from explorer.ui.look import text, theme
from explorer.ui.pane import PaneHead
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import Column, RowsModel
from explorer.ui.parts.table import RowsTable
from explorer.ui.workspace import Arrived, Ask, Workspace

NOTES = 5  # the column that says what is with a row
NARROW = 520  # pixels below which it is left out
WIDE = 900  # pixels from which the differences stand beside the rows
MARKED, ROW, PAYLOADS, ENDS = "Marked", "This row", "Payloads", "Ends"
TIPS = {
    MARKED: "States at the two versions that were marked",
    ROW: "States after the selected events of both",
    PAYLOADS: "Payloads of the selected events",
    ENDS: "States after the last events of both",
}


def _mark(row: AlignedRow) -> str:
    return "-" if not row.other_version else "+" if not row.version else ""


def _sign(row: AlignedRow) -> str:
    return {"-": "−", "+": "+"}.get(_mark(row), "")


def _note(row: AlignedRow) -> str:
    if mark := _mark(row):
        return "only left" if mark == "-" else "only right"
    return "" if row.same else "other payload"


def _tone(row: AlignedRow) -> QColor | None:
    mark = _mark(row)
    return theme.mark_colours(mark)[0] if mark else None


def _ground(*marks: str) -> Callable[[AlignedRow], QColor | None]:
    """What lies behind the events that only one side has."""

    def ground(row: AlignedRow) -> QColor | None:
        mark = _mark(row)
        return theme.mark_colours(mark)[1] if mark in marks and mark else None

    return ground


def _icon(kind: str) -> QIcon | None:
    return type_icon(kind) if kind else None


class ComparePage(QWidget):
    """At most one in a window; `ask` shows two other streams in it."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Compare two streams")
        self.one: tuple[StreamKey, int] | None = None  # and the version that was marked
        self.other: tuple[StreamKey, int] | None = None
        self.first: int | None = None
        self._silent = False
        self._asked: Ask | None = None
        self._wide: bool | None = None
        self._build()
        workspace.arrived.connect(self._on_arrived)
        workspace.refresh_wanted.connect(self.align)
        workspace.closing.connect(self._forget)

    def _build(self) -> None:
        self.head = PaneHead("Compare", self)
        self.head.add_tool("swap", "The other way round", self.swap)
        self.banner = Banner(self)
        self.model = RowsModel(self._columns(), self, self._fetch)
        self.table = RowsTable(self.model, "Events of both streams")
        self.table.selectionModel().currentRowChanged.connect(self._moved)
        self.table.opened.connect(self.open_stream)
        self.diff = DifferencesPane(self.workspace, self)
        self.ways: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        for way, tip in TIPS.items():
            button = self.ways[way] = QToolButton(self)
            button.setText(text.menu_text(way))
            button.setToolTip(text.tooltip(tip))
            button.setCheckable(True)
            group.addButton(button)
            self.diff.head.add(button)
        self.ways[MARKED].setChecked(True)
        group.buttonClicked.connect(lambda _button: self.show_diff())
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        for part in (self.table, self.diff):
            part.setMinimumSize(theme.scaled(240), theme.scaled(72))
            self.splitter.addWidget(part)
        self.empty = EmptyState(parent=self)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.splitter)
        self._pages.addWidget(self.empty)
        put_in_column(self, self.head, self.banner, pages)
        self._say_nothing()

    def _columns(self) -> tuple[Column, ...]:
        def name(side: tuple[StreamKey, int] | None) -> str:
            return text.shown(side[0].id, 40) if side is not None else ""

        left, right, both = _ground("-"), _ground("+"), _ground("-", "+")

        def version(number: int) -> str:
            return text.number(number) if number else ""

        def differs(row: AlignedRow) -> str:
            here = self.first is not None and self.first < len(self.model.rows) and row is self.model.rows[self.first]
            return " · ".join(word for word in (_note(row), "differs from here" if here else "") if word)

        return (
            Column("", _sign, align="center", mono=True, width=28, foreground=_tone, background=both),
            Column("v", lambda row: version(row.version), align="right", mono=True, width=48, background=left),
            Column(
                lambda: name(self.one),
                lambda row: row.type,
                foreground=_tone,
                background=left,
                icon=lambda row: _icon(row.type),
                cut_left=True,
            ),
            Column("v", lambda row: version(row.other_version), align="right", mono=True, width=48, background=right),
            Column(
                lambda: name(self.other),
                lambda row: row.other_type,
                foreground=_tone,
                background=right,
                icon=lambda row: _icon(row.other_type),
                cut_left=True,
            ),
            Column("", differs, tooltip=differs, width=190, foreground=lambda _row: QColor(theme.colours().muted)),
        )

    # -- asking -------------------------------------------------------------------------------------------------------

    def ask(self, one: StreamKey, version: int, other: StreamKey, other_version: int) -> None:
        """Compare these two, and first their states at these versions."""
        self.one, self.other = (one, version), (other, other_version)
        self.ways[MARKED].setChecked(True)
        self.model.reset()
        self.first = None
        names = f"{one.category} {one.id}", f"{other.category} {other.id}"
        self.diff.set_names(f"{one.id} v{version}", f"{other.id} v{other_version}")
        text.set_label(self.head.heading, " ↔ ".join(names), cut=160)
        self.empty.say("Aligning the two streams…", icon_name="compare")
        self._pages.setCurrentIndex(1)
        self.align()

    def swap(self) -> None:
        """The left one on the right."""
        if self.one is not None and self.other is not None:
            self.ask(*self.other, *self.one)

    def align(self) -> None:
        """Ask which event is which, anew."""
        if self.one is None or self.other is None:
            return
        if self._asked is not None:
            self._asked.cancel()
        pair = self.one, self.other
        ask = Align(self.one[0].category, self.one[0].id, self.other[0].id)

        def come(page: AlignedPage) -> None:
            if pair != (self.one, self.other):
                return
            self._asked = None
            at = self.table.currentIndex().row()
            self.banner.clear()
            self.first = page.first
            self.model.reset(page.rows, len(page.rows) < page.total)
            counts = ((page.only_one, "on the left"), (page.only_other, "on the right"))
            words = [f"{text.plural(count, 'event')} only {where}" for count, where in counts if count]
            text.set_label(self.head.note, " · ".join(words) or "the same events")
            self._pages.setCurrentIndex(0)
            start = at if at >= 0 else page.first if page.first is not None else 0
            self._silent = True
            self.table.setCurrentIndex(self.model.index(min(start, len(page.rows) - 1), 0))
            self._silent = False
            self.show_diff()
            if at < 0:
                self.table.setFocus(Qt.FocusReason.OtherFocusReason)

        def refused(error: ExplorerError) -> None:
            if pair == (self.one, self.other) and not isinstance(error, Cancelled):
                self._asked = None
                self.empty.say("The streams cannot be aligned", str(error), icon_name="warning")
                self._pages.setCurrentIndex(1)

        self._asked = self.workspace.engine(ask, come, refused, owner=self, lane=LANE, text="Aligning two streams")

    def _fetch(self) -> None:
        pair = self.one, self.other
        if self.one is None or self.other is None:
            self.model.fetch_failed()
            return
        known = len(self.model.rows)
        ask = Align(self.one[0].category, self.one[0].id, self.other[0].id, known)

        def come(page: AlignedPage) -> None:
            if pair == (self.one, self.other) and page.start == len(self.model.rows):
                self.model.fetched(page.rows, page.start + len(page.rows) < page.total)

        self.workspace.engine(ask, come, lambda _error: self.model.fetch_failed(), owner=self, lane=LANE)

    def show_diff(self) -> None:
        """What differs, of what is wanted to be seen."""
        if self.one is None or self.other is None:
            return
        (one, version), (other, other_version) = self.one, self.other
        ask = AlignedDiff(one.category, one.id, other.id)
        row = self.table.currentIndex().row()
        way = next(way for way, button in self.ways.items() if button.isChecked())
        names = one.id, other.id
        if way == MARKED:
            ask = AlignedDiff(one.category, one.id, other.id, versions=(version, other_version))
            names = f"{one.id} v{version}", f"{other.id} v{other_version}"
        elif way in (ROW, PAYLOADS):
            what = "state" if way == ROW else "payload"
            ask = AlignedDiff(one.category, one.id, other.id, max(row, 0), what)
        self.diff.set_names(*names)
        self.diff.show_ask(ask, f"{TIPS[way]} are the same.")

    def _moved(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not current.isValid() or self._silent:
            return
        if self.ways[MARKED].isChecked() or self.ways[ENDS].isChecked():
            self.ways[ROW].setChecked(True)
        self.show_diff()

    def open_stream(self, row: AlignedRow) -> None:
        """The stream of this event, at it."""
        assert self.one is not None
        assert self.other is not None
        key, version = (self.one[0], row.version) if row.version else (self.other[0], row.other_version)
        self.workspace.stream_wanted.emit(key.category, key.id, version)

    # -- the rest -----------------------------------------------------------------------------------------------------

    def _say_nothing(self) -> None:
        self.empty.say(
            "No two streams have been chosen",
            "Press M at a version of one stream, then D at a version of another one of its category.",
            icon_name="compare",
        )
        self._pages.setCurrentIndex(1)

    def _forget(self) -> None:
        self.one = self.other = None

    def _on_arrived(self, rows: list[Arrived]) -> None:
        keys = {side[0] for side in (self.one, self.other) if side is not None}
        if any(StreamKey(row.category, row.id) in keys for row in rows):
            self.align()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.table.setFocus(event.reason())

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.scaled(320), theme.scaled(200))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Where there is little room, signs and empty places say as much.
        self.table.setColumnHidden(NOTES, self.width() < theme.scaled(NARROW))
        wide = self.width() >= theme.scaled(WIDE)
        if wide != self._wide:
            self._wide = wide
            self.splitter.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)
            self.splitter.setSizes([560, 440])
