"""What `start` starts: the program, or an empty window. Says as JSON lines how far it is, then closes.

    python -m tests.benchmarks.painted demo|empty

The last line is "painted": what is in sight has been painted and the screen has it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

BEGUN = time.monotonic()


def say(stage: str) -> None:
    now = time.monotonic()
    line = {"stage": stage, "at": now, "since_begun": now - BEGUN, "processor": time.process_time()}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def wait_for_screen() -> None:
    """Until the screen has drawn what it was sent: it answers in order."""
    from PySide6.QtGui import QGuiApplication

    QGuiApplication.primaryScreen().grabWindow(0, 0, 0, 1, 1)


def empty() -> int:
    """An empty window of a program that has imported SQLAlchemy."""
    import sqlalchemy  # noqa: F401 - it is what is measured
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QApplication, QMainWindow

    class Empty(QMainWindow):
        def paintEvent(self, event: QPaintEvent) -> None:
            super().paintEvent(event)
            QTimer.singleShot(0, self.end)

        def end(self) -> None:
            if self.isVisible():
                wait_for_screen()
                say("painted")
                self.close()

    app = QApplication(sys.argv[:1])
    window = Empty()
    window.resize(1280, 800)
    window.show()
    return app.exec()


def demo() -> int:
    """The program itself, with somebody who sees when the first page of its demo is there."""
    from explorer import cli
    from explorer.cli import window as verbs

    program = verbs._window

    def watched(*what: Any, **how: Any) -> int:
        say("demo prepared")
        import explorer.stores.open  # noqa: F401 - as the program does now
        from explorer.ui import app

        say("imported")
        setattr(app, "Window", _watched_window())  # noqa: B010 - to a type checker the name belongs to the module alone
        return program(*what, **how)

    # As late as the program itself comes to its window: what it imports before is part of what is measured.
    verbs._window = watched
    return cli.main(["demo"])


def _watched_window() -> type:
    from PySide6.QtCore import QEvent, QObject, QTimer

    from explorer.settings import Settings
    from explorer.ui.window import Window

    class Watched(Window):
        def __init__(self, settings: Settings, plugins: tuple[str, ...] = ()) -> None:
            super().__init__(settings, plugins)
            say("made")
            self._first_paint = True
            self._unseen: dict[QObject, Callable[[], bool]] = {
                self.tabs.all_events.table.viewport(): lambda: bool(self.tabs.all_events.model.rows),
                self.streams.tree.viewport(): self._has_streams,
            }
            for view in self._unseen:
                view.installEventFilter(self)
            self.installEventFilter(self)
            self.workspace.opened.connect(lambda: say("opened"))
            self.workspace.engine_ready.connect(lambda: say("engine ready"))

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                if watched is self and self._first_paint:
                    self._first_paint = False
                    QTimer.singleShot(0, self, lambda: say("window painted"))
                if watched in self._unseen and self._unseen[watched]():
                    del self._unseen[watched]
                    if not self._unseen:
                        QTimer.singleShot(0, self, self._end)  # after this paint
            return super().eventFilter(watched, event)

        def _has_streams(self) -> bool:
            tree = self.streams.tree_model
            return any(tree.rowCount(tree.index(row, 0)) > 1 for row in range(tree.rowCount()))

        def _end(self) -> None:
            wait_for_screen()
            say("painted")
            self.close()

    return Watched


if __name__ == "__main__":
    sys.exit({"demo": demo, "empty": empty}[sys.argv[1]]())
