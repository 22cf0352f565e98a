"""Choosing a store: what can be wrong is said in the dialog, with a way on; passwords go nowhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.errors import Ambiguous, NeedsCopy, NoEventStore
from explorer.settings import Settings, config_folder, state_folder
from explorer.stores import StoreSpec
from explorer.ui.start import passwords
from explorer.ui.start.first_page import FirstPage
from explorer.ui.start.open_dialog import OpenDialog
from tests.ui.conftest import PATIENCE, Make


@pytest.fixture
def dialog(qtbot: QtBot) -> Iterator[OpenDialog]:
    dialog = OpenDialog(Settings())
    qtbot.addWidget(dialog)
    dialog.open()
    yield dialog
    qtbot.waitUntil(lambda: not dialog._trying, timeout=PATIENCE)
    dialog.close()


class Chosen:
    """What the dialog has given."""

    def __init__(self, dialog: OpenDialog) -> None:
        self.specs: list[tuple[StoreSpec, tuple[str, ...]]] = []
        dialog.chosen.connect(lambda spec, plugins: self.specs.append((spec, plugins)))


def press(dialog: OpenDialog, button: str) -> None:
    QTest.mouseClick(getattr(dialog, button), Qt.MouseButton.LeftButton)


def told(qtbot: QtBot, dialog: OpenDialog) -> str:
    qtbot.waitUntil(lambda: dialog.banner.isVisible(), timeout=PATIENCE)
    return f"{dialog.banner.sentence.text()} {dialog.banner.hint.text()}"


def test_a_file_is_tried_then_opened_read_only(qtbot: QtBot, dialog: OpenDialog, shop: str) -> None:
    chosen = Chosen(dialog)
    assert not dialog.open_button.isEnabled()
    QTest.keyClicks(dialog.path, shop)
    press(dialog, "test")
    assert "It works: shop.sqlite" in told(qtbot, dialog)
    assert not chosen.specs
    press(dialog, "open_button")
    qtbot.waitUntil(lambda: bool(chosen.specs), timeout=PATIENCE)
    assert chosen.specs == [(StoreSpec(shop), ())]
    assert not chosen.specs[0][0].writable


def test_enter_opens(qtbot: QtBot, dialog: OpenDialog, shop: str) -> None:
    chosen = Chosen(dialog)
    dialog.path.setText(shop)
    QTest.keyClick(dialog.path, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(chosen.specs), timeout=PATIENCE)


def test_writing_is_asked_for(qtbot: QtBot, dialog: OpenDialog, shop: str) -> None:
    chosen = Chosen(dialog)
    dialog.path.setText(shop)
    dialog.writable.click()
    press(dialog, "open_button")
    qtbot.waitUntil(lambda: bool(chosen.specs), timeout=PATIENCE)
    assert chosen.specs[0][0].writable


def damage(folder: Path, how: str) -> Path:
    path = folder / how
    if how == "folder":
        path.mkdir()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("These are notes, no database. " * 200)
    elif how == "other":
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE recipes (name TEXT, grams INTEGER)")
        database.close()
    return path


@pytest.mark.parametrize("how", ["missing", "folder", "empty", "text", "other"])
def test_what_is_no_store_is_said_in_place(qtbot: QtBot, dialog: OpenDialog, tmp_path: Path, how: str) -> None:
    chosen = Chosen(dialog)
    dialog.path.setText(str(damage(tmp_path, how)))
    press(dialog, "open_button")
    words = told(qtbot, dialog)
    assert dialog.banner.hint.text()
    assert dialog.isVisible()
    assert not chosen.specs
    if how == "other":
        assert "recipes" in words


def test_a_server_that_is_not_there(qtbot: QtBot, dialog: OpenDialog) -> None:
    dialog.tabs.setCurrentIndex(1)
    QTest.keyClicks(dialog.host, "localhost")
    QTest.keyClicks(dialog.port, "1")
    QTest.keyClicks(dialog.database, "shop")
    press(dialog, "test")
    assert "localhost" in told(qtbot, dialog)


def test_a_server_by_its_address(qtbot: QtBot, dialog: OpenDialog, postgres_url: str) -> None:
    chosen = Chosen(dialog)
    dialog.tabs.setCurrentIndex(1)
    dialog.url.setText(postgres_url)
    assert not dialog.host.isEnabled()
    press(dialog, "open_button")
    told(qtbot, dialog)  # an empty database
    dialog.writable.click()
    press(dialog, "open_button")
    qtbot.waitUntil(lambda: dialog.offer.isVisible(), timeout=PATIENCE)
    press(dialog, "offer")
    assert chosen.specs[0][0].create


def test_a_new_file_is_made_only_if_writing_is_allowed(dialog: OpenDialog, tmp_path: Path) -> None:
    chosen = Chosen(dialog)
    dialog.path.setText(str(tmp_path / "new.sqlite"))
    assert not dialog.spec().create
    dialog.writable.click()
    assert "new store" in dialog.state.text()
    press(dialog, "open_button")
    assert chosen.specs[0][0].create


def test_several_stores_are_offered_to_choose_from(dialog: OpenDialog, shop: str) -> None:
    dialog.fill(shop, error=Ambiguous("Two stores are in it.", ("orders", "<b>bills</b>"), "Choose one."))
    assert [dialog.instance.itemText(row) for row in range(2)] == ["orders", "<b>bills</b>"]
    dialog.instance.setCurrentIndex(1)
    assert dialog.spec().instance == "<b>bills</b>"


def test_a_copy_is_offered(dialog: OpenDialog, shop: str) -> None:
    chosen = Chosen(dialog)
    dialog.fill(shop, writable=True, error=NeedsCopy("Opening it would lock its owner out.", "Open a copy."))
    press(dialog, "offer")
    spec = chosen.specs[0][0]
    assert spec.copy
    assert not spec.writable


def test_a_read_only_look_offers_no_store_to_be_made(dialog: OpenDialog, shop: str) -> None:
    dialog.fill(shop, error=NoEventStore("No store.", "Describe it."))
    assert not dialog.offer.isVisible()


def drop(target: Any, *paths: str) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, data, button, none)
    target.dragEnterEvent(enter)
    assert enter.isAccepted()
    target.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, button, none))


def test_files_are_dropped_where_they_belong(dialog: OpenDialog, shop: str) -> None:
    drop(dialog, shop, "/x/domain.py", "/x/layout.toml")
    spec = dialog.spec()
    assert (spec.url, spec.layout) == (shop, "/x/layout.toml")
    assert dialog.plugin_files() == ("/x/domain.py",)
    press(dialog, "remove_plugin")
    assert dialog.plugin_files() == ()


def test_the_select_of_a_description_is_shown_before_it_runs(dialog: OpenDialog, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('select = """SELECT <b>1</b>"""')
    dialog.set_layout_file(str(file))
    assert dialog.layout_text.isVisible()
    assert "SELECT <b>1</b>" in dialog.layout_text.toPlainText()
    dialog.layout_choice.setCurrentIndex(0)
    dialog._on_layout(0)
    assert not dialog.layout_text.isVisible()
    assert dialog.spec().layout is None


# -- passwords -------------------------------------------------------------------------------------------------------


class Ring(KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("url", "without", "password"),
    [
        ("/a/b.sqlite", "/a/b.sqlite", None),
        ("postgresql://ann@db/shop", "postgresql://ann@db/shop", None),
        ("postgresql://ann:pa@ss:w/rd@db:5433/shop", "postgresql://ann@db:5433/shop", "pa@ss:w/rd"),
        ("postgres://ann:p%40ss@db/shop?sslmode=require", "postgresql://ann@db/shop?sslmode=require", "p@ss"),
        ("postgresql://db/shop?user=ann&password=secret#orders", "postgresql://ann@db/shop#orders", "secret"),
    ],
)
def test_passwords_are_taken_out_of_addresses(url: str, without: str, password: str | None) -> None:
    assert passwords.apart(url) == (without, password)
    assert passwords.apart(without) == (without, None)


def test_a_password_goes_beside_the_address(dialog: OpenDialog) -> None:
    dialog.tabs.setCurrentIndex(1)
    dialog.url.setText("postgresql://ann:geheim@db/shop")
    assert dialog.spec() == StoreSpec("postgresql://ann@db/shop", password="geheim")
    dialog.url.clear()
    dialog.host.setText("db")
    dialog.user.setText("a/nn")
    dialog.database.setText("shop")
    dialog.password.setText("geheim")
    assert dialog.spec() == StoreSpec("postgresql://a%2Fnn@db/shop", password="geheim")
    assert dialog.password.echoMode() == dialog.password.EchoMode.Password


def test_the_keyring_keeps_it_where_there_is_one(ring: Ring) -> None:
    assert passwords.recall("postgresql://ann@db/shop") is None
    assert passwords.keep("postgresql://ann@db/shop", "geheim")
    assert passwords.recall("postgresql://ann@db/shop") == "geheim"
    assert passwords.recall("/a/b.sqlite") is None


def test_without_a_keyring_it_is_not_kept() -> None:
    assert not passwords.keep("postgresql://ann@db/shop", "geheim")
    assert passwords.recall("postgresql://ann@db/shop") is None


def test_no_password_reaches_a_file_or_a_title(qtbot: QtBot, make_window: Make, postgres_url: str, ring: Ring) -> None:
    window = make_window()
    url, _none = passwords.apart(postgres_url)
    with qtbot.waitSignal(window.workspace.opened, timeout=PATIENCE):
        window.open(StoreSpec(url, writable=True, create=True, password="ver7geheim"))
    assert "ver7geheim" not in window.windowTitle()
    window._remember()
    files = [*config_folder().rglob("*"), *state_folder().rglob("*")]
    assert files
    assert not [file for file in files if file.is_file() and "ver7geheim" in file.read_text()]
    assert "ver7geheim" not in repr(window.workspace.spec)


# -- the first page --------------------------------------------------------------------------------------------------


def test_the_first_page_offers_three_ways(qtbot: QtBot, make_window: Make, shop: str) -> None:
    first = make_window(shop)
    first.close_store()
    qtbot.waitUntil(lambda: first.first_page.isVisible(), timeout=PATIENCE)
    assert [row.recent.title for row in first.first_page.rows] == ["shop.sqlite"]
    with qtbot.waitSignal(first.workspace.opened, timeout=PATIENCE):
        QTest.mouseClick(first.first_page.rows[0], Qt.MouseButton.LeftButton)


def test_buttons_of_the_first_page(qtbot: QtBot) -> None:
    page = FirstPage(Settings())
    qtbot.addWidget(page)
    page.show()
    assert not page.recent_heading.isVisible()
    with qtbot.waitSignal(page.open_wanted):
        QTest.mouseClick(page.open_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.demo_wanted):
        QTest.mouseClick(page.demo_button, Qt.MouseButton.LeftButton)


def test_a_file_dropped_on_the_window_is_opened(qtbot: QtBot, make_window: Make, shop: str) -> None:
    window = make_window()
    with qtbot.waitSignal(window.workspace.opened, timeout=PATIENCE):
        drop(window, shop)
    assert not window.workspace.writable


def test_what_cannot_be_opened_comes_back_in_the_dialog(qtbot: QtBot, make_window: Make, tmp_path: Path) -> None:
    window = make_window()
    drop(window, str(damage(tmp_path, "text")))
    qtbot.waitUntil(lambda: window.opening.dialog is not None and window.opening.dialog.isVisible(), timeout=PATIENCE)
    assert window.opening.dialog is not None
    assert window.opening.dialog.banner.isVisible()
    assert window.opening.dialog.path.text().endswith("text")
    window.opening.dialog.reject()
    assert window.first_page.open_button.isEnabled()


def test_the_demo_opens_with_its_services(qtbot: QtBot, make_window: Make) -> None:
    window = make_window()
    with qtbot.waitSignal(window.workspace.opened, timeout=60_000):
        QTest.mouseClick(window.first_page.demo_button, Qt.MouseButton.LeftButton)
    assert window.workspace.writable
