"""What every ask is, how much of a list it is answered with, and a difference, which many answers have."""

from __future__ import annotations

from msgspec import Struct

ROWS = 200  # rows in one page at most


class Ask(Struct, frozen=True, tag=True):
    """Base of everything that can be asked of an engine."""


class DiffRow(Struct, frozen=True, array_like=True):
    """One difference; see the `diff` verb of the command line."""

    op: str  # "add", "remove", "replace", "move"
    path: str
    origin: str  # `from` of a move, else ""
    key: str  # of a keyed element, else ""
    before: str  # JSON text cut to CUT characters; "" when there was nothing
    after: str
