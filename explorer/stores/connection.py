"""What the reader needs of a database connection, whichever database it is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from explorer.cancellation import Cancellation
from explorer.errors import ExplorerError
from explorer.stores.layout import Run

Rows = list[tuple[Any, ...]]

BUSY_SECONDS = 10.0  # how long a statement waits for somebody else's lock


class Duplicate(ExplorerError):
    """A unique index refuses a row. Never leaves `stores/`: it becomes a conflict, or success."""


class CommitLost(ExplorerError):
    """The connection broke after COMMIT was sent. Never leaves `stores/`: asked again, or it becomes OutcomeUnknown."""


class Connection(Protocol):
    """One connection, used by the thread that made it. Every method may raise the failures that `Store` names.

    Statements take `:name` parameters. A lost connection is made again by the next call.
    """

    dialect: str
    title: str
    writable: bool
    static: bool

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """The rows of one SELECT, in a short read-only transaction of its own."""
        ...

    def columns(self, sql: str) -> dict[str, str]:
        """Column names of a SELECT and, on PostgreSQL, their types ("jsonb", "bytea" …; "" if that is unknown)."""
        ...

    def one_moment(self) -> AbstractContextManager[None]:
        """Within this block `rows` and `columns` read what was committed at its beginning."""
        ...

    def transaction(self, channel: str | None = None) -> AbstractContextManager[Run]:
        """A writing transaction, which takes the lock at its start where the database has but one. Commits at the end
        of the block, rolls back when it raises. Those who listen to `channel` are woken behind the commit, of several
        in a short while once (the last when this connection waits). Raises `CommitLost`, `Duplicate`."""
        ...

    def cancelling(self, cancellation: Cancellation) -> AbstractContextManager[None]: ...

    def changed(self) -> bool: ...

    def listen(self, channel: str) -> None:
        """Wake `wait` when this channel is notified, from now on; also after a reconnect. Again it costs nothing."""
        ...

    def wait(self, seconds: float, cancellation: Cancellation) -> None: ...

    def close(self) -> None: ...
