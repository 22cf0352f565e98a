"""A process that subscribes, logs every event it gets and saves its checkpoint now and then; made to be killed.

`python -m tests.stress.subscriber JSON` with url, password, mode, log, checkpoint (paths), stop (a path: once it is
there, end as soon as everything has been seen).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from explorer.cancellation import Cancellation
from explorer.errors import Busy, CannotOpen, ConnectionLost
from explorer.stores import Store, StoreSpec, open_store
from explorer.subscription import Backoff, Subscription
from tests.stress.log import Log

SAVED_EVERY = 0.25  # seconds


def main(task: dict[str, Any]) -> None:
    spec = StoreSpec(task["url"], password=task["password"])
    saved = Path(task["checkpoint"])
    checkpoint = saved.read_bytes() if saved.exists() else None
    log = Log(Path(task["log"]))
    log.write({"life": os.getpid(), "from": json.loads(checkpoint) if checkpoint else None})
    stop = Path(task["stop"])
    backoff, never = Backoff(longest=0.5), Cancellation()

    def reopen() -> Store:
        return open_store(spec)

    subscription = Subscription(_patiently(reopen), task["mode"], checkpoint, preview=100, reopen=reopen)
    saved_at = time.monotonic()
    quiet = 0
    while quiet < 3:
        stopping = stop.exists()
        try:
            arrivals = subscription.poll(500)
        except (ConnectionLost, CannotOpen, Busy) as error:
            log.write({"lost": str(error)})
            time.sleep(backoff.failed())
            continue
        backoff.succeeded()
        log.write(*({"p": a.event.position, "id": a.event.event_id, "late": a.late} for a in arrivals))
        if arrivals and time.monotonic() - saved_at > SAVED_EVERY:
            saved_at = time.monotonic()
            new = saved.with_suffix(".new")
            new.write_bytes(subscription.checkpoint())
            new.replace(saved)
        quiet = quiet + 1 if stopping and not arrivals and subscription.idle else 0
        if not arrivals and subscription.store is not None:
            subscription.store.wait(0.02, never)
    subscription.close()
    log.write({"end": True, "waiting for": subscription.waiting_for()})


def _patiently(reopen: Any) -> Store:
    until = time.monotonic() + 30
    while True:
        try:
            store: Store = reopen()
            return store
        except (ConnectionLost, CannotOpen, Busy):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
