"""Events in words: fields of the payload, whatever it holds."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from explorer.domains.customers_orders import DOMAIN
from explorer.model import Json
from explorer.narration import UNKNOWN, narrate

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def test_fields_of_the_payload() -> None:
    data: Json = {"customerId": "C-1", "orderTotal": {"amount": Decimal("1.10")}, "lines": [{"sku": "TEA"}], "ok": True}
    assert narrate("{customerId} orders for {orderTotal.amount}", "Order", "O-1", data) == "C-1 orders for 1.10"
    assert narrate("{lines.0.sku} in {category} {id}: {ok}", "Order", "O-1", data) == "TEA in Order O-1: yes"


def test_what_is_not_there_is_said_so() -> None:
    assert narrate("{a.b} and {lines.7}", "C", "1", {"a": 5, "lines": []}) == f"{UNKNOWN} and {UNKNOWN}"
    assert narrate("{{braces}} {} {", "C", "1", None) == f"{{braces}} {UNKNOWN} {{"


def test_a_payload_with_an_id_of_its_own_speaks_first() -> None:
    assert narrate("{id}", "Order", "O-1", {"id": "inner"}) == "inner"
    assert narrate("{id}", "Order", "O-1", {}) == "O-1"


def test_no_template_reaches_into_objects() -> None:
    assert (
        narrate("{__class__} {customerId.__class__.__mro__}", "C", "1", {"customerId": "x"}) == f"{UNKNOWN} {UNKNOWN}"
    )


def test_numbers_that_nobody_would_read() -> None:
    assert narrate("{n}", "C", "1", {"n": 10**5000}).endswith("bits")
    assert narrate("{n}", "C", "1", {"n": Decimal("1E+400")}) == "1E+400"
    assert narrate("{n}", "C", "1", {"n": Decimal("1E+2")}) == "100"


@given(st.text(), JSON)
def test_it_never_raises_and_never_grows_without_end(template: str, data: Json) -> None:
    assert len(narrate(template, "C", "1", data)) <= (len(template) + 1) * 700


def test_the_shipped_domain_has_words_for_all_its_events() -> None:
    types = {type for aggregate in DOMAIN.aggregates for type in aggregate.events}
    assert set(DOMAIN.narration) == types
