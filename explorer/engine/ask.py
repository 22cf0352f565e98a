"""What every ask is, and how much of a list it is answered with."""

from __future__ import annotations

from msgspec import Struct

ROWS = 200  # rows in one page at most


class Ask(Struct, frozen=True, tag=True):
    """Base of everything that can be asked of an engine."""
