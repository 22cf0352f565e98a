"""The invariants that the domain declares as expressions are broken where the same rules in Python are."""

from __future__ import annotations

from collections import defaultdict

import pytest

from explorer import fold, payload, watches
from explorer.domains.customers_orders import DOMAIN, invariants
from explorer.domains.customers_orders.sample import history
from explorer.expressions import Expression
from explorer.model import Event, NewEvent, StreamKey
from explorer.watches import Course

RULES = {
    "the total is the sum of the lines": invariants.total_is_sum_of_lines,
    "only what is approved is shipped": invariants.shipped_as_approved,
    "no credit is reserved beyond the limit": invariants.reservations_within_limit,
}


@pytest.fixture(scope="module")
def streams() -> dict[StreamKey, list[NewEvent]]:
    found: dict[StreamKey, list[NewEvent]] = defaultdict(list)
    for append in history(2_500):
        found[append.key].extend(append.events)
    return found


def test_every_rule_about_one_stream_is_declared() -> None:
    assert {name for aggregate in DOMAIN.aggregates for name in aggregate.invariants} == set(RULES)
    assert set(RULES.values()) == set(invariants.STEPS)


@pytest.mark.parametrize("name", RULES)
def test_an_invariant_is_first_broken_where_its_rule_is(name: str, streams: dict[StreamKey, list[NewEvent]]) -> None:
    aggregate = next(one for one in DOMAIN.aggregates if name in one.invariants)
    broken = 0
    for key, events in streams.items():
        if key.category != aggregate.name:
            continue
        course = Course(Expression(aggregate.invariants[name]), truth=True)
        state, first = fold.initial(aggregate), None
        for version, new in enumerate(events, 1):
            event = Event(key.category, key.id, version, None, new.type, payload.encode_plain(new.data))
            readable = fold.readable(event, DOMAIN.upcast)
            after = aggregate.evolve(state, readable)
            if first is None and RULES[name](state, readable, after):
                first = version
            watches.take([course], event, state, after, DOMAIN.upcast)
            state = after
        found = course.broken[0].version if course.broken else None
        assert (found, course.failed) == (first, None)
        broken += found is not None
    assert broken == 1
