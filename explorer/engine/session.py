"""What answers asks, in an engine process or, for the command line, in this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from explorer.cancellation import Cancellation
from explorer.engine.messages import AnyAsk
from explorer.engine.turns import Turn
from explorer.errors import Invalid


class Session:
    """One open store and its domains."""

    def answer(self, ask: AnyAsk, cancellation: Cancellation) -> Turn:
        yield None
        raise Invalid("No store is open.")

    @contextmanager
    def cancelling(self, cancellation: Cancellation) -> Iterator[None]:
        yield

    def close(self) -> None: ...
