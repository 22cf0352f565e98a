"""The watches of the open store: those that its domains declare as invariants, and those that the user keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from explorer import watching
from explorer.engine.asks_watches import Watched
from explorer.errors import ExplorerError, Invalid
from explorer.watching import Watch

if TYPE_CHECKING:
    from explorer.descriptions import AggregateInfo
    from explorer.model import StoreInfo


class Known(NamedTuple):
    """A watch, and whether it is the user's own: only these can be changed."""

    watch: Watch
    own: bool

    @property
    def watched(self) -> Watched:
        """As engines are asked."""
        return Watched(self.watch.source, self.watch.invariant)


class Host(Protocol):
    """What is asked of the workspace."""

    info: StoreInfo | None
    aggregates: tuple[AggregateInfo, ...]

    @property
    def opened(self) -> SignalInstance: ...
    @property
    def closed(self) -> SignalInstance: ...
    @property
    def engine_ready(self) -> SignalInstance: ...
    @property
    def failure(self) -> SignalInstance: ...


class WatchList(QObject):
    """Lives as long as the workspace. `changed` when there are others than before."""

    changed = Signal()
    column_changed = Signal()  # another one is shown as a column beside the events, or none

    def __init__(self, host: Host, parent: QObject) -> None:
        super().__init__(parent)
        self._host = host
        self._own: list[Watch] = []
        self.column: Known | None = None  # shown beside the events of its category
        host.opened.connect(self._read)
        host.closed.connect(self._forget)
        host.engine_ready.connect(self.changed)

    def of(self, category: str) -> tuple[Known, ...]:
        """Of this category: what its domain declares, then the user's own."""
        declared = next((one.invariants for one in self._host.aggregates if category in one.categories), {})
        return (
            *(Known(Watch(category, source, name, invariant=True), False) for name, source in declared.items()),
            *(Known(watch, True) for watch in self._own if watch.category == category),
        )

    def add(self, watch: Watch) -> None:
        """One more; one that is there already is not added again."""
        if watch not in self._own:
            self._keep([*self._own, watch])

    def replace(self, old: Watch, new: Watch) -> None:
        self._keep([new if watch == old else watch for watch in self._own])

    def remove(self, watch: Watch) -> None:
        self._keep([one for one in self._own if one != watch])

    def show_as_column(self, known: Known | None) -> None:
        """Show this one beside the events, in every tab of its category."""
        self.column = known
        self.column_changed.emit()

    def _keep(self, own: list[Watch]) -> None:
        self._own = own
        if self.column is not None and self.column.own and self.column.watch not in own:
            self.show_as_column(None)
        info = self._host.info
        if info is not None:
            try:
                watching.keep(info.identity, own)
            except OSError as error:
                self._host.failure.emit(Invalid(f"The watches cannot be kept: {error}"))
        self.changed.emit()

    def _read(self) -> None:
        self._own = []
        if self._host.info is not None:
            try:
                self._own = list(watching.kept(self._host.info.identity))
            except ExplorerError as error:
                self._host.failure.emit(error)
        self.changed.emit()

    def _forget(self) -> None:
        self._own = []
        self.show_as_column(None)
        self.changed.emit()
