"""How long it takes from a window in trouble to one that works on, or to one of which nothing is left.

    python -m tests.benchmarks.closing [--times 3]

Each case starts the program with its real window in a process of its own. Closing is measured until the last process
has ended: the window, its engines, the demo's services and its server.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from explorer.stores import local_server
from tests import closing
from tests.benchmarks.figures import load, verdict
from tests.benchmarks.screen import screen
from tests.postgres_server import PostgresServer, postgres_server

MOST = 2.0  # seconds

Environment = dict[str, str]
Case = Callable[[Environment, Path, PostgresServer], float]


def _told(how: str, environment: Environment, folder: Path, _server: PostgresServer) -> float:
    return closing.cancelled_loop(environment, folder, how)[0]


def _works_on(how: str, environment: Environment, folder: Path, _server: PostgresServer) -> float:
    return closing.cancelled_loop(environment, folder, how)[1]


def _alone(case: Callable[[Environment, Path], float]) -> Case:
    return lambda environment, folder, _server: case(environment, folder)


def _on_server(case: Callable[[Environment, PostgresServer], float]) -> Case:
    return lambda environment, _folder, server: case(environment, server)


def _demo(case: Callable[..., float], *words: str) -> Case:
    return lambda environment, _folder, _server: case(environment, *words)


CASES: dict[str, Case] = {
    **{f"Cancel to a tab that says so, {how} loop": partial(_told, how) for how in closing.LOOPS},
    **{f"Cancel to another stream's state, {how} loop": partial(_works_on, how) for how in closing.LOOPS},
    **{
        f"closing in a reducer's {how} loop": _alone(partial(closing.closed_in_a_loop, how=how))
        for how in closing.LOOPS
    },
    "closing in an endless SQLite statement": _alone(closing.closed_in_a_scan),
    "closing in a 30 s query": _on_server(closing.closed_in_a_query),
    "closing in a 30 s write": _on_server(closing.closed_in_a_write),
    "closing on a frozen server": _on_server(closing.closed_on_a_frozen_server),
    "closing while opening on a frozen server": _on_server(closing.closed_while_opening_on_a_frozen_server),
    "closing the demo": _demo(closing.closed_demo),
    "closing the demo on PostgreSQL": _demo(closing.closed_demo, "--postgres"),
    **{
        f"all gone after kill -9 in a {how} loop": _alone(partial(closing.killed_in_a_loop, how=how))
        for how in closing.LOOPS
    },
    "all gone after kill -9 in a 30 s query": _on_server(closing.killed_in_a_query),
    "all gone after kill -9 of the demo": _demo(closing.killed_demo),
    "all gone after kill -9 of the demo on PostgreSQL": _demo(closing.killed_demo, "--postgres"),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="closing", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=3, help="the longest of so many is what counts")
    times = parser.parse_args(arguments).times
    held = True
    with screen() as (where, environment), postgres_server() as server:
        print(f"closing: {where}; {load()}; the longest of {times}")
        for name, case in CASES.items():
            seconds = []
            for _ in range(times):
                with tempfile.TemporaryDirectory(prefix="esx-closing-") as folder:
                    environment["EVENT_STORE_EXPLORER_HOME"] = f"{folder}/home"
                    try:
                        seconds.append(case(environment, Path(folder), server))
                    finally:
                        local_server.remove(Path(folder) / "home" / "data" / "postgresql")
            held &= verdict(name, max(seconds), MOST)
        print(f"closing: {load()}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
