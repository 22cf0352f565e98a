"""The command line on what is no store, and on stores with anything in them: a sentence, a code, nothing changed."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from explorer.cli import main
from tests import stores_damaged as damaged
from tests import stores_written as written

VERBS = [
    ["info"],
    ["streams"],
    ["events"],
    ["state", "--category", "Order", "--id", "1"],
    ["diff", "--category", "Order", "--id", "1", "0", "1"],
    ["trace", "some-id"],
    ["tail", "--seconds", "0.1"],
    ["append", "--category", "Order", "--id", "1", "--type", "T", "--data", "{}"],
    ["issue", "Order", "CancelOrder", "--id", "1", "--set", "reason=none"],
    ["simulate", "--rate", "1", "--seconds", "1"],
    ["snapshots", "list"],
    ["check"],
]


def text(path: Path) -> None:
    path.write_text("not a database " * 100)


def empty(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    pass


def something_else(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.commit()


def damaged_at_the_start(path: Path) -> None:
    written.eventsourcing(str(path))
    damaged.in_rollback_mode(path)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * 3000)


@pytest.mark.parametrize("verb", VERBS, ids=lambda words: words[0])
@pytest.mark.parametrize("make", [text, empty, folder, missing, something_else, damaged_at_the_start])
def test_what_cannot_be_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], None], verb: list[str]
) -> None:
    path = tmp_path / "some.sqlite"
    make(path)
    before = damaged.contents(tmp_path)
    words = [verb[0], verb[1], str(path), *verb[2:]] if verb[0] == "snapshots" else [verb[0], str(path), *verb[1:]]
    for form in ([], ["--json"]):
        assert main([*words, *form]) == 3
        out, err = capsys.readouterr()
        assert out == ""
        assert "some.sqlite" in err
        assert "Traceback" not in err
        assert len(err.splitlines()) <= 3
    assert damaged.contents(tmp_path) == before


BROKEN = {
    "malformed": b'{"n":1,}',
    "NaN": b'{"n":NaN}',
    "lone surrogate": b'{"s":"\\ud800"}',
    "duplicate keys": b'{"a":1,"a":2}',
    "10,000 deep": b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "invalid UTF-8": b'{"s":"\xff"}',
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_payload_is_a_problem_of_its_row_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / "shop.sqlite"
    written.eventsourcing(str(path), streams=1)
    ident = uuid.uuid4()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO stored_events VALUES (?, 1, 'm:Order.Created', ?)", (ident.hex, BROKEN[name]))
        connection.commit()
    assert main(["events", str(path), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [bool(row["problem"]) for row in rows] == [row["id"] == str(ident) for row in rows]
    assert main(["state", str(path), "--category", "Order", "--id", str(ident), "--json"]) in (0, 1)
    assert "Traceback" not in capsys.readouterr().err
    assert main(["check", str(path), "--json"]) == 1
    checks = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [check["name"] for check in checks if not check["ok"]] == ["payloads"]
