"""The demo's store, and the server that it may need: made in threads and ended with the store or the program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.ui.asking.worker import Delivery, in_thread

if TYPE_CHECKING:
    from explorer.stores.store import StoreSpec


class DemoStore:
    """At most one demo runs beside a window."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._running = ExitStack()

    def make(self, then: Callable[[StoreSpec], None], failed: Callable[[ExplorerError], None]) -> None:
        """Make the store if it is not there, and give what opens it."""

        def make() -> StoreSpec | ExplorerError:
            from explorer.demo import prepare

            try:
                return prepare()
            except ExplorerError as error:
                return error

        def answer(made: StoreSpec | ExplorerError) -> None:
            if isinstance(made, ExplorerError):
                failed(made)
            else:
                then(made)

        in_thread(self._delivery, make, answer)

    def keep(self, spec: StoreSpec) -> None:
        """Keep the server of this store, if it has one, until `stop`. Does not wait."""
        from explorer.demo import server

        self._running.enter_context(server(spec))

    def stop(self) -> None:
        """End the server. Does not wait."""
        running, self._running = self._running, ExitStack()
        threading.Thread(target=running.close, name="closing", daemon=True).start()
