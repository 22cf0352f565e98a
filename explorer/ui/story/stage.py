"""What of the window a story may move: which tab and page one sees, where a stream stands, panels, the size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QDockWidget, QWidget

from explorer.errors import Invalid
from explorer.ui.arrangement import Arrangement
from explorer.ui.pages import PAGES
from explorer.ui.tabs import EVERYTHING, Place, Tabs
from explorer.ui.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Sight:
    """What one sees, so that it can be shown again: how things stood, for events that are there stay there."""

    place: Place
    panel: str  # the title of the panel at the bottom


class Stage:
    """Of one window. `zoom` sets the size of everything, in percent."""

    def begin(self) -> None:
        """A story begins or ends: everything is in sight again."""
        self._calm(False)

    def __init__(self, workspace: Workspace, tabs: Tabs, arrangement: Arrangement, zoom: Callable[[int], None]) -> None:
        self.workspace = workspace
        self.zoom = zoom
        self._tabs = tabs
        self._arrangement = arrangement
        self._calmed = False

    def clear(self) -> None:
        """Another chapter: what was shown before leaves the stage. Whoever goes back has it opened again."""
        while self._tabs.count() > 1:
            self._tabs.close_tab(1)

    def page(self, name: str) -> QWidget:
        """Raises Invalid for a page that there is not."""
        if name not in PAGES:
            raise Invalid(f"There is no page {name} in this window.", f"There is: {', '.join(PAGES)}.")
        self._calm(True)
        return self._tabs.show_page(name)

    def open_page(self, name: str) -> QWidget | None:
        """The page, if it is open."""
        return self._tabs.page(name)

    def causes(self, category: str, id: str, version: int) -> None:
        """What led to this event, and to what it led."""
        self._calm(True)
        self._tabs.show_causes(category, id, version)

    def compare(self, category: str, id: str, question: int | None) -> None:
        """Row or events of this stream, beside the pattern; ask both the question of this number, from 1."""
        page = self.page("pattern")
        page.compare(category, id, question)  # type: ignore[attr-defined]

    def stream(self, category: str, id: str, version: int | None = None) -> None:
        self._calm(False)
        tab = self._tabs.show_stream(category, id, version)
        if version is None:
            tab.go_to_version(None)

    def knows(self, category: str, id: str) -> int:
        """The last version that the stream's tab knows, wherever it stands; 0 when it is not open or shows nothing
        yet."""
        tab = self._tabs.tab_of(category, id)
        return tab.timeline.versions[-1] if tab is not None and tab.version else 0

    def shows(self, category: str, id: str, version: int | None) -> bool:
        """Whether the stream is shown there, folded."""
        tab = self._tabs.tab_of(category, id)
        if tab is None or tab.cursor_at < 0 or tab.cursor_at >= tab.timeline.folded:
            return False
        return version is None or tab.version == version

    def events(self) -> None:
        """All events."""
        self._calm(False)
        self._tabs.setCurrentIndex(0)

    def panel(self, title: str) -> None:
        """Raises Invalid for a panel that there is not."""
        dock = next((one for one in self._docks if one.windowTitle().lower() == title.lower()), None)
        if dock is None:
            known = ", ".join(one.windowTitle() for one in self._docks)
            raise Invalid(f"There is no panel {title}.", f"There is: {known}.")
        dock.show()
        dock.raise_()

    def sight(self) -> Sight:
        raised = (one for one in self._docks if one.isVisible() and not one.visibleRegion().isEmpty())
        return Sight(self._tabs.here(), next((one.windowTitle() for one in raised if self._bottom(one)), ""))

    def show(self, sight: Sight) -> None:
        place = sight.place
        if place == EVERYTHING:
            self.events()
        elif place.page:
            self.page(place.page)
        else:
            self._calm(False)
            self._tabs.show_stream(place.category, place.id, place.version or None)
        if sight.panel:
            self.panel(sight.panel)

    def _calm(self, calm: bool) -> None:
        """All the room for a page: a stage has one thing on it."""
        if calm != self._calmed:
            self._calmed = calm
            for dock in self._docks:
                if dock.objectName() != "command":
                    dock.setVisible(not calm)

    @property
    def _docks(self) -> list[QDockWidget]:
        return self._arrangement.docks

    def _bottom(self, dock: QDockWidget) -> bool:
        return dock.objectName() not in ("streams", "command")
