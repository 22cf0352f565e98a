"""States, differences, payloads and long texts, in pages."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from explorer.engine import messages, wire
from explorer.engine.messages import (
    CUT,
    LINE,
    MESSAGE,
    Diff,
    DiffPage,
    PayloadRows,
    Replay,
    Replayed,
    Rows,
    StateRows,
    StepColumns,
    Text,
    TextPage,
)
from explorer.errors import Invalid
from tests.engine.asking import MERGES, Asking, change, fill, lane, plugin, sqlite


@sqlite
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


@sqlite
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


@sqlite
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
