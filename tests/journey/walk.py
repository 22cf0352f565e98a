"""Walks one path in the program itself, started as always: python -m tests.journey.walk PATH FOLDER THEME."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication

from explorer import settings as settings_module
from explorer.ui import app
from explorer.ui.window import Window
from tests.journey import debugger, demo, foreign, story
from tests.journey.hand import Walker

PATHS = {"demo": demo.path, "foreign": foreign.path, "debugger": debugger.path, "story": story.path}


def main(name: str, folder: Path, theme: str) -> int:
    settings_module.save(settings_module.Settings(theme=theme))
    problems: list[BaseException] = []

    def ended(window: Window) -> Callable[[BaseException | None], None]:
        def end(problem: BaseException | None) -> None:
            if problem is not None:
                problems.append(problem)
                print(f"LOST  {type(problem).__name__}: {problem}", flush=True)
                QApplication.primaryScreen().grabWindow(0).save(str(folder / "lost.png"))
            window.close()

        return end

    class Walked(Window):
        """Walks the path as soon as it is on the screen."""

        walker: Walker | None = None

        def showEvent(self, event: QShowEvent) -> None:
            super().showEvent(event)
            if self.walker is None:
                self.showMaximized()
                self.walker = Walker(PATHS[name](self, folder), ended(self))

    # The program's own start, with somebody at the keyboard.
    setattr(app, "Window", Walked)  # noqa: B010 - to a type checker the name belongs to the module alone
    code = app.run(None)
    return code or (1 if problems else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
