"""Where events are kept. `open_store()` opens one; everything it returns speaks the `Store` protocol.

A store belongs to the thread that opened it: open, use and close it there.
"""

from explorer.stores.store import Store, StoreSpec

__all__ = ["Store", "StoreSpec"]
