"""The chain of causes and effects: what metadata say becomes links, whatever they say, and a diagram."""

from __future__ import annotations

import math
import re
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.cancellation import Cancellation
from explorer.causality import Chain, chain_of, find, trace
from explorer.causation import Said, decided_on, event_identity, said
from explorer.domains.customers_orders.sample import history
from explorer.errors import Cancelled
from explorer.mermaid import LONGEST, escaped, mermaid
from explorer.model import DomainEvent, EventQuery, NewEvent, StreamKey
from explorer.sequence import arrange
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.bulk import fill
from tests import stores_written

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def event(
    number: int, metadata: Any = None, *, category: str = "Order", id: str = "1", version: int = 0, seconds: float = 0
) -> DomainEvent:
    moment = START + timedelta(seconds=seconds or number)
    return DomainEvent(category, id, version or number, f"T{number}", None, metadata, f"e{number}", moment, number)


def links(chain: Chain) -> list[tuple[str, str, bool]]:
    return [(link.cause_event_id, link.effect_event_id, link.recorded) for link in chain.links]


# -- what metadata say -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "meant"),
    [
        ({"correlation_id": "c", "causation_id": "x"}, Said("c", "x")),
        ({"correlationId": "c", "causationId": "x"}, Said("c", "x")),
        ({"$correlationId": "c", "$causationId": "x", "origin": "shop"}, Said("c", "x", service="shop")),
        (
            {
                "correlationStreamName": "bank-1",
                "causationMessageStreamName": "account-1",
                "causationMessagePosition": 0,
                "causationMessageGlobalPosition": 7,
            },
            Said("bank-1", None, "account-1", 1, 7),
        ),
        ({"triggering_event": "etpo:0001-0002:Customer:3:99"}, Said(None, "0001-0002")),
        (
            {"triggering_event": "etpo:0000018bcfe56804-0000000000000001:Order:0:1"},
            Said(None, "0000018bcfe56804-0000000000000001", position=0x18BCFE56804),
        ),
        (
            {"triggering_event": f"etpo:{'f' * 16}-{'0' * 16}:Order:0:1"},
            Said(None, f"{'f' * 16}-{'0' * 16}"),
        ),
        ({"triggering_event": "etpo:0001"}, Said()),
        ({"causationMessageStreamName": "account-1"}, Said()),
        ({"causationMessageStreamName": "account-1", "causationMessagePosition": True}, Said()),
        ({"causationMessageStreamName": "account-1", "causationMessagePosition": Decimal("NaN")}, Said()),
        ({"causationMessageGlobalPosition": -1, "correlation_id": "\x00", "causation_id": "\ud800"}, Said()),
        ({"correlation_id": "", "causation_id": "x" * 5000}, Said()),
        ({"correlation_id": ["c"], "causation_id": {"a": 1}, "service": math.nan}, Said()),
        ({"causationMessageGlobalPosition": 2**80}, Said()),
        ({**decided_on("Pay", None, 3), "user": "eva"}, Said(user="eva", command="Pay", snapshot=0, events=3)),
        (decided_on("Pay", 100, 0), Said(command="Pay", snapshot=100, events=0)),
        ({"decided_on": {"snapshot": "7", "events": -1}, "command": 7}, Said()),
        ({"decided_on": [1]}, Said()),
        ([1, 2], Said()),
        ("text", Said()),
        (None, Said()),
        (math.nan, Said()),
    ],
    ids=lambda value: repr(value)[:40] if not isinstance(value, Said) else "",
)
def test_what_metadata_say(metadata: object, meant: Said) -> None:
    assert said(metadata) == meant


# -- links -------------------------------------------------------------------------------------------------------------


def test_a_recorded_chain() -> None:
    chain = chain_of(
        [
            event(3, {"correlation_id": "c", "causation_id": "e2"}, version=2),
            event(1, {"correlation_id": "c", "causation_id": "c"}),
            event(2, {"correlation_id": "c", "causation_id": "e1"}, category="Customer"),
        ]
    )
    assert [one.type for one in chain.events] == ["T1", "T2", "T3"]
    assert links(chain) == [("e1", "e2", True), ("e2", "e3", True)]
    assert [(depth, one.type) for depth, one, _ in chain.tree()] == [(0, "T1"), (1, "T2"), (2, "T3")]


