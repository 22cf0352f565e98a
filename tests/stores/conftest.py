"""What tests of stores have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest

from explorer.stores import Store, StoreSpec, open_store


class Opening(Protocol):
    """Opens a store for the time of the test; the options are those of `StoreSpec`."""

    def __call__(self, url: str, **options: Any) -> Store: ...


@pytest.fixture
def opening() -> Iterator[Opening]:
    with ExitStack() as stack:

        def open_it(url: str, **options: Any) -> Store:
            store = open_store(StoreSpec(url, **options))
            stack.callback(store.close)
            return store

        yield open_it
