"""The verbs that write or decide."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from explorer.model import StreamKey
from explorer.stores import StoreSpec, open_store
from tests import stores_written
from tests.cli.running import (
    EVENTS,
    SNAPSHOTS,
    Run,
    Shop,
)


def test_append_and_conflict(run: Run, own: Shop) -> None:
    stream = ("--category", "Note", "--id", "n1")
    done = run("append", own.url, *stream, "--type", "Noted", "--data", '{"n": 1.10}', "--expected", "0")
    (row,) = done.rows(EVENTS)
    assert done.code == 0
    assert (row["version"], row["type"], row["data"]) == (1, "Noted", {"n": Decimal("1.10")})
    assert row["metadata"]["origin"] == "event-store-explorer"
    assert run("append", own.url, *stream, "--type", "Noted", "--data", "2", "--metadata", '{"a": 1}').code == 0
    again = run("append", own.url, *stream, "--type", "Noted", "--data", "3", "--expected", "1")
    assert (again.code, again.out) == (1, "")
    assert "version 2" in again.err
    rows = run("events", own.url, *stream).rows(EVENTS)
    assert [row["data"] for row in rows] == [{"n": Decimal("1.10")}, 2]
    assert rows[1]["metadata"]["a"] == 1


def test_append_twice_with_the_same_id_is_once(run: Run, own: Shop) -> None:
    words = ("append", own.url, "--category", "Note", "--id", "n1", "--type", "Noted", "--data", "{}")
    ident = ("--event-id", "11111111-1111-4111-8111-111111111111")
    first, second = run(*words, *ident), run(*words, *ident)
    assert (first.code, second.code) == (0, 0)
    assert first.rows(EVENTS) == second.rows(EVENTS)
    assert len(run("events", own.url, "--category", "Note").rows(EVENTS)) == 1


def test_append_reads_a_file_or_standard_input(
    run: Run, own: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "data.json"
    file.write_text('{"from": "file"}')
    words = ("append", own.url, "--category", "Note", "--id", "n1", "--type", "Noted", "--data")
    assert run(*words, f"@{file}").rows(EVENTS)[0]["data"] == {"from": "file"}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"from": "stdin"}')))
    assert run(*words, "-").rows(EVENTS)[0]["data"] == {"from": "stdin"}


def test_append_makes_a_store_when_told_to(run: Run, own_url: str) -> None:
    words = ("append", own_url, "--category", "Note", "--id", "n1", "--type", "Noted", "--data", "{}")
    assert run(*words).code == 3
    assert run(*words, "--create").code == 0
    assert len(run("events", own_url).rows(EVENTS)) == 1


def test_issue(run: Run, own: Shop) -> None:
    customer = ("issue", own.url, "Customer", "CreateCustomer", "--id", "c9", "--set", "name=Ann")
    dry = run(*customer, "--set", "creditLimit=100", "--dry-run")
    (row,) = dry.rows(EVENTS)
    assert (dry.code, row["version"], row["type"], row["position"]) == (0, 1, "CustomerCreated", None)
    assert run("events", own.url, "--category", "Customer").out == ""
    real = run(*customer, "--set", "creditLimit=100")
    (row,) = real.rows(EVENTS)
    assert (real.code, row["type"]) == (0, "CustomerCreated")
    assert row["position"] is not None
    assert row["metadata"]["correlation_id"]
    refused = run(*customer, "--set", "creditLimit=100")
    assert (refused.code, refused.out) == (1, "")
    assert len(refused.err.splitlines()) in (1, 2)


def test_issue_with_structured_fields(run: Run, own: Shop) -> None:
    lines = '[{"sku": "A", "quantity": 2, "price": {"amount": 1.10}}]'
    done = run(
        "issue", own.url, "Order", "CreateOrder", "--id", "o9", "--set", "customerId=c1", "--set", f"lines={lines}"
    )
    assert done.code == 0, done.err
    (row,) = done.rows(EVENTS)
    assert row["data"]["orderTotal"] == {"amount": Decimal("2.20")}


def test_a_command_that_emits_nothing(run: Run, own: Shop) -> None:
    words = ("issue", own.url, "Order", "ApproveOrder", "--id", "o1", "--set", "revision=1")
    done = run(*words)
    assert (done.code, done.out) == (0, "")
    assert run(*words, json=False).out != ""


@pytest.mark.parametrize(
    "words",
    [
        ("Nothing", "CreateOrder", "--id", "x"),
        ("Order", "Nothing", "--id", "x"),
        ("Order", "CancelOrder", "--id", "o1", "--set", "nothing=1"),
        ("Order", "CancelOrder", "--id", "o1", "--set", "reason"),
        ("Order", "ApproveOrder", "--id", "o1", "--set", "revision=many"),
        ("Order", "CreateOrder", "--id", "x"),
    ],
)
def test_commands_that_cannot_be_made(run: Run, own: Shop, words: tuple[str, ...]) -> None:
    done = run("issue", own.url, *words)
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_snapshots(run: Run, own: Shop) -> None:
    stream = ("--category", "Order", "--id", "o1")
    assert run("snapshots", "list", own.url).out == ""
    done = run("snapshots", "take", own.url, *stream, "--version", "2")
    (row,) = done.rows(SNAPSHOTS)
    assert (done.code, row["version"], row["category"], row["id"]) == (0, 2, "Order", "o1")
    run("snapshots", "take", own.url, *stream)
    listed = run("snapshots", "list", own.url, *stream).rows(SNAPSHOTS)
    assert [row["version"] for row in listed] == [3, 2]
    verified = run("snapshots", "verify", own.url)
    assert [row["verdict"] for row in verified.rows(SNAPSHOTS)] == ["identical", "identical"]
    assert verified.code == 0
    deleted = run("snapshots", "delete", own.url, *stream, "--version", "2")
    assert [row["version"] for row in deleted.rows(SNAPSHOTS)] == [2]
    assert [row["version"] for row in run("snapshots", "list", own.url).rows(SNAPSHOTS)] == [3]
    assert run("snapshots", "delete", own.url, *stream, "--version", "2").code == 2


def test_a_snapshot_that_lies_fails_verification(run: Run, own: Shop) -> None:
    stream = ("--category", "Order", "--id", "o1")
    run("snapshots", "take", own.url, *stream)
    store = open_store(StoreSpec(own.url, writable=True))
    try:
        snapshot = store.snapshot(StreamKey("Order", "o1"))
        assert snapshot is not None
        changed = snapshot.state.replace(b"5.50", b"9.99")
        assert changed != snapshot.state
        store.save_snapshot(type(snapshot)(**{**_fields(snapshot), "state": changed}))
    finally:
        store.close()
    done = run("snapshots", "verify", own.url, *stream)
    assert done.code == 1
    assert done.rows(SNAPSHOTS)[0]["verdict"] != "identical"


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def test_foreign_stores_are_not_written_to(run: Run, tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    facts = stores_written.eventsourcing(url)
    before = Path(url).read_bytes()
    done = run("append", url, "--category", "Order", "--id", facts[1].id, "--type", "T", "--data", "{}")
    assert (done.code, done.out) == (1, "")
    assert "read-only" in done.err
    issued = run("issue", url, "Customer", "CreateCustomer", "--id", "c", "--set", "name=A", "--set", "creditLimit=1")
    assert issued.code == 1
    assert [row["type"] for row in issued.rows(EVENTS)] == ["CustomerCreated"]
    assert run("snapshots", "take", url, "--category", "Order", "--id", facts[1].id).code == 1
    assert Path(url).read_bytes() == before


def test_brackets_in_a_type_mean_themselves_in_a_stream_and_in_the_store(run: Run, own: Shop) -> None:
    for kind in ("Noted[1]", "Noted1"):
        assert run("append", own.url, "--category", "N", "--id", "1", "--type", kind, "--data", "{}").code == 0
    for where in (("--category", "N", "--id", "1"), ()):
        found = run("events", own.url, *where, "--type", "Noted[?]").rows(EVENTS)
        assert [row["type"] for row in found] == ["Noted[1]"]


PLAN = ["every", "streams", "due", "snapshots", "events", "most", "size", "seconds"]


def test_how_often_snapshots_are_worth_it(run: Run, own: Shop) -> None:
    never, every = run("snapshots", "plan", own.url, "--every", "2").rows(PLAN)
    assert (never["every"], never["streams"], never["events"], never["most"]) == (0, 0, 6, 3)
    assert (every["every"], every["streams"], every["due"], every["events"], every["most"]) == (2, 2, 2, 2, 1)
    table = run("snapshots", "plan", own.url, json=False).out
    assert "2 streams, each loaded once" in table
    taken = run("snapshots", "plan", own.url, "--every", "2", "--take")
    keys = ["category", "id", "version", "problem"]
    assert [(row["id"], row["version"], row["problem"]) for row in taken.rows(keys)] == [
        ("o1", 3, None),
        ("o2", 3, None),
    ]
    assert run("snapshots", "plan", own.url, "--every", "2").rows(PLAN)[1]["due"] == 0
    assert "No stream has" in run("snapshots", "plan", own.url, "--every", "2", "--take", json=False).out
    assert run("snapshots", "plan", own.url, "--take").code == 2
    assert run("snapshots", "plan", own.url, "--category", "Nothing").code == 2


def test_where_a_snapshot_differs(run: Run, own: Shop) -> None:
    stream = ("--category", "Order", "--id", own.id)
    run("snapshots", "take", own.url, *stream)
    keys = [*SNAPSHOTS, "detail", "differences", "events_saved", "seconds_full", "seconds_snapshot"]
    (good,) = run("snapshots", "verify", own.url, "--differences").rows(keys)
    assert (good["verdict"], good["differences"], good["events_saved"]) == ("identical", [], 3)
    assert good["seconds_full"] > 0
    store = open_store(StoreSpec(own.url, writable=True))
    try:
        (snapshot,) = store.snapshots()
        assert b"PENDING" in snapshot.state
        store.save_snapshot(replace(snapshot, state=snapshot.state.replace(b"PENDING", b"SHIPPED")))
    finally:
        store.close()
    done = run("snapshots", "verify", own.url, "--differences")
    assert done.code == 1
    (bad,) = done.rows(keys)
    assert bad["verdict"] == "corrupt"
    assert "/status" in [one["path"] for one in bad["differences"]]
    shown = run("snapshots", "verify", own.url, "--differences", json=False).out
    assert "corrupt" in shown
    assert "/status" in shown
    assert "events fewer" in shown
