"""The path itself: first-run page → demo → an order, replayed → snapshot → commands → raw append and its conflict."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QWidget

from explorer.ui.commands.append_dialog import AppendDialog
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from tests.journey.hand import Journey, Pictures, click, click_row, find, press, wait_for, write

ITEM = "TEA-EARL-250"
AccessibleText = Qt.ItemDataRole.AccessibleTextRole


def path(window: Window, folder: Path) -> Journey:
    look = Pictures(folder)

    # -- first-run page → demo
    yield from wait_for("the first page", window.first_page.demo_button.isVisible)
    yield from look("first-page")
    yield from click(window.first_page.demo_button)
    yield from wait_for("the demo store", lambda: window.workspace.is_open, 60)
    yield from wait_for("its aggregates", lambda: window.workspace.aggregates, 60)
    yield 1.0
    yield from look("demo")

    # -- filter the streams, open an order
    yield from press("ctrl+l")
    yield from write("order")
    yield from wait_for("the streams found", lambda: rows(window.streams.list) > 0)
    yield 0.6
    yield from look("filtered")
    order = next_order(window)
    yield from click_row(window.streams.list, order, times=2)
    yield from wait_for("a stream tab", lambda: tab(window) is not None)
    stream = tab(window)
    assert stream is not None
    yield from wait_for("its replay", lambda: stream.timeline.folded > 2)
    last = stream.timeline.count - 1
    yield from look("order")

    # -- step back and forth, play, go to version
    yield from click(stream.table.viewport())
    yield from press("Home")
    yield from wait_for("the first event", lambda: stream.cursor_at == 0)
    yield from press("Right", "Right")
    yield from wait_for("the third event", lambda: stream.cursor_at == 2)
    yield from look("third-event")
    yield from press("Left")
    yield from wait_for("the second event", lambda: stream.cursor_at == 1)
    yield from click(stream.transport.play)
    yield from wait_for("playing to the end", lambda: stream.cursor_at == last, 30)
    yield from press("ctrl+g")
    yield from write("1")
    yield from press("Return")
    yield from wait_for("version 1", lambda: stream.cursor_at == 0)
    yield from look("version-1")

    # -- difference of two marked versions
    yield from click(stream.table.viewport())
    yield from press("Home", "m", "End", "m", "d")
    yield 0.6
    yield from look("difference")
    yield from press("d")

    # -- take a snapshot and verify it
    dock = next(dock for dock in window.docks if dock.objectName() == "snapshots")
    dock.raise_()
    yield from wait_for("the snapshots dock", window.snapshots.isVisible)
    yield from click(window.snapshots.take_button)
    yield from wait_for("a snapshot", lambda: window.snapshots.model.rowCount() > 0)
    yield 0.5
    yield from look("snapshot-taken")
    yield from click_row(window.snapshots.table, window.snapshots.model.index(0, 0))
    yield from wait_for("the snapshot's content", window.snapshots.compare_button.isEnabled)
    yield from click(window.snapshots.compare_button)
    yield 1.5
    yield from look("snapshot-verified")

    # -- preview and commit CreateOrder, see it approved
    command = window.command
    yield from choose(command.chooser.aggregate, "Order")
    yield from choose(command.chooser.command, "CreateOrder")
    new_id = command.chooser.id.text()
    yield from fill(command, "customerId", "C-1002")
    yield from fill(command, "sku", ITEM)
    yield from fill(command, "quantity", "1")
    yield from fill(command, "price", "0.50")
    yield from press("ctrl+Return")
    yield from wait_for("a preview", command.commit_button.isEnabled)
    yield 0.3
    yield from look("preview")
    before = time.monotonic()
    yield from press("ctrl+shift+Return")
    yield from wait_for("the committed event", command.outcome.link.isVisible)
    yield from look("committed")
    yield from click(command.outcome.link)
    yield from wait_for("the new order's tab", lambda: (t := tab(window)) is not None and t.id == new_id)
    created = tab(window)
    assert created is not None
    yield from wait_for("its approval by the services", lambda: created.timeline.count >= 2, 20)
    print(f"approved {time.monotonic() - before:.1f} s after the commit", flush=True)
    yield 0.8
    yield from look("approved")

    # -- CancelOrder; live feed, tab and snapshots show it
    yield from choose(command.chooser.command, "CancelOrder")
    yield from fill(command, "reason", "changed their mind")
    yield from press("ctrl+Return")
    yield from wait_for("a preview of the cancel", command.commit_button.isEnabled)
    yield from press("ctrl+shift+Return")
    yield from wait_for("the cancel in the tab", lambda: created.timeline.count >= 3)
    feed = next(dock for dock in window.docks if dock.objectName() == "feed")
    feed.raise_()
    yield 1.0
    yield from look("cancelled")

    # -- a raw append with a wrong expected version
    yield from press("ctrl+shift+p")
    yield from write("append event")
    yield 0.5
    yield from press("Return")
    yield from wait_for("the append dialog", lambda: dialog() is not None)
    append = dialog()
    assert append is not None
    yield 0.8
    yield from click(append.type)
    yield from press("ctrl+a")
    yield from write("OrderShipped")
    yield from press("Return")  # as the completer proposes it
    yield from click(append.target.expected_field)
    yield from press("ctrl+a")
    yield from write("1")
    yield from click(append.data.edit)
    yield from press("ctrl+a")
    yield from write('{"customerId": "C-1002", "tracking": "T-1"}')
    yield 0.5
    yield from look("append")
    yield from click(append.preview_button)
    yield 1.0
    yield from look("append-preview")
    if append.append_button.isEnabled():
        yield from click(append.append_button)
    yield from wait_for("the conflict", lambda: append.outcome.isVisible())
    yield 0.6
    yield from look("conflict")
    yield from click(append.close_button)
    yield 0.5
    yield from look("end")


# -- what is looked up -------------------------------------------------------------------------------------------------


def rows(view: QWidget) -> int:
    model = view.model()  # type: ignore[attr-defined]
    return int(model.rowCount())


def next_order(window: Window) -> QModelIndex:
    """The first order found that has a few events."""
    model = window.streams.list.model()
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if any(f"v{version}" in str(index.data(role)) for version in range(4, 12) for role in (0, AccessibleText)):
            return index
    return model.index(0, 0)


def tab(window: Window) -> StreamTab | None:
    current = window.tabs.currentWidget()
    return current if isinstance(current, StreamTab) else None


def dialog() -> AppendDialog | None:
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, AppendDialog) and widget.isVisible():
            return widget
    return None


def choose(box: QComboBox, words: str) -> Journey:
    """Open the list by keyboard and type the beginning of the entry."""
    if box.currentText() == words:
        return
    yield from click(box)
    yield from write(words)
    yield from press("Return")
    yield from wait_for(words, lambda: box.currentText() == words)


def fill(parent: QWidget, name: str, value: str) -> Journey:
    field = find(parent, QLineEdit, accessibleName=name)
    assert isinstance(field, QWidget)
    yield from click(field)
    yield from press("ctrl+a")
    yield from write(value)
