"""Story mode by keys: the whole shipped story, back and forth, and scripts that cannot be played."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.model import EventQuery
from explorer.stores import StoreSpec, open_store
from explorer.story.reading import parse, read, shipped
from explorer.ui.story import acting
from explorer.ui.story.player import Player
from explorer.ui.window import Window
from tests.ui.conftest import Make
from tests.ui.opened import WAIT

PATIENCE = 2 * WAIT  # ms; a step of the problem starts processes

SMALL = """
title = "Small"

[[chapter]]
title = "One"

[[chapter.step]]
caption = "{narrated}."
do = [
    { issue = "CreateCustomer", aggregate = "Customer", id = "C-1", set = { name = "Ada", creditLimit = { amount = 9 } } },
    { show = "stream", category = "Customer", id = "C-1" },
]

[[chapter.step]]
caption = "{narrated}, version {version}, decided on {loaded}."
do = [{ issue = "ChangeCreditLimit", aggregate = "Customer", id = "C-1", set = { creditLimit = { amount = 20 } } }]

[[chapter]]
title = "Two"

[[chapter.step]]
caption = "Many: {version}."
do = [
    { many = "ChangeCreditLimit", aggregate = "Customer", id = "C-1", count = 5, set = { creditLimit = { amount = "{n}" } } },
    { show = "stream", category = "Customer", id = "C-1" },
]

[[chapter.step]]
caption = "Back at two."
do = [{ step = 2, category = "Customer", id = "C-1" }]

[[chapter.step]]
caption = "{said}"
do = [{ snapshot = "Customer", id = "C-1" }, { append = "Noted", category = "Note", id = "1", data = { text = "hello" } }]
"""  # noqa: E501 - a script is written so


@pytest.fixture(autouse=True)
def settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step ends when its tab shows what was written, however long that takes."""
    monkeypatch.setattr(acting, "SETTLING", PATIENCE / 1000)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(SMALL)
    return file


def begin(qtbot: QtBot, window: Window, file: Path | None = None) -> Player:
    """Play it, and wait for the first step."""
    window.story.begin(file)
    qtbot.waitUntil(lambda: window.story.player is not None, timeout=PATIENCE)
    player = window.story.player
    assert player is not None
    done(qtbot, player)
    return player


def done(qtbot: QtBot, player: Player) -> None:
    qtbot.waitUntil(lambda: not player.running, timeout=PATIENCE)


def press(qtbot: QtBot, window: Window, key: Qt.Key) -> Player:
    """Press a key where the focus is, and wait for the end of the step."""
    QTest.keyClick(window.focusWidget() or window, key)
    player = window.story.player
    assert player is not None
    done(qtbot, player)
    return player


def standing(window: Window) -> int:
    """Where the tab of the customer stands; 0 when there is none."""
    tab = window.tabs.tab_of("Customer", "C-1")
    return tab.version if tab is not None else 0


def written(window: Window) -> list[tuple[str, str, int, str, str | None]]:
    spec = window.story.spec
    assert spec is not None
    store = open_store(StoreSpec(spec.url, layout="own"))
    try:
        return [(e.category, e.id, e.version, e.type, e.event_id) for e in store.events(EventQuery()).rows]
    finally:
        store.close()


