"""The heart beside which other tests go wrong: it notices what it is there for."""

from __future__ import annotations

import threading
import time

import pytest
from pytestqt.qtbot import QtBot

from tests.ui import heart
from tests.ui.heart import beating


def test_a_gui_thread_that_waits_is_noticed(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "STALL", 1.0)

    def wait() -> None:
        with beating():
            qtbot.wait(50)
            time.sleep(heart.STALL + 0.5)
            qtbot.wait(50)

    with pytest.raises(AssertionError, match="longest pause"):
        wait()


def test_a_gui_thread_that_computes_is_noticed(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "BUSY", 0.3)

    def compute() -> None:
        with beating():
            qtbot.wait(50)
            until = time.thread_time() + heart.BUSY + 0.1
            while time.thread_time() < until:
                pass
            qtbot.wait(50)

    with pytest.raises(AssertionError, match="computing"):
        compute()


def test_threads_that_wait_disturb_nobody(qtbot: QtBot) -> None:
    thread = threading.Thread(target=time.sleep, args=(0.5,))
    with beating() as beats:
        thread.start()
        qtbot.wait(600)
    thread.join()
    assert beats.beats > 3
