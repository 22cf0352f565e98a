"""The verbs that look, on every kind of store: exact keys, exit codes, exact values."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.cli.running import (
    CHECK,
    DIFF,
    EVENTS,
    INFO,
    STATE,
    STREAMS,
    TAIL,
    Run,
    Shop,
)


def test_info(run: Run, shop: Shop) -> None:
    done = run("info", shop.url)
    (row,) = done.rows(INFO)
    assert done.code == 0
    assert row["layout"] == shop.layout
    assert row["dialect"] == ("postgresql" if shop.url.startswith("postgres") else "sqlite")
    assert row["writable"] is False
    assert row["ordered"] is True
    assert isinstance(row["head"], int)


def test_streams(run: Run, shop: Shop) -> None:
    rows = run("streams", shop.url).rows(STREAMS)
    mine = next(row for row in rows if row["id"] == shop.id and row["category"] == shop.category)
    assert mine["version"] == mine["events"] == shop.versions
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", mine["first_at"])
    assert mine["first_at"] <= mine["last_at"]
    assert run("streams", shop.url, "--limit", "1").rows(STREAMS) == rows[:1]
    only = run("streams", shop.url, "--category", shop.category).rows(STREAMS)
    assert only == [row for row in rows if row["category"] == shop.category]
    found = run("streams", shop.url, "--find", shop.id[:8].upper()).rows(STREAMS)
    assert mine in found


def test_events(run: Run, shop: Shop) -> None:
    rows = run("events", shop.url).rows(EVENTS)
    assert len(rows) == shop.events
    positions = [row["position"] for row in rows]
    assert positions == sorted(positions)
    assert all(row["problem"] is None and isinstance(row["data"], dict) for row in rows)
    mine = [row for row in rows if row["id"] == shop.id and row["category"] == shop.category]
    assert [row["version"] for row in mine] == list(range(1, shop.versions + 1))
    assert run("events", shop.url, "--category", shop.category, "--id", shop.id).rows(EVENTS) == mine
    after = str(positions[1])
    assert run("events", shop.url, "--after", after, "--limit", "2").rows(EVENTS) == rows[2:4]
    last = mine[-1]
    some = run("events", shop.url, "--type", f"{last['type'][:-2]}*").rows(EVENTS)
    assert last in some
    assert all(row["type"].startswith(last["type"][:-2]) for row in some)
    of_stream = run(
        "events", shop.url, "--category", shop.category, "--id", shop.id, "--after", str(mine[0]["position"])
    )
    assert of_stream.rows(EVENTS) == mine[1:]


def test_state(run: Run, shop: Shop) -> None:
    done = run("state", shop.url, "--category", shop.category, "--id", shop.id)
    (row,) = done.rows(STATE)
    assert done.code == 0
    assert (row["version"], row["error"]) == (shop.versions, None)
    assert isinstance(row["state"], dict)
    (first,) = run("state", shop.url, "--category", shop.category, "--id", shop.id, "--version", "1").rows(STATE)
    assert first["version"] == 1


def test_diff(run: Run, shop: Shop) -> None:
    done = run("diff", shop.url, "--category", shop.category, "--id", shop.id, "1", str(shop.versions))
    assert done.code == 0
    assert done.rows(DIFF)
    same = run("diff", shop.url, "--category", shop.category, "--id", shop.id, "1", "1")
    assert (same.code, same.out) == (0, "")


def test_tail_from_a_position(run: Run, shop: Shop) -> None:
    events = run("events", shop.url).rows(EVENTS)
    done = run("tail", shop.url, "--after", str(events[0]["position"]), "--limit", "3")
    rows = done.rows(TAIL)
    assert done.code == 0
    assert [row["late"] for row in rows] == [False] * 3
    assert [{key: row[key] for key in EVENTS} for row in rows] == events[1:4]


def test_tail_ends_in_time(run: Run, shop: Shop) -> None:
    started = time.monotonic()
    done = run("tail", shop.url, "--seconds", "0.3")
    assert (done.code, done.out) == (0, "")
    assert time.monotonic() - started > 0.2


def test_check(run: Run, shop: Shop) -> None:
    done = run("check", shop.url)
    rows = done.rows(CHECK)
    assert len(rows) > 5
    assert [row for row in rows if not row["ok"]] == []
    assert done.code == 0


@pytest.mark.parametrize("verb", ["info", "streams", "events", "check"])
def test_tables_for_people(run: Run, shop: Shop, verb: str) -> None:
    done = run(verb, shop.url, json=False)
    assert done.code == 0
    assert "\033" not in done.out
    lines = done.out.splitlines()
    assert len(lines) > 2
    assert not any(line.startswith("{") for line in lines)


def test_numbers_are_exact(run: Run, own: Shop) -> None:
    done = run("state", own.url, "--category", "Order", "--id", "o1")
    assert '"amount":5.50' in done.out
    (row,) = done.rows(STATE)
    assert row["aggregate"] == "Order"


def test_a_diff_knows_keyed_elements(run: Run, own: Shop) -> None:
    rows = run("diff", own.url, "--category", "Order", "--id", "o1", "2", "3").rows(DIFF)
    added = next(row for row in rows if row["op"] == "add" and row["key"] == "sku=B")
    assert added["path"] == "/lines/0"
    assert added["before"] is None
    assert added["from"] is None
    quantity = next(row for row in rows if row["path"].endswith("/quantity"))
    assert (quantity["before"], quantity["after"], quantity["key"]) == (3, 4, "sku=A")


def test_a_named_tail_goes_on_where_it_ended(shop: Shop, run: Run) -> None:
    every = run("events", shop.url, "--limit", "0").rows(EVENTS)
    positions = [row["position"] for row in every]
    named = ("tail", shop.url, "--name", "reader", "--after", "0")
    begun = run(*named, "--limit", "2")
    assert [row["position"] for row in begun.rows(TAIL)] == positions[:2]
    left = run(*named, "--limit", str(len(positions) - 2))
    assert [row["position"] for row in left.rows(TAIL)] == positions[2:]
    assert run(*named, "--seconds", "0.3").rows(TAIL) == []
    kind = every[0]["type"]
    wanted = [row["position"] for row in every if row["type"] == kind]
    other = ("tail", shop.url, "--name", "types", "--after", "0", "--type", kind)
    assert [row["position"] for row in run(*other, "--limit", str(len(wanted))).rows(TAIL)] == wanted
    assert run(*other, "--seconds", "0.3").rows(TAIL) == []
    listed = [json.loads(line) for line in run("services", "list", shop.url).out.splitlines()]
    kept = shop.layout != "own"  # those of our own store lie there only if it may be written
    assert [row["subscription"] for row in listed] == (["reader", "types"] if kept else [])
