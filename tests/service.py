"""A service in a process of its own, for tests that stop, continue and kill it: URL, name of the service."""

from __future__ import annotations

import sys

from explorer.cancellation import Cancellation
from explorer.domains.customers_orders import DOMAIN
from explorer.follow import Standing
from explorer.projections import run_policies
from explorer.stores import StoreSpec


def tell(service: str, standing: Standing) -> None:
    print(standing.state, flush=True)


if __name__ == "__main__":
    run_policies(StoreSpec(sys.argv[1]), DOMAIN, sys.argv[2], Cancellation(), tell)
