"""Row or events, asked of an engine: on our own store, on Eventuate's tables, and for what no domain knows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from explorer import commands
from explorer.causation import caused_by
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER, CreateCustomer, ReserveCredit
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, ApproveOrder, CreateOrder, RejectOrder, ReviseOrder
from explorer.engine.messages import Compared, Open, Opened, RowOrEvents, Saying
from explorer.fold import readable
from explorer.model import Aggregate, Event
from explorer.stores import Store, StoreSpec, open_store
from tests import stores_written
from tests.engine.asking import MERGES, Asking, fill, lane, plugin, sqlite


def money(amount: int) -> Money:
    return Money(Decimal(amount))


def lines(price: int) -> tuple[Line, ...]:
    return (Line("A", 1, money(price)),)


def react(store: Store, trigger: Event, service: str, aggregate: Aggregate, id: str, command: Any) -> Event:
    """Issue a command as that service does."""
    metadata = {**caused_by(readable(trigger)), "service": service}
    (written,) = commands.issue(store, DOMAIN, aggregate, id, command, metadata=metadata)
    return written


def make(url: str) -> None:
    """An order that was approved, and then revised in vain."""
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        commands.issue(store, DOMAIN, CUSTOMER, "c-1", CreateCustomer("Zoë", money(100)))
        (created,) = commands.issue(store, DOMAIN, ORDER, "o-1", CreateOrder("c-1", lines(60)))
        reserved = react(store, created, "customer", CUSTOMER, "c-1", ReserveCredit("o-1", money(60)))
        react(store, reserved, "order", ORDER, "o-1", ApproveOrder(1))
        (revised,) = commands.issue(store, DOMAIN, ORDER, "o-1", ReviseOrder(lines(150)))
        exceeded = react(store, revised, "customer", CUSTOMER, "c-1", ReserveCredit("o-1", money(150), 2))
        react(store, exceeded, "order", ORDER, "o-1", RejectOrder(2, "credit limit"))
    finally:
        store.close()


def said(one: Saying) -> tuple[str, int, str, str, bool]:
    return one.id, one.version, one.words, one.by, one.because


def test_the_row_does_not_say_why_and_the_events_do(own_url: str) -> None:
    make(own_url)
    with lane(own_url) as it:
        plain = Asking(it, RowOrEvents("Order", "o-1")).answer(Compared)
        moment = plain.row.pop("updated_at")
        assert moment.endswith("Z")
        assert (plain.table, plain.declared, plain.row) == (
            "ORDERS", True, {"id": "o-1", "customer_id": "c-1", "status": "APPROVED", "order_total": "60"},
        )  # fmt: skip
        assert [(one.version, one.words) for one in plain.events] == [
            (1, "c-1 orders for 60"),
            (2, "Order o-1 is approved"),
            (3, "Order o-1 is changed: it costs 150 now"),
            (4, "The change of order o-1 is refused (credit limit); it stays as approved before"),
        ]
        assert (plain.count, plain.asked, plain.answers) == (4, None, ())
        why = Asking(it, RowOrEvents("Order", "o-1", 0)).answer(Compared)
        assert why.questions[0] == "Why was it rejected?"
        assert why.row_says == "The status is APPROVED. The row does not say why."
        assert [said(one) for one in why.answers] == [
            ("o-1", 4, "The change of order o-1 is refused (credit limit); it stays as approved before",
             "order service", False),
            ("c-1", 3, "c-1 cannot pay 150 for order o-1: only 100 of the credit limit is left",
             "customer service", True),
        ]  # fmt: skip
        who = Asking(it, RowOrEvents("Order", "o-1", 1)).answer(Compared)
        assert [(one.version, one.words) for one in who.answers] == [(3, "from 60 to 150"), (4, "from 150 to 60")]
        when = Asking(it, RowOrEvents("Order", "o-1", 2)).answer(Compared)
        assert [one.version for one in when.answers] == [2]
        assert when.answers[0].at is not None
        assert f"updated at {moment}" in when.row_says
        beyond = Asking(it, RowOrEvents("Order", "o-1", 9)).answer(Compared)
        assert beyond.asked is None
        nobody = Asking(it, RowOrEvents("Order", "o-9", 0)).answer(Compared)
        assert (nobody.count, nobody.row, nobody.events) == (0, {}, ())


def test_eventuate(tmp_path: Path) -> None:
    path = str(tmp_path / "copy.sqlite")
    stores_written.eventuate(path)
    with lane(path) as it:
        found = Asking(it, RowOrEvents(stores_written.ORDER, "o-0001", 2)).answer(Compared)
        assert (found.row["status"], found.row["customer_id"], found.row["order_total"]) == (
            "APPROVED",
            "c-0001",
            "720",
        )
        assert [(one.type, one.words) for one in found.answers] == [("OrderApproved", "Order o-0001 is approved")]


@sqlite
def test_what_no_domain_knows_and_what_cannot_be_read(own_url: str, tmp_path: Path) -> None:
    fill(own_url, [("Noted", {"text": "a", "tags": []}), ("Changed", {"text": "b"}), ("Bad", {"tags": [1]})])
    with lane(own_url, plugin(tmp_path, "if event.type == 'Bad': raise ValueError('no')\n" + MERGES)) as it:
        opened = Asking(it, Open(own_url)).answer(Opened)
        assert opened.rows[:1] == ("Order",)
        found = Asking(it, RowOrEvents("Thing", "1", 1)).answer(Compared)
        assert (found.table, found.declared) == ("THING", False)
        assert found.row["text"] == "b"
        assert found.questions == ("What led to the last change?", "What was text before?")
        assert [one.words for one in found.answers] == ["from a to b"]
        assert found.events[-1].words == 'Bad {"tags":[1]}'


@sqlite
def test_of_a_long_stream_the_newest_events(own_url: str) -> None:
    fill(own_url, [("Noted", {"n": number}) for number in range(1200)], category="Note")
    with lane(own_url) as it:
        found = Asking(it, RowOrEvents("Note", "1", 1)).answer(Compared)
        assert (found.count, len(found.events), found.row["n"]) == (1200, 40, "1199")
        assert found.answers[-1].words == "from 1198 to 1199"
        assert found.answers[-1].version == 1200
        assert len(found.answers) == 20
