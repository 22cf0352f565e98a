"""Domain code of a plug-in that does what it should not: said in its tab, and the window works on."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer.errors import Cancelled, EngineStopped
from explorer.model import StreamKey
from explorer.stores import StoreSpec
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.window import Window
from tests import stores_damaged as damaged
from tests.ui.heart import beating
from tests.ui.opened import ORDER, WAIT, append, click, make_shop, new
from tests.ui.shown_streams import settle
from tests.ui.trouble import Told, closed, opened, replayed, said, tab_on

MACHINE = StreamKey("Machine", "m")

REDUCERS = {
    "loops": "while True: pass",
    "loops in a regular expression": "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')",
    "eats memory": "hog = [bytes(1 << 20) for _ in range(1 << 20)]",
    "kills its process": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "exits": "import os; os._exit(3)",
    "raises": "raise KeyError('no such thing')",
    "raises what ends a program": "raise SystemExit(3)",
    "recurses": "evolve(state, event)",
    "changes its input": "state.setdefault('seen', []).append(event.type); state['n'] = 1; return state",
    "returns what is no JSON": "return object()",
}
FAILS_AT_ITS_STEP = {
    "raises": "KeyError",
    "raises what ends a program": "SystemExit",
    "recurses": "RecursionError",
    "eats memory": "MemoryError",
}


def plugin(folder: Path, does: str) -> str:
    path = folder / "plugin.py"
    path.write_text(
        "from explorer.model import Aggregate, Domain\n\n"
        f"def evolve(state, event):\n    if event.version == 2:\n        {does}\n"
        "    return {**state, 'last': event.type}\n\n"
        "domain = Domain('Test', (Aggregate('Machine', dict, evolve),), files=(__file__,))\n"
    )
    return str(path)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A shop with a stream of three events for the plug-in, closed by its writers."""
    path = tmp_path / "shop" / "own.sqlite"
    path.parent.mkdir()
    make_shop(str(path))
    append(str(path), MACHINE, 0, [new(type, {}) for type in ("Started", "Changed", "Stopped")])
    return path


def works_on(qtbot: QtBot, window: Window, machine: Path, before: dict[str, str]) -> None:
    """Another stream replays with the same engine, and nothing was written."""
    with beating():
        order = replayed(qtbot, window, ORDER)
        assert order.timeline.count == 2
        assert not order.timeline.errors
        assert not order.banner.isVisible()
    closed(qtbot, window)
    assert damaged.contents(machine.parent)[machine.name] == before[machine.name]


def test_a_reducer_that_fails_marks_its_step(qtbot: QtBot, empty_window: Window, machine: Path, tmp_path: Path) -> None:
    for name in FAILS_AT_ITS_STEP:
        folder = tmp_path / name
        folder.mkdir()
        _fails_at_its_step(qtbot, empty_window, machine, folder, name)


def _fails_at_its_step(qtbot: QtBot, empty_window: Window, machine: Path, tmp_path: Path, name: str) -> None:
    before = damaged.contents(machine.parent)
    window = opened(qtbot, empty_window, StoreSpec(str(machine)), (plugin(tmp_path, REDUCERS[name]),))
    with beating():
        tab = tab_on(qtbot, window, MACHINE)
        qtbot.waitUntil(lambda: tab.replaying.result is not None, timeout=2 * WAIT)
        settle(qtbot, tab)
        assert tab.timeline.folded == 3
        assert list(tab.timeline.errors) == [1]
        assert not tab.step_banner.isVisible()  # the last step is a good one
        tab.go_to(1)
        settle(qtbot, tab)
        assert tab.step_banner.isVisible()
        assert FAILS_AT_ITS_STEP[name] in tab.step_banner.sentence.text()
        assert "last good one" in tab.step_banner.hint.text()
        tab.go_to(2)  # where it stands is remembered
        settle(qtbot, tab)
    works_on(qtbot, window, machine, before)


def test_a_reducer_that_changes_its_input(qtbot: QtBot, empty_window: Window, machine: Path, tmp_path: Path) -> None:
    """The states before are what they were: the slow path is taken, and says so."""
    before = damaged.contents(machine.parent)
    path = plugin(tmp_path, REDUCERS["changes its input"])
    window = opened(qtbot, empty_window, StoreSpec(str(machine)), (path,))
    with beating():
        tab = replayed(qtbot, window, MACHINE)
        assert not tab.timeline.errors
        assert tab.badges["fold"].text() == "Machine · slow"
        assert tab.badges["fold"].toolTip()
        tab.go_to(0)
        settle(qtbot, tab)
        assert shown_paths(tab) == {"/last"}
        tab.go_to(1)
        settle(qtbot, tab)
        assert shown_paths(tab) >= {"/last", "/n", "/seen"}
    works_on(qtbot, window, machine, before)


def shown_paths(tab: StreamTab) -> set[str]:
    """What the tree of the state shows, as paths."""
    return {node.row.path for node in tab.state.model.walk() if node.row is not None}


def test_a_reducer_that_returns_what_is_no_json(
    qtbot: QtBot, empty_window: Window, machine: Path, tmp_path: Path
) -> None:
    before = damaged.contents(machine.parent)
    path = plugin(tmp_path, REDUCERS["returns what is no JSON"])
    window = opened(qtbot, empty_window, StoreSpec(str(machine)), (path,))
    with beating():
        tab = replayed(qtbot, window, MACHINE)
        tab.go_to(1)
        settle(qtbot, tab)
        assert tab.timeline.folded == 3
        assert tab.timeline.errors
    works_on(qtbot, window, machine, before)


