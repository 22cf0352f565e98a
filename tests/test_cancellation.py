"""Flags are set once, heard in time, and never afterwards."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType

import pytest

from explorer.cancellation import Cancellation
from explorer.errors import Cancelled


def test_a_flag_is_set_once_and_heard_once() -> None:
    cancellation, heard = Cancellation(), list[int]()
    cancellation.check()
    assert not cancellation.wait(0)
    with cancellation.heard_by(lambda: heard.append(1)):
        cancellation.cancel()
        cancellation.cancel()
    assert heard == [1]
    assert cancellation.cancelled
    with pytest.raises(Cancelled):
        cancellation.check()
    with cancellation.heard_by(lambda: heard.append(2)):
        assert heard == [1, 2]


def test_what_is_over_hears_nothing() -> None:
    cancellation, heard = Cancellation(), list[int]()
    with cancellation.heard_by(lambda: heard.append(1)):
        pass
    cancellation.cancel()
    assert heard == []


def test_a_block_that_is_over_is_not_called_any_more() -> None:
    """Not even by somebody who cancels in the moment in which it ends: what the callback uses is gone by then."""
    for delay in (0.0, 0.0005, 0.001, 0.002) * 10:
        cancellation, over, late = Cancellation(), threading.Event(), list[bool]()

        def heard(over: threading.Event = over, late: list[bool] = late) -> None:
            time.sleep(0.002)
            late.append(over.is_set())

        other = threading.Thread(target=cancellation.cancel)
        with cancellation.heard_by(heard):
            other.start()
            time.sleep(delay)
        over.set()
        other.join()
        assert not any(late)


def test_a_signal_handler_may_cancel_whatever_it_interrupts() -> None:
    cancellation = Cancellation()

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        cancellation.cancel()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        with cancellation.heard_by(lambda: signal.raise_signal(signal.SIGINT)):
            cancellation.cancel()
    finally:
        signal.signal(signal.SIGINT, before)
    assert cancellation.cancelled
