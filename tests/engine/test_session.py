"""What an engine answers: replays that go on, rows, texts, previews and snapshots, in turns."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from explorer.engine import messages, wire
from explorer.engine.lane import Lane
from explorer.engine.messages import (
    CUT,
    LINE,
    MESSAGE,
    Diff,
    DiffPage,
    Done,
    EventColumns,
    EventDraft,
    PayloadRows,
    Preview,
    PreviewAppend,
    PreviewCommand,
    Replay,
    Replayed,
    Rows,
    SnapshotIfDue,
    StateRows,
    StepColumns,
    TakeSnapshot,
    Text,
    TextPage,
    Verdict,
    VerifySnapshots,
)
from explorer.errors import Cancelled, EngineStopped, Invalid, ReadOnly
from explorer.model import StreamKey
from explorer.stores import StoreSpec, open_store
from tests import stores_written
from tests.engine.asking import Asking, change, events_table, fill, lane, plugin

MERGES = "return {**state, **event.data}"


def facts_of(asking: Asking) -> list[tuple[int, int, str]]:
    """(ordinal, version, type) of every event that was told."""
    return [
        (part.start + n, part.versions[n], part.names[part.types[n]])
        for part in asking.of(EventColumns)
        for n in range(len(part.versions))
    ]


def steps_of(asking: Asking) -> list[tuple[int, int]]:
    return [(part.start + n, count) for part in asking.of(StepColumns) for n, count in enumerate(part.changes)]


# -- replay ------------------------------------------------------------------------------------------------------------


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
            kinds = [type(part) for part in replay.parts]
            assert kinds == [EventColumns, StepColumns]
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


def test_a_replay_of_what_nobody_claims_merges_payloads(own_url: str) -> None:
    fill(own_url, [("A", {"x": 1}), ("B", {"y": [1]})], category="Unclaimed")
    with lane(own_url) as it:
        assert Asking(it, Replay("Unclaimed", "1")).answer(Replayed).aggregate is None
        page = Asking(it, StateRows("Unclaimed", "1", 1)).answer(Rows)
        assert [(row.key, row.text) for row in page.rows] == [("x", "1"), ("y", "1 element")]


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


def test_a_stream_that_does_not_exist(own_url: str) -> None:
    fill(own_url, [("A", {})])
    with lane(own_url) as it:
        assert Asking(it, Replay("Thing", "nobody")).answer(Replayed).count == 0
        assert isinstance(Asking(it, StateRows("Thing", "nobody", 0)).failure(), Invalid)
        assert isinstance(Asking(it, StateRows("Thing", "1", 7)).failure(), Invalid)
        assert isinstance(Asking(it, PayloadRows("Thing", "1", 9)).failure(), Invalid)


# -- in turns ----------------------------------------------------------------------------------------------------------


MANY = 60_000


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with one long stream and a short one."""
    url = str(tmp_path_factory.mktemp("long") / "own.sqlite")
    for start in range(0, MANY, 5000):
        fill(url, [(f"T{n % 5}", {"n": n, f"k{n % 30}": n}) for n in range(start, start + 5000)])
    fill(url, [("A", {"x": 1})], id="short")
    return url