@pytest.mark.parametrize("name", ["loops", "loops in a regular expression"])
def test_a_reducer_that_loops_ends_with_cancel(
    qtbot: QtBot, empty_window: Window, told: list[Told], machine: Path, tmp_path: Path, name: str
) -> None:
    before = damaged.contents(machine.parent)
    window = opened(qtbot, empty_window, StoreSpec(str(machine)), (plugin(tmp_path, REDUCERS[name]),))
    with beating():
        tab = tab_on(qtbot, window, MACHINE)
        qtbot.waitUntil(tab.progress.isVisible, timeout=WAIT)
        click(tab.progress.cancel)
        qtbot.waitUntil(tab.banner.isVisible, timeout=WAIT)
        failure = told[-1].error
        assert isinstance(failure, Cancelled | EngineStopped)
        sentence = tab.banner.sentence.text()
        assert sentence == ("The replay was cancelled." if isinstance(failure, Cancelled) else str(failure))
    without_domain_code(qtbot, tab)
    works_on(qtbot, window, machine, before)


@pytest.mark.parametrize("name", ["kills its process", "exits"])
def test_a_reducer_that_ends_its_process(
    qtbot: QtBot, empty_window: Window, told: list[Told], machine: Path, tmp_path: Path, name: str
) -> None:
    before = damaged.contents(machine.parent)
    window = opened(qtbot, empty_window, StoreSpec(str(machine)), (plugin(tmp_path, REDUCERS[name]),))
    with beating():
        tab = tab_on(qtbot, window, MACHINE)
        said(qtbot, told, EngineStopped, tab, 2 * WAIT)
        assert tab.banner.retry.isVisible()
    without_domain_code(qtbot, tab)
    works_on(qtbot, window, machine, before)


def without_domain_code(qtbot: QtBot, tab: StreamTab) -> None:
    """The button in the banner shows the stream all the same."""
    with beating():
        click(tab.generic_button)
        qtbot.waitUntil(lambda: tab.replaying.result is not None, timeout=WAIT)
        settle(qtbot, tab)
        assert tab.timeline.count == 3
        assert tab.badges["fold"].text() == "generic fold"
        assert not tab.banner.isVisible()


BROKEN = {
    "does not parse": "def evolve(:",
    "raises": "raise RuntimeError('not today')",
    "brings nothing": "x = 1",
    "ends the program": "raise SystemExit(3)",
    "needs what is not there": "import no_such_module_anywhere",
}


def test_a_broken_plugin_is_a_line_that_says_why(
    qtbot: QtBot, empty_window: Window, machine: Path, tmp_path: Path
) -> None:
    before = damaged.contents(machine.parent)
    for how, code in BROKEN.items():
        path = tmp_path / how / "broken.py"
        path.parent.mkdir()
        path.write_text(code)
        window = opened(qtbot, empty_window, StoreSpec(str(machine)), (str(path),))
        with beating():
            assert window.workspace.plugin_problems, how
            assert window.banner.isVisible(), how
            assert "broken.py" in window.banner.sentence.text()
            assert window.banner.sentence.text().startswith(window.workspace.plugin_problems[0][:100])
            tab = replayed(qtbot, window, MACHINE)
            assert tab.badges["fold"].text() == "generic fold"
        works_on(qtbot, window, machine, before)


def test_a_plugin_that_never_ends_when_it_is_loaded(
    qtbot: QtBot, empty_window: Window, machine: Path, tmp_path: Path
) -> None:
    """The store can be looked at meanwhile, and closed."""
    before = damaged.contents(machine.parent)
    path = tmp_path / "endless.py"
    path.write_text("while True: pass")
    window = empty_window
    with beating(), qtbot.waitSignal(window.workspace.opened, timeout=WAIT):
        window.open(StoreSpec(str(machine)), (str(path),))
    with beating():
        qtbot.waitUntil(lambda: len(window.tabs.all_events.model.rows) == 6, timeout=WAIT)
        tab = tab_on(qtbot, window, MACHINE)
        qtbot.waitUntil(tab.progress.isVisible, timeout=WAIT)
        click(tab.progress.cancel)
        qtbot.waitUntil(tab.banner.isVisible, timeout=2 * WAIT)
        assert tab.banner.sentence.text()
    closed(qtbot, window)
    assert damaged.contents(machine.parent)[machine.name] == before[machine.name]


def test_a_plugin_that_kills_its_process_when_it_is_loaded(
    qtbot: QtBot, empty_window: Window, machine: Path, tmp_path: Path
) -> None:
    path = tmp_path / "deadly.py"
    path.write_text("import os; os._exit(3)")
    window = empty_window
    with beating(), qtbot.waitSignals([window.workspace.opened, window.workspace.engine_failed], timeout=WAIT):
        window.open(StoreSpec(str(machine)), (str(path),))
    with beating():
        assert window.banner.isVisible()
        assert window.banner.sentence.text()
        qtbot.waitUntil(lambda: len(window.tabs.all_events.model.rows) == 6, timeout=WAIT)
    closed(qtbot, window)
