"""What the README shows works as shown."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from explorer.cli import main
from explorer.expressions import Expression
from explorer.story.reading import parse
from explorer.translation import FUNCTIONS, METHODS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def block(language: str, number: int = 0) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert len(found) > number, language
    text: str = found[number]
    return text


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert main([*arguments, "--json"]) == 0, capsys.readouterr().err
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_plug_in_folds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin = tmp_path / "bank.py"
    plugin.write_text(block("python"))
    store = str(tmp_path / "bank.sqlite")
    account = ["--category", "Account", "--id", "1"]
    run(capsys, "append", store, *account, "--type", "AccountOpened", "--data", '{"owner": "Zoë"}', "--create")
    run(capsys, "append", store, *account, "--type", "Deposited", "--data", '{"amount": 1.10}')
    (line,) = run(capsys, "state", store, *account, "--plugin", str(plugin))
    assert line["aggregate"] == "Account"
    assert line["state"] == {"owner": "Zoë", "balance": 1.1}


def test_the_expressions_are_understood() -> None:
    for line in block("python", 1).splitlines():
        assert Expression(line).needs
    section = README.partition("## Watches and invariants")[2].partition("\n## ")[0]
    words = set(re.findall(r"\w+", section))
    assert set(FUNCTIONS) | set(METHODS) <= words
    (invariant,) = re.findall(r'"never overdrawn": "([^"]+)"', section)
    assert Expression(invariant).value({"balance": -1}) is False


def test_the_description_reads_another_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    description = tmp_path / "billing.toml"
    description.write_text(block("toml"))
    store = tmp_path / "billing.sqlite"
    connection = sqlite3.connect(store)
    connection.execute(
        "CREATE TABLE billing_history (id INTEGER PRIMARY KEY, customer_id TEXT NOT NULL, seq INTEGER NOT NULL, "
        "kind TEXT NOT NULL, body TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (customer_id, seq))"
    )
    for number in (1, 2):
        values = ("c1", number, "Billed", '{"amount": 1.10}', "2026-01-01T00:00:00Z")
        connection.execute(
            "INSERT INTO billing_history (customer_id, seq, kind, body, at) VALUES (?, ?, ?, ?, ?)", values
        )
    connection.commit()
    connection.close()
    events = run(capsys, "events", str(store), "--layout", str(description))
    assert [(event["category"], event["id"], event["version"], event["type"]) for event in events] == [
        ("Customer", "c1", 1, "Billed"),
        ("Customer", "c1", 2, "Billed"),
    ]
    assert all(line["ok"] for line in run(capsys, "check", str(store), "--layout", str(description)))


def test_the_story_has_no_mistakes() -> None:
    assert parse(block("toml", 1), "bank.toml").title == "How our bank books"


def test_pictures_are_there() -> None:
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")
