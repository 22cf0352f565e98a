"""A hand and an eye: real mouse and keyboard input to a window under Xvfb, and pictures of the screen.

A journey is a generator that yields after every action. It runs in the event loop of the program it drives, so it can
look up where a widget is; every click and key goes through the X server, as a person's would.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

from PySide6.QtCore import QModelIndex, QObject, QPoint, QTimer
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

Journey = Generator[float, None, None]
"""Yields how many seconds to wait before it goes on."""

PATIENCE = 15.0  # seconds until something that was expected counts as missing


class Lost(AssertionError):
    """Something that a person would have seen by now is not there."""


def xdotool(*words: str | int) -> None:
    subprocess.run(["xdotool", *map(str, words)], check=True, timeout=20)


def press(*keys: str) -> Journey:
    """Keys as xdotool names them: "ctrl+k", "Return", "Left"."""
    for key in keys:
        xdotool("key", "--clearmodifiers", key)
        yield 0.08


def write(text: str) -> Journey:
    # Keys go to the X server while this event loop waits; small portions keep the window alive meanwhile.
    for start in range(0, len(text), 8):
        xdotool("type", "--clearmodifiers", "--delay", "4", "--", text[start : start + 8])
        yield 0.05


def click(target: QWidget | QPoint, at: QPoint | None = None, button: int = 1, times: int = 1) -> Journey:
    """Click a widget (its middle, or a point in it) or a point of the screen."""
    if isinstance(target, QWidget):
        until = time.monotonic() + PATIENCE
        while not (target.isVisible() and target.isEnabled()):
            if time.monotonic() > until:
                raise Lost(f"cannot click {target!r}: visible {target.isVisible()}, enabled {target.isEnabled()}")
            yield 0.05
        point = target.mapToGlobal(at or target.rect().center())
    else:
        point = target
    ratio = QApplication.primaryScreen().devicePixelRatio()  # Qt counts in its own pixels, the X server in the screen's
    xdotool("mousemove", round(point.x() * ratio), round(point.y() * ratio))
    yield 0.05
    for _ in range(times):
        xdotool("click", button)
    yield 0.15


def click_row(view: QAbstractItemView, index: QModelIndex, times: int = 1) -> Journey:
    view.scrollTo(index)
    yield 0.1
    columns = [index, *(index.siblingAtColumn(column) for column in range(1, 8))]
    rectangle = next(r for r in map(view.visualRect, columns) if not r.isEmpty())
    middle = QPoint(min(rectangle.left() + 40, rectangle.right() - 2), rectangle.center().y())
    yield from click(view.viewport(), middle, times=times)


def wait_for(what: str, condition: Callable[[], object], seconds: float = PATIENCE) -> Journey:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise Lost(f"not seen within {seconds:g} s: {what}")
        yield 0.05


def find(parent: QWidget, kind: type[QObject], **properties: str) -> QObject:
    """The visible widget of this class whose given properties (accessibleName, text, …) contain these words."""
    for widget in parent.findChildren(kind):
        if isinstance(widget, QWidget) and not widget.isVisible():
            continue
        if all(words.lower() in str(widget.property(name) or "").lower() for name, words in properties.items()):
            return widget
    raise Lost(f"no visible {kind.__name__} with {properties}")


class Walker(QObject):
    """Runs one journey in the event loop and quits the application at its end."""

    def __init__(self, journey: Journey, on_end: Callable[[BaseException | None], None]) -> None:
        super().__init__()
        self._journey = journey
        self._on_end = on_end
        QTimer.singleShot(300, self._go_on)

    def _go_on(self) -> None:
        try:
            pause = next(self._journey)
        except StopIteration:
            self._on_end(None)
        except (Lost, subprocess.SubprocessError, AssertionError, RuntimeError) as problem:
            self._on_end(problem)
        else:
            QTimer.singleShot(int(pause * 1000), self._go_on)


class Pictures:
    """Numbered pictures of the whole screen, as the X server has it."""

    def __init__(self, folder: Path, number: int = 0) -> None:
        self._folder = folder
        self._number = number

    def __call__(self, name: str) -> Journey:
        self._number += 1
        numbered = f"{self._number:02}-{name}"
        QApplication.processEvents()
        yield 0.25
        subprocess.run(["import", "-window", "root", str(self._folder / f"{numbered}.png")], check=True, timeout=30)
        print(f"seen  {numbered}", flush=True)