def test_a_long_replay_lets_others_have_their_turn(long: str) -> None:
    with lane(long) as it:
        Asking(it, StateRows("Thing", "short", 0)).answer(Rows)
        replay = Asking(it, Replay("Thing", "1"))
        waits = []
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            started = time.monotonic()
            Asking(it, StateRows("Thing", "short", 0)).answer(Rows)
            waits.append(time.monotonic() - started)
            time.sleep(0.01)
        assert replay.answer(Replayed, 120).count == MANY
        waits.sort()
        assert waits[len(waits) // 2] < 0.05
        assert waits[-1] < 0.5  # the machine may be busy with something else
        assert [ordinal for ordinal, _, _ in facts_of(replay)] == list(range(MANY))
        assert [ordinal for ordinal, _ in steps_of(replay)] == list(range(MANY))
        columns, told = 0, 0
        for part in replay.parts:  # facts of a stretch always before its steps
            columns += len(part.versions) if isinstance(part, EventColumns) else 0
            told += len(part.changes) if isinstance(part, StepColumns) else 0
            assert told <= columns
            assert len(wire.reply(1, False, part)) <= MESSAGE
        started = time.monotonic()
        assert Asking(it, Replay("Thing", "1", known=MANY)).answer(Replayed).count == MANY
        assert time.monotonic() - started < 0.5
        for ordinal in (0, 1, MANY // 2, MANY - 1):
            rows = Asking(it, StateRows("Thing", "1", ordinal)).answer(Rows).rows
            assert next(row.text for row in rows if row.key == "n") == str(ordinal)


def test_a_long_replay_is_cancelled_without_losing_the_process(long: str) -> None:
    with lane(long) as it:
        pid = it.pid
        replay = Asking(it, Replay("Thing", "1"))
        while not replay.of(StepColumns):
            time.sleep(0.01)
        started = time.monotonic()
        replay.cancel()
        assert isinstance(replay.failure(), Cancelled)
        assert time.monotonic() - started < 0.5
        assert it.pid == pid
        again = Asking(it, Replay("Thing", "1"))
        assert again.answer(Replayed, 120).count == MANY
        assert [ordinal for ordinal, _, _ in facts_of(again)] == list(range(MANY))


def test_two_replays_of_one_stream_at_once(long: str) -> None:
    with lane(long) as it:
        one, other = Asking(it, Replay("Thing", "1")), Asking(it, Replay("Thing", "1"))
        state = Asking(it, StateRows("Thing", "1", MANY - 1))
        for replay in (one, other):
            assert replay.answer(Replayed, 120).count == MANY
            assert [ordinal for ordinal, _ in steps_of(replay)] == list(range(MANY))
        assert state.answer(Rows).total == 31


# -- states, differences, payloads, texts ------------------------------------------------------------------------------


def test_states_against_another_and_pages_of_differences(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("A", {f"k{n}": n for n in range(500)}), ("B", {f"k{n}": -n for n in range(0, 500, 2)})])
    with lane(own_url, plugin(tmp_path, MERGES)) as it:
        page = Asking(it, StateRows("Thing", "1", 1, against=0, start=100, limit=4)).answer(Rows)
        assert page.total == 500
        assert [(row.key, row.mark) for row in page.rows] == [
            ("k100", "~"), ("k101", ""), ("k102", "~"), ("k103", ""),
        ]  # fmt: skip
        first = Asking(it, Diff("Thing", "1", 0, 1)).answer(DiffPage)
        rest = Asking(it, Diff("Thing", "1", 0, 1, start=200)).answer(DiffPage)
        assert (first.total, len(first.rows), len(rest.rows)) == (249, 200, 49)
        assert first.rows[0] == messages.DiffRow("replace", "/k2", "", "", "2", "-2")
        everything = Asking(it, Diff("Thing", "1", -1, 1, limit=1)).answer(DiffPage)
        assert (everything.total, everything.rows[0].op, everything.rows[0].before) == (500, "add", "")


def test_payloads_stored_and_upcast(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("Old", {"amount": Decimal("1.10"), "text": "x" * 1000, "n": 10**30})])
    file = plugin(tmp_path, MERGES)
    file.write_text(
        file.read_text().replace(
            "evolve),))", "evolve),), upcast=lambda type, version, data: ('New', {'value': data['amount']}))"
        )
    )
    with lane(own_url, file) as it:
        rows = Asking(it, PayloadRows("Thing", "1", 1)).answer(Rows).rows
        assert [(row.key, row.kind) for row in rows] == [("amount", "number"), ("text", "string"), ("n", "number")]
        assert (rows[0].text, rows[2].text) == ("1.10", str(10**30))
        assert (len(rows[1].text), rows[1].size) == (CUT, 1000)
        upcast = Asking(it, PayloadRows("Thing", "1", 1, "upcast")).answer(Rows).rows
        assert [(row.key, row.text) for row in upcast] == [("value", "1.10")]
        nothing = Asking(it, PayloadRows("Thing", "1", 1, "metadata")).answer(Rows)
        assert nothing.total == 0
        text = Asking(it, Text("Thing", "1", 1, "upcast")).answer(TextPage)
        assert text.lines == ("{", '  "value": 1.10', "}")
        assert isinstance(Asking(it, PayloadRows("Thing", "1", 1, "nonsense")).failure(), Invalid)


