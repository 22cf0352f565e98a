"""The docks of the window: where they stand as delivered, how they are restored, their title lines and tabs."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QTabBar, QTabWidget, QWidget

from explorer.ui.look import theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.dock_title import DockTitle
from explorer.ui.parts.later import Later

VERSION = 1  # of the arrangement; another one is not restored


class Arrangement(QObject):
    """Docks of one area are tabs of one another; then their tab is their title."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.docks: list[QDockWidget] = []
        self._titles: dict[QDockWidget, DockTitle] = {}
        self._sizes: dict[QDockWidget, int] = {}
        self._delivered = QByteArray()
        window.setDockNestingEnabled(True)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self._tidy_soon = QTimer(self, interval=0, singleShot=True)
        self._tidy_soon.timeout.connect(self._tidy)
        window.installEventFilter(self)

    def add(self, name: str, title: str, panel: QWidget, area: Qt.DockWidgetArea, size: int) -> QDockWidget:
        """A dock with this panel. `size`: its width or height as delivered, pixels at zoom 100 %."""
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        self._titles[dock] = DockTitle(dock)
        dock.setTitleBarWidget(self._titles[dock])
        dock.setWidget(panel)
        before = next((one for one in self.docks if self._window.dockWidgetArea(one) == area), None)
        self._window.addDockWidget(area, dock)
        if before is not None:
            self._window.tabifyDockWidget(before, dock)
            before.raise_()
        self.docks.append(dock)
        self._sizes[dock] = size
        for changed in (dock.dockLocationChanged, dock.topLevelChanged, dock.visibilityChanged):
            changed.connect(self._tidy_soon.start)
        return dock

    def delivered(self) -> None:
        """What stands now is what `reset` comes back to."""
        self._delivered = self._window.saveState(VERSION)

    def show(self, shown: bool) -> None:
        """All of them, or none."""
        for dock in self.docks:
            dock.setVisible(shown)

    def raise_panel(self, name: str) -> None:
        """Show this dock, in front of those that it shares its place with, and go there."""
        dock = self._dock(name)
        dock.show()
        dock.raise_()
        self.panel(name).setFocus(Qt.FocusReason.OtherFocusReason)

    def panel(self, name: str) -> QWidget:
        """What is in this dock; made now if it was not seen yet."""
        panel = self._dock(name).widget()
        assert panel is not None
        return panel.panel if isinstance(panel, Later) else panel

    def _dock(self, name: str) -> QDockWidget:
        return next(one for one in self.docks if one.objectName() == name)

    def reset(self) -> None:
        """All docks where they were delivered."""
        self._window.restoreState(self._delivered, VERSION)
        self.show(True)
        self._size()

    def low(self, height: int) -> None:
        """The docks at the bottom at this height, pixels at zoom 100 %, or as low as they can be."""
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        docks = [one for one in self.docks if self._window.dockWidgetArea(one) == bottom]
        self._window.resizeDocks(docks, [theme.scaled(height)] * len(docks), Qt.Orientation.Vertical)

    def state(self) -> str:
        return to_text(self._window.saveState(VERSION))

    def restore(self, state: object) -> None:
        """As they were left; as delivered when that is not known."""
        if not (isinstance(state, str) and self._window.restoreState(from_text(state), VERSION)):
            self._size()

    def _size(self) -> None:
        """As delivered. A dock that was never shown takes no size, hence not before."""
        beside = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)
        for way, wanted in ((Qt.Orientation.Horizontal, True), (Qt.Orientation.Vertical, False)):
            docks = [one for one in self.docks if (self._window.dockWidgetArea(one) in beside) == wanted]
            self._window.resizeDocks(docks, [theme.scaled(self._sizes[one]) for one in docks], way)

    # -- titles and tabs -----------------------------------------------------------------------------------

    def _tidy(self) -> None:
        for dock, title in self._titles.items():
            others = [one for one in self._window.tabifiedDockWidgets(dock) if not one.isHidden()]
            title.set_needed(dock.isFloating() or not others)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ChildPolished:
            for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
                if bar.contextMenuPolicy() != Qt.ContextMenuPolicy.CustomContextMenu:
                    bar.setAccessibleName("Panels")
                    bar.setExpanding(False)
                    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
                    bar.customContextMenuRequested.connect(self._tab_menu)
        return False

    def _tab_menu(self, at: QPoint) -> None:
        bar = self.sender()
        if not isinstance(bar, QTabBar):
            return
        title = bar.tabText(bar.tabAt(at))
        dock = next((one for one in self.docks if one.windowTitle() == title), None)
        if dock is not None:
            menu = QMenu(bar)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(icon("external"), "Take out of the window", lambda: dock.setFloating(True))
            menu.addAction(icon("close"), "Close panel", dock.close)
            menu.popup(bar.mapToGlobal(at))


def to_text(value: QByteArray) -> str:
    """Bytes of Qt for a JSON file."""
    return bytes(value.toBase64().data()).decode()


def from_text(value: str) -> QByteArray:
    return QByteArray.fromBase64(QByteArray(value.encode("ascii", "ignore")))
