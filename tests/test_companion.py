"""Companions end when they are told to, when they do not listen, and when the program that started them has gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from explorer.cancellation import Cancellation
from explorer.companion import Companion, Told
from explorer.errors import Invalid
from explorer.stores import local_server
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[1]

PARENT = """
import os, sys, threading, time
from explorer.companion import Companion
from tests.test_companion import obedient

if __name__ == "__main__":
    started = []
    # From a thread that ends at once, as the window does it.
    thread = threading.Thread(target=lambda: started.append(Companion("obedient", obedient, 7)))
    thread.start()
    thread.join()
    print(started[0].pid, started[0].hear(60), flush=True)
    time.sleep(600)
"""


def obedient(told: Cancellation, say: Any, number: int) -> None:
    say({"number": number})
    told.wait(10 * PATIENCE)


def deaf(told: Cancellation, say: Any) -> None:
    say({"ready": True})
    time.sleep(10 * PATIENCE)


def echoing(told: Told, say: Any) -> None:
    say({"ready": True})
    time.sleep(0.1)  # what is told meanwhile is not lost
    told.hear(say)
    told.wait(10 * PATIENCE)


def failing(told: Cancellation, say: Any) -> None:
    raise Invalid("It cannot be done.", "Do something else.")


def gone(pid: int) -> bool:
    """Whether this process has ended, or does within a while."""
    until = time.monotonic() + PATIENCE
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_it_says_something_and_ends_when_told() -> None:
    companion = Companion("obedient", obedient, 7)
    assert companion.hear(PATIENCE) == {"number": 7}
    assert companion.hear(0.01) is None
    assert companion.alive
    companion.end(PATIENCE)
    assert companion.exit_code == 0, "by itself"
    assert gone(companion.pid)


def test_it_hears_what_it_is_told_in_order_and_from_the_first_thing_on() -> None:
    companion = Companion("echoing", echoing)
    assert companion.hear(PATIENCE) == {"ready": True}
    messages: list[dict[str, Any]] = [{"number": number, "text": "ü\n" * number} for number in range(50)]
    for message in messages[:25]:
        companion.tell(message)
    time.sleep(0.2)
    for message in messages[25:]:
        companion.tell(message)
    assert [companion.hear(PATIENCE) for _ in messages] == messages
    companion.dismiss()
    assert list(companion.all_said()) == []
    companion.end(PATIENCE)
    assert companion.exit_code == 0
    companion.tell({"number": 0})  # nobody is there: nothing happens


def test_what_it_says_ends_with_it() -> None:
    companion = Companion("echoing", echoing)
    heard = []
    for said in companion.all_said():
        heard.append(said)
        os.kill(companion.pid, signal.SIGKILL)
    assert heard == [{"ready": True}]
    companion.end()
    assert companion.exit_code == -signal.SIGKILL


def test_a_deaf_one_is_killed() -> None:
    companion = Companion("deaf", deaf)
    assert companion.hear(PATIENCE) == {"ready": True}
    companion.end(0.1)
    assert not companion.alive


def test_what_is_expected_to_fail_is_said() -> None:
    companion = Companion("failing", failing)
    assert companion.hear(PATIENCE) == {"failed": "It cannot be done.", "hint": "Do something else."}
    companion.end()


def test_it_ends_with_a_killed_program() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline().split()[0])
    assert psutil.pid_exists(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(pid)


def test_a_postgresql_server_for_the_demo(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    try:
        for _ in range(2):
            companion = Companion("postgres", local_server.run, str(folder))
            said = companion.hear(PATIENCE)
            assert said is not None
            assert said["url"].startswith("postgresql://")
            children = psutil.Process(companion.pid).children(recursive=True)
            assert children
            companion.end()
            assert all(gone(child.pid) for child in children)
    finally:
        local_server.remove(folder)