def test_huge_payloads_come_in_pages(own_url: str) -> None:
    big = {"line": "y" * 1_000_000, "many": list(range(30_000))}
    fill(own_url, [("Big", big)])
    with lane(own_url) as it:
        for form in ("json", "raw", "hex", "exact"):
            start, lines = 0, list[str]()
            while True:
                page = Asking(it, Text("Thing", "1", 1, form=form, start=start)).answer(TextPage)
                assert page.lines
                assert all(len(line) <= LINE for line in page.lines)
                assert len(wire.reply(1, True, page)) <= MESSAGE
                lines += page.lines
                start += len(page.lines)
                if start >= page.total or start > 3000:
                    break
            if form == "exact":
                assert json.loads("".join(lines)) == big
        last = Asking(it, Text("Thing", "1", 1, start=10**9)).answer(TextPage)
        assert last.lines == ()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ("{broken", "line 1"),
        ("[NaN]", "NaN"),
        ("[" * 10_000 + "]" * 10_000, "deep"),
        ('"\\ud800"', "surrogate"),
    ],
)
def test_payloads_that_cannot_be_read_are_shown_as_they_are(tmp_path: Path, data: str, problem: str) -> None:
    own_url = str(tmp_path / "own.sqlite")
    fill(own_url, [("A", {"ok": 1}), ("B", {}), ("C", {"ok": 2})])
    change(own_url, "UPDATE {events} SET data = {0} WHERE version = 2", data)
    with lane(own_url) as it:
        replay = Asking(it, Replay("Thing", "1"))
        assert replay.answer(Replayed).count == 3
        errors = {n: text for part in replay.of(StepColumns) for n, text in part.errors.items()}
        assert list(errors) == [1]
        assert problem in errors[1]
        rows = Asking(it, PayloadRows("Thing", "1", 2)).answer(Rows)
        assert problem in rows.problem
        text = Asking(it, Text("Thing", "1", 2)).answer(TextPage)
        assert problem in text.problem
        assert text.lines[0][:2] == data[:2]
        assert Asking(it, StateRows("Thing", "1", 2)).answer(Rows).rows[0].text == "2"


# -- previews, appends, snapshots --------------------------------------------------------------------------------------


CREATE = {"customerId": '"c1"', "lines": '[{"sku": "A", "quantity": 2, "price": {"amount": 1.10}}]'}


def test_a_command_is_previewed_and_nothing_is_written(own_url: str) -> None:
    fill(own_url, [("Started", {})], category="Note")
    with lane(own_url) as it:
        preview = Asking(it, PreviewCommand("Order", "o1", "CreateOrder", CREATE, "testing")).answer(Preview)
        assert (preview.category, preview.id, preview.expected, preview.refused) == ("Order", "o1", 0, "")
        (draft,) = preview.events
        assert draft.type == "OrderCreated"
        assert '"amount":2.20' in draft.data
        assert json.loads(draft.metadata)["reason"] == "testing"
        assert draft.event_id
        assert preview.changes_total == len(preview.changes) > 0
        refused = Asking(it, PreviewCommand("Order", "o1", "CancelOrder", {"reason": '"x"'})).answer(Preview)
        assert refused.refused
        assert refused.events == ()
        for fields in ({}, {**CREATE, "more": "1"}, {**CREATE, "lines": "{"}, {**CREATE, "lines": "7"}):
            assert isinstance(Asking(it, PreviewCommand("Order", "o1", "CreateOrder", fields)).failure(), Invalid)
        assert isinstance(Asking(it, PreviewCommand("Order", "o1", "Nothing", {})).failure(), Invalid)
        assert isinstance(Asking(it, PreviewCommand("Nothing", "o1", "CreateOrder", {})).failure(), Invalid)
        assert Asking(it, Replay("Order", "o1")).answer(Replayed).count == 0


