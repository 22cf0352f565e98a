"""A watch as a column beside the events of a stream: the values of the rows in sight, asked for in stretches."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer

from explorer.engine.asks_watches import WatchColumn, WatchedColumn
from explorer.errors import ExplorerError
from explorer.ui.asking.watched import Known
from explorer.ui.stream.stream_panes import StreamPanes

STRETCH = 100  # events asked for at once
MOST = 200  # stretches that are kept
WAITING = ("", "…")
_SAID = {"t": "true", "f": "false", "x": "⚠", "n": "–"}


class WatchAsColumn(QObject):
    """Of one stream tab. Values are asked for when a row is painted whose value is not known."""

    def __init__(self, tab: StreamPanes) -> None:
        super().__init__(tab)
        self._tab = tab
        self._workspace = tab.workspace
        self._known: Known | None = None
        self._stretches: dict[int, WatchedColumn] = {}
        self._wanted: list[int] = []  # the last one that was painted comes first
        self._asking: int | None = None
        self._generation = 0  # of the timeline
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._ask)
        self._workspace.watches.column_changed.connect(self._show)
        tab.replaying.finished.connect(self._grew)
        self._show()

    def _show(self) -> None:
        known = self._workspace.watches.column
        known = known if known is not None and known.watch.category == self._tab.category else None
        if known == self._known:
            return
        self._known = known
        self._stretches.clear()
        self._tab.events.set_watch(known.watch.title if known else "", self.value if known else None)

    def _grew(self) -> None:
        """What is known of a stream that was only added to stays."""
        if self._generation != self._tab.timeline.generation:
            self._generation = self._tab.timeline.generation
            self._stretches.clear()
        self._tab.events.watch_changed()

    def value(self, ordinal: int) -> tuple[str, str]:
        """The letter and the text of the value after this event; asked for if they are not known."""
        start = ordinal // STRETCH * STRETCH
        part = self._stretches.get(start)
        if part is not None and ordinal - start < len(part.texts):
            kind = part.kinds[ordinal - start]
            return kind, part.texts[ordinal - start] if kind == "v" else _SAID[kind]
        if start not in self._wanted and start != self._asking:
            self._wanted.insert(0, start)
            self._later.start()
        return WAITING

    def _ask(self) -> None:
        if self._asking is not None or not self._wanted or self._known is None:
            return
        start = self._asking = self._wanted[0]
        self._wanted.clear()  # what is still in sight is asked for again when it is painted
        ask = WatchColumn(
            self._tab.category, self._tab.id, self._known.watched, start, STRETCH, self._tab.replaying.generic
        )
        self._workspace.engine(
            ask, partial(self._answered, self._known), self._failed, owner=self, text="Reading a watch"
        )

    def _answered(self, known: Known, part: WatchedColumn) -> None:
        self._asking = None
        if known == self._known:
            if len(self._stretches) >= MOST:
                self._stretches.clear()
            self._stretches[part.start] = part
        self._tab.events.watch_changed()

    def _failed(self, error: ExplorerError) -> None:
        self._asking = None
        self._workspace.message.emit(str(error))
