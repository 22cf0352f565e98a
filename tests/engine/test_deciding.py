"""Previews of commands and appends; snapshots."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from explorer.engine.messages import (
    CUT,
    Done,
    EventDraft,
    Preview,
    PreviewAppend,
    PreviewCommand,
    Replay,
    Replayed,
    SnapshotIfDue,
    TakeSnapshot,
    Text,
    TextPage,
    Verdict,
    VerifySnapshots,
)
from explorer.errors import Invalid, ReadOnly
from explorer.model import StreamKey
from explorer.stores import StoreSpec, open_store
from tests.engine.asking import MERGES, Asking, fill, lane, plugin, sqlite

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


@sqlite
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


@sqlite
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
