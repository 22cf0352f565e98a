"""Several subscriptions that one service works on: each in a thread, and one standing for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from explorer.cancellation import Cancellation
from explorer.follow import Standing

WORST_FIRST = ("failing", "reconnecting", "paused", "standby", "live")


class Together:
    """`heard` gets the standing of the service: that of the subscription that stands worst. With several of them the
    sentence begins with the name of the one that it is about. It is called by their threads, one at a time."""

    def __init__(self, names: Sequence[str], heard: Callable[[Standing], None]) -> None:
        self._alone = len(names) == 1
        self._heard = heard
        self._lock = threading.Lock()
        self._standings: dict[str, Standing] = {}
        self._told: Standing | None = None

    def tell(self, name: str, standing: Standing) -> None:
        """One of the subscriptions stands so now."""
        if self._alone:
            self._heard(standing)
            return
        named = Standing(standing.state, f"{name.rpartition('.')[2]}: {standing.detail}" if standing.detail else "")
        with self._lock:
            if standing.state not in WORST_FIRST:  # only told, as that an event was parked
                self._heard(named)
                return
            self._standings[name] = named
            worst = min(self._standings.values(), key=lambda one: WORST_FIRST.index(one.state))
            if worst != self._told:
                self._told = worst
                self._heard(worst)

    def run(self, subscriptions: Mapping[str, Callable[..., None]], cancellation: Cancellation) -> None:
        """Run each of them (it is given a `cancellation`) until all are told to end, or one cannot go on: what that has
        raised ends the others, and is raised."""
        if self._alone:
            for run in subscriptions.values():
                run(cancellation=cancellation)
            return
        ending = Cancellation()
        failures: list[BaseException] = []

        def work(run: Callable[..., None]) -> None:
            try:
                run(cancellation=ending)
            except BaseException as failure:
                failures.append(failure)
            finally:
                ending.cancel()

        threads = [
            threading.Thread(target=work, args=(run,), name=name, daemon=True) for name, run in subscriptions.items()
        ]
        with cancellation.heard_by(ending.cancel):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if failures:
            raise failures[0]