@pytest.mark.timeout(1_200)  # it starts a dozen processes, one after the other
def test_the_shipped_story_by_keys(qtbot: QtBot, empty_window: Window) -> None:
    window = empty_window
    QTest.mouseClick(window.first_page.story_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.story.player is not None, timeout=PATIENCE)
    player = window.story.player
    assert player is not None
    steps = [*read(shipped()).steps()]
    done(qtbot, player)
    captions = [window.story.bar.caption.text()]
    while not player.last:
        press(qtbot, window, Qt.Key.Key_PageDown)
        assert player.problem is None, f"{player.place}: {player.problem} {player.problem.hint}"
        captions.append(window.story.bar.caption.text())
    assert len(captions) == len(steps)
    assert not [one for one in captions if "{" in one or "…" in one]
    words = " ".join(captions)
    assert "only 40 of the credit limit is left" in words
    assert "141 events" in words
    assert "snapshot v142 + 1 event were read instead of all 143 events" in words
    events = written(window)
    assert ("Order", "O-1", 2, "OrderApproved") in [one[:4] for one in events]
    assert ("Order", "O-2", 2, "OrderRejected") in [one[:4] for one in events]
    assert [one[3] for one in events if one[1] == "O-3" and one[0] == "Order"] == [
        "OrderCreated", "OrderApproved", "OrderRevised", "OrderApproved", "OrderCancelled",
    ]  # fmt: skip


def test_back_shows_how_it_was_and_writes_nothing_twice(qtbot: QtBot, empty_window: Window, script: Path) -> None:
    window = empty_window
    player = begin(qtbot, window, script)
    assert player.caption == "Ada becomes customer C-1, with a credit limit of 9."
    press(qtbot, window, Qt.Key.Key_F4)
    assert player.caption == "C-1 has a credit limit of 20 now, version 2, decided on 1 event."
    press(qtbot, window, Qt.Key.Key_PageDown)
    assert player.caption == "Many: 7."
    assert standing(window) == 7
    before = written(window)
    QTest.keyClick(window, Qt.Key.Key_F4, Qt.KeyboardModifier.ShiftModifier)
    assert player.at == 1
    qtbot.waitUntil(lambda: standing(window) == 2, timeout=PATIENCE)
    press(qtbot, window, Qt.Key.Key_PageUp)
    assert player.at == 0
    qtbot.waitUntil(lambda: standing(window) == 1, timeout=PATIENCE)
    assert player.caption == "Ada becomes customer C-1, with a credit limit of 9."
    for _ in range(2):
        press(qtbot, window, Qt.Key.Key_PageDown)
    assert player.at == 2
    qtbot.waitUntil(lambda: standing(window) == 7, timeout=PATIENCE)
    assert written(window) == before
    press(qtbot, window, Qt.Key.Key_PageDown)
    assert (player.at, standing(window)) == (3, 2)
    press(qtbot, window, Qt.Key.Key_PageDown)
    assert player.last
    assert "napshot" in player.caption
    assert not window.story.bar.next.isEnabled()


def test_a_tab_that_stands_earlier_is_not_waited_for(
    qtbot: QtBot, empty_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "SETTLING", 10 * PATIENCE / 1000)
    file = tmp_path / "earlier.toml"
    file.write_text(
        SMALL.replace("count = 5", "count = 1")
        + """
[[chapter.step]]
caption = "Behind what is shown: {version}."
do = [{ issue = "ChangeCreditLimit", aggregate = "Customer", id = "C-1", set = { creditLimit = { amount = 30 } } }]
"""
    )
    player = begin(qtbot, empty_window, file)
    for _ in range(4):
        press(qtbot, empty_window, Qt.Key.Key_PageDown)
    assert standing(empty_window) == 2
    press(qtbot, empty_window, Qt.Key.Key_PageDown)
    assert player.caption == "Behind what is shown: 4."
    assert standing(empty_window) == 2


def test_every_run_writes_the_same(qtbot: QtBot, empty_window: Window, script: Path) -> None:
    window = empty_window
    player = begin(qtbot, window, script)
    player.go_to(4)
    done(qtbot, player)
    qtbot.waitUntil(lambda: player.at == 4 and not player.running, timeout=PATIENCE)
    first, place = written(window), window.story.spec
    QTest.keyClick(window, Qt.Key.Key_F7)
    qtbot.waitUntil(lambda: window.story.player not in (None, player), timeout=PATIENCE)
    again = window.story.player
    assert again is not None
    done(qtbot, again)
    assert (again.at, len(written(window))) == (0, 1)
    assert window.story.spec != place
    window.story.bar.chapter_wanted.emit(1)
    qtbot.waitUntil(lambda: again.at == 2 and not again.running, timeout=PATIENCE)
    again.go_to(4)
    qtbot.waitUntil(lambda: again.at == 4 and not again.running, timeout=PATIENCE)
    assert written(window) == first


