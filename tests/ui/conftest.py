"""What every test of the window has: the program's look, stores to open, and a search for what it leaves behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import explorer.ui.workspace
from explorer.errors import ExplorerError
from explorer.settings import Settings
from explorer.stores import StoreSpec
from explorer.ui.bug_dialog import BugDialog
from explorer.ui.look import theme
from explorer.ui.parts.banner import Banner
from explorer.ui.window import Window
from explorer.ui.workspace import Workspace
from tests import patience
from tests.ui.sample import make_shop
from tests.ui.trouble import Told

PATIENCE = int(patience.PATIENCE * 1000)  # ms


def pytest_configure(config: pytest.Config) -> None:
    # Of the platform without a screen, not of ours.
    config.addinivalue_line("qt_log_ignore", "This plugin does not support")


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """Waits long for what has to happen, also where a test does not say how long."""
    bot = QtBot(request)
    for wait in ("waitActive", "waitExposed", "waitSignal", "waitSignals", "waitUntil", "waitCallback"):
        setattr(bot, wait, partial(getattr(bot, wait), timeout=PATIENCE))
    return bot


@pytest.fixture(autouse=True)
def look(qapp: QApplication) -> None:
    """The program's fonts and colours, light and at 100 %."""
    if theme.signals().connected is False or theme.is_dark() or theme.zoom() != 100:
        theme.apply(qapp, "light", 100)


@pytest.fixture(autouse=True)
def no_window_left(qapp: QApplication) -> Iterator[None]:
    """Fails a test that leaves a window in sight or that ended in the bug dialog."""
    before = {one for one in qapp.topLevelWidgets() if one.isVisible()}
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    windows = [one for one in qapp.topLevelWidgets() if one.isVisible() and one not in before]
    bugs = [one for one in windows if isinstance(one, BugDialog)]
    texts = [one.text.toPlainText() for one in bugs]
    left = [f"{type(one).__name__} {one.windowTitle()!r}" for one in windows]
    for one in windows:
        one.hide()
        one.deleteLater()
    if left:
        pytest.fail(f"windows left behind: {left} {texts}")


@pytest.fixture(scope="session")
def shop_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.sqlite"
    make_shop(str(path))
    return path


@pytest.fixture
def shop(shop_template: Path, tmp_path: Path) -> str:
    """A store of our own with customers and orders, as a path."""
    path = tmp_path / "shop.sqlite"
    for file in shop_template.parent.iterdir():
        shutil.copy(file, path.with_name(file.name))
    return str(path)


@pytest.fixture
def workspace(qtbot: QtBot) -> Iterator[Workspace]:
    """A workspace without a store; whatever was opened is closed afterwards."""
    workspace = Workspace(Settings())
    yield workspace
    close(qtbot, workspace)
    workspace.deleteLater()


def close(qtbot: QtBot, workspace: Workspace) -> None:
    """Close the store and wait until nothing of it runs any more."""
    done: list[bool] = []
    workspace.close(lambda: done.append(True))
    qtbot.waitUntil(lambda: bool(done), timeout=PATIENCE)


def opened(qtbot: QtBot, workspace: Workspace, url: str, *, writable: bool = False, create: bool = False) -> Workspace:
    """Open this store and wait for it."""
    with qtbot.waitSignal(workspace.opened, timeout=PATIENCE):
        workspace.open(StoreSpec(url, writable=writable, create=create))
    return workspace


@pytest.fixture
def shop_workspace(qtbot: QtBot, workspace: Workspace, shop: str) -> Workspace:
    """The shop, open read-only."""
    return opened(qtbot, workspace, shop)


Make = Callable[..., Window]


@pytest.fixture
def make_window(qtbot: QtBot) -> Iterator[Make]:
    """Makes windows; they are closed afterwards."""
    made: list[Window] = []

    def make(url: str | None = None, *, writable: bool = False, settings: Settings | None = None) -> Window:
        window = Window(settings or Settings())
        made.append(window)
        window.resize(1280, 800)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE)
        if url is not None:
            with qtbot.waitSignal(window.workspace.opened, timeout=PATIENCE):
                window.open(StoreSpec(url, writable=writable))
        return window

    yield make
    for window in made:
        end(qtbot, window)


def end(qtbot: QtBot, window: Window) -> None:
    """Close a window and wait until nothing of it runs any more."""
    if not shiboken6.isValid(window):
        return
    if window.isVisible():
        with qtbot.waitSignal(window.gone, timeout=PATIENCE):
            window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def window(make_window: Make, shop: str) -> Window:
    """The window with the shop, open read-only."""
    return make_window(shop)


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine process is started before something is asked of it."""
    monkeypatch.setattr(explorer.ui.workspace, "WARMING", 3_600_000)


@pytest.fixture
def empty_window(make_window: Make) -> Window:
    """The window without a store."""
    return make_window()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """Every failure that a banner shows from now on, as it is shown."""
    heard: list[Told] = []
    show = Banner.show_error

    def show_error(banner: Banner, error: ExplorerError, retry: Callable[[], None] | None = None) -> None:
        show(banner, error, retry)
        heard.append(Told(banner, error))

    monkeypatch.setattr(Banner, "show_error", show_error)
    return heard
