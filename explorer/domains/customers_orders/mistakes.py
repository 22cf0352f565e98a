"""Mistakes in the sample history, as bugs and hands make them: each breaks an invariant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from explorer.domains.customers_orders.money import amount_of
from explorer.model import Json

BY_HAND: dict[str, Json] = {"origin": "event-store-explorer", "user": "pat", "reason": "customer phoned"}


class Mistakes:
    """Which mistake is made when: one of each kind, three in a long history."""

    _FIRST: ClassVar = {"wrong total": 0.35, "beyond the limit": 0.5, "shipped unapproved": 0.6}

    def __init__(self, events: int) -> None:
        times = 3 if events > 20_000 else 1
        self._due = {
            kind: [events * (first + 0.12 * number) for number in range(times)] for kind, first in self._FIRST.items()
        }

    def due(self, kind: str, written: int) -> bool:
        """Whether it is time; then it counts as made."""
        if self._due[kind] and written >= self._due[kind][0]:
            del self._due[kind][0]
            return True
        return False

    def undo(self, kind: str) -> None:
        """It could not be made after all; the next opportunity is taken."""
        self._due[kind].insert(0, 0)


def without_quantities(kind: str, data: Any) -> tuple[str, Json]:
    """A bug of the checkout: the total forgets that of some products there are several."""
    forgotten = sum((amount_of(line["price"]) for line in data["lines"]), start=Decimal(0))
    return kind, {**data, "orderTotal": {"amount": forgotten}}


def reserved_all_the_same(kind: str, data: Any) -> tuple[str, Json]:
    """Somebody wrote the event that the rules refused."""
    return "CustomerCreditReserved", {key: data[key] for key in ("orderId", "orderTotal", "revision")}
