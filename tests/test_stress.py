"""The stress runs in small: many processes append and are killed, and subscriptions see all of it. See tests/stress."""

from __future__ import annotations

from pathlib import Path

from tests.postgres_server import postgres_server
from tests.stress.__main__ import restart
from tests.stress.run import Plan, Stress

SMALL = Plan(attempts=300, processes=3)
KILLS = Plan(attempts=300, processes=3, kill=True, kills=2)


def test_many_writers(own_url: str, tmp_path: Path) -> None:
    stress = Stress(own_url, tmp_path, SMALL)
    findings = stress.run()
    assert findings.wrong == []
    figures = findings.figures
    assert figures["attempts"] == 300
    assert figures["conflict"] > 0
    assert figures["rolled_back"] > 0
    assert figures["eager"]["missing"] == figures["ordered"]["missing"] == 0
    assert figures["eager"]["repeated"] == 0


def test_writers_and_subscribers_killed_on_sqlite(tmp_path: Path) -> None:
    findings = Stress(str(tmp_path / "store.sqlite"), tmp_path, KILLS).run()
    assert findings.wrong == []
    assert findings.figures["killed_writers"] > 0


def test_writers_and_subscribers_killed_and_the_server_restarted(tmp_path: Path) -> None:
    with postgres_server() as server, server.database() as url:
        findings = Stress(url, tmp_path, KILLS, lambda: restart(server)).run()
        assert findings.wrong == []
        assert findings.figures["killed_writers"] > 0
        assert findings.figures["restarts"] == 1
