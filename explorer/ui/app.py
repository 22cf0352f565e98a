"""The program with a window: starts Qt, shows the first page before anything heavy, ends within two seconds."""

from __future__ import annotations

import gc
import signal
import socket
import sys
import threading
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from explorer import settings as settings_module
from explorer.stores.store import StoreSpec
from explorer.ui import qt_messages
from explorer.ui.asking.worker import Delivery
from explorer.ui.bug_dialog import BugDialog
from explorer.ui.look import theme
from explorer.ui.look.icons import app_icon
from explorer.ui.screenshot import Screenshot
from explorer.ui.window import NAME, Window

SWITCH_INTERVAL = 0.0005  # seconds


class Bugs:
    """What nobody expected, from any thread, ends in the one dialog. Made on the GUI thread."""

    def __init__(self, echo: bool) -> None:
        self._delivery = Delivery()
        self._dialog: BugDialog | None = None
        self._echo = echo
        self.seen = 0
        sys.excepthook = self._raised
        threading.excepthook = self._raised_in_thread

    def _raised(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.quit()
            return
        sys.__excepthook__(kind, error, trace)
        self.seen += 1
        self._delivery.later(lambda: self._show(error))

    def _raised_in_thread(self, raised: threading.ExceptHookArgs) -> None:
        if raised.exc_value is not None:
            self._raised(raised.exc_type, raised.exc_value, raised.exc_traceback)

    def _show(self, error: BaseException) -> None:
        if self._echo:
            return
        if self._dialog is None:
            self._dialog = BugDialog(QApplication.activeWindow())
        self._dialog.add(error)


def run(
    spec: StoreSpec | None,
    plugins: tuple[str, ...] = (),
    screenshot: Path | None = None,
    demo: bool = False,
    story: Path | None = None,
) -> int:
    """Show the window until it is closed; with `screenshot`, paint it to that file and end. With `demo` the store is
    the demo's and its services run as long as it is open. With `story` this script is played. Returns the exit code:
    0, or 1 when the picture could not be made, or 3 when the store of the picture could not be opened.
    """
    # A thread that computes for a moment must not hold the painting one for Python's usual 5 ms each time it asks.
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.disable()  # until the window stands: starting makes no garbage worth looking for
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    QCoreApplication.setApplicationName("event-store-explorer")
    QGuiApplication.setApplicationDisplayName(NAME)
    QGuiApplication.setDesktopFileName("event-store-explorer")
    app = QApplication(sys.argv[:1])
    qt_messages.listen()
    app.setQuitOnLastWindowClosed(False)
    app.setWindowIcon(app_icon())
    settings = settings_module.load()
    theme.prepare(app, settings.theme, settings.zoom)
    bugs = Bugs(echo=screenshot is not None)
    window = Window(settings, plugins)
    theme.dress(app)
    window.gone.connect(app.quit)
    interrupts = Interrupts(window)
    picture = Screenshot(window, screenshot, app.exit) if screenshot is not None else None
    window.show()

    def begin() -> None:
        if spec is not None and demo:
            window.opening.open_demo(spec)
        elif spec is not None:
            window.open(spec, plugins)
        elif story is not None:
            window.story.begin(story)
        elif picture is not None:
            picture.soon()

    # After the first paint.
    QTimer.singleShot(0, window, begin)
    QTimer.singleShot(0 if spec is None else 1_000, window, _import_more)
    QTimer.singleShot(1_500, window, _tame_collector)
    code = app.exec()
    interrupts.end()
    qt_messages.leave()
    if picture is not None and bugs.seen:
        code = code or 1
    return code


def _tame_collector() -> None:
    """What was made by starting is never looked through again; young garbage is collected, old garbage is not: with
    many kept events that took most of a second."""
    gc.freeze()
    first, second, _third = gc.get_threshold()
    gc.set_threshold(first, second, 1_000_000_000)
    gc.enable()


def _import_more() -> None:
    """What the first page comes without is imported before somebody needs it."""

    def load() -> None:
        import explorer.stores.open
        import explorer.ui.commands.append_dialog
        import explorer.ui.stream.stream_tab  # noqa: F401 - the imports are what is wanted

    threading.Thread(target=load, name="importing", daemon=True).start()


class Interrupts(QObject):
    """Ctrl+C in the terminal, and SIGTERM, close the window like its button does."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._heard, self._told = socket.socketpair()
        self._heard.setblocking(False)
        self._told.setblocking(False)
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._heard.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._close)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)

    def _close(self) -> None:
        if self._heard.recv(64):
            self._window.close()

    def end(self) -> None:
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(-1)
        self._heard.close()
        self._told.close()