def test_the_events_of_one_command_are_one_append() -> None:
    words = {"correlation_id": "c", "causation_id": "c"}
    elsewhere = event(3, words, id="2", version=1)
    chain = chain_of([event(1, words), event(2, words), elsewhere])
    assert links(chain) == [("e1", "e2", True), ("e2", "e3", False)]


def test_a_lost_cause_is_inferred_from_the_correlation() -> None:
    chain = chain_of(
        [
            event(1, {"correlation_id": "c", "causation_id": "c"}),
            event(2, {"correlation_id": "other"}),
            event(3, {"correlation_id": "c", "causation_id": "gone"}),
            event(4, {}),
        ]
    )
    assert links(chain) == [("e1", "e3", False)]


def test_what_began_a_correlation_may_be_its_name() -> None:
    chain = chain_of([event(1), event(2, {"correlation_id": "e1"}, id="2")])
    assert links(chain) == [("e1", "e2", False)]


def test_events_named_by_their_place() -> None:
    first = event(1, category="account", version=1)
    by_place = {"causationMessageStreamName": "account-1", "causationMessagePosition": 0}
    by_position = {"causationMessageGlobalPosition": 2}
    triggered = {"triggering_event": "etpo:e3:Account:0:5"}
    nameless = DomainEvent("Order", "x", 1, "T", None, {"causation_id": "Order/y/4"}, None, None, 9)
    named = DomainEvent("Order", "y", 4, "T", None, {}, None, None, 5)
    chain = chain_of([first, event(2, by_place), event(3, by_position), event(4, triggered), nameless, named])
    assert links(chain) == [
        ("e1", "e2", True),
        ("e2", "e3", True),
        ("e3", "e4", True),
        ("Order/y/4", "Order/x/1", True),
    ]


def test_a_circle_is_cut_open() -> None:
    chain = chain_of(
        [event(1, {"causation_id": "e3"}), event(2, {"causation_id": "e1"}), event(3, {"causation_id": "e2"})]
    )
    assert links(chain) == [("e1", "e2", True), ("e2", "e3", True)]
    assert links(chain_of([event(1, {"causation_id": "e1"})])) == []


names = st.sampled_from(["e1", "e2", "e3", "e4", "e5", "c", "Order-1", "Order/1/2", "", "\x00"])
values = st.one_of(
    names,
    st.none(),
    st.booleans(),
    st.integers(-1, 6),
    st.just(Decimal("NaN")),
    st.floats(),
    st.lists(names, max_size=1),
)
keys = st.sampled_from(
    [
        *("correlation_id", "causation_id", "$causationId", "correlationStreamName", "causationMessageStreamName"),
        *("causationMessagePosition", "causationMessageGlobalPosition", "triggering_event", "service"),
    ]
)
metadatas = st.one_of(st.dictionaries(keys, values), st.none(), st.lists(names), st.text(max_size=3), st.floats())
events = st.lists(
    st.builds(
        DomainEvent,
        category=st.sampled_from(["Order", "Customer", ""]),
        id=st.sampled_from(["1", "2", ""]),
        version=st.integers(1, 4),
        type=st.text(max_size=5),
        data=st.none(),
        metadata=metadatas,
        event_id=st.one_of(st.none(), names),
        recorded_at=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
        position=st.one_of(st.none(), st.integers(0, 9), st.text(max_size=2), st.tuples(st.integers(0, 3))),
    ),
    max_size=12,
)


@given(events)
def test_every_event_comes_once_whatever_metadata_say(given_events: list[DomainEvent]) -> None:
    chain = chain_of(given_events)
    identities = [event_identity(one) for one in chain.events]
    assert sorted(identities) == sorted({event_identity(one) for one in given_events})
    assert Counter(event_identity(one) for _, one, _ in chain.tree()) == Counter(identities)
    assert len({link.effect_event_id for link in chain.links}) == len(chain.links)
    assert all(line.isprintable() for line in mermaid(chain).split("\n"))


