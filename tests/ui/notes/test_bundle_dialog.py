"""Saving a bundle from the window and opening it again."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.model import StreamKey
from explorer.notes import Note
from explorer.stores import StoreSpec, open_store
from explorer.ui.notes.bundle_dialog import BundleDialog
from explorer.ui.window import Window
from tests.ui.conftest import PATIENCE, Make
from tests.ui.opened import click, type_into

FIRST, SECOND = StreamKey("Order", "o-001"), StreamKey("Customer", "c-0")


def dialog_on(window: Window, qtbot: QtBot) -> BundleDialog:
    window.workspace.actions.trigger("bundle")
    qtbot.waitUntil(lambda: any(one.isVisible() for one in window.findChildren(BundleDialog)), timeout=PATIENCE)
    return next(one for one in window.findChildren(BundleDialog) if one.isVisible())


def test_the_open_streams_are_saved_and_open_as_a_store(
    make_window: Make, shop: str, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window(shop)
    window.tabs.show_stream(*_key(SECOND))
    window.tabs.show_stream(*_key(FIRST))
    qtbot.waitUntil(lambda: window.workspace.current_stream[:2] == _key(FIRST), timeout=PATIENCE)
    window.workspace.noting.write(Note("Order", "o-001", 1, "OrderCreated", "look here"))
    dialog = dialog_on(window, qtbot)
    assert [dialog.list.item(row).text() for row in range(2)] == ["Order o-001", "Customer c-0"]
    checked = Qt.CheckState.Checked
    assert [dialog.list.item(row).checkState() == checked for row in range(2)] == [True, False]
    dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.save_button.isEnabled()
    for row in range(2):
        dialog.list.item(row).setCheckState(checked)
    path = tmp_path / "case.esxbundle"
    type_into(dialog.path, str(path))
    click(dialog.save_button)
    qtbot.waitUntil(lambda: window.banner.isVisible(), timeout=PATIENCE)
    assert "2 streams saved to" in window.banner.sentence.text()
    assert "1 note" in window.banner.hint.text()
    with qtbot.waitSignal(window.workspace.engine_ready, timeout=PATIENCE):
        window.open(StoreSpec(str(path), writable=True))
    assert window.strip.badge.text() == "BUNDLE, READ-ONLY"
    assert "of shop.sqlite" in window.strip.kind.text()
    assert [note.text for note in window.workspace.noting.notes] == ["look here"]
    assert not window.workspace.writable


def test_pseudonyms_and_what_goes_wrong(make_window: Make, shop: str, tmp_path: Path, qtbot: QtBot) -> None:
    window = make_window(shop)
    dialog = dialog_on(window, qtbot)
    assert "No stream is open" in dialog.state.text()
    assert not dialog.save_button.isEnabled()
    click(dialog.cancel)
    window.tabs.show_stream(*_key(FIRST))
    dialog = dialog_on(window, qtbot)
    assert not dialog.keep.isEnabled()
    for box in dialog.kinds.values():
        click(box)
    assert "Snapshots do not either" in dialog.what.text()
    type_into(dialog.keep, "revision, quantity")
    type_into(dialog.path, shop)
    before = Path(shop).read_bytes()
    click(dialog.save_button)
    qtbot.waitUntil(lambda: dialog.banner.isVisible(), timeout=PATIENCE)
    assert "is no bundle" in dialog.banner.sentence.text()
    assert Path(shop).read_bytes() == before
    path = tmp_path / "case.esxbundle"
    type_into(dialog.path, str(path))
    with qtbot.waitSignal(dialog.saved, timeout=PATIENCE):
        click(dialog.save_button)
    store = open_store(StoreSpec(str(path)))
    try:
        (stream,) = store.streams().rows
        assert stream.id != FIRST.id
        first = store.stream_events(stream.key)[0]
        assert b'"revision":1' in first.data.replace(b" ", b"")
        assert b"A-1" not in first.data
    finally:
        store.close()


def _key(stream: StreamKey) -> tuple[str, str]:
    return stream.category, stream.id
