"""Every expected failure. Anything else that is raised is a bug and is shown as one.

Each error is a sentence for the user (`str(error)`) and a `hint`: what to do about it. The command line maps
classes to exit codes; the window shows sentence and hint where the failure happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.model import Event


class ExplorerError(Exception):
    """An expected failure: a sentence for the user, and a hint on what to do (may be empty)."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


class CannotOpen(ExplorerError):
    """The store cannot be opened: no such file, not a database, no event store in it, wrong password, server down."""


class NotADatabase(CannotOpen):
    """The file exists but is not a SQLite database (or is empty, or is a directory)."""


class NoEventStore(CannotOpen):
    """A database without any event store that we know; the hint says what was found and how to describe one."""


class Ambiguous(CannotOpen):
    """Several event stores in one database; `choices` are the names to choose from (URL suffix or --layout)."""

    def __init__(self, sentence: str, choices: tuple[str, ...], hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.choices = choices


class NeedsCopy(CannotOpen):
    """Opening the SQLite file in place would harm its owner; a copy (with WAL or journal) can be read instead."""


class NeedsPassword(CannotOpen):
    """The server wants a password, or another one than was given."""


class ConnectionLost(ExplorerError):
    """The server or the file went away; the same call may work again later."""


class StoreReplaced(ConnectionLost):
    """The file at this path is no longer the file that was opened (deleted or replaced)."""


class Damaged(ExplorerError):
    """The database is corrupt where we had to read."""


class Busy(ExplorerError):
    """Another connection holds a lock that we waited for in vain."""


class StoreFull(ExplorerError):
    """Disk full, or the database may not grow; nothing was written."""


class ReadOnly(ExplorerError):
    """Writing was asked of a store that is open read-only or that we cannot write safely."""


class Conflict(ExplorerError):
    """The stream is not at the expected version. Nothing was written.

    `found` is the version it is at, `between` are the events after the expected version.
    """

    def __init__(self, sentence: str, expected: int, found: int, between: tuple[Event, ...], hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.expected = expected
        self.found = found
        self.between = between


class Fenced(ExplorerError):
    """Another instance has claimed the subscription meanwhile. Nothing was written."""


class TableChanged(ExplorerError):
    """A table of a read model is not as it was made: altered, dropped, or somebody else's. Nothing was written to it.
    No event is to blame, and rebuilding helps where the table is one of ours."""


class OutcomeUnknown(ExplorerError):
    """The answer to a commit was lost. `event_ids` tell afterwards whether it happened."""

    def __init__(self, sentence: str, event_ids: tuple[str, ...], hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.event_ids = event_ids


class Refused(ExplorerError):
    """A rule of the domain refuses a command; the sentence is the rule."""


class Invalid(ExplorerError):
    """Input that cannot be used: malformed JSON, an unknown command, field, category or version."""


class ReducerFailed(ExplorerError):
    """A reducer raised; `version` is the event at which it did."""

    def __init__(self, sentence: str, version: int, hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.version = version


class PluginBroken(ExplorerError):
    """A plug-in file or entry point could not be loaded; the sentence says why."""


class EngineStopped(ExplorerError):
    """The engine process ended while working: killed after Cancel, out of memory, or crashed by domain code."""


class Cancelled(ExplorerError):
    """Somebody asked for this to stop."""