def test_a_long_chain_is_no_trouble() -> None:
    count = 20_000
    chain = chain_of(event(n, {"causation_id": f"e{n - 1 or count}"}) for n in range(1, count + 1))
    assert len(chain.links) == count - 1
    assert [depth for depth, _, _ in chain.tree()] == list(range(count))


# -- the diagram -------------------------------------------------------------------------------------------------------


def test_the_diagram() -> None:
    chain = chain_of(
        [
            event(1, {"correlation_id": "c", "causation_id": "c", "origin": "shop; #1"}),
            event(2, {"correlation_id": "c", "causation_id": "e1"}, category="Customer", version=7),
            event(3, {"correlation_id": "c"}, version=2, seconds=2 * 86_400 + 10),
        ]
    )
    assert mermaid(chain).splitlines() == [
        "sequenceDiagram",
        "    actor L1 as shop#59; #35;1",
        "    participant L2 as Order 1",
        "    participant L3 as Customer 1",
        "    L1->>L2: T1 v1",
        "    L2->>L3: T2 v7",
        "    Note over L2: … 2 days later",
        "    L3-->>L2: T3 v2",
    ]


def test_a_service_hears_once_of_what_it_reacts_to_twice() -> None:
    words = {"causation_id": "e1", "service": "shop"}
    chain = chain_of([event(1), event(2, words, id="2", version=1), event(3, words, id="3", version=1)])
    assert mermaid(chain).splitlines()[5:] == [
        "    Note over L1: T1 v1",
        "    L1->>L2: T1",
        "    L2->>L3: T2 v1",
        "    L2->>L4: T3 v1",
    ]


def test_names_of_java_classes_are_shortened_where_that_is_clear() -> None:
    package = "net.chrisrichardson.eventstore.examples.shop"
    lanes = [
        (f"{package}.Order", "1"),
        (f"{package}.Customer", "1"),
        (f"{package}.old.Customer", "1"),
        ("a.Order", "1"),
    ]
    chain = chain_of(
        DomainEvent(category, id, 1, f"{package}.Made", None, {}, f"e{n}", START, n)
        for n, (category, id) in enumerate(lanes)
    )
    assert mermaid(chain).splitlines()[1:6] == [
        "    participant L1 as Order 1",
        f"    participant L2 as {package}.Customer 1",
        f"    participant L3 as {package}.old.Customer 1",
        "    participant L4 as a.Order 1",
        "    Note over L1: Made v1",
    ]


def test_what_mermaid_would_refuse_for_its_length_is_left_out_and_said() -> None:
    chain = chain_of(event(n, {"causation_id": f"e{n - 1}", "service": "𝟙"}, id=f"{n % 9}") for n in range(1, 2001))
    whole = mermaid(chain, longest=10**9)
    assert "more event" not in whole
    assert whole.count("->>") == 3999
    cut = mermaid(chain)
    assert 45_000 < len(cut.encode("utf-16-le")) / 2 <= LONGEST
    *lines, last = cut.splitlines()
    told = re.fullmatch(r"    Note over L\d+: … and ([\d,]+) more events", last)
    assert told is not None
    written = sum(1 for line in lines if re.search(r": T\d+ v\d+$", line))
    assert written + int(told[1].replace(",", "")) == 2000
    assert set(lines) <= set(whole.splitlines())


@given(st.integers(0, 600), st.lists(st.sampled_from(["e1", "e2", "e3", "x"]), max_size=8))
def test_however_long_it_may_be(longest: int, causes: list[str]) -> None:
    chain = chain_of(event(n, {"causation_id": one}, id=f"{n % 3}") for n, one in enumerate(causes, 1))
    text = mermaid(chain, longest=longest)
    first = mermaid(chain_of(chain.events[:1]))
    assert len(text) <= max(longest, len(first) + 100)
    lanes = set(re.findall(r"participant (L\d+) as", text))
    assert set(re.findall(r"(?:over |    |>>)(L\d+)", text)) == lanes  # no lane that nothing says anything of


