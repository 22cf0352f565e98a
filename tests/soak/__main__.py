"""`python -m tests.soak`: twenty minutes of load on each database, with services killed. Figures as JSON lines; exit 1
if the judge, or anybody else, finds something wrong."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.postgres_server import PostgresServer, postgres_server
from tests.soak.run import Plan, Soak

DATABASES = ("sqlite", "postgresql")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="of load, on each database (both at once)")
    parser.add_argument("--rate", type=float, default=10.0, help="orders a second on each database")
    parser.add_argument("--between", type=float, default=6.0, help="mean seconds between two kills of services")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=DATABASES)
    parser.add_argument("--no-window", action="store_true")
    parser.add_argument("--keep", metavar="FOLDER", help="where the SQLite store and what was said are kept")
    chosen = parser.parse_args(arguments)
    if chosen.only is None:
        # Each in a process of its own: a server lives as long as the thread that started it.
        both = [
            subprocess.Popen([sys.executable, "-m", "tests.soak", *arguments, "--only", database])
            for database in DATABASES
        ]
        try:
            return max([process.wait() for process in both])
        finally:
            for process in both:
                process.send_signal(signal.SIGINT)
                process.wait()
    plan = Plan(chosen.minutes * 60, chosen.rate, chosen.between, chosen.seed, not chosen.no_window)
    with tempfile.TemporaryDirectory(prefix="esx-soak-") as temporary:
        folder = Path(chosen.keep) / chosen.only if chosen.keep else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if chosen.only == "sqlite":
            return report(Soak(str(folder / "store.sqlite"), folder, plan, tell=tell("sqlite")))
        with postgres_server() as server, server.database() as url:
            return report(Soak(url, folder, plan, lambda: crash(server), tell("postgresql")))


def tell(database: str) -> Callable[[str], None]:
    return lambda line: print(f"{database}, {line}", file=sys.stderr, flush=True)


def crash(server: PostgresServer) -> None:
    """Stopped without cleaning up, and a moment without any server."""
    server.stop(signal.SIGQUIT)
    time.sleep(1)
    server.start()


def report(soak: Soak) -> int:
    found = soak.run()
    print(json.dumps({**found.figures, "wrong": found.wrong[:50]}), flush=True)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
