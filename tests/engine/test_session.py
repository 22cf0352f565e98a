"""Replays: they go on where they were, and everybody has a turn."""

from __future__ import annotations

import time
from itertools import groupby
from pathlib import Path

import pytest

from explorer.engine import lane as engine_lane
from explorer.engine import wire
from explorer.engine.messages import (
    MESSAGE,
    EventColumns,
    FoldedBy,
    PayloadRows,
    PreviewCommand,
    Replay,
    Replayed,
    Rows,
    StateRows,
    StepColumns,
    WhoFolds,
)
from explorer.errors import Cancelled, Invalid
from tests import stores_written
from tests.engine.asking import MERGES, Asking, change, facts_of, fill, lane, plugin, sqlite, steps_of
from tests.patience import PATIENCE, until


def test_a_replay_tells_facts_before_steps_and_goes_on_where_it_was(own_url: str, tmp_path: Path) -> None:
    first = fill(own_url, [("A", {"n": 0}), ("B", {"n": 1, "m": 1}), ("A", {"n": 1})])
    reads = plugin(tmp_path, "open(os.environ['COUNT'], 'a').write('.')\nreturn {**state, **event.data}")
    count = tmp_path / "count"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNT", str(count))
        with lane(own_url, reads) as it:
            replay = Asking(it, Replay("Thing", "1"))
            done = replay.answer(Replayed)
            assert (done.count, done.aggregate, done.slow, done.incomplete) == (3, "Thing", "", "")
            # On a busy machine the steps come in several parts.
            assert [kind for kind, _ in groupby(map(type, replay.parts))] == [EventColumns, StepColumns]
            assert facts_of(replay) == [(0, 1, "A"), (1, 2, "B"), (2, 3, "A")]
            assert steps_of(replay) == [(0, 1), (1, 2), (2, 0)]
            (columns,) = replay.of(EventColumns)
            assert columns.event_ids == [event.event_id for event in first]
            assert columns.positions == [str(event.position) for event in first]
            assert columns.sizes == [event.size for event in first]
            assert all(stamp and abs(stamp / 1e6 - time.time()) < 600 for stamp in columns.times)

            fill(own_url, [("C", {"n": 5})])
            more = Asking(it, Replay("Thing", "1", known=3))
            assert more.answer(Replayed).count == 4
            assert facts_of(more) == [(3, 4, "C")]
            assert steps_of(more) == [(3, 1)]
            again = Asking(it, Replay("Thing", "1", known=4))
            assert again.answer(Replayed).count == 4
            assert again.parts == []
    assert count.read_text() == "...."  # every event was folded once


def test_who_folds_a_stream_is_known_without_reading_it_whole(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("A", {"n": 0})])
    fill(own_url, [("A", {"n": 0})], category="Unclaimed")
    with lane(own_url, plugin(tmp_path, "return state")) as it:
        assert Asking(it, WhoFolds("Thing", "1")).answer(FoldedBy).aggregate == "Thing"
        assert Asking(it, WhoFolds("Unclaimed", "1")).answer(FoldedBy).aggregate is None


@sqlite
def test_a_replay_of_what_nobody_claims_merges_payloads(own_url: str) -> None:
    fill(own_url, [("A", {"x": 1}), ("B", {"y": [1]})], category="Unclaimed")
    with lane(own_url) as it:
        assert Asking(it, Replay("Unclaimed", "1")).answer(Replayed).aggregate is None
        page = Asking(it, StateRows("Unclaimed", "1", 1)).answer(Rows)
        assert [(row.key, row.text) for row in page.rows] == [("x", "1"), ("y", "1 element")]


@sqlite
def test_the_generic_fold_beside_the_aggregate(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("A", {"x": 1})])
    with lane(own_url, plugin(tmp_path, "return {'seen': event.type}")) as it:
        assert [row.key for row in Asking(it, StateRows("Thing", "1", 0)).answer(Rows).rows] == ["seen"]
        generic = Asking(it, StateRows("Thing", "1", 0, generic=True)).answer(Rows)
        assert [row.key for row in generic.rows] == ["x"]
        assert Asking(it, Replay("Thing", "1", generic=True)).answer(Replayed).aggregate is None


def test_streams_of_others_with_a_known_category_get_the_generic_fold(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    facts = stores_written.eventsourcing(url)
    order = next(fact for fact in facts if fact.category == "Order")
    with lane(url) as it:
        replay = Asking(it, Replay("Order", order.id))
        assert replay.answer(Replayed).aggregate is None
        assert sum(count for _, count in steps_of(replay)) > 0
        failure = Asking(it, PreviewCommand("Order", order.id, "CancelOrder", {"reason": '"x"'})).failure()
        assert isinstance(failure, Invalid)


@sqlite
def test_reducers_that_fail_or_change_their_input(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("Add", {"n": n}) for n in range(6)])
    raising = plugin(tmp_path, "if event.version == 3: raise KeyError('lines')\nreturn {**state, **event.data}")
    with lane(own_url, raising) as it:
        replay = Asking(it, Replay("Thing", "1"))
        assert replay.answer(Replayed).count == 6
        (errors,) = [part.errors for part in replay.of(StepColumns)]
        assert list(errors) == [2]
        assert "KeyError" in errors[2]
        assert Asking(it, StateRows("Thing", "1", 5)).answer(Rows).rows[0].text == "5"
    mutating = plugin(tmp_path, "state.setdefault('all', []).append(event.data['n'])\nreturn state", name="mutating")
    with lane(own_url, mutating) as it:
        replay = Asking(it, Replay("Thing", "1"))
        assert replay.answer(Replayed).slow
        assert Asking(it, StateRows("Thing", "1", 1, "/all")).answer(Rows).total == 2
        assert Asking(it, StateRows("Thing", "1", 5, "/all")).answer(Rows).total == 6


