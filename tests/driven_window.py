"""The program with its real window, driven by lines on standard input; says as JSON lines what has happened.

    python -m tests.driven_window gui STORE … | demo …

Lines: `tab CATEGORY ID` opens a stream, `cancel` presses Cancel in its tab, `query SQL` lets the browsing thread ask
the database that, `write SQL` the writing thread, `refresh` reads everything again, `close` closes the window.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def say(what: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"what": what, "at": time.monotonic(), **more}) + "\n")
    sys.stdout.flush()


def main(words: list[str]) -> int:
    from explorer import cli
    from explorer.cli import window as verbs

    program = verbs._window

    def driven(*what: Any, **how: Any) -> int:
        from explorer.ui import app

        setattr(app, "Window", _driven_window())  # noqa: B010 - to a type checker the name belongs to the module alone
        code = program(*what, **how)
        say("window gone")
        return code

    verbs._window = driven
    return cli.main(words)


def _driven_window() -> type:
    from PySide6.QtCore import QSocketNotifier, Qt, QTimer
    from PySide6.QtGui import QShowEvent
    from PySide6.QtTest import QTest

    from explorer.errors import ExplorerError
    from explorer.settings import Settings
    from explorer.stores import Store
    from explorer.ui.stream.stream_tab import StreamTab
    from explorer.ui.window import Window

    class Driven(Window):
        def __init__(self, settings: Settings, plugins: tuple[str, ...] = ()) -> None:
            super().__init__(settings, plugins)
            self.workspace.opened.connect(lambda: say("opened"))
            self.workspace.engine_ready.connect(lambda: say("engine ready"))
            self._unread = b""
            self._lines = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
            self._lines.activated.connect(self._read)

        def showEvent(self, event: QShowEvent) -> None:
            super().showEvent(event)
            say("shown")

        def _read(self) -> None:
            received = os.read(sys.stdin.fileno(), 65536)
            if not received:
                self._lines.setEnabled(False)
                return
            *lines, self._unread = (self._unread + received).split(b"\n")
            for line in lines:
                verb, _, rest = line.decode().partition(" ")
                getattr(self, f"do_{verb}")(rest)

        def _when(self, what: str, tab: StreamTab, condition: Callable[[], object]) -> None:
            """Say it as soon as it is so, while the tab is there."""
            if condition():
                say(what, sentence=tab.banner.sentence.text())
            else:
                QTimer.singleShot(5, tab, lambda: self._when(what, tab, condition))

        @property
        def tab(self) -> StreamTab:
            tab = self.tabs.currentWidget()
            assert isinstance(tab, StreamTab)
            return tab

        def do_tab(self, rest: str) -> None:
            category, _, id_ = rest.partition(" ")
            tab = self.tabs.show_stream(category, id_)
            # A state can be read in the tab: it is not only that the engine has answered.
            self._when("replayed", tab, lambda: tab.replaying.result is not None and tab.state.model.rowCount() > 0)
            self._when("slow", tab, tab.progress.cancel.isVisible)

        def do_cancel(self, _rest: str) -> None:
            self._when("told", self.tab, self.tab.banner.isVisible)
            QTest.mouseClick(self.tab.progress.cancel, Qt.MouseButton.LeftButton)

        def do_query(self, sql: str) -> None:
            self.workspace.browse(lambda store: _ask(store, sql), lambda _rows: say("answered"), self._failed)

        def do_write(self, sql: str) -> None:
            def write(store: Store) -> None:
                with store._connection.transaction() as run:  # type: ignore[attr-defined]
                    say("asked")
                    run(sql, {})

            self.workspace.write(write, lambda _: say("answered"), self._failed, text="A long write")

        def do_refresh(self, _rest: str) -> None:
            self.workspace.refresh()

        def do_close(self, _rest: str) -> None:
            self.close()

        def _failed(self, error: ExplorerError) -> None:
            say("failed", sentence=str(error))

    return Driven


def _ask(store: Any, sql: str) -> None:
    say("asked")
    store._connection.rows(sql)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
