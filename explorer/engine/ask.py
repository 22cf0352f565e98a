"""What every ask is."""

from __future__ import annotations

from msgspec import Struct


class Ask(Struct, frozen=True, tag=True):
    """Base of everything that can be asked of an engine."""
