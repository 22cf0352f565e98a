"""Which command would have been accepted when: as deciding each of them on each state says, and ? only where needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.decision_map import (
    ACCEPTED,
    FAILED,
    INVALID,
    NOTHING,
    REFUSED,
    UNKNOWN,
    DecisionMap,
    Run,
    described,
)
from explorer.domains.customers_orders.order import ORDER
from explorer.errors import Invalid, Refused
from explorer.model import Aggregate, DomainEvent, Event, Json


@dataclass(frozen=True)
class Add:
    amount: int
    note: str


@dataclass(frozen=True)
class Close:
    reason: str | None = None


@dataclass(frozen=True)
class Odd:
    how: str
    what: Any = field(default=None)

    def __post_init__(self) -> None:
        if self.how == "not like this":
            raise ValueError("not like this")


def evolve(state: Any, event: DomainEvent) -> Any:
    if event.type == "bad":
        raise ValueError("no")
    return {"sum": state["sum"] + 1, "closed": state["closed"] or event.type == "Closed"}


def decide(state: Any, command: Any) -> list[tuple[str, Json]]:
    if state["closed"]:
        raise Refused("It is closed.")
    if isinstance(command, Close):
        return [("Closed", {"reason": command.reason})] if state["sum"] else []
    if isinstance(command, Odd):
        try:
            if command.how == "break":
                raise KeyError("broken")
        except (ValueError, TypeError):
            return []
        return [("Odd", {"what": command.what})]
    if state["sum"] < 2:
        return [("Added", {"amount": command.amount, "note": command.note})]
    if state["sum"] + command.amount > 5:
        raise Refused(f"More than 5 is too much, and {command.amount} is.")
    return [("Added", {"amount": command.amount, "note": command.note}), ("Noted", {})]


TILL = Aggregate("Till", lambda: {"sum": 0, "closed": False}, evolve, decide, (Add, Close, Odd))


def events(*types: str) -> list[Event]:
    return [Event("Till", "t", n, n, type, b"{}") for n, type in enumerate(types, 1)]


def mapped(*types: str, aggregate: Aggregate = TILL, **fields: Json) -> DecisionMap:
    made = DecisionMap(aggregate, None, fields)
    made.extend(events(*types))
    return made


def said(made: DecisionMap, command: str) -> list[tuple[int, int, str]]:
    return [(run.first, run.last, described(run)) for run in made.runs[command]]


def test_a_value_that_nobody_gave_is_missed_only_where_the_rules_look_at_it() -> None:
    made = mapped("Added", "Added", "Added", "Closed", "Added")
    assert said(made, "Add") == [
        (0, 1, "accepted: Added"),  # it is only passed on
        (2, 3, "? depends on amount"),
        (4, 5, "refused: It is closed."),
    ]
    assert made.runs["Add"][2] == Run(4, 5, "Closed", REFUSED, "It is closed.")


def test_with_values_the_verdicts_are_those_of_the_rules() -> None:
    made = mapped("Added", "Added", "Added", "Added", amount=2)
    assert said(made, "Add") == [
        (0, 1, "accepted: Added"),
        (2, 3, "accepted: Added, Noted"),
        (4, 4, "refused: More than 5 is too much, and 2 is."),
    ]
    assert said(made, "Close") == [(0, 0, "accepted, and nothing happens"), (1, 4, "accepted: Closed")]
    assert [run.type for run in made.runs["Close"]] == ["", "Added"]


@pytest.mark.parametrize(
    ("fields", "verdict", "why"),
    [
        ({}, UNKNOWN, "how"),
        ({"how": "break"}, FAILED, "broken"),
        ({"how": "not like this"}, INVALID, "not like this"),
        ({"how": 5}, INVALID, "how"),
        ({"how": "well"}, ACCEPTED, "Odd"),
    ],
)
def test_every_way_a_command_can_end(fields: dict[str, Json], verdict: str, why: str) -> None:
    made = DecisionMap(TILL, None, fields)
    made.extend(events("Added"))
    (run,) = made.runs["Odd"]
    assert run.verdict == verdict
    assert why in run.why
    assert described(run)


def looking(look: Any) -> Aggregate:
    def decide(state: Any, command: Any) -> list[tuple[str, Json]]:
        look(command.amount)
        return []

    return Aggregate("Till", lambda: 0, lambda state, event: state, decide, (Add,))


@pytest.mark.parametrize(
    "look",
    [
        bool, str, repr, hash, len, list, int, float,
        lambda v: v + 1, lambda v: 1 + v, lambda v: v == 1, lambda v: v > 1,
        lambda v: v.amount, lambda v: v["a"], lambda v: "a" in v, lambda v: f"{v}", lambda v: isinstance(v, int),
        lambda v: Decimal(1) * v, lambda v: [*v], lambda v: {**v}, lambda v: not v, lambda v: {v}, lambda v: -v,
        lambda v: v(), lambda v: max(v, 1), lambda v: sum([1, v]), lambda v: range(v),
    ],
)  # fmt: skip
def test_whatever_looks_at_a_missing_value_is_seen(look: Any) -> None:
    (run,) = mapped("a", aggregate=looking(look)).runs["Add"]
    assert (run.verdict, run.why) == (UNKNOWN, "amount")


def test_what_is_only_passed_on_is_not() -> None:
    made = mapped("a", aggregate=looking(lambda value: [{"kept": (value, [value])}]))
    assert [run.verdict for run in made.runs["Add"]] == [NOTHING]


def decided(state: Any, command: Any) -> tuple[str, str]:
    try:
        types = ", ".join(kind for kind, _ in decide(state, command))
    except Refused as rule:
        return REFUSED, str(rule)
    return ACCEPTED if types else NOTHING, types


@given(st.lists(st.sampled_from(["Added", "Closed", "bad"]), max_size=12), st.integers(0, 6), st.integers(0, 12))
def test_any_history_in_any_pieces(types: list[str], amount: int, cut: int) -> None:
    """Runs cover every version once, say what deciding says, and do not depend on when events came."""
    fields: dict[str, Json] = {"amount": amount, "note": "n", "how": "well"}
    made = DecisionMap(TILL, None, fields)
    made.extend(events(*types)[:cut])
    made.extend(events(*types)[cut:])
    state = TILL.initial()
    for version, type in enumerate(["", *types]):
        if type and type != "bad":
            state = evolve(state, DomainEvent("Till", "t", version, type, {}))
        for command in (Add(amount, "n"), Close(), Odd("well")):
            (run,) = [one for one in made.runs[command.__class__.__name__] if one.first <= version <= one.last]
            assert (run.verdict, run.why) == decided(state, command)
    for runs in made.runs.values():
        assert all(one.last + 1 == other.first for one, other in pairwise(runs))
        assert all((one.verdict, one.why) != (other.verdict, other.why) for one, other in pairwise(runs))


def test_rules_that_change_the_state_change_nothing() -> None:
    def changing(state: Any, command: Any) -> list[tuple[str, Json]]:
        state["sum"] += 100
        return []

    def counted(state: Any, event: DomainEvent) -> Any:
        return {"sum": state["sum"] + 1}

    seen: list[int] = []

    def looking(state: Any, command: Any) -> list[tuple[str, Json]]:
        seen.append(state["sum"])
        return changing(state, command)

    mapped(*["a"] * 40, aggregate=Aggregate("T", lambda: {"sum": 0}, counted, looking, (Close,)))
    assert seen == list(range(41))


def test_the_shipped_order() -> None:
    """Since when can this order not be cancelled, and which event made it so?"""
    made = DecisionMap(ORDER, None, {})
    created = b'{"customerId": "c", "lines": [], "orderTotal": {"amount": 1}, "revision": 1}'
    shipped = b'{"customerId": "c", "tracking": "t"}'
    approved = b'{"customerId": "c", "revision": 1}'
    for version, (type, data) in enumerate(
        (("OrderCreated", created), ("OrderApproved", approved), ("OrderShipped", shipped)), 1
    ):
        made.extend([Event("Order", "o", version, version, type, data)])
    last = made.runs["CancelOrder"][-1]
    assert (last.first, last.type, last.verdict) == (3, "OrderShipped", REFUSED)
    assert [run.verdict for run in made.runs["ReviseOrder"]] == [REFUSED, REFUSED, UNKNOWN, REFUSED]


def test_what_cannot_be_mapped() -> None:
    with pytest.raises(Invalid, match="takes no commands"):
        DecisionMap(Aggregate("T", dict, evolve), None, {})
    with pytest.raises(Invalid, match="has a field colour"):
        DecisionMap(TILL, None, {"colour": "red"})
