"""The verb simulate."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from tests import stores_written
from tests.cli.running import EVENTS, SIMULATE, Done, Run, Shop, program
from tests.patience import PATIENCE, until


def test_a_summary_as_json_and_nothing_else(run: Run, own: Shop) -> None:
    done = run("simulate", own.url, "--rate", "40", "--seconds", "0.5", "--seed", "3")
    assert (done.code, done.err) == (0, "")
    (row,) = done.rows(SIMULATE)
    assert (row["seed"], row["rate"], row["due"]) == (3, 40, 20)
    assert 1 <= row["orders"] <= 20
    written = run("events", own.url, "--limit", "0").rows(EVENTS)[own.events :]
    assert len(written) == row["events"]
    assert {event["metadata"]["origin"] for event in written} == {"simulate"}
    assert all(row["run"] in event["id"] for event in written)


def test_for_people_a_line_a_second_and_a_summary(run: Run, own: Shop) -> None:
    done = run("simulate", own.url, "--rate", "20", "--seconds", "1.3", json=False)
    assert done.code == 0
    line = r"\d s: \d+ orders \(.*/s.*\), \d+ refused, 0 conflicts, \d+ events, late p95 .* ms\n"
    assert re.fullmatch(f"({line})+", done.err)
    assert "26 that were due" in done.out
    for word in ("orders/s", "refused", "conflicts", "events", "p50"):
        assert word in done.out


def test_a_rate_that_cannot_be_kept_is_said(run: Run, own: Shop) -> None:
    done = run("simulate", own.url, "--rate", "100000", "--seconds", "0.3", json=False)
    assert done.code == 0
    assert "The rate was not kept" in done.out


def test_two_runs_of_one_seed_on_one_store(run: Run, own: Shop) -> None:
    words = ("simulate", own.url, "--rate", "20", "--seconds", "0.5")
    first, second = (run(*words).rows(SIMULATE)[0] for _ in range(2))
    assert first["run"] != second["run"]
    assert first["seed"] == second["seed"] == 1


def test_a_store_is_made_when_told_to(run: Run, own_url: str) -> None:
    words = ("simulate", own_url, "--rate", "20", "--seconds", "0.2")
    assert run(*words).code == 3
    assert run(*words, "--create").code == 0


def test_a_store_of_another_kind_is_refused_and_unchanged(run: Run, tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    stores_written.eventsourcing(url)
    before = Path(url).read_bytes()
    for more in ((), ("--writable",)):
        done = run("simulate", url, "--rate", "20", "--seconds", "0.2", *more)
        assert (done.code, done.out) == (1, "")
        assert "store of our own only" in done.err
        assert "eventsourcing" in done.err
    assert Path(url).read_bytes() == before


def test_interrupted_it_ends_with_the_summary(run: Run, own: Shop) -> None:
    with program("simulate", own.url, "--rate", "50", "--seconds", "600", "--json") as running:
        until(lambda: len(run("events", own.url).rows(EVENTS)) >= own.events + 20)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert "Traceback" not in err
    (row,) = Done(130, out, err).rows(SIMULATE)
    assert row["events"] == len(run("events", own.url, "--limit", "0").rows(EVENTS)) - own.events
    assert row["orders"] >= 1
