"""The verb that waits: events as they arrive, from now on or, under a name, from where it ended the last time."""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from explorer.cancellation import Cancellation
from explorer.cli.opening import opened, position_of, spec_of
from explorer.cli.output import YELLOW, Output
from explorer.cli.reading import Verb, event_columns, print_event
from explorer.engine.text import visible
from explorer.errors import Cancelled
from explorer.follow import Standing, follow
from explorer.stores import Store, open_store
from explorer.stores.store import Advance
from explorer.subscriber import subscribe
from explorer.subscription import Arrival, Subscription


def tail(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    after = None if arguments.after is None else position_of(arguments.after)
    how: dict[str, Any] = {
        "after": after,
        "categories": [arguments.category] if arguments.category is not None else [],
        "types": [arguments.type] if arguments.type is not None else [],
    }
    printing = _Printing(output, arguments.limit)
    event_columns(output)

    def begin(store: Store) -> Subscription:
        return Subscription(store, start="beginning" if after is not None else "head", **how)

    with _ending(printing.enough, arguments.seconds, cancellation):
        if arguments.name is None:
            spec = spec_of(arguments)
            follow(lambda: open_store(spec), begin, printing.handle, printing.enough, again=False)
        else:
            with opened(arguments, cancellation):
                spec = spec_of(arguments)  # it is there, and can be read
            subscribe(
                spec, arguments.name, printing.named, printing.enough, start="now", mode="eager", tell=_tell, **how
            )
    if printing.broken is not None:
        raise printing.broken
    cancellation.check()
    return 0


class _Printing:
    """Prints arrivals until there are enough, or nobody reads them any more."""

    def __init__(self, output: Output, limit: int | None) -> None:
        self.enough = Cancellation()
        self.broken: BrokenPipeError | None = None
        self._output = output
        self._left = itertools.count(limit or -1, -1)

    def handle(self, store: Store, arrival: Arrival) -> None:
        if self.enough.cancelled:
            return
        print_event(self._output, arrival.event, late=arrival.late, style=YELLOW if arrival.late else "")
        self._output.flush()
        if next(self._left) == 1:
            self.enough.cancel()

    def named(self, store: Store, arrival: Arrival, advance: Advance | None) -> None:
        try:
            self.handle(store, arrival)
        except BrokenPipeError as broken:  # not the fault of the event
            self.broken = broken
            self.enough.cancel()
            self.enough.check()


def _tell(standing: Standing) -> None:
    if standing.state != "live":
        print(visible(f"{standing.state}: {standing.detail}"), file=sys.stderr)


@contextmanager
def _ending(enough: Cancellation, seconds: float | None, cancellation: Cancellation) -> Iterator[None]:
    """Within this block `enough` is set after so many seconds, and with `cancellation`."""
    timer = threading.Timer(seconds, enough.cancel) if seconds is not None else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        with cancellation.heard_by(enough.cancel):
            yield
    except Cancelled:
        pass
    finally:
        if timer:
            timer.cancel()
            timer.join()


VERBS: dict[str, Verb] = {"tail": tail}
