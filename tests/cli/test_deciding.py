"""The verb decisions."""

from __future__ import annotations

import pytest

from tests.cli.running import Run, Shop

KEYS = ["command", "from", "to", "verdict", "why", "type", "last"]


def test_since_when_it_cannot_be_done(run: Run, own: Shop) -> None:
    words = ("decisions", own.url, "--category", "Order", "--id", "o1")
    rows = run(*words, "--command", "ShipOrder").rows(KEYS)
    assert [(row["from"], row["to"], row["verdict"], row["type"]) for row in rows] == [
        (0, 0, "refused", None),
        (1, 1, "refused", "OrderCreated"),
        (2, 2, "accepted", "OrderApproved"),
        (3, 3, "refused", "OrderRevised"),
    ]
    assert [row["last"] for row in rows] == [False, False, False, True]
    shown = run(*words, json=False).out
    assert "refused: An order that is PENDING cannot be shipped." in shown
    assert "v3 OrderRevised" in shown
    assert "? depends on lines" in shown


def test_with_a_value_it_is_known(run: Run, own: Shop) -> None:
    words = ("decisions", own.url, "--category", "Order", "--id", "o1", "--command", "ApproveOrder")
    assert [row["verdict"] for row in run(*words).rows(KEYS)] == ["refused", "unknown", "nothing", "unknown"]
    rows = run(*words, "--set", "revision=2").rows(KEYS)
    assert [row["verdict"] for row in rows] == ["refused", "nothing", "accepted"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--set", "colour=red"], "has a field colour"),
        (["--set", "revision"], "FIELD=VALUE"),
        (["--command", "Nothing"], "has no command Nothing"),
        (["--id", "none"], "There is no stream"),
        (["--category", "Nobody"], "No domain claims"),
    ],
)
def test_what_cannot_be_done(run: Run, own: Shop, words: list[str], why: str) -> None:
    done = run("decisions", own.url, "--category", "Order", "--id", "o1", *words)
    assert done.code == 2
    assert why in done.err
