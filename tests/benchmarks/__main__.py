"""`python -m tests.benchmarks [NAME …]`: run the benchmarks of these names, or all of them, each in its own process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

BENCHMARKS = ("replay", "debugger", "steps", "start", "gui_stalls", "closing", "takeover", "load")


def main(wanted: Sequence[str]) -> int:
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}.")
        return 2
    failed = 0
    for name in wanted or BENCHMARKS:
        print(f"── {name}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], check=False).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
