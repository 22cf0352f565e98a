"""The open store as panels see it: answers on the GUI thread, stale ones dropped, writes never, closing within 2 s."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QObject, QThread
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from explorer.engine.messages import Replay, Replayed
from explorer.errors import Cancelled, CannotOpen, ExplorerError, NotADatabase, OutcomeUnknown, ReadOnly
from explorer.model import Event, EventQuery, StreamKey
from explorer.stores import Store, StoreSpec
from explorer.ui.asking import outcomes
from explorer.ui.workspace import Workspace
from tests.ui.conftest import PATIENCE, close, opened
from tests.ui.sample import EVENTS, append, new


def wait_until(qtbot: QtBot, condition: Any) -> None:
    qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE)


def test_opens_reads_and_closes(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    opened(qtbot, workspace, shop)
    assert workspace.info is not None
    assert workspace.info.title == "shop.sqlite"
    assert not workspace.writable
    answers: list[Any] = []

    def then(answer: Any) -> None:
        answers.append((answer, QThread.currentThread() is workspace.thread()))

    workspace.browse(lambda store: store.count(), then)
    wait_until(qtbot, lambda: answers)
    assert answers == [(EVENTS, True)]
    close(qtbot, workspace)
    assert workspace.info is None


def test_the_engine_says_what_it_knows(qtbot: QtBot, shop_workspace: Workspace) -> None:
    if not shop_workspace.aggregates:
        with qtbot.waitSignal(shop_workspace.engine_ready, timeout=PATIENCE):
            pass
    assert {"Customer", "Order"} <= {one.name for one in shop_workspace.aggregates}
    parts: list[Any] = []
    answers: list[Any] = []
    shop_workspace.engine(Replay("Order", "o-001"), answers.append, part=parts.append)
    wait_until(qtbot, lambda: answers)
    assert isinstance(answers[0], Replayed)
    assert answers[0].count == 2
    assert parts


def test_what_cannot_be_opened_fails_with_a_hint(qtbot: QtBot, workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database at all, but long enough to be looked at" * 40)
    with qtbot.waitSignal(workspace.open_failed, timeout=PATIENCE) as heard:
        workspace.open(StoreSpec(str(path)))
    assert isinstance(heard.args[0], NotADatabase)
    assert heard.args[0].hint
    assert not workspace.is_open


def test_after_a_failure_another_store_opens(qtbot: QtBot, workspace: Workspace, shop: str, tmp_path: Path) -> None:
    with qtbot.waitSignal(workspace.open_failed, timeout=PATIENCE) as heard:
        workspace.open(StoreSpec(str(tmp_path / "missing.sqlite")))
    assert isinstance(heard.args[0], CannotOpen)
    opened(qtbot, workspace, shop)
    assert workspace.is_open


def test_a_newer_ask_makes_the_older_stale(qtbot: QtBot, shop_workspace: Workspace) -> None:
    begun, answers = threading.Event(), list[int]()
    stopped: list[bool] = []

    def slow(_store: Store) -> int:
        begun.set()
        stopped.append(first.cancellation.wait(60))
        return 1

    first = shop_workspace.browse(slow, answers.append, topic="same")
    assert begun.wait(60)
    shop_workspace.browse(lambda _store: 2, answers.append, topic="same")
    shop_workspace.browse(lambda _store: 3, answers.append, topic="other")
    wait_until(qtbot, lambda: 3 in answers)
    assert answers == [2, 3]
    assert stopped == [True]


def test_cancel_stops_a_job_and_says_so(qtbot: QtBot, shop_workspace: Workspace) -> None:
    failures: list[ExplorerError] = []

    def endless(store: Store) -> None:
        while True:
            store.events(EventQuery(find="nothing at all has this"))

    ask = shop_workspace.browse(endless, lambda _none: None, failures.append)
    qtbot.wait(200)
    ask.cancel()
    wait_until(qtbot, lambda: failures)
    assert isinstance(failures[0], Cancelled)


def test_answers_for_what_has_gone_are_dropped(qtbot: QtBot, shop_workspace: Workspace) -> None:
    owner, answers = QObject(), list[int]()
    shop_workspace.browse(lambda _store: 1, answers.append, owner=owner)
    shiboken6.delete(owner)
    shop_workspace.browse(lambda _store: 2, answers.append)
    wait_until(qtbot, lambda: answers)
    assert answers == [2]


def test_a_failure_that_nobody_handles_is_told(qtbot: QtBot, shop_workspace: Workspace) -> None:
    def fail(_store: Store) -> None:
        raise CannotOpen("It is so.", "Do that.")

    with qtbot.waitSignal(shop_workspace.failure, timeout=PATIENCE) as heard:
        shop_workspace.browse(fail, lambda _none: None)
    assert str(heard.args[0]) == "It is so."


def test_a_bug_in_a_job_is_raised_on_the_gui_thread_and_the_thread_lives_on(
    qtbot: QtBot, shop_workspace: Workspace
) -> None:
    with capture_exceptions() as caught:
        shop_workspace.browse(lambda _store: 1 / 0, lambda _none: None)
        wait_until(qtbot, lambda: caught)
    assert caught[0][0] is ZeroDivisionError
    answers: list[int] = []
    shop_workspace.browse(lambda store: store.count(), answers.append)
    wait_until(qtbot, lambda: answers)


def test_long_asks_are_shown_and_can_be_cancelled(qtbot: QtBot, shop_workspace: Workspace) -> None:
    def slow(_store: Store) -> None:
        if ask.cancellation.wait(60):
            raise Cancelled("Cancelled.")

    with qtbot.waitSignal(shop_workspace.busy_changed, timeout=PATIENCE, check_params_cb=bool) as heard:
        ask = shop_workspace.browse(slow, lambda _none: None, lambda _error: None, text="Counting sheep")
    assert [one.text for one in heard.args[0]] == ["Counting sheep"]
    with qtbot.waitSignal(shop_workspace.busy_changed, timeout=PATIENCE, check_params_cb=lambda asks: not asks):
        heard.args[0][0].cancel()


# -- writing ---------------------------------------------------------------------------------------------------------


def test_a_read_only_window_writes_nothing(qtbot: QtBot, shop_workspace: Workspace) -> None:
    failures: list[ExplorerError] = []
    shop_workspace.write(lambda store: store.append(StreamKey("A", "1"), 0, [new("X", {})]), print, failures.append)
    wait_until(qtbot, lambda: failures)
    assert isinstance(failures[0], ReadOnly)


def test_writes_are_not_dropped_by_newer_ones(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    opened(qtbot, workspace, shop, writable=True)
    answers: list[Any] = []

    def note(number: int, store: Store) -> list[Event]:
        return store.append(StreamKey("Note", "1"), number, [new("Noted", {"n": number})])

    for number in range(5):
        workspace.write(partial(note, number), answers.append)
    wait_until(qtbot, lambda: len(answers) == 5)
    assert [events[0].version for events in answers] == [1, 2, 3, 4, 5]


def test_waiting_writes_are_listed(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    opened(qtbot, workspace, shop, writable=True)
    go, begun = threading.Event(), threading.Event()

    def first(_store: Store) -> None:
        begun.set()
        go.wait(60)

    workspace.write(first, lambda _none: None, text="first")
    workspace.write(lambda _store: None, lambda _none: None, text="second")
    assert begun.wait(60)
    assert workspace.pending_writes() == ["second"]
    go.set()
    wait_until(qtbot, lambda: not workspace.pending_writes())


def test_a_write_that_outlives_the_window_is_looked_up_at_the_next_start(
    qtbot: QtBot, workspace: Workspace, shop: str
) -> None:
    opened(qtbot, workspace, shop, writable=True)
    assert workspace.info is not None
    identity, event = workspace.info.identity, new("Noted", {})
    go, begun = threading.Event(), threading.Event()

    def slow(store: Store) -> Any:
        begun.set()
        answer = store.append(StreamKey("Note", "1"), 0, [event])
        go.wait(60)  # the answer is lost on its way
        return answer

    workspace.write(slow, print, text="Append Noted", event_ids=(event.event_id,))
    assert begun.wait(60)
    close(qtbot, workspace)  # which does not wait for it
    assert [one.event_ids for one in outcomes.pending(identity)] == [(event.event_id,)]
    with qtbot.waitSignal(workspace.notice, timeout=PATIENCE) as heard:
        opened(qtbot, workspace, shop)
    go.set()
    assert "was written" in heard.args[1]
    assert outcomes.pending(identity) == []


def test_a_known_outcome_is_forgotten_an_unknown_one_is_not(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    opened(qtbot, workspace, shop, writable=True)
    assert workspace.info is not None
    identity, failures = workspace.info.identity, list[ExplorerError]()

    def lose(_store: Store) -> None:
        raise OutcomeUnknown("The answer was lost.", ("e1",))

    def refuse(_store: Store) -> None:
        raise CannotOpen("No.")

    workspace.write(refuse, print, failures.append, event_ids=("e0",))
    workspace.write(lose, print, failures.append, event_ids=("e1",))
    wait_until(qtbot, lambda: len(failures) == 2)
    assert [one.event_ids for one in outcomes.pending(identity)] == [("e1",)]


# -- closing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("busy", ["browse", "background", "nothing"])
def test_closes_whatever_runs(qtbot: QtBot, shop_workspace: Workspace, busy: str) -> None:
    begun = threading.Event()

    def endless(store: Store) -> None:
        begun.set()
        while True:
            store.events(EventQuery(find="nothing at all has this"))

    if busy != "nothing":
        getattr(shop_workspace, busy)(endless, lambda _none: None)
        assert begun.wait(60)
    close(qtbot, shop_workspace)


def test_asking_after_closing_fails_softly(qtbot: QtBot, workspace: Workspace) -> None:
    failures: list[ExplorerError] = []
    workspace.browse(lambda _store: 1, print, failures.append)
    workspace.engine(Replay("A", "1"), print, failures.append)
    wait_until(qtbot, lambda: len(failures) == 2)
    assert all(isinstance(one, Cancelled) for one in failures)


def test_answers_of_a_store_that_was_closed_do_not_come(qtbot: QtBot, shop_workspace: Workspace) -> None:
    answers: list[int] = []
    go = threading.Event()

    def slow(_store: Store) -> int:
        go.wait(60)
        return 1

    shop_workspace.browse(slow, answers.append)
    done: list[bool] = []
    shop_workspace.close(lambda: done.append(True))
    go.set()
    wait_until(qtbot, lambda: done)
    assert answers == []


# -- live ------------------------------------------------------------------------------------------------------------


class Ear:
    """Hears what arrives."""

    def __init__(self, workspace: Workspace) -> None:
        self.rows: list[Any] = []
        workspace.arrived.connect(self.rows.extend)

    @property
    def types(self) -> list[str]:
        return [row.type for row in self.rows]


def test_what_others_write_arrives(qtbot: QtBot, shop_workspace: Workspace, shop: str) -> None:
    ear = Ear(shop_workspace)
    append(shop, "Note", "1", 0, new("First", {"text": "x" * 10_000}), new("Second", {}))
    wait_until(qtbot, lambda: len(ear.rows) == 2)
    assert ear.types == ["First", "Second"]
    row = ear.rows[0]
    assert (row.category, row.id, row.version) == ("Note", "1", 1)
    assert len(row.data_preview) <= 4096 < row.size
    assert not row.late
    assert shop_workspace.live.state == "live"


def test_pausing_loses_nothing(qtbot: QtBot, shop_workspace: Workspace, shop: str) -> None:
    ear = Ear(shop_workspace)
    append(shop, "Note", "1", 0, new("Before", {}))
    wait_until(qtbot, lambda: ear.rows)
    shop_workspace.pause(True)
    wait_until(qtbot, lambda: shop_workspace.live.state == "paused")
    for version in range(1, 8):
        append(shop, "Note", "1", version, new(f"Meanwhile{version}", {}))
    wait_until(qtbot, lambda: shop_workspace.live.waiting == 7)
    assert ear.types == ["Before"]
    shop_workspace.pause(False)
    wait_until(qtbot, lambda: len(ear.rows) == 8)
    append(shop, "Note", "1", 8, new("After", {}))
    wait_until(qtbot, lambda: len(ear.rows) == 9)
    assert ear.types == ["Before", *(f"Meanwhile{version}" for version in range(1, 8)), "After"]


def test_many_arrive_in_batches_without_loss(qtbot: QtBot, shop_workspace: Workspace, shop: str) -> None:
    ear = Ear(shop_workspace)
    append(shop, "Note", "1", 0, *(new("Noted", {"n": number}) for number in range(1500)))
    wait_until(qtbot, lambda: len(ear.rows) >= 1500)
    assert [row.version for row in ear.rows] == list(range(1, 1501))


def test_a_static_view_says_so(qtbot: QtBot, workspace: Workspace, shop: str) -> None:
    wal = Path(shop)
    opened(qtbot, workspace, str(wal))
    wait_until(qtbot, lambda: workspace.live.state in ("live", "static"))
    assert workspace.info is not None
    assert (workspace.live.state == "static") == workspace.info.static


def test_a_store_that_is_deleted_is_noticed(qtbot: QtBot, shop_workspace: Workspace, shop: str) -> None:
    wait_until(qtbot, lambda: shop_workspace.live.state in ("live", "static"))
    for file in Path(shop).parent.glob("shop.sqlite*"):
        file.unlink()
    wait_until(qtbot, lambda: shop_workspace.live.state in ("off", "reconnecting"))
    assert shop_workspace.live.detail


def test_counting_is_background_work(qtbot: QtBot, shop_workspace: Workspace) -> None:
    with qtbot.waitSignal(shop_workspace.counted, timeout=PATIENCE) as heard:
        shop_workspace.count()
    assert heard.args == [EVENTS]