@sqlite
def test_a_stream_that_does_not_exist(own_url: str) -> None:
    fill(own_url, [("A", {})])
    with lane(own_url) as it:
        assert Asking(it, Replay("Thing", "nobody")).answer(Replayed).count == 0
        assert isinstance(Asking(it, StateRows("Thing", "nobody", 0)).failure(), Invalid)
        assert isinstance(Asking(it, StateRows("Thing", "1", 7)).failure(), Invalid)
        assert isinstance(Asking(it, PayloadRows("Thing", "1", 9)).failure(), Invalid)


def test_versions_in_facts_are_checked(own_url: str) -> None:
    fill(own_url, [("A", {"n": n}) for n in range(4)])
    change(own_url, "DELETE FROM {events} WHERE version = {0}", 3)
    with lane(own_url) as it:
        replay = Asking(it, Replay("Thing", "1"))
        assert replay.answer(Replayed).count == 3
        (columns,) = replay.of(EventColumns)
        assert columns.versions == [1, 2, 4]
        assert list(columns.problems) == [2]


MANY = 12_000


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with one long stream and a short one."""
    url = str(tmp_path_factory.mktemp("long") / "own.sqlite")
    for start in range(0, MANY, 4000):
        fill(url, [(f"T{n % 5}", {"n": n, f"k{n % 30}": n}) for n in range(start, start + 4000)])
    fill(url, [("A", {"x": 1})], id="short")
    return url


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """As long as this file is there, the plug-in beside it takes its time over each event."""
    file = tmp_path / "slow"
    file.touch()
    return file


def _slow_plugin(slow: Path) -> Path:
    return plugin(slow.parent, f"if os.path.exists({str(slow)!r}): time.sleep(0.01)\n{MERGES}")


def test_a_long_replay_lets_others_have_their_turn(long: str, slow: Path) -> None:
    with lane(long, _slow_plugin(slow)) as it:
        Asking(it, StateRows("Thing", "short", 0)).answer(Rows)
        replay = Asking(it, Replay("Thing", "1"))
        until(lambda: replay.of(StepColumns))
        for _ in range(20):
            Asking(it, StateRows("Thing", "short", 0)).answer(Rows)
        assert not replay.ended, "it has two minutes to go"
        slow.unlink()
        assert replay.answer(Replayed).count == MANY
        assert [ordinal for ordinal, _, _ in facts_of(replay)] == list(range(MANY))
        assert [ordinal for ordinal, _ in steps_of(replay)] == list(range(MANY))
        columns, told = 0, 0
        for part in replay.parts:  # facts of a stretch always before its steps
            columns += len(part.versions) if isinstance(part, EventColumns) else 0
            told += len(part.changes) if isinstance(part, StepColumns) else 0
            assert told <= columns
            assert len(wire.reply(1, False, part)) <= MESSAGE
        again = Asking(it, Replay("Thing", "1", known=MANY))
        assert again.answer(Replayed).count == MANY
        assert again.parts == []
        for ordinal in (0, 1, MANY // 2, MANY - 1):
            rows = Asking(it, StateRows("Thing", "1", ordinal)).answer(Rows).rows
            assert next(row.text for row in rows if row.key == "n") == str(ordinal)


def test_a_long_replay_is_cancelled_without_losing_the_process(
    long: str, slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_lane, "GRACE", PATIENCE)
    with lane(long, _slow_plugin(slow)) as it:
        pid = it.pid
        replay = Asking(it, Replay("Thing", "1"))
        until(lambda: replay.of(StepColumns))
        replay.cancel()
        assert isinstance(replay.failure(), Cancelled)
        assert it.pid == pid
        slow.unlink()
        again = Asking(it, Replay("Thing", "1"))
        assert again.answer(Replayed).count == MANY
        assert [ordinal for ordinal, _, _ in facts_of(again)] == list(range(MANY))


def test_two_replays_of_one_stream_at_once(long: str) -> None:
    with lane(long) as it:
        one, other = Asking(it, Replay("Thing", "1")), Asking(it, Replay("Thing", "1"))
        state = Asking(it, StateRows("Thing", "1", MANY - 1))
        for replay in (one, other):
            assert replay.answer(Replayed).count == MANY
            assert [ordinal for ordinal, _ in steps_of(replay)] == list(range(MANY))
        assert state.answer(Rows).total == 31


def test_what_was_folded_is_forgotten_when_memory_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.cancellation import Cancellation
    from explorer.engine import messages, session

    url = str(tmp_path / "own.sqlite")
    for id in ("a", "b", "c"):
        fill(url, [("A", {"text": id * 100_000})], id=id)
    monkeypatch.setattr(session, "KEPT", 2_000_000)
    here = session.Session()  # it answers in any process

    def run(ask: messages.AnyAsk) -> messages.AnyReply:
        turn = here.answer(ask, Cancellation())
        while True:
            try:
                next(turn)
            except StopIteration as end:
                answer: messages.AnyReply = end.value
                return answer

    try:
        run(messages.Open(url))
        for id in ("a", "b", "c", "a", "b", "c"):
            assert isinstance(run(Replay("Thing", id)), Replayed)
            page = run(StateRows("Thing", id, 0))
            assert isinstance(page, Rows)
            assert page.rows[0].size == 100_000
            assert len(here._foldings) <= 2
    finally:
        here.close()