def test_escape_ends_it_and_nothing_is_left(qtbot: QtBot, empty_window: Window, script: Path) -> None:
    window = empty_window
    begin(qtbot, window, script)
    spec = window.story.spec
    assert spec is not None
    folder = Path(spec.url).parent
    assert folder.is_dir()
    with qtbot.waitSignal(window.workspace.closed, timeout=PATIENCE):
        QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Escape)
    assert not window.story.playing
    assert not window.story.bar.isVisible()
    assert window.pages.currentWidget() is window.first_page
    qtbot.waitUntil(lambda: not folder.exists(), timeout=PATIENCE)
    assert window.settings.recent == []


def test_next_while_something_runs_begins_nothing(qtbot: QtBot, empty_window: Window, tmp_path: Path) -> None:
    file = tmp_path / "waits.toml"
    file.write_text(
        'title = "W"\n[[chapter]]\ntitle = "C"\n[[chapter.step]]\ncaption = "Waiting."\n[[chapter.step.do]]\n'
        'wait_for = "event"\ntype = "Never"\ncategory = "C"\nid = "1"\nseconds = 2\notherwise = "It never came."\n'
        '[[chapter.step]]\ncaption = "After."\n'
    )  # fmt: skip
    window = empty_window
    window.story.begin(file)
    qtbot.waitUntil(lambda: window.story.player is not None and window.story.player.running, timeout=PATIENCE)
    player = window.story.player
    assert player is not None
    QTest.keyClick(window, Qt.Key.Key_F4)
    assert player.running
    assert player.at == 0
    assert window.story.bar.standing.text() == "Waiting for Never …"
    done(qtbot, player)
    assert str(player.problem) == "It never came."
    assert "It never came." in window.story.bar.standing.text()
    assert window.story.bar.standing.property("tone") == "error"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda text: text.replace("title", "titel", 1), "small.toml cannot be played: 2 mistakes."),
        (lambda text: text + '"', "small.toml cannot be played: 1 mistake."),
    ],
)
def test_a_script_with_mistakes(
    qtbot: QtBot, empty_window: Window, script: Path, make: Callable[[str], str], sentence: str
) -> None:
    script.write_text(make(SMALL))
    empty_window.story.begin(script)
    banner = empty_window.first_page.banner
    qtbot.waitUntil(banner.isVisible, timeout=PATIENCE)
    assert banner.sentence.text() == sentence
    assert "line " in banner.hint.text()
    assert not empty_window.story.playing


def test_a_script_that_asks_for_what_is_not_there(qtbot: QtBot, make_window: Make, tmp_path: Path) -> None:
    window = make_window()
    for action, words in (
        ('{ issue = "CancelOrder", aggregate = "Order", id = "1" }', "There is no such order."),
        ('{ service = "nobody", do = "start" }', "There is no service nobody here."),
        ('{ show = "panel", name = "Nothing" }', "There is no panel Nothing."),
    ):
        file = tmp_path / "asks.toml"
        file.write_text(f'title = "A"\n[[chapter]]\ntitle = "C"\n[[chapter.step]]\ncaption = "…"\ndo = [{action}]\n')
        player = begin(qtbot, window, file)
        assert player.problem is not None, action
        assert words in str(player.problem)
        assert window.story.bar.standing.property("tone") == "error"
        with qtbot.waitSignal(window.workspace.closed, timeout=PATIENCE):
            window.story.end()


def test_the_ids_of_a_story_do_not_depend_on_the_file() -> None:
    assert parse(SMALL, "a").event_id(1, 1, 1) == parse(SMALL, "b").event_id(1, 1, 1)
