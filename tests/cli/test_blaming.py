"""The verb blame."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.cli.running import Run, Shop

BLAME = ["version", "type", "recorded_at", "command", "correlation", "op", "before", "after"]


def test_who_wrote_a_value(run: Run, own: Shop) -> None:
    which = ("blame", own.url, "--category", own.category, "--id", own.id)
    done = run(*which, "/orderTotal/amount")
    assert done.code == 0, done.err
    rows = done.rows(BLAME)
    assert [(row["version"], row["type"], row["op"], row["before"], row["after"]) for row in rows] == [
        (3, "OrderRevised", "replace", Decimal("3.30"), Decimal("5.50")),
        (1, "OrderCreated", "add", None, Decimal("3.30")),
    ]
    assert [row["version"] for row in run(*which, "/orderTotal/amount", "--version", "2").rows(BLAME)] == [1]
    assert [row["version"] for row in run(*which, "/orderTotal/amount", "--limit", "1").rows(BLAME)] == [3]
    element = run(*which, "/lines/1/quantity").rows(BLAME)
    assert element == run(*which, "/lines/[sku=A]/quantity").rows(BLAME)
    assert element[-1]["version"] == 1


def test_what_people_read(run: Run, own: Shop) -> None:
    which = ("blame", own.url, "--category", own.category, "--id", own.id)
    human = run(*which, "/orderTotal/amount", json=False)
    assert human.out.splitlines()[-1] == "/orderTotal/amount: written 2 times, last by v3."
    assert "3.30 → 5.50" in human.out
    cut = run(*which, "/orderTotal/amount", "--limit", "1", json=False)
    assert cut.out.splitlines()[-1] == "/orderTotal/amount: written 1 time, last by v3, and more before it."
    never = run(*which, "/nothing/here", json=False)
    assert never.code == 1
    assert never.out.splitlines()[-1] == "/nothing/here: there is nothing, and never was."


@pytest.mark.parametrize(("path", "sentence"), [("status", "does not begin with a slash")])
def test_what_is_no_path(run: Run, own: Shop, path: str, sentence: str) -> None:
    done = run("blame", own.url, "--category", own.category, "--id", own.id, path)
    assert done.code == 2
    assert sentence in done.err


def test_any_store(run: Run, shop: Shop) -> None:
    """Whatever its first event wrote into the state, some event wrote."""
    done = run("blame", shop.url, "--category", shop.category, "--id", shop.id, "", "--limit", "0")
    assert done.code == 0, done.err
    assert done.rows(BLAME)[-1]["version"] == 1
