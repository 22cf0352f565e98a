"""Which steps an event went through: only what is recorded of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import payload
from explorer.causation import by_hand, decided_on, simulated
from explorer.model import Json
from explorer.pattern import KINDS, Happened, Step, appends, facts, happened, how, journey, words


def event(
    type: str = "OrderCreated",
    metadata: dict[str, Json] | None = None,
    *,
    category: str = "Order",
    id: str = "o-1",
    version: int = 1,
    position: int | None = 7,
    event_id: str | None = None,
) -> Happened:
    raw = payload.encode(metadata) if metadata is not None else b""
    return happened(category, id, version, type, position, event_id or f"{type} {id} {version}", 0, raw)


BY_EVA: dict[str, Json] = {"correlation_id": "c", "causation_id": "c", "origin": "event-store-explorer", "user": "eva"}
CREATED = event(metadata={**BY_EVA, **decided_on("CreateOrder", None, 0)})
RESERVED = event(
    "CustomerCreditReserved",
    {
        "correlation_id": "c", "causation_id": CREATED.identity, "service": "customer",
        **decided_on("ReserveCredit", 100, 3),
    },
    category="Customer", id="c-1", version=104, position=8,
)  # fmt: skip


def kinds(steps: tuple[Step, ...]) -> list[str]:
    return [step.kind for step in steps]


def test_a_command_by_hand() -> None:
    steps = journey(CREATED)
    assert kinds(steps) == ["issue", "load", "decide", "append"]
    assert [words(step) for step in steps] == [
        "eva issues CreateOrder to Order o-1.",
        "Order o-1 is new: there is nothing to load.",
        "The rules of Order decide on this state: OrderCreated.",
        "OrderCreated is appended as version 1 of Order o-1, at position 7 of the store: one atomic write, and it is"
        " published too.",
    ]
    assert how(CREATED) == "eva · CreateOrder decided on no events, it was new"


def test_a_reaction_of_a_service() -> None:
    steps = journey(RESERVED, CREATED)
    assert kinds(steps) == ["react", "load", "decide", "append"]
    assert words(steps[0]) == (
        "The customer service reacts to OrderCreated of Order o-1: it issues ReserveCredit to Customer c-1."
    )
    assert words(steps[1]) == "Customer c-1 is loaded: snapshot v100 + 3 events, instead of all 103."
    assert how(RESERVED, CREATED) == (
        "the customer service reacted to OrderCreated of Order o-1 · ReserveCredit decided on snapshot v100 + 3 events"
    )
    assert "an earlier event" in words(journey(RESERVED)[0])


def test_nothing_was_decided_of_what_is_appended_by_hand() -> None:
    raw = event(metadata=by_hand())
    assert kinds(journey(raw)) == ["append"]
    assert "nothing was decided" in words(journey(raw)[0])
    assert "wrote it by hand" in how(raw)


def test_simulated_customers_are_no_service() -> None:
    simulated_one = event(metadata={**simulated("x"), **decided_on("CreateOrder", 0, 0)})
    assert kinds(journey(simulated_one)) == ["issue", "load", "decide", "append"]
    assert simulated_one.service is None
    assert words(journey(simulated_one)[0]).startswith("A simulated customer issues")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (None, ["append"]),
        ({"tenant": 1}, ["append"]),
        ({"triggering_event": "etpo:0001-0002:Customer:3:99"}, ["react", "append"]),
        ({"causationMessageStreamName": "order:command-1", "causationMessagePosition": 0}, ["react", "append"]),
        ({"correlationStreamName": "bank-1"}, ["append"]),
        ({"causation_id": "e-1", "correlation_id": "c-1", "service": "shipping"}, ["react", "append"]),
    ],
)
def test_other_stores_say_less(metadata: dict[str, Json] | None, expected: list[str]) -> None:
    found = event(metadata=metadata)
    assert kinds(journey(found)) == expected
    assert how(found)


def test_metadata_that_were_cut_say_nothing() -> None:
    cut = happened("A", "1", 1, "T", None, None, None, payload.encode({**BY_EVA, "note": "x" * 2000})[:1000])
    assert (kinds(journey(cut)), how(cut)) == (["append"], "nobody says how it came about")
    assert (cut.identity, facts(cut)) == ("A/1/1", "T · A 1 v1")


def test_what_one_append_wrote_tells_of_its_command_once() -> None:
    first, second = event(metadata=BY_EVA), event("Noted", BY_EVA, version=2, position=8)
    other = event("Noted", {**BY_EVA, "causation_id": "d"}, version=3, position=9)
    assert appends([first, second, other]) == [[first, second], [other]]
    assert "one atomic write of 2 events" in words(journey(first, together=2)[-1])
    assert kinds(journey(second, together=2, first=False)) == ["append"]


def test_long_names_are_shown_by_their_end() -> None:
    java = event("net.shop.events.OrderCreatedEvent", category="net.shop.domain.Order")
    assert (java.name, java.place) == ("OrderCreatedEvent", "Order o-1")
    assert facts(java) == "net.shop.events.OrderCreatedEvent · net.shop.domain.Order o-1 v1 · position 7"


@settings(deadline=None)
@given(
    st.one_of(st.none(), st.dictionaries(st.sampled_from([
        "correlation_id", "causation_id", "service", "origin", "user", "command", "decided_on", "triggering_event",
        "causationMessageStreamName", "causationMessagePosition", "causationMessageGlobalPosition",
    ]), st.one_of(st.text(max_size=5), st.integers(), st.just({"snapshot": 1, "events": 2}), st.none()), max_size=6)),
    st.text(max_size=5), st.text(max_size=5), st.text(max_size=5),
)  # fmt: skip
def test_whatever_metadata_say_the_steps_are_in_order(
    metadata: dict[str, Json] | None, category: str, id: str, type: str
) -> None:
    found = happened(category, id, 1, type, None, None, None, payload.encode_plain(metadata) if metadata else b"")
    steps = journey(found, CREATED)
    order = [KINDS.index(step.kind) for step in steps]
    assert order == sorted(order)
    assert steps[-1].kind == "append"
    assert ("decide" in kinds(steps)) == found.decided
    assert all(words(step).endswith(".") for step in steps)
