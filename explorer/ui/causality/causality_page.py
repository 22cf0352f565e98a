"""The page "Causes and effects": for one event the chain across streams and services, as a sequence diagram."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QFocusEvent, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QMenu, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from explorer.causality import Chain
from explorer.errors import Cancelled, ExplorerError
from explorer.model import StreamKey
from explorer.ui.causality.canvas import Canvas
from explorer.ui.causality.chain_table import ChainTable, Row
from explorer.ui.causality.drawing import named
from explorer.ui.causality.export_button import ExportButton
from explorer.ui.causality.facts import LEAST_FOR_ANY, Facts
from explorer.ui.causality.legend import Legend
from explorer.ui.causality.tracing import Tracing, number_of, same_event
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.look.still import StillLabels
from explorer.ui.pane import PaneHead, copy_text
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.chip import Chip
from explorer.ui.parts.empty import EmptyState
from explorer.ui.workspace import Workspace

LEAST = 130  # pixels: the head, the names of the lanes, and an event
NOTHING = "Nothing recorded says what led to this event, or what it led to."


class CausalityPage(QWidget):
    """At most one in a window; `ask` shows another event in it."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Causes and effects")
        self.tracing = Tracing(workspace, self)
        self._pending = False  # an event was asked about whose chain has not been shown
        self._below = 0  # events that came below what is in sight
        self.canvas = Canvas(workspace, self)
        self.empty = EmptyState(parent=self)
        self.table = ChainTable(workspace, self)
        self.facts = Facts(workspace, self)
        self.banner = Banner(self)
        self.chip = Chip(self.canvas)
        self.head = PaneHead("", self)
        self.legend = Legend(self)
        self.looked = text.plain_label("", self)
        self.looked.setObjectName("muted")
        self.looked.setAccessibleName("How much was looked at")
        self.further = QToolButton(self)
        self.further.setText("Look further")
        self.further.setIcon(icon("search"))
        self.further.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.further.setToolTip("Look through four times as many events of the log")
        self.further.clicked.connect(self.tracing.further)
        self.export = ExportButton(workspace, self.canvas, self.banner, self)
        self._compose()
        self._connect()
        self._show_page()

    def _compose(self) -> None:
        self.as_table = self.head.add_tool("table", "As a table", self._show_page, checkable=True)
        self.head.add_tool("minus", "Smaller (−)", self.canvas.smaller)
        self.head.add_tool("plus", "Larger (+)", self.canvas.larger)
        self.head.add_tool("maximize", "All of it in sight (0)", self.canvas.fit)
        self.head.add(self.export)
        strip = QWidget(self)
        strip.setObjectName("panelhead")
        strip.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = QHBoxLayout(strip)
        line.setContentsMargins(theme.M, 2, theme.M, 2)
        line.setSpacing(theme.M)
        line.addWidget(StillLabels(self.looked), 1)
        line.addWidget(self.further)
        line.addWidget(self.legend)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.canvas)
        self._pages.addWidget(self.table)
        hairline = QWidget(self)
        hairline.setObjectName("panelhead")
        hairline.setFixedHeight(1)
        hairline.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        for widget in (self.head, strip, self.banner):
            whole.addWidget(widget)
        whole.addWidget(pages, 1)
        whole.addWidget(hairline)
        whole.addWidget(self.facts)
        self._strip = strip

    def _connect(self) -> None:
        tracing, workspace = self.tracing, self.workspace
        tracing.found.connect(self._found)
        tracing.grew.connect(self._grew)
        tracing.missing.connect(self._missing)
        tracing.failed.connect(self._failed)
        tracing.busy_changed.connect(lambda _busy: self._show_looked())
        self.canvas.selected.connect(self._select)
        self.canvas.opened.connect(self.open_stream)
        self.table.opened.connect(lambda row: self.open_stream(row.number))
        self.table.selectionModel().currentChanged.connect(self._select_row)
        self.canvas.menu_wanted.connect(self._menu)
        self.canvas.verticalScrollBar().valueChanged.connect(lambda _value: self._seen())
        self.facts.wanted.connect(self.canvas.select)
        self.facts.opened.connect(self.open_stream)
        self.chip.clicked.connect(self._go_to_new)
        workspace.closing.connect(self.tracing.drop)
        workspace.refresh_wanted.connect(tracing.again)
        for owner in (self.canvas, self.table):
            workspace.actions.bind("causes", self.ask_again, owner, lambda: self.canvas.at >= 0)

    # -- asking --------------------------------------------------------------------------------------------

    def ask(self, category: str, id: str, version: int) -> None:
        """Show the chain of this event."""
        place = StreamKey(category, id), version
        self.banner.clear()
        if place == self.tracing.place and self.tracing.diagram is not None:
            self._go_to_asked()
            return
        self._pending = True
        self.tracing.ask(*place)
        self._show_page()

    def ask_again(self) -> None:
        """Ask about the selected event instead."""
        if self.tracing.diagram is not None:
            event = self.tracing.diagram.marks[self.canvas.at].event
            self.ask(event.category, event.id, event.version)

    def _found(self) -> None:
        diagram = self.tracing.diagram
        assert diagram is not None
        assert self.tracing.place is not None
        asked = number_of(diagram, self.tracing.place)
        at = None if self._pending else same_event(diagram, self.canvas.diagram.chain, self.canvas.at)
        fresh, self._pending = self._pending, False
        self._new(0)
        at = at if at is not None else asked if asked is not None else 0
        self.canvas.show_diagram(diagram, asked, at)
        self.facts.show_event(diagram, at)
        self._show_page()
        if fresh:
            self._go_to_asked()

    def _go_to_asked(self) -> None:
        if self.canvas.asked is not None:
            self.canvas.select(self.canvas.asked)
            self.canvas.centre(self.canvas.asked)

    def _grew(self, count: int) -> None:
        """Effects have arrived: what is looked at stays where it is."""
        diagram = self.tracing.diagram
        assert diagram is not None
        assert self.tracing.place is not None
        before = self.canvas.diagram.chain
        at = same_event(diagram, before, self.canvas.at)
        self.canvas.show_diagram(diagram, number_of(diagram, self.tracing.place), at if at is not None else 0)
        self.facts.show_event(diagram, self.canvas.at)
        self._show_page()
        if diagram.marks and not self.canvas.in_sight(len(diagram.marks) - 1):
            self._new(self._below + count)

    def _new(self, count: int) -> None:
        self._below = count
        self.chip.say(count)

    def _seen(self) -> None:
        marks = self.canvas.diagram.marks
        if self._below and marks and self.canvas.in_sight(len(marks) - 1):
            self._new(0)

    def _go_to_new(self) -> None:
        self.canvas.show_event(len(self.canvas.diagram.marks) - 1)
        self._new(0)

    def _missing(self) -> None:
        self._pending = False
        self.canvas.show_diagram(self.canvas.diagram, None, -1)
        self._show_page()

    def _failed(self, error: ExplorerError) -> None:
        self._show_page()
        if isinstance(error, Cancelled):
            self.banner.show_notice(
                "warning", "Looking for causes and effects was cancelled.", retry=self.tracing.again
            )
        else:
            self.banner.show_error(error, self.tracing.again)

    def _select(self, number: int) -> None:
        self.facts.show_event(self.tracing.diagram, number)
        self.canvas.setAccessibleDescription(self.facts.accessibleDescription())
        if self.table.isVisible():
            self.table.show_number(number)

    def _select_row(self) -> None:
        row = self.table.model_.row(self.table.currentIndex())
        if isinstance(row, Row) and self.table.isVisible():
            self.canvas.select(row.number)

    def open_stream(self, number: int) -> None:
        """Show the stream of this event at its version."""
        if self.tracing.diagram is not None:
            event = self.tracing.diagram.marks[number].event
            self.workspace.stream_wanted.emit(event.category, event.id, event.version)

    def _menu(self, number: int, at: QPoint) -> None:
        if self.tracing.diagram is None:
            return
        event = self.tracing.diagram.marks[number].event
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("stream"), "Open stream at this version", partial(self.open_stream, number))
        menu.addAction(icon("causes"), "Causes and effects of this event", self.ask_again)
        menu.addSeparator()
        for title, words in (
            ("Copy type", event.type),
            ("Copy stream id", event.id),
            ("Copy event id", event.event_id),
        ):
            if words:
                menu.addAction(title).triggered.connect(lambda _on=False, it=words: copy_text(self.workspace, it))
        menu.popup(at)

    # -- what is said around it ----------------------------------------------------------------------------

    def _show_page(self) -> None:
        tracing, diagram = self.tracing, self.tracing.diagram
        some = diagram is not None and (len(diagram.marks) > 1 or bool(diagram.arrows))
        shown: QWidget = self.empty
        if some and self.as_table.isChecked():
            assert diagram is not None
            shown = self.table
            self.table.show_diagram(diagram)
            self.table.show_number(self.canvas.at)
        elif some:
            shown = self.canvas
        had_focus = any(one.hasFocus() for one in (self.canvas, self.table))
        self._pages.setCurrentWidget(shown)
        if had_focus:
            shown.setFocus()
        self._show_strip()
        self.legend.setVisible(some)
        self.export.setEnabled(some)
        if diagram is None or not diagram.marks:
            self.facts.show_event(None, -1)
        self._show_looked()
        if tracing.place is None:
            self.empty.say(
                "No event has been chosen.",
                "Select an event in a stream, under All events or in the live feed, and press C.",
                icon_name="causes",
            )
        elif tracing.busy:
            self.empty.say("Looking for causes and effects …", icon_name="search")
        elif diagram is None:
            self.empty.say("This event is not there.", "It is not in the store, or could not be read.")
        elif not some:
            self._say_nothing(diagram.chain)

    def _show_strip(self) -> None:
        """Unless the diagram needs its room more."""
        self._strip.setVisible(self.tracing.place is not None and self.height() >= theme.scaled(LEAST_FOR_ANY))

    def _say_nothing(self, chain: Chain) -> None:
        if not any(event.metadata for event in chain.events):
            hint = "Its metadata are empty. Causes and correlations are read from there: without them nobody can tell."
        else:
            hint = "Its metadata name no event that is there, and no event that was looked at names this one."
        further = chain.cut
        self.empty.say(
            NOTHING,
            hint,
            icon_name="causes",
            action="Look further" if further else "",
            on_action=self.tracing.further if further else None,
        )

    def _show_looked(self) -> None:
        tracing, diagram = self.tracing, self.tracing.diagram
        words, counts = looked(diagram.chain, tracing.full) if diagram is not None else "", ""
        if diagram is not None:
            streams = sum(lane.kind == "stream" for lane in diagram.lanes)
            counts = " · ".join(
                text.plural(number, one)
                for number, one in (
                    (len(diagram.marks), "event"),
                    (streams, "stream"),
                    (len(diagram.lanes) - streams, "service"),
                )
            )
        if tracing.busy:
            words = "Looking through the log …"
        text.set_label(self.looked, words)
        self.further.setVisible(not tracing.busy and diagram is not None and (diagram.chain.cut or tracing.full))
        heading = "Causes and effects"
        if tracing.place is not None:
            key, version = tracing.place
            at = number_of(diagram, tracing.place) if diagram is not None else None
            kind = f"{named(diagram.marks[at].event.type)} · " if diagram is not None and at is not None else ""
            heading = f"{kind}{f'{named(key.category)} {key.id}'.strip()} v {version}"
        text.set_label(self.head.heading, heading, cut=160)
        self.export.title = heading
        text.set_label(self.head.note, counts)

    def focusInEvent(self, event: QFocusEvent) -> None:
        shown = self._pages.currentWidget()
        if shown is not None:
            shown.setFocus(event.reason())

    def minimumSizeHint(self) -> QSize:
        # What is said around the diagram gives way: see `resizeEvent`.
        return QSize(theme.scaled(240), theme.scaled(LEAST))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.facts.set_room(self.height())
        self._show_strip()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.tracing.set_hidden(False)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.tracing.set_hidden(True)


def looked(chain: Chain, full: bool = False) -> str:
    """How much of the log was looked at, and whether there may be more. `full`: more belongs to it than is shown."""
    count = sum(stretch.events for stretch in chain.looked)
    if full:
        return f"The first {text.plural(len(chain.events), 'event')} of it; there are more that belong to it."
    if not count and not chain.cut:
        return "The log ends with this event."
    words = f"Looked at {text.plural(count, 'event')} of the log"
    return f"{words}; there may be more that belong to it." if chain.cut else f"{words}: this is all of it."
