"""What the command line says when something is wrong, and its help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from explorer.cli import arguments
from tests.cli.running import (
    DIFF,
    EVENTS,
    STATE,
    STREAMS,
    Run,
    own_shop,
)


def test_what_is_no_store(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("no database" * 100)
    (tmp_path / "empty").write_bytes(b"")
    for url in (
        str(tmp_path / "missing.sqlite"),
        str(tmp_path / "text.txt"),
        str(tmp_path / "empty"),
        str(tmp_path),
        "mysql://somewhere/db",
        "postgresql://user:secret@127.0.0.1:1/db",
    ):
        done = run("info", url)
        assert (done.code, done.out) == (3, ""), url
        assert done.err.startswith(f"{arguments.PROGRAM}: ")
        assert "secret" not in done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("evnts",),
        ("info",),
        ("streams", "URL", "--limit", "-1"),
        ("streams", "URL", "--limit", "many"),
        ("events", "URL", "--id", "x"),
        ("state", "URL", "--category", "Order"),
        ("state", "URL", "--category", "Order", "--id", "nobody"),
        ("state", "URL", "--category", "Order", "--id", "o1", "--version", "99"),
        ("diff", "URL", "--category", "Order", "--id", "o1", "1", "99"),
        ("append", "URL", "--category", "C", "--id", "1", "--type", "T", "--data", "{"),
        ("append", "URL", "--category", "C", "--id", "1", "--type", "T", "--data", "NaN"),
        ("append", "URL", "--category", "C", "--id", "1", "--type", "T", "--data", "{}", "--metadata", "[]"),
        ("append", "URL", "--category", "C", "--id", "1", "--type", "T", "--data", "@/nonexistent/file"),
        ("info", "URL", "--plugin", "/nonexistent/plugin.py", "--nothing"),
        ("snapshots", "URL"),
        ("tail", "URL", "--seconds", "soon"),
        ("simulate", "URL"),
        ("simulate", "URL", "--rate", "1"),
        ("simulate", "URL", "--seconds", "1"),
        ("simulate", "URL", "--rate", "0", "--seconds", "1"),
        ("simulate", "URL", "--rate=-1", "--seconds", "1"),
        ("simulate", "URL", "--rate", "nan", "--seconds", "1"),
        ("simulate", "URL", "--rate", "inf", "--seconds", "1"),
        ("simulate", "URL", "--rate", "many", "--seconds", "1"),
        ("simulate", "URL", "--rate", "1", "--seconds", "0"),
        ("simulate", "URL", "--rate", "1", "--seconds", "nan"),
        ("simulate", "URL", "--rate", "1", "--seconds=-1"),
        ("simulate", "URL", "--rate", "1", "--seconds", "1", "--seed", "x"),
    ],
    ids=" ".join,
)
def test_wrong_usage(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    url = own_shop(str(tmp_path / "own.sqlite")).url
    done = run(*(url if word == "URL" else word for word in words))
    assert (done.code, done.out) == (2, ""), done
    assert done.err
    assert "Traceback" not in done.err


def test_a_mistyped_verb_is_guessed(run: Run) -> None:
    assert "events" in run("evnts").err


def test_plugins_that_cannot_be_loaded(run: Run, tmp_path: Path) -> None:
    url = own_shop(str(tmp_path / "own.sqlite")).url
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_the_kind\n")
    for file in (broken, tmp_path / "missing.py"):
        done = run("state", url, "--category", "Order", "--id", "o1", "--plugin", str(file))
        assert (done.code, done.out) == (2, "")
        assert file.name in done.err


PLUGIN = """
from explorer.model import Aggregate, Domain

def evolve(state, event):
    print("noise")
    if event.version == 2:
        raise ValueError("cannot fold this")
    if event.data.get("mutate"):
        state["mutated"] = True
        return state
    return {**state, "seen": event.version}

domain = Domain("notes", aggregates=(Aggregate("Note", dict, evolve),))
"""


def test_a_plugin_whose_reducer_fails_and_prints(run: Run, tmp_path: Path) -> None:
    url = str(tmp_path / "own.sqlite")
    own_shop(url)
    words = ("append", url, "--category", "Note", "--id", "n1", "--type", "Noted")
    for data in ("{}", "{}", '{"mutate": true}', "{}"):
        assert run(*words, "--data", data).code == 0
    file = tmp_path / "notes.py"
    file.write_text(PLUGIN)
    stream = ("--category", "Note", "--id", "n1", "--plugin", str(file))
    good = run("state", url, *stream, "--version", "1")
    assert good.code == 0
    assert good.rows(STATE)[0]["state"] == {"seen": 1}
    assert "noise" in good.err
    done = run("state", url, *stream)
    (row,) = done.rows(STATE)
    assert done.code == 1
    assert "cannot fold this" in row["error"]
    assert row["state"] == {"seen": 4, "mutated": True}
    assert run("diff", url, *stream, "1", "3").rows(DIFF)[0]["path"] == "/mutated"


def test_events_that_are_not_json(run: Run, tmp_path: Path) -> None:
    import sqlite3

    url = own_shop(str(tmp_path / "own.sqlite")).url
    with sqlite3.connect(url) as connection:
        table = next(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%events'"))
        connection.execute(f"UPDATE {table} SET data = '{{\"broken' || char(27) || '[31m' WHERE version = 2")
    connection.close()
    rows = run("events", url, "--category", "Order", "--id", "o1").rows(EVENTS)
    assert rows[1]["problem"]
    assert rows[1]["data"] == '{"broken\x1b[31m'
    table_form = run("events", url, json=False)
    assert "\x1b" not in table_form.out
    done = run("state", url, "--category", "Order", "--id", "o1", "--version", "2")
    assert done.code == 1


def test_text_from_the_store_cannot_drive_the_terminal(run: Run, tmp_path: Path) -> None:
    url = str(tmp_path / "own.sqlite")
    own_shop(url)
    evil = "\x1b]0;title\x07\x1b[2J\u202eevil\nline"
    assert run("append", url, "--category", evil, "--id", evil, "--type", evil, "--data", "{}").code == 0
    for verb in ("events", "streams"):
        done = run(verb, url, json=False)
        assert not set(done.out) & set("\x1b\x07\u202e")
        assert len(done.out.splitlines()) == {"events": 8, "streams": 4}[verb]
    (row,) = [row for row in run("streams", url).rows(STREAMS) if row["id"] == evil]
    assert row["category"] == evil


@pytest.mark.parametrize("verb", arguments.VERBS)
def test_every_verb_is_documented(run: Run, verb: str) -> None:
    overview = run("--help", json=False)
    assert overview.code == 0
    assert re.search(rf"^ +{verb}\b", overview.out, re.MULTILINE)
    own_help = run(verb, "--help", json=False)
    assert own_help.code == 0
    assert verb in own_help.out
    readme = Path(__file__).parents[2].joinpath("README.md").read_text()
    assert re.search(rf"`{verb}[ `]", readme), f"{verb} is not in README.md"
