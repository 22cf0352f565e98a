"""The row that would be left, and what the events answer where it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.domains.customers_orders import DOMAIN
from explorer.model import CrudRow, DomainEvent, Json, Question
from explorer.past import answers, at, by, general, questions, row, row_says, sentence, told

ORDERS = DOMAIN.rows[0]
NOTHING: Mapping[str, Json] = {}
STATE: Json = {"status": "REJECTED", "customerId": "c-1", "orderTotal": {"amount": 60}, "lines": [{"sku": "A"}]}


def event(type: str, version: int = 1, data: Json = None, metadata: Mapping[str, Json] = NOTHING) -> DomainEvent:
    return DomainEvent("Order", "o-1", version, type, data, metadata)


def states(values: list[Json]) -> Callable[[int], Json]:
    """The first is the state before all events."""
    return lambda number: values[number + 1]


def test_the_row_has_what_a_table_would_keep() -> None:
    moment = datetime(2026, 3, 1, 9, 14, tzinfo=UTC)
    assert row(ORDERS, "o-1", STATE, moment) == {
        "id": "o-1", "customer_id": "c-1", "status": "REJECTED", "order_total": 60,
        "updated_at": "2026-03-01 09:14:00Z",
    }  # fmt: skip
    assert row(ORDERS, "o-1", {}, None)["status"] is None


def test_a_row_that_nobody_declared_has_the_first_plain_members() -> None:
    state: Json = {"a/b": 1, "id": 2, "list": [], "c": None, **{f"m{n}": n for n in range(9)}}
    kept = general("note", state)
    assert (kept.table, list(kept.columns)) == ("NOTE", ["a/b", "c", "m0", "m1", "m2", "m3"])
    assert row(kept, "n-1", state, None)["a/b"] == 1
    assert general("x", None).columns == {}


@pytest.mark.parametrize(
    ("path", "found"),
    [("", STATE), ("/status", "REJECTED"), ("/orderTotal/amount", 60), ("/lines/0/sku", "A"), ("/lines/1", None),
     ("/lines/x", None), ("/status/more", None), ("/nothing", None)],
)  # fmt: skip
def test_what_a_path_points_at(path: str, found: Json) -> None:
    assert at(STATE, path) == found


def test_events_of_a_type_answer_why() -> None:
    why = DOMAIN.questions[0]
    created, rejected = event("OrderCreated"), event("OrderRejected", 2, {"reason": "credit limit"})
    (found,) = answers(why, [created, rejected], states([{}] * 3))
    assert found.event == rejected
    assert told(found, why, DOMAIN.narration) == "Order o-1 is rejected: credit limit"
    assert row_says(why, {"status": "REJECTED"}) == "The status is REJECTED. The row does not say why."
    assert answers(why, [created], states([{}] * 2)) == []


def test_who_changed_it_and_from_what() -> None:
    who = DOMAIN.questions[1]
    total: list[Json] = [{}]
    for amount in (60, 60, 90, 40):
        total.append({"orderTotal": {"amount": amount}})
    events = [event("OrderCreated"), event("OrderApproved", 2), event("OrderRevised", 3), event("OrderRevised", 4)]
    found = answers(who, events, states(total))
    assert [(one.event.version, told(one, who, {})) for one in found] == [(3, "from 60 to 90"), (4, "from 90 to 40")]


def test_other_domains_are_asked_general_questions() -> None:
    kept = CrudRow("Note", "NOTE", {"text": "/text", "by": "/by"})
    values: list[Json] = [{}, {"text": "a", "by": "x"}, {"text": "b", "by": "x"}, {"text": "b", "by": "x", "n": [1]}]
    last, before = questions(DOMAIN.questions, "Note", kept, states(values), 3)
    assert (last.text, before.text) == ("What led to the last change?", "What was text before?")
    events = [event("Noted"), event("Changed", 2), event("Listed", 3)]
    assert [one.event.type for one in answers(last, events, states(values))] == ["Listed"]
    assert [told(one, before, {}) for one in answers(before, events, states(values))] == ["from a to b"]
    assert row_says(before, {"text": "b"}) == "It is b now. The row does not say what it was."
    assert questions(DOMAIN.questions, "Order", ORDERS, states([{}]), 0) == DOMAIN.questions[:3]
    assert row_says(Question("x", "?"), {}) == "The row does not say."


def test_every_declared_question_is_of_an_aggregate_with_a_row_and_known_events() -> None:
    known = {aggregate.name: aggregate for aggregate in DOMAIN.aggregates}
    assert {one.aggregate for one in DOMAIN.questions} == {one.aggregate for one in DOMAIN.rows} == set(known)
    for question in DOMAIN.questions:
        assert set(question.types) <= set(known[question.aggregate].events)


def test_events_without_words_are_told_by_what_they_hold() -> None:
    assert sentence(event("Noted", data={"a": 1}), {}) == 'Noted {"a":1}'
    assert sentence(event("Noted"), {}) == "Noted"
    assert sentence(event("Noted", data={"a": "x" * 500}), {}).endswith("…")
    assert sentence(event("Noted", data={"a": 1}), {"Noted": "{id} has {a}"}) == "o-1 has 1"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [({"user": "eva", "origin": "event-store-explorer"}, "eva"), ({"origin": "simulate"}, "simulate"), ({}, ""),
     ({"service": "order", "causation_id": "e", "correlation_id": "c"}, "order service")],
)  # fmt: skip
def test_who_wrote_it(metadata: dict[str, Json], expected: str) -> None:
    assert by(event("X", metadata=metadata)) == expected


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=15))
def test_what_changed_leads_from_the_first_value_to_the_last(values: list[int | None]) -> None:
    question = Question("Order", "?", changed="/n")
    after: list[Json] = [{} if value is None else {"n": value} for value in values]
    events = [event("E", number) for number in range(1, len(after))]
    found = answers(question, events, lambda number: after[number + 1])
    for one in found:
        assert one.before != one.after
        assert one.before == values[one.event.version - 1]
        assert one.after == values[one.event.version]
    changes = [n for n in range(1, len(values)) if values[n] != values[n - 1] and values[n - 1] is not None]
    assert [one.event.version for one in found] == changes
