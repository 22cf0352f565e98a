"""The verbs what-if and compare."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from explorer import settings
from tests.cli.running import Run, own_shop

WHAT_IF = ["version", "type", "branch_version", "branch_type", "how", "diverges", "error"]
ALIGNED = ["version", "type", "other_version", "other_type"]
CODE = ["category", "id", "version", "type", "changes", "error", "other_error"]


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv(settings.HOME, str(tmp_path / "home"))
    own_shop(str(tmp_path / "shop.sqlite"))
    return [str(tmp_path / "shop.sqlite"), "--category", "Order", "--id", "o1"]


def test_skipping_an_event(run: Run, words: list[str]) -> None:
    before = Path(words[0]).read_bytes()
    done = run("what-if", *words, "--skip", "3", "--insert", 'end:OrderCancelled={"customerId": "c1", "reason": "x"}')
    assert done.code == 0
    rows = done.rows(WHAT_IF)
    assert [(row["version"], row["branch_version"], row["how"], row["diverges"]) for row in rows] == [
        (1, 1, None, False), (2, 2, None, False), (3, None, "skipped", True), (None, 3, "inserted", False),
    ]  # fmt: skip
    assert Path(words[0]).read_bytes() == before
    shown = run("what-if", *words, "--skip", "3", json=False)
    assert "the states differ from here on" in shown.out
    assert "/orderTotal/amount" in shown.out


def test_an_edited_event_that_the_reducer_refuses(run: Run, words: list[str]) -> None:
    done = run("what-if", *words, "--edit", "3={}", "--move", "1:end", "--truncate", "2")
    assert done.code == 1
    assert [row["how"] for row in done.rows(WHAT_IF)] == ["cut off", None, "cut off"]
    done = run("what-if", *words, "--edit", "3={}")
    assert "KeyError" in done.rows(WHAT_IF)[2]["error"]


def test_the_commands_that_would_make_good_again(run: Run, words: list[str]) -> None:
    before = Path(words[0]).read_bytes()
    done = run("what-if", *words, "--skip", "1", "--skip", "2", "--compensate")
    assert done.code == 0
    (row,) = done.rows(["version", "type", "command", "fields", "refused", "events"])
    assert (row["version"], row["command"], row["refused"]) == (1, "CancelOrder", None)
    assert [event["type"] for event in row["events"]] == ["OrderCancelled"]
    shown = run("what-if", *words, "--skip", "1", "--skip", "2", "--compensate", json=False)
    assert "Nothing was written" in shown.out
    assert "declares no command" in shown.out
    assert Path(words[0]).read_bytes() == before


def test_branches_are_kept_by_name(run: Run, words: list[str]) -> None:
    run("what-if", *words, "--skip", "3", "--name", "less")
    rows = run("what-if", *words, "--edit", "2:OrderRejected={}", "--name", "less").rows(WHAT_IF)
    assert [row["how"] for row in rows] == [None, "edited", "skipped"]
    assert [row["how"] for row in run("what-if", *words, "--name", "more").rows(WHAT_IF)] == [None] * 3


def test_the_exported_test_fails_until_the_reducer_is_fixed(run: Run, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    pytest_run = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:pytestqt", "-p", "no:xdist"]
    for expect, code in ((["--expect", '/status="REVISED"'], 1), ([], 0)):
        assert run("what-if", *words, "--export", str(file), *expect).code == 0
        root = str(Path(__file__).parent.parent.parent)
        done = subprocess.run(
            [*pytest_run, str(file)], cwd=tmp_path, env={"PYTHONPATH": root, "PATH": ""}, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout


@pytest.mark.parametrize(
    "wrong",
    [["--skip", "9"], ["--skip", "x"], ["--insert", "1={}"], ["--edit", "1"], ["--edit", "1={"], ["--move", "1:"],
     ["--export", "x.py", "--expect", "status"], ["--skip", "1", "--skip", "1"]],
)  # fmt: skip
def test_what_cannot_be_done(run: Run, words: list[str], wrong: list[str]) -> None:
    assert run("what-if", *words, *wrong).code == 2


def test_two_streams(run: Run, words: list[str]) -> None:
    rows = run("compare", *words, "--with", "o2").rows(ALIGNED)
    assert [(row["version"], row["other_version"]) for row in rows] == [(1, 1), (2, 2), (3, 3)]
    assert run("compare", *words).code == 2


def test_two_versions_of_the_code(run: Run, words: list[str], tmp_path: Path) -> None:
    other = tmp_path / "orders_tomorrow.py"
    other.write_text(
        "from dataclasses import replace\n"
        "from explorer.domains.customers_orders.order import ORDER\n"
        "from explorer.model import Domain\n"
        "def evolve(state, event):\n"
        "    after = ORDER.evolve(state, event)\n"
        "    return {**after, 'urgent': True} if event.id == 'o2' and event.version > 1 else after\n"
        "domain = Domain('tomorrow', (replace(ORDER, evolve=evolve),))\n"
    )
    done = run("compare", words[0], "--category", "Order", "--against", str(other))
    assert done.code == 1
    (row,) = done.rows(CODE)
    assert (row["id"], row["version"], row["type"], row["changes"]) == ("o2", 2, "OrderApproved", ["/urgent"])
    same = run("compare", words[0], "--category", "Order", "--against", str(other), "--plugin", str(other), json=False)
    assert (same.code, "0 of 2 streams end differently" in same.out) == (0, True)