def test_events_written_by_hand_are_previewed(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("A", {"n": 1})])
    with lane(own_url, plugin(tmp_path, "if event.type == 'Bad': raise ValueError('no')\n" + MERGES)) as it:
        drafts = (EventDraft("B", '{"n": 2, "m": 1.50}'), EventDraft("C", '{"n": 3}', '{"note": "x"}', "my-id"))
        preview = Asking(it, PreviewAppend("Thing", "1", drafts, reason="why")).answer(Preview)
        assert preview.expected == 1
        assert [draft.type for draft in preview.events] == ["B", "C"]
        assert preview.events[1].event_id == "my-id"
        assert preview.events[0].event_id
        metadata = json.loads(preview.events[1].metadata)
        assert (metadata["note"], metadata["origin"], metadata["reason"]) == ("x", "event-store-explorer", "why")
        assert {(row.op, row.path, row.after) for row in preview.changes} == {
            ("replace", "/n", "3"), ("add", "/m", "1.50"),
        }  # fmt: skip
        wrong = Asking(it, PreviewAppend("Thing", "1", drafts, expected=0)).answer(Preview)
        assert wrong.expected == 0
        bad = Asking(it, PreviewAppend("Thing", "1", (EventDraft("Bad", "{}"),))).answer(Preview)
        assert "ValueError" in bad.error
        for draft in (EventDraft("B", "{"), EventDraft("", "{}"), EventDraft("B", "{}", "[]"), EventDraft("B", "NaN")):
            failure = Asking(it, PreviewAppend("Thing", "1", (drafts[0], draft))).failure()
            assert isinstance(failure, Invalid)
            assert "Event 2" in str(failure)


def test_a_preview_of_a_very_large_event_crosses_whole(own_url: str) -> None:
    fill(own_url, [("A", {"n": 1})])
    data = json.dumps({"text": "z" * 3_000_000})
    with lane(own_url) as it:
        preview = Asking(it, PreviewAppend("Thing", "1", (EventDraft("B", data),))).answer(Preview)
        assert json.loads(preview.events[0].data) == json.loads(data)
        assert len(preview.changes[0].after) <= CUT


ORDER: list[tuple[str, Any]] = [
    (
        "OrderCreated",
        {
            "customerId": "c1",
            "revision": 1,
            "orderTotal": {"amount": Decimal("1.10")},
            "lines": [{"sku": "A", "quantity": 1, "price": {"amount": Decimal("1.10")}}],
        },
    ),
    ("OrderApproved", {"customerId": "c1", "revision": 1}),
    ("OrderShipped", {"customerId": "c1", "tracking": "t"}),
]


def test_snapshots_are_taken_shown_and_compared(own_url: str) -> None:
    fill(own_url, ORDER, category="Order", id="o1")
    fill(own_url, ORDER[:1], category="Order", id="o2")
    with lane(own_url, writable=True) as it:
        for id, version in (("o1", 2), ("o1", None), ("o2", None)):
            assert Asking(it, TakeSnapshot("Order", id, version)).answer(Done).message
        text = Asking(it, Text("Order", "o1", 2, "snapshot")).answer(TextPage)
        assert any('"APPROVED"' in line for line in text.lines)
        every = Asking(it, VerifySnapshots())
        every.answer(Done)
        verdicts = every.of(Verdict)
        assert {(v.id, v.version, v.verdict) for v in verdicts} == {
            ("o1", 2, "identical"), ("o1", 3, "identical"), ("o2", 1, "identical"),
        }  # fmt: skip
        assert next(v for v in verdicts if v.version == 3).events_saved == 3
        one = Asking(it, VerifySnapshots("Order", "o1", 2))
        one.answer(Done)
        assert len(one.of(Verdict)) == 1
        assert isinstance(Asking(it, TakeSnapshot("Order", "o1", 9)).failure(), Invalid)
        assert isinstance(Asking(it, TakeSnapshot("Nobody", "o1")).failure(), Invalid)
        assert Asking(it, SnapshotIfDue("Order", "o1", 0, 3)).answer(Done).message == ""
        assert isinstance(Asking(it, Text("Order", "o1", 77, "snapshot")).failure(), Invalid)
    with lane(own_url) as it:
        assert isinstance(Asking(it, TakeSnapshot("Order", "o1")).failure(), ReadOnly)