def test_a_command_that_wrote_two_events_is_no_reaction_to_the_first() -> None:
    words = {"causation_id": "cmd", "origin": "by hand"}
    assert mermaid(chain_of([event(1, words), event(2, words)])).splitlines()[3:] == [
        "    L1->>L2: T1 v1",
        "    L2->>L2: T2 v2",
    ]


def test_texts_are_escaped() -> None:
    assert escaped("a;b#c<br>\n%%{x}:y") == "a#59;b#35;c#60;br#62; #37;#37;#123;x#125;#58;y"
    assert escaped("End") == "#69;nd"
    assert escaped("Zoë 12-3") == "Zoë 12-3"
    assert "\u202e" not in escaped("\u202e")
    assert escaped("") == "(no name)"


# -- in a store --------------------------------------------------------------------------------------------------------


def traced(store: Store, type: str, limit: int = 5000) -> Chain:
    """The chain of the first event of this type."""
    return trace(store, store.events(EventQuery(type=type, limit=1)).rows[0], limit=limit)


@pytest.mark.parametrize("of", ["OrderCreated", "CustomerCreditReserved", "OrderApproved"])
def test_an_order_of_the_sample_history(own_url: str, of: str) -> None:
    fill(StoreSpec(own_url), ((written.key, one) for written in history(300) for one in written.events))
    store = open_store(StoreSpec(own_url))
    try:
        chain = traced(store, of)
        types = [(depth, one.type, link and link.recorded) for depth, one, link in chain.tree()]
        assert types[:3] == [
            (0, "OrderCreated", None),
            (1, "CustomerCreditReserved", True),
            (2, "OrderApproved", True),
        ]
        assert not chain.cut
        assert all(not isinstance(one.position, int) or one.position >= 1 for one in chain.events)
        little = traced(store, of, limit=20)
        assert little.cut
        assert sum(looked.events for looked in little.looked) <= 20
        cancelled = Cancellation()
        cancelled.cancel()
        with pytest.raises(Cancelled):
            trace(store, store.events(EventQuery(limit=1)).rows[0], cancelled)
    finally:
        store.close()


def test_bad_metadata_in_a_store(tmp_path: Path) -> None:
    url = str(tmp_path / "own.sqlite")
    store = open_store(StoreSpec(url, writable=True, create=True))
    circle = [NewEvent("A", {}, "a", {"causation_id": "b"}), NewEvent("B", {}, "b", {"causation_id": "a"})]
    store.append(StreamKey("Order", "1"), 0, circle)
    bad = [
        "[1]",
        "NaN",
        '{"causation_id": NaN}',
        '{"causation_id": 5}',
        "nonsense",
        '"a"',
        '{"causation_id": "a\\u0000"}',
    ]
    store.append(StreamKey("Order", "2"), 0, [NewEvent("Bad", {}, f"bad{n}", {}) for n in range(len(bad))])
    store.close()
    connection = sqlite3.connect(url)
    for number, text in enumerate(bad):
        connection.execute("UPDATE events SET metadata = ? WHERE event_id = ?", (text, f"bad{number}"))
    connection.commit()
    connection.close()
    store = open_store(StoreSpec(url))
    try:
        for name in ("a", "b", *(f"bad{n}" for n in range(len(bad)))):
            found = find(store, name)
            assert found is not None
            chain = trace(store, found)
            assert name in [one.event_id for one in chain.events]
            assert len(chain.events) == (2 if name in "ab" else 1)
        at_place = find(store, "Order/2/3")
        assert at_place is not None
        assert at_place.event_id == "bad2"
        assert [find(store, name) for name in ("nobody", "Order/2/99", "Order/2/x", "a\x00", "//", "")] == [None] * 6
    finally:
        store.close()


