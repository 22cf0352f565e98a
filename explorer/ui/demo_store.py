"""The demo: its store and the services beside it, started in threads and ended with the store or the program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.ui.worker import Delivery, in_thread

if TYPE_CHECKING:
    from explorer.stores.store import StoreSpec


class DemoStore:
    """At most one demo runs beside a window."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._running = ExitStack()

    def start(self, then: Callable[[StoreSpec], None], failed: Callable[[ExplorerError], None]) -> None:
        """Make the store if it is not there, start its services, and give what opens it."""

        def prepare() -> StoreSpec | ExplorerError:
            from explorer.demo import prepare as make
            from explorer.demo import services

            try:
                spec = make()
                self._running.enter_context(services(spec))
            except ExplorerError as error:
                return error
            return spec

        def answer(found: StoreSpec | ExplorerError) -> None:
            if isinstance(found, ExplorerError):
                failed(found)
            else:
                then(found)

        in_thread(self._delivery, prepare, answer)

    def stop(self) -> None:
        """End the services. Does not wait."""
        running = self._running.pop_all()
        threading.Thread(target=running.close, name="closing", daemon=True).start()
