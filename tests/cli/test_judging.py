"""The verb that judges reducers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, Shop

PURITY = ["kind", "category", "id", "version", "why", "differences"]


def plugin(folder: Path, category: str, body: str) -> str:
    path = folder / "judged.py"
    path.write_text(
        "from datetime import datetime\nfrom explorer.model import Aggregate, Domain\n"
        f"def evolve(state, event):\n    {body}\n"
        f"DOMAIN = Domain('judged', (Aggregate({category!r}, dict, evolve),))\n"
    )
    return str(path)


def test_a_reducer_that_reads_the_clock(run: Run, shop: Shop, tmp_path: Path) -> None:
    clock = plugin(tmp_path, shop.category, "return {'at': str(datetime.now())}")
    which = ("--category", shop.category, "--id", shop.id, "--plugin", clock)
    done = run("purity", shop.url, *which)
    assert done.code == 1
    reads, differs = done.rows(PURITY)
    assert (reads["kind"], reads["id"], reads["version"]) == ("reads", shop.id, 1)
    assert differs["differences"][0]["path"] == "/at"


SQLITE = pytest.mark.parametrize("shop", ["own sqlite"], indirect=True)


@SQLITE
def test_for_people(run: Run, shop: Shop, tmp_path: Path) -> None:
    clock = plugin(tmp_path, shop.category, "return {'at': str(datetime.now())}")
    human = run("purity", shop.url, "--category", shop.category, "--plugin", clock, "--limit", "1", json=False)
    assert human.code == 1
    assert "The reducer reads datetime.now()." in human.out
    assert human.out.splitlines()[-1].endswith(": 2 findings.")


@SQLITE
def test_nothing_is_wrong(run: Run, shop: Shop, tmp_path: Path) -> None:
    pure = plugin(tmp_path, shop.category, "return {**state, event.type: event.data}")
    done = run("purity", shop.url, "--category", shop.category, "--plugin", pure, json=False)
    assert done.code == 0, done.err
    assert done.out.endswith("nothing is wrong.\n")
    every = run("purity", shop.url, "--limit", "0", "--plugin", pure, json=False)
    assert every.code == 0, every.err
    one = run("purity", shop.url, "--limit", "1", "--category", shop.category, "--plugin", pure, json=False)
    assert one.out.startswith("1 stream folded with ")


def test_what_cannot_be_judged(run: Run, shop: Shop) -> None:
    assert "--category" in run("purity", shop.url, "--id", "x").err
    nobody = run("purity", shop.url, "--category", "Nobody")
    assert nobody.code == 2
    assert "--plugin" in nobody.err