def test_message_db_names_causes_by_their_place(postgres_url: str) -> None:
    stores_written.message_db(postgres_url, streams=2, events=2)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET search_path TO message_store, public")
        for name, metadata in (
            ("order-7", "{}"),
            ("payment-7", '{"causationMessageStreamName": "order-7", "causationMessagePosition": 0}'),
            ("order:command-7", '{"causationMessageStreamName": "payment-7", "causationMessagePosition": 0}'),
        ):
            connection.execute(
                "SELECT write_message(gen_random_uuid()::varchar, %s, 'Done', '{}', %s)", (name, metadata)
            )
    store = open_store(StoreSpec(postgres_url))
    try:
        last = store.event(StreamKey("order:command", "7"), 1)
        assert last is not None
        chain = trace(store, last)
        assert [(depth, one.category) for depth, one, _ in chain.tree()] == [
            (0, "order"),
            (1, "payment"),
            (2, "order:command"),
        ]
        assert all(link.recorded for link in chain.links)
        diagram = arrange(chain)
        assert [lane.name for lane in diagram.lanes] == ["order 7", "payment 7", "order:command 7"]
        assert [(arrow.source, arrow.target, arrow.recorded) for arrow in diagram.arrows] == [
            (0, 1, True),
            (1, 2, True),
        ]
        first = store.event(StreamKey("order", "7"), 1)
        assert first is not None
        assert links(trace(store, first)) == links(chain)  # from the other end: the same
        bank = store.event(StreamKey("account", "0-a"), 2)
        assert bank is not None
        whole = trace(store, bank)
        assert len(whole.events) == 8
        assert not any(link.recorded for link in whole.links)
        assert {lane.kind for lane in arrange(whole).lanes} == {"stream"}
        assert not any(arrow.recorded for arrow in arrange(whole).arrows)
    finally:
        store.close()


@pytest.mark.parametrize("database_id", [False, True], ids=["ids of the program", "ids of the database"])
@pytest.mark.parametrize("of", ["OrderCreatedEvent", "CustomerCreditReservedEvent", "OrderApprovedEvent"])
def test_eventuate_names_what_triggered_an_event(tmp_path: Path, of: str, database_id: bool) -> None:
    url = str(tmp_path / "eventuate.sqlite")
    stores_written.eventuate(url, streams=3, database_id=database_id)
    store = open_store(StoreSpec(url))
    try:
        every = store.events(EventQuery(limit=100)).rows
        asked = [one for one in every if one.type.endswith(of)][1]
        check_order_of_eventuate(trace(store, asked), "0001")
        alone = trace(store, every[1])
        assert [one.type.rpartition(".")[2] for one in alone.events] == ["CustomerCreatedEvent"]
        assert not alone.links
        assert not alone.cut
    finally:
        store.close()


@pytest.mark.parametrize("database_id", [False, True], ids=["ids of the program", "ids of the database"])
def test_eventuate_in_postgresql(postgres_url: str, database_id: bool) -> None:
    stores_written.eventuate(postgres_url, streams=3, database_id=database_id)
    store = open_store(StoreSpec(postgres_url))
    try:
        approved = store.event(StreamKey(stores_written.ORDER, "o-0002"), 2)
        assert approved is not None
        check_order_of_eventuate(trace(store, approved), "0002")
    finally:
        store.close()


def check_order_of_eventuate(chain: Chain, number: str) -> None:
    """Order → customer → order, all of it recorded; two lanes, an arrow to each effect."""
    assert [
        (depth, one.type.rpartition(".")[2], one.id, link and link.recorded) for depth, one, link in chain.tree()
    ] == [
        (0, "OrderCreatedEvent", f"o-{number}", None),
        (1, "CustomerCreditReservedEvent", f"c-{number}", True),
        (2, "OrderApprovedEvent", f"o-{number}", True),
    ]
    diagram = arrange(chain)
    assert [lane.name for lane in diagram.lanes] == [
        f"{stores_written.ORDER} o-{number}",
        f"{stores_written.CUSTOMER} c-{number}",
    ]
    assert [(arrow.source, arrow.target, arrow.recorded) for arrow in diagram.arrows] == [(0, 1, True), (1, 0, True)]


