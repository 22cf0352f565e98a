"""Lanes: asking, cancelling, and outliving whatever domain code does to its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from explorer.engine import lane as engine_lane
from explorer.engine.lane import Lane
from explorer.engine.messages import EventColumns, Replay, Replayed, Rows, StateRows, StepColumns
from explorer.errors import Cancelled, EngineStopped, Invalid
from tests.engine.asking import Asking, fill, lane, plugin
from tests.patience import PATIENCE, until

HANGS = {
    "python loop": "while True: pass",
    "regular expression": "re.match('(a+)+$', 'a' * 60 + 'b')",
    "one call in C": "sum(range(10 ** 14))",
    "sleep": "time.sleep(3600)",
    "loop that swallows": """
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
    """,
    "deaf to signals": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass",
}


def hanging(folder: Path, body: str) -> Path:
    """A reducer that says in a file that it has begun with what never ends."""
    body = f"open({str(folder / 'begun')!r}, 'w').close()\n{textwrap.dedent(body).strip()}"
    inside = textwrap.indent(body, "    ")
    return plugin(folder, f"if event.type == 'Hang':\n{inside}\nreturn {{**state, **event.data}}")


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = str(tmp_path / "own.sqlite")
    fill(url, [("Good", {"n": 1}), ("Good", {"n": 2})], id="good")
    fill(url, [("Good", {"n": 1}), ("Hang", {"n": 2})], id="bad")
    return url


@pytest.mark.parametrize("body", HANGS.values(), ids=HANGS.keys())
def test_what_never_ends_is_ended_and_the_lane_works_again(url: str, tmp_path: Path, body: str) -> None:
    with lane(url, hanging(tmp_path, body)) as it:
        stuck = Asking(it, Replay("Thing", "bad"))
        until((tmp_path / "begun").exists)
        until(lambda: stuck.parts)
        assert [part.start for part in stuck.of(EventColumns)] == [0]  # the facts are there all the same
        stuck.cancel()
        failure = stuck.failure()
        assert isinstance(failure, EngineStopped)
        assert failure.hint
        assert Asking(it, Replay("Thing", "good")).answer(Replayed).count == 2


def test_what_others_asked_meanwhile_is_asked_again_or_fails(url: str, tmp_path: Path) -> None:
    with lane(url, hanging(tmp_path, "while True: pass")) as it:
        stuck = Asking(it, Replay("Thing", "bad"))
        until((tmp_path / "begun").exists)
        same_stream = Asking(it, StateRows("Thing", "bad", 0))
        other_stream = Asking(it, StateRows("Thing", "good", 1))
        not_again = Asking(it, Replay("Thing", "good"))
        stuck.cancel()
        assert isinstance(stuck.failure(), EngineStopped)
        assert isinstance(same_stream.failure(), EngineStopped)
        assert isinstance(not_again.failure(), EngineStopped)
        assert [row.text for row in other_stream.answer(Rows).rows] == ["2"]


def test_a_cancelled_ask_that_waits_its_turn_fails_while_the_other_goes_on(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_lane, "GRACE", PATIENCE)
    with lane(url, hanging(tmp_path, "while True: pass")) as it:
        stuck = Asking(it, Replay("Thing", "bad"))
        until((tmp_path / "begun").exists)
        waiting = Asking(it, StateRows("Thing", "good", 1))
        pid = it.pid
        waiting.cancel()
        assert isinstance(waiting.failure(), Cancelled)
        assert it.pid == pid
        assert not stuck.ended


DEATHS = {
    "exit": ("os._exit(3)", "exit code 3"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    "crash": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "abort": ("os.abort()", "SIGABRT"),
}


@pytest.mark.parametrize(("body", "why"), DEATHS.values(), ids=DEATHS.keys())
def test_a_process_that_dies_is_replaced_and_says_why(url: str, tmp_path: Path, body: str, why: str) -> None:
    with lane(url, hanging(tmp_path, body)) as it:
        failure = Asking(it, Replay("Thing", "bad")).failure()
        assert isinstance(failure, EngineStopped)
        assert why in str(failure)
        assert Asking(it, Replay("Thing", "good")).answer(Replayed).count == 2


def test_reducers_that_eat_memory(url: str, tmp_path: Path) -> None:
    body = "eaten = []\nwhile True: eaten.append(bytearray(10_000_000))"
    with lane(url, hanging(tmp_path, body), memory=700 * 1024**2) as it:
        replay = Asking(it, Replay("Thing", "bad"))
        assert replay.answer(Replayed).count == 2
        assert "MemoryError" in replay.of(StepColumns)[0].errors[1]
        assert Asking(it, Replay("Thing", "good")).answer(Replayed).count == 2


def test_memory_that_stays_eaten(url: str, tmp_path: Path) -> None:
    file = plugin(
        tmp_path,
        "if event.type == 'Hang':\n    while True: eaten.append(bytearray(100_000))\nreturn {**state, **event.data}",
        top="eaten = []",
    )
    with lane(url, file, memory=500 * 1024**2) as it:
        Asking(it, Replay("Thing", "bad")).end()  # a failed step, or an engine that ended
        again = Asking(it, Replay("Thing", "good")).end()
        if not isinstance(again, Replayed):
            assert Asking(it, Replay("Thing", "good")).answer(Replayed).count == 2


def test_what_domain_code_prints_harms_nobody(url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = plugin(tmp_path, "print('printed'); os.write(1, b'written'); return {**state, **event.data}")
    with lane(url, file) as it:
        assert Asking(it, Replay("Thing", "good")).answer(Replayed).count == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "written" in err


def test_domain_code_that_leaves_with_sys_exit(url: str, tmp_path: Path) -> None:
    with lane(url, hanging(tmp_path, "sys.exit(1)")) as it:
        replay = Asking(it, Replay("Thing", "bad"))
        assert replay.answer(Replayed).count == 2
        assert 1 in replay.of(StepColumns)[0].errors


def test_children_of_domain_code_do_not_keep_a_lane_from_noticing(url: str, tmp_path: Path) -> None:
    body = "if os.fork() == 0:\n    time.sleep(3600)\nos._exit(4)"
    with lane(url, hanging(tmp_path, body)) as it:
        pid = it.pid
        assert pid is not None
        failure = Asking(it, Replay("Thing", "bad")).failure()
        assert "exit code 4" in str(failure)
        assert Asking(it, Replay("Thing", "good")).answer(Replayed).count == 2
        assert not _in_group(pid)


def _in_group(group: int) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def test_an_engine_is_deaf_to_control_c(url: str) -> None:
    with lane(url) as it:
        assert it.pid is not None
        os.kill(it.pid, signal.SIGINT)
        assert Asking(it, Replay("Thing", "good")).answer(Replayed).count == 2


def test_restart_opens_the_same_store_in_another_process(url: str) -> None:
    with lane(url) as it:
        before = it.pid
        it.restart()
        assert Asking(it, Replay("Thing", "good")).answer(Replayed).count == 2
        assert it.pid != before


def test_asking_without_a_store() -> None:
    it = Lane("empty")
    try:
        assert isinstance(Asking(it, Replay("Thing", "good")).failure(), Invalid)
    finally:
        it.close()


@pytest.mark.parametrize("body", HANGS.values(), ids=HANGS.keys())
def test_closing_never_waits(url: str, tmp_path: Path, body: str) -> None:
    with lane(url, hanging(tmp_path, body)) as it:
        stuck = Asking(it, Replay("Thing", "bad"))
        until((tmp_path / "begun").exists)
        pid = it.pid
        assert pid is not None
        it.close()
        assert isinstance(stuck.failure(), EngineStopped)
        until(lambda: not psutil.pid_exists(pid))
        assert isinstance(Asking(it, Replay("Thing", "good")).failure(), EngineStopped)


PARENT = """
import sys, time
from explorer.engine.lane import Lane
from explorer.engine.messages import Open, Replay
print("main script", flush=True)
lane = Lane("orphan")
def opened(answer):
    lane.ask(Replay("Thing", "bad"), lambda part: print(lane.pid, flush=True), print, print)
