"""The command path on a real store of our own: load, decide, preview, commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from explorer import commands
from explorer.causation import caused_by, caused_id, said
from explorer.commands import by_hand, commit, issue, load, preview, preview_events
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER, ChangeCreditLimit, CreateCustomer
from explorer.domains.customers_orders.money import Line, Money
from explorer.domains.customers_orders.order import ORDER, ApproveOrder, CancelOrder, CreateOrder, ReviseOrder
from explorer.errors import Conflict, Invalid, ReducerFailed, Refused
from explorer.fold import readable
from explorer.model import Aggregate, Domain, DomainEvent, Event, NewEvent, Snapshot, StreamKey
from explorer.payload import decode
from explorer.plugins import fingerprint
from explorer.snapshots import take_snapshot
from explorer.stores import Store, StoreSpec, open_store

KEY = StreamKey("Order", "o-1")
CUSTOMER_KEY = StreamKey("Customer", "c-1")
CREATE = CreateOrder("c-1", (Line("A", 2, Money(Decimal("12.50"))),))


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, writable=True, create=True))
    yield store
    store.close()


def money(amount: int) -> Money:
    return Money(Decimal(amount))


def limits(store: Store, count: int, aggregate: Aggregate = CUSTOMER) -> None:
    """A customer stream of so many events."""
    first = NewEvent("CustomerCreated", {"name": "n", "creditLimit": {"amount": 0}}, "first")
    rest = [
        NewEvent("CustomerCreditLimitChanged", {"creditLimit": {"amount": number}}, f"limit {number}")
        for number in range(1, count)
    ]
    store.append(CUSTOMER_KEY, 0, [first, *rest])


# -- previewing and committing -----------------------------------------------------------------------------------------


def test_a_preview_writes_nothing_and_its_commit_exactly_the_previewed_events(store: Store) -> None:
    decision = preview(store, DOMAIN, ORDER, "o-1", CREATE)
    assert store.stream(KEY) is None
    assert (decision.key, decision.expected, decision.refused, decision.error) == (KEY, 0, "", "")
    assert decision.loaded == "0 events"
    assert decision.before == {}
    assert decision.after["status"] == "PENDING"  # type: ignore[index, call-overload]
    assert {change.op for change in decision.changes} == {"add"}
    assert [change.path for change in decision.changes][:2] == ["/status", "/customerId"]
    written = commit(store, KEY, decision)
    assert [(event.version, event.type, event.event_id) for event in written] == [
        (1, "OrderCreated", decision.events[0].event_id)
    ]
    (stored,) = store.stream_events(KEY)
    assert decode(stored.data).value == decision.events[0].data
    assert decode(stored.metadata).value == dict(decision.events[0].metadata)


def test_committing_again_after_a_lost_answer_changes_nothing(store: Store) -> None:
    decision = preview(store, DOMAIN, ORDER, "o-1", CREATE)
    first = commit(store, KEY, decision)
    again = commit(store, KEY, decision)
    assert [event.event_id for event in again] == [event.event_id for event in first]
    assert len(store.stream_events(KEY)) == 1


def test_a_refusal_is_the_rule_and_cannot_be_committed(store: Store) -> None:
    issue(store, DOMAIN, ORDER, "o-1", CREATE)
    decision = preview(store, DOMAIN, ORDER, "o-1", ReviseOrder((Line("B", 1, money(3)),)))
    assert decision.refused == "An order that is PENDING cannot be revised."
    assert decision.events == ()
    assert decision.changes == []
    with pytest.raises(Refused, match="PENDING cannot be revised"):
        commit(store, KEY, decision)


def test_a_command_that_comes_too_late_writes_nothing(store: Store) -> None:
    issue(store, DOMAIN, ORDER, "o-1", CREATE)
    issue(store, DOMAIN, ORDER, "o-1", ApproveOrder(1))
    decision = preview(store, DOMAIN, ORDER, "o-1", ApproveOrder(1))
    assert (decision.events, decision.refused) == ((), "")
    assert commit(store, KEY, decision) == []


def test_a_conflict_is_raised_and_nothing_is_decided_again(store: Store) -> None:
    issue(store, DOMAIN, ORDER, "o-1", CREATE)
    decision = preview(store, DOMAIN, ORDER, "o-1", ApproveOrder(1))
    issue(store, DOMAIN, ORDER, "o-1", CancelOrder("meanwhile"))
    with pytest.raises(Conflict) as raised:
        commit(store, KEY, decision)
    assert (raised.value.expected, raised.value.found) == (1, 2)
    assert [event.type for event in raised.value.between] == ["OrderCancelled"]
    assert len(store.stream_events(KEY)) == 2


def test_issuing_decides_again_after_a_conflict(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    issue(store, DOMAIN, CUSTOMER, "c-1", CreateCustomer("Fred", money(1)))
    others = iter(range(10, 13))

    def overtaken(*arguments: Any, **named: Any) -> Any:
        loaded = load(*arguments, **named)
        amount = next(others, None)
        if amount is not None:
            store.append(
                CUSTOMER_KEY,
                loaded.version,
                [NewEvent("CustomerCreditLimitChanged", {"creditLimit": {"amount": amount}}, f"other {amount}")],
            )
        return loaded

    monkeypatch.setattr(commands, "load", overtaken)
    (written,) = issue(store, DOMAIN, CUSTOMER, "c-1", ChangeCreditLimit(money(7)))
    assert written.version == 5
    others = iter(range(20, 90))
    with pytest.raises(Conflict):
        issue(store, DOMAIN, CUSTOMER, "c-1", ChangeCreditLimit(money(8)), attempts=3)


def test_ids_that_are_given_make_issuing_again_harmless(store: Store) -> None:
    ids = [caused_id("s", "trigger", "0", index) for index in range(2)]
    first = issue(store, DOMAIN, ORDER, "o-1", CREATE, event_id=ids.__getitem__)
    assert [event.event_id for event in first] == ids[:1]
    assert ids == [caused_id("s", "trigger", "0", index) for index in range(2)]
    assert ids[0] != ids[1]


def test_metadata_of_commands_by_hand_and_of_reactions(store: Store) -> None:
    (created,) = issue(store, DOMAIN, ORDER, "o-1", CREATE, metadata=by_hand("on the phone"))
    metadata: Any = decode(created.metadata).value
    assert metadata["origin"] == "event-store-explorer"
    assert metadata["user"]
    assert metadata["reason"] == "on the phone"
    assert metadata["correlation_id"] == metadata["causation_id"]
    trigger = readable(created)
    assert caused_by(trigger) == {"correlation_id": metadata["correlation_id"], "causation_id": created.event_id}
    assert "reason" not in by_hand()


def test_what_was_decided_on_is_recorded(store: Store) -> None:
    """Of commands, never of events that nobody decided."""

    def recorded(event: Event) -> tuple[str | None, int | None, int | None]:
        words = said(decode(event.metadata).value)
        return words.command, words.snapshot, words.events

    (created,) = issue(store, DOMAIN, CUSTOMER, "c-9", CreateCustomer("Zoë", money(10)))
    (changed,) = issue(store, DOMAIN, CUSTOMER, "c-9", ChangeCreditLimit(money(7)), metadata={})
    key = created.stream
    take_snapshot(store, DOMAIN, CUSTOMER, key, 1)
    decision = preview(store, DOMAIN, CUSTOMER, "c-9", ChangeCreditLimit(money(8)))
    assert decision.loaded == "snapshot v1 + 1 event"
    (last,) = commit(store, key, decision)
    assert [recorded(event) for event in (created, changed, last)] == [
        ("CreateCustomer", 0, 0),
        ("ChangeCreditLimit", 0, 1),
        ("ChangeCreditLimit", 1, 1),
    ]
    raw = preview_events(store, DOMAIN, CUSTOMER, key, [NewEvent("Noted", {}, "raw", by_hand())])
    assert recorded(commit(store, key, raw)[0]) == (None, None, None)


def test_a_reaction_to_an_event_without_ids() -> None:
    trigger = DomainEvent("Order", "o", 3, "OrderCreated", {})
    assert caused_by(trigger) == {"correlation_id": "Order/o/3", "causation_id": "Order/o/3"}


def test_bugs_of_the_domain_are_said(store: Store) -> None:
    def decide(state: Any, command: Any) -> Any:
        return [("Made", {1, 2}), ("Made", object())] if command == "odd" else 1 / 0

    aggregate = Aggregate("Thing", dict, lambda state, event: state, decide)
    domain = Domain("things", (aggregate,))
    with pytest.raises(ReducerFailed, match="could not be decided: ZeroDivisionError"):
        preview(store, domain, aggregate, "x", "bad")
    with pytest.raises(Invalid, match="cannot be shown as JSON"):
        preview(store, domain, aggregate, "x", "odd")
    with pytest.raises(Invalid, match="takes no commands"):
        preview(store, domain, replace(aggregate, decide=None), "x", "any")


def test_a_reducer_that_fails_on_the_new_events_is_told_in_the_preview(store: Store) -> None:
    def evolve(state: Any, event: DomainEvent) -> Any:
        if event.data == 2:
            raise KeyError("two")
        return {**state, "n": event.data}

    aggregate = Aggregate("Thing", dict, evolve, lambda state, command: [("Made", n) for n in (1, 2, 3)])
    decision = preview(store, Domain("things", (aggregate,)), aggregate, "x", None)
    assert decision.error.startswith("Version 2 (Made): KeyError: 'two'")
    assert decision.after == {"n": 3}
    assert len(decision.events) == 3


def test_a_reducer_that_changes_its_input_does_not_spoil_the_preview(store: Store) -> None:
    def evolve(state: Any, event: DomainEvent) -> Any:
        state["n"] = event.data
        return state

    def decide(state: Any, command: Any) -> Any:
        state["n"] = "spoilt by decide"
        return [("Made", command)]

    aggregate = Aggregate("Thing", dict, evolve, decide)
    domain = Domain("things", (aggregate,))
    issue(store, domain, aggregate, "x", 1)
    decision = preview(store, domain, aggregate, "x", 2)
    assert (decision.before, decision.after) == ({"n": 1}, {"n": 2})


def test_previews_of_raw_events(store: Store) -> None:
    issue(store, DOMAIN, ORDER, "o-1", CREATE)
    cancelled = NewEvent("OrderCancelled", {"customerId": "c-1", "reason": "raw"}, "e")
    folded = preview_events(store, DOMAIN, ORDER, KEY, [cancelled])
    assert folded.after["status"] == "CANCELLED"  # type: ignore[index, call-overload]
    assert folded.expected == 1
    generic = preview_events(store, None, None, KEY, [cancelled], expected=7)
    assert generic.after["reason"] == "raw"  # type: ignore[index, call-overload]
    assert generic.expected == 7
    with pytest.raises(Conflict):
        commit(store, KEY, generic)


# -- loading -----------------------------------------------------------------------------------------------------------


def test_loading_uses_the_newest_usable_snapshot(store: Store) -> None:
    limits(store, 30)
    assert load(store, DOMAIN, CUSTOMER, CUSTOMER_KEY).text == "30 events"
    take_snapshot(store, DOMAIN, CUSTOMER, CUSTOMER_KEY, 10)
    take_snapshot(store, DOMAIN, CUSTOMER, CUSTOMER_KEY, 27)
    loaded = load(store, DOMAIN, CUSTOMER, CUSTOMER_KEY)
    assert (loaded.text, loaded.version, loaded.events_read) == ("snapshot v27 + 3 events", 30, 3)
    assert loaded.state["creditLimit"] == {"amount": 29}
    assert load(store, DOMAIN, CUSTOMER, CUSTOMER_KEY, snapshots=False).text == "30 events"
    earlier = load(store, DOMAIN, CUSTOMER, CUSTOMER_KEY, upto=20)
    assert (earlier.text, earlier.version) == ("snapshot v10 + 10 events", 20)
    assert load(store, DOMAIN, CUSTOMER, CUSTOMER_KEY, upto=27).text == "snapshot v27 + 0 events"


Spoil = Callable[[Snapshot], Snapshot]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda snapshot: replace(snapshot, fingerprint="of other code"),
        lambda snapshot: replace(snapshot, schema_version=2),
        lambda snapshot: replace(snapshot, schema_version=None),
        lambda snapshot: replace(snapshot, aggregate="Other"),
        lambda snapshot: replace(snapshot, last_event_id="another event"),
        lambda snapshot: replace(snapshot, last_event_id=None),
    ],
)
def test_a_snapshot_of_other_code_or_other_events_is_not_used(store: Store, spoil: Spoil) -> None:
    limits(store, 12)
    take_snapshot(store, DOMAIN, CUSTOMER, CUSTOMER_KEY, 5)
    newest = take_snapshot(store, DOMAIN, CUSTOMER, CUSTOMER_KEY)
    store.save_snapshot(spoil(newest))
    assert load(store, DOMAIN, CUSTOMER, CUSTOMER_KEY).text == "snapshot v5 + 7 events"


def test_a_snapshot_that_the_aggregate_cannot_load_is_not_used(store: Store) -> None:
    def fail(value: Any) -> Any:
        raise KeyError("name")

    limits(store, 12)
    take_snapshot(store, DOMAIN, CUSTOMER, CUSTOMER_KEY)
    broken = replace(CUSTOMER, load=fail)
    assert fingerprint(DOMAIN, broken) == fingerprint(DOMAIN, CUSTOMER)
    assert load(store, DOMAIN, broken, CUSTOMER_KEY).text == "12 events"


def test_an_event_that_cannot_be_folded_stops_the_command_path(store: Store) -> None:
    store.append(CUSTOMER_KEY, 0, [NewEvent("CustomerCreated", {"odd": 1}, "e")])
    with pytest.raises(
        ReducerFailed, match=r"Version 1 \(CustomerCreated\) of Customer c-1 cannot be folded"
    ) as raised:
        preview(store, DOMAIN, CUSTOMER, "c-1", ChangeCreditLimit(money(1)))
    assert raised.value.version == 1


def test_long_streams_are_read_in_pages(store: Store) -> None:
    limits(store, 2300)
    loaded = load(store, DOMAIN, CUSTOMER, CUSTOMER_KEY)
    assert (loaded.version, loaded.text) == (2300, "2,300 events")


def test_issuing_takes_the_periodic_snapshot(store: Store) -> None:
    limits(store, 99)
    issue(store, DOMAIN, CUSTOMER, "c-1", ChangeCreditLimit(money(5)))
    (snapshot,) = store.snapshots(CUSTOMER_KEY)
    assert snapshot.version == 100
    assert load(store, DOMAIN, CUSTOMER, CUSTOMER_KEY).text == "snapshot v100 + 0 events"
