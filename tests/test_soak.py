"""The soak in small: services killed and stopped under load, then the judge. See tests/soak."""

from __future__ import annotations

import itertools
from pathlib import Path

from tests.patience import PATIENCE
from tests.soak.run import Plan, Soak
from tests.soak.schedule import KILL, KILL_ALL, SERVER, STOP, WINDOW, schedule


def test_what_happens_is_decided_by_the_seed() -> None:
    services = ("customer", "order")
    actions = schedule(1, 1200, 6, services, server=True)
    assert actions == schedule(1, 1200, 6, services, server=True) != schedule(2, 1200, 6, services, server=True)
    assert actions == sorted(actions, key=lambda action: action.at)
    count = {what: sum(action.what == what for action in actions) for what in (KILL, KILL_ALL, STOP, WINDOW, SERVER)}
    assert count[WINDOW] == count[SERVER] == 2
    assert min(count[KILL], count[STOP]) > 20
    assert count[KILL_ALL] > 3
    for service in services:
        mine = [action for action in actions if action.service == service]
        assert all(before.at + before.seconds < after.at for before, after in itertools.pairwise(mine))


def test_services_killed_and_stopped_under_load(tmp_path: Path) -> None:
    plan = Plan(7, 15, between=1.5, seed=17, window=False, taken_over=PATIENCE)
    report = Soak(str(tmp_path / "store.sqlite"), tmp_path, plan).run()
    assert report.wrong == []
    figures = report.figures
    assert figures["judged"]["orders"] > 5
    assert sum(count for what, count in figures["did"].items() if what.startswith("killed")) >= 2
    assert sum(count for what, count in figures["did"].items() if what.startswith("stopped")) >= 1
