"""Running a verb in this process, and the stores to run it on."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.cli import main
from tests import stores_written
from tests.cli.running import (
    Done,
    Run,
    Shop,
    own_shop,
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a verb in this process."""

    def run(*words: str, json: bool = True) -> Done:
        capsys.readouterr()
        try:
            code = main([*words, "--json"] if json else words)
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run


@pytest.fixture(
    params=["own sqlite", "own postgresql", "eventsourcing sqlite", "eventsourcing postgresql", "message-db postgresql"]
)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    kind, dialect = request.param.split()
    url = str(tmp_path / "shop.sqlite") if dialect == "sqlite" else str(request.getfixturevalue("postgres_url"))
    if kind == "own":
        return own_shop(url)
    facts = stores_written.message_db(url) if kind == "message-db" else stores_written.eventsourcing(url)
    longest = max(facts, key=lambda fact: fact.version)
    return Shop(url, kind, longest.category, longest.id, longest.version, len(facts))


@pytest.fixture
def own(own_url: str) -> Shop:
    return own_shop(own_url)
