"""Where events are kept. `open_store()` opens one; everything it returns speaks the `Store` protocol.

A store belongs to the thread that opened it: open, use and close it there.
"""

from __future__ import annotations

from explorer.stores.store import Store, StoreSpec

__all__ = ["Store", "StoreSpec", "open_store"]


def open_store(spec: StoreSpec) -> Store:
    """Open it, in the thread that will use and close it. Raises CannotOpen and its kinds, Busy, ConnectionLost."""
    # SQLAlchemy takes a third of a second to import: only the threads that open something pay it.
    from explorer.stores.open import open_store

    return open_store(spec)
