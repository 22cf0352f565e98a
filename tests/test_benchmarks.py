"""The benchmarks themselves: each name can be run, and figures are what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, main
from tests.benchmarks.figures import percentile, spread, verdict
from tests.benchmarks.start import started


def test_every_name_is_a_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert all(find_spec(f"tests.benchmarks.{name}") for name in BENCHMARKS)
    assert main(["nonsense"]) == 2
    assert "closing" in capsys.readouterr().out


def test_arguments_are_understood() -> None:
    for name in ("start", "closing", "load"):
        done = subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{name}", "--help"],
            cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([1, 2], 90) == pytest.approx(1.9)
    assert percentile([7], 99) == 7
    assert "median 2.000 s" in spread([1, 2, 3])
    assert verdict("quick", 1, 2)
    assert not verdict("slow", 3, 2)
    assert capsys.readouterr().out.splitlines()[1].startswith("MISS")


def test_the_demo_is_seen_to_paint_its_first_page(home: Path) -> None:
    stages = started("demo", {**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    assert list(stages)[-1] == "painted"
    assert 0 < stages["opened"]["after"] <= stages["painted"]["after"]