def test_a_described_store_whose_ids_are_uuids(postgres_url: str, tmp_path: Path) -> None:
    first, second = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "CREATE TABLE h (n bigserial PRIMARY KEY, s text NOT NULL, v int NOT NULL, kind text, body jsonb,"
            " said jsonb, eid uuid UNIQUE, UNIQUE (s, v))"
        )
        for row in (("a", "not a uuid", first), ("b", first, second)):
            connection.execute(
                "INSERT INTO h (s, v, kind, body, said, eid)"
                " VALUES (%s, 1, 'T', '{}', jsonb_build_object('causation_id', %s::text), %s)",
                row,
            )
    description = tmp_path / "described.toml"
    description.write_text(
        '''
        name = "described"
        events = """SELECT s, v AS version, n AS position, kind AS type, body AS data, said AS metadata,
                    eid AS event_id FROM h"""
        key = ["s"]
        category = "Thing"
        '''
    )
    store = open_store(StoreSpec(postgres_url, layout=str(description)))
    try:
        assert find(store, "nobody") is None
        for name in (first, second, "Thing/a/1"):
            found = find(store, name)
            assert found is not None
            assert links(trace(store, found)) == [(first, second, True)]
    finally:
        store.close()


def test_effects_far_from_their_cause(tmp_path: Path) -> None:
    """Cause, 3,000 events, effect, 3,000 events, effect of that: the middle one finds the last, and the first by id."""
    url = str(tmp_path / "own.sqlite")
    other = [(StreamKey("Other", f"{n}"), NewEvent("Other", {}, f"other{n}")) for n in range(6000)]
    chain = [
        (
            StreamKey("Order", f"{n}"),
            NewEvent(f"T{n}", {}, f"e{n}", {"causation_id": f"e{n - 1}", "correlation_id": "e0"}),
        )
        for n in range(3)
    ]
    fill(StoreSpec(url), [chain[0], *other[:3000], chain[1], *other[3000:], chain[2]])
    store = open_store(StoreSpec(url))
    try:
        middle = find(store, "e1")
        assert middle is not None
        near = trace(store, middle, limit=1000)
        assert [one.event_id for one in near.events] == ["e0", "e1"]
        assert [(looked.first, looked.last, looked.events) for looked in near.looked] == [
            (2, 501, 500),
            (3003, 3502, 500),
        ]
        assert near.cut
        far = trace(store, middle, limit=7000)
        assert links(far) == [("e0", "e1", True), ("e1", "e2", True)]
        assert [looked.events for looked in far.looked] == [6002]
        assert not far.cut
    finally:
        store.close()


def test_a_store_without_positions_or_ids(tmp_path: Path) -> None:
    url = str(tmp_path / "plain.sqlite")
    connection = sqlite3.connect(url)
    connection.execute("CREATE TABLE h (s TEXT, v INTEGER, kind TEXT, body TEXT, said TEXT, PRIMARY KEY (s, v))")
    for row in (("a", 1, "{}"), ("b", 1, '{"causation_id": "Thing/a/1"}'), ("c", 1, "[]")):
        connection.execute("INSERT INTO h VALUES (?, ?, 'T', '{}', ?)", row)
    connection.commit()
    connection.close()
    description = tmp_path / "plain.toml"
    description.write_text(
        """
        name = "plain"
        events = "SELECT s, v AS version, kind AS type, body AS data, said AS metadata FROM h"
        key = ["s"]
        category = "Thing"
        """
    )
    store = open_store(StoreSpec(url, layout=str(description)))
    try:
        for name in ("Thing/a/1", "Thing/b/1"):
            found = find(store, name)
            assert found is not None
            assert found.position is None
            chain = trace(store, found)
            assert links(chain) == [("Thing/a/1", "Thing/b/1", True)]
            assert [looked.events for looked in chain.looked] == [3]
            assert not chain.cut
    finally:
        store.close()
