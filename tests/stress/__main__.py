"""`python -m tests.stress`: both databases, calm and with kills. Figures as JSON lines; exit 1 if any is wrong."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.postgres_server import PostgresServer, postgres_server
from tests.stress.run import Plan, Stress


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="stress", description=__doc__)
    parser.add_argument("--attempts", type=int, default=20_000, help="append attempts per run")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--delay", type=float, default=0.004, help="mean seconds before a commit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--calm", action="store_true", help="only the runs without kills")
    parser.add_argument("--kills", action="store_true", help="only the runs with kills")
    chosen = parser.parse_args(arguments)
    right = True
    for kill in (False, True):
        if (kill and chosen.calm) or (not kill and chosen.kills):
            continue
        plan = Plan(chosen.attempts, chosen.processes, delay=chosen.delay, kill=kill, seed=chosen.seed)
        if chosen.only != "postgresql":
            with tempfile.TemporaryDirectory(prefix="esx-stress-") as folder:
                right &= _report(Stress(str(Path(folder) / "store.sqlite"), Path(folder), plan))
        if chosen.only != "sqlite":
            with (
                tempfile.TemporaryDirectory(prefix="esx-stress-") as folder,
                postgres_server() as server,
                server.database() as url,
            ):
                right &= _report(Stress(url, Path(folder), plan, lambda server=server: restart(server)))  # type: ignore[misc]
    return 0 if right else 1


def restart(server: PostgresServer) -> None:
    """Like a crash, and a moment without any server."""
    server.stop(signal.SIGQUIT)
    time.sleep(1)
    server.start()


def _report(stress: Stress) -> bool:
    findings = stress.run()
    print(json.dumps(findings.figures), flush=True)
    return not findings.wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
