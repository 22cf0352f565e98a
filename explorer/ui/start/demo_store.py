"""The demo: its store and the services beside it, made in threads and ended with the store or the program."""

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
        self._changing = threading.Lock()  # held while services are started or ended

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

    def serve(self, spec: StoreSpec) -> None:
        """Start the services of the store. Does not wait."""
        running = self._running

        def begin() -> None:
            from explorer.demo import services

            with self._changing:
                if running is self._running:  # nobody has stopped them meanwhile
                    running.enter_context(services(spec))

        threading.Thread(target=begin, name="starting services", daemon=True).start()

    def stop(self) -> None:
        """End the services. Does not wait."""
        running, self._running = self._running, ExitStack()

        def end() -> None:
            with self._changing:
                running.close()

        threading.Thread(target=end, name="closing", daemon=True).start()