lane.ask(Open(sys.argv[1], plugins=(sys.argv[2],)), None, opened, print)
time.sleep(600)
"""


@pytest.mark.parametrize("body", [HANGS["python loop"], HANGS["regular expression"]], ids=["loop", "C code"])
def test_no_engine_outlives_a_killed_program(url: str, tmp_path: Path, body: str) -> None:
    # No `if __name__ …` in this script: a child must not run it again.
    script = tmp_path / "script.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(script), url, str(hanging(tmp_path, body))],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "main script\n"
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
        parent.wait()
        until(lambda: not psutil.pid_exists(pid))
        assert parent.stdout.read() == ""
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()


def test_a_child_loads_neither_qt_nor_the_main_script(url: str, tmp_path: Path) -> None:
    reducer = plugin(
        tmp_path,
        """
        loaded = [name for name in sys.modules if 'PySide' in name or 'shiboken' in name or 'pytest' in name]
        return {'modules': loaded}
        """,
    )
    with lane(url, reducer) as it:
        Asking(it, Replay("Thing", "good")).answer(Replayed)
        assert Asking(it, StateRows("Thing", "good", 1, "/modules")).answer(Rows).total == 0


def test_a_machine_without_room_for_another_process(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.engine import process

    def full(started: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(process, "start", full)
        it = Lane("full")
        failure = Asking(it, Replay("Thing", "good")).failure()
        assert isinstance(failure, EngineStopped)
        assert "Resource temporarily unavailable" in failure.hint
    try:
        assert isinstance(Asking(it, Replay("Thing", "good")).failure(), Invalid)  # it starts, with nothing open
    finally:
        it.close()
