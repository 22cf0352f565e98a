"""From starting the program to the painted first page of the demo, beside an empty window on the same screen.

    python -m tests.benchmarks.start [--starts 10]

The empty window has imported Qt and SQLAlchemy and shows nothing. The first start finds nothing: no store, no settings,
no compiled modules. What is required is measured from the second on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.figures import load, spread, verdict
from tests.benchmarks.screen import screen

ROOT = Path(__file__).resolve().parents[2]
ABOVE = 0.5  # seconds that the demo may take longer than an empty window
PATIENCE = 120.0

Stages = dict[str, dict[str, float]]


def started(what: str, environment: dict[str, str]) -> Stages:
    """Start it, wait until it has closed. Each stage with `after`: seconds since the process was started."""
    begun = time.monotonic()
    process = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.painted", what],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    stages: Stages = {one.pop("stage"): one for one in map(json.loads, process.stdout.splitlines())}
    if process.returncode or "painted" not in stages:
        raise RuntimeError(f"{what} ended with {process.returncode} after {list(stages)}:\n{process.stderr}")
    for stage in stages.values():
        stage["after"] = stage["at"] - begun  # the clock is the system's, one for all processes
    return stages


def report(name: str, runs: list[Stages]) -> float:
    """Print the spread; the median of seconds to the painted page."""
    after = [run["painted"]["after"] for run in runs]
    print(f"{name:24}{spread(after)}")
    processor = statistics.median(run["painted"]["processor"] for run in runs)
    print(f"{'':24}processor time of the process until then: {processor:.3f} s")
    return statistics.median(after)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="start", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--starts", type=int, default=10)
    starts = parser.parse_args(arguments).starts
    with tempfile.TemporaryDirectory(prefix="esx-start-") as folder, screen() as (where, environment):
        environment["EVENT_STORE_EXPLORER_HOME"] = f"{folder}/home"
        environment["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        print(f"start: {where}; {load()}")
        first = started("demo", environment)
        print(f"{'first start':24}{first['painted']['after']:.3f} s (store made, modules compiled)")
        started("empty", environment)
        pairs = [(started("empty", environment), started("demo", environment)) for _ in range(starts)]
        empties, demos = [list(runs) for runs in zip(*pairs, strict=True)]
        empty = report("empty window", empties)
        demo = report("demo", demos)
        for measured, what in (("after", "its stages, medians"), ("processor", "processor time by then")):
            medians = {stage: statistics.median(run[stage][measured] for run in demos) for stage in demos[0]}
            print(f"{what:24}" + "   ".join(f"{name} {at:.2f}" for name, at in medians.items()))
        print(f"start: {load()}")
        return 0 if verdict("the demo's first page above an empty window", demo - empty, ABOVE) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