def test_the_periodic_snapshot_after_a_commit(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("A", {"n": n}) for n in range(120)])
    with lane(own_url, plugin(tmp_path, MERGES), writable=True) as it:
        assert Asking(it, SnapshotIfDue("Thing", "1", 98, 99)).answer(Done).message == ""
        assert Asking(it, SnapshotIfDue("Thing", "1", 99, 101)).answer(Done).message
    store = open_store(StoreSpec(own_url))
    try:
        assert [snapshot.version for snapshot in store.snapshots(StreamKey("Thing", "1"))] == [101]
    finally:
        store.close()


# -- the store and the domains -----------------------------------------------------------------------------------------


def test_what_a_lane_says_of_the_domains(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("A", {})])
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    it = Lane("test")
    try:
        plugins = (str(plugin(tmp_path, MERGES)), str(broken))
        opened = Asking(it, messages.Open(own_url, plugins=plugins)).answer(messages.Opened)
        names = [(aggregate.domain, aggregate.name) for aggregate in opened.aggregates]
        assert ("things", "Thing") in names
        order = next(aggregate for aggregate in opened.aggregates if aggregate.name == "Order")
        assert "CreateOrder" in [command.name for command in order.commands]
        (problem,) = opened.problems
        assert "broken.py" in problem
        assert "ZeroDivisionError" in problem
    finally:
        it.close()


def test_a_store_that_cannot_be_opened_and_then_can(tmp_path: Path) -> None:
    url = str(tmp_path / "later.sqlite")
    it = Lane("test")
    try:
        failure = Asking(it, messages.Open(url)).failure()
        assert type(failure).__name__ in ("CannotOpen", "NotADatabase")
        assert failure.hint or str(failure)
        fill(url, [("A", {})])
        Asking(it, messages.Open(url)).answer(messages.Opened)
        assert Asking(it, Replay("Thing", "1")).answer(Replayed).count == 1
    finally:
        it.close()


def test_a_query_of_a_killed_engine_ends_on_the_server(postgres_url: str, tmp_path: Path) -> None:
    fill(postgres_url, [("A", {}), ("B", {})])
    with (
        psycopg.connect(postgres_url, autocommit=True) as watcher,
        psycopg.connect(postgres_url) as locker,
        lane(postgres_url) as it,
    ):
        locker.execute(f"LOCK TABLE {events_table(postgres_url)} IN ACCESS EXCLUSIVE MODE".encode())
        waiting = Asking(it, Replay("Thing", "1"))
        _until(lambda: _blocked(watcher) > 0)
        it.restart()
        assert isinstance(waiting.failure(), EngineStopped)
        _until(lambda: _blocked(watcher) == 0)
        locker.rollback()
        assert Asking(it, Replay("Thing", "1")).answer(Replayed).count == 2


def _blocked(connection: Any) -> int:
    found = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return int(found[0])


def _until(true: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_statement_that_waits_is_cancelled_without_killing(postgres_url: str) -> None:
    fill(postgres_url, [("A", {})])
    with psycopg.connect(postgres_url) as locker, lane(postgres_url) as it:
        locker.execute(f"LOCK TABLE {events_table(postgres_url)} IN ACCESS EXCLUSIVE MODE".encode())
        pid = it.pid
        waiting = Asking(it, Replay("Thing", "1"))
        time.sleep(0.5)
        waiting.cancel()
        assert isinstance(waiting.failure(), Cancelled)
        assert it.pid == pid
        locker.rollback()


def test_versions_in_facts_are_checked(own_url: str) -> None:
    fill(own_url, [("A", {"n": n}) for n in range(4)])
    change(own_url, "DELETE FROM {events} WHERE version = {0}", 3)
    with lane(own_url) as it:
        replay = Asking(it, Replay("Thing", "1"))
        assert replay.answer(Replayed).count == 3
        (columns,) = replay.of(EventColumns)
        assert columns.versions == [1, 2, 4]
        assert list(columns.problems) == [2]
